/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a captured packet down to its UDP payload. Everything here is in network byte order. */
#include <stdbool.h>
#include <string.h>

#include "proto/base/bytes.h"
#include "sim/record/pcap_read.h"

/* https://www.tcpdump.org/linktypes.html */
enum link_type {
    LINK_NULL = 0, LINK_ETHERNET = 1, LINK_RAW_BSD = 12, LINK_RAW_OPENBSD = 14, LINK_RAW = 101, LINK_LOOP = 108, LINK_LINUX_SLL = 113,
    LINK_IPV4 = 228, LINK_IPV6 = 229, LINK_LINUX_SLL2 = 276
};
enum { ETHER_IPV4 = 0x0800, ETHER_IPV6 = 0x86dd, ETHER_VLAN = 0x8100, ETHER_VLAN_OUTER = 0x88a8, PROTOCOL_UDP = 17, UDP_HEADER_BYTES = 8 };
enum { NEXT_HOP_BY_HOP = 0, NEXT_ROUTING = 43, NEXT_FRAGMENT = 44, NEXT_DESTINATION = 60 };

struct bytes {
    const uint8_t *b;
    size_t len;
};

static bool skip(struct bytes *x, size_t n)
{
    if (x->len < n)
        return false;
    x->b += n;
    x->len -= n;
    return true;
}

static bool skip_ethernet(struct bytes *x)
{
    uint16_t type = ETHER_VLAN;
    size_t head = 12;

    while ((type == ETHER_VLAN || type == ETHER_VLAN_OUTER) && x->len >= head + 2) {
        type = load_be16(x->b + head);
        head += type == ETHER_VLAN || type == ETHER_VLAN_OUTER ? 4 : 2;
    }
    return (type == ETHER_IPV4 || type == ETHER_IPV6) && skip(x, head);
}

/* To the first byte of IP; false when there is none. */
static bool skip_link(uint32_t link_type, struct bytes *x)
{
    switch (link_type) {
    case LINK_ETHERNET: return skip_ethernet(x);
    case LINK_LINUX_SLL: return skip(x, 16);
    case LINK_LINUX_SLL2: return skip(x, 20);
    case LINK_NULL:
    case LINK_LOOP: return skip(x, 4);
    case LINK_RAW:
    case LINK_RAW_BSD:
    case LINK_RAW_OPENBSD:
    case LINK_IPV4:
    case LINK_IPV6: return true;
    default: return false;
    }
}

static enum pcap_content udp_read(struct bytes x, struct pcap_udp *u)
{
    size_t len;

    if (x.len < UDP_HEADER_BYTES)
        return PCAP_CUT;
    u->source.port = load_be16(x.b);
    u->destination.port = load_be16(x.b + 2);
    len = load_be16(x.b + 4);
    if (len < UDP_HEADER_BYTES)
        return PCAP_OTHER;
    if (len > x.len)
        return PCAP_CUT;
    u->b = x.b + UDP_HEADER_BYTES;
    u->len = len - UDP_HEADER_BYTES;
    return PCAP_UDP;
}

static enum pcap_content ipv4_read(struct bytes x, struct pcap_udp *u)
{
    size_t head, total;

    if (x.len < 20)
        return PCAP_CUT;
    head = (size_t)(x.b[0] & 15) * 4;
    total = load_be16(x.b + 2);
    if (head < 20 || total < head || x.b[9] != PROTOCOL_UDP)
        return PCAP_OTHER;
    if (load_be16(x.b + 6) & 0x3fff) /* more fragments, or an offset */
        return PCAP_FRAGMENT;
    u->source.version = u->destination.version = 4;
    memcpy(u->source.ip, x.b + 12, 4);
    memcpy(u->destination.ip, x.b + 16, 4);
    if (x.len > total)
        x.len = total; /* padding of the link */
    return skip(&x, head) ? udp_read(x, u) : PCAP_CUT;
}

static enum pcap_content ipv6_read(struct bytes x, struct pcap_udp *u)
{
    size_t total;
    uint8_t next;

    if (x.len < 40)
        return PCAP_CUT;
    total = load_be16(x.b + 4);
    next = x.b[6];
    u->source.version = u->destination.version = 6;
    memcpy(u->source.ip, x.b + 8, 16);
    memcpy(u->destination.ip, x.b + 24, 16);
    skip(&x, 40);
    if (x.len > total)
        x.len = total;
    while (next == NEXT_HOP_BY_HOP || next == NEXT_ROUTING || next == NEXT_DESTINATION) {
        if (x.len < 8)
            return PCAP_CUT;
        next = x.b[0];
        if (!skip(&x, 8 + (size_t)x.b[1] * 8))
            return PCAP_CUT;
    }
    if (next == NEXT_FRAGMENT)
        return PCAP_FRAGMENT;
    return next == PROTOCOL_UDP ? udp_read(x, u) : PCAP_OTHER;
}

enum pcap_content pcap_read_udp(const struct pcap_packet *p, struct pcap_udp *u)
{
    struct bytes x = {p->b, p->len};

    memset(u, 0, sizeof *u);
    if (!skip_link(p->link_type, &x) || x.len == 0)
        return PCAP_OTHER;
    switch (x.b[0] >> 4) {
    case 4: return ipv4_read(x, u);
    case 6: return ipv6_read(x, u);
    default: return PCAP_OTHER;
    }
}

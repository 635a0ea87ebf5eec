/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads captures: pcap (both byte orders, us and ns) and pcapng (any number of sections and interfaces, times of any resolution, comments).
 * Finds UDP in Ethernet (with VLAN tags), raw IP, Linux cooked (v1 and v2) and BSD loopback packets, over IPv4 and IPv6.
 * A file is hostile input: nothing in it makes this read out of bounds, loop or allocate without limit; damage ends the reading with a reason.
 *
 *   char why[PCAP_REASON_BYTES];
 *   struct pcap_file *f = pcap_read_open("capture.pcapng", why);
 *   while (f && pcap_read_next(f, &packet) > 0)
 *       if (pcap_read_udp(&packet, &udp) == PCAP_UDP) ...
 *   if (pcap_read_reason(f)) ...                                     damaged
 *   pcap_read_close(f);
 */
#ifndef SIM_RECORD_PCAP_READ_H
#define SIM_RECORD_PCAP_READ_H

#include <stddef.h>
#include <stdint.h>

#include "proto/port.h"

#define PCAP_REASON_BYTES 256
#define PCAP_PACKET_BYTES_MAX (16u << 20) /* of one block; more is taken for damage */

struct pcap_file;

/* Borrowed until the next call. */
struct pcap_packet {
    uint64_t number;      /* from 1, as Wireshark counts */
    uint64_t file_offset; /* of the packet's first byte */
    uint64_t unix_ns;
    uint32_t link_type;
    const uint8_t *b;
    size_t len, wire_len; /* captured, and as it was on the wire */
    const char *comment;  /* first comment of the packet, not ended by NUL; NULL if none */
    size_t comment_len;
};

enum pcap_content {
    PCAP_UDP,
    PCAP_OTHER,    /* another protocol, or a link type that is not known */
    PCAP_FRAGMENT, /* piece of an IP datagram; IP is not reassembled */
    PCAP_CUT       /* the capture holds less of it than was sent */
};

struct pcap_udp {
    struct ip_port source, destination;
    const uint8_t *b;
    size_t len;
};

/* "-" is standard input. NULL with a sentence in why. */
struct pcap_file *pcap_read_open(const char *path, char why[PCAP_REASON_BYTES]);
/* 1 with a packet, 0 at the end, -1 when the file is damaged: then what follows cannot be read. */
int pcap_read_next(struct pcap_file *, struct pcap_packet *);
/* Why pcap_read_next returned -1; NULL when it did not. */
const char *pcap_read_reason(const struct pcap_file *);
void pcap_read_close(struct pcap_file *);

enum pcap_content pcap_read_udp(const struct pcap_packet *, struct pcap_udp *);

#endif

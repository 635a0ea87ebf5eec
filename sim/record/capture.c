/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/record/capture.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire/fold.h"
#include "proto/wire/frame.h"
#include "proto/wire/header.h"
#include "proto/wire/message.h"
#include "sim/record/pcapng.h"

#define PORT         6084 /* RFC 6940 14.3 */
#define IP_UDP_BYTES 28
#define DATAGRAM_MAX 65535

/* A datagram on one interface; its folded bytes stand in the partition's buffer. */
struct packet {
    sim_time time; /* on this interface */
    sim_time at;   /* event key: when it arrives, or would have */
    uint32_t dst, src, seq;
    uint32_t interface;
    uint64_t offset;
    uint16_t len, true_len;
    uint16_t partition;
    uint8_t step; /* enum datagram_step; in a partition's list, DATAGRAM_NOBODY stands for no packet: it says what became of one that was sent */
};

struct capture_part {
    struct packet *packet;
    size_t packets, packets_cap;
    uint8_t *bytes;
    size_t used, cap;
    bool failed; /* out of memory: nothing more is kept, and capture_write says so */
};

struct capture {
    struct capture_config config;
    uint64_t *captured; /* one bit an identity */
    peer_h *node;       /* ascending */
    struct capture_part *part;
    sim_time full_at; /* TIME_NEVER = not yet */
};

static int node_compare(const void *a, const void *b)
{
    peer_h x = *(const peer_h *)a, y = *(const peer_h *)b;
    return x < y ? -1 : x > y;
}

int capture_open(struct capture **out, const struct capture_config *config)
{
    struct capture *c = calloc(1, sizeof *c);
    if (!c)
        return -1;
    c->config = *config;
    c->full_at = TIME_NEVER;
    c->captured = calloc(config->identities / 64 + 1, sizeof *c->captured);
    c->node = calloc(config->nodes + 1, sizeof *c->node);
    c->part = calloc(config->partitions, sizeof *c->part);
    if (!c->captured || !c->node || !c->part) {
        capture_close(c);
        return -1;
    }
    for (unsigned i = 0; i < config->nodes; i++) {
        c->node[i] = config->node[i];
        c->captured[config->node[i] / 64] |= UINT64_C(1) << config->node[i] % 64;
    }
    qsort(c->node, config->nodes, sizeof *c->node, node_compare);
    *out = c;
    return 0;
}

void capture_close(struct capture *c)
{
    if (!c)
        return;
    for (unsigned i = 0; c->part && i < c->config.partitions; i++) {
        free(c->part[i].packet);
        free(c->part[i].bytes);
    }
    free(c->part);
    free(c->node);
    free(c->captured);
    free(c);
}

static bool is_captured(const struct capture *c, peer_h node)
{
    return node < c->config.identities && c->captured[node / 64] >> node % 64 & 1;
}

static uint32_t interface_of(const struct capture *c, peer_h node)
{
    const peer_h *found = bsearch(&node, c->node, c->config.nodes, sizeof *c->node, node_compare);
    return (uint32_t)(found - c->node);
}

static bool part_room(struct capture_part *p, size_t bytes)
{
    if (p->used + bytes > p->cap) {
        size_t cap = 2 * p->cap + bytes + 65536;
        uint8_t *grown = realloc(p->bytes, cap);
        if (!grown)
            return false;
        p->bytes = grown;
        p->cap = cap;
    }
    if (p->packets == p->packets_cap) {
        size_t cap = 2 * p->packets_cap + 256;
        struct packet *grown = realloc(p->packet, cap * sizeof *grown);
        if (!grown)
            return false;
        p->packet = grown;
        p->packets_cap = cap;
    }
    return true;
}

void capture_add(struct capture *c, unsigned partition, const struct event *e, const uint8_t *frame, sim_time at,
                 enum datagram_step step)
{
    peer_h node = step == DATAGRAM_ARRIVED ? e->dst : e->src;
    size_t kept = step == DATAGRAM_NOBODY ? 0 : e->len;
    if (!is_captured(c, node) || c->full_at != TIME_NEVER || e->len == 0 || e->class == TRAFFIC_HANDSHAKE ||
        e->class == TRAFFIC_KEEPALIVE)
        return;
    struct capture_part *p = &c->part[partition];
    if (p->failed || !part_room(p, kept)) {
        p->failed = true;
        return;
    }
    if (kept)
        memcpy(p->bytes + p->used, frame, kept);
    p->packet[p->packets++] = (struct packet){.time = at,
                                              .at = e->at,
                                              .dst = e->dst,
                                              .src = e->src,
                                              .seq = e->seq,
                                              .interface = interface_of(c, node),
                                              .offset = p->used,
                                              .len = e->len,
                                              .true_len = e->true_len,
                                              .partition = (uint16_t)partition,
                                              .step = (uint8_t)step};
    p->used += kept;
}

uint64_t capture_bytes(const struct capture *c)
{
    uint64_t used = 0;
    for (unsigned i = 0; i < c->config.partitions; i++)
        used += c->part[i].used + c->part[i].packets * sizeof(struct packet);
    return used;
}

void capture_instant(struct capture *c, sim_time now, uint64_t bytes)
{
    if (c->full_at == TIME_NEVER && bytes > c->config.bytes_max)
        c->full_at = now;
}

/* ---- between processes: the number of packets, they, then their bytes ---- */

void capture_pack(const struct capture *c, unsigned partition, void **bytes, size_t *size)
{
    const struct capture_part *p = &c->part[partition];
    uint64_t packets = p->packets;
    size_t list = p->packets * sizeof *p->packet;
    uint8_t *b = p->failed ? NULL : malloc(sizeof packets + list + p->used);
    *bytes = b;
    *size = b ? sizeof packets + list + p->used : 0;
    if (!b)
        return;
    memcpy(b, &packets, sizeof packets);
    if (list)
        memcpy(b + sizeof packets, p->packet, list);
    if (p->used)
        memcpy(b + sizeof packets + list, p->bytes, p->used);
}

int capture_unpack(struct capture *c, unsigned partition, const void *bytes, size_t size)
{
    struct capture_part *p = &c->part[partition];
    const uint8_t *b = bytes;
    uint64_t packets;
    if (size < sizeof packets)
        return -1;
    memcpy(&packets, b, sizeof packets);
    size_t list = packets * sizeof *p->packet, used = size - sizeof packets - list;
    p->packet = malloc(list + 1);
    p->bytes = malloc(used + 1);
    if (!p->packet || !p->bytes)
        return -1;
    memcpy(p->packet, b + sizeof packets, list);
    memcpy(p->bytes, b + sizeof packets + list, used);
    p->packets = p->packets_cap = packets;
    p->used = p->cap = used;
    return 0;
}

/* ---- for a checkpoint ---- */

void capture_put(const struct capture *c, unsigned partition, struct stream *s)
{
    const struct capture_part *p = &c->part[partition];
    stream_put_u64(s, c->full_at);
    stream_put_u64(s, p->failed);
    stream_put_u64(s, p->packets);
    stream_put(s, p->packet, p->packets * sizeof *p->packet);
    stream_put_u64(s, p->used);
    stream_put(s, p->bytes, p->used);
}

int capture_get(struct capture *c, struct stream_reader *r)
{
    struct capture_part *p = &c->part[0];
    c->full_at = stream_get_u64(r);
    p->failed |= stream_get_u64(r) != 0;
    uint64_t packets = stream_get_u64(r), base = p->used;
    for (uint64_t k = 0; k < packets && !r->bad; k++) {
        if (!part_room(p, 0)) {
            p->failed = true;
            return 0;
        }
        struct packet *packet = &p->packet[p->packets];
        STREAM_GET(r, *packet);
        packet->partition = 0;
        packet->offset += base;
        p->packets += !r->bad;
    }
    uint64_t used = stream_get_u64(r);
    const void *bytes = stream_take(r, used);
    if (r->bad)
        return -1;
    if (!part_room(p, used)) {
        p->failed = true;
        return 0;
    }
    if (used)
        memcpy(p->bytes + p->used, bytes, used);
    p->used += used;
    return stream_at_end(r) ? 0 : -1;
}

sim_time capture_full_at(const struct capture *c)
{
    return c->full_at;
}

/* ---- writing ---- */

static bool is_inbound(const struct packet *p)
{
    return p->step == DATAGRAM_ARRIVED;
}

static int keys_compare(const uint64_t *x, const uint64_t *y, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    return 0;
}

static int packet_compare(const void *a, const void *b)
{
    const struct packet *x = a, *y = b;
    const uint64_t kx[] = {x->time, x->interface, x->at, x->dst, x->src, x->seq, is_inbound(x)},
                   ky[] = {y->time, y->interface, y->at, y->dst, y->src, y->seq, is_inbound(y)};
    return keys_compare(kx, ky, 7);
}

/* A datagram that found nobody comes just behind the same one when it left, however long its access line kept it. */
static int fate_compare(const void *a, const void *b)
{
    const struct packet *x = a, *y = b;
    const uint64_t kx[] = {x->src, x->seq, x->dst, x->at, x->step}, ky[] = {y->src, y->seq, y->dst, y->at, y->step};
    return keys_compare(kx, ky, 5);
}

static struct id name_node_id(void *arg, peer_h peer)
{
    return net_id(arg, peer);
}

static size_t name_user(void *arg, peer_h peer, char out[64])
{
    return net_user_name(arg, peer, out);
}

static void name_sha256(void *arg, const void *b, size_t len, uint8_t out[32])
{
    (void)arg;
    SHA256(b, len, out);
}

static void put16(uint8_t *b, unsigned v)
{
    b[0] = (uint8_t)(v >> 8);
    b[1] = (uint8_t)v;
}

static uint32_t sum16(const uint8_t *b, size_t len, uint32_t sum)
{
    for (size_t i = 0; i + 1 < len; i += 2)
        sum += (uint32_t)(b[i] << 8 | b[i + 1]);
    if (len & 1)
        sum += (uint32_t)b[len - 1] << 8;
    return sum;
}

static unsigned checksum(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return ~sum & 0xffff;
}

/* IPv4 (RFC 791) and UDP (RFC 768) headers before a payload of len bytes. Addresses as sim/net gives them out. */
static void put_ip_udp(uint8_t *b, const struct packet *p, size_t len)
{
    const uint32_t address[2] = {UINT32_C(0x10000000) + p->src, UINT32_C(0x10000000) + p->dst};
    memset(b, 0, IP_UDP_BYTES);
    b[0] = 0x45;
    put16(b + 2, (unsigned)(IP_UDP_BYTES + len));
    b[6] = 0x40; /* do not fragment */
    b[8] = 64;
    b[9] = 17;
    for (unsigned i = 0; i < 2; i++) {
        put16(b + 12 + 4 * i, address[i] >> 16);
        put16(b + 14 + 4 * i, address[i] & 0xffff);
    }
    put16(b + 10, checksum(sum16(b, 20, 0)));
    put16(b + 20, PORT);
    put16(b + 22, PORT);
    put16(b + 24, (unsigned)(8 + len));
    unsigned udp = checksum(sum16(b + 12, 8 + 8 + len, 17 + (uint32_t)(8 + len)));
    put16(b + 26, udp ? udp : 0xffff);
}

/* What the packet is, for the comment; the bytes are the true ones. */
static void describe(const struct capture *c, const struct packet *p, const uint8_t *b, size_t len, char *out,
                     size_t cap)
{
    struct frame frame;
    struct header header;
    int n = 0;
    if (frame_read(b, len, len, &frame) == 0 && frame.type == FRAME_DATA) {
        struct reader r = reader_on(frame.message.b, frame.message.len, false);
        if (header_read(&r, &header) == 0) {
            const char *name = message_name(message_peek_code(frame.message.b, frame.message.len, false));
            n = snprintf(out, cap, "%s, transaction %016" PRIx64, name ? name : "fragment", header.transaction);
            if (header.ttl <= c->config.overlay->initial_ttl)
                n += snprintf(out + n, cap - (size_t)n, ", hop %d", c->config.overlay->initial_ttl - header.ttl + 1);
        }
    } else {
        n = snprintf(out, cap, "acknowledgement");
    }
    if (p->step == DATAGRAM_LOST || p->step == DATAGRAM_NOBODY)
        snprintf(out + n, cap - (size_t)n, p->step == DATAGRAM_LOST ? "; lost on the way" : "; nobody there");
}

static void write_head(struct capture *c, struct pcapng *f)
{
    char text[256];
    int n = snprintf(text, sizeof text, "scenario %s, seed %" PRIu64, c->config.scenario, c->config.seed);
    if (c->full_at != TIME_NEVER)
        snprintf(text + n, sizeof text - (size_t)n, "; cut off at %.3f s, when the memory for it was full",
                 (double)c->full_at / 1e9);
    pcapng_section(f, c->config.program, text);
    for (unsigned i = 0; i < c->config.nodes; i++) {
        snprintf(text, sizeof text, "node %" PRIu32, c->node[i]);
        pcapng_interface(f, PCAPNG_RAW_IP, text);
    }
}

static void name_modulus(void *net, peer_h peer, uint8_t out[MODULUS_BYTES])
{
    net_modulus(net, peer, out);
}

static int write_packet(struct capture *c, struct pcapng *f, const struct packet *p, uint8_t *buffer)
{
    const struct fold_names names = {.arg = c->config.net,
                                     .node_id = name_node_id,
                                     .user = name_user,
                                     .overlay_name = c->config.overlay->name,
                                     .sha256 = name_sha256,
                                     .modulus = c->config.overlay->self_signed ? name_modulus : NULL};
    char comment[128] = "";
    long n = fold_unfold_frame(&names, c->part[p->partition].bytes + p->offset, p->len, p->true_len,
                               buffer + IP_UDP_BYTES, DATAGRAM_MAX - IP_UDP_BYTES);
    if (n < 0 && !c->config.malformed) {
        errno = EILSEQ;
        return -1;
    }
    if (n < 0) {
        n = p->len;
        memcpy(buffer + IP_UDP_BYTES, c->part[p->partition].bytes + p->offset, p->len);
        snprintf(comment, sizeof comment, "malformed, in the simulator's form; %u bytes on the wire", p->true_len);
    } else {
        describe(c, p, buffer + IP_UDP_BYTES, (size_t)n, comment, sizeof comment);
    }
    put_ip_udp(buffer, p, (size_t)n);
    pcapng_packet(f, p->interface, c->config.epoch_ms * 1000000 + p->time, is_inbound(p), buffer, (size_t)n + IP_UDP_BYTES,
                  comment);
    return 0;
}

/* Moves what is known of those that found nobody to where they left, and leaves packets only. Returns how many. */
static size_t settle_fates(struct packet *all, size_t n)
{
    size_t kept = 0;
    qsort(all, n, sizeof *all, fate_compare);
    for (size_t i = 0; i < n; i++) {
        if (all[i].step != DATAGRAM_NOBODY)
            all[kept++] = all[i];
        else if (kept && all[kept - 1].step == DATAGRAM_SENT && all[kept - 1].seq == all[i].seq &&
                 all[kept - 1].src == all[i].src)
            all[kept - 1].step = DATAGRAM_NOBODY;
    }
    return kept;
}

static struct packet *all_packets(struct capture *c, size_t *count)
{
    size_t n = 0;
    for (unsigned i = 0; i < c->config.partitions; i++)
        n += c->part[i].packets;
    struct packet *all = malloc((n + 1) * sizeof *all);
    *count = 0;
    for (unsigned i = 0; all && i < c->config.partitions; i++) {
        if (c->part[i].packets)
            memcpy(all + *count, c->part[i].packet, c->part[i].packets * sizeof *all);
        *count += c->part[i].packets;
    }
    if (!all)
        return NULL;
    *count = settle_fates(all, n);
    qsort(all, *count, sizeof *all, packet_compare);
    return all;
}

int capture_write(struct capture *c, const char *path, uint64_t *packets)
{
    size_t count;
    struct packet *all = all_packets(c, &count);
    uint8_t *buffer = malloc(DATAGRAM_MAX);
    struct pcapng *f = all && buffer ? pcapng_open(path) : NULL;
    int bad = f ? 0 : -1;
    for (unsigned i = 0; !bad && i < c->config.partitions; i++)
        if (c->part[i].failed) {
            errno = ENOMEM;
            bad = -1;
        }
    if (f && !bad)
        write_head(c, f);
    for (size_t i = 0; !bad && i < count; i++)
        bad = write_packet(c, f, &all[i], buffer);
    if (f && bad)
        pcapng_abandon(f);
    else if (f)
        bad = pcapng_close(f);
    if (packets)
        *packets = count;
    free(all);
    free(buffer);
    return bad;
}

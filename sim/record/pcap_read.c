/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/record/pcap_read.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC_US UINT32_C(0xa1b2c3d4)
#define MAGIC_NS UINT32_C(0xa1b23c4d)
#define MAGIC_NG UINT32_C(0x0a0d0d0a)
#define MAGIC_ORDER UINT32_C(0x1a2b3c4d)
#define NS_PER_SECOND UINT64_C(1000000000)

enum block_type { BLOCK_INTERFACE = 1, BLOCK_PACKET_OLD = 2, BLOCK_PACKET_SIMPLE = 3, BLOCK_PACKET = 6 };
enum block_option { OPTION_END = 0, OPTION_COMMENT = 1, OPTION_TSRESOL = 9, OPTION_TSOFFSET = 14 };
enum { FILE_HEADER_BYTES = 24, RECORD_HEADER_BYTES = 16, BLOCK_HEAD_BYTES = 8, INTERFACES_MAX = 1 << 16 };

struct interface {
    uint32_t link_type, snap;
    uint8_t resolution; /* if_tsresol: 10^-n, or 2^-n with the top bit */
    int64_t offset_s;
};

struct pcap_file {
    FILE *file;
    bool ng, swapped, damaged;
    uint64_t at, packets; /* bytes and packets read */
    uint8_t *block;
    size_t cap;
    struct interface *interface; /* pcap: one; pcapng: those of the section */
    size_t interfaces;
    uint64_t unit_ns; /* pcap */
    char why[PCAP_REASON_BYTES];
};

__attribute__((format(printf, 2, 3))) static int damaged(struct pcap_file *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(f->why, sizeof f->why, format, args);
    va_end(args);
    f->damaged = true;
    return -1;
}

static uint16_t load16(const struct pcap_file *f, const uint8_t *b)
{
    return (uint16_t)(f->swapped ? b[0] << 8 | b[1] : b[1] << 8 | b[0]);
}

static uint32_t load32(const struct pcap_file *f, const uint8_t *b)
{
    uint32_t first = load16(f, b), second = load16(f, b + 2);
    return f->swapped ? first << 16 | second : second << 16 | first;
}

static uint64_t load64(const struct pcap_file *f, const uint8_t *b)
{
    uint64_t first = load32(f, b), second = load32(f, b + 4);
    return f->swapped ? first << 32 | second : second << 32 | first;
}

/* Reads len bytes to offset `to` of the block. 1, 0 when nothing at all was left, or -1. */
static int fill(struct pcap_file *f, size_t to, size_t len)
{
    size_t got;

    if (to + len > f->cap) {
        size_t cap = to + len + 65536;
        uint8_t *grown = realloc(f->block, cap);
        if (!grown)
            return damaged(f, "out of memory for a block of %zu bytes", len);
        f->block = grown;
        f->cap = cap;
    }
    got = len ? fread(f->block + to, 1, len, f->file) : 0;
    f->at += got;
    if (got == len)
        return 1;
    if (ferror(f->file))
        return damaged(f, "%s", strerror(errno));
    return got == 0 && to == 0 ? 0 : damaged(f, "the file ends inside packet %llu", (unsigned long long)f->packets + 1);
}

/* ---- pcap ---- */

static int classic_open(struct pcap_file *f, uint32_t magic)
{
    if (fill(f, 4, FILE_HEADER_BYTES - 4) != 1)
        return damaged(f, "the file ends inside its header");
    f->interface = calloc(1, sizeof *f->interface);
    if (!f->interface)
        return damaged(f, "out of memory");
    f->interfaces = 1;
    f->interface->link_type = load32(f, f->block + 20) & 0x0fffffff; /* above: FCS length */
    f->unit_ns = magic == MAGIC_NS ? 1 : 1000;
    return 0;
}

static int classic_next(struct pcap_file *f, struct pcap_packet *p)
{
    int got = fill(f, 0, RECORD_HEADER_BYTES);

    if (got != 1)
        return got;
    p->unix_ns = load32(f, f->block) * NS_PER_SECOND + load32(f, f->block + 4) * f->unit_ns;
    p->len = load32(f, f->block + 8);
    p->wire_len = load32(f, f->block + 12);
    p->link_type = f->interface->link_type;
    p->file_offset = f->at;
    if (p->len > PCAP_PACKET_BYTES_MAX)
        return damaged(f, "packet %llu claims %zu bytes", (unsigned long long)f->packets + 1, p->len);
    if (fill(f, RECORD_HEADER_BYTES, p->len) != 1)
        return -1;
    p->b = f->block + RECORD_HEADER_BYTES;
    return 1;
}

/* ---- pcapng: blocks of type, length, body, length ---- */

struct block {
    uint32_t type;
    const uint8_t *body;
    size_t len;
    uint64_t offset; /* of the body in the file */
};

/* The byte order magic of a section says how to read its length. */
static int section_order(struct pcap_file *f)
{
    if (fill(f, BLOCK_HEAD_BYTES, 4) != 1)
        return -1;
    f->swapped = false;
    if (load32(f, f->block + BLOCK_HEAD_BYTES) != MAGIC_ORDER)
        f->swapped = true;
    if (load32(f, f->block + BLOCK_HEAD_BYTES) != MAGIC_ORDER)
        return damaged(f, "a section begins without its byte order mark");
    f->interfaces = 0;
    return 1;
}

static int block_next(struct pcap_file *f, struct block *k)
{
    uint32_t total;
    size_t have = BLOCK_HEAD_BYTES;
    int got = fill(f, 0, have);

    if (got != 1)
        return got;
    k->type = load32(f, f->block);
    if (k->type == MAGIC_NG) {
        if (section_order(f) != 1)
            return -1;
        have += 4;
    }
    total = load32(f, f->block + 4);
    k->offset = f->at - have + BLOCK_HEAD_BYTES;
    if (total < have + 4 || total % 4 || total > PCAP_PACKET_BYTES_MAX)
        return damaged(f, "a block after packet %llu claims %u bytes", (unsigned long long)f->packets, total);
    if (fill(f, have, total - have) != 1)
        return -1;
    if (load32(f, f->block + total - 4) != total)
        return damaged(f, "the two lengths of a block after packet %llu differ", (unsigned long long)f->packets);
    k->body = f->block + BLOCK_HEAD_BYTES;
    k->len = total - BLOCK_HEAD_BYTES - 4;
    return 1;
}

/* The next option from *at on; false at the end of them, or when they are damaged. */
static bool option_next(const struct pcap_file *f, const struct block *k, size_t *at, uint16_t *code, const uint8_t **value, size_t *len)
{
    if (*at > k->len || k->len - *at < 4)
        return false;
    *code = load16(f, k->body + *at);
    *len = load16(f, k->body + *at + 2);
    *value = k->body + *at + 4;
    if (*code == OPTION_END || *len > k->len - *at - 4)
        return false;
    *at += 4 + ((*len + 3) & ~(size_t)3);
    return true;
}

static int interface_add(struct pcap_file *f, const struct block *k)
{
    struct interface i = {.resolution = 6}, *grown;
    const uint8_t *value;
    size_t at = 8, len;
    uint16_t code;

    if (k->len < 8 || f->interfaces == INTERFACES_MAX)
        return damaged(f, "interface %zu is damaged", f->interfaces);
    i.link_type = load16(f, k->body);
    i.snap = load32(f, k->body + 4);
    while (option_next(f, k, &at, &code, &value, &len)) {
        if (code == OPTION_TSRESOL && len == 1)
            i.resolution = *value;
        if (code == OPTION_TSOFFSET && len == 8)
            i.offset_s = (int64_t)load64(f, value);
    }
    grown = realloc(f->interface, (f->interfaces + 1) * sizeof *grown);
    if (!grown)
        return damaged(f, "out of memory");
    f->interface = grown;
    f->interface[f->interfaces++] = i;
    return 0;
}

__extension__ typedef unsigned __int128 wide;

static uint64_t interface_ns(const struct interface *i, uint64_t ticks)
{
    uint64_t per_second = 1;
    unsigned n = i->resolution & 0x7f;

    if (i->resolution & 0x80)
        per_second = UINT64_C(1) << (n < 63 ? n : 63);
    else
        for (; n > 0 && per_second <= UINT64_MAX / 10; n--)
            per_second *= 10;
    return ticks / per_second * NS_PER_SECOND + (uint64_t)((wide)(ticks % per_second) * NS_PER_SECOND / per_second) +
           (uint64_t)i->offset_s * NS_PER_SECOND;
}

static void comment_find(const struct pcap_file *f, const struct block *k, size_t at, struct pcap_packet *p)
{
    const uint8_t *value;
    size_t len;
    uint16_t code;

    while (option_next(f, k, &at, &code, &value, &len))
        if (code == OPTION_COMMENT && !p->comment) {
            p->comment = (const char *)value;
            p->comment_len = len;
        }
}

/* Enhanced and old packet blocks differ in their first words; a simple one has only a length. */
static int block_packet(struct pcap_file *f, const struct block *k, struct pcap_packet *p)
{
    size_t head = k->type == BLOCK_PACKET_SIMPLE ? 4 : 20;
    uint32_t index = 0;
    const struct interface *i;

    if (k->len < head)
        return damaged(f, "packet %llu is damaged", (unsigned long long)f->packets + 1);
    if (k->type != BLOCK_PACKET_SIMPLE)
        index = k->type == BLOCK_PACKET ? load32(f, k->body) : load16(f, k->body);
    if (index >= f->interfaces)
        return damaged(f, "packet %llu names interface %u of %zu", (unsigned long long)f->packets + 1, index, f->interfaces);
    i = &f->interface[index];
    p->link_type = i->link_type;
    if (k->type == BLOCK_PACKET_SIMPLE) {
        p->wire_len = load32(f, k->body);
        p->len = i->snap && p->wire_len > i->snap ? i->snap : p->wire_len;
    } else {
        p->unix_ns = interface_ns(i, (uint64_t)load32(f, k->body + 4) << 32 | load32(f, k->body + 8));
        p->len = load32(f, k->body + 12);
        p->wire_len = load32(f, k->body + 16);
    }
    if (p->len > k->len - head)
        return damaged(f, "packet %llu claims %zu bytes in a block of %zu", (unsigned long long)f->packets + 1, p->len, k->len);
    p->b = k->body + head;
    p->file_offset = k->offset + head;
    if (k->type != BLOCK_PACKET_SIMPLE)
        comment_find(f, k, head + ((p->len + 3) & ~(size_t)3), p);
    return 1;
}

static int ng_next(struct pcap_file *f, struct pcap_packet *p)
{
    struct block k = {0};
    int got;

    while ((got = block_next(f, &k)) == 1) {
        if (k.type == BLOCK_PACKET || k.type == BLOCK_PACKET_OLD || k.type == BLOCK_PACKET_SIMPLE)
            return block_packet(f, &k, p);
        if (k.type == BLOCK_INTERFACE && interface_add(f, &k))
            return -1;
    }
    return got;
}

/* ---- both ---- */

static int format_find(struct pcap_file *f)
{
    uint32_t magic;

    if (fill(f, 0, 4) != 1)
        return damaged(f, "the file is empty");
    for (int swapped = 0; swapped < 2; swapped++) {
        f->swapped = swapped;
        magic = load32(f, f->block);
        if (magic == MAGIC_US || magic == MAGIC_NS)
            return classic_open(f, magic);
    }
    if (magic != MAGIC_NG)
        return damaged(f, "neither a pcap nor a pcapng file: it begins with %02x %02x %02x %02x", f->block[0], f->block[1], f->block[2], f->block[3]);
    f->ng = true;
    if (fill(f, 4, 4) != 1 || section_order(f) != 1)
        return damaged(f, "the file ends inside its header");
    uint32_t total = load32(f, f->block + 4);
    if (total < 28 || total % 4 || total > PCAP_PACKET_BYTES_MAX || fill(f, 12, total - 12) != 1)
        return damaged(f, "the first section's header is damaged");
    return 0;
}

struct pcap_file *pcap_read_open(const char *path, char why[PCAP_REASON_BYTES])
{
    struct pcap_file *f = calloc(1, sizeof *f);

    if (!f) {
        snprintf(why, PCAP_REASON_BYTES, "out of memory");
        return NULL;
    }
    f->file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    if (!f->file)
        snprintf(f->why, sizeof f->why, "%s", strerror(errno));
    if (f->file && format_find(f) == 0)
        return f;
    memcpy(why, f->why, PCAP_REASON_BYTES);
    pcap_read_close(f);
    return NULL;
}

int pcap_read_next(struct pcap_file *f, struct pcap_packet *p)
{
    int got;

    if (f->damaged)
        return -1;
    *p = (struct pcap_packet){.number = f->packets + 1};
    got = f->ng ? ng_next(f, p) : classic_next(f, p);
    f->packets += got == 1;
    return got;
}

const char *pcap_read_reason(const struct pcap_file *f)
{
    return f->damaged ? f->why : NULL;
}

void pcap_read_close(struct pcap_file *f)
{
    if (!f)
        return;
    if (f->file && f->file != stdin)
        fclose(f->file);
    free(f->block);
    free(f->interface);
    free(f);
}

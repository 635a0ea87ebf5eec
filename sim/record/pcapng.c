/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/record/pcapng.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum block_type { BLOCK_INTERFACE = 1, BLOCK_PACKET = 6, BLOCK_SECTION = 0x0a0d0d0a };
enum block_option { OPTION_END = 0, OPTION_COMMENT = 1, IF_NAME = 2, IF_TSRESOL = 9, EPB_FLAGS = 2, SHB_USERAPPL = 4 };

struct pcapng {
    FILE *file;
    char *path, *temporary;
    uint8_t *block;
    size_t len, cap;
    bool failed;
};

static void add_bytes(struct pcapng *f, const void *b, size_t len)
{
    if (f->len + len > f->cap) {
        size_t cap = 2 * (f->len + len);
        uint8_t *grown = realloc(f->block, cap);
        if (!grown) {
            f->failed = true;
            return;
        }
        f->block = grown;
        f->cap = cap;
    }
    if (len)
        memcpy(f->block + f->len, b, len);
    f->len += len;
}

static void add16(struct pcapng *f, unsigned v)
{
    add_bytes(f, (const uint8_t[]){(uint8_t)v, (uint8_t)(v >> 8)}, 2);
}

static void add32(struct pcapng *f, uint32_t v)
{
    add16(f, v & 0xffff);
    add16(f, v >> 16);
}

static void add_padding(struct pcapng *f, size_t len)
{
    static const uint8_t zero[4];
    add_bytes(f, zero, -len & 3);
}

static void add_option(struct pcapng *f, enum block_option code, const void *b, size_t len)
{
    add16(f, (unsigned)code);
    add16(f, (unsigned)len);
    add_bytes(f, b, len);
    add_padding(f, len);
}

static void block_begin(struct pcapng *f, enum block_type type)
{
    f->len = 0;
    add32(f, (uint32_t)type);
    add32(f, 0); /* its length, filled in at the end */
}

static void block_end(struct pcapng *f)
{
    add_option(f, OPTION_END, NULL, 0);
    uint32_t total = (uint32_t)f->len + 4;
    add32(f, total);
    if (f->failed)
        return;
    for (unsigned i = 0; i < 4; i++)
        f->block[4 + i] = (uint8_t)(total >> 8 * i);
    if (fwrite(f->block, 1, f->len, f->file) != f->len)
        f->failed = true;
}

struct pcapng *pcapng_open(const char *path)
{
    struct pcapng *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->path = strdup(path);
    if (asprintf(&f->temporary, "%s.part", path) < 0)
        f->temporary = NULL;
    if (f->path && f->temporary)
        f->file = fopen(f->temporary, "wb");
    if (f->file)
        return f;
    free(f->path);
    free(f->temporary);
    free(f);
    return NULL;
}

void pcapng_section(struct pcapng *f, const char *program, const char *comment)
{
    block_begin(f, BLOCK_SECTION);
    add32(f, UINT32_C(0x1a2b3c4d)); /* byte order */
    add16(f, 1);
    add16(f, 0);
    add32(f, UINT32_MAX); /* length of the section: not said */
    add32(f, UINT32_MAX);
    add_option(f, SHB_USERAPPL, program, strlen(program));
    add_option(f, OPTION_COMMENT, comment, strlen(comment));
    block_end(f);
}

void pcapng_interface(struct pcapng *f, unsigned link_type, const char *name)
{
    block_begin(f, BLOCK_INTERFACE);
    add16(f, link_type);
    add16(f, 0);
    add32(f, 0); /* no limit to a packet's length */
    add_option(f, IF_NAME, name, strlen(name));
    add_option(f, IF_TSRESOL, (const uint8_t[]){9}, 1);
    block_end(f);
}

void pcapng_packet(struct pcapng *f, uint32_t interface, uint64_t unix_ns, bool inbound, const uint8_t *b, size_t len,
                   const char *comment)
{
    block_begin(f, BLOCK_PACKET);
    add32(f, interface);
    add32(f, (uint32_t)(unix_ns >> 32));
    add32(f, (uint32_t)unix_ns);
    add32(f, (uint32_t)len);
    add32(f, (uint32_t)len);
    add_bytes(f, b, len);
    add_padding(f, len);
    add_option(f, EPB_FLAGS, (const uint8_t[]){inbound ? 1 : 2, 0, 0, 0}, 4);
    if (*comment)
        add_option(f, OPTION_COMMENT, comment, strlen(comment));
    block_end(f);
}

void pcapng_abandon(struct pcapng *f)
{
    int error = errno;
    f->failed = true;
    pcapng_close(f);
    errno = error;
}

int pcapng_close(struct pcapng *f)
{
    int bad = fclose(f->file) != 0 || f->failed;
    if (!bad)
        bad = rename(f->temporary, f->path) != 0;
    if (bad)
        remove(f->temporary);
    free(f->block);
    free(f->path);
    free(f->temporary);
    free(f);
    return bad ? -1 : 0;
}

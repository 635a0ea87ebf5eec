/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/record/payload.h"

#include <stdlib.h>
#include <string.h>

static uint8_t *more(struct payload *p, size_t n)
{
    if (p->failed)
        return NULL;
    if (p->len + n > p->cap) {
        size_t cap = 2 * p->cap + n + 256;
        uint8_t *bytes = realloc(p->bytes, cap);
        if (!bytes) {
            p->failed = true;
            return NULL;
        }
        p->bytes = bytes;
        p->cap = cap;
    }
    p->len += n;
    return p->bytes + p->len - n;
}

void payload_u64(struct payload *p, uint64_t v)
{
    uint8_t *to = more(p, 8);
    for (unsigned i = 0; to && i < 8; i++)
        to[i] = (uint8_t)(v >> 8 * i);
}

void payload_u32(struct payload *p, uint32_t v)
{
    uint8_t *to = more(p, 4);
    for (unsigned i = 0; to && i < 4; i++)
        to[i] = (uint8_t)(v >> 8 * i);
}

void payload_u32_at(struct payload *p, size_t at, uint32_t v)
{
    for (unsigned i = 0; !p->failed && i < 4; i++)
        p->bytes[at + i] = (uint8_t)(v >> 8 * i);
}

void payload_real(struct payload *p, double v)
{
    uint64_t bits = UINT64_C(
        0x7ff8000000000000); /* one NaN for all: which one an operation gives differs between compilers */
    if (v == v)
        memcpy(&bits, &v, sizeof bits);
    payload_u64(p, bits);
}

void payload_text(struct payload *p, const char *text)
{
    size_t n = strlen(text) + 1;
    payload_u32(p, (uint32_t)n);
    uint8_t *to = more(p, n);
    if (to)
        memcpy(to, text, n);
}

void payload_free(struct payload *p)
{
    free(p->bytes);
    *p = (struct payload){0};
}

static const uint8_t *take(struct payload_reader *r, size_t n)
{
    if (r->failed || n > r->len - r->at) {
        r->failed = true;
        return NULL;
    }
    r->at += n;
    return r->bytes + r->at - n;
}

static uint64_t take_number(struct payload_reader *r, unsigned n)
{
    const uint8_t *from = take(r, n);
    uint64_t v = 0;
    for (unsigned i = 0; from && i < n; i++)
        v |= (uint64_t)from[i] << 8 * i;
    return v;
}

uint32_t payload_get_u32(struct payload_reader *r)
{
    return (uint32_t)take_number(r, 4);
}

uint64_t payload_get_u64(struct payload_reader *r)
{
    return take_number(r, 8);
}

double payload_get_real(struct payload_reader *r)
{
    uint64_t bits = take_number(r, 8);
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

const char *payload_get_text(struct payload_reader *r)
{
    uint32_t n = payload_get_u32(r);
    const uint8_t *from = n ? take(r, n) : NULL;
    if (!from || memchr(from, 0, n) != from + n - 1) {
        r->failed = true;
        return "";
    }
    return (const char *)from;
}

bool payload_whole(const struct payload_reader *r)
{
    return !r->failed && r->at == r->len;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/cli/decode_parts.h"

#include <stdlib.h>
#include <string.h>

/* Of messages at a time, and of bytes in one (above any max-message-size in use; offsets have 24 bits). */
enum { PARTS_MAX = 256, BODY_BYTES_MAX = 1 << 20 };

struct part {
    uint64_t transaction, last_use; /* last_use 0 = free */
    struct ip_port source, destination;
    uint8_t *body, *have; /* have: one byte for each of the body, 1 where it is known */
    uint32_t cap, known, total; /* total 0 = the last fragment has not been seen */
};

struct parts {
    struct part part[PARTS_MAX];
    uint64_t uses;
    uint8_t *whole;
};

struct parts *parts_open(void)
{
    return calloc(1, sizeof(struct parts));
}

static void part_free(struct part *p)
{
    free(p->body);
    free(p->have);
    *p = (struct part){0};
}

void parts_close(struct parts *x)
{
    if (!x)
        return;
    for (int i = 0; i < PARTS_MAX; i++)
        part_free(&x->part[i]);
    free(x->whole);
    free(x);
}

static bool same_end(const struct ip_port *a, const struct ip_port *b)
{
    return a->port == b->port && a->version == b->version && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

static struct part *part_of(struct parts *x, const struct pcap_udp *u, uint64_t transaction)
{
    struct part *oldest = &x->part[0];

    for (int i = 0; i < PARTS_MAX; i++) {
        struct part *p = &x->part[i];
        if (p->last_use && p->transaction == transaction && same_end(&p->source, &u->source) && same_end(&p->destination, &u->destination))
            return p;
        if (p->last_use < oldest->last_use)
            oldest = p;
    }
    part_free(oldest);
    oldest->transaction = transaction;
    oldest->source = u->source;
    oldest->destination = u->destination;
    return oldest;
}

static bool part_grow(struct part *p, uint32_t end)
{
    uint8_t *body, *have;

    if (end <= p->cap)
        return true;
    body = realloc(p->body, end);
    if (body)
        p->body = body;
    have = realloc(p->have, end);
    if (have)
        p->have = have;
    if (!body || !have)
        return false;
    memset(p->have + p->cap, 0, end - p->cap);
    p->cap = end;
    return true;
}

static void part_fill(struct part *p, uint32_t at, struct span payload)
{
    for (uint32_t i = 0; i < payload.len; i++)
        p->known += !p->have[at + i];
    memset(p->have + at, 1, payload.len);
    memcpy(p->body + at, payload.b, payload.len);
}

static bool whole_make(struct parts *x, const struct part *p, const struct header *h, struct span *whole)
{
    struct header out = *h;
    struct writer w;
    uint32_t len = header_bytes(h) + p->total;
    uint8_t *b = realloc(x->whole, len);

    if (!b)
        return false;
    x->whole = b;
    out.fragment = FRAGMENT_WHOLE;
    out.length = len;
    w = writer_on(b, len, false);
    header_put(&w, &out);
    put_bytes(&w, p->body, p->total);
    *whole = (struct span){b, len};
    return !w.err;
}

bool parts_add(struct parts *x, const struct pcap_udp *u, const struct header *h, struct span payload, struct span *whole)
{
    uint32_t at = FRAGMENT_OFFSET(h->fragment), end = at + payload.len;
    struct part *p;
    bool made;

    if (end > BODY_BYTES_MAX || payload.len == 0)
        return false;
    p = part_of(x, u, h->transaction);
    p->last_use = ++x->uses;
    if (!part_grow(p, end))
        return false;
    part_fill(p, at, payload);
    if (h->fragment & FRAGMENT_LAST)
        p->total = end;
    if (!p->total || p->known != p->total || p->cap != p->total)
        return false;
    made = whole_make(x, p, h, whole);
    part_free(p);
    return made;
}

size_t parts_open_count(const struct parts *x)
{
    size_t n = 0;
    for (int i = 0; i < PARTS_MAX; i++)
        n += x->part[i].last_use != 0;
    return n;
}

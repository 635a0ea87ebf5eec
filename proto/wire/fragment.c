/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Splitting into fragments, RFC 6940 6.7. Reassembly keeps state and belongs to the node. */
#include "proto/wire/stretch.h"

/* What all parts of one message share. */
struct split {
    const uint8_t *m;
    struct header header;
    uint32_t head, body; /* bytes of the header; true bytes of the payload */
    struct span payload; /* at hand */
    uint16_t code;       /* of the message, for folded parts */
};

static int split_open(struct split *s, const uint8_t *m, size_t len)
{
    struct reader r = reader_on(m, len, false);
    int err = header_read(&r, &s->header);
    if (err)
        return err;
    s->m = m;
    s->head = header_bytes(&s->header);
    s->body = s->header.length - s->head;
    s->payload = (struct span){r.p, (uint32_t)reader_left(&r)};
    s->code = s->payload.len < 2 ? 0 : load_be16(s->payload.b); /* first in a whole message as in a folded part */
    if (s->payload.len > s->body)
        return ERR_LENGTH;
    return FRAGMENT_OFFSET(s->header.fragment) > UINT32_C(0x1000000) - s->body || s->body > UINT32_C(0x1000000) ? ERR_FRAGMENT : 0;
}

/* How many parts; 1 when it fits, or when fragments of the least size would not (then IP may fragment). */
static uint32_t split_parts(const struct split *s, uint32_t limit)
{
    uint32_t room, parts;
    if (s->header.length <= limit || limit < s->head + FRAGMENT_BODY_BYTES_MIN)
        return 1;
    room = limit - s->head;
    parts = (s->body + room - 1) / room;
    uint32_t shift = s->payload.len < s->body ? STRETCH_LEAST : 0;
    return s->body / parts < FRAGMENT_BODY_BYTES_MIN + shift ? 1 : parts;
}

/* A cut through a token leaves on either side enough of it to be worth a token. */
struct cut {
    uint32_t at; /* true position in the whole payload */
};

static void cut_shift(void *arg, const struct stretch *x)
{
    struct cut *c = arg;
    if (x->kind == STRETCH_BYTES || c->at <= x->at || c->at >= x->at + x->len)
        return;
    if (c->at - x->at < STRETCH_LEAST)
        c->at = x->at;
    else if (x->at + x->len - c->at < STRETCH_LEAST)
        c->at = x->at + x->len;
}

/* True position, from the start of the payload at hand, where part i ends. */
static int split_end(const struct split *s, uint32_t i, uint32_t parts, uint32_t *end)
{
    uint32_t offset = FRAGMENT_OFFSET(s->header.fragment);
    struct cut c = {offset + (uint32_t)((uint64_t)s->body * (i + 1) / parts)};
    int err = stretch_walk(&s->header, s->payload, cut_shift, &c);
    *end = c.at - offset;
    return err;
}

/* One part while it is written: the stretches inside [from, to). */
struct part {
    struct writer w;
    uint32_t from, to;
    uint16_t code;
    bool folded, run; /* a token has been met; the last thing written is a run */
};

/* Part of a stretch inside the part; false when there is none. */
static bool part_clip(const struct part *p, struct stretch *x)
{
    uint32_t from = x->at > p->from ? x->at : p->from, to = x->at + x->len < p->to ? x->at + x->len : p->to;
    if (from >= to)
        return false;
    if (x->kind == STRETCH_BYTES)
        x->b += from - x->at;
    else
        x->skip += from - x->at;
    x->at = from;
    x->len = to - from;
    return true;
}

static void part_look(void *arg, const struct stretch *whole)
{
    struct part *p = arg;
    struct stretch x = *whole;
    p->folded |= part_clip(p, &x) && x.kind != STRETCH_BYTES;
}

static void part_put(void *arg, const struct stretch *whole)
{
    struct part *p = arg;
    struct stretch x = *whole;
    if (!part_clip(p, &x))
        return;
    if (!p->folded) {
        put_bytes(&p->w, x.b, x.len);
        return;
    }
    if (x.at == p->from) {
        put_u16(&p->w, p->code);
        put_u16(&p->w, (uint16_t)x.skip);
    }
    if (x.kind == STRETCH_BYTES) {
        put_vector(&p->w, 2, x.b, x.len);
        p->run = true;
        return;
    }
    if (!p->run)
        put_u16(&p->w, 0);
    put_bytes(&p->w, x.b, stretch_token_bytes(x.kind));
    p->run = false;
}

/* Encodes the true bytes [from, to) of the payload as a part; returns bytes at hand or a negative error. */
static long split_put(const struct split *s, uint32_t from, uint32_t to, uint8_t *scratch, size_t cap)
{
    uint32_t fragment = s->header.fragment + from, offset = FRAGMENT_OFFSET(s->header.fragment);
    struct part p = {.w = writer_on(scratch, cap, false), .from = offset + from, .to = offset + to, .code = s->code};

    put_bytes(&p.w, s->m, s->head);
    int err = stretch_walk(&s->header, s->payload, part_look, &p);
    if (!err)
        err = stretch_walk(&s->header, s->payload, part_put, &p);
    if (err || p.w.err)
        return err ? err : p.w.err;
    if (to < s->body)
        fragment &= ~FRAGMENT_LAST;
    header_patch_fragment(scratch, fragment, s->head + to - from);
    return (long)writer_len(&p.w);
}

int fragment_split(const uint8_t *m, size_t len, uint32_t limit, uint8_t *scratch, size_t cap,
                   int (*put)(void *arg, const uint8_t *part, size_t len, uint32_t true_len), void *arg)
{
    struct split s;
    uint32_t parts, from = 0, to;
    int err = split_open(&s, m, len);

    if (err)
        return err;
    parts = split_parts(&s, limit);
    if (parts == 1) {
        err = put(arg, m, len, s.header.length);
        return err < 0 ? err : 1;
    }
    for (uint32_t i = 0; i < parts; i++, from = to) {
        err = split_end(&s, i, parts, &to);
        long n = err ? err : split_put(&s, from, to, scratch, cap);
        if (n < 0)
            return (int)n;
        err = put(arg, scratch, (size_t)n, s.head + to - from);
        if (err < 0)
            return err;
    }
    return (int)parts;
}

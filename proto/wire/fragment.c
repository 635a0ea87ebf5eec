/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Splitting into fragments, RFC 6940 6.7. Reassembly keeps state and belongs to the node. */
#include "proto/wire/header.h"

/* What all parts of one message share. */
struct split {
    const uint8_t *m;
    struct header header;
    uint32_t head, body; /* bytes of the header; true bytes of the payload */
    struct span payload; /* at hand */
    bool folded;
};

static int split_open(struct split *s, const uint8_t *m, size_t len, bool folded)
{
    struct reader r = reader_on(m, len, folded);
    int err = header_read(&r, &s->header);
    if (err)
        return err;
    s->m = m;
    s->head = header_bytes(&s->header);
    s->body = s->header.length - s->head;
    s->payload = (struct span){r.p, (uint32_t)reader_left(&r)};
    s->folded = folded;
    if (!folded && s->payload.len != s->body)
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
    return s->body / parts < FRAGMENT_BODY_BYTES_MIN ? 1 : parts;
}

/* Encodes the true bytes [from, to) of the payload as a part; returns bytes at hand or a negative error. */
static long split_put(const struct split *s, uint32_t from, uint32_t to, uint8_t *scratch, size_t cap)
{
    struct writer w = writer_on(scratch, cap, s->folded);
    uint32_t fragment = s->header.fragment + from;

    put_bytes(&w, s->m, s->head);
    if (s->folded)
        put_span(&w, s->payload);
    else
        put_bytes(&w, s->payload.b + from, to - from);
    if (w.err)
        return w.err;
    if (to < s->body)
        fragment &= ~FRAGMENT_LAST;
    header_patch_fragment(scratch, fragment, s->head + to - from);
    return (long)writer_len(&w);
}

int fragment_split(const uint8_t *m, size_t len, bool folded, uint32_t limit, uint8_t *scratch, size_t cap,
                   int (*put)(void *arg, const uint8_t *part, size_t len, uint32_t true_len), void *arg)
{
    struct split s;
    uint32_t parts;
    int err = split_open(&s, m, len, folded);

    if (err)
        return err;
    parts = split_parts(&s, limit);
    if (parts == 1) {
        err = put(arg, m, len, s.header.length);
        return err < 0 ? err : 1;
    }
    for (uint32_t i = 0; i < parts; i++) {
        uint32_t from = (uint32_t)((uint64_t)s.body * i / parts), to = (uint32_t)((uint64_t)s.body * (i + 1) / parts);
        long n = split_put(&s, from, to, scratch, cap);
        if (n < 0)
            return (int)n;
        err = put(arg, scratch, (size_t)n, s.head + to - from);
        if (err < 0)
            return err;
    }
    return (int)parts;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/reload/reassembly.h"

#include <string.h>

#include "proto/reload/draft.h"
#include "proto/reload/work.h"
#include "proto/wire/stretch.h"

#define LIFETIME SECONDS(15) /* maximum request lifetime */
#define RANGES 8             /* more holes than that are no honest message */
#define TOKENS 48            /* in max-message-size are never more */

struct range {
    uint32_t from, to; /* true bytes of the payload */
};

/* Bytes and tokens stand at their true positions; behind a token is a gap as long as what it stands for. */
struct reassembly {
    struct record r;
    uint64_t tid;
    uint32_t total;          /* true bytes of the whole payload, 0 until the last fragment came */
    uint16_t via_bytes;      /* of each fragment: they came one way */
    uint8_t tokens, ranges;
    uint16_t token[TOKENS];  /* where they begin, ascending */
    struct range range[RANGES];
    uint8_t payload[];
};

/* Merges [from, to) into the sorted, disjoint ranges. false = too many holes. */
static bool range_add(struct reassembly *x, uint32_t from, uint32_t to)
{
    struct range merged[RANGES + 1];
    unsigned n = 0;
    bool placed = false;
    for (unsigned i = 0; i < x->ranges; i++) {
        struct range r = x->range[i];
        if (r.to < from) {
            merged[n++] = r;
        } else if (r.from > to) {
            if (!placed)
                merged[n++] = (struct range){from, to};
            placed = true;
            merged[n++] = r;
        } else {
            from = r.from < from ? r.from : from;
            to = r.to > to ? r.to : to;
        }
    }
    if (!placed)
        merged[n++] = (struct range){from, to};
    if (n > RANGES)
        return false;
    memcpy(x->range, merged, n * sizeof *merged);
    x->ranges = (uint8_t)n;
    return true;
}

/* Each message on its link: requests and answers with one transaction id go opposite ways. */
static uint32_t reassembly_find(const struct call *c, uint16_t slot, uint64_t tid)
{
    uint32_t at = 0;
    for (; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at)) {
        const struct reassembly *x = record_at(c, SECTION_WORK, at);
        if (x->r.type == WORK_REASSEMBLY && x->tid == tid && x->r.slot == slot)
            break;
    }
    return at;
}

static uint32_t reassembly_held(const struct call *c)
{
    uint32_t held = 0;
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at)) {
        const struct record *r = record_at(c, SECTION_WORK, at);
        held += r->type == WORK_REASSEMBLY ? r->size : 0;
    }
    return held;
}

/* Makes the record long enough for this many payload bytes. */
static struct reassembly *payload_room(struct call *c, uint32_t at, uint32_t bytes)
{
    struct reassembly *x = record_at(c, SECTION_WORK, at);
    uint32_t need = (uint32_t)offsetof(struct reassembly, payload) + bytes;
    if (need <= x->r.size)
        return x;
    if (reassembly_held(c) + need - x->r.size > c->o->limits.reassembly_bytes)
        return NULL;
    return record_grow(c, SECTION_WORK, at, need);
}

struct placing {
    struct reassembly *x;
    bool full; /* too many tokens */
};

static void token_note(struct placing *p, uint32_t at)
{
    struct reassembly *x = p->x;
    unsigned k = 0;
    while (k < x->tokens && x->token[k] < at)
        k++;
    if (k < x->tokens && x->token[k] == at)
        return;
    p->full |= x->tokens == TOKENS;
    if (p->full)
        return;
    memmove(x->token + k + 1, x->token + k, (x->tokens - k) * sizeof *x->token);
    x->token[k] = (uint16_t)at;
    x->tokens++;
}

static void stretch_place(void *arg, const struct stretch *s)
{
    struct placing *p = arg;
    if (s->kind == STRETCH_BYTES) {
        memcpy(p->x->payload + s->at, s->b, s->len);
        return;
    }
    if (s->skip > s->at) /* it would begin before the message */
        p->full = true;
    else
        token_note(p, s->at - s->skip);
    if (!p->full)
        memcpy(p->x->payload + s->at - s->skip, s->b, stretch_token_bytes(s->kind));
}

/* The folded payload, or the true one when there is no token. */
static void payload_put(struct writer *w, const struct reassembly *x)
{
    uint32_t at = 0;
    for (unsigned k = 0; k < x->tokens; k++) {
        uint32_t token = x->token[k];
        enum stretch_kind kind = stretch_kind_of(x->payload[token]);
        if (token < at || x->total - token < stretch_token_true(kind))
            writer_fail(w, ERR_FRAGMENT); /* one inside another, or beyond the end */
        else
            put_bytes(w, x->payload + at, token - at);
        put_bytes(w, x->payload + token, stretch_token_bytes(kind));
        at = token + stretch_token_true(kind);
    }
    if (at <= x->total)
        put_bytes(w, x->payload + at, x->total - at);
}

/* The header of the whole: that of the last fragment to arrive, with the whole's length. */
static long reassembly_emit(struct call *c, uint32_t at, const struct header *h, uint8_t *out, size_t cap, uint32_t *true_len)
{
    const struct reassembly *x = record_at(c, SECTION_WORK, at);
    struct header whole = *h;
    whole.fragment = FRAGMENT_WHOLE;
    whole.length = header_bytes(h) + x->total;
    *true_len = whole.length;
    struct writer w = writer_on(out, cap, false);
    header_put(&w, &whole);
    payload_put(&w, x);
    record_remove(c, SECTION_WORK, at);
    return w.err ? w.err : (long)writer_len(&w);
}

long reassembly_add(struct call *c, uint16_t slot, const struct header *h, struct span payload, uint8_t *out, size_t cap, uint32_t *true_len)
{
    uint32_t from = FRAGMENT_OFFSET(h->fragment), slice = h->length - header_bytes(h), to = from + slice;
    if (slice == 0 || to > c->o->max_message_size)
        return ERR_FRAGMENT;
    uint32_t at = reassembly_find(c, slot, h->transaction), room = to + SIGNATURE_TOKEN_BYTES; /* a token may begin where the fragment ends */
    if (at >= section_used(c, SECTION_WORK)) {
        if (reassembly_held(c) + sizeof(struct reassembly) + room > c->o->limits.reassembly_bytes)
            return ERR_NO_ROOM;
        struct reassembly *fresh = record_add(c, SECTION_WORK, WORK_REASSEMBLY, (uint32_t)offsetof(struct reassembly, payload) + room);
        if (!fresh)
            return ERR_NO_ROOM;
        fresh->tid = h->transaction;
        fresh->r.slot = slot;
        fresh->via_bytes = (uint16_t)h->via.len;
        record_due(c, &fresh->r, time_add(c->env->now, LIFETIME));
    }
    if (((const struct reassembly *)record_at(c, SECTION_WORK, at))->via_bytes != h->via.len)
        return ERR_FRAGMENT;
    struct placing p = {.x = payload_room(c, at, room)};
    if (!p.x)
        return ERR_NO_ROOM;
    int err = stretch_walk(h, payload, stretch_place, &p);
    if (err || p.full)
        return err ? err : ERR_FRAGMENT;
    struct reassembly *x = p.x;
    if (h->fragment & FRAGMENT_LAST) {
        if (x->total && x->total != to)
            return ERR_FRAGMENT;
        x->total = to;
    }
    if ((x->total && to > x->total) || !range_add(x, from, to))
        return ERR_FRAGMENT;
    if (x->total == 0 || x->ranges != 1 || x->range[0].from != 0 || x->range[0].to != x->total)
        return 0;
    return reassembly_emit(c, at, h, out, cap, true_len);
}

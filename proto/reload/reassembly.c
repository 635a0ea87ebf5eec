/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/reload/reassembly.h"

#include <string.h>

#include "proto/reload/draft.h"
#include "proto/reload/work.h"
#include "proto/wire/stretch.h"

#define LIFETIME SECONDS(15) /* maximum request lifetime */
#define RANGES 8             /* more holes than that are no honest message */
#define TOKENS 48            /* in max-message-size are never more */
#define PLACES (DRAFT_CAP + SIGNATURE_TOKEN_BYTES) /* a token may begin where the message ends */

struct range {
    uint16_t from, to; /* true bytes of the payload: max-message-size is at most 64 KiB with the header */
};

/* What arrived, as it arrived; it is put in its places when nothing is missing any more, so that what waits is as short as on a folded wire. */
struct reassembly {
    struct record r;
    uint64_t tid;
    uint32_t used;           /* of parts */
    uint16_t total;          /* true bytes of the whole payload, 0 until the last fragment came */
    uint16_t via_bytes;      /* of each fragment: they came one way */
    uint8_t ranges;
    struct range range[RANGES];
    uint8_t parts[]; /* struct part and its bytes, in the order of their coming */
};

/* A fragment: the true bytes that it stands for, and how many lie behind this. */
struct part {
    struct range covers;
    uint16_t len;
};

/* Merges [from, to) into the sorted, disjoint ranges. false = too many holes. */
static bool range_add(struct reassembly *x, uint16_t from, uint16_t to)
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

/* What the range covers wholly gives way: an answer that is asked for again need not be the same, and of its parts the later one counts. */
static void parts_replace(struct reassembly *x, struct range by)
{
    for (uint32_t at = 0; at < x->used;) {
        struct part part;
        memcpy(&part, x->parts + at, sizeof part);
        uint32_t bytes = (uint32_t)sizeof part + part.len;
        if (part.covers.from < by.from || part.covers.to > by.to) {
            at += bytes;
            continue;
        }
        memmove(x->parts + at, x->parts + at + bytes, x->used - at - bytes);
        x->used -= bytes;
    }
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

/* Bytes and tokens at their true positions; behind a token is a gap as long as what it stands for. */
struct placing {
    uint8_t payload[PLACES];
    uint16_t token[TOKENS]; /* where they begin, ascending */
    unsigned tokens;
    bool full; /* too many tokens, or what begins before the message or ends beyond any */
};

static void token_note(struct placing *p, uint32_t at)
{
    unsigned k = 0;
    while (k < p->tokens && p->token[k] < at)
        k++;
    if (k < p->tokens && p->token[k] == at)
        return;
    p->full |= p->tokens == TOKENS;
    if (p->full)
        return;
    memmove(p->token + k + 1, p->token + k, (p->tokens - k) * sizeof *p->token);
    p->token[k] = (uint16_t)at;
    p->tokens++;
}

static void stretch_place(void *arg, const struct stretch *s)
{
    struct placing *p = arg;
    if (s->at > DRAFT_CAP || s->len > DRAFT_CAP - s->at) { /* a message in one piece says only at its end that it is longer than it may be */
        p->full = true;
        return;
    }
    if (s->kind == STRETCH_BYTES) {
        memcpy(p->payload + s->at, s->b, s->len);
        return;
    }
    if (s->skip > s->at)
        p->full = true;
    else
        token_note(p, s->at - s->skip);
    if (!p->full)
        memcpy(p->payload + s->at - s->skip, s->b, stretch_token_bytes(s->kind));
}

/* The folded payload, or the true one when there is no token. */
static void payload_put(struct writer *w, const struct placing *p, uint32_t total)
{
    uint32_t at = 0;
    for (unsigned k = 0; k < p->tokens; k++) {
        uint32_t token = p->token[k];
        enum stretch_kind kind = stretch_kind_of(p->payload[token]);
        if (kind == STRETCH_BYTES || token < at || total - token < stretch_token_true(kind))
            writer_fail(w, ERR_FRAGMENT); /* overwritten, one inside another, or beyond the end */
        else
            put_bytes(w, p->payload + at, token - at);
        put_bytes(w, p->payload + token, stretch_token_bytes(kind));
        at = token + stretch_token_true(kind);
    }
    if (at <= total)
        put_bytes(w, p->payload + at, total - at);
}

static int part_place(const struct header *h, struct span payload, struct placing *p)
{
    int err = stretch_walk(h, payload, stretch_place, p);
    return err ? err : p->full ? ERR_FRAGMENT : 0;
}

/* Where parts overlap the later one counts. The header of the whole is that of the last fragment to arrive, with the whole's length. */
static long reassembly_emit(const struct reassembly *x, const struct header *h, struct span payload, uint8_t *out, size_t cap, uint32_t *true_len)
{
    struct placing p;
    p.tokens = 0;
    p.full = false;
    memset(p.payload, 0, x->total + SIGNATURE_TOKEN_BYTES); /* a token that was overwritten by a shorter one shows what lay behind it */
    for (uint32_t at = 0; at < x->used;) {
        struct part part;
        memcpy(&part, x->parts + at, sizeof part);
        at += (uint32_t)sizeof part;
        struct header one = *h;
        one.fragment = FRAGMENT_HIGH | part.covers.from;
        one.length = header_bytes(h) + part.covers.to - part.covers.from;
        int err = part_place(&one, (struct span){x->parts + at, part.len}, &p);
        if (err)
            return err;
        at += part.len;
    }
    int err = part_place(h, payload, &p);
    if (err)
        return err;
    struct header whole = *h;
    whole.fragment = FRAGMENT_WHOLE;
    whole.length = header_bytes(h) + x->total;
    *true_len = whole.length;
    struct writer w = writer_on(out, cap, false);
    header_put(&w, &whole);
    payload_put(&w, &p, x->total);
    return w.err ? w.err : (long)writer_len(&w);
}

/* Room for so many more bytes of parts in the record at this offset, which may be the end: then it is a new one. */
static struct reassembly *room_for(struct call *c, uint32_t at, uint32_t bytes)
{
    bool fresh = at >= section_used(c, SECTION_WORK);
    uint32_t used = fresh ? 0 : ((const struct reassembly *)record_at(c, SECTION_WORK, at))->used, need = (uint32_t)offsetof(struct reassembly, parts) + used + bytes;
    uint32_t held = fresh ? 0 : ((const struct record *)record_at(c, SECTION_WORK, at))->size;
    if (reassembly_held(c) - held + need > c->o->limits.reassembly_bytes)
        return NULL;
    if (fresh)
        return record_add(c, SECTION_WORK, WORK_REASSEMBLY, need);
    return need <= held ? record_at(c, SECTION_WORK, at) : record_grow(c, SECTION_WORK, at, need);
}

long reassembly_add(struct call *c, uint16_t slot, const struct header *h, struct span payload, uint8_t *out, size_t cap, uint32_t *true_len)
{
    uint32_t slice = h->length - header_bytes(h), end = FRAGMENT_OFFSET(h->fragment) + slice;
    if (slice == 0 || end > c->o->max_message_size || end > DRAFT_CAP || header_is_whole(h)) /* whole, but for reserved bits */
        return ERR_FRAGMENT;
    struct range covers = {(uint16_t)FRAGMENT_OFFSET(h->fragment), (uint16_t)end};
    struct placing alone;
    alone.tokens = 0;
    alone.full = false;
    int err = part_place(h, payload, &alone);
    if (err)
        return err;
    uint32_t at = reassembly_find(c, slot, h->transaction);
    bool fresh = at >= section_used(c, SECTION_WORK), last = h->fragment & FRAGMENT_LAST;
    struct reassembly *before = fresh ? NULL : record_at(c, SECTION_WORK, at);
    if (before && (before->via_bytes != h->via.len || (before->total && (covers.to > before->total || (last && covers.to != before->total)))))
        return ERR_FRAGMENT;
    if (before)
        parts_replace(before, covers);
    struct reassembly *x = room_for(c, at, (uint32_t)sizeof(struct part) + payload.len);
    if (!x) {
        if (before) /* which may have lost parts to this one */
            record_remove(c, SECTION_WORK, at);
        return ERR_NO_ROOM;
    }
    if (fresh) {
        x->tid = h->transaction;
        x->r.slot = slot;
        x->via_bytes = (uint16_t)h->via.len;
        record_due(c, &x->r, time_add(c->env->now, LIFETIME));
    }
    if (last)
        x->total = covers.to;
    if (!range_add(x, covers.from, covers.to))
        return ERR_FRAGMENT;
    if (x->total > 0 && x->ranges == 1 && x->range[0].from == 0 && x->range[0].to == x->total) {
        long len = reassembly_emit(x, h, payload, out, cap, true_len);
        record_remove(c, SECTION_WORK, at);
        return len;
    }
    memcpy(x->parts + x->used, &(struct part){covers, (uint16_t)payload.len}, sizeof(struct part));
    memcpy(x->parts + x->used + sizeof(struct part), payload.b, payload.len);
    x->used += (uint32_t)sizeof(struct part) + payload.len;
    return 0;
}

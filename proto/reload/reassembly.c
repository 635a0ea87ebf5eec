/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/reload/reassembly.h"

#include <string.h>

#include "proto/reload/work.h"

#define LIFETIME SECONDS(15) /* maximum request lifetime */
#define RANGES 8             /* more holes than that are no honest message */

struct range {
    uint32_t from, to; /* true bytes of the payload */
};

struct reassembly {
    struct record r;
    uint64_t tid;
    uint32_t total;      /* true bytes of the whole payload, 0 until the last fragment came */
    uint32_t bytes;      /* payload bytes at hand */
    uint8_t request, folded, ranges;
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

static uint32_t reassembly_find(const struct call *c, uint16_t slot, uint64_t tid, bool request)
{
    uint32_t at = 0;
    for (; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at)) {
        const struct reassembly *x = record_at(c, SECTION_WORK, at);
        if (x->r.type == WORK_REASSEMBLY && x->tid == tid && x->request == request && x->r.slot == slot)
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

static int payload_place(struct call *c, uint32_t at, uint32_t offset, struct span payload)
{
    struct reassembly *x = record_at(c, SECTION_WORK, at);
    uint32_t need = (uint32_t)offsetof(struct reassembly, payload) + offset + payload.len;
    if (need > x->r.size) {
        if (reassembly_held(c) + need - x->r.size > c->o->limits.reassembly_bytes)
            return ERR_NO_ROOM;
        x = record_grow(c, SECTION_WORK, at, need);
        if (!x)
            return ERR_NO_ROOM;
    }
    memcpy(x->payload + offset, payload.b, payload.len);
    if (x->bytes < offset + payload.len)
        x->bytes = offset + payload.len;
    return 0;
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
    put_bytes(&w, x->payload, x->folded ? x->bytes : x->total);
    record_remove(c, SECTION_WORK, at);
    return w.err ? w.err : (long)writer_len(&w);
}

long reassembly_add(struct call *c, uint16_t slot, const struct header *h, struct span payload, bool folded, bool request, uint8_t *out, size_t cap,
                    uint32_t *true_len)
{
    uint32_t from = FRAGMENT_OFFSET(h->fragment), slice = h->length - header_bytes(h), to = from + slice;
    if (slice == 0 || to > c->o->max_message_size)
        return ERR_FRAGMENT;
    uint32_t at = reassembly_find(c, slot, h->transaction, request);
    if (at >= section_used(c, SECTION_WORK)) {
        if (reassembly_held(c) + sizeof(struct reassembly) + payload.len > c->o->limits.reassembly_bytes)
            return ERR_NO_ROOM;
        struct reassembly *fresh = record_add(c, SECTION_WORK, WORK_REASSEMBLY, (uint32_t)offsetof(struct reassembly, payload) + payload.len);
        if (!fresh)
            return ERR_NO_ROOM;
        fresh->tid = h->transaction;
        fresh->r.slot = slot;
        fresh->request = request;
        fresh->folded = folded;
        record_due(c, &fresh->r, time_add(c->env->now, LIFETIME));
    }
    int err = payload_place(c, at, folded ? 0 : from, payload);
    if (err)
        return err;
    struct reassembly *x = record_at(c, SECTION_WORK, at);
    if (h->fragment & FRAGMENT_LAST) {
        if (x->total && x->total != to)
            return ERR_FRAGMENT;
        x->total = to;
    }
    if (x->folded != folded || (x->total && to > x->total) || !range_add(x, from, to))
        return ERR_FRAGMENT;
    if (x->total == 0 || x->ranges != 1 || x->range[0].from != 0 || x->range[0].to != x->total)
        return 0;
    return reassembly_emit(c, at, h, out, cap, true_len);
}

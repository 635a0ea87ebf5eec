/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/reload/via.h"

#include "proto/base/hash.h"
#include "proto/reload/link.h"
#include "proto/reload/work.h"

/* A compressed id, RFC 6940 6.3.2.2: the top bit, 12 bits of index into the connection table, 3 that tell one link of that number from another. */
#define COMPRESSED       0x8000u
#define COMPRESSED_LINKS 4096u

/* The end of a memory is rounded up to a multiple of this, so that one wake-up ends many. */
#define FORGET_STEP SECONDS(5)

/* The previous hop is r.slot: a link that takes the place of another takes this along, and one that ends leaves SLOT_NONE. */
struct remembered {
    struct record r;
    uint64_t tid;
};

/* In place of the counter that 6.3.2.2 suggests, which each idle link would have to hold: a digest of the node at its other end. The number of a link is
 * given again to another node in seven cases of eight with another mark, and to the same node with the same, which is right. */
static uint16_t link_mark(const struct call *c, uint16_t slot)
{
    struct id id = link_id(c, slot);
    return (uint16_t)(hash64_mix(hash64_mix(c->n->id.lo, id.hi), id.lo) & 7u);
}

uint16_t via_expand(const struct call *c, const struct destination *d)
{
    if (d->type != DESTINATION_COMPRESSED || d->bytes.len != 2)
        return SLOT_NONE;
    uint16_t value = load_be16(d->bytes.b), slot = (uint16_t)((value & ~COMPRESSED) >> 3);
    bool ours = slot < link_slots(c) && link_at(c, slot)->state == LINK_UP && link_mark(c, slot) == (value & 7u);
    return ours ? slot : SLOT_NONE;
}

static struct remembered *remembered_find(const struct call *c, uint64_t tid)
{
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at)) {
        struct remembered *x = record_at(c, SECTION_WORK, at);
        if (x->r.type == WORK_VIA && x->tid == tid)
            return x;
    }
    return NULL;
}

uint16_t via_remembered(const struct call *c, uint64_t tid, bool *known)
{
    const struct remembered *x = c->o->via == VIA_STATE ? remembered_find(c, tid) : NULL;
    *known = x != NULL;
    return x && x->r.slot != SLOT_NONE && link_at(c, x->r.slot)->state == LINK_UP ? x->r.slot : SLOT_NONE;
}

/* As many as requests of our own may be open; then the oldest goes. */
static void remembered_bound(struct call *c)
{
    uint32_t kept = 0, oldest = 0;
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at))
        if (((const struct record *)record_at(c, SECTION_WORK, at))->type == WORK_VIA && kept++ == 0)
            oldest = at;
    if (kept >= c->o->limits.transactions)
        record_remove(c, SECTION_WORK, oldest);
}

/* A request that comes again by another way goes back by that. */
static bool remember(struct call *c, uint64_t tid, uint16_t slot)
{
    struct remembered *x = remembered_find(c, tid);
    if (!x) {
        remembered_bound(c);
        x = record_add(c, SECTION_WORK, WORK_VIA, sizeof *x);
    }
    if (!x)
        return false;
    x->tid = tid;
    x->r.slot = slot;
    record_due(c, &x->r, (time_add(c->env->now, c->o->reliability_timer) / FORGET_STEP + 1) * FORGET_STEP);
    return true;
}

static bool ignores_state(struct span options)
{
    struct reader r = reader_on(options.b, options.len, false);
    struct forwarding_option o;
    while (reader_left(&r) > 0)
        if (option_read(&r, &o) == 0 && (o.flags & OPTION_IGNORE_STATE_KEEPING))
            return true;
    return false;
}

void via_extend(struct call *c, struct writer *w, const struct header *h, uint16_t slot)
{
    bool plain = c->o->via == VIA_FULL || ignores_state(h->options);
    put_span(w, h->via);
    if (!plain && c->o->via == VIA_STATE && remember(c, h->transaction, slot))
        return;
    if (!plain && c->o->via == VIA_COMPRESSED && slot < COMPRESSED_LINKS)
        put_u16(w, (uint16_t)(COMPRESSED | (unsigned)slot << 3 | link_mark(c, slot)));
    else
        destination_put_node(w, link_id(c, slot));
}

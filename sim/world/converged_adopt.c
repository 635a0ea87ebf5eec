/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Links that stand already. Where x is a finger of z, z has a link to x and tells it so by Updates; x, when it next misses a peer in the range where z
 * lies, takes z and asks nobody. Seen from x, a peer z of which x fills entry 2 or deeper lies in the far half of the ring: so entry 1, with a dozen of such
 * links, is never searched for, and the other entries have only the few links by which x fills somebody's entry 1. The predecessors lie in
 * the far half as well, at its far end: whoever has no other link there takes one of them. */
#include "sim/world/converged_plan.h"

#include <string.h>

#define SINCE_EVER 1e30f

/* z has had a link to x for since_s. */
static void offer(const struct converged_plan *p, struct converged_finger *fingers, uint32_t x, uint32_t z,
                  float since_s)
{
    struct id distance = id_distance(p->peer[x].id, p->peer[z].id);
    unsigned entry = converged_entry_of(distance);
    if (entry > p->fingers[x])
        return;
    struct converged_finger *f = &fingers[p->finger_first[x] + entry - 1];
    if (f->origin == FINGER_FIRST || f->since_s >= since_s)
        return; /* filled before this link was there */
    if (f->origin == FINGER_ADOPTED && id_compare(distance, id_distance(p->peer[x].id, p->peer[f->place].id)) >= 0)
        return;
    f->place = z;
    f->origin = FINGER_ADOPTED;
}

static void offer_predecessors(const struct converged_plan *p, struct converged_finger *fingers)
{
    for (uint32_t x = 0; x < p->count; x++)
        for (uint32_t k = 1; converged_here(p, x) && k <= p->rules.predecessors && k < p->count; k++)
            offer(p, fingers, x, (uint32_t)((x + (uint64_t)p->count - k) % p->count), SINCE_EVER);
}

/* To a place on another rank. */
struct letter {
    uint32_t x, z;
    float since_s;
};

static void take_offers(const struct converged_plan *p, struct converged_finger *fingers)
{
    const struct blob *in = ranks_deliver(p->rules.ranks);
    for (unsigned r = 0; r < ranks_count(p->rules.ranks); r++)
        for (size_t at = 0; at < in[r].size; at += sizeof(struct letter)) {
            struct letter l;
            memcpy(&l, (const uint8_t *)in[r].bytes + at, sizeof l);
            offer(p, fingers, l.x, l.z, l.since_s);
        }
}

static void make_offers(const struct converged_plan *p, struct converged_finger *fingers, uint32_t z, unsigned from, unsigned to)
{
    for (unsigned i = from; i <= to; i++) {
        const struct converged_finger *f = &fingers[p->finger_first[z] + i - 1];
        if (f->place == PLACE_NONE || f->origin == FINGER_ADOPTED)
            continue;
        if (converged_here(p, f->place))
            offer(p, fingers, f->place, z, f->since_s);
        else
            ranks_post(p->rules.ranks, p->rank[f->place], &(struct letter){f->place, z, f->since_s}, sizeof(struct letter));
    }
}

/* The fingers of entry 1, or those of the others, tell the peers that they have chosen. An adopted finger chose first itself. In which order does not matter: offers of
 * entry 1 go to the other entries, and those of the others to entry 1; and of several the nearest is taken. */
static void offer_fingers(const struct converged_plan *p, struct converged_finger *fingers, bool of_entry_1)
{
    for (uint32_t z = 0; z < p->count; z++) {
        if (converged_here(p, z))
            make_offers(p, fingers, z, of_entry_1 ? 1 : 2, of_entry_1 ? 1 : p->fingers[z]);
        if (p->rank && ((z + 1) % CONVERGED_BLOCK == 0 || z + 1 == p->count))
            take_offers(p, fingers);
    }
}

void converged_adopt(const struct converged_plan *p, struct converged_finger *fingers)
{
    offer_fingers(p, fingers, false);
    offer_predecessors(p, fingers);
    offer_fingers(p, fingers, true);
}

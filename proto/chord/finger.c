/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/chord/chord.h"

#include "proto/fact.h"
#include "proto/reload/ping.h"

#define FINGERS_AUTO_MIN 16u /* RFC 6940 10.7.4.3 */

/* Entry i covers [self + 2^(128-i), self + 2^(129-i) - 1] (RFC 6940 10.7.4.2). */
static struct id entry_start(const struct call *c, unsigned i)
{
    return id_add(c->n->id, id_power(128 - i));
}

unsigned chord_table_size(const struct call *c)
{
    if (c->o->self_tuning) { /* RFC 7363 6.2 */
        bool known = c->n->section[SECTION_NEIGHBOURS].used >= chord_extras_bytes(c->o);
        unsigned log = known ? estimate_log2_ceiling(chord_tuning_at(c)->used.size) : 0;
        return log > FINGERS_AUTO_MIN ? log : FINGERS_AUTO_MIN;
    }
    if (c->o->fingers)
        return c->o->fingers;
    if (c->n->successors == 0)
        return FINGERS_AUTO_MIN;
    struct id last = c->env->port->id_of(c->env, chord_successor(c, c->n->successors - 1u));
    unsigned deep = chord_entry_of(id_distance(c->n->id, last));
    return deep > FINGERS_AUTO_MIN ? deep : FINGERS_AUTO_MIN;
}

uint16_t chord_finger_slot(const struct call *c, unsigned i)
{
    bool exact;
    for (uint32_t k = order_find(c, entry_start(c, i), &exact); k < order_count(c); k++) {
        uint16_t slot = order_slot(c, k);
        if (!link_is(link_at(c, slot), LINK_FINGER))
            continue;
        return chord_entry_of(id_distance(c->n->id, link_id(c, slot))) == i ? slot : SLOT_NONE;
    }
    return SLOT_NONE;
}

static void finger_set(struct call *c, unsigned i, uint16_t slot)
{
    link_raise(link_at(c, slot), LINK_FINGER);
    c->env->port->fact(c->env, FACT_FINGER_FILLED, i, link_peer(c, slot));
    tuning_probe_new(c, slot);
}

/* A usable peer fills the entry that its id falls into, if that is empty. */
void chord_finger_offer(struct call *c, uint16_t slot)
{
    const struct link *l = link_at(c, slot);
    if (l->state != LINK_UP || !link_is(l, LINK_USABLE))
        return;
    unsigned i = chord_entry_of(id_distance(c->n->id, link_id(c, slot)));
    if (i <= chord_table_size(c) && chord_finger_slot(c, i) == SLOT_NONE)
        finger_set(c, i, slot);
}

void chord_finger_linked(struct call *c, unsigned i, uint16_t slot)
{
    if (chord_entry_of(id_distance(c->n->id, link_id(c, slot))) == i && chord_finger_slot(c, i) == SLOT_NONE)
        finger_set(c, i, slot);
    if (c->n->state == NODE_JOINED)
        chord_update_mark(c, slot, UPDATE_PEER_READY, UPDATE_FOR_ATTACH);
}

void chord_finger_found(struct call *c, unsigned i, peer_h peer)
{
    if (c->n->state != NODE_JOINED || peer == c->n->self || chord_finger_slot(c, i) != SLOT_NONE)
        return;
    struct id id = c->env->port->id_of(c->env, peer);
    if (chord_entry_of(id_distance(c->n->id, id)) != i)
        return; /* nobody lives in the range: the entry stays invalid */
    uint16_t slot = link_to(c, peer);
    if (slot != SLOT_NONE)
        chord_finger_linked(c, i, slot);
    else if (!attach_pending(c, peer))
        attach_send(c, ATTACH_FINGER, i, peer, &(struct route){.slot = SLOT_NONE, .target = id});
}

/* A random id in the entry's range: RFC 6940 10.7.4.2 prefers that to strict spacing. */
static struct id entry_random(struct call *c, unsigned i)
{
    uint8_t b[ID_BYTES];
    c->env->port->random(c->env, RANDOM_FINGER, c->n->draws++, b, sizeof b);
    struct id r = id_load(b), width = id_power(128 - i);
    struct id mask = {width.hi - (width.lo == 0), width.lo - 1};
    return id_add(entry_start(c, i), (struct id){r.hi & mask.hi, r.lo & mask.lo});
}

/* The whole range lies among our successors: the neighbour table knows who is there. */
static bool entry_known(const struct call *c, unsigned i)
{
    if (c->n->successors == 0)
        return true;
    struct id last = c->env->port->id_of(c->env, chord_successor(c, c->n->successors - 1u));
    return chord_entry_of(id_distance(c->n->id, last)) < i;
}

void chord_finger_search(struct call *c, unsigned i)
{
    if (i > chord_table_size(c) || entry_known(c, i))
        return;
    for (uint32_t k = 0; k < order_count(c); k++) /* a peer that we are linked with may do */
        if (chord_entry_of(id_distance(c->n->id, link_id(c, order_slot(c, k)))) == i) {
            chord_finger_offer(c, order_slot(c, k));
            if (link_is(order_link(c, k), LINK_FINGER))
                return;
        }
    ping_send(c, PURPOSE_FINGER_PING, i, PEER_NONE, &(struct route){.slot = SLOT_NONE, .to_resource = true, .target = entry_random(c, i)}, false);
}

static bool entry_wanted(const struct call *c, unsigned i)
{
    return i <= chord_table_size(c) && !entry_known(c, i) && chord_finger_slot(c, i) == SLOT_NONE;
}

/* ---- alternative 2: what Updates tell ---- */

static unsigned entry_of_peer(const struct call *c, peer_h peer)
{
    return chord_entry_of(id_distance(c->n->id, c->env->port->id_of(c->env, peer)));
}

static unsigned learned_find(const struct call *c, const struct learned *l, unsigned entry)
{
    unsigned k = 0;
    while (k < LEARNED_MAX && (l->peer[k] == PEER_NONE || entry_of_peer(c, l->peer[k]) != entry))
        k++;
    return k;
}

/* Where a candidate for this entry goes: over the older one for it, to a free place, over one of the deepest entry if that is deeper than ours. */
static unsigned learned_place(const struct call *c, const struct learned *l, unsigned entry)
{
    unsigned deepest = 0, at = learned_find(c, l, entry);
    for (unsigned k = 0; at == LEARNED_MAX && k < LEARNED_MAX; k++)
        if (l->peer[k] == PEER_NONE)
            at = k;
    for (unsigned k = 0; at == LEARNED_MAX && k < LEARNED_MAX; k++)
        if (entry_of_peer(c, l->peer[k]) > entry_of_peer(c, l->peer[deepest]))
            deepest = k;
    return at < LEARNED_MAX || entry_of_peer(c, l->peer[deepest]) < entry ? at : deepest;
}

void chord_finger_learn(struct call *c, struct id id)
{
    if (c->o->finger_search != FINGER_SEARCH_LEARN || id_equal(id, c->n->id))
        return;
    unsigned i = chord_entry_of(id_distance(c->n->id, id));
    if (!entry_wanted(c, i))
        return;
    peer_h peer = c->env->port->id_keep(c->env, id);
    struct learned *l = peer == PEER_NONE || chord_recently_failed(c, peer) ? NULL : chord_learned(c);
    unsigned at = l ? learned_place(c, l, i) : LEARNED_MAX;
    if (at < LEARNED_MAX)
        l->peer[at] = peer;
}

/* The candidate for this entry, which is a candidate no more. */
static peer_h learned_take(struct call *c, unsigned i)
{
    struct learned *l = chord_learned(c);
    unsigned at = l ? learned_find(c, l, i) : LEARNED_MAX;
    if (at == LEARNED_MAX)
        return PEER_NONE;
    peer_h peer = l->peer[at];
    l->peer[at] = PEER_NONE;
    return peer;
}

static bool learned_has(struct call *c, unsigned i)
{
    const struct learned *l = chord_learned(c);
    return l && learned_find(c, l, i) < LEARNED_MAX;
}

/* ---- the periodic search ---- */

/* RFC 6940 10.7.4.2: walk from entry 1; each invalid one is searched for with probability 1/2: by a Ping into its range (alternative 1), or, if Updates
 * have named a peer for it, by an Attach to that (alternative 2). */
void chord_finger_refresh(struct call *c)
{
    unsigned size = chord_table_size(c);
    bool learn = c->o->finger_search == FINGER_SEARCH_LEARN;
    for (unsigned i = 1; i <= size; i++) {
        uint8_t coin;
        if (!entry_wanted(c, i) || (learn && !learned_has(c, i)))
            continue;
        c->env->port->random(c->env, RANDOM_FINGER, c->n->draws++, &coin, 1);
        if (!(coin & 1))
            continue;
        if (learn)
            chord_finger_found(c, i, learned_take(c, i));
        else
            chord_finger_search(c, i);
    }
}

/* RFC 6940 10.5: Attach to Resource-ID n + 2^(128-i) for each entry that begins beyond the successors that we know of. */
void chord_finger_first_fill(struct call *c, struct id last_known)
{
    unsigned size = c->o->fingers && !c->o->self_tuning ? c->o->fingers : FINGERS_AUTO_MIN > chord_entry_of(id_distance(c->n->id, last_known))
                                                        ? FINGERS_AUTO_MIN
                                                        : chord_entry_of(id_distance(c->n->id, last_known));
    for (unsigned i = 1; i <= size; i++) {
        struct id start = entry_start(c, i);
        if (id_in_range(c->n->id, start, last_known))
            break;
        attach_send(c, ATTACH_FINGER, i, PEER_NONE, &(struct route){.slot = SLOT_NONE, .to_resource = true, .target = start});
    }
}

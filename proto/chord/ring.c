/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/chord/chord.h"

#include <string.h>

#include "proto/fact.h"
#include "proto/reload/credential.h"
#include "proto/store/store.h"

#define TIDY_EVERY SECONDS(60)
#define INTERVAL_MIN MILLIS(100) /* of what a law may draw: many have no least value */
#define FAILED_FOR_S 60u /* not attached to on hearsay: nearly all others have noticed by then */

static const uint8_t legal[NODE_ATTACHED + 1] = {
    [NODE_STARTING] = 1 << NODE_CONNECTING | 1 << NODE_JOINED,
    [NODE_CONNECTING] = 1 << NODE_CONNECTING | 1 << NODE_ATTACHING | 1 << NODE_JOINED | 1 << NODE_GONE,
    [NODE_ATTACHING] = 1 << NODE_CONNECTING | 1 << NODE_JOINING | 1 << NODE_GONE | 1 << NODE_ATTACHED,
    [NODE_JOINING] = 1 << NODE_CONNECTING | 1 << NODE_JOINED | 1 << NODE_GONE,
    [NODE_JOINED] = 1 << NODE_CONNECTING | 1 << NODE_LEAVING,
    [NODE_LEAVING] = 1 << NODE_GONE,
    [NODE_ATTACHED] = 1 << NODE_CONNECTING | 1 << NODE_GONE,
};

void node_enter(struct call *c, enum node_state to)
{
    assert(legal[c->n->state] >> to & 1);
    c->n->state = (uint8_t)to;
}

sim_time chord_interval(struct call *c, sim_time fixed, uint16_t law)
{
    sim_time drawn = law ? c->env->port->draw(c->env, law, c->n->draws++) : fixed;
    return drawn < INTERVAL_MIN ? INTERVAL_MIN : drawn;
}

/* ---- routing and responsibility, RFC 6940 10.1, 10.3 ---- */

bool topology_responsible(const struct call *c, struct id id)
{
    const struct node *n = c->n;
    if (n->state != NODE_JOINED && n->state != NODE_LEAVING)
        return false;
    return n->range_from == PEER_NONE || id_in_range(n->range_id, id, n->id);
}

uint32_t chord_responsible_ppb(const struct call *c)
{
    if (c->n->range_from == PEER_NONE)
        return c->n->state == NODE_JOINED ? 1000000000u : 0;
    uint64_t share = id_distance(c->n->range_id, c->n->id).hi >> 32;
    return (uint32_t)(share * 1000000000u >> 32);
}

/* Before it has joined, a node's own messages go to the peer that it is attached to. */
static uint16_t way_out(const struct call *c)
{
    uint16_t slot = link_to(c, c->n->admitting);
    if (slot == SLOT_NONE && c->n->bootstrap_slot != SLOT_NONE && link_at(c, c->n->bootstrap_slot)->state == LINK_UP)
        slot = c->n->bootstrap_slot;
    return slot;
}

/* The id lies between two of our predecessors, so the nearer one owns it. Without this rule a key that has just passed to a newcomer would
 * bounce between its old owner and its predecessor until the latter has heard of the newcomer. */
static uint16_t owner_behind(const struct call *c, struct id id)
{
    for (unsigned k = 0; k + 1 < c->n->predecessors; k++) {
        struct id near = c->env->port->id_of(c->env, chord_predecessor(c, k));
        struct id far = c->env->port->id_of(c->env, chord_predecessor(c, k + 1));
        if (!id_equal(near, far) && id_in_range(far, id, near))
            return link_to_id(c, near);
    }
    return SLOT_NONE;
}

static bool routed(const struct call *c, uint16_t slot, const uint16_t avoid[2])
{
    const struct link *l = link_at(c, slot);
    return link_is(l, LINK_USABLE) && link_is(l, LINK_NEIGHBOUR | LINK_FINGER) && !(avoid && (slot == avoid[0] || slot == avoid[1]));
}

uint16_t topology_next_hop(const struct call *c, struct id id, bool own, const uint16_t avoid[2])
{
    if (c->n->state != NODE_JOINED && c->n->state != NODE_LEAVING)
        return own ? way_out(c) : SLOT_NONE;
    bool exact;
    uint32_t count = order_count(c), at = order_find(c, id, &exact);
    /* Few links lie beyond it: it may belong to one of our predecessors. */
    if (c->n->predecessors > 1 && count - at <= c->n->predecessors + 4u) {
        uint16_t slot = owner_behind(c, id);
        if (slot != SLOT_NONE && !(avoid && (slot == avoid[0] || slot == avoid[1])))
            return slot;
    }
    for (uint32_t k = at; k-- > 0;)
        if (routed(c, order_slot(c, k), avoid))
            return order_slot(c, k);
    for (uint32_t k = at; k < count; k++)
        if (routed(c, order_slot(c, k), avoid))
            return order_slot(c, k);
    return SLOT_NONE;
}

bool chord_signer_plausible(const struct call *c, struct id resource, peer_h signer)
{
    struct id reach = id_distance(resource, c->env->port->id_of(c->env, signer));
    for (unsigned k = 0; k < (unsigned)c->n->predecessors + c->n->successors; k++) {
        struct id at = c->env->port->id_of(c->env, chord_neighbours(c)[k]);
        if (id_compare(id_distance(resource, at), reach) < 0)
            return false;
    }
    return true;
}

/* ---- the neighbour table, read off the order ---- */

static unsigned tuned(const struct call *c, unsigned least)
{
    if (!c->o->self_tuning || c->n->state != NODE_JOINED || c->n->section[SECTION_NEIGHBOURS].used < chord_extras_bytes(c->o))
        return least;
    unsigned log = estimate_log2_ceiling(chord_tuning_at(c)->used.size); /* at most 32 */
    return log > least ? log : least;
}

unsigned chord_want_predecessors(const struct call *c)
{
    return tuned(c, c->o->predecessors);
}

unsigned chord_want_successors(const struct call *c)
{
    return tuned(c, c->o->successors);
}

/* Self-tuning makes the lists longer at once, and until the neighbours of neighbours are linked they are filled up with whoever is there, fingers on the other side of
 * the ring too; against those, everybody who is named would be better, and each peer would attach to all others that it hears of. So beyond the least length only
 * who lies where the list should end is worth a link: three times as far as so many peers of an overlay of the estimated size reach. */
static bool within_reach(const struct call *c, struct id distance, unsigned want)
{
    if (!c->o->self_tuning || c->n->state != NODE_JOINED || c->n->section[SECTION_NEIGHBOURS].used < chord_extras_bytes(c->o))
        return true;
    uint32_t size = chord_tuning_at(c)->used.size;
    return size <= 3 * want || distance.hi <= UINT64_MAX / size * 3 * want;
}

/* On one side, whose list has so many: this distance would be among the `want` least. */
static bool side_improves(const struct call *c, bool ahead, struct id distance)
{
    const struct node *n = c->n;
    unsigned have = ahead ? n->successors : n->predecessors, least = ahead ? c->o->successors : c->o->predecessors;
    unsigned want = ahead ? chord_want_successors(c) : chord_want_predecessors(c);
    for (unsigned at = have < least ? 0 : least; at > 0; at = at < have ? have : 0) {
        struct id there = c->env->port->id_of(c->env, ahead ? chord_successor(c, at - 1) : chord_predecessor(c, at - 1));
        bool nearer = id_compare(distance, ahead ? id_distance(n->id, there) : id_distance(there, n->id)) < 0;
        if (nearer && (at == least || within_reach(c, distance, want)))
            return true;
    }
    return have < least || (have < want && within_reach(c, distance, want));
}

bool chord_would_improve(const struct call *c, struct id id)
{
    struct id ahead = id_distance(c->n->id, id);
    return !id_is_zero(ahead) && (side_improves(c, true, ahead) || side_improves(c, false, id_distance(id, c->n->id)));
}

struct learned *chord_learned(struct call *c)
{
    return c->o->finger_search == FINGER_SEARCH_LEARN && chord_room(c, 0) ? section_base(c, SECTION_NEIGHBOURS) : NULL;
}

bool chord_room(struct call *c, unsigned neighbours)
{
    uint32_t used = c->n->section[SECTION_NEIGHBOURS].used;
    uint32_t bytes = (chord_extras_bytes(c->o) + neighbours * (uint32_t)sizeof(peer_h) + 7u) & ~7u;
    if (used >= bytes)
        return true;
    if (!section_reserve(c, SECTION_NEIGHBOURS, bytes - used))
        return false;
    c->n->section[SECTION_NEIGHBOURS].used = bytes;
    memset((uint8_t *)section_base(c, SECTION_NEIGHBOURS) + used, 0xff, bytes - used); /* PEER_NONE, whatever it is */
    if (used == 0 && c->o->self_tuning) {
        struct tuning *t = chord_tuning_at(c);
        t->used = t->own = (struct estimate){.size = 1};
        t->samples = t->events = 0;
    }
    return true;
}

void chord_ring_read(struct call *c)
{
    unsigned want_p = chord_want_predecessors(c), want_s = chord_want_successors(c);
    if (!chord_room(c, want_p + want_s))
        return;
    peer_h *table = chord_neighbours(c);
    uint32_t count = order_count(c);
    unsigned p = 0, s = 0;
    for (uint32_t k = 0; k < count; k++)
        link_lower(order_link(c, k), LINK_NEIGHBOUR);
    for (uint32_t k = count; k-- > 0 && p < want_p;)
        if (link_is(order_link(c, k), LINK_USABLE)) {
            link_raise(order_link(c, k), LINK_NEIGHBOUR);
            table[p++] = link_peer(c, order_slot(c, k));
        }
    for (uint32_t k = 0; k < count && s < want_s; k++)
        if (link_is(order_link(c, k), LINK_USABLE)) {
            link_raise(order_link(c, k), LINK_NEIGHBOUR);
            table[p + s++] = link_peer(c, order_slot(c, k));
        }
    c->n->predecessors = (uint8_t)p;
    c->n->successors = (uint8_t)s;
}

void chord_ring_dirty(struct call *c, bool lost)
{
    c->n->flags |= NODE_RING_DIRTY;
    if (lost)
        c->n->flags |= NODE_RING_LOST;
}

void chord_usable(struct call *c, uint16_t slot)
{
    struct link *l = link_at(c, slot);
    if (l->state != LINK_UP)
        return;
    bool usable = (l->flags & LINK_PEER_READY) && !(l->flags & (LINK_SUSPECT | LINK_LEAVING));
    if (usable == link_is(l, LINK_USABLE))
        return;
    if (!usable && l->flags & LINK_LEAVING)
        c->n->flags |= NODE_RING_LEFT;
    l->standing ^= LINK_USABLE;
    chord_ring_dirty(c, !usable);
}

static uint8_t failed_clock(const struct call *c)
{
    return (uint8_t)(c->env->now / SECONDS(1));
}

/* Whoever the configuration has revoked has failed for good. */
bool chord_recently_failed(const struct call *c, peer_h peer)
{
    if (credential_revoked(c, peer))
        return true;
    for (int i = 0; i < RECENTLY_FAILED; i++)
        if (c->n->failed[i] == peer && (uint8_t)(failed_clock(c) - c->n->failed_at[i]) < FAILED_FOR_S)
            return true;
    return false;
}

void chord_failed_note(struct call *c, peer_h peer, bool left)
{
    uint8_t bit = (uint8_t)(1u << c->n->failed_next);
    c->n->failed[c->n->failed_next] = peer;
    c->n->failed_at[c->n->failed_next] = failed_clock(c);
    c->n->failed_left = (uint8_t)((c->n->failed_left & ~bit) | (left ? bit : 0));
    c->n->failed_next = (uint8_t)((c->n->failed_next + 1) % RECENTLY_FAILED);
}

/* Perhaps it was the path that failed, for some seconds, and all that was told of the peer meanwhile went unheard. Our table goes to the neighbour that is
 * nearest beyond it: whoever knows it still will say so (teach_back). */
static void failed_ask(struct call *c, peer_h peer)
{
    struct id id = c->env->port->id_of(c->env, peer);
    bool exact;
    if (c->n->state != NODE_JOINED || !chord_reactive(c) || !chord_would_improve(c, id) || link_to(c, peer) != SLOT_NONE)
        return;
    uint32_t count = order_count(c), at = order_find(c, id, &exact);
    for (uint32_t k = 0; k < count; k++) {
        uint16_t slot = order_slot(c, (at + k) % count);
        if (!link_is(link_at(c, slot), LINK_NEIGHBOUR))
            continue;
        chord_update_mark(c, slot, UPDATE_NEIGHBORS, UPDATE_FOR_FAILURE);
        return;
    }
}

/* Before the clock of failed_at has gone round. */
static void failed_expire(struct call *c)
{
    for (int i = 0; i < RECENTLY_FAILED; i++) {
        peer_h peer = c->n->failed[i];
        if (peer == PEER_NONE || chord_recently_failed(c, peer))
            continue;
        c->n->failed[i] = PEER_NONE;
        if (!(c->n->failed_left >> i & 1))
            failed_ask(c, peer);
    }
}

static void failed_clear(struct call *c, peer_h peer)
{
    for (int i = 0; i < RECENTLY_FAILED; i++)
        if (c->n->failed[i] == peer)
            c->n->failed[i] = PEER_NONE;
}

/* ---- events of the link layer ---- */

void topology_link_up(struct call *c, uint16_t slot)
{
    struct link *l = link_at(c, slot);
    failed_clear(c, link_peer(c, slot));
    if (slot == c->n->bootstrap_slot && c->n->state == NODE_CONNECTING) {
        chord_bootstrap_linked(c, slot);
        return;
    }
    if (slot == c->n->bootstrap_slot && c->n->state == NODE_JOINED)
        chord_partition_linked(c, slot);
    if ((l->flags & LINK_UPDATE_WANTED) && c->n->state == NODE_JOINED)
        chord_update_mark(c, slot, UPDATE_FULL, UPDATE_FOR_ATTACH);
    else if ((l->flags & LINK_PEER_READY) && c->n->state == NODE_JOINED)
        chord_update_mark(c, slot, UPDATE_NEIGHBORS, chord_gain_cause(c)); /* it took the place of a link that the other side may have lost before: to it we are new */
    l->flags &= (uint8_t)~LINK_UPDATE_WANTED;
    attach_accepted(c, slot);
}

/* A link that is out of the routing table leaves its finger entry too; the search for another starts at once (RFC 6940 10.7.2). */
static void finger_vacate(struct call *c, struct id id)
{
    if (c->n->state == NODE_JOINED && chord_reactive(c))
        chord_finger_search(c, chord_entry_of(id_distance(c->n->id, id)));
}

static void standing_end(struct call *c, uint16_t slot)
{
    struct link *l = link_at(c, slot);
    bool finger = link_is(l, LINK_FINGER);
    if (link_is(l, LINK_NEIGHBOUR | LINK_FINGER))
        l->stood = 1;
    link_lower(l, LINK_FINGER);
    chord_usable(c, slot);
    if (finger)
        finger_vacate(c, link_id(c, slot));
}

void topology_link_suspect(struct call *c, uint16_t slot)
{
    standing_end(c, slot);
}

void topology_link_restored(struct call *c, uint16_t slot)
{
    link_at(c, slot)->stood = 0;
    chord_usable(c, slot);
    chord_finger_offer(c, slot);
}

void topology_link_lost(struct call *c, peer_h peer, uint8_t standing, bool failed)
{
    if (failed)
        chord_failed_note(c, peer, false);
    if ((standing & LINK_STOOD) || (failed && (standing & (LINK_NEIGHBOUR | LINK_FINGER))))
        tuning_failure(c);
    if (c->n->admitted == peer)
        c->n->admitted = PEER_NONE;
    store_peer_lost(c, peer);
    if (standing & (LINK_NEIGHBOUR | LINK_USABLE))
        chord_ring_dirty(c, true);
    if (standing & LINK_FINGER)
        finger_vacate(c, c->env->port->id_of(c->env, peer));
    bool joining = c->n->state == NODE_ATTACHING || c->n->state == NODE_JOINING;
    if (joining && (peer == c->n->admitting || way_out(c) == SLOT_NONE))
        chord_join_restart(c, JOIN_LINK_LOST);
    else if (joining)
        chord_join_progress(c);
    else if (c->n->state == NODE_ATTACHED && peer == c->n->admitting)
        client_lost(c);
}

/* ---- after each call ---- */

void chord_range_set(struct call *c, peer_h from)
{
    if (from == c->n->range_from)
        return;
    struct id old = c->n->range_id;
    bool whole = c->n->range_from == PEER_NONE;
    c->n->range_from = from;
    if (from != PEER_NONE)
        c->n->range_id = c->env->port->id_of(c->env, from);
    c->env->port->fact(c->env, FACT_RANGE_CHANGED, 0, 0);
    store_range_changed(c, whole ? c->n->id : old);
}

enum update_cause chord_gain_cause(const struct call *c)
{
    unsigned last = (c->n->failed_next + RECENTLY_FAILED - 1u) % RECENTLY_FAILED;
    if (c->env->now - c->n->joined < SECONDS(NEWCOMER_S))
        return UPDATE_FOR_JOIN;
    if (c->n->failed[last] != PEER_NONE && chord_recently_failed(c, c->n->failed[last]))
        return c->n->failed_left >> last & 1 ? UPDATE_FOR_LEAVE : UPDATE_FOR_FAILURE;
    for (uint32_t k = 0; k < order_count(c); k++)
        if (order_link(c, k)->flags & LINK_SUSPECT)
            return UPDATE_FOR_FAILURE;
    return UPDATE_FOR_OTHER;
}

static enum update_cause change_cause(const struct call *c)
{
    if (c->n->flags & NODE_RING_LOST)
        return c->n->flags & NODE_RING_LEFT ? UPDATE_FOR_LEAVE : UPDATE_FOR_FAILURE;
    return c->n->flags & NODE_RING_NEW ? UPDATE_FOR_JOIN : chord_gain_cause(c);
}

/* Compares the table with what it was and does what RFC 6940 10.7.1 and 10.7.3 ask for. */
static void ring_settle(struct call *c)
{
    peer_h before[2 * NEIGHBOURS_MAX];
    unsigned p = c->n->predecessors, s = c->n->successors;
    memcpy(before, chord_neighbours(c), (p + s) * sizeof *before);
    bool lost = c->n->flags & NODE_RING_LOST;
    enum update_cause cause = change_cause(c);
    c->n->flags &= (uint8_t)~(NODE_RING_DIRTY | NODE_RING_LOST | NODE_RING_LEFT | NODE_RING_NEW);
    chord_ring_read(c);
    bool same = p == c->n->predecessors && s == c->n->successors &&
                memcmp(before, chord_neighbours(c), (p + s) * sizeof *before) == 0;
    bool front = (p ? before[0] : PEER_NONE) != chord_predecessor(c, 0);
    if (c->n->state != NODE_JOINED)
        return;
    if (s > 0 && c->n->successors == 0) { /* 10.7.1: as if joining */
        chord_join_restart(c, JOIN_LINK_LOST);
        return;
    }
    if (!same) {
        for (uint16_t slot = 0; slot < link_slots(c); slot++)
            link_at(c, slot)->taught = 0;
        c->env->port->fact(c->env, FACT_NEIGHBOURS_CHANGED, 0, 0);
        if (front || chord_reactive(c))
            chord_update_mark_all(c, lost && !front, cause);
        store_replica_set_changed(c, lost);
    }
    chord_update_pump(c); /* before what is handed over: whoever does not know us yet would refuse it */
    if (chord_predecessor(c, 0) != c->n->admitted || c->n->admitted == PEER_NONE)
        chord_range_set(c, chord_predecessor(c, 0));
}

void topology_settle(struct call *c)
{
    if (c->n->flags & NODE_RING_DIRTY)
        ring_settle(c);
    if (c->n->updates_due > 0 && c->n->state == NODE_JOINED)
        chord_update_pump(c);
}

/* A link that we asked for and have had no use for since the last tidying is closed; so is one whose sequence numbers would repeat some day: whoever
 * needs it opens another. */
static void link_tidy(struct call *c, uint16_t slot)
{
    struct link *l = link_at(c, slot);
    uint8_t standing = l->standing;
    bool worn = l->tx_next >= LINK_WORN, useless = (l->flags & LINK_OURS) && !(standing & (LINK_NEIGHBOUR | LINK_FINGER)) && link_queue(c, slot) == 0;
    if (node_is_client(c) && link_peer(c, slot) == c->n->admitting)
        useless = false;
    if (worn || (useless && l->idle)) {
        peer_h peer = link_peer(c, slot);
        link_drop(c, slot, false);
        if (worn)
            topology_link_lost(c, peer, standing, false);
        else if (standing & LINK_USABLE)
            chord_ring_dirty(c, false);
        return;
    }
    l->idle = useless;
    l->taught = 0;
}

void chord_tidy_plan(struct call *c)
{
    c->n->tidy_at = c->env->now + TIDY_EVERY;
}

static void tidy(struct call *c)
{
    chord_tidy_plan(c);
    failed_expire(c);
    link_gaps_forget(c);
    if (c->n->state_at == TIME_NEVER && c->n->state == NODE_JOINED) /* checks were off, and may have been turned on */
        chord_partition_plan(c);
    for (uint16_t slot = 0; slot < link_slots(c); slot++)
        if (link_at(c, slot)->state == LINK_UP)
            link_tidy(c, slot);
    block_trim(c);
}

sim_time topology_due(const struct node *n)
{
    sim_time due = time_min(n->update_at, n->finger_at);
    due = time_min(due, time_min(n->tidy_at, n->replicate_at));
    due = time_min(due, time_min(n->expire_at, n->state_at));
    return time_min(due, n->certify_at);
}

void topology_wake(struct call *c)
{
    sim_time now = c->env->now;
    if (c->n->state == NODE_JOINED) {
        chord_partition_check(c);
    } else if (c->n->state_at <= now) {
        c->n->state_at = TIME_NEVER;
        if (c->n->state == NODE_LEAVING)
            chord_left(c);
        else if (c->n->state == NODE_CONNECTING && c->n->bootstrap_slot == SLOT_NONE)
            chord_join_connect(c);
        else
            chord_join_restart(c, JOIN_NO_ANSWER);
    }
    if (c->n->update_at <= now && c->o->self_tuning) {
        tuning_stabilize(c);
    } else if (c->n->update_at <= now) {
        c->n->update_at = time_add(now, chord_interval(c, c->o->update_interval, c->o->update_law));
        if (!c->o->idle)
            chord_update_mark_all(c, true, UPDATE_FOR_INTERVAL);
    }
    if (c->n->finger_at <= now) {
        c->n->finger_at = time_add(now, chord_interval(c, c->o->ping_interval, c->o->ping_law));
        if (!c->o->idle)
            chord_finger_refresh(c);
    }
    if (c->n->tidy_at <= now)
        tidy(c);
    store_wake(c);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking at a node from outside: observers, checks, tests. Changes nothing. */
#include <string.h>

#include "proto/chord/chord.h"
#include "proto/reload/link.h"
#include "proto/reload/topology.h"
#include "proto/reload/work.h"
#include "proto/store/store.h"

/* The inner functions want a call that they could write through; these never do. */
static struct call call_look(const struct node *n, struct env *env)
{
    union {
        const struct node *in;
        struct node *out;
    } same = {.in = n};
    return (struct call){.n = same.out, .env = env, .o = env ? env->port->overlay(env, 0) : NULL};
}

void node_look(const struct node *n, struct env *env, struct node_view *v)
{
    struct call c = call_look(n, env);
    *v = (struct node_view){.state = (enum node_state)n->state, .joined_at = n->joined, .predecessors = n->predecessors, .successors = n->successors,
                            .values = n->values, .stored_bytes = n->section[SECTION_STORE].used};
    for (unsigned k = 0; k < n->predecessors; k++)
        v->predecessor[k] = chord_predecessor(&c, k);
    for (unsigned k = 0; k < n->successors; k++)
        v->successor[k] = chord_successor(&c, k);
    v->fingers = (uint8_t)chord_table_size(&c);
    v->next_update = n->update_at;
    if (c.o->self_tuning && n->section[SECTION_NEIGHBOURS].used >= chord_extras_bytes(c.o)) {
        const struct tuning *t = chord_tuning_at(&c);
        v->own.size = t->own.size, v->own.joins = t->own.joins, v->own.leaves = t->own.leaves;
        v->used.size = t->used.size, v->used.joins = t->used.joins, v->used.leaves = t->used.leaves;
    }
    for (uint32_t k = 0; k < order_count(&c); k++) {
        const struct link *l = order_link(&c, k);
        v->links++;
        v->links_ready = (uint16_t)(v->links_ready + link_is(l, LINK_USABLE));
        v->fingers_filled = (uint8_t)(v->fingers_filled + link_is(l, LINK_FINGER));
        v->fingers_valid = (uint8_t)(v->fingers_valid + (link_is(l, LINK_FINGER) && link_is(l, LINK_USABLE)));
    }
    for (uint32_t at = 0; at < section_used(&c, SECTION_WORK); at = record_next(&c, SECTION_WORK, at)) {
        const struct record *r = record_at(&c, SECTION_WORK, at);
        v->queued_bytes += r->type == WORK_FRAME ? r->size : 0;
    }
}

peer_h node_finger(const struct node *n, struct env *env, unsigned i)
{
    struct call c = call_look(n, env);
    uint16_t slot = chord_finger_slot(&c, i);
    return slot == SLOT_NONE ? PEER_NONE : link_peer(&c, slot);
}

bool node_holds(const struct node *n, struct env *env, struct id resource, uint32_t kind, peer_h owner, uint8_t *replica)
{
    struct call c = call_look(n, env);
    for (uint32_t at = value_first(&c, resource); value_is(&c, at, resource); at = value_next(&c, at)) {
        const struct value *v = value_at(&c, at);
        if (kind_at(&c, v->kind)->id != kind || v->owner != owner || value_due(v) <= env->now || !(v->flags & VALUE_EXISTS))
            continue;
        if (replica)
            *replica = v->replica;
        return true;
    }
    return false;
}

static const char *check_values(const struct call *c)
{
    uint32_t at = 0, n = 0;
    for (; at < section_used(c, SECTION_STORE); at = value_next(c, at), n++) {
        const struct value *v = value_at(c, at);
        if (v->kind >= KINDS_MAX)
            return "a value is of no Kind";
        if (value_size(v) > section_used(c, SECTION_STORE) - at)
            return "a value record's size is wrong";
        uint32_t next = value_next(c, at);
        if (next >= section_used(c, SECTION_STORE) || value_at(c, next)->tag != v->tag || !value_is(c, next, value_resource(c, v)))
            continue;
        const struct value *w = value_at(c, next);
        if (w->kind < v->kind || (w->kind == v->kind && (value_counter(w) != value_counter(v) || value_index(w) < value_index(v))))
            return "values of one resource are out of order, or of two generations";
    }
    if (n != c->n->values)
        return "the count of values is wrong";
    return section_used(c, SECTION_STORE) > c->o->limits.stored_bytes ? "more bytes are stored than the limit" : NULL;
}

bool node_link_at(const struct node *n, struct env *env, unsigned k, peer_h *peer, chan_h *chan, bool *is_routed)
{
    struct call c = call_look(n, env);
    if (k >= order_count(&c))
        return false;
    uint16_t slot = order_slot(&c, k);
    *peer = link_peer(&c, slot);
    *chan = slot;
    *is_routed = link_is(link_at(&c, slot), LINK_USABLE) && link_is(link_at(&c, slot), LINK_NEIGHBOUR | LINK_FINGER);
    return true;
}

static const char *check_order(const struct call *c)
{
    struct id before = {0, 0};
    for (uint32_t k = 0; k < order_count(c); k++) {
        uint16_t slot = order_slot(c, k);
        if (slot >= link_slots(c) || link_at(c, slot)->state != LINK_UP)
            return "the order table names a link that is not up";
        struct id d = id_distance(c->n->id, link_id(c, slot));
        if (id_is_zero(d))
            return "a node is linked to itself";
        if (k > 0 && id_compare(before, d) >= 0)
            return "the order table is not sorted, or names a peer twice";
        if (!order_has_key(c, k, d))
            return "an order entry's key is not its peer's";
        before = d;
    }
    return NULL;
}

static const char *check_neighbours(const struct call *c)
{
    for (unsigned k = 0; k < (unsigned)c->n->predecessors + c->n->successors; k++) {
        peer_h peer = chord_neighbours(c)[k];
        if (peer == c->n->self)
            return "a node is its own neighbour";
        if (link_to(c, peer) == SLOT_NONE)
            return "a neighbour has no link";
    }
    return NULL;
}

static const char *check_links(const struct call *c)
{
    unsigned open = 0, up = 0, due = 0;
    for (uint16_t s = 0; s < link_slots(c); s++) {
        open += link_at(c, s)->state != LINK_FREE;
        up += link_at(c, s)->state == LINK_UP;
        due += link_at(c, s)->update_due != 0;
    }
    if (open != c->n->links_open || up != order_count(c))
        return "the count of links is wrong";
    if (due != c->n->updates_due)
        return "the count of due Updates is wrong";
    return open > c->o->limits.links ? "more links than the limit" : NULL;
}

/* The first frame of a link is under way or has its time; those behind it wait. A first frame without a time would wait for ever. */
static const char *check_frame(const struct call *c, uint32_t at)
{
    const struct record *frame = record_at(c, SECTION_WORK, at);
    if (frame->slot >= link_slots(c) || link_at(c, frame->slot)->state != LINK_UP)
        return "a frame waits on a link that is not up";
    bool first = true;
    for (uint32_t k = 0; k < at && first; k = record_next(c, SECTION_WORK, k)) {
        const struct record *r = record_at(c, SECTION_WORK, k);
        first = r->type != WORK_FRAME || r->slot != frame->slot;
    }
    if (first == (frame->due == TIME_NEVER))
        return first ? "the first frame of a link waits for nothing" : "a frame does not wait for the one before it";
    return NULL;
}

static const char *check_work(const struct call *c)
{
    uint32_t at = 0;
    while (at < section_used(c, SECTION_WORK)) {
        const struct record *r = record_at(c, SECTION_WORK, at);
        if (r->size < sizeof *r || r->size % 8 || r->size > section_used(c, SECTION_WORK) - at)
            return "a work record's size is wrong";
        if (r->due < c->env->now)
            return "a timer lies in the past";
        const char *wrong = r->type == WORK_FRAME ? check_frame(c, at) : NULL;
        if (wrong)
            return wrong;
        at += r->size;
    }
    return NULL;
}

const char *node_check(const struct node *n, struct env *env)
{
    struct call c = call_look(n, env);
    const char *wrong = NULL;
    if (n->bytes + n->section[SECTION_WORK].cap * SECTION_UNIT > c.o->limits.block_bytes)
        return "the block is larger than the limit";
    if (topology_due(n) < env->now)
        return "a timer lies in the past";
    if (n->range_from != PEER_NONE && !id_equal(n->range_id, env->port->id_of(env, n->range_from)))
        return "the range does not begin behind the peer that it is said to";
    if (!wrong)
        wrong = check_links(&c);
    if (!wrong)
        wrong = check_order(&c);
    if (!wrong && !(n->flags & NODE_RING_DIRTY))
        wrong = check_neighbours(&c);
    if (!wrong)
        wrong = check_values(&c);
    return wrong ? wrong : check_work(&c);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/reload/straight.h"

#include <string.h>

#include "proto/chord/chord.h"
#include "proto/fact.h"
#include "proto/reload/link.h"
#include "proto/reload/work.h"

#define OFFERS_LOST 3u          /* in a row, then no offers for PAUSE */
#define PAUSE        SECONDS(600)
#define HOLD_FOR     SECONDS(15) /* maximum request lifetime; a handshake gives up as soon */

/* What an asker notes of its offers, and its relay: r.slot is the link to it. One a node, kept for good once an offer was thought of. */
struct offers {
    struct record r;
    sim_time pause_until;
    addr_h relay;
    uint8_t failures;
};

/* An answer that waits for the link r.slot. */
struct held {
    struct record r;
    uint64_t tid;
    uint16_t code, len, true_len;
    uint8_t message[];
};

/* ---- the asker ---- */

static struct offers *offers_of(struct call *c)
{
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at)) {
        struct offers *x = record_at(c, SECTION_WORK, at);
        if (x->r.type == WORK_OFFERS)
            return x;
    }
    struct offers *x = record_add(c, SECTION_WORK, WORK_OFFERS, sizeof *x);
    if (x) {
        x->r.slot = SLOT_NONE;
        x->r.due = TIME_NEVER;
        x->relay = ADDR_NONE;
    }
    return x;
}

/* A bootstrap node, by the draw: another than the one by which the last answer did not come, if there is another (7264 5.4.2). */
static addr_h relay_address(struct call *c, const struct offers *x)
{
    uint32_t draw;
    addr_h addr = ADDR_NONE;
    c->env->port->random(c->env, RANDOM_RELAY, c->n->draws++, &draw, sizeof draw);
    for (uint32_t k = 0; k < c->o->bootstrap_count && (k == 0 || (x->failures > 0 && addr == x->relay)); k++)
        addr = chord_bootstrap_address(c, (draw + k) % c->o->bootstrap_count);
    return addr;
}

/* Over the link that we have with it, or one of its own. That is not marked as ours: it is to stay while nothing is sent over
 * it (7264 4.1). */
static void relay_open(struct call *c)
{
    struct chan_args args = {.addr = relay_address(c, offers_of(c)), .unasked = true};
    if (args.addr == ADDR_NONE)
        return;
    uint16_t slot = chord_link_to_address(c, args.addr);
    if (slot == SLOT_NONE) {
        if (c->env->port->channel(c->env, CHAN_OPEN, &args))
            return;
        slot = (uint16_t)args.chan;
        if (!link_open(c, slot, PEER_NONE)) {
            c->env->port->channel(c->env, CHAN_CLOSE, &args);
            return;
        }
    }
    struct offers *x = offers_of(c);
    x->relay = args.addr;
    x->r.slot = slot;
}

/* The link to the relay, SLOT_NONE while there is none. */
static uint16_t relay_slot(struct call *c)
{
    if (offers_of(c)->r.slot == SLOT_NONE)
        relay_open(c);
    uint16_t slot = offers_of(c)->r.slot;
    return slot != SLOT_NONE && link_at(c, slot)->state == LINK_UP ? slot : SLOT_NONE;
}

struct span straight_offer(struct call *c, uint8_t b[STRAIGHT_OPTION_BYTES])
{
    struct offers *offers = offers_of(c);
    bool relayed = c->o->routing == ROUTING_RELAY;
    if (!offers || offers->pause_until > c->env->now)
        return (struct span){b, 0};
    uint16_t slot = relayed ? relay_slot(c) : SLOT_NONE;
    if (relayed && slot == SLOT_NONE)
        return (struct span){b, 0};
    uint8_t list[2 * DESTINATION_NODE_BYTES], value[STRAIGHT_OPTION_BYTES];
    struct writer d = writer_on(list, sizeof list, false), v = writer_on(value, sizeof value, false), w = writer_on(b, STRAIGHT_OPTION_BYTES, false);
    struct ip_port at;
    if (relayed)
        destination_put_node(&d, link_id(c, slot));
    destination_put_node(&d, c->n->id);
    c->env->port->addr_of(c->env, relayed ? offers_of(c)->relay : ADDR_NONE, &at);
    extensive_routing_put(&v, &(struct extensive_routing){.mode = relayed ? ROUTE_RELAY : ROUTE_DIRECT, .transport = LINK_DTLS_UDP_SR_NO_ICE,
                                                          .addr = address_of(&at), .destinations = {list, writer_len(&d)}});
    option_put(&w, &(struct forwarding_option){.type = OPTION_EXTENSIVE_ROUTING, .flags = OPTION_IGNORE_STATE_KEEPING, .value = {value, writer_len(&v)}});
    assert(w.err == 0 && v.err == 0 && d.err == 0);
    return (struct span){b, writer_len(&w)};
}

void straight_note(struct call *c, bool came)
{
    struct offers *x = offers_of(c);
    if (!x)
        return;
    x->failures = came ? 0 : (uint8_t)(x->failures + 1);
    if (!came) /* another relay for the next one; the link to this one stays, like any that nobody calls his */
        x->r.slot = SLOT_NONE;
    if (x->failures < OFFERS_LOST)
        return;
    x->failures = 0;
    x->pause_until = c->env->now + PAUSE;
}

/* ---- who answers ---- */

static bool option_of(const struct origin *to, struct extensive_routing *x, bool *there)
{
    struct reader r = reader_on(to->options.b, to->options.len, false);
    struct forwarding_option o;
    *there = false;
    while (reader_left(&r) > 0 && option_read(&r, &o) == 0)
        if (o.type == OPTION_EXTENSIVE_ROUTING) {
            *there = true;
            return extensive_routing_read(o.value, x) == 0;
        }
    return false;
}

/* Its destinations: the relay, if there is one, and the asker; both Node-IDs. False when they are not as many as the mode says. */
static bool parties(const struct extensive_routing *x, struct id *relay, struct id *asker)
{
    struct reader r = reader_on(x->destinations.b, x->destinations.len, false);
    struct destination d;
    unsigned n = 0, wanted = x->mode == ROUTE_DIRECT ? 1 : 2;
    struct id id[2] = {{0, 0}, {0, 0}};
    while (reader_left(&r) > 0) {
        if (destination_read(&r, &d) || d.type != DESTINATION_NODE || n == wanted)
            return false;
        id[n++] = d.id;
    }
    *asker = id[wanted - 1];
    *relay = id[0];
    return n == wanted;
}

enum straight straight_asked(struct call *c, const struct origin *from)
{
    struct extensive_routing x;
    struct id relay, asker;
    bool there, read = option_of(from, &x, &there);
    if (!there)
        return STRAIGHT_NONE;
    if (!straight_mode(c->o) || !read || (x.mode != ROUTE_DIRECT && x.mode != ROUTE_RELAY) || !parties(&x, &relay, &asker))
        return STRAIGHT_REFUSED;
    /* Nobody is to be sent what somebody else has asked for. */
    if (!id_equal(asker, c->env->port->id_of(c->env, from->signer)))
        return STRAIGHT_REFUSED;
    return STRAIGHT_TAKEN;
}

static unsigned held_count(const struct call *c)
{
    unsigned n = 0;
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at))
        n += ((const struct record *)record_at(c, SECTION_WORK, at))->type == WORK_HELD;
    return n;
}

/* The link to this node: up, opening, or opened now. */
static uint16_t slot_to(struct call *c, struct id id, const struct extensive_routing *x)
{
    uint16_t slot = link_to_id(c, id);
    if (slot != SLOT_NONE)
        return slot;
    peer_h peer = c->env->port->id_keep(c->env, id);
    if (peer == PEER_NONE || held_count(c) >= c->o->limits.transactions / 4)
        return SLOT_NONE;
    slot = link_opening(c, peer);
    if (slot != SLOT_NONE || x->transport != LINK_DTLS_UDP_SR_NO_ICE || (x->addr.type != 1 && x->addr.type != 2))
        return slot;
    struct chan_args args = {.addr = c->env->port->addr_keep(c->env, &x->addr.addr), .unasked = true};
    if (args.addr == ADDR_NONE || c->env->port->channel(c->env, CHAN_OPEN, &args))
        return SLOT_NONE;
    slot = (uint16_t)args.chan;
    if (!link_open(c, slot, peer)) {
        c->env->port->channel(c->env, CHAN_CLOSE, &args);
        return SLOT_NONE;
    }
    link_at(c, slot)->flags |= LINK_OURS;
    return slot;
}

uint16_t straight_slot(struct call *c, const struct origin *to, struct writer *destinations)
{
    struct extensive_routing x;
    struct id relay, asker;
    bool there;
    if (to->slot == SLOT_SELF || !to->straight || !option_of(to, &x, &there) || !parties(&x, &relay, &asker))
        return SLOT_NONE;
    bool relayed = x.mode == ROUTE_RELAY && !id_equal(relay, c->n->id);
    /* Linked with the asker we need neither of them; and as its relay we are. */
    if (link_to_id(c, asker) != SLOT_NONE)
        relayed = false;
    else if (x.mode == ROUTE_RELAY && !relayed)
        return SLOT_NONE;
    uint16_t slot = slot_to(c, relayed ? relay : asker, &x);
    if (slot == SLOT_NONE)
        return slot;
    if (relayed)
        destination_put_node(destinations, relay);
    destination_put_node(destinations, asker);
    return slot;
}

void straight_send(struct call *c, uint16_t slot, uint64_t tid, const uint8_t *message, uint32_t len, uint32_t true_len, uint16_t code)
{
    if (link_at(c, slot)->state == LINK_UP) {
        message_out(c, slot, message, len, true_len, code);
        return;
    }
    struct held *x = record_add(c, SECTION_WORK, WORK_HELD, (uint32_t)(offsetof(struct held, message) + len));
    if (!x)
        return;
    x->tid = tid;
    x->code = code;
    x->len = (uint16_t)len;
    x->true_len = (uint16_t)true_len;
    x->r.slot = slot;
    memcpy(x->message, message, len);
    record_due(c, &x->r, c->env->now + HOLD_FOR);
}

void straight_abort(struct call *c, uint64_t tid)
{
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK);) {
        const struct held *x = record_at(c, SECTION_WORK, at);
        if (x->r.type == WORK_HELD && x->tid == tid)
            record_remove(c, SECTION_WORK, at);
        else
            at += x->r.size;
    }
}

void straight_linked(struct call *c, uint16_t slot)
{
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK);) {
        const struct held *x = record_at(c, SECTION_WORK, at);
        if (x->r.type != WORK_HELD || x->r.slot != slot || link_at(c, slot)->state != LINK_UP) {
            at += x->r.size;
            continue;
        }
        uint8_t copy[DRAFT_CAP];
        uint16_t len = x->len, true_len = x->true_len, code = x->code;
        memcpy(copy, x->message, len);
        record_remove(c, SECTION_WORK, at);
        message_out(c, slot, copy, len, true_len, code);
    }
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/reload/message_in.h"

#include <string.h>

#include "proto/fact.h"
#include "proto/reload/attach.h"
#include "proto/reload/configuration.h"
#include "proto/reload/credential.h"
#include "proto/reload/diagnostic.h"
#include "proto/reload/link.h"
#include "proto/reload/ping.h"
#include "proto/reload/reassembly.h"
#include "proto/reload/straight.h"
#include "proto/reload/topology.h"
#include "proto/reload/transaction.h"
#include "proto/reload/via.h"
#include "proto/reload/work.h"
#include "proto/store/store.h"

#define FORWARD_CAP (DRAFT_CAP + DESTINATION_NODE_BYTES) /* the longest message of ours; what is forwarded came in a datagram */
#define HEADER_BYTES_MAX DRAFT_HEADROOM                  /* 54 hops; what a host's datagrams leave room for */

/* A message or fragment while its destination list is worked off. */
struct passage {
    uint16_t slot;
    uint16_t code;          /* 0 = not visible: a later fragment in true form */
    bool folded;
    bool popped;            /* its destination list began with us */
    struct header h;        /* destination = what is left of the list */
    struct span payload;
    struct span whole;      /* as it arrived */
};

/* In true form only the first fragment of a message names its code, and a later one must be known as part of a request or an answer: only the via list
 * of a request grows. Fragments follow each other closely on a link, so a short memory is enough. */
#define PASSING_MAX 16u
struct passing {
    struct record r;
    uint32_t next;
    struct {
        uint64_t tid;
        uint16_t code;
    } seen[PASSING_MAX];
};

static struct passing *passing_find(struct call *c)
{
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at))
        if (((struct record *)record_at(c, SECTION_WORK, at))->type == WORK_PASSING)
            return record_at(c, SECTION_WORK, at);
    return NULL;
}

static void passing_note(struct call *c, uint64_t tid, uint16_t code)
{
    struct passing *x = passing_find(c);
    if (!x && !(x = record_add(c, SECTION_WORK, WORK_PASSING, sizeof *x)))
        return;
    x->r.slot = SLOT_NONE;
    x->r.due = TIME_NEVER;
    x->seen[x->next % PASSING_MAX].tid = tid;
    x->seen[x->next % PASSING_MAX].code = code;
    x->next++;
}

/* 0: its first fragment did not come by here lately. */
static uint16_t passing_code(struct call *c, uint64_t tid)
{
    const struct passing *x = passing_find(c);
    for (uint32_t k = 0; x && k < PASSING_MAX && k < x->next; k++)
        if (x->seen[(x->next - 1 - k) % PASSING_MAX].tid == tid)
            return x->seen[(x->next - 1 - k) % PASSING_MAX].code;
    return 0;
}

static void drop(struct call *c, uint64_t reason, uint16_t code)
{
    c->env->port->fact(c->env, FACT_DROPPED, reason, code);
}

/* Where an error about this message should go; its signer is not known before it is verified. */
static struct origin passage_origin(const struct passage *p)
{
    return (struct origin){.slot = p->slot, .signer = PEER_NONE, .tid = p->h.transaction, .via = p->h.via, .max_response = p->h.max_response,
                           .ttl = p->h.ttl, .options = p->h.options};
}

/* Errors answer requests only: an error about an answer would have nowhere to go. */
static void refuse(struct call *c, const struct passage *p, uint16_t error, uint64_t reason)
{
    drop(c, reason, p->code);
    if (!message_is_request(p->code) || FRAGMENT_OFFSET(p->h.fragment) != 0 || p->slot == SLOT_SELF)
        return;
    struct origin to = passage_origin(p);
    answer_error(c, &to, error, NULL, 0);
}

/* A list names somebody twice, or more than a header of the greatest length can name. Two nodes may have made the same opaque id. */
static bool destinations_repeat(struct span list)
{
    struct span seen[64];
    unsigned n = 0;
    struct reader r = reader_on(list.b, list.len, false);
    while (reader_left(&r) > 0) {
        const uint8_t *start = r.p;
        struct destination d;
        if (destination_read(&r, &d))
            return true;
        uint32_t len = (uint32_t)(r.p - start);
        for (unsigned i = 0; i < n && !via_opaque(&d); i++)
            if (seen[i].len == len && memcmp(seen[i].b, start, len) == 0)
                return true;
        if (n == sizeof seen / sizeof *seen)
            return true;
        seen[n++] = (struct span){start, len};
    }
    return false;
}

/* RFC 6940 6.3.2.3: an option that we do not understand and must. We know one (RFC 7263), where the configuration asks for it. */
static bool option_critical(const struct call *c, struct span list, uint8_t flag)
{
    struct reader r = reader_on(list.b, list.len, false);
    struct forwarding_option o;
    while (reader_left(&r) > 0)
        if (option_read(&r, &o) == 0 && (o.flags & flag) && !(o.type == OPTION_EXTENSIVE_ROUTING && straight_mode(c->o)))
            return true;
    return false;
}

/* A later fragment whose first was not seen does not say whether it belongs to a request. An answer names every hop in its destination list and never has a via list. */
static bool passage_is_request(const struct passage *p)
{
    return p->code ? message_is_request(p->code) : p->h.via.len > 0 || !p->popped;
}

/* RFC 6940 6.1.2: on with the message, our decrement taken, the node that it came from noted in a request's via list. */
static void forward(struct call *c, struct passage *p, uint16_t slot)
{
    bool ours = p->slot == SLOT_SELF;
    if (!ours && p->h.ttl == 0) {
        refuse(c, p, ERROR_TTL_EXCEEDED, DROP_TTL);
        return;
    }
    if (!ours && option_critical(c, p->h.options, OPTION_FORWARD_CRITICAL)) {
        refuse(c, p, ERROR_UNSUPPORTED_FORWARDING_OPTION, DROP_OPTION);
        return;
    }
    uint8_t via[DRAFT_HEADROOM], out[FORWARD_CAP];
    struct header h = p->h;
    if (!ours) {
        h.ttl--;
        if (passage_is_request(p)) {
            struct writer v = writer_on(via, sizeof via, false);
            via_extend(c, &v, &h, p->slot);
            if (v.err) {
                drop(c, DROP_LIMIT, p->code);
                return;
            }
            h.via = (struct span){via, writer_len(&v)};
        }
    }
    h.length = p->h.length - header_bytes(&p->h) + header_bytes(&h);
    struct writer w = writer_on(out, sizeof out, false);
    header_put(&w, &h);
    put_bytes(&w, p->payload.b, p->payload.len);
    if (w.err) {
        drop(c, DROP_LIMIT, p->code);
        return;
    }
    link_send(c, slot, out, writer_len(&w), h.length, p->code, h.transaction);
}

/* RFC 7263 5.4.1: where the answer goes. False: it has been refused. */
static bool request_offer(struct call *c, struct origin *from)
{
    enum straight offer = straight_asked(c, from);
    from->straight = offer == STRAIGHT_TAKEN;
    if (offer == STRAIGHT_NONE && straight_mode(c->o))
        straight_abort(c, from->tid);
    if (offer == STRAIGHT_REFUSED)
        answer_error(c, from, ERROR_UNKNOWN_EXTENSION, NULL, 0);
    return offer != STRAIGHT_REFUSED;
}

static void request_in(struct call *c, struct origin *from, const struct message *m)
{
    c->env->port->fact(c->env, FACT_REQUEST_SERVED, from->tid,
                       (uint64_t)(from->slot == SLOT_SELF ? 0 : c->o->initial_ttl - from->ttl + 1) << 16 | m->code);
    if ((from->options.len || straight_mode(c->o)) && !option_critical(c, from->options, OPTION_DESTINATION_CRITICAL) && !request_offer(c, from))
        return;
    if (answer_repeat(c, from))
        return;
    if (option_critical(c, from->options, OPTION_DESTINATION_CRITICAL)) {
        answer_error(c, from, ERROR_UNSUPPORTED_FORWARDING_OPTION, NULL, 0);
        return;
    }
    if (m->unknown_critical) {
        answer_error(c, from, ERROR_UNKNOWN_EXTENSION, NULL, 0);
        return;
    }
    if (!configuration_agrees(c, from, m->header.config_sequence, m->code))
        return;
    switch (m->code) {
    case PING_REQ:
        ping_request(c, from, m);
        break;
    case PROBE_REQ:
        probe_request(c, from, m);
        break;
    case ATTACH_REQ:
        attach_request(c, from, m);
        break;
    case APP_ATTACH_REQ: /* no application is registered: RFC 6940 6.5.2 */
        answer_error(c, from, ERROR_NOT_FOUND, NULL, 0);
        break;
    case JOIN_REQ:
        topology_join(c, from, m);
        break;
    case LEAVE_REQ:
        topology_leave(c, from, m);
        break;
    case UPDATE_REQ:
        topology_update(c, from, m);
        break;
    case ROUTE_QUERY_REQ:
        topology_route_query(c, from, m);
        break;
    case STORE_REQ:
        store_request(c, from, m);
        break;
    case FETCH_REQ:
        fetch_request(c, from, m);
        break;
    case STAT_REQ:
        stat_request(c, from, m);
        break;
    case FIND_REQ:
        find_request(c, from, m);
        break;
    case CONFIG_UPDATE_REQ:
        configuration_request(c, from, m);
        break;
    case PATH_TRACK_REQ:
        path_track_request(c, from, m);
        break;
    default: /* private methods */
        answer_error(c, from, ERROR_INVALID_MESSAGE, NULL, 0);
        break;
    }
}

/* A whole message for us. RFC 6940 6.3.4: only the destination verifies; a bad signature is dropped silently. */
static void deliver_whole(struct call *c, struct passage *p, const uint8_t *b, uint32_t len, bool to_resource, struct id resource, bool wildcard)
{
    struct message m;
    int err = message_read(b, len, p->folded, &m);
    if (err) {
        drop(c, DROP_MALFORMED, p->code);
        return;
    }
    uint8_t fixed[12];
    struct writer w = writer_on(fixed, sizeof fixed, false);
    put_u32(&w, m.header.overlay);
    put_u64(&w, m.header.transaction);
    struct piece piece[2] = {{fixed, sizeof fixed}, {m.contents.b, m.contents.len}};
    if (!credential_resolve(c, &m.security, &m.security.signature) || c->env->port->verify(c->env, piece, 2, &m.security.signature)) {
        drop(c, DROP_BAD_SIGNATURE, m.code);
        return;
    }
    struct origin from = {.slot = p->slot, .signer = m.security.signature.signer, .tid = m.header.transaction, .via = m.header.via,
                          .max_response = m.header.max_response, .ttl = m.header.ttl, .to_resource = to_resource, .to_wildcard = wildcard,
                          .resource = resource, .options = m.header.options};
    if (message_is_request(m.code))
        request_in(c, &from, &m);
    else
        transaction_answer(c, &from, &m);
}

static void deliver(struct call *c, struct passage *p, const struct destination *d)
{
    struct id resource = d->type == DESTINATION_RESOURCE ? d->id : (struct id){0, 0};
    bool to_resource = d->type == DESTINATION_RESOURCE, wildcard = !to_resource && id_equal(d->id, ID_WILDCARD);
    if (p->h.fragment == FRAGMENT_WHOLE) {
        deliver_whole(c, p, p->whole.b, p->whole.len, to_resource, resource, wildcard);
        return;
    }
    uint8_t whole[DRAFT_CAP];
    uint32_t true_len;
    long len = reassembly_add(c, p->slot, &p->h, p->payload, whole, sizeof whole, &true_len);
    p->folded = len > 0 && len != (long)true_len;
    if (len < 0)
        drop(c, DROP_REASSEMBLY, p->code);
    else if (len > 0)
        deliver_whole(c, p, whole, (uint32_t)len, to_resource, resource, wildcard);
}

/* Node-ID that is not ours: to it when connected; else by the topology, unless it would be in our own range (RFC 6940 6.1.1). */
static void route_node(struct call *c, struct passage *p, struct id id)
{
    uint16_t slot = link_to_id(c, id);
    if (slot == SLOT_NONE && topology_responsible(c, id)) {
        drop(c, DROP_UNKNOWN_DESTINATION, p->code);
        return;
    }
    if (slot == SLOT_NONE)
        slot = topology_next_hop(c, id, p->slot == SLOT_SELF, NULL);
    if (slot == SLOT_NONE)
        drop(c, DROP_NO_ROUTE, p->code);
    else
        forward(c, p, slot);
}

/* The link to the node that this request began at, SLOT_NONE if there is none: the first in its via list, or the one that it came from. */
static uint16_t passage_origin_slot(const struct call *c, const struct passage *p)
{
    struct reader r = reader_on(p->h.via.b, p->h.via.len, false);
    struct destination d;
    if (reader_left(&r) == 0)
        return p->slot;
    return destination_read(&r, &d) || d.type != DESTINATION_NODE ? SLOT_NONE : link_to_id(c, d.id);
}

static void route_resource(struct call *c, struct passage *p, const struct destination *d, bool alone)
{
    if (topology_responsible(c, d->id)) {
        if (alone)
            deliver(c, p, d);
        else
            drop(c, DROP_MALFORMED, p->code);
        return;
    }
    /* Never back: whoever sent it knows no better than we do, and a link to where it began may lead to that node's earlier life. */
    const uint16_t avoid[2] = {p->slot, passage_origin_slot(c, p)};
    uint16_t slot = link_to_id(c, d->id);
    /* The node of that id owns it if it is on the ring; a client that asks for its own place is not. */
    if (slot == SLOT_NONE || !(link_at(c, slot)->flags & LINK_PEER_READY) || slot == avoid[0] || slot == avoid[1])
        slot = topology_next_hop(c, d->id, p->slot == SLOT_SELF, avoid);
    if (slot == SLOT_NONE)
        drop(c, DROP_NO_ROUTE, p->code);
    else
        forward(c, p, slot);
}

/* On over this link, which the way back that we kept names: its node comes first in what is left of the list. */
static void route_back(struct call *c, struct passage *p, uint16_t slot, struct span rest)
{
    uint8_t list[DRAFT_HEADROOM];
    struct writer w = writer_on(list, sizeof list, false);
    destination_put_node(&w, link_id(c, slot));
    put_span(&w, rest);
    if (w.err) {
        drop(c, DROP_LIMIT, p->code);
        return;
    }
    p->h.length = p->h.length - p->h.destination.len + writer_len(&w);
    p->h.destination = (struct span){list, writer_len(&w)};
    forward(c, p, slot);
}

/* RFC 6940 6.1.3: what a compressed id of ours stands for takes its place. Others' ids mean nothing here. */
static void route_opaque(struct call *c, struct passage *p, const struct destination *d, struct span rest)
{
    uint16_t slot = via_expand(c, d);
    if (slot == SLOT_NONE)
        drop(c, DROP_UNKNOWN_DESTINATION, p->code);
    else
        route_back(c, p, slot, rest);
}

/* RFC 6940 6.1.2: an answer that comes back to us because we forwarded its request and remember from where. False: it is for us, or the list goes on. */
static bool route_remembered(struct call *c, struct passage *p, struct span rest)
{
    bool known;
    uint16_t slot = via_remembered(c, p->h.transaction, &known);
    /* A later fragment in true form may belong to the request: that comes from where the first did. */
    if (!known || (p->code ? message_is_request(p->code) : p->slot == slot) || transaction_ours(c, p->h.transaction))
        return false;
    if (slot == SLOT_NONE)
        drop(c, DROP_NO_ROUTE, p->code);
    else
        route_back(c, p, slot, rest);
    return true;
}

/* Works off the destination list from its first entry (RFC 6940 6.1.1, 6.1.2). */
static void route(struct call *c, struct passage *p)
{
    struct reader r = reader_on(p->h.destination.b, p->h.destination.len, false);
    while (reader_left(&r) > 0) {
        const uint8_t *entry = r.p;
        struct destination d;
        if (destination_read(&r, &d)) {
            drop(c, DROP_MALFORMED, p->code);
            return;
        }
        struct span here = {entry, (uint32_t)reader_left(&r) + (uint32_t)(r.p - entry)};
        p->h.length -= p->h.destination.len - here.len;
        p->h.destination = here;
        bool last = reader_left(&r) == 0;
        if (d.type == DESTINATION_RESOURCE && d.bytes.len == ID_BYTES) {
            route_resource(c, p, &d, last);
            return;
        }
        struct span rest = {r.p, (uint32_t)reader_left(&r)};
        if (d.type != DESTINATION_NODE) {
            route_opaque(c, p, &d, rest);
            return;
        }
        bool mine = id_equal(d.id, c->n->id) || id_equal(d.id, ID_WILDCARD);
        if (!mine) {
            route_node(c, p, d.id);
            return;
        }
        if (c->o->via == VIA_STATE && p->slot != SLOT_SELF && route_remembered(c, p, rest))
            return;
        if (last) {
            deliver(c, p, &d);
            return;
        }
        p->popped = true;
    }
    drop(c, DROP_MALFORMED, p->code);
}

/* RFC 6940 6.6: an error, then the link that it came over is closed; no error when the header alone exceeds the limit. */
static void message_too_large(struct call *c, struct passage *p)
{
    if (header_bytes(&p->h) > c->o->max_message_size)
        drop(c, (uint64_t)(int64_t)ERR_TOO_LARGE, p->code);
    else
        refuse(c, p, ERROR_MESSAGE_TOO_LARGE, (uint64_t)(int64_t)ERR_TOO_LARGE);
    if (link_at(c, p->slot)->state != LINK_UP)
        return;
    peer_h peer = link_peer(c, p->slot);
    uint8_t standing = link_at(c, p->slot)->standing;
    link_drop(c, p->slot, false);
    topology_link_lost(c, peer, standing, true);
}

void message_in(struct call *c, uint16_t slot, const uint8_t *b, uint32_t len, uint32_t true_len)
{
    struct passage p = {.slot = slot, .folded = len != true_len, .whole = {b, len}};
    struct reader r = reader_on(b, len, false);
    int err = header_read(&r, &p.h);
    p.code = message_peek_code(b, len, p.folded);
    if (!err && c->o->crypto == CRYPTO_OPENSSL && p.h.fragment != FRAGMENT_WHOLE) {
        if (p.code)
            passing_note(c, p.h.transaction, p.code);
        else
            p.code = passing_code(c, p.h.transaction);
    }
    bool first = err || FRAGMENT_OFFSET(p.h.fragment) == 0;
    c->env->port->fact(c->env, first ? FACT_MESSAGE_IN : FACT_FRAGMENT_IN, p.code, true_len);
    if (err || p.h.length != true_len || p.h.overlay != c->o->hash || !(p.h.fragment & FRAGMENT_HIGH)) {
        drop(c, err ? (uint64_t)(int64_t)err : DROP_MALFORMED, p.code);
        return;
    }
    p.payload = (struct span){r.p, (uint32_t)reader_left(&r)};
    if (header_bytes(&p.h) > HEADER_BYTES_MAX) {
        drop(c, DROP_LIMIT, p.code);
        return;
    }
    /* The via list is left out: its sender could not know how long it would grow. */
    if ((uint64_t)FRAGMENT_OFFSET(p.h.fragment) + true_len - p.h.via.len > c->o->max_message_size) {
        message_too_large(c, &p);
        return;
    }
    if (p.h.ttl > c->o->initial_ttl) {
        refuse(c, &p, ERROR_TTL_EXCEEDED, DROP_TTL);
        return;
    }
    if (p.h.destination.len > DESTINATION_RESOURCE_BYTES && destinations_repeat(p.h.destination)) {
        refuse(c, &p, ERROR_INVALID_MESSAGE, DROP_MALFORMED);
        return;
    }
    route(c, &p);
}

int message_out(struct call *c, uint16_t slot, const uint8_t *b, uint32_t len, uint32_t true_len, uint16_t code)
{
    struct passage p = {.slot = SLOT_SELF, .code = code, .folded = len != true_len, .whole = {b, len}};
    struct reader r = reader_on(b, len, false);
    int err = header_read(&r, &p.h);
    assert(err == 0);
    p.payload = (struct span){r.p, (uint32_t)reader_left(&r)};
    if (slot != SLOT_NONE && link_at(c, slot)->state == LINK_UP)
        return link_send(c, slot, b, len, true_len, code, p.h.transaction);
    route(c, &p);
    return err;
}

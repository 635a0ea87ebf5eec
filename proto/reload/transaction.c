/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/reload/transaction.h"

#include <string.h>

#include "proto/chord/chord.h"
#include "proto/chord/tuning.h"
#include "proto/fact.h"
#include "proto/reload/attach.h"
#include "proto/reload/configuration.h"
#include "proto/reload/iterative.h"
#include "proto/reload/link.h"
#include "proto/reload/straight.h"
#include "proto/reload/via.h"
#include "proto/reload/work.h"
#include "proto/store/store.h"

#define SENDS 5 /* RFC 6940 6.2.1 */

struct transaction {
    struct record r;
    struct errand errand;
    uint16_t code, len, true_len;
    uint8_t sends;
    uint8_t message[];
};

/* Contents and security block only: the request may come another way next time, and its answer has to go back there. */
struct kept_answer {
    struct record r;
    uint64_t tid;
    peer_h signer;
    uint16_t code, len, true_len;
    uint8_t payload[];
};

static struct transaction *transaction_at(const struct call *c, uint32_t at)
{
    return record_at(c, SECTION_WORK, at);
}

static uint64_t transaction_id(struct call *c)
{
    uint64_t tid;
    c->env->port->random(c->env, RANDOM_TRANSACTION, c->n->transactions++, &tid, sizeof tid);
    return tid;
}

/* Errands that node_request started: their end is a fact. */
static bool asked_by_user(const struct errand *e)
{
    return e->purpose == PURPOSE_USER_STORE || e->purpose == PURPOSE_USER_FETCH || e->purpose == PURPOSE_USER_STAT ||
           e->purpose == PURPOSE_USER_FIND;
}

static bool walks(const struct call *c, const struct errand *e)
{
    return c->o->routing == ROUTING_ITERATIVE && asked_by_user(e);
}

static bool offers(const struct call *c, const struct errand *e)
{
    return straight_mode(c->o) && asked_by_user(e);
}

/* Offset of the request with this transaction id; section_used: there is none. */
static uint32_t transaction_find_tid(const struct call *c, uint64_t tid)
{
    uint32_t at = 0;
    for (; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at))
        if (transaction_at(c, at)->r.type == WORK_TRANSACTION && transaction_at(c, at)->errand.tid == tid)
            break;
    return at;
}

bool transaction_ours(const struct call *c, uint64_t tid)
{
    return transaction_find_tid(c, tid) < section_used(c, SECTION_WORK);
}

uint16_t transaction_code(const struct call *c, uint64_t tid)
{
    return transaction_at(c, transaction_find_tid(c, tid))->code;
}

void transaction_transmit(struct call *c, uint64_t tid, uint16_t slot)
{
    const struct transaction *t = transaction_at(c, transaction_find_tid(c, tid));
    uint8_t copy[DRAFT_CAP];
    uint16_t len = t->len, true_len = t->true_len, code = t->code;
    memcpy(copy, t->message, len);
    if (code != CONFIG_UPDATE_REQ)
        store_be16(copy + HEADER_CONFIG_SEQUENCE_AT, c->o->sequence); /* not signed; it may have changed since */
    message_out(c, slot, copy, len, true_len, code);
}

static bool offer_made(const struct transaction *t)
{
    struct reader r = reader_on(t->message, t->len, false);
    struct header h;
    return header_read(&r, &h) == 0 && h.options.len > 0;
}

/* The request goes on without its offer (RFC 7263 5.4.2). */
static void offer_withdraw(struct call *c, uint32_t at)
{
    struct transaction *t = transaction_at(c, at);
    uint8_t copy[DRAFT_CAP];
    struct header h;
    memcpy(copy, t->message, t->len);
    struct reader r = reader_on(copy, t->len, false);
    if (header_read(&r, &h))
        return;
    uint16_t less = (uint16_t)h.options.len;
    struct writer w = writer_on(t->message, t->len, false);
    h.options.len = 0;
    h.length -= less;
    header_put(&w, &h);
    put_bytes(&w, r.p, reader_left(&r));
    assert(w.err == 0);
    t->len = (uint16_t)(t->len - less);
    t->true_len = (uint16_t)(t->true_len - less);
}

int request_send(struct call *c, struct draft *d, const struct route *route, const struct errand *errand)
{
    uint8_t list[2 * DESTINATION_RESOURCE_BYTES];
    struct writer w = writer_on(list, sizeof list, false);
    if (route->taught)
        destination_put_node(&w, route->teacher);
    if (route->to_resource)
        destination_put_resource(&w, route->target);
    else
        destination_put_node(&w, route->target);
    uint8_t option[STRAIGHT_OPTION_BYTES];
    if (offers(c, errand))
        d->options = straight_offer(c, option);
    uint64_t tid = transaction_id(c);
    int err = draft_close(c, d, tid, (struct span){list, writer_len(&w)});
    if (err)
        return err;
    unsigned open = 0;
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at))
        open += transaction_at(c, at)->r.type == WORK_TRANSACTION;
    if (open >= c->o->limits.transactions)
        return ERR_NO_ROOM;
    /* A bound request of the topology is written anew when it must be repeated: dozens may be under way at once. */
    uint32_t kept = errand->purpose == PURPOSE_UPDATE ? 0 : d->len;
    struct transaction *t = record_add(c, SECTION_WORK, WORK_TRANSACTION, (uint32_t)offsetof(struct transaction, message) + kept);
    if (!t)
        return ERR_NO_ROOM;
    t->r.slot = route->slot;
    t->errand = *errand;
    t->errand.tid = tid;
    t->errand.started = c->env->now;
    t->errand.to_resource = route->to_resource;
    if (route->to_resource)
        t->errand.resource = route->target;
    t->code = d->code;
    t->len = (uint16_t)kept;
    t->true_len = (uint16_t)d->true_len;
    t->sends = 1;
    memcpy(t->message, d->message, kept);
    record_due(c, &t->r, time_add(c->env->now, c->o->reliability_timer));
    if (asked_by_user(errand))
        c->env->port->fact(c->env, FACT_REQUEST_SENT, errand->tag, tid);
    if (walks(c, errand)) {
        err = iterative_begin(c, tid, route->target);
        if (err)
            record_remove(c, SECTION_WORK, transaction_find_tid(c, tid));
        return err;
    }
    message_out(c, route->slot, d->message, d->len, d->true_len, d->code);
    return 0;
}

/* error: 0 = timeout, else a RELOAD error code; hops of the answer that brought it. */
static void errand_failed(struct call *c, const struct errand *e, uint16_t error, unsigned hops)
{
    switch (e->purpose) {
    case PURPOSE_USER_STORE:
    case PURPOSE_USER_FETCH:
    case PURPOSE_USER_STAT:
    case PURPOSE_USER_FIND:
        c->env->port->fact(c->env, FACT_REQUEST_FAILED, e->tag, (uint64_t)error | (uint64_t)hops << 16);
        break;
    case PURPOSE_UPDATE:
        chord_update_done(c, e->peer);
        break;
    case PURPOSE_ATTACH:
        attach_failed(c, e, error);
        break;
    case PURPOSE_JOIN:
        chord_join_failed(c, e, error);
        break;
    case PURPOSE_FINGER_PING:
        break;
    case PURPOSE_LINK_PING:
        chord_link_ping_done(c, e->peer);
        break;
    case PURPOSE_REPLICA:
        store_replica_failed(c, e, error);
        break;
    case PURPOSE_ADOPT:
        break; /* our copy stays what it is; the next change of the replica set tries again */
    case PURPOSE_CERTIFICATE:
        certificate_failed(c, error);
        break;
    case PURPOSE_CONFIGURE:
        break; /* its next request tells whether it has it */
    case PURPOSE_PROBE:
    case PURPOSE_PARTITION_PING:
        break; /* whoever stands there knows no ring */
    case PURPOSE_LEAVE:
        chord_leave_done(c);
        break;
    case PURPOSE_ROUTE_QUERY:
        iterative_failed(c, e, error);
        break;
    }
}

/* Links that this answer crossed, and those to the peers that were asked the way. */
static unsigned hops_of(const struct call *c, const struct errand *e, const struct origin *from)
{
    return from->slot == SLOT_SELF ? 0 : (unsigned)(c->o->initial_ttl - from->ttl) + 1 + e->asked;
}

static void errand_answered(struct call *c, const struct errand *e, const struct origin *from, const struct message *m)
{
    switch (e->purpose) {
    case PURPOSE_USER_STORE:
    case PURPOSE_USER_FETCH:
    case PURPOSE_USER_STAT:
    case PURPOSE_USER_FIND:
        c->env->port->fact(c->env, FACT_REQUEST_ANSWERED, e->tag, FACT_ANSWER(from->signer, hops_of(c, e, from), store_answer_read(c, e, m)));
        break;
    case PURPOSE_UPDATE:
        chord_update_done(c, e->peer);
        break;
    case PURPOSE_ATTACH:
        attach_answered(c, e, from, m);
        break;
    case PURPOSE_JOIN:
        chord_join_answered(c, e);
        break;
    case PURPOSE_FINGER_PING:
        chord_finger_found(c, e->aux, from->signer);
        break;
    case PURPOSE_LINK_PING:
        chord_link_ping_done(c, e->peer);
        break;
    case PURPOSE_PROBE:
        tuning_probed(c, from->signer, m);
        break;
    case PURPOSE_PARTITION_PING:
        chord_partition_answered(c, e, from->signer);
        break;
    case PURPOSE_REPLICA:
        store_replica_done(c, e);
        break;
    case PURPOSE_ADOPT:
        store_adopt(c, e, m);
        break;
    case PURPOSE_CERTIFICATE:
    case PURPOSE_CONFIGURE:
        break;
    case PURPOSE_LEAVE:
        chord_leave_done(c);
        break;
    case PURPOSE_ROUTE_QUERY:
        iterative_answered(c, e, m);
        break;
    }
}

/* RFC 6940 6.3.4: the answer to a Node-ID request is signed by that node; the answer to a Resource-ID request by a node at least as close to
 * it as any neighbour of ours. */
static bool signer_allowed(const struct call *c, const struct errand *e, peer_h signer)
{
    if (!e->to_resource)
        return e->peer == PEER_NONE || signer == e->peer;
    /* Another partition's idea of who stands there is what we ask for. */
    if (signer == c->n->self || c->n->state != NODE_JOINED || e->purpose == PURPOSE_PARTITION_PING)
        return true;
    return chord_signer_plausible(c, e->resource, signer);
}

void transaction_answer(struct call *c, const struct origin *from, const struct message *m)
{
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at)) {
        struct transaction *t = transaction_at(c, at);
        if (t->r.type != WORK_TRANSACTION || t->errand.tid != from->tid)
            continue;
        struct errand e = t->errand;
        uint16_t code = t->code;
        bool offered = offers(c, &e) && t->sends == 1 && offer_made(t);
        /* An error may come from any hop on the way; over a single one there is only its end. */
        bool error_here = m->code == MESSAGE_ERROR && !(e.bound && e.peer != PEER_NONE && from->signer != e.peer);
        if (!error_here && (m->code != code + 1 || !signer_allowed(c, &e, from->signer))) {
            c->env->port->fact(c->env, FACT_DROPPED, DROP_BAD_SIGNATURE, m->code);
            return;
        }
        struct error_body error;
        if (error_here && code != CONFIG_UPDATE_REQ && error_read(m->body, &error) == 0 &&
            (configuration_refused(c, from, error.code) || (error.code == ERROR_UNKNOWN_KIND && configuration_kinds_refused(c, from, error.info))))
            return; /* the timer repeats it under the sequence of then */
        record_remove(c, SECTION_WORK, at);
        if (walks(c, &e))
            e.asked = iterative_end(c, e.tid);
        if (offered)
            straight_note(c, true);
        if (m->code != MESSAGE_ERROR)
            errand_answered(c, &e, from, m);
        else if (error_read(m->body, &error) == 0)
            errand_failed(c, &e, error.code, hops_of(c, &e, from));
        return;
    }
    c->env->port->fact(c->env, FACT_LATE_ANSWER, from->tid, m->code);
}

void transaction_due(struct call *c, uint32_t at)
{
    struct transaction *t = transaction_at(c, at);
    struct errand e = t->errand;
    bool cut_off = e.bound && t->r.slot == SLOT_NONE;
    sim_time next = e.started + (sim_time)t->sends * c->o->reliability_timer;
    if (!cut_off && c->env->now < next) { /* woken because its first hop went away: the timer decides */
        record_due(c, &t->r, next);
        return;
    }
    if (cut_off || t->sends == SENDS) {
        record_remove(c, SECTION_WORK, at);
        if (walks(c, &e))
            iterative_end(c, e.tid);
        errand_failed(c, &e, 0, 0);
        return;
    }
    t->sends++;
    record_due(c, &t->r, time_add(c->env->now, c->o->reliability_timer));
    if (e.bound && link_carries(c, t->r.slot, e.tid))
        return; /* one hop, and the link is still at it: a copy behind it in the queue would help nobody */
    uint8_t resends = (uint8_t)(t->sends - 1);
    if (offers(c, &e) && offer_made(t)) {
        offer_withdraw(c, at);
        straight_note(c, false);
    }
    if (walks(c, &e)) {
        if (iterative_repeat(c, e.tid))
            c->env->port->fact(c->env, FACT_RESENT, e.tid, resends);
        return;
    }
    c->env->port->fact(c->env, FACT_RESENT, e.tid, resends);
    if (e.purpose == PURPOSE_UPDATE) {
        chord_update_repeat(c, t->r.slot, (enum chord_update)e.aux, e.tid);
        return;
    }
    transaction_transmit(c, e.tid, t->r.slot);
}

static uint32_t transaction_find(const struct call *c, enum purpose purpose, peer_h peer)
{
    uint32_t at = 0;
    for (; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at)) {
        const struct transaction *t = transaction_at(c, at);
        if (t->r.type == WORK_TRANSACTION && t->errand.purpose == purpose && t->errand.peer == peer)
            break;
    }
    return at;
}

bool transaction_pending(const struct call *c, enum purpose purpose, peer_h peer)
{
    return transaction_find(c, purpose, peer) < section_used(c, SECTION_WORK);
}

bool transaction_pending_about(const struct call *c, enum purpose purpose, peer_h peer, uint32_t tag, struct id resource)
{
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at)) {
        const struct transaction *t = transaction_at(c, at);
        if (t->r.type == WORK_TRANSACTION && t->errand.purpose == purpose && t->errand.peer == peer && t->errand.tag == tag &&
            id_equal(t->errand.resource, resource))
            return true;
    }
    return false;
}

bool transaction_cancel(struct call *c, enum purpose purpose, peer_h peer, struct errand *e)
{
    uint32_t at = transaction_find(c, purpose, peer);
    if (at >= section_used(c, SECTION_WORK))
        return false;
    *e = transaction_at(c, at)->errand;
    record_remove(c, SECTION_WORK, at);
    return true;
}

void transaction_forget(struct call *c, enum purpose purpose)
{
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK);) {
        const struct transaction *t = transaction_at(c, at);
        if (t->r.type == WORK_TRANSACTION && t->errand.purpose == purpose)
            record_remove(c, SECTION_WORK, at);
        else
            at += t->r.size;
    }
}

void transaction_abandon(struct call *c)
{
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at)) {
        const struct transaction *t = transaction_at(c, at);
        if (t->r.type == WORK_TRANSACTION && (t->errand.purpose == PURPOSE_USER_STORE || t->errand.purpose == PURPOSE_USER_FETCH))
            errand_failed(c, &t->errand, 0, 0);
    }
}

unsigned transaction_count(const struct call *c, enum purpose purpose)
{
    unsigned n = 0;
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at))
        n += transaction_at(c, at)->r.type == WORK_TRANSACTION && transaction_at(c, at)->errand.purpose == purpose;
    return n;
}

unsigned transaction_count_aux(const struct call *c, enum purpose purpose, uint32_t aux_high)
{
    unsigned n = 0;
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at)) {
        const struct transaction *t = transaction_at(c, at);
        n += t->r.type == WORK_TRANSACTION && t->errand.purpose == purpose && t->errand.aux >> 8 == aux_high;
    }
    return n;
}

/* ---- answers ---- */

#define VIA_MAX 128u /* entries; more than a header of the greatest length and ttl leave room for */

/* RFC 6940 6.1.2: the previous hop, then the via list reversed. Opaque ids are copied: who made them understands them (6.1.3). */
static int answer_route(struct call *c, const struct origin *to, struct writer *w)
{
    if (to->slot == SLOT_SELF)
        return 0;
    destination_put_node(w, link_id(c, to->slot));
    struct span back[VIA_MAX];
    unsigned n = 0;
    struct reader r = reader_on(to->via.b, to->via.len, false);
    while (reader_left(&r) > 0) {
        struct destination d;
        const uint8_t *entry = r.p;
        int err = destination_read(&r, &d);
        if (err)
            return err;
        if ((d.type != DESTINATION_NODE && !via_opaque(&d)) || n == VIA_MAX)
            return ERR_VALUE; /* 6.3.2.2: no resource stands in a via list */
        back[n++] = (struct span){entry, (uint32_t)(r.p - entry)};
    }
    while (n > 0)
        put_span(w, back[--n]);
    return w->err;
}

/* RFC 6940 6.3.2.3: options marked RESPONSE_COPY return without their flags. They fit: a header is never longer than what `cap` is. */
static struct span answer_options(const struct origin *to, uint8_t *b, size_t cap)
{
    struct reader r = reader_on(to->options.b, to->options.len, false);
    struct writer w = writer_on(b, cap, false);
    while (reader_left(&r) > 0) {
        struct forwarding_option o;
        if (option_read(&r, &o))
            break;
        if (!(o.flags & OPTION_RESPONSE_COPY))
            continue;
        o.flags &= (uint8_t)~(OPTION_FORWARD_CRITICAL | OPTION_DESTINATION_CRITICAL | OPTION_RESPONSE_COPY);
        option_put(&w, &o);
    }
    return (struct span){b, writer_len(&w)};
}

/* straight: the link that it takes instead of the way of the request, SLOT_NONE = none. */
static void answer_deliver(struct call *c, const struct origin *to, uint16_t straight, const uint8_t *message, uint32_t len, uint32_t true_len, uint16_t code)
{
    if (to->slot == SLOT_SELF) {
        struct message m;
        struct origin self = *to;
        self.signer = c->n->self;
        if (message_read(message, len, len != true_len, &m) == 0)
            transaction_answer(c, &self, &m);
        return;
    }
    if (straight != SLOT_NONE) {
        straight_send(c, straight, to->tid, message, len, true_len, code);
        return;
    }
    message_out(c, link_at(c, to->slot)->state == LINK_UP ? to->slot : SLOT_NONE, message, len, true_len, code);
}

/* As many as requests of our own may be open; then the oldest goes. A flood of requests would fill the node with them. */
static void answers_bound(struct call *c)
{
    uint32_t kept = 0, oldest = 0;
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at)) {
        const struct kept_answer *k = record_at(c, SECTION_WORK, at);
        if (k->r.type == WORK_ANSWER && kept++ == 0)
            oldest = at; /* they are appended */
    }
    if (kept >= c->o->limits.transactions)
        record_remove(c, SECTION_WORK, oldest);
}

static void answer_keep(struct call *c, const struct origin *to, const struct draft *d)
{
    uint32_t head = d->header_bytes, len = d->len - head;
    answers_bound(c);
    struct kept_answer *k = record_add(c, SECTION_WORK, WORK_ANSWER, (uint32_t)(offsetof(struct kept_answer, payload) + len));
    if (!k)
        return;
    k->tid = to->tid;
    k->signer = to->signer;
    k->code = d->code;
    k->len = (uint16_t)len;
    k->true_len = (uint16_t)(d->true_len - head);
    memcpy(k->payload, d->message + head, len);
    record_due(c, &k->r, time_add(c->env->now, SENDS * c->o->reliability_timer));
}

void answer_send(struct call *c, const struct origin *to, struct draft *d, bool keep)
{
    uint8_t list[DRAFT_HEADROOM];
    struct writer w = writer_on(list, sizeof list, false);
    uint8_t options[DRAFT_HEADROOM];
    uint16_t straight = straight_slot(c, to, &w);
    int err = straight == SLOT_NONE ? answer_route(c, to, &w) : 0;
    d->options = answer_options(to, options, sizeof options);
    if (err == 0)
        err = draft_close(c, d, to->tid, (struct span){list, writer_len(&w)});
    bool long_answer = err == ERR_TOO_LARGE || (err == 0 && to->max_response && d->true_len > to->max_response);
    if (long_answer && d->code != MESSAGE_ERROR) { /* over the asker's limit, max-message-size, or what we can build */
        answer_error(c, to, ERROR_RESPONSE_TOO_LARGE, NULL, 0);
        return;
    }
    if (err == ERR_TOO_LARGE && d->code != MESSAGE_ERROR) { /* over max-message-size, or than we can build */
        answer_error(c, to, ERROR_RESPONSE_TOO_LARGE, NULL, 0);
        return;
    }
    if (err) {
        c->env->port->fact(c->env, FACT_DROPPED, (uint64_t)(int64_t)err, d->code);
        return;
    }
    if (keep)
        answer_keep(c, to, d);
    answer_deliver(c, to, straight, d->message, d->len, d->true_len, d->code);
}

void answer_error(struct call *c, const struct origin *to, uint16_t code, const void *info, size_t len)
{
    static const char invalid[] = "malformed or contradictory request"; /* 6.3.3.1: a description, to aid in debugging */
    struct draft d;
    if (code == ERROR_INVALID_MESSAGE && len == 0)
        info = invalid, len = sizeof invalid - 1;
    draft_begin(c, &d, MESSAGE_ERROR);
    error_put(&d.w, &(struct error_body){.code = code, .info = {info, (uint32_t)len}});
    answer_send(c, to, &d, false);
}

/* The kept payload behind a header for the way that the request has come this time. */
static void answer_again(struct call *c, const struct origin *to, const struct kept_answer *k)
{
    uint8_t list[DRAFT_HEADROOM], copy[DRAFT_CAP];
    uint8_t options[DRAFT_HEADROOM];
    struct writer route = writer_on(list, sizeof list, false), w = writer_on(copy, sizeof copy, false);
    uint16_t straight = straight_slot(c, to, &route);
    int err = straight == SLOT_NONE ? answer_route(c, to, &route) : 0;
    struct header h = draft_header(c, to->tid, (struct span){list, writer_len(&route)});
    h.options = answer_options(to, options, sizeof options);
    h.length = header_bytes(&h) + k->true_len;
    header_put(&w, &h);
    put_bytes(&w, k->payload, k->len);
    if (err || w.err)
        c->env->port->fact(c->env, FACT_DROPPED, (uint64_t)(int64_t)(err ? err : w.err), k->code);
    else
        answer_deliver(c, to, straight, copy, writer_len(&w), h.length, k->code);
}

bool answer_repeat(struct call *c, const struct origin *to)
{
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at)) {
        const struct kept_answer *k = record_at(c, SECTION_WORK, at);
        if (k->r.type != WORK_ANSWER || k->tid != to->tid || k->signer != to->signer)
            continue;
        answer_again(c, to, k);
        return true;
    }
    return false;
}

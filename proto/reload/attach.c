/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/reload/attach.h"

#include <string.h>

#include "proto/chord/chord.h"
#include "proto/fact.h"
#include "proto/reload/iterative.h"
#include "proto/reload/link.h"
#include "proto/reload/work.h"

#define EXPECT_FOR SECONDS(20) /* a DTLS handshake gives up before that */
#define HOST_PRIORITY UINT32_C(2130706431) /* RFC 8445 5.1.2.1: type preference 126, local preference 65535, component 1 */
#define CANDIDATE_HOST 1

struct expectation {
    struct record r;
    peer_h peer;
    uint32_t aux;  /* reason and entry as in errand.aux */
    bool answered; /* our Attach was; else refused because the peer's own is under way */
};

#define AUX(reason, entry) ((uint32_t)(reason) << 8 | (uint32_t)(entry))
#define AUX_REASON(aux) ((enum attach_reason)((aux) >> 8))
#define AUX_ENTRY(aux) ((aux) & 0xff)

/* Without ICE: no credentials, one host candidate. */
static void attach_body(struct call *c, struct draft *d, const char *role, bool send_update)
{
    uint8_t list[64];
    struct writer w = writer_on(list, sizeof list, false);
    struct candidate host = {.addr = {.type = 1}, .overlay_link = LINK_DTLS_UDP_SR_NO_ICE, .foundation = {(const uint8_t *)"1", 1},
                             .priority = HOST_PRIORITY, .type = CANDIDATE_HOST};
    c->env->port->addr_of(c->env, ADDR_NONE, &host.addr.addr);
    host.addr.type = host.addr.addr.version == 6 ? 2 : 1;
    candidate_put(&w, &host);
    struct attach a = {.role = {(const uint8_t *)role, (uint32_t)strlen(role)}, .candidates = {list, writer_len(&w)}, .send_update = send_update};
    attach_put(&d->w, &a);
}

int attach_send(struct call *c, enum attach_reason reason, unsigned entry, peer_h peer, const struct route *route)
{
    struct draft d;
    if (reason == ATTACH_NEIGHBOUR && attach_count(c, reason) >= c->o->limits.transactions / 2)
        return ERR_NO_ROOM; /* lists of others name them: no more than half of our requests are theirs to cause */
    draft_begin(c, &d, ATTACH_REQ);
    attach_body(c, &d, "passive", reason != ATTACH_WALK);
    return request_send(c, &d, route, &(struct errand){.purpose = PURPOSE_ATTACH, .aux = AUX(reason, entry), .peer = peer});
}

/* Address of the first candidate that we can use, ADDR_NONE if there is none. */
static addr_h usable_candidate(struct call *c, const struct attach *a)
{
    struct reader r = reader_on(a->candidates.b, a->candidates.len, false);
    while (reader_left(&r) > 0) {
        struct candidate x;
        if (candidate_read(&r, &x))
            break;
        if (x.overlay_link == LINK_DTLS_UDP_SR_NO_ICE && (x.addr.type == 1 || x.addr.type == 2))
            return c->env->port->addr_keep(c->env, &x.addr.addr);
    }
    return ADDR_NONE;
}

/* The peer has answered our Attach and is about to open the channel. */
static bool awaited(const struct call *c, peer_h peer)
{
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at)) {
        const struct expectation *x = record_at(c, SECTION_WORK, at);
        if (x->r.type == WORK_EXPECT && x->peer == peer && x->answered)
            return true;
    }
    return false;
}

/* RFC 6940 6.5.1.2. True when the request is refused because ours goes on. */
static bool glare(struct call *c, const struct origin *from)
{
    struct errand ours;
    if (awaited(c, from->signer)) {
        answer_error(c, from, ERROR_IN_PROGRESS, NULL, 0);
        return true;
    }
    if (!transaction_pending(c, PURPOSE_ATTACH, from->signer))
        return false;
    if (id_compare(c->n->id, c->env->port->id_of(c->env, from->signer)) > 0) {
        answer_error(c, from, ERROR_IN_PROGRESS, NULL, 0);
        return true;
    }
    if (transaction_cancel(c, PURPOSE_ATTACH, from->signer, &ours))
        attach_failed(c, &ours, ERROR_IN_PROGRESS);
    return false;
}

static void channel_open(struct call *c, peer_h peer, addr_h addr, bool update)
{
    struct chan_args args = {.addr = addr};
    if (c->env->port->channel(c->env, CHAN_OPEN, &args))
        return;
    if (!link_open(c, (uint16_t)args.chan, peer)) {
        c->env->port->channel(c->env, CHAN_CLOSE, &args);
        return;
    }
    if (update)
        link_at(c, (uint16_t)args.chan)->flags |= LINK_UPDATE_WANTED;
}

void attach_request(struct call *c, const struct origin *from, const struct message *m)
{
    struct attach a;
    if (attach_read(m->body, &a) || from->signer == c->n->self) {
        answer_error(c, from, ERROR_INVALID_MESSAGE, NULL, 0);
        return;
    }
    addr_h addr = usable_candidate(c, &a);
    if (addr == ADDR_NONE) {
        answer_error(c, from, ERROR_INVALID_MESSAGE, NULL, 0);
        return;
    }
    if (glare(c, from))
        return;
    uint16_t slot = link_to(c, from->signer);
    /* Asked by Node-ID, the asker has no link to us: ours, if any, leads to its earlier life. So it does when the asker joins and the request has come
     * another way. A joiner is not to be routed through, whatever its earlier life was. */
    struct id asker = c->env->port->id_of(c->env, from->signer);
    bool joins = from->to_resource && (id_equal(from->resource, id_next(asker)) || id_equal(from->resource, asker)); /* a client asks for n itself */
    bool linked = slot != SLOT_NONE && from->to_resource && (slot == from->slot || !joins);
    if (slot != SLOT_NONE && (joins || !linked)) {
        link_at(c, slot)->flags &= (uint8_t)~LINK_PEER_READY;
        chord_usable(c, slot);
    }
    if (linked && a.send_update)
        chord_update_mark(c, slot, UPDATE_FULL, UPDATE_FOR_ATTACH);
    if (!linked && link_opening(c, from->signer) == SLOT_NONE)
        channel_open(c, from->signer, addr, a.send_update);
    struct draft d;
    draft_begin(c, &d, ATTACH_ANS);
    attach_body(c, &d, "active", false);
    answer_send(c, from, &d, true); /* a second copy must not open a second channel */
}

static void attach_done(struct call *c, uint32_t aux, uint16_t slot)
{
    link_at(c, slot)->flags |= LINK_OURS;
    switch (AUX_REASON(aux)) {
    case ATTACH_ADMITTING:
        chord_admitting_linked(c, slot);
        break;
    case ATTACH_NEIGHBOUR:
        chord_neighbour_linked(c, slot);
        break;
    case ATTACH_FINGER:
        chord_finger_linked(c, AUX_ENTRY(aux), slot);
        break;
    case ATTACH_WALK:
        iterative_linked(c, slot);
        break;
    }
}

/* The admitting peer may have linked to us and have let us join although its answer never came: then nothing is lost. A neighbour that cannot be
 * reached is not waited for. */
static void attach_lost(struct call *c, uint32_t aux)
{
    if (AUX_REASON(aux) == ATTACH_ADMITTING && c->n->state == NODE_ATTACHING && link_to(c, c->n->admitting) == SLOT_NONE)
        chord_join_restart(c, JOIN_NO_ANSWER);
    else if (AUX_REASON(aux) == ATTACH_NEIGHBOUR)
        chord_join_progress(c);
}

static void expect(struct call *c, peer_h peer, uint32_t aux, bool answered)
{
    struct expectation *x = record_add(c, SECTION_WORK, WORK_EXPECT, sizeof *x);
    if (!x)
        return;
    x->peer = peer;
    x->aux = aux;
    x->answered = answered;
    record_due(c, &x->r, time_add(c->env->now, EXPECT_FOR));
}

void attach_answered(struct call *c, const struct errand *e, const struct origin *from, const struct message *m)
{
    struct attach a;
    if (attach_read(m->body, &a) || from->signer == c->n->self) {
        attach_lost(c, e->aux);
        return;
    }
    uint16_t slot = link_to(c, from->signer);
    if (slot != SLOT_NONE)
        attach_done(c, e->aux, slot);
    else
        expect(c, from->signer, e->aux, true);
}

void attach_failed(struct call *c, const struct errand *e, uint16_t error)
{
    if (error == ERROR_IN_PROGRESS && e->peer != PEER_NONE)
        expect(c, e->peer, e->aux, false);
    else
        attach_lost(c, e->aux);
}

void attach_accepted(struct call *c, uint16_t slot)
{
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK) && link_at(c, slot)->state == LINK_UP;) {
        struct expectation *x = record_at(c, SECTION_WORK, at);
        if (x->r.type != WORK_EXPECT || x->peer != link_peer(c, slot)) {
            at += x->r.size;
            continue;
        }
        uint32_t aux = x->aux;
        record_remove(c, SECTION_WORK, at);
        attach_done(c, aux, slot);
        at = 0; /* what follows may have changed the log */
    }
}

void attach_expect_due(struct call *c, uint32_t at)
{
    struct expectation *x = record_at(c, SECTION_WORK, at);
    uint32_t aux = x->aux;
    record_remove(c, SECTION_WORK, at);
    attach_lost(c, aux);
}

bool attach_pending(const struct call *c, peer_h peer)
{
    if (transaction_pending(c, PURPOSE_ATTACH, peer) || link_opening(c, peer) != SLOT_NONE)
        return true;
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at)) {
        const struct expectation *x = record_at(c, SECTION_WORK, at);
        if (x->r.type == WORK_EXPECT && x->peer == peer)
            return true;
    }
    return false;
}

unsigned attach_count(const struct call *c, enum attach_reason reason)
{
    unsigned n = transaction_count_aux(c, PURPOSE_ATTACH, (uint32_t)reason);
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at)) {
        const struct expectation *x = record_at(c, SECTION_WORK, at);
        n += x->r.type == WORK_EXPECT && AUX_REASON(x->aux) == reason;
    }
    return n;
}

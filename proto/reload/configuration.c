/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/reload/configuration.h"

#include "proto/fact.h"
#include "proto/kind.h"
#include "proto/reload/link.h"
#include "proto/reload/transaction.h"

#define SEQUENCES   65535u
#define PUSHES_MAX  32u /* ConfigUpdates under way: whoever floods us with old requests costs no more */
#define BLOCKS_BYTES 4000u /* kind-blocks of one ConfigUpdate: with header and security block it stays below the least max-message-size of 5000 */

int configuration_compare(uint16_t a, uint16_t b)
{
    uint32_t ahead = ((uint32_t)a + SEQUENCES - b) % SEQUENCES;
    return ahead == 0 ? 0 : ahead <= SEQUENCES / 2 ? 1 : -1;
}

static bool may_push(struct call *c, const struct origin *to)
{
    return to->slot != SLOT_SELF && to->signer != c->n->self && !transaction_pending(c, PURPOSE_CONFIGURE, to->signer) &&
           transaction_count(c, PURPOSE_CONFIGURE) < PUSHES_MAX;
}

/* By the link that the receiver's message came over if it is at the other end, for it may be about to join. */
static void update_send(struct call *c, const struct origin *to, const struct config_update_req *q)
{
    bool beside = link_at(c, to->slot)->state == LINK_UP && link_peer(c, to->slot) == to->signer;
    struct draft d;
    draft_begin(c, &d, CONFIG_UPDATE_REQ);
    d.ttl = to->ttl < c->o->initial_ttl ? to->ttl : 0; /* no more than came from there: its initial-ttl may be lower, and it refuses what exceeds it */
    config_update_req_put(&d.w, q);
    request_send(c, &d, &(struct route){.slot = beside ? to->slot : SLOT_NONE, .target = c->env->port->id_of(c->env, to->signer)},
                 &(struct errand){.purpose = PURPOSE_CONFIGURE, .peer = to->signer});
}

/* Our document for somebody who has an older one. */
static void push(struct call *c, const struct origin *to)
{
    struct piece document = c->env->port->document(c->env);
    if (document.len > 0 && may_push(c, to))
        update_send(c, to, &(struct config_update_req){.type = CONFIG_UPDATE_CONFIG, .data = {document.b, (uint32_t)document.len}});
}

/* ---- Kinds ---- */

/* The block of a Kind with this id as a KindDescription; false: we have none, or it does not fit. */
static bool block_put(struct call *c, struct writer *w, uint32_t id)
{
    for (unsigned k = 0; c->env->port->kind && k < KINDS_ADDED_MAX; k++) {
        const struct value_kind *kind = c->env->port->kind(c->env, k);
        struct piece block = kind && kind->id == id ? c->env->port->kind_block(c->env, k) : (struct piece){NULL, 0};
        if (block.len == 0 || writer_len(w) + 2 + block.len > BLOCKS_BYTES)
            continue;
        put_vector(w, 2, block.b, (uint32_t)block.len);
        return true;
    }
    return false;
}

bool configuration_kinds_refused(struct call *c, const struct origin *from, struct span info)
{
    uint8_t blocks[BLOCKS_BYTES];
    struct writer w = writer_on(blocks, sizeof blocks, false);
    struct reader r = reader_on(info.b, info.len, false);
    struct span unknown = get_vector(&r, 1);
    unsigned known = 0;
    for (uint32_t at = 0; at + 4 <= unknown.len; at += 4)
        known += block_put(c, &w, load_be32(unknown.b + at));
    if (known > 0 && may_push(c, from))
        update_send(c, from, &(struct config_update_req){.type = CONFIG_UPDATE_KIND, .data = {blocks, writer_len(&w)}});
    return known > 0;
}

static uint16_t kinds_adopt(struct call *c, struct span list)
{
    struct reader r = reader_on(list.b, list.len, false);
    if (list.len == 0 || !c->env->port->kind_adopt)
        return list.len == 0 ? ERROR_INVALID_MESSAGE : ERROR_FORBIDDEN;
    while (reader_left(&r) > 0) {
        struct span block = get_vector(&r, 2);
        int err = c->env->port->kind_adopt(c->env, (struct piece){block.b, block.len});
        if (!err)
            continue;
        c->env->port->fact(c->env, FACT_DROPPED, (uint64_t)(int64_t)err, CONFIG_UPDATE_REQ);
        return err == ERR_SIGNATURE || err == ERR_FORBIDDEN ? ERROR_FORBIDDEN : ERROR_INVALID_MESSAGE;
    }
    return 0;
}

/* ---- requests ---- */

bool configuration_agrees(struct call *c, const struct origin *from, uint16_t sequence, uint16_t code)
{
    if (sequence == c->o->sequence || (sequence == SEQUENCE_ANY && code == CONFIG_UPDATE_REQ))
        return true;
    int order = sequence == SEQUENCE_ANY ? 1 : configuration_compare(sequence, c->o->sequence);
    if (order == 0)
        return true;
    answer_error(c, from, order > 0 ? ERROR_CONFIG_TOO_NEW : ERROR_CONFIG_TOO_OLD, NULL, 0);
    if (order < 0)
        push(c, from);
    return false;
}

bool configuration_refused(struct call *c, const struct origin *from, uint16_t error)
{
    if (error == ERROR_CONFIG_TOO_NEW)
        push(c, from);
    return error == ERROR_CONFIG_TOO_NEW || error == ERROR_CONFIG_TOO_OLD;
}

/* A newer document that its signer may sign is in force from now on; an error, or 0. */
static uint16_t configuration_take(struct call *c, const struct origin *from, const struct config_update_req *q)
{
    struct piece document = {q->data.b, q->data.len};
    uint16_t sequence;
    int err = c->env->port->document_read(c->env, document, &sequence);
    if (err) {
        c->env->port->fact(c->env, FACT_DROPPED, (uint64_t)(int64_t)err, CONFIG_UPDATE_REQ);
        return err == ERR_SIGNATURE || err == ERR_FORBIDDEN ? ERROR_FORBIDDEN : ERROR_INVALID_MESSAGE;
    }
    if (configuration_compare(sequence, c->o->sequence) > 0) {
        c->env->port->configure(c->env, document);
        c->o = c->env->port->overlay(c->env, 0);
        c->env->port->fact(c->env, FACT_CONFIGURED, c->o->sequence, from->signer);
    }
    return 0;
}

void configuration_request(struct call *c, const struct origin *from, const struct message *m)
{
    struct config_update_req q;
    if (config_update_req_read(m->body, &q)) {
        answer_error(c, from, ERROR_INVALID_MESSAGE, NULL, 0);
        return;
    }
    uint16_t error = q.type == CONFIG_UPDATE_CONFIG ? configuration_take(c, from, &q) : q.type == CONFIG_UPDATE_KIND ? kinds_adopt(c, q.data) : ERROR_INVALID_MESSAGE;
    if (error) {
        answer_error(c, from, error, NULL, 0);
        return;
    }
    struct draft d;
    draft_begin(c, &d, CONFIG_UPDATE_ANS);
    answer_send(c, from, &d, true);
}

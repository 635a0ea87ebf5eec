/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/reload/configuration.h"

#include "proto/fact.h"
#include "proto/reload/link.h"
#include "proto/reload/transaction.h"

#define SEQUENCES   65535u
#define PUSHES_MAX  32u /* ConfigUpdates under way: whoever floods us with old requests costs no more */

int configuration_compare(uint16_t a, uint16_t b)
{
    uint32_t ahead = ((uint32_t)a + SEQUENCES - b) % SEQUENCES;
    return ahead == 0 ? 0 : ahead <= SEQUENCES / 2 ? 1 : -1;
}

/* Our document for somebody who has an older one; by the link that its message came over if it is at the other end, for it may be about to join. */
static void push(struct call *c, const struct origin *to)
{
    struct piece document = c->env->port->document(c->env);
    if (document.len == 0 || to->slot == SLOT_SELF || to->signer == c->n->self || transaction_pending(c, PURPOSE_CONFIGURE, to->signer) ||
        transaction_count(c, PURPOSE_CONFIGURE) >= PUSHES_MAX)
        return;
    bool beside = link_at(c, to->slot)->state == LINK_UP && link_at(c, to->slot)->peer == to->signer;
    struct draft d;
    draft_begin(c, &d, CONFIG_UPDATE_REQ);
    d.ttl = to->ttl < c->o->initial_ttl ? to->ttl : 0; /* no more than came from there: its initial-ttl may be lower, and it refuses what exceeds it */
    config_update_req_put(&d.w, &(struct config_update_req){.type = CONFIG_UPDATE_CONFIG, .data = {document.b, (uint32_t)document.len}});
    request_send(c, &d, &(struct route){.slot = beside ? to->slot : SLOT_NONE, .target = c->env->port->id_of(c->env, to->signer)},
                 &(struct errand){.purpose = PURPOSE_CONFIGURE, .peer = to->signer});
}

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

void configuration_request(struct call *c, const struct origin *from, const struct message *m)
{
    struct config_update_req q;
    uint16_t sequence;
    if (config_update_req_read(m->body, &q)) {
        answer_error(c, from, ERROR_INVALID_MESSAGE, NULL, 0);
        return;
    }
    struct piece document = {q.data.b, q.data.len};
    if (q.type != CONFIG_UPDATE_CONFIG) { /* our Kinds are built in: nobody may change them */
        answer_error(c, from, ERROR_FORBIDDEN, NULL, 0);
        return;
    }
    int err = c->env->port->document_read(c->env, document, &sequence);
    if (err) {
        c->env->port->fact(c->env, FACT_DROPPED, (uint64_t)(int64_t)err, m->code);
        answer_error(c, from, err == ERR_SIGNATURE || err == ERR_FORBIDDEN ? ERROR_FORBIDDEN : ERROR_INVALID_MESSAGE, NULL, 0);
        return;
    }
    if (configuration_compare(sequence, c->o->sequence) > 0) {
        c->env->port->configure(c->env, document);
        c->o = c->env->port->overlay(c->env, 0);
        c->env->port->fact(c->env, FACT_CONFIGURED, c->o->sequence, from->signer);
    }
    struct draft d;
    draft_begin(c, &d, CONFIG_UPDATE_ANS);
    answer_send(c, from, &d, true);
}

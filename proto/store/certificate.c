/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Certificate Store Usage (RFC 6940 8), where the overlay wants it: a peer that has joined stores its certificate under H(Node-ID) and under H(user
 * name), and again at half its lifetime. It overwrites element 0: appending the same certificate at each refresh would only make the list longer. */
#include "proto/reload/credential.h"
#include "proto/store/access.h"
#include "proto/store/store.h"

#define LIFETIME_S    86400u
#define REFRESH_EVERY SECONDS(LIFETIME_S / 2)
#define RETRY_AFTER   SECONDS(60)
#define FIRST_WITHIN  5u  /* seconds after joining */
#define SEEDED_WITHIN 60u /* a converged start makes no certificates: they come in its first minute */

void certificate_plan(struct call *c, bool seeded)
{
    uint16_t phase;
    if (!c->o->store_certificates || (c->n->flags & NODE_CLIENT))
        return;
    c->env->port->random(c->env, RANDOM_TIMER, c->n->draws++, &phase, sizeof phase);
    c->n->certify_at = c->env->now + MILLIS(phase * 1000u * (seeded ? SEEDED_WITHIN : FIRST_WITHIN) >> 16) + MILLIS(1);
}

void certificate_failed(struct call *c, uint16_t error)
{
    if (error == 0 && c->n->state == NODE_JOINED) /* no answer */
        c->n->certify_at = time_min(c->n->certify_at, c->env->now + RETRY_AFTER);
}

static void certificate_store(struct call *c, uint32_t kind, struct id resource)
{
    uint8_t token[CERTIFICATE_TOKEN_BYTES];
    der_token_put(token, c->n->self);
    struct span own = credential_of(c, c->n->self).der; /* the host lends it until it is asked for another */
    bool folds = own.len == 0;
    struct stored_data v = {.storage_time_ms = c->env->unix_ms, .lifetime_s = LIFETIME_S, .model = MODEL_ARRAY,
                            .value = {.exists = true, .certificate = folds, .value = folds ? (struct span){token, sizeof token} : own}};
    struct draft d;
    if (value_sign(c, resource, kind, &v))
        return;
    draft_begin(c, &d, STORE_REQ);
    struct mark all = store_req_open(&d.w, resource, 0), one = kind_data_open(&d.w, kind, 0);
    stored_data_put(&d.w, &v);
    kind_data_close(&d.w, one);
    put_close(&d.w, 4, all);
    request_send(c, &d, &(struct route){.slot = SLOT_NONE, .to_resource = true, .target = resource},
                 &(struct errand){.purpose = PURPOSE_CERTIFICATE, .peer = PEER_NONE});
}

void certificate_wake(struct call *c)
{
    if (c->n->certify_at > c->env->now)
        return;
    c->n->certify_at = TIME_NEVER;
    if (c->n->state != NODE_JOINED)
        return;
    c->n->certify_at = c->env->now + REFRESH_EVERY;
    certificate_store(c, KIND_CERTIFICATE_BY_NODE, access_node_resource(c, c->n->id, 0));
    certificate_store(c, KIND_CERTIFICATE_BY_USER, c->env->port->user_of(c->env, c->n->self));
}

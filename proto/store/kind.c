/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/store/kind.h"

#include <assert.h>

const struct value_kind kinds[KINDS] = {
    {KIND_SIP_REGISTRATION, "SIP-REGISTRATION", MODEL_DICTIONARY, ACCESS_USER_NODE_MATCH, 16, 1000, 0},
    {KIND_TURN_SERVICE, "TURN-SERVICE", MODEL_SINGLE, ACCESS_NODE_MULTIPLE, 1, 64, 20},
    {KIND_CERTIFICATE_BY_NODE, "CERTIFICATE_BY_NODE", MODEL_ARRAY, ACCESS_NODE_MATCH, 8, 1500, 0},
    {KIND_CERTIFICATE_BY_USER, "CERTIFICATE_BY_USER", MODEL_ARRAY, ACCESS_USER_MATCH, 16, 1500, 0},
    {KIND_REDIR, "REDIR", MODEL_DICTIONARY, ACCESS_NODE_ID_MATCH, 256, 500, 0},
};

unsigned kind_find(const struct call *c, uint32_t id)
{
    unsigned k = 0;
    while (k < KINDS && kinds[k].id != id)
        k++;
    if (k < KINDS || id < KIND_PRIVATE_FIRST || !c->env->port->kind)
        return k < KINDS ? k : KIND_UNKNOWN;
    for (; k < KINDS_MAX; k++) {
        const struct value_kind *added = c->env->port->kind(c->env, k - KINDS);
        if (added && added->id == id)
            break;
    }
    return k;
}

const struct value_kind *kind_at(const struct call *c, unsigned place)
{
    assert(place < KINDS_MAX);
    const struct value_kind *k = place < KINDS ? &kinds[place] : c->env->port->kind(c->env, place - KINDS);
    assert(k);
    return k;
}

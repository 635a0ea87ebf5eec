/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/store/kind.h"

const struct kind kinds[KINDS] = {
    {KIND_SIP_REGISTRATION, "SIP-REGISTRATION", MODEL_DICTIONARY, ACCESS_USER_NODE_MATCH, 16, 1000, 0},
    {KIND_TURN_SERVICE, "TURN-SERVICE", MODEL_SINGLE, ACCESS_NODE_MULTIPLE, 1, 64, 20},
    {KIND_CERTIFICATE_BY_NODE, "CERTIFICATE_BY_NODE", MODEL_ARRAY, ACCESS_NODE_MATCH, 8, 1500, 0},
    {KIND_CERTIFICATE_BY_USER, "CERTIFICATE_BY_USER", MODEL_ARRAY, ACCESS_USER_MATCH, 16, 1500, 0},
    {KIND_REDIR, "REDIR", MODEL_DICTIONARY, ACCESS_NODE_ID_MATCH, 256, 500, 0},
};

unsigned kind_find(uint32_t id)
{
    unsigned k = 0;
    while (k < KINDS && kinds[k].id != id)
        k++;
    return k;
}

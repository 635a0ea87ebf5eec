/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a Kind of stored value is (RFC 6940 7.3, 7.4.5, 11.1): its model, who may write it, how much of it. The registered ones are built in
 * (proto/store/kind.c); a configuration or a ConfigUpdate may bring more, which the host keeps (port.kind). */
#ifndef PROTO_KIND_H
#define PROTO_KIND_H

#include <stdbool.h>
#include <stdint.h>

enum data_model { MODEL_UNKNOWN, MODEL_SINGLE, MODEL_ARRAY, MODEL_DICTIONARY };

enum access_policy {
    ACCESS_USER_MATCH,      /* 7.3.1: H(user name) is the Resource-ID */
    ACCESS_NODE_MATCH,      /* 7.3.2: H(Node-ID) is the Resource-ID */
    ACCESS_USER_NODE_MATCH, /* 7.3.3: USER-MATCH, and the dictionary key is the signer's Node-ID */
    ACCESS_NODE_MULTIPLE,   /* 7.3.4: H(Node-ID || i) is the Resource-ID for an i of 1..max_node_multiple */
    ACCESS_NODE_ID_MATCH    /* RFC 7374 5: the key is the signer's Node-ID, which belongs to the tree node that the value names */
};

struct value_kind {
    uint32_t id;
    const char *name;          /* of a registered one; else NULL */
    enum data_model model;
    enum access_policy access;
    uint16_t max_count;        /* values at one Resource-ID; an array is no longer */
    uint16_t max_size;         /* bytes of one value, true */
    uint8_t max_node_multiple;
};

/* Private Kinds are named by id, 14.6. */
#define KIND_PRIVATE_FIRST UINT32_C(0xf0000001)
#define KIND_PRIVATE_LAST  UINT32_C(0xfffffffe)
/* How many a peer knows beside the registered ones. */
#define KINDS_ADDED_MAX 16u
/* The largest value that a private Kind may allow: with its envelope it fits the least max-message-size. */
#define KIND_SIZE_MAX 2000u

/* A private Kind that can be stored here, or why not: ERR_VALUE for what 7.3 or 11.1 forbid; ERR_UNKNOWN for dictionaries whose keys are free, since values are kept by
 * their owners. */
int kind_judge(const struct value_kind *);
/* The same Kind in each respect. */
bool kind_equal(const struct value_kind *, const struct value_kind *);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Kinds that this peer stores (RFC 6940 7.4.5, 8, 9, 11.1; RFC 7904 7; RFC 7374 6): who may write what, and how much of it.
 *
 * A Kind's place in this table is what a stored value remembers of it. The data model stands in the wire codecs (kind_model), which need it to
 * read a value; the table repeats it and a test keeps the two in step. max_count and max_size are what the elements of the same name are in a
 * configuration document: no document is read yet, so they are ours. max_count bounds the length of an array too: an index at or beyond it is
 * refused, so a gap costs nothing that a peer could choose. Values that were removed count until they expire. */
#ifndef PROTO_STORE_KIND_H
#define PROTO_STORE_KIND_H

#include "proto/wire/message.h"

enum access_policy {
    ACCESS_USER_MATCH,      /* 7.3.1: H(user name) is the Resource-ID */
    ACCESS_NODE_MATCH,      /* 7.3.2: H(Node-ID) is the Resource-ID */
    ACCESS_USER_NODE_MATCH, /* 7.3.3: USER-MATCH, and the dictionary key is the signer's Node-ID */
    ACCESS_NODE_MULTIPLE,   /* 7.3.4: H(Node-ID || i) is the Resource-ID for an i of 1..max_node_multiple */
    ACCESS_NODE_ID_MATCH    /* RFC 7374 5: the key is the signer's Node-ID, which belongs to the tree node that the value names */
};

struct kind {
    uint32_t id;
    const char *name;
    enum data_model model;
    enum access_policy access;
    uint16_t max_count;        /* values at one Resource-ID */
    uint16_t max_size;         /* bytes of one value, true */
    uint8_t max_node_multiple;
};

#define KINDS 5u
extern const struct kind kinds[KINDS];

/* Place in the table; KINDS = not known here. */
unsigned kind_find(uint32_t id);

#endif

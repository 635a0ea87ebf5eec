/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What classic Chord nodes say to each other: eight messages of one shape, one a datagram, outside any channel. Encoded and decoded, never passed by pointer.
 *
 *      0               1               2               3
 *     +---------------+---------------+---------------+---------------+
 *     |  0x43  ('C')  |     type      |     flags     |  node count n |
 *     +---------------+---------------+---------------+---------------+
 *     |                          transaction                          |    chosen by who asks, repeated in the answer
 *     +---------------------------------------------------------------+
 *     |              key, 16 bytes, most significant first            |    FIND only
 *     +---------------------------------------------------------------+
 *     |             IPv4 address              |      UDP port         |    n times, 6 bytes each
 *     +---------------------------------------+-----------------------+
 *
 *      flags   0 0 0 0 P O m m     mm  why a look-up is made: 0 a user, 1 a finger, 2 a join (FIND and FOUND)
 *                                  O   FOUND: node 1 is responsible for the key, the others follow it; else the nodes are next hops, best first
 *                                  P   STATE and LEAVE: node 1 is the predecessor
 *
 * A node is named by its address alone: as in the paper, its identifier is what the hash makes of the address. Whole numbers are big-endian. */
#ifndef SIM_CHORD2003_MESSAGE_H
#define SIM_CHORD2003_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/id.h"
#include "proto/port.h"

enum chord2003_type {
    CHORD_FIND = 1,  /* who comes next on the way to `key`? nodes: who is dead, as the asker found */
    CHORD_FOUND,     /* its answer; no node: I cannot help */
    CHORD_STABILIZE, /* you are my successor; whom do you know? */
    CHORD_STATE,     /* its answer: predecessor and successors */
    CHORD_HINT,      /* to a former predecessor: this node stands between us now */
    CHORD_PING,
    CHORD_PONG,
    CHORD_LEAVE /* good-bye, to both neighbours, with predecessor and successors */
};

enum chord2003_purpose { CHORD_FOR_USER, CHORD_FOR_FINGER, CHORD_FOR_JOIN };

#define CHORD_MAGIC        0x43
#define CHORD_PURPOSE      0x03
#define CHORD_OWNER        0x04
#define CHORD_PREDECESSOR  0x08
#define CHORD_HEADER_BYTES 8u
#define CHORD_NODE_BYTES   6u
#define CHORD_NODES_MAX    65u /* a predecessor and 64 successors */
#define CHORD_MESSAGE_MAX  (CHORD_HEADER_BYTES + ID_BYTES + CHORD_NODES_MAX * CHORD_NODE_BYTES)

struct chord2003_message {
    uint8_t type, flags, nodes;
    uint32_t transaction;
    struct id key;       /* of FIND */
    const uint8_t *node; /* the addresses, in the datagram */
};

/* 0, or a negative proto_error: nothing but a whole message of a known type with the flags and the number of nodes that this type may have. */
int chord2003_decode(struct chord2003_message *, const uint8_t *b, size_t len);

/* Writes a message behind `out`, which has room for CHORD_MESSAGE_MAX bytes: head first, then node after node. */
struct chord2003_writer {
    uint8_t *start, *end;
};
struct chord2003_writer chord2003_begin(uint8_t *out, enum chord2003_type, uint8_t flags, uint32_t transaction,
                                        const struct id *key);
void chord2003_put_node(struct chord2003_writer *, const struct ip_port *);
static inline size_t chord2003_len(const struct chord2003_writer *w)
{
    return (size_t)(w->end - w->start);
}

/* Address number i of a decoded message. */
struct ip_port chord2003_node(const struct chord2003_message *, unsigned i);

/* What it counts as. */
enum traffic chord2003_traffic(uint8_t type, uint8_t flags);

#endif

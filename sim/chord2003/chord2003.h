/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A classic Chord node after Stoica et al., "Chord: A Scalable Peer-to-peer Lookup Protocol for Internet Applications", IEEE/ACM ToN 11(1), 2003, as
 * an actor of the network: to validate kernel, churn and metrics against published figures, and to compare speed with other simulators.
 *
 * Sans-I/O like proto/: bytes and facts in, bytes and facts out through proto/port.h; no clock, allocator, float, global. Datagrams go outside channels.
 * A node's peer handle is its address handle (sim/net/net.h), its identifier port.id_of of it: the paper's hash of the address.
 *
 * Of enum request_op a node knows FETCH (who is responsible for `resource`? FACT_REQUEST_ANSWERED names it; hops: nodes asked on the way plus one, the
 * link to the responsible node itself; 0 for the asker's own keys) and LEAVE. Facts: those of proto/fact.h that apply, with
 *   MESSAGE_IN    a = enum traffic
 *   DEAD_HOP      a = tag of the request, b = 0: a node on the way did not answer in time
 *   LINK_FAILED   a neighbour on the ring did not answer
 * struct overlay.actor_config points to a struct chord2003_config. */
#ifndef SIM_CHORD2003_CHORD2003_H
#define SIM_CHORD2003_CHORD2003_H

#include "sim/net/actor.h"

#define CHORD2003_SUCCESSORS_MAX 64u
#define CHORD2003_FINGERS_MAX    64u

struct chord2003_config {
    sim_time stabilize, fix_fingers;         /* intervals; means where a law draws them */
    uint16_t stabilize_law, fix_fingers_law; /* port.draw; 0 = fixed */
    uint8_t successors;                      /* length of the successor list, 1..CHORD2003_SUCCESSORS_MAX */
    sim_time timeout;                        /* a node that has not answered by then is dead */
};

extern const struct actor chord2003_actor;

/* Tables of a node in mid-life, after actor.seed and before actor.seed_end. finger[k] is the first node at or after self + 2^(127-k). Nearest first. The
 * block may move: the pointer is dead afterwards. */
struct chord2003_tables {
    peer_h predecessor;
    unsigned successors, fingers;
    const peer_h *successor, *finger;
};
void chord2003_seed(struct node *, struct env *, const struct chord2003_tables *);
/* Fingers that a node needs whose successor stands at this distance: all nearer ones are the successor itself. */
unsigned chord2003_fingers_for(struct id distance);

/* Bytes of a block with so many entries in its tables. */
uint32_t chord2003_bytes(uint32_t entries);

/* Looking from outside: pure. */
void chord2003_look(const struct node *, struct env *, struct node_view *);
/* Entry i = 1.. covers distances 2^(128-i) to 2^(129-i) - 1, numbered as in proto/node.h; PEER_NONE if empty. */
peer_h chord2003_finger(const struct node *, struct env *, unsigned i);
/* The k-th node that it knows, successors first; PEER_NONE past the end. */
peer_h chord2003_known(const struct node *, struct env *, unsigned k);

#endif

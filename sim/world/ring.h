/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The true ring, as only somebody outside can see it: the joined peers in the order of their Node-IDs. Built at an instant, from who has joined as far as
 * assembly_joined knows. On several ranks each has all of it, but can look only at the peers that live there; what is asked of others goes by questions,
 * so that all ranks must call what is marked (all). */
#ifndef SIM_WORLD_RING_H
#define SIM_WORLD_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/id.h"
#include "proto/port.h"
#include "sim/world/measures.h"

struct world;
struct books;

struct ring_place {
    uint32_t top; /* of the Node-ID, which is worked out where that does not decide */
    peer_h peer;
};

struct ring {
    struct ring_place *at; /* by Node-ID */
    uint32_t count;
    uint32_t clients; /* attached: not on the ring */
    uint32_t *order; /* by Node-ID, all identities that may be on it: those who have lived; on several ranks all there are */
    uint32_t ordered;
    bool begun;      /* who gets a seat is noted (ring_note), and takes its place in order[] before that is next asked */
};

/* How the ring looked at one instant. */
enum ring_verdict {
    RING_CORRECT, /* best successors form one cycle that goes round once, with every peer on it */
    RING_OUTSIDE, /* one cycle, but peers stand outside it */
    RING_SPLIT,   /* more than one cycle */
    RING_LOOPY,   /* a cycle that goes round more than once */
    RING_BROKEN   /* a peer without any living successor, or nobody joined */
};
const char *ring_verdict_text(enum ring_verdict);

int ring_open(struct world *);
void ring_close(struct world *);
/* The identity, of these books, has got a seat. */
void ring_note(struct world *, struct books *, peer_h);
/* Brings the ring up to this instant; does nothing when it is already. */
void ring_build(struct world *);
/* Index of the peer responsible for the id: the first whose Node-ID is equal to it or follows (RFC 6940 10.1); count must not be 0. */
uint32_t ring_owner(const struct world *, struct id);
/* (all) Who was responsible for each id at its time, of late: the first after it that was online and had joined. PEER_NONE: nobody. Needs no ring_build. How long
 * ago a session that is over had joined is not kept; it counts as joined from its start. */
struct ring_moment {
    struct id id;
    sim_time at;
};
void ring_responsible(struct world *, const struct ring_moment *, uint32_t n, peer_h *responsible);
/* Who follows this identity among the peers that have joined now; PEER_NONE: nobody but itself. Does not build the ring. */
peer_h ring_successor(struct world *, peer_h);
/* (all) Whether a peer among the owner and its next `after` successors holds the target's registration, for each. Does not build the ring. */
void ring_holds(struct world *, const peer_h *target, uint32_t n, unsigned after, bool *holds);
/* (all) Whether the processes of these peers run; a peer that is no identity is nobody. */
void ring_online(struct world *, const peer_h *peer, uint32_t n, bool *online);
/* (all) Shares at this instant; adds link counts of the peers that live here to m. */
void ring_sample(struct world *, struct measures *const *m, unsigned measures, struct ring_sample *);
/* (all) Looks at every peer. outside: peers that joined before the last `settle` and are not on the cycle. */
enum ring_verdict ring_judge(struct world *, sim_time settle, uint32_t *outside);

#endif

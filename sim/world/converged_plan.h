/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plan of a converged start: who is where on the ring, who links to whom, who is whose finger. Pure: identities, ids and ages in, tables out.
 * Private to sim/world; converged.c carries a plan out. Peers are named here by their place on the ring, 0..count-1, ascending by Node-ID. */
#ifndef SIM_WORLD_CONVERGED_PLAN_H
#define SIM_WORLD_CONVERGED_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/id.h"
#include "proto/port.h"
#include "sim/kernel/law.h"
#include "sim/net/net.h"

#define PLACE_NONE UINT32_MAX
#define AGE_EVER   (1e300) /* seconds: older than anything that can leave */

/* ---- converged_churn.c: how the peers of the past have fared. ---- */

#define CHURN_POINTS 4096

/* P(a peer online t ago has left since) = (1/mean) * integral of 1 - F from 0 to t: the equilibrium law of the sessions, tabulated. */
struct converged_churn {
    bool any;                  /* false: nobody ever leaves */
    double horizon_s;          /* by then 999 of 1,000 have left: earlier history does not matter */
    double gone[CHURN_POINTS]; /* at geometrically spaced times */
};

void converged_churn_init(struct converged_churn *, const struct law *session); /* session NULL: nobody leaves */
/* P(a peer that was online t_s ago has left since). */
double converged_gone(const struct converged_churn *, double t_s);
/* When it left: seconds after that instant, given that it left within t_s. u in (0, 1). */
double converged_left_after(const struct converged_churn *, double t_s, double u);

/* ---- The plan. ---- */

struct converged_peer {
    struct id id;
    double age_s; /* of its session; AGE_EVER: it never leaves and was always there */
    peer_h peer;
};

struct converged_rules {
    uint64_t seed;
    unsigned predecessors, successors;
    unsigned fingers; /* 0 = auto */
    const struct converged_churn *churn;
    double repair_s;  /* from the death of a finger to its replacement: silence, ping, search, attach */
    double refresh_s; /* interval of the searches for entries that stayed empty: chord-ping-interval */
    /* On several ranks each knows all peers, and plans fingers and links of those that live there; all make the plan together. NULL: all are here. */
    struct ranks *ranks;
    unsigned (*rank_of)(const void *context, peer_h);
    const void *context;
};

/* How an entry was filled: what may happen to it when the links of others are known. */
enum finger_origin {
    FINGER_FIRST,    /* at the join, by the owner of the start of the range, or by a neighbour */
    FINGER_SEARCHED, /* by a search, after an earlier one had died; also an entry that stayed empty */
    FINGER_ADOPTED   /* by a link that stood already, or came while the entry was empty */
};

struct converged_finger {
    uint32_t place; /* PLACE_NONE = empty */
    float since_s;  /* filled this long ago; 0 when empty */
    uint8_t origin; /* enum finger_origin */
};

struct converged_plan {
    uint32_t count;
    struct converged_peer *peer; /* ascending by id */
    double density;              /* peers on the ring that may leave */
    struct converged_rules rules;
    uint16_t *rank;         /* of each place; NULL: one rank */
    uint8_t *fingers;       /* of each place: size of its table */
    uint64_t *finger_first; /* of each place: index of its entry 1 in finger[]; count + 1 of them. Places on other ranks have none */
    uint32_t *finger;       /* place, PLACE_NONE = empty */
    /* Each pair that needs a link once, by its lower place; on several ranks those with an end here. */
    uint64_t edges;
    uint64_t *edge_first; /* of each place: index of its first edge to a higher one; count + 1 of them */
    uint32_t *edge;       /* that higher place, ascending, above enum edge_finger */
    uint16_t *far;        /* of each edge: how many edges of the end that is not here come before it; NULL: one rank */
};

/* Of the two bits below the place: which end is a finger of the other; on several ranks that is told of the fingers of those who live here. */
enum edge_finger { EDGE_HIGH_IS_FINGER = 1, EDGE_LOW_IS_FINGER = 2 };

#define CONVERGED_PEERS_MAX (UINT32_C(1) << 30)

static inline uint32_t converged_high(uint32_t edge)
{
    return edge >> 2;
}

/* Places are gone through in blocks, after each of which ranks deliver what they have to tell each other: that bounds what is under way. */
#define CONVERGED_BLOCK 8192u

/* Whether this place lives here. */
static inline bool converged_here(const struct converged_plan *p, uint32_t place)
{
    return !p->rank || p->rank[place] == ranks_self(p->rules.ranks);
}

/* Takes peer[0..count-1] in any order; sorts it in place and keeps the pointer, freed by converged_plan_fini. 0, or -1: out of memory. */
int converged_plan_init(struct converged_plan *, struct converged_peer *peer, uint32_t count,
                        const struct converged_rules *);
void converged_plan_fini(struct converged_plan *);
/* Of the fingers only what the edges know is kept: who carries the plan out needs the memory. */
void converged_plan_forget_fingers(struct converged_plan *);

/* Place of the first peer at or after id, clockwise: its owner. */
uint32_t converged_owner(const struct converged_plan *, struct id);
/* What b is to a and a to b in the neighbour tables; all 0 when they are no neighbours. */
struct seed_edge converged_edge(const struct converged_plan *, uint32_t a, uint32_t b);
/* Size of the finger table of this place: RFC 6940 10.7.4.3. */
unsigned converged_table_size(const struct converged_plan *, uint32_t place);
/* The entry into whose range the last successor falls; deeper ones are known from the neighbour table. 0: alone. */
unsigned converged_deep(const struct converged_plan *, uint32_t place);

/* ---- converged_finger.c ---- */

/* The history of entry i of the table of this place, played alone: other entries and other peers' links have no say. */
struct converged_finger converged_finger(const struct converged_plan *, uint32_t place, unsigned entry);

/* ---- converged_adopt.c ---- */

/* Entries that were searched for, or are empty, take a peer of their range that has a link to us for as long: chord_finger_search looks among the
 * links first, and a peer that sends an Update is offered to an empty entry. The array is as long as finger[]. */
void converged_adopt(const struct converged_plan *, struct converged_finger *);

/* ---- converged_edges.c ---- */

/* Fills edge[] and far[]. 0, or -1: out of memory. */
int converged_edges(struct converged_plan *);

/* Entry 1..128 into whose range this distance falls; it is not 0. */
static inline unsigned converged_entry_of(struct id distance)
{
    return distance.hi ? (unsigned)__builtin_clzll(distance.hi) + 1 : (unsigned)__builtin_clzll(distance.lo) + 65;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the ranks of a run tell each other at instants, so that each knows what all need to decide alike: who has joined, what was counted, whether to go on.
 * On one rank there is nobody to be told, and nothing here costs anything. Questions about single identities are asked where they arise (ranks_ask). */
#ifndef SIM_WORLD_ASSEMBLY_H
#define SIM_WORLD_ASSEMBLY_H

#include "sim/world/state.h"

/* Before the first instant: who has joined. */
void assembly_begin(struct world *);
/* Brings joined_map up to now, from the lists of who has changed. Their order does not matter. */
void assembly_joined(struct world *);
/* At a tick: online_map becomes joined_map, and all hear of new registrations where look-ups ask for them. */
void assembly_snapshot(struct world *);
/* What each rank has added to the accumulators (scopes, load, aftermath) since the last time goes to those of all. */
void assembly_merge(struct world *);
/* Sums over all ranks. */
void assembly_tally(struct world *, struct tally *);
void assembly_totals(struct world *, struct totals *);
void assembly_seconds(struct world *, double *seconds, unsigned n);
/* Whether some rank was interrupted; all get the same answer. All hear whether rank 0 was asked for a checkpoint. */
bool assembly_interrupted(struct world *);

/* Who to ask about an identity. */
static inline uint32_t assembly_rank_of(const struct world *w, peer_h peer)
{
    return w->ranks ? part_index(kernel_part_of(w->kernel, peer)) : 0;
}

/* A registration of an identity that lives here is known to live until then; the others hear of it at the next snapshot. */
void assembly_registered(struct world *, peer_h, sim_time until);

static inline bool assembly_is_joined(const struct world *w, peer_h peer)
{
    return peer < w->identities && w->joined_map[peer / 64] >> peer % 64 & 1;
}

#endif

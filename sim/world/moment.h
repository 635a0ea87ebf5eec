/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The world at an instant, piece by piece, as a checkpoint keeps it: an identity with all that kernel, network and world know of it; the books of a partition; what holds for the
 * run as a whole. What is taken up goes where it belongs in a run of any number of partitions or ranks: what belongs to an identity to that identity's
 * partition, sums to the first. checkpoint.c puts the pieces together. */
#ifndef SIM_WORLD_MOMENT_H
#define SIM_WORLD_MOMENT_H

#include "sim/checkpoint/stream.h"
#include "sim/world/state.h"

/* The run as a whole; on several ranks, after assembly_merge. */
void moment_put_world(struct world *, struct stream *);
bool moment_get_world(struct world *, struct stream_reader *);

/* Identities from first on, of one partition that is here: up to end, so many, or until they have so many bytes. Returns one past the last of them. */
uint32_t moment_put_peers(struct world *, uint32_t first, uint32_t end, uint32_t most, size_t bytes, struct stream *);
/* Of a section of them, those that live here. */
bool moment_get_peers(struct world *, uint32_t first, uint32_t end, struct stream_reader *);

void moment_put_part(struct world *, unsigned part, struct stream *);
bool moment_get_part(struct world *, struct stream_reader *);

uint64_t moment_layout(void);

#endif

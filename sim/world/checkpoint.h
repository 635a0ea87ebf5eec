/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checkpoints: the whole run at an instant as one file in its folder (sim/checkpoint/archive.h), from which a run of any number of partitions or ranks goes on, and
 * ends as the unbroken one does.
 *
 * One is written at whole seconds, when everything else of that instant is done: each `checkpoint.every`, and when somebody asks for one (world_checkpoint). It holds what
 * was recorded so far too, so that nothing but this file is needed, and what a run recorded after it does not matter. A checkpoint that cannot be written is
 * told, and the one before it stays. */
#ifndef SIM_WORLD_CHECKPOINT_H
#define SIM_WORLD_CHECKPOINT_H

#include "sim/world/state.h"

/* At a tick, when all else is done: writes one if it is time. All ranks come to it. */
void checkpoint_tick(struct world *);
/* In place of the start: the world is as it was. 0, or -1 with a sentence. */
int checkpoint_take_up(struct world *, char *error, size_t error_cap);
/* (all ranks) In place of the first instant. */
void checkpoint_go_on(struct world *);

#endif

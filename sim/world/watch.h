/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Snapshots of the ring, with record.ring: how a fixed sample of identities stands, every so often, from time 0 to the end of the measured phase.
 * One of each of `nodes` equal blocks of identities is watched, by a keyed draw; who is offline is told as offline. Looks from outside and moves
 * nothing; its instants are no ends of intervals, so no figure depends on them. */
#ifndef SIM_WORLD_WATCH_H
#define SIM_WORLD_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/time.h"
#include "proto/port.h"
#include "sim/record/series.h"

#define WATCHED_MAX 1024u /* nobody can follow more with their eyes */

struct world;

/* Whether a snapshot is due at this instant; when the next one is, TIME_NEVER = none. */
bool watch_due(const struct world *);
sim_time watch_next(const struct world *);
/* Fills at most WATCHED_MAX rows, returns how many; on several ranks all must call it, and get the rows of all. */
unsigned watch_look(struct world *, struct series_ring *);

#endif

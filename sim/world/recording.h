/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the world tells the journal, at instants: a row each record.interval and where the measured phase begins and ends, faults and phases as
 * events, the nodes at the end of the measured phase, snapshots of the ring. Without an output folder all of this does nothing.
 *
 * Rows come from a scope of their own that covers all time and is emptied with each row; the observer adds to it as to any other. */
#ifndef SIM_WORLD_RECORDING_H
#define SIM_WORLD_RECORDING_H

#include "sim/world/state.h"

/* After everything else is open, because it takes the folder. 0, or -1 with a sentence. */
int recording_open(struct world *, char *error, size_t error_cap);
/* The start of the first phase; without a warm-up, a fault may be due then. */
void recording_begin(struct world *);
/* At an instant, after the interval was booked and the ring sampled, before faults strike: a row, if one ends here. Borders of phases. */
void recording_instant(struct world *);
/* At any instant, before faults strike: with record.ring, a snapshot if one is due. */
void recording_ring(struct world *);
/* Something happened at this instant: "fault" and what it does, as a scenario writes it. */
void recording_event(struct world *, const char *kind, const char *text);
/* The run is over and its summary filled. */
void recording_finish(struct world *, bool complete);
/* NULL = all is well, or nothing is recorded. */
const char *recording_error(const struct world *);
void recording_close(struct world *);

#endif

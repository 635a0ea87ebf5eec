/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How configurations spread: which share of the joined peers has the one that a `configure` fault published, or a later one, and how long it took to reach
 * a half, 90 and 99 % of them.
 *
 * Looked at each whole second; the time is then that of the peer that made the share full, among those who are joined at that second. A peer that has
 * skipped a configuration counts from when it got the later one. */
#ifndef SIM_WORLD_SPREAD_H
#define SIM_WORLD_SPREAD_H

#include "sim/world/state.h"

#define SPREAD_MARKS 3u

int spread_open(struct world *);
void spread_close(struct world *);
/* The fault publishes its configuration; this peer has it from the beginning. */
void spread_begin(struct world *, unsigned fault);
void spread_chosen(struct world *, unsigned fault, peer_h);
/* In a handler of the peer. */
void spread_adopted(struct world *, peer_h, sim_time now);
/* At a whole second. */
void spread_tick(struct world *);
/* Share of the joined peers that have the newest configuration; NaN while there is one only. */
double spread_newest(const struct world *);
/* For a checkpoint: of the whole run, and of one identity. */
void spread_put(const struct world *, struct stream *);
void spread_get(struct world *, struct stream_reader *);
void spread_put_peer(const struct world *, peer_h, struct stream *);
void spread_get_peer(struct world *, peer_h, struct stream_reader *);
void spread_summary(const struct world *, unsigned fault, struct summary_fault *);

#endif

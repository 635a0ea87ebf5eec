/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The timeline of faults. Each begins at an instant and, if it lasts, ends at one; both are done while the world stands still. Whom a fault touches is a
 * draw of each node's own, so that it is the same on any number of partitions; nodes that are offline have drawn too, and meet the fault when they come,
 * where it lasts. */
#ifndef SIM_WORLD_FAULTS_H
#define SIM_WORLD_FAULTS_H

#include "sim/world/state.h"

/* When what begins and ends; before anything else of the world. */
void faults_plan(struct world *);
int faults_open(struct world *);
void faults_close(struct world *);
/* At an instant: ends and begins what is due. */
void faults_due(struct world *);
/* For a checkpoint: how far each fault is. What follows from it - who is touched, the weather aside - is worked out again. */
void faults_put(const struct world *, struct stream *);
void faults_get(struct world *, struct stream_reader *);
/* The network's loss and latency follow what the scenario and the faults that are on say. */
void faults_weather(struct world *);
/* The network is told again what it forgets: speeds, configurations, documents. */
void faults_again(struct world *);
/* How many nodes that were online the fault has touched, so far. */
uint64_t faults_touched(const struct world *, unsigned fault);
/* Draw of the start-up delay of a node that fault took. */
sim_time faults_delay(const struct world *, unsigned fault, peer_h);
/* Look-ups a second that floods add for this node, now. */
double faults_flood_rate(const struct world *, peer_h);

#endif

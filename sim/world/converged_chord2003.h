/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The converged start of classic Chord: every table as stabilisation would leave it on a ring that stands still, timers at random phases. Fingers do not yet
 * lag behind churn: that takes them a round, as many fix_fingers intervals as a peer has fingers, which belongs into the warm-up. */
#ifndef SIM_WORLD_CONVERGED_CHORD2003_H
#define SIM_WORLD_CONVERGED_CHORD2003_H

#include "sim/world/converged.h"

/* Between net_open and the first kernel_run, at time 0. 0, or -1 when memory runs out. */
int converged_chord2003_build(struct net *, const struct converged_input *);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a scenario may change in a run that goes on from a checkpoint: what nodes, users and the world look up anew each time. What shapes tables, channels and the
 * population, and what has happened, stays. The rows of the schema with `running` may change. */
#ifndef SIM_SCENARIO_CHANGE_H
#define SIM_SCENARIO_CHANGE_H

#include "sim/scenario/scenario.h"

/* The run of `was` stands at `now` and shall go on as `is`. 0, or -1 with a sentence that names the key. */
int scenario_may_become(const struct scenario *was, const struct scenario *is, sim_time now, char *error, size_t error_cap);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks: what the scenario demands (`check:`, exit status 1), and what the simulator owes whatever the scenario says (70): every node's own
 * invariants, and no datagram made or lost out of nothing. */
#ifndef SIM_WORLD_CHECKS_H
#define SIM_WORLD_CHECKS_H

#include "sim/world/state.h"

struct check_result {
    const struct check *check; /* NULL = a safety check */
    unsigned scope;            /* which measures the metric comes from */
    bool failed;
    bool ring_correct; /* as last seen */
    bool open;         /* the run was stopped before it could be judged */
    sim_time failed_at;
    char text[192];
};

/* Sets up results and one scope for each guard time. 0, or -1 with a message. */
int checks_open(struct world *, char *error, size_t error_cap);
void checks_close(struct world *);
/* At a sample of the measured phase. */
void checks_sample(struct world *);
/* At the end. 0, 1 = a check of the scenario failed, 70 = a safety check failed. */
int checks_finish(struct world *);

#endif

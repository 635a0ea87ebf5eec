/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/faults.h"

#include "sim/kernel/random.h"
#include "sim/world/lives.h"

int faults_open(struct world *w, char *error, size_t error_cap)
{
    for (unsigned i = 0; i < w->scenario->faults; i++) {
        w->fault_at[i] = w->measure_from + w->scenario->fault[i].at;
        if (w->scenario->fault[i].kill_mode != KILL_HOST) {
            snprintf(error, error_cap, "faults[%u].kill.mode: only \"host\" (silent death) can be simulated yet", i);
            return -1;
        }
    }
    return 0;
}

/* A share is a draw of its own for each node and fault: nobody counts, so that it is the same on any number of partitions. */
static void kill_share(struct world *w, unsigned fault)
{
    for (uint32_t i = 0; i < w->identities; i++)
        if (w->identity[i].flags & LIFE_ONLINE &&
            random_unit(w->scenario->seed, i, STREAM_FAULT, fault) < w->scenario->fault[fault].kill_share)
            lives_kill(w, i, w->now);
}

void faults_due(struct world *w)
{
    for (; w->faults_done < w->scenario->faults && w->fault_at[w->faults_done] <= w->now; w->faults_done++)
        kill_share(w, w->faults_done);
}

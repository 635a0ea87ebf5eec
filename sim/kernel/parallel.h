/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs all partitions of the windows engine from window to window: in one thread one after the other, or each in a thread of its own. */
#ifndef SIM_KERNEL_PARALLEL_H
#define SIM_KERNEL_PARALLEL_H

#include "sim/kernel/kernel.h"

/* 0, or the status that all partitions agreed to stop with. */
int parallel_run(struct kernel *, sim_time until);
/* Between runs: what parts have posted to each other comes to those it is for. */
void parallel_settle(struct kernel *);

#endif

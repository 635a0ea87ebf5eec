/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ranks inside one thread: each has a stack of its own, runs to its next meeting, and then it is the next one's turn. It is what tests use to show that ranks share
 * nothing but meetings: as many complete worlds as there are ranks, each with its slice. What each gives is copied to its very length, so that nobody sees another's memory
 * and a sanitizer sees who reads on behind what came. Threads that wait for each other at each window would take a hundred times as long. */
#ifndef SIM_RANK_HUB_H
#define SIM_RANK_HUB_H

#include "sim/rank/ranks.h"

/* Does the work of each rank; returns when all are done. A rank that is done while others still meet ends the program with a sentence. 0, or -1: no memory. */
int hub_run(unsigned ranks, void (*work)(void *context, struct ranks *), void *context);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The timeline of faults. A fault happens at a global instant, before any event of that time. */
#ifndef SIM_WORLD_FAULTS_H
#define SIM_WORLD_FAULTS_H

#include "sim/world/state.h"

/* 0, or -1 with a message when the scenario wants what this version cannot do. */
int faults_open(struct world *, char *error, size_t error_cap);
/* Applies what is due now. */
void faults_due(struct world *);

#endif

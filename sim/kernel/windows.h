/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine for all real work: events wait in a wheel of windows; an opened window is sorted by site and each site runs its events in exact order while what
 * the next ones need is fetched into the cache. */
#ifndef SIM_KERNEL_WINDOWS_H
#define SIM_KERNEL_WINDOWS_H

#include "sim/kernel/kernel.h"

void windows_open(struct part *);
void windows_close(struct part *);
void windows_post(struct part *, const struct event *, const uint8_t *bytes);
/* due: not before the present event. */
void windows_wake_at(struct part *, uint32_t node, sim_time due);
size_t windows_memory(const struct part *);

/* A window at or after the present one before which this part has nothing to do; UINT64_MAX: nothing at all. */
uint64_t windows_next(const struct part *);
/* Runs the events of a window, all parts the same, that lie before until. */
void windows_run(struct part *, uint64_t window, sim_time until);

#endif

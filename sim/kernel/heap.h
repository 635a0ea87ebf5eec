/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The oracle: one binary heap of datagrams and one of wake-ups, one event at a time in the total order, no windows, no lists, no laziness. It shares
 * nothing with the windows engine but the order itself, and is kept as plain as it can be so that reading it is enough to believe it. */
#ifndef SIM_KERNEL_HEAP_H
#define SIM_KERNEL_HEAP_H

#include "sim/kernel/kernel.h"

struct heap_engine;

struct heap_engine *heap_open(struct kernel *);
void heap_close(struct heap_engine *);
void heap_post(struct heap_engine *, const struct event *, const uint8_t *bytes);
void heap_wake_at(struct heap_engine *, uint32_t node, sim_time due);
sim_time heap_due(const struct heap_engine *, uint32_t node);
int heap_run(struct heap_engine *, sim_time until); /* 0, or the status of a stop */
/* Each datagram under way, in no order. */
void heap_each(const struct heap_engine *, void (*each)(void *context, const struct event *, const uint8_t *bytes), void *context);
size_t heap_memory(const struct heap_engine *);

#endif

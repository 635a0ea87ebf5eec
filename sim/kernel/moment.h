/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel at an instant, as a checkpoint keeps it: of each node when it is due and what has come to it, and the datagrams under way. Numbers of nodes and times
 * only: nothing of it depends on engine, window, partitions or ranks, and a kernel of other ones takes it up. All calls between runs. */
#ifndef SIM_KERNEL_MOMENT_H
#define SIM_KERNEL_MOMENT_H

#include "sim/kernel/kernel.h"

struct kernel_moment {
    sim_time due;
    uint64_t chain; /* of its site, in the site's first node */
    bool seated;
};

struct kernel_flight {
    struct event e;
    const uint8_t *bytes; /* lent until the next run */
};

/* (all ranks) Takes in what was posted between runs for other partitions, so that each holds what comes to its nodes. */
void kernel_settle(struct kernel *);
/* Of a node that is here. */
struct kernel_moment kernel_moment_of(const struct kernel *, uint32_t node);
/* All datagrams under way to nodes of this part that is here, by destination, then in the order of events; freed by the caller. */
struct kernel_flight *kernel_flights(const struct part *, size_t *count);

/* A kernel that was opened and has not run goes on from this instant. Then its nodes, each once, and the datagrams; the part is the one of the node, or of the
 * destination. */
void kernel_resume(struct kernel *, sim_time now);
void kernel_take_up(struct part *, uint32_t node, const struct kernel_moment *);
void kernel_take_up_flight(struct part *, const struct event *, const uint8_t *bytes);

/* Tells layouts apart: of what is kept as it lies in memory. */
uint64_t kernel_layout(void);

#endif

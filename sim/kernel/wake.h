/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One due time a node, over records that cannot be moved once they wait in the wheel.
 *
 * A node remembers its due time and the times of up to two of its records, the earlier first. Moving the due time later does nothing: when the record comes
 * up too early it is no event, and a record for the due time is put. Moving it before the earlier record puts a new one and forgets the later of the
 * three; a forgotten record is dropped when it comes up. The usual hosts (a far timer, a near one now and then) so keep one or two records a node.
 * Re-arming that nests deeper would pile up forgotten records; when a wheel holds half as many wake-ups again as the last sweep left, and 1024, it is
 * swept: all that no node remembers goes, at most 2 a node stay. The sweep costs a few ns for each record put since the last one.
 *
 * A node without a seat (kernel.h) has a due time and at most one record, for that time; a bit tells whether it waits. Another due time while a record
 * waits gives it a seat.
 *
 * A due time that even the far wheel does not reach (17 minutes and more at windows of 1 ms) has no record at all: at each turn of that wheel the nodes are
 * looked through. Most nodes of a large population sleep for hours. */
#ifndef SIM_KERNEL_WAKE_H
#define SIM_KERNEL_WAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/kernel/kernel.h"

#define WAKE_RECORDS_SPARE 1024u

/* What the kernel knows of a node with a seat: half a cache line. chain belongs to the site, and is used in its first node. */
struct node_state {
    sim_time due;
    sim_time queued[2]; /* ascending; TIME_NEVER = none */
    uint64_t chain;
};
_Static_assert(sizeof(struct node_state) == 32, "byte budget of a node in the kernel");

#define SLEEPER_RECORDED (UINT64_C(1) << 62)
#define SLEEPER_NEVER    (SLEEPER_RECORDED - 1)

/* The word of a node without a seat. Who sleeps for more than 146 years sleeps for ever. */
static inline node_word sleeper_word(sim_time due, bool recorded)
{
    return (due < SLEEPER_NEVER ? due : SLEEPER_NEVER) | (recorded ? SLEEPER_RECORDED : 0);
}
static inline bool sleeper_recorded(node_word w)
{
    return w & SLEEPER_RECORDED;
}
static inline sim_time sleeper_due(node_word w)
{
    return (w & SLEEPER_NEVER) == SLEEPER_NEVER ? TIME_NEVER : w & SLEEPER_NEVER;
}

/* Sets the due time; puts a record when none that is remembered comes up in time. */
void wake_set(struct part *, uint32_t node, sim_time due);
/* A turn of the far wheel has begun: puts records for those that come within its reach. */
void wake_turn(struct part *);
/* A record of the node came up: true when this is its wake-up (the due time is then TIME_NEVER), false when it is no event. */
bool wake_comes(struct part *, uint32_t node, sim_time at);

#endif

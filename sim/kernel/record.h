/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The order of events, and the 32 bytes that a datagram takes while it waits, beside its own. (A wake-up waits in 8: wheel.h. Here is the form that it has within its window.)
 *
 * Order: time, destination node, source node, the source's sequence number. A wake-up has the source NODE_SELF, which is above every node, so it comes
 * after the datagrams of its time. Two datagrams alike in all four (a wrapped counter, or lanes that number apart) are told apart by class and flags, then
 * by channel, so that the order never depends on where a record happened to lie. If they are alike in these too and it would matter which comes first, a
 * host numbers its datagrams wrongly, and the program ends. */
#ifndef SIM_KERNEL_RECORD_H
#define SIM_KERNEL_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/kernel/kernel.h"

/* Our own mistakes and those of a host: says what and aborts. */
_Noreturn void kernel_fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define RECORD_REF_BITS 29u /* of the arena, in units of 64 bytes: 32 GiB of datagrams in flight a part */

struct record {
    sim_time at;
    uint32_t dst, src, seq, chan;
    uint64_t packed; /* from the top: class 4, flags 4, len 11, true_len 16, reference 29 bits */
};
_Static_assert(sizeof(struct record) == 32, "byte budget of a datagram that waits");

static inline struct record record_of_event(const struct event *e, uint32_t ref)
{
    return (struct record){
        .at = e->at, .dst = e->dst, .src = e->src, .seq = e->seq, .chan = e->chan,
        .packed = (uint64_t)e->class << 60 | (uint64_t)e->flags << 56 | (uint64_t)e->len << 45 | (uint64_t)e->true_len << 29 | ref};
}

static inline struct record record_of_wake(uint32_t node, sim_time at)
{
    return (struct record){.at = at, .dst = node, .src = NODE_SELF};
}

static inline bool record_is_wake(const struct record *r)
{
    return r->src == NODE_SELF;
}

static inline uint32_t record_ref(const struct record *r)
{
    return (uint32_t)r->packed & ((UINT32_C(1) << RECORD_REF_BITS) - 1);
}

static inline uint16_t record_len(const struct record *r)
{
    return (uint16_t)(r->packed >> 45 & 2047u);
}

static inline uint16_t record_true_len(const struct record *r)
{
    return (uint16_t)(r->packed >> 29);
}

static inline struct event record_event(const struct record *r)
{
    return (struct event){.at = r->at, .dst = r->dst, .src = r->src, .seq = r->seq, .chan = r->chan, .len = record_len(r),
                          .true_len = record_true_len(r), .class = (uint8_t)(r->packed >> 60), .flags = (uint8_t)(r->packed >> 56 & 15u)};
}

/* Two datagrams with one key: ends the program if they differ in length or carry bytes. Empty ones of one length are the same in any order, as are two
 * records of one wake-up. */
static inline void event_tie(sim_time at, uint32_t dst, uint32_t src, uint32_t seq, bool matters)
{
    if (matters)
        kernel_fatal("two datagrams from %u to %u at %llu ns with one sequence number, %u", src, dst, (unsigned long long)at, seq);
}

/* What is left of the order when time and destination are equal. */
static inline bool record_before_at_one_node(const struct record *a, const struct record *b)
{
    if (a->src != b->src)
        return a->src < b->src;
    if (a->seq != b->seq)
        return a->seq < b->seq;
    if (a->packed >> 56 != b->packed >> 56)
        return a->packed >> 56 < b->packed >> 56;
    if (a->chan == b->chan)
        event_tie(a->at, a->dst, a->src, a->seq, (record_len(a) | record_len(b)) || record_true_len(a) != record_true_len(b));
    return a->chan < b->chan;
}

static inline bool record_before(const struct record *a, const struct record *b)
{
    if (a->at != b->at)
        return a->at < b->at;
    if (a->dst != b->dst)
        return a->dst < b->dst;
    return record_before_at_one_node(a, b);
}

#endif

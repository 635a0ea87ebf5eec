/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event kernel: total order, windows, wake-ups, partitions, fingerprint. It knows nodes and sites by number only.
 *
 * Order: (time, destination node, source node, source's own sequence number); a node's wake-up has source SELF, after all datagrams of that
 * time. Two engines give the same results: KERNEL_HEAP (one heap, one event at a time; the oracle) and KERNEL_WINDOWS (events of a window grouped
 * by site, run in exact key order inside a site). The window is at most the smallest delay between sites, and a global instant cuts it.
 *
 * A partition (struct part) owns a contiguous range of sites; with several, each runs in a thread of its own and they exchange buffers at window
 * ends. A handler may touch only its own part and the nodes of its site. Global work (faults, samples) runs between kernel_run calls, alone.
 *
 * On several ranks (sim/rank/ranks.h) each process runs the part of its number, and holds what the kernel keeps of that part's nodes. All must call kernel_run
 * with the same times; it returns the same on each. Counts, fingerprint and memory are those of the parts that run here. */
#ifndef SIM_KERNEL_KERNEL_H
#define SIM_KERNEL_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/time.h"
#include "sim/rank/ranks.h"

struct kernel;
struct part;

#define NODE_SELF UINT32_MAX
#define EVENT_BYTES_MAX 2047

/* One datagram in flight. len bytes are kept by the kernel until delivered; true_len is what the wire carries. */
struct event {
    sim_time at;
    uint32_t dst, src, seq; /* seq: the source's own counter, modulo 2^32 */
    uint32_t chan;          /* the receiver's channel, or the host's own tag */
    uint16_t len, true_len; /* len <= EVENT_BYTES_MAX */
    uint8_t class;          /* enum traffic */
    uint8_t flags;          /* the host's own: 4 bits */
};

enum kernel_engine { KERNEL_WINDOWS, KERNEL_HEAP };
/* Whether partitions run in threads of their own: auto while windows hold enough events for that to pay, always for tests. Results cannot tell. */
enum kernel_threads { KERNEL_THREADS_NEVER, KERNEL_THREADS_AUTO, KERNEL_THREADS_ALWAYS };

enum approach { APPROACH_FAR, APPROACH_NEAR, APPROACH_CLOSE };

struct kernel_hooks {
    void *host;
    /* Both return the time at which the node next wants wake (TIME_NEVER: not on its own account), which replaces what was set before, by
     * kernel_wake_at within the call too. now = e->at resp. the due time. A time in the past means at once: after a datagram that is the same
     * instant (its wake-up comes after all datagrams of the time), after a wake-up 1 ns later; a site that goes on so for long aborts the run.
     * bytes are valid for the call. *count is true on entry; false on return keeps this delivery out of the fingerprint (keepalives). */
    sim_time (*deliver)(void *host, struct part *, const struct event *e, const uint8_t *bytes, bool *count);
    sim_time (*wake)(void *host, struct part *, uint32_t node, sim_time now);
    /* The node has got a seat (below). Its due time is kept on. May be NULL. Called within other calls of the kernel, so it must not call back. */
    void (*seat)(void *host, struct part *, uint32_t node, uint32_t seat, sim_time due);
    /* Prefetch what deliver or wake of this node will touch; bytes NULL for a wake-up. May be NULL. approach comes before it, once for each step, a few
     * events apart, so that each step may read what the one before has fetched; at step 0 the node may be another one of the site. */
    void (*approach)(void *host, uint32_t node, enum approach step);
    void (*touch)(void *host, uint32_t node, const struct event *e, const uint8_t *bytes);
};

struct kernel_config {
    enum kernel_engine engine;
    unsigned partitions;    /* 1..PART_NUMBER_MAX; on several ranks, as many as these */
    struct ranks *ranks;    /* NULL: all parts run here. Borrowed; KERNEL_WINDOWS only */
    enum kernel_threads threads;
    uint32_t nodes;         /* numbered 0..nodes-1 */
    const uint32_t *site;   /* site of each node, non-decreasing; NULL: every node its own site */
    sim_time window;        /* 1 ns .. the smallest delay between sites, and 4.29 s */
};

/* 0 or -EINVAL. Running out of memory, then or later, ends the program with a message and status 4; a breach of the rules above by a host aborts it. */
_Noreturn void kernel_exhausted(const char *what, ...) __attribute__((format(printf, 1, 2))); /* for hosts too: out of memory for this */
int kernel_open(struct kernel **, const struct kernel_config *, const struct kernel_hooks *);
void kernel_close(struct kernel *);

/* Most nodes of a large population sleep through a run, and eight bytes are enough for them: when they shall wake. A node has a seat, a number within its part,
 * from the moment that something happens to it for the first time: a delivery, a second due time, or that its host asks for one. Seats are given in order, from
 * 0 on, and for good. What kernel and hosts keep of nodes that have lived lies in arrays by seat; of the others they keep nothing. */
typedef uint64_t node_word; /* from the top: 1, part 15, unused 16, seat 32 bits; or 0, a record waits 1, due 62 bits */
#define NODE_SEATED    (UINT64_C(1) << 63)
#define PART_NUMBER_MAX 32767u
static inline bool node_is_seated(node_word w)
{
    return w >> 63;
}
static inline uint32_t node_seat(node_word w) /* seated */
{
    return (uint32_t)w;
}
static inline unsigned node_part(node_word w) /* seated */
{
    return (unsigned)(w >> 48 & PART_NUMBER_MAX);
}
/* One for each node. Another part's may change while this one runs. */
const node_word *kernel_nodes(const struct kernel *);
/* Gives the node a seat, if it has none, and tells which. */
uint32_t kernel_seat(struct part *, uint32_t node);
/* Seats of a part so far. */
uint32_t part_seats(const struct part *);
/* When the node shall wake. */
sim_time kernel_due(const struct kernel *, uint32_t node);

unsigned kernel_partitions(const struct kernel *);
struct part *kernel_part(struct kernel *, unsigned index);
struct part *kernel_part_of(struct kernel *, uint32_t node);
unsigned part_index(const struct part *);
/* First node and one past the last of a part. */
void part_range(const struct part *, uint32_t *first, uint32_t *end);
/* The parts that run here, and their nodes: from first up to end. */
void kernel_parts_here(const struct kernel *, unsigned *first, unsigned *end);
void kernel_nodes_here(const struct kernel *, uint32_t *first, uint32_t *end);

/* Sends a datagram: copies len bytes. From a handler: e->at > now, and at least now + window when it leaves the site. Between runs: e->at >= the
 * present instant, part = the part of the source. */
void kernel_post(struct part *, const struct event *e, const uint8_t *bytes);
/* Sets the node's wake-up time from outside a handler of that node (between runs, or by another node of its site). A time in the past means the
 * present instant between runs, 1 ns later from a handler. Re-arming is cheap and leaves nothing behind, earlier or later, however often. */
void kernel_wake_at(struct part *, uint32_t node, sim_time due);

/* Runs every event with time < until; then now = until. 0, or the negative status of kernel_stop: then now is the end of the window in which it was
 * called (the lowest status of that window counts), and the next kernel_run goes on from there. Called between runs, the next one returns at
 * once; so it does after a stop that came too late for all partitions to agree on it. */
int kernel_run(struct kernel *, sim_time until);
void kernel_stop(struct kernel *, int status);   /* safe from a handler or signal handler */
sim_time kernel_now(const struct kernel *);      /* between runs */

/* Between runs: does a piece of work for each part that runs here, in threads of their own where that is configured and pays. It may touch only its own part. */
void kernel_each_part(struct kernel *, void (*work)(void *context, struct part *), void *context);

/* Events that ran = datagrams + wake-ups; windows that held any event (these depend on engine and window, the others do not). */
struct kernel_counts { uint64_t events, datagrams, wakes, windows; };
void kernel_count(const struct kernel *, struct kernel_counts *);
uint64_t kernel_fingerprint(const struct kernel *);
/* Bytes of memory that the kernel holds. */
size_t kernel_memory(const struct kernel *);

#endif

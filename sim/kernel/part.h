/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to sim/kernel: what the kernel, its two engines and its partitions share. */
#ifndef SIM_KERNEL_PART_H
#define SIM_KERNEL_PART_H

#include <stdalign.h>
#include <stdatomic.h>

#include "proto/base/hash.h"
#include "sim/kernel/arena.h"
#include "sim/kernel/kernel.h"
#include "sim/kernel/queue.h"
#include "sim/kernel/reserve.h"
#include "sim/kernel/sort.h"
#include "sim/kernel/wake.h"
#include "sim/kernel/wheel.h"
#include "sim/rank/exchange.h"
#include "sim/rank/parcel.h"

struct heap_engine;

#define SITE_NONE UINT32_MAX

/* On lines of its own: what one thread counts must not slow another down. */
struct part {
    alignas(64) struct kernel *kernel;
    unsigned index;
    uint32_t first, end; /* nodes */
    sim_time now;        /* of the event that runs */
    uint32_t site;       /* of the event that runs, by its first node; SITE_NONE between runs */
    struct kernel_counts counts;
    struct node_state *state; /* by seat */
    struct reserve states;
    uint32_t seats;
    /* The windows engine: */
    sim_time limit;             /* end of the open window, or the instant that cuts it; 0 between windows */
    struct wheel wheel;
    struct arena arena;
    struct item *item, *spare;  /* of the open window, sorted */
    size_t items_max;
    struct queue queue;
    unsigned forced;            /* wake-ups in the past that this site asked for in this window */
    size_t wakes_max;           /* records of wake-ups in the wheel, above which it is swept */
    uint64_t sweeps;
    uint64_t turn, out_least;   /* exchange: which buffers, and the first window that something in them is for */
};

struct kernel {
    struct kernel_hooks hooks;
    enum kernel_engine engine;
    uint32_t nodes;
    unsigned partitions;
    unsigned here, here_end; /* of these, the ones that run in this process */
    struct ranks *ranks;
    enum kernel_threads threads;
    sim_time lookahead;  /* smallest delay between sites, as configured */
    sim_time window;     /* the same, or less where it would not fit a sort key */
    sim_time now;
    uint32_t *head;      /* first node of each node's site; NULL: the node itself */
    node_word *node;
    struct part *part;
    uint32_t *border;    /* part i has the nodes from border[i] up to border[i + 1]; apart from the parts, whose lines their threads write */
    struct heap_engine *heap;  /* KERNEL_HEAP only */
    struct exchange *exchange; /* several partitions in KERNEL_WINDOWS only */
    uint64_t windows;
    uint64_t busy;       /* events a window and partition lately */
    atomic_int stop;     /* 0, or the status to end with */
};

void *kernel_allocate(size_t count, size_t size);  /* zeroed; never NULL */
void *kernel_reallocate(void *, size_t bytes);     /* never NULL */

#define FORCED_MAX 10000u /* wake-ups of a site in one window that asked for the past: its host loops */
_Noreturn void kernel_loops(uint32_t node, sim_time now);

static inline uint32_t kernel_site(const struct kernel *k, uint32_t node)
{
    return k->head ? k->head[node] : node;
}

/* What is kept of a node that has a seat. */
static inline struct node_state *kernel_state(const struct kernel *k, node_word w)
{
    return &k->part[node_part(w)].state[node_seat(w)];
}

/* One delivery enters the chain of its site. */
static inline void kernel_chain(struct part *p, uint32_t site, const struct event *e, const uint8_t *bytes)
{
    node_word w = p->kernel->node[site];
    uint64_t *chain = &p->state[node_is_seated(w) ? node_seat(w) : kernel_seat(p, site)].chain;
    uint64_t h = hash64_mix(*chain, e->at);
    h = hash64_mix(h, (uint64_t)e->dst << 32 | e->src);
    h = hash64_mix(h, (uint64_t)e->seq << 32 | e->true_len);
    *chain = e->len ? hash64(h, bytes, e->len) : h;
}

#endif

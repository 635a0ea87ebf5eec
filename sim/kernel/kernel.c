/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/kernel/kernel.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/kernel/budget.h"
#include "sim/kernel/heap.h"
#include "sim/kernel/parallel.h"
#include "sim/kernel/part.h"
#include "sim/kernel/windows.h"
#include "sim/rank/slice.h"

/* Time within a window must fit the 32 bits that a sort key leaves for it. */
#define WINDOW_MAX UINT32_MAX
#define CLASS_MAX 15u
#define FLAGS_MAX 15u

void kernel_fatal(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("reloadsim: kernel: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    abort();
}

void kernel_loops(uint32_t node, sim_time now)
{
    kernel_fatal("node %u asks again and again at %llu ns to be woken in the past", node, (unsigned long long)now);
}

/* Not exit: other threads of the run may be at work, and what exit tears down is theirs too. */
void kernel_exhausted(const char *what, ...)
{
    va_list args;
    va_start(args, what);
    fputs("reloadsim: out of memory: ", stderr);
    vfprintf(stderr, what, args);
    fputs("; lower overlay.peers or use a larger machine\n", stderr);
    va_end(args);
    fflush(NULL);
    _exit(4);
}

void *kernel_allocate(size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size);
    if (!p)
        kernel_exhausted("%zu x %zu bytes of the kernel", count, size);
    return p;
}

void *kernel_reallocate(void *old, size_t bytes)
{
    void *p = realloc(old, bytes);
    if (!p)
        kernel_exhausted("%zu bytes of the kernel", bytes);
    return p;
}

/* Those of the nodes that are here; the system backs only what is touched. */
static node_word *node_words(const struct kernel *k)
{
    uint32_t first, end;
    kernel_nodes_here(k, &first, &end);
    node_word *node = slice_open(sizeof *node, k->nodes, first, end);
    if (!node)
        kernel_exhausted("the kernel's %u nodes", end - first);
    for (uint32_t i = first; i < end; i++)
        node[i] = SLEEPER_NEVER;
    return node;
}

static struct part *parts(unsigned partitions)
{
    struct part *part = aligned_alloc(alignof(struct part), partitions * sizeof *part);
    if (!part)
        kernel_exhausted("%u partitions", partitions);
    memset(part, 0, partitions * sizeof *part);
    return part;
}

static bool config_is_sound(const struct kernel_config *c)
{
    if (c->nodes == 0 || c->nodes >= SITE_NONE || c->partitions == 0 || c->partitions > PART_NUMBER_MAX || c->window == 0 || c->window == TIME_NEVER)
        return false;
    if (c->ranks && (c->partitions != ranks_count(c->ranks) || c->engine == KERNEL_HEAP))
        return false;
    for (uint32_t i = 1; c->site && i < c->nodes; i++)
        if (c->site[i] < c->site[i - 1])
            return false;
    return true;
}

static uint32_t *first_nodes(const struct kernel_config *c)
{
    if (!c->site)
        return NULL;
    uint32_t *head = kernel_allocate(c->nodes, sizeof *head);
    for (uint32_t i = 1; i < c->nodes; i++)
        head[i] = c->site[i] == c->site[i - 1] ? head[i - 1] : i;
    return head;
}

/* Equal shares of the nodes, each border moved up to the next site. A part may be empty when sites are large or few. */
static void divide(struct kernel *k)
{
    uint32_t border = 0;
    for (unsigned i = 0; i < k->partitions; i++) {
        struct part *p = &k->part[i];
        p->kernel = k;
        p->index = i;
        p->site = SITE_NONE;
        p->first = border;
        uint32_t share = (uint32_t)((uint64_t)k->nodes * (i + 1) / k->partitions);
        if (share > border)
            border = share;
        while (border < k->nodes && kernel_site(k, border) != border)
            border++;
        p->end = border;
        k->border[i + 1] = border;
        if (i < k->here || i >= k->here_end)
            continue;
        reserve_open(&p->states, (p->end - p->first) * sizeof *p->state);
        p->state = (struct node_state *)(void *)p->states.at;
    }
}

static void open_engine(struct kernel *k)
{
    if (k->engine == KERNEL_HEAP) {
        k->heap = heap_open(k);
        return;
    }
    for (unsigned i = k->here; i < k->here_end; i++)
        windows_open(&k->part[i]);
    k->exchange = k->partitions > 1 ? exchange_open(k->partitions, k->ranks) : NULL;
    if (k->partitions > 1 && !k->exchange)
        kernel_exhausted("the buffers of %u partitions", k->partitions);
}

int kernel_open(struct kernel **out, const struct kernel_config *c, const struct kernel_hooks *hooks)
{
    *out = NULL;
    if (!config_is_sound(c))
        return -EINVAL;
    struct kernel *k = kernel_allocate(1, sizeof *k);
    k->hooks = *hooks;
    k->engine = c->engine;
    k->nodes = c->nodes;
    k->partitions = c->partitions;
    k->ranks = c->partitions > 1 ? c->ranks : NULL;
    k->here = ranks_self(k->ranks);
    k->here_end = k->ranks ? k->here + 1 : k->partitions;
    k->threads = c->threads;
    k->lookahead = c->window;
    k->window = time_min(c->window, WINDOW_MAX);
    k->head = first_nodes(c);
    k->border = kernel_allocate(k->partitions + (size_t)1, sizeof *k->border);
    k->part = parts(k->partitions);
    divide(k);
    k->node = node_words(k);
    open_engine(k);
    *out = k;
    return 0;
}

void kernel_close(struct kernel *k)
{
    if (!k)
        return;
    uint32_t first, end;
    kernel_nodes_here(k, &first, &end);
    heap_close(k->heap);
    for (unsigned i = k->here; k->engine == KERNEL_WINDOWS && i < k->here_end; i++)
        windows_close(&k->part[i]);
    for (unsigned i = k->here; i < k->here_end; i++)
        reserve_close(&k->part[i].states);
    exchange_close(k->exchange);
    free(k->head);
    slice_close(k->node, sizeof *k->node, k->nodes, first, end);
    free(k->part);
    free(k->border);
    free(k);
}

unsigned kernel_partitions(const struct kernel *k)
{
    return k->partitions;
}

struct part *kernel_part(struct kernel *k, unsigned index)
{
    assert(index < k->partitions);
    return &k->part[index];
}

struct part *kernel_part_of(struct kernel *k, uint32_t node)
{
    assert(node < k->nodes);
    const uint32_t *border = k->border;
    size_t i = (size_t)((uint64_t)node * k->partitions / k->nodes);
    while (node < border[i])
        i--;
    while (node >= border[i + 1])
        i++;
    return &k->part[i];
}

unsigned part_index(const struct part *p)
{
    return p->index;
}

void part_range(const struct part *p, uint32_t *first, uint32_t *end)
{
    *first = p->first;
    *end = p->end;
}

void kernel_parts_here(const struct kernel *k, unsigned *first, unsigned *end)
{
    *first = k->here;
    *end = k->here_end;
}

void kernel_nodes_here(const struct kernel *k, uint32_t *first, uint32_t *end)
{
    *first = k->border[k->here];
    *end = k->border[k->here_end];
}

static void check_post(const struct part *p, const struct event *e)
{
    const struct kernel *k = p->kernel;
    if (e->dst >= k->nodes || e->src >= k->nodes)
        kernel_fatal("datagram from %u to %u, but there are %u nodes", e->src, e->dst, k->nodes);
    if (e->len > EVENT_BYTES_MAX || e->class > CLASS_MAX || e->flags > FLAGS_MAX)
        kernel_fatal("datagram from %u of %u bytes, class %u, flags %u: over a limit", e->src, e->len, e->class, e->flags);
    if (e->at == TIME_NEVER)
        kernel_fatal("datagram from %u to %u that never arrives", e->src, e->dst);
    if (p->site == SITE_NONE) {
        if (e->at < k->now)
            kernel_fatal("datagram from %u to %u for %llu ns, but it is %llu ns", e->src, e->dst, (unsigned long long)e->at,
                         (unsigned long long)k->now);
        return;
    }
    sim_time least = kernel_site(k, e->dst) == p->site ? 1 : k->lookahead;
    if (e->at < time_add(p->now, least))
        kernel_fatal("datagram from %u to %u sent at %llu ns for %llu ns: the least delay is %llu ns", e->src, e->dst,
                     (unsigned long long)p->now, (unsigned long long)e->at, (unsigned long long)least);
}

void kernel_post(struct part *p, const struct event *e, const uint8_t *bytes)
{
    check_post(p, e);
    if (p->kernel->heap)
        heap_post(p->kernel->heap, e, bytes);
    else
        windows_post(p, e, bytes);
}

void kernel_wake_at(struct part *p, uint32_t node, sim_time due)
{
    struct kernel *k = p->kernel;
    if (node < p->first || node >= p->end || (p->site != SITE_NONE && kernel_site(k, node) != p->site))
        kernel_fatal("wake-up of node %u set from outside its site", node);
    sim_time least = p->site == SITE_NONE ? k->now : p->now + 1;
    due = due > least ? due : least;
    if (k->heap)
        heap_wake_at(k->heap, node, due);
    else
        windows_wake_at(p, node, due);
}

int kernel_run(struct kernel *k, sim_time until)
{
    int status = 0;
    if (until <= k->now)
        status = k->ranks ? 0 : atomic_load(&k->stop); /* between ranks it is for the next run to agree on */
    else if (k->heap)
        status = heap_run(k->heap, until);
    else
        status = parallel_run(k, until);
    /* What all have agreed on is done with; a stop that came later ends the next run. */
    int done = status;
    atomic_compare_exchange_strong(&k->stop, &done, 0);
    return status;
}

/* Of several stops in one window the lowest status wins, whatever the order in which partitions reach theirs. */
void kernel_stop(struct kernel *k, int status)
{
    assert(status < 0);
    int old = atomic_load(&k->stop);
    while (status < old && !atomic_compare_exchange_weak(&k->stop, &old, status))
        ;
}

sim_time kernel_now(const struct kernel *k)
{
    return k->now;
}

void kernel_count(const struct kernel *k, struct kernel_counts *out)
{
    *out = (struct kernel_counts){.windows = k->windows};
    for (unsigned i = k->here; i < k->here_end; i++) {
        out->datagrams += k->part[i].counts.datagrams;
        out->wakes += k->part[i].counts.wakes;
    }
    out->events = out->datagrams + out->wakes;
}

const node_word *kernel_nodes(const struct kernel *k)
{
    return k->node;
}

uint32_t part_seats(const struct part *p)
{
    return p->seats;
}

sim_time kernel_due(const struct kernel *k, uint32_t node)
{
    node_word w = k->node[node];
    if (k->heap)
        return heap_due(k->heap, node);
    return node_is_seated(w) ? kernel_state(k, w)->due : sleeper_due(w);
}

static uint32_t take_seat(struct part *p, uint32_t node)
{
    struct kernel *k = p->kernel;
    sim_time due = kernel_due(k, node);
    uint32_t seat = p->seats++;
    assert(node >= p->first && node < p->end);
    reserve_use(&p->states, p->seats * sizeof *p->state);
    p->state[seat] = (struct node_state){.due = due, .queued = {sleeper_recorded(k->node[node]) ? due : TIME_NEVER, TIME_NEVER}};
    k->node[node] = NODE_SEATED | (node_word)p->index << 48 | seat;
    if (k->hooks.seat)
        k->hooks.seat(k->hooks.host, p, node, seat, due);
    return seat;
}

uint32_t kernel_seat(struct part *p, uint32_t node)
{
    node_word w = p->kernel->node[node];
    return node_is_seated(w) ? node_seat(w) : take_seat(p, node);
}

uint64_t kernel_fingerprint(const struct kernel *k)
{
    uint64_t sum = 0;
    uint32_t first, end;
    kernel_nodes_here(k, &first, &end);
    for (uint32_t i = first; i < end; i++) {
        uint64_t chain = node_is_seated(k->node[i]) ? kernel_state(k, k->node[i])->chain : 0;
        if (chain)
            sum += hash64_mix(hash64_mix(UINT64_C(0x666f6c64), i), chain);
    }
    return sum;
}

size_t kernel_memory(const struct kernel *k)
{
    uint32_t first, end;
    kernel_nodes_here(k, &first, &end);
    size_t bytes = sizeof *k + k->partitions * sizeof *k->part + (end - first) * sizeof *k->node;
    for (unsigned i = k->here; i < k->here_end; i++)
        bytes += k->part[i].seats * sizeof(struct node_state);
    if (k->head)
        bytes += k->nodes * sizeof *k->head;
    for (unsigned i = k->here; k->engine == KERNEL_WINDOWS && i < k->here_end; i++)
        bytes += windows_memory(&k->part[i]);
    return bytes + (k->heap ? heap_memory(k->heap) : 0) + (k->exchange ? exchange_memory(k->exchange) : 0);
}

const struct budget *kernel_budgets(unsigned *count)
{
    static const struct budget rows[] = {
        BUDGET(node_word, 8, PER_IDENTITY, "kernel: due time, or seat"),
        BUDGET(struct node_state, 32, PER_LIVED, "kernel: due time, records, fingerprint"),
        {"kernel: wake-up, and its part of a chunk's head", (uint32_t)((sizeof(struct wake_chunk) + CHUNK_WAKES - 1) / CHUNK_WAKES), PER_EVENT},
        BUDGET(struct part, 33536, PER_PARTITION, "kernel: wheel and arena"),
    };
    *count = sizeof rows / sizeof *rows;
    return rows;
}

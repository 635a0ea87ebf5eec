/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/kernel/moment.h"

#include <assert.h>
#include <stdlib.h>

#include "sim/kernel/heap.h"
#include "sim/kernel/parallel.h"
#include "sim/kernel/part.h"
#include "sim/kernel/windows.h"

void kernel_settle(struct kernel *k)
{
    if (k->exchange)
        parallel_settle(k);
}

struct kernel_moment kernel_moment_of(const struct kernel *k, uint32_t node)
{
    node_word w = k->node[node];
    bool seated = node_is_seated(w);
    return (struct kernel_moment){.due = kernel_due(k, node), .chain = seated ? kernel_state(k, w)->chain : 0, .seated = seated};
}

/* ---- datagrams ---- */

struct flights {
    const struct part *part;
    struct kernel_flight *at;
    size_t count, max;
};

static void add(struct flights *f, const struct event *e, const uint8_t *bytes)
{
    if (f->count == f->max) {
        f->max = f->max ? 2 * f->max : 1024;
        f->at = kernel_reallocate(f->at, f->max * sizeof *f->at);
    }
    f->at[f->count++] = (struct kernel_flight){*e, bytes};
}

static void add_record(void *context, const struct record *r)
{
    struct flights *f = context;
    struct event e = record_event(r);
    add(f, &e, e.len ? arena_at(&f->part->arena, record_ref(r)) : NULL);
}

static void add_flight(void *context, const struct event *e, const uint8_t *bytes)
{
    struct flights *f = context;
    if (e->dst >= f->part->first && e->dst < f->part->end)
        add(f, e, bytes);
}

/* By destination: so that parts one after the other are in one order, however many there are. */
static int flight_compare(const void *a, const void *b)
{
    const struct kernel_flight *x = a, *y = b;
    if (x == y)
        return 0;
    if (x->e.dst != y->e.dst)
        return x->e.dst < y->e.dst ? -1 : 1;
    const struct record rx = record_of_event(&x->e, 0), ry = record_of_event(&y->e, 0);
    return record_before(&rx, &ry) ? -1 : record_before(&ry, &rx);
}

struct kernel_flight *kernel_flights(const struct part *p, size_t *count)
{
    struct flights f = {.part = p};
    if (p->kernel->heap) {
        heap_each(p->kernel->heap, add_flight, &f);
    } else {
        assert(p->queue.n == 0);
        wheel_each(&p->wheel, add_record, &f);
    }
    if (f.count)
        qsort(f.at, f.count, sizeof *f.at, flight_compare);
    *count = f.count;
    return f.at;
}

/* ---- taking up ---- */

void kernel_resume(struct kernel *k, sim_time now)
{
    assert(k->now == 0);
    k->now = now;
    for (unsigned i = k->here; !k->heap && i < k->here_end; i++)
        wheel_advance(&k->part[i].wheel, wheel_window_of(&k->part[i].wheel, now));
}

void kernel_take_up(struct part *p, uint32_t node, const struct kernel_moment *m)
{
    if (m->seated)
        p->state[kernel_seat(p, node)].chain = m->chain;
    kernel_wake_at(p, node, m->due);
}

void kernel_take_up_flight(struct part *p, const struct event *e, const uint8_t *bytes)
{
    const struct kernel *k = p->kernel;
    if (e->dst < p->first || e->dst >= p->end || e->at < k->now || e->len > EVENT_BYTES_MAX)
        kernel_fatal("a datagram to %u for %llu ns cannot be taken up", e->dst, (unsigned long long)e->at);
    if (k->heap)
        heap_post(k->heap, e, bytes);
    else
        windows_post(p, e, bytes);
}

uint64_t kernel_layout(void)
{
    return hash64_mix(sizeof(struct kernel_moment), EVENT_BYTES_MAX);
}

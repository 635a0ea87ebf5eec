/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/kernel/heap.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/kernel/part.h"
#include "sim/kernel/record.h"

#define NOT_QUEUED UINT32_MAX

struct flight {
    struct event e;
    uint8_t *bytes;
};

struct forced {
    uint64_t window;
    uint32_t count;
};

struct heap_engine {
    struct kernel *kernel;
    struct flight *flight; /* heap of datagrams */
    size_t flights, flights_max, flight_bytes;
    uint32_t *waker; /* heap of nodes by due time */
    uint32_t wakers;
    uint32_t *place; /* of each node in waker, or NOT_QUEUED */
    sim_time *due;
    struct forced *forced; /* of each site, by its first node */
};

static bool flight_before(const struct flight *x, const struct flight *y)
{
    const struct event *a = &x->e, *b = &y->e;
    if (a->at != b->at)
        return a->at < b->at;
    if (a->dst != b->dst)
        return a->dst < b->dst;
    if (a->src != b->src)
        return a->src < b->src;
    if (a->seq != b->seq)
        return a->seq < b->seq;
    if (a->class != b->class)
        return a->class < b->class;
    if (a->flags != b->flags)
        return a->flags < b->flags;
    if (a->chan == b->chan)
        event_tie(a->at, a->dst, a->src, a->seq, (a->len | b->len) || a->true_len != b->true_len);
    return a->chan < b->chan;
}

static bool waker_before(const struct heap_engine *h, uint32_t a, uint32_t b)
{
    return h->due[a] != h->due[b] ? h->due[a] < h->due[b] : a < b;
}

struct heap_engine *heap_open(struct kernel *k)
{
    struct heap_engine *h = kernel_allocate(1, sizeof *h);
    h->kernel = k;
    h->waker = kernel_allocate(k->nodes, sizeof *h->waker);
    h->place = kernel_allocate(k->nodes, sizeof *h->place);
    h->due = kernel_allocate(k->nodes, sizeof *h->due);
    h->forced = kernel_allocate(k->nodes, sizeof *h->forced);
    for (uint32_t i = 0; i < k->nodes; i++) {
        h->place[i] = NOT_QUEUED;
        h->due[i] = TIME_NEVER;
    }
    return h;
}

void heap_close(struct heap_engine *h)
{
    if (!h)
        return;
    for (size_t i = 0; i < h->flights; i++)
        free(h->flight[i].bytes);
    free(h->flight);
    free(h->waker);
    free(h->place);
    free(h->due);
    free(h->forced);
    free(h);
}

void heap_post(struct heap_engine *h, const struct event *e, const uint8_t *bytes)
{
    if (h->flights == h->flights_max) {
        h->flights_max = h->flights_max ? 2 * h->flights_max : 64;
        h->flight = kernel_reallocate(h->flight, h->flights_max * sizeof *h->flight);
    }
    struct flight f = {.e = *e, .bytes = kernel_allocate(1, e->len + (size_t)1)};
    if (e->len)
        memcpy(f.bytes, bytes, e->len);
    h->flight_bytes += e->len + (size_t)1;
    size_t i = h->flights++;
    for (; i > 0 && flight_before(&f, &h->flight[(i - 1) / 2]); i = (i - 1) / 2)
        h->flight[i] = h->flight[(i - 1) / 2];
    h->flight[i] = f;
}

static struct flight take_flight(struct heap_engine *h)
{
    struct flight top = h->flight[0], last = h->flight[--h->flights];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < h->flights; i = child) {
        if (child + 1 < h->flights && flight_before(&h->flight[child + 1], &h->flight[child]))
            child++;
        if (!flight_before(&h->flight[child], &last))
            break;
        h->flight[i] = h->flight[child];
    }
    h->flight[i] = last;
    return top;
}

static void put_waker(struct heap_engine *h, uint32_t i, uint32_t node)
{
    h->waker[i] = node;
    h->place[node] = i;
}

/* Moves the node up or down from the free place i to where its due time belongs. */
static void settle_waker(struct heap_engine *h, uint32_t i, uint32_t node)
{
    for (; i > 0 && waker_before(h, node, h->waker[(i - 1) / 2]); i = (i - 1) / 2)
        put_waker(h, i, h->waker[(i - 1) / 2]);
    for (uint32_t child; (child = 2 * i + 1) < h->wakers; i = child) {
        if (child + 1 < h->wakers && waker_before(h, h->waker[child + 1], h->waker[child]))
            child++;
        if (!waker_before(h, h->waker[child], node))
            break;
        put_waker(h, i, h->waker[child]);
    }
    put_waker(h, i, node);
}

void heap_wake_at(struct heap_engine *h, uint32_t node, sim_time due)
{
    uint32_t i = h->place[node];
    h->due[node] = due;
    if (due == TIME_NEVER) {
        if (i == NOT_QUEUED)
            return;
        uint32_t last = h->waker[--h->wakers];
        h->place[node] = NOT_QUEUED;
        if (last != node)
            settle_waker(h, i, last);
        return;
    }
    settle_waker(h, i == NOT_QUEUED ? h->wakers++ : i, node);
}

sim_time heap_due(const struct heap_engine *h, uint32_t node)
{
    return h->due[node];
}

static void deliver(struct heap_engine *h)
{
    struct kernel *k = h->kernel;
    struct flight f = take_flight(h);
    struct part *p = kernel_part_of(k, f.e.dst);
    bool count = true;
    p->now = f.e.at;
    p->site = kernel_site(k, f.e.dst);
    sim_time due = k->hooks.deliver(k->hooks.host, p, &f.e, f.bytes, &count);
    if (count)
        kernel_chain(p, p->site, &f.e, f.bytes);
    heap_wake_at(h, f.e.dst, due > f.e.at ? due : f.e.at);
    p->counts.datagrams++;
    h->flight_bytes -= f.e.len + (size_t)1;
    free(f.bytes);
    p->site = SITE_NONE;
}

/* Wake-ups in the past that a site asked for in one window. */
static void count_forced(struct heap_engine *h, const struct part *p, uint32_t node)
{
    struct forced *f = &h->forced[p->site];
    uint64_t window = p->now / h->kernel->window;
    if (f->window != window)
        *f = (struct forced){.window = window};
    if (++f->count > FORCED_MAX)
        kernel_loops(node, p->now);
}

static void wake(struct heap_engine *h)
{
    struct kernel *k = h->kernel;
    uint32_t node = h->waker[0];
    struct part *p = kernel_part_of(k, node);
    p->now = h->due[node];
    p->site = kernel_site(k, node);
    heap_wake_at(h, node, TIME_NEVER);
    sim_time due = k->hooks.wake(k->hooks.host, p, node, p->now);
    p->counts.wakes++;
    if (due <= p->now) {
        due = p->now + 1;
        count_forced(h, p, node);
    }
    heap_wake_at(h, node, due);
    p->site = SITE_NONE;
}

/* A wake-up comes after every datagram of its time to its node, and before those to higher nodes. */
static bool datagram_is_next(const struct heap_engine *h)
{
    if (h->flights == 0 || h->wakers == 0)
        return h->flights > 0;
    const struct event *e = &h->flight[0].e;
    uint32_t node = h->waker[0];
    return e->at != h->due[node] ? e->at < h->due[node] : e->dst <= node;
}

static sim_time next_time(const struct heap_engine *h)
{
    sim_time flight = h->flights > 0 ? h->flight[0].e.at : TIME_NEVER;
    return h->wakers > 0 ? time_min(flight, h->due[h->waker[0]]) : flight;
}

int heap_run(struct heap_engine *h, sim_time until)
{
    struct kernel *k = h->kernel;
    /* Windows have no meaning here except that a stop takes effect at the end of one, as in the other engine. */
    sim_time end = 0;
    for (;;) {
        sim_time at = next_time(h);
        if (at >= end || at >= until) {
            int status = atomic_load(&k->stop);
            if (status) {
                k->now = end > 0 ? time_min(end, until) : k->now;
                return status;
            }
            if (at >= until)
                break;
            end = time_add(at - at % k->window, k->window);
            k->windows++;
        }
        if (datagram_is_next(h))
            deliver(h);
        else
            wake(h);
    }
    k->now = until;
    return 0;
}

void heap_each(const struct heap_engine *h, void (*each)(void *, const struct event *, const uint8_t *), void *context)
{
    for (size_t i = 0; i < h->flights; i++)
        each(context, &h->flight[i].e, h->flight[i].bytes);
}

size_t heap_memory(const struct heap_engine *h)
{
    return sizeof *h + h->flights_max * sizeof *h->flight + h->flight_bytes +
           h->kernel->nodes * (sizeof *h->waker + sizeof *h->place + sizeof *h->due + sizeof *h->forced);
}

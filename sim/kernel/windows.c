/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/kernel/windows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/kernel/fetch.h"
#include "sim/kernel/part.h"

/* How many events ahead something is fetched: far enough for memory to answer, near enough to be still in the first cache when it is used. */
#define AHEAD_WORD 32u
#define AHEAD_RECORD 24u
#define AHEAD_BYTES 16u
#define AHEAD_CLOSE 12u
#define AHEAD_TOUCH 8u
#define EVENTS_PER_CHUNK 8u /* one chunk of the next window is fetched for so many events of this one: twice the steady need */
#define ITEMS_KEPT 16384u
#define LINE 64u
#define LINES_MAX 6u /* of one datagram; the processor itself fetches on after some neighbouring lines */

static const uint8_t no_bytes[1];

void windows_open(struct part *p)
{
    arena_open(&p->arena);
    wheel_open(&p->wheel, &p->arena, p->kernel->window);
    p->out_least = WINDOW_NONE;
    p->wakes_max = WAKE_RECORDS_SPARE;
}

void windows_close(struct part *p)
{
    arena_close(&p->arena);
    queue_close(&p->queue);
    free(p->item);
    free(p->spare);
}

size_t windows_memory(const struct part *p)
{
    return arena_memory(&p->arena) + 2 * p->items_max * sizeof *p->item + p->queue.max * sizeof *p->queue.record;
}

static uint32_t keep(struct part *p, const struct event *e, const uint8_t *bytes)
{
    if (e->len == 0)
        return ARENA_NONE;
    uint32_t ref = arena_take(&p->arena, arena_units(e->len));
    memcpy(arena_at(&p->arena, ref), bytes, e->len);
    return ref;
}

static void send_out(struct part *p, const struct part *to, const struct event *e, const uint8_t *bytes)
{
    void *room = exchange_room(p->kernel->exchange, p->turn, p->index, to->index, parcel_size(e->len));
    if (!room)
        kernel_exhausted("datagrams on their way to partition %u", to->index);
    parcel_write(room, e, bytes);
    uint64_t window = wheel_window_of(&p->wheel, e->at);
    if (window < p->out_least)
        p->out_least = window;
}

void windows_post(struct part *p, const struct event *e, const uint8_t *bytes)
{
    if (e->dst < p->first || e->dst >= p->end) {
        send_out(p, kernel_part_of(p->kernel, e->dst), e, bytes); /* between runs too: each run begins by taking in what came */
        return;
    }
    uint32_t ref = keep(p, e, bytes);
    if (e->at < p->limit) { /* within the site, or kernel_post had refused it */
        struct record r = record_of_event(e, ref);
        queue_put(&p->queue, &r);
        return;
    }
    *wheel_room(&p->wheel, e->at) = record_of_event(e, ref);
}

void windows_wake_at(struct part *p, uint32_t node, sim_time due)
{
    wake_set(p, node, due);
}

uint64_t windows_next(const struct part *p)
{
    uint64_t next = wheel_next(&p->wheel);
    return next < p->out_least ? next : p->out_least;
}

static void deliver(struct part *p, const struct record *r)
{
    struct kernel *k = p->kernel;
    struct event e = record_event(r);
    const uint8_t *bytes = e.len ? arena_at(&p->arena, record_ref(r)) : no_bytes;
    bool count = true;
    sim_time due = k->hooks.deliver(k->hooks.host, p, &e, bytes, &count);
    if (count)
        kernel_chain(p, p->site, &e, bytes);
    if (e.len)
        arena_give(&p->arena, record_ref(r), arena_units(e.len));
    p->counts.datagrams++;
    wake_set(p, e.dst, due > p->now ? due : p->now);
}

static void wake(struct part *p, uint32_t node)
{
    if (!wake_comes(p, node, p->now))
        return;
    struct kernel *k = p->kernel;
    sim_time due = k->hooks.wake(k->hooks.host, p, node, p->now);
    p->counts.wakes++;
    if (due <= p->now) {
        due = p->now + 1;
        if (++p->forced > FORCED_MAX)
            kernel_loops(node, p->now);
    }
    wake_set(p, node, due);
}

static void run(struct part *p, const struct item *item, sim_time start)
{
    p->now = start + (uint32_t)item->key;
    if (item_is_wake(item))
        wake(p, item_node(item));
    else
        deliver(p, item_record(item));
}

static void run_queued(struct part *p)
{
    struct record r = queue_take(&p->queue);
    p->now = r.at;
    if (record_is_wake(&r))
        wake(p, r.dst);
    else
        deliver(p, &r);
}

static void resize_items(struct part *p, size_t max)
{
    p->items_max = max;
    p->item = kernel_reallocate(p->item, max * sizeof *p->item);
    p->spare = kernel_reallocate(p->spare, max * sizeof *p->spare);
}

static void make_room(struct part *p, size_t n)
{
    if (n > p->items_max)
        resize_items(p, n + n / 2 + 64);
}

/* After a window of very many events, such as a wave of departures makes, the room for them is given back. */
static void give_room_back(struct part *p, size_t n)
{
    if (p->items_max > ITEMS_KEPT && n < p->items_max / 8)
        resize_items(p, ITEMS_KEPT / 4);
}

/* Makes sort keys of all datagrams of the list before limit; the others go back into the wheel. */
static size_t gather_datagrams(struct part *p, struct waiting list, sim_time start, sim_time limit)
{
    const struct kernel *k = p->kernel;
    size_t n = 0;
    for (; list.chunk != ARENA_NONE; list.fill = CHUNK_RECORDS) {
        const struct chunk *c = arena_at(&p->arena, list.chunk);
        make_room(p, n + CHUNK_RECORDS);
        for (uint32_t i = 0; i < list.fill; i++) {
            const struct record *r = &c->record[i];
            if (r->at < limit)
                p->item[n++] = item_of_datagram((uint64_t)kernel_site(k, r->dst) << 32 | (r->at - start), r);
            else
                *wheel_room(&p->wheel, r->at) = *r;
        }
        list.chunk = c->next;
    }
    return n;
}

/* And of all wake-ups, behind the n that there are. */
static size_t gather_wakes(struct part *p, struct waiting list, size_t n, sim_time start, sim_time limit)
{
    const struct kernel *k = p->kernel;
    for (; list.chunk != ARENA_NONE; list.fill = CHUNK_WAKES) {
        const struct wake_chunk *c = arena_at(&p->arena, list.chunk);
        make_room(p, n + CHUNK_WAKES);
        p->wheel.wakes -= list.fill;
        for (uint32_t i = 0; i < list.fill; i++) {
            const struct wake *w = &c->wake[i];
            if (w->after < limit - start)
                p->item[n++] = item_of_wake((uint64_t)kernel_site(k, w->node) << 32 | w->after, w->node);
            else
                wheel_put(&p->wheel, w->node, start + w->after);
        }
        list.chunk = c->next;
    }
    return n;
}

static void fetch_record(const struct part *p, const struct item *item)
{
    node_word w = p->kernel->node[item->key >> 32];
    if (node_is_seated(w))
        fetch_line_to_write(&p->state[node_seat(w)]);
}

static void fetch_bytes(const struct part *p, const struct item *item)
{
    if (item_is_wake(item))
        return;
    uint32_t len = record_len(item_record(item)), ref = record_ref(item_record(item));
    len = len < LINES_MAX * LINE ? len : LINES_MAX * LINE;
    for (uint32_t at = 0; at < len; at += LINE)
        fetch_line((const uint8_t *)arena_at(&p->arena, ref) + at);
}

static void touch(const struct part *p, const struct item *item)
{
    const struct kernel_hooks *h = &p->kernel->hooks;
    if (item_is_wake(item)) {
        h->touch(h->host, item_node(item), NULL, NULL);
        return;
    }
    const struct record *r = item_record(item);
    struct event e = record_event(r);
    h->touch(h->host, r->dst, &e, e.len ? arena_at(&p->arena, record_ref(r)) : no_bytes);
}

/* The five steps towards an event. */
static void fetch_word(const struct part *p, const struct item *item)
{
    if (!item_is_wake(item))
        fetch_line(item_record(item));
    fetch_line(&p->kernel->node[item->key >> 32]);
}

static void fetch_far(const struct part *p, const struct item *item)
{
    const struct kernel_hooks *h = &p->kernel->hooks;
    fetch_record(p, item);
    if (h->approach)
        h->approach(h->host, (uint32_t)(item->key >> 32), APPROACH_FAR);
}

static void fetch_near(const struct part *p, const struct item *item)
{
    const struct kernel_hooks *h = &p->kernel->hooks;
    fetch_bytes(p, item);
    if (h->approach)
        h->approach(h->host, item_node(item), APPROACH_NEAR);
}

static void fetch_close(const struct part *p, const struct item *item)
{
    const struct kernel_hooks *h = &p->kernel->hooks;
    if (h->approach)
        h->approach(h->host, item_node(item), APPROACH_CLOSE);
}

static void fetch_touch(const struct part *p, const struct item *item)
{
    if (p->kernel->hooks.touch)
        touch(p, item);
}

static void fetch_first(const struct part *p, size_t n)
{
    for (size_t i = 0; i < AHEAD_WORD && i < n; i++)
        fetch_word(p, &p->item[i]);
    for (size_t i = 0; i < AHEAD_RECORD && i < n; i++)
        fetch_far(p, &p->item[i]);
    for (size_t i = 0; i < AHEAD_BYTES && i < n; i++)
        fetch_near(p, &p->item[i]);
    for (size_t i = 0; i < AHEAD_CLOSE && i < n; i++)
        fetch_close(p, &p->item[i]);
    for (size_t i = 0; i < AHEAD_TOUCH && i < n; i++)
        fetch_touch(p, &p->item[i]);
}

static void fetch_next(const struct part *p, size_t i, size_t n)
{
    if (i + AHEAD_WORD < n)
        fetch_word(p, &p->item[i + AHEAD_WORD]);
    if (i + AHEAD_RECORD < n)
        fetch_far(p, &p->item[i + AHEAD_RECORD]);
    if (i + AHEAD_BYTES < n)
        fetch_near(p, &p->item[i + AHEAD_BYTES]);
    if (i + AHEAD_CLOSE < n)
        fetch_close(p, &p->item[i + AHEAD_CLOSE]);
    if (i + AHEAD_TOUCH < n)
        fetch_touch(p, &p->item[i + AHEAD_TOUCH]);
}

static bool queued_is_first(const struct part *p, const struct item *item, sim_time start)
{
    const struct record *queued = &p->queue.record[0];
    if (!item_is_wake(item))
        return record_before(queued, item_record(item));
    const struct record r = record_of_wake(item_node(item), start + (uint32_t)item->key);
    return record_before(queued, &r);
}

/* Every site in turn; what it adds to its own window is merged in order, and is done with before the next site begins. */
static void run_sites(struct part *p, size_t n, sim_time start)
{
    struct slot ahead = wheel_ahead(&p->wheel);
    uint64_t sweeps = p->sweeps;
    for (size_t i = 0; i < n; i++) {
        const struct item *item = &p->item[i];
        uint32_t site = (uint32_t)(item->key >> 32);
        if (FETCHES)
            fetch_next(p, i, n);
        if (sweeps != p->sweeps) { /* its chunks may hold something else by now */
            sweeps = p->sweeps;
            ahead = wheel_ahead(&p->wheel);
        }
        if (FETCHES && i % EVENTS_PER_CHUNK == 0)
            wheel_fetch(&p->wheel, &ahead);
        while (p->queue.n > 0 && (site != p->site || queued_is_first(p, item, start)))
            run_queued(p);
        if (site != p->site)
            p->forced = 0;
        p->site = site;
        run(p, item, start);
    }
    while (p->queue.n > 0)
        run_queued(p);
}

void windows_run(struct part *p, uint64_t window, sim_time until)
{
    struct kernel *k = p->kernel;
    if (window > p->wheel.window && wheel_advance(&p->wheel, window))
        wake_turn(p);
    sim_time start = window * k->window;
    sim_time limit = time_min(time_add(start, k->window), until);
    struct slot list = wheel_take(&p->wheel);
    size_t n = gather_datagrams(p, list.datagrams, start, limit);
    n = gather_wakes(p, list.wakes, n, start, limit);
    sort_items(p->item, p->spare, n);
    p->limit = limit;
    if (FETCHES)
        fetch_first(p, n);
    run_sites(p, n, start);
    wheel_release(&p->wheel, list);
    give_room_back(p, n);
    p->limit = 0;
    p->site = SITE_NONE;
}

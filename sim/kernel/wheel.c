/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/kernel/wheel.h"

#include <assert.h>
#include <string.h>

#include "sim/kernel/fetch.h"

void wheel_open(struct wheel *w, struct arena *arena, sim_time width)
{
    assert(width > 0 && width <= UINT32_MAX);
    memset(w, 0, sizeof *w);
    w->arena = arena;
    w->width = width;
    w->reciprocal = width == 1 ? UINT64_MAX : (uint64_t)((UINT64_MAX - width + 1) / width) + 1;
    w->shift = WHEEL_SHIFT_MAX;
    while (width << w->shift > (UINT64_C(1) << 32))
        w->shift--;
    w->beyond_least = WINDOW_NONE;
}

/* The chunk of this list that takes its next event: the first one, or where that has `most`, a new one before it. Chunks of both kinds begin with the next one. */
static void *room_in(struct arena *a, struct waiting *s, uint32_t most, uint32_t units)
{
    if (s->chunk == ARENA_NONE || s->fill == most) {
        uint32_t ref = arena_take(a, units);
        memcpy(arena_at(a, ref), &s->chunk, sizeof s->chunk);
        *s = (struct waiting){.chunk = ref, .fill = 0};
    }
    return arena_at(a, s->chunk);
}

/* The next event of a slot comes after many others, when its line would have to be waited for. */
static struct record *datagram_room(struct arena *a, struct waiting *s)
{
    struct chunk *c = room_in(a, s, CHUNK_RECORDS, CHUNK_UNITS);
    struct record *room = &c->record[s->fill++];
    fetch_line_to_write(room + 1);
    return room;
}

static void put_wake(struct arena *a, struct waiting *s, struct wake wake)
{
    struct wake_chunk *c = room_in(a, s, CHUNK_WAKES, CHUNK_WAKES_UNITS);
    struct wake *room = &c->wake[s->fill++];
    *room = wake;
    fetch_line_to_write(room + 1);
}

static void mark(uint64_t used[], uint32_t i)
{
    used[i / 64] |= UINT64_C(1) << i % 64;
}

static void unmark(uint64_t used[], uint32_t i)
{
    used[i / 64] &= ~(UINT64_C(1) << i % 64);
}

/* The slot of that window, and when it begins; NULL: it lies beyond. */
static struct slot *slot_of(struct wheel *w, uint64_t window, sim_time *begins)
{
    assert(window >= w->window);
    if (window - w->window < UINT64_C(1) << w->shift) {
        uint32_t i = window % WHEEL_SLOTS;
        mark(w->near_used, i);
        *begins = window * w->width;
        return &w->near[i];
    }
    uint64_t epoch = window >> w->shift;
    if (epoch - (w->window >> w->shift) < WHEEL_SLOTS) {
        uint32_t i = epoch % WHEEL_SLOTS;
        mark(w->far_used, i);
        *begins = (epoch << w->shift) * w->width;
        return &w->far[i];
    }
    return NULL;
}

struct record *wheel_room(struct wheel *w, sim_time at)
{
    sim_time begins;
    uint64_t window = wheel_window_of(w, at);
    struct slot *slot = slot_of(w, window, &begins);
    if (slot)
        return datagram_room(w->arena, &slot->datagrams);
    if (window < w->beyond_least)
        w->beyond_least = window;
    return datagram_room(w->arena, &w->beyond);
}

void wheel_put(struct wheel *w, uint32_t node, sim_time at)
{
    sim_time begins;
    struct slot *slot = slot_of(w, wheel_window_of(w, at), &begins);
    assert(slot && at - begins <= UINT32_MAX);
    w->wakes++;
    put_wake(w->arena, &slot->wakes, (struct wake){(uint32_t)(at - begins), node});
}

/* Steps from position `from` round the wheel to the first used slot; WHEEL_SLOTS when all are empty. */
static uint32_t steps_to_used(const uint64_t used[], uint32_t from)
{
    uint32_t word = from / 64, bit = from % 64;
    uint64_t bits = used[word] >> bit;
    if (bits)
        return (uint32_t)__builtin_ctzll(bits);
    for (uint32_t i = 1; i <= WHEEL_SLOTS / 64; i++) {
        bits = used[(word + i) % (WHEEL_SLOTS / 64)];
        if (bits) /* in the last step these are the bits of the first word below `from`: the others are known to be clear */
            return i * 64 - bit + (uint32_t)__builtin_ctzll(bits);
    }
    return WHEEL_SLOTS;
}

uint64_t wheel_next(const struct wheel *w)
{
    uint64_t least = w->beyond_least, epoch = w->window >> w->shift;
    uint32_t near = steps_to_used(w->near_used, w->window % WHEEL_SLOTS);
    if (near < WHEEL_SLOTS && w->window + near < least)
        least = w->window + near;
    uint32_t far = steps_to_used(w->far_used, epoch % WHEEL_SLOTS);
    if (far < WHEEL_SLOTS && (epoch + far) << w->shift < least)
        least = (epoch + far) << w->shift;
    return least;
}

struct slot wheel_ahead(const struct wheel *w)
{
    uint32_t i = (w->window + 1) % WHEEL_SLOTS;
    uint32_t steps = steps_to_used(w->near_used, i);
    return steps < WHEEL_SLOTS ? w->near[(i + steps) % WHEEL_SLOTS] : (struct slot){0};
}

/* Fetches a chunk and the head of the next one, and says which that is. */
static uint32_t fetch_chunk(const struct wheel *w, uint32_t chunk, uint32_t units)
{
    const uint8_t *c = arena_at(w->arena, chunk);
    for (uint32_t line = 0; line < units; line++)
        fetch_line(c + line * ARENA_UNIT);
    uint32_t next;
    memcpy(&next, c, sizeof next);
    if (next != ARENA_NONE)
        fetch_line(arena_at(w->arena, next));
    return next;
}

void wheel_fetch(const struct wheel *w, struct slot *slot)
{
    if (slot->datagrams.chunk != ARENA_NONE)
        slot->datagrams.chunk = fetch_chunk(w, slot->datagrams.chunk, CHUNK_UNITS);
    else if (slot->wakes.chunk != ARENA_NONE)
        slot->wakes.chunk = fetch_chunk(w, slot->wakes.chunk, CHUNK_WAKES_UNITS);
}

/* Takes a list out of its slot and puts each datagram where it belongs now. */
static void spread(struct wheel *w, struct waiting *slot)
{
    struct waiting list = *slot;
    *slot = (struct waiting){0};
    while (list.chunk != ARENA_NONE) {
        struct chunk *c = arena_at(w->arena, list.chunk);
        if (c->next != ARENA_NONE)
            fetch_chunk(w, c->next, CHUNK_UNITS);
        for (uint32_t i = 0; i < list.fill; i++)
            *wheel_room(w, c->record[i].at) = c->record[i];
        uint32_t next = c->next;
        arena_give(w->arena, list.chunk, CHUNK_UNITS);
        list = (struct waiting){.chunk = next, .fill = CHUNK_RECORDS};
    }
}

/* The same for wake-ups. */
static void spread_wakes(struct wheel *w, struct waiting *slot, sim_time begins)
{
    struct waiting list = *slot;
    *slot = (struct waiting){0};
    while (list.chunk != ARENA_NONE) {
        struct wake_chunk *c = arena_at(w->arena, list.chunk);
        if (c->next != ARENA_NONE)
            fetch_chunk(w, c->next, CHUNK_WAKES_UNITS);
        w->wakes -= list.fill;
        for (uint32_t i = 0; i < list.fill; i++)
            wheel_put(w, c->wake[i].node, begins + c->wake[i].after);
        uint32_t next = c->next;
        arena_give(w->arena, list.chunk, CHUNK_WAKES_UNITS);
        list = (struct waiting){.chunk = next, .fill = CHUNK_WAKES};
    }
}

/* A record of another part may come for the middle of an epoch for which nothing waited here: then wheel_next says the epoch's beginning, and all agree on the middle. */
static bool nothing_waits_before(const struct wheel *w, uint64_t window)
{
    uint64_t epoch = w->window >> w->shift;
    uint32_t near = steps_to_used(w->near_used, w->window % WHEEL_SLOTS), far = steps_to_used(w->far_used, epoch % WHEEL_SLOTS);
    return (near == WHEEL_SLOTS || w->window + near >= window) && (far == WHEEL_SLOTS || epoch + far >= window >> w->shift) && w->beyond_least >= window;
}

bool wheel_advance(struct wheel *w, uint64_t window)
{
    assert(window >= w->window && nothing_waits_before(w, window));
    uint64_t before = w->window >> w->shift, epoch = window >> w->shift;
    w->window = window;
    if (epoch == before)
        return false;
    bool turn = epoch / WHEEL_SLOTS != before / WHEEL_SLOTS;
    /* Whatever lies beyond was put there at least one turn of the far wheel ahead, so it is looked through once a turn. */
    if (turn) {
        w->beyond_least = WINDOW_NONE;
        spread(w, &w->beyond);
    }
    uint32_t i = epoch % WHEEL_SLOTS;
    unmark(w->far_used, i);
    spread(w, &w->far[i].datagrams);
    spread_wakes(w, &w->far[i].wakes, (epoch << w->shift) * w->width);
    return turn;
}

struct slot wheel_take(struct wheel *w)
{
    uint32_t i = w->window % WHEEL_SLOTS;
    struct slot list = w->near[i];
    w->near[i] = (struct slot){0};
    unmark(w->near_used, i);
    return list;
}

void wheel_release(struct wheel *w, struct slot slot)
{
    for (uint32_t c = slot.datagrams.chunk, next; c != ARENA_NONE; c = next) {
        next = ((struct chunk *)arena_at(w->arena, c))->next;
        arena_give(w->arena, c, CHUNK_UNITS);
    }
    for (uint32_t c = slot.wakes.chunk, next; c != ARENA_NONE; c = next) {
        next = ((struct wake_chunk *)arena_at(w->arena, c))->next;
        arena_give(w->arena, c, CHUNK_WAKES_UNITS);
    }
}

static void slot_sweep(struct wheel *w, struct slot *slot, sim_time begins, bool (*keep)(void *, uint32_t, sim_time), void *context)
{
    struct waiting list = slot->wakes;
    slot->wakes = (struct waiting){0};
    while (list.chunk != ARENA_NONE) {
        struct wake_chunk *c = arena_at(w->arena, list.chunk);
        for (uint32_t i = 0; i < list.fill; i++) {
            if (keep(context, c->wake[i].node, begins + c->wake[i].after))
                put_wake(w->arena, &slot->wakes, c->wake[i]);
            else
                w->wakes--;
        }
        uint32_t next = c->next;
        arena_give(w->arena, list.chunk, CHUNK_WAKES_UNITS);
        list = (struct waiting){.chunk = next, .fill = CHUNK_WAKES};
    }
}

static bool is_empty(const struct slot *s)
{
    return s->datagrams.chunk == ARENA_NONE && s->wakes.chunk == ARENA_NONE;
}

void wheel_sweep(struct wheel *w, bool (*keep)(void *, uint32_t, sim_time), void *context)
{
    uint64_t epoch = w->window >> w->shift;
    for (uint32_t ahead = 0; ahead < WHEEL_SLOTS; ahead++) {
        uint32_t near = (w->window + ahead) % WHEEL_SLOTS, far = (epoch + ahead) % WHEEL_SLOTS;
        slot_sweep(w, &w->near[near], (w->window + ahead) * w->width, keep, context);
        slot_sweep(w, &w->far[far], ((epoch + ahead) << w->shift) * w->width, keep, context);
        if (is_empty(&w->near[near]))
            unmark(w->near_used, near);
        if (is_empty(&w->far[far]))
            unmark(w->far_used, far);
    }
}

static void datagrams_each(const struct wheel *w, struct waiting list, void (*each)(void *, const struct record *), void *context)
{
    for (; list.chunk != ARENA_NONE; list.fill = CHUNK_RECORDS) {
        const struct chunk *c = arena_at(w->arena, list.chunk);
        for (uint32_t i = 0; i < list.fill; i++)
            each(context, &c->record[i]);
        list.chunk = c->next;
    }
}

void wheel_each(const struct wheel *w, void (*each)(void *, const struct record *), void *context)
{
    for (uint32_t i = 0; i < WHEEL_SLOTS; i++) {
        datagrams_each(w, w->near[i].datagrams, each, context);
        datagrams_each(w, w->far[i].datagrams, each, context);
    }
    datagrams_each(w, w->beyond, each, context);
}

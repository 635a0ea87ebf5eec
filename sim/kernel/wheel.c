/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/kernel/wheel.h"

#include <assert.h>
#include <string.h>

#include "sim/kernel/fetch.h"

void wheel_open(struct wheel *w, struct arena *arena, sim_time width)
{
    assert(width > 0);
    memset(w, 0, sizeof *w);
    w->arena = arena;
    w->width = width;
    w->reciprocal = width == 1 ? UINT64_MAX : (uint64_t)((UINT64_MAX - width + 1) / width) + 1;
    w->beyond_least = WINDOW_NONE;
}

static struct record *slot_room(struct arena *a, struct slot *s)
{
    struct chunk *c;
    if (s->chunk == ARENA_NONE || s->fill == CHUNK_RECORDS) {
        uint32_t ref = arena_take(a, CHUNK_UNITS);
        c = arena_at(a, ref);
        c->next = s->chunk;
        *s = (struct slot){.chunk = ref, .fill = 0};
    } else {
        c = arena_at(a, s->chunk);
    }
    struct record *room = &c->record[s->fill++];
    fetch_line_to_write(room + 1); /* the next record of this slot comes after many others, when the line would have to be waited for */
    return room;
}

static void mark(uint64_t used[], uint32_t i)
{
    used[i / 64] |= UINT64_C(1) << i % 64;
}

static void unmark(uint64_t used[], uint32_t i)
{
    used[i / 64] &= ~(UINT64_C(1) << i % 64);
}

struct record *wheel_room(struct wheel *w, sim_time at, bool wake)
{
    uint64_t window = wheel_window_of(w, at);
    assert(window >= w->window);
    w->wakes += wake;
    if (window - w->window < WHEEL_SLOTS) {
        uint32_t i = window % WHEEL_SLOTS;
        mark(w->near_used, i);
        return slot_room(w->arena, &w->near[i]);
    }
    if ((window >> WHEEL_SHIFT) - (w->window >> WHEEL_SHIFT) < WHEEL_SLOTS) {
        uint32_t i = (window >> WHEEL_SHIFT) % WHEEL_SLOTS;
        mark(w->far_used, i);
        return slot_room(w->arena, &w->far[i]);
    }
    if (window < w->beyond_least)
        w->beyond_least = window;
    return slot_room(w->arena, &w->beyond);
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
    uint64_t least = w->beyond_least, epoch = w->window >> WHEEL_SHIFT;
    uint32_t near = steps_to_used(w->near_used, w->window % WHEEL_SLOTS);
    if (near < WHEEL_SLOTS && w->window + near < least)
        least = w->window + near;
    uint32_t far = steps_to_used(w->far_used, epoch % WHEEL_SLOTS);
    if (far < WHEEL_SLOTS && (epoch + far) << WHEEL_SHIFT < least)
        least = (epoch + far) << WHEEL_SHIFT;
    return least;
}

uint32_t wheel_ahead(const struct wheel *w)
{
    uint32_t i = (w->window + 1) % WHEEL_SLOTS;
    uint32_t steps = steps_to_used(w->near_used, i);
    return steps < WHEEL_SLOTS ? w->near[(i + steps) % WHEEL_SLOTS].chunk : ARENA_NONE;
}

uint32_t wheel_fetch(const struct wheel *w, uint32_t chunk)
{
    const struct chunk *c = arena_at(w->arena, chunk);
    for (uint32_t line = 0; line < CHUNK_UNITS; line++)
        fetch_line((const uint8_t *)c + line * ARENA_UNIT);
    if (c->next != ARENA_NONE)
        fetch_line(arena_at(w->arena, c->next));
    return c->next;
}

/* Takes a list out of its slot and puts each record where it belongs now. */
static void spread(struct wheel *w, struct slot *slot)
{
    struct slot list = *slot;
    *slot = (struct slot){0};
    while (list.chunk != ARENA_NONE) {
        struct chunk *c = arena_at(w->arena, list.chunk);
        if (c->next != ARENA_NONE)
            wheel_fetch(w, c->next);
        for (uint32_t i = 0; i < list.fill; i++) {
            const struct record *r = &c->record[i];
            w->wakes -= record_is_wake(r);
            *wheel_room(w, r->at, record_is_wake(r)) = *r;
        }
        uint32_t next = c->next;
        arena_give(w->arena, list.chunk, CHUNK_UNITS);
        list = (struct slot){.chunk = next, .fill = CHUNK_RECORDS};
    }
}

/* A record of another part may come for the middle of an epoch for which nothing waited here: then wheel_next says the epoch's beginning, and all agree on the middle. */
static bool nothing_waits_before(const struct wheel *w, uint64_t window)
{
    uint64_t epoch = w->window >> WHEEL_SHIFT;
    uint32_t near = steps_to_used(w->near_used, w->window % WHEEL_SLOTS), far = steps_to_used(w->far_used, epoch % WHEEL_SLOTS);
    return (near == WHEEL_SLOTS || w->window + near >= window) && (far == WHEEL_SLOTS || epoch + far >= window >> WHEEL_SHIFT) && w->beyond_least >= window;
}

bool wheel_advance(struct wheel *w, uint64_t window)
{
    assert(window >= w->window && nothing_waits_before(w, window));
    uint64_t before = w->window >> WHEEL_SHIFT, epoch = window >> WHEEL_SHIFT;
    w->window = window;
    if (epoch == before)
        return false;
    bool turn = epoch >> WHEEL_SHIFT != before >> WHEEL_SHIFT;
    /* Whatever lies beyond was put there at least one turn of the far wheel ahead, so it is looked through once a turn. */
    if (turn) {
        w->beyond_least = WINDOW_NONE;
        spread(w, &w->beyond);
    }
    uint32_t i = epoch % WHEEL_SLOTS;
    unmark(w->far_used, i);
    spread(w, &w->far[i]);
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

void wheel_release(struct wheel *w, struct slot list)
{
    for (uint32_t next; list.chunk != ARENA_NONE; list.chunk = next) {
        next = ((struct chunk *)arena_at(w->arena, list.chunk))->next;
        arena_give(w->arena, list.chunk, CHUNK_UNITS);
    }
}

static void slot_sweep(struct wheel *w, struct slot *slot, bool (*keep)(void *, const struct record *), void *context)
{
    struct slot list = *slot;
    *slot = (struct slot){0};
    while (list.chunk != ARENA_NONE) {
        struct chunk *c = arena_at(w->arena, list.chunk);
        for (uint32_t i = 0; i < list.fill; i++) {
            if (keep(context, &c->record[i]))
                *slot_room(w->arena, slot) = c->record[i];
            else
                w->wakes -= record_is_wake(&c->record[i]);
        }
        uint32_t next = c->next;
        arena_give(w->arena, list.chunk, CHUNK_UNITS);
        list = (struct slot){.chunk = next, .fill = CHUNK_RECORDS};
    }
}

void wheel_sweep(struct wheel *w, bool (*keep)(void *, const struct record *), void *context)
{
    for (uint32_t i = 0; i < WHEEL_SLOTS; i++) {
        slot_sweep(w, &w->near[i], keep, context);
        slot_sweep(w, &w->far[i], keep, context);
        if (w->near[i].chunk == ARENA_NONE)
            unmark(w->near_used, i);
        if (w->far[i].chunk == ARENA_NONE)
            unmark(w->far_used, i);
    }
    slot_sweep(w, &w->beyond, keep, context); /* beyond_least stays a bound from below */
    if (w->beyond.chunk == ARENA_NONE)
        w->beyond_least = WINDOW_NONE;
}

static void slot_each(const struct wheel *w, struct slot list, void (*each)(void *, const struct record *), void *context)
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
        slot_each(w, w->near[i], each, context);
        slot_each(w, w->far[i], each, context);
    }
    slot_each(w, w->beyond, each, context);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where records wait: a slot for each of the next 1024 windows, a slot for each of the next 1024 epochs of 1024 windows, and one list for what lies
 * beyond. A record moves down at most twice. A slot is a list of chunks of 15 records in no order; who opens the window sorts.
 *
 * Life: wheel_room at any time; wheel_next gives a window before which nothing waits; wheel_advance goes there; wheel_take empties that window. */
#ifndef SIM_KERNEL_WHEEL_H
#define SIM_KERNEL_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/kernel/arena.h"
#include "sim/kernel/record.h"

#define WHEEL_SLOTS 1024u
#define WHEEL_SHIFT 10u
#define CHUNK_RECORDS 15u
#define CHUNK_UNITS 8u
#define WINDOW_NONE UINT64_MAX

struct chunk {
    uint32_t next; /* older chunk of the slot, full */
    uint32_t unused[7];
    struct record record[CHUNK_RECORDS];
};
_Static_assert(sizeof(struct chunk) == CHUNK_UNITS * ARENA_UNIT, "a chunk fills its cell");

struct slot { uint32_t chunk, fill; /* records in the first chunk */ };

struct wheel {
    struct arena *arena;
    sim_time width;      /* of a window */
    uint64_t reciprocal; /* 2^64 / width, rounded down */
    uint64_t window;     /* the present one, counted from time 0 */
    uint64_t beyond_least;
    size_t wakes;        /* wake-ups that wait here */
    struct slot near[WHEEL_SLOTS], far[WHEEL_SLOTS], beyond;
    uint64_t near_used[WHEEL_SLOTS / 64], far_used[WHEEL_SLOTS / 64];
};

void wheel_open(struct wheel *, struct arena *, sim_time width);
/* Room for a record of that time, to be filled in at once. */
struct record *wheel_room(struct wheel *, sim_time at, bool wake);
/* A window at or after the present one before which nothing waits (it may be empty itself); WINDOW_NONE: nothing waits at all. */
uint64_t wheel_next(const struct wheel *);
/* Makes a window the present one. Nothing may wait before it. true: a turn of the far wheel has begun, so what was too far for it may not be any more. */
bool wheel_advance(struct wheel *, uint64_t window);
/* A time that the far wheel does not reach: whoever can find it again at the next turn needs no record, only to have it expected. */
static inline bool wheel_is_beyond(const struct wheel *, sim_time at);
static inline void wheel_expect(struct wheel *, sim_time at);
/* Takes the records of the present window out of the wheel. The list stays the caller's until wheel_release. */
struct slot wheel_take(struct wheel *);
void wheel_release(struct wheel *, struct slot);
/* The chunk to begin with when fetching the next window's records into the cache while this one runs; and the step from chunk to chunk. */
uint32_t wheel_ahead(const struct wheel *);
uint32_t wheel_fetch(const struct wheel *, uint32_t chunk);
/* Each record, in no order. */
void wheel_each(const struct wheel *, void (*each)(void *context, const struct record *), void *context);
/* Drops the records for which keep says no. */
void wheel_sweep(struct wheel *, bool (*keep)(void *, const struct record *), void *context);

static inline uint64_t wheel_window_of(const struct wheel *, sim_time at);

static inline bool wheel_is_beyond(const struct wheel *w, sim_time at)
{
    return (wheel_window_of(w, at) >> WHEEL_SHIFT) - (w->window >> WHEEL_SHIFT) >= WHEEL_SLOTS;
}

static inline void wheel_expect(struct wheel *w, sim_time at)
{
    uint64_t window = wheel_window_of(w, at);
    if (window < w->beyond_least)
        w->beyond_least = window;
}

static inline uint64_t wheel_window_of(const struct wheel *w, sim_time at)
{
    __extension__ typedef unsigned __int128 wide;
    /* The rounded reciprocal gives the quotient or one less. */
    uint64_t q = (uint64_t)((wide)at * w->reciprocal >> 64);
    return q + (at - q * w->width >= w->width);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where events wait: a slot for each of the next 1024 windows, a slot for each of the next 1024 epochs of 1024 windows, and one list for what lies
 * beyond. An event moves down at most twice. A slot is two lists of chunks in no order, of datagrams (15 records a chunk) and of wake-ups (31); who opens the
 * window sorts.
 *
 * A wake-up is 8 bytes: its node, and its time since the slot began. That fits 32 bits, because an epoch is 4.3 s at most: where windows are so long that 1024
 * of them would take longer, it has fewer.
 *
 * Life: wheel_room and wheel_put at any time; wheel_next gives a window before which nothing waits; wheel_advance goes there; wheel_take empties that window. */
#ifndef SIM_KERNEL_WHEEL_H
#define SIM_KERNEL_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/kernel/arena.h"
#include "sim/kernel/record.h"

#define WHEEL_SLOTS 1024u
#define WHEEL_SHIFT_MAX 10u
#define CHUNK_RECORDS 15u
#define CHUNK_UNITS 8u
#define CHUNK_WAKES 31u
#define CHUNK_WAKES_UNITS 4u
#define WINDOW_NONE UINT64_MAX

struct chunk {
    uint32_t next; /* older chunk of the slot, full */
    uint32_t unused[7];
    struct record record[CHUNK_RECORDS];
};
_Static_assert(sizeof(struct chunk) == CHUNK_UNITS * ARENA_UNIT, "a chunk fills its cell");

struct wake {
    uint32_t after; /* the slot began, in ns */
    uint32_t node;
};

struct wake_chunk {
    uint32_t next; /* older chunk of the slot, full */
    uint32_t unused;
    struct wake wake[CHUNK_WAKES];
};
_Static_assert(sizeof(struct wake_chunk) == CHUNK_WAKES_UNITS * ARENA_UNIT, "a chunk fills its cell");

struct waiting { uint32_t chunk, fill; /* of the first chunk */ };

struct slot { struct waiting datagrams, wakes; };

struct wheel {
    struct arena *arena;
    sim_time width;      /* of a window */
    uint64_t reciprocal; /* 2^64 / width, rounded down */
    unsigned shift;      /* windows of an epoch, as a power of two */
    uint64_t window;     /* the present one, counted from time 0 */
    uint64_t beyond_least;
    size_t wakes;        /* wake-ups that wait here */
    struct slot near[WHEEL_SLOTS], far[WHEEL_SLOTS]; /* of near, as many as an epoch has windows are in use at a time */
    struct waiting beyond; /* datagrams */
    uint64_t near_used[WHEEL_SLOTS / 64], far_used[WHEEL_SLOTS / 64];
};

void wheel_open(struct wheel *, struct arena *, sim_time width);
/* Room for a datagram of that time, to be filled in at once. */
struct record *wheel_room(struct wheel *, sim_time at);
/* A wake-up that is not beyond. */
void wheel_put(struct wheel *, uint32_t node, sim_time at);
/* A window at or after the present one before which nothing waits (it may be empty itself); WINDOW_NONE: nothing waits at all. */
uint64_t wheel_next(const struct wheel *);
/* Makes a window the present one. Nothing may wait before it. true: a turn of the far wheel has begun, so what was too far for it may not be any more. */
bool wheel_advance(struct wheel *, uint64_t window);
/* A time that the far wheel does not reach: whoever can find it again at the next turn needs no record, only to have it expected. */
static inline bool wheel_is_beyond(const struct wheel *, sim_time at);
static inline void wheel_expect(struct wheel *, sim_time at);
/* Takes the events of the present window out of the wheel. The lists stay the caller's until wheel_release. */
struct slot wheel_take(struct wheel *);
void wheel_release(struct wheel *, struct slot);
/* The next window's events, to be fetched into the cache while this one runs, and the step from chunk to chunk. */
struct slot wheel_ahead(const struct wheel *);
void wheel_fetch(const struct wheel *, struct slot *);
/* Each datagram, in no order. */
void wheel_each(const struct wheel *, void (*each)(void *context, const struct record *), void *context);
/* Drops the wake-ups for which keep says no. */
void wheel_sweep(struct wheel *, bool (*keep)(void *, uint32_t node, sim_time at), void *context);

static inline uint64_t wheel_window_of(const struct wheel *, sim_time at);

static inline bool wheel_is_beyond(const struct wheel *w, sim_time at)
{
    return (wheel_window_of(w, at) >> w->shift) - (w->window >> w->shift) >= WHEEL_SLOTS;
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

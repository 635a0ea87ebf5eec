/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One finger's history, from the join of its owner to now.
 *
 * The peers of a past instant t ago are those of today that are old enough, whose places are known, and those that have left since. Where the latter
 * stood is not known, but how many there were is: n * gone(t) of them, anywhere on the ring, so between two ids they are Poisson. So a search made
 * t ago can be played today, in O(1): walk clockwise from the id searched for; the first of (a peer old enough, the first point of the Poisson process)
 * was its answer. A peer old enough is still there today: the entry is settled. One that has left did so some time after (its residual life, given that it
 * is gone): the entry then was repaired, by a search for a random id of the range, and so on until an answer lasts. */
#include "sim/world/converged_plan.h"

#include <assert.h>

#include "sim/kernel/random.h"
#include "sim/kernel/real.h"

#define PLACE_GONE (UINT32_MAX - 1)

/* Draws of one finger: counter = entry << 40 | number of the draw. */
struct draws {
    uint64_t seed, entity, counter;
};

static double draw_unit(struct draws *d)
{
    return random_unit(d->seed, d->entity, STREAM_CONVERGED, d->counter++);
}

/* The range of entry i of x: [x + 2^(128-i), x + 2^(129-i) - 1], RFC 6940 10.7.4.2. */
static struct id range_start(struct id x, unsigned entry)
{
    return id_add(x, id_power(128 - entry));
}

static struct id random_in_range(struct draws *d, struct id start, unsigned entry)
{
    uint64_t hi = random_u64(d->seed, d->entity, STREAM_CONVERGED, d->counter++);
    uint64_t lo = random_u64(d->seed, d->entity, STREAM_CONVERGED, d->counter++);
    struct id offset = {hi, lo};
    if (entry >= 64)
        offset = (struct id){0, entry == 128 ? 0 : hi >> (entry - 64)};
    else
        offset = (struct id){hi >> entry, hi << (64 - entry) | lo >> entry};
    return id_add(start, offset);
}

/* As a share of the whole ring. */
static double ring_share(struct id distance)
{
    return (double)distance.hi * 0x1p-64 + (double)distance.lo * 0x1p-128;
}

/* The answer to a search made t_s ago for `target`, if it lay before `end` (exclusive): a place, PLACE_GONE if it has left since, PLACE_NONE if
 * nobody was there. */
static uint32_t answer(const struct converged_plan *p, struct draws *d, struct id target, struct id end, double t_s)
{
    struct id room = id_distance(target, end);
    double rate = p->density * converged_gone(p->rules.churn, t_s);
    double gone_at = rate > 0 ? -real_log(draw_unit(d)) / rate : 2; /* share of the ring; 2: beyond any range */
    uint32_t place = converged_owner(p, target);
    for (uint32_t walked = 0; walked < p->count; walked++, place = place + 1 == p->count ? 0 : place + 1) {
        struct id ahead = id_distance(target, p->peer[place].id);
        if (id_compare(ahead, room) >= 0)
            break;
        if (gone_at < ring_share(ahead))
            return PLACE_GONE;
        if (p->peer[place].age_s >= t_s)
            return place;
    }
    return gone_at < ring_share(room) ? PLACE_GONE : PLACE_NONE;
}

/* A search found nobody: the entry waits for a refresh, at every tick of which it is tried with probability 1/2 (10.7.4.2). */
static double refresh_after_s(const struct converged_plan *p, struct draws *d)
{
    double ticks = draw_unit(d);
    while (draw_unit(d) < 0.5)
        ticks++;
    return ticks * p->rules.refresh_s;
}

struct converged_finger converged_finger(const struct converged_plan *p, uint32_t place, unsigned entry)
{
    assert(entry >= 1 && entry <= 128);
    const struct converged_churn *churn = p->rules.churn;
    struct id start = range_start(p->peer[place].id, entry),
              end = entry == 1 ? p->peer[place].id : range_start(p->peer[place].id, entry - 1);
    struct draws d = {p->rules.seed, p->peer[place].peer, (uint64_t)entry << 40};
    bool near = entry >= converged_deep(p, place); /* neighbours lie in its range: the nearest of them is offered */
    bool settled = p->peer[place].age_s > churn->horizon_s &&
                   churn->any; /* so old that its first search is long forgotten */
    double t = settled ? churn->horizon_s : p->peer[place].age_s;
    struct id target = settled && !near ? random_in_range(&d, start, entry) : start;
    struct converged_finger f = {.place = PLACE_NONE, .origin = settled ? FINGER_SEARCHED : FINGER_FIRST};
    if (converged_owner(p, start) == converged_owner(p, end))
        return f;
    for (;;) {
        f.place = answer(p, &d, target, end, t);
        if (f.place != PLACE_GONE && f.place != PLACE_NONE) {
            f.since_s = (float)t;
            return f;
        }
        f.origin = FINGER_SEARCHED;
        if (f.place == PLACE_GONE)
            t -= converged_left_after(churn, t, draw_unit(&d)) + p->rules.repair_s;
        else
            t = near ? 0 : t - refresh_after_s(p, &d);
        if (t < 0 && f.place == PLACE_NONE)
            return f;
        t = t > 0 ? t : 0; /* repairs under way are over */
        if (!near)
            target = random_in_range(&d, start, entry);
    }
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/net/latency.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "sim/kernel/random.h"

#define NS_PER_MS 1e6
#define NS_PER_US UINT64_C(1000)
#define MS_PER_S 1e3

/* First place whose cumulative share reaches u. */
static unsigned place_at(const struct latency *l, double u)
{
    unsigned low = 0, high = l->places - 1;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (u <= l->cumulative[middle])
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static uint32_t access_delay_us(const struct latency *l, uint32_t identity)
{
    sim_time ns = l->access_floor;
    if (l->access.kind != LAW_NEVER)
        ns = time_add(ns, law_draw(&l->access, random_unit(l->seed, identity, STREAM_ACCESS, 0)));
    sim_time us = (time_add(ns, NS_PER_US / 2)) / NS_PER_US;
    return us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

struct location latency_locate(const struct latency *l, uint32_t identity)
{
    if (l->model != LATENCY_COORDINATES)
        return (struct location){0, 0};
    assert(l->places > 0 && l->places <= LATENCY_PLACES_MAX);
    unsigned place = place_at(l, random_unit(l->seed, identity, STREAM_PLACE, 0));
    return (struct location){(uint16_t)place, access_delay_us(l, identity)};
}

sim_time latency_between_places(const struct latency *l, uint16_t from, uint16_t to)
{
    assert(l->model == LATENCY_COORDINATES && from < l->places && to < l->places);
    const struct place *a = &l->place[from], *b = &l->place[to];
    double x = (double)a->x_ms - (double)b->x_ms;
    double y = (double)a->y_ms - (double)b->y_ms;
    double z = (double)a->z_ms - (double)b->z_ms;
    double rtt_ms = sqrt(x * x + y * y + z * z) + (double)a->height_ms + (double)b->height_ms;
    return (sim_time)(rtt_ms * (NS_PER_MS / 2) + 0.5);
}

sim_time latency_one_way(const struct latency *l, struct location from, struct location to, double draw)
{
    switch (l->model) {
    case LATENCY_CONSTANT:
        return l->delay;
    case LATENCY_EXPONENTIAL: {
        const struct law law = {.kind = LAW_EXPONENTIAL, .a = (double)l->delay / (NS_PER_MS * MS_PER_S)};
        return law_draw(&law, draw);
    }
    case LATENCY_COORDINATES:
        break;
    }
    sim_time access = ((sim_time)from.access_us + to.access_us) * NS_PER_US;
    return latency_between_places(l, from.place, to.place) + access;
}

void latency_free(struct latency *l)
{
    free(l->place);
    free(l->cumulative);
    free(l->where);
    l->place = NULL;
    l->where = NULL;
    l->cumulative = NULL;
    l->places = 0;
}

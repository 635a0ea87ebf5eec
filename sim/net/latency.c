/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/net/latency.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "sim/kernel/random.h"

#define NS_PER_MS 1e6
#define NS_PER_US UINT64_C(1000)
#define MS_PER_S 1e3

/* First place whose cumulative share reaches u. The way is the same for any u but for a conditional move a step: which way it goes cannot be guessed. */
static unsigned place_at(const struct latency *l, double u)
{
    unsigned low = 0;
    for (unsigned n = l->places, half; n > 1; n -= half) {
        half = n / 2;
        low += l->cumulative[low + half - 1] < u ? half : 0;
    }
    return low;
}

static uint32_t access_delay_us(const struct latency *l, uint32_t device)
{
    sim_time ns = l->access_floor;
    if (l->access.kind != LAW_NEVER)
        ns = time_add(ns, law_draw(&l->access, random_unit(l->seed, device, STREAM_ACCESS, 0)));
    sim_time us = (time_add(ns, NS_PER_US / 2)) / NS_PER_US;
    return us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

struct location latency_locate(const struct latency *l, uint32_t device)
{
    if (!latency_has_places(l->model))
        return (struct location){.device = device};
    assert(l->places > 0 && l->places <= LATENCY_PLACES_MAX);
    unsigned place = place_at(l, random_unit(l->seed, device, STREAM_PLACE, 0));
    return (struct location){(uint16_t)place, access_delay_us(l, device), device};
}

sim_time latency_between_places(const struct latency *l, uint16_t from, uint16_t to)
{
    assert(latency_has_places(l->model) && from < l->places && to < l->places);
    if (l->model == LATENCY_MATRIX)
        return (sim_time)l->rtt_us[(size_t)from * l->places + to] * (NS_PER_US / 2);
    const struct place *a = &l->place[from], *b = &l->place[to];
    double x = (double)a->x_ms - (double)b->x_ms;
    double y = (double)a->y_ms - (double)b->y_ms;
    double z = (double)a->z_ms - (double)b->z_ms;
    double rtt_ms = sqrt(x * x + y * y + z * z) + (double)a->height_ms + (double)b->height_ms;
    return (sim_time)(rtt_ms * (NS_PER_MS / 2) + 0.5);
}

double latency_pair_factor(const struct latency *l, uint32_t device, uint32_t other)
{
    if (!(l->pair_sigma > 0))
        return 1;
    uint32_t low = device < other ? device : other, high = device < other ? other : device;
    const struct law law = {.kind = LAW_LOGNORMAL, .a = 1, .b = l->pair_sigma};
    return law_quantile(&law, random_unit(l->seed, (uint64_t)high << 32 | low, STREAM_PAIR, 0));
}

sim_time latency_jitter(const struct latency *l, double draw)
{
    return l->jitter.kind == LAW_NEVER ? 0 : time_min(law_draw(&l->jitter, draw), JITTER_MAX);
}

sim_time latency_jitter_mean(const struct latency *l)
{
    double s = l->jitter.kind == LAW_NEVER ? 0 : law_mean(&l->jitter);
    return s * (NS_PER_MS * MS_PER_S) < (double)JITTER_MAX ? (sim_time)(s * (NS_PER_MS * MS_PER_S)) : JITTER_MAX;
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
    case LATENCY_MATRIX:
        break;
    }
    sim_time between = latency_between_places(l, from.place, to.place), access = ((sim_time)from.access_us + to.access_us) * NS_PER_US;
    if (l->pair_sigma > 0)
        between = (sim_time)((double)between * latency_pair_factor(l, from.device, to.device) + 0.5);
    return between + access;
}

int latency_load(struct latency *l, const char *path, char *error, size_t error_cap)
{
    switch (l->model) {
    case LATENCY_CONSTANT:
    case LATENCY_EXPONENTIAL:
        break;
    case LATENCY_COORDINATES:
        return latency_load_coordinates(l, path, error, error_cap);
    case LATENCY_MATRIX:
        return latency_load_matrix(l, path, error, error_cap);
    }
    return 0;
}

void latency_free(struct latency *l)
{
    free(l->place);
    free(l->cumulative);
    free(l->where);
    free(l->rtt_us);
    l->place = NULL;
    l->rtt_us = NULL;
    l->where = NULL;
    l->cumulative = NULL;
    l->places = 0;
}

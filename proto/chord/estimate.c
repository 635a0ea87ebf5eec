/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/chord/estimate.h"

#define MS_A_DAY     UINT64_C(86400000)
#define MS_MOST      (UINT64_C(1) << 40) /* 35 years; so that what follows stays within 64 bits */
#define POINT        16

static uint32_t clamp32(uint64_t x)
{
    return x > UINT32_MAX ? UINT32_MAX : (uint32_t)x;
}

static uint64_t ceiling(uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}

/* The whole part is the place of the highest bit. Then each squaring of what is left, in [1, 2), gives one bit more. */
uint32_t estimate_log2(uint32_t n)
{
    if (n < 2)
        return 0;
    uint32_t whole = 31u - (uint32_t)__builtin_clz(n), result = whole << POINT;
    uint64_t x = ((uint64_t)n << 31) >> whole; /* 31 bits behind the point */
    for (uint32_t bit = 1u << (POINT - 1); bit > 0; bit >>= 1) {
        x = x * x >> 31;
        if (x >> 32) {
            x >>= 1;
            result |= bit;
        }
    }
    return result;
}

unsigned estimate_log2_ceiling(uint32_t n)
{
    return n < 2 ? 0 : 32u - (unsigned)__builtin_clz(n - 1);
}

uint32_t estimate_size(struct id span, unsigned gaps)
{
    uint64_t upper = span.hi >> 24; /* 40 bits: a gap of 2^-40 of the ring is none */
    return upper ? clamp32(((uint64_t)gaps << 40) / upper) : UINT32_MAX;
}

uint32_t estimate_leaves(uint32_t size, unsigned k, unsigned m, uint64_t tenths)
{
    if (k == 0 || m == 0)
        return 0;
    if (tenths == 0)
        return UINT32_MAX;
    return clamp32(ceiling((uint64_t)size * k * TENTHS_A_DAY / m, tenths));
}

uint32_t estimate_joins(uint32_t size, uint64_t median_tenths)
{
    return median_tenths ? clamp32(ceiling((uint64_t)size * TENTHS_A_DAY, median_tenths)) : UINT32_MAX;
}

/* Milliseconds in which size / part peers come or go at this rate. */
static uint64_t span_ms(uint32_t size, uint64_t part, uint32_t rate)
{
    uint64_t ms = rate ? (uint64_t)size * MS_A_DAY / (part * rate) : MS_MOST;
    return ms < MS_MOST ? ms : MS_MOST;
}

sim_time estimate_interval(const struct estimate *e)
{
    uint64_t fail = span_ms(e->size, 2, e->leaves), join = span_ms(e->size, 1, e->joins), ms = fail < join ? fail : join;
    uint64_t log = estimate_log2(e->size < 2 ? 2 : e->size), square = log * log >> POINT;
    sim_time t = MILLIS((ms << POINT) / square);
    return t < STABILIZE_LEAST ? STABILIZE_LEAST : t > STABILIZE_MOST ? STABILIZE_MOST : t;
}

uint32_t estimate_percentile75(uint32_t *x, unsigned n)
{
    for (unsigned i = 1; i < n; i++)
        for (unsigned k = i; k > 0 && x[k - 1] > x[k]; k--) {
            uint32_t swap = x[k];
            x[k] = x[k - 1];
            x[k - 1] = swap;
        }
    unsigned rank = (3 * n + 2) / 4;
    return x[rank ? rank - 1 : 0];
}

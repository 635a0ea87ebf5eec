/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 128-bit identifiers on the Chord ring: Node-IDs and CHORD-RELOAD Resource-IDs (RFC 6940 6.1.1, 10.2).
 * Kept as two host-order words; the wire form is 16 bytes, big-endian. All arithmetic is modulo 2^128. */
#ifndef PROTO_BASE_ID_H
#define PROTO_BASE_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/bytes.h"

#define ID_BYTES 16

struct id {
    uint64_t hi, lo;
};

#define ID_WILDCARD ((struct id){UINT64_MAX, UINT64_MAX})

static inline struct id id_load(const uint8_t b[ID_BYTES])
{
    return (struct id){load_be64(b), load_be64(b + 8)};
}

static inline void id_store(uint8_t b[ID_BYTES], struct id x)
{
    store_be64(b, x.hi);
    store_be64(b + 8, x.lo);
}

static inline bool id_equal(struct id a, struct id b)
{
    return a.hi == b.hi && a.lo == b.lo;
}

/* Negative, zero or positive as a is numerically below, equal to or above b. */
static inline int id_compare(struct id a, struct id b)
{
    if (a.hi != b.hi)
        return a.hi < b.hi ? -1 : 1;
    return a.lo == b.lo ? 0 : a.lo < b.lo ? -1 : 1;
}

static inline bool id_is_zero(struct id a)
{
    return (a.hi | a.lo) == 0;
}

static inline struct id id_add(struct id a, struct id b)
{
    struct id r = {a.hi + b.hi, a.lo + b.lo};
    r.hi += r.lo < a.lo;
    return r;
}

/* Clockwise distance from a to b: the x for which a + x = b. */
static inline struct id id_distance(struct id a, struct id b)
{
    struct id r = {b.hi - a.hi, b.lo - a.lo};
    r.hi -= b.lo < a.lo;
    return r;
}

/* 2^n for 0 <= n < 128. */
static inline struct id id_power(unsigned n)
{
    return n >= 64 ? (struct id){UINT64_C(1) << (n - 64), 0} : (struct id){0, UINT64_C(1) << n};
}

static inline struct id id_next(struct id a)
{
    return id_add(a, (struct id){0, 1});
}

/* x lies in the half-open clockwise interval (a, b]; the whole ring when a = b. */
static inline bool id_in_range(struct id a, struct id x, struct id b)
{
    struct id dx = id_distance(a, x), db = id_distance(a, b);
    return id_is_zero(db) || (!id_is_zero(dx) && id_compare(dx, db) <= 0);
}

#endif

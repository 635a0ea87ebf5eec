/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Simulated or real time: unsigned nanoseconds, never a floating-point number. 0 is the start of warm-up in a simulation. */
#ifndef PROTO_BASE_TIME_H
#define PROTO_BASE_TIME_H

#include <stdint.h>

typedef uint64_t sim_time;

#define TIME_NEVER UINT64_MAX
#define NANOS(n) ((sim_time)(n))
#define MICROS(n) ((sim_time)(n) * 1000u)
#define MILLIS(n) ((sim_time)(n) * 1000000u)
#define SECONDS(n) ((sim_time)(n) * 1000000000u)
#define MINUTES(n) ((sim_time)(n) * 60000000000u)

static inline sim_time time_min(sim_time a, sim_time b)
{
    return a < b ? a : b;
}

/* Adds without wrapping: anything past the end of time is TIME_NEVER. */
static inline sim_time time_add(sim_time a, sim_time b)
{
    return a > TIME_NEVER - b ? TIME_NEVER : a + b;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One-way delay between two places. Constant; exponential, drawn anew for each datagram; or coordinates: round trip = distance + height_i +
 * height_j, so one way is half of that, plus an access delay of each side (coordinates only). The caller clamps the result to min_delay and
 * reports the share that it clamped. */
#ifndef SIM_NET_LATENCY_H
#define SIM_NET_LATENCY_H

#include <stddef.h>
#include <stdint.h>

#include "proto/base/time.h"
#include "sim/kernel/law.h"

#define LATENCY_PLACES_MAX 65536u
#define WHERE_BYTES        64u

enum latency_model { LATENCY_CONSTANT, LATENCY_EXPONENTIAL, LATENCY_COORDINATES };

struct place { float x_ms, y_ms, z_ms, height_ms; float latitude, longitude; double weight; };

struct latency {
    enum latency_model model;
    uint64_t seed;
    sim_time delay;              /* constant; mean of exponential */
    sim_time min_delay;
    struct law access;           /* one-way, per side; LAW_NEVER = none */
    sim_time access_floor;
    struct place *place;         /* coordinates */
    double *cumulative;          /* of weights, last = 1 */
    char (*where)[WHERE_BYTES];  /* of each place: its country and continent as the file has them, cut to fit */
    unsigned places;
};

/* Where a node lives: drawn from its identity, the same on every rank. */
struct location { uint16_t place; uint32_t access_us; };

struct location latency_locate(const struct latency *, uint32_t identity);
/* One-way delay before clamping, ns; draw: uniform in (0,1) for models that draw per datagram. */
sim_time latency_one_way(const struct latency *, struct location from, struct location to, double draw);
/* The part of it that two places of the data file determine, without access delays. */
sim_time latency_between_places(const struct latency *, uint16_t from, uint16_t to);

/* Reads a data file of topologies/ (.csv or .csv.gz; format in topologies/README.md) into place, places and cumulative. 0, or -1 with a message
 * "file:line: what" in error, nothing kept. */
int latency_load_coordinates(struct latency *, const char *path, char *error, size_t error_cap);
void latency_free(struct latency *);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One-way delay between two places. Constant; exponential, drawn anew for each datagram; coordinates: round trip = distance + height_i +
 * height_j; or matrix: a measured round trip for each pair. Of round trips one way is half, the same both ways, plus an access delay of each side.
 *
 * Two more things may be laid over that. A pair error, coordinates only: the round trip of a pair times a lognormal factor of median 1, keyed by
 * the unordered pair of devices, because distances in a space obey the triangle inequality and the Internet does not. And jitter: a delay drawn for each
 * datagram, which comes on top. The caller adds it, clamps the result to min_delay and reports the share that it clamped. */
#ifndef SIM_NET_LATENCY_H
#define SIM_NET_LATENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/time.h"
#include "sim/kernel/law.h"

#define LATENCY_PLACES_MAX 65536u
#define LATENCY_MATRIX_MAX 4096u /* places of a matrix */
#define WHERE_BYTES        64u
#define JITTER_MAX         SECONDS(60)

enum latency_model { LATENCY_CONSTANT, LATENCY_EXPONENTIAL, LATENCY_COORDINATES, LATENCY_MATRIX };

struct place { float x_ms, y_ms, z_ms, height_ms; float latitude, longitude; double weight; };

struct latency {
    enum latency_model model;
    uint64_t seed;
    sim_time delay;              /* constant; mean of exponential */
    sim_time min_delay;
    struct law access;           /* one-way, per side; LAW_NEVER = none */
    sim_time access_floor;
    struct law jitter;           /* for each datagram; LAW_NEVER = none */
    double pair_sigma;           /* of the pair error; 0 = none */
    struct place *place;         /* coordinates */
    uint32_t *rtt_us;            /* matrix: places x places round trips, symmetric, none missing */
    double *cumulative;          /* of weights, last = 1 */
    char (*where)[WHERE_BYTES];  /* of each place: its country and continent as the file has them, cut to fit */
    unsigned places;
};

/* Where a device lives: drawn from its number, the same on every rank. */
struct location { uint16_t place; uint32_t access_us, device; };

struct location latency_locate(const struct latency *, uint32_t device);
/* One-way delay before clamping, ns; draw: uniform in (0,1) for models that draw per datagram. */
sim_time latency_one_way(const struct latency *, struct location from, struct location to, double draw);
/* The part of it that two places of the data file determine, without access delays and pair error. */
sim_time latency_between_places(const struct latency *, uint16_t from, uint16_t to);
/* What the pair error makes of the round trip between two devices; 1 without. */
double latency_pair_factor(const struct latency *, uint32_t device, uint32_t other);
/* Jitter of one datagram, at most JITTER_MAX; draw: uniform in (0,1). And its mean. 0 without. */
sim_time latency_jitter(const struct latency *, double draw);
sim_time latency_jitter_mean(const struct latency *);

/* Whether the model has places, which come from a data file. */
static inline bool latency_has_places(enum latency_model model)
{
    return model == LATENCY_COORDINATES || model == LATENCY_MATRIX;
}

/* Reads the data file that the model wants, if any: a file of topologies/ (.csv or .csv.gz; formats in topologies/README.md). 0, or -1 with a message
 * "file:line: what" in error, nothing kept. */
int latency_load(struct latency *, const char *path, char *error, size_t error_cap);
int latency_load_coordinates(struct latency *, const char *path, char *error, size_t error_cap);
int latency_load_matrix(struct latency *, const char *path, char *error, size_t error_cap);
void latency_free(struct latency *);

#endif

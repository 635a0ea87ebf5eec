/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A scenario: what the YAML file says, checked, with every default filled in. One schema table (schema.c) yields the reader, `explain`,
 * the reference page and the resolved file. All values are in the units named here. */
#ifndef SIM_SCENARIO_SCENARIO_H
#define SIM_SCENARIO_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "proto/base/time.h"
#include "proto/overlay.h"
#include "sim/kernel/law.h"
#include "sim/net/latency.h"

#define FAULTS_MAX  64
#define CHECKS_MAX  64
#define CAPTURE_ALL UINT32_MAX

enum overlay_start { START_CONVERGED, START_JOIN };
enum lookup_target { TARGET_ONLINE, TARGET_REGISTERED, TARGET_ANY, TARGET_RANDOM };
enum kill_mode { KILL_HOST, KILL_PROCESS };
enum compare { COMPARE_LESS, COMPARE_LESS_EQUAL, COMPARE_GREATER, COMPARE_GREATER_EQUAL };

struct fault {
    sim_time at;       /* from the start of measure */
    double kill_share; /* 0..1 of the nodes online */
    enum kill_mode kill_mode;
};

struct check {
    bool ring_valid; /* ring_valid: {within}: one correct ring, this long after the last fault at the latest */
    sim_time within;
    char metric[64]; /* else a key of summary.json, its bound and the guard time after faults */
    enum compare compare;
    double bound;
    sim_time except;
};

struct scenario {
    char path[256];
    char name[64];
    uint64_t seed;
    uint64_t epoch_ms; /* unix time of time 0 */

    char overlay_name[64]; /* overlay.name, default "reloadsim.example" */
    uint32_t peers;        /* mean online */
    enum overlay_start start;
    struct overlay overlay; /* name points into overlay_name */
    struct law update_interval, ping_interval;
    unsigned bootstrap_nodes, bootstrap_cache;
    uint32_t sign_ns, verify_ns;

    enum latency_model latency;
    char data[256];      /* coordinates: file name as written */
    char data_path[512]; /* as found */
    sim_time delay, min_delay;
    struct law access;
    sim_time access_floor;
    double loss;
    sim_time cpu_backlog;

    bool churn;
    struct law session, offline;
    double graceful;
    bool rejoin_same_id;
    char churn_preset[32];

    sim_time register_every;
    uint32_t register_lifetime_s; /* 0 = no registrations */
    sim_time lookup_every;        /* mean of exponential gaps per online node; 0 = no look-ups */
    enum lookup_target target;
    double zipf; /* 0 = uniform */

    sim_time warmup, measure;
    unsigned faults;
    struct fault fault[FAULTS_MAX];
    sim_time record_interval;
    unsigned capture_nodes; /* the first so many identities; CAPTURE_ALL = every one */
    unsigned checks;
    struct check check[CHECKS_MAX];
};

/* Reads path ("-" = standard input), applies `--set` assignments ("overlay.peers=2k") in order. On failure returns -1 and writes one message
 * "file:line:col: what" with the line and a caret, and the nearest key, to error (always terminated). */
int scenario_load(struct scenario *, const char *path, const char *const *sets, unsigned nsets, char *error,
                  size_t error_cap);
/* Same from memory, for tests and the fuzzer. */
int scenario_parse(struct scenario *, const char *name, const char *text, size_t len, const char *const *sets,
                   unsigned nsets, char *error, size_t error_cap);
/* Writes the resolved scenario: every key, units, loadable again with the same result. 0 or -1 with errno. */
int scenario_write(const struct scenario *, const char *path);
void scenario_print(const struct scenario *, FILE *);
/* Mean population for scenario->peers online, from the churn laws (equals peers without churn), bootstrap nodes included. */
uint32_t scenario_population(const struct scenario *);

#endif

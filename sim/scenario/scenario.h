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
#include "sim/chord2003/chord2003.h"
#include "sim/hostile/hostile.h"
#include "sim/kernel/law.h"
#include "sim/net/latency.h"

#define FAULTS_MAX  64
#define CHECKS_MAX  64
#define CAPTURE_ALL UINT32_MAX

enum overlay_protocol { PROTOCOL_RELOAD, PROTOCOL_CHORD2003 };
enum overlay_start { START_CONVERGED, START_JOIN };
enum lookup_target { TARGET_ONLINE, TARGET_REGISTERED, TARGET_ANY, TARGET_RANDOM };
enum lookup_per { PER_NODE, PER_NETWORK };
enum kill_mode { KILL_HOST, KILL_PROCESS };
enum fault_kind {
    FAULT_NONE,
    FAULT_KILL,      /* devices die at once */
    FAULT_RESTART,   /* those that faults have taken come back */
    FAULT_REBOOT,    /* devices go down within a window, and are back after a start-up delay */
    FAULT_LEAVE,     /* devices leave with good-bye */
    FAULT_PARTITION, /* datagrams between two sides are lost */
    FAULT_NETWORK,   /* other latency and loss */
    FAULT_SLOW,      /* slower CPUs */
    FAULT_IDLE,      /* nodes stop to maintain the overlay */
    FAULT_SET,       /* another value of a parameter of the overlay, everywhere at once */
    FAULT_CONFIGURE, /* a new configuration document, which some peers get and tell others */
    FAULT_FLOOD,     /* more look-ups */
    FAULT_KINDS
};
enum compare { COMPARE_LESS, COMPARE_LESS_EQUAL, COMPARE_GREATER, COMPARE_GREATER_EQUAL };

struct fault {
    sim_time at;       /* from the start of measure */
    sim_time lasts;    /* of those that last; 0 = to the end */
    enum fault_kind kind;
    char region[64];   /* only nodes there (sim/net/region.h); "" = everywhere */
    double share;      /* 0..1, a draw of each node's own */
    enum kill_mode mode;
    struct law delay;  /* kill: time until it is back, LAW_NEVER = as churn says; restart, reboot: start-up delay */
    sim_time within;   /* reboot: the window */
    double latency;    /* network: times the usual delay */
    sim_time slower;   /* network: added to each delay */
    double loss;       /* network; NETWORK_UNCHANGED = as before */
    double factor;     /* slow: times the usual CPU time */
    sim_time every;    /* flood: mean gap of one node */
    char key[64];      /* set, configure: path of the key in the scenario */
    char value[48];    /* as written */
};
#define NETWORK_UNCHANGED (-1.0)

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
    enum overlay_protocol protocol;
    uint32_t peers;        /* mean online */
    enum overlay_start start;
    struct overlay overlay; /* name points into overlay_name */
    struct law update_interval, ping_interval;
    struct chord2003_config chord2003;
    struct hostile_config hostile; /* share 0: nobody */
    char hostile_kinds[256];       /* as written */
    struct law stabilize, fix_fingers; /* of chord2003 */
    unsigned bootstrap_nodes, bootstrap_cache;
    double clients; /* share of devices that attach and never join */
    uint32_t sign_ns, verify_ns;

    enum latency_model latency;
    char data[256];      /* of places: file name as written */
    char data_path[512]; /* as found */
    sim_time delay, min_delay;
    struct law access; /* this and the next three are what network.access says: all zero = nothing */
    sim_time access_floor;
    uint64_t access_up, access_down; /* bit/s; 0 = unlimited */
    uint64_t access_queue;           /* bytes */
    sim_time access_wait;            /* 0 = any */
    struct law jitter;
    double pair_error; /* sigma of a lognormal factor */
    double loss;
    double closed;       /* share of devices */
    double broken_pairs; /* share of pairs of devices */
    sim_time cpu_backlog;

    bool churn;
    struct law session, offline;
    double graceful;
    bool rejoin_same_id;
    char churn_preset[32];
    double daily_amplitude; /* of the rate at which peers come; 0 = the same all day */
    sim_time daily_peak;    /* hour of the local day */
    sim_time poisson_every; /* 0 = no Poisson stream of new peers */
    char trace_data[256];   /* "" = no trace of sessions */
    char trace_path[512];   /* as found */
    sim_time trace_from;
    uint32_t trace_nodes; /* in it */

    sim_time register_every;
    uint32_t register_lifetime_s; /* 0 = no registrations */
    sim_time lookup_every;        /* mean of exponential gaps; 0 = no look-ups */
    enum lookup_per lookup_per;   /* whose gaps */
    enum lookup_target target;
    double zipf; /* 0 = uniform */
    char calls_data[256]; /* trace of look-ups; "" = none */
    char calls_path[512];

    sim_time warmup, measure;
    unsigned faults;
    struct fault fault[FAULTS_MAX];
    sim_time record_interval;
    bool record_nodes;
    unsigned ring_nodes; /* watched in snapshots of the ring; 0 = none are taken */
    sim_time ring_every;
    unsigned capture_nodes; /* the first so many identities; CAPTURE_ALL = every one */
    sim_time checkpoint_every; /* 0 = only when asked for */
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
/* Population for scenario->peers online, bootstrap nodes included: from the churn laws, from the Poisson stream (who will have come by the end), from
 * the trace; peers without churn. One number for each Node-ID: with churn.rejoin: new-id there are several for each device. */
uint32_t scenario_population(const struct scenario *);
/* Node-IDs of one device, used in turn: 1 unless churn.rejoin is new-id. Bootstrap nodes have one. */
uint32_t scenario_ids_per_device(const struct scenario *);
/* Some fault changes delays, so that keepalives must be sent one by one. */
bool scenario_changes_delays(const struct scenario *);
/* Mean gap between look-ups of one node: `every`, or that of the network thinned. */
sim_time scenario_lookup_gap(const struct scenario *);

const char *fault_kind_name(enum fault_kind);
/* When the disturbance is over: a fault of a moment at once, a reboot with its window, others when `for` ends; TIME_NEVER: not in this run. */
sim_time fault_end(const struct fault *);
/* The overlay with a `set` applied; the value was checked when the scenario was read. */
void fault_set_overlay(const struct fault *, struct overlay *);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Churn: when each identity comes and goes, from one of three sources. All draws come from counters, so that no draw moves another.
 *
 * Laws: each device is a renewal process of its own that alternates between online and offline, stationary at time 0: it is online with probability
 * m_on / (m_on + m_off), and its present interval is length-biased: the age has density (1 - F(a)) / m, what remains follows from the law given that
 * age. Drawing a fresh session at time 0 instead would take hours of warm-up to forget.
 *
 * With a daily cycle a return at time t is accepted with probability (1 + A cos(local time - peak)) / (1 + A), else the device waits another interval;
 * intervals are shorter by 1 + A, so that the mean rate of returns stays (exactly for exponential offline times). The state at time 0 is what the
 * process, run through the days before, has come to.
 *
 * Poisson: `peers` are online at time 0 and leave for good after exponential times; identities from `peers` on come once, at the times of a Poisson
 * process.
 *
 * Trace: the sessions of a file, to the nanosecond. A device that a fault has taken comes back with its next session there.
 *
 * Identities below `permanent` (the bootstrap nodes), and all of them without churn, are online for ever and older than a day; those that a fault takes
 * are back after an offline interval, and stay away where there is no law of one. */
#ifndef SIM_WORLD_CHURN_H
#define SIM_WORLD_CHURN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/time.h"
#include "sim/kernel/law.h"
#include "sim/net/latency.h"
#include "sim/scenario/scenario.h"
#include "sim/scenario/trace.h"

enum churn_source { CHURN_LAWS, CHURN_POISSON, CHURN_TRACE };

struct churn {
    uint64_t seed;
    bool on;
    enum churn_source source;
    uint32_t permanent;
    struct law session, offline;
    struct law_equilibrium session_age, offline_age; /* of the intervals that cover time 0 */
    double online_share; /* of the time that a churning identity is online */
    double graceful;
    uint32_t ids; /* of each device from `permanent` on, one after the other */
    double amplitude, peak_s, epoch_s; /* daily cycle; amplitude 0 = none. Unix time of time 0 */
    const struct latency *latency;     /* longitudes; NULL = all at 0 */
    uint32_t peers;                    /* poisson: from this identity on, new ones */
    sim_time *arrival;                 /* of identity peers + k; ascending */
    struct session_trace trace;        /* of identity permanent + k: node k */
    sim_time trace_from;
};

/* The interval that covers time 0. */
struct churn_start {
    bool online;
    sim_time age;  /* it began this long before time 0 */
    sim_time left; /* it ends then; TIME_NEVER: not on its own account */
};

/* Laws, without a daily cycle. */
void churn_init(struct churn *, const struct scenario *);
/* Whatever the scenario says; the latency model is borrowed. 0, or -1 with a message; churn_close in either case. */
int churn_open(struct churn *, const struct scenario *, const struct latency *, char *error, size_t error_cap);
void churn_close(struct churn *);
struct churn_start churn_at_start(const struct churn *, uint32_t identity);

/* The identity that its device uses for the next session: itself, or with new Node-IDs the next one of its device. */
uint32_t churn_next_identity(const struct churn *, uint32_t identity);
/* The identity with which the device that uses this one at time 0 was online before: whose registration may still be there. */
uint32_t churn_former_identity(const struct churn *, uint32_t identity);
/* The device's identity at time 0; the others wait. */
bool churn_is_first_identity(const struct churn *, uint32_t identity);

/* When an identity that is online at time 0 starts under start: join, where nobody but identity 0 can be up at time 0: bootstrap nodes one a second,
 * then the others in random order over min(half the warm-up, 500 ms a peer). */
sim_time churn_stagger(const struct churn *, const struct scenario *, uint32_t identity);

/* For interval `cycle` of the identity (counted from 1; 0 is the one that covers time 0), which begins now: when it ends. TIME_NEVER: never. */
sim_time churn_departure(const struct churn *, uint32_t identity, uint32_t cycle, sim_time now);
sim_time churn_return(const struct churn *, uint32_t identity, uint32_t cycle, sim_time now);
bool churn_graceful(const struct churn *, uint32_t identity, uint32_t cycle);

#endif

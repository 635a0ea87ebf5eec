/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Churn: each identity is a renewal process of its own that alternates between online and offline, drawn from counters so that no draw moves another.
 *
 * The process is stationary at time 0: an identity is online with probability m_on / (m_on + m_off), and its present interval is length-biased: the age
 * has density (1 - F(a)) / m, what remains follows from the law given that age. Drawing a fresh session at time 0 instead would take hours of warm-up
 * to forget. Identities below `permanent` (the bootstrap nodes), and all of them without churn, are online for ever and older than a day. */
#ifndef SIM_WORLD_CHURN_H
#define SIM_WORLD_CHURN_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/time.h"
#include "sim/kernel/law.h"
#include "sim/scenario/scenario.h"

struct churn {
    uint64_t seed;
    bool on;
    uint32_t permanent;
    struct law session, offline;
    double online_share; /* of the time that a churning identity is online */
    double graceful;
};

/* The interval that covers time 0. */
struct churn_start {
    bool online;
    sim_time age;  /* it began this long before time 0 */
    sim_time left; /* it ends then; TIME_NEVER: not on its own account */
};

void churn_init(struct churn *, const struct scenario *);
struct churn_start churn_at_start(const struct churn *, uint32_t identity);

/* When an identity that is online at time 0 starts under start: join, where nobody but identity 0 can be up at time 0: bootstrap nodes one a second,
 * then the others in random order over min(half the warm-up, 500 ms a peer). */
sim_time churn_stagger(const struct churn *, const struct scenario *, uint32_t identity);

/* Draws for interval `cycle` of the identity (counted from 1; 0 is the one that covers time 0). */
sim_time churn_session(const struct churn *, uint32_t identity, uint32_t cycle); /* TIME_NEVER when it never leaves */
sim_time churn_offline(const struct churn *, uint32_t identity,
                       uint32_t cycle); /* TIME_NEVER without churn: who was killed stays dead */
bool churn_graceful(const struct churn *, uint32_t identity, uint32_t cycle);

#endif

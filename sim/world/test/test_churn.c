/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins that churn is stationary from time 0: share online, age density (1 - F(a)) / m, and that it stays so as the process runs; that draws depend on
 * the identity and cycle alone; who never leaves. Leaves open how the world applies it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sim/world/churn.h"

#define IDENTITIES 40000u

/* field-figures "kad": Weibull, shape 0.5, scale 5,000 s, mean 10,000 s, for both. */
static struct scenario kad(void)
{
    struct scenario s = {
        .seed = 7, .churn = true, .bootstrap_nodes = 8, .graceful = 0.3, .peers = 1000, .warmup = SECONDS(300)};
    s.session = s.offline = (struct law){LAW_WEIBULL, 5000, 0.5};
    return s;
}

static void online_ages_are_length_biased(void **state)
{
    (void)state;
    struct scenario s = kad();
    struct churn c;
    churn_init(&c, &s);
    double online = 0, old = 0, age = 0;
    for (uint32_t i = 8; i < IDENTITIES; i++) {
        struct churn_start start = churn_at_start(&c, i);
        if (!start.online)
            continue;
        online++;
        age += (double)start.age / 1e9;
        old += start.age > MINUTES(300);
    }
    assert_true(fabs(online / (IDENTITIES - 8) - 0.5) < 4 * 0.5 / sqrt(IDENTITIES));
    /* (1 + sqrt(3.6)) exp(-sqrt(3.6)) = 0.434 are older than five hours, and the mean age is three session means. */
    assert_true(fabs(old / online - 0.434) < 4 * 0.5 / sqrt(online));
    assert_true(fabs(age / online - 30000) < 2500);
}

static void remaining_lives_have_the_law_of_the_ages(void **state)
{
    (void)state;
    struct scenario s = kad();
    struct churn c;
    churn_init(&c, &s);
    double online = 0, long_left = 0;
    for (uint32_t i = 8; i < IDENTITIES; i++) {
        struct churn_start start = churn_at_start(&c, i);
        online += start.online;
        long_left += start.online && start.left > MINUTES(300);
    }
    assert_true(fabs(long_left / online - 0.434) < 4 * 0.5 / sqrt(online));
}

/* Whether the identity is online at time t, by running its process. */
static bool online_at(const struct churn *c, uint32_t identity, sim_time t)
{
    struct churn_start start = churn_at_start(c, identity);
    bool online = start.online;
    sim_time change = start.left;
    for (uint32_t cycle = 1; change <= t; cycle++) {
        online = !online;
        change = time_add(change, online ? churn_session(c, identity, cycle) : churn_offline(c, identity, cycle));
    }
    return online;
}

static void the_share_online_does_not_drift(void **state)
{
    (void)state;
    struct scenario s = kad();
    struct churn c;
    s.offline = (struct law){LAW_WEIBULL, 15000, 0.5};
    churn_init(&c, &s);
    assert_true(fabs(c.online_share - 0.25) < 1e-9);
    const sim_time times[] = {SECONDS(10), SECONDS(600), MINUTES(60), MINUTES(600)};
    for (unsigned k = 0; k < 4; k++) {
        double online = 0;
        for (uint32_t i = 8; i < IDENTITIES / 2; i++)
            online += online_at(&c, i, times[k]);
        assert_true(fabs(online / (IDENTITIES / 2 - 8) - 0.25) < 4 * 0.433 / sqrt(IDENTITIES / 2));
    }
}

static void bootstrap_nodes_and_peers_without_churn_never_leave(void **state)
{
    (void)state;
    struct scenario s = kad();
    struct churn c;
    churn_init(&c, &s);
    for (uint32_t i = 0; i < 8; i++) {
        assert_true(churn_at_start(&c, i).online);
        assert_true(churn_at_start(&c, i).left == TIME_NEVER);
        assert_true(churn_session(&c, i, 3) == TIME_NEVER);
        assert_true(churn_offline(&c, i, 3) != TIME_NEVER); /* killed ones stay away as long as anybody */
    }
    s.churn = false;
    churn_init(&c, &s);
    assert_true(churn_at_start(&c, 500).left == TIME_NEVER);
    assert_true(churn_offline(&c, 500, 1) == TIME_NEVER); /* and for good without churn */
}

static void a_draw_depends_on_identity_and_cycle_alone(void **state)
{
    (void)state;
    struct scenario s = kad();
    struct churn c, d;
    churn_init(&c, &s);
    sim_time first = churn_session(&c, 100, 5);
    churn_session(&c, 101, 5);
    churn_session(&c, 100, 6);
    assert_true(churn_session(&c, 100, 5) == first);
    assert_true(churn_session(&c, 100, 6) != first);
    s.seed = 8;
    churn_init(&d, &s);
    assert_true(churn_session(&d, 100, 5) != first);
}

static void the_graceful_share_is_the_scenarios(void **state)
{
    (void)state;
    struct scenario s = kad();
    struct churn c;
    churn_init(&c, &s);
    double graceful = 0;
    for (uint32_t i = 0; i < IDENTITIES; i++)
        graceful += churn_graceful(&c, i, 2);
    assert_true(fabs(graceful / IDENTITIES - 0.3) < 4 * 0.46 / sqrt(IDENTITIES));
}

static void joining_starts_are_spread_behind_the_bootstrap_nodes(void **state)
{
    (void)state;
    struct scenario s = kad();
    struct churn c;
    churn_init(&c, &s);
    for (uint32_t i = 0; i < 8; i++)
        assert_true(churn_stagger(&c, &s, i) == SECONDS(i));
    for (uint32_t i = 8; i < 5000; i++)
        assert_true(churn_stagger(&c, &s, i) >= SECONDS(8) && churn_stagger(&c, &s, i) < SECONDS(158));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(online_ages_are_length_biased),
        cmocka_unit_test(remaining_lives_have_the_law_of_the_ages),
        cmocka_unit_test(the_share_online_does_not_drift),
        cmocka_unit_test(bootstrap_nodes_and_peers_without_churn_never_leave),
        cmocka_unit_test(a_draw_depends_on_identity_and_cycle_alone),
        cmocka_unit_test(the_graceful_share_is_the_scenarios),
        cmocka_unit_test(joining_starts_are_spread_behind_the_bootstrap_nodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

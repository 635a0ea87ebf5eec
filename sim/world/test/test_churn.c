/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins, for each preset, that churn is stationary from time 0: share online, age density (1 - F(a)) / m, and that it stays so as the process runs; that draws depend on
 * the identity and cycle alone; who never leaves; the daily cycle, Poisson
 * streams, exact replay of traces, identities of devices with changing ids. Leaves open how the world applies it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/scenario/preset.h"
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
        change = online ? churn_departure(c, identity, cycle, change) : churn_return(c, identity, cycle, change);
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
        assert_true(churn_departure(&c, i, 3, 0) == TIME_NEVER);
        assert_true(churn_return(&c, i, 3, 0) != TIME_NEVER); /* killed ones stay away as long as anybody */
    }
    s.churn = false;
    churn_init(&c, &s);
    assert_true(churn_at_start(&c, 500).left == TIME_NEVER);
    assert_true(churn_return(&c, 500, 1, 7) == TIME_NEVER); /* and for good without churn */
}

static void a_draw_depends_on_identity_and_cycle_alone(void **state)
{
    (void)state;
    struct scenario s = kad();
    struct churn c, d;
    churn_init(&c, &s);
    sim_time first = churn_departure(&c, 100, 5, 0);
    churn_departure(&c, 101, 5, 0);
    churn_departure(&c, 100, 6, 0);
    assert_true(churn_departure(&c, 100, 5, 0) == first);
    assert_true(churn_departure(&c, 100, 5, 9) == first + 9);
    assert_true(churn_departure(&c, 100, 6, 0) != first);
    s.seed = 8;
    churn_init(&d, &s);
    assert_true(churn_departure(&d, 100, 5, 0) != first);
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

/* ---- presets ---- */

/* Of a law with mean m the ages of those online have the density (1 - F(a)) / m: P(age > a) = 1 - (1/m) * integral of 1 - F from 0 to a, here by Simpson's
 * rule, at three ages. */
static double older_than(const struct law *law, double a)
{
    const unsigned steps = 20000;
    double h = a / steps, sum = 0;
    for (unsigned k = 0; k <= steps; k++)
        sum += (1 - law_cdf(law, k * h)) * (k == 0 || k == steps ? 1 : k % 2 ? 4 : 2);
    return 1 - sum * h / 3 / law_mean(law);
}

static void every_preset_starts_with_its_own_ages(void **state)
{
    (void)state;
    for (size_t p = 0; p < churn_presets_count; p++) {
        struct scenario s = kad();
        struct churn c;
        const double times[] = {600, 7200, 86400};
        double online = 0, older[3] = {0};
        s.session = churn_presets[p].session;
        s.offline = churn_presets[p].offline.kind ? churn_presets[p].offline : (struct law){LAW_FIXED, 3600, 0};
        churn_init(&c, &s);
        for (uint32_t i = 8; i < IDENTITIES; i++) {
            struct churn_start start = churn_at_start(&c, i);
            online += start.online;
            for (unsigned k = 0; k < 3; k++)
                older[k] += start.online && (double)start.age / 1e9 > times[k];
        }
        double share = c.online_share, n = IDENTITIES - 8;
        assert_true(fabs(online / n - share) < 4 * sqrt(share * (1 - share) / n));
        for (unsigned k = 0; k < 3; k++) {
            double expected = older_than(&s.session, times[k]);
            if (fabs(older[k] / online - expected) > 4 * sqrt(expected * (1 - expected) / online) + 1e-6)
                fail_msg("%s: %.4f of those online are older than %.0f s, %.4f expected", churn_presets[p].name,
                         older[k] / online, times[k], expected);
        }
    }
}

/* ---- the daily cycle ---- */

static struct scenario by_day(void)
{
    struct scenario s = kad();
    s.session = (struct law){LAW_EXPONENTIAL, 3600, 0};
    s.offline = (struct law){LAW_EXPONENTIAL, 3 * 3600, 0};
    s.daily_amplitude = 0.8;
    s.daily_peak = MINUTES(20 * 60);
    s.rejoin_same_id = true;
    return s;
}

static void open_churn(struct churn *c, const struct scenario *s, const struct latency *l)
{
    static const struct latency nowhere = {.model = LATENCY_CONSTANT};
    char error[256];
    if (churn_open(c, s, l ? l : &nowhere, error, sizeof error))
        fail_msg("%s", error);
}

/* Share online at t, of so many identities. */
static double share_at(const struct churn *c, sim_time t, uint32_t from, uint32_t step, uint32_t n)
{
    double online = 0;
    for (uint32_t k = 0; k < n; k++)
        online += online_at(c, from + k * step, t);
    return online / n;
}

/* dP/dt = (1 + A cos(w t)) (1 - P) / m_off - P / m_on has to first order P = p + A b cos(w t - phi), b = p (1 - p) m / sqrt(1 + (w m)^2), tan phi = w m
 * where 1/m = 1/m_on + 1/m_off: here p = 1/4, m = 2700 s, w m = 0.196, and b A = 0.147 nearly in phase. */
static void the_number_online_follows_the_local_hour(void **state)
{
    (void)state;
    struct scenario s = by_day();
    struct churn c;
    open_churn(&c, &s, NULL);
    double peak = share_at(&c, MINUTES(20 * 60 + 44), 8, 1, 20000), low = share_at(&c, MINUTES(8 * 60 + 44), 8, 1, 20000),
           mean = (peak + low) / 2;
    assert_true(fabs((peak - low) / 2 - 0.147) < 0.02);
    assert_true(fabs(mean - 0.25) < 0.03);
    churn_close(&c);
}

static void the_first_instant_is_as_good_as_the_same_hour_of_a_later_day(void **state)
{
    (void)state;
    struct scenario s = by_day();
    struct churn c;
    for (unsigned hour = 2; hour < 24; hour += 9) {
        s.epoch_ms = UINT64_C(1255910400000) + hour * 3600000;
        open_churn(&c, &s, NULL);
        double now = share_at(&c, 0, 8, 1, 20000), later = share_at(&c, MINUTES(48 * 60), 8, 1, 20000);
        assert_true(fabs(now - later) < 5 * sqrt(2 * 0.25 * 0.75 / 20000));
        churn_close(&c);
    }
}

static void half_the_world_apart_is_half_a_day_apart(void **state)
{
    (void)state;
    struct scenario s = by_day();
    struct place place[2] = {{.longitude = -90}, {.longitude = 90}};
    double cumulative[2] = {0.5, 1}, online[2] = {0}, all[2] = {0};
    struct latency l = {
        .model = LATENCY_COORDINATES, .seed = 7, .place = place, .cumulative = cumulative, .places = 2};
    struct churn c;
    open_churn(&c, &s, &l);
    for (uint32_t i = 8; i < 20000; i++) {
        unsigned where = latency_locate(&l, i).place;
        all[where]++;
        online[where] += online_at(&c, i, MINUTES(14 * 60 + 44)); /* 20:44 in the east, 8:44 in the west */
    }
    assert_true(online[1] / all[1] - online[0] / all[0] > 0.25);
    churn_close(&c);
}

static void skypes_day_has_the_trough_that_was_measured(void **state)
{
    (void)state;
    const struct churn_preset *p = churn_preset_find("skype-client");
    struct scenario s = by_day();
    struct churn c;
    double most = 0, least = 1;
    s.session = p->session;
    s.offline = p->offline;
    s.daily_amplitude = p->daily_amplitude;
    s.daily_peak = MINUTES(60 * p->daily_peak_h);
    open_churn(&c, &s, NULL);
    for (unsigned hour = 24; hour < 48; hour += 2) {
        double share = share_at(&c, MINUTES(60 * hour), 8, 1, 10000);
        most = share > most ? share : most;
        least = share < least ? share : least;
    }
    if (least / most < 0.52 || least / most > 0.58)
        fail_msg("%.3f", least / most);
    churn_close(&c);
}

/* ---- Poisson ---- */

static void new_peers_come_in_a_poisson_stream_and_nobody_returns(void **state)
{
    (void)state;
    struct scenario s = kad();
    struct churn c;
    s.offline = (struct law){0};
    s.rejoin_same_id = true;
    s.poisson_every = SECONDS(2);
    s.session = (struct law){LAW_EXPONENTIAL, 992 * 2.0, 0};
    s.measure = SECONDS(20000);
    s.overlay.reliability_timer = SECONDS(3);
    open_churn(&c, &s, NULL);
    uint32_t n = scenario_population(&s);
    double arrivals = 0, square = 0, at_end = 0;
    sim_time before = 0, end = SECONDS(20000);
    for (uint32_t i = 0; i < n; i++) {
        struct churn_start start = churn_at_start(&c, i);
        assert_true(start.online == (i < 1000));
        sim_time left = start.online ? start.left : churn_departure(&c, i, 1, start.left);
        if (!start.online && start.left < end) {
            double gap = (double)(start.left - before) / 1e9;
            arrivals++;
            square += gap * gap;
            before = start.left;
        }
        at_end += left > end && (start.online || start.left <= end);
        assert_true(churn_return(&c, i < 8 ? 8 : i, 2, SECONDS(5)) == TIME_NEVER);
    }
    assert_true(n > 1000 + arrivals);                                     /* nobody who should come is missing */
    assert_true(fabs(arrivals - 10000) < 4 * 100);                        /* Poisson */
    assert_true(fabs(square / arrivals - 8) < 4 * sqrt(320 / arrivals)); /* exponential gaps: E[x^2] = 2 m^2 */
    assert_true(fabs(at_end - 1000) < 4 * sqrt(1000));                    /* M/M/infinity: in the mean as at first */
    churn_close(&c);
}

/* ---- traces ---- */

static const char trace_text[] = "# two peers, in no order\n"
                                 "up_s,down_s,node,who\n"
                                 "100.000000001,200.5,7,a\n"
                                 "0,50,900,b\n"
                                 "300,,7,a\n"
                                 "75.25,80,900,b\n";

static void a_trace_is_replayed_to_the_nanosecond(void **state)
{
    (void)state;
    char path[] = "/tmp/reloadsim-trace-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, trace_text, sizeof trace_text - 1) == (ssize_t)sizeof trace_text - 1);
    close(fd);
    struct scenario s = kad();
    struct churn c;
    s.offline = (struct law){0};
    s.rejoin_same_id = true;
    s.trace_nodes = 2;
    snprintf(s.trace_data, sizeof s.trace_data, "x");
    snprintf(s.trace_path, sizeof s.trace_path, "%s", path);
    open_churn(&c, &s, NULL);
    struct churn_start seven = churn_at_start(&c, 8), nine = churn_at_start(&c, 9);
    assert_true(!seven.online && seven.left == SECONDS(100) + 1);
    assert_true(churn_departure(&c, 8, 1, seven.left) == SECONDS(200) + MILLIS(500));
    assert_true(churn_return(&c, 8, 2, SECONDS(200) + MILLIS(500)) == SECONDS(300));
    assert_true(churn_departure(&c, 8, 3, SECONDS(300)) == TIME_NEVER);
    assert_true(nine.online && nine.age == 0 && nine.left == SECONDS(50));
    assert_true(churn_return(&c, 9, 1, SECONDS(50)) == SECONDS(75) + MILLIS(250));
    assert_true(churn_return(&c, 9, 3, SECONDS(80)) == TIME_NEVER);
    assert_true(churn_return(&c, 8, 2, SECONDS(150)) == SECONDS(300)); /* a fault took it in mid-session */
    assert_true(churn_return(&c, 3, 2, SECONDS(1)) == TIME_NEVER);     /* a bootstrap node is in no trace */
    churn_close(&c);
    s.trace_from = SECONDS(60);
    open_churn(&c, &s, NULL);
    nine = churn_at_start(&c, 9);
    assert_true(!nine.online && nine.age == SECONDS(10) && nine.left == SECONDS(15) + MILLIS(250));
    churn_close(&c);
    s.trace_from = SECONDS(310);
    open_churn(&c, &s, NULL);
    seven = churn_at_start(&c, 8);
    assert_true(seven.online && seven.age == SECONDS(10) && seven.left == TIME_NEVER);
    assert_true(!churn_at_start(&c, 9).online && churn_at_start(&c, 9).left == TIME_NEVER);
    churn_close(&c);
    unlink(path);
}

/* ---- devices with changing ids ---- */

static void a_device_uses_its_ids_in_turn(void **state)
{
    (void)state;
    struct scenario s = kad();
    struct churn c;
    s.measure = SECONDS(3000);
    open_churn(&c, &s, NULL);
    assert_int_equal(c.ids, 2); /* 3,300 s in cycles of 20,000 s: the former and the present one */
    c.ids = 3;
    assert_int_equal(churn_next_identity(&c, 5), 5); /* bootstrap nodes keep theirs */
    assert_int_equal(churn_next_identity(&c, 8), 9);
    assert_int_equal(churn_next_identity(&c, 10), 8);
    assert_int_equal(churn_next_identity(&c, 13), 11);
    assert_int_equal(churn_former_identity(&c, 8), 10);
    assert_true(churn_is_first_identity(&c, 11) && !churn_is_first_identity(&c, 12));
    assert_true(churn_at_start(&c, 12).left == TIME_NEVER && !churn_at_start(&c, 12).online);
    double online = 0;
    for (uint32_t i = 8; i < IDENTITIES; i += 3)
        online += churn_at_start(&c, i).online;
    assert_true(fabs(online * 3 / (IDENTITIES - 8) - 0.5) < 4 * 0.5 / sqrt(IDENTITIES / 3));
    churn_close(&c);
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
        cmocka_unit_test(every_preset_starts_with_its_own_ages),
        cmocka_unit_test(the_number_online_follows_the_local_hour),
        cmocka_unit_test(the_first_instant_is_as_good_as_the_same_hour_of_a_later_day),
        cmocka_unit_test(half_the_world_apart_is_half_a_day_apart),
        cmocka_unit_test(skypes_day_has_the_trough_that_was_measured),
        cmocka_unit_test(new_peers_come_in_a_poisson_stream_and_nobody_returns),
        cmocka_unit_test(a_trace_is_replayed_to_the_nanosecond),
        cmocka_unit_test(a_device_uses_its_ids_in_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

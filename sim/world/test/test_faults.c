/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins what each kind of fault, each source of churn and each form of workload does to a small overlay: who is touched, what is seen, and that it is over
 * when it should be. One run each, with every node's invariants checked at each sample. Leaves open large runs (workloads/) and the network itself
 * (sim/net/test/test_trouble.c). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/world/world.h"

static const char base[] = "reloadsim: 1\n"
                           "name: faults\n"
                           "overlay: {peers: 80, bootstrap: {nodes: 4}}\n"
                           "network: {model: constant, delay: 40 ms}\n"
                           "workload:\n"
                           "  register: {every: 2 min, lifetime: 5 min}\n"
                           "  lookup: {every: 4 s, target: registered}\n"
                           "phases: {warmup: 20 s, measure: 5 min}\n"
                           "record: {interval: 5 s}\n";

/* Runs base with these sets. */
static struct summary run(const char *const *sets, unsigned nsets)
{
    static struct scenario s;
    struct world *w;
    char error[1024];
    if (scenario_parse(&s, "test.yaml", base, sizeof base - 1, sets, nsets, error, sizeof error))
        fail_msg("%s", error);
    if (world_open(&w, &s, &(struct world_options){0}, error, sizeof error))
        fail_msg("%s", error);
    int status = world_run(w);
    if (status)
        world_print_checks(w, stderr);
    assert_int_equal(status, 0);
    struct summary summary = *world_summary(w);
    world_close(w);
    return summary;
}

#define RUN(...)                                                                                                       \
    run((const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static void the_base_is_sound(void **state)
{
    (void)state;
    struct summary s = RUN("name=sound");
    assert_int_equal(s.faults, 0);
    assert_true(s.lookup_success == 1 && s.ring_wrong_successor == 0 && s.crash_count == 0);
    assert_in_range(s.lookup_count, 6000 - 400, 6000 + 400); /* 80 peers * 300 s / 4 s */
}

static void the_killed_come_back_when_their_law_says(void **state)
{
    (void)state;
    struct summary s = RUN("faults=[{at: 60 s, kill: {share: 40 %, restart: 30 s}}]");
    assert_int_equal(s.faults, 1);
    const struct summary_fault *f = &s.fault[0];
    assert_string_equal(f->what, "kill");
    assert_true(f->at_s == 60 && f->until_s == 60);
    assert_in_range(f->touched, 18, 46); /* 40 % of 80, three standard deviations */
    assert_int_equal(s.crash_count, f->touched);
    assert_int_equal(s.join_count, f->touched);
    assert_true(s.join_success == 1);
    assert_true(f->lookup.before > 0.99 && f->lookup.depth > 0.2 && f->lookup.recover_s > 20 && f->lookup.recover_s < 150);
    assert_true(f->ring.depth > 0.1 && !f->lost_ring);
    /* Gone for 30 s each: the mean online tells. */
    assert_true(fabs((80 - s.nodes_online_mean) * 300 - 30.0 * (double)f->touched) < 1);
}

static void a_restart_brings_back_who_would_stay_away(void **state)
{
    (void)state;
    struct summary s = RUN("faults=[{at: 60 s, kill: {share: 40 %, restart: 1 h}}, {at: 100 s, restart: {share: 50 %, delay: 10 s}}]");
    uint64_t killed = s.fault[0].touched, back = s.fault[1].touched;
    assert_true(back > 0 && back < killed);
    assert_int_equal(s.join_count, back);
    assert_true(fabs((80 - s.nodes_online_mean) * 300 - (50.0 * (double)back + 240.0 * (double)(killed - back))) < 1);
}

static void refusals_are_noticed_before_silence(void **state)
{
    (void)state;
    struct summary host = RUN("faults=[{at: 60 s, kill: {share: 25 %, restart: 1 h}}]");
    struct summary process = RUN("faults=[{at: 60 s, kill: {share: 25 %, mode: process, restart: 1 h}}]");
    assert_int_equal(host.fault[0].touched, process.fault[0].touched); /* the same draws */
    assert_true(host.fault[0].ring.depth > 0.05 && process.fault[0].ring.depth < 0.02); /* a sample is 5 s later */
    assert_true(process.ring_dead_successor < host.ring_dead_successor / 2);
}

static void a_reboot_wave_is_spread_over_its_window(void **state)
{
    (void)state;
    struct summary s = RUN("faults=[{at: 40 s, reboot: {share: 60 %, within: 100 s, delay: 20 s}}]");
    uint64_t n = s.fault[0].touched;
    assert_in_range(n, 35, 62);
    assert_int_equal(s.crash_count, n);
    assert_int_equal(s.join_count, n);
    assert_true(s.fault[0].until_s == 140);
    assert_true(fabs((80 - s.nodes_online_mean) * 300 - 20.0 * (double)n) < 1);
    /* Spread thin, it hurts less than all at once. */
    struct summary all = RUN("faults=[{at: 40 s, reboot: {share: 60 %, within: 1 ms, delay: 20 s}}]");
    assert_true(s.fault[0].lookup.depth < all.fault[0].lookup.depth);
}

static void a_mass_departure_says_good_bye(void **state)
{
    (void)state;
    struct summary s = RUN("faults=[{at: 60 s, leave: {share: 30 %}}]");
    assert_in_range(s.fault[0].touched, 12, 37);
    assert_int_equal(s.leave_count, s.fault[0].touched);
    assert_int_equal(s.crash_count, 0);
    assert_int_equal(s.join_count, 0); /* without churn they are gone for good */
}

static void a_partition_shows_and_a_short_one_heals(void **state)
{
    (void)state;
    struct summary s = RUN("faults=[{at: 60 s, for: 90 s, partition: {share: 50 %}}]");
    const struct summary_fault *f = &s.fault[0];
    assert_in_range(f->touched, 26, 54);
    assert_true(f->until_s == 150);
    assert_true(f->lookup.depth > 0.1 && f->ring.depth > 0.3); /* half of the peers are beyond */
    assert_int_equal(s.crash_count, 0);
    assert_true(s.datagrams_lost_share > 0.001);
    s = RUN("faults=[{at: 60 s, for: 2 s, partition: {share: 50 %}}]", "check=[{ring_valid: {within: 1 min}}]");
    assert_true(s.datagrams_lost_share > 0 && !s.fault[0].lost_lookup && !s.fault[0].lost_ring);
    /* A part of the links has failed, and whoever failed is not heard of for a minute. */
    s = RUN("faults=[{at: 60 s, for: 4 s, partition: {share: 50 %}}]", "overlay.bootstrap.partition_check=off",
            "check=[{ring_valid: {within: 150 s}}]");
    assert_true(s.fault[0].ring.depth > 0 && !s.fault[0].lost_lookup && !s.fault[0].lost_ring);
}

static void a_long_partition_heals_by_the_check(void **state)
{
    (void)state;
    static const char *const spans[] = {"faults=[{at: 30 s, for: 10 s, partition: {share: 50 %}}]",
                                        "faults=[{at: 30 s, for: 90 s, partition: {share: 50 %}}]",
                                        "faults=[{at: 30 s, for: 90 s, partition: {share: 10 %}}]"};
    for (unsigned k = 0; k < sizeof spans / sizeof *spans; k++) {
        struct summary s = RUN(spans[k], "overlay.bootstrap.partition_check=30 s", "check=[{ring_valid: {within: 90 s}}]");
        assert_true(s.fault[0].ring.depth > 0.02 && !s.fault[0].lost_ring && !s.fault[0].lost_lookup && !s.fault[0].lost_values);
    }
    struct summary s = RUN(spans[1], "overlay.bootstrap.partition_check=off");
    assert_true(s.fault[0].lost_ring);
}

/* So heavy that every link fails and every peer loses its ring; nobody has one that a joiner could be let into. */
static void a_ring_that_all_have_lost_is_built_anew(void **state)
{
    (void)state;
    struct summary s = RUN("faults=[{at: 30 s, for: 150 s, network: {loss: 35 %}}]", "phases.measure=9 min",
                           "check=[{ring_valid: {within: 4 min}}]");
    assert_true(s.fault[0].ring.depth > 0.95 && !s.fault[0].lost_ring && !s.fault[0].lost_lookup);
}

static void a_partition_can_follow_the_map(void **state)
{
    (void)state;
    struct summary s = RUN("network={model: coordinates}",
                           "faults=[{at: 60 s, for: 60 s, region: Oceania, partition: {}}, {at: 200 s, region: Africa, kill: {share: 100 %}}]");
    assert_in_range(s.fault[0].touched, 1, 10); /* 4 % of the people */
    assert_in_range(s.fault[1].touched, 1, 16); /* 8 % */
    assert_true(s.datagrams_lost_share > 0);
    assert_int_equal(s.crash_count, s.fault[1].touched);
}

static void the_network_gets_worse_and_better_again(void **state)
{
    (void)state;
    struct summary sound = RUN("faults=[]");
    struct summary slow = RUN("faults=[{at: 0 s, network: {latency: 150 %}}]");
    struct summary lossy = RUN("faults=[{at: 100 s, for: 50 s, network: {loss: 20 %}}]");
    assert_true(slow.lookup_latency_p50 > 1.4 * sound.lookup_latency_p50 &&
                slow.lookup_latency_p50 < 1.7 * sound.lookup_latency_p50);
    assert_int_equal(slow.fault[0].touched, 80);
    assert_true(isnan(slow.fault[0].until_s));
    assert_true(sound.datagrams_lost_share == 0);
    assert_true(lossy.datagrams_lost_share > 0.02 && lossy.datagrams_lost_share < 0.15); /* a fifth for a sixth of the time, with more to send */
    assert_true(lossy.lookup_latency_p99 > 2 * sound.lookup_latency_p99);
}

static void slow_cpus_slow_look_ups_down(void **state)
{
    (void)state;
    struct summary sound = RUN("faults=[]"), slow = RUN("faults=[{at: 0 s, slow: {share: 100 %, factor: 200}}]");
    assert_true(slow.lookup_latency_p50 > sound.lookup_latency_p50 + 0.05); /* a signature takes 56 ms */
    assert_int_equal(slow.fault[0].touched, 80);
}

static void idle_peers_send_no_updates(void **state)
{
    (void)state;
    const char *const often = "overlay.config.chord-update-interval=10 s";
    struct summary busy = RUN(often), idle = RUN(often, "faults=[{at: 0 s, idle: {}}]"),
                   half = RUN(often, "faults=[{at: 0 s, for: 150 s, idle: {}}]");
    assert_int_equal(idle.fault[0].touched, 80);
    assert_true(idle.messages_update * 100 < busy.messages_update);
    assert_true(half.messages_update * 10 > busy.messages_update * 4 && half.messages_update * 10 < busy.messages_update * 6);
}

static void a_set_changes_the_protocol_on_the_way(void **state)
{
    (void)state;
    struct summary before = RUN("overlay.config.chord-update-interval=60 s"),
                   set = RUN("overlay.config.chord-update-interval=60 s",
                             "faults=[{at: 0 s, set: {overlay.config.chord-update-interval: 10 s}}]"),
                   wide = RUN("faults=[{at: 0 s, set: {overlay.chord.successors: 8}}, {at: 0 s, set: {overlay.config.chord-update-interval: 10 s}}]");
    assert_true(set.messages_update > 3 * before.messages_update);
    assert_true(wide.links_mean > set.links_mean + 2);
    assert_true(wide.ring_wrong_successor == 0);
    assert_int_equal(set.fault[0].touched, 80);
}

static void a_flood_adds_its_look_ups_and_ends(void **state)
{
    (void)state;
    struct summary s = RUN("faults=[{at: 100 s, for: 60 s, flood: {every: 2 s}}]");
    assert_in_range(s.lookup_count, 6000 + 2400 - 450, 6000 + 2400 + 450); /* 80 peers * 60 s / 2 s more */
    struct summary alone = RUN("workload.lookup=none", "faults=[{at: 100 s, for: 60 s, flood: {share: 50 %, every: 2 s}}]");
    assert_in_range(alone.lookup_count, 30 * alone.fault[0].touched * 8 / 10, 30 * alone.fault[0].touched * 12 / 10);
}

static void a_check_waits_for_the_end_of_a_fault(void **state)
{
    (void)state;
    /* Datagrams lost for 150 s: more than the 50 s that the check leaves out from the beginning on. */
    RUN("faults=[{at: 60 s, for: 150 s, network: {loss: 15 %}}]", "phases.measure=6 min",
        "check=[{lookup.latency_s.p99: \"< 2 s\", except: 50 s after faults}]");
}

/* ---- churn and workload ---- */

static void changing_ids_are_new_peers_of_old_users(void **state)
{
    (void)state;
    struct summary s = RUN("churn={session: {exponential: {mean: 10 min}}, offline: {exponential: {mean: 3 min}}, rejoin: new-id, graceful: 100 %}",
                           "phases.measure=15 min", "workload.lookup.target=online");
    assert_int_equal(s.population, 4 + 99 * 4); /* 99 devices; 920 s in cycles of 780 s: four ids each */
    assert_true(s.nodes_online_mean > 65 && s.nodes_online_mean < 95);
    assert_true(s.join_count > 60 && s.join_success > 0.95);
    assert_true(s.lookup_success > 0.98); /* who came since has registered under the same name */
}

static void poisson_streams_keep_the_number_online(void **state)
{
    (void)state;
    struct summary s = RUN("churn={poisson: {every: 3 s}, graceful: 100 %}", "phases.measure=10 min");
    assert_in_range(s.join_count, 200 - 60, 200 + 60);
    assert_in_range(s.leave_count, 200 - 60, 200 + 60);
    assert_true(s.nodes_online_mean > 50 && s.nodes_online_mean < 110);
}

static void traces_of_sessions_and_of_look_ups_are_replayed(void **state)
{
    (void)state;
    char path[64], sessions[128], calls[128];
    snprintf(path, sizeof path, "/tmp/reloadsim-faults.%ld.csv", (long)getpid());
    FILE *f = fopen(path, "w");
    fputs("node,up_s,down_s\n", f);
    for (unsigned k = 0; k < 40; k++)
        fprintf(f, "%u,0,%u\n%u,%u.5,\n", 100 + k, 60 + k, 100 + k, 130 + k);
    fclose(f);
    snprintf(sessions, sizeof sessions, "churn={trace: {data: %s}, graceful: 0 %%}", path);
    struct summary s = RUN(sessions, "workload.lookup=none");
    assert_int_equal(s.population, 44);
    assert_int_equal(s.crash_count, 40);
    assert_int_equal(s.join_count, 40);
    assert_true(fabs((44 - s.nodes_online_mean) * 300 - 40 * 70.5) < 1); /* each away for 70.5 s */
    snprintf(calls, sizeof calls, "workload.trace={data: %s.calls}", path);
    char other[80];
    snprintf(other, sizeof other, "%s.calls", path);
    f = fopen(other, "w");
    fputs("asker,target,time_s\n", f);
    for (unsigned k = 0; k < 40; k++)
        fprintf(f, "%u,%u,50\n%u,%u,129\n", 100 + k, 100 + (k + 1) % 40, 100 + k, 100 + (k + 1) % 40);
    fclose(f);
    s = RUN(sessions, "workload.lookup=none", calls);
    assert_int_equal(s.lookup_count, 40);
    assert_int_equal(s.lookup_skipped, 40); /* at 129 s nobody is there */
    assert_true(s.lookup_success == 1);
    unlink(path);
    unlink(other);
}

static void a_rate_of_the_network_is_shared_by_its_peers(void **state)
{
    (void)state;
    struct summary s = RUN("workload.lookup.every=50 ms", "workload.lookup.per=network");
    assert_in_range(s.lookup_count, 6000 - 400, 6000 + 400);
    struct summary half = RUN("workload.lookup.every=50 ms", "workload.lookup.per=network",
                              "faults=[{at: 0 s, kill: {share: 50 %, restart: 1 h}}]");
    assert_in_range(half.lookup_count, s.lookup_count * 3 / 10, s.lookup_count * 7 / 10);
}

static void the_daily_cycle_moves_the_number_online(void **state)
{
    (void)state;
    const char *const laws = "churn={session: {exponential: {mean: 20 min}}, offline: {exponential: {mean: 20 min}}, daily: {amplitude: 90 %, peak: 12 h}}";
    struct summary noon = RUN(laws, "epoch=2009-10-19T12:30:00Z", "phases.measure=60 s"),
                   midnight = RUN(laws, "epoch=2009-10-19T00:30:00Z", "phases.measure=60 s");
    assert_true(noon.nodes_online_mean > midnight.nodes_online_mean + 25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_base_is_sound),
        cmocka_unit_test(the_killed_come_back_when_their_law_says),
        cmocka_unit_test(a_restart_brings_back_who_would_stay_away),
        cmocka_unit_test(refusals_are_noticed_before_silence),
        cmocka_unit_test(a_reboot_wave_is_spread_over_its_window),
        cmocka_unit_test(a_mass_departure_says_good_bye),
        cmocka_unit_test(a_partition_shows_and_a_short_one_heals),
        cmocka_unit_test(a_long_partition_heals_by_the_check),
        cmocka_unit_test(a_ring_that_all_have_lost_is_built_anew),
        cmocka_unit_test(a_partition_can_follow_the_map),
        cmocka_unit_test(the_network_gets_worse_and_better_again),
        cmocka_unit_test(slow_cpus_slow_look_ups_down),
        cmocka_unit_test(idle_peers_send_no_updates),
        cmocka_unit_test(a_set_changes_the_protocol_on_the_way),
        cmocka_unit_test(a_flood_adds_its_look_ups_and_ends),
        cmocka_unit_test(a_check_waits_for_the_end_of_a_fault),
        cmocka_unit_test(changing_ids_are_new_peers_of_old_users),
        cmocka_unit_test(poisson_streams_keep_the_number_online),
        cmocka_unit_test(traces_of_sessions_and_of_look_ups_are_replayed),
        cmocka_unit_test(a_rate_of_the_network_is_shared_by_its_peers),
        cmocka_unit_test(the_daily_cycle_moves_the_number_online),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

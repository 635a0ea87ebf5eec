/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins that peers of a small churning overlay that tunes itself (RFC 7363) know about how large it is and how fast it churns, that the ring holds, and that the start takes little memory. Leaves
 * open the accuracy that field-tested estimators have, which 500 to 1,000 peers show in sim/world/test/long_tuning.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "sim/net/net.h"
#include "sim/world/test/estimates.h"
#include "sim/world/world.h"

#define SCENARIO(start)                                                                                              \
    "reloadsim: 1\n"                                                                                                  \
    "name: tuning\n"                                                                                                  \
    "overlay: {peers: 150, start: " start ", chord: {self_tuning: true}}\n"                                           \
    "network: {model: constant, delay: 50 ms}\n"                                                                      \
    "churn: {session: {exponential: {mean: 20 min}}, offline: {exponential: {mean: 20 min}}, graceful: 30 %}\n"       \
    "phases: {warmup: 20 min, measure: 5 min}\n"                                                                      \
    "check: [{ring.wrong_successor: \"< 5 %\"}]\n"

static void peers_know_their_overlay(void **state)
{
    (void)state;
    static const char *const scenario[] = {SCENARIO("converged"), SCENARIO("join")};
    for (unsigned k = 0; k < 2; k++) {
        struct estimates e;
        estimates_run(scenario[k], 1200, &e);
        assert_in_range(e.peers, 110, 190);
        assert_true(e.own_size > 0.8 && e.own_size < 1.25);
        assert_true(e.used_size > 0.9 && e.used_size < 1.5); /* a third quartile is above */
        assert_true(e.own_leaves / e.own_size > 0.7 && e.own_leaves / e.own_size < 1.4);
        assert_true(e.own_joins_median > 0.6 && e.own_joins_median < 1.5);
        assert_true(e.interval_s >= 15 && e.interval_s < 20); /* 600 s / 52 is less than the least */
    }
}

/* What each peer has to remember in the first half minute decides the memory of the whole run. When all peers of an overlay attached to everybody that they heard of, to
 * fill the longer lists of self-tuning, it was 48 kB, and 111 links each. */
static void a_tuned_overlay_starts_in_little_memory(void **state)
{
    (void)state;
    static const char text[] = "reloadsim: 1\n"
                               "overlay: {peers: 300, chord: {self_tuning: true}}\n"
                               "network: {model: constant, delay: 50 ms}\n"
                               "churn: {session: {exponential: {mean: 60 min}}, offline: {exponential: {mean: 60 min}}}\n"
                               "phases: {warmup: 10 s, measure: 20 s}\n";
    static struct scenario s;
    struct world *w = NULL;
    char error[1024];
    struct net_counts c;
    if (scenario_parse(&s, "test.yaml", text, strlen(text), NULL, 0, error, sizeof error) || world_open(&w, &s, &(struct world_options){0}, error, sizeof error))
        fail_msg("%s", error);
    assert_int_equal(world_run(w), 0);
    net_count(world_net(w), &c);
    print_message("%.0f bytes a peer, %zu with what its host keeps; %.1f links\n", (double)c.node_bytes / (double)c.online, net_memory(world_net(w)) / (size_t)c.online,
                  world_summary(w)->links_mean);
    assert_true(c.node_bytes < 3500 * c.online);
    assert_true(net_memory(world_net(w)) < 24000 * c.online); /* 8 kB of them are what any run of 300 peers has */
    assert_true(world_summary(w)->links_mean < 40);
    world_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tuned_overlay_starts_in_little_memory),
        cmocka_unit_test(peers_know_their_overlay),
    };
    return cmocka_run_group_tests_name("tuning", tests, NULL, NULL);
}

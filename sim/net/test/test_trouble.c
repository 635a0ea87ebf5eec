/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins what goes wrong with a network: latency and loss that change and change back, partitions for data and for keepalives worked out or sent one by one, slow
 * CPUs, pairs that never hear each other, refusals by dead processes, another configuration for some, regions, several identities of one device. Leaves open what an overlay makes of
 * it (sim/world/test) and NATs, which there are none of. */
#include "sim/net/region.h"
#include "sim/net/test/rig.h"
#include "sim/net/trouble.h"

/* Nodes 0 and 1 with a channel between them, 50 ms apart; at 1 s. */
static struct rig *rig_pair(void)
{
    struct rig *r = rig_new();
    r->config.weather_delays = true;
    rig_open(r);
    rig_start(r, 0);
    rig_start(r, 1);
    rig_order(r, 0, FAKE_OPEN, 1, 0);
    rig_run(r, SECONDS(1));
    assert_int_equal(rig_count(r, 0, FAKE_UP), 1);
    return r;
}

static void delays_follow_the_weather_and_come_back(void **state)
{
    (void)state;
    struct rig *r = rig_pair();
    assert_int_equal(net_rtt(r->net, 0, 1), MILLIS(100));
    net_weather(r->net, 0, 3, MILLIS(7));
    assert_int_equal(net_rtt(r->net, 0, 1), MILLIS(314));
    rig_order(r, 0, FAKE_SEND, 0, 1);
    rig_run(r, SECONDS(2));
    assert_int_equal(rig_find(r, 1, FAKE_DATA, 0)->at, SECONDS(1) + MILLIS(157));
    net_weather(r->net, 0, 0, 0); /* raised to min_delay */
    rig_order(r, 0, FAKE_SEND, 0, 1);
    rig_run(r, SECONDS(3));
    assert_int_equal(rig_find(r, 1, FAKE_DATA, 1)->at, SECONDS(2) + MILLIS(1));
    net_weather(r->net, 0, 1, 0);
    rig_order(r, 0, FAKE_SEND, 0, 1);
    rig_run(r, SECONDS(4));
    assert_int_equal(rig_find(r, 1, FAKE_DATA, 2)->at, SECONDS(3) + MILLIS(50));
    rig_close(r);
}

static void loss_follows_the_weather(void **state)
{
    (void)state;
    struct rig *r = rig_pair();
    net_weather(r->net, 0.3, 1, 0);
    rig_order(r, 0, FAKE_SEND, 0, 10000);
    rig_run(r, SECONDS(2));
    struct net_counts c = rig_counts(r);
    assert_in_range(c.lost, 3000 - 5 * 46, 3000 + 5 * 46); /* five standard deviations */
    net_weather(r->net, 0, 1, 0);
    rig_order(r, 0, FAKE_SEND, 0, 1000);
    rig_run(r, SECONDS(3));
    assert_int_equal(rig_counts(r).lost, c.lost);
    rig_close(r);
}

static void nothing_passes_between_two_sides(void **state)
{
    (void)state;
    struct rig *r = rig_pair();
    const uint64_t side[1] = {2};
    rig_start(r, 2);
    rig_order(r, 0, FAKE_OPEN, 2, 0);
    rig_order(r, 0, FAKE_SEND, 0, 1); /* under way when the partition begins */
    unsigned cut = net_cut(r->net, side);
    rig_order(r, 0, FAKE_SEND, 0, 2);
    rig_order(r, 1, FAKE_SEND, 0, 3);
    rig_run(r, SECONDS(2));
    assert_int_equal(rig_count(r, 1, FAKE_DATA), 1);
    assert_int_equal(rig_count(r, 0, FAKE_DATA), 0);
    assert_int_equal(rig_counts(r).lost, 5);
    assert_int_equal(rig_count(r, 2, FAKE_ACCEPT), 1); /* the same side */
    net_uncut(r->net, cut);
    rig_order(r, 0, FAKE_SEND, 0, 2);
    rig_run(r, SECONDS(3));
    assert_int_equal(rig_count(r, 1, FAKE_DATA), 3);
    rig_close(r);
}

/* 60 nodes with 10 channels each. */
static struct rig *rig_watched(bool one_by_one, double loss, double broken)
{
    struct rig *r = rig_new();
    struct env *env;
    r->config.identities = 60;
    r->config.loss = loss;
    r->config.broken_pairs = broken;
    r->config.keepalives_one_by_one = one_by_one;
    r->script.overlay.keepalive_interval = SECONDS(15);
    r->script.overlay.silent_after = SECONDS(30);
    rig_open(r);
    for (peer_h k = 0; k < 60; k++)
        net_seed_begin(r->net, k, &(struct node_seed){.next_update = TIME_NEVER}, &env);
    for (peer_h k = 0; k < 60; k++)
        for (peer_h j = 1; j <= 5; j++)
            net_seed_link(r->net, k, (k + j) % 60, &(struct seed_edge){0}, 0);
    for (peer_h k = 0; k < 60; k++)
        net_seed_end(r->net, k);
    return r;
}

static unsigned count_all(const struct rig *r, enum fake_fact what)
{
    unsigned n = 0;
    for (unsigned k = 0; k < r->entries; k++)
        n += r->log[k].what == what;
    return n;
}

static void some_pairs_never_hear_each_other(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    unsigned heard[60][60] = {0}, pairs = 0;
    r->config.identities = 60;
    r->config.broken_pairs = 0.2;
    rig_open(r);
    for (peer_h k = 0; k < 60; k++)
        rig_start(r, k);
    for (peer_h k = 0; k < 60; k++)
        for (peer_h j = 0; j < 60; j++)
            for (unsigned n = 0; n < 3 && j != k; n++)
                rig_order(r, k, FAKE_PLAIN, j, 0);
    rig_run(r, SECONDS(1));
    for (unsigned k = 0; k < r->entries; k++)
        if (r->log[k].what == FAKE_PLAIN_DATA)
            heard[r->log[k].node][r->log[k].peer]++;
    for (unsigned k = 0; k < 60; k++)
        for (unsigned j = 0; j < k; j++) { /* all or nothing, both ways */
            assert_true(heard[k][j] == 0 || heard[k][j] == 3);
            assert_int_equal(heard[k][j], heard[j][k]);
            pairs += heard[k][j] == 0;
        }
    assert_in_range(pairs, 354 - 5 * 17, 354 + 5 * 17); /* a fifth of 1,770, five standard deviations */
    assert_int_equal(rig_counts(r).lost, 6 * pairs);
    rig_close(r);
}

static void channels_of_broken_pairs_fall_silent_at_both_ends(void **state)
{
    (void)state;
    unsigned silent[2];
    for (unsigned one_by_one = 0; one_by_one < 2; one_by_one++) {
        struct rig *r = rig_watched(one_by_one, 0, 0.2);
        rig_run(r, SECONDS(100));
        silent[one_by_one] = count_all(r, FAKE_SILENT);
        assert_in_range(silent[one_by_one] / 2, 60 - 5 * 7, 60 + 5 * 7); /* a fifth of 300 channels */
        assert_int_equal(silent[one_by_one] % 2, 0);
        rig_close(r);
    }
    assert_int_equal(silent[0], silent[1]);
}

static void a_partition_silences_every_channel_across_it(void **state)
{
    (void)state;
    struct rig *r = rig_watched(false, 0, 0);
    const uint64_t side[1] = {UINT64_C(1) << 7};
    rig_run(r, SECONDS(100));
    assert_int_equal(count_all(r, FAKE_SILENT), 0);
    unsigned cut = net_cut(r->net, side);
    rig_run(r, SECONDS(131));
    assert_int_equal(count_all(r, FAKE_SILENT), 20); /* ten channels, both ends, 30 s after the last keepalive */
    assert_int_equal(rig_count(r, 7, FAKE_SILENT), 10);
    for (unsigned k = 0; k < 10; k++)
        assert_in_range(rig_find(r, 7, FAKE_SILENT, k)->at, SECONDS(115), SECONDS(130) + MILLIS(50));
    net_uncut(r->net, cut);
    rig_run(r, SECONDS(300));
    assert_int_equal(count_all(r, FAKE_SILENT), 20);
    rig_close(r);
}

static void trouble(struct rig *r, unsigned round)
{
    static unsigned first, second;
    const uint64_t sides[2] = {UINT64_C(0x3ff), UINT64_C(0xf0f0f)};
    sim_time now = kernel_now(net_kernel(r->net));
    switch (round) {
    case 0: first = net_cut(r->net, &sides[0]); break;
    case 1: net_weather(r->net, 0.4, 1, 0); break;
    case 2:
        second = net_cut(r->net, &sides[1]);
        net_uncut(r->net, first);
        break;
    case 3:
        for (peer_h k = 3; k < 60; k += 9)
            net_stop_process(r->net, rig_part(r, k), k, now);
        break;
    case 4: net_uncut(r->net, second); break;
    case 5: net_weather(r->net, 0, 1, 0); break;
    case 6:
        for (peer_h k = 3; k < 60; k += 18)
            rig_start(r, k);
        for (peer_h k = 4; k < 60; k += 18)
            net_stop_process(r->net, rig_part(r, k), k, now);
        break;
    }
}

static void keepalives_worked_out_meet_the_same_trouble(void **state)
{
    (void)state;
    struct rig *a = rig_watched(false, 0.05, 0), *b = rig_watched(true, 0.05, 0);
    for (unsigned round = 0; round <= 7; round++) {
        sim_time until = SECONDS(100) + SECONDS(67) * round;
        rig_run(a, until);
        rig_run(b, until);
        struct net_counts x = rig_counts(a), y = rig_counts(b);
        assert_memory_equal(&x, &y, sizeof x);
        trouble(a, round);
        trouble(b, round);
    }
    assert_true(count_all(a, FAKE_SILENT) > 200 && count_all(a, FAKE_DOWN) > 50);
    assert_int_equal(a->entries, b->entries);
    for (unsigned k = 0; k < a->entries; k++) {
        const struct entry *x = &a->log[k], *y = &b->log[k];
        assert_true(x->at == y->at && x->node == y->node && x->peer == y->peer && x->chan == y->chan &&
                    x->what == y->what && x->b == y->b);
    }
    rig_close(a);
    rig_close(b);
}

/* ---- dead processes ---- */

static void a_dead_process_refuses_and_the_channel_is_down_one_way_back(void **state)
{
    (void)state;
    struct rig *r = rig_pair();
    net_stop_process(r->net, rig_part(r, 1), 1, SECONDS(1));
    rig_run(r, SECONDS(2));
    assert_int_equal(rig_count(r, 0, FAKE_DOWN), 0); /* nothing was sent */
    rig_order(r, 0, FAKE_SEND, 0, 2);
    struct net_counts before = rig_counts(r);
    rig_run(r, SECONDS(3));
    assert_int_equal(rig_count(r, 0, FAKE_DOWN), 1);
    assert_int_equal(rig_find(r, 0, FAKE_DOWN, 0)->at, SECONDS(2) + MILLIS(100));
    struct net_counts c = rig_counts(r);
    assert_int_equal(c.sent - before.sent, 2); /* two refusals; the two datagrams were sent before */
    assert_int_equal(c.dead - before.dead, 2);
    assert_int_equal(c.sent, c.delivered + c.lost + c.dead + c.in_flight);
    rig_close(r);
}

static void a_dead_process_refuses_handshakes_until_it_is_back(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    rig_open(r);
    rig_start(r, 0);
    rig_start(r, 1);
    net_stop_process(r->net, rig_part(r, 1), 1, 0);
    rig_order(r, 0, FAKE_OPEN, 1, 0);
    rig_run(r, SECONDS(1));
    assert_int_equal(rig_find(r, 0, FAKE_DOWN, 0)->at, MILLIS(100));
    assert_int_equal(rig_counts(r).handshakes_failed, 1);
    rig_start(r, 1);
    rig_order(r, 0, FAKE_OPEN, 1, 0);
    rig_run(r, SECONDS(2));
    assert_int_equal(rig_count(r, 0, FAKE_UP), 1);
    rig_stop(r, 1); /* and now the host is gone */
    rig_order(r, 0, FAKE_SEND, 0, 1);
    rig_run(r, SECONDS(3));
    assert_int_equal(rig_count(r, 0, FAKE_DOWN), 1);
    rig_close(r);
}

static void keepalives_find_out_a_dead_process(void **state)
{
    (void)state;
    struct rig *r = rig_watched(false, 0, 0);
    rig_run(r, SECONDS(100));
    net_stop_process(r->net, rig_part(r, 7), 7, SECONDS(100));
    rig_run(r, SECONDS(130));
    assert_int_equal(count_all(r, FAKE_DOWN), 10);
    assert_int_equal(count_all(r, FAKE_SILENT), 0);
    for (unsigned k = 0; k < r->entries; k++)
        if (r->log[k].what == FAKE_DOWN)
            assert_in_range(r->log[k].at, SECONDS(100) + MILLIS(50), SECONDS(115) + MILLIS(50));
    rig_close(r);
}

/* ---- nodes ---- */

static void a_slow_cpu_sends_later(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    r->config.sign_ns = 1000000;
    r->script.sign_on_data = true;
    rig_open(r);
    rig_start(r, 0);
    rig_start(r, 1);
    rig_order(r, 0, FAKE_OPEN, 1, 0);
    rig_run(r, SECONDS(1));
    net_slow(r->net, 1, 20);
    rig_order(r, 0, FAKE_SEND, 0, 1);
    rig_run(r, SECONDS(1) + MILLIS(200));
    assert_int_equal(rig_find(r, 0, FAKE_DATA, 0)->at, SECONDS(1) + MILLIS(50 + 20 + 50));
    rig_close(r);
}

static void some_can_have_another_configuration(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    static struct script all, some;
    const uint64_t map[1] = {2};
    rig_open(r);
    rig_start(r, 0);
    rig_start(r, 1);
    rig_order(r, 0, FAKE_OPEN, 1, 0);
    rig_run(r, SECONDS(1));
    all = some = r->script;
    all.size = 30, some.size = 40;
    net_configure(r->net, &all.overlay, &some.overlay, map);
    rig_order(r, 0, FAKE_SEND, 0, 1);
    rig_order(r, 1, FAKE_SEND, 0, 1);
    rig_run(r, SECONDS(2));
    assert_int_equal(rig_count(r, 1, FAKE_BAD), 1); /* each expects its own size */
    assert_int_equal(rig_count(r, 0, FAKE_BAD), 1);
    net_configure(r->net, &all.overlay, NULL, NULL);
    rig_order(r, 0, FAKE_SEND, 0, 1);
    rig_run(r, SECONDS(3));
    assert_int_equal(rig_count(r, 1, FAKE_DATA), 1);
    rig_close(r);
}

static void identities_of_a_device_share_user_and_place(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    char a[64], b[64];
    r->config.single_ids = 4;
    r->config.ids_per_device = 3;
    r->config.partitions = 3;
    rig_open(r);
    net_user_name(r->net, 3, a);
    assert_string_equal(a, "u0000000003@overlay.example");
    net_user_name(r->net, 4, a);
    net_user_name(r->net, 6, b);
    assert_string_equal(a, b);
    net_user_name(r->net, 7, b);
    assert_string_equal(b, "u0000000005@overlay.example");
    assert_true(id_compare(net_id(r->net, 4), net_id(r->net, 6)) != 0);
    for (peer_h k = 4; k < 16; k += 3)
        assert_true(rig_part(r, k) == rig_part(r, k + 2));
    rig_close(r);
}

/* ---- regions ---- */

static void regions_are_names_and_degrees(void **state)
{
    (void)state;
    struct place place[4] = {{.latitude = 52, .longitude = 13},
                             {.latitude = -35, .longitude = 174},
                             {.latitude = 61, .longitude = -150},
                             {.latitude = -17, .longitude = -178}};
    char where[4][WHERE_BYTES] = {"Germany, Eurasia", "New Zealand, Oceania", "United States, North America",
                                  "Fiji, Oceania"};
    struct latency l = {.model = LATENCY_COORDINATES, .place = place, .where = where, .places = 4};
    static const struct {
        const char *region;
        unsigned inside; /* bits */
    } cases[] = {
        {"Germany", 1},           {"Oceania", 10},       {"North America", 4},  {"America", 0},
        {"25W-45E", 1},           {"170E-170W", 10},     {"0N-90N", 5},         {"90S-0N", 10},
        {"170E-180E, Oceania", 2}, {"Oceania,20S-0S", 8}, {" Germany , 10E-20E", 1}, {"germany", 0},
        {"", 15},                 {"10E", 0},            {"200W-10E", 0},       {"10E-20", 0},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        unsigned inside = 0;
        for (unsigned p = 0; p < 4; p++)
            inside |= (unsigned)region_covers(cases[k].region, &l, (uint16_t)p) << p;
        if (inside != cases[k].inside)
            fail_msg("%s: %x", cases[k].region, inside);
        assert_int_equal(region_places(cases[k].region, &l), __builtin_popcount(inside));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays_follow_the_weather_and_come_back),
        cmocka_unit_test(loss_follows_the_weather),
        cmocka_unit_test(nothing_passes_between_two_sides),
        cmocka_unit_test(a_partition_silences_every_channel_across_it),
        cmocka_unit_test(some_pairs_never_hear_each_other),
        cmocka_unit_test(channels_of_broken_pairs_fall_silent_at_both_ends),
        cmocka_unit_test(keepalives_worked_out_meet_the_same_trouble),
        cmocka_unit_test(a_dead_process_refuses_and_the_channel_is_down_one_way_back),
        cmocka_unit_test(a_dead_process_refuses_handshakes_until_it_is_back),
        cmocka_unit_test(keepalives_find_out_a_dead_process),
        cmocka_unit_test(a_slow_cpu_sends_later),
        cmocka_unit_test(some_can_have_another_configuration),
        cmocka_unit_test(identities_of_a_device_share_user_and_place),
        cmocka_unit_test(regions_are_names_and_degrees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

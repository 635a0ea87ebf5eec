/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins what one channel says by keepalives, worked out and sent one by one alike: silences when the other side starts late or changes its interval, a silence before
 * the first keepalive, one that is watched for late, one after listening for very long, the same one under other settings, several changes at one instant, changes
 * at the very nanosecond of a keepalive; what slow weather makes of them. Leaves open: many channels under churn and loss (test_net_load.c). */
#include "sim/net/test/rig.h"
#include "sim/net/trouble.h"

/* Two seeded nodes with one channel, slot 0 at both ends, keepalives off. */
static struct rig *rig_linked(bool one_by_one, double loss)
{
    struct rig *r = rig_new();
    struct env *env;
    r->config.keepalives_one_by_one = one_by_one;
    r->config.loss = loss;
    rig_open(r);
    for (peer_h k = 0; k < 2; k++)
        net_seed_begin(r->net, k, &(struct node_seed){.next_update = TIME_NEVER}, &env);
    net_seed_link(r->net, 0, 1, &(struct seed_edge){0}, 0);
    for (peer_h k = 0; k < 2; k++)
        net_seed_end(r->net, k);
    return r;
}

static void keep(struct rig *r, peer_h node, sim_time interval, sim_time silent_after)
{
    struct env *env;
    struct chan_args args = {.chan = 0, .interval = interval, .silent_after = silent_after};
    net_seed_node(r->net, node, &env);
    assert_int_equal(env->port->channel(env, CHAN_KEEPALIVE, &args), 0);
    net_seed_end(r->net, node);
}

static void expect_same_silences(struct rig *a, struct rig *b, unsigned least)
{
    struct net_counts x = rig_counts(a), y = rig_counts(b);
    assert_memory_equal(&x, &y, sizeof x);
    unsigned n = rig_count(a, 1, FAKE_SILENT);
    assert_int_equal(n, rig_count(b, 1, FAKE_SILENT));
    assert_true(n >= least);
    for (unsigned k = 0; k < n; k++)
        assert_int_equal(rig_find(a, 1, FAKE_SILENT, k)->at, rig_find(b, 1, FAKE_SILENT, k)->at);
    rig_close(a);
    rig_close(b);
}

/* Node 1 watches from the start; node 0 says nothing for a minute, then speaks, then hardly ever. */
static struct rig *speak_late_and_slow_down(bool one_by_one, double loss)
{
    struct rig *r = rig_linked(one_by_one, loss);
    keep(r, 1, SECONDS(24 * 3600), SECONDS(30));
    rig_run(r, SECONDS(60));
    assert_int_equal(rig_count(r, 1, FAKE_SILENT), 1);
    keep(r, 0, SECONDS(15), SECONDS(30));
    rig_run(r, SECONDS(900));
    keep(r, 0, SECONDS(3600), SECONDS(7200));
    rig_run(r, SECONDS(3000));
    return r;
}

static void who_speaks_late_or_more_seldom_is_missed_in_time(void **state)
{
    (void)state;
    expect_same_silences(speak_late_and_slow_down(false, 0), speak_late_and_slow_down(true, 0), 2);
    expect_same_silences(speak_late_and_slow_down(false, 0.3), speak_late_and_slow_down(true, 0.3), 4);
}

/* The interval is as long as the patience. Node 0 sends one datagram and turns keepalives on some time later: the first may come too late. */
static struct rig *speak_at_the_last_moment(bool one_by_one, sim_time speaks)
{
    struct rig *r = rig_linked(one_by_one, 0);
    keep(r, 1, SECONDS(15), SECONDS(15));
    rig_run(r, SECONDS(2));
    rig_order(r, 0, FAKE_SEND, 0, 1);
    rig_run(r, speaks);
    keep(r, 0, SECONDS(15), SECONDS(15));
    rig_run(r, SECONDS(100));
    return r;
}

static void silence_before_the_first_keepalive_is_silence(void **state)
{
    (void)state;
    unsigned silent = 0;
    for (unsigned s = 3; s < 15; s++) {
        struct rig *r = speak_at_the_last_moment(false, SECONDS(s));
        silent += rig_count(r, 1, FAKE_SILENT);
        expect_same_silences(r, speak_at_the_last_moment(true, SECONDS(s)), 0);
    }
    assert_in_range(silent, 1, 11);
}

/* Turns keepalives on and off again and again in one instant. */
static unsigned silences_of_one_who_wavers(enum kernel_engine engine, bool one_by_one, unsigned times)
{
    struct rig *r = rig_new();
    struct env *env;
    r->config.keepalives_one_by_one = one_by_one;
    r->config.engine = engine;
    rig_open(r);
    for (peer_h k = 0; k < 2; k++)
        net_seed_begin(r->net, k, &(struct node_seed){.next_update = TIME_NEVER}, &env);
    net_seed_link(r->net, 0, 1, &(struct seed_edge){0}, 0);
    net_seed_end(r->net, 0);
    keep(r, 1, SECONDS(15), SECONDS(30));
    for (unsigned k = 0; k < times; k++)
        keep(r, 0, k % 2 ? 0 : SECONDS(15), SECONDS(30));
    rig_run(r, SECONDS(300));
    unsigned n = rig_count(r, 1, FAKE_SILENT);
    rig_close(r);
    return n;
}

static void of_several_changes_at_one_instant_the_last_one_holds(void **state)
{
    (void)state;
    for (unsigned times = 1; times < 40; times++)
        for (unsigned one_by_one = 0; one_by_one < 2; one_by_one++) {
            assert_int_equal(silences_of_one_who_wavers(KERNEL_HEAP, one_by_one, times), times % 2 ? 0 : 1);
            assert_int_equal(silences_of_one_who_wavers(KERNEL_WINDOWS, one_by_one, times), times % 2 ? 0 : 1);
        }
}

/* Node 1 watches from 100 s on, in vain, learns of other settings when it has found that out, looks away and watches again. */
static void silence_counts_from_when_one_watches_and_is_told_once(void **state)
{
    (void)state;
    for (unsigned one_by_one = 0; one_by_one < 2; one_by_one++) {
        struct rig *r = rig_linked(one_by_one, 0);
        rig_run(r, SECONDS(100));
        keep(r, 1, SECONDS(15), SECONDS(30));
        rig_run(r, SECONDS(200));
        assert_int_equal(rig_count(r, 1, FAKE_SILENT), 1);
        assert_int_equal(rig_find(r, 1, FAKE_SILENT, 0)->at, SECONDS(130));
        keep(r, 1, SECONDS(10), SECONDS(20));
        rig_run(r, SECONDS(300));
        assert_int_equal(rig_count(r, 1, FAKE_SILENT), 1);
        keep(r, 1, 0, 0);
        keep(r, 1, SECONDS(10), SECONDS(20));
        rig_run(r, SECONDS(400));
        assert_int_equal(rig_count(r, 1, FAKE_SILENT), 2);
        assert_int_equal(rig_find(r, 1, FAKE_SILENT, 1)->at, SECONDS(320));
        rig_close(r);
    }
}

struct talk {
    sim_time after, interval, from, to;
    double loss;
    bool last_word; /* one datagram at the end, at a time of its own */
};

/* Node 1 listens from the start; node 0 speaks from a time on, then dies. The counts are asked for early: from then on only
 * node 1 itself works out what it heard. */
static struct rig *talk(bool one_by_one, const struct talk *t)
{
    struct rig *r = rig_linked(one_by_one, t->loss);
    keep(r, 1, t->after < SECONDS(3600) ? SECONDS(3600) : t->after, t->after);
    rig_run(r, t->from);
    keep(r, 0, t->interval, t->after);
    rig_run(r, t->from + 2 * t->after);
    rig_counts(r);
    rig_run(r, t->to);
    if (t->last_word)
        rig_order(r, 0, FAKE_SEND, 0, 1);
    rig_stop(r, 0);
    rig_run(r, t->to + 2 * t->after + SECONDS(1));
    return r;
}

static void silence_is_as_long_as_said_however_long_one_has_listened(void **state)
{
    (void)state;
    static const sim_time after[] = {MILLIS(100), MILLIS(4096), MILLIS(4097), SECONDS(30), SECONDS(3600), SECONDS(86400)};
    for (unsigned k = 0; k < sizeof after / sizeof *after; k++)
        for (unsigned silences = 5; silences < 100; silences += 3) {
            sim_time unit = after[k] / 3277 > MICROS(625) ? after[k] / 3277 : MICROS(625);
            struct talk t = {after[k], after[k] / 2, 0, after[k] * silences + 12345677, 0, true};
            struct rig *r = talk(false, &t);
            assert_int_equal(rig_count(r, 1, FAKE_SILENT), 1);
            sim_time heard = rig_find(r, 1, FAKE_DATA, 0)->at;
            assert_int_equal(heard, t.to + MILLIS(50));
            assert_in_range(rig_find(r, 1, FAKE_SILENT, 0)->at, heard + after[k], heard + after[k] + unit);
            expect_same_silences(r, talk(true, &t), 1);
            t.last_word = false;
            expect_same_silences(talk(false, &t), talk(true, &t), 1);
            t.loss = 0.2;
            expect_same_silences(talk(false, &t), talk(true, &t), 1);
        }
}

static void however_long_one_has_listened_in_vain_it_is_silence_once(void **state)
{
    (void)state;
    for (unsigned silences = 2; silences < 100; silences++) {
        struct talk t = {SECONDS(30), SECONDS(15), SECONDS(30) * silences, SECONDS(30) * silences + SECONDS(30) * 60 + SECONDS(7) * silences, 0, false};
        struct rig *r = talk(false, &t);
        assert_int_equal(rig_count(r, 1, FAKE_SILENT), 2);
        expect_same_silences(r, talk(true, &t), 2);
        t.loss = 0.1;
        expect_same_silences(talk(false, &t), talk(true, &t), 2);
        /* No silence is in sight for as far as one looks. */
        t.loss = 1e-9;
        t.interval = SECONDS(29);
        expect_same_silences(talk(false, &t), talk(true, &t), 2);
    }
}

/* What was heard is kept in other units from then on. */
static void other_settings_count_what_was_heard_before(void **state)
{
    (void)state;
    static const struct {
        sim_time before, after, changed, silent, late;
    } cases[] = {
        {SECONDS(86400), SECONDS(30), SECONDS(40089), SECONDS(40089), MILLIS(5)}, /* over long ago */
        {SECONDS(86400), SECONDS(30), SECONDS(110), SECONDS(130), MILLIS(20480)}, /* the units of 86,400 s */
        {SECONDS(86400), SECONDS(30), SECONDS(101), SECONDS(130), MILLIS(1000)},
        {SECONDS(30), SECONDS(86400), SECONDS(110), SECONDS(86500), MILLIS(20480)},
        {SECONDS(30), SECONDS(1), SECONDS(129), SECONDS(129), MILLIS(1)},
    };
    for (unsigned k = 0; k < 2 * sizeof cases / sizeof *cases; k++) {
        sim_time silent = cases[k / 2].silent;
        struct rig *r = rig_linked(k % 2, 0);
        rig_run(r, SECONDS(100));
        keep(r, 1, SECONDS(86400), cases[k / 2].before);
        rig_run(r, cases[k / 2].changed);
        assert_int_equal(rig_count(r, 1, FAKE_SILENT), 0);
        keep(r, 1, SECONDS(86400), cases[k / 2].after);
        rig_run(r, silent + SECONDS(100));
        assert_int_equal(rig_count(r, 1, FAKE_SILENT), 1);
        assert_in_range(rig_find(r, 1, FAKE_SILENT, 0)->at, silent, silent + cases[k / 2].late);
        rig_close(r);
    }
}

/* ---- at the very nanosecond of a keepalive ---- */

enum deed { TURN_ON, TURN_OFF, HURRY, CLOSE, STOP, DEEDS };

static void do_deed(struct rig *r, enum deed deed)
{
    switch (deed) {
    case TURN_ON: keep(r, 0, SECONDS(15), SECONDS(30)); break;
    case TURN_OFF: keep(r, 0, 0, 0); break;
    case HURRY: keep(r, 0, SECONDS(7), SECONDS(30)); break;
    case CLOSE: rig_order(r, 0, FAKE_CLOSE, 0, 0); break;
    case STOP: rig_stop(r, 0); break;
    case DEEDS: break;
    }
}

static enum deed deed_of_act;
static sim_time deed_act(struct rig *r, struct part *part, peer_h node, sim_time now)
{
    struct request q = {.op = (enum request_op)FAKE_CLOSE, .tag = 0};
    if (deed_of_act == STOP)
        net_stop(r->net, part, node, now);
    else
        net_request(r->net, part, node, now, &q);
    return TIME_NEVER;
}

/* Node 0 keeps its channel alive, unless it turns that on at the instant; the keepalives sent in the end. */
static uint64_t sent_around(bool one_by_one, enum deed deed, bool in_wake, sim_time at)
{
    struct rig *r = rig_new();
    struct env *env;
    r->config.keepalives_one_by_one = one_by_one;
    r->act = deed_act;
    rig_open(r);
    for (peer_h k = 0; k < 2; k++)
        net_seed_begin(r->net, k, &(struct node_seed){.next_update = TIME_NEVER}, &env);
    net_seed_link(r->net, 0, 1, &(struct seed_edge){0}, 0);
    for (peer_h k = 0; k < 2; k++)
        net_seed_end(r->net, k);
    if (deed != TURN_ON)
        keep(r, 0, SECONDS(15), SECONDS(30));
    deed_of_act = deed;
    if (in_wake)
        net_act_at(r->net, rig_part(r, 0), 0, at);
    rig_run(r, at);
    if (!in_wake)
        do_deed(r, deed);
    rig_run(r, at + SECONDS(100));
    struct net_counts c = rig_counts(r);
    assert_int_equal(c.keepalives_sent, c.class_count[TRAFFIC_KEEPALIVE] + c.keepalives_dead);
    rig_close(r);
    return c.keepalives_sent;
}

/* The time of the second keepalive of node 0: two leave before later times, one before this one. */
static sim_time time_of_a_keepalive(void)
{
    sim_time from = SECONDS(15), to = SECONDS(30);
    while (from + 1 < to) {
        sim_time middle = from + (to - from) / 2;
        if (sent_around(false, TURN_OFF, false, middle) < 2)
            from = middle;
        else
            to = middle;
    }
    return from;
}

static void a_keepalive_of_the_instant_of_a_change_leaves_or_not_in_both_ways(void **state)
{
    (void)state;
    sim_time t = time_of_a_keepalive();
    for (unsigned deed = 0; deed < DEEDS; deed++)
        for (sim_time at = t - 1; at <= t + 1; at++)
            assert_int_equal(sent_around(false, deed, false, at), sent_around(true, deed, false, at));
    for (unsigned deed = CLOSE; deed <= STOP; deed++)
        for (sim_time at = t - 1; at <= t + 1; at++) {
            uint64_t sent = sent_around(false, deed, true, at);
            assert_int_equal(sent, sent_around(true, deed, true, at));
            assert_int_equal(sent, at < t ? 1 : 2); /* wake-ups come after the keepalives of their time */
        }
}

/* Keepalives leave each 15 s and are on the way for 50 ms, then for 20 s more, then for 50 ms again: one gap of 35 s between arrivals, where 30 s are silence,
 * and none when the delay falls, when those on the way are overtaken. */
static void keepalives_feel_slow_weather(void **state)
{
    (void)state;
    struct rig *r = rig_linked(true, 0);
    keep(r, 0, SECONDS(15), SECONDS(30));
    keep(r, 1, SECONDS(15), SECONDS(30));
    rig_run(r, SECONDS(100));
    net_weather(r->net, 0, 1, SECONDS(20));
    rig_run(r, SECONDS(160));
    assert_int_equal(rig_count(r, 0, FAKE_SILENT), 1);
    assert_int_equal(rig_count(r, 1, FAKE_SILENT), 1);
    assert_in_range(rig_find(r, 1, FAKE_SILENT, 0)->at, SECONDS(100) + SECONDS(15), SECONDS(100) + SECONDS(30) + MILLIS(51));
    uint64_t before = rig_counts(r).class_count[TRAFFIC_KEEPALIVE];
    rig_run(r, SECONDS(310));
    assert_int_equal(rig_counts(r).class_count[TRAFFIC_KEEPALIVE] - before, 20);
    net_weather(r->net, 0, 1, 0);
    rig_run(r, SECONDS(400));
    assert_int_equal(rig_counts(r).class_count[TRAFFIC_KEEPALIVE] - before, 20 + 12 + 2); /* two that were on the way come, too */
    assert_int_equal(rig_count(r, 0, FAKE_SILENT), 1);
    assert_int_equal(rig_count(r, 1, FAKE_SILENT), 1);
    rig_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_speaks_late_or_more_seldom_is_missed_in_time),
        cmocka_unit_test(silence_before_the_first_keepalive_is_silence),
        cmocka_unit_test(of_several_changes_at_one_instant_the_last_one_holds),
        cmocka_unit_test(silence_counts_from_when_one_watches_and_is_told_once),
        cmocka_unit_test(silence_is_as_long_as_said_however_long_one_has_listened),
        cmocka_unit_test(however_long_one_has_listened_in_vain_it_is_silence_once),
        cmocka_unit_test(other_settings_count_what_was_heard_before),
        cmocka_unit_test(keepalives_feel_slow_weather),
        cmocka_unit_test(a_keepalive_of_the_instant_of_a_change_leaves_or_not_in_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

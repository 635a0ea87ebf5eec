/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins access lines, jitter, delays that channels keep rounded and those they cannot keep: the nanosecond at which datagrams come through both lines, waiting times of M/D/1 queues, what a full queue drops, the books, keepalives that
 * take their turn, devices with several identities, jitter's mean, law and clamping. Leaves open: that engine and partitions do not show (test_net_load.c). */
#include <math.h>

#include "sim/kernel/random.h"
#include "sim/net/test/rig.h"

#define WIRE_BYTES 328u /* of a plain datagram of the rig: 300 and UDP, IPv4 */
#define UP_BPS     256000u
#define UP_NS      10250000u /* WIRE_BYTES at UP_BPS */
#define DOWN_BPS   2000000u
#define DOWN_NS    1312000u

static struct rig *rig_lines(uint64_t up_bps, uint64_t down_bps, uint32_t queue_bytes)
{
    struct rig *r = rig_new();
    r->config.access = (struct access_line){up_bps, down_bps, queue_bytes, 0};
    return r;
}

static void expect_balance(const struct net_counts *c)
{
    assert_int_equal(c->sent, c->delivered + c->lost + c->dead + c->dropped + c->uplink_dropped + c->downlink_dropped + c->in_flight);
}

/* Three at once by way of both lines: they leave one after the other, 50 ms on the way, and each is through long before the next comes. */
static void datagrams_leave_and_come_one_after_the_other(void **state)
{
    (void)state;
    struct rig *r = rig_lines(UP_BPS, DOWN_BPS, 65536);
    rig_open(r);
    rig_start(r, 0);
    rig_start(r, 1);
    for (unsigned k = 0; k < 3; k++)
        rig_order(r, 0, FAKE_PLAIN, 1, 1);
    rig_run(r, SECONDS(1));
    for (unsigned k = 0; k < 3; k++)
        assert_int_equal(rig_find(r, 1, FAKE_PLAIN_DATA, k)->at, (k + 1) * UP_NS + MILLIS(50) + DOWN_NS);
    struct net_counts c = rig_counts(r);
    assert_int_equal(c.uplink_wait_ns, UP_NS + 2 * UP_NS);
    assert_int_equal(c.downlink_wait_ns, 0);
    assert_int_equal(c.class_bytes[TRAFFIC_OTHER], 3 * WIRE_BYTES);
    rig_close(r);
}

/* Two senders at one instant: the order of arrivals is that of events, the lower source first. */
static void who_arrives_at_one_instant_queues_in_the_order_of_events(void **state)
{
    (void)state;
    struct rig *r = rig_lines(0, DOWN_BPS, 65536);
    rig_open(r);
    for (peer_h k = 0; k < 3; k++)
        rig_start(r, k);
    rig_order(r, 2, FAKE_PLAIN, 0, 1);
    rig_order(r, 1, FAKE_PLAIN, 0, 1);
    rig_run(r, SECONDS(1));
    for (peer_h k = 1; k < 3; k++) {
        const struct entry *e = rig_find(r, 0, FAKE_PLAIN_DATA, k - 1);
        assert_int_equal(e->peer, k);
        assert_int_equal(e->at, MILLIS(50) + k * DOWN_NS);
    }
    assert_int_equal(rig_counts(r).downlink_wait_ns, DOWN_NS);
    rig_close(r);
}

/* 8 KiB hold 24 datagrams, the one that is being sent included. */
static void what_finds_the_queue_full_is_dropped(void **state)
{
    (void)state;
    for (unsigned down = 0; down < 2; down++) {
        struct rig *r = down ? rig_lines(0, UP_BPS, 8192) : rig_lines(UP_BPS, 0, 8192);
        rig_open(r);
        rig_start(r, 0);
        rig_start(r, 1);
        for (unsigned k = 0; k < 100; k++)
            rig_order(r, 0, FAKE_PLAIN, 1, 1);
        rig_run(r, MILLIS(100));
        struct net_counts c = rig_counts(r);
        expect_balance(&c);
        assert_in_range(c.in_flight, 1, 24);
        rig_run(r, SECONDS(10));
        c = rig_counts(r);
        expect_balance(&c);
        assert_int_equal(c.delivered, 24);
        assert_int_equal(down ? c.downlink_dropped : c.uplink_dropped, 76);
        assert_int_equal(down ? c.uplink_dropped : c.downlink_dropped, 0);
        assert_int_equal(c.in_flight, 0);
        assert_int_equal(rig_find(r, 1, FAKE_PLAIN_DATA, 23)->at, 24 * UP_NS + MILLIS(50));
        rig_order(r, 0, FAKE_PLAIN, 1, 1); /* and when it has drained there is room again */
        rig_run(r, SECONDS(20));
        assert_int_equal(rig_counts(r).delivered, 25);
        rig_close(r);
    }
}

/* 100 ms of waiting: the first, and nine behind it. */
static void what_would_wait_too_long_is_dropped(void **state)
{
    (void)state;
    struct rig *r = rig_lines(UP_BPS, 0, ACCESS_QUEUE_MAX);
    r->config.access.wait_max = MILLIS(100);
    rig_open(r);
    rig_start(r, 0);
    rig_start(r, 1);
    for (unsigned k = 0; k < 100; k++)
        rig_order(r, 0, FAKE_PLAIN, 1, 1);
    rig_run(r, SECONDS(10));
    struct net_counts c = rig_counts(r);
    expect_balance(&c);
    assert_int_equal(c.delivered, 10);
    assert_int_equal(c.uplink_dropped, 90);
    rig_close(r);
}

/* A line that is free takes what is larger than its queue; nobody at home does not free the line. */
static void a_free_line_takes_any_datagram_and_carries_for_nobody(void **state)
{
    (void)state;
    struct rig *r = rig_lines(0, UP_BPS, 100);
    rig_open(r);
    rig_start(r, 0);
    rig_order(r, 0, FAKE_PLAIN, 1, 1);
    rig_run(r, MILLIS(55));
    struct net_counts c = rig_counts(r);
    assert_int_equal(c.in_flight, 1); /* on the line, behind which nobody is */
    rig_run(r, SECONDS(1));
    c = rig_counts(r);
    assert_int_equal(c.dead, 1);
    expect_balance(&c);
    rig_close(r);
}

/* Identities 0 and 1 are one device, so are 2 and 3. */
static void identities_of_a_device_share_its_lines(void **state)
{
    (void)state;
    struct rig *r = rig_lines(UP_BPS, DOWN_BPS, 65536);
    r->config.ids_per_device = 2;
    rig_open(r);
    for (peer_h k = 0; k < 4; k++)
        rig_start(r, k);
    rig_order(r, 1, FAKE_PLAIN, 2, 1);
    rig_order(r, 0, FAKE_PLAIN, 3, 1);
    rig_run(r, SECONDS(1));
    assert_int_equal(rig_find(r, 2, FAKE_PLAIN_DATA, 0)->at, UP_NS + MILLIS(50) + DOWN_NS);
    assert_int_equal(rig_find(r, 3, FAKE_PLAIN_DATA, 0)->at, 2 * UP_NS + MILLIS(50) + DOWN_NS);
    rig_close(r);
}

/* ---- theory ---- */

#define SENDERS 8u

/* Each sender sends to node 0 at exponential gaps, or node 1 alone does for all. */
static sim_time poisson_act(struct rig *r, struct part *part, peer_h node, sim_time now)
{
    struct request q = {.op = (enum request_op)FAKE_PLAIN, .tag = 0, .lifetime_s = 1};
    const struct law gap = {.kind = LAW_EXPONENTIAL, .a = (double)r->script.overlay.update_interval / 1e9};
    net_request(r->net, part, node, now, &q);
    return now + law_draw(&gap, random_unit(1, node, STREAM_TEST, now));
}

/* Pollaczek-Khinchine for a fixed service time S at load p: mean wait = p S / (2 (1 - p)). */
static void expect_wait(double load, bool down)
{
    struct rig *r = down ? rig_lines(0, UP_BPS, ACCESS_QUEUE_MAX) : rig_lines(UP_BPS, 0, ACCESS_QUEUE_MAX);
    unsigned senders = down ? SENDERS : 1;
    free(r->log);
    r->log = NULL;
    r->act = poisson_act;
    r->config.check_every_event = false;
    r->config.engine = KERNEL_WINDOWS;
    r->script.overlay.update_interval = (sim_time)(UP_NS * senders / load);
    rig_open(r);
    for (peer_h k = 0; k <= senders; k++)
        rig_start(r, k);
    for (peer_h k = 1; k <= senders; k++)
        net_act_at(r->net, rig_part(r, k), k, k);
    rig_run(r, (sim_time)(400000 * (UP_NS / load)));
    struct net_counts c = rig_counts(r);
    double wait = (double)(down ? c.downlink_wait_ns : c.uplink_wait_ns) / (double)c.sent, theory = load * UP_NS / (2 * (1 - load));
    if (fabs(wait / theory - 1) > 0.03)
        fail_msg("load %.1f, %s: waits %.3f ms, theory says %.3f ms", load, down ? "down" : "up", wait / 1e6, theory / 1e6);
    expect_balance(&c);
    rig_close(r);
}

static void waiting_times_are_those_of_m_d_1(void **state)
{
    (void)state;
    expect_wait(0.5, false);
    expect_wait(0.8, false);
    expect_wait(0.5, true);
    expect_wait(0.8, true);
}

/* ---- keepalives ---- */

static struct rig *rig_linked(const struct access_line *line, const struct law *jitter, sim_time interval)
{
    struct rig *r = rig_new();
    struct env *env;
    r->config.access = *line;
    r->latency.jitter = *jitter;
    r->script.overlay.keepalive_interval = interval;
    r->script.overlay.silent_after = SECONDS(30);
    rig_open(r);
    for (peer_h k = 0; k < 2; k++)
        net_seed_begin(r->net, k, &(struct node_seed){.next_update = TIME_NEVER}, &env);
    net_seed_link(r->net, 0, 1, &(struct seed_edge){0}, 0);
    for (peer_h k = 0; k < 2; k++)
        net_seed_end(r->net, k);
    return r;
}

/* A datagram on the channel has 37 bytes of DTLS around it: 85 on the wire, 2.66 ms. The 56 of a keepalive take 1.75 ms. */
static void keepalives_take_their_turn(void **state)
{
    (void)state;
    struct rig *r = rig_linked(&(struct access_line){UP_BPS, UP_BPS, 20000, 0}, &(struct law){0}, MILLIS(997));
    r->script.true_size = 20;
    rig_run(r, MILLIS(99700));
    struct net_counts c = rig_counts(r);
    assert_int_equal(c.keepalives_sent, 200);
    assert_int_equal(c.class_count[TRAFFIC_KEEPALIVE] + c.keepalives_dead, 200);
    assert_int_equal(c.uplink_wait_ns + c.downlink_wait_ns, 0);
    assert_int_equal(rig_count(r, 0, FAKE_SILENT) + rig_count(r, 1, FAKE_SILENT), 0);
    /* More than the line carries, for 40 s: the queue has room for 625 ms and is full, up to a gap smaller than a datagram. Of some 40 keepalives about half
     * do not fit in either. Those that do arrive 625 ms later. */
    for (unsigned k = 0; k < 40000; k++) {
        rig_order(r, 0, FAKE_SEND, 0, 2);
        rig_run(r, SECONDS(100) + MILLIS(1) * (k + 1));
    }
    c = rig_counts(r);
    expect_balance(&c);
    assert_in_range(c.keepalives_dropped, 8, 35);
    assert_in_range(c.delivered, 39 * UP_BPS / (8 * 85), 40 * UP_BPS / (8 * 85));
    assert_int_equal(c.class_bytes[TRAFFIC_OTHER], c.delivered * 85);
    assert_in_range(c.uplink_wait_ns / c.delivered, MILLIS(600), MILLIS(640));
    rig_close(r);
}

/* ---- jitter ---- */

static void jitter_is_drawn_for_each_datagram_and_clamped_after_it(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    unsigned overtaken = 0, below = 0;
    double sum = 0;
    r->latency.delay = MICROS(200);
    r->latency.jitter = (struct law){.kind = LAW_EXPONENTIAL, .a = 0.004};
    rig_open(r);
    rig_start(r, 0);
    rig_start(r, 1);
    for (unsigned k = 0; k < 20000; k++)
        rig_order(r, 0, FAKE_PLAIN, 1, 1);
    rig_run(r, SECONDS(1));
    for (unsigned k = 0; k < r->entries; k++) {
        const struct entry *e = &r->log[k];
        if (e->what != FAKE_PLAIN_DATA)
            continue;
        assert_true(e->at >= MILLIS(1));
        sum += (double)e->at;
        overtaken += k > 0 && r->log[k - 1].b > e->b;
        below += e->at == MILLIS(1);
    }
    struct net_counts c = rig_counts(r);
    /* P(0.2 ms + X < 1 ms) = 1 - exp(-0.2); E max(1 ms, 0.2 ms + X) = 1 ms + 4 ms exp(-0.2). */
    assert_int_equal(below, c.clamped);
    assert_int_equal(c.legs, 20000);
    assert_in_range(c.clamped, 20000 * 0.18127 - 5 * 55, 20000 * 0.18127 + 5 * 55);
    assert_true(fabs(sum / 20000 - (1e6 + 4e6 * 0.81873)) < 5 * 4e6 / sqrt(20000));
    assert_true(overtaken > 5000);
    assert_true(net_rtt(r->net, 0, 1) == 2 * (MICROS(200) + MILLIS(4)));
    rig_close(r);
}

static void keepalives_jitter_too(void **state)
{
    (void)state;
    struct rig *r = rig_linked(&(struct access_line){0}, &(struct law){.kind = LAW_UNIFORM, .a = 0, .b = 20}, SECONDS(15));
    rig_run(r, SECONDS(3000));
    struct net_counts c = rig_counts(r);
    assert_int_equal(c.keepalives_sent, 400);
    /* Gaps of 15 s and up to 20 s more or less: some are over 30 s. None would be without jitter. */
    assert_in_range(rig_count(r, 0, FAKE_SILENT), 1, 60);
    rig_close(r);
}

static void jitter_without_a_mean_is_bounded(void **state)
{
    (void)state;
    struct latency l = {.jitter = {.kind = LAW_PARETO, .a = 0.001, .b = 0.1}};
    assert_int_equal(latency_jitter(&l, 1 - 1e-15), JITTER_MAX);
    assert_int_equal(latency_jitter_mean(&l), JITTER_MAX);
    assert_in_range(latency_jitter(&l, 1e-9), 1000000, 1000001);
    l.jitter.kind = LAW_NEVER;
    assert_int_equal(latency_jitter(&l, 0.5) + latency_jitter_mean(&l), 0);
}

/* ---- long ways ---- */

/* Two places so far apart, and a pair error on top: datagrams, round trips and a handshake agree. The one-way delay by the model, and as it is. */
static sim_time long_way(float ms, sim_time *as_is)
{
    struct place place[2] = {{.x_ms = ms, .height_ms = 5}, {.y_ms = 900, .height_ms = 2}};
    double cumulative[2] = {0.5, 1};
    struct rig *r = rig_new();
    peer_h far = 1;
    r->latency = (struct latency){.model = LATENCY_COORDINATES, .seed = 1, .min_delay = MILLIS(1), .pair_sigma = 0.2, .place = place,
                                  .cumulative = cumulative, .places = 2, .access_floor = MILLIS(20)};
    while (latency_locate(&r->latency, far).place == latency_locate(&r->latency, 0).place)
        far++;
    sim_time way = latency_one_way(&r->latency, latency_locate(&r->latency, 0), latency_locate(&r->latency, far), 0.5);
    assert_true(far < 16);
    assert_true(latency_pair_factor(&r->latency, 0, far) != 1);
    rig_open(r);
    *as_is = net_rtt(r->net, 0, far) / 2;
    rig_start(r, 0);
    rig_start(r, far);
    rig_order(r, 0, FAKE_PLAIN, far, 1);
    rig_run(r, SECONDS(20));
    assert_int_equal(rig_find(r, far, FAKE_PLAIN_DATA, 0)->at, *as_is);
    rig_order(r, 0, FAKE_OPEN, far, 0);
    rig_run(r, SECONDS(40));
    const struct entry *up = rig_find(r, 0, FAKE_UP, 0);
    assert_true((up != NULL) == (way < SECONDS(15) / 6)); /* that is how long a handshake may take */
    assert_true(!up || up->at >= SECONDS(20) + 6 * *as_is);
    rig_close(r);
    return way;
}

/* What a channel can keep is rounded for all alike; what it cannot is as the model says. */
static void long_delays_are_those_of_the_model(void **state)
{
    (void)state;
    sim_time as_is, way = long_way(3000, &as_is);
    assert_true(way > MILLIS(1100) && way < SECONDS(4));
    assert_in_range(as_is, way - way / 8192, way + way / 8192);
    way = long_way(12000, &as_is);
    assert_true(way > MILLIS(4300));
    assert_int_equal(as_is, way);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(datagrams_leave_and_come_one_after_the_other),
        cmocka_unit_test(who_arrives_at_one_instant_queues_in_the_order_of_events),
        cmocka_unit_test(what_finds_the_queue_full_is_dropped),
        cmocka_unit_test(what_would_wait_too_long_is_dropped),
        cmocka_unit_test(a_free_line_takes_any_datagram_and_carries_for_nobody),
        cmocka_unit_test(identities_of_a_device_share_its_lines),
        cmocka_unit_test(waiting_times_are_those_of_m_d_1),
        cmocka_unit_test(keepalives_take_their_turn),
        cmocka_unit_test(jitter_is_drawn_for_each_datagram_and_clamped_after_it),
        cmocka_unit_test(keepalives_jitter_too),
        cmocka_unit_test(jitter_without_a_mean_is_bounded),
        cmocka_unit_test(long_delays_are_those_of_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

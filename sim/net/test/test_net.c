/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins what two or three nodes see of the virtual host: the handshake step by step with its sizes and times, data, closing, crash and silence, sessions
 * and generations, the CPU, facts that stop their node, and the ports' pure functions. Leaves open: statistics and equal fingerprints (test_net_load.c). */
#include "sim/net/test/rig.h"

#include <openssl/sha.h>

#include "proto/base/error.h"

/* Two nodes with a channel from 0 to 1; both ends have slot 0. */
static struct rig *rig_pair(sim_time keepalive, sim_time silent)
{
    struct rig *r = rig_new();
    r->script.overlay.keepalive_interval = keepalive;
    r->script.overlay.silent_after = silent;
    rig_open(r);
    rig_start(r, 0);
    rig_start(r, 1);
    rig_order(r, 0, FAKE_OPEN, 1, 0);
    rig_run(r, SECONDS(1));
    assert_non_null(rig_find(r, 0, FAKE_UP, 0));
    return r;
}

static void a_handshake_takes_three_round_trips_and_six_flights(void **state)
{
    (void)state;
    struct rig *r = rig_pair(0, 0);
    const struct entry *up = rig_find(r, 0, FAKE_UP, 0), *accept = rig_find(r, 1, FAKE_ACCEPT, 0);
    assert_non_null(accept);
    assert_int_equal(accept->at, MILLIS(250));
    assert_int_equal(up->at, MILLIS(300));
    assert_int_equal(up->peer, 1);
    assert_int_equal(accept->peer, 0);
    assert_int_equal(up->b, MILLIS(100));
    assert_int_equal(accept->b, MILLIS(100));
    struct net_counts c = rig_counts(r);
    assert_int_equal(c.sent, 6);
    assert_int_equal(c.delivered, 6);
    assert_int_equal(c.class_count[TRAFFIC_HANDSHAKE], 6);
    assert_int_equal(c.class_bytes[TRAFFIC_HANDSHAKE], 100 + 60 + 132 + 1339 + 1298 + 75 + 6 * 28);
    assert_int_equal(c.handshakes, 1);
    assert_int_equal(c.handshakes_failed, 0);
    rig_close(r);
}

static void a_large_certificate_makes_fragments(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    r->script.overlay.certificate_bytes = 2000;
    rig_open(r);
    rig_start(r, 0);
    rig_start(r, 1);
    rig_order(r, 0, FAKE_OPEN, 1, 0);
    rig_run(r, SECONDS(1));
    assert_non_null(rig_find(r, 0, FAKE_UP, 0));
    struct net_counts c = rig_counts(r);
    /* Flights 4 and 5 go over 1472 bytes and become two datagrams each, with one more pair of headers. */
    assert_int_equal(c.sent, 8);
    assert_int_equal(c.class_bytes[TRAFFIC_HANDSHAKE],
                     100 + 60 + 132 + (267 + 2256 + 25) + (226 + 2256 + 25) + 75 + 8 * 28);
    rig_close(r);
}

static void signatures_keep_the_handshaking_cpu_busy(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    r->config.sign_ns = 2000000;
    r->config.verify_ns = 500000;
    rig_open(r);
    rig_start(r, 0);
    rig_start(r, 1);
    rig_order(r, 0, FAKE_OPEN, 1, 0);
    rig_run(r, SECONDS(1));
    /* Server: signs before flight 4. Client: verifies twice and signs before flight 5. Server: verifies twice before flight 6. */
    assert_int_equal(rig_find(r, 0, FAKE_UP, 0)->at, MILLIS(300) + MILLIS(2) + MILLIS(3) + MILLIS(1));
    rig_close(r);
}

static void nobody_answers_and_the_channel_is_down_after_15_s(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    rig_open(r);
    rig_start(r, 0);
    rig_order(r, 0, FAKE_OPEN, 1, 0);
    rig_order(r, 0, FAKE_OPEN, UINT32_C(0x80000007), 0);
    rig_run(r, SECONDS(15) + 1);
    const struct entry *down = rig_find(r, 0, FAKE_DOWN, 0);
    assert_int_equal(rig_count(r, 0, FAKE_DOWN), 2);
    assert_int_equal(down->at, SECONDS(15));
    struct net_counts c = rig_counts(r);
    assert_int_equal(c.sent, 8); /* at 0, 1, 3 and 7 s */
    assert_int_equal(c.dead, 8);
    assert_int_equal(c.handshakes_failed, 2);
    rig_close(r);
}

static void a_server_that_comes_up_late_is_still_reached(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    rig_open(r);
    rig_start(r, 0);
    rig_order(r, 0, FAKE_OPEN, 1, 0);
    rig_run(r, SECONDS(5));
    rig_start(r, 1);
    rig_run(r, SECONDS(9));
    /* The fourth ClientHello leaves at 7 s. A first flight that was repeated gives no round trip (Karn); the later ones do. */
    assert_int_equal(rig_find(r, 0, FAKE_UP, 0)->at, SECONDS(7) + MILLIS(300));
    assert_int_equal(rig_find(r, 0, FAKE_UP, 0)->b, MILLIS(100));
    rig_close(r);
}

/* A share of the devices, those beyond the first few, keeps out what it has not been told of, and nothing else. */
static void a_closed_device_lets_in_what_it_was_asked_for(void **state)
{
    (void)state;
    unsigned in = 0;
    struct rig *r = rig_new();
    r->config.closed = 0.5;
    r->config.single_ids = 2;
    rig_open(r);
    for (peer_h p = 0; p < 16; p++)
        rig_start(r, p);
    for (peer_h p = 1; p < 16; p++)
        rig_order(r, 0, FAKE_OPEN_UNASKED, p, 0);
    rig_run(r, SECONDS(16));
    in = rig_count(r, 0, FAKE_UP);
    assert_in_range(in, 3, 12); /* of 15; the first is open always */
    assert_int_equal(rig_count(r, 1, FAKE_ACCEPT), 1);
    assert_int_equal(rig_count(r, 0, FAKE_DOWN), 15 - in);
    for (peer_h p = 1; p < 16; p++)
        rig_order(r, 0, FAKE_OPEN, p, 0);
    rig_run(r, SECONDS(32));
    assert_int_equal(rig_count(r, 0, FAKE_UP), in + 15);
    for (peer_h p = 3; p < 16; p++) /* who was closed is closed */
        rig_order(r, 2, FAKE_OPEN_UNASKED, p, 0);
    rig_run(r, SECONDS(50));
    for (peer_h p = 3; p < 16; p++)
        assert_int_equal(rig_count(r, p, FAKE_ACCEPT), rig_count(r, p, FAKE_ACCEPT) > 1 ? 3 : 1);
    rig_close(r);
}

static void data_arrives_in_order_with_its_sizes(void **state)
{
    (void)state;
    struct rig *r = rig_pair(0, 0);
    struct net_counts before = rig_counts(r);
    rig_order(r, 0, FAKE_SEND, 0, 3);
    rig_order(r, 1, FAKE_SEND, 0, 1);
    rig_run(r, SECONDS(2));
    for (unsigned k = 0; k < 3; k++) {
        const struct entry *d = rig_find(r, 1, FAKE_DATA, k);
        assert_non_null(d);
        assert_int_equal(d->b, k);
        assert_int_equal(d->at, SECONDS(1) + MILLIS(50));
    }
    assert_int_equal(rig_count(r, 0, FAKE_DATA), 1);
    struct net_counts c = rig_counts(r);
    assert_int_equal(c.class_count[TRAFFIC_OTHER], 4);
    assert_int_equal(c.class_bytes[TRAFFIC_OTHER], 4 * (300 + 37 + 28));
    assert_int_equal(c.message_bytes, 4 * (300 - 8));
    assert_int_equal(c.delivered - before.delivered, 4);
    rig_close(r);
}

static void plain_datagrams_need_no_channel(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    rig_open(r);
    rig_start(r, 0);
    rig_start(r, 1);
    rig_order(r, 0, FAKE_PLAIN, 1, 0);
    rig_order(r, 0, FAKE_PLAIN, 2, 0); /* nobody is there */
    rig_run(r, SECONDS(1));
    const struct entry *data = rig_find(r, 1, FAKE_PLAIN_DATA, 0);
    assert_non_null(data);
    assert_int_equal(data->at, MILLIS(50));
    assert_int_equal(data->peer, 0);
    struct net_counts c = rig_counts(r);
    assert_int_equal(c.sent, 2);
    assert_int_equal(c.delivered, 1);
    assert_int_equal(c.dead, 1);
    assert_int_equal(c.class_bytes[TRAFFIC_OTHER], 300 + 28);
    assert_int_equal(c.message_bytes, 300 - 8);
    assert_int_equal(c.in_flight, 0);
    rig_close(r);
}

static void what_a_busy_cpu_sends_waits_for_it(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    r->script.sign_on_data = true;
    r->config.sign_ns = 10000000;
    rig_open(r);
    rig_start(r, 0);
    rig_start(r, 1);
    rig_order(r, 0, FAKE_OPEN, 1, 0);
    rig_run(r, SECONDS(1));
    /* Three at once: node 1 signs an answer to each, 10 ms of CPU one after the other; node 0 answers those in turn, and so on. */
    rig_order(r, 0, FAKE_SEND, 0, 3);
    rig_run(r, SECONDS(1) + MILLIS(140));
    for (unsigned k = 0; k < 3; k++)
        assert_int_equal(rig_find(r, 0, FAKE_DATA, k)->at, SECONDS(1) + MILLIS(100) + MILLIS(10) * (k + 1));
    rig_close(r);
}

/* 100 at once, 10 ms of CPU each, and room for 200 ms of work: the first finds the CPU free, 20 more at most 200 ms of work. */
static void what_finds_the_cpu_too_far_behind_is_dropped(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    r->script.sign_on_data = true;
    r->config.sign_ns = 10000000;
    r->config.cpu_backlog = MILLIS(200);
    rig_open(r);
    rig_start(r, 0);
    rig_start(r, 1);
    rig_order(r, 0, FAKE_OPEN, 1, 0);
    rig_run(r, SECONDS(1));
    rig_order(r, 0, FAKE_SEND, 0, 100);
    rig_run(r, SECONDS(1) + MILLIS(51));
    assert_int_equal(rig_count(r, 1, FAKE_DATA), 21);
    struct net_counts c = rig_counts(r);
    assert_int_equal(c.dropped, 79);
    assert_int_equal(c.sent, c.delivered + c.lost + c.dead + c.dropped + c.in_flight);
    /* A node whose process is gone counts nothing as dropped. */
    rig_order(r, 0, FAKE_SEND, 0, 5);
    rig_stop(r, 1);
    rig_run(r, SECONDS(2));
    assert_int_equal(rig_counts(r).dropped, 79);
    rig_close(r);
}

static void closing_tells_the_other_side(void **state)
{
    (void)state;
    struct rig *r = rig_pair(0, 0);
    rig_order(r, 0, FAKE_CLOSE, 0, 0);
    rig_run(r, SECONDS(2));
    assert_int_equal(rig_find(r, 1, FAKE_DOWN, 0)->at, SECONDS(1) + MILLIS(50));
    assert_null(rig_find(r, 0, FAKE_DOWN, 0));
    /* RFC 5246 7.2.1: the other side answers with an alert, which finds nobody. */
    struct net_counts c = rig_counts(r);
    assert_int_equal(c.sent, 6 + 2);
    assert_int_equal(c.class_count[TRAFFIC_HANDSHAKE], 6 + 1);
    assert_int_equal(c.dead, 1);
    /* What was under way to the closed channel is dropped. */
    rig_order(r, 0, FAKE_OPEN, 1, 0);
    rig_run(r, SECONDS(3));
    assert_int_equal(rig_count(r, 0, FAKE_UP), 2);
    assert_int_equal(rig_find(r, 0, FAKE_UP, 1)->chan, 0);
    rig_order(r, 1, FAKE_SEND, 0, 5);
    rig_order(r, 0, FAKE_CLOSE, 0, 0);
    rig_run(r, SECONDS(4));
    assert_int_equal(rig_count(r, 0, FAKE_DATA), 0);
    assert_int_equal(rig_counts(r).dead, 1 + 5 + 1);
    rig_close(r);
}

static void a_crash_is_silence_after_exactly_30_s(void **state)
{
    (void)state;
    struct rig *r = rig_pair(SECONDS(15), SECONDS(30));
    rig_run(r, SECONDS(100));
    assert_null(rig_find(r, 0, FAKE_SILENT, 0));
    rig_order(r, 1, FAKE_SEND, 0, 1);
    rig_stop(r, 1);
    rig_run(r, SECONDS(100) + MILLIS(51));
    const struct entry *last = rig_find(r, 0, FAKE_DATA, 0);
    assert_non_null(last);
    rig_run(r, SECONDS(200));
    assert_int_equal(rig_count(r, 0, FAKE_SILENT), 1);
    assert_int_equal(rig_find(r, 0, FAKE_SILENT, 0)->at, last->at + SECONDS(30));
    struct net_counts c = rig_counts(r);
    /* Node 0 goes on sending on a channel that it has not closed. */
    assert_in_range(c.keepalives_dead, 6, 7);
    rig_close(r);
}

static void silence_is_reported_again_only_after_something_was_heard(void **state)
{
    (void)state;
    /* Watched on one side only, and the other side sends nothing by itself. */
    struct rig *r = rig_pair(SECONDS(3600), SECONDS(30));
    rig_run(r, SECONDS(130));
    assert_int_equal(rig_count(r, 0, FAKE_SILENT), 1);
    sim_time first = rig_find(r, 0, FAKE_SILENT, 0)->at;
    assert_int_equal(first, MILLIS(300) + SECONDS(30));
    rig_order(r, 1, FAKE_SEND, 0, 1);
    rig_run(r, SECONDS(400));
    assert_int_equal(rig_count(r, 0, FAKE_SILENT), 2);
    assert_int_equal(rig_find(r, 0, FAKE_SILENT, 1)->at, SECONDS(130) + MILLIS(50) + SECONDS(30));
    rig_close(r);
}

static void a_keepalive_at_the_very_instant_counts_first(void **state)
{
    (void)state;
    /* With silent_after = interval and constant delay every keepalive arrives exactly when the silence would be complete. */
    struct rig *r = rig_pair(SECONDS(15), SECONDS(15));
    rig_run(r, SECONDS(600));
    /* Before the first keepalive there may be one silence, counted from the handshake; never after. */
    for (unsigned k = 0; k < rig_count(r, 0, FAKE_SILENT); k++)
        assert_true(rig_find(r, 0, FAKE_SILENT, k)->at < SECONDS(17));
    assert_true(rig_counts(r).class_count[TRAFFIC_KEEPALIVE] >= 78);
    rig_close(r);
}

static void keepalives_come_each_interval_in_both_directions(void **state)
{
    (void)state;
    struct rig *r = rig_pair(SECONDS(15), SECONDS(30));
    struct net_counts a = rig_counts(r);
    rig_run(r, SECONDS(1) + SECONDS(1500));
    struct net_counts b = rig_counts(r);
    assert_int_equal(b.keepalives_sent - a.keepalives_sent, 200);
    assert_in_range(b.class_count[TRAFFIC_KEEPALIVE] - a.class_count[TRAFFIC_KEEPALIVE], 198, 202);
    assert_int_equal(b.class_bytes[TRAFFIC_KEEPALIVE], b.class_count[TRAFFIC_KEEPALIVE] * 56);
    assert_int_equal(b.sent, a.sent); /* a class of their own */
    rig_close(r);
}

static void a_restarted_node_hears_nothing_of_its_former_session(void **state)
{
    (void)state;
    struct rig *r = rig_pair(0, 0);
    rig_order(r, 0, FAKE_SEND, 0, 1);
    rig_stop(r, 1);
    rig_start(r, 1);
    /* The new session opens a channel to 0 and so has slot 0 in use for the same peer: only the generation tells. */
    rig_order(r, 1, FAKE_OPEN, 0, 0);
    rig_run(r, SECONDS(2));
    assert_int_equal(rig_find(r, 1, FAKE_UP, 0)->chan, 0);
    assert_int_equal(rig_count(r, 1, FAKE_DATA), 0);
    rig_order(r, 0, FAKE_SEND, 0, 4); /* on the channel of the former session */
    rig_order(r, 0, FAKE_SEND, 1, 2); /* on the new one */
    rig_run(r, SECONDS(3));
    assert_int_equal(rig_count(r, 1, FAKE_DATA), 2);
    assert_int_equal(rig_count(r, 1, FAKE_BAD), 0);
    assert_int_equal(rig_counts(r).dead, 5);
    rig_close(r);
}

static void both_may_open_to_each_other_at_once(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    rig_open(r);
    rig_start(r, 0);
    rig_start(r, 1);
    rig_order(r, 0, FAKE_OPEN, 1, 0);
    rig_order(r, 1, FAKE_OPEN, 0, 0);
    rig_run(r, SECONDS(1));
    for (peer_h k = 0; k < 2; k++) {
        assert_int_equal(rig_find(r, k, FAKE_UP, 0)->chan, 0);
        assert_int_equal(rig_find(r, k, FAKE_ACCEPT, 0)->chan, 1);
    }
    rig_order(r, 0, FAKE_SEND, 0, 1);
    rig_run(r, SECONDS(2));
    assert_int_equal(rig_find(r, 1, FAKE_DATA, 0)->chan, 1);
    rig_close(r);
}

static void closing_in_mid_handshake_ends_it_on_both_sides(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    rig_open(r);
    rig_start(r, 0);
    rig_start(r, 1);
    rig_order(r, 0, FAKE_OPEN, 1, 0);
    rig_run(r, MILLIS(170)); /* the server has answered the cookie */
    rig_order(r, 0, FAKE_CLOSE, 0, 0);
    rig_run(r, SECONDS(20));
    assert_int_equal(rig_count(r, 0, FAKE_UP) + rig_count(r, 0, FAKE_DOWN) + rig_count(r, 1, FAKE_ACCEPT) +
                         rig_count(r, 1, FAKE_DOWN),
                     0);
    rig_order(r, 1, FAKE_OPEN, 0, 0);
    rig_run(r, SECONDS(21));
    assert_int_equal(rig_find(r, 1, FAKE_UP, 0)->chan, 0); /* the half-open one is gone */
    rig_close(r);
}

static void a_fact_may_stop_its_own_node(void **state)
{
    (void)state;
    struct rig *r = rig_pair(SECONDS(15), SECONDS(30));
    r->stop_on_data = 1;
    rig_order(r, 0, FAKE_SEND, 0, 2);
    rig_run(r, SECONDS(2));
    assert_false(net_online(r->net, 1));
    assert_int_equal(rig_count(r, 1, FAKE_DATA), 1);
    assert_int_equal(rig_counts(r).online, 1);
    rig_close(r);
}

static sim_time churn_act(struct rig *r, struct part *part, peer_h node, sim_time now)
{
    if (net_online(r->net, node))
        net_stop(r->net, part, node, now);
    else
        net_start(r->net, part, node, now, &(struct node_opts){.cache_count = 1, .cache = {1}});
    return now + SECONDS(10);
}

static void acts_start_and_stop_a_node(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    r->act = churn_act;
    rig_open(r);
    rig_start(r, 1);
    net_act_at(r->net, rig_part(r, 0), 0, SECONDS(5));
    rig_run(r, SECONDS(6));
    rig_run(r, SECONDS(20));
    assert_false(net_online(r->net, 0));
    rig_run(r, SECONDS(30));
    assert_int_equal(rig_count(r, 0, FAKE_START), 2);
    assert_int_equal(rig_count(r, 0, FAKE_UP), 2);
    assert_int_equal(rig_find(r, 0, FAKE_START, 1)->at, SECONDS(25));
    rig_close(r);
}

/* Runs in one long slice: what the kernel calls now is where that began. */
static sim_time looking_act(struct rig *r, struct part *part, peer_h node, sim_time now)
{
    struct env *env;
    (void)part;
    assert_non_null(net_node(r->net, node, &env));
    assert_int_equal(env->now, now);
    assert_int_equal(env->unix_ms, r->config.epoch_ms + now / MILLIS(1));
    return now < SECONDS(3) ? now + SECONDS(1) : TIME_NEVER;
}

static void who_looks_at_a_node_looks_at_the_present(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    struct env *env;
    r->act = looking_act;
    rig_open(r);
    rig_start(r, 1);
    net_act_at(r->net, rig_part(r, 1), 1, SECONDS(1));
    rig_run(r, SECONDS(10));
    assert_non_null(net_node(r->net, 1, &env));
    assert_int_equal(env->now, SECONDS(10));
    rig_close(r);
}

static void seeded_links_carry_data_without_a_handshake(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    struct env *env;
    r->script.overlay.keepalive_interval = SECONDS(15);
    r->script.overlay.silent_after = SECONDS(30);
    rig_open(r);
    for (peer_h k = 0; k < 3; k++)
        net_seed_begin(r->net, k, &(struct node_seed){.next_update = TIME_NEVER}, &env);
    for (peer_h k = 0; k < 3; k++)
        net_seed_link(r->net, k, (k + 1) % 3, &(struct seed_edge){.a_successor = 1, .b_predecessor = 1}, 0);
    for (peer_h k = 0; k < 3; k++)
        net_seed_end(r->net, k);
    assert_int_equal(rig_find(r, 0, FAKE_UP, 0)->b, MILLIS(100));
    rig_order(r, 2, FAKE_SEND, 1, 1);
    rig_run(r, SECONDS(60));
    assert_int_equal(rig_find(r, 0, FAKE_DATA, 0)->peer, 2);
    assert_int_equal(rig_counts(r).class_count[TRAFFIC_HANDSHAKE], 0);
    assert_in_range(rig_counts(r).keepalives_sent, 6 * 4, 6 * 4);
    for (peer_h k = 0; k < 3; k++)
        assert_int_equal(rig_count(r, k, FAKE_SILENT), 0);
    assert_ptr_equal(net_node(r->net, 1, &env), net_seed_node(r->net, 1, &env));
    rig_close(r);
}

static void the_port_keeps_its_contract(void **state)
{
    (void)state;
    struct rig *r = rig_pair(0, 0);
    struct env *env;
    net_seed_node(r->net, 0, &env);
    const struct port *p = env->port;

    /* Ids and addresses both ways, foreign ones too. */
    struct id own = p->id_of(env, 3), foreign = {1, 2};
    assert_true(id_equal(own, net_id(r->net, 3)));
    assert_int_equal(p->id_keep(env, own), 3);
    assert_int_equal(net_peer(r->net, own), 3);
    assert_int_equal(net_peer(r->net, foreign), PEER_NONE);
    peer_h h = p->id_keep(env, foreign);
    assert_true(h >= UINT32_C(0x80000000) && h != PEER_NONE);
    assert_int_equal(p->id_keep(env, foreign), h);
    assert_true(id_equal(p->id_of(env, h), foreign));
    assert_true(id_equal(net_id(r->net, h), ID_WILDCARD)); /* a handle of one partition means nothing outside */
    for (uint64_t k = 0; k < 4095; k++)
        assert_int_not_equal(p->id_keep(env, (struct id){77, k}), PEER_NONE);
    assert_int_equal(p->id_keep(env, (struct id){78, 0}), PEER_NONE);
    assert_int_equal(p->id_keep(env, foreign), h);
    struct ip_port a, me;
    p->addr_of(env, 5, &a);
    p->addr_of(env, ADDR_NONE, &me);
    assert_true(a.version == 4 && a.port == 6084 && load_be32(a.ip) == UINT32_C(0x10000005) &&
                load_be32(me.ip) == UINT32_C(0x10000000));
    assert_int_equal(p->addr_keep(env, &a), 5);
    a.port = 5060;
    addr_h other = p->addr_keep(env, &a);
    assert_true(other >= UINT32_C(0x80000000) && other != ADDR_NONE);
    assert_int_equal(p->addr_keep(env, &a), other);

    /* Signatures cover every bit and the signer, however the input is cut. */
    uint8_t text[100] = "to be signed";
    struct piece whole = {text, sizeof text}, cut[3] = {{text, 10}, {text + 10, 0}, {text + 10, 90}};
    struct signature s, t;
    assert_int_equal(p->sign(env, &whole, 1, &s), 0);
    p->sign(env, cut, 3, &t);
    assert_int_equal(s.token, t.token);
    assert_int_equal(s.signer, 0);
    assert_int_equal(p->verify(env, cut, 3, &s), 0);
    text[50] ^= 1;
    assert_int_equal(p->verify(env, cut, 3, &s), ERR_SIGNATURE);
    text[50] ^= 1;
    s.signer = 1;
    assert_int_equal(p->verify(env, cut, 3, &s), ERR_SIGNATURE);
    s.signer = h;
    assert_int_equal(p->verify(env, cut, 3, &s), ERR_SIGNATURE);

    /* Hashes and user names. */
    uint8_t digest[32], expected[32];
    p->hash(env, HASH_SHA256, cut, 3, digest);
    SHA256(text, sizeof text, expected);
    assert_memory_equal(digest, expected, 32);
    char name[64];
    assert_int_equal(net_user_name(r->net, 42, name), 27);
    assert_string_equal(name, "u0000000042@overlay.example");
    SHA1((const uint8_t *)name, 27, expected);
    assert_true(id_equal(net_user(r->net, 42), id_load(expected)));
    assert_true(id_equal(p->user_of(env, 42), id_load(expected)));

    /* Random bytes are a function of their arguments and of the session. */
    uint8_t x[40], y[40];
    p->random(env, RANDOM_TIMER, 7, x, 40);
    p->random(env, RANDOM_TIMER, 7, y, 40);
    assert_memory_equal(x, y, 40);
    assert_memory_not_equal(x, x + 16, 16);
    p->random(env, RANDOM_TIMER, 8, y, 40);
    assert_memory_not_equal(x, y, 16);
    p->random(env, RANDOM_PING, 7, y, 40);
    assert_memory_not_equal(x, y, 16);
    rig_stop(r, 0);
    rig_start(r, 0);
    net_seed_node(r->net, 0, &env);
    p->random(env, RANDOM_TIMER, 7, y, 40);
    assert_memory_not_equal(x, y, 16);

    /* Room up to the node's limit. */
    struct node *n = p->room(env, 5000);
    assert_non_null(n);
    assert_null(p->room(env, (1 << 20) + 1));
    assert_ptr_equal(net_seed_node(r->net, 0, &env), n);
    rig_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handshake_takes_three_round_trips_and_six_flights),
        cmocka_unit_test(a_large_certificate_makes_fragments),
        cmocka_unit_test(signatures_keep_the_handshaking_cpu_busy),
        cmocka_unit_test(nobody_answers_and_the_channel_is_down_after_15_s),
        cmocka_unit_test(a_server_that_comes_up_late_is_still_reached),
        cmocka_unit_test(a_closed_device_lets_in_what_it_was_asked_for),
        cmocka_unit_test(data_arrives_in_order_with_its_sizes),
        cmocka_unit_test(plain_datagrams_need_no_channel),
        cmocka_unit_test(what_a_busy_cpu_sends_waits_for_it),
        cmocka_unit_test(what_finds_the_cpu_too_far_behind_is_dropped),
        cmocka_unit_test(closing_tells_the_other_side),
        cmocka_unit_test(a_crash_is_silence_after_exactly_30_s),
        cmocka_unit_test(silence_is_reported_again_only_after_something_was_heard),
        cmocka_unit_test(a_keepalive_at_the_very_instant_counts_first),
        cmocka_unit_test(keepalives_come_each_interval_in_both_directions),
        cmocka_unit_test(a_restarted_node_hears_nothing_of_its_former_session),
        cmocka_unit_test(both_may_open_to_each_other_at_once),
        cmocka_unit_test(closing_in_mid_handshake_ends_it_on_both_sides),
        cmocka_unit_test(a_fact_may_stop_its_own_node),
        cmocka_unit_test(acts_start_and_stop_a_node),
        cmocka_unit_test(who_looks_at_a_node_looks_at_the_present),
        cmocka_unit_test(seeded_links_carry_data_without_a_handshake),
        cmocka_unit_test(the_port_keeps_its_contract),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

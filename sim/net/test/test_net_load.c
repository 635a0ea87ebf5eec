/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins the host under load: shares of loss, handshakes over a bad path, keepalive counts against the grid, memory, that no datagram gets lost from the
 * books, and that engine, window, partitions and threads do not show in any result; that the shards of a server, 100,000 datagrams in one window for them, are spread over partitions. Leaves open: the real node (the whole program's tests). */
#include "sim/kernel/random.h"
#include "sim/net/test/rig.h"

#define PEERS 60u

static struct rig *rig_many(uint32_t identities, double loss)
{
    struct rig *r = rig_new();
    r->config.identities = identities;
    r->config.loss = loss;
    r->config.check_every_event = false;
    free(r->log);
    r->log = NULL;
    return r;
}

static void the_share_of_lost_datagrams_is_as_configured(void **state)
{
    (void)state;
    struct rig *r = rig_many(2, 0.02);
    struct env *env;
    rig_open(r);
    for (peer_h k = 0; k < 2; k++)
        net_seed_begin(r->net, k, &(struct node_seed){.next_update = TIME_NEVER}, &env);
    net_seed_link(r->net, 0, 1, &(struct seed_edge){0}, 0);
    net_seed_end(r->net, 0);
    net_seed_end(r->net, 1);
    rig_order(r, 0, FAKE_SEND, 0, 100000);
    rig_run(r, SECONDS(1));
    struct net_counts c = rig_counts(r);
    assert_int_equal(c.sent, 100000);
    assert_int_equal(c.delivered + c.lost, 100000);
    assert_in_range(c.lost, 2000 - 5 * 45, 2000 + 5 * 45); /* five standard deviations */
    rig_close(r);
}

/* Every other datagram lost: a flight and its answer come through in one of four tries. */
static void half_of_the_datagrams_lost_delays_handshakes_but_not_their_end(void **state)
{
    (void)state;
    struct rig *r = rig_many(400, 0.5);
    r->log = malloc(LOG_MAX * sizeof *r->log);
    rig_open(r);
    for (peer_h k = 0; k < 400; k++)
        rig_start(r, k);
    for (peer_h k = 0; k < 200; k++)
        rig_order(r, k, FAKE_OPEN, 200 + k, 0);
    rig_run(r, SECONDS(40));
    unsigned up = 0, down = 0;
    for (peer_h k = 0; k < 200; k++) {
        const struct entry *u = rig_find(r, k, FAKE_UP, 0), *d = rig_find(r, k, FAKE_DOWN, 0);
        assert_true((u != NULL) != (d != NULL));
        up += u != NULL;
        down += d != NULL;
        if (d)
            assert_int_equal(d->at, SECONDS(15));
        if (u) {
            assert_true(u->at < SECONDS(15) && u->at >= MILLIS(300));
            assert_true(u->b == 0 || u->b >= MILLIS(100)); /* more when the answer was itself a repetition */
            assert_int_equal(rig_count(r, 200 + k, FAKE_ACCEPT), 1);
        }
    }
    struct net_counts c = rig_counts(r);
    assert_int_equal(c.handshakes, up);
    assert_int_equal(c.handshakes_failed, down);
    assert_in_range(up, 60, 180);
    assert_int_equal(c.sent, c.delivered + c.lost + c.dead);
    rig_close(r);
}

/* 200 nodes with 20 channels each, a tenth of all keepalives lost, some nodes crash and some channels are closed. */
static struct rig *rig_watched(bool one_by_one)
{
    struct rig *r = rig_many(200, 0.1);
    struct env *env;
    r->script.overlay.keepalive_interval = SECONDS(15);
    r->script.overlay.silent_after = SECONDS(30);
    r->config.keepalives_one_by_one = one_by_one;
    r->log = malloc(LOG_MAX * sizeof *r->log);
    rig_open(r);
    for (peer_h k = 0; k < 200; k++)
        net_seed_begin(r->net, k, &(struct node_seed){.next_update = TIME_NEVER}, &env);
    for (peer_h k = 0; k < 200; k++)
        for (peer_h j = 1; j <= 10; j++)
            net_seed_link(r->net, k, (k + j) % 200, &(struct seed_edge){0}, 0);
    for (peer_h k = 0; k < 200; k++)
        net_seed_end(r->net, k);
    return r;
}

static unsigned silences(const struct rig *r)
{
    unsigned n = 0;
    for (unsigned k = 0; k < r->entries; k++)
        n += r->log[k].what == FAKE_SILENT;
    return n;
}

static void keepalives_are_counted_and_lost_like_the_rest(void **state)
{
    (void)state;
    struct rig *r = rig_watched(false);
    rig_run(r, SECONDS(1500));
    struct net_counts c = rig_counts(r);
    assert_int_equal(c.keepalives_sent, 400000);
    assert_in_range(c.keepalives_lost, 40000 - 5 * 190, 40000 + 5 * 190);
    assert_in_range(c.keepalives_dead, 1, 40); /* under way: 4000 channel ends, 50 of 15000 ms each */
    /* A silence begins where two in a row are lost after one that was not: 0.9 * 0.1^2 of 100 intervals at 4000 ends. */
    assert_in_range(silences(r), 3600 - 5 * 60, 3600 + 5 * 60);
    rig_close(r);
}

static void disturb(struct rig *r, unsigned round)
{
    for (peer_h k = round; k < 200; k += 40)
        if (net_online(r->net, k))
            rig_stop(r, k);
    for (peer_h k = round + 20; k < 200; k += 40) {
        rig_order(r, k, FAKE_SEND, 3, 2);
        rig_order(r, k, FAKE_CLOSE, 5, 0);
    }
}

static void working_keepalives_out_gives_what_sending_them_gives(void **state)
{
    (void)state;
    struct rig *a = rig_watched(false), *b = rig_watched(true);
    for (unsigned round = 0; round < 10; round++) {
        sim_time until = SECONDS(100) + SECONDS(71) * round;
        rig_run(a, until);
        rig_run(b, until);
        struct net_counts x = rig_counts(a), y = rig_counts(b);
        assert_memory_equal(&x, &y, sizeof x);
        disturb(a, round);
        disturb(b, round);
    }
    rig_run(a, SECONDS(1000));
    rig_run(b, SECONDS(1000));
    assert_true(silences(a) > 1500);
    assert_int_equal(a->entries, b->entries);
    for (unsigned k = 0; k < a->entries; k++) {
        const struct entry *x = &a->log[k], *y = &b->log[k];
        assert_true(x->at == y->at && x->node == y->node && x->peer == y->peer && x->chan == y->chan &&
                    x->what == y->what && x->b == y->b);
    }
    struct kernel_counts x, y;
    kernel_count(net_kernel(a->net), &x);
    kernel_count(net_kernel(b->net), &y);
    assert_true(10 * x.events < y.events); /* what it is for */
    rig_close(a);
    rig_close(b);
}

static void an_identity_costs_little_and_a_session_leaves_nothing(void **state)
{
    (void)state;
    struct rig *r = rig_many(100000, 0);
    rig_open(r);
    size_t empty = net_memory(r->net);
    assert_in_range(empty, 0, 100000 * 16 + (4 << 20));
    for (peer_h k = 0; k < 20000; k++)
        rig_start(r, k);
    size_t once = net_memory(r->net);
    for (unsigned round = 0; round < 3; round++) {
        for (peer_h k = 0; k < 20000; k++)
            rig_stop(r, k);
        assert_int_equal(rig_counts(r).online, 0);
        assert_int_equal(rig_counts(r).node_bytes, 0);
        for (peer_h k = 0; k < 20000; k++)
            rig_start(r, k + 20000 * round);
        for (peer_h k = 0; k < 20000; k++)
            rig_stop(r, k + 20000 * round);
        for (peer_h k = 0; k < 20000; k++)
            rig_start(r, k);
    }
    assert_true(net_memory(r->net) <= once + 40000 * 64 + (1 << 20)); /* those that came meanwhile keep their seats */
    rig_close(r);
}

/* ---- the same results whatever runs them ---- */

struct outcome {
    uint64_t fingerprint;
    struct net_counts counts;
};

/* Sessions of 5 to 65 s, pauses of 5 to 25 s. */
static sim_time lively_act(struct rig *r, struct part *part, peer_h node, sim_time now)
{
    bool online = net_online(r->net, node);
    if (online) {
        net_stop(r->net, part, node, now);
    } else {
        struct node_opts opts = {.cache_count = 3};
        for (unsigned k = 0; k < 3; k++) {
            opts.cache[k] = (addr_h)random_below(r->config.seed, node, STREAM_TEST, now / 1000 + k, PEERS - 1);
            opts.cache[k] += opts.cache[k] >= node;
        }
        net_start(r->net, part, node, now, &opts);
    }
    return now + SECONDS(5) + random_below(r->config.seed, node, STREAM_CHURN, now, online ? SECONDS(20) : SECONDS(60));
}

struct weather {
    uint64_t seed;
    sim_time silent_after, period;
    double loss;
    sim_time jitter; /* its mean; if any, access lines queue too, and two identities are one device */
};
static const struct weather rough = {1, SECONDS(4), MILLIS(700), 0.25, 0}, narrow = {3, SECONDS(4), MILLIS(700), 0.25, MILLIS(3)};

static struct outcome lively(const struct weather *weather, enum latency_model model, enum kernel_engine engine, sim_time window,
                             unsigned partitions, bool threads, bool one_by_one)
{
    struct rig *r = rig_many(PEERS, 0.05);
    struct place places[3] = {
        {.x_ms = 10, .height_ms = 4}, {.y_ms = 80, .height_ms = 9}, {.z_ms = 30, .x_ms = 3, .height_ms = 1}};
    double cumulative[3] = {0.3, 0.6, 1};
    uint32_t rtt_us[9] = {400, 9000, 61234, 9000, 0, 133300, 61234, 133300, 700};
    r->act = lively_act;
    r->latency.model = model;
    if (latency_has_places(model)) {
        r->latency.place = places;
        r->latency.rtt_us = rtt_us;
        r->latency.cumulative = cumulative;
        r->latency.places = 3;
        r->latency.pair_sigma = model == LATENCY_COORDINATES ? 0.2 : 0;
        r->latency.access = (struct law){.kind = LAW_EXPONENTIAL, .a = 0.01};
    }
    r->script.overlay.keepalive_interval = SECONDS(2);
    r->script.overlay.silent_after = weather->silent_after;
    r->script.period = weather->period;
    r->script.reopen = true;
    r->script.sign_on_data = weather->loss > 0;
    r->script.size = r->script.true_size = 40;
    r->config.sign_ns = 282000;
    r->config.cpu_backlog = MICROS(100);
    r->config.engine = engine;
    r->config.window = window;
    r->config.partitions = partitions;
    r->config.threads = threads ? KERNEL_THREADS_ALWAYS : KERNEL_THREADS_NEVER; /* auto would find too little to do */
    r->config.keepalives_one_by_one = one_by_one;
    r->config.check_every_event = true;
    /* An answer to each datagram, and to each answer: loss ends the chains. */
    r->config.loss = weather->loss;
    r->config.seed = r->latency.seed = weather->seed;
    if (weather->jitter) {
        r->latency.jitter = (struct law){.kind = LAW_EXPONENTIAL, .a = (double)weather->jitter / 1e9};
        r->config.access = (struct access_line){32000, 24000, 2000, 0};
        r->config.ids_per_device = 2;
    }
    rig_open(r);
    for (peer_h k = 0; k < PEERS; k++)
        net_act_at(r->net, rig_part(r, k), k, 1 + random_below(1, k, STREAM_TEST, 0, SECONDS(10)));
    for (unsigned k = 1; k <= 12; k++)
        rig_run(r, SECONDS(5) * k);
    struct outcome o = {.fingerprint = kernel_fingerprint(net_kernel(r->net)), .counts = rig_counts(r)};
    r->latency.place = NULL;
    rig_close(r);
    return o;
}

static void engine_window_partitions_and_threads_do_not_show(void **state)
{
    (void)state;
    static const struct { const struct weather *weather; enum latency_model model; } networks[] = {
        {&rough, LATENCY_CONSTANT}, {&rough, LATENCY_EXPONENTIAL}, {&rough, LATENCY_COORDINATES}, {&rough, LATENCY_MATRIX}, {&narrow, LATENCY_COORDINATES}, {&narrow, LATENCY_CONSTANT}};
    static const struct {
        enum kernel_engine engine;
        sim_time window;
        unsigned partitions;
        bool threads;
    } ways[] = {
        {KERNEL_HEAP, MILLIS(1) / 3, 1, false}, {KERNEL_HEAP, MILLIS(1), 3, false},
        {KERNEL_WINDOWS, MILLIS(1), 1, false},  {KERNEL_WINDOWS, MILLIS(1) / 2, 1, false},
        {KERNEL_WINDOWS, MILLIS(1), 2, false},  {KERNEL_WINDOWS, MILLIS(1), 3, true},
    };
    for (unsigned m = 0; m < sizeof networks / sizeof *networks; m++) {
        const struct weather *weather = networks[m].weather;
        struct outcome oracle = lively(weather, networks[m].model, KERNEL_HEAP, MILLIS(1), 1, false, true);
        assert_true(oracle.counts.handshakes > 100 && oracle.counts.delivered > 5000 && oracle.counts.dead > 100);
        assert_true(oracle.counts.class_count[TRAFFIC_KEEPALIVE] > 500 && oracle.counts.keepalives_dead > 10);
        assert_true(oracle.fingerprint != 0);
        const struct net_counts *c = &oracle.counts;
        assert_int_equal(c->sent, c->delivered + c->lost + c->dead + c->dropped + c->uplink_dropped + c->downlink_dropped + c->in_flight);
        assert_true(weather->jitter ? c->uplink_dropped > 10 && c->downlink_dropped > 10 && c->keepalives_dropped > 0 : c->dropped > 10);
        assert_in_range(c->in_flight, 1, 1000);
        for (unsigned k = 0; k < sizeof ways / sizeof ways[0]; k++) {
            struct outcome o = lively(weather, networks[m].model, ways[k].engine, ways[k].window, ways[k].partitions, ways[k].threads,
                                      false);
            assert_true(o.fingerprint == oracle.fingerprint);
            assert_memory_equal(&o.counts, &oracle.counts, sizeof o.counts);
        }
    }
}

/* With silent_after = interval, and in between; with much traffic and with little; where loss makes the silences and where it does not. */
static void keepalives_worked_out_do_not_show_in_any_weather(void **state)
{
    (void)state;
    static const sim_time silent_after[] = {SECONDS(2), SECONDS(3)}, period[] = {MILLIS(700), SECONDS(7)};
    static const double loss[] = {0, 0.02, 0.2};
    for (unsigned k = 0; k < 12; k++) {
        const struct weather w = {k + 2, silent_after[k % 2], period[k / 2 % 2], loss[k / 4], 0};
        struct outcome x = lively(&w, LATENCY_COORDINATES, KERNEL_WINDOWS, MILLIS(1), 1, false, false);
        struct outcome y = lively(&w, LATENCY_COORDINATES, KERNEL_HEAP, MILLIS(1), 1, false, true);
        assert_true(x.fingerprint == y.fingerprint);
        assert_memory_equal(&x.counts, &y.counts, sizeof x.counts);
    }
}

/* ---- servers of many shards ---- */

#define CROWD 4096u

struct tally {
    uint64_t got[CROWD], others;
    uint32_t shards;
};

static void tally_fact(void *world, struct part *part, peer_h node, sim_time now, uint16_t what, uint64_t a, uint64_t b)
{
    struct tally *t = world;
    (void)part, (void)now, (void)a, (void)b;
    if (what == FAKE_WAKE)
        t->got[node]++; /* said by shards alone */
    t->others += what == FAKE_PLAIN_DATA;
}

/* Tells by another fact that it is who runs here. */
static sim_time shard_receive(struct node *n, struct env *env, chan_h chan, addr_h from, struct dgram d)
{
    (void)chan;
    fake_fact(env, FAKE_WAKE, 0, from, load_be32(d.b + 1));
    return n->due;
}

/* 102,400 datagrams from all others arrive in one window; *most: of one part. */
static uint64_t shower(struct tally *t, uint32_t shards, unsigned partitions, enum kernel_engine engine, uint64_t *most)
{
    struct actor server = fake_actor;
    server.receive = shard_receive;
    const struct actor_group groups[] = {{0, &fake_actor, 0}, {0, &server, shards}};
    struct rig *r = rig_many(CROWD, 0);
    r->config.groups = groups;
    r->config.ngroups = 2;
    r->config.engine = engine;
    r->config.partitions = partitions;
    *t = (struct tally){.shards = shards};
    assert_int_equal(net_open(&r->net, &r->config, &(struct net_hooks){.world = t, .fact = tally_fact}), 0);
    for (peer_h k = 0; k < CROWD; k++)
        rig_start(r, k);
    for (unsigned i = 0; i < 25; i++)
        for (peer_h k = 0; k < CROWD; k++)
            rig_order(r, k, FAKE_PLAIN, actor_shard(CROWD, shards, (k + i) % shards), 1);
    rig_run(r, SECONDS(1));
    *most = 0;
    for (unsigned p = 0; p < partitions; p++) {
        uint32_t first, end;
        uint64_t sum = 0;
        part_range(kernel_part(net_kernel(r->net), p), &first, &end);
        for (uint32_t k = first; k < end; k++)
            sum += t->got[k];
        *most = sum > *most ? sum : *most;
    }
    assert_int_equal(rig_counts(r).delivered, CROWD * 25);
    uint64_t f = kernel_fingerprint(net_kernel(r->net));
    rig_close(r);
    return f;
}

static void shards_of_a_server_spread_over_partitions(void **state)
{
    (void)state;
    static const uint32_t shards[] = {1, 7, 64};
    struct tally *one = malloc(sizeof *one), *many = malloc(sizeof *many);
    assert_true(one && many);
    for (unsigned s = 0; s < 3; s++) {
        uint64_t most, oracle = shower(one, shards[s], 1, KERNEL_HEAP, &most);
        assert_int_equal(most, CROWD * 25);
        assert_int_equal(one->others, 0);
        for (unsigned partitions = 1; partitions <= 8; partitions++) {
            assert_true(shower(many, shards[s], partitions, KERNEL_WINDOWS, &most) == oracle);
            assert_memory_equal(one->got, many->got, sizeof one->got);
            uint64_t even = (shards[s] + partitions - 1) / partitions; /* shards of the part that has most */
            assert_true(most <= even * (CROWD * 25 / shards[s] + 25));
        }
    }
    free(one);
    free(many);
}

static void every_part_has_its_share_of_shards(void **state)
{
    (void)state;
    static const uint32_t identities[] = {2, 16, 1000, 4097, 46800000, 2000000000};
    for (unsigned i = 0; i < 6; i++)
        for (uint32_t shards = 1; shards <= identities[i] / 2 && shards <= 4096; shards += shards / 3 + 1) {
            uint32_t before = 0;
            for (uint32_t k = 0; k < shards; k++) {
                uint32_t at = actor_shard(identities[i], shards, k);
                assert_true(at < identities[i] && (k == 0 || at > before));
                assert_true(actor_is_shard(identities[i], shards, at));
                assert_false(at + 1 < identities[i] && (k + 1 == shards || actor_shard(identities[i], shards, k + 1) != at + 1) && actor_is_shard(identities[i], shards, at + 1));
                before = at;
            }
        }
}

static void groups_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    const struct actor_group no_range[] = {{0, &fake_actor, 4}}, too_many[] = {{0, &fake_actor, 0}, {0, &fake_actor, 9}},
                             late[] = {{0, &fake_actor, 0}, {0, &fake_actor, 4}, {8, &fake_actor, 0}}, twice[] = {{0, &fake_actor, 0}, {0, &fake_actor, 0}};
    const struct {
        const struct actor_group *groups;
        unsigned n;
    } wrong[] = {{no_range, 1}, {too_many, 2}, {late, 3}, {twice, 2}};
    for (unsigned k = 0; k < 4; k++) {
        struct rig *r = rig_many(16, 0);
        r->config.groups = wrong[k].groups;
        r->config.ngroups = wrong[k].n;
        assert_int_not_equal(net_open(&r->net, &r->config, &(struct net_hooks){.world = r, .fact = rig_fact}), 0);
        free(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_share_of_lost_datagrams_is_as_configured),
        cmocka_unit_test(half_of_the_datagrams_lost_delays_handshakes_but_not_their_end),
        cmocka_unit_test(keepalives_are_counted_and_lost_like_the_rest),
        cmocka_unit_test(working_keepalives_out_gives_what_sending_them_gives),
        cmocka_unit_test(an_identity_costs_little_and_a_session_leaves_nothing),
        cmocka_unit_test(engine_window_partitions_and_threads_do_not_show),
        cmocka_unit_test(keepalives_worked_out_do_not_show_in_any_weather),
        cmocka_unit_test(shards_of_a_server_spread_over_partitions),
        cmocka_unit_test(every_part_has_its_share_of_shards),
        cmocka_unit_test(groups_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

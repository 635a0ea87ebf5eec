/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins the partition check (RFC 6940 10.7.4.4) and starting over (6.4.2.1) in an overlay in memory: parts that were cut from each other, of any share, are
 * one ring within three intervals after the cut has healed, the newest of what was stored meanwhile is where it belongs, and a ring that nobody is left of
 * is built anew. Leaves open: thousands of peers and real latencies (sim/world/test/test_faults.c), checks through a bootstrap node that lies. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "proto/base/hash.h"
#include "proto/store/store.h"
#include "proto/test/overlay.h"

#define BOOTSTRAPS 4u
#define CHECK      SECONDS(60)

static struct overlay configured(void)
{
    struct overlay config = overlay_defaults();
    config.partition_check = CHECK;
    config.bootstrap_count = BOOTSTRAPS;
    for (unsigned k = 0; k < BOOTSTRAPS; k++)
        config.bootstrap[k] = k;
    return config;
}

static struct overlay_net *ring_open(const struct overlay *config, unsigned nodes)
{
    struct overlay_net *o = overlay_open(config, nodes, MILLIS(50), 0);
    overlay_start(o, 0, &(struct node_opts){.first = true});
    for (peer_h p = 1; p < nodes; p++) {
        overlay_run(o, overlay_now(o) + SECONDS(1));
        overlay_start(o, p, &(struct node_opts){.first = false});
    }
    overlay_run(o, overlay_now(o) + SECONDS(100));
    return o;
}

static void run_for(struct overlay_net *o, sim_time span)
{
    overlay_run(o, overlay_now(o) + span);
}

static unsigned of_ten(peer_h p)
{
    return (p * 7 + 3) % 10;
}

/* Cuts the peers below `tenths` of ten from the others, or joins them again. */
static void split(struct overlay_net *o, unsigned nodes, unsigned tenths, bool cut)
{
    for (peer_h a = 0; a < nodes; a++)
        for (peer_h b = 0; b < a; b++)
            if ((of_ten(a) < tenths) != (of_ten(b) < tenths))
                overlay_cut(o, a, b, cut);
}

static void isolate_all(struct overlay_net *o, unsigned nodes, bool cut)
{
    for (peer_h a = 0; a < nodes; a++)
        for (peer_h b = 0; b < a; b++)
            overlay_cut(o, a, b, cut);
}

static void expect_right(struct overlay_net *o, unsigned peers)
{
    unsigned joined, right = overlay_right(o, &joined);
    assert_int_equal(joined, peers);
    assert_int_equal(right, peers);
}

static unsigned facts_of_all(struct overlay_net *o, unsigned nodes, enum fact what)
{
    unsigned n = 0;
    for (peer_h p = 0; p < nodes; p++)
        n += overlay_facts(o, p, what);
    return n;
}

static void checks_of_a_whole_ring_find_nothing(void **state)
{
    (void)state;
    enum { N = 40 };
    struct overlay config = configured();
    struct overlay_net *o = ring_open(&config, N);
    run_for(o, 3 * CHECK);
    unsigned ups = facts_of_all(o, N, FACT_LINK_UP);
    unsigned found = facts_of_all(o, N, FACT_PARTITION_FOUND), changes = facts_of_all(o, N, FACT_NEIGHBOURS_CHANGED);
    run_for(o, 4 * CHECK);
    expect_right(o, N);
    assert_int_equal(facts_of_all(o, N, FACT_PARTITION_FOUND), found);
    assert_int_equal(facts_of_all(o, N, FACT_NEIGHBOURS_CHANGED), changes); /* those beside a bootstrap node keep their link to it */
    /* A check of a bootstrap node that is not linked opens a channel, seen at both ends; those serve nothing else and are closed within two minutes. */
    assert_in_range(facts_of_all(o, N, FACT_LINK_UP) - ups, N, 2 * 5 * N);
    unsigned links = 0;
    for (peer_h p = BOOTSTRAPS; p < N; p++) {
        struct node_view v;
        struct recorder *r = overlay_node(o, p);
        node_look(r->node, &r->env, &v);
        links += v.links;
        assert_null(node_check(r->node, &r->env));
    }
    assert_in_range(links / (N - BOOTSTRAPS), 6, 20);
    overlay_close(o);
}

static void parts_become_one_ring(void **state)
{
    (void)state;
    static const struct {
        unsigned nodes, tenths;
        sim_time cut;
    } run[] = {{60, 5, SECONDS(120)}, {60, 5, SECONDS(900)}, {60, 2, SECONDS(120)}, {60, 1, SECONDS(60)}, {12, 5, SECONDS(200)}, {150, 4, SECONDS(120)}};
    for (unsigned k = 0; k < sizeof run / sizeof *run; k++) {
        struct overlay config = configured();
        struct overlay_net *o = ring_open(&config, run[k].nodes);
        unsigned joined;
        split(o, run[k].nodes, run[k].tenths, true);
        run_for(o, run[k].cut);
        assert_true(overlay_right(o, &joined) < run[k].nodes - 5);
        split(o, run[k].nodes, run[k].tenths, false);
        run_for(o, 3 * CHECK);
        expect_right(o, run[k].nodes);
        assert_true(facts_of_all(o, run[k].nodes, FACT_PARTITION_FOUND) > 0);
        overlay_close(o);
    }
}

/* Without reactive Updates (periodic recovery) merging takes Updates of the interval, which is then short. */
static void parts_merge_without_reactive_updates(void **state)
{
    (void)state;
    struct overlay config = configured();
    config.reactive = false;
    config.update_interval = SECONDS(30);
    struct overlay_net *o = ring_open(&config, 60);
    split(o, 60, 5, true);
    run_for(o, SECONDS(150));
    split(o, 60, 5, false);
    run_for(o, 3 * CHECK);
    expect_right(o, 60);
    overlay_close(o);
}

static void without_checks_parts_stay_apart(void **state)
{
    (void)state;
    struct overlay config = configured();
    config.partition_check = 0;
    struct overlay_net *o = ring_open(&config, 60);
    unsigned joined;
    split(o, 60, 5, true);
    run_for(o, SECONDS(300));
    split(o, 60, 5, false);
    run_for(o, SECONDS(1500)); /* Updates alone do not tell */
    assert_true(overlay_right(o, &joined) < 10);
    assert_int_equal(joined, 60);
    overlay_close(o);
}

/* Under load: some links fail, some are suspect only, and what is told of those that failed goes unheard for a minute. At a round trip of 0.1 s all
 * links across have failed after about 8 s: from then on there are two rings, and only a check finds the other. */
static void a_short_cut_heals_by_asking_a_long_one_by_checks(void **state)
{
    (void)state;
    for (unsigned s = 2; s <= 30; s += s < 6 ? 2 : 8) {
        struct overlay config = configured();
        if (s <= 6)
            config.partition_check = 0;
        struct overlay_net *o = ring_open(&config, 40);
        split(o, 40, 5, true);
        for (unsigned k = 0; k < s; k++) { /* so that there is something to lose */
            for (peer_h p = 0; p < 40; p++)
                overlay_request(o, p, &(struct request){.op = REQUEST_FETCH, .tag = p, .kind = 1, .resource = {hash64_mix(p, k), 1}});
            run_for(o, SECONDS(1));
        }
        split(o, 40, 5, false);
        run_for(o, s <= 6 ? SECONDS(150) : 3 * CHECK);
        expect_right(o, 40);
        overlay_close(o);
    }
}

/* ---- starting over ---- */

static void a_ring_that_nobody_is_left_of_is_built_anew(void **state)
{
    (void)state;
    struct overlay config = configured();
    struct overlay_net *o = ring_open(&config, 40);
    isolate_all(o, 40, true);
    run_for(o, SECONDS(150));
    unsigned joined;
    overlay_right(o, &joined);
    assert_in_range(joined, 0, BOOTSTRAPS); /* alone, if at all */
    isolate_all(o, 40, false);
    run_for(o, SECONDS(240));
    expect_right(o, 40);
    overlay_close(o);
}

/* The channels work, but nobody at the other end has a ring: what heavy loss leaves behind. */
static void bootstrap_nodes_without_a_ring_do_not_wait_for_each_other(void **state)
{
    (void)state;
    for (unsigned dead = 0; dead < 2; dead++) {
        struct overlay config = configured();
        struct overlay_net *o = overlay_open(&config, 30, MILLIS(50), 0);
        for (peer_h p = dead; p < 30; p++) /* nobody is told to be the first */
            overlay_start(o, p, &(struct node_opts){.first = false});
        run_for(o, SECONDS(700));
        expect_right(o, 30 - dead);
        overlay_close(o);
    }
}

/* ---- values ---- */

static struct id resource_of(struct overlay_net *o, peer_h p)
{
    struct recorder *r = overlay_node(o, p);
    return r->env.port->user_of(&r->env, p);
}

static void store(struct overlay_net *o, peer_h p, const char *value)
{
    overlay_request(o, p, &(struct request){.op = REQUEST_STORE, .tag = 1, .resource = resource_of(o, p), .kind = 1, .lifetime_s = 36000,
                                            .value = (const uint8_t *)value, .value_len = (uint16_t)strlen(value)});
}

/* The peer that is responsible by the ids of all. */
static peer_h owner_of(struct overlay_net *o, unsigned nodes, struct id resource)
{
    struct recorder *r = overlay_node(o, 0);
    peer_h best = 0;
    for (peer_h p = 1; p < nodes; p++)
        if (id_compare(id_distance(resource, recorder_id(r, p)), id_distance(resource, recorder_id(r, best))) < 0)
            best = p;
    return best;
}

static bool holds(struct overlay_net *o, peer_h at, peer_h owner, const char *value)
{
    struct recorder *r = overlay_node(o, at);
    struct call c = {.n = r->node, .env = &r->env};
    uint32_t v = value_find(&c, resource_of(o, owner), kind_find(&c, 1), owner, 0);
    uint8_t room[UINT8_MAX];
    struct span held = v < section_used(&c, SECTION_STORE) ? value_bytes(&c, value_at(&c, v), room) : (struct span){NULL, 0};
    return held.len == strlen(value) && memcmp(held.b, value, held.len) == 0;
}

static void the_newest_value_wins(void **state)
{
    (void)state;
    enum { N = 60 };
    struct overlay config = configured();
    struct overlay_net *o = ring_open(&config, N);
    static const char first[] = "before"; /* contents are not looked at */
    for (peer_h p = 0; p < N; p++)
        store(o, p, first);
    run_for(o, SECONDS(60));
    for (peer_h p = 0; p < N; p++)
        assert_true(holds(o, owner_of(o, N, resource_of(o, p)), p, first));
    split(o, N, 5, true);
    run_for(o, SECONDS(150));
    for (peer_h p = 0; p < N; p += 2) /* in either part; the other keeps what it had, or nothing */
        store(o, p, "meanwhile");
    run_for(o, SECONDS(60));
    split(o, N, 5, false);
    run_for(o, 3 * CHECK);
    expect_right(o, N);
    for (peer_h p = 0; p < N; p++)
        assert_true(holds(o, owner_of(o, N, resource_of(o, p)), p, p % 2 ? first : "meanwhile"));
    overlay_close(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_of_a_whole_ring_find_nothing),
        cmocka_unit_test(parts_become_one_ring),
        cmocka_unit_test(parts_merge_without_reactive_updates),
        cmocka_unit_test(without_checks_parts_stay_apart),
        cmocka_unit_test(a_short_cut_heals_by_asking_a_long_one_by_checks),
        cmocka_unit_test(a_ring_that_nobody_is_left_of_is_built_anew),
        cmocka_unit_test(bootstrap_nodes_without_a_ring_do_not_wait_for_each_other),
        cmocka_unit_test(the_newest_value_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

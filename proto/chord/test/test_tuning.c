/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins what a peer that tunes itself (RFC 7363) says and does: Probes and their answers carry its estimates (6.5), periodic Updates go to the first
 * predecessor and successor only (5.2), tables grow with the overlay (6.2); and in a ring of many what comes of it. Leaves open how good the estimates
 * are (sim/world/test/). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "proto/chord/chord.h"
#include "proto/test/overlay.h"
#include "proto/test/stage.h"

static bool estimates_in(const struct message *m, struct estimate *e)
{
    struct reader r = reader_on(m->extensions.b, m->extensions.len, false);
    while (reader_left(&r) > 0) {
        struct extension x;
        assert_int_equal(extension_read(&r, &x), 0);
        if (x.type != 3)
            continue;
        assert_false(x.critical);
        assert_int_equal(x.contents.len, 12);
        struct reader v = reader_on(x.contents.b, x.contents.len, false);
        e->size = get_u32(&v);
        e->joins = get_u32(&v);
        e->leaves = get_u32(&v);
        return true;
    }
    return false;
}

static void answers_to_probes_carry_estimates(void **state)
{
    (void)state;
    static const uint8_t body[] = {1, PROBE_UPTIME};
    for (unsigned on = 0; on < 2; on++) {
        struct stage s = {.config = overlay_defaults()};
        struct sent sent;
        struct estimate e;
        s.config.self_tuning = on;
        stage_open(&s, 2);
        stage_run(&s, SECONDS(1));
        stage_deliver(&s, 1, &(struct letter){.signer = 1, .tid = 9, .to = recorder_id(s.r, 0)}, PROBE_REQ, body, sizeof body);
        assert_int_equal(stage_sent(&s, PROBE_ANS, &sent), 1);
        assert_int_equal(estimates_in(&sent.message, &e), on);
        if (on)
            assert_true(e.size >= 1);
        stage_close(&s);
    }
}

static struct overlay_net *ring_open(const struct overlay *config, unsigned nodes, sim_time settle)
{
    struct overlay_net *o = overlay_open(config, nodes, MILLIS(50), 0);
    overlay_start(o, 0, &(struct node_opts){.first = true});
    for (peer_h p = 1; p < nodes; p++) {
        overlay_run(o, overlay_now(o) + SECONDS(2));
        overlay_start(o, p, &(struct node_opts){.first = false});
    }
    overlay_run(o, overlay_now(o) + settle);
    return o;
}

static struct node_view view(struct overlay_net *o, peer_h p)
{
    struct node_view v;
    struct recorder *r = overlay_node(o, p);
    node_look(r->node, &r->env, &v);
    return v;
}

/* The list holds the nearest peers of the ring, all of them. */
static bool nearest(struct overlay_net *o, unsigned nodes, peer_h p, const peer_h *list, unsigned n, bool ahead)
{
    struct recorder *r = overlay_node(o, 0);
    struct id self = recorder_id(r, p);
    for (unsigned k = 0; k < n; k++) {
        struct id there = recorder_id(r, list[k]);
        unsigned before = 0;
        for (peer_h q = 0; q < nodes; q++) {
            struct id id = recorder_id(r, q);
            before += q != p && (ahead ? id_compare(id_distance(self, id), id_distance(self, there)) < 0
                                       : id_compare(id_distance(id, self), id_distance(there, self)) < 0);
        }
        if (before != k)
            return false;
    }
    return true;
}

static void tables_fit_the_overlay(void **state)
{
    (void)state;
    static const unsigned sizes[] = {5, 20, 60, 150};
    for (unsigned s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        struct overlay config = overlay_defaults();
        config.self_tuning = true;
        unsigned n = sizes[s];
        struct overlay_net *o = ring_open(&config, n, SECONDS(900));
        double size = 0, length = 0;
        for (peer_h p = 0; p < n; p++) {
            struct node_view v = view(o, p);
            unsigned log = estimate_log2_ceiling(v.used.size), most = log > 3 ? log : 3;
            if (most > n - 1)
                most = n - 1;
            assert_int_equal(v.state, NODE_JOINED);
            assert_in_range(v.successors, most - 1, most + 1); /* the estimate moves on between two looks */
            assert_in_range(v.predecessors, most - 1, most + 1);
            assert_int_equal(v.fingers, 16);
            assert_true(nearest(o, n, p, v.successor, v.successors, true) && nearest(o, n, p, v.predecessor, v.predecessors, false));
            assert_null(node_check(overlay_node(o, p)->node, &overlay_node(o, p)->env));
            size += v.own.size;
            length += v.successors;
        }
        if (n == 5) /* everybody is known */
            assert_true(size / n == 5);
        assert_true(size / n > 0.75 * n && size / n < 1.4 * n);
        if (n == 150)
            assert_true(length / n > 6.5);
        overlay_close(o);
    }
}

/* Where nothing fails intervals grow with what has been seen (6.3); where peers die, they shrink. */
static void intervals_follow_failures(void **state)
{
    (void)state;
    struct overlay config = overlay_defaults();
    config.self_tuning = true;
    enum { N = 60 };
    struct overlay_net *o = ring_open(&config, N, SECONDS(3000));
    double quiet = 0, leaves = 0;
    for (peer_h p = 0; p < N; p++) {
        struct node_view v = view(o, p);
        quiet += (double)estimate_interval(&(struct estimate){v.used.size, v.used.joins, v.used.leaves}) * 1e-9 / N;
        leaves += (double)v.used.leaves / N;
    }
    assert_true(quiet > 50); /* the joins of an hour ago: 3,000 s / 35, and the third quartile */
    for (peer_h p = 2; p < N; p += 3) {
        overlay_kill(o, p);
        overlay_run(o, overlay_now(o) + SECONDS(15));
    }
    overlay_run(o, overlay_now(o) + SECONDS(120));
    double busy = 0, more = 0;
    unsigned left = 0;
    for (peer_h p = 0; p < N; p++) {
        if (!overlay_node(o, p))
            continue;
        struct node_view v = view(o, p);
        busy += (double)estimate_interval(&(struct estimate){v.used.size, v.used.joins, v.used.leaves}) * 1e-9;
        more += v.used.leaves;
        left++;
    }
    assert_true(busy / left < quiet / 2);
    assert_true(more / left > 2 * leaves);
    overlay_close(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_to_probes_carry_estimates),
        cmocka_unit_test(tables_fit_the_overlay),
        cmocka_unit_test(intervals_follow_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

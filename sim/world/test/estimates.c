/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/test/estimates.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/chord/estimate.h"
#include "sim/world/state.h"
#include "sim/world/world.h"

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *x, unsigned n)
{
    qsort(x, n, sizeof *x, by_size);
    return n ? x[n / 2] : 0;
}

static double mean(const double *x, unsigned n)
{
    double sum = 0;
    for (unsigned k = 0; k < n; k++)
        sum += x[k];
    return n ? sum / n : 0;
}

enum { SIZE, LEAVES, JOINS, USED_SIZE, USED_LEAVES, USED_JOINS, AGE, INTERVAL, FIGURES };

static void peers_ask(struct world *w, double *figure[FIGURES], struct estimates *e)
{
    struct env *env;
    struct node_view v;
    for (uint32_t p = 0; p < w->identities; p++) {
        const struct node *n = net_node(w->net, p, &env);
        if (!n)
            continue;
        node_look(n, env, &v);
        if (v.state != NODE_JOINED)
            continue;
        const double row[FIGURES] = {v.own.size, v.own.leaves, v.own.joins, v.used.size, v.used.leaves, v.used.joins,
                                     (double)(env->now - v.joined_at) * 1e-9,
                                     (double)estimate_interval(&(struct estimate){v.used.size, v.used.joins, v.used.leaves}) * 1e-9};
        for (unsigned k = 0; k < FIGURES; k++)
            figure[k][e->peers] = row[k];
        e->peers++;
    }
}

void estimates_run(const char *text, double session_s, struct estimates *e)
{
    static struct scenario s;
    struct world *w;
    char error[1024];
    double *figure[FIGURES];
    if (scenario_parse(&s, "test.yaml", text, strlen(text), NULL, 0, error, sizeof error) ||
        world_open(&w, &s, &(struct world_options){0}, error, sizeof error))
        fail_msg("%s", error);
    assert_int_equal(world_run(w), 0);
    *e = (struct estimates){0};
    for (unsigned k = 0; k < FIGURES; k++) {
        figure[k] = calloc(w->identities, sizeof **figure);
        assert_non_null(figure[k]);
    }
    peers_ask(w, figure, e);
    double n = e->peers, rate = n * 86400 / session_s, age = median(figure[AGE], e->peers);
    e->own_size = mean(figure[SIZE], e->peers) / n;
    e->used_size = mean(figure[USED_SIZE], e->peers) / n;
    e->own_leaves = median(figure[LEAVES], e->peers) / rate;
    e->own_joins = median(figure[JOINS], e->peers) / rate;
    e->own_joins_median = median(figure[JOINS], e->peers) / (n * 86400 / age);
    e->used_leaves = median(figure[USED_LEAVES], e->peers) / rate;
    e->used_joins = median(figure[USED_JOINS], e->peers) / rate;
    e->interval_s = median(figure[INTERVAL], e->peers);
    print_message("%u peers: own size %.3f leaves %.3f joins %.3f (of the formula %.3f); agreed size %.3f leaves %.3f joins %.3f; interval %.1f s\n", e->peers,
                  e->own_size, e->own_leaves, e->own_joins, e->own_joins_median, e->used_size, e->used_leaves, e->used_joins, e->interval_s);
    for (unsigned k = 0; k < FIGURES; k++)
        free(figure[k]);
    world_close(w);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs made by hand. Pins: which intervals are the steady part; that a figure is sum over sum with its weights; that gaps stay gaps; exact bounds for shares
 * without a failure; when a fault is over; that grouping intervals for a chart keeps rates true and peaks visible; bars of a histogram; warnings.
 * Leaves open: the statistics (test_batch.c, test_warmup.c) and files (test_report.sh). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/chart.h"
#include "analysis/figure.h"
#include "analysis/finding.h"
#include "analysis/memory.h"
#include "analysis/outage.h"

#define INTERVALS 120 /* of 10 s: 300 s of warm-up, 900 s measured */

/* A run with two columns that tests fill in by name; every look-up right, until they say otherwise. */
static struct results *run_begin(double fault_s)
{
    struct results *r = memory_zeroed(1, sizeof *r);
    r->path = memory_text("by hand");
    r->scenario_name = memory_text("hand");
    r->fingerprint = memory_text("0");
    r->complete = true;
    r->warmup_s = r->measure_from_s = 300;
    r->measure_s = 900;
    r->intervals = INTERVALS;
    r->time_s = memory_zeroed(INTERVALS, sizeof *r->time_s);
    for (size_t i = 0; i < INTERVALS; i++)
        r->time_s[i] = 10 * (double)(i + 1);
    r->events = memory_zeroed(2, sizeof *r->events);
    r->events[r->n_events++] = (struct happening){300, memory_text("phase"), memory_text("measured phase begins")};
    if (isfinite(fault_s))
        r->events[r->n_events++] = (struct happening){fault_s, memory_text("fault"), memory_text("kill")};
    return r;
}

static double *column(struct results *r, const char *name, double fill)
{
    r->columns = memory_grown(r->columns, r->n_columns + 1, sizeof *r->columns);
    double *v = memory_zeroed(INTERVALS, sizeof *v);
    for (size_t i = 0; i < INTERVALS; i++)
        v[i] = fill;
    r->columns[r->n_columns++] = (struct column){memory_text(name), memory_text(""), memory_text(""), true, v};
    return v;
}

static void run_end(struct results *r)
{
    results_free(r);
    free(r);
}

static void the_steady_part_ends_at_the_first_fault(void **state)
{
    (void)state;
    struct results *calm = run_begin(INFINITY), *at_border = run_begin(780), *inside = run_begin(785),
                   *at_once = run_begin(300);
    struct span s = figure_steady(calm);
    assert_true(s.first == 30 && s.end == 120 && !s.before_fault);
    s = figure_steady(at_border);
    assert_true(s.first == 30 && s.end == 78 && s.before_fault);
    s = figure_steady(inside);
    assert_true(s.end == 78 && s.before_fault);
    s = figure_steady(at_once);
    assert_true(s.first == s.end && s.before_fault);
    run_end(calm);
    run_end(at_border);
    run_end(inside);
    run_end(at_once);
}

static void a_figure_is_sum_over_sum_of_the_steady_part(void **state)
{
    (void)state;
    struct results *r = run_begin(780);
    double *right = column(r, "lookup.expected_correct", 0), *all = column(r, "lookup.expected", 0);
    for (size_t i = 0; i < INTERVALS; i++) {
        all[i] = i < 30 || i >= 78 ? 1000
                 : i % 2           ? 10
                                   : 30; /* warm-up and outage are full of failures: they must not count */
        right[i] = i < 30 || i >= 78 ? 0 : i % 2 ? 5 : 30;
    }
    struct figure f = figure_of(r, figure_rule_of("lookup.success"), 0.95);
    assert_true(fabs(f.steady.interval.mean - 35.0 / 40) < 1e-12);
    assert_true(!f.bound && f.steady.batches >= BATCHES_LEAST);
    run_end(r);
}

static void means_are_weighted_by_what_they_are_means_of(void **state)
{
    (void)state;
    struct results *r = run_begin(INFINITY);
    double *mean = column(r, "lookup.latency_s.mean", 1), *correct = column(r, "lookup.correct", 10);
    static const char *const others[] = {"lookup.stale", "lookup.lost", "lookup.absent", "lookup.wrong_owner"};
    for (size_t i = 0; i < 4; i++)
        column(r, others[i], 0);
    for (size_t i = 30; i < INTERVALS; i += 3) {
        mean[i] = 4;
        correct[i] = 90;
        mean[i + 1] = NAN; /* nobody asked */
        correct[i + 1] = 0;
    }
    struct figure f = figure_of(r, figure_rule_of("lookup.latency_s.mean"), 0.95);
    assert_true(fabs(f.steady.interval.mean - (4.0 * 90 + 10) / 100) < 1e-12);
    f = figure_of(r, figure_rule_of("nodes_online_mean"), 0.95);
    assert_true(isnan(f.steady.interval.mean) && f.steady.batches == 0); /* no such column */
    run_end(r);
}

static void no_failure_is_a_bound_not_certainty(void **state)
{
    (void)state;
    struct results *r = run_begin(INFINITY);
    column(r, "lookup.expected_correct", 10);
    column(r, "lookup.expected", 10);
    struct figure f = figure_of(r, figure_rule_of("lookup.success"), 0.95);
    assert_true(f.bound);
    assert_true(f.steady.interval.mean == 1 && f.steady.interval.upper == 1);
    assert_true(fabs(f.steady.interval.lower - pow(0.025, 1.0 / 900)) < 1e-9);
    run_end(r);
}

static void an_outage_ends_when_three_intervals_are_as_before(void **state)
{
    (void)state;
    struct results *r = run_begin(780);
    double *right = column(r, "lookup.expected_correct", 0);
    column(r, "lookup.expected", 1000);
    for (size_t i = 0; i < INTERVALS; i++)
        right[i] = 990 + (double)(i % 5); /* worst before: 0.990, mean 0.992: the range reaches down to 0.989 */
    for (size_t i = 78; i < 90; i++)
        right[i] = i == 80 ? 500 : i == 84 ? 995 : 700; /* one good interval in between is luck */
    right[110] = 600;                                   /* long after: another matter */
    size_t n;
    struct outage *list = outages_of(r, &n);
    assert_int_equal(n, 1);
    assert_string_equal(list[0].key, "lookup.success");
    assert_true(fabs(list[0].before - 0.992) < 1e-3);
    assert_true(list[0].worst == 0.5 && list[0].worst_s == 800);
    assert_true(list[0].back_s == 120); /* 900 s, the first of three good ones */
    assert_true(outage_end(list, n, 780) == 900);
    free(list);
    for (size_t i = 78; i < INTERVALS; i++)
        right[i] = 700;
    list = outages_of(r, &n);
    assert_true(isinf(list[0].back_s));
    free(list);
    for (size_t i = 78; i < INTERVALS; i++)
        right[i] = 990;
    list = outages_of(r, &n);
    assert_true(list[0].back_s == 0);
    free(list);
    run_end(r);
}

/* Values lost for good leave a success of 99.3 %: the outage is over all the same, as the table of the run says. */
static void a_quiet_overlay_is_back_within_a_percentage_point(void **state)
{
    (void)state;
    struct results *r = run_begin(780);
    double *right = column(r, "lookup.expected_correct", 1000), *latency = column(r, "lookup.latency_s.mean", 2);
    column(r, "lookup.expected", 1000);
    for (size_t i = 78; i < INTERVALS; i++) {
        right[i] = i < 80 ? 500 : 993;
        latency[i] = i < 81 ? 3 : i < 85 ? 2.2 : 2.09;
    }
    size_t n;
    struct outage *list = outages_of(r, &n);
    assert_int_equal(n, 2);
    assert_true(list[0].back_s == 20);
    assert_string_equal(list[1].key, "lookup.latency_s.mean");
    assert_true(list[1].back_s == 70);
    free(list);
    for (size_t i = 80; i < INTERVALS; i++)
        right[i] = 989;
    list = outages_of(r, &n);
    assert_true(isinf(list[0].back_s));
    free(list);
    run_end(r);
}

static const struct chart *chart_called(const char *id)
{
    for (size_t i = 0; i < chart_count; i++)
        if (strcmp(charts[i].id, id) == 0)
            return &charts[i];
    fail_msg("no chart %s", id);
    return NULL;
}

static void a_gap_stays_a_gap_and_a_peak_a_peak(void **state)
{
    (void)state;
    struct results *r = run_begin(INFINITY);
    double *joins = column(r, "joins", 5), *latency = column(r, "lookup.latency_s.mean", 2);
    joins[7] = 500;
    for (size_t i = 40; i < 50; i++)
        latency[i] = NAN;
    struct chart_sample s = chart_sample(r, chart_called("latency"), 1);
    assert_int_equal(s.points, INTERVALS);
    assert_true(isnan(s.value[0][40]) && isnan(s.value[0][49]) && s.value[0][39] == 2 && s.value[0][50] == 2);
    chart_free(&s);
    assert_int_equal(chart_group(r, 1200), 1);
    assert_int_equal(chart_group(r, 12), 10);
    s = chart_sample(r, chart_called("latency"), 10);
    assert_int_equal(s.points, 12);
    assert_true(isnan(s.value[0][4]) && s.value[0][3] == 2);
    chart_free(&s);
    s = chart_sample(r, chart_called("changes"), 10);
    assert_true(fabs(s.value[0][0] - (45.0 + 500) / 100) < 1e-12); /* per second over the whole group */
    assert_true(s.most[0][0] == 50 && s.least[0][0] == 0.5);
    chart_free(&s);
    s = chart_sample(r, chart_called("ring"), 1);
    assert_int_equal(s.series, 0); /* no column: no chart */
    run_end(r);
}

/* Latencies in fine bins with holes and a zero: nothing is lost, nothing is split, on a logarithmic axis the zero only counts below. */
static void bars_keep_every_count(void **state)
{
    (void)state;
    double lower[401], upper[401], count[401], sum = 0, seen = 0, end = 0;
    struct bins h = {.n = 401, .lower = lower, .upper = upper, .count = count};
    lower[0] = 0;
    upper[0] = 1e-9;
    count[0] = 10;
    for (size_t i = 1; i < 401; i++) {
        lower[i] = 0.05 * pow(1.01, (double)i) * (i > 200 ? 1.5 : 1);
        upper[i] = lower[i] * 1.004;
        count[i] = (double)(i % 7);
        sum += count[i];
    }
    size_t n;
    struct chart_bar *bars = chart_bars(chart_called("latency_bins"), &h, 60, &n);
    assert_in_range(n, 30, 61);
    for (size_t i = 0; i < n; i++) {
        assert_true(bars[i].lower >= end * (1 - 1e-12) && bars[i].upper > bars[i].lower);
        assert_true(fabs(bars[i].below - (10 + seen) / (10 + sum)) < 1e-12);
        end = bars[i].upper;
        seen += bars[i].count;
    }
    assert_true(seen == sum);
    free(bars);
    for (size_t i = 0; i < 5; i++) {
        lower[i] = (double)i;
        upper[i] = (double)i + 1;
    }
    h.n = 5;
    bars = chart_bars(chart_called("hops_bins"), &h, 2, &n);
    assert_true(n == 5 && bars[0].lower == -0.5 && bars[4].upper == 4.5); /* whole numbers are never joined */
    free(bars);
}

static bool warns(const struct results *r, const char *words)
{
    struct findings f = findings_of(r, 0.95);
    bool found = false;
    for (size_t i = 0; i < f.n; i++)
        found |= strstr(f.list[i].text, words) != NULL;
    findings_free(&f);
    return found;
}

static void what_a_reader_must_know_is_said(void **state)
{
    (void)state;
    struct results *r = run_begin(INFINITY), *late = run_begin(360);
    double *online = column(r, "nodes_online", 0);
    for (size_t i = 0; i < INTERVALS; i++)
        online[i] = 1000 + (double)(i * 7919 % 13);
    assert_false(warns(r, "warm-up"));
    assert_false(warns(r, "incomplete"));
    for (size_t i = 0; i < 60; i++)
        online[i] += 300;
    assert_true(warns(r, "The warm-up of 5 min was too short for nodes_online_mean: it settles at 10 min"));
    r->complete = false;
    assert_true(warns(r, "incomplete: its record ends at 20 min of 20 min"));
    r->scalars = memory_zeroed(1, sizeof *r->scalars);
    r->scalars[r->n_scalars++] = (struct scalar){memory_text("delay.clamped_share"), memory_text("share"),
                                                 memory_text(""), 0.034};
    assert_true(warns(r, "3.4 % of all delays"));
    assert_true(warns(late, "Before the first fault lie 6 whole intervals"));
    run_end(r);
    run_end(late);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_steady_part_ends_at_the_first_fault),
        cmocka_unit_test(a_figure_is_sum_over_sum_of_the_steady_part),
        cmocka_unit_test(means_are_weighted_by_what_they_are_means_of),
        cmocka_unit_test(no_failure_is_a_bound_not_certainty),
        cmocka_unit_test(an_outage_ends_when_three_intervals_are_as_before),
        cmocka_unit_test(a_quiet_overlay_is_back_within_a_percentage_point),
        cmocka_unit_test(a_gap_stays_a_gap_and_a_peak_a_peak),
        cmocka_unit_test(bars_keep_every_count),
        cmocka_unit_test(what_a_reader_must_know_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: that batch means hold the true value as often as they say (93 to 97 % at 95 %) where the method is meant to work: AR(1) of several phi and
 * waiting times of M/M/1, in runs of some hundred times the correlation time; that too short runs are seen; that ratios, gaps and differences
 * are handled. Leaves open: coverage in short runs, which is lower (AR(1) of phi 0.9: 77 % at n = 40, 92 % at 300; README.md). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>

#include "analysis/batch.h"
#include "analysis/memory.h"

#define LEVEL 0.95

static gsl_rng *generator(unsigned seed)
{
    gsl_rng *r = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(r, seed);
    return r;
}

/* Stationary from the start: mean 10, innovations of variance 1. */
static void ar1(gsl_rng *r, double phi, double *x, size_t n)
{
    double y = gsl_ran_gaussian(r, 1 / sqrt(1 - phi * phi));
    for (size_t i = 0; i < n; i++) {
        x[i] = 10 + y;
        y = phi * y + gsl_ran_gaussian(r, 1);
    }
}

/* Waiting times by Lindley's recursion, service rate 1, started in the stationary law: mean rho / (1 - rho). */
static void mm1(gsl_rng *r, double rho, double *x, size_t n)
{
    double w = gsl_rng_uniform(r) < rho ? gsl_ran_exponential(r, 1 / (1 - rho)) : 0;
    for (size_t i = 0; i < n; i++) {
        x[i] = w;
        w += gsl_ran_exponential(r, 1) - gsl_ran_exponential(r, 1 / rho);
        w = w > 0 ? w : 0;
    }
}

static double coverage(void series(gsl_rng *, double, double *, size_t), double parameter, double truth, size_t n,
                       unsigned runs, double *flagged)
{
    gsl_rng *r = generator(20261125);
    double *x = memory_zeroed(n, sizeof *x);
    unsigned hits = 0, correlated = 0;
    for (unsigned k = 0; k < runs; k++) {
        series(r, parameter, x, n);
        struct batch_means b = batch_means(x, NULL, n, LEVEL);
        assert_true(b.batches >= BATCHES_LEAST);
        hits += b.interval.lower <= truth && b.interval.upper >= truth;
        correlated += b.correlated;
    }
    free(x);
    gsl_rng_free(r);
    *flagged = (double)correlated / runs;
    print_message("parameter %.1f, n %zu: %.1f %% covered, %.1f %% called correlated\n", parameter, n,
                  100.0 * hits / runs, 100.0 * correlated / runs);
    return (double)hits / runs;
}

static void covers_ar1(void **state)
{
    (void)state;
    static const struct {
        double phi;
        size_t n;
    } cases[] = {{0, 90}, {0, 1000}, {0.5, 300}, {0.5, 1000}, {0.9, 1000}, {0.9, 4000}, {-0.5, 1000}};
    double flagged;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double c = coverage(ar1, cases[i].phi, 10, cases[i].n, 2000, &flagged);
        assert_true(c >= 0.93 && c <= 0.97);
        assert_true(flagged < 0.05);
    }
}

static void covers_mm1(void **state)
{
    (void)state;
    double flagged, half = coverage(mm1, 0.5, 1, 10000, 1000, &flagged),
                    busy = coverage(mm1, 0.8, 4, 40000, 1000, &flagged);
    assert_true(half >= 0.93 && half <= 0.97);
    assert_true(busy >= 0.93 && busy <= 0.97);
}

static void a_run_that_is_too_short_is_seen(void **state)
{
    (void)state;
    double flagged, c = coverage(ar1, 0.97, 10, 60, 1000, &flagged);
    assert_true(c < 0.90);
    assert_true(flagged > 0.5);
}

static void fewer_than_ten_observations_have_no_interval(void **state)
{
    (void)state;
    const double x[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    struct batch_means b = batch_means(x, NULL, 9, LEVEL);
    assert_int_equal(b.batches, 0);
    assert_true(b.interval.mean == 5 && isnan(b.interval.half));
    b = batch_means(x, NULL, 0, LEVEL);
    assert_true(isnan(b.interval.mean));
}

/* Success share with denominators of very different size: sum over sum, not the mean of quotients; an interval of nothing (0/0, NaN) adds nothing. */
static void a_ratio_is_sum_over_sum(void **state)
{
    (void)state;
    double good[24], all[24];
    for (unsigned i = 0; i < 24; i++) {
        all[i] = i % 2 ? 1000 : 10;
        good[i] = i % 2 ? 990 : 5;
    }
    good[3] = all[3] = 0;
    good[4] = NAN;
    struct batch_means b = batch_means(good, all, 24, LEVEL);
    assert_true(fabs(b.interval.mean - (990.0 * 11 + 5 * 11) / (1000.0 * 11 + 10 * 11)) < 1e-12);
    assert_true(b.interval.half > 0 && b.interval.half < 0.05);
}

/* Two ratios that share their noise differ by 1 %: the difference has a far shorter interval than either, and holds the truth. */
static void differences_cancel_what_is_shared(void **state)
{
    (void)state;
    gsl_rng *r = generator(7363);
    unsigned hits = 0;
    for (unsigned k = 0; k < 1000; k++) {
        double a[200], b[200], ones[200];
        ar1(r, 0.6, a, 200);
        for (unsigned i = 0; i < 200; i++) {
            b[i] = a[i] + 0.1 + gsl_ran_gaussian(r, 0.05);
            ones[i] = 2;
        }
        struct batch_means d = batch_difference(a, NULL, b, NULL, 200, LEVEL), alone = batch_means(a, NULL, 200, LEVEL);
        hits += d.interval.lower <= 0.1 && d.interval.upper >= 0.1;
        assert_true(d.interval.half < 0.2 * alone.interval.half);
        struct batch_means halved = batch_difference(a, ones, b, ones, 200, LEVEL);
        assert_true(fabs(halved.interval.mean - d.interval.mean / 2) < 1e-12);
    }
    gsl_rng_free(r);
    print_message("coverage of differences: %.1f %%\n", hits / 10.0);
    assert_in_range(hits, 930, 975);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(covers_ar1),
        cmocka_unit_test(covers_mm1),
        cmocka_unit_test(a_run_that_is_too_short_is_seen),
        cmocka_unit_test(fewer_than_ten_observations_have_no_interval),
        cmocka_unit_test(a_ratio_is_sum_over_sum),
        cmocka_unit_test(differences_cancel_what_is_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

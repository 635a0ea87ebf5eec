/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: MSER-5 against a direct evaluation of its definition; that a short warm-up is seen when it matters, and that stationary series seldom are
 * blamed. Leaves open: which figures are looked at (analysis/figure.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>

#include "analysis/warmup.h"

#define N 360

/* mean 10, AR(1), and an excess that dies away: excess * exp(-i / decay). */
static void settling(gsl_rng *r, double phi, double excess, double decay, double *x)
{
    double y = gsl_ran_gaussian(r, 1 / sqrt(1 - phi * phi));
    for (unsigned i = 0; i < N; i++) {
        x[i] = 10 + y + excess * exp(-(double)i / decay);
        y = phi * y + gsl_ran_gaussian(r, 1);
    }
}

static size_t mser5_by_definition(const double *x, size_t n)
{
    size_t m = n / 5, best = 0;
    double least = INFINITY;
    for (size_t d = 0; d <= m / 2 && d < m; d++) {
        double mean = 0, squares = 0;
        for (size_t j = d; j < m; j++)
            for (size_t i = 0; i < 5; i++)
                mean += x[5 * j + i] / 5 / (double)(m - d);
        for (size_t j = d; j < m; j++) {
            double y = 0;
            for (size_t i = 0; i < 5; i++)
                y += x[5 * j + i] / 5;
            squares += (y - mean) * (y - mean);
        }
        if (squares / (double)((m - d) * (m - d)) < least) {
            least = squares / (double)((m - d) * (m - d));
            best = d;
        }
    }
    return 5 * best;
}

static void mser5_is_what_its_definition_says(void **state)
{
    (void)state;
    gsl_rng *r = gsl_rng_alloc(gsl_rng_mt19937);
    double x[N];
    bool late;
    for (unsigned k = 0; k < 200; k++) {
        settling(r, 0.3, k % 7, 5 + k, x);
        assert_int_equal(warmup_mser5(x, N - k % 11, &late), mser5_by_definition(x, N - k % 11));
    }
    gsl_rng_free(r);
}

static unsigned verdicts(double phi, double excess, double decay, size_t measured, enum warmup_verdict wanted)
{
    gsl_rng *r = gsl_rng_alloc(gsl_rng_mt19937);
    unsigned count = 0;
    gsl_rng_set(r, 5);
    for (unsigned k = 0; k < 500; k++) {
        double x[N];
        settling(r, phi, excess, decay, x);
        count += warmup_of(x, N, measured, 0.95).verdict == wanted;
    }
    gsl_rng_free(r);
    print_message("phi %.1f, excess %.0f, decay %.0f, measured from %zu: verdict %d in %.1f %%\n", phi, excess, decay,
                  measured, (int)wanted, count / 5.0);
    return count;
}

static void a_short_warmup_is_seen(void **state)
{
    (void)state;
    assert_true(verdicts(0.5, 20, 40, 30, WARMUP_SHORT) > 475);
    assert_true(verdicts(0, 8, 40, 15, WARMUP_SHORT) > 475);
}

static void a_long_enough_one_is_not_blamed(void **state)
{
    (void)state;
    assert_true(verdicts(0.5, 10, 10, 90, WARMUP_FINE) > 475);
    assert_true(verdicts(0, 0, 1, 90, WARMUP_FINE) > 475);
    assert_true(verdicts(0.9, 0, 1, 90, WARMUP_FINE) > 475);
}

static void what_never_settles_is_told(void **state)
{
    (void)state;
    double x[N];
    for (unsigned i = 0; i < N; i++)
        x[i] = i;
    assert_true(verdicts(0.5, -40, 1000, 30, WARMUP_NEVER) > 400);
    assert_int_equal(warmup_of(x, N, 30, 0.95).verdict, WARMUP_NEVER);
}

/* Peers online wander by half a per cent in a quarter of an hour, and hours are needed to see that they come back. */
static void what_wanders_a_little_is_not_told(void **state)
{
    (void)state;
    double x[N];
    for (unsigned i = 0; i < N; i++)
        x[i] = 1000 + 0.02 * i + i % 2; /* +0.35 % from half to half */
    assert_int_equal(warmup_of(x, N, 30, 0.95).verdict, WARMUP_FINE);
    for (unsigned i = 0; i < N; i++)
        x[i] = 1000 + 0.2 * i + i % 2;
    struct warmup w = warmup_of(x, N, 30, 0.95);
    assert_int_equal(w.verdict, WARMUP_NEVER);
    assert_true(w.shift > 0.02 && w.shift < 0.04);
}

static void gaps_are_left_out_and_little_is_unknown(void **state)
{
    (void)state;
    double x[N];
    for (unsigned i = 0; i < N; i++)
        x[i] = i % 2 ? (double)NAN : (i < 100 ? 50.0 : 10.0) + i % 3;
    struct warmup w = warmup_of(x, N, 20, 0.95);
    assert_int_equal(w.verdict, WARMUP_SHORT);
    assert_int_equal(w.cut, 100);
    assert_true(w.shift > 0.2);
    assert_int_equal(warmup_of(x, 60, 20, 0.95).verdict, WARMUP_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mser5_is_what_its_definition_says), cmocka_unit_test(a_short_warmup_is_seen),
        cmocka_unit_test(a_long_enough_one_is_not_blamed),   cmocka_unit_test(what_never_settles_is_told),
        cmocka_unit_test(what_wanders_a_little_is_not_told), cmocka_unit_test(gaps_are_left_out_and_little_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: Student-t, paired, Welch, Clopper-Pearson and Holm against textbook and R figures; what happens with NaN, one observation, no spread; that the
 * intervals over replications hold the true value as often as they say. Leaves open: batch means (test_batch.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>

#include "analysis/interval.h"

static void near(double got, double wanted, double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance))
        fail_msg("%.9g, not %.9g", got, wanted);
}

/* R: t.test(c(1.20,1.50,1.68,1.89,0.95,1.49,1.58,1.55,0.50,1.09), conf.level=0.9): Law's example 4.26 gives 1.34 +- 0.24. */
static void student_matches_the_textbook(void **state)
{
    (void)state;
    const double x[] = {1.20, 1.50, 1.68, 1.89, 0.95, 1.49, 1.58, 1.55, 0.50, 1.09};
    struct interval i = interval_student(x, 10, 0.90);
    near(i.mean, 1.343, 1e-12);
    near(i.half, 0.2373, 1e-4); /* the book rounds on the way */
    near(i.sd * i.sd, 0.17, 5e-3);
    assert_int_equal(i.n, 10);
}

static void what_is_no_number_is_left_out(void **state)
{
    (void)state;
    const double x[] = {NAN, 1, NAN, 3}, none[] = {NAN, NAN};
    struct interval i = interval_student(x, 4, 0.95);
    near(i.mean, 2, 0);
    near(i.half, 12.7062047, 1e-6); /* t(0.975, 1) * sqrt(2) / sqrt(2) */
    assert_true(isnan(interval_student(none, 2, 0.95).mean));
    assert_true(isnan(interval_student(x, 2, 0.95).half));
    assert_true(isnan(interval_student(x, 2, 0.95).p));
}

/* Difference 1 on each pair but noise that both share: paired sees it, Welch does not. R: t.test(b, a, paired=TRUE), t.test(b, a). */
static void pairing_removes_what_is_shared(void **state)
{
    (void)state;
    const double a[] = {10, 20, 30, 40, 50}, b[] = {11.1, 20.9, 31.0, 41.2, 50.8};
    struct interval paired = interval_paired(a, b, 5, 0.95), welch = interval_welch(a, 5, b, 5, 0.95);
    near(paired.mean, 1, 1e-12);
    near(paired.half, 0.196325, 1e-5);
    near(paired.p, 1.449e-4, 2e-6);
    near(welch.mean, 1, 1e-12);
    assert_true(welch.half > 20 && welch.p > 0.9);
    near(welch.freedom, 8.0, 1e-2);
}

/* R: binom.test(0, 100)$conf.int, binom.test(7, 20)$conf.int */
static void shares_have_an_interval_even_without_a_failure(void **state)
{
    (void)state;
    struct interval none = interval_share(0, 100, 0.95), some = interval_share(7, 20, 0.95),
                    all = interval_share(100, 100, 0.95);
    near(none.lower, 0, 0);
    near(none.upper, 0.03621669, 1e-7);
    near(some.lower, 0.1539092, 1e-6);
    near(some.upper, 0.5921885, 1e-6);
    near(all.lower, 1 - 0.03621669, 1e-7);
    near(all.upper, 1, 0);
    assert_true(isnan(interval_share(0, 0, 0.95).lower));
}

/* R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") = 0.03 0.06 0.06 0.02 */
static void holm_adjusts_as_r_does(void **state)
{
    (void)state;
    double p[] = {0.01, NAN, 0.04, 0.03, 0.005};
    assert_int_equal(interval_holm(p, 5), 4);
    near(p[0], 0.03, 1e-12);
    assert_true(isnan(p[1]));
    near(p[2], 0.06, 1e-12);
    near(p[3], 0.06, 1e-12);
    near(p[4], 0.02, 1e-12);
}

static void no_spread_is_an_interval_of_no_width(void **state)
{
    (void)state;
    const double x[] = {2, 2, 2};
    struct interval i = interval_student(x, 3, 0.95), zero = interval_paired(x, x, 3, 0.95);
    near(i.half, 0, 0);
    near(i.p, 0, 0);
    near(zero.p, 1, 0);
}

/* 2000 samples of 10 normal observations: both intervals are exact or nearly so. */
static void replications_cover(void **state)
{
    (void)state;
    gsl_rng *r = gsl_rng_alloc(gsl_rng_mt19937);
    unsigned normal = 0, welch = 0;
    gsl_rng_set(r, 6940);
    for (unsigned k = 0; k < 2000; k++) {
        double x[10], y[10];
        for (unsigned i = 0; i < 10; i++) {
            x[i] = gsl_ran_gaussian(r, 2);
            y[i] = 1 + gsl_ran_gaussian(r, 0.5);
        }
        struct interval i = interval_student(x, 10, 0.95), w = interval_welch(x, 10, y, 10, 0.95);
        normal += i.lower <= 0 && i.upper >= 0;
        welch += w.lower <= 1 && w.upper >= 1;
    }
    gsl_rng_free(r);
    print_message("coverage at 95 %%: Student %.1f %%, Welch %.1f %%\n", normal / 20.0, welch / 20.0);
    assert_in_range(normal, 1860, 1940);
    assert_in_range(welch, 1860, 1940);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(student_matches_the_textbook),
        cmocka_unit_test(what_is_no_number_is_left_out),
        cmocka_unit_test(pairing_removes_what_is_shared),
        cmocka_unit_test(shares_have_an_interval_even_without_a_failure),
        cmocka_unit_test(holm_adjusts_as_r_does),
        cmocka_unit_test(no_spread_is_an_interval_of_no_width),
        cmocka_unit_test(replications_cover),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

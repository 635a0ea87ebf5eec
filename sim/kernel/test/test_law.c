/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: the special functions against libm; that quantiles of every law invert its cdf and that samples fit it (Kolmogorov-Smirnov, fixed seed); means against numeric
 * integration; residual lives against an integral of 1 - F made here; remaining lives by their defining equation; the smallest and largest draws; bits of some values.
 * Leaves open: parameters that no scenario may hold (shapes at or below 0, uniform with to < from); the scenario's reader refuses them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "sim/kernel/law.h"
#include "sim/kernel/random.h"
#include "sim/kernel/special.h"

static const struct law laws[] = {
    {LAW_UNIFORM, 2, 5},       {LAW_UNIFORM, 0, 1},        {LAW_EXPONENTIAL, 60, 0},  {LAW_WEIBULL, 10170, 0.615}, {LAW_WEIBULL, 24822, 0.476}, {LAW_WEIBULL, 5, 0.2},
    {LAW_WEIBULL, 7, 3.5},     {LAW_LOGNORMAL, 60, 1.5},   {LAW_LOGNORMAL, 10, 0.1},  {LAW_PARETO, 30, 1.5},       {LAW_PARETO, 1, 3},          {LAW_PARETO, 2, 0.8},
};
enum { LAWS = sizeof laws / sizeof *laws };

static double draw(uint64_t i, uint64_t which)
{
    return random_unit(7, which, STREAM_TEST, i);
}

static bool close_to(double got, double want, double bound)
{
    return fabs(got - want) <= bound * fabs(want);
}

static void normal_functions_agree_with_libm_into_the_tails(void **state)
{
    (void)state;
    for (double z = -8; z < 37; z += 0.013) {
        double tail = 0.5 * erfc(z / sqrt(2));
        assert_true(close_to(special_normal_upper(z), tail, 1e-12));
        assert_true(z < -5 || close_to(special_normal_mills(z) * special_normal_density(z), tail, 1e-12));
        assert_true(z < -5 || fabs(special_normal_quantile_upper(tail) - z) < 1e-10);
    }
    for (double p = 1e-280; p < 1; p *= 1.37)
        assert_true(close_to(0.5 * erfc(special_normal_quantile_upper(p) / sqrt(2)), p, 2e-12));
}

static void log1p_and_expm1_keep_the_digits_of_small_arguments(void **state)
{
    (void)state;
    for (double x = 1e-300; x < 0.9; x *= 1.9) {
        assert_true(close_to(special_log1p(x), log1p(x), 1e-14) && close_to(special_log1p(-x), log1p(-x), 1e-14));
        assert_true(close_to(special_expm1(x), expm1(x), 1e-14) && close_to(special_expm1(-x), expm1(-x), 1e-14));
    }
    assert_true(close_to(special_expm1(3), expm1(3), 1e-14) && close_to(special_expm1(-30), expm1(-30), 1e-14));
}

static void incomplete_gamma_meets_its_closed_forms(void **state)
{
    (void)state;
    for (double x = 0.001; x < 600; x *= 1.1) {
        struct special_gamma one = special_gamma_incomplete(1, 1, x); /* 1 - exp(-x) */
        assert_true(close_to(one.lower, -expm1(-x), 1e-12) && close_to(one.upper, exp(-x), 1e-11));
        struct special_gamma half = special_gamma_incomplete(0.5, sqrt(3.14159265358979323846), x); /* erf(sqrt x) */
        assert_true(close_to(half.lower, erf(sqrt(x)), 1e-12) && close_to(half.upper, erfc(sqrt(x)), 1e-11));
        struct special_gamma three = special_gamma_incomplete(3, 2, x);
        assert_true(close_to(three.upper, exp(-x) * (1 + x + x * x / 2), 1e-11));
    }
}

static void quantiles_invert_the_cdf(void **state)
{
    (void)state;
    for (unsigned k = 0; k < LAWS; k++) {
        double before = 0;
        for (double u = 0.001; u < 1; u += 0.001) {
            double t = law_quantile(&laws[k], u);
            assert_true(t > before);
            assert_true(close_to(law_cdf(&laws[k], t), u, 1e-9));
            before = t;
        }
        assert_true(law_cdf(&laws[k], 0) == 0 && law_cdf(&laws[k], -1) == 0);
        assert_true(law_cdf(&laws[k], 1e300) == 1);
    }
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void samples_pass_kolmogorov_smirnov(void **state)
{
    (void)state;
    enum { DRAWS = 20000 };
    double *t = malloc(DRAWS * sizeof *t);
    assert_non_null(t);
    for (unsigned k = 0; k < LAWS; k++) {
        for (unsigned i = 0; i < DRAWS; i++)
            t[i] = (double)law_draw(&laws[k], draw(i, k)) * 1e-9;
        qsort(t, DRAWS, sizeof *t, ascending);
        double worst = 0;
        for (unsigned i = 0; i < DRAWS; i++) {
            double f = law_cdf(&laws[k], t[i]);
            worst = fmax(worst, fmax(fabs(f - (double)i / DRAWS), fabs((i + 1.0) / DRAWS - f)));
        }
        assert_true(worst < 1.95 / sqrt(DRAWS)); /* p = 0.001 */
        assert_true(worst > 0.3 / sqrt(DRAWS)); /* and not too good to be random */
    }
    free(t);
}

/* Integral of 1 - F over (0, t), by Simpson's rule in log time from far below t; the part below is its width. */
static double integral_of_survival(const struct law *law, double t)
{
    enum { STEPS = 4000 };
    double from = log(t) - 40, h = 40.0 / STEPS, sum = 0;
    for (unsigned i = 0; i <= STEPS; i++) {
        double x = exp(from + h * i);
        sum += x * (1 - law_cdf(law, x)) * (i == 0 || i == STEPS ? 1 : i % 2 ? 4 : 2);
    }
    return exp(from) + sum * h / 3;
}

static bool smooth(const struct law *law)
{
    return law->kind == LAW_EXPONENTIAL || law->kind == LAW_WEIBULL || law->kind == LAW_LOGNORMAL;
}

static void means_are_the_integral_of_survival(void **state)
{
    (void)state;
    for (unsigned k = 0; k < LAWS; k++)
        if (smooth(&laws[k]))
            assert_true(close_to(integral_of_survival(&laws[k], law_quantile(&laws[k], 1 - 1e-14)), law_mean(&laws[k]), 1e-6));
    assert_true(law_mean(&laws[0]) == 3.5);
    assert_true(law_mean(&laws[9]) == 90);
    assert_true(law_mean(&laws[11]) == INFINITY);
    struct law never = {LAW_NEVER, 0, 0};
    assert_true(law_mean(&never) == INFINITY);
}

static void residual_life_has_the_equilibrium_law(void **state)
{
    (void)state;
    static const double us[] = {1e-9, 1e-4, 0.01, 0.1, 0.3, 0.49999, 0.5, 0.50001, 0.7, 0.9, 0.99, 0.9999};
    for (unsigned k = 0; k < LAWS; k++) {
        if (!smooth(&laws[k]))
            continue;
        double mean = law_mean(&laws[k]);
        for (unsigned i = 0; i < sizeof us / sizeof *us; i++) {
            double h = integral_of_survival(&laws[k], law_residual_quantile(&laws[k], us[i])) / mean;
            assert_true(close_to(h, us[i], 1e-6));
        }
        for (double u = 0.0005, before = 0; u < 1; u += 0.0005) {
            double t = law_residual_quantile(&laws[k], u);
            assert_true(t > before);
            before = t;
        }
        assert_true(law_residual_quantile(&laws[k], 0x1p-53) > 0);
        assert_true(law_residual_quantile(&laws[k], 1 - 0x1p-53) < INFINITY);
    }
}

/* Of which very many are drawn: to 12 digits the same, into the tails. */
static void the_table_gives_the_same_law(void **state)
{
    (void)state;
    for (unsigned k = 0; k < LAWS; k++) {
        struct law_equilibrium eq;
        law_equilibrium_init(&eq, &laws[k]);
        for (unsigned i = 0; i < 2000; i++) {
            double v = draw(i, 70), u = i % 3 == 0 ? v : i % 3 == 1 ? v * v * v * v * v * v : 1 - v * v * v * v * v * v;
            if (!(u > 0 && u < 1))
                continue;
            double exact = law_residual_quantile(&laws[k], u), t = law_equilibrium_quantile(&eq, u);
            assert_true(exact == t || close_to(t, exact, 1e-12));
        }
        assert_true(law_equilibrium_quantile(&eq, 0x1p-53) > 0);
        assert_true(law_equilibrium_quantile(&eq, 1 - 0x1p-53) == law_residual_quantile(&laws[k], 1 - 0x1p-53));
    }
}

/* A piecewise linear survival function is integrated exactly by hand. */
static void residual_life_of_the_closed_forms(void **state)
{
    (void)state;
    struct law fixed = {LAW_FIXED, 8, 0};
    assert_true(law_residual_quantile(&fixed, 0.25) == 2);
    for (double u = 0.01; u < 1; u += 0.01) {
        double t = law_residual_quantile(&laws[0], u); /* uniform 2..5, mean 3.5 */
        double h = t <= 2 ? t / 3.5 : (2 + ((5 - 2) * (5 - 2) - (5 - t) * (5 - t)) / 6) / 3.5;
        assert_true(close_to(h, u, 1e-12));
        t = law_residual_quantile(&laws[9], u); /* Pareto 30, 1.5: mean 90 */
        h = t <= 30 ? t / 90 : 1 - pow(t / 30, -0.5) / 1.5;
        assert_true(close_to(h, u, 1e-12));
    }
    assert_true(law_residual_quantile(&laws[11], 0.5) == INFINITY);
    struct law never = {LAW_NEVER, 0, 0};
    assert_true(law_residual_quantile(&never, 0.5) == INFINITY && law_remaining_quantile(&never, 5, 0.5) == INFINITY);
}

/* The mean residual life is E[X^2] / 2 E[X]: the inspection paradox. */
static void mean_residual_life_is_length_biased(void **state)
{
    (void)state;
    enum { DRAWS = 40000 };
    const struct law law = {LAW_WEIBULL, 10170, 0.615};
    double sum = 0;
    for (unsigned i = 0; i < DRAWS; i++)
        sum += law_residual_quantile(&law, draw(i, 50));
    double second = 10170.0 * 10170.0 * tgamma(1 + 2 / 0.615);
    assert_true(close_to(sum / DRAWS, second / (2 * law_mean(&law)), 0.03));
}

static void remaining_life_solves_its_equation(void **state)
{
    (void)state;
    for (unsigned k = 0; k < LAWS; k++)
        for (double at = 0.05; at < 0.99; at += 0.09) {
            double age = law_quantile(&laws[k], at), before = 0;
            for (double u = 0.005; u < 1; u += 0.05) {
                double r = law_remaining_quantile(&laws[k], age, u);
                assert_true(r > before || (r == before && age + r <= laws[k].a));
                before = r;
                double s = (1 - law_cdf(&laws[k], age + r)) / (1 - law_cdf(&laws[k], age));
                assert_true(fabs(s - (1 - u)) < 1e-9);
            }
        }
    struct law fixed = {LAW_FIXED, 8, 0};
    assert_true(law_remaining_quantile(&fixed, 3, 0.5) == 5 && law_remaining_quantile(&fixed, 9, 0.5) == 0);
    assert_true(law_remaining_quantile(&laws[3], 0, 0.5) == law_quantile(&laws[3], 0.5));
    /* An age far beyond all that occurs: still positive and finite. */
    double late = law_remaining_quantile(&laws[8], 1e6, 0.5);
    assert_true(late > 0 && late < 1e6);
}

/* Where the whole law lies within a few digits of the age, and draws are as small as they get. */
static void remaining_life_is_never_negative(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 40000; i++) {
        const struct law narrow = {LAW_LOGNORMAL, 60, 0.001 * (double)(1 + i % 9)};
        double age = 60 * (0.9 + 0.2 * draw(i, 0)), u = draw(i, 1);
        u = i % 3 == 0 ? u : u * 0x1p-40 + 0x1p-53;
        assert_true(law_remaining_quantile(&narrow, age, u) >= 0);
        assert_true(law_remaining_quantile(&laws[i % LAWS], age, u) >= 0);
    }
}

static void draws_are_at_least_1_ns_and_at_most_never(void **state)
{
    (void)state;
    struct law tiny = {LAW_FIXED, 1e-12, 0}, second = {LAW_FIXED, 1, 0}, never = {LAW_NEVER, 0, 0}, wide = {LAW_PARETO, 1, 0.01};
    assert_true(law_draw(&tiny, 0.5) == 1);
    assert_true(law_draw(&second, 0.5) == SECONDS(1));
    assert_true(law_draw(&never, 0.5) == TIME_NEVER);
    assert_true(law_draw(&wide, 1 - 0x1p-53) == TIME_NEVER);
    for (unsigned k = 0; k < LAWS; k++) {
        assert_true(law_draw(&laws[k], 0x1p-53) >= 1);
        assert_true(law_quantile(&laws[k], 0x1p-53) < law_quantile(&laws[k], 1 - 0x1p-53));
    }
}

static uint64_t bits_of(double x)
{
    uint64_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

static void the_bits_are_the_same_everywhere(void **state)
{
    (void)state;
    uint64_t h = 0;
    for (unsigned k = 0; k < LAWS; k++)
        for (unsigned i = 0; i < 200; i++) {
            double u = draw(i, 90 + k), r[4];
            r[0] = law_quantile(&laws[k], u);
            r[1] = law_cdf(&laws[k], 10 * u);
            r[2] = law_residual_quantile(&laws[k], u);
            r[3] = law_remaining_quantile(&laws[k], 3, u);
            for (unsigned j = 0; j < 4; j++)
                h = (h ^ bits_of(r[j])) * UINT64_C(0x9e3779b97f4a7c15);
            h ^= h >> 29;
        }
    if (h != UINT64_C(0x9d59cb1a7199c3b3))
        fail_msg("hash of all results: 0x%016llx", (unsigned long long)h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normal_functions_agree_with_libm_into_the_tails),
        cmocka_unit_test(log1p_and_expm1_keep_the_digits_of_small_arguments),
        cmocka_unit_test(incomplete_gamma_meets_its_closed_forms),
        cmocka_unit_test(quantiles_invert_the_cdf),
        cmocka_unit_test(samples_pass_kolmogorov_smirnov),
        cmocka_unit_test(means_are_the_integral_of_survival),
        cmocka_unit_test(residual_life_has_the_equilibrium_law),
        cmocka_unit_test(the_table_gives_the_same_law),
        cmocka_unit_test(residual_life_of_the_closed_forms),
        cmocka_unit_test(mean_residual_life_is_length_biased),
        cmocka_unit_test(remaining_life_solves_its_equation),
        cmocka_unit_test(remaining_life_is_never_negative),
        cmocka_unit_test(draws_are_at_least_1_ns_and_at_most_never),
        cmocka_unit_test(the_bits_are_the_same_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

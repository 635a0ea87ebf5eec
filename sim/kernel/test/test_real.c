/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: log, exp, pow and gamma against the long double functions of libm (on this machine only: libm is the judge here, never a part of the simulator), their behaviour
 * at the edges, and the exact bits of a table of results, which every compiler and optimisation level must reproduce.
 * Leaves open: monotony between neighbouring doubles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "sim/kernel/random.h"
#include "sim/kernel/real.h"

#define BOUND 4e-15L
enum { DRAWS = 50000 };

static double draw(uint64_t i, uint64_t which)
{
    return random_unit(1, which, STREAM_TEST, i);
}

static void expect_close(double got, long double want)
{
    if (fabsl((long double)got - want) > BOUND * fabsl(want))
        fail_msg("%a where %La is right", got, want);
}

static void log_is_right_over_the_whole_range_and_near_one(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < DRAWS; i++) {
        double wide = exp((draw(i, 0) - 0.5) * 1400), near = 1 + (draw(i, 1) - 0.5) * pow(2, -50 * draw(i, 2));
        expect_close(real_log(wide), logl((long double)wide));
        expect_close(real_log(near), logl((long double)near));
    }
    expect_close(real_log(0x1p-1074), logl(0x1p-1074L));
    assert_true(real_log(1) == 0);
    assert_true(real_log(0) == -INFINITY);
    assert_true(real_log(INFINITY) == INFINITY);
}

static void exp_is_right_and_saturates(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < DRAWS; i++) {
        double x = (draw(i, 0) - 0.5) * 1400, small = (draw(i, 1) - 0.5) * pow(2, -60 * draw(i, 2));
        expect_close(real_exp(x), expl((long double)x));
        expect_close(real_exp(small), expl((long double)small));
    }
    assert_true(real_exp(0) == 1);
    assert_true(real_exp(1000) == INFINITY && real_exp(INFINITY) == INFINITY);
    assert_true(real_exp(-1000) == 0 && real_exp(-INFINITY) == 0);
    assert_true(real_exp(-745) > 0 && real_exp(709.7) < INFINITY);
}

static void pow_is_right_even_when_the_logarithm_is_large(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < DRAWS; i++) {
        double x = exp((draw(i, 0) - 0.5) * 1400), y = (draw(i, 1) - 0.5) * 1400 / log(x);
        expect_close(real_pow(x, y), powl((long double)x, (long double)y));
        double near = 1 + (draw(i, 2) - 0.5) * 0.01, steep = (draw(i, 3) - 0.5) * 1e5;
        expect_close(real_pow(near, steep), powl((long double)near, (long double)steep));
    }
    assert_true(real_pow(0, 2) == 0 && real_pow(0, -2) == INFINITY && real_pow(0, 0) == 1);
    assert_true(real_pow(1, 1e300) == 1 && real_pow(5, 0) == 1);
    assert_true(real_pow(INFINITY, 0.5) == INFINITY && real_pow(INFINITY, -0.5) == 0);
    assert_true(real_pow(10, 400) == INFINITY && real_pow(10, -400) == 0);
    assert_true(real_pow(2, 10) == 1024 && real_pow(9, 0.5) == 3);
}

static void gamma_is_right_and_meets_the_factorials(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < DRAWS; i++) {
        double x = draw(i, 0) * (i % 2 ? 171 : 10);
        expect_close(real_gamma(x), tgammal((long double)x));
    }
    double factorial = 1;
    for (unsigned n = 1; n < 25; n++) {
        expect_close(real_gamma(n), (long double)factorial);
        factorial *= n;
    }
    assert_true(real_gamma(200) == INFINITY);
    expect_close(real_gamma(171.5), tgammal(171.5L));
}

static uint64_t bits_of(double x)
{
    uint64_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

/* One hash over many results too: a compiler that contracts or reorders anything is caught here. */
static uint64_t bits_of_many(void)
{
    uint64_t h = 0;
    for (uint64_t i = 0; i < 4000; i++) {
        double u = draw(i, 10), v = draw(i, 11), x = real_exp((u - 0.5) * 600);
        double r[4] = {real_log(u), real_log(x), real_pow(x, (v - 0.5) * 2), real_gamma(v * 30)};
        h = h * 31 + bits_of(x);
        for (unsigned k = 0; k < 4; k++)
            h = (h ^ bits_of(r[k])) * UINT64_C(0x9e3779b97f4a7c15);
    }
    return h;
}

static void the_bits_are_the_same_everywhere(void **state)
{
    (void)state;
    static const struct { char f; double x, y, want; } table[] = {
        {'l', 0.10000000000000001, 0, -0x1.26bb1bbb55515p+1},
        {'l', 0.5, 0, -0x1.62e42fefa39efp-1},
        {'l', 0.70710678000000005, 0, -0x1.62e4300c77ae9p-2},
        {'l', 2, 0, 0x1.62e42fefa39efp-1},
        {'l', 10, 0, 0x1.26bb1bbb55516p+1},
        {'l', 0.99999990000000005, 0, -0x1.ad7f2b1049b9fp-24},
        {'l', 1e-300, 0, -0x1.5963447f87fb5p+9},
        {'l', 1.0000000000000001e+300, 0, 0x1.5963447f87fb5p+9},
        {'e', -700, 0, 0x1.14f2b0fb9307fp-1010},
        {'e', -1, 0, 0x1.78b56362cef38p-2},
        {'e', -0.10000000000000001, 0, 0x1.cf46d99d52b3bp-1},
        {'e', 1.0000000000000001e-09, 0, 0x1.000000044b83p+0},
        {'e', 0.29999999999999999, 0, 0x1.599058c8c1a96p+0},
        {'e', 1, 0, 0x1.5bf0a8b145769p+1},
        {'e', 10, 0, 0x1.5829dcf95056p+14},
        {'e', 700, 0, 0x1.d945df4f8ec8ep+1009},
        {'p', 2, 0.5, 0x1.6a09e667f3bccp+0},
        {'p', 10, -0.29999999999999999, 0x1.009b9cf334252p-1},
        {'p', 0.10000000000000001, 1.6259999999999999, 0x1.83a1dd506cb74p-6},
        {'p', 169.5, 0.61499999999999999, 0x1.77e3865bd5202p+4},
        {'p', 10000000000, 30, 0x1.7e43c8800759cp+996},
        {'p', 1.0001, 1000000, 0x1.330ab10a37aa5p+144},
        {'g', 0.01, 0, 0x1.8dbaf797edf4p+6},
        {'g', 0.5, 0, 0x1.c5bf891b4ef6bp+0},
        {'g', 1.6259999999999999, 0, 0x1.cb1d24ce79fc2p-1},
        {'g', 2.6259999999999999, 0, 0x1.75427225d140ep+0},
        {'g', 3.1000000000000001, 0, 0x1.194b9f0c5c6e3p+1},
        {'g', 10.5, 0, 0x1.14ade639225cap+20},
        {'g', 50.25, 0, 0x1.f658786903e2fp+209},
        {'g', 170, 0, 0x1.f2054eb4d96ecp+1011},
    };
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        double x = table[i].x, y = table[i].y;
        double got = table[i].f == 'l' ? real_log(x) : table[i].f == 'e' ? real_exp(x) : table[i].f == 'p' ? real_pow(x, y) : real_gamma(x);
        if (bits_of(got) != bits_of(table[i].want))
            fail_msg("%c(%g, %g) is %a, not %a", table[i].f, x, y, got, table[i].want);
    }
    assert_true(bits_of_many() == UINT64_C(0x383bdc782dc92108));
}

/* Against libm, which is good to an ulp. */
static void cosines_of_turns(void **state)
{
    (void)state;
    assert_true(real_cos_turn(0) == 1 && real_cos_turn(0.5) == -1 && real_cos_turn(-7) == 1);
    assert_true(fabs(real_cos_turn(0.25)) < 1e-16 && fabs(real_cos_turn(1e9 + 0.75)) < 1e-6);
    for (int k = -5000; k <= 5000; k++) {
        double x = k * 0.000719;
        assert_true(fabs(real_cos_turn(x) - cos(2 * M_PI * (x - (double)(long)x))) < 1e-15);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_is_right_over_the_whole_range_and_near_one),
        cmocka_unit_test(exp_is_right_and_saturates),
        cmocka_unit_test(pow_is_right_even_when_the_logarithm_is_large),
        cmocka_unit_test(gamma_is_right_and_meets_the_factorials),
        cmocka_unit_test(the_bits_are_the_same_everywhere),
        cmocka_unit_test(cosines_of_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

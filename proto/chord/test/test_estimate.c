/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins the arithmetic of self-tuning (RFC 7363 6) against floating point and the worked examples of 3.2: 93, 46 and 42 s. Leaves open what the estimates
 * are worth in an overlay (proto/test/test_tuning.c, sim/world/test/test_tuning.c). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/chord/estimate.h"

static double seconds(const struct estimate *e)
{
    return (double)estimate_interval(e) * 1e-9;
}

static void the_worked_examples(void **state)
{
    (void)state;
    /* One join and one leave each 30 s: 2,880 a day. */
    static const struct {
        struct estimate e;
        double s;
        unsigned table;
    } example[] = {{{500, 2880, 2880}, 93.3, 9}, {{500, 5760, 5760}, 46.6, 9}, {{2000, 6 * 2880, 6 * 2880}, 41.6, 11}};
    for (unsigned k = 0; k < 3; k++) {
        assert_true(fabs(seconds(&example[k].e) - example[k].s) < 0.06);
        assert_int_equal(estimate_log2_ceiling(example[k].e.size), example[k].table);
    }
}

static void the_logarithm_is_one(void **state)
{
    (void)state;
    for (uint32_t n = 1; n < UINT32_MAX / 2; n += 1 + n / 7) {
        assert_true(fabs(estimate_log2(n) / 65536.0 - log2(n)) < 2e-5);
        assert_int_equal(estimate_log2_ceiling(n), (unsigned)ceil(log2(n)));
    }
    assert_int_equal(estimate_log2(1u << 31), 31 << 16);
    assert_int_equal(estimate_log2(UINT32_MAX) >> 16, 31);
    assert_int_equal(estimate_log2_ceiling(UINT32_MAX), 32);
}

/* Joins count too: whichever of the two spans is shorter. */
static void intervals_follow_the_faster_of_joins_and_leaves(void **state)
{
    (void)state;
    for (uint32_t size = 2; size < 20000000; size = size * 3 + 1)
        for (uint32_t joins = 1; joins < 1000000000; joins = joins * 7 + 1)
            for (uint32_t leaves = 1; leaves < 1000000000; leaves = leaves * 7 + 1) {
                double fail = size / (2.0 * leaves), join = (double)size / joins, log = log2(size);
                double s = fmin(fail, join) * 86400 / (log * log);
                s = s < 15 ? 15 : s > 86400 ? 86400 : s;
                assert_true(fabs(seconds(&(struct estimate){size, joins, leaves}) - s) < 0.002 + s * 1e-4);
            }
    assert_true(estimate_interval(&(struct estimate){1, 0, 0}) == SECONDS(86400));
    assert_true(estimate_interval(&(struct estimate){0, UINT32_MAX, UINT32_MAX}) == SECONDS(15));
    assert_true(estimate_interval(&(struct estimate){UINT32_MAX, 0, 1}) == SECONDS(86400));
}

static void rates_are_rounded_up_and_saturate(void **state)
{
    (void)state;
    assert_int_equal(estimate_size((struct id){UINT64_C(1) << 63, 0}, 10), 20);
    assert_int_equal(estimate_size((struct id){UINT64_MAX / 1000, 0}, 6), 6000);
    assert_int_equal(estimate_size((struct id){0, 5}, 6), UINT32_MAX);
    assert_int_equal(estimate_leaves(500, 0, 30, 5), 0);
    assert_int_equal(estimate_leaves(500, 3, 30, 0), UINT32_MAX);
    assert_int_equal(estimate_leaves(500, 6, 30, 60000), 1440); /* 6 of 30 in 6,000 s */
    assert_int_equal(estimate_leaves(500, 6, 30, 60001), 1440); /* 1439.98 */
    assert_int_equal(estimate_leaves(UINT32_MAX, 32, 1, 1), UINT32_MAX);
    assert_int_equal(estimate_joins(1000, 36000), 24000);
    assert_int_equal(estimate_joins(1000, 36001), 24000);
    assert_int_equal(estimate_joins(1000, 0), UINT32_MAX);
}

static void the_third_quartile(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 16; n++) {
        uint32_t x[16];
        for (unsigned k = 0; k < n; k++)
            x[k] = (k * 11 + 5) % (n + 2) + 1; /* some twice */
        uint32_t sorted[16];
        unsigned m = 0;
        for (uint32_t v = 0; v <= 18; v++)
            for (unsigned k = 0; k < n; k++)
                if (x[k] == v)
                    sorted[m++] = v;
        unsigned rank = (unsigned)floor(0.75 * n + 0.5);
        assert_int_equal(estimate_percentile75(x, n), sorted[rank ? rank - 1 : 0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worked_examples),
        cmocka_unit_test(the_logarithm_is_one),
        cmocka_unit_test(intervals_follow_the_faster_of_joins_and_leaves),
        cmocka_unit_test(rates_are_rounded_up_and_saturate),
        cmocka_unit_test(the_third_quartile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

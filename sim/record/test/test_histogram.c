/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins the error bounds of the integer histogram and how failures enter a quantile. Leaves open how buckets are laid out. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/record/histogram.h"

static struct histogram *fresh(void)
{
    struct histogram *h = calloc(1, sizeof *h);
    assert_non_null(h);
    return h;
}

static void small_values_are_exact(void **state)
{
    (void)state;
    for (uint64_t v = 0; v < 256; v++) {
        struct histogram *h = fresh();
        histogram_add(h, v);
        assert_true(histogram_quantile(h, 0.5, 0, 0) == (double)v);
        free(h);
    }
}

static void one_value_is_found_again_within_half_a_percent(void **state)
{
    (void)state;
    for (uint64_t v = 256; v < UINT64_C(1) << 48; v += v / 37 + 1) {
        struct histogram *h = fresh();
        histogram_add(h, v);
        double found = histogram_quantile(h, 0.5, 0, 0);
        assert_true(fabs(found - (double)v) <= 0.004 * (double)v);
        assert_true(histogram_mean(h) == (double)v);
        free(h);
    }
}

static void a_value_beyond_the_range_counts_in_the_last_bucket(void **state)
{
    (void)state;
    struct histogram *h = fresh();
    histogram_add(h, UINT64_MAX / 2);
    assert_int_equal(h->count, 1);
    assert_true(histogram_quantile(h, 1, 0, 0) > (double)(UINT64_C(1) << 47));
    free(h);
}

static void quantiles_of_a_ramp_are_its_ranks(void **state)
{
    (void)state;
    struct histogram *h = fresh();
    for (uint64_t v = 1; v <= 100000; v++)
        histogram_add(h, v * 1000);
    assert_true(histogram_mean(h) == 50000500.0);
    assert_true(fabs(histogram_quantile(h, 0.50, 0, 0) / 50e6 - 1) < 0.004);
    assert_true(fabs(histogram_quantile(h, 0.95, 0, 0) / 95e6 - 1) < 0.004);
    assert_true(fabs(histogram_quantile(h, 0.99, 0, 0) / 99e6 - 1) < 0.004);
    free(h);
}

static void failures_count_as_the_limit_in_quantiles_only(void **state)
{
    (void)state;
    struct histogram *h = fresh();
    for (int i = 0; i < 97; i++)
        histogram_add(h, 10);
    assert_true(histogram_quantile(h, 0.97, 3, 15000) == 10);
    assert_true(histogram_quantile(h, 0.98, 3, 15000) == 15000);
    assert_true(histogram_mean(h) == 10);
    free(h);
}

static void an_empty_histogram_knows_nothing(void **state)
{
    (void)state;
    struct histogram *h = fresh();
    assert_true(isnan(histogram_mean(h)));
    assert_true(isnan(histogram_quantile(h, 0.5, 0, 0)));
    assert_true(histogram_quantile(h, 0.5, 1, 7) == 7);
    free(h);
}

static void ranges_lie_side_by_side_and_hold_their_values(void **state)
{
    (void)state;
    static struct histogram h;
    uint64_t low, high, end = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        histogram_range(i, &low, &high);
        assert_true(low == end && high > low);
        end = high;
        memset(&h, 0, sizeof h);
        histogram_add(&h, low);
        histogram_add(&h, high - 1);
        assert_int_equal(h.bucket[i], 2);
    }
    assert_true(end == UINT64_C(1) << HISTOGRAM_VALUE_BITS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_values_are_exact),
        cmocka_unit_test(one_value_is_found_again_within_half_a_percent),
        cmocka_unit_test(a_value_beyond_the_range_counts_in_the_last_bucket),
        cmocka_unit_test(quantiles_of_a_ramp_are_its_ranks),
        cmocka_unit_test(failures_count_as_the_limit_in_quantiles_only),
        cmocka_unit_test(an_empty_histogram_knows_nothing),
        cmocka_unit_test(ranges_lie_side_by_side_and_hold_their_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

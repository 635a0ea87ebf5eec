/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: Philox4x32-10 against the known answers of Random123, the values of our own draws (any change moves every result of every scenario), ranges, independence
 * of streams as far as a chi-square can see, and that the permutation is a bijection with the right inverse.
 * Leaves open: the statistical quality of Philox itself, which its authors tested with BigCrush. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sim/kernel/random.h"

__extension__ typedef unsigned __int128 wide;

static void expect_philox(const uint32_t counter[4], const uint32_t key[2], const uint32_t want[4])
{
    uint32_t got[4];
    philox4x32(counter, key, got);
    assert_memory_equal(got, want, sizeof got);
}

static void philox_gives_the_known_answers(void **state)
{
    (void)state;
    expect_philox((const uint32_t[4]){0, 0, 0, 0}, (const uint32_t[2]){0, 0},
                  (const uint32_t[4]){0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    expect_philox((const uint32_t[4]){UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX}, (const uint32_t[2]){UINT32_MAX, UINT32_MAX},
                  (const uint32_t[4]){0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
    expect_philox((const uint32_t[4]){0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, (const uint32_t[2]){0xa4093822, 0x299f31d0},
                  (const uint32_t[4]){0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

static void draws_keep_their_values(void **state)
{
    (void)state;
    assert_true(random_u64(1, 2, STREAM_TEST, 3) == UINT64_C(0x497cd9addeeda580));
    assert_true(random_u64(0, 0, 0, 0) == UINT64_C(0x0e1c09e2617c8edc));
    struct id128 id = permute128(permutation_key_of(1), (struct id128){.hi = 0, .lo = 7});
    assert_true(id.hi == UINT64_C(0x3773cdf1bb0b03b1) && id.lo == UINT64_C(0x2869ad4575785e34));
}

static void a_unit_draw_lies_strictly_between_0_and_1_and_is_even(void **state)
{
    (void)state;
    enum { DRAWS = 200000, CELLS = 100 };
    unsigned cell[CELLS] = {0};
    double sum = 0;
    for (uint64_t i = 0; i < DRAWS; i++) {
        double u = random_unit(42, i % 7, STREAM_TEST, i);
        assert_true(u > 0 && u < 1);
        cell[(unsigned)(u * CELLS)]++;
        sum += u;
    }
    double chi2 = 0, expect = (double)DRAWS / CELLS;
    for (unsigned i = 0; i < CELLS; i++)
        chi2 += (cell[i] - expect) * (cell[i] - expect) / expect;
    assert_true(chi2 < 149); /* 99 degrees of freedom, p = 0.001 */
    assert_true(sum / DRAWS > 0.498 && sum / DRAWS < 0.502);
}

static void random_below_stays_below_and_reaches_every_value(void **state)
{
    (void)state;
    unsigned seen[7] = {0};
    for (uint64_t i = 0; i < 7000; i++) {
        uint64_t x = random_below(5, 9, STREAM_TEST, i, 7);
        assert_true(x < 7);
        seen[x]++;
    }
    for (unsigned i = 0; i < 7; i++)
        assert_true(seen[i] > 880 && seen[i] < 1120);
    for (uint64_t i = 0; i < 1000; i++) {
        assert_true(random_below(5, 9, STREAM_TEST, i, 1) == 0);
        uint64_t n = UINT64_C(0xfedcba9876543210);
        uint64_t x = random_below(5, 9, STREAM_TEST, i, n);
        uint64_t want = (uint64_t)((wide)random_u64(5, 9, STREAM_TEST, i) * n >> 64);
        assert_true(x == want);
    }
}

static void every_argument_of_a_draw_matters(void **state)
{
    (void)state;
    uint64_t x = random_u64(1, 2, 3, 4);
    for (unsigned bit = 0; bit < 64; bit++) {
        assert_true(random_u64(1 ^ UINT64_C(1) << bit, 2, 3, 4) != x);
        assert_true(random_u64(1, 2 ^ UINT64_C(1) << bit, 3, 4) != x);
        assert_true(random_u64(1, 2, 3, 4 ^ UINT64_C(1) << bit) != x);
        assert_true(bit >= 32 || random_u64(1, 2, 3 ^ UINT32_C(1) << bit, 4) != x);
    }
}

static void streams_of_one_entity_are_uncorrelated(void **state)
{
    (void)state;
    enum { DRAWS = 100000 };
    double xy = 0;
    for (uint64_t i = 0; i < DRAWS; i++)
        xy += (random_unit(1, 77, STREAM_LOSS, i) - 0.5) * (random_unit(1, 77, STREAM_JITTER, i) - 0.5);
    double r = xy / DRAWS * 12; /* the variance of a uniform is 1/12 */
    assert_true(r > -0.013 && r < 0.013);
}

static void the_permutation_is_undone_by_its_inverse(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 100000; i++) {
        struct id128 x = {.hi = i % 3 == 0 ? 0 : random_u64(3, 0, STREAM_TEST, i), .lo = i % 3 == 1 ? random_u64(3, 1, STREAM_TEST, i) : i};
        struct id128 y = permute128(permutation_key_of(i % 5), x);
        struct id128 z = unpermute128(permutation_key_of(i % 5), y);
        assert_true(z.hi == x.hi && z.lo == x.lo);
        struct id128 w = permute128(permutation_key_of(i % 5), unpermute128(permutation_key_of(i % 5), x));
        assert_true(w.hi == x.hi && w.lo == x.lo);
    }
}

static int order(const void *a, const void *b)
{
    const struct id128 *x = a, *y = b;
    if (x->hi != y->hi)
        return x->hi < y->hi ? -1 : 1;
    return (x->lo > y->lo) - (x->lo < y->lo);
}

static void identities_get_distinct_ids_spread_evenly_over_the_ring(void **state)
{
    (void)state;
    enum { IDS = 65536, ARCS = 256 };
    struct id128 *id = malloc(IDS * sizeof *id);
    assert_non_null(id);
    unsigned arc[ARCS] = {0};
    for (uint64_t i = 0; i < IDS; i++) {
        id[i] = permute128(permutation_key_of(99), (struct id128){.hi = 0, .lo = i});
        arc[id[i].hi >> 56]++;
    }
    qsort(id, IDS, sizeof *id, order);
    for (unsigned i = 1; i < IDS; i++)
        assert_true(order(&id[i - 1], &id[i]) < 0);
    double chi2 = 0, expect = (double)IDS / ARCS;
    for (unsigned i = 0; i < ARCS; i++)
        chi2 += (arc[i] - expect) * (arc[i] - expect) / expect;
    assert_true(chi2 > 190 && chi2 < 331); /* 255 degrees of freedom, p = 0.001 on either side */
    free(id);
}

static void a_random_id_belongs_to_no_identity(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 10000; i++) {
        struct id128 y = {.hi = random_u64(8, 0, STREAM_TEST, i), .lo = random_u64(8, 1, STREAM_TEST, i)};
        assert_true(unpermute128(permutation_key_of(99), y).hi != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_gives_the_known_answers),
        cmocka_unit_test(draws_keep_their_values),
        cmocka_unit_test(a_unit_draw_lies_strictly_between_0_and_1_and_is_even),
        cmocka_unit_test(random_below_stays_below_and_reaches_every_value),
        cmocka_unit_test(every_argument_of_a_draw_matters),
        cmocka_unit_test(streams_of_one_entity_are_uncorrelated),
        cmocka_unit_test(the_permutation_is_undone_by_its_inverse),
        cmocka_unit_test(identities_get_distinct_ids_spread_evenly_over_the_ring),
        cmocka_unit_test(a_random_id_belongs_to_no_identity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

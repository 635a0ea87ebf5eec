/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins that ranks are drawn with Zipf's probabilities for exponents below, at and above 1, and that ranks and identities are one to one. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sim/kernel/random.h"
#include "sim/world/popularity.h"

#define DRAWS 200000u

static uint32_t draw(const struct popularity *p, uint64_t *counter)
{
    for (;;) {
        uint32_t rank = popularity_rank(p, random_unit(3, 0, STREAM_TEST, (*counter)++));
        if (rank)
            return rank;
    }
}

/* Chi-square over the first ranks, one at a time, and the rest together. */
static void ranks_follow(uint32_t n, double exponent)
{
    enum { CELLS = 20 };
    struct popularity p;
    double total = 0, expected[CELLS + 1] = {0}, seen[CELLS + 1] = {0}, chi = 0;
    uint64_t counter = 0;
    popularity_init(&p, n, exponent, 1);
    for (uint32_t k = 1; k <= n; k++)
        total += pow(k, -exponent);
    for (uint32_t k = 1; k <= n; k++)
        expected[k <= CELLS ? k - 1 : CELLS] += DRAWS * pow(k, -exponent) / total;
    for (unsigned i = 0; i < DRAWS; i++) {
        uint32_t k = draw(&p, &counter);
        assert_in_range(k, 1, n);
        seen[k <= CELLS ? k - 1 : CELLS]++;
    }
    for (unsigned i = 0; i <= CELLS; i++)
        chi += (seen[i] - expected[i]) * (seen[i] - expected[i]) / expected[i];
    assert_true(chi < 45.3); /* 20 degrees of freedom, one run in a thousand */
    assert_true((double)counter / DRAWS < 1.4);
}

static void ranks_have_zipfs_probabilities(void **state)
{
    (void)state;
    ranks_follow(1000, 0.8);
    ranks_follow(47000, 0.8);
    ranks_follow(5000, 1.0);
    ranks_follow(5000, 1.3);
}

static void exponent_0_is_uniform(void **state)
{
    (void)state;
    ranks_follow(50, 0);
}

static void every_identity_has_one_rank(void **state)
{
    (void)state;
    const uint32_t sizes[] = {1, 2, 3, 10, 1000, 4096, 30030};
    for (unsigned s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        for (uint64_t seed = 0; seed < 5; seed++) {
            struct popularity p;
            popularity_init(&p, sizes[s], 0.8, seed);
            uint8_t *met = calloc(sizes[s], 1);
            for (uint32_t rank = 1; rank <= sizes[s]; rank++) {
                uint32_t identity = popularity_identity(&p, rank);
                assert_true(identity < sizes[s] && !met[identity]);
                met[identity] = 1;
            }
            free(met);
        }
}

static void one_identity_is_always_found(void **state)
{
    (void)state;
    struct popularity p;
    uint64_t counter = 0;
    popularity_init(&p, 1, 0.8, 1);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(popularity_identity(&p, draw(&p, &counter)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_have_zipfs_probabilities),
        cmocka_unit_test(exponent_0_is_uniform),
        cmocka_unit_test(every_identity_has_one_rank),
        cmocka_unit_test(one_identity_is_always_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

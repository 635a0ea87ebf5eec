/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: values of hash64 (they are in every signature token and fingerprint), its avalanche and its freedom from collisions on inputs that
 * differ little; bytes and identifiers; small floats; error texts. Leaves open: hash64 against an adversary, which it does not claim to withstand. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/bytes.h"
#include "proto/base/error.h"
#include "proto/base/hash.h"
#include "proto/base/id.h"
#include "proto/base/small.h"

static void hash_values_never_change(void **state)
{
    static const size_t len[] = {0, 1, 3, 4, 8, 16, 17, 48, 49, 100, 256};
    static const uint64_t value[] = {
        UINT64_C(0x80208f451882f97e), UINT64_C(0xbcd0948f920aa16c), UINT64_C(0xf04fde50206f9af6), UINT64_C(0x39c21f471e04615e),
        UINT64_C(0x97aeeb952d745dde), UINT64_C(0x9b59287ea1e835ad), UINT64_C(0x1af9f540bd78e254), UINT64_C(0x98a393eefa17c6ae),
        UINT64_C(0xfe9a90b4dfab0ca6), UINT64_C(0x51fe2a97eba1220d), UINT64_C(0xdcc214aa22715a81),
    };
    uint8_t b[256];

    (void)state;
    for (unsigned i = 0; i < sizeof b; i++)
        b[i] = (uint8_t)(i * 7 + 3);
    for (unsigned i = 0; i < sizeof len / sizeof *len; i++)
        assert_int_equal(hash64(42, b, len[i]), value[i]);
}

/* Each flipped bit of input or key moves each bit of the value with probability 1/2. */
static void hash_avalanches(void **state)
{
    static const size_t sizes[] = {1, 4, 7, 8, 13, 16, 17, 32, 48, 63, 100, 200};
    uint8_t b[200];
    uint64_t x = 1;

    (void)state;
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned flips = 0, moved = 0, bit[64] = {0};
        for (unsigned round = 0; round < 40; round++) {
            for (size_t k = 0; k < sizes[i]; k++)
                b[k] = (uint8_t)(x = hash64_mix(x, k));
            uint64_t h = hash64(x, b, sizes[i]);
            for (size_t k = 0; k < sizes[i] * 8 + 64; k++, flips++) {
                uint64_t key = k < 64 ? x ^ UINT64_C(1) << k : x, g;
                if (k >= 64)
                    b[(k - 64) / 8] ^= (uint8_t)(1u << k % 8);
                g = h ^ hash64(key, b, sizes[i]);
                if (k >= 64)
                    b[(k - 64) / 8] ^= (uint8_t)(1u << k % 8);
                moved += (unsigned)__builtin_popcountll(g);
                for (unsigned n = 0; n < 64; n++)
                    bit[n] += (unsigned)(g >> n & 1);
            }
        }
        assert_in_range(moved * 1000ul / (flips * 64ul), 495, 505);
        for (unsigned n = 0; n < 64; n++)
            assert_in_range(bit[n] * 100ul / flips, 45, 55);
    }
}

static int compare(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

static void hashes_of_similar_inputs_differ(void **state)
{
    enum { N = 200000 };
    uint64_t *h = malloc(N * sizeof *h);
    uint8_t zeros[512] = {0}, b[24] = {0};
    unsigned n = 0;

    (void)state;
    for (size_t len = 0; len < sizeof zeros; len++)
        h[n++] = hash64(0, zeros, len);
    for (uint64_t key = 1; key < 50000; key++)
        h[n++] = hash64(key, zeros, 24);
    for (unsigned i = 0; i < sizeof zeros; i++) { /* one byte set, anywhere */
        zeros[i] = 1;
        h[n++] = hash64(0, zeros, sizeof zeros);
        zeros[i] = 0;
    }
    while (n < N) { /* a counter in two words at once */
        store_be32(b + 4, n);
        store_be32(b + 20, n);
        h[n++] = hash64(7, b, sizeof b);
    }
    qsort(h, N, sizeof *h, compare);
    for (unsigned i = 1; i < N; i++)
        assert_true(h[i] != h[i - 1]);
    free(h);
}

static void mixing_is_a_bijection_of_the_word(void **state)
{
    (void)state;
    for (uint64_t i = 0, h = 0; i < 1000; i++, h = hash64_mix(h, i))
        assert_true(hash64_mix(h, i) != hash64_mix(h, i + 1));
}

static void words_are_big_endian_on_the_wire(void **state)
{
    uint8_t b[8];

    (void)state;
    store_be64(b, UINT64_C(0x0102030405060708));
    for (int i = 0; i < 8; i++)
        assert_int_equal(b[i], i + 1);
    assert_true(load_be64(b) == UINT64_C(0x0102030405060708));
    assert_true(load_le64(b) == UINT64_C(0x0807060504030201));
    assert_int_equal(load_be32(b), 0x01020304);
    assert_int_equal(load_le32(b), 0x04030201);
    assert_int_equal(load_be24(b), 0x010203);
    assert_int_equal(load_be16(b), 0x0102);
    store_be24(b, 0xfefdfc);
    assert_int_equal(load_be24(b), 0xfefdfc);
}

static void identifiers_are_a_ring(void **state)
{
    struct id zero = {0, 0}, one = {0, 1}, top = {UINT64_MAX, UINT64_MAX}, half = {UINT64_C(1) << 63, 0}, x = {1, UINT64_MAX};
    uint8_t b[16];

    (void)state;
    id_store(b, x);
    assert_true(id_equal(id_load(b), x));
    assert_int_equal(b[7], 1);
    assert_true(id_equal(id_next(top), zero));
    assert_true(id_equal(id_next(x), ((struct id){2, 0})));
    assert_true(id_equal(id_distance(one, zero), top));
    assert_true(id_equal(id_power(127), half));
    assert_true(id_equal(id_power(64), ((struct id){1, 0})));
    assert_true(id_equal(id_power(0), one));
    assert_true(id_in_range(top, zero, one));
    assert_true(id_in_range(top, one, one));
    assert_false(id_in_range(top, top, one));
    assert_false(id_in_range(zero, top, one));
    assert_true(id_in_range(half, top, half)); /* alone: everything */
    assert_true(id_in_range(half, half, half));
    assert_true(id_compare(half, x) > 0 && id_compare(x, half) < 0 && id_compare(x, x) == 0);
}

static void small_numbers_are_near_what_they_stand_for(void **state)
{
    (void)state;
    static const struct {
        unsigned bits;
        uint32_t exact;
        double error;
    } kind[] = {{SMALL_12_BITS, 511, 0.0021}, {SMALL_10_BITS, 127, 0.0081}};
    for (unsigned k = 0; k < 2; k++) {
        uint32_t before = 0;
        for (uint32_t value = 0; value < 70000; value++) {
            uint32_t x = small_put(value, kind[k].bits), back = small_get(x, kind[k].bits);
            double meant = value < 65536 ? value : 65535;
            assert_true(x < 1u << kind[k].bits && x >= before);
            before = x;
            assert_int_equal(small_put(back, kind[k].bits), x);
            if (value <= kind[k].exact)
                assert_int_equal(back, value);
            else
                assert_true(back >= meant * (1 - kind[k].error) && back <= meant * (1 + kind[k].error));
        }
    }
}

static void every_error_has_a_text(void **state)
{
    (void)state;
    assert_string_equal(error_text(0), "no error");
    assert_string_equal(error_text(ERR_SHORT), "input ends inside a field");
    assert_string_equal(error_text(ERR_FORBIDDEN), "signer lacks permission");
    for (int code = ERR_FIRST + 1; code < ERR_END; code++)
        assert_true(strlen(error_text(code)) > 5 && strcmp(error_text(code), "unknown error"));
    assert_string_equal(error_text(ERR_END), "unknown error");
    assert_string_equal(error_text(ERR_FIRST), "unknown error");
    assert_string_equal(error_text(5), "unknown error");
    assert_true(ERR_END <= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_values_never_change),
        cmocka_unit_test(hash_avalanches),
        cmocka_unit_test(hashes_of_similar_inputs_differ),
        cmocka_unit_test(mixing_is_a_bijection_of_the_word),
        cmocka_unit_test(words_are_big_endian_on_the_wire),
        cmocka_unit_test(identifiers_are_a_ring),
        cmocka_unit_test(small_numbers_are_near_what_they_stand_for),
        cmocka_unit_test(every_error_has_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: every bitmap of received frames that fits 16 bits comes out as it went in, those with at most two holes do (three when whole), and no word is the one that
 * stands for a bitmap kept elsewhere. Leaves open: where that is kept (test_link). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/reload/received.h"

static void assert_packs(uint32_t bits)
{
    uint16_t word = 0;
    assert_true(received_pack(bits, &word));
    assert_int_equal(received_bits(word), bits);
    assert_int_not_equal(word, RECEIVED_ASIDE);
}

static uint32_t ones(unsigned count)
{
    return count == 32 ? UINT32_MAX : (UINT32_C(1) << count) - 1;
}

static void bitmaps_with_few_holes_fit(void **state)
{
    (void)state;
    for (unsigned count = 0; count <= 32; count++) {
        assert_packs(ones(count));
        for (unsigned a = 0; a + 1 < count; a++)
            for (unsigned b = a; b + 1 < count; b++)
                assert_packs(ones(count) & ~(UINT32_C(1) << a | UINT32_C(1) << b));
    }
    for (unsigned a = 0; a < 31; a++)
        for (unsigned b = a; b < 31; b++)
            for (unsigned c = b; c < 31; c++)
                assert_packs(~(UINT32_C(1) << a | UINT32_C(1) << b | UINT32_C(1) << c));
}

static void others_do_not(void **state)
{
    (void)state;
    uint16_t word = 0;
    assert_false(received_pack(UINT32_C(0x80000777), &word));
    assert_false(received_pack(UINT32_C(0x7ffffff0), &word));
    assert_false(received_pack(UINT32_C(0xfffffff0), &word));
    assert_false(received_pack(UINT32_C(0x11), &word));
    assert_true(received_pack(UINT32_C(0x9), &word));
}

static void nothing_received_is_zero(void **state)
{
    (void)state;
    uint16_t word = 0;
    assert_true(received_pack(0, &word));
    assert_int_equal(word, 0);
}

/* What fits does so whatever it is. */
static void any_bitmap_comes_back_or_is_refused(void **state)
{
    (void)state;
    uint32_t bits = 1, fitting = 0;
    for (unsigned k = 0; k < 2000000; k++) {
        bits = bits * 1664525u + 1013904223u;
        uint32_t x = k % 2 ? bits | bits << 7 | bits << 13 | bits >> 11 | bits << 3 : bits >> (bits & 31u);
        uint16_t word = 0;
        if (!received_pack(x, &word))
            continue;
        fitting++;
        assert_int_equal(received_bits(word), x);
        assert_int_not_equal(word, RECEIVED_ASIDE);
    }
    assert_true(fitting > 100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bitmaps_with_few_holes_fit),
        cmocka_unit_test(others_do_not),
        cmocka_unit_test(nothing_received_is_zero),
        cmocka_unit_test(any_bitmap_comes_back_or_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: units and their factors, exact decimal arithmetic, rounding, overflow; that printed quantities read back to the same value; dates; the nearest
 * word. Leaves open: which key takes which unit (test_scenario.c), messages in full (test_wrong.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "sim/scenario/date.h"
#include "sim/scenario/nearest.h"
#include "sim/scenario/quantity.h"

static struct quantity parse(enum unit_class class, const char *text)
{
    struct quantity q = {0};
    char why[160] = "";
    if (quantity_parse(class, text, &q, why, sizeof why))
        fail_msg("%s %s", text, why);
    return q;
}

static void a_quantity_is_its_number_times_its_unit(void **state)
{
    (void)state;
    static const struct {
        enum unit_class class;
        const char *text;
        double real;
        uint64_t whole;
    } right[] = {
        {UNIT_TIME, "600 s", 600, UINT64_C(600000000000)},
        {UNIT_TIME, "10 min", 600, UINT64_C(600000000000)},
        {UNIT_TIME, "10min", 600, UINT64_C(600000000000)},
        {UNIT_TIME, "10   min", 600, UINT64_C(600000000000)},
        {UNIT_TIME, "2 h", 7200, UINT64_C(7200000000000)},
        {UNIT_TIME, "1.5 d", 129600, UINT64_C(129600000000000)},
        {UNIT_TIME, "282 us", 282e-6, 282000},
        {UNIT_TIME, "0.1 ms", 0.1e-3, 100000},
        {UNIT_TIME, "1 ns", 1e-9, 1},
        {UNIT_TIME, "169.5 min", 10170, UINT64_C(10170000000000)},
        {UNIT_TIME, "1e3 s", 1000, UINT64_C(1000000000000)},
        {UNIT_TIME, "25E-1 ms", 2.5e-3, 2500000},
        {UNIT_TIME, "0 s", 0, 0},
        {UNIT_SHARE, "0.5 %", 0.005, 1},
        {UNIT_SHARE, "100%", 1, 100},
        {UNIT_COUNT, "10 k", 10000, 10000},
        {UNIT_COUNT, "1 M", 1e6, 1000000},
        {UNIT_COUNT, "2.5k", 2500, 2500},
        {UNIT_COUNT, "4 G", 4e9, UINT64_C(4000000000)},
        {UNIT_COUNT, "77", 77, 77},
        {UNIT_BYTES, "256 KiB", 262144, 262144},
        {UNIT_BYTES, "5 kB", 5000, 5000},
        {UNIT_BYTES, "1.5 MiB", 1572864, 1572864},
        {UNIT_RATE, "256 kbit/s", 256e3, 256000},
        {UNIT_RATE, "8 Mbit/s", 8e6, 8000000},
        {UNIT_RETRANSMISSIONS, "3 retransmissions", 3, 3},
        {UNIT_RETRANSMISSIONS, "1 retransmission", 1, 1},
        {UNIT_NONE, "0.8", 0.8, 1},
        {UNIT_NONE, "18446744073709551615", 18446744073709551615.0, UINT64_MAX},
    };
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        struct quantity q = parse(right[i].class, right[i].text);
        if (q.real != right[i].real || (q.whole != right[i].whole))
            fail_msg("%s: %.17g %llu", right[i].text, q.real, (unsigned long long)q.whole);
    }
}

static void times_are_exact_where_doubles_are_not(void **state)
{
    (void)state;
    assert_true(parse(UNIT_TIME, "9007199254740993 ns").whole == UINT64_C(9007199254740993)); /* 2^53 + 1 */
    assert_true(parse(UNIT_TIME, "0.123456789 s").whole == 123456789);
    assert_true(parse(UNIT_TIME, "0.123456789 s").is_whole);
    assert_true(parse(UNIT_TIME, "0.1234567894 s").whole == 123456789);
    assert_false(parse(UNIT_TIME, "0.1234567894 s").is_whole);
    assert_true(parse(UNIT_TIME, "0.1234567895 s").whole == 123456790);
    assert_true(parse(UNIT_TIME, "1e-400 s").whole == 0);
    assert_false(parse(UNIT_COUNT, "1.0005 k").is_whole);
    assert_true(parse(UNIT_COUNT, "1.0000 k").is_whole);
    assert_false(parse(UNIT_COUNT, "0.00000000000000000000000000000000000000000001").is_whole);
    assert_true(parse(UNIT_COUNT, "10000000000000000000000e-21").whole == 10);
}

static void what_is_no_quantity_is_refused_with_a_reason(void **state)
{
    (void)state;
    static const struct {
        enum unit_class class;
        const char *text, *why;
        int result;
    } wrong[] = {
        {UNIT_TIME, "", "is a time with its unit, as in 10 s, not \"\"", -1},
        {UNIT_TIME, "abc", "is a time with its unit, as in 10 s, not \"abc\"", -1},
        {UNIT_TIME, ".5 s", "is a time with its unit, as in 10 s, not \".5 s\"", -1},
        {UNIT_TIME, "+5 s", "is a time with its unit, as in 10 s, not \"+5 s\"", -1},
        {UNIT_TIME, "inf", "is a time with its unit, as in 10 s, not \"inf\"", -1},
        {UNIT_TIME, "-5 s", "must not be negative", -1},
        {UNIT_TIME, "5", "has no unit: write \"5 s\"", -1},
        {UNIT_TIME, "5.", "is a time; \".\" is no unit for it, the units are ns, us, ms, s, min, h, d", -1},
        {UNIT_TIME, "5 s ", "is a time; \"s \" is no unit for it, the units are ns, us, ms, s, min, h, d", -1},
        {UNIT_TIME, "5 10 s", "is a time; \"10 s\" is no unit for it, the units are ns, us, ms, s, min, h, d", -1},
        {UNIT_TIME, "5,5 s", "is a time; \",5 s\" is no unit for it, the units are ns, us, ms, s, min, h, d", -1},
        {UNIT_TIME, "5 minutes", "has the unit \"minutes\": did you mean min?", -1},
        {UNIT_TIME, "5 \xc2\xb5s", "has the unit \"\xc2\xb5s\": did you mean us?", -1},
        {UNIT_TIME, "300000 d", "is too large", -2},
        {UNIT_TIME, "1e300 s", "is too large", -2},
        {UNIT_TIME, "1e99999999999 s", "is too large", -2},
        {UNIT_COUNT, "1e30", "is too large", -2},
        {UNIT_NONE, "1e999", "is too large", -2},
        {UNIT_NONE, "3 s", "is a plain number without unit: write 3", -1},
        {UNIT_SHARE, "0.5", "has no unit: write \"0.5 %\" or \"50 %\"", -1},
        {UNIT_SHARE, "50", "has no unit: write \"50 %\"", -1},
        {UNIT_BYTES, "5 kb", "has the unit \"kb\": did you mean kB?", -1},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct quantity q;
        char why[160] = "";
        assert_int_equal(quantity_parse(wrong[i].class, wrong[i].text, &q, why, sizeof why), wrong[i].result);
        assert_string_equal(why, wrong[i].why);
    }
}

static void printing_chooses_the_largest_unit_that_divides(void **state)
{
    (void)state;
    static const struct {
        enum unit_class class;
        uint64_t whole;
        const char *text;
    } right[] = {
        {UNIT_TIME, UINT64_C(600000000000), "10 min"},
        {UNIT_TIME, UINT64_C(90000000000), "90 s"},
        {UNIT_TIME, UINT64_C(86400000000000), "1 d"},
        {UNIT_TIME, 1500, "1500 ns"},
        {UNIT_TIME, 0, "0 s"},
        {UNIT_COUNT, 10000, "10 k"},
        {UNIT_COUNT, 1500, "1500"},
        {UNIT_COUNT, 0, "0"},
        {UNIT_BYTES, 262144, "256 KiB"},
        {UNIT_BYTES, 5000, "5 kB"},
        {UNIT_BYTES, 0, "0 B"},
        {UNIT_RETRANSMISSIONS, 3, "3 retransmissions"},
        {UNIT_NONE, 1000, "1000"},
    };
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        char text[48];
        quantity_print_whole(right[i].class, right[i].whole, text, sizeof text);
        assert_string_equal(text, right[i].text);
    }
}

/* A generator of its own: the values only have to be many and of all sizes. */
static uint64_t next(uint64_t *x)
{
    *x = *x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *x ^ *x >> 29;
}

static void printed_whole_quantities_read_back(void **state)
{
    (void)state;
    static const enum unit_class classes[] = {UNIT_TIME, UNIT_COUNT, UNIT_BYTES,
                                              UNIT_RATE, UNIT_NONE,  UNIT_RETRANSMISSIONS};
    uint64_t x = 1;
    for (unsigned i = 0; i < 20000; i++) {
        uint64_t whole = next(&x) >> (next(&x) % 64);
        for (uint64_t round = next(&x) % 12; round && whole < UINT64_MAX / 10; round--)
            whole *= 10;
        char text[48];
        enum unit_class class = classes[i % 6];
        quantity_print_whole(class, whole, text, sizeof text);
        assert_true(parse(class, text).whole == whole);
    }
}

static void printed_real_quantities_read_back(void **state)
{
    (void)state;
    uint64_t x = 2;
    for (unsigned i = 0; i < 20000; i++) {
        char text[48];
        double number = (double)(next(&x) >> 11) / (double)(UINT64_C(1) << (next(&x) % 60 + 1));
        quantity_print_real(UNIT_NONE, number, text, sizeof text);
        assert_true(parse(UNIT_NONE, text).real == number);
        if (number < 1e10) {
            quantity_print_real(UNIT_TIME, number, text, sizeof text);
            assert_true(parse(UNIT_TIME, text).real == number);
        }
        snprintf(text, sizeof text, "%.*g %%", (int)(i % 16) + 1, (double)(next(&x) % 1000000007) / 1e7);
        double share = parse(UNIT_SHARE, text).real; /* a share that somebody could write */
        quantity_print_real(UNIT_SHARE, share, text, sizeof text);
        assert_true(parse(UNIT_SHARE, text).real == share);
    }
}

static void printed_reals_are_short(void **state)
{
    (void)state;
    char text[48];
    quantity_print_real(UNIT_SHARE, 0.3, text, sizeof text);
    assert_string_equal(text, "30 %");
    quantity_print_real(UNIT_SHARE, 0.005, text, sizeof text);
    assert_string_equal(text, "0.5 %");
    quantity_print_real(UNIT_TIME, 0.01, text, sizeof text);
    assert_string_equal(text, "10 ms");
    quantity_print_real(UNIT_NONE, 0.615, text, sizeof text);
    assert_string_equal(text, "0.615");
    quantity_print_real(UNIT_NONE, 100000, text, sizeof text);
    assert_string_equal(text, "100000");
    quantity_print_real(UNIT_SHARE, 0, text, sizeof text);
    assert_string_equal(text, "0 %");
}

static void dates_are_those_of_the_calendar(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ms;
    } right[] = {
        {"1970-01-01", 0},
        {"2009-10-19", 1255910400000},
        {"2000-02-29", 951782400000},
        {"2009-10-19T06:07:08Z", 1255932428000},
        {"9999-12-31T23:59:59Z", 253402300799000},
    };
    static const char *const wrong[] = {"2009-10-1",           "2009-13-01",        "2009-00-10",
                                        "1900-01-01",          "2100-02-29",        "2009-10-19T24:00:00Z",
                                        "2009-10-19 06:00:00", "2009-10-19T06:00Z", "x"};
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        uint64_t ms;
        char text[32];
        assert_true(date_parse(right[i].text, &ms));
        assert_true(ms == right[i].ms);
        date_print(ms, text, sizeof text);
        assert_string_equal(text, right[i].text);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uint64_t ms;
        assert_false(date_parse(wrong[i], &ms));
    }
}

static const char *nearest_of(const char *typed)
{
    static const char *const words[] = {"peers", "start", "bootstrap", "chord-update-interval", "keepalive", "at"};
    struct nearest n;
    nearest_begin(&n, typed);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        nearest_offer(&n, words[i]);
    return n.best ? n.best : "";
}

static void the_nearest_word_is_what_was_meant_or_none(void **state)
{
    (void)state;
    assert_string_equal(nearest_of("peer"), "peers");
    assert_string_equal(nearest_of("pers"), "peers");
    assert_string_equal(nearest_of("peres"), "peers");
    assert_string_equal(nearest_of("Peers"), "peers");
    assert_string_equal(nearest_of("boostrap"), "bootstrap");
    assert_string_equal(nearest_of("chord_update_interval"), "chord-update-interval");
    assert_string_equal(nearest_of("keep-alive"), "keepalive");
    assert_string_equal(nearest_of("frobnicate"), "");
    assert_string_equal(nearest_of("xy"), "");
    assert_string_equal(nearest_of(""), "");
    assert_string_equal(nearest_of("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quantity_is_its_number_times_its_unit),
        cmocka_unit_test(times_are_exact_where_doubles_are_not),
        cmocka_unit_test(what_is_no_quantity_is_refused_with_a_reason),
        cmocka_unit_test(printing_chooses_the_largest_unit_that_divides),
        cmocka_unit_test(printed_whole_quantities_read_back),
        cmocka_unit_test(printed_real_quantities_read_back),
        cmocka_unit_test(printed_reals_are_short),
        cmocka_unit_test(dates_are_those_of_the_calendar),
        cmocka_unit_test(the_nearest_word_is_what_was_meant_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: a parcel gives back the event and its bytes, and each of its bytes is a function of these. Leaves to test_engines: that partitions that meet through parcels
 * do what one alone does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/rank/parcel.h"

static void fill(struct event *e, int garbage, uint16_t len)
{
    memset(e, garbage, sizeof *e);
    e->at = 5;
    e->dst = 1;
    e->src = 2;
    e->seq = 3;
    e->chan = 4;
    e->len = len;
    e->true_len = 500;
    e->class = 7;
    e->flags = 9;
}

static void a_parcel_is_defined_to_the_last_byte(void **state)
{
    (void)state;
    static const uint8_t bytes[32] = "some bytes of a datagram";
    for (uint16_t len = 0; len <= 24; len++) {
        uint64_t room[2][8];
        struct event e, got;
        const uint8_t *payload;
        for (int k = 0; k < 2; k++) {
            memset(room[k], k ? 0xff : 0x11, sizeof room[k]);
            fill(&e, k ? 0xa5 : 0x5a, len);
            parcel_write(room[k], &e, bytes);
        }
        assert_int_equal(parcel_size(len) % 8, 0);
        assert_memory_equal(room[0], room[1], parcel_size(len));
        assert_ptr_equal(parcel_read((const uint8_t *)room[0], &got, &payload), (const uint8_t *)room[0] + parcel_size(len));
        assert_true(got.at == 5 && got.dst == 1 && got.src == 2 && got.seq == 3 && got.chan == 4 && got.len == len && got.true_len == 500 &&
                    got.class == 7 && got.flags == 9);
        assert_memory_equal(payload, bytes, len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_parcel_is_defined_to_the_last_byte)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins what a channel keeps in few bits: delays (which are exact, how far others are off, that rounding twice is rounding once, where it ends), and tags, of which the two ends
 * of a channel know each other's. Leaves open: when it heard something (test_keepalive.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/net/host.h"

static sim_time kept(sim_time ns)
{
    uint16_t x = one_way_put(ns);
    assert_int_not_equal(x, ONE_WAY_NONE);
    return one_way_get(x);
}

static void delays_are_kept_within_an_8192th(void **state)
{
    (void)state;
    for (sim_time ns = 0; ns < SECONDS(4); ns += ns / 1500 + 7) {
        sim_time k = kept(ns), off = k > ns ? k - ns : ns - k;
        assert_true(off <= (ns / 8192 > ONE_WAY_UNIT_NS / 2 ? ns / 8192 : ONE_WAY_UNIT_NS / 2));
        assert_int_equal(kept(k), k);
        assert_true(kept(ns + 1) >= k);
    }
    for (sim_time ms = 0; ms <= 65; ms++)
        assert_int_equal(kept(MILLIS(ms)), MILLIS(ms));
}

static void every_number_is_a_delay_of_its_own(void **state)
{
    (void)state;
    uint32_t last = one_way_put(SECONDS(4));
    for (uint32_t x = 0; x <= last; x++)
        assert_int_equal(one_way_put(one_way_get(x)), x);
}

static void what_is_too_long_is_not_kept(void **state)
{
    (void)state;
    sim_time most = MILLIS(4293);
    assert_in_range(kept(most), most - most / 8192, most + most / 8192);
    assert_int_equal(one_way_put(MILLIS(4295)), ONE_WAY_NONE);
    assert_int_equal(one_way_put(SECONDS(100)), ONE_WAY_NONE);
    assert_int_equal(one_way_put(TIME_NEVER), ONE_WAY_NONE);
}

/* The client counts; the server learns the client's tag with the first flight, the client the server's slot with the answer. */
static void the_two_ends_know_each_others_tag(void **state)
{
    (void)state;
    uint32_t last = 0;
    for (uint32_t generation = 0; generation < 1200; generation++) {
        struct channel client = {.remote = tag_make(generation, true, SLOT_NONE) & TAG_MASK}, server = {.remote = channel_tag(&client, 17) & TAG_MASK};
        assert_true(!channel_is_server(&client) && channel_is_server(&server));
        assert_false(channel_knows_remote(&client));
        assert_true(channel_knows_remote(&server));
        assert_int_equal(tag_slot(server.remote), 17);
        client.remote = channel_tag(&server, CHANNELS_MAX - 1) & TAG_MASK;
        assert_true(channel_knows_remote(&client) && !channel_is_server(&client));
        assert_int_equal(tag_slot(client.remote), CHANNELS_MAX - 1);
        assert_int_equal(channel_tag(&client, 17), server.remote);
        assert_int_equal(channel_tag(&server, CHANNELS_MAX - 1), client.remote);
        assert_true(client.remote <= TAG_MASK && server.remote <= TAG_MASK && client.remote != last);
        last = client.remote;
    }
    /* Whoever opened, and whatever number it counted: the other's channels are told apart. */
    for (uint32_t mine = 0; mine < 1u << GENERATION_BITS; mine += 37)
        for (uint32_t theirs = 0; theirs < 1u << GENERATION_BITS; theirs++)
            assert_int_not_equal(tag_make(mine, false, 0), tag_make(theirs, true, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays_are_kept_within_an_8192th),
        cmocka_unit_test(every_number_is_a_delay_of_its_own),
        cmocka_unit_test(what_is_too_long_is_not_kept),
        cmocka_unit_test(the_two_ends_know_each_others_tag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

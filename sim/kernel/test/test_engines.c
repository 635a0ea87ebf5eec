/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: that the windows engine does what the heap does, event for event, at every node, for any window, any number of partitions, threads or not, one node or
 * several a site, ties, bursts, hot sites, cuts at odd instants; that neither datagrams nor re-armed wake-ups leave memory behind.
 * Leaves to test_kernel: that the heap itself is right; to long_engines: many seeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/kernel/part.h"
#include "sim/kernel/random.h"
#include "sim/kernel/test/model.h"

static void expect_story(const struct model_config *c, const struct model_result *want, enum kernel_engine engine, unsigned partitions, bool threads,
                         unsigned divisor, sim_time until, unsigned cuts)
{
    sim_time window = (c->window + divisor - 1) / divisor;
    struct model_result got = model_story(c, engine, partitions, threads, window, until, cuts);
    if (got.fingerprint != want->fingerprint || got.trace != want->trace || got.datagrams != want->datagrams || got.wakes != want->wakes)
        fail_msg("%u partitions%s, window %llu: %llu datagrams (heap: %llu), %llu wake-ups (heap: %llu)", partitions, threads ? " in threads" : "",
                 (unsigned long long)window, (unsigned long long)got.datagrams, (unsigned long long)want->datagrams, (unsigned long long)got.wakes,
                 (unsigned long long)want->wakes);
}

/* threads: also with a thread for each partition, which takes time when windows are many and cores few. */
static void expect_same(const struct model_config *c, sim_time until, unsigned cuts, bool threads)
{
    struct model_result want = model_story(c, KERNEL_HEAP, 1, false, c->window, until, cuts);
    assert_true(want.datagrams > 500 && want.wakes > 500);
    static const unsigned partitions[] = {1, 2, 3, 5}, divisors[] = {1, 2, 7};
    for (unsigned w = 0; w < 3; w++)
        for (unsigned i = 0; i < 4; i++) {
            expect_story(c, &want, KERNEL_WINDOWS, partitions[i], false, divisors[w], until, cuts);
            if (threads)
                expect_story(c, &want, KERNEL_WINDOWS, partitions[i], true, divisors[w], until, cuts);
        }
    expect_story(c, &want, KERNEL_HEAP, 3, false, 2, until, cuts);
}

static void engines_agree_on_single_node_sites(void **state)
{
    (void)state;
    const struct model_config c = {.nodes = 101, .site_nodes = 1, .window = 1000000, .grain = 1, .seed = 1};
    expect_same(&c, 60 * c.window, 1, true);
}

static void engines_agree_on_sites_of_several_nodes(void **state)
{
    (void)state;
    const struct model_config c = {.nodes = 97, .site_nodes = 7, .window = 1000000, .grain = 1, .seed = 2};
    expect_same(&c, 40 * c.window, 1, true);
}

static void engines_agree_when_many_events_share_their_time(void **state)
{
    (void)state;
    struct model_config c = {.nodes = 60, .site_nodes = 4, .window = 1000, .grain = 500, .seed = 3};
    expect_same(&c, 60 * c.window, 1, false);
    c.site_nodes = 1;
    c.seed = 4;
    expect_same(&c, 60 * c.window, 1, false);
}

static void engines_agree_when_runs_are_cut_at_odd_instants(void **state)
{
    (void)state;
    struct model_config c = {.nodes = 50, .site_nodes = 3, .window = 100003, .grain = 1, .seed = 5};
    expect_same(&c, 50 * c.window, 37, true);
    c.grain = 777;
    c.seed = 6;
    expect_same(&c, 30 * c.window, 120, false);
}

static void engines_agree_with_one_hot_site(void **state)
{
    (void)state;
    const struct model_config c = {.nodes = 120, .site_nodes = 1, .window = 1000000, .grain = 1, .seed = 7, .hot = true};
    expect_same(&c, 50 * c.window, 2, false);
}

static void engines_agree_on_windows_of_a_few_nanoseconds(void **state)
{
    (void)state;
    const struct model_config c = {.nodes = 40, .site_nodes = 2, .window = 7, .grain = 1, .seed = 8};
    expect_same(&c, 400 * c.window, 3, false);
}

static void engines_agree_over_long_empty_times(void **state)
{
    (void)state;
    /* Some wake-ups lie millions of windows ahead: near, far and beyond. */
    const struct model_config c = {.nodes = 12, .site_nodes = 1, .window = 1000, .grain = 1, .seed = 9};
    expect_same(&c, 6000 * c.window, 5, false);
    struct model_config single = {.nodes = 3, .site_nodes = 1, .window = 50, .grain = 1, .seed = 11};
    struct model_result heap = model_story(&single, KERNEL_HEAP, 1, false, 50, 1500000 * single.window, 2);
    struct model_result windows = model_story(&single, KERNEL_WINDOWS, 2, false, 50, 1500000 * single.window, 2);
    assert_true(heap.fingerprint == windows.fingerprint && heap.trace == windows.trace);
}

static void engines_agree_when_parts_are_empty(void **state)
{
    (void)state;
    const struct model_config c = {.nodes = 12, .site_nodes = 9, .window = 5000, .grain = 1, .seed = 10};
    struct model_result heap = model_story(&c, KERNEL_HEAP, 1, false, 5000, 2000 * c.window, 2);
    struct model_result windows = model_story(&c, KERNEL_WINDOWS, 8, true, 5000, 2000 * c.window, 2);
    assert_true(heap.fingerprint == windows.fingerprint && heap.trace == windows.trace);
}

/* ---- bursts ---- */

struct sink { uint64_t chain, seen; sim_time last; };

static sim_time sink_deliver(void *host, struct part *p, const struct event *e, const uint8_t *bytes, bool *count)
{
    struct sink *s = host;
    (void)p;
    (void)count;
    s->chain = hash64_mix(hash64_mix(s->chain, e->at), (uint64_t)e->src << 32 | e->seq);
    s->chain = hash64(s->chain, bytes, e->len);
    s->seen++;
    return s->seen % 1000 == 0 ? e->at + 1 : TIME_NEVER;
}

static sim_time sink_wake(void *host, struct part *p, uint32_t node, sim_time now)
{
    struct sink *s = host;
    (void)p;
    (void)node;
    s->chain = hash64_mix(s->chain, now);
    return TIME_NEVER;
}

static uint64_t burst(enum kernel_engine engine, bool one_instant, size_t *memory)
{
    enum { BURST = 100000 };
    struct sink s = {0};
    struct kernel *k;
    const struct kernel_config config = {.engine = engine, .partitions = 1, .nodes = 1000, .window = 1000000};
    const struct kernel_hooks hooks = {.host = &s, .deliver = sink_deliver, .wake = sink_wake};
    assert_int_equal(kernel_open(&k, &config, &hooks), 0);
    for (unsigned round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < BURST; i++) {
            uint64_t x = hash64_mix(1, i);
            struct event e = {.at = kernel_now(k) + 1000 + (one_instant ? 0 : x % 900000), .dst = 500, .src = (uint32_t)(x >> 32) % 1000, .seq = i, .len = 8, .true_len = 8};
            kernel_post(kernel_part_of(k, e.src), &e, (const uint8_t *)&x);
        }
        if (round == 1 && memory)
            *memory = kernel_memory(k);
        assert_int_equal(kernel_run(k, (round + 1) * MILLIS(1)), 0);
        assert_int_equal(s.seen, (round + 1) * BURST);
    }
    if (memory)
        assert_true(kernel_memory(k) <= *memory + 4096);
    uint64_t f = kernel_fingerprint(k) ^ s.chain;
    kernel_close(k);
    return f;
}

static void a_burst_of_100000_datagrams_to_one_site_is_run_in_order(void **state)
{
    (void)state;
    size_t memory = 0;
    assert_true(burst(KERNEL_HEAP, false, NULL) == burst(KERNEL_WINDOWS, false, &memory));
    assert_true(burst(KERNEL_HEAP, true, NULL) == burst(KERNEL_WINDOWS, true, &memory));
}

/* ---- re-arming ---- */

struct alarm_host { uint64_t wakes; sim_time next[64]; };

static sim_time alarm_deliver(void *host, struct part *p, const struct event *e, const uint8_t *bytes, bool *count)
{
    struct alarm_host *a = host;
    (void)p;
    (void)bytes;
    (void)count;
    return a->next[e->dst];
}

static sim_time alarm_wake(void *host, struct part *p, uint32_t node, sim_time now)
{
    struct alarm_host *a = host;
    (void)p;
    assert_true(a->next[node] == now);
    a->wakes++;
    return a->next[node] = TIME_NEVER;
}

/* Re-arms 64 nodes a million times over, by `pattern`, while time passes; the memory must not grow. Checks that each wake-up comes exactly when due. */
static void rearm(unsigned pattern)
{
    struct alarm_host a = {0};
    struct kernel *k;
    const struct kernel_config config = {.engine = KERNEL_WINDOWS, .partitions = 1, .nodes = 64, .window = MICROS(100)};
    const struct kernel_hooks hooks = {.host = &a, .deliver = alarm_deliver, .wake = alarm_wake};
    assert_int_equal(kernel_open(&k, &config, &hooks), 0);
    uint64_t set = 0, fired_before = 0;
    size_t early = 0;
    for (uint32_t round = 0; round < 4000; round++) {
        sim_time now = kernel_now(k);
        for (uint32_t i = 0; i < 250; i++) {
            uint32_t node = i % 64;
            sim_time due = now;
            switch (pattern) {
            case 0: due += SECONDS(1000) - i; break;                                          /* ever earlier */
            case 1: due += SECONDS(10) + i; break;                                            /* ever later */
            case 2: due += i / 64 % 2 ? SECONDS(600) : MILLIS(1); break;                      /* near and far in turn */
            case 3: due += (sim_time[]){SECONDS(3600), SECONDS(30), MILLIS(500), 9}[i / 64 % 4]; break; /* nested, never deeper */
            case 4: due += (sim_time[]){SECONDS(3600), MILLIS(3), MILLIS(2), MILLIS(1)}[i / 64 % 4]; break;
            case 5: due += SECONDS(3600) >> i / 64 * 9; break;
            case 6: due = SECONDS(5000) - i / 64; break;                                      /* always the same few instants */
            default: due += hash64_mix(round, i) % SECONDS(100); break;
            }
            a.next[node] = due;
            kernel_wake_at(kernel_part(k, 0), node, due);
            set++;
        }
        assert_int_equal(kernel_run(k, now + MILLIS(2)), 0);
        assert_true(kernel_part(k, 0)->wheel.wakes <= 2 * (2 * 64) + WAKE_RECORDS_SPARE);
        for (uint32_t node = 0; node < 64; node++)
            assert_true(a.next[node] >= kernel_now(k)); /* what was due before now came */
        if (round == 1000)
            early = kernel_memory(k);
    }
    assert_true(kernel_memory(k) <= early + 65536);
    assert_true(early < 4u << 20);
    (void)fired_before;
    assert_int_equal(kernel_run(k, TIME_NEVER), 0);
    for (uint32_t node = 0; node < 64; node++)
        assert_true(a.next[node] == TIME_NEVER);
    assert_true(a.wakes >= 64 && a.wakes <= set);
    assert_true(kernel_part(k, 0)->wheel.wakes == 0);
    kernel_close(k);
}

static void rearming_never_piles_up_records(void **state)
{
    (void)state;
    for (unsigned pattern = 0; pattern <= 7; pattern++)
        rearm(pattern);
}

static void long_sleepers_have_no_record_and_wake_on_time(void **state)
{
    (void)state;
    struct alarm_host a = {0};
    struct kernel *k;
    const struct kernel_config config = {.engine = KERNEL_WINDOWS, .partitions = 1, .nodes = 64, .window = MILLIS(1)};
    const struct kernel_hooks hooks = {.host = &a, .deliver = alarm_deliver, .wake = alarm_wake};
    assert_int_equal(kernel_open(&k, &config, &hooks), 0);
    const struct wheel *wheel = &kernel_part(k, 0)->wheel;
    for (uint32_t node = 0; node < 64; node++) {
        a.next[node] = SECONDS(2000) + node * SECONDS(977); /* 2 to 58 turns of the far wheel ahead */
        kernel_wake_at(kernel_part(k, 0), node, a.next[node]);
    }
    assert_true(wheel->wakes == 0);
    a.next[5] = SECONDS(3); /* changes its mind */
    kernel_wake_at(kernel_part(k, 0), 5, a.next[5]);
    a.next[6] = SECONDS(100000);
    kernel_wake_at(kernel_part(k, 0), 6, a.next[6]);
    assert_true(wheel->wakes == 1);
    for (sim_time now = 0; now <= SECONDS(70000); now += SECONDS(500)) {
        assert_int_equal(kernel_run(k, now), 0);
        assert_true(wheel->wakes <= 4); /* those of this turn and the next */
        for (uint32_t node = 0; node < 64; node++)
            assert_true(a.next[node] >= now);
    }
    assert_int_equal(a.wakes, 63);
    assert_int_equal(kernel_run(k, TIME_NEVER), 0);
    assert_int_equal(a.wakes, 64);
    kernel_close(k);
}

/* A wake-up waits as the time since its slot began, in 32 bits: at the ends of slots of either wheel, and where windows are so long that epochs are shortened. */
static void wake_ups_are_exact_for_any_length_of_windows(void **state)
{
    (void)state;
    static const sim_time widths[] = {1, 7, MILLIS(1), 4194303, 4194304, 4194305, MILLIS(50), SECONDS(1), 2147483648, 2147483649, UINT32_MAX, SECONDS(10)};
    for (unsigned i = 0; i < sizeof widths / sizeof *widths; i++) {
        struct alarm_host a = {0};
        struct kernel *k;
        const struct kernel_config config = {.engine = KERNEL_WINDOWS, .partitions = 1, .nodes = 64, .window = widths[i]};
        const struct kernel_hooks hooks = {.host = &a, .deliver = alarm_deliver, .wake = alarm_wake};
        assert_int_equal(kernel_open(&k, &config, &hooks), 0);
        struct part *part = kernel_part(k, 0);
        sim_time width = widths[i] < UINT32_MAX ? widths[i] : UINT32_MAX, epoch = width << part->wheel.shift, now = 0;
        assert_true(epoch <= UINT64_C(1) << 32 && (part->wheel.shift == WHEEL_SHIFT_MAX || 2 * epoch > UINT64_C(1) << 32));
        for (unsigned round = 0; round < 8; round++) {
            for (uint32_t node = 0; node < 64; node++) {
                sim_time unit = node % 2 ? epoch : width, at = now - now % unit + (1 + node / 4 * (node % 16)) * unit - node / 2 % 2;
                a.next[node] = at > now ? at : now;
                kernel_wake_at(part, node, a.next[node]);
            }
            now += 31 * epoch - round;
            assert_int_equal(kernel_run(k, now), 0);
            for (uint32_t node = 0; node < 64; node++)
                assert_true(a.next[node] >= now);
        }
        assert_int_equal(kernel_run(k, TIME_NEVER), 0);
        for (uint32_t node = 0; node < 64; node++)
            assert_true(a.next[node] == TIME_NEVER);
        assert_true(a.wakes >= 64 && part->wheel.wakes == 0);
        kernel_close(k);
    }
}

static void memory_returns_to_a_steady_state(void **state)
{
    (void)state;
    const struct model_config c = {.nodes = 400, .site_nodes = 1, .window = 100000, .grain = 1, .seed = 21};
    struct model *m = model_new(&c);
    struct kernel *k = model_open(m, KERNEL_WINDOWS, 2, false, c.window);
    model_seed(m, k, 3);
    size_t at[2];
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(kernel_run(k, (i + 1) * 600 * c.window), 0);
        at[i] = kernel_memory(k);
    }
    assert_true(at[1] < at[0] + at[0] / 4);
    kernel_close(k);
    model_free(m);
}

/* Nothing of a partition may be written from outside but at the meeting: the other one may live in another process. */
static void what_is_posted_between_runs_waits_for_the_meeting(void **state)
{
    (void)state;
    const struct model_config c = {.nodes = 40, .site_nodes = 1, .window = 100000, .grain = 1, .seed = 4};
    for (unsigned threads = 0; threads < 2; threads++) {
        struct model *m = model_new(&c);
        struct kernel *k = model_open(m, KERNEL_WINDOWS, 2, threads, c.window);
        assert_int_equal(kernel_run(k, 7 * c.window + 30), 0);
        const struct event here = {.at = 7 * c.window + 30, .dst = 39, .src = 1, .seq = 1, .len = 3, .true_len = 3},
                           later = {.at = 900 * c.window, .dst = 38, .src = 2, .seq = 1, .true_len = 3};
        size_t before = arena_memory(&kernel_part(k, 1)->arena);
        kernel_post(kernel_part(k, 0), &here, (const uint8_t *)"abc");
        kernel_post(kernel_part(k, 0), &later, NULL);
        assert_true(wheel_next(&kernel_part(k, 1)->wheel) == WINDOW_NONE);
        assert_int_equal(arena_memory(&kernel_part(k, 1)->arena), before);
        uint64_t still = model_trace(m, 39);
        assert_int_equal(kernel_run(k, 7 * c.window + 31), 0);
        assert_true(model_trace(m, 39) != still);
        still = model_trace(m, 38);
        assert_int_equal(kernel_run(k, 901 * c.window), 0);
        assert_true(model_trace(m, 38) != still);
        kernel_close(k);
        model_free(m);
    }
}

/* To a partition for which nothing else waits, in the middle of an epoch of its far wheel. */
static void a_datagram_from_another_part_may_be_far_away(void **state)
{
    (void)state;
    const struct model_config c = {.nodes = 40, .site_nodes = 1, .window = 100000, .grain = 1, .seed = 4};
    static const uint64_t windows[] = {1024, 1577, 1500077, 9000077};
    for (unsigned n = 0; n < 2 * sizeof windows / sizeof windows[0]; n++) {
        const struct event e = {.at = windows[n / 2] * c.window + 5, .dst = 38, .src = 2, .seq = 1, .true_len = 3};
        struct model *m = model_new(&c);
        struct kernel *k = model_open(m, KERNEL_WINDOWS, 2, n % 2, c.window);
        uint64_t still = model_trace(m, 38);
        kernel_post(kernel_part(k, 0), &e, NULL);
        assert_int_equal(kernel_run(k, e.at), 0);
        assert_true(model_trace(m, 38) == still);
        assert_int_equal(kernel_run(k, e.at + 1), 0);
        assert_true(model_trace(m, 38) != still);
        kernel_close(k);
        model_free(m);
    }
}

/* ---- a sweep while the next window's records are fetched ---- */

#define SWEPT_WINDOW MILLIS(1)

/* Of one node: so many wake-ups, each nearer than the one before, that a sweep takes them out of the next window's slot; then datagrams of the size of their chunks, whose bytes
 * lead nowhere when taken for chunks. */
static sim_time sweep_and_post(void *host, struct part *p, uint32_t node, sim_time now)
{
    uint64_t *swept = host, before = p->sweeps;
    if (node != 1 || now >= 2 * SWEPT_WINDOW)
        return TIME_NEVER;
    for (unsigned j = 0; j < 200; j++)
        kernel_wake_at(p, 1, 3 * SWEPT_WINDOW - 2000 - j);
    *swept += p->sweeps - before;
    uint8_t bytes[200];
    memset(bytes, 0xff, sizeof bytes);
    for (unsigned j = 0; j < 60; j++) {
        const struct event e = {.at = now + 5 * SWEPT_WINDOW + j, .dst = 2, .src = 1, .seq = j, .len = sizeof bytes, .true_len = sizeof bytes};
        kernel_post(p, &e, bytes);
    }
    return 3 * SWEPT_WINDOW - 4000;
}

static sim_time take_no_notice(void *host, struct part *p, const struct event *e, const uint8_t *bytes, bool *counts)
{
    (void)host, (void)p, (void)e, (void)bytes, (void)counts;
    return TIME_NEVER;
}

static void a_sweep_leaves_nothing_to_be_fetched(void **state)
{
    (void)state;
    uint64_t swept = 0;
    struct kernel *k;
    const struct kernel_config c = {.engine = KERNEL_WINDOWS, .partitions = 1, .nodes = 4096, .window = SWEPT_WINDOW};
    const struct kernel_hooks hooks = {.host = &swept, .deliver = take_no_notice, .wake = sweep_and_post};
    assert_int_equal(kernel_open(&k, &c, &hooks), 0);
    struct part *p = kernel_part(k, 0);
    for (unsigned j = 0; j < 900; j++)
        kernel_wake_at(p, 1, 3 * SWEPT_WINDOW - 1 - j);
    kernel_wake_at(p, 0, SWEPT_WINDOW + 1);
    kernel_wake_at(p, 1, SWEPT_WINDOW + 1);
    for (uint32_t n = 2; n < 100; n++)
        kernel_wake_at(p, n, SWEPT_WINDOW + 2);
    assert_int_equal(kernel_run(k, 20 * SWEPT_WINDOW), 0);
    assert_true(swept > 0);
    kernel_close(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(engines_agree_on_single_node_sites),
        cmocka_unit_test(engines_agree_on_sites_of_several_nodes),
        cmocka_unit_test(engines_agree_when_many_events_share_their_time),
        cmocka_unit_test(engines_agree_when_runs_are_cut_at_odd_instants),
        cmocka_unit_test(engines_agree_with_one_hot_site),
        cmocka_unit_test(engines_agree_on_windows_of_a_few_nanoseconds),
        cmocka_unit_test(engines_agree_over_long_empty_times),
        cmocka_unit_test(engines_agree_when_parts_are_empty),
        cmocka_unit_test(a_burst_of_100000_datagrams_to_one_site_is_run_in_order),
        cmocka_unit_test(rearming_never_piles_up_records),
        cmocka_unit_test(long_sleepers_have_no_record_and_wake_on_time),
        cmocka_unit_test(wake_ups_are_exact_for_any_length_of_windows),
        cmocka_unit_test(memory_returns_to_a_steady_state),
        cmocka_unit_test(what_is_posted_between_runs_waits_for_the_meeting),
        cmocka_unit_test(a_datagram_from_another_part_may_be_far_away),
        cmocka_unit_test(a_sweep_leaves_nothing_to_be_fetched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

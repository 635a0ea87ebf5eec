/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins what a hot site costs, counted and not timed: ordering the 1,000 to 100,000 events that one site gets in a window takes at most two (what it adds itself: three) times n log2 n comparisons and moved
 * items, spread over the window, crowded at its beginning, in clusters, at one instant, and for what the site adds to its own window; the order is right. Leaves
 * open: what the handlers do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/base/hash.h"
#include "sim/kernel/part.h"

static uint64_t steps; /* comparisons, and items moved */

static bool counted_record_before(const struct record *a, const struct record *b)
{
    steps++;
    return record_before(a, b);
}

static bool counted_item_before_in_tie(const struct item *a, const struct item *b)
{
    steps++;
    return item_before_in_tie(a, b);
}

static bool counted_item_before(const struct item *a, const struct item *b)
{
    steps++;
    return item_before(a, b);
}

static void *counted_memcpy(void *to, const void *from, size_t n)
{
    steps += n / sizeof(struct item);
    return memcpy(to, from, n);
}

/* The two files that order, with their steps counted. */
#define record_before counted_record_before
#define item_before   counted_item_before
#define item_before_in_tie counted_item_before_in_tie
#define memcpy        counted_memcpy
#include "sim/kernel/queue.c"
#include "sim/kernel/sort.c"
#undef record_before
#undef item_before
#undef item_before_in_tie
#undef memcpy

#define WINDOW 1000000u

enum pattern { SPREAD, CROWDED, CLUSTERS, ONE_INSTANT, RISING, FALLING, PATTERNS };
static const char *const names[PATTERNS] = {"spread", "crowded", "clusters", "one instant", "rising", "falling"};

static sim_time time_of(enum pattern p, uint32_t i, uint32_t n)
{
    uint64_t x = hash64_mix(17, i);
    switch (p) {
    case SPREAD: return x % WINDOW;
    case CROWDED: return (x % WINDOW) >> (x >> 32) % 21; /* half as many in each upper half */
    case CLUSTERS: return x % 30 * 31337 + (x >> 32) % 7;
    case ONE_INSTANT: return 4711;
    case RISING: return (uint64_t)i * WINDOW / n;
    case FALLING: return (uint64_t)(n - 1 - i) * WINDOW / n;
    case PATTERNS: break;
    }
    return 0;
}

static struct record *records(enum pattern p, uint32_t n)
{
    struct record *r = calloc(n, sizeof *r);
    assert_non_null(r);
    for (uint32_t i = 0; i < n; i++) {
        const struct event e = {.at = time_of(p, i, n), .dst = 500, .src = (uint32_t)hash64_mix(3, i) % 1000, .seq = i};
        r[i] = record_of_event(&e, ARENA_NONE);
    }
    return r;
}

static unsigned log2_of(uint32_t n)
{
    return 32 - (unsigned)__builtin_clz(n);
}

/* Steps of sorting n events of one site. */
static uint64_t sorting(enum pattern p, uint32_t n)
{
    struct record *r = records(p, n);
    struct item *item = calloc(n, sizeof *item), *spare = calloc(n, sizeof *spare);
    assert_true(item && spare);
    for (uint32_t i = 0; i < n; i++)
        item[i] = item_of_datagram(UINT64_C(500) << 32 | r[i].at, &r[i]);
    steps = 0;
    sort_items(item, spare, n);
    uint64_t all = steps;
    for (uint32_t i = 1; i < n; i++)
        assert_true(record_before(item_record(&item[i - 1]), item_record(&item[i])));
    free(item);
    free(spare);
    free(r);
    return all;
}

/* The same of what a site adds to its window while it runs: all at once, then one after the other. */
static uint64_t queueing(enum pattern p, uint32_t n)
{
    struct record *r = records(p, n), last = {0};
    struct queue q = {0};
    steps = 0;
    for (uint32_t i = 0; i < n; i++)
        queue_put(&q, &r[i]);
    for (uint32_t i = 0; i < n; i++) {
        struct record next = queue_take(&q);
        assert_true(i == 0 || record_before(&last, &next));
        last = next;
    }
    uint64_t all = steps;
    queue_close(&q);
    free(r);
    return all;
}

static void grows_like_n_log_n(uint64_t (*cost)(enum pattern, uint32_t), uint64_t factor)
{
    for (enum pattern p = 0; p < PATTERNS; p++) {
        for (uint32_t n = 1000; n <= 100000; n *= 10) {
            uint64_t now = cost(p, n);
            if (now > factor * n * log2_of(n))
                fail_msg("%s, %u events: %llu steps", names[p], n, (unsigned long long)now);
        }
    }
}

static void a_hot_site_is_sorted_in_n_log_n(void **state)
{
    (void)state;
    grows_like_n_log_n(sorting, 2);
}

static void what_it_adds_to_its_window_is_ordered_in_n_log_n(void **state)
{
    (void)state;
    grows_like_n_log_n(queueing, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hot_site_is_sorted_in_n_log_n),
        cmocka_unit_test(what_it_adds_to_its_window_is_ordered_in_n_log_n),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins the routing against what is published: the distribution of path lengths on a ring of 4,096 nodes that stands still, one successor each (Stoica et al.
 * 2003, figure 10b; the values are those of an independent replication), and, since identifiers decide it alone, how many keys a node gets (figures 8 and 9).
 * Prints what it found, for long_published.sh. Leaves open other sizes (test_chord2003.sh, long_published.sh). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/chord2003/test/chord_rig.h"
#include "sim/kernel/random.h"
#include "sim/world/converged_chord2003.h"

#define NODES   4096u
#define LOOKUPS 100000u

/* Everybody online, tables ready. */
static void put_up(struct chord_rig *r)
{
    uint32_t n = r->net_config.identities;
    peer_h *online = malloc(n * sizeof *online);
    sim_time *since = malloc(n * sizeof *since);
    struct scenario *s = calloc(1, sizeof *s);
    assert_true(online && since && s);
    for (uint32_t i = 0; i < n; i++) {
        online[i] = i;
        since[i] = TIME_NEVER;
    }
    s->seed = r->net_config.seed;
    s->chord2003 = r->config;
    s->stabilize = s->fix_fingers = (struct law){LAW_FIXED, 1e6, 0};
    const struct converged_input in = {.scenario = s, .online_count = n, .online = online, .online_for = since};
    assert_int_equal(converged_chord2003_build(r->net, &in), 0);
    free(online);
    free(since);
    free(s);
}

static void test_distribution(void **state)
{
    /* Nodes asked: 0, 1, 2, ... */
    static const double published[] = {NAN, .003, .017, .057, .128, .207, .234, .191, .110, .042, .009};
    struct chord_rig *r = chord_rig_new(NODES);
    double sum = 0;
    (void)state;
    r->config = (struct chord2003_config){
        .stabilize = SECONDS(1000000), .fix_fingers = SECONDS(1000000), .successors = 1, .timeout = MILLIS(500)};
    r->net_config.check_every_event = false;
    chord_rig_open(r, LOOKUPS);
    put_up(r);
    for (uint32_t i = 0; i < LOOKUPS; i++) {
        chord_rig_look_up(r, i % NODES, chord_rig_key(i));
        if (i % 64 == 63) /* not more at a node than it takes */
            chord_rig_run(r, chord_rig_now(r) + MILLIS(20));
    }
    chord_rig_run(r, chord_rig_now(r) + SECONDS(5));
    assert_int_equal(r->answered, LOOKUPS);
    for (uint32_t i = 0; i < LOOKUPS; i++)
        assert_int_equal(r->owner[i], chord_rig_owner(r, chord_rig_key(i)));
    for (unsigned h = 1; h < RIG_HOPS; h++) /* 0: its own keys, on the way to which it passes nobody */
        sum += (double)(h - 1) * (double)r->hops[h];
    for (unsigned path = 1; path < sizeof published / sizeof published[0]; path++) {
        double share = (double)r->hops[path + 1] / LOOKUPS;
        printf("path %u %.4f\n", path, share);
        assert_true(fabs(share - published[path]) < 0.01);
    }
    printf("path mean %.3f\n", sum / LOOKUPS);
    assert_true(fabs(sum / LOOKUPS - 5.86) < 0.05);
    chord_rig_close(r);
}

/* ---- keys a node ---- */

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

struct stand {
    uint64_t id;
    uint32_t node;
};

static int by_stand(const void *a, const void *b)
{
    uint64_t x = ((const struct stand *)a)->id, y = ((const struct stand *)b)->id;
    return (x > y) - (x < y);
}

struct load {
    double p1, p99, max;
    unsigned idle;
};

/* `keys` random keys on 10,000 nodes of `each` identifiers; shares of the mean. Identifiers are those of the simulator's identities. */
static struct load spread(uint64_t seed, unsigned each, unsigned keys)
{
    enum { HOSTS = 10000 };
    uint32_t count = HOSTS * each;
    struct stand *ring = malloc(count * sizeof *ring);
    uint64_t *got = calloc(HOSTS, sizeof *got);
    struct load l = {0};
    assert_true(ring && got);
    for (uint32_t i = 0; i < count; i++)
        ring[i] = (struct stand){permute128(permutation_key_of(seed), (struct id128){0, i}).hi, i / each};
    qsort(ring, count, sizeof *ring, by_stand);
    for (unsigned k = 0; k < keys; k++) {
        uint64_t key = random_u64(seed, 0, STREAM_TEST, k);
        uint32_t low = 0, high = count;
        while (low < high) {
            uint32_t middle = (low + high) / 2;
            if (ring[middle].id < key)
                low = middle + 1;
            else
                high = middle;
        }
        got[ring[low == count ? 0 : low].node]++;
    }
    qsort(got, HOSTS, sizeof *got, by_value);
    double mean = (double)keys / HOSTS;
    for (l.idle = 0; got[l.idle] == 0; l.idle++)
        ;
    l.p1 = (double)got[HOSTS / 100] / mean;
    l.p99 = (double)got[HOSTS - HOSTS / 100] / mean;
    l.max = (double)got[HOSTS - 1] / mean;
    free(ring);
    free(got);
    return l;
}

static void test_keys(void **state)
{
    double p99 = 0, max = 0;
    unsigned idle = 0;
    (void)state;
    for (unsigned seed = 1; seed <= 20; seed++) {
        struct load l = spread(seed, 1, 500000);
        p99 += l.p99 / 20;
        max += l.max / 20;
        idle += l.idle;
    }
    printf("keys p99 %.3f max %.2f idle %u\n", p99, max, idle / 20);
    assert_true(fabs(p99 / 4.6 - 1) < 0.05);
    assert_true(max > 7 && max < 12);
    assert_true(idle > 0);
}

static void test_virtual_nodes(void **state)
{
    struct load one = {0}, twenty = {0};
    (void)state;
    for (unsigned seed = 1; seed <= 5; seed++) {
        struct load a = spread(seed, 1, 1000000), b = spread(seed, 20, 1000000);
        one.p99 += a.p99 / 5, one.p1 += a.p1 / 5;
        twenty.p99 += b.p99 / 5, twenty.p1 += b.p1 / 5;
    }
    printf("virtual 1 p1 %.3f p99 %.3f\nvirtual 20 p1 %.3f p99 %.3f\n", one.p1, one.p99, twenty.p1, twenty.p99);
    assert_true(one.p1 < 0.05 && fabs(one.p99 / 4.8 - 1) < 0.1);
    assert_true(fabs(twenty.p1 / 0.5 - 1) < 0.1 && fabs(twenty.p99 / 1.6 - 1) < 0.1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distribution),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_virtual_nodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

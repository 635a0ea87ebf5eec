/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins what a world records: the segments but for their head are the same bytes for both engines, any partitions and another window; rows end at
 * intervals and at the borders of the measured phase; faults and phases are events; counts of the measured rows add up to the summary; a message in fragments is one; a
 * row with the figures so far is final when it is written; recording changes no result, at odd instants either; messages by node add up to those of all; shares of
 * the ring follow the law of random ids; each snapshot of the ring tells of everybody what the others in it tell too. Leaves open what becomes of the segments (sim/record/test). */
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/record/journal.h"
#include "sim/record/recorded.h"
#include "sim/world/state.h"
#include "sim/world/watch.h"
#include "sim/world/world.h"

static const char rough[] =
    "reloadsim: 1\n"
    "name: rough\n"
    "overlay: {peers: 60, start: join, bootstrap: {nodes: 3}}\n"
    "network: {model: constant, delay: 40 ms, loss: 2 %}\n"
    "churn: {session: {exponential: {mean: 5 min}}, offline: {exponential: {mean: 5 min}}, graceful: 40 %}\n"
    "workload: {register: {every: 2 min, lifetime: 3 min}, lookup: {every: 15 s, popularity: {zipf: 0.8}}}\n"
    "phases: {warmup: 65 s, measure: 100 s}\n"
    "faults: [{at: 41 s, kill: {share: 20 %, mode: host}}]\n"
    "record: {interval: 10 s, nodes: true, ring: {nodes: 16, every: 6.5 s}}\n";

static const char classic[] = "reloadsim: 1\n"
                              "name: classic\n"
                              "overlay: {protocol: chord2003, peers: 60, start: join, bootstrap: {nodes: 3}}\n"
                              "network: {model: constant, delay: 40 ms, loss: 2 %}\n"
                              "churn: {session: {exponential: {mean: 5 min}}, offline: {exponential: {mean: 5 min}}}\n"
                              "workload: {lookup: {every: 15 s, target: random}}\n"
                              "phases: {warmup: 65 s, measure: 100 s}\n"
                              "faults: [{at: 41 s, kill: {share: 20 %, mode: host}}]\n"
                              "record: {interval: 10 s, ring: {nodes: 16, every: 6.5 s}}\n";

static char folder[64];

struct part {
    enum recorded_part kind;
    uint8_t *bytes;
    size_t len;
};

struct recording {
    struct part part[64];
    unsigned parts;
    struct summary summary;
    int status;
};

static void read_parts(struct recording *r)
{
    char path[128], error[256];
    struct recorded in;
    snprintf(path, sizeof path, "%s/" JOURNAL_FILE, folder);
    int fd = open(path, O_RDONLY);
    assert_int_equal(recorded_open(&in, fd, error, sizeof error), 0);
    enum recorded_part kind;
    while ((kind = recorded_next(&in)) != RECORDED_END) {
        assert_int_not_equal(kind, RECORDED_FAILED);
        assert_true(r->parts < sizeof r->part / sizeof r->part[0]);
        struct part *p = &r->part[r->parts++];
        *p = (struct part){kind, malloc(in.payload.len + 1), in.payload.len};
        assert_non_null(p->bytes);
        memcpy(p->bytes, in.payload.bytes, p->len);
    }
    assert_int_equal(recorded_dropped(&in), 0);
    recorded_close(&in);
    close(fd);
}

/* A world that ran; the caller closes it. */
static struct world *run(struct recording *r, const char *text, const char *set, struct world_options o)
{
    static struct scenario s;
    struct world *w;
    char error[1024];
    *r = (struct recording){.status = -1};
    if (scenario_parse(&s, "test.yaml", text, strlen(text), &set, set ? 1 : 0, error, sizeof error))
        fail_msg("%s", error);
    if (world_open(&w, &s, &o, error, sizeof error))
        fail_msg("%s", error);
    r->status = world_run(w);
    r->summary = *world_summary(w);
    return w;
}

static void record(struct recording *r, const char *set, struct world_options o)
{
    world_close(run(r, rough, set, o));
    if (o.out)
        read_parts(r);
}

static void forget(struct recording *r)
{
    for (unsigned i = 0; i < r->parts; i++)
        free(r->part[i].bytes);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/test_recording.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[96];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

/* The closing part ends with figures that depend on the machine: only its time and its mark are compared. */
static void assert_same(const struct recording *a, const struct recording *b)
{
    assert_int_equal(a->parts, b->parts);
    for (unsigned i = 0; i < a->parts; i++) {
        assert_int_equal(a->part[i].kind, b->part[i].kind);
        assert_int_equal(a->part[i].len, b->part[i].len);
        assert_memory_equal(a->part[i].bytes, b->part[i].bytes,
                            a->part[i].kind == RECORDED_CLOSE ? 12 : a->part[i].len);
    }
}

static void engines_windows_and_partitions_do_not_show(void **state)
{
    (void)state;
    struct recording a, b;
    const struct world_options ways[] = {
        {.engine = KERNEL_HEAP}, {.partitions = 3, .threads = true}, {.partitions = 2, .window = MICROS(300)}};
    record(&a, NULL, (struct world_options){.out = folder});
    assert_int_equal(a.status, 0);
    for (unsigned i = 0; i < 3; i++) {
        struct world_options o = ways[i];
        o.out = folder;
        record(&b, NULL, o);
        assert_same(&a, &b);
        forget(&b);
    }
    forget(&a);
}

static const struct series_row *row_of(const struct part *p, sim_time *end)
{
    static struct series_row row;
    struct payload_reader in = {.bytes = p->bytes, .len = p->len};
    *end = payload_get_u64(&in);
    for (size_t i = 0; i < SERIES_COLUMNS; i++) {
        uint64_t bits = payload_get_u64(&in);
        memcpy((char *)&row + 8 * i, &bits, 8);
    }
    assert_false(in.failed);
    return &row;
}

static void rows_end_where_they_should_and_add_up(void **state)
{
    (void)state;
    static const unsigned ends[] = {10, 20, 30, 40, 50, 60, 65, 70, 80, 90, 100, 110, 120, 130, 140, 150, 160, 165};
    struct recording r;
    struct series_row sum = {0};
    sim_time end;
    unsigned rows = 0;
    record(&r, NULL, (struct world_options){.out = folder});
    for (unsigned i = 0; i < r.parts; i++) {
        if (r.part[i].kind != RECORDED_ROW)
            continue;
        const struct series_row *row = row_of(&r.part[i], &end);
        assert_true(rows < sizeof ends / sizeof ends[0]);
        assert_int_equal(end, SECONDS(ends[rows++]));
        assert_int_equal(row->lookups, row->lookup_correct + row->lookup_stale + row->lookup_lost + row->lookup_absent +
                                           row->lookup_wrong_owner + row->lookup_timeout + row->lookup_error +
                                           row->lookup_abandoned);
        assert_int_equal(isnan(row->ring_wrong_successor), end <= SECONDS(65) || end % SECONDS(10) != 0);
        if (end <= SECONDS(65))
            continue;
        sum.events += row->events;
        sum.datagrams += row->datagrams;
        sum.messages += row->messages;
        sum.fragments += row->fragments;
        sum.message_bytes += row->message_bytes;
        sum.datagrams_keepalive += row->datagrams_keepalive;
        sum.messages_update += row->messages_update;
        sum.bytes_handshake += row->bytes_handshake;
        sum.crashes += row->crashes;
        sum.leaves += row->leaves;
        sum.resent += row->resent;
    }
    assert_int_equal(rows, sizeof ends / sizeof ends[0]);
    assert_int_equal(sum.events, r.summary.events);
    assert_int_equal(sum.datagrams, r.summary.datagrams);
    assert_int_equal(sum.messages, r.summary.messages);
    assert_int_equal(sum.fragments, r.summary.fragments);
    assert_int_equal(sum.message_bytes, r.summary.message_bytes);
    assert_int_equal(sum.datagrams_keepalive, r.summary.datagrams_keepalive);
    assert_int_equal(sum.messages_update, r.summary.messages_update);
    assert_int_equal(sum.bytes_handshake, r.summary.datagram_bytes_handshake);
    assert_int_equal(sum.crashes, r.summary.crash_count);
    assert_int_equal(sum.leaves, r.summary.leave_count);
    assert_int_equal(sum.resent, r.summary.e2e_resent);
    assert_true(sum.crashes > 0 && sum.resent > 0 && sum.messages > 0);
    forget(&r);
}

/* Each datagram of a class that carries messages is a message, with all of it or its first fragment, or a further fragment of one. An answer to a look-up
 * takes two here (two certificates), a Ping one. */
static void a_message_in_fragments_is_one_message(void **state)
{
    (void)state;
    struct recording r;
    record(&r, NULL, (struct world_options){.out = folder});
    const struct summary *s = &r.summary;
    assert_int_equal(s->messages + s->fragments, s->datagrams - s->datagrams_ack - s->datagrams_handshake - s->datagrams_keepalive);
    assert_true(s->messages_lookup < s->datagrams_lookup);
    assert_true(s->messages_ping > 0);
    assert_int_equal(s->messages_ping, s->datagrams_ping);
    forget(&r);
}

static void faults_and_phases_are_events(void **state)
{
    (void)state;
    static const struct {
        unsigned at_s;
        const char *kind, *text;
    } wanted[] = {{0, "phase", "warm-up begins"},
                  {65, "phase", "measured phase begins"},
                  {106, "fault", "{at: 41 s, kill: {share: 20 %, mode: host}}"},
                  {165, "phase", "measured phase ends, drain begins"},
                  {180, "phase", "drain ends"}};
    struct recording r;
    unsigned n = 0;
    record(&r, NULL, (struct world_options){.out = folder});
    for (unsigned i = 0; i < r.parts; i++) {
        struct payload_reader in = {.bytes = r.part[i].bytes, .len = r.part[i].len};
        if (r.part[i].kind != RECORDED_EVENT)
            continue;
        assert_true(n < 5);
        assert_int_equal(payload_get_u64(&in), SECONDS(wanted[n].at_s));
        assert_string_equal(payload_get_text(&in), wanted[n].kind);
        assert_string_equal(payload_get_text(&in), wanted[n].text);
        n++;
    }
    assert_int_equal(n, 5);
    forget(&r);
}

static void recording_changes_no_result(void **state)
{
    (void)state;
    struct recording with, without;
    record(&with, NULL, (struct world_options){.out = folder});
    record(&without, NULL, (struct world_options){.out = NULL});
    assert_int_equal(with.summary.fingerprint, without.summary.fingerprint);
    struct summary_key key;
    for (unsigned k = 0; summary_key_at(k, &key); k++)
        if (key.type != SUMMARY_TEXT && !key.is_volatile)
            assert_int_equal(summary_bits(&with.summary, k), summary_bits(&without.summary, k));
    assert_int_equal(with.summary.complete, 1);
    forget(&with);
}

/* A longer run, as far as both went: the last row of the shorter is that row of the longer. */
static void a_row_is_final_when_it_is_written(void **state)
{
    (void)state;
    struct recording whole, half;
    unsigned compared = 0;
    sim_time end;
    record(&whole, NULL, (struct world_options){.out = folder});
    record(&half, "phases.measure=65 s", (struct world_options){.out = folder});
    for (unsigned i = 0; i < half.parts && i < whole.parts; i++) {
        if (half.part[i].kind != RECORDED_ROW || whole.part[i].kind != RECORDED_ROW)
            continue;
        row_of(&half.part[i], &end);
        if (end > SECONDS(100)) /* before the fault, whose scope ends with the measured phase */
            continue;
        assert_int_equal(half.part[i].len, whole.part[i].len);
        assert_memory_equal(half.part[i].bytes, whole.part[i].bytes, half.part[i].len);
        compared++;
    }
    assert_int_equal(compared, 11);
    forget(&whole);
    forget(&half);
}

/* All identities are in the sample here, so that nothing of the sums is left out. */
static void messages_by_node_add_up(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 2; k++) {
        struct recording r;
        struct world *w = run(&r, k ? classic : rough, NULL,
                              (struct world_options){.out = folder, .partitions = 2, .threads = true});
        const uint64_t *of_class = &r.summary.messages_lookup;
        uint64_t messages = 0, counted = 0;
        double online_s = 0;
        for (unsigned i = 0; i < TRAFFIC_CLASSES; i++)
            messages += of_class[i];
        assert_int_equal(w->load.stride, 1);
        for (uint32_t i = 0; i < w->identities; i++) {
            assert_int_equal(w->load.pick[i], i);
            counted += w->load.messages[i];
            online_s += (double)w->load.online[i] / 1e9;
        }
        assert_true(messages > 1000);
        assert_int_equal(counted, messages);
        assert_true(fabs(online_s - r.summary.nodes_online_mean * r.summary.sim_s) < 1e-3);
        /* The mean of the rates is not the rate of all, but lies about it. */
        assert_true(fabs(histogram_mean(&w->load.all->rate) / LOAD_PARTS / ((double)messages / online_s) - 1) < 0.3);
        assert_int_equal(w->load.all->values.count == 0, k == 1); /* a classic Chord stores nothing */
        assert_true(k == 1 || w->load.all->values.sum > 0);
        world_close(w);
    }
}

/* Ids are as good as random, so gaps between n neighbours, times n, are exponential with mean 1: P(gap > x) = exp(-x) but for terms of 1/n. Kolmogorov's distance stays below
 * 1.63/sqrt(n) in 99 of 100 such samples. */
static void shares_of_the_ring_are_exponential(void **state)
{
    (void)state;
    static const char calm[] = "reloadsim: 1\n"
                               "overlay: {peers: 3 k}\n"
                               "network: {model: constant, delay: 40 ms}\n"
                               "phases: {warmup: 0 s, measure: 2 s}\n"
                               "record: {interval: 2 s}\n";
    struct recording r;
    struct world *w = run(&r, calm, NULL, (struct world_options){.out = folder});
    const struct histogram *h = &w->load.all->ring_share;
    double below = 0, distance = 0;
    assert_int_equal(r.status, 0);
    assert_int_equal(h->count, 3000);
    assert_true(fabs(histogram_mean(h) / LOAD_PARTS - 1) < 0.001);
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        uint64_t low, high;
        histogram_range(i, &low, &high);
        below += (double)h->bucket[i] / (double)h->count;
        distance = fmax(distance, fabs(below - (1 - exp(-(double)high / LOAD_PARTS))));
    }
    assert_true(distance < 1.63 / sqrt(3000));
    assert_true(distance > 0.0005); /* a law that fits to the letter was not measured */
    world_close(w);
}

/* Populations above the sample: each block gives one identity at most, and the draw does not prefer a place in it. */
static void the_sample_of_nodes_is_even(void **state)
{
    (void)state;
    struct world w = {.identities = 3 * LOAD_NODES + 2, .options = {.out = folder}};
    static struct scenario s;
    uint32_t place[4] = {0};
    s.seed = 5;
    w.scenario = &s;
    assert_int_equal(load_open(&w), 0);
    assert_int_equal(w.load.stride, 4);
    for (uint32_t k = 0; k < 3 * LOAD_NODES / 4; k++) {
        assert_int_equal(w.load.pick[k] / 4, k);
        place[w.load.pick[k] % 4]++;
    }
    for (unsigned i = 0; i < 4; i++) /* 3,750 each, and 53 the standard deviation */
        assert_true(place[i] > 3750 - 220 && place[i] < 3750 + 220);
    load_close(&w);
}

static unsigned ring_of(const struct part *p, struct series_ring row[WATCHED_MAX])
{
    struct payload_reader in = {.bytes = p->bytes, .len = p->len};
    unsigned n = payload_get_u32(&in);
    assert_true(n <= WATCHED_MAX);
    for (unsigned i = 0; i < n; i++)
        for (size_t c = 0; c < SERIES_RING_COLUMNS; c++) {
            uint64_t bits = payload_get_u64(&in);
            memcpy((char *)&row[i] + 8 * c, &bits, 8);
        }
    assert_true(payload_whole(&in));
    return n;
}

/* What the state must be, by what the snapshot tells of the others: everybody is in it. */
static uint64_t state_by_others(const struct series_ring *row, unsigned n, unsigned i)
{
    double nearest = 2, next = NAN;
    for (unsigned k = 0; k < n; k++) {
        double d = row[k].position - row[i].position + (row[k].position < row[i].position);
        if (k != i && row[k].state >= RING_STATE_JOINED && d < nearest) {
            nearest = d;
            next = (double)row[k].identity;
        }
    }
    if (!isnan(row[i].successor) && row[(unsigned)row[i].successor].state == RING_STATE_OFFLINE)
        return RING_STATE_DEAD;
    return row[i].successor == next || (isnan(row[i].successor) && isnan(next)) ? RING_STATE_JOINED : RING_STATE_WRONG;
}

static void check_snapshot(const struct series_ring *row, unsigned n, unsigned seen[5])
{
    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(row[i].identity, i);
        assert_true(row[i].state <= RING_STATE_DEAD && row[i].position >= 0 && row[i].position < 1);
        seen[row[i].state]++;
        if (row[i].state >= RING_STATE_JOINED)
            assert_int_equal(row[i].state, state_by_others(row, n, i));
        if (row[i].state == RING_STATE_OFFLINE)
            assert_true(isnan(row[i].successor) && row[i].links == 0);
        if (isnan(row[i].successor))
            continue;
        double to = row[i].position + row[i].distance;
        assert_true(fabs(to - (to >= 1) - row[(unsigned)row[i].successor].position) < 1e-12);
    }
}

static void a_snapshot_agrees_with_itself(void **state)
{
    (void)state;
    static struct series_ring row[WATCHED_MAX];
    for (unsigned k = 0; k < 2; k++) {
        struct recording r;
        unsigned snapshots = 0, seen[5] = {0};
        world_close(run(&r, k ? classic : rough, "record.ring.nodes=1024", (struct world_options){.out = folder}));
        read_parts(&r);
        for (unsigned i = 0; i < r.parts; i++) {
            if (r.part[i].kind != RECORDED_RING)
                continue;
            unsigned n = ring_of(&r.part[i], row);
            assert_int_equal(n, r.summary.population);
            assert_true(fabs(row[n - 1].time_s - 6.5 * snapshots++) < 1e-9);
            check_snapshot(row, n, seen);
        }
        assert_int_equal(snapshots, 26); /* 0 to 162.5 s */
        for (unsigned i = 0; i < 5; i++)
            assert_true(seen[i] > 0);
        forget(&r);
    }
}

static void the_watched_stay_the_same(void **state)
{
    (void)state;
    static struct series_ring row[WATCHED_MAX], first[WATCHED_MAX];
    struct recording r;
    unsigned snapshots = 0;
    record(&r, NULL, (struct world_options){.out = folder});
    for (unsigned i = 0; i < r.parts; i++) {
        if (r.part[i].kind != RECORDED_RING)
            continue;
        assert_int_equal(ring_of(&r.part[i], snapshots++ ? row : first), 16);
        for (unsigned k = 0; k < 16 && snapshots > 1; k++)
            assert_true(row[k].identity == first[k].identity && row[k].position == first[k].position);
    }
    for (unsigned k = 1; k < 16; k++)
        assert_true(first[k].identity > first[k - 1].identity);
    assert_int_equal(snapshots, 26);
    forget(&r);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(engines_windows_and_partitions_do_not_show),
        TEST(rows_end_where_they_should_and_add_up),
        TEST(a_message_in_fragments_is_one_message),
        TEST(faults_and_phases_are_events),
        TEST(recording_changes_no_result),
        TEST(a_row_is_final_when_it_is_written),
        TEST(messages_by_node_add_up),
        TEST(shares_of_the_ring_are_exponential),
        TEST(the_sample_of_nodes_is_even),
        TEST(a_snapshot_agrees_with_itself),
        TEST(the_watched_stay_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

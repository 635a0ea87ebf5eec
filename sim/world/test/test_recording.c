/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins what a world records: the segments but for their head are the same bytes for both engines, any partitions and another window; rows end at
 * intervals and at the borders of the measured phase; faults and phases are events; counts of the measured rows add up to the summary; a
 * row with the figures so far is final when it is written; recording changes no result. Leaves open what becomes of the segments (sim/record/test). */
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
    "record: {interval: 10 s, nodes: true}\n";

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

static void record(struct recording *r, const char *set, struct world_options o)
{
    static struct scenario s;
    struct world *w;
    char error[1024];
    *r = (struct recording){.status = -1};
    if (scenario_parse(&s, "test.yaml", rough, strlen(rough), &set, set ? 1 : 0, error, sizeof error))
        fail_msg("%s", error);
    if (world_open(&w, &s, &o, error, sizeof error))
        fail_msg("%s", error);
    r->status = world_run(w);
    r->summary = *world_summary(w);
    world_close(w);
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

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(engines_windows_and_partitions_do_not_show),
        TEST(rows_end_where_they_should_and_add_up),
        TEST(faults_and_phases_are_events),
        TEST(recording_changes_no_result),
        TEST(a_row_is_final_when_it_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

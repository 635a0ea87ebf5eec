/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins that summary.json holds every promised key, writes the unknown as null and counts as integers, and that stable output leaves out what
 * depends on the machine. Leaves open the order of keys and the layout of the table. */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/record/summary.h"

static const char *const promised[] = {
    "scenario",
    "seed",
    "fingerprint",
    "complete",
    "sim_s",
    "ranks",
    "wall_s",
    "cpu_s",
    "start_cpu_s",
    "peak_rss_bytes",
    "events_per_cpu_s",
    "datagrams_per_cpu_s",
    "events",
    "wakes",
    "datagrams",
    "messages",
    "message_bytes",
    "datagrams.by_class.lookup",
    "datagrams.by_class.keepalive",
    "nodes_online_mean",
    "population",
    "bytes_per_node",
    "lookup.count",
    "lookup.no_target",
    "lookup.outcome.correct",
    "lookup.outcome.stale",
    "lookup.outcome.lost",
    "lookup.outcome.absent",
    "lookup.outcome.wrong_owner",
    "lookup.outcome.timeout",
    "lookup.outcome.error",
    "lookup.success",
    "lookup.latency_s.mean",
    "lookup.latency_s.p50",
    "lookup.latency_s.p95",
    "lookup.latency_s.p99",
    "lookup.hops.mean",
    "lookup.hops.p99",
    "lookup.dead_hops.mean",
    "lookup.stretch.mean",
    "registration.count",
    "registration.success",
    "registration.latency_s.mean",
    "registration.latency_s.p50",
    "registration.latency_s.p95",
    "registration.latency_s.p99",
    "registration.messages_per_node_s",
    "maintenance.bytes_per_node_s",
    "throughput.messages_per_s",
    "join.count",
    "join.success",
    "join.latency_s.p50",
    "join.latency_s.p99",
    "updates.join",
    "updates.leave",
    "updates.failure",
    "updates.interval",
    "updates.attach",
    "updates.other",
    "updates.per_join",
    "updates.per_leave",
    "updates.per_failure",
    "updates.seven_links",
    "links.mean",
    "links.p99",
    "finger.valid_share",
    "detect.latency_s.p50",
    "e2e.spurious_share",
    "ring.wrong_successor",
    "ring.dead_successor",
    "ring.unreachable_values",
    "ring.under_replicated",
};

static char *json_of(const struct summary *s, bool stable_only)
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);
    assert_int_equal(summary_json(s, f, stable_only), 0);
    fclose(f);
    return text;
}

static void every_promised_key_is_there(void **state)
{
    (void)state;
    struct summary s;
    summary_init(&s);
    char *json = json_of(&s, false);
    for (size_t i = 0; i < sizeof promised / sizeof promised[0]; i++) {
        char quoted[96];
        snprintf(quoted, sizeof quoted, "\n  \"%s\": ", promised[i]);
        if (!strstr(json, quoted))
            fail_msg("%s is missing", promised[i]);
    }
    free(json);
}

static void no_key_stands_twice(void **state)
{
    (void)state;
    for (unsigned i = 0; summary_key(i, NULL); i++)
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(summary_key(i, NULL), summary_key(k, NULL));
}

static void the_unknown_is_null_and_counts_are_integers(void **state)
{
    (void)state;
    struct summary s;
    summary_init(&s);
    s.datagrams = UINT64_C(12345678901234567);
    s.fingerprint = 0xabc;
    s.lookup_success = 0.25;
    char *json = json_of(&s, false);
    assert_non_null(strstr(json, "\"datagrams\": 12345678901234567,"));
    assert_non_null(strstr(json, "\"fingerprint\": \"0000000000000abc\""));
    assert_non_null(strstr(json, "\"lookup.success\": 0.25,"));
    assert_non_null(strstr(json, "\"join.success\": null,"));
    free(json);
}

static void texts_are_escaped(void **state)
{
    (void)state;
    struct summary s;
    summary_init(&s);
    snprintf(s.scenario, sizeof s.scenario, "a \"b\"\\\n");
    char *json = json_of(&s, false);
    assert_non_null(strstr(json, "\"scenario\": \"a \\\"b\\\"\\\\\\u000a\""));
    free(json);
}

static void stable_output_leaves_out_what_depends_on_the_machine(void **state)
{
    (void)state;
    struct summary a, b;
    summary_init(&a);
    summary_init(&b);
    a.wall_s = 1;
    b.wall_s = 2;
    b.peak_rss_bytes = 77;
    b.ranks = 4;
    const struct summary_rank rank[] = {{.compute_s = 1.5}, {.wait_s = 0.25, .bytes = 1e15}};
    b.rank_count = 2;
    b.rank = rank;
    char *ja = json_of(&a, true), *jb = json_of(&b, true);
    assert_string_equal(ja, jb);
    free(jb);
    jb = json_of(&b, false);
    assert_non_null(strstr(jb, "\"rank.0.compute_s\": 1.5"));
    assert_non_null(strstr(jb, "\"rank.1.wait_s\": 0.25"));
    assert_non_null(strstr(jb, "\"rank.1.bytes\": 1000000000000000"));
    b.lookup_count++;
    free(jb);
    jb = json_of(&b, true);
    assert_string_not_equal(ja, jb);
    free(ja);
    free(jb);
}

static void values_are_found_by_key(void **state)
{
    (void)state;
    struct summary s;
    double v;
    summary_init(&s);
    s.lookup_count = 12;
    assert_true(summary_value(&s, "lookup.count", &v) && v == 12);
    assert_true(summary_value(&s, "ring.dead_successor", &v) && isnan(v));
    assert_false(summary_value(&s, "scenario", &v));
    assert_false(summary_value(&s, "lookup.counts", &v));
}

static void a_file_appears_whole_or_not_at_all(void **state)
{
    (void)state;
    struct summary s;
    char path[64], missing[96];
    summary_init(&s);
    snprintf(path, sizeof path, "/tmp/test_summary.%ld.json", (long)getpid());
    snprintf(missing, sizeof missing, "/tmp/no-such-folder.%ld/x.json", (long)getpid());
    assert_int_equal(summary_write(&s, path), 0);
    assert_int_equal(access(path, R_OK), 0);
    unlink(path);
    assert_int_equal(summary_write(&s, missing), -1);
}

static void the_table_prints_an_empty_run(void **state)
{
    (void)state;
    struct summary s;
    char *text = NULL;
    size_t len;
    summary_init(&s);
    FILE *f = open_memstream(&text, &len);
    summary_print(&s, f);
    fclose(f);
    assert_non_null(strstr(text, "look-ups"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_promised_key_is_there),
        cmocka_unit_test(no_key_stands_twice),
        cmocka_unit_test(the_unknown_is_null_and_counts_are_integers),
        cmocka_unit_test(texts_are_escaped),
        cmocka_unit_test(stable_output_leaves_out_what_depends_on_the_machine),
        cmocka_unit_test(values_are_found_by_key),
        cmocka_unit_test(a_file_appears_whole_or_not_at_all),
        cmocka_unit_test(the_table_prints_an_empty_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

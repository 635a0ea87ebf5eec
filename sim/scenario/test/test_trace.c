/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins the readers of traces: order, exact times, gzip, every mistake with its line; and that workloads/trace-import.sh turns .avt and FTA files, as they
 * are described, into traces that load. Leaves open the real data sets of those formats, which were not at hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "sim/scenario/trace.h"

static char path[64], error[256];

static int setup(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/reloadsim-trace.%ld", (long)getpid());
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

static void put(const char *text, size_t len)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fwrite(text, 1, len, f);
    fclose(f);
}

static void sessions_are_sorted_and_exact(void **state)
{
    (void)state;
    static const char text[] = "node,up_s,down_s\r\n5,10,20.000000001\r\n\r\n# a comment\r\n3,0.5,\r\n5,1,9.9\r\n";
    struct session_trace t;
    for (unsigned zipped = 0; zipped < 2; zipped++) {
        put(text, sizeof text - 1);
        if (zipped) {
            gzFile f = gzopen(path, "wb");
            gzwrite(f, text, sizeof text - 1);
            gzclose(f);
        }
        assert_int_equal(session_trace_load(&t, path, error, sizeof error), 0);
        assert_int_equal(t.nodes, 2);
        assert_true(t.name[0] == 3 && t.name[1] == 5);
        assert_true(t.first[0] == 0 && t.first[1] == 1 && t.first[2] == 3);
        assert_true(t.span[0].up == MILLIS(500) && t.span[0].down == TIME_NEVER);
        assert_true(t.span[1].up == SECONDS(1) && t.span[1].down == MILLIS(9900));
        assert_true(t.span[2].up == SECONDS(10) && t.span[2].down == SECONDS(20) + 1);
        assert_true(t.mean_s > 9.449 && t.mean_s < 9.451); /* of those that end */
        assert_int_equal(session_trace_find(&t, 5), 1);
        assert_int_equal(session_trace_find(&t, 4), UINT32_MAX);
        session_trace_free(&t);
    }
}

static void calls_are_sorted_by_asker_and_time(void **state)
{
    (void)state;
    static const char text[] = "time_s,asker,target\n9,2,1\n3,2,5\n1,7,2\n3,2,4\n";
    struct call_trace t;
    put(text, sizeof text - 1);
    assert_int_equal(call_trace_load(&t, path, error, sizeof error), 0);
    assert_int_equal(t.calls, 4);
    static const uint64_t expected[4][3] = {{2, 3, 5}, {2, 3, 4}, {2, 9, 1}, {7, 1, 2}};
    for (unsigned k = 0; k < 4; k++)
        assert_true(t.call[k].asker == expected[k][0] && t.call[k].at == SECONDS(expected[k][1]) &&
                    t.call[k].target == expected[k][2]);
    call_trace_free(&t);
}

static void every_mistake_is_named_with_its_line(void **state)
{
    (void)state;
#define H "node,up_s,down_s\n"
    static const struct {
        const char *text, *error;
    } wrong[] = {
        {"", ": empty: a line with the names of the columns is needed"},
        {H, ": no sessions after the line with the names of the columns"},
        {"node,up_s\n", ":1: no column is called down_s; the first line names the columns"},
        {H "1,2\n", ":2: 2 columns, but the first line names 3"},
        {H "a,1,2\n", ":2: node: \"a\" is no whole number"},
        {H "-1,1,2\n", ":2: node: \"-1\" is no whole number"},
        {H "1,x,2\n", ":2: up_s: \"x\" is no time in decimal seconds"},
        {H "1,1.,2\n", ":2: up_s: \"1.\" is no time in decimal seconds"},
        {H "1,1.1234567891,2\n", ":2: up_s: \"1.1234567891\" is no time in decimal seconds"},
        {H "1,1e3,2\n", ":2: up_s: \"1e3\" is no time in decimal seconds"},
        {H "1,1,-2\n", ":2: down_s: \"-2\" is no time in decimal seconds"},
        {H "1,2,2\n", ":2: down_s is not after up_s"},
        {H "1,0,5\n1,4,6\n", ": node 1 comes at 4 s, before the end of its session that began at 0 s"},
        {H "1,0,\n1,4,6\n", ": node 1 comes at 4 s, before the end of its session that began at 0 s"},
        {H "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17\n", ":2: more than 16 columns"},
    };
    for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
        struct session_trace t;
        char expected[256];
        put(wrong[k].text, strlen(wrong[k].text));
        assert_int_equal(session_trace_load(&t, path, error, sizeof error), -1);
        snprintf(expected, sizeof expected, "%s%s", path, wrong[k].error);
        assert_string_equal(error, expected);
        assert_null(t.span);
    }
    struct session_trace t;
    put(H "1,2\0,3\n", 24);
    assert_int_equal(session_trace_load(&t, path, error, sizeof error), -1);
    assert_int_equal(session_trace_load(&t, "/nonexistent/x", error, sizeof error), -1);
    assert_string_equal(error, "/nonexistent/x: No such file or directory");
#undef H
}

/* Output of a command as a trace. */
static void import(struct session_trace *t, const char *format, const char *text)
{
    char command[256], input[80];
    snprintf(input, sizeof input, "%s.in", path);
    FILE *f = fopen(input, "w");
    fputs(text, f);
    fclose(f);
    snprintf(command, sizeof command, "workloads/trace-import.sh %s %s >%s", format, input, path);
    assert_int_equal(system(command), 0);
    unlink(input);
    if (session_trace_load(t, path, error, sizeof error))
        fail_msg("%s", error);
}

static void avt_files_become_traces(void **state)
{
    (void)state;
    struct session_trace t;
    import(&t, "avt", "host-b 2 1000 1600 1700.5 1800\nhost-a 0\nhost-c 1 900 1000\n");
    assert_int_equal(t.nodes, 2); /* numbered as they stand; who is never up is left out */
    assert_true(t.name[0] == 1 && t.name[1] == 3);
    assert_true(t.span[0].up == SECONDS(100) && t.span[0].down == SECONDS(700)); /* the least time is 0 */
    assert_true(t.span[1].up == MILLIS(800500) && t.span[2].up == 0);
    session_trace_free(&t);
}

static void fta_files_become_traces(void **state)
{
    (void)state;
    struct session_trace t;
    /* Two intervals of availability that meet are one session. */
    import(&t, "fta",
           "# node_id event_type event_start_time event_stop_time\n"
           "4\t1\t1000\t1060\n4\t0\t1060\t1100\n4\t1\t1100\t1200\n4\t1\t1200\t1300\n9\t1\t1010\t1020\n");
    assert_int_equal(t.nodes, 2);
    assert_true(t.first[1] == 2 && t.first[2] == 3);
    assert_true(t.span[0].up == 0 && t.span[0].down == SECONDS(60));
    assert_true(t.span[1].up == SECONDS(100) && t.span[1].down == SECONDS(300));
    assert_true(t.name[1] == 9 && t.span[2].up == SECONDS(10));
    session_trace_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_are_sorted_and_exact),
        cmocka_unit_test(calls_are_sorted_by_asker_and_time),
        cmocka_unit_test(every_mistake_is_named_with_its_line),
        cmocka_unit_test(avt_files_become_traces),
        cmocka_unit_test(fta_files_become_traces),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

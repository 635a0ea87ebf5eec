/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins the way from a journal to results.h5: complete, interrupted, killed at any byte of the segments; that a run that goes on is left alone, that a
 * folder without results and damaged results are told, that a run which cannot begin leaves earlier results as they are; that comparing
 * finds a value, a length and a text that differ. Leaves open the layout as other readers see it (test_layout.sh) and failures of the disk
 * (test_faults.sh). */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/record/h5.h"
#include "sim/record/journal.h"
#include "sim/record/results.h"
#include "sim/record/segments.h"

#define ROWS 5u

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/test_results.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[96];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static const char *in_folder(const char *name)
{
    static char path[2][128];
    static unsigned turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static bool is_there(const char *name)
{
    return access(in_folder(name), F_OK) == 0;
}

static struct journal *begin(char *error, size_t cap)
{
    struct journal *r = NULL;
    const struct journal_head head = {.scenario = "test",
                                      .text = "reloadsim: 1\n",
                                      .epoch = "2009-10-19",
                                      .seed = 7,
                                      .population = 3,
                                      .warmup = SECONDS(10),
                                      .measure = SECONDS(40),
                                      .interval = SECONDS(10),
                                      .ranks = 1};
    return journal_open(&r, folder, &head, error, cap) ? NULL : r;
}

enum end { KILLED, INTERRUPTED, COMPLETE };

static void record(enum end end)
{
    static struct histogram h[HISTOGRAMS];
    static struct summary s;
    const struct histogram *measured[HISTOGRAMS];
    char error[512];
    struct journal *r = begin(error, sizeof error);
    assert_non_null(r);
    summary_init(&s);
    memset(h, 0, sizeof h);
    for (unsigned i = 0; i < HISTOGRAMS; i++)
        measured[i] = &h[i];
    journal_event(r, 0, "phase", "begins");
    for (unsigned i = 0; i < ROWS; i++) {
        struct series_row row = {.lookups = i, .lookup_latency_mean = i % 2 ? 0.5 * i : NAN};
        histogram_add(&h[i % HISTOGRAMS], 1000 * i);
        s.lookup_count += i;
        s.sim_s = 10 * i;
        journal_row(r, SECONDS(10) * (i + 1), &row, &s, measured);
    }
    const struct series_node node[2] = {{.identity = 1, .changed_s = NAN}, {.identity = 2, .links = 9}};
    journal_nodes(r, node, 2);
    const struct series_ring ring[2] = {{.identity = 1, .state = RING_STATE_DEAD}, {.identity = 2, .successor = NAN}};
    journal_ring(r, ring, 2);
    if (end != KILLED) {
        s.complete = end == COMPLETE;
        journal_finish(r, SECONDS(60), &s, measured, end == COMPLETE);
    }
    assert_null(journal_error(r));
    journal_close(r);
}

static void a_complete_run_is_finished_once(void **state)
{
    (void)state;
    struct results r;
    int complete = -1;
    record(COMPLETE);
    results_finish(folder, &r);
    assert_string_equal(r.error, "");
    assert_int_equal(r.state, RESULTS_COMPLETE);
    assert_true(r.made && !r.killed);
    assert_int_equal(r.rows, ROWS);
    assert_int_equal(r.until, SECONDS(50));
    assert_int_equal(r.dropped, 0);
    assert_int_equal(h5_read_int(in_folder("results.h5"), "/meta", "complete", &complete), 0);
    assert_int_equal(complete, 1);
    assert_true(is_there("summary.json") && is_there("scenario.resolved.yaml"));
    assert_true(!is_there("results.segments") && !is_there("results.h5.part") && !is_there("results.segments.part"));
    results_finish(folder, &r);
    assert_int_equal(r.state, RESULTS_COMPLETE);
    assert_false(r.made);
}

static void an_interrupted_run_is_incomplete(void **state)
{
    (void)state;
    struct results r;
    record(INTERRUPTED);
    for (unsigned i = 0; i < 2; i++) {
        results_finish(folder, &r);
        assert_int_equal(r.state, RESULTS_INCOMPLETE);
        assert_int_equal(r.made, i == 0);
        assert_false(r.killed);
    }
}

/* The file as it would be had the process been killed while it wrote each of its bytes. */
static void a_killed_run_keeps_its_whole_rows(void **state)
{
    (void)state;
    static uint8_t bytes[1 << 16];
    struct segment_reader reader;
    struct segment s;
    uint64_t row_end[ROWS], head_end = 0;
    unsigned rows = 0;
    struct results r;
    record(KILLED);
    int fd = open(in_folder("results.segments"), O_RDONLY);
    ssize_t size = read(fd, bytes, sizeof bytes);
    assert_true(size > 1000 && (size_t)size < sizeof bytes);
    assert_int_equal(segments_open(&reader, fd), 0);
    while (segments_next(&reader, &s) == SEGMENTS_ONE) {
        head_end = head_end ? head_end : reader.at;
        if (s.kind == SEGMENT_ROW)
            row_end[rows++] = reader.at;
    }
    segments_close(&reader);
    close(fd);
    assert_int_equal(rows, ROWS);
    for (ssize_t cut = 0; cut <= size; cut += (size_t)cut < head_end ? 131 : 17) {
        FILE *f = fopen(in_folder("results.segments"), "wb");
        assert_int_equal(fwrite(bytes, 1, (size_t)cut, f), cut);
        assert_int_equal(fclose(f), 0);
        results_finish(folder, &r);
        unsigned whole = 0;
        while (whole < ROWS && row_end[whole] <= (uint64_t)cut)
            whole++;
        if ((uint64_t)cut < head_end) {
            assert_int_equal(r.state, RESULTS_NONE);
            continue;
        }
        assert_string_equal(r.error, "");
        assert_int_equal(r.state, RESULTS_INCOMPLETE);
        assert_true(r.made && r.killed);
        assert_int_equal(r.rows, whole);
    }
}

static void a_run_that_goes_on_is_left_alone(void **state)
{
    (void)state;
    char error[512];
    struct results r;
    struct journal *running = begin(error, sizeof error);
    assert_non_null(running);
    results_finish(folder, &r);
    assert_int_equal(r.state, RESULTS_RUNNING);
    assert_true(is_there("results.segments") && !is_there("results.h5"));
    assert_null(begin(error, sizeof error));
    assert_non_null(strstr(error, "goes on"));
    journal_close(running);
    results_finish(folder, &r);
    assert_int_equal(r.state, RESULTS_INCOMPLETE);
    assert_int_equal(r.rows, 0);
}

static void nothing_and_damage_are_told(void **state)
{
    (void)state;
    struct results r;
    results_finish(folder, &r);
    assert_int_equal(r.state, RESULTS_NONE);
    results_finish("/nonexistent/folder", &r);
    assert_int_equal(r.state, RESULTS_NONE);
    FILE *f = fopen(in_folder("results.h5"), "wb");
    assert_true(fputs("no HDF5 at all", f) >= 0);
    assert_int_equal(fclose(f), 0);
    results_finish(folder, &r);
    assert_int_equal(r.state, RESULTS_FAILED);
    assert_non_null(strstr(r.error, "damaged"));
    f = fopen(in_folder("results.segments"), "wb");
    assert_true(fputs("no segments either, but long enough", f) >= 0);
    assert_int_equal(fclose(f), 0);
    results_finish(folder, &r);
    assert_int_equal(r.state, RESULTS_FAILED);
    assert_non_null(strstr(r.error, "no segments"));
    assert_true(is_there("results.h5"));
}

/* summary.json is a folder: the new run cannot have the place. */
static void a_run_that_cannot_begin_leaves_earlier_results(void **state)
{
    (void)state;
    char error[512];
    struct results r;
    struct stat before, after;
    record(COMPLETE);
    results_finish(folder, &r);
    assert_int_equal(stat(in_folder("results.h5"), &before), 0);
    assert_int_equal(mkdir(in_folder("results.segments.part"), 0777), 0);
    assert_null(begin(error, sizeof error));
    assert_non_null(strstr(error, "cannot write"));
    assert_int_equal(rmdir(in_folder("results.segments.part")), 0);
    assert_int_equal(mkdir(in_folder("scenario.resolved.yaml.part"), 0777), 0);
    assert_null(begin(error, sizeof error));
    assert_non_null(strstr(error, "scenario.resolved.yaml.part"));
    assert_int_equal(stat(in_folder("results.h5"), &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_true(is_there("summary.json") && !is_there("results.segments") && !is_there("results.segments.part"));
}

static void a_run_that_begins_takes_the_place(void **state)
{
    (void)state;
    struct results r;
    record(COMPLETE);
    results_finish(folder, &r);
    record(KILLED);
    assert_true(!is_there("results.h5") && !is_there("summary.json"));
    results_finish(folder, &r);
    assert_int_equal(r.state, RESULTS_INCOMPLETE);
}

/* ---- comparing ---- */

struct contents {
    uint64_t count[3];
    size_t n;
    const char *text;
    double real;
};

static void show(struct h5 *h, const struct contents *c)
{
    h5_group(h, "/g");
    h5_attribute_real(h, "/g", "real", c->real);
    struct h5_column *column = h5_column(h, "/g/count", H5_UINT64, 2, "s", "what", NULL);
    h5_append(h, column, c->count, c->n);
    h5_column_end(h, column);
    column = h5_column(h, "/g/text", H5_STRING, 2, NULL, NULL, NULL);
    h5_append(h, column, &c->text, 1);
    h5_column_end(h, column);
}

static bool compares(const struct contents *c)
{
    struct h5 *h = h5_compare(in_folder("x.h5"));
    show(h, c);
    bool same = h5_error(h) == NULL;
    h5_close(h);
    return same;
}

static void comparing_finds_what_differs(void **state)
{
    (void)state;
    const struct contents wanted = {{1, 2, 3}, 3, "text", NAN};
    void *image;
    size_t len;
    struct h5 *h = h5_make();
    show(h, &wanted);
    assert_int_equal(h5_image(h, &image, &len), 0);
    h5_close(h);
    FILE *f = fopen(in_folder("x.h5"), "wb");
    assert_int_equal(fwrite(image, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
    free(image);
    assert_true(compares(&wanted));
    assert_false(compares(&(struct contents){{1, 2, 4}, 3, "text", NAN}));
    assert_false(compares(&(struct contents){{1, 2, 3}, 2, "text", NAN}));
    assert_false(compares(&(struct contents){{1, 2, 3}, 3, "test", NAN}));
    assert_false(compares(&(struct contents){{1, 2, 3}, 3, "text", 0}));
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(a_complete_run_is_finished_once),   TEST(an_interrupted_run_is_incomplete),
        TEST(a_killed_run_keeps_its_whole_rows), TEST(a_run_that_goes_on_is_left_alone),
        TEST(nothing_and_damage_are_told),       TEST(a_run_that_cannot_begin_leaves_earlier_results),
        TEST(a_run_that_begins_takes_the_place), TEST(comparing_finds_what_differs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins the file of segments: what was appended comes back; cut at any byte, every whole segment before the cut does and nothing else; with any bit
 * turned over, the segments before it do and no wrong one ever; a disk that takes no more leaves the whole ones readable and appendable.
 * Leaves open what segments hold (test_results.c) and the death of a process (test_killed.sh). */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/record/segments.h"

#define SEGMENTS 7u

static FILE *file;

static int empty_file(void **state)
{
    (void)state;
    file = tmpfile();
    return file ? 0 : -1;
}

static int close_file(void **state)
{
    (void)state;
    return fclose(file);
}

/* The n-th segment: a few lengths, 0 among them, and contents of its own. */
static size_t contents(uint32_t n, uint8_t *out)
{
    size_t len = n * n * 37 % 401;
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(n * 31 + i * i % 7);
    return len;
}

static enum segment_kind kind_of(uint32_t n)
{
    return (enum segment_kind)(SEGMENT_HEAD + n % (SEGMENT_KINDS - SEGMENT_HEAD));
}

/* end: where each segment ends. */
static void write_all(uint64_t end[SEGMENTS])
{
    struct segment_writer w;
    uint8_t bytes[512];
    assert_int_equal(segments_begin(&w, fileno(file)), 0);
    for (uint32_t n = 0; n < SEGMENTS; n++) {
        size_t len = contents(n, bytes);
        assert_int_equal(segments_append(&w, kind_of(n), bytes, len), 0);
        end[n] = w.bytes;
    }
    segments_end(&w);
}

/* Reads to the end; each segment has to be the one that was written. */
static uint32_t read_all(uint64_t *left)
{
    struct segment_reader r;
    struct segment s;
    uint8_t bytes[512];
    uint32_t n = 0;
    if (segments_open(&r, fileno(file))) {
        assert_int_equal(errno, EILSEQ);
        *left = r.size;
        return 0;
    }
    for (; segments_next(&r, &s) == SEGMENTS_ONE; n++) {
        assert_int_equal(s.number, n);
        assert_int_equal(s.kind, kind_of(n));
        assert_int_equal(s.len, contents(n, bytes));
        assert_memory_equal(s.bytes, bytes, s.len);
    }
    *left = r.size - r.at;
    segments_close(&r);
    return n;
}

static void what_was_appended_comes_back(void **state)
{
    (void)state;
    uint64_t end[SEGMENTS], left;
    write_all(end);
    assert_int_equal(read_all(&left), SEGMENTS);
    assert_int_equal(left, 0);
}

static void a_torn_tail_is_dropped_wherever_it_tears(void **state)
{
    (void)state;
    uint64_t end[SEGMENTS], left;
    write_all(end);
    for (uint64_t size = end[SEGMENTS - 1]; size-- > 0;) {
        uint32_t whole = 0;
        assert_int_equal(ftruncate(fileno(file), (off_t)size), 0);
        while (whole < SEGMENTS && end[whole] <= size)
            whole++;
        assert_int_equal(read_all(&left), whole);
        assert_int_equal(left, size - (whole ? end[whole - 1] : size < 16 ? 0 : 16));
    }
}

static void a_turned_bit_never_makes_a_wrong_segment(void **state)
{
    (void)state;
    uint64_t end[SEGMENTS], left;
    write_all(end);
    for (uint64_t at = 0; at < end[SEGMENTS - 1]; at++) {
        uint8_t was, is;
        uint32_t before = 0;
        assert_int_equal(pread(fileno(file), &was, 1, (off_t)at), 1);
        is = was ^ (uint8_t)(1u << at % 8);
        assert_int_equal(pwrite(fileno(file), &is, 1, (off_t)at), 1);
        while (end[before] <= at)
            before++;
        assert_int_equal(read_all(&left), at < 16 ? 0 : before);
        assert_true(left > 0);
        assert_int_equal(pwrite(fileno(file), &was, 1, (off_t)at), 1);
    }
    assert_int_equal(read_all(&left), SEGMENTS);
}

static void a_full_disk_leaves_whole_segments(void **state)
{
    (void)state;
    struct segment_writer w;
    struct rlimit before, limit;
    uint8_t bytes[512];
    uint64_t left;
    uint32_t n = 0;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_IGN);
    limit = before;
    limit.rlim_cur = 300;
    assert_int_equal(segments_begin(&w, fileno(file)), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    while (segments_append(&w, kind_of(n), bytes, contents(n, bytes)) == 0)
        n++;
    assert_int_equal(errno, EFBIG);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(n > 0 && n < SEGMENTS);
    assert_int_equal(read_all(&left), n);
    assert_int_equal(left, 0);
    /* The writer goes on where the last whole one ended. */
    assert_int_equal(lseek(fileno(file), (off_t)w.bytes, SEEK_SET), w.bytes);
    assert_int_equal(segments_append(&w, kind_of(n), bytes, contents(n, bytes)), 0);
    assert_int_equal(read_all(&left), n + 1);
    segments_end(&w);
}

static void another_file_is_told(void **state)
{
    (void)state;
    struct segment_reader r;
    assert_int_equal(fputs("name,value\n1,2\n3,4\n5,6\n", file) < 0, 0);
    assert_int_equal(fflush(file), 0);
    assert_int_equal(segments_open(&r, fileno(file)), -1);
    assert_int_equal(errno, EILSEQ);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, empty_file, close_file)
    const struct CMUnitTest tests[] = {
        TEST(what_was_appended_comes_back),
        TEST(a_torn_tail_is_dropped_wherever_it_tears),
        TEST(a_turned_bit_never_makes_a_wrong_segment),
        TEST(a_full_disk_leaves_whole_segments),
        TEST(another_file_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

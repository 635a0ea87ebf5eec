/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: sections come back as they were put; a file that was cut off anywhere, or of which any one bit is another, is refused with a sentence and never read as if it were whole; a
 * section that is missing or there twice is known; a checkpoint that cannot be written leaves the one before it. Leaves open: what is in sections (sim/world/test/test_checkpoint.c). */
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

#include "sim/checkpoint/archive.h"

static char folder[64], path[96];
static uint8_t *file;
static size_t size;

static void put_pattern(struct archive_writer *w, enum archive_kind kind, uint32_t first, size_t len)
{
    struct stream s = {0};
    for (size_t i = 0; i < len; i++) {
        uint8_t b = (uint8_t)(i * i + first);
        stream_put(&s, &b, 1);
    }
    archive_put(w, kind, first, first + 1, &s);
    assert_int_equal(s.len, 0);
    stream_free(&s);
}

static int make(void)
{
    char error[512];
    uint64_t bytes;
    struct archive_writer *w = archive_create(folder, NULL);
    put_pattern(w, ARCHIVE_HEAD, 0, 100);
    put_pattern(w, ARCHIVE_WORLD, 0, 0);
    put_pattern(w, ARCHIVE_PEERS, 7, 5000);
    put_pattern(w, ARCHIVE_PEERS, 8, 300);
    return archive_keep(w, &bytes, error, sizeof error);
}

static void load(void)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    file = realloc(file, 1 << 16);
    size = fread(file, 1, 1 << 16, f);
    fclose(f);
}

static void store(const uint8_t *bytes, size_t len)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    fclose(f);
}

/* Sections that were read whole, of so many; -1: refused, with a sentence. */
static int read_all(void)
{
    char error[512] = "";
    struct archive_reader *a;
    struct archive_section section;
    struct stream_reader r;
    int n = 0, found = 0;
    if (archive_open(&a, path, error, sizeof error)) {
        assert_non_null(strstr(error, path));
        return -1;
    }
    while ((found = archive_next(a, &section, error, sizeof error)) > 0) {
        if (archive_read(a, &r, error, sizeof error)) {
            found = -1;
            break;
        }
        for (size_t i = 0; !stream_at_end(&r); i++) {
            uint8_t b;
            stream_get(&r, &b, 1);
            assert_int_equal(b, (uint8_t)(i * i + section.first));
        }
        n++;
    }
    archive_close(a);
    if (found < 0)
        assert_non_null(strstr(error, path));
    return found < 0 ? -1 : n;
}

static void comes_back(void **state)
{
    (void)state;
    assert_int_equal(make(), 0);
    assert_int_equal(read_all(), 4);
}

static void cut_off(void **state)
{
    (void)state;
    assert_int_equal(make(), 0);
    load();
    for (size_t len = 0; len < size; len++) {
        store(file, len);
        assert_int_equal(read_all(), -1);
    }
    store(file, size);
    assert_int_equal(read_all(), 4);
}

static void one_bit_flipped(void **state)
{
    (void)state;
    assert_int_equal(make(), 0);
    load();
    for (size_t i = 0; i < size; i++) {
        uint8_t bit = (uint8_t)(1u << (i * 5 % 8));
        file[i] ^= bit;
        store(file, size);
        assert_int_equal(read_all(), -1);
        file[i] ^= bit;
    }
}

/* Sections lie one after the other: the length of the packed bytes of each stands at 20 of its head. */
static size_t section_at(unsigned k)
{
    size_t at = 16;
    for (uint32_t packed; k > 0; k--, at += 32 + packed)
        memcpy(&packed, file + at + 20, sizeof packed);
    return at;
}

static void missing_or_twice(void **state)
{
    (void)state;
    uint8_t other[1 << 16];
    assert_int_equal(make(), 0);
    load();
    size_t from = section_at(2), to = section_at(3);
    memcpy(other, file, from);
    memcpy(other + from, file + to, size - to);
    store(other, from + size - to);
    assert_int_equal(read_all(), -1);
    memcpy(other, file, to);
    memcpy(other + to, file + from, size - from);
    store(other, to + size - from);
    assert_int_equal(read_all(), -1);
}

static void one_before_stays(void **state)
{
    (void)state;
    char part[128];
    assert_int_equal(make(), 0);
    snprintf(part, sizeof part, "%s.part", path);
    assert_int_equal(mkdir(part, 0777), 0); /* nobody can write a file of that name */
    assert_int_equal(make(), -1);
    assert_int_equal(rmdir(part), 0);
    assert_int_equal(read_all(), 4);
    assert_int_equal(make(), 0);
    assert_int_equal(access(part, F_OK), -1);
}

static void other_files(void **state)
{
    (void)state;
    store((const uint8_t *)"reloadsim: 1\noverlay: {peers: 20}\n", 34);
    assert_int_equal(read_all(), -1);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(read_all(), -1);
}

static int begin(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/test_archive.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/" ARCHIVE_FILE, folder);
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(file);
    unlink(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(comes_back), cmocka_unit_test(cut_off), cmocka_unit_test(one_bit_flipped), cmocka_unit_test(missing_or_twice),
                                       cmocka_unit_test(one_before_stays), cmocka_unit_test(other_files)};
    return cmocka_run_group_tests(tests, begin, end);
}

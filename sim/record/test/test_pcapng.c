/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins the bytes of a capture file: blocks padded and closed by their length, times in ns, interfaces and comments, nothing left behind when
 * writing fails. tshark, where it is installed, reads the same. Leaves open what is captured (test_capture). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/record/pcapng.h"

struct file {
    uint8_t b[4096];
    size_t len;
};

static const char *path_of(char out[64], const char *name)
{
    snprintf(out, 64, "/tmp/test_pcapng.%ld.%s", (long)getpid(), name);
    return out;
}

static void write_small(const char *path)
{
    static const uint8_t packet[] = {0x45, 0,  0, 29, 0, 0,    0x40, 0,    64,   17, 0, 0, 16, 0,  0,
                                     1,    16, 0, 0,  2, 0x17, 0xc4, 0x17, 0xc4, 0,  9, 0, 0,  'x'};
    struct pcapng *f = pcapng_open(path);
    assert_non_null(f);
    pcapng_section(f, "program", "a comment");
    pcapng_interface(f, PCAPNG_RAW_IP, "node 17");
    pcapng_packet(f, 0, UINT64_C(1255910400123456789), true, packet, sizeof packet, "hop 3");
    pcapng_packet(f, 0, UINT64_C(1255910400123456790), false, packet, sizeof packet, "");
    assert_int_equal(pcapng_close(f), 0);
}

static void read_all(const char *path, struct file *out)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    out->len = fread(out->b, 1, sizeof out->b, f);
    fclose(f);
}

static uint32_t u32(const struct file *f, size_t at)
{
    assert_true(at + 4 <= f->len);
    return (uint32_t)f->b[at] | (uint32_t)f->b[at + 1] << 8 | (uint32_t)f->b[at + 2] << 16 |
           (uint32_t)f->b[at + 3] << 24;
}

static void every_block_is_closed_by_its_length(void **state)
{
    (void)state;
    char path[64];
    struct file f;
    const uint32_t types[] = {0x0a0d0d0a, 1, 6, 6};
    write_small(path_of(path, "blocks"));
    read_all(path, &f);
    size_t at = 0;
    for (unsigned i = 0; i < 4; i++) {
        uint32_t len = u32(&f, at + 4);
        assert_int_equal(u32(&f, at), types[i]);
        assert_int_equal(len % 4, 0);
        assert_int_equal(u32(&f, at + len - 4), len);
        at += len;
    }
    assert_int_equal(at, f.len);
    unlink(path);
}

static void times_are_in_nanoseconds_and_directions_are_told(void **state)
{
    (void)state;
    char path[64];
    struct file f;
    write_small(path_of(path, "times"));
    read_all(path, &f);
    size_t at = u32(&f, 4);
    at += u32(&f, at + 4);
    assert_true(((uint64_t)u32(&f, at + 12) << 32 | u32(&f, at + 16)) == UINT64_C(1255910400123456789));
    assert_int_equal(u32(&f, at + 20), 29);
    assert_int_equal(u32(&f, at + 28 + 32), 2 | 4 << 16); /* epb_flags after 29 bytes and their padding */
    assert_int_equal(u32(&f, at + 28 + 36), 1);           /* inbound */
    unlink(path);
}

static void tshark_reads_it(void **state)
{
    (void)state;
    char path[64], command[256], line[256] = "";
    if (access("/usr/bin/tshark", X_OK) != 0)
        skip();
    write_small(path_of(path, "tshark"));
    snprintf(command, sizeof command,
             "/usr/bin/tshark -r %s -T fields -e frame.time_epoch -e frame.interface_name -e ip.src -e udp.dstport -e "
             "frame.comment 2>/dev/null",
             path);
    FILE *p = popen(command, "r");
    assert_non_null(p);
    assert_non_null(fgets(line, sizeof line, p));
    while (fgetc(p) != EOF)
        ;
    pclose(p);
    assert_string_equal(line, "1255910400.123456789\tnode 17\t16.0.0.1\t6084\thop 3\n");
    unlink(path);
}

static void a_failed_file_leaves_nothing_behind(void **state)
{
    (void)state;
    assert_null(pcapng_open("/no-such-folder/x.pcapng"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_block_is_closed_by_its_length),
        cmocka_unit_test(times_are_in_nanoseconds_and_directions_are_told),
        cmocka_unit_test(tshark_reads_it),
        cmocka_unit_test(a_failed_file_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

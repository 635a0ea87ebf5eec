/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: captures of both byte orders, both pcap clocks, pcapng clocks of any resolution, each link layer and IP version give the same datagram
 * and time; comments are found; what is no UDP, cut or an IP fragment is told apart; no damage reads out of bounds or goes on for ever.
 * Leaves open: what is in the datagrams. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/base/hash.h"
#include "sim/record/pcap_read.h"

#define TIME_NS UINT64_C(1255910400123456789)

static char path[] = "/tmp/test_pcap_read_XXXXXX";

/* ---- bytes of a file in either order ---- */

struct bytes {
    uint8_t b[4096];
    size_t len;
    bool big;
};

static void add(struct bytes *x, uint64_t v, unsigned width)
{
    for (unsigned i = 0; i < width; i++)
        x->b[x->len + i] = (uint8_t)(v >> 8 * (x->big ? width - 1 - i : i));
    x->len += width;
}

static void add_raw(struct bytes *x, const void *b, size_t len)
{
    memcpy(x->b + x->len, b, len);
    x->len += len;
}

static void pad(struct bytes *x)
{
    while (x->len % 4)
        add(x, 0, 1);
}

/* ---- packets, always big-endian ---- */

static struct bytes ip_packet(unsigned version, unsigned protocol)
{
    struct bytes p = {.big = true};

    if (version == 4) {
        add(&p, 0x45000000 | (28 + 5), 4);
        add(&p, 0x00004000, 4);
        add(&p, UINT64_C(0x40000000) | protocol << 16, 4);
        add(&p, 0x0a000001, 4);
        add(&p, 0x0a000002, 4);
    } else { /* with a hop-by-hop header */
        add(&p, 0x60000000, 4);
        add(&p, 8 + 8 + 5, 2);
        add(&p, 0, 1);
        add(&p, 64, 1);
        add_raw(&p, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
        add_raw(&p, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2", 16);
        add(&p, protocol << 8, 2);
        add(&p, 0, 6);
    }
    add(&p, 6084, 2);
    add(&p, 6085, 2);
    add(&p, 8 + 5, 2);
    add(&p, 0, 2);
    add_raw(&p, "hello", 5);
    return p;
}

static struct bytes linked(uint32_t link_type, unsigned version, unsigned protocol)
{
    struct bytes p = {.big = true}, ip = ip_packet(version, protocol);
    unsigned ether = version == 4 ? 0x0800 : 0x86dd;

    switch (link_type) {
    case 1:
        add(&p, 0, 8);
        add(&p, 0, 4);
        add(&p, 0x8100, 2); /* a VLAN tag */
        add(&p, 7, 2);
        add(&p, ether, 2);
        break;
    case 113:
        add(&p, 0, 8);
        add(&p, 0, 6);
        add(&p, ether, 2);
        break;
    case 276:
        add(&p, (uint64_t)ether << 48, 8);
        add(&p, 0, 8);
        add(&p, 0, 4);
        break;
    case 0: add(&p, 2, 4); break;
    default: break;
    }
    add_raw(&p, ip.b, ip.len);
    if (link_type == 1)
        add(&p, 0, 6); /* padding of short frames */
    return p;
}

/* ---- files ---- */

static void save(const struct bytes *x)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(x->b, 1, x->len, f), x->len);
    fclose(f);
}

static struct bytes classic(bool big, bool nanoseconds, uint32_t link_type, const struct bytes *packet)
{
    struct bytes x = {.big = big};

    add(&x, nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4, 4);
    add(&x, 2, 2);
    add(&x, 4, 2);
    add(&x, 0, 8);
    add(&x, 65535, 4);
    add(&x, link_type, 4);
    for (int i = 0; i < 2; i++) {
        add(&x, TIME_NS / 1000000000, 4);
        add(&x, TIME_NS % 1000000000 / (nanoseconds ? 1 : 1000), 4);
        add(&x, packet->len, 4);
        add(&x, packet->len, 4);
        add_raw(&x, packet->b, packet->len);
    }
    return x;
}

static size_t block_begin(struct bytes *x, uint32_t type)
{
    add(x, type, 4);
    add(x, 0, 4);
    return x->len - 8;
}

static void block_end(struct bytes *x, size_t start)
{
    struct bytes total = {.big = x->big};
    pad(x);
    add(&total, x->len - start + 4, 4);
    memcpy(x->b + start + 4, total.b, 4);
    add_raw(x, total.b, 4);
}

/* Two packets: enhanced with two comments, then a simple one. ticks: TIME_NS in units of the resolution. */
static struct bytes ng(bool big, int resolution, uint64_t ticks, uint32_t link_type, const struct bytes *packet)
{
    struct bytes x = {.big = big};
    size_t k = block_begin(&x, 0x0a0d0d0a);

    add(&x, 0x1a2b3c4d, 4);
    add(&x, 1, 2);
    add(&x, 0, 2);
    add(&x, UINT64_MAX, 8);
    block_end(&x, k);
    k = block_begin(&x, 1);
    add(&x, link_type, 2);
    add(&x, 0, 2);
    add(&x, 0, 4);
    if (resolution >= 0) {
        add(&x, 9, 2);
        add(&x, 1, 2);
        add(&x, (uint64_t)resolution, 1);
        pad(&x);
        add(&x, 0, 4);
    }
    block_end(&x, k);
    k = block_begin(&x, 0x99); /* unknown: passed over */
    add(&x, 1, 4);
    block_end(&x, k);
    k = block_begin(&x, 6);
    add(&x, 0, 4);
    add(&x, ticks >> 32, 4);
    add(&x, ticks & UINT32_MAX, 4);
    add(&x, packet->len, 4);
    add(&x, packet->len, 4);
    add_raw(&x, packet->b, packet->len);
    pad(&x);
    add(&x, 1, 2);
    add(&x, 5, 2);
    add_raw(&x, "first", 5);
    pad(&x);
    add(&x, 1, 2);
    add(&x, 6, 2);
    add_raw(&x, "second", 6);
    pad(&x);
    add(&x, 0, 4);
    block_end(&x, k);
    k = block_begin(&x, 3);
    add(&x, packet->len, 4);
    add_raw(&x, packet->b, packet->len);
    block_end(&x, k);
    return x;
}

/* ---- what every file must give ---- */

static void assert_hello(const struct pcap_packet *p, unsigned version)
{
    struct pcap_udp u;

    assert_int_equal(pcap_read_udp(p, &u), PCAP_UDP);
    assert_int_equal(u.len, 5);
    assert_memory_equal(u.b, "hello", 5);
    assert_int_equal(u.source.port, 6084);
    assert_int_equal(u.destination.port, 6085);
    assert_int_equal(u.source.version, version);
    assert_int_equal(u.source.ip[version == 4 ? 3 : 15], 1);
    assert_int_equal(u.destination.ip[version == 4 ? 3 : 15], 2);
}

static void assert_two_packets(unsigned version, uint64_t time_ns, bool comment)
{
    char why[PCAP_REASON_BYTES];
    struct pcap_file *f = pcap_read_open(path, why);
    struct pcap_packet p;

    if (!f)
        fail_msg("%s", why);
    assert_int_equal(pcap_read_next(f, &p), 1);
    assert_int_equal(p.number, 1);
    assert_true(p.unix_ns == time_ns);
    assert_hello(&p, version);
    if (comment) {
        assert_int_equal(p.comment_len, 5);
        assert_memory_equal(p.comment, "first", 5);
    }
    assert_int_equal(pcap_read_next(f, &p), 1);
    assert_int_equal(p.number, 2);
    assert_null(p.comment);
    assert_hello(&p, version);
    assert_int_equal(pcap_read_next(f, &p), 0);
    assert_null(pcap_read_reason(f));
    pcap_read_close(f);
}

static void every_format_and_link_gives_the_same_datagram(void **state)
{
    static const uint32_t links[] = {0, 1, 101, 113, 276};

    (void)state;
    for (unsigned version = 4; version <= 6; version += 2)
        for (unsigned l = 0; l < sizeof links / sizeof *links; l++)
            for (int big = 0; big < 2; big++) {
                struct bytes packet = linked(links[l], version, 17), x;
                for (int nanoseconds = 0; nanoseconds < 2; nanoseconds++) {
                    x = classic(big, nanoseconds, links[l], &packet);
                    save(&x);
                    assert_two_packets(version, nanoseconds ? TIME_NS : TIME_NS / 1000 * 1000, false);
                }
                x = ng(big, 9, TIME_NS, links[l], &packet);
                save(&x);
                assert_two_packets(version, TIME_NS, true);
            }
}

static void clocks_of_any_resolution_are_read(void **state)
{
    struct bytes packet = linked(101, 4, 17), x;

    (void)state;
    x = ng(false, -1, TIME_NS / 1000, 101, &packet); /* the default is microseconds */
    save(&x);
    assert_two_packets(4, TIME_NS / 1000 * 1000, true);
    x = ng(false, 3, TIME_NS / 1000000, 101, &packet);
    save(&x);
    assert_two_packets(4, TIME_NS / 1000000 * 1000000, true);
    x = ng(false, 0x80 | 10, (TIME_NS / 1000000000) << 10 | 512, 101, &packet); /* 1/1024 s */
    save(&x);
    assert_two_packets(4, TIME_NS / 1000000000 * 1000000000 + 500000000, true);
}

static enum pcap_content content(uint32_t link_type, const struct bytes *packet, size_t len)
{
    struct pcap_packet p = {.link_type = link_type, .b = packet->b, .len = len};
    struct pcap_udp u;
    return pcap_read_udp(&p, &u);
}

static void what_is_no_whole_udp_is_told_apart(void **state)
{
    struct bytes p = linked(101, 4, 17);

    (void)state;
    assert_int_equal(content(101, &p, p.len - 1), PCAP_CUT);
    assert_int_equal(content(101, &p, 22), PCAP_CUT);
    assert_int_equal(content(101, &p, 10), PCAP_CUT);
    assert_int_equal(content(101, &p, 0), PCAP_OTHER);
    assert_int_equal(content(9999, &p, p.len), PCAP_OTHER);
    p.b[6] = 0x20; /* more fragments */
    assert_int_equal(content(101, &p, p.len), PCAP_FRAGMENT);
    p = linked(101, 4, 6);
    assert_int_equal(content(101, &p, p.len), PCAP_OTHER);
    p = linked(101, 6, 44);
    assert_int_equal(content(101, &p, p.len), PCAP_FRAGMENT);
    p = linked(1, 4, 17);
    p.b[17] = 6; /* ARP behind the tag */
    assert_int_equal(content(1, &p, p.len), PCAP_OTHER);
    for (size_t len = 0; len < p.len; len++)
        content(1, &p, len);
}

static void damaged_files_end_with_a_reason(void **state)
{
    struct bytes packet = linked(101, 6, 17), x, y;
    char why[PCAP_REASON_BYTES];
    struct pcap_packet p;
    struct pcap_udp u;
    uint64_t r = 1;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        x = round & 1 ? ng(round & 2, 9, TIME_NS, 101, &packet) : classic(round & 2, true, 101, &packet);
        y = x;
        if (round % 3 == 0)
            y.len = (r = hash64_mix(r, 1)) % (x.len + 1);
        else
            for (unsigned n = 0; n < 1 + (unsigned)round % 5; n++) {
                r = hash64_mix(r, n);
                y.b[r % x.len] = (uint8_t)(r >> 40);
            }
        save(&y);
        struct pcap_file *f = pcap_read_open(path, why);
        unsigned packets = 0;
        if (!f) {
            assert_true(strlen(why) > 5);
            continue;
        }
        int got;
        while ((got = pcap_read_next(f, &p)) == 1 && packets++ < 1000) {
            uint8_t *copy = malloc(p.len + 1); /* so that ASan sees a packet that is not there */
            memcpy(copy, p.b, p.len);
            free(copy);
            pcap_read_udp(&p, &u);
        }
        assert_true(packets < x.len / 16); /* a wrong length may cut two packets into more, yet each takes a header */
        assert_int_equal(got == -1, pcap_read_reason(f) != NULL);
        if (round % 3 == 0 && y.len < x.len)
            assert_true(packets < 2);
        pcap_read_close(f);
    }
}

static int teardown(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_and_link_gives_the_same_datagram),
        cmocka_unit_test(clocks_of_any_resolution_are_read),
        cmocka_unit_test(what_is_no_whole_udp_is_told_apart),
        cmocka_unit_test(damaged_files_end_with_a_reason),
    };
    close(mkstemp(path));
    return cmocka_run_group_tests(tests, NULL, teardown);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: the bytes of three messages as drawn in message.h; that every type is read back as it was written; the error for each way in which bytes can be no
 * message, and that no cut or lengthened message is one. Leaves open: what a node makes of messages (test_ring.c), any bytes at all (the fuzzer). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "proto/base/error.h"
#include "sim/chord2003/message.h"

static struct ip_port address(uint32_t ip, uint16_t port)
{
    struct ip_port a = {.port = port, .version = 4};
    store_be32(a.ip, ip);
    return a;
}

static void test_bytes(void **state)
{
    static const uint8_t find[] = {0x43, 1, 2,  1,  0xde, 0xad, 0xbe, 0xef, 1,  2,  3, 4, 5,   6,    7,
                                   8,    9, 10, 11, 12,   13,   14,   15,   16, 10, 0, 0, 200, 0x17, 0xc4};
    static const uint8_t found[] = {0x43, 2, 0x04, 2, 0, 0, 0, 7, 192, 0, 2, 1, 0, 80, 192, 0, 2, 2, 0xff, 0xff};
    static const uint8_t ping[] = {0x43, 6, 0, 0, 0, 0, 1, 0};
    uint8_t out[CHORD_MESSAGE_MAX];
    const struct id key = {0x0102030405060708, 0x090a0b0c0d0e0f10};
    struct ip_port a = address(0x0a0000c8, 6084), b = address(0xc0000201, 80), c = address(0xc0000202, 0xffff);
    struct chord2003_writer w = chord2003_begin(out, CHORD_FIND, CHORD_FOR_JOIN, 0xdeadbeef, &key);
    (void)state;
    chord2003_put_node(&w, &a);
    assert_int_equal(chord2003_len(&w), sizeof find);
    assert_memory_equal(out, find, sizeof find);
    w = chord2003_begin(out, CHORD_FOUND, CHORD_OWNER, 7, NULL);
    chord2003_put_node(&w, &b);
    chord2003_put_node(&w, &c);
    assert_int_equal(chord2003_len(&w), sizeof found);
    assert_memory_equal(out, found, sizeof found);
    w = chord2003_begin(out, CHORD_PING, 0, 256, NULL);
    assert_int_equal(chord2003_len(&w), sizeof ping);
    assert_memory_equal(out, ping, sizeof ping);
}

static size_t write_one(uint8_t *out, enum chord2003_type type, uint8_t flags, unsigned nodes)
{
    const struct id key = {0x8000000000000001, 42};
    struct chord2003_writer w = chord2003_begin(out, type, flags, 99, type == CHORD_FIND ? &key : NULL);
    for (unsigned i = 0; i < nodes; i++) {
        struct ip_port a = address(0x10000000 + i, (uint16_t)(6084 + i));
        chord2003_put_node(&w, &a);
    }
    return chord2003_len(&w);
}

static void test_round_trip(void **state)
{
    static const struct {
        enum chord2003_type type;
        uint8_t flags;
        unsigned nodes;
    } messages[] = {{CHORD_FIND, CHORD_FOR_FINGER, 0},
                    {CHORD_FIND, CHORD_FOR_USER, 8},
                    {CHORD_FOUND, 0, 0},
                    {CHORD_FOUND, CHORD_OWNER, 3},
                    {CHORD_STABILIZE, 0, 0},
                    {CHORD_STATE, 0, 0},
                    {CHORD_STATE, 0, 64},
                    {CHORD_STATE, CHORD_PREDECESSOR, 65},
                    {CHORD_HINT, 0, 1},
                    {CHORD_PING, 0, 0},
                    {CHORD_PONG, 0, 0},
                    {CHORD_LEAVE, CHORD_PREDECESSOR, 1},
                    {CHORD_LEAVE, 0, 20}};
    (void)state;
    for (unsigned k = 0; k < sizeof messages / sizeof messages[0]; k++) {
        uint8_t out[CHORD_MESSAGE_MAX + 1];
        struct chord2003_message m;
        size_t len = write_one(out, messages[k].type, messages[k].flags, messages[k].nodes);
        assert_int_equal(chord2003_decode(&m, out, len), 0);
        assert_int_equal(m.type, messages[k].type);
        assert_int_equal(m.flags, messages[k].flags);
        assert_int_equal(m.nodes, messages[k].nodes);
        assert_int_equal(m.transaction, 99);
        assert_true(m.type != CHORD_FIND || (m.key.hi == 0x8000000000000001 && m.key.lo == 42));
        for (unsigned i = 0; i < m.nodes; i++) {
            struct ip_port a = chord2003_node(&m, i);
            assert_int_equal(load_be32(a.ip), 0x10000000 + i);
            assert_int_equal(a.port, 6084 + i);
        }
        for (size_t cut = 0; cut < len; cut++)
            assert_int_equal(chord2003_decode(&m, out, cut), ERR_SHORT);
        out[len] = 0;
        assert_int_equal(chord2003_decode(&m, out, len + 1), ERR_TRAILING);
    }
}

static void test_wrong(void **state)
{
    /* The right number of bytes follows. */
    static const struct {
        uint8_t magic, type, flags, nodes;
        int error;
    } wrong[] = {{0x44, 6, 0, 0, ERR_TOKEN}, {0x43, 0, 0, 0, ERR_UNKNOWN}, {0x43, 9, 0, 0, ERR_UNKNOWN},
                 {0x43, 6, 1, 0, ERR_VALUE}, {0x43, 6, 0, 1, ERR_VALUE},   {0x43, 1, 3, 0, ERR_VALUE},
                 {0x43, 1, 4, 1, ERR_VALUE}, {0x43, 2, 4, 0, ERR_VALUE},   {0x43, 2, 8, 1, ERR_VALUE},
                 {0x43, 4, 8, 0, ERR_VALUE}, {0x43, 4, 0, 66, ERR_VALUE},  {0x43, 5, 0, 0, ERR_VALUE},
                 {0x43, 5, 0, 2, ERR_VALUE}, {0x43, 8, 1, 1, ERR_VALUE},   {0x43, 2, 0x80, 1, ERR_VALUE},
                 {0x43, 3, 8, 0, ERR_VALUE}};
    (void)state;
    for (unsigned k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
        uint8_t b[600] = {wrong[k].magic, wrong[k].type, wrong[k].flags, wrong[k].nodes};
        struct chord2003_message m;
        size_t len = CHORD_HEADER_BYTES + (wrong[k].type == CHORD_FIND ? 16 : 0) + 6u * wrong[k].nodes;
        assert_int_equal(chord2003_decode(&m, b, len), wrong[k].error);
    }
}

static void test_classes(void **state)
{
    (void)state;
    assert_int_equal(chord2003_traffic(CHORD_FIND, CHORD_FOR_USER), TRAFFIC_LOOKUP);
    assert_int_equal(chord2003_traffic(CHORD_FOUND, CHORD_FOR_USER | CHORD_OWNER), TRAFFIC_LOOKUP);
    assert_int_equal(chord2003_traffic(CHORD_FIND, CHORD_FOR_FINGER), TRAFFIC_PING);
    assert_int_equal(chord2003_traffic(CHORD_FOUND, CHORD_FOR_JOIN), TRAFFIC_JOIN_LEAVE);
    assert_int_equal(chord2003_traffic(CHORD_STATE, CHORD_PREDECESSOR), TRAFFIC_UPDATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: cursors are sticky, count true bytes, never pass their end, and refuse lengths that do not fit; lists with lengths that lie are
 * refused by the reader that owns them. Leaves open: whole messages (test_roundtrip.c). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "proto/wire/frame.h"
#include "proto/wire/message.h"

static void the_first_failure_of_a_reader_wins_and_ends_it(void **state)
{
    const uint8_t b[] = {1, 2, 3, 4};
    struct reader r = reader_on(b, sizeof b, false);

    (void)state;
    assert_int_equal(get_u16(&r), 0x0102);
    assert_int_equal(r.true_pos, 2);
    assert_int_equal(get_u32(&r), 0);
    assert_int_equal(r.err, ERR_SHORT);
    assert_int_equal(reader_left(&r), 0);
    assert_int_equal(get_u8(&r), 0); /* though two bytes were left */
    reader_fail(&r, ERR_VALUE);
    assert_int_equal(r.err, ERR_SHORT);
    assert_int_equal(get_vector(&r, 2).len, 0);
}

static void the_first_failure_of_a_writer_wins_and_ends_it(void **state)
{
    uint8_t b[8] = {0};
    struct writer w = writer_on(b, 4, false);

    (void)state;
    put_u16(&w, 0x0102);
    put_u32(&w, 5);
    assert_int_equal(w.err, ERR_TOO_LARGE);
    put_u8(&w, 9); /* would fit, but comes after the failure */
    assert_int_equal(writer_len(&w), 2);
    assert_int_equal(b[2], 0);
    writer_fail(&w, ERR_VALUE);
    assert_int_equal(w.err, ERR_TOO_LARGE);
}

static void booleans_are_0_or_1(void **state)
{
    const uint8_t b[] = {0, 1, 2};
    struct reader r = reader_on(b, sizeof b, false);

    (void)state;
    assert_false(get_bool(&r));
    assert_true(get_bool(&r));
    assert_int_equal(r.err, 0);
    assert_false(get_bool(&r));
    assert_int_equal(r.err, ERR_VALUE);
}

static void lengths_have_one_to_four_bytes(void **state)
{
    static uint8_t b[1 << 17];
    static const uint32_t most[] = {0, 0xff, 0xffff, 0x10000};

    (void)state;
    for (unsigned width = 1; width <= 3; width++) {
        struct writer w = writer_on(b, sizeof b, false);
        struct mark m = put_open(&w, width);
        assert_non_null(writer_take(&w, most[width]));
        put_close(&w, width, m);
        assert_int_equal(w.err, 0);
        struct reader r = reader_on(b, writer_len(&w), false);
        assert_int_equal(get_vector(&r, width).len, most[width]);
        assert_int_equal(reader_left(&r), 0);
    }
    for (unsigned width = 1; width <= 2; width++) { /* one byte more than the field can say */
        struct writer w = writer_on(b, sizeof b, false);
        struct mark m = put_open(&w, width);
        assert_non_null(writer_take(&w, most[width] + 1));
        put_close(&w, width, m);
        assert_int_equal(w.err, ERR_TOO_LARGE);
        w = writer_on(b, sizeof b, false);
        put_length(&w, width, most[width] + 1);
        assert_int_equal(w.err, ERR_TOO_LARGE);
    }
    struct writer w = writer_on(b, sizeof b, false);
    put_u24(&w, 0x1000000);
    assert_int_equal(w.err, ERR_TOO_LARGE);
}

static void a_vector_that_claims_more_than_there_is_fails_at_once(void **state)
{
    const uint8_t b[] = {0xff, 0xff, 0xff, 0xff, 1, 2};

    (void)state;
    for (unsigned width = 1; width <= 4; width++) {
        struct reader r = reader_on(b, sizeof b, false);
        vector_begin(&r, width);
        assert_int_equal(r.err, ERR_SHORT);
        r = reader_on(b, sizeof b, false);
        assert_null(get_vector(&r, width).b);
        assert_int_equal(r.err, ERR_SHORT);
    }
    struct reader r = reader_on(b, sizeof b, true); /* folded: bytes at hand do not tell, but positions must not wrap */
    vector_begin(&r, 4);
    assert_int_equal(r.err, ERR_SHORT);
}

static void an_inner_vector_may_not_pass_its_outer_one(void **state)
{
    const uint8_t b[] = {0, 2, 0, 3, 1, 2, 3};
    struct reader r = reader_on(b, sizeof b, false);
    uint32_t outer = vector_begin(&r, 2);

    (void)state;
    get_vector(&r, 2);
    assert_int_equal(r.err, 0);
    vector_end(&r, outer);
    assert_int_equal(r.err, ERR_LENGTH);
    assert_false(r.true_pos < outer); /* so that loops over a failed list end */
}

static void true_lengths_count_what_tokens_stand_for(void **state)
{
    uint8_t b[64];
    struct writer w = writer_on(b, sizeof b, true);
    struct mark m = put_open(&w, 2);
    struct certificate c = {.owner = 5};
    struct signature s = {.signer = 6, .token = 7, .identity_type = IDENTITY_CERT_HASH};
    struct reader r;

    (void)state;
    certificate_put(&w, &c);
    signature_put(&w, &s);
    put_close(&w, 2, m);
    assert_int_equal(writer_len(&w), 2 + 5 + 13);
    assert_int_equal(writer_true(&w), 2 + 819 + 297);
    r = reader_on(b, writer_len(&w), true);
    uint32_t end = vector_begin(&r, 2);
    assert_int_equal(end, 2 + 819 + 297);
    certificate_read(&r, &c);
    assert_int_equal(r.true_pos, 2 + 819);
    signature_read(&r, &s);
    vector_end(&r, end);
    assert_int_equal(r.err, 0);
    assert_int_equal(c.owner, 5);
    assert_int_equal(s.signer, 6);
    assert_int_equal(s.token, 7);
}

static void tokens_mean_nothing_in_true_messages(void **state)
{
    const uint8_t b[13] = {0xf5, 0, 0, 0, 1};
    struct signature s;
    struct reader r = reader_on(b, sizeof b, false);

    (void)state;
    signature_read(&r, &s);
    assert_int_equal(s.hash, 0xf5);
    assert_int_equal(s.signer, PEER_NONE);
}

static int destination_error(const uint8_t *b, size_t len)
{
    struct reader r = reader_on(b, len, false);
    struct destination d;
    return destination_read(&r, &d);
}

static void destinations_with_lying_lengths_are_refused(void **state)
{
    uint8_t node[] = {1, 15, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    uint8_t resource[] = {2, 3, 2, 1, 1}, unknown[] = {9, 2, 1, 1}, half[] = {0x80};

    (void)state;
    assert_int_equal(destination_error(node, sizeof node), ERR_LENGTH);
    node[1] = 16;
    assert_int_equal(destination_error(node, sizeof node), 0);
    assert_int_equal(destination_error(node, sizeof node - 1), ERR_SHORT);
    assert_int_equal(destination_error(resource, sizeof resource), 0);
    resource[1] = 4;
    assert_int_equal(destination_error(resource, sizeof resource), ERR_LENGTH);
    assert_int_equal(destination_error(unknown, sizeof unknown), 0);
    unknown[0] = 0;
    assert_int_equal(destination_error(unknown, sizeof unknown), ERR_VALUE);
    assert_int_equal(destination_error(half, sizeof half), ERR_SHORT);
}

static void headers_are_checked_before_anything_else(void **state)
{
    uint8_t b[HEADER_FIXED_BYTES + 18], bad[sizeof b];
    struct writer w = writer_on(b, sizeof b, false);
    struct header h = {.version = RELO_VERSION, .fragment = FRAGMENT_WHOLE, .length = sizeof b}, got;
    struct reader r;

    (void)state;
    header_put(&w, &h);
    destination_put_node(&w, (struct id){1, 1});
    store_be16(b + 34, 18);
    r = reader_on(b, sizeof b, false);
    assert_int_equal(header_read(&r, &got), 0);
    assert_int_equal(header_bytes(&got), sizeof b);
    static const struct {
        uint8_t at, value;
        int err;
    } change[] = {{0, 0x52, ERR_TOKEN}, {10, 0x0b, ERR_VERSION}, {12, 0x40, ERR_FRAGMENT}, {19, sizeof b - 1, ERR_LENGTH},
                  {35, 19, ERR_SHORT},  {35, 17, ERR_SHORT},     {33, 1, ERR_SHORT},       {38, 0, ERR_VALUE}, {39, 17, ERR_LENGTH}};
    for (unsigned i = 0; i < sizeof change / sizeof *change; i++) {
        memcpy(bad, b, sizeof b);
        bad[change[i].at] = change[i].value;
        r = reader_on(bad, sizeof bad, false);
        assert_int_equal(header_read(&r, &got), change[i].err);
    }
}

static void a_forwarded_header_has_grown_by_the_previous_hop(void **state)
{
    uint8_t b[200], out[200], nodes[3][18];
    struct writer w;
    struct header h = {.overlay = 1, .version = RELO_VERSION, .ttl = 9, .fragment = FRAGMENT_WHOLE, .length = 1000, .via = {nodes[0], 18}, .destination = {nodes[1], 36}}, got;
    struct id previous = {8, 8};
    struct reader r;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        w = writer_on(nodes[i], 18, false);
        destination_put_node(&w, (struct id){i, i});
    }
    w = writer_on(out, sizeof out, false);
    header_put_forward(&w, &h, &previous, 18);
    r = reader_on(out, writer_len(&w), false);
    assert_int_equal(header_read(&r, &got), 0);
    assert_int_equal(got.ttl, 8);
    assert_int_equal(got.length, 1000);
    assert_int_equal(got.via.len, 36);
    assert_memory_equal(got.via.b, nodes[0], 18);
    assert_true(id_equal(id_load(got.via.b + 20), previous));
    assert_int_equal(got.destination.len, 18);
    assert_memory_equal(got.destination.b, nodes[2], 18);
    w = writer_on(b, sizeof b, false);
    header_put_forward(&w, &h, NULL, 0);
    assert_int_equal(writer_len(&w), header_bytes(&h));
    w = writer_on(b, sizeof b, false);
    header_put_forward(&w, &h, NULL, 37);
    assert_int_equal(w.err, ERR_VALUE);
    h.ttl = 0;
    w = writer_on(b, sizeof b, false);
    header_put_forward(&w, &h, NULL, 0);
    assert_int_equal(w.err, ERR_VALUE);
}

static void frames_must_have_the_length_that_they_claim(void **state)
{
    uint8_t data[] = {128, 0, 0, 0, 5, 0, 0, 2, 0xaa, 0xbb}, ack[] = {129, 0, 0, 0, 5, 0, 0, 0, 3, 0};
    struct frame f;

    (void)state;
    assert_int_equal(frame_read(data, 10, 10, &f), 0);
    assert_int_equal(f.sequence, 5);
    assert_int_equal(f.message.len, 2);
    assert_int_equal(frame_read(data, 9, 9, &f), ERR_LENGTH);
    assert_int_equal(frame_read(data, 7, 7, &f), ERR_SHORT);
    assert_int_equal(frame_read(data, 0, 0, &f), ERR_SHORT);
    assert_int_equal(frame_read(ack, 9, 9, &f), 0);
    assert_int_equal(f.received, 3);
    assert_int_equal(frame_read(ack, 10, 10, &f), ERR_TRAILING);
    assert_int_equal(frame_read(ack, 8, 8, &f), ERR_SHORT);
    data[0] = 130;
    assert_int_equal(frame_read(data, 10, 10, &f), ERR_UNKNOWN);
    data[0] = 128;
    data[6] = 1; /* folded: 0x102 true bytes behind 2 at hand */
    assert_int_equal(frame_read(data, 10, 0x102 + 8, &f), 0);
    assert_int_equal(f.message_true, 0x102);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_failure_of_a_reader_wins_and_ends_it),
        cmocka_unit_test(the_first_failure_of_a_writer_wins_and_ends_it),
        cmocka_unit_test(booleans_are_0_or_1),
        cmocka_unit_test(lengths_have_one_to_four_bytes),
        cmocka_unit_test(a_vector_that_claims_more_than_there_is_fails_at_once),
        cmocka_unit_test(an_inner_vector_may_not_pass_its_outer_one),
        cmocka_unit_test(true_lengths_count_what_tokens_stand_for),
        cmocka_unit_test(tokens_mean_nothing_in_true_messages),
        cmocka_unit_test(destinations_with_lying_lengths_are_refused),
        cmocka_unit_test(headers_are_checked_before_anything_else),
        cmocka_unit_test(a_forwarded_header_has_grown_by_the_previous_hop),
        cmocka_unit_test(frames_must_have_the_length_that_they_claim),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

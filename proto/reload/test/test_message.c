/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: what one peer refuses, and how (RFC 6940 6.1, 6.3.2.3, 6.6): critical options, repeated destinations, headers and messages that are too long; and
 * when its own requests end. Leaves open: routing, bodies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/test/stage.h"

static struct span option_of(uint8_t *b, size_t cap, uint8_t flags, uint16_t len)
{
    static const uint8_t value[4000];
    struct writer w = writer_on(b, cap, false);
    option_put(&w, &(struct forwarding_option){.type = 9, .flags = flags, .value = {value, len}});
    assert_int_equal(w.err, 0);
    return (struct span){b, writer_len(&w)};
}

static void critical_options_are_refused_by_whom_they_concern(void **state)
{
    (void)state;
    static const struct {
        uint8_t flags;
        peer_h to; /* 0 = the peer itself */
        uint16_t error; /* 0 = taken */
    } row[] = {
        {OPTION_FORWARD_CRITICAL, 3, ERROR_UNSUPPORTED_FORWARDING_OPTION},
        {OPTION_FORWARD_CRITICAL, 0, 0},
        {OPTION_DESTINATION_CRITICAL, 3, 0},
        {OPTION_DESTINATION_CRITICAL, 0, ERROR_UNSUPPORTED_FORWARDING_OPTION},
        {0, 3, 0},
        {0, 0, 0},
    };
    for (unsigned k = 0; k < sizeof row / sizeof *row; k++) {
        struct stage s = {.config = overlay_defaults()};
        struct sent sent;
        uint8_t b[64];
        stage_open(&s, 4);
        stage_ping(&s, 1, &(struct letter){.signer = 20, .tid = 7, .to = recorder_id(s.r, row[k].to), .options = option_of(b, sizeof b, row[k].flags, 5)});
        assert_int_equal(stage_sent(&s, MESSAGE_ERROR, &sent), row[k].error != 0);
        if (row[k].error)
            assert_int_equal(stage_error(&sent), row[k].error);
        assert_int_equal(stage_sent(&s, PING_REQ, NULL), !row[k].error && row[k].to);
        assert_int_equal(stage_sent(&s, PING_ANS, NULL), !row[k].error && !row[k].to);
        stage_close(&s);
    }
}

static void an_option_for_the_answer_is_copied_without_its_flags(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    struct sent sent;
    struct forwarding_option o;
    uint8_t b[64];
    stage_open(&s, 4);
    stage_ping(&s, 1, &(struct letter){.signer = 20, .tid = 7, .to = recorder_id(s.r, 0),
                                       .options = option_of(b, sizeof b, OPTION_RESPONSE_COPY | OPTION_FORWARD_CRITICAL, 5)});
    assert_int_equal(stage_sent(&s, PING_ANS, &sent), 1);
    struct reader r = reader_on(sent.message.header.options.b, sent.message.header.options.len, false);
    assert_int_equal(option_read(&r, &o), 0);
    assert_int_equal(o.type, 9);
    assert_int_equal(o.flags, 0);
    assert_int_equal(o.value.len, 5);
    assert_int_equal(reader_left(&r), 0);
    stage_close(&s);
}

/* port.send_begin promises 2,048 bytes and no more. */
static void a_header_that_fills_a_datagram_goes_nowhere(void **state)
{
    (void)state;
    for (uint16_t len = 900; len < 2400; len = (uint16_t)(len + 100)) {
        struct stage s = {.config = overlay_defaults()};
        uint8_t b[4000];
        stage_open(&s, 4);
        stage_ping(&s, 1, &(struct letter){.signer = 20, .tid = 7, .to = recorder_id(s.r, 3), .options = option_of(b, sizeof b, 0, len)});
        bool forwarded = false;
        for (unsigned k = 0; k < s.r->sents; k++) {
            assert_true(s.r->sent[k].len < 2048);
            forwarded |= s.r->sent[k].chan == s.chan[3];
        }
        assert_int_equal(forwarded, len <= 900);
        stage_close(&s);
    }
}

static void a_message_over_the_limit_is_refused_and_its_link_closed(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    struct sent sent;
    static uint8_t body[5002];
    s.config.max_message_size = 5000;
    stage_open(&s, 4);
    store_be16(body, 3000);
    stage_deliver(&s, 1, &(struct letter){.signer = 1, .tid = 7, .to = recorder_id(s.r, 0)}, PING_REQ, body, 3002);
    assert_int_equal(stage_sent(&s, PING_ANS, NULL), 1);
    assert_int_equal(recorder_count_ops(s.r, CHAN_CLOSE), 0);
    stage_run(&s, MILLIS(100));
    store_be16(body, 4000);
    stage_deliver(&s, 1, &(struct letter){.signer = 1, .tid = 8, .to = recorder_id(s.r, 0)}, PING_REQ, body, 4002);
    assert_int_equal(stage_sent(&s, MESSAGE_ERROR, &sent), 1);
    assert_int_equal(stage_error(&sent), ERROR_MESSAGE_TOO_LARGE);
    assert_int_equal(recorder_count_ops(s.r, CHAN_CLOSE), 1);
    stage_close(&s);
}

/* 13.6.5: also when the two are all there is. */
static void a_destination_named_twice_is_refused(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    struct sent sent;
    uint8_t list[2 * DESTINATION_NODE_BYTES];
    struct writer w = writer_on(list, sizeof list, false);
    stage_open(&s, 4);
    destination_put_node(&w, recorder_id(s.r, 3));
    destination_put_node(&w, recorder_id(s.r, 3));
    stage_ping(&s, 1, &(struct letter){.signer = 20, .tid = 7, .destination = {list, writer_len(&w)}});
    assert_int_equal(stage_sent(&s, MESSAGE_ERROR, &sent), 1);
    assert_int_equal(stage_error(&sent), ERROR_INVALID_MESSAGE);
    assert_int_equal(recorder_last_fact(s.r, FACT_DROPPED)->a, DROP_MALFORMED);
    stage_close(&s);
}

/* node.h: exactly one end for each request, also for those of a peer that leaves. */
static void leaving_ends_the_requests_under_way(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    for (unsigned user = 30; user < 60 && stage_sent(&s, FETCH_REQ, NULL) == 0; user++) /* until one is not our own */
        recorder_request(s.r, &(struct request){.op = REQUEST_FETCH, .tag = user, .resource = recorder_id(s.r, user), .kind = 1});
    recorder_request(s.r, &(struct request){.op = REQUEST_LEAVE});
    stage_run(&s, SECONDS(10));
    assert_int_equal(recorder_count_facts(s.r, FACT_LEFT), 1);
    assert_int_equal(recorder_count_facts(s.r, FACT_REQUEST_FAILED), 1);
    stage_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(critical_options_are_refused_by_whom_they_concern),
        cmocka_unit_test(an_option_for_the_answer_is_copied_without_its_flags),
        cmocka_unit_test(a_header_that_fills_a_datagram_goes_nowhere),
        cmocka_unit_test(a_message_over_the_limit_is_refused_and_its_link_closed),
        cmocka_unit_test(a_destination_named_twice_is_refused),
        cmocka_unit_test(leaving_ends_the_requests_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

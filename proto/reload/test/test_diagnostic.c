/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: diagnostics (RFC 7851) at one peer: a PathTrack is answered with the next hop and the hop counter, expired ones and those that ask for what nobody may
 * know are refused, a Ping's extension is answered likewise; malformed ones do no harm. Leaves open: errors that name failures of the underlay, which no
 * port reports. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "proto/test/stage.h"

static struct diagnostics_req request_at(const struct stage *s, int64_t expires_in_ms)
{
    return (struct diagnostics_req){.expiration_ms = s->r->env.unix_ms + (uint64_t)expires_in_ms, .initiated_ms = 12345};
}

static void track(struct stage *s, uint64_t tid, const struct destination *to, const struct diagnostics_req *q)
{
    uint8_t body[256];
    struct writer w = writer_on(body, sizeof body, false);
    path_track_req_put(&w, &(struct path_track_req){.destination = *to, .request = *q});
    assert_int_equal(w.err, 0);
    stage_run(s, s->r->env.now + MILLIS(50));
    stage_forget(s);
    stage_deliver(s, 1, &(struct letter){.signer = 20, .tid = tid, .ttl = 42, .to = recorder_id(s->r, 0)}, PATH_TRACK_REQ, body, writer_len(&w));
}

static void a_path_is_tracked_peer_by_peer(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    struct sent sent;
    struct path_track_ans a;
    stage_open(&s, 4);
    for (peer_h p = 0; p < 5; p++) {
        struct destination to = {.type = DESTINATION_NODE, .id = recorder_id(s.r, p)};
        struct diagnostics_req q = request_at(&s, 60000);
        track(&s, p + 1, &to, &q);
        assert_int_equal(stage_sent(&s, PATH_TRACK_ANS, &sent), 1);
        assert_int_equal(path_track_ans_read(sent.message.body, &a), 0);
        assert_int_equal(a.next_hop.type, DESTINATION_NODE);
        assert_int_equal(recorder_peer(s.r, a.next_hop.id), p); /* ourselves: the initiator stops there (4.3.1.2) */
        assert_int_equal(a.response.hop_counter, 42);
        assert_int_equal(a.response.initiated_ms, 12345);
        assert_true(a.response.received_ms >= RECORDER_UNIX_MS);
        assert_in_range(a.response.expiration_ms - a.response.received_ms, 1000, 600000);
        assert_int_equal(a.response.infos.len, 0);
    }
    stage_close(&s);
}

static void expect_refused(struct stage *s, uint16_t error)
{
    struct sent sent;
    assert_int_equal(stage_sent(s, PATH_TRACK_ANS, NULL) + stage_sent(s, PING_ANS, NULL), 0);
    assert_int_equal(stage_sent(s, MESSAGE_ERROR, &sent), 1);
    assert_int_equal(stage_error(&sent), error);
}

static void what_nobody_may_know_is_forbidden(void **state)
{
    (void)state;
    static const uint8_t extension[] = {0xf0, 0, 0, 0, 0, 0};
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    struct destination to = {.type = DESTINATION_NODE, .id = recorder_id(s.r, 3)};
    for (unsigned bit = 0; bit < 65; bit++) {
        struct diagnostics_req q = request_at(&s, 60000);
        q.flags = bit < 64 ? UINT64_C(1) << bit : UINT64_MAX;
        track(&s, bit + 1, &to, &q);
        expect_refused(&s, ERROR_FORBIDDEN);
    }
    struct diagnostics_req q = request_at(&s, 60000);
    q.extensions = (struct span){extension, sizeof extension};
    track(&s, 100, &to, &q);
    expect_refused(&s, ERROR_FORBIDDEN);
    stage_close(&s);
}

static void a_request_of_another_time_is_refused(void **state)
{
    (void)state;
    static const struct {
        int64_t in_ms;
        uint16_t error;
    } row[] = {{-1, ERROR_MESSAGE_EXPIRED}, {-1000000, ERROR_MESSAGE_EXPIRED}, {700000, ERROR_INVALID_MESSAGE}, {INT64_MAX / 2, ERROR_INVALID_MESSAGE}};
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    struct destination to = {.type = DESTINATION_NODE, .id = recorder_id(s.r, 3)};
    for (unsigned k = 0; k < sizeof row / sizeof *row; k++) {
        struct diagnostics_req q = request_at(&s, row[k].in_ms);
        track(&s, k + 1, &to, &q);
        expect_refused(&s, row[k].error);
    }
    stage_close(&s);
}

static void an_odd_destination_is_refused(void **state)
{
    (void)state;
    static const uint8_t bytes[40] = {0x81, 7};
    const struct destination odd[] = {{.type = DESTINATION_OPAQUE, .bytes = {bytes, 5}}, {.type = DESTINATION_COMPRESSED, .bytes = {bytes, 2}},
                                      {.type = DESTINATION_RESOURCE, .bytes = {bytes, 15}}, {.type = 77, .bytes = {bytes, 3}}};
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    for (unsigned k = 0; k < sizeof odd / sizeof *odd; k++) {
        struct diagnostics_req q = request_at(&s, 60000);
        track(&s, k + 1, &odd[k], &q);
        expect_refused(&s, ERROR_INVALID_MESSAGE);
    }
    stage_close(&s);
}

/* Each body cut short, and each with a byte changed: an answer, an error or nothing. */
static void malformed_requests_do_no_harm(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    uint8_t body[256];
    struct writer w = writer_on(body, sizeof body, false);
    stage_open(&s, 4);
    path_track_req_put(&w, &(struct path_track_req){.destination = {.type = DESTINATION_NODE, .id = recorder_id(s.r, 3)}, .request = request_at(&s, 300000)});
    uint32_t len = writer_len(&w);
    uint64_t tid = 1;
    for (uint32_t k = 0; k < len; k++) {
        uint8_t copy[256];
        struct letter l = {.signer = 20, .tid = tid++, .to = recorder_id(s.r, 0)};
        stage_deliver(&s, 1, &l, PATH_TRACK_REQ, body, k);
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(copy, body, len);
            copy[k] ^= (uint8_t)(1u << bit);
            l.tid = tid++;
            stage_deliver(&s, 1, &l, PATH_TRACK_REQ, copy, len);
        }
        stage_run(&s, s.r->env.now + SECONDS(1));
    }
    assert_int_equal(s.r->work_bytes, 0);
    stage_close(&s);
}

/* 4.2, 6.3: a Ping's extension. */
static void a_ping_may_ask_too(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    struct sent sent;
    uint8_t b[64];
    stage_open(&s, 4);
    for (unsigned k = 0; k < 5; k++) {
        struct diagnostics_req q = request_at(&s, k == 1 ? -5 : 60000);
        struct writer w = writer_on(b, sizeof b, false);
        q.flags = k == 2 ? 4 : 0;
        diagnostics_req_put(&w, &q);
        struct extension x = {.type = EXTENSION_DIAGNOSTIC_PING, .critical = k == 4, .contents = {b, writer_len(&w) - (k == 3 ? 1 : 0)}};
        stage_run(&s, s.r->env.now + MILLIS(50));
        stage_forget(&s);
        stage_ping(&s, 1, &(struct letter){.signer = 20, .tid = k + 1, .ttl = 42, .to = recorder_id(s.r, 0), .extension = &x});
        if (k) {
            expect_refused(&s, k == 1 ? ERROR_MESSAGE_EXPIRED : k == 2 ? ERROR_FORBIDDEN : k == 3 ? ERROR_INVALID_MESSAGE : ERROR_UNKNOWN_EXTENSION);
            continue;
        }
        assert_int_equal(stage_sent(&s, PING_ANS, &sent), 1);
        struct reader r = reader_on(sent.message.extensions.b, sent.message.extensions.len, false);
        struct diagnostics_ans a;
        assert_int_equal(extension_read(&r, &x), 0);
        assert_int_equal(reader_left(&r), 0);
        assert_int_equal(x.type, EXTENSION_DIAGNOSTIC_PING);
        assert_false(x.critical);
        assert_int_equal(diagnostics_ans_read(reader_on(x.contents.b, x.contents.len, false), &a), 0);
        assert_int_equal(a.hop_counter, 42);
        assert_int_equal(a.initiated_ms, 12345);
    }
    stage_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_is_tracked_peer_by_peer),
        cmocka_unit_test(what_nobody_may_know_is_forbidden),
        cmocka_unit_test(a_request_of_another_time_is_refused),
        cmocka_unit_test(an_odd_destination_is_refused),
        cmocka_unit_test(malformed_requests_do_no_harm),
        cmocka_unit_test(a_ping_may_ask_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

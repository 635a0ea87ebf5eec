/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: what one peer does with neighbour lists, Leaves and Joins of the peers around it (RFC 6940 10.5, 10.7, 10.9). Leaves open: what a ring of
 * many makes of it (proto/test). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/test/stage.h"

/* Others name a peer that has left for a while: it is not attached to (10.9: as for a failure). */
static void a_leaver_is_not_attached_to_on_hearsay(void **state)
{
    (void)state;
    for (unsigned close = 0; close < 2; close++) { /* it says Leave, or just closes */
        struct stage s = {.config = overlay_defaults()};
        uint8_t body[64];
        struct writer w = writer_on(body, sizeof body, false);
        stage_open(&s, 2);
        put_id(&w, recorder_id(s.r, 1));
        put_vector(&w, 2, (const uint8_t[]){LEAVE_FROM_SUCC, 0, 0}, 3);
        if (!close)
            stage_deliver(&s, 1, &(struct letter){.signer = 1, .tid = 1, .to = recorder_id(s.r, 0)}, LEAVE_REQ, body, writer_len(&w));
        recorder_down(s.r, s.chan[1]);
        for (unsigned k = 1; k < 3; k++) {
            stage_run(&s, SECONDS(50) * k);
            stage_update(&s, 2, &(struct letter){.signer = 2, .tid = 1 + k, .to = recorder_id(s.r, 0)}, (const peer_h[]){1}, 1, (const peer_h[]){0}, 1);
            stage_run(&s, SECONDS(50) * k + SECONDS(1));
            assert_int_equal(stage_sent(&s, ATTACH_REQ, NULL), k - 1); /* after a minute it may be back */
        }
        stage_close(&s);
    }
}

static void join_send(struct stage *s, unsigned link, uint64_t tid)
{
    uint8_t body[32];
    struct writer w = writer_on(body, sizeof body, false);
    put_id(&w, recorder_id(s->r, link));
    put_vector(&w, 2, NULL, 0);
    stage_deliver(s, link, &(struct letter){.signer = link, .tid = tid, .to = recorder_id(s->r, 0)}, JOIN_REQ, body, writer_len(&w));
}

/* 10.5: what lies behind a peer that has been let in is its own from then on; a joiner there is sent away at once, not left to wait. */
static void a_joiner_behind_one_just_admitted_is_refused(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    struct sent sent;
    stage_open(&s, 1);
    /* Two joiners in our range: `near` lies between `far` and us. */
    peer_h joiner[2] = {PEER_NONE, PEER_NONE};
    for (peer_h p = 2; joiner[1] == PEER_NONE; p++)
        if (id_in_range(recorder_id(s.r, 1), recorder_id(s.r, p), recorder_id(s.r, 0)))
            joiner[joiner[0] != PEER_NONE] = p;
    bool second = id_in_range(recorder_id(s.r, joiner[0]), recorder_id(s.r, joiner[1]), recorder_id(s.r, 0));
    peer_h near = joiner[second], far = joiner[!second];
    assert_true(near < STAGE_LINKS && far < STAGE_LINKS);
    s.chan[near] = recorder_accept(s.r, near, MILLIS(80));
    s.chan[far] = recorder_accept(s.r, far, MILLIS(80));
    join_send(&s, near, 1);
    assert_int_equal(stage_sent(&s, JOIN_ANS, NULL), 1);
    join_send(&s, far, 2);
    stage_run(&s, MILLIS(500));
    assert_int_equal(stage_sent(&s, JOIN_ANS, NULL), 1);
    assert_int_equal(stage_sent(&s, MESSAGE_ERROR, &sent), 1);
    assert_int_equal(stage_error(&sent), ERROR_INCOMPATIBLE_WITH_OVERLAY);
    assert_int_equal(sent.chan, s.chan[far]);
    stage_close(&s);
}

/* A repeated Update is what it was: a joiner takes its tables from a full one only. */
static void a_full_update_is_repeated_as_a_full_one(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    struct sent sent;
    struct update_req u;
    stage_open(&s, 2);
    s.chan[3] = recorder_accept(s.r, 3, MILLIS(80));
    uint8_t body[64];
    struct writer w = writer_on(body, sizeof body, false);
    put_u8(&w, 1);
    destination_put_node(&w, recorder_id(s.r, 9));
    put_vector(&w, 2, NULL, 0);
    stage_deliver(&s, 3, &(struct letter){.signer = 3, .tid = 1, .to = recorder_id(s.r, 0)}, ROUTE_QUERY_REQ, body, writer_len(&w));
    stage_run(&s, SECONDS(4)); /* acknowledged, not answered */
    assert_int_equal(stage_sent(&s, UPDATE_REQ, &sent), 2);
    assert_int_equal(update_req_read(sent.message.body, &u), 0);
    assert_int_equal(u.type, UPDATE_FULL);
    stage_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_joiner_behind_one_just_admitted_is_refused),
        cmocka_unit_test(a_full_update_is_repeated_as_a_full_one),
        cmocka_unit_test(a_leaver_is_not_attached_to_on_hearsay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

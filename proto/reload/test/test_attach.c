/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: Attach at one peer (RFC 6940 6.5.1): a repeated request, a request from a later life, glare; and that answers to repeated requests take the
 * way back of the repetition. Leaves open: what the channels then carry. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/test/stage.h"

/* 6.2.1: a second copy of a request changes nothing, and its answer goes back along the way of the second copy. */
static void a_repeated_attach_is_answered_but_not_done_again(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    struct sent answer;
    stage_open(&s, 4);
    struct letter l = {.signer = 20, .tid = 77, .to = recorder_id(s.r, 0)};
    stage_attach(&s, 1, &l, true);
    assert_int_equal(recorder_count_ops(s.r, CHAN_OPEN), 1);
    chan_h chan = s.r->op[s.r->ops - 1].args.chan;
    stage_run(&s, MILLIS(200));
    recorder_up(s.r, chan, 20, MILLIS(50));
    stage_run(&s, MILLIS(400));
    assert_int_equal(stage_sent(&s, ATTACH_ANS, &answer), 1);
    assert_int_equal(answer.chan, s.chan[1]);
    assert_int_equal(stage_destination(&s, &answer.message.header, 0), 1);
    stage_attach(&s, 2, &l, true);
    assert_int_equal(recorder_count_ops(s.r, CHAN_OPEN), 1);
    assert_int_equal(stage_sent(&s, ATTACH_ANS, &answer), 2);
    assert_int_equal(answer.chan, s.chan[2]);
    assert_int_equal(stage_destination(&s, &answer.message.header, 0), 2);
    stage_close(&s);
}

/* A peer that has come back attaches to its own place, by another way than the link that we still have to its earlier life. */
static void a_joiner_we_think_we_are_linked_to_gets_a_new_channel(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 2);
    /* The peer that we are to admit: our predecessor of two. */
    struct node_view v;
    node_look(s.r->node, &s.r->env, &v);
    peer_h back = v.predecessor[0], other = 3 - back;
    recorder_down(s.r, s.chan[back]);
    stage_run(&s, SECONDS(1)); /* its place is ours now */
    s.chan[back] = recorder_accept(s.r, back, MILLIS(80));
    stage_forget(&s);
    struct letter l = {.signer = back, .tid = 5, .to = id_next(recorder_id(s.r, back)), .to_resource = true};
    stage_attach(&s, other, &l, true);
    assert_int_equal(recorder_count_ops(s.r, CHAN_OPEN), 1);
    stage_close(&s);
}

/* A peer of a higher id, or a lower one, than ours that would be our neighbour; not linked. */
static peer_h stranger(const struct stage *s, bool higher)
{
    peer_h p = 20;
    while ((id_compare(recorder_id(s->r, p), recorder_id(s->r, 0)) > 0) != higher)
        p++;
    return p;
}

/* Both ask, ours is the smaller id: we give way (6.5.1.2), and what we asked for is done all the same when the channel is up. */
static void who_gives_way_has_its_errand_done(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 2);
    peer_h other = stranger(&s, true);
    stage_update(&s, 2, &(struct letter){.signer = 2, .tid = 1, .to = recorder_id(s.r, 0)}, &other, 1, NULL, 0);
    stage_run(&s, MILLIS(100));
    assert_int_equal(stage_sent(&s, ATTACH_REQ, NULL), 1);
    stage_attach(&s, 1, &(struct letter){.signer = other, .tid = 2, .to = recorder_id(s.r, 0)}, false);
    assert_int_equal(recorder_count_ops(s.r, CHAN_OPEN), 1);
    chan_h chan = s.r->op[s.r->ops - 1].args.chan;
    stage_run(&s, MILLIS(200));
    stage_forget(&s);
    recorder_up(s.r, chan, other, MILLIS(50));
    stage_run(&s, MILLIS(300));
    struct sent update;
    assert_int_equal(stage_sent(&s, UPDATE_REQ, &update), 1);
    assert_int_equal(update.chan, chan);
    stage_close(&s);
}

static void attach_answer(struct stage *s, unsigned link, peer_h signer, uint64_t tid)
{
    uint8_t body[128], list[64];
    struct writer w = writer_on(body, sizeof body, false), x = writer_on(list, sizeof list, false);
    candidate_put(&x, &(struct candidate){.addr = {.type = 1, .addr = {.ip = {16, 0, 0, (uint8_t)signer}, .port = 6084, .version = 4}},
                                          .overlay_link = LINK_DTLS_UDP_SR_NO_ICE, .foundation = {(const uint8_t *)"1", 1}, .type = CANDIDATE_HOST});
    attach_put(&w, &(struct attach){.role = {(const uint8_t *)"active", 6}, .candidates = {list, writer_len(&x)}});
    stage_deliver(s, link, &(struct letter){.signer = signer, .tid = tid, .to = recorder_id(s->r, 0)}, ATTACH_ANS, body, writer_len(&w));
}

/* 6.2.1: the fifth transmission has its three seconds, whatever becomes of the first hop. */
static void losing_the_first_hop_does_not_end_a_request_early(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    struct sent sent;
    stage_open(&s, 2);
    peer_h other = stranger(&s, true);
    stage_update(&s, 2, &(struct letter){.signer = 2, .tid = 1, .to = recorder_id(s.r, 0)}, &other, 1, NULL, 0);
    stage_run(&s, SECONDS(13));
    assert_int_equal(stage_sent(&s, ATTACH_REQ, &sent), 5);
    recorder_down(s.r, s.chan[2]);
    stage_run(&s, SECONDS(14));
    attach_answer(&s, 1, other, sent.message.header.transaction);
    assert_int_equal(recorder_count_facts(s.r, FACT_LATE_ANSWER), 0);
    stage_close(&s);
}

/* Our Attach has been answered and the channel is on its way: a request from there is told so. */
static void an_attach_while_the_channel_is_on_its_way_is_in_progress(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    struct sent sent;
    stage_open(&s, 2);
    peer_h other = stranger(&s, true);
    stage_update(&s, 2, &(struct letter){.signer = 2, .tid = 1, .to = recorder_id(s.r, 0)}, &other, 1, NULL, 0);
    stage_run(&s, MILLIS(100));
    assert_int_equal(stage_sent(&s, ATTACH_REQ, &sent), 1);
    attach_answer(&s, 2, other, sent.message.header.transaction);
    stage_attach(&s, 1, &(struct letter){.signer = other, .tid = 2, .to = recorder_id(s.r, 0)}, false);
    assert_int_equal(recorder_count_ops(s.r, CHAN_OPEN), 0);
    assert_int_equal(stage_sent(&s, MESSAGE_ERROR, &sent), 1);
    assert_int_equal(stage_error(&sent), ERROR_IN_PROGRESS);
    stage_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_repeated_attach_is_answered_but_not_done_again),
        cmocka_unit_test(a_joiner_we_think_we_are_linked_to_gets_a_new_channel),
        cmocka_unit_test(who_gives_way_has_its_errand_done),
        cmocka_unit_test(losing_the_first_hop_does_not_end_a_request_early),
        cmocka_unit_test(an_attach_while_the_channel_is_on_its_way_is_in_progress),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_repeated_attach_is_answered_but_not_done_again),
        cmocka_unit_test(a_joiner_we_think_we_are_linked_to_gets_a_new_channel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: what a hostile peer at the other end of a link can do with frames, acknowledgements and channels, and that it is nothing (RFC 6940 6.6, 13.6):
 * each abuse is counted or ignored, memory and queues stay within their limits, honest neighbours are served on. The recorder checks every
 * invariant of the node after each call. Leaves open: what is inside the frames (test_hostile_message.c and others). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "proto/test/stage.h"

#define SELF 0u
#define EVIL 1u
#define HONEST 2u

static struct letter to_self(const struct stage *s, uint64_t tid)
{
    return (struct letter){.signer = 20, .tid = tid, .to = recorder_id(s->r, SELF)};
}

/* The peer still answers an honest neighbour. */
static void assert_serves(struct stage *s)
{
    struct letter l = to_self(s, 0x5e12e5);
    stage_run(s, s->r->env.now + MILLIS(200));
    unsigned before = stage_sent(s, PING_ANS, NULL);
    stage_ping(s, HONEST, &l);
    stage_run(s, s->r->env.now + MILLIS(200));
    assert_int_equal(stage_sent(s, PING_ANS, NULL), before + 1);
}

static unsigned acks(const struct stage *s)
{
    unsigned n = 0;
    for (unsigned k = 0; k < s->r->sents; k++)
        n += s->r->sent[k].b[0] == FRAME_ACK;
    return n;
}

static size_t framed_ping(const struct stage *s, uint8_t *out, size_t cap, size_t *true_len)
{
    uint8_t message[1024];
    uint32_t message_true;
    struct letter l = to_self(s, 7);
    size_t len = stage_write(s, &l, PING_REQ, (const uint8_t[]){0, 0}, 2, message, sizeof message, &message_true);
    struct writer w = writer_on(out, cap, false);
    frame_put_data(&w, 5, message_true);
    put_bytes(&w, message, len);
    assert_int_equal(w.err, 0);
    *true_len = FRAME_DATA_BYTES + message_true;
    return writer_len(&w);
}

static void ack_send(struct stage *s, unsigned link, uint32_t sequence, uint32_t received)
{
    uint8_t b[FRAME_ACK_BYTES];
    struct writer w = writer_on(b, sizeof b, false);
    frame_put_ack(&w, sequence, received);
    recorder_receive(s->r, s->chan[link], link, b, sizeof b, sizeof b);
}

/* 6.6.2: there are two types of frames. */
static void a_frame_of_another_type_is_dropped(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    for (unsigned type = 0; type < 256; type++) {
        uint8_t b[64] = {(uint8_t)type};
        if (type != FRAME_DATA && type != FRAME_ACK)
            recorder_receive(s.r, s.chan[EVIL], EVIL, b, sizeof b, sizeof b);
    }
    assert_int_equal(stage_dropped(&s, ERR_UNKNOWN), 254);
    assert_int_equal(s.r->sents, 0);
    assert_serves(&s);
    stage_close(&s);
}

/* 6.6.2: length is that of the message. */
static void a_frame_whose_length_lies_is_dropped_without_an_ack(void **state)
{
    (void)state;
    static const int lie[] = {-8, -1, 1, 8, 5000, 0xffffff};
    struct stage s = {.config = overlay_defaults()};
    uint8_t b[1200];
    size_t true_len;
    stage_open(&s, 4);
    for (unsigned k = 0; k < sizeof lie / sizeof *lie; k++) {
        size_t len = framed_ping(&s, b, sizeof b, &true_len);
        uint32_t said = (uint32_t)true_len - FRAME_DATA_BYTES + (uint32_t)lie[k];
        store_be24(b + 5, said & 0xffffff);
        recorder_receive(s.r, s.chan[EVIL], EVIL, b, len, true_len);
    }
    assert_int_equal(stage_dropped(&s, ERR_LENGTH), sizeof lie / sizeof *lie);
    assert_int_equal(s.r->sents, 0);
    assert_serves(&s);
    stage_close(&s);
}

/* 6.6.2: each length that a datagram may be cut to, with the frame's length field as it was and made to fit. */
static void a_truncated_datagram_is_dropped(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    uint8_t b[1200];
    size_t true_len, len;
    stage_open(&s, 4);
    len = framed_ping(&s, b, sizeof b, &true_len);
    for (size_t cut = 0; cut < len; cut++) {
        recorder_receive(s.r, s.chan[EVIL], EVIL, b, cut, cut + (true_len - len));
        if (cut >= FRAME_DATA_BYTES) {
            uint8_t fits[1200];
            memcpy(fits, b, cut);
            store_be24(fits + 5, (uint32_t)(cut - FRAME_DATA_BYTES));
            recorder_receive(s.r, s.chan[EVIL], EVIL, fits, cut, cut);
        }
    }
    assert_int_equal(stage_sent(&s, PING_ANS, NULL), 0);
    assert_int_equal(recorder_count_facts(s.r, FACT_REQUEST_SERVED), 0);
    assert_serves(&s);
    stage_close(&s);
}

/* 6.6.2: an ACK is nine bytes. */
static void an_ack_with_something_behind_it_is_dropped(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    uint8_t b[FRAME_ACK_BYTES + 40] = {FRAME_ACK};
    stage_open(&s, 4);
    stage_ping(&s, HONEST, &(struct letter){.signer = 20, .tid = 7, .to = recorder_id(s.r, EVIL)});
    store_be32(b + 1, 0);
    for (size_t len = 1; len < sizeof b; len++)
        if (len != FRAME_ACK_BYTES)
            recorder_receive(s.r, s.chan[EVIL], EVIL, b, len, len);
    recorder_run(s.r, MILLIS(600)); /* static RTO of 500 ms: it was not acknowledged, so it is sent again */
    assert_int_equal(stage_sent(&s, PING_REQ, NULL), 2);
    stage_close(&s);
}

/* 6.6.3: what was never sent cannot be acknowledged. */
static void acks_for_frames_never_sent_acknowledge_nothing(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    stage_ping(&s, HONEST, &(struct letter){.signer = 20, .tid = 7, .to = recorder_id(s.r, EVIL)});
    uint32_t sent = load_be32(s.r->sent[s.r->sents - 1].b + 1);
    size_t bytes = s.r->work_bytes;
    for (uint32_t k = 1; k < 4096; k++) {
        ack_send(&s, EVIL, sent + 33 * k, 0);
        ack_send(&s, EVIL, sent - k, UINT32_MAX); /* the bitmap names what comes before, never what comes after */
        ack_send(&s, EVIL, sent + (k << 20), 0);  /* the same number to 20 bits */
    }
    assert_int_equal(s.r->work_bytes, bytes);
    recorder_run(s.r, MILLIS(600));
    assert_int_equal(stage_sent(&s, PING_REQ, NULL), 2);
    assert_serves(&s);
    stage_close(&s);
}

/* 6.6.3: a bitmap full of ones takes away the one frame that is under way, and those that wait are sent in turn. */
static void an_absurd_bitmap_takes_one_frame_at_most(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    for (uint64_t tid = 1; tid <= 5; tid++)
        stage_ping(&s, HONEST, &(struct letter){.signer = 20, .tid = tid, .to = recorder_id(s.r, EVIL)});
    assert_int_equal(stage_sent(&s, PING_REQ, NULL), 1);
    for (unsigned k = 0; k < 100; k++)
        ack_send(&s, EVIL, 16, UINT32_MAX);
    recorder_run(s.r, MILLIS(15));
    assert_int_equal(stage_sent(&s, PING_REQ, NULL), 2);
    stage_close(&s);
}

/* 6.6.3: numbers may jump, turn and come back: each is acknowledged as it is. */
static void sequence_numbers_may_jump(void **state)
{
    (void)state;
    static const uint32_t jump[] = {0, UINT32_MAX, 0x80000000u, 0x7fffffffu, 1, 0x100000u, 0xfffffu, 32, 33, 0, 0, UINT32_MAX - 31};
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    for (unsigned k = 0; k < sizeof jump / sizeof *jump; k++) {
        struct frame f;
        struct letter l = to_self(&s, 100 + k);
        s.sequence[EVIL] = jump[k];
        stage_forget(&s);
        stage_ping(&s, EVIL, &l);
        assert_true(s.r->sents >= 1);
        assert_int_equal(frame_read(s.r->sent[0].b, s.r->sent[0].len, s.r->sent[0].true_len, &f), 0);
        assert_int_equal(f.type, FRAME_ACK);
        assert_int_equal(f.sequence, jump[k]);
    }
    stage_close(&s);
}

/* 6.6.3: a frame that comes again is acknowledged again, and what it asks is not queued twice. */
static void a_frame_sent_a_thousand_times_fills_no_queue(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    uint8_t b[1200];
    size_t true_len, len;
    struct node_view v;
    stage_open(&s, 4);
    len = framed_ping(&s, b, sizeof b, &true_len);
    for (unsigned k = 0; k < 1000; k++)
        recorder_receive(s.r, s.chan[EVIL], EVIL, b, len, true_len);
    assert_int_equal(acks(&s), 1000);
    node_look(s.r->node, &s.r->env, &v);
    assert_true(v.queued_bytes < 2000); /* the answer under way, and one copy */
    assert_serves(&s);
    stage_close(&s);
}

/* 6.6.3.1: five transmissions, then the link fails and all that waited for it is given back. */
static void who_never_acknowledges_loses_its_link_and_holds_no_memory(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    struct node_view v;
    stage_open(&s, 4);
    for (uint64_t tid = 1; tid <= 500; tid++) {
        struct letter l = to_self(&s, tid);
        stage_ping(&s, EVIL, &l);
    }
    node_look(s.r->node, &s.r->env, &v);
    assert_int_equal(stage_dropped(&s, DROP_QUEUE_FULL), 500 - s.config.limits.queue_messages);
    assert_true(v.queued_bytes < s.config.limits.queue_bytes);
    recorder_run(s.r, SECONDS(20));
    assert_int_equal(recorder_last_fact(s.r, FACT_LINK_FAILED)->a, EVIL);
    assert_int_equal(s.r->channel[s.chan[EVIL]], RECORDER_FREE);
    node_look(s.r->node, &s.r->env, &v);
    assert_int_equal(v.queued_bytes, 0);
    stage_close(&s);
}

/* 6.6.3.1, 6.7: a message sent again end to end finds the queue full while its last part waits for the gap after an ACK. It takes that part back, and
 * what waited behind goes out in its place. */
static void a_message_taken_back_leaves_the_next_its_turn(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    static uint8_t body[1202];
    stage_open(&s, 4);
    s.config.limits.queue_messages = 4;
    store_be16(body, 1200);
    struct letter l = {.signer = 20, .tid = 1, .to = recorder_id(s.r, EVIL)};
    stage_deliver(&s, HONEST, &l, PING_REQ, body, sizeof body);
    const struct recorded_datagram *d = &s.r->sent[s.r->sents - 1]; /* the first part */
    assert_int_equal(d->b[0], FRAME_DATA);
    ack_send(&s, EVIL, load_be32(d->b + 1), 0);
    for (uint64_t tid = 2; tid <= 4; tid++)
        stage_ping(&s, HONEST, &(struct letter){.signer = 20, .tid = tid, .to = recorder_id(s.r, EVIL)});
    stage_deliver(&s, HONEST, &l, PING_REQ, body, sizeof body);
    assert_int_equal(stage_dropped(&s, DROP_QUEUE_FULL), 1);
    assert_int_equal(stage_sent(&s, PING_REQ, NULL), 0);
    recorder_run(s.r, MILLIS(15));
    assert_int_equal(stage_sent(&s, PING_REQ, NULL), 1);
    stage_close(&s);
}

/* 6.6: what hangs on all links together is bounded too. */
static void silent_links_together_stay_within_the_queue_limit(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    struct node_view v;
    static uint8_t body[1202];
    stage_open(&s, 30);
    s.config.limits.queue_bytes = 65536;
    store_be16(body, 1200);
    for (uint64_t tid = 1; tid <= 900; tid++) /* from one neighbour, through us, to 28 that never acknowledge */
        stage_deliver(&s, EVIL, &(struct letter){.signer = 20, .tid = tid, .to = recorder_id(s.r, (peer_h)(3 + tid % 28))}, PING_REQ, body, sizeof body);
    node_look(s.r->node, &s.r->env, &v);
    assert_true(v.queued_bytes <= s.config.limits.queue_bytes + 900 * 64); /* records are counted with their heads, the limit by their bytes */
    assert_true(stage_dropped(&s, DROP_LIMIT) > 500);
    stage_close(&s);
}

/* 6.6.1: nothing is taken from a link before its handshake is done, nor from one that is closed. */
static void nothing_is_taken_from_a_channel_that_is_not_up(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    uint8_t b[1200];
    size_t true_len, len;
    stage_open(&s, 4);
    struct letter l = to_self(&s, 3);
    stage_attach(&s, EVIL, &l, false); /* signer 20: we open a channel to it */
    assert_int_equal(recorder_count_ops(s.r, CHAN_OPEN), 1);
    chan_h opening = s.r->op[s.r->ops - 1].args.chan;
    stage_run(&s, MILLIS(100));
    stage_forget(&s);
    len = framed_ping(&s, b, sizeof b, &true_len);
    recorder_receive(s.r, opening, 20, b, len, true_len);
    recorder_receive(s.r, 900, 20, b, len, true_len);
    recorder_receive(s.r, CHAN_NONE, 20, b, len, true_len);
    assert_int_equal(stage_dropped(&s, DROP_NOT_LINKED), 3);
    assert_int_equal(s.r->sents, 0);
    stage_close(&s);
}

/* 6.5.1.13, 13.6.3: the certificate of the other end has to be that of the peer that was attached to, and is never our own. */
static void a_channel_to_somebody_else_is_closed(void **state)
{
    (void)state;
    static const peer_h other[] = {21, SELF};
    for (unsigned k = 0; k < 2; k++) {
        struct stage s = {.config = overlay_defaults()};
        stage_open(&s, 4);
        struct letter l = to_self(&s, 3);
        stage_attach(&s, EVIL, &l, false);
        chan_h opening = s.r->op[s.r->ops - 1].args.chan;
        recorder_up(s.r, opening, other[k], MILLIS(80));
        assert_int_equal(s.r->channel[opening], RECORDER_FREE);
        assert_int_equal(recorder_count_facts(s.r, FACT_LINK_UP), 0);
        stage_close(&s);
    }
}

/* 13.6.3: somebody who holds a certificate with our own Node-ID, or our own address that an Attach named, gets no link. */
static void a_channel_from_ourselves_is_closed(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    chan_h chan = recorder_accept(s.r, SELF, MILLIS(80));
    assert_int_equal(s.r->channel[chan], RECORDER_FREE);
    assert_serves(&s);
    stage_close(&s);
}

/* 13.6: a flood of channels from a thousand certificates ends at the limit of links; what is there stays, and what closes makes room. */
static void a_flood_of_channels_ends_at_the_limit(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    struct node_view v;
    chan_h last = CHAN_NONE;
    stage_open(&s, 4);
    s.config.limits.links = 40;
    for (peer_h p = 30; p < 230; p++) {
        chan_h chan = recorder_accept(s.r, p, MILLIS(80));
        if (s.r->channel[chan] == RECORDER_UP)
            last = chan;
    }
    node_look(s.r->node, &s.r->env, &v);
    assert_int_equal(v.links, 40);
    assert_int_equal(recorder_count_ops(s.r, CHAN_CLOSE), 200 - 36);
    assert_int_equal(v.predecessors, 3); /* none of them has become a neighbour */
    recorder_down(s.r, last);
    chan_h honest = recorder_accept(s.r, 240, MILLIS(80));
    assert_int_equal(s.r->channel[honest], RECORDER_UP);
    assert_serves(&s);
    stage_close(&s);
}

/* 6.5.1: an Attach flood under one certificate after another opens no more channels than the limit, and memory is bounded although each answer is
 * kept for repetition (6.2.1). */
static void a_flood_of_attaches_is_bounded(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    struct node_view v;
    stage_open(&s, 4);
    s.config.limits.links = 40;
    for (uint64_t tid = 1; tid <= 3000; tid++) {
        stage_attach(&s, EVIL, &(struct letter){.signer = 30 + (peer_h)(tid % 200), .tid = tid, .to = recorder_id(s.r, SELF)}, true);
        if (tid % 32 == 0)
            stage_run(&s, s.r->env.now + MILLIS(1));
        if (tid % 256 == 0)
            stage_forget(&s);
    }
    node_look(s.r->node, &s.r->env, &v);
    assert_int_equal(v.links, 4);
    assert_true(s.r->block_bytes + s.r->work_bytes < 80000);
    for (chan_h c = 4; c < 40; c++) /* nobody was behind those addresses */
        if (s.r->channel[c] == RECORDER_OPENING)
            recorder_down(s.r, c);
    stage_forget(&s);
    stage_attach(&s, HONEST, &(struct letter){.signer = 250, .tid = 99999, .to = recorder_id(s.r, SELF)}, true);
    assert_int_equal(recorder_count_ops(s.r, CHAN_OPEN), 1);
    recorder_run(s.r, s.r->env.now + SECONDS(16)); /* kept answers go */
    assert_true(s.r->work_bytes < 10000);
    stage_close(&s);
}

/* 6.6: as much as a datagram holds. */
static void a_datagram_of_sixty_four_kilobytes_is_nothing_special(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    static uint8_t b[65535];
    stage_open(&s, 4);
    for (unsigned k = 0; k < 3; k++) {
        memset(b, k == 2 ? 0xff : 0, sizeof b);
        b[0] = k == 1 ? FRAME_ACK : FRAME_DATA;
        store_be24(b + 5, sizeof b - FRAME_DATA_BYTES);
        recorder_receive(s.r, s.chan[EVIL], EVIL, b, sizeof b, sizeof b);
    }
    assert_int_equal(recorder_count_facts(s.r, FACT_DROPPED), 3);
    assert_serves(&s);
    stage_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_of_another_type_is_dropped),
        cmocka_unit_test(a_frame_whose_length_lies_is_dropped_without_an_ack),
        cmocka_unit_test(a_truncated_datagram_is_dropped),
        cmocka_unit_test(an_ack_with_something_behind_it_is_dropped),
        cmocka_unit_test(acks_for_frames_never_sent_acknowledge_nothing),
        cmocka_unit_test(an_absurd_bitmap_takes_one_frame_at_most),
        cmocka_unit_test(sequence_numbers_may_jump),
        cmocka_unit_test(a_frame_sent_a_thousand_times_fills_no_queue),
        cmocka_unit_test(who_never_acknowledges_loses_its_link_and_holds_no_memory),
        cmocka_unit_test(a_message_taken_back_leaves_the_next_its_turn),
        cmocka_unit_test(silent_links_together_stay_within_the_queue_limit),
        cmocka_unit_test(nothing_is_taken_from_a_channel_that_is_not_up),
        cmocka_unit_test(a_channel_to_somebody_else_is_closed),
        cmocka_unit_test(a_channel_from_ourselves_is_closed),
        cmocka_unit_test(a_flood_of_channels_ends_at_the_limit),
        cmocka_unit_test(a_flood_of_attaches_is_bounded),
        cmocka_unit_test(a_datagram_of_sixty_four_kilobytes_is_nothing_special),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

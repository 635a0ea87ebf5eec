/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: framing, acknowledgements and stop-and-wait of RFC 6940 6.6.2 and 6.6.3 as one node shows them: times of transmissions, sequence numbers, the
 * bitmap, the 10 ms gap, suspect and failed, the via list and ttl of what is forwarded, fragments that cross or end here. Leaves open: what routing decides. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "proto/reload/link.h"
#include "proto/reload/work.h"
#include "proto/test/overlay.h"
#include "proto/wire/frame.h"
#include "proto/wire/message.h"

#define SELF 0u

struct fixture {
    struct overlay config;
    struct recorder *r;
    chan_h chan[8]; /* to peers 1..4, or 8 */
};

/* A joined peer between 1 (predecessor) and 2 (successor) in ring order of ids, whatever those are. */
static struct fixture fixture_open(void)
{
    struct fixture f = {.config = overlay_defaults()};
    f.config.rto = RTO_STATIC;
    f.config.reactive = false; /* nothing but what the test causes is sent */
    return f;
}

static void fixture_seed_links(struct fixture *f, unsigned links)
{
    f->r = recorder_open(&f->config, SELF);
    recorder_seed(f->r, &(struct node_seed){.joined_for = SECONDS(100), .next_update = SECONDS(1000), .next_ping = SECONDS(1000)});
    for (unsigned k = 0; k < links; k++) {
        f->chan[k] = recorder_seed_channel(f->r, k + 1);
        node_seed_link(f->r->node, &f->r->env, &(struct seed_link){.chan = f->chan[k], .peer = k + 1, .addr = k + 1, .ready = true,
                                                                  .predecessor = k < 2, .successor = k == 2 || k == 3});
    }
    recorder_seed_end(f->r);
    recorder_forget(f->r);
}

static void fixture_seed(struct fixture *f)
{
    fixture_seed_links(f, 4);
}

static void fixture_close(struct fixture *f)
{
    recorder_close(f->r);
}

/* A Ping request signed by `from`, for `to`, framed with this sequence number. Returns the length; *true_len too. */
static size_t ping_frame(struct fixture *f, peer_h from, struct id to, uint8_t ttl, uint32_t sequence, uint8_t *out, size_t cap, size_t *true_len)
{
    uint8_t contents[256], list[DESTINATION_NODE_BYTES], fixed[12];
    struct writer w = writer_on(contents, sizeof contents, true), l = writer_on(list, sizeof list, false), x = writer_on(fixed, sizeof fixed, false);
    struct mark mark = contents_begin(&w, PING_REQ);
    ping_req_put(&w, &(struct ping_req){.padding = {NULL, 0}});
    contents_end(&w, mark, NULL, 0);
    put_u32(&x, f->config.hash);
    put_u64(&x, 77);
    struct piece piece[2] = {{fixed, sizeof fixed}, {contents, writer_len(&w)}};
    struct security s = {.certificates = 1};
    s.certificate[0].owner = from;
    recorder_sign(f->r, from, piece, 2, &s.signature);
    security_put(&w, &s);
    destination_put_node(&l, to);
    struct header h = {.overlay = f->config.hash, .config_sequence = f->config.sequence, .version = RELO_VERSION, .ttl = ttl, .fragment = FRAGMENT_WHOLE,
                       .transaction = 77, .destination = {list, writer_len(&l)}};
    h.length = header_bytes(&h) + writer_true(&w);
    struct writer o = writer_on(out, cap, false);
    frame_put_data(&o, sequence, h.length);
    header_put(&o, &h);
    put_bytes(&o, contents, writer_len(&w));
    assert_int_equal(o.err, 0);
    *true_len = FRAME_DATA_BYTES + h.length;
    return writer_len(&o);
}

static struct frame sent_frame(const struct fixture *f, unsigned k)
{
    struct frame x;
    assert_true(k < f->r->sents);
    assert_int_equal(frame_read(f->r->sent[k].b, f->r->sent[k].len, f->r->sent[k].true_len, &x), 0);
    return x;
}

static const struct recorded_fact *fact_about(const struct fixture *f, enum fact what, peer_h peer)
{
    for (unsigned k = 0; k < f->r->facts; k++)
        if (f->r->fact[k].what == what && f->r->fact[k].a == peer)
            return &f->r->fact[k];
    return NULL;
}

static void each_data_frame_is_acknowledged_with_what_came_before(void **state)
{
    (void)state;
    struct fixture f = fixture_open();
    static const uint32_t came[] = {0, 1, 3, 2, 40};
    static const uint32_t bits[] = {0, 1, 6, 3, 0};
    fixture_seed(&f);
    for (unsigned k = 0; k < 5; k++) {
        uint8_t b[512];
        size_t true_len, len = ping_frame(&f, 1, recorder_id(f.r, SELF), 100, came[k], b, sizeof b, &true_len);
        recorder_forget(f.r);
        recorder_receive(f.r, f.chan[0], 1, b, len, true_len);
        struct frame ack = sent_frame(&f, 0);
        assert_int_equal(ack.type, FRAME_ACK);
        assert_int_equal(ack.sequence, came[k]);
        assert_int_equal(ack.received, bits[k]);
    }
    fixture_close(&f);
}

/* The answer to a Ping is never acknowledged: 0, 0.5, 1.5, 3.5, 7.5 s, then 8 s more (RFC 6940 6.6.3.1). */
static void five_transmissions_then_the_link_fails(void **state)
{
    (void)state;
    struct fixture f = fixture_open();
    static const unsigned at_ms[] = {0, 500, 1500, 3500, 7500};
    fixture_seed(&f);
    uint8_t b[512];
    size_t true_len, len = ping_frame(&f, 1, recorder_id(f.r, SELF), 100, 0, b, sizeof b, &true_len);
    recorder_receive(f.r, f.chan[0], 1, b, len, true_len);
    recorder_run(f.r, SECONDS(3) + MILLIS(499));
    assert_null(recorder_last_fact(f.r, FACT_LINK_SUSPECT));
    recorder_run(f.r, SECONDS(15) + MILLIS(499));
    assert_int_equal(fact_about(&f, FACT_LINK_SUSPECT, 1)->at, MILLIS(3500));
    unsigned n = 0;
    for (unsigned k = 0; k < f.r->sents; k++) {
        if (f.r->sent[k].chan != f.chan[0] || f.r->sent[k].traffic != TRAFFIC_PING)
            continue;
        struct frame x = sent_frame(&f, k);
        assert_true(n < 5);
        assert_int_equal(f.r->sent[k].at, MILLIS(at_ms[n]));
        assert_int_equal(x.sequence, n); /* each with a new sequence number */
        n++;
    }
    assert_int_equal(n, 5);
    assert_null(fact_about(&f, FACT_LINK_FAILED, 1));
    recorder_run(f.r, SECONDS(15) + MILLIS(500));
    assert_non_null(fact_about(&f, FACT_LINK_FAILED, 1));
    assert_int_equal(recorder_count_facts(f.r, FACT_DEAD_HOP) >= 1, 1);
    fixture_close(&f);
}

/* What waits for a link that is lost has met a dead hop; what we drop because we leave ourselves has not. */
static void only_a_link_that_is_lost_is_a_dead_hop(void **state)
{
    (void)state;
    for (unsigned leave = 0; leave < 2; leave++) {
        struct fixture f = fixture_open();
        fixture_seed(&f);
        uint8_t b[512];
        size_t true_len, len = ping_frame(&f, 1, recorder_id(f.r, SELF), 100, 0, b, sizeof b, &true_len);
        recorder_receive(f.r, f.chan[0], 1, b, len, true_len);
        if (leave)
            recorder_request(f.r, &(struct request){.op = REQUEST_LEAVE, .tag = 1});
        else
            recorder_down(f.r, f.chan[0]);
        recorder_run(f.r, SECONDS(5));
        assert_int_equal(recorder_count_facts(f.r, FACT_LEFT), leave);
        assert_int_equal(recorder_count_facts(f.r, FACT_DEAD_HOP), !leave);
        fixture_close(&f);
    }
}

/* A node that has not joined refuses: that is no timeout. */
static void a_request_that_cannot_be_sent_fails_with_a_reason(void **state)
{
    (void)state;
    struct fixture f = fixture_open();
    f.config.bootstrap[0] = SELF + 1; /* the only bootstrap node would be the overlay */
    f.r = recorder_open(&f.config, SELF);
    recorder_start(f.r, &(struct node_opts){.first = false});
    recorder_request(f.r, &(struct request){.op = REQUEST_FETCH, .tag = 5, .kind = 1});
    const struct recorded_fact *failed = recorder_last_fact(f.r, FACT_REQUEST_FAILED);
    assert_non_null(failed);
    assert_int_equal(failed->a, 5);
    assert_true(failed->b == FACT_FAILED_HERE(ERR_NO_LINK));
    assert_int_equal(failed->b & 0xffffffff, 0); /* no RELOAD error, no hops */
    fixture_close(&f);
}

static void an_ack_by_bitmap_counts_and_the_next_frame_waits_ten_milliseconds(void **state)
{
    (void)state;
    struct fixture f = fixture_open();
    fixture_seed(&f);
    for (uint32_t k = 0; k < 2; k++) {
        uint8_t b[512];
        size_t true_len, len = ping_frame(&f, 1, recorder_id(f.r, SELF), 100, k, b, sizeof b, &true_len);
        recorder_receive(f.r, f.chan[0], 1, b, len, true_len);
    }
    unsigned data = 0;
    for (unsigned k = 0; k < f.r->sents; k++)
        data += f.r->sent[k].traffic == TRAFFIC_PING;
    assert_int_equal(data, 1); /* stop and wait */
    recorder_run(f.r, MILLIS(600)); /* one retransmission: sequence 1 */
    recorder_forget(f.r);
    uint8_t ack[FRAME_ACK_BYTES];
    struct writer w = writer_on(ack, sizeof ack, false);
    frame_put_ack(&w, 2, 2); /* 2 was never sent, but the bitmap names 0 */
    recorder_receive(f.r, f.chan[0], 1, ack, sizeof ack, sizeof ack);
    recorder_run(f.r, MILLIS(609));
    assert_int_equal(f.r->sents, 0);
    recorder_run(f.r, MILLIS(610));
    assert_int_equal(f.r->sents, 1);
    assert_int_equal(sent_frame(&f, 0).sequence, 2);
    fixture_close(&f);
}

static void a_link_whose_numbers_would_repeat_is_closed_in_time(void **state)
{
    (void)state;
    struct fixture f = fixture_open();
    fixture_seed(&f);
    struct call c = {.n = f.r->node, .env = &f.r->env, .o = &f.config};
    link_at(&c, (uint16_t)f.chan[0])->tx_next = LINK_WORN;
    link_at(&c, (uint16_t)f.chan[1])->tx_next = LINK_WORN - 1;
    recorder_run(f.r, SECONDS(61)); /* tidied once a minute */
    c.n = f.r->node;
    assert_int_equal(link_at(&c, (uint16_t)f.chan[0])->state, LINK_FREE);
    assert_int_equal(link_at(&c, (uint16_t)f.chan[1])->state, LINK_UP);
    assert_int_equal(recorder_count_ops(f.r, CHAN_CLOSE), 1);
    fixture_close(&f);
}

static void a_bitmap_spans_the_turn_of_kept_numbers(void **state)
{
    (void)state;
    struct fixture f = fixture_open();
    fixture_seed(&f);
    static const uint32_t sequence[] = {0xffffe, 0xfffff, 0x100000, 0x100002, 0x100001}; /* a peer with 32-bit numbers */
    static const uint32_t received[] = {0, 1, 3, 0xe, 7};
    for (unsigned k = 0; k < 5; k++) {
        uint8_t b[512];
        size_t true_len, len = ping_frame(&f, 1, recorder_id(f.r, SELF), 100, sequence[k], b, sizeof b, &true_len);
        recorder_forget(f.r);
        recorder_receive(f.r, f.chan[0], 1, b, len, true_len);
        struct frame ack = sent_frame(&f, 0);
        assert_int_equal(ack.type, FRAME_ACK);
        assert_int_equal(ack.sequence, sequence[k]);
        assert_int_equal(ack.received, received[k]);
    }
    fixture_close(&f);
}

/* Nearly half of the frames are lost, for a while; then none. */
static void a_bitmap_with_many_holes_is_kept_until_they_have_passed(void **state)
{
    (void)state;
    struct fixture f = fixture_open();
    fixture_seed(&f);
    uint64_t came = 0; /* bit k: number k below the last */
    uint32_t random = 1;
    for (uint32_t sequence = 0; sequence < 400; sequence++) {
        random = random * 1664525u + 1013904223u;
        bool lost = sequence < 300 && random >> 30 == 0;
        came = came << 1 | !lost;
        if (lost)
            continue;
        uint8_t b[512];
        size_t true_len, len = ping_frame(&f, 1, recorder_id(f.r, SELF), 100, sequence, b, sizeof b, &true_len);
        recorder_forget(f.r);
        recorder_receive(f.r, f.chan[0], 1, b, len, true_len);
        struct frame ack = sent_frame(&f, 0);
        assert_int_equal(ack.type, FRAME_ACK);
        assert_int_equal(ack.received, (uint32_t)(came >> 1));
    }
    struct call c = {.n = f.r->node, .env = &f.r->env, .o = &f.config};
    for (uint32_t at = 0; at < section_used(&c, SECTION_WORK); at = record_next(&c, SECTION_WORK, at))
        assert_int_not_equal(((const struct record *)record_at(&c, SECTION_WORK, at))->type, WORK_ASIDE);
    fixture_close(&f);
}

/* More links than the head has room for gaps. */
static void each_of_many_links_keeps_its_gap(void **state)
{
    (void)state;
    struct fixture f = fixture_open();
    fixture_seed_links(&f, 8);
    for (unsigned link = 0; link < 8; link++)
        for (uint32_t k = 0; k < 2; k++) {
            uint8_t b[512];
            size_t true_len, len = ping_frame(&f, link + 1, recorder_id(f.r, SELF), 100, k, b, sizeof b, &true_len);
            recorder_receive(f.r, f.chan[link], link + 1, b, len, true_len);
        }
    recorder_run(f.r, MILLIS(100));
    for (unsigned link = 0; link < 8; link++) {
        uint8_t ack[FRAME_ACK_BYTES];
        struct writer w = writer_on(ack, sizeof ack, false);
        frame_put_ack(&w, 0, 0);
        recorder_receive(f.r, f.chan[link], link + 1, ack, sizeof ack, sizeof ack);
    }
    /* A third message to each, while nothing else of theirs waits: its second has just gone. */
    recorder_run(f.r, MILLIS(110));
    for (unsigned link = 0; link < 8; link++) {
        uint8_t ack[FRAME_ACK_BYTES];
        struct writer w = writer_on(ack, sizeof ack, false);
        frame_put_ack(&w, 1, 0);
        recorder_receive(f.r, f.chan[link], link + 1, ack, sizeof ack, sizeof ack);
    }
    recorder_forget(f.r);
    for (unsigned link = 0; link < 8; link++) {
        uint8_t b[512];
        size_t true_len, len = ping_frame(&f, link + 1, recorder_id(f.r, SELF), 100, 2, b, sizeof b, &true_len);
        recorder_receive(f.r, f.chan[link], link + 1, b, len, true_len);
    }
    recorder_run(f.r, MILLIS(119));
    for (unsigned k = 0; k < f.r->sents; k++)
        assert_int_equal(f.r->sent[k].traffic, TRAFFIC_ACK);
    recorder_forget(f.r);
    recorder_run(f.r, MILLIS(120));
    assert_int_equal(f.r->sents, 8);
    fixture_close(&f);
}

/* Entries of the order take two bytes up to 256 links and four beyond; a node that has grown so far finds all its links as before, and after half of them are gone. */
static void more_than_256_links_are_found_by_their_ids(void **state)
{
    (void)state;
    struct fixture f = fixture_open();
    fixture_seed(&f);
    chan_h chan[400];
    for (unsigned k = 0; k < 400; k++) {
        peer_h peer = recorder_peer(f.r, (struct id){(uint64_t)(k + 7) * UINT64_C(0x9e3779b97f4a7c15), k});
        chan[k] = recorder_accept(f.r, peer, MILLIS(80));
    }
    for (unsigned k = 0; k < 400; k += 2)
        recorder_down(f.r, chan[k]);
    struct call c = {.n = f.r->node, .env = &f.r->env, .o = &f.config};
    assert_null(node_check(c.n, c.env));
    assert_int_equal(order_count(&c), 204);
    for (unsigned k = 0; k < 400; k++)
        assert_int_equal(link_to_id(&c, (struct id){(uint64_t)(k + 7) * UINT64_C(0x9e3779b97f4a7c15), k}), k % 2 ? chan[k] : SLOT_NONE);
    fixture_close(&f);
}

static void what_is_forwarded_loses_one_hop_and_names_its_last(void **state)
{
    (void)state;
    struct fixture f = fixture_open();
    fixture_seed(&f);
    uint8_t b[512];
    size_t true_len, len = ping_frame(&f, 1, recorder_id(f.r, 3), 42, 0, b, sizeof b, &true_len);
    recorder_receive(f.r, f.chan[0], 1, b, len, true_len);
    struct header h = {0};
    for (unsigned k = 0; k < f.r->sents; k++) {
        if (f.r->sent[k].traffic == TRAFFIC_ACK)
            continue;
        assert_int_equal(f.r->sent[k].chan, f.chan[2]);
        struct frame x = sent_frame(&f, k);
        struct reader r = reader_on(x.message.b, x.message.len, false);
        assert_int_equal(header_read(&r, &h), 0);
        assert_int_equal(x.message_true, h.length);
        assert_int_equal(f.r->sent[k].true_len, true_len + DESTINATION_NODE_BYTES);
    }
    assert_int_equal(h.ttl, 41);
    assert_int_equal(h.via.len, DESTINATION_NODE_BYTES);
    struct reader v = reader_on(h.via.b, h.via.len, false);
    struct destination d;
    assert_int_equal(destination_read(&v, &d), 0);
    assert_true(id_equal(d.id, recorder_id(f.r, 1)));
    fixture_close(&f);
}

/* ttl 0 and not for us: an error comes back, nothing goes on (6.3.2). A ttl above the initial one likewise. */
static void a_ttl_out_of_range_is_refused(void **state)
{
    (void)state;
    static const uint8_t ttl[] = {0, 101, 255};
    for (unsigned k = 0; k < 3; k++) {
        struct fixture f = fixture_open();
        fixture_seed(&f);
        uint8_t b[512];
        size_t true_len, len = ping_frame(&f, 1, recorder_id(f.r, 3), ttl[k], 0, b, sizeof b, &true_len);
        recorder_receive(f.r, f.chan[0], 1, b, len, true_len);
        assert_int_equal(f.r->sents, 2);
        for (unsigned s = 0; s < 2; s++)
            assert_int_equal(f.r->sent[s].chan, f.chan[0]);
        struct frame x = sent_frame(&f, 1);
        assert_int_equal(message_peek_code(x.message.b, x.message.len, true), MESSAGE_ERROR);
        fixture_close(&f);
    }
}

static void a_flipped_bit_is_not_answered(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 3; bit++) {
        struct fixture f = fixture_open();
        fixture_seed(&f);
        uint8_t b[512];
        size_t true_len, len = ping_frame(&f, 1, recorder_id(f.r, SELF), 100, 0, b, sizeof b, &true_len);
        b[len - 1 - 3 * bit] ^= (uint8_t)(1u << bit); /* in the signature token */
        recorder_receive(f.r, f.chan[0], 1, b, len, true_len);
        assert_int_equal(f.r->sents, 1); /* the ACK */
        assert_non_null(recorder_last_fact(f.r, FACT_DROPPED));
        fixture_close(&f);
    }
}

/* Any bytes at all: the recorder checks every invariant after each call. */
static void noise_does_no_harm(void **state)
{
    (void)state;
    struct fixture f = fixture_open();
    fixture_seed(&f);
    uint64_t x = 88172645463325252u;
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t b[512];
        size_t true_len, len = ping_frame(&f, 1 + round % 4, recorder_id(f.r, round % 7), (uint8_t)(round % 120), round, b, sizeof b, &true_len);
        for (unsigned flips = round % 5; flips > 0; flips--) {
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            b[(x >> 8) % len] = (uint8_t)x;
        }
        if (round % 11 == 0)
            len = (x >> 20) % len + 1;
        recorder_receive(f.r, f.chan[round % 4], 1 + round % 4, b, len, true_len < len ? len : true_len);
        if (round % 64 == 0) {
            struct node_view v;
            recorder_run(f.r, f.r->env.now + MILLIS(100));
            recorder_forget(f.r);
            node_look(f.r->node, &f.r->env, &v);
            assert_true(node_bytes(f.r->node) < 300000);
        }
    }
    fixture_close(&f);
}

/* At the memory limit a new channel is refused, and what is there stays whole. */
static void a_link_without_room_is_refused(void **state)
{
    (void)state;
    struct overlay config = overlay_defaults();
    struct recorder *r = recorder_open(&config, SELF);
    chan_h c[201];
    recorder_start(r, &(struct node_opts){.first = true});
    for (peer_h p = 1; p <= 200; p++)
        c[p] = recorder_accept(r, p, MILLIS(80));
    for (peer_h p = 1; p <= 200; p++)
        recorder_down(r, c[p]);
    recorder_run(r, SECONDS(70)); /* idle memory is given back: the links' table keeps its length, their order does not */
    r->refuse_room = true;
    for (peer_h p = 1; p <= 200; p++)
        recorder_accept(r, p, MILLIS(80));
    assert_in_range(recorder_count_ops(r, CHAN_CLOSE), 1, 200);
    recorder_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_data_frame_is_acknowledged_with_what_came_before),
        cmocka_unit_test(five_transmissions_then_the_link_fails),
        cmocka_unit_test(only_a_link_that_is_lost_is_a_dead_hop),
        cmocka_unit_test(a_request_that_cannot_be_sent_fails_with_a_reason),
        cmocka_unit_test(an_ack_by_bitmap_counts_and_the_next_frame_waits_ten_milliseconds),
        cmocka_unit_test(a_link_whose_numbers_would_repeat_is_closed_in_time),
        cmocka_unit_test(a_bitmap_spans_the_turn_of_kept_numbers),
        cmocka_unit_test(a_bitmap_with_many_holes_is_kept_until_they_have_passed),
        cmocka_unit_test(each_of_many_links_keeps_its_gap),
        cmocka_unit_test(more_than_256_links_are_found_by_their_ids),
        cmocka_unit_test(a_link_without_room_is_refused),
        cmocka_unit_test(what_is_forwarded_loses_one_hop_and_names_its_last),
        cmocka_unit_test(a_ttl_out_of_range_is_refused),
        cmocka_unit_test(a_flipped_bit_is_not_answered),
        cmocka_unit_test(noise_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

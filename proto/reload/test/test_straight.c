/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: direct response and relay peer routing (RFC 7263, 7264) at one peer: what an offer says, that it is withdrawn with the first timer and not made any
 * more when it fails, that a relay is a bootstrap node whose link stays; where an answer goes, that it waits for its channel, that a repetition without an
 * offer ends that, that bad offers and those in somebody else's name are refused, that floods open a bounded number of channels. Leaves open: whole overlays
 * (proto/test/test_routing.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "proto/test/stage.h"

#define ASKER 20u
#define RELAY 40u

static struct stage stage_for(enum routing_mode mode)
{
    struct stage s = {.config = overlay_defaults()};
    s.config.routing = mode;
    s.config.bootstrap[0] = RELAY;
    return s;
}

static const struct recorded_op *first_open(const struct stage *s)
{
    unsigned k = 0;
    while (k < s->r->ops && s->r->op[k].op != CHAN_OPEN)
        k++;
    assert_true(k < s->r->ops);
    return &s->r->op[k];
}

/* ---- the asker ---- */

static void fetch(struct stage *s, uint32_t tag)
{
    recorder_request(s->r, &(struct request){.op = REQUEST_FETCH, .tag = tag, .resource = recorder_id(s->r, 31), .kind = 1});
}

/* The option of the newest Fetch; false: it has none. */
static bool offered(const struct stage *s, struct extensive_routing *x, peer_h party[2], unsigned *parties)
{
    struct sent sent;
    struct forwarding_option o;
    struct destination d;
    assert_in_range(stage_sent(s, FETCH_REQ, &sent), 1, 100);
    struct span options = sent.message.header.options;
    if (options.len == 0)
        return false;
    struct reader r = reader_on(options.b, options.len, false);
    assert_int_equal(option_read(&r, &o), 0);
    assert_int_equal(reader_left(&r), 0);
    assert_int_equal(o.type, OPTION_EXTENSIVE_ROUTING);
    assert_int_equal(o.flags, OPTION_IGNORE_STATE_KEEPING);
    assert_int_equal(extensive_routing_read(o.value, x), 0);
    *parties = 0;
    for (r = reader_on(x->destinations.b, x->destinations.len, false); reader_left(&r) > 0;) {
        assert_int_equal(destination_read(&r, &d), 0);
        assert_in_range(*parties, 0, 1);
        party[(*parties)++] = recorder_peer(s->r, d.id);
    }
    return true;
}

static void an_offer_names_the_asker_and_its_address(void **state)
{
    (void)state;
    struct stage s = stage_for(ROUTING_DIRECT);
    struct extensive_routing x;
    peer_h party[2];
    unsigned n;
    stage_open(&s, 4);
    fetch(&s, 1);
    assert_true(offered(&s, &x, party, &n));
    assert_int_equal(x.mode, ROUTE_DIRECT);
    assert_int_equal(x.transport, LINK_DTLS_UDP_SR_NO_ICE);
    assert_int_equal(load_be32(x.addr.addr.ip), 0x10000000);
    assert_int_equal(n, 1);
    assert_int_equal(party[0], 0);
    stage_close(&s);
}

static void an_offer_is_withdrawn_with_the_first_timer(void **state)
{
    (void)state;
    struct stage s = stage_for(ROUTING_DIRECT);
    struct extensive_routing x;
    struct sent sent;
    peer_h party[2];
    unsigned n;
    stage_open(&s, 4);
    fetch(&s, 1);
    assert_true(offered(&s, &x, party, &n));
    stage_sent(&s, FETCH_REQ, &sent);
    uint64_t tid = sent.message.header.transaction;
    uint32_t bytes = sent.true_len;
    for (unsigned k = 1; k < 5; k++) {
        stage_run(&s, SECONDS(3) * k - MILLIS(1));
        stage_forget(&s);
        stage_run(&s, SECONDS(3) * k + MILLIS(1));
        assert_false(offered(&s, &x, party, &n));
        stage_sent(&s, FETCH_REQ, &sent);
        assert_true(sent.message.header.transaction == tid);
        assert_true(sent.true_len < bytes);
    }
    stage_close(&s);
}

/* 7263 5.4.2: it notes whether offers work. */
static void offers_that_fail_are_made_no_more_for_a_while(void **state)
{
    (void)state;
    struct stage s = stage_for(ROUTING_DIRECT);
    struct extensive_routing x;
    peer_h party[2];
    unsigned n, made = 0;
    stage_open(&s, 4);
    for (uint32_t k = 0; k < 40; k++) {
        stage_run(&s, SECONDS(20) * k);
        stage_forget(&s);
        fetch(&s, k);
        made += offered(&s, &x, party, &n);
    }
    assert_int_equal(made, 3 + 3); /* three, ten minutes without, three more */
    stage_close(&s);
}

static void a_relay_is_a_bootstrap_node_whose_link_stays(void **state)
{
    (void)state;
    struct stage s = stage_for(ROUTING_RELAY);
    struct extensive_routing x;
    peer_h party[2];
    unsigned n;
    stage_open(&s, 4);
    fetch(&s, 1);
    assert_false(offered(&s, &x, party, &n)); /* not linked yet */
    assert_int_equal(recorder_count_ops(s.r, CHAN_OPEN), 1);
    assert_int_equal(first_open(&s)->args.addr, RELAY);
    fetch(&s, 2);
    assert_int_equal(recorder_count_ops(s.r, CHAN_OPEN), 1);
    chan_h relay = first_open(&s)->args.chan;
    recorder_up(s.r, relay, RELAY, MILLIS(80));
    stage_run(&s, SECONDS(200)); /* three tidyings */
    assert_int_equal(s.r->channel[relay], RECORDER_UP);
    stage_forget(&s);
    fetch(&s, 3);
    assert_true(offered(&s, &x, party, &n));
    assert_int_equal(x.mode, ROUTE_RELAY);
    assert_int_equal(load_be32(x.addr.addr.ip), 0x10000000 + RELAY);
    assert_int_equal(n, 2);
    assert_int_equal(party[0], RELAY);
    assert_int_equal(party[1], 0);
    /* It goes: another is sought with the next request. */
    recorder_down(s.r, relay);
    stage_run(&s, s.r->env.now + SECONDS(20));
    stage_forget(&s);
    fetch(&s, 4);
    assert_false(offered(&s, &x, party, &n));
    assert_int_equal(recorder_count_ops(s.r, CHAN_OPEN), 1);
    stage_close(&s);
}

/* 7264 5.4.2: when an answer has not come by one relay, another is tried. */
static void a_relay_that_fails_is_changed(void **state)
{
    (void)state;
    struct stage s = stage_for(ROUTING_RELAY);
    struct extensive_routing x;
    peer_h party[2];
    unsigned n;
    s.config.bootstrap_count = 3;
    s.config.bootstrap[1] = RELAY + 1;
    s.config.bootstrap[2] = RELAY + 2;
    stage_open(&s, 4);
    fetch(&s, 1);
    if (!offered(&s, &x, party, &n)) { /* not linked yet */
        recorder_up(s.r, first_open(&s)->args.chan, (peer_h)first_open(&s)->args.addr, MILLIS(80));
        stage_run(&s, s.r->env.now + SECONDS(1));
        stage_forget(&s);
        fetch(&s, 2);
        assert_true(offered(&s, &x, party, &n));
    }
    unsigned changes = 0;
    peer_h before = party[0];
    for (uint32_t k = 0; k < 4; k++) { /* of three in a row the last makes it rest for ten minutes */
        stage_run(&s, s.r->env.now + (k == 2 ? SECONDS(700) : SECONDS(20)));
        stage_forget(&s);
        fetch(&s, 10 + k);
        if (!offered(&s, &x, party, &n)) {
            recorder_up(s.r, first_open(&s)->args.chan, (peer_h)first_open(&s)->args.addr, MILLIS(80));
            stage_run(&s, s.r->env.now + SECONDS(1));
            stage_forget(&s);
            fetch(&s, 20 + k);
            assert_true(offered(&s, &x, party, &n));
        }
        changes += party[0] != before;
        before = party[0];
    }
    assert_in_range(changes, 3, 4); /* after a rest any may be drawn */
    stage_close(&s);
}

/* A relay that is a neighbour already needs no second channel. */
static void a_relay_we_are_linked_with_is_taken_as_it_is(void **state)
{
    (void)state;
    struct stage s = stage_for(ROUTING_RELAY);
    struct extensive_routing x;
    peer_h party[2];
    unsigned n;
    s.config.bootstrap[0] = 2;
    stage_open(&s, 4);
    s.r->remote[s.chan[2]] = 2;
    fetch(&s, 1);
    assert_true(offered(&s, &x, party, &n));
    assert_int_equal(party[0], 2);
    assert_int_equal(recorder_count_ops(s.r, CHAN_OPEN), 0);
    stage_close(&s);
}

/* ---- who answers ---- */

struct offer {
    uint8_t mode, transport;
    peer_h at; /* its address */
    peer_h party[3];
    unsigned parties;
    uint8_t flags;
};

static struct span option_of(const struct stage *s, const struct offer *f, uint8_t *b, size_t cap)
{
    uint8_t list[64], value[96];
    struct writer d = writer_on(list, sizeof list, false), v = writer_on(value, sizeof value, false), w = writer_on(b, cap, false);
    struct ip_port at = {.ip = {16, 0, 0, (uint8_t)f->at}, .port = 6084, .version = 4};
    for (unsigned k = 0; k < f->parties; k++)
        destination_put_node(&d, recorder_id(s->r, f->party[k]));
    extensive_routing_put(&v, &(struct extensive_routing){.mode = f->mode, .transport = f->transport, .addr = address_of(&at), .destinations = {list, writer_len(&d)}});
    option_put(&w, &(struct forwarding_option){.type = OPTION_EXTENSIVE_ROUTING, .flags = (uint8_t)(f->flags | OPTION_IGNORE_STATE_KEEPING), .value = {value, writer_len(&v)}});
    assert_int_equal(w.err | v.err | d.err, 0);
    return (struct span){b, writer_len(&w)};
}

static const struct offer direct = {ROUTE_DIRECT, LINK_DTLS_UDP_SR_NO_ICE, ASKER, {ASKER}, 1, 0};
static const struct offer relayed = {ROUTE_RELAY, LINK_DTLS_UDP_SR_NO_ICE, RELAY, {RELAY, ASKER}, 2, 0};

/* A Ping of ASKER, over the link to 1, for us. */
static void ask(struct stage *s, uint64_t tid, const struct offer *f)
{
    uint8_t b[128], via[64];
    struct writer w = writer_on(via, sizeof via, false);
    destination_put_node(&w, recorder_id(s->r, ASKER));
    stage_ping(s, 1, &(struct letter){.signer = ASKER, .tid = tid, .to = recorder_id(s->r, 0), .via = {via, writer_len(&w)},
                                      .options = f ? option_of(s, f, b, sizeof b) : (struct span){NULL, 0}});
}

static void an_answer_waits_for_its_channel(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 2; k++) {
        struct stage s = stage_for(k ? ROUTING_RELAY : ROUTING_DIRECT);
        struct sent sent;
        stage_open(&s, 4);
        ask(&s, 7, k ? &relayed : &direct);
        assert_int_equal(stage_sent(&s, PING_ANS, NULL), 0);
        assert_int_equal(recorder_count_ops(s.r, CHAN_OPEN), 1);
        assert_int_equal(first_open(&s)->args.addr, k ? RELAY : ASKER);
        assert_true(first_open(&s)->args.unasked);
        ask(&s, 8, k ? &relayed : &direct); /* one channel for both */
        assert_int_equal(recorder_count_ops(s.r, CHAN_OPEN), 1);
        chan_h chan = first_open(&s)->args.chan;
        recorder_up(s.r, chan, k ? RELAY : ASKER, MILLIS(80));
        assert_int_equal(stage_sent(&s, PING_ANS, &sent), 1);
        assert_int_equal(sent.chan, chan);
        assert_true(sent.message.header.transaction == 7);
        assert_int_equal(sent.message.header.destination.len, (k ? 2 : 1) * DESTINATION_NODE_BYTES);
        assert_int_equal(stage_destination(&s, &sent.message.header, 0), k ? RELAY : ASKER);
        assert_int_equal(stage_destination(&s, &sent.message.header, k), ASKER);
        assert_int_equal(sent.message.header.options.len, 0);
        stage_close(&s);
    }
}

static void a_link_to_the_asker_is_used_as_it_is(void **state)
{
    (void)state;
    struct stage s = stage_for(ROUTING_DIRECT);
    struct sent sent;
    uint8_t b[128];
    struct offer f = direct;
    f.at = f.party[0] = 3;
    stage_open(&s, 4);
    stage_ping(&s, 1, &(struct letter){.signer = 3, .tid = 7, .to = recorder_id(s.r, 0), .options = option_of(&s, &f, b, sizeof b)});
    assert_int_equal(stage_sent(&s, PING_ANS, &sent), 1);
    assert_int_equal(sent.chan, s.chan[3]);
    assert_int_equal(recorder_count_ops(s.r, CHAN_OPEN), 0);
    stage_close(&s);
}

static void a_repetition_without_an_offer_is_answered_the_way_it_came(void **state)
{
    (void)state;
    struct stage s = stage_for(ROUTING_DIRECT);
    struct sent sent;
    stage_open(&s, 4);
    ask(&s, 7, &direct);
    stage_run(&s, SECONDS(3));
    ask(&s, 7, NULL);
    assert_int_equal(stage_sent(&s, PING_ANS, &sent), 1);
    assert_int_equal(sent.chan, s.chan[1]);
    assert_int_equal(stage_destination(&s, &sent.message.header, 1), ASKER);
    recorder_up(s.r, first_open(&s)->args.chan, ASKER, MILLIS(80)); /* at last, and in vain */
    stage_run(&s, SECONDS(4));
    assert_int_equal(stage_sent(&s, PING_ANS, NULL), 1);
    stage_close(&s);
}

/* Nobody is there, or somebody else, or the channel never comes up: what waited is forgotten. */
static void an_answer_that_finds_no_channel_is_dropped(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 3; k++) {
        struct stage s = stage_for(ROUTING_DIRECT);
        stage_open(&s, 4);
        ask(&s, 7, &direct);
        chan_h chan = first_open(&s)->args.chan;
        if (k == 0)
            recorder_down(s.r, chan);
        else if (k == 1)
            recorder_up(s.r, chan, 50, MILLIS(80));
        stage_run(&s, SECONDS(16));
        assert_int_equal(stage_sent(&s, PING_ANS, NULL), 0);
        assert_int_equal(s.r->work_bytes, 0);
        stage_close(&s);
    }
}

static void bad_offers_are_refused(void **state)
{
    (void)state;
    const struct offer bad[] = {
        {3, LINK_DTLS_UDP_SR_NO_ICE, ASKER, {ASKER}, 1, 0},                  /* a mode that nobody defined */
        {0, LINK_DTLS_UDP_SR_NO_ICE, ASKER, {ASKER}, 1, 0},
        {ROUTE_DIRECT, LINK_DTLS_UDP_SR_NO_ICE, ASKER, {ASKER, ASKER}, 2, 0}, /* 7263 5.4.1: not exactly one */
        {ROUTE_DIRECT, LINK_DTLS_UDP_SR_NO_ICE, ASKER, {0}, 0, 0},
        {ROUTE_RELAY, LINK_DTLS_UDP_SR_NO_ICE, RELAY, {ASKER}, 1, 0},         /* 7264 5.4.1: not exactly two */
        {ROUTE_RELAY, LINK_DTLS_UDP_SR_NO_ICE, RELAY, {RELAY, ASKER, 3}, 3, 0},
        {ROUTE_DIRECT, LINK_DTLS_UDP_SR_NO_ICE, 50, {50}, 1, 0},              /* for somebody who has not asked */
        {ROUTE_RELAY, LINK_DTLS_UDP_SR_NO_ICE, RELAY, {RELAY, 50}, 2, 0},
    };
    for (unsigned k = 0; k < sizeof bad / sizeof *bad; k++) {
        struct stage s = stage_for(ROUTING_DIRECT);
        struct sent sent;
        stage_open(&s, 4);
        ask(&s, 7, &bad[k]);
        assert_int_equal(stage_sent(&s, PING_ANS, NULL), 0);
        assert_int_equal(stage_sent(&s, MESSAGE_ERROR, &sent), 1);
        assert_int_equal(stage_error(&sent), ERROR_UNKNOWN_EXTENSION);
        assert_int_equal(sent.chan, s.chan[1]);
        assert_int_equal(recorder_count_ops(s.r, CHAN_OPEN), 0);
        stage_close(&s);
    }
}

/* An option of zero to forty bytes that mean nothing. */
static void garbage_for_an_offer_is_refused(void **state)
{
    (void)state;
    struct stage s = stage_for(ROUTING_RELAY);
    uint8_t b[64], junk[40];
    stage_open(&s, 4);
    for (unsigned len = 0; len < 40; len++) {
        struct sent sent;
        struct writer w = writer_on(b, sizeof b, false);
        for (unsigned k = 0; k < len; k++)
            junk[k] = (uint8_t)(len * 37 + k * k * 11);
        option_put(&w, &(struct forwarding_option){.type = OPTION_EXTENSIVE_ROUTING, .value = {junk, len}});
        stage_forget(&s);
        stage_ping(&s, 1, &(struct letter){.signer = ASKER, .tid = 100 + len, .to = recorder_id(s.r, 0), .options = {b, writer_len(&w)}});
        stage_run(&s, s.r->env.now + MILLIS(50));
        assert_int_equal(stage_sent(&s, MESSAGE_ERROR, &sent), 1);
        assert_int_equal(stage_error(&sent), ERROR_UNKNOWN_EXTENSION);
    }
    stage_close(&s);
}

/* Where the configuration does not ask for it, a peer does not know the option: refused as 6940 or 7263 has it. */
static void an_overlay_without_the_option_does_not_understand_it(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 2; k++) {
        struct stage s = stage_for(ROUTING_RECURSIVE);
        struct sent sent;
        struct offer f = direct;
        f.flags = k ? OPTION_DESTINATION_CRITICAL : 0;
        stage_open(&s, 4);
        ask(&s, 7, &f);
        assert_int_equal(stage_sent(&s, MESSAGE_ERROR, &sent), 1);
        assert_int_equal(stage_error(&sent), k ? ERROR_UNSUPPORTED_FORWARDING_OPTION : ERROR_UNKNOWN_EXTENSION);
        assert_int_equal(recorder_count_ops(s.r, CHAN_OPEN), 0);
        stage_close(&s);
    }
}

/* Each from another signer with another address: what is over the bound is answered symmetrically. */
static void a_flood_of_offers_opens_a_bounded_number_of_channels(void **state)
{
    (void)state;
    struct stage s = stage_for(ROUTING_DIRECT);
    uint8_t b[128];
    stage_open(&s, 4);
    for (peer_h p = 20; p < 220; p++) {
        struct offer f = direct;
        f.at = f.party[0] = p;
        stage_ping(&s, 1 + p % 4, &(struct letter){.signer = p, .tid = p, .to = recorder_id(s.r, 0), .options = option_of(&s, &f, b, sizeof b)});
        stage_run(&s, s.r->env.now + MILLIS(20));
    }
    assert_int_equal(recorder_count_ops(s.r, CHAN_OPEN), s.config.limits.transactions / 4);
    assert_int_equal(stage_sent(&s, PING_ANS, NULL), 200u - s.config.limits.transactions / 4u);
    stage_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_offer_names_the_asker_and_its_address),
        cmocka_unit_test(an_offer_is_withdrawn_with_the_first_timer),
        cmocka_unit_test(offers_that_fail_are_made_no_more_for_a_while),
        cmocka_unit_test(a_relay_is_a_bootstrap_node_whose_link_stays),
        cmocka_unit_test(a_relay_that_fails_is_changed),
        cmocka_unit_test(a_relay_we_are_linked_with_is_taken_as_it_is),
        cmocka_unit_test(an_answer_waits_for_its_channel),
        cmocka_unit_test(a_link_to_the_asker_is_used_as_it_is),
        cmocka_unit_test(a_repetition_without_an_offer_is_answered_the_way_it_came),
        cmocka_unit_test(an_answer_that_finds_no_channel_is_dropped),
        cmocka_unit_test(bad_offers_are_refused),
        cmocka_unit_test(garbage_for_an_offer_is_refused),
        cmocka_unit_test(an_overlay_without_the_option_does_not_understand_it),
        cmocka_unit_test(a_flood_of_offers_opens_a_bounded_number_of_channels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

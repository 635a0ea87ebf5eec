/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: what a hostile peer can do to the ring around one peer, and to its requests (RFC 6940 6.2.1, 6.3.4, 6.4.2, 10.5 to 10.9, 13.6): Updates with invented
 * peers, Joins and Leaves for others, floods of Attaches, RouteQueries, ConfigUpdates, answers that nobody asked for or that the wrong peer gives.
 * Lies within a peer's rights (its own neighbour lists) may cost attempts, whose number is bounded. The recorder checks every invariant after each
 * call. Leaves open: a ring of many (test_hostile_overlay.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "proto/test/stage.h"

#define SELF 0u
#define EVIL 1u

static struct letter to_self(const struct stage *s, peer_h signer, uint64_t tid)
{
    return (struct letter){.signer = signer, .tid = tid, .to = recorder_id(s->r, SELF)};
}

static struct node_view look(const struct stage *s)
{
    struct node_view v;
    node_look(s->r->node, &s->r->env, &v);
    return v;
}

static void assert_error(const struct stage *s, unsigned count, uint16_t error)
{
    struct sent sent;
    assert_int_equal(stage_sent(s, MESSAGE_ERROR, &sent), count);
    assert_int_equal(stage_error(&sent), error);
}

/* An Update with so many ids that nobody has, all just behind the peer: each would be its next neighbour. */
static void update_invented(struct stage *s, peer_h signer, uint64_t tid, unsigned count)
{
    static uint8_t body[40000], ids[32000];
    struct writer w = writer_on(body, sizeof body, false), x = writer_on(ids, sizeof ids, false);
    for (unsigned k = 0; k < count; k++)
        put_id(&x, id_add(recorder_id(s->r, SELF), (struct id){0, tid * 4096 + k + 1}));
    struct span half = {ids, count / 2 * ID_BYTES}, rest = {ids + half.len, writer_len(&x) - half.len};
    update_req_put(&w, &(struct update_req){.uptime_s = 1000, .type = UPDATE_NEIGHBORS, .predecessors = half, .successors = rest});
    assert_int_equal(w.err, 0);
    struct letter l = to_self(s, signer, tid);
    stage_deliver(s, EVIL, &l, UPDATE_REQ, body, writer_len(&w));
}

/* 10.7: one Update that names two hundred peers who do not exist causes a bounded number of Attaches; our own requests still go out. */
static void invented_neighbours_cause_a_bounded_number_of_attaches(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    s.config.limits.transactions = 32;
    update_invented(&s, EVIL, 1, 200);
    assert_int_equal(stage_sent(&s, UPDATE_ANS, NULL), 1);
    for (unsigned k = 0; k < 20; k++) {
        recorder_request(s.r, &(struct request){.op = REQUEST_FETCH, .tag = k, .resource = recorder_id(s.r, 60 + k), .kind = 1});
        if (recorder_count_facts(s.r, FACT_REQUEST_SENT) > 0)
            break;
    }
    assert_true(recorder_count_facts(s.r, FACT_REQUEST_SENT) > 0);
    stage_run(&s, SECONDS(20));
    unsigned attaches = stage_sent(&s, ATTACH_REQ, NULL);
    assert_in_range(attaches, 16, 5 * 16); /* each is sent five times at most */
    assert_int_equal(look(&s).predecessors, 3);
    assert_int_equal(look(&s).successors, 3);
    stage_close(&s);
}

/* The table of ids that a host keeps for strangers is finite. When it is full invented ones are ignored, and who is there is found as before. */
static void invented_ids_fill_the_table_of_strangers_and_no_more(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    for (uint64_t tid = 1; s.r->ids < RECORDER_PEERS_MAX && tid < 2000; tid++) {
        update_invented(&s, EVIL, tid, 200);
        stage_run(&s, s.r->env.now + SECONDS(16)); /* until the Attaches are given up */
        stage_forget(&s);
    }
    assert_int_equal(s.r->ids, RECORDER_PEERS_MAX);
    update_invented(&s, EVIL, 5000, 200);
    assert_int_equal(stage_sent(&s, ATTACH_REQ, NULL), 0);
    stage_run(&s, s.r->env.now + SECONDS(1));
    stage_forget(&s);
    struct letter l = to_self(&s, 2, 5001);
    stage_ping(&s, 2, &l);
    assert_int_equal(stage_sent(&s, PING_ANS, NULL), 1);
    assert_int_equal(look(&s).predecessors, 3);
    stage_close(&s);
}

/* 10.7: what a list says is hearsay. No peer enters a table before it has a link and has said itself that it is ready. */
static void nobody_becomes_a_neighbour_by_hearsay(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    struct node_view before = look(&s);
    for (unsigned k = 1; k <= 10; k++) {
        struct letter l = to_self(&s, EVIL, k);
        stage_update(&s, EVIL, &l, (const peer_h[]){40, 41, 42}, 3, (const peer_h[]){43, 44, 45}, 3);
        stage_run(&s, s.r->env.now + SECONDS(1));
    }
    struct node_view after = look(&s);
    assert_memory_equal(before.predecessor, after.predecessor, 3 * sizeof(peer_h));
    assert_memory_equal(before.successor, after.successor, 3 * sizeof(peer_h));
    recorder_accept(s.r, 40, MILLIS(80)); /* a link alone is not enough either */
    after = look(&s);
    assert_memory_equal(before.successor, after.successor, 3 * sizeof(peer_h));
    stage_close(&s);
}

/* 10.6: whom a list names is attached to through the peer that named it, so it has to answer for it. */
static void hearsay_is_followed_through_whoever_said_it(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    struct sent sent;
    stage_open(&s, 2);
    struct letter l = to_self(&s, EVIL, 1);
    stage_update(&s, EVIL, &l, (const peer_h[]){40}, 1, NULL, 0);
    stage_run(&s, MILLIS(200));
    assert_int_equal(stage_sent(&s, ATTACH_REQ, &sent), 1);
    assert_int_equal(sent.chan, s.chan[EVIL]);
    assert_int_equal(stage_destination(&s, &sent.message.header, 0), EVIL);
    assert_int_equal(stage_destination(&s, &sent.message.header, 1), 40);
    stage_close(&s);
}

/* 10.7: lists that leave everybody out make us ask those they leave out, and nothing more. */
static void lists_that_leave_us_out_change_no_table(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 6);
    struct node_view before = look(&s);
    for (unsigned k = 1; k <= 50; k++) {
        struct letter l = to_self(&s, before.successor[2], k);
        stage_update(&s, before.successor[2], &l, (const peer_h[]){before.predecessor[2]}, 1, (const peer_h[]){before.predecessor[1]}, 1);
        stage_run(&s, s.r->env.now + MILLIS(100));
    }
    struct node_view after = look(&s);
    assert_memory_equal(before.successor, after.successor, 3 * sizeof(peer_h));
    assert_true(stage_sent(&s, PING_REQ, NULL) <= 6 * 2 * 5);
    stage_close(&s);
}

/* 6.4.2.2, 10.9: a Leave is believed from the peer itself over its own link only. */
static void nobody_can_leave_for_another(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    uint8_t body[64], via[DESTINATION_NODE_BYTES];
    stage_open(&s, 4);
    static const struct {
        peer_h signer, leaver;
        unsigned link;
        bool forwarded;
    } row[] = {
        {EVIL, 2, EVIL, false},  /* for a neighbour */
        {2, 2, EVIL, false},     /* its own Leave, overheard and replayed over another link */
        {20, 20, EVIL, false},   /* of one that is not linked */
        {EVIL, SELF, EVIL, false}, /* for ourselves */
        {EVIL, EVIL, EVIL, true},  /* its own, but by way of somebody */
    };
    for (unsigned k = 0; k < sizeof row / sizeof *row; k++) {
        struct writer w = writer_on(body, sizeof body, false), v = writer_on(via, sizeof via, false);
        put_id(&w, recorder_id(s.r, row[k].leaver));
        put_vector(&w, 2, (const uint8_t[]){LEAVE_FROM_SUCC, 0, 0}, 3);
        destination_put_node(&v, recorder_id(s.r, 9));
        struct letter l = to_self(&s, row[k].signer, k + 1);
        if (row[k].forwarded)
            l.via = (struct span){via, writer_len(&v)};
        stage_forget(&s);
        stage_deliver(&s, row[k].link, &l, LEAVE_REQ, body, writer_len(&w));
        stage_run(&s, s.r->env.now + MILLIS(50));
        assert_error(&s, 1, ERROR_FORBIDDEN);
        assert_int_equal(look(&s).links_ready, 4);
    }
    stage_close(&s);
}

/* 10.9: who leaves over and over, with a list of strangers each time, is gone after the first. */
static void a_leave_said_a_hundred_times_is_one(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    static uint8_t ids[64 * ID_BYTES], data[1100], body[1200];
    stage_open(&s, 5);
    s.config.limits.transactions = 32;
    for (unsigned k = 1; k <= 100; k++) {
        struct writer x = writer_on(ids, sizeof ids, false), v = writer_on(data, sizeof data, false), w = writer_on(body, sizeof body, false);
        for (unsigned i = 0; i < 60; i++)
            put_id(&x, id_add(recorder_id(s.r, SELF), (struct id){0, 64 * k + i + 1}));
        chord_leave_put(&v, &(struct chord_leave_data){.type = LEAVE_FROM_PRED, .peers = {ids, writer_len(&x)}});
        leave_req_put(&w, &(struct leave_req){.peer = recorder_id(s.r, EVIL), .data = {data, writer_len(&v)}});
        struct letter l = to_self(&s, EVIL, k);
        stage_deliver(&s, EVIL, &l, LEAVE_REQ, body, writer_len(&w));
        stage_run(&s, s.r->env.now + MILLIS(20));
    }
    assert_int_equal(look(&s).links_ready, 4);
    assert_int_equal(recorder_count_facts(s.r, FACT_NEIGHBOURS_CHANGED), 1);
    assert_true(s.r->work_bytes < 100000);
    stage_close(&s);
}

static void join(struct stage *s, unsigned link, peer_h signer, peer_h joiner, uint64_t tid)
{
    uint8_t body[32];
    struct writer w = writer_on(body, sizeof body, false);
    put_id(&w, recorder_id(s->r, joiner));
    put_vector(&w, 2, NULL, 0);
    struct letter l = to_self(s, signer, tid);
    stage_deliver(s, link, &l, JOIN_REQ, body, writer_len(&w));
}

/* 6.4.2.1: a Join is believed from the joiner itself over its own link only, and admitted only where we are responsible. */
static void nobody_can_join_for_another(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    peer_h nearest = look(&s).predecessor[0], outside = PEER_NONE;
    for (peer_h p = 10; outside == PEER_NONE; p++)
        if (p < STAGE_LINKS && !id_in_range(recorder_id(s.r, nearest), recorder_id(s.r, p), recorder_id(s.r, SELF)))
            outside = p;
    join(&s, EVIL, EVIL, 2, 1);
    stage_run(&s, MILLIS(20));
    join(&s, EVIL, 20, 20, 2); /* signed by the joiner, over another's link */
    stage_run(&s, MILLIS(40));
    join(&s, EVIL, EVIL, SELF, 3);
    stage_run(&s, MILLIS(60));
    assert_error(&s, 3, ERROR_FORBIDDEN);
    s.chan[outside] = recorder_accept(s.r, outside, MILLIS(80));
    s.sequence[outside] = 0;
    join(&s, outside, outside, outside, 4);
    stage_run(&s, MILLIS(80));
    assert_error(&s, 4, ERROR_INCOMPATIBLE_WITH_OVERLAY);
    assert_int_equal(stage_sent(&s, JOIN_ANS, NULL), 0);
    assert_int_equal(recorder_count_facts(s.r, FACT_RANGE_CHANGED), 0);
    stage_close(&s);
}

/* 6.5.1.1: an Attach with a hundred candidates opens one channel, one without any that we can use none. */
static void an_attach_opens_one_channel_whatever_it_names(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    static uint8_t list[4096], body[4400];
    stage_open(&s, 4);
    for (unsigned usable = 0; usable < 2; usable++) {
        struct writer x = writer_on(list, sizeof list, false), w = writer_on(body, sizeof body, false);
        for (unsigned k = 0; k < 100; k++) {
            struct ip_port at = {.ip = {10, 1, 2, (uint8_t)k}, .port = (uint16_t)(k * 600), .version = 4};
            candidate_put(&x, &(struct candidate){.addr = {.type = 1, .addr = at},
                                                  .overlay_link = usable ? LINK_DTLS_UDP_SR_NO_ICE : k % 3 ? LINK_TLS_TCP_FH_NO_ICE : LINK_DTLS_UDP_SR,
                                                  .foundation = {(const uint8_t *)"1", 1}, .type = CANDIDATE_HOST});
        }
        attach_put(&w, &(struct attach){.role = {(const uint8_t *)"passive", 7}, .candidates = {list, writer_len(&x)}, .send_update = true});
        assert_int_equal(w.err, 0);
        struct letter l = to_self(&s, 20 + usable, usable + 1);
        stage_deliver(&s, EVIL, &l, ATTACH_REQ, body, writer_len(&w));
        stage_run(&s, s.r->env.now + MILLIS(50));
        assert_int_equal(recorder_count_ops(s.r, CHAN_OPEN), usable);
    }
    assert_error(&s, 1, ERROR_INVALID_MESSAGE); /* to the one without */
    stage_close(&s);
}

/* 6.5.1: addresses fill the host's table of strangers: further ones are refused, known ones are not. */
static void invented_addresses_fill_their_table_and_no_more(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    for (unsigned k = 0; k < 2 * RECORDER_ADDRS_FOREIGN; k++) {
        uint8_t list[64], body[128];
        struct writer x = writer_on(list, sizeof list, false), w = writer_on(body, sizeof body, false);
        struct ip_port at = {.ip = {192, 0, 2, (uint8_t)k}, .port = 7, .version = 4};
        candidate_put(&x, &(struct candidate){.addr = {.type = 1, .addr = at}, .overlay_link = LINK_DTLS_UDP_SR_NO_ICE, .foundation = {(const uint8_t *)"1", 1}, .type = CANDIDATE_HOST});
        attach_put(&w, &(struct attach){.role = {(const uint8_t *)"passive", 7}, .candidates = {list, writer_len(&x)}});
        struct letter l = to_self(&s, 30 + k, k + 1);
        stage_deliver(&s, EVIL, &l, ATTACH_REQ, body, writer_len(&w));
        stage_run(&s, s.r->env.now + MILLIS(20));
    }
    assert_error(&s, RECORDER_ADDRS_FOREIGN, ERROR_INVALID_MESSAGE);
    assert_int_equal(recorder_count_ops(s.r, CHAN_OPEN), RECORDER_ADDRS_FOREIGN);
    struct letter l = to_self(&s, 200, 1000);
    stage_attach(&s, 2, &l, false);
    assert_int_equal(recorder_count_ops(s.r, CHAN_OPEN), RECORDER_ADDRS_FOREIGN + 1);
    stage_close(&s);
}

static void route_query(struct stage *s, unsigned link, peer_h signer, uint64_t tid, const struct destination *d, bool send_update)
{
    uint8_t body[300];
    struct writer w = writer_on(body, sizeof body, false);
    route_query_req_put(&w, &(struct route_query_req){.send_update = send_update, .destination = *d});
    assert_int_equal(w.err, 0);
    struct letter l = to_self(s, signer, tid);
    stage_deliver(s, link, &l, ROUTE_QUERY_REQ, body, writer_len(&w));
}

/* 10.8: a RouteQuery is answered from our table whatever it asks for, and never asks anybody else: it cannot go round. */
static void a_route_query_asks_nobody(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    for (uint64_t tid = 1; tid <= 200; tid++) {
        struct destination d = {.type = DESTINATION_NODE, .id = recorder_id(s.r, (peer_h)(tid % 60))};
        route_query(&s, EVIL, 20, tid, &d, true);
        stage_run(&s, s.r->env.now + MILLIS(11));
        stage_run(&s, s.r->env.now + MILLIS(11));
    }
    assert_int_equal(stage_sent(&s, ROUTE_QUERY_ANS, NULL), 200);
    assert_int_equal(stage_sent(&s, ROUTE_QUERY_REQ, NULL) + stage_sent(&s, UPDATE_REQ, NULL), 0); /* the asker has no link */
    stage_close(&s);
}

/* 10.8: with send_update, asked for a thousand times in a row, at most one Update is under way. */
static void updates_asked_for_in_a_row_are_one(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    for (uint64_t tid = 1; tid <= 1000; tid++) {
        struct destination d = {.type = DESTINATION_NODE, .id = recorder_id(s.r, 3)};
        route_query(&s, EVIL, EVIL, tid, &d, true);
    }
    recorder_run(s.r, SECONDS(1));
    assert_in_range(stage_sent(&s, UPDATE_REQ, NULL), 0, 3);
    stage_close(&s);
}

/* 6.3.2.2, 10.8: a Resource-ID has the overlay's length. */
static void a_route_query_for_an_odd_resource_is_refused(void **state)
{
    (void)state;
    static const uint8_t odd[40];
    static const uint8_t len[] = {0, 1, 15, 17, 40};
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    for (unsigned k = 0; k < sizeof len; k++) {
        struct destination d = {.type = DESTINATION_RESOURCE, .bytes = {odd, len[k]}};
        route_query(&s, EVIL, 20, k + 1, &d, false);
        stage_run(&s, s.r->env.now + MILLIS(50));
        assert_error(&s, k + 1, ERROR_INVALID_MESSAGE);
    }
    stage_close(&s);
}

/* 6.5.4: nobody may set a configuration here. */
static void configurations_from_peers_are_forbidden(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    uint8_t body[600];
    stage_open(&s, 4);
    for (uint8_t type = 1; type <= 2; type++)
        for (uint16_t ahead = 0; ahead < 4; ahead++) {
            struct writer w = writer_on(body, sizeof body, false);
            uint8_t kind[2 + RECORDER_KIND_BLOCK] = {0, RECORDER_KIND_BLOCK};
            recorder_kind_block(&(struct value_kind){.id = 0xf0000001, .model = MODEL_SINGLE, .max_count = 1}, false, kind + 2);
            struct span unsigned_one = type == 1 ? (struct span){(const uint8_t *)"C\0\377B an unsigned document", 24} : (struct span){kind, sizeof kind};
            config_update_req_put(&w, &(struct config_update_req){.type = type, .data = unsigned_one});
            stage_forget(&s);
            struct letter l = to_self(&s, 20, 10u * type + ahead);
            uint8_t b[4096];
            uint32_t true_len;
            size_t len = stage_write(&s, &l, CONFIG_UPDATE_REQ, body, writer_len(&w), b, sizeof b, &true_len);
            store_be16(b + 8, ahead == 3 ? 65535 : (uint16_t)(s.config.sequence + ahead)); /* 6.3.2.1: the last is taken whatever we have */
            stage_arrive(&s, EVIL, b, len, true_len);
            stage_run(&s, s.r->env.now + MILLIS(50));
            assert_error(&s, 1, ahead == 1 || ahead == 2 ? ERROR_CONFIG_TOO_NEW : ERROR_FORBIDDEN);
        }
    stage_close(&s);
}

/* ---- answers ---- */

static void answer(struct stage *s, unsigned link, peer_h signer, uint64_t tid, uint16_t code, const void *body, uint32_t len)
{
    struct letter l = to_self(s, signer, tid);
    stage_deliver(s, link, &l, code, body, len);
}

/* A look-up of ours that is under way: its transaction, and the neighbour it went to. */
static uint64_t fetch_under_way(struct stage *s, unsigned *link)
{
    struct sent sent;
    for (unsigned user = 30; stage_sent(s, FETCH_REQ, &sent) == 0; user++) /* until one is not our own */
        recorder_request(s->r, &(struct request){.op = REQUEST_FETCH, .tag = 77, .resource = recorder_id(s->r, user), .kind = 1});
    for (*link = 1; s->chan[*link] != sent.chan; ++*link)
        ;
    stage_run(s, s->r->env.now + MILLIS(1)); /* acknowledged */
    stage_forget(s);
    return sent.message.header.transaction;
}

/* FetchAns without anything. */
static const uint8_t nothing[4];

/* 6.2.1: answers to what was never asked change nothing; neither do errors, by the thousand, and no error is answered. */
static void answers_to_nothing_change_nothing(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    unsigned link;
    stage_open(&s, 4);
    uint64_t tid = fetch_under_way(&s, &link);
    for (unsigned k = 1; k <= 2000; k++)
        answer(&s, EVIL, 20, tid ^ k, k % 2 ? MESSAGE_ERROR : FETCH_ANS, k % 2 ? (const void *)(const uint8_t[]){0, 3, 0, 0} : nothing, 4);
    assert_int_equal(recorder_count_facts(s.r, FACT_LATE_ANSWER), 2000);
    assert_int_equal(recorder_count_facts(s.r, FACT_REQUEST_ANSWERED) + recorder_count_facts(s.r, FACT_REQUEST_FAILED), 0);
    for (unsigned k = 0; k < s.r->sents; k++)
        assert_int_equal(s.r->sent[k].b[0], FRAME_ACK);
    stage_close(&s);
}

/* 6.3.4: the answer to a Resource-ID has to come from somebody at least as close to it as those we know. */
static void an_answer_by_the_wrong_peer_is_dropped(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    unsigned link;
    stage_open(&s, 6);
    uint64_t tid = fetch_under_way(&s, &link);
    unsigned refused = 0, taken = 0;
    for (peer_h p = 20; p < 60 && !taken; p++) {
        answer(&s, link, p, tid, FETCH_ANS, nothing, 4);
        refused = stage_dropped(&s, DROP_BAD_SIGNATURE);
        taken = recorder_count_facts(s.r, FACT_REQUEST_ANSWERED);
    }
    assert_true(refused > 0); /* those behind a peer that we know to be closer */
    assert_true(taken <= 1);
    stage_close(&s);
}

/* 6.2.1: of another kind than the question. */
static void an_answer_of_another_kind_is_dropped(void **state)
{
    (void)state;
    static const uint16_t code[] = {STORE_ANS, UPDATE_ANS, FIND_ANS, STAT_ANS};
    struct stage s = {.config = overlay_defaults()};
    unsigned link;
    stage_open(&s, 4);
    uint64_t tid = fetch_under_way(&s, &link);
    for (unsigned k = 0; k < sizeof code / sizeof *code; k++) /* signed by whom it asks, or nearly */
        answer(&s, link, link, tid, code[k], nothing, code[k] == STAT_ANS ? 4 : code[k] == UPDATE_ANS ? 0 : 2);
    assert_int_equal(recorder_count_facts(s.r, FACT_REQUEST_ANSWERED), 0);
    assert_int_equal(stage_dropped(&s, DROP_BAD_SIGNATURE), 4);
    stage_close(&s);
}

/* 6.2.1: an answer given twice is an answer and a late one: exactly one end for each request, also when errors rain. */
static void a_request_ends_once_however_often_it_is_answered(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    unsigned link;
    stage_open(&s, 4);
    uint64_t tid = fetch_under_way(&s, &link);
    for (unsigned k = 0; k < 50; k++)
        answer(&s, link, 20, tid, MESSAGE_ERROR, (const uint8_t[]){0, 3, 0, 0}, 4);
    assert_int_equal(recorder_count_facts(s.r, FACT_REQUEST_FAILED), 1);
    assert_int_equal(recorder_count_facts(s.r, FACT_LATE_ANSWER), 49);
    stage_run(&s, SECONDS(30));
    assert_int_equal(recorder_count_facts(s.r, FACT_REQUEST_FAILED), 1);
    stage_close(&s);
}

/* 6.3.4, 6.4.2.1: a request to the other end of a link (an Update, a Join) is refused by nobody but that end. */
static void an_error_about_one_hop_comes_from_that_hop(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    struct sent sent;
    stage_open(&s, 4);
    struct destination d = {.type = DESTINATION_NODE, .id = recorder_id(s.r, 3)};
    route_query(&s, 2, 2, 1, &d, true); /* 2 asks for our Update */
    stage_run(&s, MILLIS(100));
    assert_int_equal(stage_sent(&s, UPDATE_REQ, &sent), 1);
    uint64_t tid = sent.message.header.transaction;
    answer(&s, EVIL, EVIL, tid, MESSAGE_ERROR, (const uint8_t[]){0, 2, 0, 0}, 4);
    answer(&s, EVIL, EVIL, tid, UPDATE_ANS, NULL, 0);
    assert_int_equal(stage_dropped(&s, DROP_BAD_SIGNATURE), 2);
    stage_run(&s, SECONDS(4)); /* unanswered, so it is sent again */
    assert_int_equal(stage_sent(&s, UPDATE_REQ, NULL), 2);
    answer(&s, 2, 2, tid, MESSAGE_ERROR, (const uint8_t[]){0, 2, 0, 0}, 4);
    stage_run(&s, SECONDS(20));
    assert_int_equal(stage_sent(&s, UPDATE_REQ, NULL), 2);
    stage_close(&s);
}

/* 6.3.3.1: an error that is no error is dropped and ends nothing. */
static void a_malformed_error_ends_nothing(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    unsigned link;
    stage_open(&s, 4);
    uint64_t tid = fetch_under_way(&s, &link);
    for (uint32_t len = 0; len < 4; len++)
        answer(&s, link, 20, tid, MESSAGE_ERROR, (const uint8_t[]){0, 3, 0, 0}, len);
    answer(&s, link, 20, tid, MESSAGE_ERROR, (const uint8_t[]){0, 3, 0, 9, 1}, 5);
    assert_int_equal(recorder_count_facts(s.r, FACT_REQUEST_FAILED), 0);
    assert_int_equal(stage_dropped(&s, DROP_MALFORMED), 5);
    stage_close(&s);
}

/* 10.7.4.2, 6.5.3: finger Pings answered by whoever sees them: a peer outside the range does not become a finger. */
static void a_false_answer_to_a_finger_search_fills_no_finger(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    struct sent sent;
    s.config.ping_interval = SECONDS(60);
    s.config.successors = s.config.predecessors = 1;
    stage_open(&s, 0);
    /* One neighbour in entry 3, one in entry 1: entry 2, between them, is empty, and its keys belong to the latter. */
    peer_h neighbour[2];
    for (unsigned k = 0; k < 2; k++) {
        uint64_t reach = k ? 4 : 1; /* eighths of the ring */
        for (neighbour[k] = 1; id_distance(recorder_id(s.r, SELF), recorder_id(s.r, neighbour[k])).hi >> 61 != reach;)
            neighbour[k]++;
        assert_true(neighbour[k] < STAGE_LINKS);
        s.chan[1 + k] = recorder_accept(s.r, neighbour[k], MILLIS(80));
        struct letter ready = to_self(&s, neighbour[k], 1 + k);
        stage_update(&s, 1 + k, &ready, NULL, 0, NULL, 0);
    }
    for (unsigned k = 0; k < 100 && stage_sent(&s, PING_REQ, &sent) == 0; k++)
        stage_run(&s, SECONDS(1000 + 10 * k)); /* the periodic searches, a coin for each entry */
    assert_true(stage_sent(&s, PING_REQ, &sent) > 0);
    uint64_t tid = sent.message.header.transaction;
    uint8_t body[16] = {1};
    for (peer_h p = 0; p < 200; p++)
        answer(&s, EVIL, p, tid, PING_ANS, body, sizeof body);
    stage_run(&s, s.r->env.now + SECONDS(2));
    assert_true(stage_sent(&s, ATTACH_REQ, NULL) <= 2); /* at most one of them was taken at its word, and asked for a link */
    assert_int_equal(stage_dropped(&s, DROP_BAD_SIGNATURE) + recorder_count_facts(s.r, FACT_LATE_ANSWER), 199); /* all others */
    for (unsigned i = 1; i <= 128; i++) {
        peer_h p = node_finger(s.r->node, &s.r->env, i);
        assert_true(p == PEER_NONE || p == neighbour[0] || p == neighbour[1]);
    }
    stage_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(invented_neighbours_cause_a_bounded_number_of_attaches),
        cmocka_unit_test(invented_ids_fill_the_table_of_strangers_and_no_more),
        cmocka_unit_test(nobody_becomes_a_neighbour_by_hearsay),
        cmocka_unit_test(hearsay_is_followed_through_whoever_said_it),
        cmocka_unit_test(lists_that_leave_us_out_change_no_table),
        cmocka_unit_test(nobody_can_leave_for_another),
        cmocka_unit_test(a_leave_said_a_hundred_times_is_one),
        cmocka_unit_test(nobody_can_join_for_another),
        cmocka_unit_test(an_attach_opens_one_channel_whatever_it_names),
        cmocka_unit_test(invented_addresses_fill_their_table_and_no_more),
        cmocka_unit_test(a_route_query_asks_nobody),
        cmocka_unit_test(updates_asked_for_in_a_row_are_one),
        cmocka_unit_test(a_route_query_for_an_odd_resource_is_refused),
        cmocka_unit_test(configurations_from_peers_are_forbidden),
        cmocka_unit_test(answers_to_nothing_change_nothing),
        cmocka_unit_test(an_answer_by_the_wrong_peer_is_dropped),
        cmocka_unit_test(an_answer_of_another_kind_is_dropped),
        cmocka_unit_test(a_request_ends_once_however_often_it_is_answered),
        cmocka_unit_test(an_error_about_one_hop_comes_from_that_hop),
        cmocka_unit_test(a_malformed_error_ends_nothing),
        cmocka_unit_test(a_false_answer_to_a_finger_search_fills_no_finger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

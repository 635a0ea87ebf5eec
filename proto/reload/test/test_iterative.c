/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: a request that asks its way (RFC 6940 6.4.2.4): RouteQuery by RouteQuery, an Attach through whoever named a peer that we have no link to, the request
 * itself over one link to the peer that names itself; what happens when the walk meets errors, silence, dead links and lies; and that peers answer a
 * RouteQuery whatever their own requests do. Leaves open: whole overlays (proto/test/test_routing.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "proto/test/stage.h"

#define STRANGER 60u
#define TARGET   31u
#define TAG      5u

static struct stage stage_iterative(void)
{
    struct stage s = {.config = overlay_defaults()};
    s.config.routing = ROUTING_ITERATIVE;
    return s;
}

/* A place that is not ours, far from all peers but one. */
static struct id target_of(struct stage *s)
{
    return recorder_id(s->r, TARGET);
}

static void fetch(struct stage *s)
{
    recorder_request(s->r, &(struct request){.op = REQUEST_FETCH, .tag = TAG, .resource = target_of(s), .kind = 1});
}

/* Who of our peers is responsible for it. */
static unsigned owner_of(struct stage *s)
{
    unsigned owner = 1;
    for (unsigned k = 2; k <= s->links; k++)
        if (id_compare(id_distance(target_of(s), recorder_id(s->r, k)), id_distance(target_of(s), recorder_id(s->r, owner))) < 0)
            owner = k;
    return owner;
}

static unsigned link_of(const struct stage *s, chan_h chan)
{
    unsigned k = 1;
    while (k < STAGE_LINKS && s->chan[k] != chan)
        k++;
    assert_in_range(k, 1, STAGE_LINKS - 1);
    return k;
}

/* The newest RouteQuery: to whom it went, *tid is its own. */
static unsigned asked(const struct stage *s, uint64_t *tid)
{
    struct sent sent;
    struct route_query_req q;
    assert_in_range(stage_sent(s, ROUTE_QUERY_REQ, &sent), 1, 1000);
    assert_int_equal(route_query_req_read(sent.message.body, &q), 0);
    assert_int_equal(q.destination.type, DESTINATION_RESOURCE);
    assert_true(id_equal(q.destination.id, recorder_id(s->r, TARGET)));
    assert_false(q.send_update);
    *tid = sent.message.header.transaction;
    return link_of(s, sent.chan);
}

static void name(struct stage *s, unsigned link, uint64_t tid, peer_h next)
{
    uint8_t b[ID_BYTES];
    id_store(b, recorder_id(s->r, next));
    stage_run(s, s->r->env.now + MILLIS(20));
    stage_forget(s);
    stage_deliver(s, link, &(struct letter){.signer = link, .tid = tid, .ttl = s->config.initial_ttl, .to = recorder_id(s->r, 0)}, ROUTE_QUERY_ANS, b, sizeof b);
    stage_run(s, s->r->env.now + MILLIS(20));
}

static void refuse(struct stage *s, unsigned link, uint64_t tid, uint16_t error)
{
    uint8_t b[4] = {(uint8_t)(error >> 8), (uint8_t)error, 0, 0};
    stage_run(s, s->r->env.now + MILLIS(20));
    stage_forget(s);
    stage_deliver(s, link, &(struct letter){.signer = link, .tid = tid, .ttl = s->config.initial_ttl, .to = recorder_id(s->r, 0)}, MESSAGE_ERROR, b, sizeof b);
    stage_run(s, s->r->env.now + MILLIS(20));
}

static void the_request_goes_to_who_names_itself(void **state)
{
    (void)state;
    struct stage s = stage_iterative();
    struct sent sent;
    uint64_t tid;
    stage_open(&s, 4);
    fetch(&s);
    unsigned first = asked(&s, &tid);
    assert_int_equal(stage_sent(&s, FETCH_REQ, NULL), 0);
    unsigned owner = owner_of(&s), other = owner % 4 + 1;
    assert_int_equal(first, owner); /* so few know each other; but somebody may have come between */
    name(&s, first, tid, other);
    assert_int_equal(asked(&s, &tid), other);
    assert_int_equal(stage_sent(&s, FETCH_REQ, NULL) + stage_sent(&s, ATTACH_REQ, NULL), 0);
    name(&s, other, tid, owner);
    assert_int_equal(asked(&s, &tid), owner);
    name(&s, owner, tid, owner);
    assert_int_equal(stage_sent(&s, FETCH_REQ, &sent), 1);
    assert_int_equal(link_of(&s, sent.chan), owner);
    assert_int_equal(sent.message.header.via.len, 0);
    tid = sent.message.header.transaction;
    assert_int_equal(recorder_count_facts(s.r, FACT_REQUEST_ANSWERED), 0);
    stage_deliver(&s, owner, &(struct letter){.signer = owner, .tid = tid, .ttl = s.config.initial_ttl, .to = recorder_id(s.r, 0)}, FETCH_ANS, (const uint8_t[]){0, 0, 0, 0}, 4);
    const struct recorded_fact *f = recorder_last_fact(s.r, FACT_REQUEST_ANSWERED);
    assert_non_null(f);
    assert_int_equal(f->a, TAG);
    assert_int_equal(FACT_ANSWER_PEER(f->b), owner);
    assert_int_equal(FACT_ANSWER_HOPS(f->b), 4); /* three were asked, then one link */
    stage_run(&s, s.r->env.now + SECONDS(1));
    assert_int_equal(s.r->work_bytes, 0);
    stage_close(&s);
}

static void a_link_is_made_through_who_named_the_peer(void **state)
{
    (void)state;
    struct stage s = stage_iterative();
    struct sent sent;
    struct attach a;
    uint64_t tid;
    stage_open(&s, 4);
    fetch(&s);
    unsigned first = asked(&s, &tid);
    name(&s, first, tid, STRANGER);
    assert_int_equal(stage_sent(&s, ATTACH_REQ, &sent), 1);
    assert_int_equal(link_of(&s, sent.chan), first);
    assert_int_equal(stage_destination(&s, &sent.message.header, 0), first);
    assert_int_equal(stage_destination(&s, &sent.message.header, 1), STRANGER);
    assert_int_equal(attach_read(sent.message.body, &a), 0);
    assert_false(a.send_update); /* its table is of no use here */
    assert_int_equal(stage_sent(&s, ROUTE_QUERY_REQ, NULL), 0);
    chan_h chan = recorder_accept(s.r, STRANGER, MILLIS(80));
    assert_int_equal(stage_sent(&s, ROUTE_QUERY_REQ, &sent), 1);
    assert_int_equal(sent.chan, chan);
    stage_close(&s);
}

/* Whoever refuses would refuse again: the timer begins anew, five times in 15 s, then the request has failed. */
static void a_refused_walk_begins_again_with_the_timer(void **state)
{
    (void)state;
    struct stage s = stage_iterative();
    uint64_t tid;
    stage_open(&s, 4);
    fetch(&s);
    for (unsigned k = 0; k < 5; k++) {
        unsigned link = asked(&s, &tid);
        refuse(&s, link, tid, ERROR_NOT_FOUND);
        assert_int_equal(stage_sent(&s, ROUTE_QUERY_REQ, NULL), 0);
        assert_int_equal(recorder_count_facts(s.r, FACT_REQUEST_FAILED), 0);
        stage_run(&s, SECONDS(3) * (k + 1) + MILLIS(1));
    }
    assert_int_equal(recorder_count_facts(s.r, FACT_REQUEST_FAILED), 1);
    assert_int_equal(s.r->work_bytes, 0);
    stage_close(&s);
}

static void silence_ends_after_fifteen_seconds(void **state)
{
    (void)state;
    struct stage s = stage_iterative();
    stage_open(&s, 4);
    fetch(&s);
    stage_run(&s, SECONDS(15) - MILLIS(1));
    assert_int_equal(recorder_count_facts(s.r, FACT_REQUEST_FAILED), 0);
    stage_run(&s, SECONDS(15));
    assert_int_equal(recorder_count_facts(s.r, FACT_REQUEST_FAILED), 1);
    stage_run(&s, SECONDS(40));
    assert_int_equal(recorder_count_facts(s.r, FACT_REQUEST_FAILED), 1);
    assert_int_equal(s.r->work_bytes, 0);
    stage_close(&s);
}

static void a_dead_hop_is_walked_round_at_once(void **state)
{
    (void)state;
    struct stage s = stage_iterative();
    uint64_t tid;
    stage_open(&s, 4);
    fetch(&s);
    unsigned first = asked(&s, &tid);
    recorder_down(s.r, s.chan[first]);
    recorder_run(s.r, s.r->env.now);
    assert_int_not_equal(asked(&s, &tid), first);
    assert_true(recorder_count_facts(s.r, FACT_DEAD_HOP) > 0);
    stage_close(&s);
}

/* Peers that name us, each other without end, or somebody who is nowhere: no more messages than a walk of initial-ttl peers has, and an end. */
static void lies_lead_nowhere(void **state)
{
    (void)state;
    for (unsigned lie = 0; lie < 3; lie++) {
        struct stage s = stage_iterative();
        uint64_t tid;
        unsigned steps = 0;
        s.config.initial_ttl = 20;
        stage_open(&s, 4);
        fetch(&s);
        while (steps < 100 && stage_sent(&s, ROUTE_QUERY_REQ, NULL) > 0) {
            unsigned link = asked(&s, &tid);
            name(&s, link, tid, lie == 0 ? 0 : lie == 1 ? link % 4 + 1 : 200 + steps);
            steps++;
        }
        assert_int_equal(steps, lie == 1 ? 20 : 1);
        stage_run(&s, SECONDS(60));
        assert_int_equal(recorder_count_facts(s.r, FACT_REQUEST_FAILED), 1);
        stage_close(&s);
    }
}

static void an_answer_of_an_earlier_walk_counts_no_more(void **state)
{
    (void)state;
    struct stage s = stage_iterative();
    uint64_t old, tid;
    stage_open(&s, 4);
    fetch(&s);
    unsigned first = asked(&s, &old);
    recorder_down(s.r, s.chan[first]);
    recorder_run(s.r, s.r->env.now);
    unsigned second = asked(&s, &tid);
    assert_int_not_equal(old, tid);
    stage_run(&s, MILLIS(20));
    stage_forget(&s);
    uint8_t b[ID_BYTES];
    id_store(b, recorder_id(s.r, first));
    stage_deliver(&s, second, &(struct letter){.signer = first, .tid = old, .ttl = s.config.initial_ttl, .to = recorder_id(s.r, 0)}, ROUTE_QUERY_ANS, b, sizeof b);
    stage_deliver(&s, second, &(struct letter){.signer = first, .tid = tid, .ttl = s.config.initial_ttl, .to = recorder_id(s.r, 0)}, ROUTE_QUERY_ANS, b, sizeof b);
    assert_int_equal(stage_sent(&s, FETCH_REQ, NULL) + stage_sent(&s, ATTACH_REQ, NULL), 0);
    stage_close(&s);
}

/* 10.8, and whatever routing we use ourselves: the next hop, ourselves for what is ours; a compressed id of ours is the node that it stands for. */
static void every_peer_answers_a_route_query(void **state)
{
    (void)state;
    for (unsigned mode = ROUTING_RECURSIVE; mode <= ROUTING_ITERATIVE; mode++) {
        struct stage s = {.config = overlay_defaults()};
        struct sent sent;
        struct route_query_ans a;
        uint8_t id[2], body[64];
        s.config.routing = (enum routing_mode)mode;
        s.config.via = VIA_COMPRESSED;
        stage_open(&s, 4);
        stage_ping(&s, 1, &(struct letter){.signer = 20, .tid = 1, .to = recorder_id(s.r, 3)});
        assert_int_equal(stage_sent(&s, PING_REQ, &sent), 1);
        memcpy(id, sent.message.header.via.b, 2);
        const struct destination to[] = {{.type = DESTINATION_NODE, .id = recorder_id(s.r, 0)},
                                         {.type = DESTINATION_NODE, .id = recorder_id(s.r, 2)},
                                         {.type = DESTINATION_COMPRESSED, .bytes = {id, 2}}};
        for (unsigned k = 0; k < 3; k++) {
            struct writer w = writer_on(body, sizeof body, false);
            route_query_req_put(&w, &(struct route_query_req){.destination = to[k]});
            stage_run(&s, s.r->env.now + MILLIS(50));
            stage_forget(&s);
            stage_deliver(&s, 4, &(struct letter){.signer = 4, .tid = 10 + k, .to = recorder_id(s.r, 0)}, ROUTE_QUERY_REQ, body, writer_len(&w));
            assert_int_equal(stage_sent(&s, ROUTE_QUERY_ANS, &sent), 1);
            assert_int_equal(route_query_ans_read(sent.message.body, &a), 0);
            assert_int_equal(recorder_peer(s.r, a.next_peer), k == 0 ? 0 : k == 1 ? 2 : 1);
        }
        stage_close(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_request_goes_to_who_names_itself),
        cmocka_unit_test(a_link_is_made_through_who_named_the_peer),
        cmocka_unit_test(a_refused_walk_begins_again_with_the_timer),
        cmocka_unit_test(silence_ends_after_fifteen_seconds),
        cmocka_unit_test(a_dead_hop_is_walked_round_at_once),
        cmocka_unit_test(lies_lead_nowhere),
        cmocka_unit_test(an_answer_of_an_earlier_walk_counts_no_more),
        cmocka_unit_test(every_peer_answers_a_route_query),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

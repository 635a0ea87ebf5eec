/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: clients (RFC 6940 4.2): each attaches to the peer responsible for its Node-ID, is on no ring, in no routing table and stores nothing, registers, looks
 * up and is found, whatever the routing; attaches again when its peer dies, leaves or is no longer responsible, and after a crash of its own; says good-bye.
 * Likewise those that stay with any peer (second way): they are reached by a list of that peer and themselves. Leaves open: how such a list is learnt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/chord/chord.h"
#include "proto/test/overlay.h"
#include "proto/test/stage.h"

#define PEERS 30u
#define NODES 44u /* the others are clients */

static const uint8_t value[] = {2, 0, 22, 0, 0, 1, 16, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9};

static bool is_client(peer_h p)
{
    return p >= PEERS;
}

static struct node_view view(struct overlay_net *o, peer_h p)
{
    struct node_view v;
    struct recorder *r = overlay_node(o, p);
    node_look(r->node, &r->env, &v);
    return v;
}

/* Who is responsible for this node's id, of the peers that are up. */
static peer_h owner_of(struct overlay_net *o, peer_h p)
{
    struct recorder *any = overlay_node(o, 0);
    peer_h owner = PEER_NONE;
    struct id id = recorder_id(any, p);
    for (peer_h q = 0; q < PEERS; q++)
        if (overlay_node(o, q) && (owner == PEER_NONE || id_compare(id_distance(id, recorder_id(any, q)), id_distance(id, recorder_id(any, owner))) < 0))
            owner = q;
    return owner;
}

/* Attached: to one peer alone, and that is the right one. */
static bool well_attached(struct overlay_net *o, peer_h p)
{
    if (overlay_node(o, p) && overlay_node(o, p)->overlay->client_place == CLIENTS_ANYWHERE)
        return view(o, p).state == NODE_ATTACHED && view(o, p).links == 1;
    struct recorder *r = overlay_node(o, p);
    peer_h peer;
    chan_h chan;
    bool routed;
    return r && view(o, p).state == NODE_ATTACHED && view(o, p).links == 1 && node_link_at(r->node, &r->env, 0, &peer, &chan, &routed) && peer == owner_of(o, p);
}

static void expect_attached(struct overlay_net *o)
{
    for (peer_h p = PEERS; p < NODES; p++) {
        if (!overlay_node(o, p))
            continue;
        if (!well_attached(o, p))
            printf("client %u: state %d, %u links, owner %u\n", p, view(o, p).state, view(o, p).links, owner_of(o, p));
        assert_true(well_attached(o, p));
    }
}

/* No client is a neighbour, a finger or a hop of anybody, and none holds values or answers for a range. */
static void expect_apart(struct overlay_net *o)
{
    for (peer_h p = 0; p < NODES; p++) {
        struct recorder *r = overlay_node(o, p);
        if (!r)
            continue;
        struct node_view v = view(o, p);
        peer_h peer;
        chan_h chan;
        bool routed;
        for (unsigned k = 0; k < v.predecessors; k++)
            assert_false(is_client(v.predecessor[k]));
        for (unsigned k = 0; k < v.successors; k++)
            assert_false(is_client(v.successor[k]));
        for (unsigned k = 0; node_link_at(r->node, &r->env, k, &peer, &chan, &routed); k++)
            assert_false(routed && is_client(peer));
        for (unsigned i = 1; i <= 128; i++) {
            peer = node_finger(r->node, &r->env, i);
            assert_false(peer != PEER_NONE && is_client(peer));
        }
        if (is_client(p)) {
            assert_int_equal(v.values, 0);
            assert_int_equal(v.predecessors + v.successors, 0);
        }
        assert_null(node_check(r->node, &r->env));
    }
    unsigned joined, right = overlay_right(o, &joined);
    assert_int_equal(right, joined);
}

static struct overlay_net *world_open(const struct overlay *config, double loss)
{
    struct overlay_net *o = overlay_open(config, NODES, MILLIS(50), loss);
    overlay_start(o, 0, &(struct node_opts){.first = true});
    for (peer_h p = 1; p < NODES; p++) {
        overlay_run(o, overlay_now(o) + SECONDS(2));
        overlay_start(o, p, &(struct node_opts){.client = is_client(p)});
    }
    overlay_run(o, overlay_now(o) + SECONDS(120));
    expect_attached(o);
    expect_apart(o);
    return o;
}

static struct id user_resource(struct overlay_net *o, peer_h p)
{
    struct recorder *r = overlay_node(o, 0);
    return r->env.port->user_of(&r->env, p);
}

static void register_all(struct overlay_net *o)
{
    unsigned values;
    for (peer_h p = 0; p < NODES; p++) {
        overlay_request(o, p, &(struct request){.op = REQUEST_STORE, .tag = p, .resource = user_resource(o, p), .kind = 1, .lifetime_s = 3600,
                                                .value = value, .value_len = sizeof value});
        overlay_run(o, overlay_now(o) + MILLIS(300));
    }
    overlay_run(o, overlay_now(o) + SECONDS(20));
    for (peer_h p = 0; p < NODES; p++)
        assert_true(overlay_answers(o, p, p, &values));
}

/* Everybody who is up looks for a client and for a peer. Returns how many values did not come. */
static unsigned missed(struct overlay_net *o)
{
    unsigned missing = 0, values;
    for (peer_h p = 0; p < NODES; p++)
        for (unsigned k = 0; overlay_node(o, p) && k < 2; k++) {
            peer_h target = k ? (p + 3) % PEERS : PEERS + (p + 5) % (NODES - PEERS);
            overlay_request(o, p, &(struct request){.op = REQUEST_FETCH, .tag = 1000 + k, .resource = user_resource(o, target), .kind = 1});
            overlay_run(o, overlay_now(o) + MILLIS(300));
        }
    overlay_run(o, overlay_now(o) + SECONDS(20));
    for (peer_h p = 0; p < NODES; p++)
        for (unsigned k = 0; overlay_node(o, p) && k < 2; k++)
            missing += !(overlay_answers(o, p, 1000 + k, &values) && values == 1);
    return missing;
}

static void clients_register_look_up_and_are_found(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 6; k++) {
        struct overlay config = overlay_defaults();
        config.routing = k < 4 ? (enum routing_mode)k : ROUTING_RECURSIVE;
        config.via = k == 4 ? VIA_COMPRESSED : k == 5 ? VIA_STATE : VIA_FULL;
        struct overlay_net *o = world_open(&config, 0.005);
        register_all(o);
        assert_int_equal(missed(o), 0);
        expect_apart(o);
        overlay_close(o);
    }
}

static void a_client_whose_peer_dies_attaches_again(void **state)
{
    (void)state;
    struct overlay config = overlay_defaults();
    config.bootstrap_count = 2;
    config.bootstrap[1] = 1;
    struct overlay_net *o = world_open(&config, 0);
    register_all(o);
    for (peer_h p = PEERS; p < NODES; p += 3) {
        peer_h owner = owner_of(o, p);
        if (owner < 2) /* somebody has to be there to begin with */
            continue;
        unsigned before = overlay_facts(o, p, FACT_ATTACHED);
        overlay_kill(o, owner);
        sim_time died = overlay_now(o);
        while (!well_attached(o, p) && overlay_now(o) < died + SECONDS(120))
            overlay_run(o, overlay_now(o) + MILLIS(500));
        assert_true(well_attached(o, p));
        assert_in_range(overlay_now(o) - died, SECONDS(10), SECONDS(90)); /* silence of 30 s, a ping, the ring's own repair */
        assert_true(overlay_facts(o, p, FACT_ATTACHED) > before);
    }
    overlay_run(o, overlay_now(o) + SECONDS(120));
    expect_attached(o);
    expect_apart(o);
    assert_in_range(missed(o), 0, 3);
    overlay_close(o);
}

static void a_client_follows_its_place(void **state)
{
    (void)state;
    struct overlay config = overlay_defaults();
    struct overlay_net *o = world_open(&config, 0);
    /* Peers go and come, so that clients have other owners each time. */
    for (peer_h gone = 5; gone < PEERS; gone += 7) {
        overlay_request(o, gone, &(struct request){.op = REQUEST_LEAVE});
        overlay_run(o, overlay_now(o) + SECONDS(5));
        overlay_kill(o, gone);
        overlay_run(o, overlay_now(o) + SECONDS(90));
        expect_attached(o);
        overlay_start(o, gone, &(struct node_opts){.first = false});
        overlay_run(o, overlay_now(o) + SECONDS(60));
        expect_attached(o); /* those behind it belong to it again */
    }
    expect_apart(o);
    overlay_close(o);
}

/* The peer still holds the link of its client's earlier life. */
static void a_client_that_crashed_is_let_in_at_once(void **state)
{
    (void)state;
    struct overlay config = overlay_defaults();
    struct overlay_net *o = world_open(&config, 0);
    for (peer_h p = PEERS; p < NODES; p++) {
        overlay_kill(o, p);
        overlay_run(o, overlay_now(o) + SECONDS(1));
        overlay_start(o, p, &(struct node_opts){.client = true});
        overlay_run(o, overlay_now(o) + SECONDS(5));
        assert_true(well_attached(o, p));
    }
    overlay_close(o);
}

static void a_client_says_good_bye(void **state)
{
    (void)state;
    struct overlay config = overlay_defaults();
    struct overlay_net *o = world_open(&config, 0);
    peer_h p = PEERS + 4, owner = owner_of(o, p);
    unsigned links = view(o, owner).links;
    overlay_request(o, p, &(struct request){.op = REQUEST_LEAVE});
    overlay_run(o, overlay_now(o) + SECONDS(1));
    assert_int_equal(overlay_facts(o, p, FACT_LEFT), 1);
    assert_int_equal(view(o, p).state, NODE_GONE);
    assert_int_equal(view(o, owner).links, links - 1);
    expect_apart(o);
    overlay_close(o);
}

/* ---- the second way ---- */

static void clients_may_stay_with_any_peer(void **state)
{
    (void)state;
    struct overlay config = overlay_defaults();
    config.client_place = CLIENTS_ANYWHERE;
    config.bootstrap_count = 3;
    for (unsigned k = 0; k < config.bootstrap_count; k++)
        config.bootstrap[k] = k;
    struct overlay_net *o = world_open(&config, 0.005);
    unsigned elsewhere = 0;
    for (peer_h p = PEERS; p < NODES; p++) {
        peer_h peer;
        chan_h chan;
        bool routed;
        assert_true(node_link_at(overlay_node(o, p)->node, &overlay_node(o, p)->env, 0, &peer, &chan, &routed));
        assert_in_range(peer, 0, 2); /* who let it in */
        elsewhere += peer != owner_of(o, p);
        assert_int_equal(overlay_facts(o, p, FACT_ATTACHED), 1);
    }
    assert_true(elsewhere > 5);
    register_all(o);
    assert_int_equal(missed(o), 0);
    expect_apart(o);
    overlay_kill(o, 1); /* those that were with it find another */
    overlay_run(o, overlay_now(o) + SECONDS(120));
    expect_attached(o);
    assert_in_range(missed(o), 0, 3);
    overlay_close(o);
}

/* 4.2.1: "reached by way of that peer": a list of the peer and the client. A Node-ID alone leads elsewhere. */
static void a_list_leads_to_a_client_of_any_peer(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    struct sent sent;
    uint8_t list[2 * DESTINATION_NODE_BYTES];
    struct writer w = writer_on(list, sizeof list, false);
    stage_open(&s, 4);
    s.chan[5] = recorder_accept(s.r, 20, MILLIS(80)); /* never sends an Update */
    destination_put_node(&w, recorder_id(s.r, 0));
    destination_put_node(&w, recorder_id(s.r, 20));
    stage_ping(&s, 2, &(struct letter){.signer = 30, .tid = 1, .destination = {list, writer_len(&w)}});
    assert_int_equal(stage_sent(&s, PING_REQ, &sent), 1);
    assert_int_equal(sent.chan, s.chan[5]);
    assert_int_equal(stage_destination(&s, &sent.message.header, 0), 20);
    stage_close(&s);
}

/* ---- what a client refuses ---- */

/* An attached client whose peer is 1; its other links are whom the test likes. */
static void client_open(struct stage *s)
{
    s->config.rto = RTO_STATIC;
    s->config.bootstrap[0] = 1;
    s->links = 1;
    s->acked = 0;
    s->r = recorder_open(&s->config, 0);
    recorder_start(s->r, &(struct node_opts){.client = true});
    s->chan[1] = s->r->op[0].args.chan;
    s->sequence[1] = 0;
    recorder_up(s->r, s->chan[1], 1, MILLIS(80));
    struct sent sent;
    assert_int_equal(stage_sent(s, ATTACH_REQ, &sent), 1);
    struct reader r = reader_on(sent.message.header.destination.b, sent.message.header.destination.len, false);
    struct destination d;
    assert_int_equal(destination_read(&r, &d), 0);
    assert_int_equal(d.type, DESTINATION_RESOURCE);
    assert_true(id_equal(d.id, recorder_id(s->r, 0))); /* its own place, not the one behind */
    uint8_t body[128], list[64];
    struct writer w = writer_on(body, sizeof body, false), x = writer_on(list, sizeof list, false);
    candidate_put(&x, &(struct candidate){.addr = {.type = 1, .addr = {.ip = {16, 0, 0, 1}, .port = 6084, .version = 4}}, .overlay_link = LINK_DTLS_UDP_SR_NO_ICE,
                                          .foundation = {(const uint8_t *)"1", 1}, .type = CANDIDATE_HOST});
    attach_put(&w, &(struct attach){.role = {(const uint8_t *)"active", 6}, .candidates = {list, writer_len(&x)}});
    stage_deliver(s, 1, &(struct letter){.signer = 1, .tid = sent.message.header.transaction, .to = recorder_id(s->r, 0)}, ATTACH_ANS, body, writer_len(&w));
    assert_int_equal(recorder_count_facts(s->r, FACT_ATTACHED), 1);
    stage_run(s, SECONDS(1));
    stage_forget(s);
}

static void a_client_neither_routes_nor_stores(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    struct sent sent;
    client_open(&s);
    /* For another node or place: dropped. */
    stage_ping(&s, 1, &(struct letter){.signer = 20, .tid = 1, .to = recorder_id(s.r, 9)});
    stage_ping(&s, 1, &(struct letter){.signer = 20, .tid = 2, .to = recorder_id(s.r, 9), .to_resource = true});
    stage_ping(&s, 1, &(struct letter){.signer = 20, .tid = 3, .to = recorder_id(s.r, 0), .to_resource = true});
    assert_int_equal(stage_dropped(&s, DROP_NO_ROUTE), 3);
    assert_int_equal(stage_sent(&s, PING_REQ, NULL) + stage_sent(&s, PING_ANS, NULL), 0);
    /* For itself: answered. */
    stage_ping(&s, 1, &(struct letter){.signer = 20, .tid = 4, .to = recorder_id(s.r, 0)});
    assert_int_equal(stage_sent(&s, PING_ANS, NULL), 1);
    /* A copy to keep, a Join, a RouteQuery: refused. */
    uint8_t body[64];
    const struct {
        uint16_t code;
        uint16_t error;
    } row[] = {{ROUTE_QUERY_REQ, ERROR_NOT_FOUND}, {JOIN_REQ, ERROR_INCOMPATIBLE_WITH_OVERLAY}};
    for (unsigned k = 0; k < 2; k++) {
        struct writer w = writer_on(body, sizeof body, false);
        stage_run(&s, s.r->env.now + SECONDS(1));
        stage_forget(&s);
        if (row[k].code == JOIN_REQ)
            join_req_put(&w, &(struct join_req){.peer = recorder_id(s.r, 1)});
        else
            route_query_req_put(&w, &(struct route_query_req){.destination = {.type = DESTINATION_NODE, .id = recorder_id(s.r, 9)}});
        stage_deliver(&s, 1, &(struct letter){.signer = 1, .tid = 10 + k, .to = recorder_id(s.r, 0)}, row[k].code, body, writer_len(&w));
        assert_int_equal(stage_sent(&s, MESSAGE_ERROR, &sent), 1);
        assert_int_equal(stage_error(&sent), row[k].error);
    }
    struct node_view v;
    node_look(s.r->node, &s.r->env, &v);
    assert_int_equal(v.values, 0);
    assert_int_equal(v.state, NODE_ATTACHED);
    stage_close(&s);
}

/* An Update that leaves us in the range does nothing, one that does not moves us; lists in any order; others' lists are not looked at. */
static void a_client_reads_whose_it_is(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    client_open(&s);
    struct id self = recorder_id(s.r, 0), peer = recorder_id(s.r, 1);
    peer_h behind = PEER_NONE, between = PEER_NONE;
    for (peer_h p = 2; p < 200; p++) {
        if (id_in_range(self, recorder_id(s.r, p), peer))
            between = p;
        else
            behind = p;
    }
    assert_true(behind != PEER_NONE && between != PEER_NONE);
    stage_update(&s, 1, &(struct letter){.signer = 1, .tid = 1, .to = self}, (peer_h[]){behind}, 1, (peer_h[]){behind}, 1);
    assert_int_equal(stage_sent(&s, UPDATE_ANS, NULL), 1);
    assert_int_equal(stage_sent(&s, ATTACH_REQ, NULL), 0);
    stage_update(&s, 1, &(struct letter){.signer = 30, .tid = 2, .to = self}, (peer_h[]){between}, 1, (peer_h[]){between}, 1);
    stage_update(&s, 1, &(struct letter){.signer = 1, .tid = 3, .to = self}, NULL, 0, (peer_h[]){between}, 1);
    stage_run(&s, SECONDS(2));
    assert_int_equal(stage_sent(&s, ATTACH_REQ, NULL), 0);
    stage_update(&s, 1, &(struct letter){.signer = 1, .tid = 4, .to = self}, (peer_h[]){behind, between}, 2, (peer_h[]){behind}, 1);
    stage_run(&s, SECONDS(3));
    assert_int_equal(stage_sent(&s, ATTACH_REQ, NULL), 1);
    stage_update(&s, 1, &(struct letter){.signer = 1, .tid = 5, .to = self}, (peer_h[]){between}, 1, (peer_h[]){behind}, 1);
    stage_run(&s, SECONDS(4) - MILLIS(1));
    assert_int_equal(stage_sent(&s, ATTACH_REQ, NULL), 1); /* one is under way */
    stage_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_register_look_up_and_are_found),
        cmocka_unit_test(a_client_whose_peer_dies_attaches_again),
        cmocka_unit_test(a_client_follows_its_place),
        cmocka_unit_test(a_client_that_crashed_is_let_in_at_once),
        cmocka_unit_test(clients_may_stay_with_any_peer),
        cmocka_unit_test(a_list_leads_to_a_client_of_any_peer),
        cmocka_unit_test(a_client_says_good_bye),
        cmocka_unit_test(a_client_neither_routes_nor_stores),
        cmocka_unit_test(a_client_reads_whose_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

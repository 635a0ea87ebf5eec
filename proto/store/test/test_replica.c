/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: copies on two successors and who may bring one, confirmations, lifetimes that shrink, what is adopted after a refusal, hand-over of many values
 * in Stores that never exceed max-message-size, certificates of a whole overlay. Leaves open: that values survive churn (proto/test/test_overlay.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "proto/store/test/rig.h"

#define SIP  KIND_SIP_REGISTRATION
#define CERT KIND_CERTIFICATE_BY_USER

struct copy {
    struct id resource;
    uint8_t replica;
    uint32_t kind;
    uint64_t generation;
    struct stored_data data;
};

/* The values of a Store that left the node. */
static unsigned copies_of(const struct rig_seen *s, struct copy out[], unsigned max)
{
    struct reader r = s->m.body;
    struct store_req q;
    struct kind_data k;
    unsigned n = 0;
    assert_int_equal(store_req_begin(&r, &q), 0);
    while (r.true_pos < q.end) {
        assert_int_equal(kind_data_next(&r, &k), 0);
        while (r.true_pos < k.values_end) {
            assert_true(n < max);
            out[n] = (struct copy){id_load(q.resource.b), q.replica, k.kind, k.generation, {0}};
            assert_int_equal(stored_data_read(&r, k.kind, &out[n++].data), 0);
        }
    }
    return n;
}

static struct node_view view(struct rig *g)
{
    struct node_view v;
    node_look(g->r->node, &g->r->env, &v);
    return v;
}

static uint16_t store_sip(struct rig *g, peer_h p, uint64_t storage_ms, const char *value)
{
    struct rig_store q = {.from = p, .resource = rig_user(g, p), .items = 1,
                          .item = {{.kind = SIP, .signer = p, .storage_ms = storage_ms, .lifetime_s = 600, .value = value}}};
    return rig_store(g, &q);
}

static void confirm(struct rig *g, const struct rig_seen *s)
{
    struct rig_seen copy = *s; /* the list moves */
    static const uint8_t none[2] = {0};
    rig_answer(g, &copy, STORE_ANS, none, 2, 2);
}

static void two_successors_get_copies(void **state)
{
    (void)state;
    struct rig *g = rig_open(6);
    struct node_view v = view(g);
    peer_h p = rig_owned(g, 20, true);
    struct list_body x;
    struct store_response s;
    struct copy c[2];
    assert_int_equal(store_sip(g, p, 5, "v"), 0);
    assert_int_equal(store_ans_read(g->last->body, &x), 0);
    struct reader r = reader_on(x.items.b, x.items.len, false);
    assert_int_equal(store_response_read(&r, &s), 0);
    assert_int_equal(s.replicas.len, 2 * ID_BYTES);
    for (unsigned k = 0; k < 2; k++) {
        assert_true(id_equal(id_load(s.replicas.b + k * ID_BYTES), recorder_id(g->r, v.successor[k])));
        assert_int_equal(rig_count(g, STORE_REQ, v.successor[k]), 1);
        assert_int_equal(copies_of(rig_nth(g, STORE_REQ, v.successor[k], 0), c, 2), 1);
        assert_int_equal(c[0].replica, k + 1);
        assert_int_equal(c[0].generation, 1);
        assert_int_equal(c[0].data.signature.signer, p);
    }
    assert_int_equal(rig_count(g, STORE_REQ, PEER_NONE), 2);
    rig_close(g);
}

static void what_is_confirmed_is_not_sent_again(void **state)
{
    (void)state;
    struct rig *g = rig_open(6);
    struct node_view v = view(g);
    struct copy c[2];
    peer_h p = rig_owned(g, 20, true);
    assert_int_equal(store_sip(g, p, 5, "v"), 0);
    confirm(g, rig_nth(g, STORE_REQ, v.successor[0], 0)); /* the other one is silent */
    rig_run(g, SECONDS(40));
    rig_forget(g);
    recorder_down(g->r, g->chan[v.successor[2]]); /* the table changes, not the replica set: 30 s later, 10.7.1 */
    rig_run(g, SECONDS(69));
    assert_int_equal(rig_count(g, STORE_REQ, PEER_NONE), 0);
    rig_run(g, SECONDS(71));
    assert_int_equal(rig_count(g, STORE_REQ, v.successor[0]), 0);
    assert_int_equal(rig_count(g, STORE_REQ, v.successor[1]), 1);
    assert_int_equal(copies_of(rig_nth(g, STORE_REQ, v.successor[1], 0), c, 2), 1);
    assert_in_range(c[0].data.lifetime_s, 528, 531); /* less the time that it was kept here */
    rig_close(g);
}

/* A late confirmation of the old value says nothing about the new one. */
static void a_confirmation_counts_for_what_was_sent(void **state)
{
    (void)state;
    struct rig *g = rig_open(6);
    struct node_view v = view(g);
    peer_h p = rig_owned(g, 20, true);
    assert_int_equal(store_sip(g, p, 5, "old"), 0);
    assert_int_equal(store_sip(g, p, 6, "new"), 0);
    assert_int_equal(rig_count(g, STORE_REQ, v.successor[0]), 2);
    confirm(g, rig_nth(g, STORE_REQ, v.successor[0], 0));
    confirm(g, rig_nth(g, STORE_REQ, v.successor[1], 1));
    rig_run(g, SECONDS(20));
    rig_forget(g);
    recorder_down(g->r, g->chan[v.successor[2]]);
    rig_run(g, SECONDS(51));
    assert_int_equal(rig_count(g, STORE_REQ, v.successor[0]), 1);
    assert_int_equal(rig_count(g, STORE_REQ, v.successor[1]), 0);
    rig_close(g);
}

/* Gone and back within the hold-down, perhaps with nothing: it gets its copy again, when the 30 s are over and not before (10.7.1): it may go once more. */
static void a_successor_that_returns_gets_its_copies_again(void **state)
{
    (void)state;
    struct rig *g = rig_open(6);
    peer_h p = rig_owned(g, 20, true), next = view(g).successor[0];
    uint8_t body[64];
    struct writer w = writer_on(body, sizeof body, false);
    assert_int_equal(store_sip(g, p, 5, "v"), 0);
    confirm(g, rig_nth(g, STORE_REQ, view(g).successor[0], 0));
    confirm(g, rig_nth(g, STORE_REQ, view(g).successor[1], 0));
    rig_forget(g);
    recorder_down(g->r, g->chan[next]);
    g->chan[next] = recorder_accept(g->r, next, MILLIS(80));
    g->sequence[next] = 0;
    update_req_put(&w, &(struct update_req){.uptime_s = 1, .type = UPDATE_PEER_READY});
    assert_int_equal(rig_request(g, next, next, UPDATE_REQ, false, recorder_id(g->r, RIG_SELF), body, writer_len(&w)), 0);
    assert_int_equal(view(g).successor[0], next);
    rig_run(g, SECONDS(29));
    assert_int_equal(rig_count(g, STORE_REQ, PEER_NONE), 0);
    rig_run(g, SECONDS(33));
    assert_int_equal(rig_count(g, STORE_REQ, next), 1);
    confirm(g, rig_nth(g, STORE_REQ, next, 0));
    rig_run(g, SECONDS(40));
    assert_int_equal(rig_count(g, STORE_REQ, PEER_NONE), 1); /* and the other one none */
    rig_close(g);
}

static uint16_t store_copy(struct rig *g, peer_h sender, peer_h via, peer_h p, uint64_t generation, uint64_t storage_ms)
{
    struct rig_store q = {.from = sender, .via = via, .resource = rig_user(g, p), .replica = 1, .items = 1,
                          .item = {{.kind = SIP, .generation = generation, .signer = p, .storage_ms = storage_ms, .lifetime_s = 600, .value = "v"}}};
    return rig_store(g, &q);
}

static void copies_come_from_plausible_peers(void **state)
{
    (void)state;
    struct rig *g = rig_open(6);
    struct node_view v = view(g);
    struct id far = recorder_id(g->r, v.predecessor[1]), near = recorder_id(g->r, v.predecessor[0]);
    peer_h p = 20, owner = v.predecessor[0];
    while (!id_in_range(far, rig_user(g, p), near))
        p++;
    assert_true(p < RECORDER_PEERS);
    assert_int_equal(store_copy(g, owner, owner, p, 0, 5), ERROR_INVALID_MESSAGE);  /* replica Stores must not use 0 */
    assert_int_equal(store_copy(g, v.predecessor[2], v.predecessor[2], p, 4, 5), ERROR_FORBIDDEN); /* all that we know are nearer */
    assert_int_equal(store_copy(g, 60, 1, p, 4, 5), ERROR_FORBIDDEN);               /* a stranger */
    assert_int_equal(rig_held(g), 0);
    assert_int_equal(store_copy(g, owner, owner, p, 4, 5), 0);
    struct list_body x;
    struct store_response s;
    assert_int_equal(store_ans_read(g->last->body, &x), 0);
    struct reader r = reader_on(x.items.b, x.items.len, false);
    assert_int_equal(store_response_read(&r, &s), 0);
    assert_int_equal(s.generation, 4); /* taken over, not checked */
    assert_int_equal(s.replicas.len, 0);
    assert_int_equal(store_copy(g, owner, owner, p, 2, 6), 0);
    assert_int_equal(store_copy(g, owner, owner, p, 3, 5), ERROR_DATA_TOO_OLD);
    uint8_t replica;
    assert_true(node_holds(g->r->node, &g->r->env, rig_user(g, p), SIP, p, &replica));
    assert_int_equal(replica, 1);
    assert_int_equal(rig_count(g, STORE_REQ, PEER_NONE), 0); /* no copies of copies */
    /* Somebody else's value under this name stays out, whoever brings it. */
    struct rig_store q = {.from = owner, .via = owner, .resource = rig_user(g, p), .replica = 1, .items = 1,
                          .item = {{.kind = SIP, .generation = 9, .signer = owner, .storage_ms = 7, .lifetime_s = 600, .value = "v"}}};
    assert_int_equal(rig_store(g, &q), ERROR_FORBIDDEN);
    rig_close(g);
}

/* Refused with Data_Too_Old: the newer value is fetched, replaces ours, and is copied on. */
static void newer_values_are_adopted_after_a_refusal(void **state)
{
    (void)state;
    static const uint64_t counter[3] = {9, 9, UINT64_MAX};
    for (unsigned k = 0; k < 3; k++) {
        bool forged = k == 1;
        struct rig *g = rig_open(6);
        struct node_view v = view(g);
        struct copy c[2];
        peer_h p = rig_owned(g, 20, true);
        assert_int_equal(store_sip(g, p, 5, "old"), 0);
        struct rig_seen refused = *rig_nth(g, STORE_REQ, v.successor[0], 0);
        rig_answer_error(g, &refused, ERROR_DATA_TOO_OLD);
        assert_int_equal(rig_count(g, FETCH_REQ, v.successor[0]), 1);
        struct rig_seen question = *rig_nth(g, FETCH_REQ, v.successor[0], 0);
        rig_forget(g);
        uint8_t body[1024];
        struct writer w = writer_on(body, sizeof body, true);
        struct mark all = fetch_ans_open(&w), one = kind_data_open(&w, SIP, counter[k]);
        rig_item_put(g, &w, rig_user(g, p), &(struct rig_item){.kind = SIP, .signer = p, .storage_ms = 8, .lifetime_s = 90, .value = "newer",
                                                               .flipped = forged});
        kind_data_close(&w, one);
        put_close(&w, 4, all);
        rig_answer(g, &question, FETCH_ANS, body, writer_len(&w), writer_true(&w));
        assert_int_equal(rig_count(g, STORE_REQ, v.successor[1]), forged ? 0 : 1);
        if (!forged) {
            assert_int_equal(copies_of(rig_nth(g, STORE_REQ, v.successor[1], 0), c, 2), 1);
            assert_true(c[0].generation == counter[k]);
            assert_memory_equal(c[0].data.value.value.b, "newer", 5);
        }
        assert_int_equal(store_sip(g, p, 7, "between"), forged ? 0 : ERROR_DATA_TOO_OLD);
        rig_close(g);
    }
}

static void other_refusals_are_left_alone(void **state)
{
    (void)state;
    struct rig *g = rig_open(6);
    struct node_view v = view(g);
    peer_h p = rig_owned(g, 20, true);
    assert_int_equal(store_sip(g, p, 5, "old"), 0);
    struct rig_seen refused = *rig_nth(g, STORE_REQ, v.successor[0], 0);
    rig_answer_error(g, &refused, ERROR_FORBIDDEN);
    assert_int_equal(rig_count(g, FETCH_REQ, PEER_NONE), 0);
    rig_close(g);
}

/* Many values at few resources, then a first neighbour: those that it owns are handed over, of ours it gets copies. */
static void many_values_travel_in_few_stores(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {5000, 6000};
    for (unsigned round = 0; round < 2; round++) {
        struct rig *g = rig_open_with(0, 0, sizes[round]);
        char big[1500];
        memset(big, 'x', sizeof big);
        unsigned expected = 0, got = 0, stores, together = 0, numbers[3] = {0};
        for (peer_h p = 20; p < 28; p++) {
            for (uint32_t i = 0; i < 12; i++) {
                struct rig_store q = {.from = p, .resource = rig_user(g, p), .items = 1,
                                      .item = {{.kind = CERT, .signer = p, .storage_ms = 5 + i, .lifetime_s = 600, .index = i, .value = big,
                                                .value_len = i % 3 ? 100 : 1500}}};
                assert_int_equal(rig_store(g, &q), 0);
                expected++;
            }
            assert_int_equal(store_sip(g, p, 5, "v"), 0);
            expected++;
        }
        rig_forget(g);
        uint8_t body[64];
        struct writer w = writer_on(body, sizeof body, false);
        update_req_put(&w, &(struct update_req){.uptime_s = 1, .type = UPDATE_PEER_READY});
        assert_int_equal(rig_request(g, 1, 1, UPDATE_REQ, false, recorder_id(g->r, RIG_SELF), body, writer_len(&w)), 0);
        rig_run(g, SECONDS(2));
        stores = rig_count(g, STORE_REQ, 1);
        for (unsigned k = 0; k < stores; k++) {
            const struct rig_seen *s = rig_nth(g, STORE_REQ, 1, k);
            struct copy c[16];
            unsigned n = copies_of(s, c, 16);
            assert_in_range(s->true_len, 1, sizes[round]);
            assert_true(n > 0);
            for (unsigned i = 1; i < n; i++)
                together += c[i].kind != c[0].kind; /* two Kinds in one Store */
            numbers[c[0].replica > 2 ? 2 : c[0].replica] += n;
            got += n;
        }
        assert_int_equal(got, expected);
        assert_int_equal(numbers[1], expected); /* number 1: the only successor, and what is handed over */
        assert_true(stores < expected / 2);
        assert_true(together > 0);
        print_message("%u values in %u Stores of %u bytes at most\n", got, stores, sizes[round]);
        rig_close(g);
    }
}

/* 10.5 step 6: a peer that joins gets all that it will own. */
static void a_newcomer_gets_its_range(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    uint8_t body[64];
    struct writer w = writer_on(body, sizeof body, false);
    unsigned mine = 0, got = 0;
    bool came[RECORDER_PEERS] = {0};
    struct id self = recorder_id(g->r, RIG_SELF), newcomer = recorder_id(g->r, 1);
    for (peer_h p = 20; p < 60; p++) {
        assert_int_equal(store_sip(g, p, 5, "v"), 0);
        mine += id_in_range(self, rig_user(g, p), newcomer);
    }
    rig_forget(g);
    join_req_put(&w, &(struct join_req){.peer = newcomer});
    assert_int_equal(rig_request(g, 1, 1, JOIN_REQ, false, self, body, writer_len(&w)), 0);
    rig_run(g, SECONDS(2));
    for (unsigned k = 0; k < rig_count(g, STORE_REQ, 1); k++) {
        struct copy c[4];
        assert_int_equal(copies_of(rig_nth(g, STORE_REQ, 1, k), c, 4), 1); /* one resource a Store */
        assert_int_equal(c[0].replica, 1);
        came[c[0].data.signature.signer] = true;
    }
    for (peer_h p = 20; p < 60; p++)
        got += came[p] && id_in_range(self, rig_user(g, p), newcomer);
    assert_true(mine > 0);
    assert_int_equal(got, mine);
    assert_int_equal(rig_held(g), 40); /* 10.5 6: what is given away is kept as a replica */
    rig_close(g);
}

/* 6.4.2.3: what is handed to a peer that has lost the range meanwhile goes on to whom has it now; what comes from there stays. */
static void what_is_handed_over_too_late_goes_on(void **state)
{
    (void)state;
    for (unsigned behind = 0; behind < 2; behind++) {
        struct rig *g = rig_open(6);
        struct node_view v;
        node_look(g->r->node, &g->r->env, &v);
        peer_h owner = v.predecessor[0], p = 20;
        while (!id_in_range(recorder_id(g->r, v.predecessor[1]), rig_user(g, p), recorder_id(g->r, owner)))
            p++;
        assert_true(p < RECORDER_PEERS);
        peer_h sender = behind ? v.successor[0] : owner;
        struct rig_store q = {.from = sender, .via = sender, .resource = rig_user(g, p), .replica = 1, .items = 1,
                              .item = {{.kind = SIP, .generation = 3, .signer = p, .storage_ms = 5, .lifetime_s = 600, .value = "v"}}};
        assert_int_equal(rig_store(g, &q), 0);
        rig_run(g, SECONDS(1));
        assert_int_equal(rig_count(g, STORE_REQ, PEER_NONE), behind);
        assert_int_equal(rig_count(g, STORE_REQ, owner), behind);
        assert_int_equal(rig_held(g), 1);
        rig_close(g);
    }
}

static unsigned holders(struct overlay_net *o, unsigned nodes, struct id resource, uint32_t kind, peer_h owner)
{
    unsigned n = 0;
    for (peer_h p = 0; p < nodes; p++) {
        struct recorder *r = overlay_node(o, p);
        n += r && node_holds(r->node, &r->env, resource, kind, owner, NULL);
    }
    return n;
}

/* RFC 6940 8: under H(Node-ID) and H(user name), with replicas; and whoever asks gets it. */
static void every_peer_stores_its_certificate(void **state)
{
    (void)state;
    enum { NODES = 20 };
    struct overlay config = overlay_defaults();
    config.store_certificates = true;
    struct overlay_net *o = overlay_open(&config, NODES, MILLIS(50), 0.01);
    overlay_start(o, 0, &(struct node_opts){.first = true});
    for (peer_h p = 1; p < NODES; p++) {
        overlay_run(o, overlay_now(o) + SECONDS(2));
        overlay_start(o, p, &(struct node_opts){.first = false});
    }
    overlay_run(o, overlay_now(o) + SECONDS(200));
    for (peer_h p = 0; p < NODES; p++) {
        struct recorder *r = overlay_node(o, p);
        uint8_t id[ID_BYTES], digest[20];
        unsigned values = 0;
        id_store(id, recorder_id(r, p));
        r->env.port->hash(&r->env, HASH_SHA1, &(struct piece){id, ID_BYTES}, 1, digest);
        assert_in_range(holders(o, NODES, id_load(digest), KIND_CERTIFICATE_BY_NODE, p), 3, 4);
        assert_in_range(holders(o, NODES, r->env.port->user_of(&r->env, p), CERT, p), 3, 4);
        overlay_request(o, (p + 7) % NODES, &(struct request){.op = REQUEST_FETCH, .tag = 9, .resource = id_load(digest),
                                                              .kind = KIND_CERTIFICATE_BY_NODE});
        overlay_run(o, overlay_now(o) + SECONDS(5));
        assert_true(overlay_answers(o, (p + 7) % NODES, 9, &values));
        assert_int_equal(values, 1);
    }
    overlay_close(o);
}

static void stored_certificates_are_tokens_of_true_size(void **state)
{
    (void)state;
    struct overlay config = overlay_defaults();
    config.store_certificates = true;
    struct recorder *r = recorder_open(&config, RIG_SELF);
    recorder_start(r, &(struct node_opts){.first = true});
    recorder_run(r, SECONDS(6));
    recorder_request(r, &(struct request){.op = REQUEST_FETCH, .tag = 1, .resource = r->env.port->user_of(&r->env, RIG_SELF), .kind = CERT});
    assert_int_equal(r->founds, 1);
    assert_int_equal(r->found[0].found.size, CERTIFICATE_DER_BYTES);
    assert_int_equal(r->found[0].found.value_len, CERTIFICATE_TOKEN_BYTES);
    recorder_run(r, SECONDS(90000)); /* beyond its lifetime: it was refreshed, and is still one */
    recorder_request(r, &(struct request){.op = REQUEST_STAT, .tag = 2, .resource = r->env.port->user_of(&r->env, RIG_SELF), .kind = CERT});
    assert_int_equal(r->founds, 2);
    assert_int_equal(r->found[1].found.size, CERTIFICATE_DER_BYTES);
    assert_true(r->found[1].found.generation >= 2);
    recorder_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_successors_get_copies),
        cmocka_unit_test(what_is_confirmed_is_not_sent_again),
        cmocka_unit_test(a_confirmation_counts_for_what_was_sent),
        cmocka_unit_test(a_successor_that_returns_gets_its_copies_again),
        cmocka_unit_test(copies_come_from_plausible_peers),
        cmocka_unit_test(newer_values_are_adopted_after_a_refusal),
        cmocka_unit_test(other_refusals_are_left_alone),
        cmocka_unit_test(many_values_travel_in_few_stores),
        cmocka_unit_test(a_newcomer_gets_its_range),
        cmocka_unit_test(what_is_handed_over_too_late_goes_on),
        cmocka_unit_test(every_peer_stores_its_certificate),
        cmocka_unit_test(stored_certificates_are_tokens_of_true_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

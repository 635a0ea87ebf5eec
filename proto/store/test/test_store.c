/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: Store as RFC 6940 7.4.1 wants it: generation counters, storage times, lifetimes, limits, removal, arrays, all or nothing; every error; and
 * that no bytes of a peer do harm. Leaves open: who may store (test_access.c), copies (test_replica.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/store/kind.h"
#include "proto/store/store.h"
#include "proto/store/test/rig.h"

#define A 10u
#define SIP  KIND_SIP_REGISTRATION
#define CERT KIND_CERTIFICATE_BY_USER

static uint16_t store_one(struct rig *g, struct rig_item item)
{
    struct rig_store q = {.from = A, .resource = rig_user(g, A), .items = 1, .item = {item}};
    q.item[0].signer = A;
    if (!item.lifetime_s)
        q.item[0].lifetime_s = 600;
    return rig_store(g, &q);
}

static struct store_response response(const struct rig *g, unsigned n)
{
    struct list_body x;
    struct store_response s = {0};
    assert_int_equal(g->last->code, STORE_ANS);
    assert_int_equal(store_ans_read(g->last->body, &x), 0);
    struct reader r = reader_on(x.items.b, x.items.len, false);
    for (unsigned k = 0; k <= n; k++)
        assert_int_equal(store_response_read(&r, &s), 0);
    return s;
}

static unsigned fetch(struct rig *g, uint32_t kind, struct stored_data out[], unsigned max)
{
    uint8_t body[64];
    static const uint8_t keys[2] = {0}, ranges[10] = {0, 8, 0, 0, 0, 0, 255, 255, 255, 255};
    enum data_model m = kind_model(kind);
    size_t len = rig_specifier(body, sizeof body, rig_user(g, A), kind, 0, m == MODEL_ARRAY ? ranges : keys, m == MODEL_ARRAY ? 10 : 2);
    assert_int_equal(rig_request(g, 3, 1, FETCH_REQ, true, rig_user(g, A), body, len), 0);
    return rig_values(g, out, max, NULL);
}

static void the_counter_counts_changes_and_guards_them(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    assert_int_equal(store_one(g, (struct rig_item){.kind = SIP, .storage_ms = 5, .value = "a"}), 0);
    assert_int_equal(response(g, 0).generation, 1);
    assert_int_equal(response(g, 0).kind, SIP);
    assert_int_equal(store_one(g, (struct rig_item){.kind = SIP, .storage_ms = 6, .value = "b"}), 0);
    assert_int_equal(response(g, 0).generation, 2);
    assert_int_equal(store_one(g, (struct rig_item){.kind = SIP, .generation = 2, .storage_ms = 7, .value = "c"}), 0);
    assert_int_equal(response(g, 0).generation, 3);
    static const uint64_t wrong[] = {1, 2, 4, UINT64_MAX};
    for (unsigned k = 0; k < 4; k++) {
        struct error_body e;
        struct list_body x;
        struct store_response s;
        assert_int_equal(store_one(g, (struct rig_item){.kind = SIP, .generation = wrong[k], .storage_ms = 8, .value = "d"}),
                         ERROR_GENERATION_COUNTER_TOO_LOW);
        assert_int_equal(error_read(g->last->body, &e), 0);
        assert_int_equal(store_ans_read(reader_on(e.info.b, e.info.len, false), &x), 0);
        struct reader r = reader_on(x.items.b, x.items.len, false);
        assert_int_equal(store_response_read(&r, &s), 0);
        assert_int_equal(s.kind, SIP);
        assert_int_equal(s.generation, 3);
        assert_int_equal(s.replicas.len, 0);
    }
    rig_close(g);
}

static void older_values_do_not_replace_newer_ones(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    struct rig_item item = {.kind = SIP, .storage_ms = 1000, .value = "a"};
    assert_int_equal(store_one(g, item), 0);
    item.value = "b";
    assert_int_equal(store_one(g, item), ERROR_DATA_TOO_OLD); /* as old */
    item.storage_ms = 999;
    assert_int_equal(store_one(g, item), ERROR_DATA_TOO_OLD);
    item = (struct rig_item){.kind = SIP, .storage_ms = 1000, .value = "a"};
    assert_int_equal(store_one(g, item), 0); /* the very same again: an answer was lost */
    assert_int_equal(response(g, 0).generation, 1);
    item.storage_ms = UINT64_MAX;
    assert_int_equal(store_one(g, item), 0);
    item.storage_ms = 0;
    assert_int_equal(store_one(g, item), ERROR_DATA_TOO_OLD);
    rig_close(g);
}

static void what_is_removed_stays_until_its_lifetime_ends(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    struct stored_data d[4];
    assert_int_equal(store_one(g, (struct rig_item){.kind = SIP, .storage_ms = 5, .lifetime_s = 100, .value = "a"}), 0);
    assert_int_equal(store_one(g, (struct rig_item){.kind = SIP, .storage_ms = 6, .lifetime_s = 200, .value = NULL}), 0);
    assert_int_equal(rig_held(g), 1);
    assert_int_equal(fetch(g, SIP, d, 4), 1);
    assert_false(d[0].value.exists);
    assert_int_equal(d[0].value.value.len, 0);
    assert_int_equal(d[0].signature.signer, A); /* signed, unlike what is synthesized */
    rig_run(g, SECONDS(150));
    assert_int_equal(store_one(g, (struct rig_item){.kind = SIP, .storage_ms = 5, .value = "a"}), ERROR_DATA_TOO_OLD);
    rig_run(g, SECONDS(201));
    assert_int_equal(rig_held(g), 0);
    assert_int_equal(fetch(g, SIP, d, 4), 0);
    assert_int_equal(store_one(g, (struct rig_item){.kind = SIP, .storage_ms = 9, .value = "a", .absent = true}), ERROR_INVALID_MESSAGE);
    rig_close(g);
}

static void lifetimes_run_from_receipt(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    struct stored_data d[4];
    assert_int_equal(store_one(g, (struct rig_item){.kind = SIP, .storage_ms = 5, .lifetime_s = 100, .value = "a"}), 0);
    rig_run(g, SECONDS(40));
    assert_int_equal(fetch(g, SIP, d, 4), 1);
    assert_in_range(d[0].lifetime_s, 58, 60);
    rig_run(g, SECONDS(101));
    assert_int_equal(rig_held(g), 0);
    assert_int_equal(recorder_count_facts(g->r, FACT_DROPPED_VALUE), 1);
    assert_int_equal(store_one(g, (struct rig_item){.kind = SIP, .storage_ms = 1, .lifetime_s = UINT32_MAX, .value = "a"}), 0); /* -1 for some */
    assert_int_equal(fetch(g, SIP, d, 4), 1);
    assert_in_range(d[0].lifetime_s, UINT32_MAX - 2, UINT32_MAX);
    struct rig_store q = {.from = A, .resource = rig_user(g, A), .items = 1, .item = {{.kind = SIP, .signer = A, .storage_ms = 2, .value = "a"}}};
    assert_int_equal(rig_store(g, &q), 0); /* lifetime 0 */
    assert_int_equal(rig_held(g), 0);
    assert_int_equal(fetch(g, SIP, d, 4), 0);
    rig_close(g);
}

static void limits_of_kinds_and_of_the_node_hold(void **state)
{
    (void)state;
    char big[4000];
    memset(big, 'x', sizeof big);
    struct rig *g = rig_open(0);
    assert_int_equal(store_one(g, (struct rig_item){.kind = SIP, .storage_ms = 5, .value = big, .value_len = 1000}), 0);
    assert_int_equal(store_one(g, (struct rig_item){.kind = SIP, .storage_ms = 6, .value = big, .value_len = 1001}), ERROR_DATA_TOO_LARGE);
    for (uint32_t i = 0; i < 16; i++)
        assert_int_equal(store_one(g, (struct rig_item){.kind = CERT, .storage_ms = 6, .index = i, .value = big, .value_len = i + 1}), 0);
    assert_int_equal(store_one(g, (struct rig_item){.kind = CERT, .storage_ms = 6, .index = 16, .value = "x"}), ERROR_DATA_TOO_LARGE);
    assert_int_equal(store_one(g, (struct rig_item){.kind = CERT, .storage_ms = 7, .index = ARRAY_LAST, .value = "x"}), ERROR_DATA_TOO_LARGE);
    assert_int_equal(store_one(g, (struct rig_item){.kind = CERT, .storage_ms = 7, .index = ARRAY_LAST - 1, .value = "x"}), ERROR_DATA_TOO_LARGE);
    assert_int_equal(store_one(g, (struct rig_item){.kind = CERT, .storage_ms = 8, .index = 15, .value = "x"}), 0);
    assert_int_equal(rig_held(g), 17);
    rig_close(g);
    g = rig_open_with(0, 4096, 0);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(store_one(g, (struct rig_item){.kind = CERT, .storage_ms = 6, .index = i, .value = big, .value_len = 1200}), 0);
    assert_int_equal(store_one(g, (struct rig_item){.kind = CERT, .storage_ms = 6, .index = 3, .value = big, .value_len = 1200}), ERROR_DATA_TOO_LARGE);
    assert_int_equal(store_one(g, (struct rig_item){.kind = CERT, .storage_ms = 7, .index = 2, .value = big, .value_len = 1300}), 0);
    g->r->refuse_room = true; /* the host has no more memory */
    assert_int_equal(store_one(g, (struct rig_item){.kind = CERT, .storage_ms = 8, .index = 2, .value = big, .value_len = 1450}), ERROR_DATA_TOO_LARGE);
    rig_close(g);
}

static void a_request_is_done_whole_or_not_at_all(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    struct rig_store q = {.from = A, .resource = rig_user(g, A), .items = 3,
                          .item = {{.kind = SIP, .signer = A, .storage_ms = 5, .lifetime_s = 60, .value = "a"},
                                   {.kind = CERT, .signer = A, .storage_ms = 5, .lifetime_s = 60, .index = 0, .value = "b"},
                                   {.kind = CERT, .signer = A, .storage_ms = 5, .lifetime_s = 60, .index = 99, .value = "c"}}};
    assert_int_equal(rig_store(g, &q), ERROR_DATA_TOO_LARGE);
    assert_int_equal(rig_held(g), 0);
    q.item[2].index = 2;
    assert_int_equal(rig_store(g, &q), 0);
    assert_int_equal(rig_held(g), 3);
    assert_int_equal(response(g, 0).kind, SIP);
    assert_int_equal(response(g, 1).kind, CERT);
    assert_int_equal(response(g, 1).generation, 1);
    q.item[0].storage_ms = q.item[1].storage_ms = 6;
    q.item[2].flipped = true;
    assert_int_equal(rig_store(g, &q), ERROR_FORBIDDEN);
    q.item[2].flipped = false;
    q.item[2].storage_ms = 4;
    assert_int_equal(rig_store(g, &q), ERROR_DATA_TOO_OLD);
    q.item[2].storage_ms = 7;
    q.item[1].generation = 9;
    assert_int_equal(rig_store(g, &q), ERROR_GENERATION_COUNTER_TOO_LOW);
    struct stored_data d[4];
    assert_int_equal(fetch(g, SIP, d, 4), 1);
    assert_int_equal(d[0].storage_time_ms, 5); /* nothing of those three */
    rig_close(g);
}

static void kinds_that_nobody_knows_are_listed(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    uint8_t body[256];
    struct writer w = writer_on(body, sizeof body, false);
    struct mark all = store_req_open(&w, rig_user(g, A), 0);
    static const uint32_t unknown[] = {0xf0000001, 77};
    for (unsigned k = 0; k < 2; k++) {
        struct mark one = kind_data_open(&w, unknown[k], 0);
        stored_data_put(&w, &(struct stored_data){.model = MODEL_UNKNOWN, .raw = {(const uint8_t *)"opaque", 6}});
        kind_data_close(&w, one);
    }
    put_close(&w, 4, all);
    assert_int_equal(rig_request(g, A, 1, STORE_REQ, true, rig_user(g, A), body, writer_len(&w)), ERROR_UNKNOWN_KIND);
    struct error_body e;
    assert_int_equal(error_read(g->last->body, &e), 0);
    assert_int_equal(e.info.len, 9);
    assert_memory_equal(e.info.b, "\x08\xf0\0\0\x01\0\0\0\x4d", 9);
    rig_close(g);
}

static void malformed_and_absurd_requests_are_refused(void **state)
{
    (void)state;
    struct rig *g = rig_open_with(0, 0, 60000);
    struct rig_store q = {.from = A, .resource = rig_user(g, A), .items = 3,
                          .item = {{.kind = SIP, .signer = A, .storage_ms = 5, .lifetime_s = 60, .value = "a"},
                                   {.kind = CERT, .signer = A, .storage_ms = 5, .lifetime_s = 60, .value = "b"},
                                   {.kind = SIP, .signer = A, .storage_ms = 6, .lifetime_s = 60, .value = "c"}}};
    assert_int_equal(rig_store(g, &q), ERROR_INVALID_MESSAGE); /* a Kind twice */
    q.items = 80;
    for (unsigned k = 0; k < 80; k++)
        q.item[k] = (struct rig_item){.kind = CERT, .signer = A, .storage_ms = 5 + k, .lifetime_s = 60, .index = 1, .value = "v"};
    assert_int_equal(rig_store(g, &q), ERROR_DATA_TOO_LARGE);
    q.items = 2;
    assert_int_equal(rig_store(g, &q), 0); /* one place twice, in the order of time: the later wins */
    assert_int_equal(rig_held(g), 1);
    q.item[0].storage_ms = 101;
    q.item[1].storage_ms = 100;
    assert_int_equal(rig_store(g, &q), ERROR_DATA_TOO_OLD);
    q.items = 0;
    assert_int_equal(rig_store(g, &q), 0); /* nothing to do is done */
    static const uint8_t short_id[] = {4, 1, 2, 3, 4, 0, 0, 0, 0, 0};
    assert_int_equal(rig_request(g, A, 1, STORE_REQ, true, rig_user(g, A), short_id, sizeof short_id), ERROR_INVALID_MESSAGE);
    rig_close(g);
    g = rig_open(6);
    peer_h p = rig_owned(g, 20, false);
    struct rig_store other = {.from = p, .resource = rig_user(g, p), .to_node = true, .items = 1,
                              .item = {{.kind = SIP, .signer = p, .storage_ms = 5, .lifetime_s = 60, .value = "a"}}};
    assert_int_equal(rig_store(g, &other), ERROR_FORBIDDEN); /* not ours */
    assert_int_equal(rig_held(g), 0);
    rig_close(g);
}

static void arrays_grow_at_their_end_and_have_gaps(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    struct stored_data d[20];
    struct rig_item item = {.kind = CERT, .storage_ms = 5, .index = 2, .value = "X"};
    assert_int_equal(store_one(g, item), 0);
    assert_int_equal(fetch(g, CERT, d, 20), 3); /* [NA, NA, X], 7.2.2 */
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(d[i].index, i);
        assert_int_equal(d[i].value.exists, i == 2);
        assert_int_equal(d[i].signature.identity_type, i == 2 ? IDENTITY_CERT_HASH : IDENTITY_NONE);
    }
    item = (struct rig_item){.kind = CERT, .storage_ms = 6, .index = ARRAY_LAST, .value = "Y"};
    assert_int_equal(store_one(g, item), 0);
    assert_int_equal(store_one(g, item), 0); /* again: not appended twice */
    item.value = "Z";
    assert_int_equal(store_one(g, item), 0);
    assert_int_equal(fetch(g, CERT, d, 20), 5);
    assert_memory_equal(d[3].value.value.b, "Y", 1);
    assert_memory_equal(d[4].value.value.b, "Z", 1);
    assert_int_equal(d[4].index, 4);
    /* Two appended by one request get places of their own. */
    struct rig_store q = {.from = A, .resource = rig_user(g, A), .items = 2,
                          .item = {{.kind = CERT, .signer = A, .storage_ms = 7, .lifetime_s = 60, .index = ARRAY_LAST, .value = "1"},
                                   {.kind = CERT, .signer = A, .storage_ms = 7, .lifetime_s = 60, .index = ARRAY_LAST, .value = "2"}}};
    assert_int_equal(rig_store(g, &q), 0);
    assert_int_equal(fetch(g, CERT, d, 20), 7);
    assert_memory_equal(d[6].value.value.b, "2", 1);
    item = (struct rig_item){.kind = CERT, .storage_ms = 8, .index = 0, .value = "first"};
    assert_int_equal(store_one(g, item), 0);
    assert_int_equal(fetch(g, CERT, d, 20), 7);
    assert_int_equal(d[0].value.value.len, 5);
    rig_close(g);
}

/* Bytes of memory per value, its own bytes not counted. */
static void a_value_costs_less_than_forty_bytes(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    struct node_view v;
    for (peer_h p = 10; p < 210; p++) {
        struct rig_store q = {.from = p, .resource = rig_user(g, p), .items = 1,
                              .item = {{.kind = SIP, .signer = p, .storage_ms = 5, .lifetime_s = 60, .value = "12345678901234567890123"}}};
        assert_int_equal(rig_store(g, &q), 0);
        rig_forget(g);
    }
    node_look(g->r->node, &g->r->env, &v);
    assert_int_equal(v.values, 200);
    print_message("%u bytes a value of 23 bytes\n", v.stored_bytes / v.values);
    assert_true(v.stored_bytes / v.values - 23 < 40);
    rig_close(g);
}

static uint32_t below(uint64_t *x, uint32_t n)
{
    *x ^= *x << 13, *x ^= *x >> 7, *x ^= *x << 17;
    return (uint32_t)(*x >> 33) % n;
}

/* Stores that are valid, often but for some bytes: the recorder checks all invariants after each call. */
static void mutated_requests_do_no_harm(void **state)
{
    (void)state;
    static const uint16_t codes[] = {STORE_REQ, STORE_REQ, STORE_REQ, STORE_REQ, FETCH_REQ, STAT_REQ, FIND_REQ};
    struct rig *g = rig_open(3);
    uint64_t x = 88172645463325252u;
    unsigned done = 0, refused = 0;
    for (uint32_t round = 0; round < 20000; round++) {
        uint8_t body[2048];
        struct writer w = writer_on(body, sizeof body, true);
        peer_h p = rig_owned(g, 10 + below(&x, 100), below(&x, 2));
        uint8_t replica = (uint8_t)below(&x, 2);
        uint16_t code = codes[below(&x, 7)];
        struct mark all = store_req_open(&w, rig_user(g, p), replica);
        for (unsigned kind = below(&x, 2); kind < 1 + below(&x, 4); kind++) {
            struct mark one = kind_data_open(&w, kinds[kind * 3 % 5].id, replica ? round : 0);
            for (unsigned n = 0; n < 1 + below(&x, 2); n++)
                rig_item_put(g, &w, rig_user(g, p), &(struct rig_item){.kind = kinds[kind * 3 % 5].id, .signer = p, .storage_ms = round + n,
                                                                       .lifetime_s = below(&x, 90), .index = replica || below(&x, 2) ? n : ARRAY_LAST,
                                                                       .value = below(&x, 7) ? "value" : NULL});
            kind_data_close(&w, one);
        }
        put_close(&w, 4, all);
        for (unsigned flips = below(&x, 4); flips > 0; flips--)
            body[below(&x, writer_len(&w))] = (uint8_t)below(&x, 256);
        uint32_t extra = code == STORE_REQ ? w.extra : 0;
        uint16_t error = rig_folded(g, replica ? 1 + round % 3 : p, 1 + round % 3, code, recorder_id(g->r, RIG_SELF), body, writer_len(&w), extra);
        done += error == 0;
        refused += error != 0 && error != UINT16_MAX;
        rig_run(g, g->r->env.now + MILLIS(200));
        rig_forget(g);
        assert_true(node_bytes(g->r->node) < 300000);
    }
    print_message("%u done, %u refused\n", done, refused);
    assert_true(done > 500 && refused > 500);
    rig_close(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_counter_counts_changes_and_guards_them),
        cmocka_unit_test(older_values_do_not_replace_newer_ones),
        cmocka_unit_test(what_is_removed_stays_until_its_lifetime_ends),
        cmocka_unit_test(lifetimes_run_from_receipt),
        cmocka_unit_test(limits_of_kinds_and_of_the_node_hold),
        cmocka_unit_test(a_request_is_done_whole_or_not_at_all),
        cmocka_unit_test(kinds_that_nobody_knows_are_listed),
        cmocka_unit_test(malformed_and_absurd_requests_are_refused),
        cmocka_unit_test(arrays_grow_at_their_end_and_have_gaps),
        cmocka_unit_test(a_value_costs_less_than_forty_bytes),
        cmocka_unit_test(mutated_requests_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

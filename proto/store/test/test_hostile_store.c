/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: what a hostile peer can do to what others store (RFC 6940 7.3, 7.4, 13.5): values under others' names, replayed and aged ones, floods over the
 * quota, requests that would cost a walk of everything. Refused as the RFC says, within the limits. Leaves open: each rule by itself (test_access.c,
 * test_store.c, test_fetch.c, test_replica.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "proto/store/test/rig.h"

#define VICTIM 10u
#define EVIL 20u
#define SIP KIND_SIP_REGISTRATION

static uint16_t store(struct rig *g, peer_h from, struct id resource, struct rig_item item)
{
    struct rig_store q = {.from = from, .resource = resource, .items = 1, .item = {item}};
    if (!q.item[0].lifetime_s)
        q.item[0].lifetime_s = 600;
    return rig_store(g, &q);
}

/* 7.3.3: all that can be mixed of the names of two. Only the victim may write at its name. */
static void nobody_stores_under_the_name_of_another(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    struct id victim = recorder_id(g->r, VICTIM), evil = recorder_id(g->r, EVIL), user = rig_user(g, VICTIM);
    struct stored_data d[4];
    assert_int_equal(store(g, VICTIM, user, (struct rig_item){.kind = SIP, .signer = VICTIM, .storage_ms = 5, .value = "true"}), 0);
    assert_int_equal(store(g, EVIL, user, (struct rig_item){.kind = SIP, .signer = EVIL, .storage_ms = 6, .value = "lie"}), ERROR_FORBIDDEN);
    assert_int_equal(store(g, EVIL, user, (struct rig_item){.kind = SIP, .signer = EVIL, .storage_ms = 6, .value = "lie", .key = &victim}), ERROR_FORBIDDEN);
    assert_int_equal(store(g, EVIL, user, (struct rig_item){.kind = SIP, .signer = VICTIM, .storage_ms = 6, .value = "lie", .flipped = true}), ERROR_FORBIDDEN);
    assert_int_equal(store(g, EVIL, user, (struct rig_item){.kind = SIP, .signer = VICTIM, .storage_ms = 6, .value = "lie", .anonymous = true}), ERROR_FORBIDDEN);
    assert_int_equal(store(g, VICTIM, rig_user(g, EVIL), (struct rig_item){.kind = SIP, .signer = VICTIM, .storage_ms = 6, .value = "lie", .key = &evil}), ERROR_FORBIDDEN);
    assert_int_equal(store(g, EVIL, user, (struct rig_item){.kind = SIP, .signer = EVIL, .storage_ms = 6, .absent = true, .value = ""}), ERROR_FORBIDDEN); /* removal */
    assert_int_equal(rig_registrations(g, VICTIM, d, 4, NULL), 1);
    assert_int_equal(d[0].value.value.len, 4);
    assert_memory_equal(d[0].value.value.b, "true", 4);
    assert_int_equal(rig_held(g), 1);
    rig_close(g);
}

/* 7.4.1.1: a true value of the victim, overheard and stored again by another after it was replaced, does not come back. */
static void an_old_value_replayed_does_not_come_back(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    struct id user = rig_user(g, VICTIM);
    struct rig_item old = {.kind = SIP, .signer = VICTIM, .storage_ms = 5, .value = "old"};
    struct stored_data d[4];
    assert_int_equal(store(g, VICTIM, user, old), 0);
    assert_int_equal(store(g, VICTIM, user, (struct rig_item){.kind = SIP, .signer = VICTIM, .storage_ms = 6, .value = "new"}), 0);
    assert_int_equal(store(g, VICTIM, user, old), ERROR_DATA_TOO_OLD);
    assert_int_not_equal(store(g, EVIL, user, old), 0);
    assert_int_equal(rig_registrations(g, VICTIM, d, 4, NULL), 1);
    assert_memory_equal(d[0].value.value.b, "new", 3);
    rig_close(g);
}

/* 7.4.1.2: one user after the other stores as much as it may, until the node's quota is full: Data_Too_Large; what is there stays, and what expires makes room. */
static void a_store_flood_ends_at_the_quota(void **state)
{
    (void)state;
    enum { QUOTA = 16384 };
    struct rig *g = rig_open_with(0, QUOTA, 0);
    static char big[1000];
    struct stored_data d[4];
    unsigned refused = 0;
    memset(big, 'x', sizeof big);
    assert_int_equal(store(g, VICTIM, rig_user(g, VICTIM), (struct rig_item){.kind = SIP, .signer = VICTIM, .storage_ms = 5, .value = "true", .lifetime_s = 3600}), 0);
    for (peer_h p = EVIL; p < EVIL + 100; p++) {
        uint16_t error = store(g, p, rig_user(g, p), (struct rig_item){.kind = SIP, .signer = p, .storage_ms = 5, .value = big, .value_len = sizeof big});
        assert_true(error == 0 || error == ERROR_DATA_TOO_LARGE);
        refused += error != 0;
    }
    assert_in_range(refused, 80, 95);
    assert_int_equal(rig_registrations(g, VICTIM, d, 4, NULL), 1);
    assert_true(g->r->block_bytes < QUOTA + 8192);
    rig_run(g, SECONDS(700)); /* the flood's lifetime is over */
    assert_int_equal(store(g, 150, rig_user(g, 150), (struct rig_item){.kind = SIP, .signer = 150, .storage_ms = 900000, .value = big, .value_len = sizeof big}), 0);
    rig_close(g);
}

/* 7.4.1.1: lifetimes and storage times at the ends of their ranges. */
static void absurd_times_do_no_harm(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    static const uint64_t when[] = {0, 1, UINT64_MAX, UINT64_MAX - 1, RECORDER_UNIX_MS, UINT64_C(1) << 63};
    static const uint32_t life[] = {1, UINT32_MAX, 0x7fffffff, 0x80000000};
    for (unsigned k = 0; k < 24; k++)
        store(g, EVIL + k, rig_user(g, EVIL + k), (struct rig_item){.kind = SIP, .signer = EVIL + k, .storage_ms = when[k % 6], .lifetime_s = life[k / 6], .value = "v"});
    assert_int_equal(rig_held(g), 24);
    rig_run(g, SECONDS(5)); /* the first six lived for a second */
    assert_int_equal(rig_held(g), 18);
    /* The future is the signer's own: it cannot replace its value any more until the time has come. */
    assert_int_equal(store(g, EVIL + 8, rig_user(g, EVIL + 8), (struct rig_item){.kind = SIP, .signer = EVIL + 8, .storage_ms = 7, .value = "w"}), ERROR_DATA_TOO_OLD);
    rig_close(g);
}

/* 7.4.1.1: Resource-IDs of other lengths than the overlay's. */
static void odd_resources_are_refused(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    static const uint8_t len[] = {0, 1, 15, 17, 255};
    for (unsigned k = 0; k < sizeof len; k++) {
        uint8_t body[400];
        struct writer w = writer_on(body, sizeof body, false);
        static const uint8_t resource[255];
        put_vector(&w, 1, resource, len[k]);
        put_u8(&w, 0);  /* replica number */
        put_u32(&w, 0); /* no Kinds */
        uint16_t error = rig_request(g, EVIL, 1, STORE_REQ, false, recorder_id(g->r, RIG_SELF), body, writer_len(&w));
        assert_true(error != 0);
        w = writer_on(body, sizeof body, false);
        put_vector(&w, 1, resource, len[k]);
        put_u16(&w, 0); /* no specifiers */
        assert_true(rig_request(g, EVIL, 1, FETCH_REQ, false, recorder_id(g->r, RIG_SELF), body, writer_len(&w)) != 0);
        assert_true(rig_request(g, EVIL, 1, STAT_REQ, false, recorder_id(g->r, RIG_SELF), body, writer_len(&w)) != 0);
        w = writer_on(body, sizeof body, false);
        put_vector(&w, 1, resource, len[k]);
        put_vector(&w, 1, (const uint8_t[]){0, 0, 0, 1}, 4);
        assert_true(rig_request(g, EVIL, 1, FIND_REQ, false, recorder_id(g->r, RIG_SELF), body, writer_len(&w)) != 0);
    }
    assert_int_equal(rig_held(g), 0);
    rig_close(g);
}

/* 7.4.2.1: as many ranges as a message holds, all over a long array: the answer is within the limits, or an error. */
static void a_fetch_of_four_hundred_ranges_has_one_answer(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    static uint8_t model[4800], body[5000];
    struct writer w = writer_on(model, sizeof model, false);
    for (unsigned k = 0; k < 4; k++)
        store(g, VICTIM, rig_user(g, VICTIM),
              (struct rig_item){.kind = KIND_CERTIFICATE_BY_USER, .signer = VICTIM, .storage_ms = 5 + k, .index = k, .value = "certificate"});
    struct mark m = put_open(&w, 2);
    for (uint32_t k = 0; k < 400; k++) {
        put_u32(&w, 2 * k);
        put_u32(&w, k == 399 ? UINT32_MAX : 2 * k);
    }
    put_close(&w, 2, m);
    size_t len = rig_specifier(body, sizeof body, rig_user(g, VICTIM), KIND_CERTIFICATE_BY_USER, 0, model, writer_len(&w));
    uint16_t error = rig_request(g, EVIL, 1, FETCH_REQ, true, rig_user(g, VICTIM), body, len);
    assert_true(error == 0 || error == ERROR_RESPONSE_TOO_LARGE || error == ERROR_INVALID_MESSAGE);
    assert_true(error || g->last->header.length <= g->config.max_message_size);
    rig_close(g);
}

/* 7.4.4.1: a Find for a thousand Kinds, each twice. */
static void a_find_for_a_thousand_kinds_has_one_answer(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    for (unsigned twice = 0; twice < 2; twice++) {
        uint8_t body[400];
        struct writer w = writer_on(body, sizeof body, false);
        struct id at = rig_user(g, VICTIM);
        put_u8(&w, ID_BYTES);
        put_id(&w, at);
        struct mark m = put_open(&w, 1);
        for (uint32_t k = 0; k < 60; k++)
            put_u32(&w, 0x1000 + k / (1 + twice));
        put_close(&w, 1, m);
        uint16_t error = rig_request(g, EVIL, 1, FIND_REQ, true, at, body, writer_len(&w));
        assert_int_equal(error != 0, twice); /* a Kind named twice is an error */
    }
    rig_close(g);
}

/* 10.4, 7.4.1.1: copies are taken from peers near the resource only; a far one cannot make us hold what is not ours. */
static void copies_from_afar_are_forbidden(void **state)
{
    (void)state;
    struct rig *g = rig_open(6);
    unsigned forbidden = 0;
    for (peer_h p = 30; p < 60; p++) {
        struct rig_store q = {.from = 100 + p, .resource = rig_user(g, p), .replica = 1, .items = 1,
                              .item = {{.kind = SIP, .signer = p, .storage_ms = 5, .lifetime_s = 600, .value = "v"}}};
        uint16_t error = rig_store(g, &q); /* its sender has no link */
        assert_true(error == ERROR_FORBIDDEN);
        forbidden++;
    }
    assert_int_equal(forbidden, 30);
    assert_int_equal(rig_held(g), 0);
    rig_close(g);
}

/* 6.2.1, 7.4.1: answers to Stores are kept for repetition; a flood of them does not fill the node. */
static void a_flood_of_refused_stores_leaves_nothing(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    for (unsigned k = 0; k < 1500; k++)
        store(g, EVIL, rig_user(g, VICTIM), (struct rig_item){.kind = SIP, .signer = EVIL, .storage_ms = k + 1, .value = "lie"});
    assert_int_equal(rig_held(g), 0);
    for (unsigned k = 0; k < 1500; k++) { /* and of good ones */
        assert_int_equal(store(g, EVIL, rig_user(g, EVIL), (struct rig_item){.kind = SIP, .signer = EVIL, .storage_ms = k + 1, .value = "own"}), 0);
        if (k % 100 == 0)
            rig_forget(g);
    }
    assert_int_equal(rig_held(g), 1);
    assert_true(g->r->block_bytes + g->r->work_bytes < 100000);
    rig_close(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_stores_under_the_name_of_another),
        cmocka_unit_test(an_old_value_replayed_does_not_come_back),
        cmocka_unit_test(a_store_flood_ends_at_the_quota),
        cmocka_unit_test(absurd_times_do_no_harm),
        cmocka_unit_test(odd_resources_are_refused),
        cmocka_unit_test(a_fetch_of_four_hundred_ranges_has_one_answer),
        cmocka_unit_test(a_find_for_a_thousand_kinds_has_one_answer),
        cmocka_unit_test(copies_from_afar_are_forbidden),
        cmocka_unit_test(a_flood_of_refused_stores_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

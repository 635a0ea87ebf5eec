/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins Kinds beside the registered ones (RFC 6940 6.5.4, 7.4.1.2, 11.1): by ConfigUpdate alone they come into force, signed by a kind-signer and contradicting none that
 * is known; each data model and policy that values can be kept for is then stored, found, described, listed, limited, copied and handed over as any other; who does not
 * know one says so, is sent its definition and then takes the value; so one that a single peer of a ring knows reaches whoever has to store it. Their values fold
 * and unfold. Leaves open: kind-blocks as XML and their signatures (sim/net/test/test_kinds.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "proto/base/error.h"
#include "proto/store/store.h"
#include "proto/store/test/rig.h"

#define A 10u
#define B 11u

static const struct value_kind one = {.id = 0xf0000010, .model = MODEL_SINGLE, .access = ACCESS_USER_MATCH, .max_count = 1, .max_size = 900};
static const struct value_kind list = {.id = 0xf0000020, .model = MODEL_ARRAY, .access = ACCESS_NODE_MATCH, .max_count = 4, .max_size = 10};
static const struct value_kind map = {.id = 0xfffffffe, .model = MODEL_DICTIONARY, .access = ACCESS_USER_NODE_MATCH, .max_count = 2, .max_size = 10};
static const struct value_kind multiple = {.id = 0xf0000001, .model = MODEL_SINGLE, .access = ACCESS_NODE_MULTIPLE, .max_count = 1, .max_size = 10, .max_node_multiple = 3};

/* A ConfigUpdate of these definitions; signed by a kind-signer each, or the last not. */
static uint16_t update(struct rig *g, unsigned n, const struct value_kind *const kind[], bool good)
{
    uint8_t blocks[512], block[RECORDER_KIND_BLOCK], body[600];
    struct writer w = writer_on(blocks, sizeof blocks, false), q = writer_on(body, sizeof body, false);
    for (unsigned k = 0; k < n; k++) {
        recorder_kind_block(kind[k], good || k + 1 < n, block);
        put_vector(&w, 2, block, sizeof block);
    }
    config_update_req_put(&q, &(struct config_update_req){.type = CONFIG_UPDATE_KIND, .data = {blocks, writer_len(&w)}});
    return rig_request(g, 3, 1, CONFIG_UPDATE_REQ, false, recorder_id(g->r, RIG_SELF), body, writer_len(&q));
}

static uint16_t teach(struct rig *g, const struct value_kind *k)
{
    return update(g, 1, &k, true);
}

static struct rig_store store_of(struct id resource, const struct value_kind *k, peer_h by, uint64_t ms, const char *value)
{
    return (struct rig_store){.from = by, .resource = resource, .items = 1,
                              .item = {{.kind = k->id, .signer = by, .storage_ms = ms, .lifetime_s = 600, .value = value}}};
}

static uint16_t store(struct rig *g, struct id resource, const struct value_kind *k, peer_h by, uint64_t ms, const char *value)
{
    struct rig_store q = store_of(resource, k, by, ms, value);
    return rig_store(g, &q);
}

/* All values of a Kind, opened. */
static unsigned fetch(struct rig *g, struct id resource, const struct value_kind *k, struct stored_data out[], unsigned max)
{
    static const uint8_t keys[2] = {0}, ranges[10] = {0, 8, 0, 0, 0, 0, 255, 255, 255, 255};
    static const size_t len[] = {[MODEL_SINGLE] = 0, [MODEL_ARRAY] = sizeof ranges, [MODEL_DICTIONARY] = sizeof keys};
    uint8_t body[64];
    size_t n = rig_specifier(body, sizeof body, resource, k->id, 0, k->model == MODEL_ARRAY ? ranges : keys, len[k->model]);
    assert_int_equal(rig_request(g, 3, 1, FETCH_REQ, true, resource, body, n), 0);
    unsigned values = rig_values(g, out, max, NULL);
    for (unsigned i = 0; i < values; i++) {
        assert_int_equal(out[i].model, MODEL_UNKNOWN); /* so it is on the wire */
        assert_int_equal(stored_data_open(&out[i], k->model), 0);
    }
    return values;
}

static void only_signed_definitions_that_fit_are_taken(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    struct value_kind k = one;
    const struct value_kind *const two[] = {&one, &list};
    assert_int_equal(store(g, rig_user(g, A), &one, A, 5, "x"), ERROR_UNKNOWN_KIND);
    assert_int_equal(update(g, 1, two, false), ERROR_FORBIDDEN);
    assert_int_equal(g->r->kinds, 0);
    assert_int_equal(store(g, rig_user(g, A), &one, A, 5, "x"), ERROR_UNKNOWN_KIND);
    assert_int_equal(update(g, 0, two, true), ERROR_INVALID_MESSAGE); /* one or more, 6.5.4.1 */
    assert_int_equal(update(g, 2, two, false), ERROR_FORBIDDEN);
    assert_int_equal(g->r->kinds, 1); /* each block stands for itself */
    assert_int_equal(teach(g, &one), 0); /* again */
    assert_int_equal(g->r->kinds, 1);
    k.max_size = 901;
    assert_int_equal(teach(g, &k), ERROR_FORBIDDEN); /* a conflict, 6.5.4.2 */
    /* What no peer could keep to: see kind_judge. */
    static const struct value_kind bad[] = {
        {.id = KIND_SIP_REGISTRATION, .model = MODEL_DICTIONARY, .access = ACCESS_USER_NODE_MATCH, .max_count = 99, .max_size = 10}, /* registered ones stand */
        {.id = 0xf0000000, .model = MODEL_SINGLE, .access = ACCESS_USER_MATCH, .max_count = 1, .max_size = 1},
        {.id = 0xffffffff, .model = MODEL_SINGLE, .access = ACCESS_USER_MATCH, .max_count = 1, .max_size = 1},
        {.id = 0xf0000005, .model = MODEL_UNKNOWN, .access = ACCESS_USER_MATCH, .max_count = 1, .max_size = 1},
        {.id = 0xf0000005, .model = MODEL_SINGLE, .access = ACCESS_USER_MATCH, .max_count = 0, .max_size = 1},
        {.id = 0xf0000005, .model = MODEL_SINGLE, .access = ACCESS_USER_MATCH, .max_count = 1, .max_size = KIND_SIZE_MAX + 1},
        {.id = 0xf0000005, .model = MODEL_SINGLE, .access = ACCESS_NODE_MULTIPLE, .max_count = 1, .max_size = 1},
        {.id = 0xf0000005, .model = MODEL_ARRAY, .access = ACCESS_USER_NODE_MATCH, .max_count = 1, .max_size = 1}, /* dictionaries only, 7.3.3 */
        {.id = 0xf0000005, .model = MODEL_DICTIONARY, .access = ACCESS_USER_MATCH, .max_count = 1, .max_size = 1}, /* keys that are free */
    };
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(teach(g, &bad[i]), ERROR_INVALID_MESSAGE);
    assert_int_equal(g->r->kinds, 1);
    assert_int_equal(rig_request(g, 3, 1, CONFIG_UPDATE_REQ, false, recorder_id(g->r, RIG_SELF), "\x02\0\0\0\6\0\0\3\0\1K", 11), ERROR_INVALID_MESSAGE);
    for (k = one; g->r->kinds < KINDS_ADDED_MAX;) {
        k.max_size = 10;
        k.id++;
        assert_int_equal(teach(g, &k), 0);
    }
    k.id++;
    assert_int_equal(teach(g, &k), ERROR_INVALID_MESSAGE); /* the table is full */
    rig_close(g);
}

static void each_model_and_policy_is_stored_and_found(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    struct stored_data d[8];
    const struct value_kind *const all[] = {&one, &list, &map, &multiple};
    char large[901];
    assert_int_equal(update(g, 4, all, true), 0);
    memset(large, 'x', sizeof large);

    struct id user = rig_user(g, A), node = rig_node(g, A, 0), third = rig_node(g, A, 3);
    assert_int_equal(store(g, user, &one, B, 5, "x"), ERROR_FORBIDDEN);
    assert_int_equal(store(g, user, &one, A, 5, "first"), 0);
    assert_int_equal(store(g, user, &one, A, 4, "older"), ERROR_DATA_TOO_OLD);
    struct rig_store q = store_of(user, &one, A, 6, large);
    q.item[0].value_len = 901;
    assert_int_equal(rig_store(g, &q), ERROR_DATA_TOO_LARGE);
    q.item[0].value_len = 900;
    assert_int_equal(rig_store(g, &q), 0);
    q.item[0].storage_ms = 7;
    q.item[0].flipped = true;
    assert_int_equal(rig_store(g, &q), ERROR_FORBIDDEN); /* the signature counts */
    assert_int_equal(fetch(g, user, &one, d, 8), 1);
    assert_int_equal(d[0].value.value.len, 900);
    assert_int_equal(d[0].storage_time_ms, 6);
    assert_int_equal(d[0].signature.signer, A);

    assert_int_equal(store(g, user, &list, A, 5, "x"), ERROR_FORBIDDEN);
    for (uint32_t i = 0; i < 5; i++) {
        q = store_of(node, &list, A, 5 + i, "e");
        q.item[0].index = i;
        assert_int_equal(rig_store(g, &q), i < 4 ? 0 : ERROR_DATA_TOO_LARGE);
    }
    assert_int_equal(fetch(g, node, &list, d, 8), 4);
    assert_int_equal(d[3].index, 3);

    assert_int_equal(store(g, user, &map, A, 5, "m"), 0);
    q = store_of(user, &map, A, 6, "m");
    struct id other = recorder_id(g->r, B);
    q.item[0].key = &other;
    assert_int_equal(rig_store(g, &q), ERROR_FORBIDDEN);
    assert_int_equal(fetch(g, user, &map, d, 8), 1);
    assert_true(id_equal(id_load(d[0].key.b), recorder_id(g->r, A)));

    assert_int_equal(store(g, rig_node(g, A, 4), &multiple, A, 5, "x"), ERROR_FORBIDDEN);
    assert_int_equal(store(g, third, &multiple, A, 5, "third"), 0);
    assert_int_equal(fetch(g, third, &multiple, d, 8), 1);
    assert_memory_equal(d[0].value.value.b, "third", 5);

    /* A specifier that is not of the model; Stat; Find. */
    uint8_t body[64];
    size_t n = rig_specifier(body, sizeof body, user, one.id, 0, "\0\0", 2);
    assert_int_equal(rig_request(g, 3, 1, FETCH_REQ, true, user, body, n), ERROR_INVALID_MESSAGE);
    n = rig_specifier(body, sizeof body, user, map.id, 0, "\0\5\0", 3);
    assert_int_equal(rig_request(g, 3, 1, FETCH_REQ, true, user, body, n), ERROR_INVALID_MESSAGE);
    n = rig_specifier(body, sizeof body, user, map.id, 0, "\0\0", 2);
    assert_int_equal(rig_request(g, 3, 1, STAT_REQ, true, user, body, n), 0);
    struct reader r = g->last->body;
    struct kind_data k;
    struct metadata m;
    uint32_t end;
    assert_int_equal(fetch_ans_begin(&r, &end) || kind_data_next(&r, &k) || metadata_read(&r, MODEL_DICTIONARY, &m), 0);
    assert_int_equal(m.data_length, 1);
    assert_true(m.exists && m.key.len == 16);
    assert_null(node_check(g->r->node, &g->r->env));
    rig_close(g);
}

/* What a folded message says of such values unfolds, and the bytes written again are those that were read. */
static void their_signatures_fold(void **state)
{
    (void)state;
    struct stored_data d = {.storage_time_ms = 1, .lifetime_s = 2, .model = MODEL_ARRAY, .index = 7, .value = {.exists = true, .value = {(const uint8_t *)"value", 5}},
                            .signature = {.signer = 5, .token = 6, .hash = 4, .sig = 1, .identity_type = IDENTITY_CERT_HASH, .identity_hash_alg = 4}};
    struct stored_data read;
    uint8_t b[400], again[400], forged[400] = {0};
    struct writer w = writer_on(b, sizeof b, true), v = writer_on(again, sizeof again, true);
    stored_data_put(&w, &d);
    assert_int_equal(writer_true(&w), 4 + 12 + 4 + 1 + 4 + 5 + SIGNATURE_TRUE_BYTES);
    struct reader r = reader_on(b, writer_len(&w), true);
    assert_int_equal(stored_data_read(&r, 0xf0000001, &read), 0);
    assert_int_equal(reader_left(&r), 0);
    assert_int_equal(read.signature.signer, 5);
    stored_data_put(&v, &read);
    assert_int_equal(writer_len(&v), writer_len(&w));
    assert_memory_equal(again, b, writer_len(&w));
    assert_true(stored_data_open(&read, MODEL_SINGLE) < 0); /* the index taken for a length is beyond the end */
    r = reader_on(b, writer_len(&w), true);
    stored_data_read(&r, 0xf0000001, &read);
    assert_int_equal(stored_data_open(&read, MODEL_ARRAY), 0);
    assert_int_equal(read.index, 7);
    assert_memory_equal(read.value.value.b, "value", 5);
    /* True bytes that look like a token in its place cannot be written where they would be taken for one. */
    memset(forged, TOKEN_SIGNATURE, sizeof forged);
    d = (struct stored_data){.model = MODEL_UNKNOWN, .raw = {forged, SIGNATURE_TRUE_BYTES}, .signature = {.signer = PEER_NONE}};
    w = writer_on(b, sizeof b, true);
    stored_data_put(&w, &d);
    assert_int_equal(w.err, ERR_VALUE);
    d.raw.len--;
    w = writer_on(b, sizeof b, true);
    stored_data_put(&w, &d);
    assert_int_equal(w.err, 0);
    r = reader_on(b, writer_len(&w), true);
    assert_int_equal(stored_data_read(&r, 0xf0000001, &read), 0);
    assert_int_equal(read.raw.len, SIGNATURE_TRUE_BYTES - 1);
}

/* A copy is refused by a successor that does not know the Kind: it is sent the definition, and then the copy again. */
static void copies_teach_their_kind(void **state)
{
    (void)state;
    struct rig *g = rig_open(4);
    peer_h by = rig_owned(g, A, true);
    assert_int_equal(teach(g, &one), 0);
    assert_int_equal(store(g, rig_user(g, by), &one, by, 5, "x"), 0);
    rig_pump(g);
    const struct rig_seen *copy = NULL;
    peer_h to = 1;
    while (to <= 4 && !(copy = rig_nth(g, STORE_REQ, to, 0)))
        to++;
    assert_non_null(copy);
    uint64_t tid = copy->m.header.transaction;
    uint8_t error[16], list_of[] = {4, 0xf0, 0, 0, 0x10};
    struct writer w = writer_on(error, sizeof error, false);
    error_put(&w, &(struct error_body){.code = ERROR_UNKNOWN_KIND, .info = {list_of, sizeof list_of}});
    struct rig_seen refused = *copy;
    rig_forget(g);
    rig_answer(g, &refused, MESSAGE_ERROR, error, writer_len(&w), writer_len(&w));
    rig_pump(g);
    assert_int_equal(rig_count(g, CONFIG_UPDATE_REQ, to), 1);
    struct config_update_req q;
    const struct rig_seen *taught = rig_nth(g, CONFIG_UPDATE_REQ, to, 0);
    assert_int_equal(config_update_req_read(taught->m.body, &q), 0);
    assert_int_equal(q.type, CONFIG_UPDATE_KIND);
    assert_int_equal(q.data.len, 2 + RECORDER_KIND_BLOCK);
    assert_memory_equal(q.data.b + 2, g->r->kind_block[0], RECORDER_KIND_BLOCK);
    struct rig_seen pushed = *taught;
    rig_answer(g, &pushed, CONFIG_UPDATE_ANS, "", 0, 0);
    rig_run(g, g->r->env.now + SECONDS(4));
    assert_int_equal(rig_nth(g, STORE_REQ, to, 0)->m.header.transaction, tid);
    /* What is not in the list of what we know cannot be told: then the request has failed. */
    refused = *rig_nth(g, STORE_REQ, to, 0);
    error[8] ^= 1; /* the last byte of the Kind-ID */
    rig_forget(g);
    rig_answer(g, &refused, MESSAGE_ERROR, error, writer_len(&w), writer_len(&w));
    rig_run(g, g->r->env.now + SECONDS(10));
    assert_int_equal(rig_count(g, CONFIG_UPDATE_REQ, to), 0);
    assert_int_equal(rig_count(g, STORE_REQ, to), 0);
    rig_close(g);
}

static void a_kind_that_one_peer_knows_reaches_its_owner(void **state)
{
    (void)state;
    enum { NODES = 16 };
    struct overlay config = overlay_defaults();
    struct overlay_net *o = overlay_open(&config, NODES, MILLIS(50), 0.01);
    uint8_t block[RECORDER_KIND_BLOCK];
    unsigned values, joined;
    overlay_start(o, 0, &(struct node_opts){.first = true});
    for (peer_h p = 1; p < NODES; p++) {
        overlay_run(o, SECONDS(2 * p));
        overlay_start(o, p, &(struct node_opts){0});
    }
    overlay_run(o, SECONDS(120));
    struct recorder *r = overlay_node(o, 5);
    struct id resource = r->env.port->user_of(&r->env, 5);
    struct request q = {.op = REQUEST_STORE, .tag = 1, .resource = resource, .kind = one.id, .lifetime_s = 3600, .value = (const uint8_t *)"private", .value_len = 7};
    overlay_request(o, 5, &q); /* not before it is known here */
    overlay_run(o, SECONDS(140));
    assert_false(overlay_answers(o, 5, 1, &values));
    recorder_kind_block(&one, true, block);
    assert_int_equal(recorder_kind(r, block, sizeof block), 0);
    q.tag = 2;
    overlay_request(o, 5, &q);
    overlay_run(o, SECONDS(160));
    assert_true(overlay_answers(o, 5, 2, &values));
    q = (struct request){.op = REQUEST_FETCH, .tag = 3, .resource = resource, .kind = one.id};
    overlay_request(o, 5, &q);
    overlay_run(o, SECONDS(180));
    assert_true(overlay_answers(o, 5, 3, &values));
    assert_int_equal(values, 1);
    unsigned know = 0;
    for (peer_h p = 0; p < NODES; p++)
        know += overlay_node(o, p)->kinds;
    assert_in_range(know, 3, 5); /* who asked, the owner and its two copies; nobody else had to */
    assert_int_equal(overlay_right(o, &joined), NODES);
    overlay_close(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_signed_definitions_that_fit_are_taken), cmocka_unit_test(each_model_and_policy_is_stored_and_found),
        cmocka_unit_test(their_signatures_fold),                      cmocka_unit_test(copies_teach_their_kind),
        cmocka_unit_test(a_kind_that_one_peer_knows_reaches_its_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

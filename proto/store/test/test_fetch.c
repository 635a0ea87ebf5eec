/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: Fetch, Stat and Find as RFC 6940 7.4.2 to 7.4.4 want them: specifiers of each data model, synthesized values, generations, digests, the
 * closest resource, every error; and the door's requests with what they bring. Leaves open: routing of the requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/store/test/rig.h"

#define A 10u
#define B 11u
#define SIP  KIND_SIP_REGISTRATION
#define CERT KIND_CERTIFICATE_BY_USER

static void store_one(struct rig *g, struct id resource, struct rig_item item)
{
    struct rig_store q = {.from = item.signer, .resource = resource, .items = 1, .item = {item}};
    q.item[0].lifetime_s = 600;
    q.item[0].storage_ms += 5;
    assert_int_equal(rig_store(g, &q), 0);
}

static uint16_t ask(struct rig *g, uint16_t code, struct id resource, uint32_t kind, uint64_t generation, const void *model, size_t len)
{
    uint8_t body[4096];
    size_t n = rig_specifier(body, sizeof body, resource, kind, generation, model, len);
    return rig_request(g, 3, 1, code, true, resource, body, n);
}

struct range {
    uint32_t first, last;
};

static uint16_t ask_ranges(struct rig *g, uint16_t code, unsigned n, const struct range range[])
{
    uint8_t model[1024];
    struct writer w = writer_on(model, sizeof model, false);
    struct mark m = put_open(&w, 2);
    for (unsigned k = 0; k < n; k++) {
        put_u32(&w, range[k].first);
        put_u32(&w, range[k].last);
    }
    put_close(&w, 2, m);
    return ask(g, code, rig_user(g, A), CERT, 0, model, writer_len(&w));
}

static void ranges_of_arrays(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    struct stored_data d[32];
    uint64_t generation;
    for (uint32_t i = 1; i < 6; i += 2) /* 1, 3, 5 */
        store_one(g, rig_user(g, A), (struct rig_item){.kind = CERT, .signer = A, .index = i, .value = "c"});
    assert_int_equal(ask_ranges(g, FETCH_REQ, 1, (struct range[]){{2, 3}}), 0);
    assert_int_equal(rig_values(g, d, 32, &generation), 2);
    assert_int_equal(generation, 3);
    assert_int_equal(d[0].index, 2);
    assert_false(d[0].value.exists);
    assert_int_equal(d[0].signature.identity_type, IDENTITY_NONE);
    assert_int_equal(d[0].signature.hash | d[0].signature.sig | d[0].signature.value.len, 0);
    assert_true(d[1].value.exists);
    assert_int_equal(ask_ranges(g, FETCH_REQ, 1, (struct range[]){{ARRAY_LAST, ARRAY_LAST}}), 0);
    assert_int_equal(rig_values(g, d, 32, NULL), 1);
    assert_int_equal(d[0].index, 5);
    assert_int_equal(ask_ranges(g, FETCH_REQ, 3, (struct range[]){{5, ARRAY_LAST}, {0, 0}, {3, 3}}), 0);
    assert_int_equal(rig_values(g, d, 32, NULL), 3);
    assert_int_equal(ask_ranges(g, FETCH_REQ, 1, (struct range[]){{0, ARRAY_LAST - 1}}), 0); /* beyond max-count nothing can be */
    assert_int_equal(rig_values(g, d, 32, NULL), 16);
    assert_int_equal(ask_ranges(g, FETCH_REQ, 1, (struct range[]){{16, 4000000000}}), 0);
    assert_int_equal(rig_values(g, d, 32, NULL), 0);
    assert_int_equal(ask_ranges(g, FETCH_REQ, 0, NULL), 0);
    assert_int_equal(rig_values(g, d, 32, NULL), 0);
    assert_int_equal(ask_ranges(g, FETCH_REQ, 1, (struct range[]){{3, 2}}), ERROR_INVALID_MESSAGE);
    assert_int_equal(ask_ranges(g, FETCH_REQ, 2, (struct range[]){{0, 3}, {3, 4}}), ERROR_INVALID_MESSAGE);
    assert_int_equal(ask_ranges(g, STAT_REQ, 2, (struct range[]){{2, 4}, {0, ARRAY_LAST}}), ERROR_INVALID_MESSAGE);
    rig_close(g);
}

static void an_empty_array_has_no_last_element(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    struct stored_data d[32];
    assert_int_equal(ask_ranges(g, FETCH_REQ, 1, (struct range[]){{0, ARRAY_LAST}}), 0);
    assert_int_equal(rig_values(g, d, 32, NULL), 0);
    assert_int_equal(ask_ranges(g, FETCH_REQ, 1, (struct range[]){{0, 1}}), 0);
    assert_int_equal(rig_values(g, d, 32, NULL), 2);
    rig_close(g);
}

static void keys_of_dictionaries(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    struct stored_data d[4];
    uint8_t model[64];
    struct writer w = writer_on(model, sizeof model, false);
    struct mark m = put_open(&w, 2);
    uint8_t mine[ID_BYTES];
    id_store(mine, recorder_id(g->r, A));
    put_vector(&w, 2, "who", 3);
    put_vector(&w, 2, mine, ID_BYTES);
    put_close(&w, 2, m);
    store_one(g, rig_user(g, A), (struct rig_item){.kind = SIP, .signer = A, .value = "v"});
    unsigned known = g->r->ids;
    assert_int_equal(ask(g, FETCH_REQ, rig_user(g, A), SIP, 0, model, writer_len(&w)), 0);
    assert_int_equal(rig_values(g, d, 4, NULL), 2);
    assert_memory_equal(d[0].key.b, "who", 3);
    assert_false(d[0].value.exists);
    assert_true(d[1].value.exists);
    assert_memory_equal(d[1].key.b, mine, ID_BYTES);
    assert_int_equal(g->r->ids, known); /* a key that is asked for takes no place in the host's table of ids */
    assert_int_equal(ask(g, FETCH_REQ, rig_user(g, A), SIP, 0, "\0", 2), 0);
    assert_int_equal(rig_values(g, d, 4, NULL), 1);
    assert_int_equal(ask(g, FETCH_REQ, rig_user(g, B), SIP, 0, "\0", 2), 0); /* nothing there */
    assert_int_equal(rig_values(g, d, 4, NULL), 0);
    rig_close(g);
}

static void single_values_and_generations(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    struct stored_data d[4];
    uint64_t generation;
    struct id at = rig_node(g, A, 3);
    assert_int_equal(ask(g, FETCH_REQ, at, KIND_TURN_SERVICE, 0, NULL, 0), 0);
    assert_int_equal(rig_values(g, d, 4, &generation), 1);
    assert_false(d[0].value.exists);
    assert_int_equal(generation, 0);
    store_one(g, at, (struct rig_item){.kind = KIND_TURN_SERVICE, .signer = A, .value = "one"});
    store_one(g, at, (struct rig_item){.kind = KIND_TURN_SERVICE, .signer = A, .storage_ms = 1, .value = "two"});
    assert_int_equal(ask(g, FETCH_REQ, at, KIND_TURN_SERVICE, 1, NULL, 0), 0);
    assert_int_equal(rig_values(g, d, 4, &generation), 1);
    assert_memory_equal(d[0].value.value.b, "two", 3);
    assert_int_equal(generation, 2);
    assert_int_equal(ask(g, FETCH_REQ, at, KIND_TURN_SERVICE, 2, NULL, 0), 0); /* seen already */
    assert_int_equal(rig_values(g, d, 4, &generation), 0);
    assert_int_equal(generation, 2);
    assert_int_equal(ask(g, FETCH_REQ, at, 0xf0000005, 0, "abc", 3), ERROR_UNKNOWN_KIND);
    struct error_body e;
    assert_int_equal(error_read(g->last->body, &e), 0);
    assert_int_equal(e.info.len, 5);
    assert_memory_equal(e.info.b, "\x04\xf0\0\0\x05", 5);
    assert_int_equal(ask(g, STAT_REQ, at, 0xf0000005, 0, "abc", 3), ERROR_UNKNOWN_KIND);
    rig_close(g);
}

static void answers_that_would_be_too_long_are_refused(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    char big[1500];
    memset(big, 'x', sizeof big);
    store_one(g, rig_user(g, A), (struct rig_item){.kind = CERT, .signer = A, .index = 0, .value = big, .value_len = 1500});
    assert_int_equal(ask_ranges(g, FETCH_REQ, 1, (struct range[]){{0, ARRAY_LAST}}), 0);
    g->max_response = 2000;
    assert_int_equal(ask_ranges(g, FETCH_REQ, 1, (struct range[]){{0, ARRAY_LAST}}), ERROR_RESPONSE_TOO_LARGE);
    assert_int_equal(ask_ranges(g, STAT_REQ, 1, (struct range[]){{0, ARRAY_LAST}}), 0);
    g->max_response = 0;
    for (uint32_t i = 1; i < 4; i++)
        store_one(g, rig_user(g, A), (struct rig_item){.kind = CERT, .signer = A, .index = i, .value = big, .value_len = 1500});
    assert_int_equal(ask_ranges(g, FETCH_REQ, 1, (struct range[]){{0, ARRAY_LAST}}), ERROR_RESPONSE_TOO_LARGE); /* above max-message-size */
    assert_int_equal(ask_ranges(g, FETCH_REQ, 1, (struct range[]){{2, 2}}), 0);
    rig_close(g);
}

static void stat_tells_lengths_and_digests(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    uint8_t digest[32];
    struct reader r;
    struct kind_data k;
    struct metadata m;
    uint32_t end;
    store_one(g, rig_user(g, A), (struct rig_item){.kind = CERT, .signer = A, .index = 1, .value = "hello"});
    assert_int_equal(ask_ranges(g, STAT_REQ, 1, (struct range[]){{0, ARRAY_LAST}}), 0);
    assert_int_equal(g->last->code, STAT_ANS);
    r = g->last->body;
    assert_int_equal(fetch_ans_begin(&r, &end), 0);
    assert_int_equal(kind_data_next(&r, &k), 0);
    assert_int_equal(k.generation, 1);
    assert_int_equal(metadata_read(&r, MODEL_ARRAY, &m), 0);
    assert_false(m.exists);
    assert_int_equal(m.index, 0);
    assert_int_equal(m.data_length, 0);
    assert_int_equal(metadata_read(&r, MODEL_ARRAY, &m), 0);
    assert_true(m.exists);
    assert_int_equal(m.storage_time_ms, 5);
    assert_in_range(m.lifetime_s, 599, 600);
    assert_int_equal(m.data_length, 5);
    assert_int_equal(m.hash_algorithm, HASH_SHA256);
    g->r->env.port->hash(&g->r->env, HASH_SHA256, &(struct piece){"\0\0\0\5hello", 9}, 1, digest);
    assert_int_equal(m.hash.len, 32);
    assert_memory_equal(m.hash.b, digest, 32);
    assert_int_equal(r.true_pos, end);
    rig_close(g);
}

/* ---- Find ---- */

static uint16_t find(struct rig *g, bool to_resource, struct id from, unsigned n, const uint32_t kind[], struct id out[])
{
    uint8_t body[ID_BYTES + 300], id[ID_BYTES], list[256];
    struct writer w = writer_on(body, sizeof body, false);
    id_store(id, from);
    for (unsigned k = 0; k < n; k++)
        store_be32(list + 4 * k, kind[k]);
    find_req_put(&w, &(struct find_req){.resource = {id, ID_BYTES}, .kinds = {list, 4 * n}});
    uint16_t error = rig_request(g, 3, 1, FIND_REQ, to_resource, to_resource ? from : recorder_id(g->r, RIG_SELF), body, writer_len(&w));
    if (error)
        return error;
    struct list_body x;
    struct find_result result;
    assert_int_equal(find_ans_read(g->last->body, &x), 0);
    struct reader r = reader_on(x.items.b, x.items.len, false);
    for (unsigned k = 0; k < n; k++) {
        assert_int_equal(find_result_read(&r, &result), 0);
        assert_int_equal(result.kind, kind[k]);
        assert_int_equal(result.closest.len, ID_BYTES);
        out[k] = id_load(result.closest.b);
    }
    assert_int_equal(reader_left(&r), 0);
    return 0;
}

static int by_id(const void *a, const void *b)
{
    return id_compare(*(const struct id *)a, *(const struct id *)b);
}

static void find_walks_the_resources(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    struct id at[8], out[3];
    static const uint32_t kind[] = {SIP, CERT, 0xf0000001};
    for (peer_h p = 0; p < 8; p++) {
        at[p] = rig_user(g, 20 + p);
        store_one(g, at[p], (struct rig_item){.kind = SIP, .signer = 20 + p, .value = "v"});
    }
    store_one(g, rig_user(g, 30), (struct rig_item){.kind = SIP, .signer = 30, .value = NULL}); /* removed: no resource */
    store_one(g, at[3], (struct rig_item){.kind = CERT, .signer = 23, .value = "v"});
    struct id cert = at[3];
    qsort(at, 8, sizeof *at, by_id);
    struct id here = {0, 0};
    for (unsigned k = 0; k <= 8; k++) { /* R' = closest(R + 1), round and round */
        assert_int_equal(find(g, true, here, 3, kind, out), 0);
        assert_true(id_equal(out[0], at[k % 8]));
        assert_true(id_equal(out[1], cert));
        assert_true(id_is_zero(out[2]));
        here = id_next(out[0]);
    }
    assert_int_equal(find(g, true, at[5], 1, kind, out), 0);
    assert_true(id_equal(out[0], at[5])); /* the id itself counts */
    static const uint32_t twice[] = {SIP, CERT, SIP};
    assert_int_equal(find(g, true, at[5], 3, twice, out), ERROR_INVALID_MESSAGE);
    rig_close(g);
}

static void find_elsewhere_finds_nothing(void **state)
{
    (void)state;
    struct rig *g = rig_open(6);
    struct id out[1];
    static const uint32_t kind[] = {SIP};
    assert_int_equal(find(g, false, recorder_id(g->r, 1), 1, kind, out), ERROR_NOT_FOUND);
    assert_int_equal(find(g, false, recorder_id(g->r, RIG_SELF), 1, kind, out), 0);
    assert_true(id_is_zero(out[0]));
    rig_close(g);
}

/* ---- the door: a node that is alone answers itself ---- */

static const struct found *door(struct rig *g, struct request q, unsigned *founds)
{
    recorder_forget(g->r);
    g->sent = 0;
    q.tag = 77;
    recorder_request(g->r, &q);
    assert_int_equal(recorder_count_facts(g->r, FACT_REQUEST_ANSWERED) + recorder_count_facts(g->r, FACT_REQUEST_FAILED), 1);
    *founds = g->r->founds;
    for (unsigned k = 0; k < g->r->founds; k++)
        assert_int_equal(g->r->found[k].tag, 77);
    return g->r->founds ? &g->r->found[g->r->founds - 1].found : NULL;
}

static unsigned answered_values(const struct rig *g)
{
    const struct recorded_fact *f = recorder_last_fact(g->r, FACT_REQUEST_ANSWERED);
    assert_non_null(f);
    return FACT_ANSWER_VALUES(f->b);
}

static void the_door_knows_every_kind(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    unsigned n;
    struct id user = rig_user(g, RIG_SELF), turn = rig_node(g, RIG_SELF, 1);
    const struct found *f = door(g, (struct request){.op = REQUEST_STORE, .resource = user, .kind = CERT, .lifetime_s = 60, .index = ARRAY_LAST,
                                                     .value = (const uint8_t *)"old", .value_len = 3}, &n);
    assert_int_equal(f->generation, 1);
    recorder_set_now(g->r, SECONDS(1));
    f = door(g, (struct request){.op = REQUEST_STORE, .resource = user, .kind = CERT, .lifetime_s = 60, .index = ARRAY_LAST, .generation = 1,
                                 .value = (const uint8_t *)"new", .value_len = 3}, &n);
    assert_int_equal(f->generation, 2);
    f = door(g, (struct request){.op = REQUEST_FETCH, .resource = user, .kind = CERT}, &n);
    assert_int_equal(n, 2);
    assert_int_equal(answered_values(g), 2);
    assert_int_equal(f->index, 1);
    assert_memory_equal(f->value, "new", 3);
    f = door(g, (struct request){.op = REQUEST_FETCH, .resource = user, .kind = CERT, .some = true, .index = 0, .last = 0}, &n);
    assert_int_equal(n, 1);
    assert_memory_equal(f->value, "old", 3);
    f = door(g, (struct request){.op = REQUEST_STAT, .resource = user, .kind = CERT, .some = true, .index = ARRAY_LAST, .last = ARRAY_LAST}, &n);
    assert_int_equal(n, 1);
    assert_int_equal(f->index, 1);
    assert_int_equal(f->size, 3);
    assert_int_equal(f->value_len, 32);
    f = door(g, (struct request){.op = REQUEST_FIND, .resource = {5, 5}, .kind = CERT}, &n);
    assert_true(id_equal(f->resource, user));
    door(g, (struct request){.op = REQUEST_FIND, .resource = {5, 5}, .kind = SIP}, &n);
    assert_int_equal(answered_values(g), 0);
    recorder_set_now(g->r, SECONDS(2));
    door(g, (struct request){.op = REQUEST_STORE, .resource = user, .kind = CERT, .lifetime_s = 60, .index = 1, .remove = true}, &n);
    f = door(g, (struct request){.op = REQUEST_FETCH, .resource = user, .kind = CERT}, &n);
    assert_int_equal(n, 2);
    assert_int_equal(answered_values(g), 1);
    assert_false(f->exists);
    assert_int_equal(f->signer, RIG_SELF);
    door(g, (struct request){.op = REQUEST_STORE, .resource = turn, .kind = KIND_TURN_SERVICE, .lifetime_s = 60, .value = (const uint8_t *)"t",
                             .value_len = 1}, &n);
    door(g, (struct request){.op = REQUEST_FETCH, .resource = turn, .kind = KIND_TURN_SERVICE}, &n);
    assert_int_equal(answered_values(g), 1);
    door(g, (struct request){.op = REQUEST_STORE, .resource = user, .kind = SIP, .lifetime_s = 60, .value = (const uint8_t *)"s", .value_len = 1}, &n);
    f = door(g, (struct request){.op = REQUEST_FETCH, .resource = user, .kind = SIP, .some = true, .key = recorder_id(g->r, RIG_SELF)}, &n);
    assert_true(f->exists);
    f = door(g, (struct request){.op = REQUEST_FETCH, .resource = user, .kind = SIP, .some = true, .key = recorder_id(g->r, B)}, &n);
    assert_false(f->exists);
    assert_int_equal(answered_values(g), 0);
    door(g, (struct request){.op = REQUEST_STORE, .resource = user, .kind = 0xf0000001, .lifetime_s = 60}, &n);
    assert_int_equal(recorder_count_facts(g->r, FACT_REQUEST_FAILED), 1);
    door(g, (struct request){.op = REQUEST_FETCH, .resource = user, .kind = 0xf0000001}, &n);
    assert_int_equal(recorder_last_fact(g->r, FACT_REQUEST_FAILED)->b & 0xffff, ERROR_UNKNOWN_KIND);
    door(g, (struct request){.op = REQUEST_STORE, .resource = user, .kind = SIP, .lifetime_s = 60, .generation = 7, .value = (const uint8_t *)"s",
                             .value_len = 1}, &n);
    assert_int_equal(recorder_last_fact(g->r, FACT_REQUEST_FAILED)->b & 0xffff, ERROR_GENERATION_COUNTER_TOO_LOW);
    rig_close(g);
}

/* Values whose signature or place is wrong are discarded, and that is said (7.4.2.2). */
static void forged_values_do_not_reach_the_asker(void **state)
{
    (void)state;
    struct rig *g = rig_open(6);
    struct node_view v;
    node_look(g->r->node, &g->r->env, &v);
    peer_h p = 20, next = v.successor[0];
    while (!id_in_range(recorder_id(g->r, RIG_SELF), rig_user(g, p), recorder_id(g->r, next)))
        p++;
    assert_true(p < RECORDER_PEERS);
    recorder_request(g->r, &(struct request){.op = REQUEST_FETCH, .tag = 5, .resource = rig_user(g, p), .kind = CERT});
    rig_pump(g);
    assert_int_equal(rig_count(g, FETCH_REQ, next), 1);
    struct rig_seen question = *rig_nth(g, FETCH_REQ, next, 0);
    uint8_t body[2048];
    struct writer w = writer_on(body, sizeof body, true);
    struct mark all = fetch_ans_open(&w), one = kind_data_open(&w, CERT, 3);
    struct rig_item item = {.kind = CERT, .signer = p, .storage_ms = 8, .lifetime_s = 90, .value = "good"};
    rig_item_put(g, &w, rig_user(g, p), &item);
    item.index = 1;
    item.flipped = true; /* not signed like that */
    rig_item_put(g, &w, rig_user(g, p), &item);
    item = (struct rig_item){.kind = CERT, .signer = next, .storage_ms = 8, .lifetime_s = 90, .index = 2, .value = "mine"}; /* not its place */
    rig_item_put(g, &w, rig_user(g, p), &item);
    item = (struct rig_item){.kind = CERT, .storage_ms = 8, .index = 3, .value = "bytes of nobody", .anonymous = true};
    rig_item_put(g, &w, rig_user(g, p), &item);
    kind_data_close(&w, one);
    put_close(&w, 4, all);
    rig_answer(g, &question, FETCH_ANS, body, writer_len(&w), writer_true(&w));
    assert_int_equal(g->r->founds, 1);
    assert_memory_equal(g->r->found[0].found.value, "good", 4);
    assert_int_equal(answered_values(g), 1);
    assert_int_equal(recorder_count_facts(g->r, FACT_DROPPED), 3);
    rig_close(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_of_arrays),
        cmocka_unit_test(an_empty_array_has_no_last_element),
        cmocka_unit_test(keys_of_dictionaries),
        cmocka_unit_test(single_values_and_generations),
        cmocka_unit_test(answers_that_would_be_too_long_are_refused),
        cmocka_unit_test(stat_tells_lengths_and_digests),
        cmocka_unit_test(find_walks_the_resources),
        cmocka_unit_test(find_elsewhere_finds_nothing),
        cmocka_unit_test(forged_values_do_not_reach_the_asker),
        cmocka_unit_test(the_door_knows_every_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

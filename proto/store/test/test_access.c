/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: who may store what where, for each access control policy of RFC 6940 7.3 and RFC 7374 5, and that the table of Kinds agrees with the
 * codecs. Leaves open: certificates (modelled crypto has one identity per peer, which never expires). */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "proto/store/kind.h"
#include "proto/store/test/rig.h"

#define A 10u
#define B 11u

static uint16_t store_one(struct rig *g, peer_h from, struct id resource, struct rig_item item)
{
    struct rig_store q = {.from = from, .resource = resource, .items = 1, .item = {item}};
    if (!q.item[0].lifetime_s)
        q.item[0].lifetime_s = 600;
    return rig_store(g, &q);
}

static void the_table_of_kinds_agrees_with_the_codecs(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    struct call c = {.n = g->r->node, .env = &g->r->env};
    for (unsigned k = 0; k < KINDS; k++) {
        assert_int_equal(kinds[k].model, kind_model(kinds[k].id));
        assert_int_equal(kind_find(&c, kinds[k].id), k);
        if (kinds[k].model == MODEL_DICTIONARY) /* the key must be the signer's Node-ID: no key is kept */
            assert_true(kinds[k].access == ACCESS_USER_NODE_MATCH || kinds[k].access == ACCESS_NODE_ID_MATCH);
        assert_true(kinds[k].access != ACCESS_NODE_MULTIPLE || kinds[k].max_node_multiple > 0);
    }
    assert_int_equal(kind_find(&c, 0xf0000001), KIND_UNKNOWN);
    rig_close(g);
}

static void user_node_match(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    struct id other = recorder_id(g->r, B);
    struct rig_item good = {.kind = KIND_SIP_REGISTRATION, .signer = A, .storage_ms = 5, .value = "x"}, bad = good;
    bad.key = &other; /* another's entry */
    assert_int_equal(store_one(g, A, rig_user(g, A), bad), ERROR_FORBIDDEN);
    assert_int_equal(store_one(g, A, rig_user(g, B), good), ERROR_FORBIDDEN); /* another's resource */
    assert_int_equal(store_one(g, B, rig_user(g, A), good), ERROR_FORBIDDEN); /* a true value brought by somebody else */
    bad = good;
    bad.signer = B;
    assert_int_equal(store_one(g, A, rig_user(g, A), bad), ERROR_FORBIDDEN);
    bad = good;
    bad.flipped = true;
    assert_int_equal(store_one(g, A, rig_user(g, A), bad), ERROR_FORBIDDEN);
    bad = good;
    bad.anonymous = true;
    assert_int_equal(store_one(g, A, rig_user(g, A), bad), ERROR_FORBIDDEN);
    assert_int_equal(rig_held(g), 0);
    assert_int_equal(store_one(g, A, rig_user(g, A), good), 0);
    assert_int_equal(rig_held(g), 1);
    rig_close(g);
}

static void user_match(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    struct rig_item item = {.kind = KIND_CERTIFICATE_BY_USER, .signer = A, .storage_ms = 5, .value = "der"};
    assert_int_equal(store_one(g, A, rig_user(g, A), item), 0);
    assert_int_equal(store_one(g, B, rig_user(g, A), item), ERROR_FORBIDDEN);
    item.signer = B;
    assert_int_equal(store_one(g, B, rig_user(g, A), item), ERROR_FORBIDDEN);
    assert_int_equal(store_one(g, B, rig_node(g, B, 0), item), ERROR_FORBIDDEN);
    rig_close(g);
}

static void node_match(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    struct rig_item item = {.kind = KIND_CERTIFICATE_BY_NODE, .signer = A, .storage_ms = 5, .value = "der"};
    assert_int_equal(store_one(g, A, rig_node(g, A, 0), item), 0);
    assert_int_equal(store_one(g, A, rig_node(g, A, 1), item), ERROR_FORBIDDEN);
    assert_int_equal(store_one(g, A, recorder_id(g->r, A), item), ERROR_FORBIDDEN); /* the Node-ID itself is not its hash */
    assert_int_equal(store_one(g, A, rig_user(g, A), item), ERROR_FORBIDDEN);
    assert_int_equal(store_one(g, B, rig_node(g, A, 0), item), ERROR_FORBIDDEN);
    item.signer = B;
    assert_int_equal(store_one(g, B, rig_node(g, A, 0), item), ERROR_FORBIDDEN);
    rig_close(g);
}

static void node_multiple(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    struct rig_item item = {.kind = KIND_TURN_SERVICE, .signer = A, .storage_ms = 5, .value = "turn"};
    assert_int_equal(store_one(g, A, rig_node(g, A, 1), item), 0);
    assert_int_equal(store_one(g, A, rig_node(g, A, 20), item), 0);
    assert_int_equal(store_one(g, A, rig_node(g, A, 21), item), ERROR_FORBIDDEN); /* max-node-multiple */
    assert_int_equal(store_one(g, A, rig_node(g, A, 0), item), ERROR_FORBIDDEN);
    assert_int_equal(store_one(g, B, rig_node(g, A, 1), item), ERROR_FORBIDDEN);
    rig_close(g);
}

/* RedirServiceProvider of namespace "turn" at this place of the tree, and its Resource-ID. */
static uint32_t redir(struct rig *g, uint16_t level, uint16_t node, char value[32], struct id *resource)
{
    uint8_t digest[20], name[8] = "turn";
    struct writer w = writer_on(value, 32, false);
    put_u8(&w, 0);
    put_u16(&w, 0);
    put_vector(&w, 2, "turn", 4);
    put_u16(&w, level);
    put_u16(&w, node);
    put_u16(&w, 0);
    store_be16(name + 4, level);
    store_be16(name + 6, node);
    g->r->env.port->hash(&g->r->env, HASH_SHA1, &(struct piece){name, 8}, 1, digest);
    *resource = id_load(digest);
    return writer_len(&w);
}

static void node_id_match(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    char value[32];
    struct id at, elsewhere, other = recorder_id(g->r, B);
    for (uint16_t level = 0; level < 4; level++) {
        uint64_t parts = 1;
        for (unsigned k = 0; k < level; k++)
            parts *= 10;
        uint16_t node = (uint16_t)((recorder_id(g->r, A).hi >> 32) * parts >> 32);
        struct rig_item item = {.kind = KIND_REDIR, .signer = A, .storage_ms = 5, .value = value};
        item.value_len = redir(g, level, node, value, &at);
        assert_int_equal(store_one(g, A, at, item), 0);
        struct rig_item bad = item;
        bad.key = &other;
        bad.storage_ms = 6;
        assert_int_equal(store_one(g, A, at, bad), ERROR_FORBIDDEN);
        assert_int_equal(store_one(g, A, rig_user(g, A), item), ERROR_FORBIDDEN);
        if (level > 0) { /* the tree node beside: a valid value at its own place, but not where this Node-ID belongs */
            item.value_len = redir(g, level, node ? node - 1 : 1, value, &elsewhere);
            assert_int_equal(store_one(g, A, elsewhere, item), ERROR_FORBIDDEN);
        }
        bad = item;
        bad.value = NULL;
        bad.storage_ms = 7;
        assert_int_equal(store_one(g, A, at, bad), 0); /* to remove, the key is enough */
    }
    struct rig_item item = {.kind = KIND_REDIR, .signer = A, .storage_ms = 5, .value = value};
    item.value_len = redir(g, 60000, 0, value, &at);
    assert_int_equal(store_one(g, A, at, item), ERROR_FORBIDDEN);
    item.value_len = redir(g, 0, 0, value, &at) - 1;
    assert_int_equal(store_one(g, A, at, item), ERROR_FORBIDDEN); /* torn */
    rig_close(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_of_kinds_agrees_with_the_codecs),
        cmocka_unit_test(user_node_match),
        cmocka_unit_test(user_match),
        cmocka_unit_test(node_match),
        cmocka_unit_test(node_multiple),
        cmocka_unit_test(node_id_match),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

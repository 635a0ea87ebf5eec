/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins, in each mode of cryptography: a published Kind is known to whom it was taught and to nobody else, over sessions; its kind-block, in whatever way it arrives, puts
 * it in force; altered in any byte, signed by another, or cut it does not; other definitions under its id, registered Kinds and Kinds that no peer can keep are
 * refused even when well signed. Leaves open: how blocks travel and values are stored (proto/store/test/test_kind.c). */
#include "sim/net/test/rig.h"

#include <string.h>

#include "proto/base/error.h"
#include "proto/kind.h"
#include "sim/crypto/document.h"
#include "sim/net/host.h"

static const enum crypto_mode modes[] = {CRYPTO_MODELLED, CRYPTO_OPENSSL, CRYPTO_NONE};
static const struct value_kind first = {.id = 0xf0000001, .model = MODEL_ARRAY, .access = ACCESS_NODE_MULTIPLE, .max_count = 22, .max_size = 4, .max_node_multiple = 3};
static const struct value_kind second = {.id = 0xfffffffe, .model = MODEL_SINGLE, .access = ACCESS_USER_MATCH, .max_count = 1, .max_size = 2000};

static struct rig *open_in(enum crypto_mode mode)
{
    struct rig *r = rig_new();
    r->script.overlay.crypto = mode;
    r->script.overlay.self_signed = mode == CRYPTO_NONE ? HASH_SHA1 : 0;
    r->config.identities = 4;
    r->config.sign_ns = r->config.verify_ns = 0;
    rig_open(r);
    rig_start(r, 2);
    rig_start(r, 3);
    return r;
}

/* A kind-block of this definition, signed by this identity. */
static struct piece block_of(struct rig *r, const struct value_kind *k, peer_h by, char text[KIND_BLOCK_MAX])
{
    uint8_t block[DOCUMENT_BLOCK_MAX];
    size_t blob, len = kind_block_begin(k, text, KIND_BLOCK_MAX, &blob);
    size_t block_len = crypto_block(r->net->part[0], by, (uint8_t *)text + blob, len - blob, block, sizeof block);
    return (struct piece){text, kind_block_end(text, len, KIND_BLOCK_MAX, block, block_len)};
}

static void blocks_are_read_and_kept(void **state)
{
    (void)state;
    size_t len[3];
    for (unsigned m = 0; m < 3; m++) {
        struct rig *r = open_in(modes[m]);
        struct env *env;
        uint8_t copy[KIND_BLOCK_MAX];
        net_node(r->net, 2, &env);
        assert_null(env->port->kind(env, 0));
        assert_int_equal(net_publish_kind(r->net, &first), 0);
        assert_int_equal(net_publish_kind(r->net, &second), 1);
        net_teach_kind(r->net, 3, 0);
        assert_null(env->port->kind(env, 0));
        net_node(r->net, 3, &env);
        assert_true(kind_equal(env->port->kind(env, 0), &first));
        assert_null(env->port->kind(env, 1));
        assert_int_equal(env->port->kind_block(env, 1).len, 0);
        struct piece b = env->port->kind_block(env, 0);
        len[m] = b.len;
        memcpy(copy, b.b, b.len);
        net_node(r->net, 2, &env);
        for (unsigned k = 0; k < b.len; k += 11) {
            copy[k] ^= 1;
            assert_int_not_equal(env->port->kind_adopt(env, (struct piece){copy, b.len}), 0);
            copy[k] ^= 1;
        }
        for (unsigned k = 0; k < b.len; k += 97)
            assert_int_equal(env->port->kind_adopt(env, (struct piece){copy, k}), ERR_VALUE);
        assert_null(env->port->kind(env, 0));
        assert_int_equal(env->port->kind_adopt(env, (struct piece){copy, b.len}), 0);
        assert_true(kind_equal(env->port->kind(env, 0), &first));
        rig_stop(r, 2);
        rig_start(r, 2);
        net_node(r->net, 2, &env);
        assert_true(kind_equal(env->port->kind(env, 0), &first));
        rig_close(r);
    }
    assert_int_equal(len[0], len[1]); /* a modelled signature has the size of a true one */
}

static void what_may_not_be_is_refused(void **state)
{
    (void)state;
    for (unsigned m = 0; m < 3; m++) {
        struct rig *r = open_in(modes[m]);
        struct env *env;
        char text[KIND_BLOCK_MAX];
        struct value_kind k = first;
        net_publish_kind(r->net, &first);
        net_node(r->net, 2, &env);
        assert_int_equal(env->port->kind_adopt(env, block_of(r, &first, 1, text)), ERR_SIGNATURE); /* no kind-signer */
        k.max_count++;
        assert_int_equal(env->port->kind_adopt(env, block_of(r, &k, 0, text)), ERR_FORBIDDEN); /* the id is taken */
        assert_int_equal(env->port->kind_adopt(env, block_of(r, &second, 0, text)), ERR_SIGNATURE); /* of no publication of this run */
        k.id = 1;
        assert_int_equal(env->port->kind_adopt(env, block_of(r, &k, 0, text)), ERR_FORBIDDEN);
        k = (struct value_kind){.id = 0xf0000009, .model = MODEL_DICTIONARY, .access = ACCESS_USER_MATCH, .max_count = 1, .max_size = 1};
        assert_int_equal(env->port->kind_adopt(env, block_of(r, &k, 0, text)), ERR_UNKNOWN); /* keys that are free */
        k.model = MODEL_SINGLE;
        k.max_size = KIND_SIZE_MAX + 1;
        assert_int_equal(env->port->kind_adopt(env, block_of(r, &k, 0, text)), ERR_VALUE);
        assert_null(env->port->kind(env, 0));
        assert_int_equal(env->port->kind_adopt(env, block_of(r, &first, 0, text)), 0);
        rig_close(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(blocks_are_read_and_kept), cmocka_unit_test(what_may_not_be_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

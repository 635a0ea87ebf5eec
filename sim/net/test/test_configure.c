/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins, in each mode of cryptography: a published document is read and adopted by whom it reaches, has the sequence and size of its configuration, and changes
 * what its holder alone is told; altered by a bit anywhere, signed by another than the configuration-signer, for another overlay, or of another
 * run, it is refused; devices keep theirs over sessions. A signature that a node makes covers its input, signer and, in each mode, is void
 * when its certificate has expired. Leaves open: the spread over a ring (proto/reload/test/test_configuration.c, sim/world/test/test_configure.sh). */
#include "sim/net/test/rig.h"

#include <string.h>

#include "proto/base/error.h"
#include "sim/crypto/document.h"
#include "sim/net/host.h"

static const enum crypto_mode modes[] = {CRYPTO_MODELLED, CRYPTO_OPENSSL, CRYPTO_NONE};

static struct rig *open_in(enum crypto_mode mode, uint64_t seed, uint64_t epoch_ms)
{
    struct rig *r = rig_new();
    r->script.overlay.crypto = mode;
    r->script.overlay.self_signed = mode == CRYPTO_NONE ? HASH_SHA1 : 0;
    r->script.overlay.sequence = 65534;
    r->script.overlay.initial_ttl = 100;
    r->script.overlay.max_message_size = 5000;
    r->script.overlay.reliability_timer = SECONDS(3);
    r->config.identities = 4;
    r->config.seed = seed;
    r->config.epoch_ms = epoch_ms;
    r->config.sign_ns = r->config.verify_ns = 0;
    rig_open(r);
    rig_start(r, 2);
    rig_start(r, 3);
    return r;
}

#define EPOCH UINT64_C(1255910400000)

static void documents_are_read_and_adopted(void **state)
{
    (void)state;
    size_t len[3];
    for (unsigned m = 0; m < 3; m++) {
        struct rig *r = open_in(modes[m], 1, EPOCH);
        struct env *env;
        /* A fake node finds its script behind its overlay: room for that after the last one. */
        struct {
            struct overlay of[2];
            struct script behind;
        } documents = {.of = {r->script.overlay, r->script.overlay}};
        struct overlay *all = documents.of;
        uint16_t sequence = 7;
        uint8_t copy[DOCUMENT_MAX];
        net_node(r->net, 2, &env);
        assert_int_equal(env->port->document(env).len, 0); /* none was published */
        all[1].sequence = 0;
        all[1].initial_ttl = 60;
        assert_int_equal(net_publish(r->net, &all[0]), 0);
        assert_int_equal(net_publish(r->net, &all[1]), 1);
        net_configure(r->net, all, NULL, NULL);
        net_hold(r->net, 3, 1);
        net_node(r->net, 3, &env);
        struct piece d = env->port->document(env);
        assert_int_equal(env->port->overlay(env, 0)->initial_ttl, 60);
        len[m] = d.len;
        assert_true(d.len > 2000 && d.len <= sizeof copy);
        memcpy(copy, d.b, d.len);
        net_node(r->net, 2, &env);
        assert_int_equal(env->port->overlay(env, 0)->initial_ttl, 100);
        assert_int_equal(env->port->overlay(env, 0)->sequence, 65534);
        for (unsigned k = 0; k < d.len; k += 13) { /* altered, before and after the true one is known here */
            copy[k] ^= 1;
            assert_int_not_equal(env->port->document_read(env, (struct piece){copy, d.len}, &sequence), 0);
            copy[k] ^= 1;
        }
        assert_int_equal(env->port->document_read(env, (struct piece){copy, d.len}, &sequence), 0);
        assert_int_equal(sequence, 0);
        copy[200] ^= 1;
        assert_int_not_equal(env->port->document_read(env, (struct piece){copy, d.len}, &sequence), 0);
        copy[200] ^= 1;
        env->port->configure(env, (struct piece){copy, d.len});
        assert_int_equal(env->port->overlay(env, 0)->sequence, 0);
        assert_int_equal(net_held(r->net, 2), 1);
        assert_int_equal(net_held(r->net, 1), 0);
        rig_stop(r, 2);
        rig_start(r, 2);
        net_node(r->net, 2, &env);
        assert_int_equal(env->port->overlay(env, 0)->initial_ttl, 60);
        rig_close(r);
        /* Another run's operator signs for his own overlay only. */
        r = open_in(modes[m], 2, EPOCH);
        net_publish(r->net, &all[0]);
        net_node(r->net, 2, &env);
        assert_int_equal(env->port->document_read(env, (struct piece){copy, d.len}, &sequence), ERR_SIGNATURE);
        rig_close(r);
    }
    assert_int_equal(len[0], len[1]); /* a modelled signature has the size of a true one */
}

static void the_signer_is_the_configuration_signer(void **state)
{
    (void)state;
    for (unsigned m = 0; m < 3; m++) {
        struct rig *r = open_in(modes[m], 1, EPOCH);
        struct env *env;
        char text[DOCUMENT_MAX];
        uint8_t block[DOCUMENT_BLOCK_MAX];
        uint16_t sequence;
        for (peer_h by = 0; by < 2; by++) {
            size_t blob, len = document_begin(&r->script.overlay, net_id(r->net, by), text, sizeof text, &blob);
            size_t block_len = crypto_block(r->net->part[0], by, (uint8_t *)text + blob, len - blob, block, sizeof block);
            net_node(r->net, 2, &env);
            assert_int_equal(crypto_block_check(env, net_id(r->net, by), (uint8_t *)text + blob, len - blob, block, block_len), 0);
            assert_int_equal(crypto_block_check(env, net_id(r->net, 1 - by), (uint8_t *)text + blob, len - blob, block, block_len), ERR_SIGNATURE);
            len = document_end(text, len, sizeof text, block, block_len);
            assert_int_not_equal(env->port->document_read(env, (struct piece){text, len}, &sequence), 0); /* well made, but never published; by 1: not its right */
        }
        rig_close(r);
    }
}

static void certificates_expire_in_each_mode(void **state)
{
    (void)state;
    static const uint64_t epochs[] = {EPOCH, UINT64_C(2556144000000), UINT64_C(915148800000)}; /* now, 2051, 1999 */
    for (unsigned m = 0; m < 3; m++) {
        for (unsigned k = 0; k < 3; k++) {
            struct rig *r = open_in(modes[m], 1, epochs[k]);
            struct env *env;
            struct signature s;
            struct piece input = {"input", 5}, other = {"inputs", 6};
            net_node(r->net, 2, &env);
            assert_int_equal(env->port->sign(env, &input, 1, &s), 0);
            if (modes[m] == CRYPTO_OPENSSL)
                s.signer = env->port->certified(env, env->port->certificate(env, 2), 0);
            assert_int_equal(env->port->verify(env, &input, 1, &s), k == 0 ? 0 : ERR_SIGNATURE);
            assert_int_equal(env->port->verify(env, &other, 1, &s), ERR_SIGNATURE);
            s.signer = 3;
            assert_int_equal(env->port->verify(env, &input, 1, &s), ERR_SIGNATURE);
            rig_close(r);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_are_read_and_adopted),
        cmocka_unit_test(the_signer_is_the_configuration_signer),
        cmocka_unit_test(certificates_expire_in_each_mode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

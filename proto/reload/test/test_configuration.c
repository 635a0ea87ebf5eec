/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: order of sequences on their circle of 65535; who is told of an older or a newer configuration and who sends his; a ConfigUpdate is taken if it is
 * newer and well signed, else ignored or refused; requests that were refused for their sequence are repeated under the new one; a
 * configuration given to one peer of a ring reaches all, over the wrap too; whom it revokes (bad-node) loses its links and its word, and the ring closes over it. Documents are the recorder's stand-ins; true ones are in
 * sim/crypto/test. Leaves open: Kinds by ConfigUpdate (proto/store/test/test_kind.c). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "proto/fact.h"
#include "proto/reload/configuration.h"
#include "proto/test/overlay.h"
#include "proto/test/stage.h"

static void sequences_are_a_circle(void **state)
{
    (void)state;
    assert_int_equal(configuration_compare(5, 5), 0);
    assert_true(configuration_compare(6, 5) > 0 && configuration_compare(5, 6) < 0);
    assert_true(configuration_compare(0, 65534) > 0 && configuration_compare(65534, 0) < 0);
    assert_true(configuration_compare(32767, 0) > 0 && configuration_compare(32768, 0) < 0);
    for (uint32_t a = 0; a < 65535; a += 17)
        for (uint32_t ahead = 1; ahead < 65535; ahead += 4093)
            assert_int_equal(configuration_compare((uint16_t)((a + ahead) % 65535), (uint16_t)a), ahead <= 32767 ? 1 : -1);
}

static void document(uint8_t b[8], uint16_t sequence, bool signed_well)
{
    memcpy(b, "C..G more", 8);
    store_be16(b + 1, sequence);
    if (!signed_well)
        b[3] = 'B';
}

/* A ConfigUpdate with this document and sequence in its header; the error of its answer, 0 = ConfigUpdateAns, UINT16_MAX = none. */
static uint16_t update(struct stage *s, uint64_t tid, uint16_t header_sequence, uint8_t type, const uint8_t *doc, uint32_t len)
{
    uint8_t body[64], b[4096];
    uint32_t true_len;
    struct sent last;
    struct writer w = writer_on(body, sizeof body, false);
    config_update_req_put(&w, &(struct config_update_req){.type = type, .data = {doc, len}});
    stage_forget(s);
    struct letter l = {.signer = 1, .tid = tid, .to = recorder_id(s->r, 0)};
    size_t n = stage_write(s, &l, CONFIG_UPDATE_REQ, body, writer_len(&w), b, sizeof b, &true_len);
    store_be16(b + 8, header_sequence);
    stage_arrive(s, 1, b, n, true_len);
    stage_run(s, s->r->env.now + MILLIS(200));
    if (stage_sent(s, CONFIG_UPDATE_ANS, NULL) == 1)
        return 0;
    return stage_sent(s, MESSAGE_ERROR, &last) == 1 ? stage_error(&last) : UINT16_MAX;
}

static void newer_and_signed_documents_are_taken(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    uint8_t d[8];
    stage_open(&s, 4);
    uint16_t own = s.config.sequence;
    document(d, (uint16_t)(own + 1), false);
    assert_int_equal(update(&s, 1, SEQUENCE_ANY, CONFIG_UPDATE_CONFIG, d, 8), ERROR_FORBIDDEN);
    assert_int_equal(update(&s, 2, SEQUENCE_ANY, CONFIG_UPDATE_CONFIG, (const uint8_t *)"<overlay/>", 10), ERROR_INVALID_MESSAGE);
    assert_int_equal(update(&s, 3, SEQUENCE_ANY, 77, d, 8), ERROR_INVALID_MESSAGE);
    document(d, (uint16_t)(own + 1), true);
    assert_int_equal(update(&s, 4, (uint16_t)(own + 1), CONFIG_UPDATE_CONFIG, d, 8), ERROR_CONFIG_TOO_NEW); /* 6.3.2.1: 65535 alone is exempt */
    assert_int_equal(s.r->overlay->sequence, own);
    document(d, own, true);
    assert_int_equal(update(&s, 5, SEQUENCE_ANY, CONFIG_UPDATE_CONFIG, d, 8), 0);
    document(d, (uint16_t)(own - 1), true);
    assert_int_equal(update(&s, 6, SEQUENCE_ANY, CONFIG_UPDATE_CONFIG, d, 8), 0);
    assert_int_equal(s.r->overlay->sequence, own); /* the same and older ones are ignored */
    assert_int_equal(recorder_count_facts(s.r, FACT_CONFIGURED), 0);
    document(d, (uint16_t)(own + 2), true);
    assert_int_equal(update(&s, 7, SEQUENCE_ANY, CONFIG_UPDATE_CONFIG, d, 8), 0);
    assert_int_equal(s.r->overlay->sequence, own + 2);
    assert_int_equal(recorder_count_facts(s.r, FACT_CONFIGURED), 1);
    assert_int_equal(update(&s, 7, SEQUENCE_ANY, CONFIG_UPDATE_CONFIG, d, 8), 0); /* repeated: answered, not done again */
    assert_int_equal(recorder_count_facts(s.r, FACT_CONFIGURED), 0);
    stage_close(&s);
}

static void ping_with(struct stage *s, peer_h signer, uint64_t tid, uint16_t sequence)
{
    uint8_t b[4096];
    uint32_t true_len;
    struct letter l = {.signer = signer, .tid = tid, .to = recorder_id(s->r, 0)};
    size_t n = stage_write(s, &l, PING_REQ, (const uint8_t[]){0, 0}, 2, b, sizeof b, &true_len);
    store_be16(b + 8, sequence);
    stage_arrive(s, 1, b, n, true_len);
    stage_run(s, s->r->env.now + MILLIS(200));
}

static void who_has_an_older_one_is_sent_ours(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    uint8_t d[8];
    struct sent last;
    struct config_update_req q;
    stage_open(&s, 4);
    uint16_t own = s.config.sequence;
    ping_with(&s, 1, 1, (uint16_t)(own - 1));
    assert_int_equal(stage_sent(&s, CONFIG_UPDATE_REQ, NULL), 0); /* we have no document to send */
    document(d, (uint16_t)(own + 1), true);
    recorder_configure(s.r, d, 8);
    stage_forget(&s);
    ping_with(&s, 1, 2, own);
    assert_int_equal(stage_sent(&s, PING_ANS, NULL), 0);
    assert_int_equal(stage_sent(&s, MESSAGE_ERROR, &last), 1);
    assert_int_equal(stage_error(&last), ERROR_CONFIG_TOO_OLD);
    assert_int_equal(stage_sent(&s, CONFIG_UPDATE_REQ, &last), 1);
    assert_int_equal(last.message.header.config_sequence, SEQUENCE_ANY);
    assert_int_equal(stage_destination(&s, &last.message.header, 0), 1);
    assert_int_equal(config_update_req_read(last.message.body, &q), 0);
    assert_memory_equal(q.data.b, d, 8);
    ping_with(&s, 1, 3, own); /* one is under way */
    assert_int_equal(stage_sent(&s, MESSAGE_ERROR, NULL), 2);
    assert_int_equal(stage_sent(&s, CONFIG_UPDATE_REQ, NULL), 1);
    stage_forget(&s);
    ping_with(&s, 2, 4, (uint16_t)(own + 2)); /* and of a newer one we know only that it is */
    assert_int_equal(stage_sent(&s, MESSAGE_ERROR, &last), 1);
    assert_int_equal(stage_error(&last), ERROR_CONFIG_TOO_NEW);
    assert_int_equal(stage_sent(&s, CONFIG_UPDATE_REQ, NULL), 0);
    stage_close(&s);
}

/* A look-up of ours meets a peer with another configuration; what follows, and under which sequence it is repeated. */
static void refused_requests_are_repeated(void **state)
{
    (void)state;
    for (unsigned newer = 0; newer < 2; newer++) { /* we are the newer ones */
        struct stage s = {.config = overlay_defaults()};
        uint8_t d[8], error[4] = {0};
        struct sent asked, again, pushed;
        stage_open(&s, 4);
        uint16_t own = s.config.sequence;
        document(d, (uint16_t)(own + newer), true);
        recorder_configure(s.r, d, 8);
        stage_forget(&s);
        struct id far = recorder_id(s.r, 2);
        recorder_request(s.r, &(struct request){.op = REQUEST_FETCH, .tag = 9, .resource = far, .kind = KIND_SIP_REGISTRATION});
        assert_int_equal(stage_sent(&s, FETCH_REQ, &asked), 1);
        assert_int_equal(asked.message.header.config_sequence, own + newer);
        uint64_t tid = asked.message.header.transaction;
        store_be16(error, newer ? ERROR_CONFIG_TOO_NEW : ERROR_CONFIG_TOO_OLD);
        stage_run(&s, MILLIS(50));
        stage_deliver(&s, 2, &(struct letter){.signer = 2, .tid = tid, .to = recorder_id(s.r, 0)}, MESSAGE_ERROR, error, 4);
        stage_run(&s, MILLIS(500));
        assert_int_equal(recorder_count_facts(s.r, FACT_REQUEST_FAILED), 0);
        assert_int_equal(stage_sent(&s, CONFIG_UPDATE_REQ, &pushed), newer);
        if (newer)
            assert_int_equal(stage_destination(&s, &pushed.message.header, 0), 2);
        document(d, (uint16_t)(own + 5), true);
        assert_int_equal(update(&s, 77, SEQUENCE_ANY, CONFIG_UPDATE_CONFIG, d, 8), 0); /* meanwhile */
        stage_forget(&s);
        stage_run(&s, SECONDS(4));
        assert_true(stage_sent(&s, FETCH_REQ, &again) >= 1);
        assert_int_equal(again.message.header.transaction, tid);
        assert_int_equal(again.message.header.config_sequence, own + 5);
        stage_close(&s);
    }
}

static void a_configuration_reaches_everybody(void **state)
{
    (void)state;
    enum { NODES = 24 };
    static const uint16_t first[] = {22, 65534};
    for (unsigned k = 0; k < 2; k++) {
        struct overlay config = overlay_defaults();
        uint8_t d[8];
        config.update_interval = SECONDS(60);
        config.sequence = first[k];
        struct overlay_net *o = overlay_open(&config, NODES, MILLIS(50), 0.01);
        overlay_start(o, 0, &(struct node_opts){.first = true});
        for (peer_h p = 1; p < NODES; p++) {
            overlay_run(o, SECONDS(p));
            overlay_start(o, p, &(struct node_opts){0});
        }
        overlay_run(o, SECONDS(120));
        uint16_t next = (uint16_t)((first[k] + 1u) % 65535);
        document(d, next, true);
        recorder_configure(overlay_node(o, 7), d, 8);
        overlay_run(o, SECONDS(300));
        unsigned joined, told = 0;
        for (peer_h p = 0; p < NODES; p++) {
            assert_int_equal(overlay_node(o, p)->overlay->sequence, next);
            told += overlay_facts(o, p, FACT_CONFIGURED);
        }
        assert_int_equal(told, NODES - 1);
        assert_int_equal(overlay_right(o, &joined), NODES);
        overlay_close(o);
    }
}

/* ---- bad-node ---- */

static void revoke(struct overlay *o, struct id id)
{
    o->bad_node[o->bad_nodes++] = id;
}

static void whom_the_configuration_revokes_is_cut_off(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    struct letter of_two = {.signer = 2, .tid = 1, .to = recorder_id(s.r, 0)}, of_three = {.signer = 3, .tid = 2, .to = recorder_id(s.r, 0)};
    stage_ping(&s, 1, &of_two); /* by another's link */
    assert_int_equal(stage_sent(&s, PING_ANS, NULL), 1);
    struct overlay changed = s.config;
    revoke(&changed, recorder_id(s.r, 77));
    revoke(&changed, recorder_id(s.r, 2));
    s.r->overlay = &changed;
    stage_forget(&s);
    of_two.tid = 3;
    stage_ping(&s, 1, &of_two);
    assert_int_equal(stage_sent(&s, PING_ANS, NULL), 0); /* its certificate is not valid */
    stage_ping(&s, 3, &of_three);
    assert_int_equal(stage_sent(&s, PING_ANS, NULL), 1);
    assert_int_equal(recorder_count_ops(s.r, CHAN_CLOSE), 1);
    for (unsigned k = 0; k < s.r->ops; k++)
        assert_true(s.r->op[k].op != CHAN_CLOSE || s.r->op[k].args.chan == s.chan[2]);
    struct node_view v;
    node_look(s.r->node, &s.r->env, &v);
    assert_int_equal(v.links, 3);
    for (unsigned k = 0; k < v.successors; k++)
        assert_int_not_equal(v.successor[k], 2);
    recorder_accept(s.r, 2, MILLIS(80)); /* and it gets no new channel, nor does who is named by its list */
    assert_int_equal(recorder_count_ops(s.r, CHAN_CLOSE), 2);
    stage_forget(&s);
    stage_update(&s, 1, &(struct letter){.signer = 1, .tid = 4, .to = recorder_id(s.r, 0)}, (const peer_h[]){2}, 1, (const peer_h[]){2, 3}, 2);
    stage_run(&s, s.r->env.now + SECONDS(70));
    assert_int_equal(stage_sent(&s, ATTACH_REQ, NULL), 0);
    stage_close(&s);
}

static void a_ring_closes_over_the_revoked(void **state)
{
    (void)state;
    enum { NODES = 24, BAD = 3 };
    struct overlay config = overlay_defaults(), changed;
    config.update_interval = SECONDS(60);
    config.bootstrap_count = 1;
    struct overlay_net *o = overlay_open(&config, NODES, MILLIS(50), 0.01);
    unsigned joined;
    overlay_start(o, 0, &(struct node_opts){.first = true});
    for (peer_h p = 1; p < NODES; p++) {
        overlay_run(o, SECONDS(p));
        overlay_start(o, p, &(struct node_opts){0});
    }
    overlay_run(o, SECONDS(120));
    assert_int_equal(overlay_right(o, &joined), NODES);
    changed = config;
    for (peer_h p = 5; p < 5 + BAD; p++)
        revoke(&changed, recorder_id(overlay_node(o, 0), p));
    for (peer_h p = 0; p < NODES; p++) /* the revoked ones know it too, and can do nothing about it */
        overlay_node(o, p)->overlay = &changed;
    overlay_run(o, SECONDS(400));
    for (peer_h p = 5; p < 5 + BAD; p++) {
        struct node_view v;
        node_look(overlay_node(o, p)->node, &overlay_node(o, p)->env, &v);
        assert_int_equal(v.links_ready, 0);
        overlay_kill(o, p);
    }
    assert_int_equal(overlay_right(o, &joined), NODES - BAD);
    assert_int_equal(joined, NODES - BAD);
    overlay_close(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequences_are_a_circle),          cmocka_unit_test(newer_and_signed_documents_are_taken),
        cmocka_unit_test(who_has_an_older_one_is_sent_ours), cmocka_unit_test(refused_requests_are_repeated),
        cmocka_unit_test(a_configuration_reaches_everybody),
        cmocka_unit_test(whom_the_configuration_revokes_is_cut_off),
        cmocka_unit_test(a_ring_closes_over_the_revoked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

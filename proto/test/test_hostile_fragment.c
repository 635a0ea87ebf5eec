/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: what a hostile peer can do with fragments (RFC 6940 6.7): overlaps, holes, ends that disagree, offsets beyond any message, floods that are never
 * finished. What cannot be put together is dropped and counted; memory stays within limits.reassembly_bytes and is given back after 15 s. The recorder
 * checks every invariant after each call. Leaves open: how honest fragments are cut (proto/wire/test). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "proto/test/stage.h"

#define SELF 0u
#define EVIL 1u
#define PARTS_MAX 16u

struct part {
    uint8_t b[2048];
    size_t len;
    uint32_t true_len;
};

struct cut {
    struct part part[PARTS_MAX];
    unsigned parts;
};

static int keep(void *arg, const uint8_t *b, size_t len, uint32_t true_len)
{
    struct cut *x = arg;
    assert_true(x->parts < PARTS_MAX && len <= sizeof x->part[0].b);
    struct part *p = &x->part[x->parts++];
    memcpy(p->b, b, len);
    p->len = len;
    p->true_len = true_len;
    return 0;
}

/* A Ping to the peer with 2,000 bytes of padding, in fragments of 600 bytes. */
static struct cut ping_in_parts(const struct stage *s, uint64_t tid)
{
    static uint8_t body[2002], message[4096], scratch[4096];
    struct cut x = {.parts = 0};
    uint32_t true_len;
    store_be16(body, 2000);
    struct letter l = {.signer = 20, .tid = tid, .to = recorder_id(s->r, SELF)};
    size_t len = stage_write(s, &l, PING_REQ, body, sizeof body, message, sizeof message, &true_len);
    int parts = fragment_split(message, len, 600, scratch, sizeof scratch, keep, &x);
    assert_true(parts >= 5 && (unsigned)parts == x.parts);
    return x;
}

static void arrive(struct stage *s, unsigned link, const struct part *p)
{
    stage_arrive(s, link, p->b, p->len, p->true_len);
}

/* A fragment in true form: nothing but bytes. */
static struct part raw(const struct stage *s, uint64_t tid, uint32_t offset, uint32_t slice, bool last)
{
    struct part p = {.len = 0};
    struct writer w = writer_on(p.b, sizeof p.b, false);
    uint8_t list[DESTINATION_NODE_BYTES];
    struct writer l = writer_on(list, sizeof list, false);
    destination_put_node(&l, recorder_id(s->r, SELF));
    struct header h = {.overlay = s->config.hash, .config_sequence = s->config.sequence, .version = RELO_VERSION, .ttl = 50, .transaction = tid,
                       .fragment = FRAGMENT_HIGH | (last ? FRAGMENT_LAST : 0) | offset, .destination = {list, writer_len(&l)}};
    h.length = header_bytes(&h) + slice;
    header_put(&w, &h);
    for (uint32_t k = 0; k < slice; k++)
        put_u8(&w, (uint8_t)(offset + k));
    assert_int_equal(w.err, 0);
    p.len = writer_len(&w);
    p.true_len = h.length;
    return p;
}

static unsigned served(const struct stage *s)
{
    return recorder_count_facts(s->r, FACT_REQUEST_SERVED);
}

static void parts_in_any_order_and_any_number_make_one_message(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    struct cut x = ping_in_parts(&s, 7);
    for (unsigned k = x.parts; k-- > 1;) /* backwards, each three times */
        for (unsigned again = 0; again < 3; again++)
            arrive(&s, EVIL, &x.part[k]);
    assert_int_equal(served(&s), 0);
    arrive(&s, EVIL, &x.part[0]);
    assert_int_equal(served(&s), 1);
    assert_int_equal(stage_sent(&s, PING_ANS, NULL), 1);
    stage_close(&s);
}

/* Bytes that differ: of two parts the later one counts, as an answer that is asked for again need not be the same; and the signature decides (6.3.4). */
static void overlaps_that_disagree_are_no_message(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    for (unsigned spoilt = 0; spoilt < 4; spoilt++) {
        for (unsigned later = 0; later < 2; later++) {
            struct cut x = ping_in_parts(&s, 7 + 2 * spoilt + later);
            struct part lie = x.part[spoilt];
            lie.b[lie.len - 20] ^= 1;
            if (!later)
                arrive(&s, EVIL, &lie);
            for (unsigned k = 0; k + 1 < x.parts; k++)
                arrive(&s, EVIL, &x.part[k]);
            if (later)
                arrive(&s, EVIL, &lie);
            arrive(&s, EVIL, &x.part[x.parts - 1]);
        }
    }
    assert_int_equal(served(&s), 4);
    assert_int_equal(recorder_count_facts(s.r, FACT_DROPPED), 4);
    stage_close(&s);
}

/* Every part that is not the first, shifted by a little: overlaps and holes. */
static void shifted_parts_are_no_message(void **state)
{
    (void)state;
    static const int shift[] = {-1, 1, -7, 7, -300, 300};
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    for (unsigned k = 0; k < sizeof shift / sizeof *shift; k++)
        for (unsigned which = 1; which < 5; which++) {
            struct cut x = ping_in_parts(&s, 100 * k + which);
            for (unsigned p = 0; p < x.parts; p++) {
                struct part y = x.part[p];
                if (p == which)
                    store_be32(y.b + 12, load_be32(y.b + 12) + (uint32_t)shift[k]);
                arrive(&s, EVIL, &y);
            }
        }
    assert_int_equal(served(&s), 0);
    stage_run(&s, SECONDS(16));
    assert_true(s.r->work_bytes < 4000);
    stage_close(&s);
}

static void an_end_that_moves_is_refused(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    struct part end = raw(&s, 7, 1000, 300, true), farther = raw(&s, 7, 1300, 300, true), nearer = raw(&s, 7, 500, 300, true), beyond = raw(&s, 7, 1300, 100, false);
    arrive(&s, EVIL, &end);
    arrive(&s, EVIL, &farther);
    arrive(&s, EVIL, &nearer);
    arrive(&s, EVIL, &beyond);
    assert_int_equal(stage_dropped(&s, DROP_REASSEMBLY), 3);
    stage_close(&s);
}

/* A fragment without a byte fills nothing. */
static void empty_fragments_are_refused(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    for (uint32_t k = 0; k < 100; k++) {
        struct part p = raw(&s, k, 100 * (k % 7), 0, k & 1);
        arrive(&s, EVIL, &p);
    }
    assert_int_equal(recorder_count_facts(s.r, FACT_DROPPED), 100);
    assert_int_equal(s.r->work_bytes, 0);
    stage_close(&s);
}

/* 6.6: an offset beyond max-message-size is a message that is too large: its link is closed before anything is kept. */
static void an_offset_beyond_any_message_costs_the_link(void **state)
{
    (void)state;
    static const uint32_t offset[] = {5000, 0xffff, 0x10000, 0xfffffe, 0xffffff};
    for (unsigned k = 0; k < sizeof offset / sizeof *offset; k++) {
        struct stage s = {.config = overlay_defaults()};
        stage_open(&s, 4);
        struct part p = raw(&s, 7, offset[k], 300, k & 1);
        arrive(&s, EVIL, &p);
        assert_int_equal(stage_dropped(&s, ERR_TOO_LARGE), 1);
        assert_int_equal(s.r->channel[s.chan[EVIL]], RECORDER_FREE);
        assert_int_equal(s.r->work_bytes, 0);
        stage_close(&s);
    }
}

/* Nine holes are no honest message. */
static void a_comb_of_holes_is_refused(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    for (uint32_t k = 0; k < 200; k++) {
        struct part p = raw(&s, 7, 20 * k, 10, false);
        arrive(&s, EVIL, &p);
    }
    assert_int_equal(stage_dropped(&s, DROP_REASSEMBLY), 192);
    assert_true(s.r->work_bytes < 6000);
    stage_close(&s);
}

/* What is never finished is forgotten after the longest life of a request. */
static void unfinished_messages_are_forgotten(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    for (uint64_t tid = 1; tid <= 20; tid++) {
        struct cut x = ping_in_parts(&s, tid);
        for (unsigned k = 1; k < x.parts; k++)
            arrive(&s, EVIL, &x.part[k]);
    }
    assert_true(s.r->work_bytes > 20 * 1400);
    stage_run(&s, SECONDS(16));
    assert_int_equal(s.r->work_bytes, 0);
    struct cut late = ping_in_parts(&s, 1); /* the part that was missing, too late */
    arrive(&s, EVIL, &late.part[0]);
    assert_int_equal(served(&s), 0);
    stage_close(&s);
}

/* A flood of first fragments ends at the limit; meanwhile whole messages are answered. */
static void a_flood_of_reassemblies_is_bounded(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    s.config.limits.reassembly_bytes = 65536;
    for (uint64_t tid = 1; tid <= 2000; tid++) {
        struct part p = raw(&s, tid, 4000, 300, false);
        arrive(&s, EVIL, &p);
    }
    assert_true(s.r->work_bytes < 80000);
    assert_true(stage_dropped(&s, DROP_REASSEMBLY) > 1800);
    stage_ping(&s, 2, &(struct letter){.signer = 20, .tid = 99, .to = recorder_id(s.r, SELF)});
    assert_int_equal(stage_sent(&s, PING_ANS, NULL), 1);
    stage_run(&s, SECONDS(16));
    struct cut x = ping_in_parts(&s, 5000);
    for (unsigned k = 0; k < x.parts; k++)
        arrive(&s, 2, &x.part[k]);
    assert_int_equal(served(&s), 2);
    stage_close(&s);
}

/* Parts of one message come one way: their via lists are equal. */
static void parts_with_unequal_via_lists_are_refused(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    uint8_t via[DESTINATION_NODE_BYTES];
    struct writer w = writer_on(via, sizeof via, false);
    stage_open(&s, 4);
    destination_put_node(&w, recorder_id(s.r, 9));
    struct cut x = ping_in_parts(&s, 7);
    for (unsigned k = 0; k < x.parts; k++) {
        struct part y = x.part[k];
        if (k == 2) { /* one more entry in front of the destination list */
            memmove(y.b + HEADER_FIXED_BYTES + sizeof via, y.b + HEADER_FIXED_BYTES, y.len - HEADER_FIXED_BYTES);
            memcpy(y.b + HEADER_FIXED_BYTES, via, sizeof via);
            store_be16(y.b + 32, sizeof via);
            y.len += sizeof via;
            y.true_len += sizeof via;
            store_be32(y.b + 16, y.true_len);
        }
        arrive(&s, EVIL, &y);
    }
    assert_int_equal(stage_dropped(&s, DROP_REASSEMBLY), 1);
    assert_int_equal(served(&s), 0);
    stage_close(&s);
}

/* Parts of another's message under its transaction id, over our own link: they do not meet. */
static void parts_over_two_links_do_not_mix(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    struct cut x = ping_in_parts(&s, 7);
    struct part spoilt = x.part[1];
    spoilt.b[spoilt.len - 20] ^= 1;
    arrive(&s, EVIL, &spoilt);
    for (unsigned k = 0; k < x.parts; k++)
        arrive(&s, 2, &x.part[k]);
    assert_int_equal(served(&s), 1);
    stage_close(&s);
}

/* 6.7: a part that is not for us goes on as it is; nothing is kept of it. */
static void parts_for_others_are_not_kept(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    for (uint64_t tid = 1; tid <= 50; tid++) {
        struct part p = raw(&s, tid, 1000, 300, tid & 1);
        id_store(p.b + HEADER_FIXED_BYTES + 2, recorder_id(s.r, 3));
        arrive(&s, EVIL, &p);
        stage_run(&s, s.r->env.now + MILLIS(20));
    }
    assert_int_equal(s.r->work_bytes, 0);
    assert_int_equal(stage_dropped(&s, DROP_REASSEMBLY), 0);
    stage_close(&s);
}

/* Folded parts with bytes changed anywhere: tokens that begin before the message, inside one another, beyond the end. */
static void mutated_parts_by_the_thousand_do_no_harm(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    struct node_view v;
    uint64_t x = 88172645463325252u;
    stage_open(&s, 4);
    for (unsigned round = 0; round < 4000; round++) {
        struct cut c = ping_in_parts(&s, round / 3);
        for (unsigned k = 0; k < c.parts; k++) {
            struct part p = c.part[(k * 5 + round) % c.parts];
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            size_t head = HEADER_FIXED_BYTES + DESTINATION_NODE_BYTES;
            if (x % 3 == 0)
                p.b[head + (x >> 8) % (p.len - head)] = (uint8_t)(x % 2 ? TOKEN_SIGNATURE + (x >> 40) % 8 : x >> 32);
            if (x % 7 == 0)
                store_be32(p.b + 12, (load_be32(p.b + 12) & 0xff000000) | (uint32_t)(x >> 20) % 3000);
            if (x % 11 == 0)
                p.b[12] ^= 0x40;
            if (s.r->channel[s.chan[EVIL]] != RECORDER_UP)
                s.chan[EVIL] = recorder_accept(s.r, EVIL, MILLIS(80));
            arrive(&s, EVIL, &p);
        }
        stage_run(&s, s.r->env.now + MILLIS(50));
        if (round % 256 == 0)
            stage_forget(&s);
    }
    node_look(s.r->node, &s.r->env, &v);
    assert_int_equal(v.state, NODE_JOINED);
    assert_true(s.r->block_bytes + s.r->work_bytes < s.config.limits.reassembly_bytes + 100000);
    stage_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_in_any_order_and_any_number_make_one_message),
        cmocka_unit_test(overlaps_that_disagree_are_no_message),
        cmocka_unit_test(shifted_parts_are_no_message),
        cmocka_unit_test(an_end_that_moves_is_refused),
        cmocka_unit_test(empty_fragments_are_refused),
        cmocka_unit_test(an_offset_beyond_any_message_costs_the_link),
        cmocka_unit_test(a_comb_of_holes_is_refused),
        cmocka_unit_test(unfinished_messages_are_forgotten),
        cmocka_unit_test(a_flood_of_reassemblies_is_bounded),
        cmocka_unit_test(parts_with_unequal_via_lists_are_refused),
        cmocka_unit_test(parts_over_two_links_do_not_mix),
        cmocka_unit_test(parts_for_others_are_not_kept),
        cmocka_unit_test(mutated_parts_by_the_thousand_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: what a hostile peer can write into the header and the contents of a message, and that each abuse is dropped and counted, or refused with the
 * error that RFC 6940 names (6.1 to 6.3, 6.5.3, 6.4.2.5, 6.6, 13.6). The recorder checks every invariant of the node after each call. Leaves open: frames
 * (test_hostile_link.c), fragments, ring, answers, stored values (their own files). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "proto/test/stage.h"

#define SELF 0u
#define EVIL 1u

struct letter_bytes {
    uint8_t b[4096];
    size_t len;
    uint32_t true_len;
};

static struct letter_bytes written(const struct stage *s, const struct letter *l, uint16_t code, const uint8_t *body, uint32_t len)
{
    struct letter_bytes x;
    x.len = stage_write(s, l, code, body, len, x.b, sizeof x.b, &x.true_len);
    return x;
}

static struct letter to_self(const struct stage *s, uint64_t tid)
{
    return (struct letter){.signer = 20, .tid = tid, .to = recorder_id(s->r, SELF)};
}

static struct letter_bytes ping_to_self(const struct stage *s, uint64_t tid)
{
    struct letter l = to_self(s, tid);
    return written(s, &l, PING_REQ, (const uint8_t[]){0, 0}, 2);
}

static void arrive(struct stage *s, const struct letter_bytes *x)
{
    stage_arrive(s, EVIL, x->b, x->len, x->true_len);
}

/* Nothing has left but ACKs. */
static bool silent(const struct stage *s)
{
    for (unsigned k = 0; k < s->r->sents; k++)
        if (s->r->sent[k].b[0] != FRAME_ACK)
            return false;
    return s->r->ops == 0;
}

static void assert_error(struct stage *s, uint16_t error)
{
    struct sent sent;
    assert_int_equal(stage_sent(s, MESSAGE_ERROR, &sent), 1);
    assert_int_equal(stage_error(&sent), error);
    assert_int_equal(sent.chan, s->chan[EVIL]);
}

/* 6.3.2: relo_token, version, overlay; 6.7: the first bit of fragment. */
static void other_protocols_versions_and_overlays_are_dropped(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    for (unsigned bit = 0; bit < 32; bit++) {
        struct letter_bytes x = ping_to_self(&s, bit), y = x, z = x;
        store_be32(x.b, load_be32(x.b) ^ UINT32_C(1) << bit);
        arrive(&s, &x);
        store_be32(y.b + 4, load_be32(y.b + 4) ^ UINT32_C(1) << bit);
        arrive(&s, &y);
        z.b[10] = (uint8_t)(bit < 8 ? RELO_VERSION ^ 1u << bit : bit == RELO_VERSION ? 0 : bit);
        arrive(&s, &z);
    }
    struct letter_bytes x = ping_to_self(&s, 99);
    x.b[12] &= 0x7f;
    arrive(&s, &x);
    assert_int_equal(stage_dropped(&s, ERR_TOKEN), 32);
    assert_int_equal(stage_dropped(&s, ERR_VERSION), 32);
    assert_int_equal(stage_dropped(&s, DROP_MALFORMED), 32);
    assert_int_equal(stage_dropped(&s, ERR_FRAGMENT), 1);
    assert_true(silent(&s));
    stage_close(&s);
}

/* 6.3.2: length, via_list_length, destination_list_length, options_length. */
static void lying_lengths_are_dropped(void **state)
{
    (void)state;
    static const int lie[] = {-1, 1, 18, -18, 300, 0x7fff};
    struct stage s = {.config = overlay_defaults()};
    unsigned tried = 0;
    stage_open(&s, 4);
    for (unsigned k = 0; k < sizeof lie / sizeof *lie; k++) {
        struct letter_bytes x = ping_to_self(&s, k);
        store_be32(x.b + 16, load_be32(x.b + 16) + (uint32_t)lie[k]);
        arrive(&s, &x);
        tried++;
        for (unsigned field = 32; field < 38; field += 2) {
            x = ping_to_self(&s, k);
            store_be16(x.b + field, (uint16_t)(load_be16(x.b + field) + lie[k]));
            arrive(&s, &x);
            tried++;
        }
    }
    assert_int_equal(recorder_count_facts(s.r, FACT_DROPPED), tried);
    assert_int_equal(recorder_count_facts(s.r, FACT_REQUEST_SERVED), 0);
    stage_close(&s);
}

/* 6.3: a message ends where it ends. */
static void a_message_cut_anywhere_is_dropped(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    struct letter_bytes x = ping_to_self(&s, 7);
    for (size_t cut = 0; cut < x.len; cut++) {
        struct letter_bytes y = x;
        y.len = cut;
        y.true_len = (uint32_t)cut;
        arrive(&s, &y); /* length says more */
        if (cut >= 20) {
            store_be32(y.b + 16, y.true_len);
            arrive(&s, &y);
        }
    }
    assert_int_equal(recorder_count_facts(s.r, FACT_REQUEST_SERVED), 0);
    assert_int_equal(stage_sent(&s, PING_ANS, NULL), 0);
    stage_close(&s);
}

/* 6.3.4: whatever bit of overlay, transaction or contents is flipped, the signature does not hold any more. */
static void no_bit_that_the_signature_covers_can_be_flipped(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    struct letter_bytes x = ping_to_self(&s, 7);
    size_t contents = HEADER_FIXED_BYTES + DESTINATION_NODE_BYTES;
    for (size_t at = 20; at < x.len; at++) {
        if (at >= 28 && at < contents)
            continue; /* max_response_length and the lists are not covered */
        if (at >= contents + 14 && at < x.len - SIGNATURE_TOKEN_BYTES)
            continue; /* nor are the certificates sent along */
        for (unsigned bit = 0; bit < 8; bit++) {
            struct letter_bytes y = x;
            y.b[at] ^= (uint8_t)(1u << bit);
            arrive(&s, &y);
        }
    }
    assert_int_equal(recorder_count_facts(s.r, FACT_REQUEST_SERVED), 0);
    assert_true(stage_dropped(&s, DROP_BAD_SIGNATURE) > 64 + 16);
    assert_true(silent(&s));
    arrive(&s, &x);
    assert_int_equal(stage_sent(&s, PING_ANS, NULL), 1);
    stage_close(&s);
}

/* 6.3.4: the signature has to be that of the signer it names; 13.6.3: nobody can be named who did not sign. */
static void a_signature_under_anothers_name_is_dropped(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    for (peer_h named = 0; named < 64; named++) {
        struct letter_bytes x = ping_to_self(&s, 7);
        store_be32(x.b + x.len - 12, named == 20 ? 2000 : named);
        arrive(&s, &x);
    }
    assert_int_equal(stage_dropped(&s, DROP_BAD_SIGNATURE), 64);
    assert_true(silent(&s));
    stage_close(&s);
}

/* 6.3.2: ttl above initial-ttl, and 0 when it is not for us. All values at once. */
static void ttl_out_of_range_is_refused(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    for (unsigned ttl = 0; ttl < 256; ttl++) {
        struct letter l = {.signer = 20, .tid = ttl + 1, .to = recorder_id(s.r, 3), .ttl = 1};
        struct letter_bytes x = written(&s, &l, PING_REQ, (const uint8_t[]){0, 0}, 2);
        x.b[11] = (uint8_t)ttl;
        stage_forget(&s);
        arrive(&s, &x);
        stage_run(&s, s.r->env.now + MILLIS(20));
        bool legal = ttl >= 1 && ttl <= s.config.initial_ttl;
        assert_int_equal(stage_sent(&s, PING_REQ, NULL), legal);
        assert_int_equal(stage_dropped(&s, DROP_TTL), !legal);
        if (!legal)
            assert_error(&s, ERROR_TTL_EXCEEDED);
    }
    stage_close(&s);
}

/* 6.1.1, 6.3.2.2: entries of types, lengths and at places that they must not have. */
static void odd_destinations_are_dropped(void **state)
{
    (void)state;
    static const struct {
        uint8_t b[24];
        uint8_t len;
    } odd[] = {
        {{0, 1, 5}, 3},                              /* type 0 */
        {{DESTINATION_NODE, 15}, 17},                /* a Node-ID of 15 bytes */
        {{DESTINATION_NODE, 0}, 2},
        {{DESTINATION_NODE, 16, 1, 2, 3}, 5},        /* cut */
        {{DESTINATION_RESOURCE, 5, 4, 1, 2, 3, 4}, 7},  /* a Resource-ID of another length than the overlay's */
        {{DESTINATION_RESOURCE, 1, 0}, 3},
        {{DESTINATION_RESOURCE, 17, 3}, 19},         /* two lengths that disagree */
        {{DESTINATION_OPAQUE, 3, 2, 7, 7}, 5},       /* an opaque id that we never gave */
        {{0x80, 1}, 2},                              /* compressed, likewise */
        {{0xff, 0xff, 0xff, 0xff}, 4},
        {{77, 2, 1, 1}, 4},                          /* a type that nobody defined */
        {{0x80}, 1},
    };
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    for (unsigned k = 0; k < sizeof odd / sizeof *odd; k++)
        stage_ping(&s, EVIL, &(struct letter){.signer = 20, .tid = k + 1, .destination = {odd[k].b, odd[k].len}});
    assert_int_equal(recorder_count_facts(s.r, FACT_DROPPED), sizeof odd / sizeof *odd);
    assert_true(silent(&s));
    struct letter_bytes x = ping_to_self(&s, 50); /* no destination at all */
    memmove(x.b + HEADER_FIXED_BYTES, x.b + HEADER_FIXED_BYTES + DESTINATION_NODE_BYTES, x.len - HEADER_FIXED_BYTES - DESTINATION_NODE_BYTES);
    store_be16(x.b + 34, 0);
    store_be32(x.b + 16, load_be32(x.b + 16) - DESTINATION_NODE_BYTES);
    x.len -= DESTINATION_NODE_BYTES;
    x.true_len -= DESTINATION_NODE_BYTES;
    arrive(&s, &x);
    assert_int_equal(stage_dropped(&s, DROP_MALFORMED), 1);
    assert_true(silent(&s));
    stage_close(&s);
}

/* 6.1.1: a Resource-ID stands last in a destination list, or it is nonsense. */
static void a_resource_before_the_end_of_the_list_is_dropped(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    uint8_t list[64];
    struct writer w = writer_on(list, sizeof list, false);
    stage_open(&s, 4);
    destination_put_resource(&w, recorder_id(s.r, SELF)); /* ours */
    destination_put_node(&w, recorder_id(s.r, 3));
    stage_ping(&s, EVIL, &(struct letter){.signer = 20, .tid = 1, .destination = {list, writer_len(&w)}});
    assert_int_equal(stage_dropped(&s, DROP_MALFORMED), 1);
    assert_true(silent(&s));
    stage_close(&s);
}

/* 6.1.1: a Node-ID in our range that nobody we are connected with has: dropped silently, not sent round the ring. */
static void a_node_id_that_nobody_has_is_dropped(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    for (uint64_t k = 1; k <= 20; k++)
        stage_ping(&s, EVIL, &(struct letter){.signer = 20, .tid = k, .to = id_add(recorder_id(s.r, SELF), (struct id){UINT64_MAX, (uint64_t)0 - k})});
    assert_int_equal(stage_dropped(&s, DROP_UNKNOWN_DESTINATION), 20);
    assert_true(silent(&s));
    stage_close(&s);
}

static void an_invalid_request_is_told_what_is_wrong(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    struct sent sent;
    struct error_body e;
    stage_open(&s, 4);
    stage_deliver(&s, EVIL, &(struct letter){.signer = 20, .tid = 1, .to = recorder_id(s.r, SELF)}, FETCH_REQ, (const uint8_t *)"\1\2\0\0", 4);
    assert_int_equal(stage_sent(&s, MESSAGE_ERROR, &sent), 1);
    assert_int_equal(error_read(sent.message.body, &e), 0);
    assert_int_equal(e.code, ERROR_INVALID_MESSAGE);
    assert_true(e.info.len > 10 && memchr(e.info.b, 0, e.info.len) == NULL); /* words for whoever looks into it */
    stage_close(&s);
}

/* 13.6.5: a source route that goes round: once through each at most. */
static void a_looping_source_route_is_refused(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    uint8_t list[DESTINATION_NODE_BYTES * 40];
    struct writer w = writer_on(list, sizeof list, false);
    stage_open(&s, 4);
    for (unsigned k = 0; k < 40; k++)
        destination_put_node(&w, recorder_id(s.r, k % 2 ? 2 : 3));
    stage_ping(&s, EVIL, &(struct letter){.signer = 20, .tid = 1, .destination = {list, writer_len(&w)}});
    assert_error(&s, ERROR_INVALID_MESSAGE);
    assert_int_equal(stage_sent(&s, PING_REQ, NULL), 0);
    /* Ourselves over and over, by both of our names. */
    w = writer_on(list, sizeof list, false);
    for (unsigned k = 0; k < 40; k++)
        destination_put_node(&w, k % 2 ? ID_WILDCARD : recorder_id(s.r, SELF));
    stage_run(&s, MILLIS(50));
    stage_forget(&s);
    stage_ping(&s, EVIL, &(struct letter){.signer = 20, .tid = 2, .destination = {list, writer_len(&w)}});
    stage_run(&s, MILLIS(100));
    assert_error(&s, ERROR_INVALID_MESSAGE);
    stage_close(&s);
}

/* 6.1.1: a source route through victims costs each of them one message: no more goes out than came in. */
static void a_source_route_is_no_amplifier(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 30);
    for (unsigned hops = 1; hops <= 29; hops++) {
        uint8_t list[DESTINATION_NODE_BYTES * 40];
        struct writer w = writer_on(list, sizeof list, false);
        unsigned out = 0;
        for (unsigned k = 0; k < hops; k++)
            destination_put_node(&w, recorder_id(s.r, 2 + k));
        stage_forget(&s);
        stage_ping(&s, EVIL, &(struct letter){.signer = 20, .tid = hops, .destination = {list, writer_len(&w)}});
        for (unsigned k = 0; k < s.r->sents; k++)
            out += s.r->sent[k].b[0] == FRAME_DATA;
        assert_in_range(out, 0, 2); /* two fragments when the list is long */
        assert_int_equal(recorder_count_facts(s.r, FACT_REQUEST_SERVED), 0);
        stage_run(&s, s.r->env.now + SECONDS(1));
    }
    stage_close(&s);
}

/* 6.1.2: a via list that names us already (a loop) still ends: each round takes one from ttl. */
static void a_loop_in_the_via_list_ends_with_ttl(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    uint8_t list[DESTINATION_NODE_BYTES * 30];
    struct writer w = writer_on(list, sizeof list, false);
    struct sent sent;
    s.config.link_mtu = 10000;
    stage_open(&s, 4);
    for (unsigned k = 0; k < 30; k++)
        destination_put_node(&w, recorder_id(s.r, k % 2 ? SELF : EVIL));
    for (uint8_t ttl = 5; ttl > 0; ttl--) {
        stage_forget(&s);
        stage_ping(&s, EVIL, &(struct letter){.signer = 20, .tid = ttl, .ttl = ttl, .to = recorder_id(s.r, 3), .via = {list, writer_len(&w)}});
        stage_run(&s, s.r->env.now + MILLIS(50));
        assert_int_equal(stage_sent(&s, PING_REQ, &sent), 1);
        assert_int_equal(sent.message.header.ttl, ttl - 1);
    }
    stage_close(&s);
}

/* 6.1.2: an answer cannot go back by way of a resource, nor by an opaque id that is another's: it is not sent at all. */
static void a_via_list_that_is_no_way_back_gets_no_answer(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    uint8_t list[64];
    stage_open(&s, 4);
    for (unsigned k = 0; k < 2; k++) {
        struct writer w = writer_on(list, sizeof list, false);
        if (k == 0)
            destination_put_resource(&w, recorder_id(s.r, 9));
        else
            put_bytes(&w, (const uint8_t[]){77, 2, 1, 1}, 4); /* a type that nobody defined */
        struct letter l = to_self(&s, k + 1);
        l.via = (struct span){list, writer_len(&w)};
        stage_ping(&s, EVIL, &l);
    }
    assert_int_equal(stage_dropped(&s, ERR_VALUE), 2);
    assert_true(silent(&s));
    stage_close(&s);
}

/* 6.3.2: the via list may be long, but not so long that what is left of a datagram holds nothing. */
static void a_via_list_of_two_hundred_hops_is_dropped(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    static uint8_t list[DESTINATION_NODE_BYTES * 200];
    s.config.link_mtu = 10000;
    stage_open(&s, 4);
    for (unsigned hops = 40; hops <= 200; hops += 10) {
        struct writer w = writer_on(list, sizeof list, false);
        for (unsigned k = 0; k < hops; k++)
            destination_put_node(&w, recorder_id(s.r, 30 + k));
        stage_forget(&s);
        struct letter l = to_self(&s, hops);
        l.via = (struct span){list, writer_len(&w)};
        stage_ping(&s, EVIL, &l);
        stage_run(&s, s.r->env.now + MILLIS(50));
        assert_int_equal(stage_sent(&s, PING_ANS, NULL) > 0, hops <= 50);
        assert_int_equal(stage_dropped(&s, DROP_LIMIT), hops > 50);
    }
    stage_close(&s);
}

/* 6.3.2.1: another sequence number of the configuration is told, and nothing is done. */
static void other_configurations_are_told(void **state)
{
    (void)state;
    static const int off[] = {1, 100, 0x7fff, -1, -100, -0x7fff};
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    for (unsigned k = 0; k < 6; k++) {
        stage_forget(&s);
        struct letter_bytes x = ping_to_self(&s, k + 1);
        store_be16(x.b + 8, (uint16_t)(s.config.sequence + off[k]));
        arrive(&s, &x);
        stage_run(&s, s.r->env.now + MILLIS(50));
        assert_error(&s, off[k] > 0 ? ERROR_CONFIG_TOO_NEW : ERROR_CONFIG_TOO_OLD);
        assert_int_equal(stage_sent(&s, PING_ANS, NULL), 0);
    }
    stage_close(&s);
}

/* 6.3.3: an unknown critical extension is refused, another one ignored. */
static void unknown_extensions_are_refused_if_critical(void **state)
{
    (void)state;
    static const uint8_t contents[300];
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    for (unsigned k = 0; k < 8; k++) {
        const struct extension x = {.type = (uint16_t)(k * 9000), .critical = k & 1, .contents = {contents, k * 40}};
        struct letter l = to_self(&s, k + 1);
        l.extension = &x;
        stage_forget(&s);
        stage_ping(&s, EVIL, &l);
        stage_run(&s, s.r->env.now + MILLIS(50));
        assert_int_equal(stage_sent(&s, PING_ANS, NULL), !x.critical);
        if (x.critical)
            assert_error(&s, ERROR_UNKNOWN_EXTENSION);
    }
    stage_close(&s);
}

/* 6.3.3.1: a method that we do not know is refused; an answer to nothing is not answered. All 65,536 codes, bodies of three bytes. */
static void every_message_code_is_met(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    for (uint32_t code = 0; code < 65536; code++) {
        struct letter l = to_self(&s, code + 1);
        struct letter_bytes x = written(&s, &l, (uint16_t)code, (const uint8_t[]){1, 2, 3}, 3);
        arrive(&s, &x);
        if (code > 0x100 && !message_is_request((uint16_t)code))
            assert_int_equal(stage_sent(&s, MESSAGE_ERROR, NULL), 0);
        stage_run(&s, s.r->env.now + MILLIS(11));
        if (code > 0x100 && message_is_request((uint16_t)code))
            assert_error(&s, ERROR_INVALID_MESSAGE);
        stage_run(&s, s.r->env.now + MILLIS(11));
        stage_forget(&s);
    }
    stage_close(&s);
}

/* 6.5.3: padding may be long; beyond max-message-size the message is refused and the link closed (6.6). */
static void ping_padding_of_sixty_kilobytes_costs_the_link(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    static uint8_t body[59002];
    stage_open(&s, 4);
    store_be16(body, 59000);
    struct letter l = to_self(&s, 7);
    stage_deliver(&s, EVIL, &l, PING_REQ, body, sizeof body);
    assert_error(&s, ERROR_MESSAGE_TOO_LARGE);
    assert_int_equal(s.r->channel[s.chan[EVIL]], RECORDER_FREE);
    assert_int_equal(stage_sent(&s, PING_ANS, NULL), 0);
    stage_close(&s);
}

/* 6.4.2.5: a list of 255 types, each known one 85 times: one answer, no longer than the types asked for. */
static void a_probe_of_255_types_is_answered_once(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    struct sent sent;
    uint8_t body[256] = {255};
    stage_open(&s, 4);
    s.config.link_mtu = 10000;
    for (unsigned k = 0; k < 255; k++)
        body[k + 1] = (uint8_t)(k % 3 + 1);
    struct letter l = to_self(&s, 7);
    stage_deliver(&s, EVIL, &l, PROBE_REQ, body, sizeof body);
    assert_int_equal(stage_sent(&s, PROBE_ANS, &sent), 1);
    assert_int_equal(sent.message.body_true, 2 + 255 * 6);
    for (unsigned k = 0; k < 255; k++)
        body[k + 1] = (uint8_t)(k + 4); /* none that we know */
    stage_run(&s, MILLIS(50));
    stage_forget(&s);
    l.tid = 8;
    stage_deliver(&s, EVIL, &l, PROBE_REQ, body, 1 + 250);
    body[0] = 250;
    stage_run(&s, MILLIS(100));
    stage_deliver(&s, EVIL, &l, PROBE_REQ, body, 1 + 250);
    stage_run(&s, MILLIS(150));
    assert_int_equal(stage_sent(&s, PROBE_ANS, &sent), 1); /* the first of the two said more types than it held */
    assert_true(sent.message.body_true <= 2 + 6 * 3);
    stage_close(&s);
}

/* 6.3.2: max_response_length. */
static void an_answer_longer_than_allowed_is_an_error_instead(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    for (uint32_t k = 1; k < 6; k++) {
        struct letter l = to_self(&s, k);
        l.max_response = k * 100;
        stage_forget(&s);
        stage_ping(&s, EVIL, &l);
        stage_run(&s, s.r->env.now + MILLIS(50));
        assert_error(&s, ERROR_RESPONSE_TOO_LARGE);
    }
    stage_close(&s);
}

/* 6.2.1: who sees a request may send it again later, over any link: the one answer is repeated, nothing is done twice. */
static void a_replayed_request_is_not_done_again(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    stage_open(&s, 4);
    for (unsigned k = 0; k < 20; k++) {
        stage_attach(&s, 1 + k % 4, &(struct letter){.signer = 20, .tid = 7, .to = recorder_id(s.r, SELF)}, true);
        stage_run(&s, s.r->env.now + MILLIS(500));
    }
    assert_int_equal(recorder_count_ops(s.r, CHAN_OPEN), 1);
    assert_int_equal(stage_sent(&s, ATTACH_ANS, NULL), 20);
    stage_close(&s);
}

/* 6.3.4: what we have signed ourselves comes back to us as a request: it is nobody's. */
static void our_own_requests_reflected_are_refused(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    struct node_view v;
    uint8_t body[128];
    struct writer w = writer_on(body, sizeof body, false);
    stage_open(&s, 4);
    struct letter l = {.signer = SELF, .tid = 1, .to = recorder_id(s.r, SELF)};
    stage_attach(&s, EVIL, &l, true);
    l.tid = 2;
    stage_update(&s, EVIL, &l, (const peer_h[]){40, 41}, 2, (const peer_h[]){42}, 1);
    put_id(&w, recorder_id(s.r, SELF));
    put_vector(&w, 2, NULL, 0);
    l.tid = 3;
    stage_deliver(&s, EVIL, &l, JOIN_REQ, body, writer_len(&w));
    l.tid = 4;
    w = writer_on(body, sizeof body, false);
    put_id(&w, recorder_id(s.r, SELF));
    put_vector(&w, 2, (const uint8_t[]){LEAVE_FROM_SUCC, 0, 0}, 3);
    stage_deliver(&s, EVIL, &l, LEAVE_REQ, body, writer_len(&w));
    stage_run(&s, SECONDS(1));
    assert_int_equal(stage_sent(&s, MESSAGE_ERROR, NULL), 4);
    assert_int_equal(recorder_count_ops(s.r, CHAN_OPEN), 0);
    assert_int_equal(stage_sent(&s, ATTACH_REQ, NULL), 0);
    node_look(s.r->node, &s.r->env, &v);
    assert_int_equal(v.state, NODE_JOINED);
    stage_close(&s);
}

/* 6.3: random bytes written over random places of real messages of every kind of ours; a replay of some; all through one link. */
static void mutations_by_the_thousand_do_no_harm(void **state)
{
    (void)state;
    static const uint16_t code[] = {PING_REQ, PROBE_REQ, ATTACH_REQ, STORE_REQ, FETCH_REQ, FIND_REQ, JOIN_REQ, LEAVE_REQ, UPDATE_REQ,
                                    ROUTE_QUERY_REQ, STAT_REQ, APP_ATTACH_REQ, CONFIG_UPDATE_REQ, PING_ANS, ATTACH_ANS, STORE_ANS, FETCH_ANS, MESSAGE_ERROR};
    struct stage s = {.config = overlay_defaults()};
    struct node_view v;
    uint64_t x = 0x9e3779b97f4a7c15u;
    stage_open(&s, 6);
    for (unsigned round = 0; round < 30000; round++) {
        uint8_t body[200];
        for (unsigned k = 0; k < sizeof body; k++) {
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            body[k] = (uint8_t)(x % 5 ? x >> 60 : x >> 8); /* small numbers often: they make lengths that nearly fit */
        }
        struct letter l = {.signer = 1 + round % 40, .tid = x >> 16, .ttl = (uint8_t)(x % 101), .to = recorder_id(s.r, x % 3 ? SELF : (peer_h)(x % 40)),
                           .to_resource = x >> 40 & 1, .max_response = x >> 41 & 7 ? 0 : 300};
        struct letter_bytes y = written(&s, &l, code[round % (sizeof code / sizeof *code)], body, (uint32_t)(x >> 20) % sizeof body);
        for (unsigned flips = round % 4; flips > 0; flips--) {
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            y.b[(x >> 8) % y.len] = (uint8_t)x;
        }
        unsigned link = 1 + round % 3;
        if (s.r->channel[s.chan[link]] != RECORDER_UP) /* a message that says it is too long costs its link; it comes back */
            s.chan[link] = recorder_accept(s.r, link, MILLIS(80));
        stage_arrive(&s, link, y.b, y.len, y.true_len);
        if (round % 16 == 0)
            stage_run(&s, s.r->env.now + MILLIS(20));
        if (round % 1024 == 0)
            stage_forget(&s);
    }
    node_look(s.r->node, &s.r->env, &v);
    assert_int_equal(v.state, NODE_JOINED);
    assert_true(s.r->block_bytes + s.r->work_bytes < 400000);
    stage_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_protocols_versions_and_overlays_are_dropped),
        cmocka_unit_test(lying_lengths_are_dropped),
        cmocka_unit_test(a_message_cut_anywhere_is_dropped),
        cmocka_unit_test(no_bit_that_the_signature_covers_can_be_flipped),
        cmocka_unit_test(a_signature_under_anothers_name_is_dropped),
        cmocka_unit_test(ttl_out_of_range_is_refused),
        cmocka_unit_test(odd_destinations_are_dropped),
        cmocka_unit_test(a_resource_before_the_end_of_the_list_is_dropped),
        cmocka_unit_test(a_node_id_that_nobody_has_is_dropped),
        cmocka_unit_test(an_invalid_request_is_told_what_is_wrong),
        cmocka_unit_test(a_looping_source_route_is_refused),
        cmocka_unit_test(a_source_route_is_no_amplifier),
        cmocka_unit_test(a_loop_in_the_via_list_ends_with_ttl),
        cmocka_unit_test(a_via_list_that_is_no_way_back_gets_no_answer),
        cmocka_unit_test(a_via_list_of_two_hundred_hops_is_dropped),
        cmocka_unit_test(other_configurations_are_told),
        cmocka_unit_test(unknown_extensions_are_refused_if_critical),
        cmocka_unit_test(every_message_code_is_met),
        cmocka_unit_test(ping_padding_of_sixty_kilobytes_costs_the_link),
        cmocka_unit_test(a_probe_of_255_types_is_answered_once),
        cmocka_unit_test(an_answer_longer_than_allowed_is_an_error_instead),
        cmocka_unit_test(a_replayed_request_is_not_done_again),
        cmocka_unit_test(our_own_requests_reflected_are_refused),
        cmocka_unit_test(mutations_by_the_thousand_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

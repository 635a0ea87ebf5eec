/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: on random valid messages of every code, true and folded, decoding and encoding again is the identity and all lengths agree; no prefix of
 * a message decodes; no mutation crashes, and what still decodes is still re-encoded to itself. Leaves open: the values of fields against
 * the RFC (test_vectors.c). ROUNDS=n multiplies the work: make test runs 1, which is 10^6 messages and 10^6 mutations in all. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "proto/wire/frame.h"
#include "proto/wire/rewrite.h"
#include "proto/wire/test/random_message.h"

static struct random_message original;
static uint8_t again[RANDOM_MESSAGE_BYTES_MAX];

static uint32_t rounds(uint32_t usual)
{
    const char *n = getenv("ROUNDS");
    return usual * (n ? (uint32_t)atoi(n) : 1);
}

/* What message_read accepts must come out again byte for byte. */
static void assert_rewrites(const uint8_t *b, uint32_t len, bool folded, const struct message *m)
{
    struct writer w = writer_on(again, sizeof again, folded);

    assert_int_equal(rewrite_message(&w, m), 0);
    assert_int_equal(writer_len(&w), len);
    assert_int_equal(writer_true(&w), m->header.length);
    assert_memory_equal(again, b, len);
}

static void round_trips(uint64_t seed, bool folded, uint32_t n)
{
    struct message_source s = message_source_of(seed);
    struct message m;

    for (uint32_t i = 0; i < n; i++) {
        uint16_t code = random_message_code(&s);
        random_message_make(&s, code, folded, &original);
        int err = message_read(original.b, original.len, folded, &m);
        if (err)
            fail_msg("message %u of code %u: %s", i, code, error_text(err));
        assert_int_equal(m.code, code);
        assert_int_equal(m.header.length, original.true_len);
        assert_int_equal(message_peek_code(original.b, original.len, folded), code);
        assert_int_equal(m.contents_true, 2 + 4 + m.body_true + 4 + m.extensions.len);
        assert_rewrites(original.b, original.len, folded, &m);
    }
}

static void decoding_then_encoding_true_messages_is_the_identity(void **state)
{
    (void)state;
    round_trips(1, false, rounds(500000));
}

static void decoding_then_encoding_folded_messages_is_the_identity(void **state)
{
    (void)state;
    round_trips(2, true, rounds(500000));
}

/* Also with a header that does not give the truncation away. Copied to the heap so that ASan sees one byte too far. */
static void no_prefix_of_a_message_decodes(void **state)
{
    struct message_source s = message_source_of(3);
    struct message m;

    (void)state;
    for (uint32_t i = 0; i < rounds(200); i++) {
        bool folded = i & 1;
        random_message_make(&s, random_message_code(&s), folded, &original);
        for (uint32_t len = 0; len < original.len; len += original.len > 3000 ? 37 : 1) {
            uint8_t *cut = malloc(len ? len : 1);
            memcpy(cut, original.b, len);
            assert_int_not_equal(message_read(cut, len, folded, &m), 0);
            if (len >= HEADER_FIXED_BYTES)
                header_patch_fragment(cut, FRAGMENT_WHOLE, original.true_len - (original.len - len));
            assert_int_not_equal(message_read(cut, len, folded, &m), 0);
            message_peek_code(cut, len, folded);
            free(cut);
        }
    }
}

static void bytes_behind_a_message_are_refused(void **state)
{
    struct message_source s = message_source_of(4);
    struct message m;

    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        bool folded = i & 1;
        random_message_make(&s, random_message_code(&s), folded, &original);
        original.b[original.len] = 0;
        header_patch_fragment(original.b, FRAGMENT_WHOLE, original.true_len + 1);
        assert_int_equal(message_read(original.b, original.len + 1, folded, &m), ERR_TRAILING);
    }
}

/* One to four changes: a bit, a byte, a small or large number in 1, 2 or 4 bytes (where lengths are hit), a piece moved, inserted or removed. */
static void mutate(struct message_source *s, struct random_message *m)
{
    static const uint32_t number[] = {0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x10000, 0xffffff, 0x7fffffff, 0xfffffff0, 0xffffffff};

    for (uint32_t n = 1 + source_below(s, 4); n > 0 && m->len > 8; n--) {
        uint32_t at = source_below(s, m->len - 4), size = 1 + source_below(s, 20);
        switch (source_below(s, 7)) {
        case 0: m->b[at] ^= (uint8_t)(1u << source_below(s, 8)); break;
        case 1: m->b[at] = (uint8_t)source_word(s); break;
        case 2: store_be16(m->b + at, (uint16_t)number[source_below(s, 14)]); break;
        case 3: store_be32(m->b + at, number[source_below(s, 14)]); break;
        case 4: store_be16(m->b + at, (uint16_t)(load_be16(m->b + at) + source_below(s, 5) - 2)); break;
        case 5:
            if (m->len + size < sizeof m->b) {
                memmove(m->b + at + size, m->b + at, m->len - at);
                m->len += size;
            }
            break;
        default:
            if (at + size < m->len) {
                memmove(m->b + at, m->b + at + size, m->len - at - size);
                m->len -= size;
            }
            break;
        }
    }
}

static void no_mutation_crashes_and_what_decodes_rewrites(void **state)
{
    struct message_source s = message_source_of(5);
    struct random_message *changed = malloc(sizeof *changed);
    uint32_t n = rounds(1000000), decoded = 0;
    struct message m;

    (void)state;
    for (uint32_t i = 0; i < n; i++) {
        bool folded = i & 1;
        if (i % 8 < 2)
            random_message_make(&s, random_message_code(&s), folded, &original);
        memcpy(changed->b, original.b, original.len);
        changed->len = original.len;
        changed->true_len = original.true_len;
        mutate(&s, changed);
        if (i & 2 && changed->len >= HEADER_FIXED_BYTES)
            header_patch_fragment(changed->b, FRAGMENT_WHOLE, changed->true_len + changed->len - original.len);
        if (!message_read(changed->b, changed->len, folded, &m)) {
            decoded++;
            assert_rewrites(changed->b, changed->len, folded, &m);
        }
    }
    /* The test means something only if a good part gets through: most mutations hit opaque bytes. */
    assert_true(decoded > n / 20);
    free(changed);
}

/* The typed readers are public: each must hold its own on bytes that message_read never saw. */
static void typed_readers_survive_garbage(void **state)
{
    struct message_source s = message_source_of(6);
    union {
        struct ping_req a; struct ping_ans b; struct probe_req c; struct probe_ans d; struct attach e; struct join_req f; struct join_ans g;
        struct leave_req h; struct update_req i; struct route_query_req j; struct route_query_ans k; struct config_update_req l;
        struct error_body m; struct fetch_req n; struct find_req o; struct list_body p; struct stored_data q; struct metadata t;
        struct sip_registration u; struct chord_leave_data v; struct security w; struct candidate x; struct header y; struct span z;
    } x;

    (void)state;
    for (uint32_t i = 0; i < rounds(100000); i++) {
        uint32_t len = source_below(&s, 64);
        uint8_t *b = malloc(len ? len : 1);
        for (uint32_t k = 0; k < len; k++)
            b[k] = (uint8_t)(source_word(&s) & (source_below(&s, 2) ? 0xff : 0x03));
        struct reader r = reader_on(b, len, i & 1), each = r;
        ping_req_read(r, &x.a), ping_ans_read(r, &x.b), probe_req_read(r, &x.c), probe_ans_read(r, &x.d), attach_read(r, &x.e);
        app_attach_read(r, &x.e), join_req_read(r, &x.f), join_ans_read(r, &x.g), leave_req_read(r, &x.h), update_req_read(r, &x.i);
        route_query_req_read(r, &x.j), route_query_ans_read(r, &x.k), config_update_req_read(r, &x.l), error_read(r, &x.m);
        fetch_req_read(r, &x.n), find_req_read(r, &x.o), store_ans_read(r, &x.p), find_ans_read(r, &x.p);
        sip_registration_read((struct span){b, len}, &x.u), chord_leave_read((struct span){b, len}, &x.v);
        dictionary_keys_read((struct span){b, len}, &x.z);
        for (uint32_t kind = 0; kind <= KIND_CERTIFICATE_BY_USER + 1; kind++)
            for (each = r; reader_left(&each);)
                stored_data_read(&each, kind, &x.q);
        for (unsigned model = MODEL_UNKNOWN; model <= MODEL_DICTIONARY; model++) {
            for (each = r; reader_left(&each);)
                metadata_read(&each, model, &x.t);
        }
        for (each = r; reader_left(&each);)
            candidate_read(&each, &x.x);
        each = r;
        security_read(&each, &x.w);
        each = r;
        header_read(&each, &x.y);
        free(b);
    }
}

static void frames_of_random_messages_round_trip(void **state)
{
    struct message_source s = message_source_of(7);
    static uint8_t frame[RANDOM_MESSAGE_BYTES_MAX + FRAME_DATA_BYTES];

    (void)state;
    for (uint32_t i = 0; i < 20000; i++) {
        struct writer w = writer_on(frame, sizeof frame, false), out = writer_on(again, sizeof again, false);
        random_message_make(&s, random_message_code(&s), false, &original);
        if (i % 4) {
            frame_put_data(&w, (uint32_t)source_word(&s), original.len);
            put_bytes(&w, original.b, original.len);
        } else {
            frame_put_ack(&w, (uint32_t)source_word(&s), (uint32_t)source_word(&s));
        }
        assert_int_equal(rewrite_frame(&out, frame, writer_len(&w)), 0);
        assert_int_equal(writer_len(&out), writer_len(&w));
        assert_memory_equal(again, frame, writer_len(&w));
        assert_int_not_equal(rewrite_frame(&out, frame, writer_len(&w) - 1), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decoding_then_encoding_true_messages_is_the_identity),
        cmocka_unit_test(decoding_then_encoding_folded_messages_is_the_identity),
        cmocka_unit_test(no_prefix_of_a_message_decodes),
        cmocka_unit_test(bytes_behind_a_message_are_refused),
        cmocka_unit_test(no_mutation_crashes_and_what_decodes_rewrites),
        cmocka_unit_test(typed_readers_survive_garbage),
        cmocka_unit_test(frames_of_random_messages_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

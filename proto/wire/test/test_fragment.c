/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: parts of a message are equal in size, hold at least 256 bytes of body, fit the limit, carry the whole header and together are the
 * message; a part can be split again; folded parts are shorter than what they stand for, name the message's code, and cuts shift a little for tokens.
 * Leaves open: reassembly (proto/reload). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "proto/wire/message.h"
#include "proto/wire/stretch.h"
#include "proto/wire/test/random_message.h"

#define PARTS_MAX 400

/* Collects parts and rebuilds the payload at their offsets. */
struct collector {
    uint8_t body[RANDOM_MESSAGE_BYTES_MAX], part[PARTS_MAX][9000];
    size_t part_len[PARTS_MAX];
    struct header header[PARTS_MAX];
    uint32_t parts, covered, last_end;
    bool folded;
    int refuse_at; /* the part at which the callback fails; -1 = none */
};

static struct collector c;
static struct random_message message;
static uint8_t scratch[RANDOM_MESSAGE_BYTES_MAX];

static int collect(void *arg, const uint8_t *part, size_t len, uint32_t true_len)
{
    struct collector *x = arg;
    struct reader r = reader_on(part, len, x->folded);
    struct header *h = &x->header[x->parts];
    uint32_t body;

    if ((int)x->parts == x->refuse_at)
        return ERR_NO_ROOM;
    assert_true(x->parts < PARTS_MAX);
    assert_int_equal(header_read(&r, h), 0);
    assert_int_equal(h->length, true_len);
    body = h->length - header_bytes(h);
    assert_int_equal(FRAGMENT_OFFSET(h->fragment), x->last_end);
    if (!x->folded) {
        assert_int_equal(reader_left(&r), body);
        memcpy(x->body + FRAGMENT_OFFSET(h->fragment), r.p, body);
    }
    assert_true(reader_left(&r) <= body);
    if (len <= sizeof x->part[0])
        memcpy(x->part[x->parts], part, len);
    x->part_len[x->parts++] = len;
    x->last_end += body;
    x->covered += body;
    return 0;
}

static int split(const uint8_t *m, size_t len, bool folded, uint32_t limit)
{
    c.parts = c.covered = c.last_end = 0;
    c.folded = folded;
    return fragment_split(m, len, limit, scratch, sizeof scratch, collect, &c);
}

static struct header header_of(const uint8_t *b, size_t len)
{
    struct header h;
    struct reader r = reader_on(b, len, false);
    assert_int_equal(header_read(&r, &h), 0);
    return h;
}

static void assert_parts(const struct header *whole, uint32_t limit)
{
    uint32_t body = whole->length - header_bytes(whole), least = UINT32_MAX, most = 0, shift = c.folded ? STRETCH_LEAST : 0;

    for (uint32_t i = 0; i < c.parts; i++) {
        const struct header *h = &c.header[i];
        uint32_t n = h->length - header_bytes(h);
        least = n < least ? n : least;
        most = n > most ? n : most;
        assert_true(h->length <= limit + shift);
        assert_true(n >= FRAGMENT_BODY_BYTES_MIN);
        assert_int_equal(!!(h->fragment & FRAGMENT_LAST), i + 1 == c.parts);
        assert_true(h->fragment & FRAGMENT_HIGH);
        assert_int_equal(h->via.len, whole->via.len);
        assert_int_equal(h->destination.len, whole->destination.len);
        assert_int_equal(h->options.len, whole->options.len);
        assert_int_equal(h->transaction, whole->transaction);
    }
    assert_true(most - least <= 1 + 4 * shift); /* both ends of each may lie off */
    assert_int_equal(c.covered, body);
    /* Not one part more than needed. */
    assert_true((c.parts - 1) * (limit - header_bytes(whole)) < body);
}

static void parts_are_equal_and_together_the_message(void **state)
{
    struct message_source s = message_source_of(11);
    uint32_t split_up = 0, tokens_met = 0;

    (void)state;
    for (int i = 0; i < 4000; i++) {
        bool folded = i & 1;
        uint32_t limit = 600 + source_below(&s, 1200);
        random_message_make(&s, random_message_code(&s), folded, &message);
        struct header whole = header_of(message.b, message.len);
        int n = split(message.b, message.len, folded, limit);
        assert_true(n >= 1);
        assert_int_equal(n, c.parts);
        if (n == 1) {
            assert_int_equal(c.part_len[0], message.len);
            /* It fits, or as many parts as it needs would be too small. */
            uint32_t bytes = message.true_len - header_bytes(&whole), room = limit > header_bytes(&whole) ? limit - header_bytes(&whole) : 1;
            assert_true(message.true_len <= limit || limit < header_bytes(&whole) + FRAGMENT_BODY_BYTES_MIN ||
                        bytes / ((bytes + room - 1) / room) < FRAGMENT_BODY_BYTES_MIN + (folded ? STRETCH_LEAST : 0));
            continue;
        }
        split_up++;
        assert_parts(&whole, limit);
        uint32_t head = header_bytes(&whole);
        if (!folded)
            assert_memory_equal(c.body, message.b + head, message.len - head);
        for (int k = 0; folded && k < n; k++) {
            bool tokens = c.part_len[k] < c.header[k].length;
            tokens_met += tokens;
            assert_int_equal(message_peek_code(c.part[k], c.part_len[k], tokens), tokens || k == 0 ? load_be16(message.b + head) : 0);
        }
    }
    assert_true(split_up > 1000 && tokens_met > 1000);
}

static void a_part_splits_again_into_parts_of_the_whole(void **state)
{
    struct message_source s = message_source_of(12);
    static uint8_t body[RANDOM_MESSAGE_BYTES_MAX], first[2][9000];
    size_t first_len[2];
    int done = 0;

    (void)state;
    for (int i = 0; i < 2000; i++) {
        bool folded = i & 1;
        do
            random_message_make(&s, STORE_REQ, folded, &message);
        while (message.len > 8000);
        struct header whole = header_of(message.b, message.len);
        uint32_t head = header_bytes(&whole), size = message.true_len - head, again = 0;
        if (size < 2048 || size > 6000 || split(message.b, message.len, folded, head + (size + 1) / 2) != 2)
            continue;
        done++;
        for (int k = 0; k < 2; k++) {
            first_len[k] = c.part_len[k];
            memcpy(first[k], c.part[k], c.part_len[k]);
        }
        for (int k = 0; k < 2; k++) {
            struct header part = header_of(first[k], first_len[k]);
            c.parts = c.covered = 0;
            c.folded = folded;
            c.last_end = FRAGMENT_OFFSET(part.fragment);
            assert_int_equal(c.last_end, again);
            assert_true(fragment_split(first[k], first_len[k], head + 700, scratch, sizeof scratch, collect, &c) >= 2);
            again = c.last_end;
            assert_int_equal(!!(c.header[c.parts - 1].fragment & FRAGMENT_LAST), k == 1);
            for (uint32_t p = 0; p + 1 < c.parts; p++)
                assert_false(c.header[p].fragment & FRAGMENT_LAST);
            if (!folded)
                memcpy(body + FRAGMENT_OFFSET(part.fragment), c.body + FRAGMENT_OFFSET(part.fragment), c.covered);
        }
        assert_int_equal(again, size);
        if (!folded)
            assert_memory_equal(body, message.b + head, size);
    }
    assert_true(done > 200);
}

/* A payload of 1,730 bytes in two halves: fragment fields 80000000 and c0000361. */
static void the_worked_example_splits_in_halves(void **state)
{
    struct header h = {.version = RELO_VERSION, .fragment = FRAGMENT_WHOLE, .length = HEADER_FIXED_BYTES + 1730};
    struct writer w = writer_on(message.b, sizeof message.b, false);

    (void)state;
    header_put(&w, &h);
    memset(message.b + HEADER_FIXED_BYTES, 7, 1730);
    assert_int_equal(split(message.b, h.length, false, 1400), 2);
    assert_int_equal(c.header[0].fragment, 0x80000000);
    assert_int_equal(c.header[1].fragment, 0xc0000361);
    assert_int_equal(c.header[0].length, HEADER_FIXED_BYTES + 865);
    assert_int_equal(c.header[1].length, HEADER_FIXED_BYTES + 865);
}

static void what_cannot_be_split_is_handed_over_whole_or_refused(void **state)
{
    struct header h = {.version = RELO_VERSION, .fragment = FRAGMENT_WHOLE, .length = HEADER_FIXED_BYTES + 1000};
    struct writer w = writer_on(message.b, sizeof message.b, false);

    (void)state;
    header_put(&w, &h);
    assert_int_equal(split(message.b, h.length, false, HEADER_FIXED_BYTES + 255), 1);  /* no room for 256 bytes of body */
    assert_int_equal(split(message.b, h.length, false, HEADER_FIXED_BYTES + 256), 1);  /* 4 parts of 250 */
    assert_int_equal(split(message.b, h.length, false, HEADER_FIXED_BYTES + 500), 2);
    assert_int_equal(split(message.b, h.length, false, h.length), 1);
    assert_int_equal(split(message.b, h.length - 1, false, 400), ERR_SHORT);
    header_patch_fragment(message.b, 0xc0fffff0, h.length); /* would end past the 24 bits of an offset */
    assert_int_equal(split(message.b, h.length, false, 600), ERR_FRAGMENT);
    header_patch_fragment(message.b, FRAGMENT_WHOLE, h.length);
    assert_int_equal(fragment_split(message.b, h.length, 600, scratch, 200, collect, &c), ERR_TOO_LARGE);
    c.refuse_at = 1;
    assert_int_equal(split(message.b, h.length, false, 600), ERR_NO_ROOM);
    c.refuse_at = -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_equal_and_together_the_message),
        cmocka_unit_test(a_part_splits_again_into_parts_of_the_whole),
        cmocka_unit_test(the_worked_example_splits_in_halves),
        cmocka_unit_test(what_cannot_be_split_is_handed_over_whole_or_refused),
    };
    c.refuse_at = -1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

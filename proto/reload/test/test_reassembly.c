/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: what becomes of fragments that lie about their lengths, of parts that find no room, and of tokens that others overwrite: an error, and never a message
 * made of what happened to lie in memory. Leaves open: whole conversations (proto/test/test_hostile_fragment.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/base/error.h"
#include "proto/reload/draft.h"
#include "proto/reload/reassembly.h"
#include "proto/wire/stretch.h"

/* A node with nothing but a block and its work. */
struct bench {
    struct node *block;
    struct overlay overlay;
    struct env env;
    struct call call;
    uint8_t out[DRAFT_CAP];
};

static struct node *room(struct env *env, size_t bytes)
{
    struct bench *b = env->host;
    return b->block = realloc(b->block, bytes);
}

static bool work(struct env *env, size_t bytes)
{
    env->work = realloc(env->work, bytes ? bytes : 1);
    return env->work != NULL;
}

static const struct port port = {.room = room, .work = work};

static struct bench *bench_open(uint32_t reassembly_bytes)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    b->overlay = (struct overlay){.max_message_size = 5000, .limits = {.reassembly_bytes = reassembly_bytes, .block_bytes = 100000}};
    b->env = (struct env){.port = &port, .host = b, .now = 1};
    b->block = malloc(node_bytes_initial());
    assert_non_null(b->block);
    block_init(b->block, 0, (struct id){1, 2});
    b->call = (struct call){b->block, &b->env, &b->overlay};
    return b;
}

static void bench_close(struct bench *b)
{
    free(b->env.work);
    free(b->block);
    free(b);
}

/* A part of so many bytes that stands for so many true ones. The stack below is filled first: nothing of it may come out. */
static __attribute__((noinline)) void fill_stack(uint8_t with)
{
    volatile uint8_t waste[60000];
    for (unsigned i = 0; i < sizeof waste; i++)
        waste[i] = with;
}

static long arrives(struct bench *b, uint32_t fragment, const uint8_t *bytes, uint32_t len, uint32_t true_len, uint8_t stack)
{
    struct header h = {.version = RELO_VERSION, .fragment = FRAGMENT_HIGH | fragment, .transaction = 7};
    uint32_t whole_len;
    h.length = header_bytes(&h) + true_len;
    fill_stack(stack);
    return reassembly_add(&b->call, 3, &h, (struct span){bytes, len}, b->out, sizeof b->out, &whole_len);
}

/* All in one piece, but for a reserved bit of the fragment field, with tokens that stand for 60,000 bytes where the header says 4,000. */
static void a_whole_message_is_no_part(void **state)
{
    (void)state;
    struct bench *b = bench_open(16384);
    uint8_t m[600];
    struct writer w = writer_on(m, sizeof m, false);
    put_u16(&w, PING_REQ);
    put_u32(&w, 2);
    put_u16(&w, 0);
    put_u32(&w, 0);
    put_u16(&w, 73 * CERTIFICATE_TRUE_BYTES);
    for (unsigned k = 0; k < 73; k++) {
        put_u8(&w, TOKEN_CERTIFICATE);
        put_u32(&w, 5);
    }
    put_u8(&w, TOKEN_SIGNATURE);
    put_u32(&w, 5);
    put_u64(&w, 0);
    assert_int_equal(arrives(b, FRAGMENT_LAST | UINT32_C(0x01000000), m, (uint32_t)writer_len(&w), 4000, 0), ERR_FRAGMENT);
    bench_close(b);
}

/* A longer part of the same bytes finds no room: what was there before must not count any more. */
static void a_part_without_room_ends_its_message(void **state)
{
    (void)state;
    struct bench *b = bench_open(300);
    const uint8_t folded[11] = {0, 3, 0, 0, 0, 0, TOKEN_CERTIFICATE, 0, 0, 0, 5}, bytes[900] = {0};
    assert_int_equal(arrives(b, 0, folded, sizeof folded, CERTIFICATE_TRUE_BYTES, 0), 0);
    assert_int_equal(arrives(b, 0, bytes, CERTIFICATE_TRUE_BYTES, CERTIFICATE_TRUE_BYTES, 0), ERR_NO_ROOM);
    assert_int_equal(section_used(&b->call, SECTION_WORK), 0);
    assert_int_equal(arrives(b, FRAGMENT_LAST | CERTIFICATE_TRUE_BYTES, bytes, 100, 100, 0), 0); /* the first part is missing */
    bench_close(b);
}

/* A token begins in bytes that another part brings too, so that there is another token, a shorter one, or none. */
static void a_token_that_is_overwritten(void **state)
{
    (void)state;
    static const uint8_t first[] = {TOKEN_DER, TOKEN_SIGNATURE, 0};
    for (unsigned k = 0; k < sizeof first; k++) {
        long len[2];
        uint8_t seen[2][DRAFT_CAP];
        for (unsigned stack = 0; stack < 2; stack++) {
            struct bench *b = bench_open(16384);
            const uint8_t folded[11] = {0, 3, 0, 19, 0, 0, TOKEN_CERTIFICATE, 0, 0, 0, 5};
            uint8_t bytes[100] = {0};
            bytes[81] = first[k];
            assert_int_equal(arrives(b, FRAGMENT_LAST | 100, folded, sizeof folded, 800, 0), 0);
            len[stack] = arrives(b, 0, bytes, sizeof bytes, sizeof bytes, stack ? 0x55 : 0xaa);
            memcpy(seen[stack], b->out, sizeof b->out);
            bench_close(b);
        }
        assert_int_equal(len[0], len[1]);
        if (len[0] > 0)
            assert_memory_equal(seen[0], seen[1], (size_t)len[0]);
        if (first[k] == 0)
            assert_int_equal(len[0], ERR_FRAGMENT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_message_is_no_part),
        cmocka_unit_test(a_part_without_room_ends_its_message),
        cmocka_unit_test(a_token_that_is_overwritten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

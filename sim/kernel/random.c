/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/kernel/random.h"

#include "proto/base/hash.h"

/* Constants of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011, section 3.3. */
#define MULTIPLY_0 UINT32_C(0xD2511F53)
#define MULTIPLY_1 UINT32_C(0xCD9E8D57)
#define INVERSE_0 UINT32_C(0x991A7CDB)
#define INVERSE_1 UINT32_C(0x6D7CAE67)
#define WEYL_0 UINT32_C(0x9E3779B9)
#define WEYL_1 UINT32_C(0xBB67AE85)
#define ROUNDS 10u
_Static_assert(MULTIPLY_0 * INVERSE_0 == 1 && MULTIPLY_1 * INVERSE_1 == 1, "inverses modulo 2^32");

/* No stream has this number: it keeps the blocks of the permutation apart from those of every draw. */
#define STREAM_PERMUTATION UINT32_MAX

static inline uint32_t high(uint64_t x)
{
    return (uint32_t)(x >> 32);
}

static inline uint32_t low(uint64_t x)
{
    return (uint32_t)x;
}

static inline uint64_t join(uint32_t hi, uint32_t lo)
{
    return (uint64_t)hi << 32 | lo;
}

void philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t a = counter[0], b = counter[1], c = counter[2], d = counter[3];
    uint32_t k = key[0], l = key[1];
    #pragma GCC unroll 10
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t p = (uint64_t)MULTIPLY_0 * a;
        uint64_t q = (uint64_t)MULTIPLY_1 * c;
        a = high(q) ^ b ^ k;
        b = low(q);
        c = high(p) ^ d ^ l;
        d = low(p);
        k += WEYL_0;
        l += WEYL_1;
    }
    out[0] = a;
    out[1] = b;
    out[2] = c;
    out[3] = d;
}

/* Each round of Philox is a bijection of the block (the multipliers are odd), so the whole is undone round by round, last key first. */
static void philox4x32_undo(const uint32_t block[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t a = block[0], b = block[1], c = block[2], d = block[3];
    uint32_t k = key[0] + ROUNDS * WEYL_0, l = key[1] + ROUNDS * WEYL_1;
    for (unsigned round = 0; round < ROUNDS; round++) {
        k -= WEYL_0;
        l -= WEYL_1;
        uint32_t before_a = d * INVERSE_0, before_c = b * INVERSE_1;
        uint32_t before_b = a ^ k ^ high((uint64_t)MULTIPLY_1 * before_c);
        uint32_t before_d = c ^ l ^ high((uint64_t)MULTIPLY_0 * before_a);
        a = before_a;
        b = before_b;
        c = before_c;
        d = before_d;
    }
    out[0] = a;
    out[1] = b;
    out[2] = c;
    out[3] = d;
}

/* For one seed this is injective in the stream, and counter and entity fill the block: two draws of a run never share a block. */
struct random_key random_key_of(uint64_t seed, uint32_t stream)
{
    uint64_t k = hash64_mix(hash64_mix(UINT64_C(0x52454c4f41440001), seed), stream);
    return (struct random_key){{low(k), high(k)}};
}

struct random_key permutation_key_of(uint64_t seed)
{
    return random_key_of(seed, STREAM_PERMUTATION);
}

void random_block_with(struct random_key key, uint64_t entity, uint64_t counter, uint32_t out[4])
{
    const uint32_t block[4] = {low(counter), high(counter), low(entity), high(entity)};
    philox4x32(block, key.word, out);
}

void random_block(uint64_t seed, uint64_t entity, uint32_t stream, uint64_t counter, uint32_t out[4])
{
    random_block_with(random_key_of(seed, stream), entity, counter, out);
}

uint64_t random_u64(uint64_t seed, uint64_t entity, uint32_t stream, uint64_t counter)
{
    uint32_t out[4];
    random_block(seed, entity, stream, counter, out);
    return join(out[1], out[0]);
}

double random_unit(uint64_t seed, uint64_t entity, uint32_t stream, uint64_t counter)
{
    /* The middle of one of 2^52 equal cells: exact in a double, symmetric about 1/2, never 0 or 1. */
    uint64_t cell = random_u64(seed, entity, stream, counter) >> 12;
    return (double)(cell << 1 | 1u) * 0x1p-53;
}

uint64_t random_below(uint64_t seed, uint64_t entity, uint32_t stream, uint64_t counter, uint64_t n)
{
    /* The high half of the 128-bit product of a 64-bit draw and n, from 32-bit parts. */
    uint64_t x = random_u64(seed, entity, stream, counter);
    uint64_t ll = (uint64_t)low(x) * low(n), lh = (uint64_t)low(x) * high(n);
    uint64_t hl = (uint64_t)high(x) * low(n), hh = (uint64_t)high(x) * high(n);
    uint64_t middle = (ll >> 32) + low(lh) + low(hl);
    return hh + high(lh) + high(hl) + high(middle);
}

struct id128 permute128(struct random_key key, struct id128 x)
{
    uint32_t out[4];
    const uint32_t block[4] = {low(x.lo), high(x.lo), low(x.hi), high(x.hi)};
    philox4x32(block, key.word, out);
    return (struct id128){.hi = join(out[3], out[2]), .lo = join(out[1], out[0])};
}

struct id128 unpermute128(struct random_key key, struct id128 y)
{
    uint32_t out[4];
    const uint32_t block[4] = {low(y.lo), high(y.lo), low(y.hi), high(y.hi)};
    philox4x32_undo(block, key.word, out);
    return (struct id128){.hi = join(out[3], out[2]), .lo = join(out[1], out[0])};
}

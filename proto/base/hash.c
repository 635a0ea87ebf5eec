/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Multiply and fold: each step takes 16 bytes through one 64 x 64 -> 128 bit product whose halves are xored. The operands are
 * xored in as well, so that a zero factor does not swallow the other one. Three independent lanes keep the multiplier busy. */
#include "proto/base/hash.h"

#include "proto/base/bytes.h"

__extension__ typedef unsigned __int128 wide;

#define K0 UINT64_C(0x8f1b3a5c2d9e7461)
#define K1 UINT64_C(0x5bd1e995a7c30f2d)
#define K2 UINT64_C(0xc4ceb9fe1a85ec53)
#define K3 UINT64_C(0xe7037ed1a0b428db)

static inline uint64_t fold(uint64_t a, uint64_t b)
{
    wide p = (wide)a * b;
    return (uint64_t)p ^ (uint64_t)(p >> 64) ^ a ^ b;
}

static inline uint64_t step(uint64_t h, const uint8_t *b, uint64_t k)
{
    return fold(load_le64(b) ^ k, load_le64(b + 8) ^ h);
}

/* All of 0..16 bytes in two words; loads overlap instead of padding. */
static inline void short_words(const uint8_t *b, size_t len, uint64_t *x, uint64_t *y)
{
    if (len >= 8) {
        *x = load_le64(b);
        *y = load_le64(b + len - 8);
    } else if (len >= 4) {
        *x = load_le32(b);
        *y = load_le32(b + len - 4);
    } else {
        *x = len ? (uint64_t)b[0] << 16 | (uint64_t)b[len >> 1] << 8 | b[len - 1] : 0;
        *y = 0;
    }
}

uint64_t hash64(uint64_t key, const void *bytes, size_t len)
{
    const uint8_t *b = bytes;
    uint64_t h = fold(key ^ K0, (uint64_t)len ^ K1), x, y;

    if (len <= 16) {
        short_words(b, len, &x, &y);
    } else {
        size_t left = len;
        uint64_t h1 = h, h2 = h;
        for (; left > 48; left -= 48, b += 48) {
            h = step(h, b, K1);
            h1 = step(h1, b + 16, K2);
            h2 = step(h2, b + 32, K3);
        }
        h ^= h1 ^ (h2 + K2);
        for (; left > 16; left -= 16, b += 16)
            h = step(h, b, K3);
        x = load_le64(b + left - 16);
        y = load_le64(b + left - 8);
    }
    /* Two rounds: with one, bits of x that meet small factors hardly move. */
    return fold(fold(x ^ K1, y ^ h) ^ K2, h ^ K0);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counter-based random numbers: Philox4x32-10 (Salmon et al., SC 2011). A draw is a pure function of (seed, entity, purpose, counter),
 * so no draw moves another, on any rank, in any order. */
#ifndef SIM_KERNEL_RANDOM_H
#define SIM_KERNEL_RANDOM_H

#include <stdint.h>

/* Streams of the simulator; those of a protocol node (enum random_purpose) are offset by STREAM_NODE. New ones go last: a number that moves changes
 * every result that drew from it, and the certificates of sim/crypto/fuzz/corpus. */
enum random_stream {
    STREAM_LOSS = 1, STREAM_JITTER, STREAM_KEEPALIVE, STREAM_PLACE, STREAM_ACCESS, STREAM_CHURN, STREAM_REJOIN, STREAM_GRACEFUL,
    STREAM_LOOKUP_TIME, STREAM_LOOKUP_TARGET, STREAM_REGISTER, STREAM_BOOTSTRAP, STREAM_FAULT, STREAM_IDENTITY, STREAM_CONVERGED,
    STREAM_SAMPLE, STREAM_LAW, STREAM_TEST, STREAM_DAILY, STREAM_ARRIVAL,
    STREAM_EXTRA_DELAY, STREAM_PAIR, STREAM_HOSTILE, STREAM_CLIENT, STREAM_CLOSED, STREAM_KEY, STREAM_BROKEN, STREAM_NODE = 64
};

void philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* The key of a stream, or of the permutation, for who draws by the million: to make it is a fifth of a draw. */
struct random_key { uint32_t word[2]; };
struct random_key random_key_of(uint64_t seed, uint32_t stream);
struct random_key permutation_key_of(uint64_t seed);
void random_block_with(struct random_key, uint64_t entity, uint64_t counter, uint32_t out[4]);
void random_block(uint64_t seed, uint64_t entity, uint32_t stream, uint64_t counter, uint32_t out[4]);
uint64_t random_u64(uint64_t seed, uint64_t entity, uint32_t stream, uint64_t counter);
/* Uniform in the open interval (0, 1): the middle of one of 2^52 equal cells, so never 0 or 1, and 1 - u is exact. */
double random_unit(uint64_t seed, uint64_t entity, uint32_t stream, uint64_t counter);
/* Uniform in 0..n-1 by multiplication, bias below 2^-32 for n < 2^32. */
uint64_t random_below(uint64_t seed, uint64_t entity, uint32_t stream, uint64_t counter, uint64_t n);

/* Keyed permutation of 128-bit blocks and its inverse: identity number -> Node-ID and back. It is Philox4x32-10 itself, whose rounds are bijections;
 * its key is one that no stream uses. About 20 ns either way.
 * lo = identity number, hi = 0 maps to an id; a random id maps back to hi = 0 only if it belongs to an identity. */
struct id128 { uint64_t hi, lo; };
struct id128 permute128(struct random_key, struct id128 x);
struct id128 unpermute128(struct random_key, struct id128 y);

#endif

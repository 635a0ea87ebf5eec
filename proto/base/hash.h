/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keyed 64-bit hash, streaming: the modelled signature, the fingerprint chain and small tables use it. Not cryptographic;
 * equal on every machine (input is read little-endian byte by byte or by memcpy and swapped where needed). */
#ifndef PROTO_BASE_HASH_H
#define PROTO_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Hash of len bytes under key. Splitting the input changes the value: callers chain with the previous result as the key. */
uint64_t hash64(uint64_t key, const void *bytes, size_t len);

/* Mixes one word into a running value; a bijection of x for a fixed h, so no information is lost. */
static inline uint64_t hash64_mix(uint64_t h, uint64_t x)
{
    h ^= x;
    h *= UINT64_C(0x9fb21c651e98df25);
    h ^= h >> 35;
    h *= UINT64_C(0xd6e8feb86659fd93);
    h ^= h >> 28;
    return h;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unaligned big-endian and little-endian words, one load or store (and a swap) each. The host's byte order is a constant of the
 * compiler, so the branch on it costs nothing. Shifting bytes together would be plainer, but gcc 12 makes vectors of the stores. */
#ifndef PROTO_BASE_BYTES_H
#define PROTO_BASE_BYTES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline bool host_is_little(void)
{
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
}

static inline uint16_t load_be16(const uint8_t *b)
{
    uint16_t v;
    memcpy(&v, b, sizeof v);
    return host_is_little() ? __builtin_bswap16(v) : v;
}

static inline uint32_t load_be32(const uint8_t *b)
{
    uint32_t v;
    memcpy(&v, b, sizeof v);
    return host_is_little() ? __builtin_bswap32(v) : v;
}

static inline uint64_t load_be64(const uint8_t *b)
{
    uint64_t v;
    memcpy(&v, b, sizeof v);
    return host_is_little() ? __builtin_bswap64(v) : v;
}

static inline uint32_t load_be24(const uint8_t *b)
{
    return (uint32_t)b[0] << 16 | load_be16(b + 1);
}

static inline uint32_t load_le32(const uint8_t *b)
{
    return __builtin_bswap32(load_be32(b));
}

static inline uint64_t load_le64(const uint8_t *b)
{
    return __builtin_bswap64(load_be64(b));
}

static inline void store_be16(uint8_t *b, uint16_t v)
{
    v = host_is_little() ? __builtin_bswap16(v) : v;
    memcpy(b, &v, sizeof v);
}

static inline void store_be32(uint8_t *b, uint32_t v)
{
    v = host_is_little() ? __builtin_bswap32(v) : v;
    memcpy(b, &v, sizeof v);
}

static inline void store_be64(uint8_t *b, uint64_t v)
{
    v = host_is_little() ? __builtin_bswap64(v) : v;
    memcpy(b, &v, sizeof v);
}

static inline void store_be24(uint8_t *b, uint32_t v)
{
    b[0] = (uint8_t)(v >> 16);
    store_be16(b + 1, (uint16_t)v);
}

#endif

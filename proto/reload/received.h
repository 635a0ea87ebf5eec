/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of the 32 frames before the last one have been received (RFC 6940 6.6.2), in 16 bits: a link that has lost none or few needs no more. The newest frame is bit 0.
 * A word holds how many bits there are up to the oldest that is set, and where among them the holes lie: two, or three when all 32 are there; 31 is no
 * hole. What has more of them does not fit. */
#ifndef PROTO_RELOAD_RECEIVED_H
#define PROTO_RELOAD_RECEIVED_H

#include <stdbool.h>
#include <stdint.h>

#define RECEIVED_WHOLE 0x8000u
#define RECEIVED_HOLE  31u /* none: it would be the oldest bit, which is set */
/* What is kept is turned over so that 0 is an empty bitmap. */
#define RECEIVED_EMPTY (RECEIVED_HOLE << 5 | RECEIVED_HOLE << 10)
/* No bitmap has this word: no bits, and a hole in them. */
#define RECEIVED_ASIDE ((uint16_t)(RECEIVED_EMPTY ^ (RECEIVED_HOLE << 5)))

static inline bool received_pack(uint32_t bits, uint16_t *word)
{
    unsigned count = bits ? 32u - (unsigned)__builtin_clz(bits) : 0, most = count == 32 ? 3 : 2, found = 0;
    unsigned hole[3] = {RECEIVED_HOLE, RECEIVED_HOLE, RECEIVED_HOLE};
    for (uint32_t holes = count == 32 ? ~bits : ~bits & ((UINT32_C(1) << count) - 1); holes; holes &= holes - 1) {
        if (found == most)
            return false;
        hole[found++] = (unsigned)__builtin_ctz(holes);
    }
    unsigned x = count == 32 ? RECEIVED_WHOLE | hole[0] | hole[1] << 5 | hole[2] << 10 : count | hole[0] << 5 | hole[1] << 10;
    *word = (uint16_t)(x ^ RECEIVED_EMPTY);
    return true;
}

static inline uint32_t received_bits(uint16_t word)
{
    unsigned x = word ^ RECEIVED_EMPTY, third = x & RECEIVED_WHOLE ? x & 31u : RECEIVED_HOLE;
    uint32_t holes = UINT32_C(1) << (x >> 5 & 31u) | UINT32_C(1) << (x >> 10 & 31u) | UINT32_C(1) << third;
    uint32_t all = x & RECEIVED_WHOLE ? UINT32_MAX : (UINT32_C(1) << (x & 31u)) - 1;
    return all & ~(holes & ~(UINT32_C(1) << RECEIVED_HOLE));
}

#endif

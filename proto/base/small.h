/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unsigned numbers below 65,536 in 12 or 10 bits, as floats without a sign: exact up to 511 or 127, above that within 0.2 % or 0.8 %. For averages that
 * are kept in large numbers. Rises with the value; small_get(small_put(x)) of such a result is itself. */
#ifndef PROTO_BASE_SMALL_H
#define PROTO_BASE_SMALL_H

#include <stdint.h>

/* 4 bits of exponent, the rest mantissa with a hidden first bit. */
#define SMALL_12_BITS 12
#define SMALL_10_BITS 10

static inline uint32_t small_get(uint32_t x, unsigned bits)
{
    unsigned mantissa = bits - 4, exponent = x >> mantissa;
    uint32_t rest = x & ((1u << mantissa) - 1);
    return exponent == 0 ? rest : ((1u << mantissa) | rest) << (exponent - 1);
}

/* Rounded to the nearest; 65,535 and above become the largest. */
static inline uint32_t small_put(uint32_t value, unsigned bits)
{
    unsigned mantissa = bits - 4, shift = 0;
    if (value > 65535)
        value = 65535;
    while (value >> shift >= 2u << mantissa)
        shift++;
    if (shift > 0) {
        uint32_t rounded = value + (1u << (shift - 1));
        if (rounded >> shift >= 2u << mantissa)
            shift++;
        value = rounded >> shift;
    }
    uint32_t x = value < 1u << mantissa ? value : (shift + 1) << mantissa | (value & ((1u << mantissa) - 1));
    return x < 1u << bits ? x : (1u << bits) - 1;
}

#endif

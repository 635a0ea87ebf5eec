/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is looked up: rank k of n identities is chosen with probability proportional to k^-exponent (Zipf; exponent 0 = all alike), by rejection-inversion
 * after Hörmann and Derflinger (1996): no table, so it serves millions. Ranks are spread over the identities by a keyed affine permutation, so that being
 * popular has nothing to do with being a bootstrap node or with living in a certain partition. */
#ifndef SIM_WORLD_POPULARITY_H
#define SIM_WORLD_POPULARITY_H

#include <stdint.h>

struct popularity {
    uint32_t n;
    double exponent;
    double from, to, cut;    /* of the rejection: integrals of the hat at both ends, and where acceptance is certain */
    uint64_t stride, offset; /* identity = (rank * stride + offset) mod n; stride is coprime with n */
};

void popularity_init(struct popularity *, uint32_t n, double exponent, uint64_t seed);
/* A uniform in (0, 1) to a rank in 1..n; 0 = rejected, try the next uniform (on average less than 1.2 are needed). */
uint32_t popularity_rank(const struct popularity *, double u);
/* The identity of that rank. */
uint32_t popularity_identity(const struct popularity *, uint32_t rank);

#endif

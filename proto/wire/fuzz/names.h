/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Peers for unfolding under a fuzzer: names of every length, no digest worth the time. */
#ifndef PROTO_WIRE_FUZZ_NAMES_H
#define PROTO_WIRE_FUZZ_NAMES_H

#include "proto/wire/fold.h"

static inline struct id fuzz_node(void *arg, peer_h peer)
{
    (void)arg;
    return (struct id){peer, peer};
}

static inline size_t fuzz_user(void *arg, peer_h peer, char out[64])
{
    (void)arg;
    memset(out, 'u', 64);
    return peer & 63;
}

static inline void fuzz_digest(void *arg, const void *b, size_t len, uint8_t out[32])
{
    (void)arg, (void)b;
    memset(out, (int)len, 32);
}

static inline struct fold_names fuzz_names(void)
{
    return (struct fold_names){NULL, fuzz_node, fuzz_user, "overlay.example.org", fuzz_digest, NULL};
}

#endif

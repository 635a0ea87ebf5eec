/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fragments of messages for us wait here for the rest, 15 s at most (RFC 6940 6.7). Keyed by transaction id and first hop back. */
#ifndef PROTO_RELOAD_REASSEMBLY_H
#define PROTO_RELOAD_REASSEMBLY_H

#include "proto/reload/block.h"
#include "proto/wire/header.h"

/* Adds a fragment. Returns the length of the whole message written to out (header and payload, *true_len set; folded when they differ), 0 while parts are
 * missing, or a negative error. payload: bytes at hand. */
long reassembly_add(struct call *, uint16_t slot, const struct header *, struct span payload, uint8_t *out, size_t cap, uint32_t *true_len);

#endif

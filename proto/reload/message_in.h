/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages on their way: header checks, destination lists, forwarding, delivery (RFC 6940 6.1, 6.2, 10.3). */
#ifndef PROTO_RELOAD_MESSAGE_IN_H
#define PROTO_RELOAD_MESSAGE_IN_H

#include "proto/reload/block.h"
#include "proto/wire/message.h"

#define SLOT_SELF (UINT16_MAX - 1) /* a message of ours that we answer ourselves */

/* Where a message that is being handled came from. Spans point into the datagram or a buffer that lives for the call. */
struct origin {
    uint16_t slot;     /* link it arrived on, or SLOT_SELF */
    peer_h signer;     /* verified */
    uint64_t tid;
    struct span via;   /* request: nodes it passed, first hop first */
    struct span options;
    uint32_t max_response;
    uint8_t ttl;       /* as received */
    bool straight;     /* its option says where the answer may go: reload/straight.h */
    bool to_resource;  /* its last destination was a Resource-ID */
    bool to_wildcard;
    struct id resource;
};

/* A RELOAD message or fragment arrived on a link. */
void message_in(struct call *, uint16_t slot, const uint8_t *b, uint32_t len, uint32_t true_len);
/* A message of our own: to the first hop that its destination list asks for; delivered at once when that is us. `slot` forces the first hop
 * unless it is SLOT_NONE. 0 or a negative error (no route). */
int message_out(struct call *, uint16_t slot, const uint8_t *b, uint32_t len, uint32_t true_len, uint16_t code);

#endif

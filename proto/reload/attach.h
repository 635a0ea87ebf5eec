/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attach without ICE (RFC 6940 6.5.1, 6.5.1.15): the request and its answer cross the overlay, then the answerer opens the channel as DTLS client.
 *
 *   asker                     overlay                    answerer
 *     | AttachReq ---- routed ----------------------------> |
 *     | <------------- routed ------------------- AttachAns |
 *     | <============== DTLS handshake (client) =========== |
 *     | <-- Update (if send_update) ----------------------- |
 *
 * The channel may be up before the answer is here. When both ask at once the smaller Node-ID gives way (6.5.1.2). */
#ifndef PROTO_RELOAD_ATTACH_H
#define PROTO_RELOAD_ATTACH_H

#include "proto/reload/transaction.h"

enum attach_reason { ATTACH_ADMITTING, ATTACH_NEIGHBOUR, ATTACH_FINGER, ATTACH_WALK };

/* Sends an Attach, with send_update unless it is for a walk (reload/iterative.h). peer = PEER_NONE for a Resource-ID target. entry: the finger entry. 0 or a negative error. */
int attach_send(struct call *, enum attach_reason, unsigned entry, peer_h, const struct route *);
void attach_request(struct call *, const struct origin *, const struct message *);
void attach_answered(struct call *, const struct errand *, const struct origin *, const struct message *);
void attach_failed(struct call *, const struct errand *, uint16_t error);
/* A channel to the peer is up, opened by it or (when both asked, and we gave way) by us: whoever waited for it goes on. */
void attach_accepted(struct call *, uint16_t slot);
void attach_expect_due(struct call *, uint32_t at);
/* An attach to this peer is under way: asked, answered and awaited, or being opened by us. */
bool attach_pending(const struct call *, peer_h);
/* How many attaches for this reason are not settled yet. */
unsigned attach_count(const struct call *, enum attach_reason);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers that do not go back the way of the request: direct response routing (RFC 7263) and relay peer routing (RFC 7264).
 *
 *   request   asker --> peer --> peer --> responsible peer      with an option: where the answer may go, and to whom
 *   answer    asker <------------------------- it               direct: over a link to the asker
 *             asker <-- relay <--------------- it               relay: over a link to a peer that the asker has a link to, a bootstrap node (7264 3.2.2)
 *
 * The link is there, or is opened: the answer waits for its handshake. When it cannot be opened nobody is told: the asker's timer sends the request again
 * without the option, and that answer comes back symmetrically. An asker whose offers have failed some times in a row makes none for a while.
 *
 * Only the asker itself may say where its answer goes: the option must name the signer of the request, and the channel's certificate must name who is to get
 * it. Requests of node_request make offers, in an overlay whose configuration asks for it (route-mode); where it does not, a peer does not understand the
 * option and says so (5.4.1). */
#ifndef PROTO_RELOAD_STRAIGHT_H
#define PROTO_RELOAD_STRAIGHT_H

#include "proto/reload/message_in.h"

static inline bool straight_mode(const struct overlay *o)
{
    return o->routing == ROUTING_DIRECT || o->routing == ROUTING_RELAY;
}

/* ---- the asker ---- */

#define STRAIGHT_OPTION_BYTES 64u
/* Writes the option for a request of ours; empty when there is none to make. */
struct span straight_offer(struct call *, uint8_t b[STRAIGHT_OPTION_BYTES]);
/* An offer has brought its answer, or the timer came first. */
void straight_note(struct call *, bool came);
/* A channel is up: answers that wait for it go; a relay is found. */
void straight_linked(struct call *, uint16_t slot);

/* ---- who answers ---- */

enum straight { STRAIGHT_NONE, STRAIGHT_TAKEN, STRAIGHT_REFUSED };
/* Whether this request makes an offer, and what is to be done. REFUSED: to be answered with Error_Unknown_Extension. */
enum straight straight_asked(struct call *, const struct origin *);
/* The link for the answer, up or opening, and its destination list; SLOT_NONE: symmetrically. */
uint16_t straight_slot(struct call *, const struct origin *, struct writer *destinations);
/* Sends it, or keeps it until the link is up. */
void straight_send(struct call *, uint16_t slot, uint64_t tid, const uint8_t *message, uint32_t len, uint32_t true_len, uint16_t code);
/* The request has come again without an offer: the answer that waits for a link waits in vain (5.4.1). */
void straight_abort(struct call *, uint64_t tid);

#endif

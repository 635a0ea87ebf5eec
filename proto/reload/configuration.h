/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configurations that change while the overlay runs (RFC 6940 6.3.2.1, 6.5.4).
 *
 * Each request carries the sequence of its sender's configuration document. Who has the newer one of two sends it to the other: the destination of a request
 * with an older sequence answers Error_Config_Too_Old and sends a ConfigUpdate; a requester that is told Error_Config_Too_New sends one, and in both cases the
 * request itself is repeated by its timer under the sequence of then. A document is taken if it is newer and one that the configuration in force
 * lets its signer sign, which the host judges (port.document_read).
 *
 * Kinds spread by need: whoever refuses a request with Error_Unknown_Kind is sent the kind-block that the requester has, and the request is repeated (7.4.1.2). A block is
 * taken if one of the kind-signers of the configuration in force has signed it and it contradicts no Kind that is known (port.kind_adopt). */
#ifndef PROTO_RELOAD_CONFIGURATION_H
#define PROTO_RELOAD_CONFIGURATION_H

#include "proto/reload/message_in.h"

#define SEQUENCE_ANY 65535u /* in the header of a ConfigUpdate: whatever the receiver has */

/* Below, at or above 0: a is older than b, the same, newer. Sequences are 0..65534 and 0 follows 65534; half the circle counts as newer. */
int configuration_compare(uint16_t a, uint16_t b);
/* Whether a request with this sequence may go on; otherwise it has been answered and what follows from it is under way. */
bool configuration_agrees(struct call *, const struct origin *, uint16_t sequence, uint16_t code);
/* A request of ours was refused for its sequence: true = it waits for its next repetition. */
bool configuration_refused(struct call *, const struct origin *, uint16_t error);
/* Error_Unknown_Kind with this error_info, on a request of ours (7.4.1.2): whoever refused it is sent the definitions that we have. true = it waits for its next
 * repetition; false = we know them no better. */
bool configuration_kinds_refused(struct call *, const struct origin *, struct span info);
void configuration_request(struct call *, const struct origin *, const struct message *);

#endif

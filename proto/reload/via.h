/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How an answer finds its way back through the nodes that forwarded the request (RFC 6940 6.1.2, 6.1.3). Each forwarder chooses for itself:
 *
 *   VIA_FULL        it appends the Node-ID of the previous hop to the Via List: 18 bytes
 *   VIA_COMPRESSED  it appends a compressed id that stands for that hop, 2 bytes: the number of the link and three bits that tell whether the link is
 *                   still to the same node. Nothing is remembered
 *   VIA_STATE       it leaves the list as it is and remembers the previous hop of the transaction, for the reliability timer at the least
 *
 * Whoever answers reverses the list and puts the hop that it got the request from before it; ids that it cannot read it copies. So all three go together in
 * one overlay. A request whose option says IGNORE_STATE_KEEPING (RFC 7263 5.2.1) is forwarded with Node-IDs whatever the choice. */
#ifndef PROTO_RELOAD_VIA_H
#define PROTO_RELOAD_VIA_H

#include "proto/reload/block.h"
#include "proto/wire/header.h"

/* The Via List of a request that goes on: `via`, then how this node remembers the link that it came over. The writer fails when it does not fit. */
void via_extend(struct call *, struct writer *, const struct header *, uint16_t slot);
/* The link that a compressed id of ours stands for, SLOT_NONE: none of ours, or the link is gone. */
uint16_t via_expand(const struct call *, const struct destination *);
/* The link over which the answer of this transaction goes back, if this node remembers it; SLOT_NONE: it does not, or the link is gone (*known). */
uint16_t via_remembered(const struct call *, uint64_t tid, bool *known);
/* Compressed and opaque ids, which mean something to their maker only. */
static inline bool via_opaque(const struct destination *d)
{
    return d->type == DESTINATION_OPAQUE || d->type == DESTINATION_COMPRESSED;
}

#endif

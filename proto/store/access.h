/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Access control (RFC 6940 7.3, RFC 7374 5): may this signer write this value of this Kind at this place? */
#ifndef PROTO_STORE_ACCESS_H
#define PROTO_STORE_ACCESS_H

#include "proto/reload/block.h"
#include "proto/store/kind.h"

bool access_allows(const struct call *, const struct value_kind *, struct id resource, peer_h signer, const struct stored_data *);
/* Resource-ID of the name Node-ID, or Node-ID || i when i is not 0 (one byte): NODE-MATCH, NODE-MULTIPLE. */
struct id access_node_resource(const struct call *, struct id node, uint8_t i);

#endif

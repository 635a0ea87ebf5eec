/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ping and Probe (RFC 6940 6.5.3, 6.4.2.5). */
#ifndef PROTO_RELOAD_PING_H
#define PROTO_RELOAD_PING_H

#include "proto/reload/transaction.h"

void ping_request(struct call *, const struct origin *, const struct message *);
void probe_request(struct call *, const struct origin *, const struct message *);
int ping_send(struct call *, enum purpose, uint32_t aux, peer_h, const struct route *, bool bound);

#endif

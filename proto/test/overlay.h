/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small overlay in memory: up to 200 recorders joined by channels with one constant delay and keyed loss. For tests of many nodes that need no
 * simulator. Handshakes take 3 delays to the answerer and 4 to the opener; a stopped node is silent.
 *
 *     struct overlay_net *o = overlay_open(&config, 64, MILLIS(50), 0.01);
 *     overlay_start(o, 0, &(struct node_opts){.first = true});
 *     overlay_run(o, SECONDS(30));
 *
 * Order of simultaneous events: as they were scheduled. */
#ifndef PROTO_TEST_OVERLAY_H
#define PROTO_TEST_OVERLAY_H

#include "proto/test/recorder.h"

struct overlay_net;

struct overlay_net *overlay_open(const struct overlay *, unsigned nodes, sim_time delay, double loss);
void overlay_close(struct overlay_net *);
void overlay_start(struct overlay_net *, peer_h, const struct node_opts *);
/* The node vanishes without a word; it may be started again. */
void overlay_kill(struct overlay_net *, peer_h);
/* While cut, nothing passes between these two; their channels report silence after 30 s, handshakes fail after 15 s. */
void overlay_cut(struct overlay_net *, peer_h, peer_h, bool cut);
/* From now on this peer's host lets in no channel that no Attach has announced. */
void overlay_shut(struct overlay_net *, peer_h);
/* From now on this peer's host is hostile: of what the peer sends, a tenth is withheld, a tenth sent three times, a fifth has a byte changed, and a tenth goes
 * with something that it has received lately, from whomever. The peer itself is honest, so it stays in the ring and in the way. */
void overlay_turn(struct overlay_net *, peer_h);
void overlay_request(struct overlay_net *, peer_h, const struct request *);
void overlay_run(struct overlay_net *, sim_time until);
sim_time overlay_now(const struct overlay_net *);
/* NULL while the node is down. */
struct recorder *overlay_node(struct overlay_net *, peer_h);
/* Peers that are up, joined, and whose neighbours are exactly those that the ids of all joined peers call for; *joined: how many there are. */
unsigned overlay_right(struct overlay_net *, unsigned *joined);
uint64_t overlay_datagrams(const struct overlay_net *);
/* The request with this tag was answered; *values as in the fact. The last 8 answers of each node are remembered. */
bool overlay_answers(const struct overlay_net *, peer_h, uint32_t tag, unsigned *values);
/* How often the node has reported this fact since it started. */
unsigned overlay_facts(const struct overlay_net *, peer_h, enum fact);
/* Updates that all nodes together have sent so far, by cause. */
void overlay_updates(const struct overlay_net *, unsigned sent[UPDATE_CAUSES]);
/* A configuration for tests: 3 + 3 neighbours, defaults of RFC 6940, keepalives as given to the node but silence only by overlay_kill. */
struct overlay overlay_defaults(void);

#endif

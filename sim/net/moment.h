/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network at an instant, as a checkpoint keeps it (sim/world/checkpoint.h): identity by identity, with a node's block as it lies in memory, and what holds for the whole
 * network. It can be taken up by a network of other partitions, engine or ranks. All calls between runs; what is taken up, in a network that was opened and
 * has not run. The kernel's share (sim/kernel/moment.h) comes first: it gives seats. */
#ifndef SIM_NET_MOMENT_H
#define SIM_NET_MOMENT_H

#include "sim/checkpoint/stream.h"
#include "sim/net/net.h"

/* What the identities of one partition share, before the first of each section of them; and how the one that takes them up names it. */
struct net_shared {
    struct part *part;
    uint8_t schedule[8];
};
void net_put_shared(const struct net *, const struct part *, struct stream *);
bool net_get_shared(struct net *, struct part *, struct net_shared *, struct stream_reader *);

/* An identity that has a seat; and of any identity what its device keeps. */
void net_put_peer(const struct net *, peer_h, struct stream *);
bool net_get_peer(struct net *, const struct net_shared *, peer_h, struct stream_reader *);
void net_put_device(const struct net *, peer_h, struct stream *);
void net_get_device(struct net *, peer_h, struct stream_reader *);

/* Sums and numbers of a partition. take: into which partition sums go; NULL: not here. */
void net_put_part(const struct net *, const struct part *, struct stream *);
bool net_get_part(struct net *, const struct part *take, struct stream_reader *);

/* Weather and partitions of the network so far. */
void net_put_weather(const struct net *, struct stream *);
bool net_get_weather(struct net *, struct stream_reader *);

uint64_t net_layout(void);

#endif

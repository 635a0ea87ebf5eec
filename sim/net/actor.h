/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What runs at an identity: one const table of functions, so that the network knows sockets, channels and time, and nothing of what is said over them.
 * A RELOAD peer is one actor (sim/world/reload_actor.c); servers, attackers and other overlays are others of the same shape, side by side in one run.
 *
 * The functions are those of proto/node.h, where their contract stands: a block of memory that may move only by port.room, each call returns the next
 * wake-up. struct node is the block, whatever the actor keeps in it. An actor that sends outside channels (port.h, CHAN_NONE) gets such datagrams with
 * chan = CHAN_NONE. */
#ifndef SIM_NET_ACTOR_H
#define SIM_NET_ACTOR_H

#include <stdbool.h>

#include "proto/node.h"

struct actor {
    const char *name;
    bool connectionless; /* most of what it sends goes outside channels: where everybody lives is then kept, and not worked out anew for each datagram */
    uint8_t frame_bytes; /* around a message in a datagram that is neither an acknowledgement nor the host's own: not counted as message bytes */
    size_t (*bytes_initial)(void);
    size_t (*bytes)(const struct node *);
    sim_time (*start)(struct node *, struct env *, const struct node_opts *);
    sim_time (*receive)(struct node *, struct env *, chan_h, addr_h from, struct dgram);
    sim_time (*channel)(struct node *, struct env *, chan_h, enum chan_event, const struct chan_info *);
    sim_time (*wake)(struct node *, struct env *);
    sim_time (*request)(struct node *, struct env *, const struct request *);
    unsigned (*touch)(const struct node *, const uint8_t *head, size_t len, uint16_t line[], unsigned max);
    const char *(*check)(const struct node *, struct env *); /* NULL: has no invariants to check */
    /* A start in mid-life; all NULL: cannot. */
    sim_time (*seed)(struct node *, struct env *, const struct node_seed *);
    void (*seed_link)(struct node *, struct env *, const struct seed_link *);
    sim_time (*seed_end)(struct node *, struct env *);
};

/* Identities from `first` up to the next group's run this actor. Or, with shards, so many single ones do, spread evenly over all identities whatever group they lie in:
 * the shards of a server. So each of any number of partitions and ranks has its share of them, and of their load. At most one in two identities is a shard. */
struct actor_group {
    uint32_t first; /* 0 with shards */
    const struct actor *actor;
    uint32_t shards; /* 0: a range */
};

/* Shard k of so many among these identities: in the middle of the k-th of as many equal ranges. */
static inline uint32_t actor_shard(uint32_t identities, uint32_t shards, uint32_t k)
{
    return (uint32_t)(((uint64_t)k * 2 + 1) * identities / ((uint64_t)shards * 2));
}

static inline bool actor_is_shard(uint32_t identities, uint32_t shards, uint32_t identity)
{
    return actor_shard(identities, shards, (uint32_t)((uint64_t)identity * shards / identities)) == identity;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys and load node by node, for the histograms of results.h5: messages delivered to a node, values it stores, the share of the ring it owns.
 *
 * Messages are counted for a fixed sample of LOAD_NODES identities at most (all, in smaller populations): a counter for each identity would cost an
 * overlay of ten million peers more than it tells. Identities are taken in blocks of equal length, one of each by a keyed draw, so that whether an
 * identity is in the sample is one division and one comparison, and every one is in it with the same chance. Counted is the measured phase; a rate is messages over
 * the time online in it, of who was online for a record.interval at least. Without an output folder nothing is counted. Values and shares
 * are added where the ring is sampled (ring.h).
 *
 * An identity is written only by the partition that it lives in, so nothing here is locked. On several ranks each counts for its own identities. */
#ifndef SIM_WORLD_LOAD_H
#define SIM_WORLD_LOAD_H

#include <stdint.h>

#include "proto/base/id.h"
#include "proto/base/time.h"
#include "proto/port.h"
#include "sim/checkpoint/stream.h"
#include "sim/record/histogram.h"

#define LOAD_NODES 20000u
#define LOAD_PARTS 1000u /* rates and shares are whole thousandths */

struct world;

struct load_counts {
    struct histogram rate;       /* messages a second, in thousandths; filled by load_end */
    struct histogram values;     /* values of a node, each sample */
    struct histogram ring_share; /* owned share of the ring x joined peers, in thousandths, each sample */
};

struct load {
    sim_time from, length; /* what is counted; length 0: nothing */
    uint32_t stride;       /* of the blocks */
    peer_h *pick;          /* whose messages count, of each block; PEER_NONE: the draw fell behind the last identity */
    uint32_t *messages;
    sim_time *online;            /* of sessions that are over */
    struct load_counts *all;   /* of all ranks, as of assembly_merge */
    struct load_counts *fresh; /* what this rank has added since; on one rank the same */
};

/* 0, or -1 when memory runs out. */
int load_open(struct world *);
void load_close(struct world *);
/* A message reached this node. */
static inline void load_message(struct load *l, peer_h self, sim_time now)
{
    if (now - l->from >= l->length) /* wraps before `from` */
        return;
    uint32_t block = self / l->stride;
    l->messages[block] += l->pick[block] == self;
}
/* A session of this identity ends. */
void load_gone(struct load *, peer_h self, sim_time started, sim_time now);
/* At the end of the measured phase, or of what there was of it: fills `rate`. */
void load_end(struct world *);
/* For a checkpoint: of the whole run, and of one identity, if it is in the sample. */
void load_put(const struct world *, struct stream *);
void load_get(struct world *, struct stream_reader *);
void load_put_peer(const struct world *, peer_h, struct stream *);
void load_get_peer(struct world *, peer_h, struct stream_reader *);
/* A peer that owns `span` of the ring, one of so many. */
void load_owns(struct load *, struct id span, uint32_t peers);

#endif

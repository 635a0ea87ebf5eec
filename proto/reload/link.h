/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Overlay links: the connection table, framing and Simple Reliability (RFC 6940 6.6.2, 6.6.3).
 *
 * A link's slot is its channel number; who is at the other end is the host's to know (port.peer_of). The order table lists the links that are up, by
 * clockwise distance of the peer from us: it serves both "am I connected to k" and "who is the closest before k".
 *
 * Sending is stop-and-wait: one unacknowledged frame a link, resent after RTO, doubling, five transmissions in all, each with a new sequence number;
 * at the third retransmission the link is suspect, after the fifth it fails. Frames wait as records of the work section. */
#ifndef PROTO_RELOAD_LINK_H
#define PROTO_RELOAD_LINK_H

#include "proto/base/small.h"
#include "proto/reload/block.h"
#include "proto/reload/received.h"
#include "proto/wire/frame.h"

enum link_state {
    LINK_FREE,    /* the slot is not in use */
    LINK_OPENING, /* we are the DTLS client and wait for CHAN_UP */
    LINK_UP       /* frames may flow */
};

enum link_flag {
    LINK_OURS = 1,         /* we asked for it: we close it when we need it no more */
    LINK_PEER_READY = 2,   /* it has sent an Update: may be routed through (RFC 6940 6.5.1) */
    LINK_SUSPECT = 4,      /* third retransmission without an ACK: out of the routing table until an ACK comes */
    LINK_LEAVING = 8,      /* it has sent Leave: out of the routing table for good */
    LINK_RECEIVED = 16,    /* at least one data frame has arrived */
    LINK_UPDATE_BUSY = 32, /* an Update of ours awaits its answer */
    LINK_PING_BUSY = 64,   /* a liveness Ping of ours awaits its answer */
    LINK_UPDATE_WANTED = 128 /* the other side asked with send_update: the next Update is a full one */
};

enum standing { LINK_USABLE = 1, LINK_NEIGHBOUR = 2, LINK_FINGER = 4 }; /* what the topology thinks of it */
#define LINK_STOOD 8u /* in what is told of a lost link: it counts as one of the routing table */

/* An idle link is 12 bytes: with 30 to 50 links a peer they are the largest part of a node. What needs less than a word shares one. Times and rates are
 * kept as small floats (proto/base/small.h), sequence numbers modulo 2^20, and received ones modulo 2^17, of which only differences are needed. A link whose
 * own numbers reach LINK_WORN is closed and opened anew long before they would repeat. What is rare or lasts for milliseconds lies elsewhere: a bitmap with many holes in a
 * record of the work section, the gaps after acknowledgements in the node's head. */
#define SEQUENCE_BITS 20
#define RECEIVED_BITS 17
#define LINK_WORN     (UINT32_C(1) << (SEQUENCE_BITS - 1))

struct link {
    union {
        struct {
            uint32_t tx_next : SEQUENCE_BITS, /* sequence of our next data frame */
                srtt8 : SMALL_12_BITS;        /* RFC 6298, ms, scaled by 8; 0 = no sample */
        };
        peer_h meant;                      /* while it is opening: whom we take the other end for, PEER_NONE = whoever it is */
    };
    uint32_t rx_last : RECEIVED_BITS,      /* highest sequence received */
        rttvar4 : SMALL_10_BITS,           /* RFC 6298, ms, scaled by 4 */
        standing : 3,                      /* enum standing */
        state : 2;                         /* enum link_state */
    uint16_t received;                     /* which of the 32 frames before rx_last have been received, as received.h packs them; RECEIVED_ASIDE */
    uint8_t flags;                         /* enum link_flag */
    uint8_t update_due : 2,                /* enum chord_update to send, 0 = none */
        idle : 1,                          /* unused at the last tidying */
        stood : 1,                         /* was in the routing table when it became suspect */
        taught : 1,                        /* its list has been answered with our table as it is */
        update_cause : 3;                  /* enum update_cause of the Update that is due */
};
static_assert(sizeof(struct link) == 12, "an idle link");

static inline bool link_is(const struct link *l, unsigned standing) /* any of it */
{
    return (l->standing & standing) != 0;
}

static inline void link_raise(struct link *l, unsigned standing)
{
    l->standing = (l->standing | standing) & 7u;
}

static inline void link_lower(struct link *l, unsigned standing)
{
    l->standing = l->standing & ~standing & 7u;
}

/* Links above this number cannot be ordered; limits.links stays below. */
#define LINKS_MAX 8191u
#define ORDER_NARROW_LINKS 256u /* up to so many links an entry of the order takes two bytes, four where there have been more */

/* With each link that is up comes one. The key is the clockwise distance of the peer from us as a float of 16 bits, or the upper end of that. */
struct order_narrow {
    uint8_t key, slot;
};
struct order_wide {
    uint16_t key, slot;
};

static inline struct link *link_at(const struct call *c, uint16_t slot)
{
    return (struct link *)section_base(c, SECTION_LINKS) + slot;
}

static inline uint16_t link_slots(const struct call *c)
{
    return (uint16_t)(c->n->section[SECTION_LINKS].used / sizeof(struct link));
}

/* Whoever is at the other end of a link that is up, or meant to be. */
static inline peer_h link_peer(const struct call *c, uint16_t slot)
{
    const struct link *l = link_at(c, slot);
    return l->state == LINK_OPENING ? l->meant : c->env->port->peer_of(c->env, slot);
}

static inline struct id link_id(const struct call *c, uint16_t slot)
{
    return c->env->port->id_of(c->env, link_peer(c, slot));
}

static inline bool order_is_wide(const struct call *c)
{
    return c->n->section[SECTION_LINKS].used > ORDER_NARROW_LINKS * sizeof(struct link);
}

static inline uint32_t order_entry_bytes(const struct call *c)
{
    return order_is_wide(c) ? (uint32_t)sizeof(struct order_wide) : (uint32_t)sizeof(struct order_narrow);
}

static inline uint32_t order_count(const struct call *c)
{
    return c->n->section[SECTION_ORDER].used / order_entry_bytes(c);
}

/* The k-th link of the order. */
static inline uint16_t order_slot(const struct call *c, uint32_t k)
{
    const void *base = section_base(c, SECTION_ORDER);
    return order_is_wide(c) ? ((const struct order_wide *)base)[k].slot : ((const struct order_narrow *)base)[k].slot;
}

static inline struct link *order_link(const struct call *c, uint32_t k)
{
    return link_at(c, order_slot(c, k));
}

/* First position whose peer is not before `id` on the way round from us; *exact: it is id itself. */
uint32_t order_find(const struct call *c, struct id id, bool *exact);
/* Slot of the link that is up to this peer, SLOT_NONE. */
uint16_t link_to(const struct call *c, peer_h);
uint16_t link_to_id(const struct call *c, struct id);
/* Slot of a channel that we are opening to it, SLOT_NONE. */
uint16_t link_opening(const struct call *, peer_h);

/* A channel of this number is opening now: makes or reuses the slot. false = over a limit (the caller closes the channel). */
bool link_open(struct call *, uint16_t slot, peer_h);
/* The link is up: enters the order table. An older link to the same peer gives way: its frames and standing move here. */
bool link_up(struct call *, uint16_t slot, peer_h, sim_time rtt);
/* Ends a link: frames dropped, slot free; `closed` = the channel is gone already. Does not tell the topology. */
void link_drop(struct call *, uint16_t slot, bool closed);
/* The same for a link that the other end or the network ended: what waited to be sent has met a dead hop. */
void link_lost(struct call *, uint16_t slot, bool closed);

/* Sends an encoded message (header and payload), in fragments if it does not fit (RFC 6940 6.7). 0 or a negative error. */
int link_send(struct call *, uint16_t slot, const uint8_t *message, size_t len, uint32_t true_len, uint16_t code, uint64_t tid);
/* A data frame arrived: acknowledges it. */
void link_received(struct call *, uint16_t slot, uint32_t sequence);
/* An acknowledgement arrived. */
void link_acked(struct call *, uint16_t slot, const struct frame *);
/* A waiting frame at this offset of the work section is due. Returns false when the link failed and is gone. */
bool link_frame_due(struct call *, uint32_t at);
/* Bytes and frames that wait on a link. */
unsigned link_queue(const struct call *, uint16_t slot);
/* A frame of this transaction waits on the link. */
bool link_carries(const struct call *, uint16_t slot, uint64_t tid);
sim_time link_rto(const struct call *, const struct link *);
/* Called at least once a minute: a gap after an ACK that is over must not be taken for a coming one when its clock has gone round. */
void link_gaps_forget(struct call *);
/* For checks: whether the k-th entry has the key of this distance. */
bool order_has_key(const struct call *c, uint32_t k, struct id distance);

/* A frame that waits for transmission or its ACK. */
#define FRAME_SENDS 5
struct waiting_frame {
    struct record r;
    uint64_t tid;
    sim_time first_sent;
    uint32_t sequence[FRAME_SENDS];
    uint32_t after_us[FRAME_SENDS]; /* of each transmission, from the first */
    uint16_t len, true_len;
    uint16_t code;
    uint8_t sends;
    uint8_t traffic;
    uint8_t message[];
};

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The door in: one RELOAD node, sans I/O. Facts and bytes go in, bytes and facts go out through proto/port.h.
 *
 * A node is one relocatable block of memory without pointers inside: copying node_bytes() bytes copies the node, freeing the
 * block ends it. The block may move in any call (port.room), so callers keep a handle, never the pointer, across a call.
 * Every call below returns the time at which the node next wants node_wake (TIME_NEVER: not until something arrives); a call at
 * an earlier time is harmless. A node never blocks, never allocates elsewhere and never trusts a byte that a peer sent. */
#ifndef PROTO_NODE_H
#define PROTO_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/id.h"
#include "proto/base/time.h"
#include "proto/port.h"

/* Bytes of a fresh node; the host allocates a block of at least this, and node_start formats it. */
size_t node_bytes_initial(void);
/* Bytes in use of a node's block, all of it. */
size_t node_bytes(const struct node *);

struct node_opts {
    bool first;             /* this node is the overlay (RFC 6940 6.4.2.1): it starts as the only peer of the ring */
    bool client;            /* attach, never join: RFC 6940 4.2 */
    uint8_t cache_count;    /* addresses that the host remembers from earlier sessions, tried before the bootstrap nodes */
    addr_h cache[10];
};

enum chan_event {
    CHAN_UP,     /* the handshake that we opened is complete; info.peer is the certificate's Node-ID */
    CHAN_ACCEPT, /* a peer opened a channel to us and its handshake is complete; info as for UP */
    CHAN_DOWN,   /* the handshake failed, or the other side closed: the channel is gone already */
    CHAN_SILENT  /* nothing was received for silent_after; reported once, and again only after something was received */
};

struct chan_info {
    peer_h peer;
    addr_h addr;       /* of the other side */
    sim_time rtt;      /* as the handshake measured it; 0 = unknown */
};

enum request_op {
    REQUEST_STORE,  /* store `value` at `resource`: in an array at `index`, in a dictionary under our own Node-ID as key (registration) */
    REQUEST_FETCH,  /* fetch the values of `kind` at `resource` */
    REQUEST_STAT,   /* the same, but only metadata */
    REQUEST_FIND,   /* the closest resource from `resource` on that the peer responsible for it knows to hold something of `kind` */
    REQUEST_LEAVE   /* tell the neighbours and stop; FACT_LEFT when the block may be freed */
};

/* The answer is a fact with the tag: REQUEST_ANSWERED or REQUEST_FAILED, exactly one for each of them but LEAVE unless the node dies. What an answer
 * holds goes out before it through port.found. */
struct request {
    enum request_op op;
    uint32_t tag;
    struct id resource;
    uint32_t kind;          /* RFC 6940 14.6; 1 = SIP-REGISTRATION */
    uint32_t lifetime_s;
    uint64_t generation;    /* 0 = any. STORE: only if this is the counter; FETCH, STAT: only if it is not (RFC 6940 7.4.1.1, 7.4.2.1) */
    bool remove;            /* STORE: a value that does not exist takes the place (7.4.1.3); keep it as long as the old one would live */
    bool some;              /* FETCH, STAT: not all values, but those of index..last, or of one key */
    uint32_t index, last;   /* array; UINT32_MAX: STORE appends, FETCH and STAT mean the last element */
    struct id key;          /* dictionary: the Node-ID whose entry is wanted */
    const uint8_t *value;   /* DataValue contents, borrowed for the call */
    uint16_t value_len;
};

sim_time node_start(struct node *, struct env *, const struct node_opts *);
sim_time node_receive(struct node *, struct env *, chan_h, addr_h from, struct dgram);
sim_time node_channel(struct node *, struct env *, chan_h, enum chan_event, const struct chan_info *);
sim_time node_wake(struct node *, struct env *);
sim_time node_request(struct node *, struct env *, const struct request *);

/* Offsets in 64-byte lines of the node's block that handling this datagram will touch; at most max; returns how many. Pure. */
unsigned node_touch(const struct node *, const uint8_t *head, size_t len, uint16_t line[], unsigned max);

/* ---- Building a node in mid-life (converged start, tests): node_start is replaced by node_seed, then any number of adds. ---- */

struct node_seed {
    sim_time joined_for;      /* time since this peer joined */
    sim_time next_update;     /* absolute times of its next periodic actions */
    sim_time next_ping;
    uint16_t links;           /* that will be added: room is made for them at once; 0 = not known */
    uint32_t value_bytes;     /* sum of node_value_bytes of the values that will be added */
};

struct seed_link {
    chan_h chan;              /* already open at the host, keepalives running */
    peer_h peer;
    addr_h addr;
    sim_time rtt;
    uint8_t predecessor, successor; /* 1 = nearest; 0 = not one */
    bool ready;               /* it has sent us an Update: may be routed through */
    uint32_t tx_next, rx_last;
};

sim_time node_seed(struct node *, struct env *, const struct node_seed *);
void node_seed_link(struct node *, struct env *, const struct seed_link *);
/* Finger entry i (1..128) is filled by this linked peer. */
void node_seed_finger(struct node *, struct env *, unsigned i, peer_h);
/* A stored registration as its owner stored it at stored_ms (unix), with remaining life. */
void node_seed_value(struct node *, struct env *, struct id resource, peer_h owner, const uint8_t *value, uint16_t value_len,
                     uint64_t stored_ms, uint32_t lifetime_left_s, uint8_t replica);
/* What this owner's registration takes in a node's block. */
uint32_t node_value_bytes(struct id owner, const uint8_t *value, uint16_t value_len);
/* Ends the building: returns the first wake-up. */
sim_time node_seed_end(struct node *, struct env *);

/* ---- Looking at a node from outside: pure, for observers, checks and tests. ---- */

enum node_state { NODE_STARTING, NODE_CONNECTING, NODE_ATTACHING, NODE_JOINING, NODE_JOINED, NODE_LEAVING, NODE_GONE, NODE_ATTACHED /* a client */ };

struct node_view {
    enum node_state state;
    sim_time joined_at;
    uint8_t predecessors, successors;      /* counts */
    peer_h predecessor[64], successor[64]; /* nearest first */
    uint8_t fingers;                       /* entries that the table has now (its size) */
    uint8_t fingers_valid;                 /* entries filled by a peer inside their range */
    uint8_t fingers_filled;                /* entries filled at all */
    uint16_t links, links_ready;
    uint16_t values;
    uint32_t stored_bytes, queued_bytes;
    struct {                               /* self-tuning (RFC 7363): of the overlay, per 24 hours; all 0 when off */
        uint32_t size, joins, leaves;
    } own, used;                           /* of its own tables, and agreed with others */
    sim_time next_update;
};

void node_look(const struct node *, struct env *, struct node_view *);
/* The peer in finger entry i, PEER_NONE if empty. */
peer_h node_finger(const struct node *, struct env *, unsigned i);
/* The node holds an unexpired value of this Kind at this resource stored by owner; replica (if not NULL) is set. */
bool node_holds(const struct node *, struct env *, struct id resource, uint32_t kind, peer_h owner, uint8_t *replica);
/* Links in table order: peer of the k-th open link, its channel and whether it is routed through; false past the end. */
bool node_link_at(const struct node *, struct env *, unsigned k, peer_h *, chan_h *, bool *routed);
/* Bytes of a block, for those who reckon with memory: a node without links and values; each link; each neighbour; a stored value besides its own bytes. */
struct node_costs {
    uint32_t node, link, neighbour, value;
};
struct node_costs node_costs(void);
/* NULL when every safety invariant holds (design: never myself in my tables, tables sorted, every neighbour has a link, hard
 * bounds, no timer in the past); else a static text naming the first that does not. */
const char *node_check(const struct node *, struct env *);

#endif

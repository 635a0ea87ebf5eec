/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to sim/chord2003: what a node keeps, and how its files meet.
 *
 * The block: 48 bytes, then the successor list, then the fingers, 6 bytes an entry. Finger k stands for self + 2^(127-k); only those beyond the successor
 * are kept, since all others are the successor itself: about log2 N. Both tables lie in one array, so that a longer one of either is one port.room.
 * The second block (port.work) holds what is under way, 128 bytes each; most of the time there is none. */
#ifndef SIM_CHORD2003_BLOCK_H
#define SIM_CHORD2003_BLOCK_H

#include <assert.h>

#include "proto/base/error.h"
#include "proto/fact.h"
#include "proto/overlay.h"
#include "sim/chord2003/chord2003.h"
#include "sim/chord2003/message.h"

#define NO_PEER              PEER_NONE
#define AVOID_MAX            15u /* dead nodes that a look-up remembers; then the oldest is forgotten */
#define NEXT_HOPS            3u  /* named in one answer */
#define TASKS_MAX            64u /* under way at one node */
#define PATH_MAX_HOPS        64u /* a look-up that went through so many nodes goes in circles */
#define RESTARTS_MAX         8u
#define REQUEST_REFUSED_BUSY 1 /* why of FACT_REQUEST_FAILED: not on the ring, or too much under way */

/* A node in a table: its handle, and its clockwise distance from us in 16 bits (short_distance), so that most comparisons need no identifier. */
struct entry {
    uint16_t distance, high, low;
};
static_assert(sizeof(struct entry) == 6, "byte budget of a table entry");

static inline peer_h entry_peer(const struct entry *e)
{
    return (peer_h)e->high << 16 | e->low;
}

enum state { STATE_JOINING, STATE_JOINED, STATE_GONE };

struct node {
    uint16_t bytes; /* of the block */
    uint8_t state;
    uint8_t successor_cap, successors, fingers; /* entries: room, used, used */
    bool heard;                                 /* the predecessor has shown itself since the last round */
    struct id self;
    sim_time stabilize_at, fix_at;
    peer_h predecessor;
    uint32_t counter; /* transactions and draws so far */
    struct entry entry[];
};
static_assert(sizeof(struct node) == 48, "byte budget of a node without its tables");

enum task_kind {
    TASK_LOOKUP,    /* for a user */
    TASK_FINGER,    /* refreshes entry `finger` */
    TASK_FILL,      /* the same at the join: the next entry follows */
    TASK_JOIN,      /* finds our successor through a bootstrap node */
    TASK_STABILIZE, /* `asked` owes a STATE */
    TASK_PING       /* `asked` owes a PONG */
};

/* One thing under way: a look-up, or a question to a neighbour. Always one question is open, `transaction` at `asked`; or, when asked is NO_PEER, a
 * join waits for its next attempt. */
struct task {
    struct id key;
    sim_time deadline, started;
    uint32_t transaction, tag;
    peer_h asked;
    peer_h last; /* who named `next`; NO_PEER: we ourselves, or it has been asked twice */
    peer_h next[NEXT_HOPS];
    peer_h avoid[AVOID_MAX];
    uint8_t kind, finger, nexts, avoids;
    uint8_t avoid_at, path, restarts;
    bool again; /* `asked` is on the path already */
};
static_assert(sizeof(struct task) == 128, "byte budget of a task");

/* The tasks of a node: env.work. */
struct tasks {
    uint32_t count, spare;
    struct task at[];
};

static inline const struct chord2003_config *config_of(struct env *env)
{
    return env->port->overlay(env, 0)->actor_config;
}

static inline const struct entry *successor_at(const struct node *n, unsigned k)
{
    return &n->entry[k];
}

static inline const struct entry *finger_at(const struct node *n, unsigned k)
{
    return &n->entry[n->successor_cap + k];
}

/* ---- table.c ---- */

/* Clockwise distances in 16 bits, in their order: 7 bits for the highest set bit, 9 for those below it. Of different distances one in 500 or fewer look alike. */
static inline uint16_t short_distance(struct id d)
{
    unsigned zeros = d.hi ? (unsigned)__builtin_clzll(d.hi) : d.lo ? 64u + (unsigned)__builtin_clzll(d.lo) : 127u;
    struct id left = d; /* moved up so that the highest set bit is the top one */
    if (zeros >= 64)
        left = (struct id){d.lo << (zeros - 64), 0};
    else if (zeros)
        left.hi = d.hi << zeros | d.lo >> (64 - zeros);
    return (uint16_t)((127u - zeros) << 9 | (left.hi >> 54 & 0x1ff));
}

struct id peer_distance(const struct node *, struct env *, peer_h);
/* Puts a peer into the successor list at its place; the farthest falls off. false: it is there, is ourselves, or stands beyond a full list. */
bool successor_add(struct node *, struct env *, peer_h);
void successor_clear(struct node *);
/* The whole list anew, in the order of these peers, nearest first. */
void successors_take(struct node *, struct env *, const peer_h *peer, unsigned peers);
/* Entry k; NO_PEER empties it. Makes room for entry k; returns the node, which may have moved. */
struct node *finger_set(struct node *, struct env *, unsigned k, peer_h);
/* Gives back fingers that have become needless. */
struct node *fingers_trim(struct node *, struct env *);
/* Takes a peer out of the successor list and the fingers, or of the fingers only. */
void successor_drop(struct node *, peer_h);
void fingers_drop(struct node *, peer_h);
/* A block for these tables. NULL: refused. */
struct node *node_resize(struct node *, struct env *, unsigned fingers);

/* ---- route.c ---- */

struct route {
    bool owner; /* peer[0] is responsible for the key, the others follow it */
    unsigned peers;
    peer_h peer[NEXT_HOPS];
};
/* What this node knows about the way to a key, leaving out nodes that are dead as the asker says. */
struct route route_to(const struct node *, struct env *, struct id key, const peer_h *avoid, unsigned avoids);

/* ---- send.c ---- */

/* The peer named in a message; NO_PEER: ourselves, or an address that no node of this network has. */
peer_h message_peer(struct env *, const struct chord2003_message *, unsigned i);
void send_plain(struct env *, peer_h to, enum chord2003_type, uint32_t transaction);
void send_hint(struct env *, peer_h to, peer_h node);
void send_find(struct env *, const struct task *);
void send_found(struct env *, peer_h to, uint8_t flags, uint32_t transaction, const struct route *);
/* STATE or LEAVE. */
void send_state(struct env *, const struct node *, peer_h to, enum chord2003_type, uint32_t transaction);

/* ---- task.c ---- */

static inline unsigned task_count(const struct env *env)
{
    return env->work ? ((const struct tasks *)env->work)->count : 0;
}
static inline struct task *task_at(const struct env *env, unsigned k)
{
    return &((struct tasks *)env->work)->at[k];
}
/* A fresh task, valid until the next is made or ends. NULL: too many. */
struct task *task_new(struct env *, enum task_kind);
void task_end(struct env *, unsigned k);
/* The task that waits for this answer; -1 = none. */
int task_find(const struct env *, peer_h from, uint32_t transaction);
bool task_runs(const struct env *, enum task_kind);

/* ---- lookup.c: iterative look-ups. All may move the node: they return where it is. ---- */

struct node *lookup_begin(struct node *, struct env *, enum task_kind, struct id key, uint32_t tag, unsigned finger);
/* Of a TASK_JOIN that has candidates. */
struct node *lookup_ask(struct node *, struct env *, unsigned task);
struct node *lookup_answer(struct node *, struct env *, unsigned task, const struct chord2003_message *);
struct node *lookup_timeout(struct node *, struct env *, unsigned task);
void lookup_serve(struct node *, struct env *, peer_h from, const struct chord2003_message *);

/* ---- ring.c: joining, leaving, stabilisation ---- */

struct node *ring_join(struct node *, struct env *, const struct node_opts *);
struct node *ring_join_again(struct node *, struct env *, unsigned task);
struct node *ring_successor_found(struct node *, struct env *, peer_h successor, sim_time started);
void ring_stabilize(struct node *, struct env *);
struct node *ring_fix_finger(struct node *, struct env *);
struct node *ring_fill(struct node *, struct env *, unsigned above);
struct node *ring_filled(struct node *, struct env *, unsigned k, peer_h owner);
struct node *ring_serve_stabilize(struct node *, struct env *, peer_h from, uint32_t transaction);
struct node *ring_state(struct node *, struct env *, unsigned task, const struct chord2003_message *);
void ring_hint(struct node *, struct env *, peer_h from, const struct chord2003_message *);
void ring_left(struct node *, struct env *, peer_h from, const struct chord2003_message *);
void ring_neighbour_dead(struct node *, struct env *, unsigned task);
void ring_leave(struct node *, struct env *);

#endif

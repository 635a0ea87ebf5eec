/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory of one node: a relocatable block and a smaller one for the moment, no pointer inside.
 *
 *   | struct node (hot, 256 bytes) | links | order | neighbours | store |          | work |
 *
 * Each section after the hot part is an array or a log of records that grows by moving what follows it; positions are offsets, found anew in each
 * call. What comes and goes in seconds (the work section) lies in a second block, which is given back when it is empty: so the first one changes its
 * size only with links and values. Blocks grow by port.room and port.work and may move then, so code holds a struct call and never a pointer across
 * anything that may grow: section_reserve, record_add and all that calls them. In sanitizer builds the host moves a block each time, and a stale
 * pointer is caught. */
#ifndef PROTO_RELOAD_BLOCK_H
#define PROTO_RELOAD_BLOCK_H

#include <assert.h>
#include <stdbool.h>

#include "proto/node.h"
#include "proto/overlay.h"

enum section_name { SECTION_LINKS, SECTION_ORDER, SECTION_NEIGHBOURS, SECTION_STORE, SECTION_WORK, SECTIONS };

struct section {
    uint32_t used;   /* bytes */
    uint16_t at, cap; /* from the start of its block, in SECTION_UNIT bytes */
};
#define SECTION_UNIT 8u
#define SECTION_MAX  (UINT16_MAX * SECTION_UNIT) /* of a block */

#define RECENTLY_FAILED 4

/* A link may send no new frame before this, in ms modulo 2^16: 10 ms after an ACK (RFC 6940 6.6.3.1). */
struct gap {
    uint16_t slot, until_ms;
};
#define GAPS 4 /* at hand; more lie in the work section */

/* The first 256 bytes: what forwarding a message needs. */
struct node {
    struct id id;
    peer_h self;
    uint32_t bytes;
    uint8_t state;                    /* enum node_state; node_enter is its only writer */
    uint8_t flags;                    /* enum node_flag */
    uint8_t predecessors, successors; /* counts in the neighbour section: predecessors first, nearest first in both */
    uint16_t links_open;              /* open or opening */
    uint16_t updates_due;             /* links with an Update to send */
    struct section section[SECTIONS];
    uint32_t transactions; /* counters of random draws so far */
    uint32_t draws;
    uint32_t hold_until_s; /* 10.7.1: no copies for successors that took a failed one's place before this second */
    sim_time started, joined;
    sim_time work_due; /* no record of the work section is due earlier */
    sim_time update_at, finger_at, tidy_at, replicate_at, expire_at, state_at; /* of the state: when an attempt to join ends, the next partition check, the end of the farewell */
    struct id range_id; /* we own (range_id, id]; the whole ring when range_from is PEER_NONE */
    peer_h range_from;
    peer_h admitting;  /* the admitting peer of our own join */
    peer_h admitted;   /* a peer that we let in and that has not confirmed our Update yet */
    uint16_t join_attempt;
    uint16_t bootstrap_slot;
    peer_h failed[RECENTLY_FAILED];
    peer_h replica[2]; /* successors that hold copies of what we own */
    uint16_t values;
    uint8_t cache_count, cache_next, failed_next;
    uint8_t failed_at[RECENTLY_FAILED]; /* seconds, modulo 256: looked at each minute */
    uint8_t failed_left; /* bit mask: those that said good-bye */
    uint8_t batch;       /* number of the last Store of copies */
    sim_time certify_at; /* when our certificates are stored next */
    struct gap gap[GAPS];
};
static_assert(sizeof(struct node) <= 256, "the hot part is four cache lines");

enum node_flag { NODE_FIRST = 1, NODE_CLIENT = 2, NODE_RING_DIRTY = 4, NODE_RING_LOST = 8, NODE_TABLES = 16, NODE_RING_LEFT = 32, NODE_RING_NEW = 64 };

/* One call into the node: what every inner function gets. n is refreshed whenever the block moves. */
struct call {
    struct node *n;
    struct env *env;
    const struct overlay *o;
};

static inline void *section_base(const struct call *c, enum section_name s)
{
    return s == SECTION_WORK ? (uint8_t *)c->env->work : (uint8_t *)c->n + (size_t)c->n->section[s].at * SECTION_UNIT;
}

/* Formats a fresh block of node_bytes_initial() bytes. */
void block_init(struct node *, peer_h self, struct id id);
/* Makes room for `more` bytes behind the used part of a section; false when a limit forbids it. The block may move. */
bool section_reserve(struct call *, enum section_name, uint32_t more);
/* Opens a gap of zeros, before what lies at this offset, and closes one. Insert: false and nothing changed when there is no room; the block may move. */
bool section_insert(struct call *, enum section_name, uint32_t offset, uint32_t size);
void section_remove(struct call *, enum section_name, uint32_t offset, uint32_t size);
/* Gives memory back when much of the block is idle; of the second block too, all of it when nothing is in it. */
void block_trim(struct call *);
void work_trim(struct call *);

/* ---- Records: the work section is a log of them, oldest first. (The store section is one of values, store/store.h.) ---- */

struct record {
    uint32_t size; /* with this header; a multiple of 8 */
    uint16_t type;
    uint16_t slot; /* link it belongs to, SLOT_NONE */
    sim_time due;  /* next time it wants attention */
};

#define SLOT_NONE UINT16_MAX

/* Appends a zeroed record of at least `size` bytes; NULL when there is no room. The block may move. */
void *record_add(struct call *, enum section_name, uint16_t type, uint32_t size);
/* The same before the record at this offset (section_used: behind all); later ones move up. */
void *record_insert(struct call *, enum section_name, uint32_t offset, uint16_t type, uint32_t size);
/* Removes the record at this offset; later ones move down. */
void record_remove(struct call *, enum section_name, uint32_t offset);
/* Grows the record at this offset to `size` bytes; later ones move up. NULL when there is no room. */
void *record_grow(struct call *, enum section_name, uint32_t offset, uint32_t size);

static inline void *record_at(const struct call *c, enum section_name s, uint32_t offset)
{
    return (uint8_t *)section_base(c, s) + offset;
}

/* for (at = 0; at < section_used(c, s); at = record_next(c, s, at)) ... */
static inline uint32_t section_used(const struct call *c, enum section_name s)
{
    return c->n->section[s].used;
}

static inline uint32_t record_next(const struct call *c, enum section_name s, uint32_t at)
{
    return at + ((const struct record *)record_at(c, s, at))->size;
}

/* Sets when a work record wants attention. */
static inline void record_due(struct call *c, struct record *r, sim_time due)
{
    r->due = due;
    c->n->work_due = time_min(c->n->work_due, due);
}

#endif

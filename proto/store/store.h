/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stored values (RFC 6940 7, 8, 10.4, 10.7.3): single values, arrays and dictionaries of the Kinds in kind.h; checks, access control, generation
 * counters, quotas, expiry; replicas on the next two successors, hand-over; Store, Fetch, Stat, Find and what answers to them bring.
 *
 * Values lie in the store section one behind the other, those of one Resource-ID next to each other, in it those of one Kind, in an array by index. Every
 * dictionary Kind has a policy that makes the key the signer's Node-ID, so a value keeps the signer's handle instead of a key; and what else follows from its
 * owner it does not keep at all (form.c).
 *
 * Whatever a peer sends is either stored as the RFC says or answered with the error that the RFC names; nothing here asserts on it. */
#ifndef PROTO_STORE_STORE_H
#define PROTO_STORE_STORE_H

#include "proto/reload/transaction.h"
#include "proto/store/kind.h"

#define REPLICAS       2   /* RFC 6940 10.4 */
#define IDENTITY_BYTES 32u /* certificate_hash, SHA-256 */

enum value_flag {
    VALUE_EXISTS = 1,
    VALUE_HANDED = 2,      /* given to the peer that owns it now */
    VALUE_CERTIFICATE = 4, /* the bytes are a certificate token */
    VALUE_SIGNED = 8,      /* true form: behind the bytes stand the owner's SignerIdentity hash and signature */
    VALUE_OWNER_ENDS = 16, /* its bytes end in the owner's Node-ID, which is not kept */
    VALUE_PLACED = 32,     /* its Resource-ID does not follow from its owner and is kept */
    VALUE_WIDE = 64        /* a number does not fit: all of them are kept whole */
};

/* One value as it lies in the section, at a multiple of 4: 34 bytes besides its own. What is not kept, or in parts, is told by the functions of form.c. */
struct value {
    peer_h owner;
    uint32_t token[2];       /* the owner's signature: modelled, or its first bytes */
    uint32_t due_low, stored_low;
    uint32_t due_high : 22,  /* when it expires: 208 days of ns */
        stored_high : 10;    /* its storage time: ms until 2109 */
    uint16_t generation;     /* the same in all values of a Kind at a Resource-ID */
    uint16_t tag;            /* the last bits of the Resource-ID: those of one node have the first in common */
    uint8_t flags;           /* enum value_flag */
    uint8_t kind : 6,        /* place in the table */
        have : 2;            /* bit k: node.replica[k] has confirmed its copy */
    uint8_t len;
    uint8_t replica;         /* number under which it was stored here last */
    uint8_t sent[REPLICAS];  /* number of the Store that took it to replica k last, 0 = none */
    uint8_t kept[];          /* struct value_wide, Resource-ID, DataValue.value, identity and signature: each as the flags say */
};
static_assert(offsetof(struct value, kept) == 34, "the overhead of a stored value");
static_assert(KINDS_MAX <= 64 && REPLICAS == 2, "what the bits of a value can name");

struct value_wide {
    uint64_t due, stored_ms, generation;
    uint32_t index, len;     /* of a narrow value: 0, and below 256 */
};

/* A value on its way in. */
struct entry {
    const struct stored_data *data;
    struct id resource;
    sim_time due;
    uint64_t generation;
    uint8_t kind, replica, have;
};

static inline struct value *value_at(const struct call *c, uint32_t at)
{
    return (struct value *)(void *)((uint8_t *)section_base(c, SECTION_STORE) + at);
}

/* ---- form.c: what a value keeps, and what follows ---- */

sim_time value_due(const struct value *);
uint64_t value_stored_ms(const struct value *);
uint64_t value_token(const struct value *);
uint64_t value_counter(const struct value *);
uint32_t value_index(const struct value *); /* array, below its Kind's max_count; else 0 */
/* Computed where it is not kept; value_lies_at does so only where the tag fits. */
struct id value_resource(const struct call *, const struct value *);
bool value_lies_at(const struct call *, const struct value *, struct id resource);
/* DataValue.value: in the record, or put together in room. */
struct span value_bytes(const struct call *, const struct value *, uint8_t room[UINT8_MAX]);
/* True form: what stands behind the bytes. */
const uint8_t *value_signature(const struct value *);
/* Bytes of the record; that this entry takes; of one that is all narrow and follows from its owner. */
uint32_t value_size(const struct value *);
uint32_t value_needs(const struct call *, const struct entry *);
uint32_t value_size_of(struct id owner, const uint8_t *value, uint32_t len);
/* What making it wide adds. */
#define VALUE_WIDER ((uint32_t)sizeof(struct value_wide))
/* Writes a record of value_needs bytes. */
void value_write(const struct call *, struct value *, const struct entry *);
/* Change a number. The record may grow by VALUE_WIDER; false = there was no room, and nothing has changed. */
bool value_due_set(struct call *, uint32_t at, sim_time due);
bool value_counter_set(struct call *, uint32_t at, uint64_t generation);

/* Walks: the next value; that it is one of the same resource; section_used at the end. */
static inline uint32_t value_next(const struct call *c, uint32_t at)
{
    return at + value_size(value_at(c, at));
}

static inline bool value_is(const struct call *c, uint32_t at, struct id resource)
{
    return at < section_used(c, SECTION_STORE) && value_lies_at(c, value_at(c, at), resource);
}

/* ---- value.c: keeping them, and what they are on the wire ---- */

/* First value at this resource, or of this Kind at it; section_used if there is none. */
uint32_t value_first(const struct call *, struct id resource);
uint32_t value_first_of(const struct call *, struct id resource, unsigned kind);
/* The first value of another resource behind the one at this place. */
uint32_t value_resource_end(const struct call *, uint32_t at);
/* The value that a Store of this one would replace: by owner in a dictionary, by index in an array. section_used = none. */
uint32_t value_find(const struct call *, struct id resource, unsigned kind, peer_h owner, uint32_t index);
/* Current counter of a Kind at a resource, 0 = nothing is stored; and sets it: false = no room for such a large one. */
uint64_t value_generation(const struct call *, struct id resource, unsigned kind);
bool value_generation_set(struct call *, struct id resource, unsigned kind, uint64_t generation);
/* Bytes that this would add to the values there. */
uint32_t value_generation_needs(const struct call *, struct id resource, unsigned kind, uint64_t generation);
/* Makes room for so many more bytes of values; false = over a limit of the node. */
bool value_room(struct call *, uint32_t more);
/* Adds or overwrites. false = over a limit of the node, and nothing has changed. */
bool value_put(struct call *, const struct entry *);
/* What lies beyond its lifetime goes. Cheap when nothing is due: every request calls it first. */
void value_expire(struct call *);
void value_remove(struct call *, uint32_t at);
/* The owner's view. The result points into the record and into the room. */
struct value_room {
    uint8_t key[ID_BYTES], value[UINT8_MAX];
};
void value_to_stored(struct call *, const struct value *, struct value_room *, struct stored_data *);
/* And back: an entry for value_put that points at the data; its lifetime begins now. */
struct entry value_entry(const struct call *, struct id resource, unsigned kind, const struct stored_data *);
/* 0, ERR_SIGNATURE or ERR_FORBIDDEN: the element's signature by somebody whose certificate is in the message's bucket, and its signer's right to this
 * place (7.1, 7.3). Fills in data.signature.signer. */
int value_check(struct call *, const struct security *, struct id resource, unsigned kind, struct stored_data *);
int value_sign(struct call *, struct id resource, uint32_t kind, struct stored_data *);
/* Number of Resource-IDs with values here. */
uint32_t store_resources(const struct call *);

/* ---- store.c, fetch.c, find.c: requests of others ---- */

void store_request(struct call *, const struct origin *, const struct message *);
void fetch_request(struct call *, const struct origin *, const struct message *);
void stat_request(struct call *, const struct origin *, const struct message *);
void find_request(struct call *, const struct origin *, const struct message *);
/* Answers Error_Unknown_Kind with the list of them. */
void store_unknown_kinds(struct call *, const struct origin *, const uint32_t kind[], unsigned count);
#define UNKNOWN_KINDS_MAX 63u /* that the list can name */

/* ---- ask.c: requests of ours (node_request), and their answers ---- */

int store_send(struct call *, const struct request *);
int fetch_send(struct call *, const struct request *);
int stat_send(struct call *, const struct request *);
int find_send(struct call *, const struct request *);
/* Reports what an answer holds through port.found; the number of existing values whose signature and place check. */
unsigned store_answer_read(struct call *, const struct errand *, const struct message *);

/* ---- replica.c: copies ---- */

void store_replica_set_changed(struct call *, bool lost);
/* Its link is gone: should it come back, it may have restarted with nothing, so its confirmations do not count. */
void store_peer_lost(struct call *, peer_h);
void store_range_changed(struct call *, struct id old_range);
/* A copy came from a peer beyond us: its sender took us for the owner, which may be another behind us when two rings merge. */
void store_pass_on(struct call *, struct id resource, peer_h sender);
void store_hand_over(struct call *, uint16_t slot, struct id range_from);
void store_replica_done(struct call *, const struct errand *);
void store_replica_failed(struct call *, const struct errand *, uint16_t error);
/* Newer values than ours came from the peer that had refused our copy. */
void store_adopt(struct call *, const struct errand *, const struct message *);
/* Copies what is new at this resource to the replica set. */
void store_replicate(struct call *, struct id resource);
/* A replica Store of this sender for this resource makes sense (7.4.1.1, 10.4). */
bool store_sender_plausible(const struct call *, const struct origin *, struct id resource);
void store_wake(struct call *);

/* ---- certificate.c: our own certificate in the overlay, RFC 6940 8 ---- */

/* We have joined; seeded: in mid-life. */
void certificate_plan(struct call *, bool seeded);
void certificate_failed(struct call *, uint16_t error);
void certificate_wake(struct call *);

#endif

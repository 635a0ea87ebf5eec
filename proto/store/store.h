/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stored values (RFC 6940 7, 8, 10.4, 10.7.3): single values, arrays and dictionaries of the Kinds in kind.h; checks, access control, generation
 * counters, quotas, expiry; replicas on the next two successors, hand-over; Store, Fetch, Stat, Find and what answers to them bring.
 *
 * Values lie in the store section as records, those of one Resource-ID next to each other, in it those of one Kind, in an array by index. Every
 * dictionary Kind has a policy that makes the key the signer's Node-ID, so a value keeps the signer's handle instead of a key.
 *
 * Whatever a peer sends is either stored as the RFC says or answered with the error that the RFC names; nothing here asserts on it. */
#ifndef PROTO_STORE_STORE_H
#define PROTO_STORE_STORE_H

#include "proto/reload/transaction.h"
#include "proto/store/kind.h"

#define REPLICAS 2 /* RFC 6940 10.4 */

enum value_flag {
    VALUE_EXISTS = 1,
    VALUE_HANDED = 2,      /* given to the peer that owns it now */
    VALUE_CERTIFICATE = 4, /* the bytes are a certificate token */
    VALUE_SIGNED = 8       /* true form: behind the bytes stand the owner's SignerIdentity hash and signature */
};

/* One value: 70 bytes besides its own. record.due is when it expires. */
struct value {
    struct record r;
    struct id resource;
    uint64_t generation;     /* the same in all values of a Kind at a Resource-ID */
    uint64_t storage_ms;
    uint64_t token;          /* the owner's signature: modelled, or its first bytes */
    peer_h owner;
    uint16_t index;          /* array, below its Kind's max_count; else 0 */
    uint16_t len;
    uint8_t kind;            /* place in the table */
    uint8_t replica;         /* number under which it was stored here last */
    uint8_t flags;           /* enum value_flag */
    uint8_t have;            /* bit k: node.replica[k] has confirmed its copy */
    uint8_t sent[REPLICAS];  /* number of the Store that took it to replica k last, 0 = none */
    uint8_t bytes[];         /* DataValue.value */
};
static_assert(offsetof(struct value, bytes) == 70, "the overhead of a stored value");

static inline struct value *value_at(const struct call *c, uint32_t at)
{
    return record_at(c, SECTION_STORE, at);
}

/* Walks: the next value of the same resource, or of the same Kind at it; section_used at the end. */
static inline bool value_is(const struct call *c, uint32_t at, struct id resource)
{
    return at < section_used(c, SECTION_STORE) && id_equal(value_at(c, at)->resource, resource);
}

/* ---- value.c: records, and what they are on the wire ---- */

/* First value at this resource, or of this Kind at it; section_used if there is none. */
uint32_t value_first(const struct call *, struct id resource);
uint32_t value_first_of(const struct call *, struct id resource, unsigned kind);
/* The value that a Store of this one would replace: by owner in a dictionary, by index in an array. section_used = none. */
uint32_t value_find(const struct call *, struct id resource, unsigned kind, peer_h owner, uint32_t index);
/* Current counter of a Kind at a resource, 0 = nothing is stored; and sets it. */
uint64_t value_generation(const struct call *, struct id resource, unsigned kind);
void value_generation_set(struct call *, struct id resource, unsigned kind, uint64_t generation);
/* Bytes of the record that holds a value of so many bytes; value_needs: that this one takes here, with its signature where that is a true one. */
uint32_t value_size(uint32_t len);
uint32_t value_needs(const struct call *, const struct stored_data *);
uint32_t value_record_bytes(const struct value *);
/* Adds or overwrites; head->r.due is when it expires, d is what head was made of. false = over the node's limit, and nothing has changed. */
bool value_put(struct call *, const struct value *head, const struct stored_data *d);
/* What lies beyond its lifetime goes. Cheap when nothing is due: every request calls it first. */
void value_expire(struct call *);
/* The owner's view; key is where the dictionary key goes. The result points into the record. */
void value_to_stored(struct call *, const struct value *, uint8_t key[ID_BYTES], struct stored_data *);
/* And back: a head for value_put. */
struct value value_head(const struct call *, struct id resource, unsigned kind, const struct stored_data *);
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stored values (RFC 6940 7, 10.4, 10.7.3): checks, access control, expiry, replicas on the next two successors, hand-over.
 *
 * This peer keeps the Kind SIP-REGISTRATION (RFC 7904): a dictionary under H(user name) whose key is the owner's Node-ID (USER-NODE-MATCH), so
 * the key need not be kept beside the owner. A Store of another Kind is answered with Error_Unknown_Kind.
 *
 * Files: store.c (Store), fetch.c (Fetch), replica.c (copies), value.c (the records). */
#ifndef PROTO_STORE_STORE_H
#define PROTO_STORE_STORE_H

#include "proto/reload/transaction.h"

#define REPLICAS 2 /* RFC 6940 10.4 */

/* One value; record.due is when it expires. */
struct value {
    struct record r;
    struct id resource;
    uint64_t generation;
    uint64_t storage_ms;
    uint64_t token;    /* the owner's signature, modelled */
    peer_h owner;
    uint32_t kind;
    uint8_t replica;   /* number under which it was stored here last */
    uint8_t have;      /* bit k: node.replica[k] has confirmed its copy */
    uint8_t exists;
    uint8_t handed;    /* given to the peer that owns it now */
    uint16_t len;
    uint8_t bytes[];   /* DataValue.value */
};

static inline struct value *value_at(const struct call *c, uint32_t at)
{
    return record_at(c, SECTION_STORE, at);
}

/* value.c */
uint32_t value_find(const struct call *, struct id resource, uint32_t kind, peer_h owner); /* offset; section_used() if absent */
/* Adds or overwrites. false = over the node's limit. */
bool value_put(struct call *, const struct value *head, const uint8_t *bytes);
void value_expire(struct call *);
void value_to_stored(struct call *, const struct value *, uint8_t key[ID_BYTES], struct stored_data *);
/* 0, ERR_SIGNATURE or ERR_FORBIDDEN: the element's signature and its signer's right to this place (7.3, USER-NODE-MATCH). */
int value_check(struct call *, struct id resource, uint32_t kind, const struct stored_data *);
int value_sign(struct call *, struct id resource, uint32_t kind, struct stored_data *);

/* store.c */
void store_request(struct call *, const struct origin *, const struct message *);
/* A Store of our own registration on its way: node_request. */
int store_send(struct call *, const struct request *);

/* fetch.c */
void fetch_request(struct call *, const struct origin *, const struct message *);
int fetch_send(struct call *, const struct request *);
/* Values in a FetchAns that exist and whose signature and place check. */
unsigned store_count_values(struct call *, const struct message *, struct id resource);

/* replica.c */
void store_replica_set_changed(struct call *, bool lost);
void store_range_changed(struct call *, struct id old_range);
void store_hand_over(struct call *, uint16_t slot, struct id range_from);
void store_replica_done(struct call *, const struct errand *);
void store_replica_failed(struct call *, const struct errand *, uint16_t error);
/* Copies the value at this offset to the members of the replica set that lack it. */
void store_replicate(struct call *, uint32_t at);
void store_wake(struct call *);

#endif

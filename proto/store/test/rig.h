/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One node under test and peers played by the test: requests that any of them signs, and what comes back. For tests of storage.
 *
 *     struct rig *g = rig_open(0);                            // alone in the ring: it owns everything; peer 1 has a link to it
 *     uint16_t error = rig_store(g, &(struct rig_store){...}); // 0 = a StoreAns, which is g->last
 *     rig_close(g);
 *
 * The rig acknowledges all frames and sees whole messages: the links' mtu is above max-message-size. */
#ifndef PROTO_STORE_TEST_RIG_H
#define PROTO_STORE_TEST_RIG_H

#include "proto/test/overlay.h"
#include "proto/wire/message.h"

#define RIG_SELF  0u
#define RIG_PEERS 6u

struct rig_seen {
    peer_h to; /* at the other end of the link */
    struct message m;
    uint32_t len, true_len;
    uint8_t b[8192];
};

struct rig {
    struct overlay config;
    struct recorder *r;
    unsigned peers;
    chan_h chan[RIG_PEERS + 1]; /* of the link to peer 1.. */
    uint32_t sequence[RIG_PEERS + 1];
    uint64_t tid;
    uint32_t max_response; /* of requests; 0 = any length */
    peer_h owner[CERTIFICATES_MAX - 1]; /* of the values of the message that is being made: their certificates go along */
    unsigned owners;
    struct rig_seen *seen; /* all messages that left the node, oldest first */
    unsigned seens, seens_cap, sent;
    const struct message *last; /* the last answer */
};

/* neighbours = 0: alone, with one link that is not routed through; else that many neighbours, peers 1.. */
struct rig *rig_open(unsigned neighbours);
/* The same with the node's limit of stored bytes and max-message-size; 0 = the usual. */
struct rig *rig_open_with(unsigned neighbours, uint32_t stored_bytes, uint32_t max_message_size);
void rig_close(struct rig *);
/* Acknowledges and collects until nothing more is sent at once. */
void rig_pump(struct rig *);
void rig_run(struct rig *, sim_time until);
/* Messages of this code that left for this peer (PEER_NONE: anybody) since rig_forget. */
unsigned rig_count(const struct rig *, uint16_t code, peer_h to);
const struct rig_seen *rig_nth(const struct rig *, uint16_t code, peer_h to, unsigned n);
void rig_forget(struct rig *);

struct id rig_user(struct rig *, peer_h);
struct id rig_node(struct rig *, peer_h, uint8_t i); /* H(Node-ID), H(Node-ID || i) */
/* The first peer from `from` on whose user resource the node under test owns, or does not. */
peer_h rig_owned(struct rig *, peer_h from, bool owned);
bool rig_owns(struct rig *, struct id);

/* ---- requests; each returns the RELOAD error of the answer, 0 = none, UINT16_MAX = no answer came ---- */

struct rig_item {
    uint32_t kind;
    uint64_t generation; /* of the Kind; that of its first item counts */
    peer_h signer;
    uint64_t storage_ms;
    uint32_t lifetime_s;
    uint32_t index;
    const char *value;   /* NULL: does not exist */
    uint32_t value_len;  /* 0 = strlen */
    const struct id *key; /* NULL: the signer's Node-ID */
    bool anonymous;      /* signature of type none */
    bool uncertified;    /* its signer's certificate does not come along */
    bool flipped;        /* a bit of its token, or of its true signature */
    bool absent;         /* exists = false in spite of a value */
};

struct rig_store {
    peer_h from; /* signs the request; it comes over the link of peer `via`, 0 = 1 */
    peer_h via;
    struct id resource;
    uint8_t replica;
    bool to_node; /* addressed to the node in spite of replica 0 */
    unsigned items;
    struct rig_item item[80];
};
uint16_t rig_store(struct rig *, const struct rig_store *);
/* Any request: its body as it is. */
uint16_t rig_request(struct rig *, peer_h from, peer_h via, uint16_t code, bool to_resource, struct id to, const void *body, size_t len);
/* The same to a Node-ID, with tokens in the body that stand for so many more bytes. */
uint16_t rig_folded(struct rig *, peer_h from, peer_h via, uint16_t code, struct id to, const void *body, size_t len, uint32_t extra);
/* Answers the n-th request of this code that went to `peer`, as that peer. */
void rig_answer(struct rig *, const struct rig_seen *, uint16_t code, const void *body, size_t len, size_t true_len);
void rig_answer_error(struct rig *, const struct rig_seen *, uint16_t error);
/* Body of a Fetch or Stat for one Kind. */
size_t rig_specifier(uint8_t *out, size_t cap, struct id resource, uint32_t kind, uint64_t generation, const void *model, size_t len);
/* Data model of a Kind that is registered, or that the recorder has in force. */
enum data_model rig_model(const struct rig *, uint32_t kind);
/* Puts a StoredData as rig_store would. */
void rig_item_put(struct rig *, struct writer *, struct id resource, const struct rig_item *);

/* ---- looking into answers ---- */

/* Fetches all registrations under the user name of this peer from the node and looks at them as below. */
unsigned rig_registrations(struct rig *, peer_h user, struct stored_data out[], unsigned max, uint64_t *generation);
/* Values of the last FetchAns for its first Kind; at most max. */
unsigned rig_values(const struct rig *, struct stored_data out[], unsigned max, uint64_t *generation);
/* Values that the node holds at all, from node_look. */
unsigned rig_held(const struct rig *);

#endif

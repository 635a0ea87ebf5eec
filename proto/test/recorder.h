/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The test recorder: a host for one node under test. Time is scripted, nothing is delivered by itself, and all that the node does through its port
 * lies in arrays afterwards: datagrams, channel operations, facts.
 *
 *     struct recorder *r = recorder_open(&overlay, 0);
 *     recorder_start(r, &(struct node_opts){.first = true});
 *     chan_h c = recorder_accept(r, 7, MILLIS(80));
 *     recorder_receive(r, c, 7, bytes, len, true_len);
 *     recorder_run(r, SECONDS(1));                        // wakes the node whenever it is due, up to and including that time
 *     assert_int_equal(r->sents, 1);
 *     recorder_close(r);
 *
 * Peers: handles below RECORDER_PEERS stand for ids that all recorders agree on, in the order of a keyed hash; further ids get handles as they are met.
 * Address handle = peer handle, 16.0.0.0 + handle, port 6084. Signatures are modelled as in the simulator, so what one recorder signs another verifies.
 * The block is malloc'ed in the exact size and moves in every call of room, the old one poisoned and freed: a pointer kept across is caught.
 * After every call into the node its node_check must hold and its next wake-up must not lie in the past; else the program aborts with the reason. */
#ifndef PROTO_TEST_RECORDER_H
#define PROTO_TEST_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/fact.h"
#include "proto/kind.h"
#include "proto/node.h"
#include "proto/overlay.h"
#include "proto/wire/security.h"

#define RECORDER_PEERS         256u
#define RECORDER_PEERS_MAX     4096u
#define RECORDER_CHANNELS_MAX  1024u
#define RECORDER_ADDRS_FOREIGN 64u
#define RECORDER_KIND_BLOCK    13u
#define RECORDER_UNIX_MS       UINT64_C(1255910400000) /* 2009-10-19, wall clock at time 0 */

struct recorded_datagram {
    sim_time at; /* departure: the time of the call and the CPU used before */
    chan_h chan;
    addr_h to;
    enum traffic traffic;
    uint16_t len, true_len;
    uint8_t *b; /* a copy, owned by the recorder */
};

struct recorded_op {
    sim_time at;
    enum chan_op op;
    struct chan_args args; /* as after the call: chan is set for OPEN */
};

struct recorded_fact {
    sim_time at;
    uint16_t what; /* enum fact */
    uint64_t a, b;
};

struct recorded_found {
    uint32_t tag;
    struct found found; /* found.value is a copy, owned by the recorder */
};

enum recorder_channel_state { RECORDER_FREE, RECORDER_OPENING, RECORDER_UP };

/* Keys and certificates of a test that brings true ones. */
struct recorder_crypto {
    int (*sign)(void *arg, peer_h signer, const struct piece *, unsigned pieces, struct signature *);
    int (*verify)(void *arg, const struct piece *, unsigned pieces, const struct signature *);
    struct piece (*certificate)(void *arg, peer_h);
    peer_h (*certified)(void *arg, struct piece der, unsigned index, uint64_t unix_ms);
};

struct recorder {
    struct env env;
    struct node *node;
    size_t block_bytes, work_bytes; /* the second block is env.work */
    sim_time due; /* what the node returned last */
    const struct overlay *overlay;

    struct recorded_datagram *sent; /* cleared by recorder_forget */
    unsigned sents, sents_cap;
    struct recorded_op *op;
    unsigned ops, ops_cap;
    struct recorded_fact *fact;
    unsigned facts, facts_cap;
    struct recorded_found *found; /* what requests have brought */
    unsigned founds, founds_cap;

    /* The script: change at will. */
    bool refuse_channels;        /* CHAN_OPEN returns ERR_NO_LINK */
    bool refuse_room;            /* room returns NULL, as at the node's limit */
    uint32_t sign_ns, verify_ns; /* CPU cost; 0 at first */
    /* A document of the recorder is the letter C, its sequence (2 bytes) and G when it is well signed, then anything. */
    struct overlay configured;           /* what configure has put in force: r->overlay with another sequence; r->overlay points here then */
    uint8_t document[3000];
    unsigned document_len;               /* 0: none at hand */
    /* A kind-block of the recorder: see recorder_kind_block. */
    struct value_kind kind[KINDS_ADDED_MAX];
    uint8_t kind_block[KINDS_ADDED_MAX][RECORDER_KIND_BLOCK];
    unsigned kinds; /* in force, from place 0 on */
    const struct recorder_crypto *crypto; /* true keys in place of the model; NULL */
    void *crypto_arg;
    sim_time draw;               /* what port.draw returns; 0 = law k draws from 2^(k-1) to 3 * 2^(k-1) s, evenly */

    enum recorder_channel_state channel[RECORDER_CHANNELS_MAX];
    addr_h remote[RECORDER_CHANNELS_MAX];
    peer_h peer[RECORDER_CHANNELS_MAX]; /* at the other end, the last one of this number */
    struct id id[RECORDER_PEERS_MAX];
    unsigned ids;
    struct ip_port foreign[RECORDER_ADDRS_FOREIGN];
    unsigned foreigns;
    uint8_t *out; /* between send_begin and send */
    size_t out_cap;
};

struct recorder *recorder_open(const struct overlay *, peer_h self);
void recorder_close(struct recorder *);
/* Forgets datagrams, operations and facts so far. */
void recorder_forget(struct recorder *);

/* The calls into the node, at r->env.now. */
void recorder_start(struct recorder *, const struct node_opts *);
void recorder_seed(struct recorder *,
                   const struct node_seed *); /* in place of recorder_start; then node_seed_*(r->node, &r->env, …) */
void recorder_seed_end(struct recorder *);
void recorder_receive(struct recorder *, chan_h, addr_h from, const void *b, size_t len, size_t true_len);
void recorder_request(struct recorder *, const struct request *);
/* Wakes the node each time it is due, until nothing is due up to this time; then it is now. */
void recorder_run(struct recorder *, sim_time until);
/* Sets the clock without waking anybody, as when the host is late. */
void recorder_set_now(struct recorder *, sim_time now);

/* Channels. accept opens the lowest free one from the other side; up, down and silent report on one. */
chan_h recorder_accept(struct recorder *, peer_h peer, sim_time rtt);
void recorder_up(struct recorder *, chan_h, peer_h peer, sim_time rtt);
void recorder_down(struct recorder *, chan_h);
void recorder_silent(struct recorder *, chan_h);
/* A channel that is open already, for recorder_seed. */
chan_h recorder_seed_channel(struct recorder *, peer_h);

/* Peers: the handle of an id and the id of a handle, outside any call. */
peer_h recorder_peer(struct recorder *, struct id);
struct id recorder_id(const struct recorder *, peer_h);
/* Signs as any peer, for messages that a test makes up. */
void recorder_sign(struct recorder *, peer_h signer, const struct piece *, unsigned pieces, struct signature *);

/* Puts a document in force, as a configuration server would. */
void recorder_configure(struct recorder *, const void *document, size_t len);
/* Writes a definition as this recorder's kind-block: the letter K, G when a kind-signer has signed it, and its numbers. Puts one in force: 0, or as port.kind_adopt. */
void recorder_kind_block(const struct value_kind *, bool good, uint8_t block[RECORDER_KIND_BLOCK]);
int recorder_kind(struct recorder *, const uint8_t *block, size_t len);
/* Its certificate in true form; empty while crypto is modelled. */
struct piece recorder_certificate(struct recorder *, peer_h);

/* Looking back: the last fact of this kind, NULL if none; how many there are. */
const struct recorded_fact *recorder_last_fact(const struct recorder *, enum fact);
unsigned recorder_count_facts(const struct recorder *, enum fact);
/* Number of operations of this kind. */
unsigned recorder_count_ops(const struct recorder *, enum chan_op);

#endif

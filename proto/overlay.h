/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The overlay's configuration (RFC 6940 11.1) and the local policy of a peer, resolved to numbers.
 * Shared by all nodes of a host and immutable: a new configuration is another struct with a higher sequence. */
#ifndef PROTO_OVERLAY_H
#define PROTO_OVERLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/id.h"
#include "proto/base/time.h"

/* MODELLED: signatures and certificates fold, wire/security.h. OPENSSL: true ones. NONE: no enrollment, self-signed certificates alone; they fold too,
 * and cost no CPU. */
enum crypto_mode { CRYPTO_MODELLED, CRYPTO_OPENSSL, CRYPTO_NONE };
enum finger_search { FINGER_SEARCH_PING, FINGER_SEARCH_LEARN }; /* RFC 6940 10.7.4.2, alternatives 1 and 2 */
enum routing_mode {
    ROUTING_RECURSIVE, /* RFC 6940 6.2, symmetric */
    ROUTING_ITERATIVE, /* requests of node_request ask their way: proto/reload/iterative.h */
    ROUTING_DIRECT,    /* RFC 7263: their answers come straight to the asker */
    ROUTING_RELAY      /* RFC 7264: or by way of its relay; both proto/reload/straight.h */
};
enum via_keeping { VIA_FULL, VIA_COMPRESSED, VIA_STATE };       /* proto/reload/via.h */
enum client_place { CLIENTS_AT_THEIR_PEER, CLIENTS_ANYWHERE }; /* RFC 6940 4.2.1: the two ways of a client */
enum link_rto { RTO_RFC6298, RTO_STATIC };                      /* RFC 6940 6.6.3.1 */

#define BAD_NODES_MAX 16u

/* One table of limits per node; what exceeds one is counted and dropped, or answered as the RFC says. */
struct node_limits {
    uint16_t links;            /* open channels */
    uint16_t transactions;     /* requests awaiting their answer */
    uint16_t queue_messages;   /* frames waiting on one link: 32 */
    uint32_t queue_bytes;      /* kept frames of all links, in memory */
    uint32_t reassembly_bytes; /* fragments awaiting the rest */
    uint32_t stored_bytes;     /* values with their envelopes */
    uint32_t block_bytes;      /* whole node */
};

struct overlay {
    const char *name;   /* instance-name */
    uint32_t hash;      /* last four bytes of SHA-1(name), RFC 6940 6.3.2 */
    uint16_t sequence;  /* of this configuration, 0..65534 */
    uint8_t initial_ttl;
    uint32_t max_message_size;                  /* bytes on the wire */
    sim_time reliability_timer;                 /* overlay-reliability-timer; requests are sent 5 times */
    sim_time update_interval, ping_interval;    /* chord-update-interval, chord-ping-interval; means if drawn from a law */
    uint16_t update_law, ping_law;              /* port.draw distributions; 0 = fixed */
    bool reactive;                              /* chord-reactive */
    enum routing_mode routing;
    enum via_keeping via;                       /* how a forwarder remembers the way of answers, RFC 6940 6.1.2 */
    bool clients_permitted;
    enum client_place client_place;             /* local policy of clients: the peer responsible for their Node-ID, or whichever lets them in */
    bool store_certificates;                    /* each peer stores its certificate, RFC 6940 8 */

    uint8_t predecessors, successors;           /* neighbour table, 1..64 each */
    uint8_t fingers;                            /* 1..128; 0 = auto: at least 16, deep enough for the last successor */
    enum finger_search finger_search;
    bool self_tuning;                           /* RFC 7363: the tables above are least sizes, intervals are estimated, recovery is periodic */

    enum link_rto rto;
    sim_time rto_static;                        /* 500 ms */
    uint8_t suspect_after;                      /* retransmissions; RFC 6940 6.6.3.1 "early sign of failure" */
    sim_time keepalive_interval, silent_after;  /* 0 = off, the RFC to the letter for links without ICE */
    uint16_t link_mtu;                          /* bytes of a framed RELOAD message that fit one datagram of the path */

    uint8_t bootstrap_count;                    /* bootstrap-node elements */
    uint32_t bootstrap[16];                     /* addr_h of each */
    sim_time bootstrap_retry;                   /* wait before trying another after a failed attempt to join */
    sim_time partition_check;                   /* 0 = never, RFC 6940 10.7.4.4 */
    bool idle;                                  /* local policy, for experiments: the periodic actions of 10.7.4 are left out */
    sim_time hold_down;                         /* successor replacement hold-down, 30 s, 10.7.1 */

    enum crypto_mode crypto;
    uint8_t self_signed;                        /* self-signed-permitted: the digest (enum hash_alg) that makes a Node-ID of a key; 0 = not permitted */
    uint16_t certificate_bytes;                 /* true DER length of every modelled certificate: 816 */
    uint16_t signature_bytes;                   /* true length of a signature value: 256 for RSA-2048 */

    struct node_limits limits;
    uint8_t bad_nodes;                          /* bad-node elements: certificates with these Node-IDs are not valid */
    struct id bad_node[BAD_NODES_MAX];
    const void *actor_config; /* of an actor that is no RELOAD peer, as its header says; NULL */
};

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One joined peer on a recorder, its linked peers played by the test: signed messages in, what it sends looked at by message code.
 *
 *     struct stage s = {.config = overlay_defaults()};
 *     stage_open(&s, 4);                                    // links to peers 1..4, neighbours all
 *     stage_ping(&s, 1, &(struct letter){.signer = 20, .tid = 7, .to = recorder_id(s.r, 0)});
 *     assert_int_equal(stage_sent(&s, PING_ANS, NULL), 1);
 *     stage_run(&s, SECONDS(1));                            // acknowledges what the peer sends
 *     stage_close(&s);
 *
 * The configuration's rto is made static and updates are made periodic, so that nothing happens but what the test causes. */
#ifndef PROTO_TEST_STAGE_H
#define PROTO_TEST_STAGE_H

#include "proto/test/overlay.h"
#include "proto/wire/frame.h"
#include "proto/wire/message.h"

#define STAGE_LINKS     32u
#define STAGE_BYTES_MAX 60000u /* contents and signature of a message */

struct stage {
    struct overlay config;
    struct recorder *r;
    unsigned links;
    chan_h chan[STAGE_LINKS];       /* of peer k at [k]; more may be added by hand */
    uint32_t sequence[STAGE_LINKS]; /* of the next frame from peer k */
    unsigned acked;                 /* datagrams of the recorder that have been seen to */
};

/* A message of a peer. Zeroed fields take defaults: ttl 50, to = the destination list of one Node-ID. */
struct letter {
    peer_h signer;
    uint64_t tid;
    uint8_t ttl;
    struct id to;
    bool to_resource;
    struct span destination, via, options; /* encoded; destination in place of `to` */
    uint32_t max_response, fragment;       /* fragment 0 = whole */
    const struct extension *extension;     /* of the contents; NULL = none */
};

/* What the peer under test sent: the newest match. */
struct sent {
    chan_h chan;
    struct message message; /* spans into the recorder's copy */
    uint32_t true_len;
};

void stage_open(struct stage *, unsigned links);
void stage_close(struct stage *);
/* Forgets what was sent so far. */
void stage_forget(struct stage *);
/* Lets time pass; frames are acknowledged at once. */
void stage_run(struct stage *, sim_time until);
/* Encodes and signs a message; returns its length, *true_len is what it stands for. Tests may spoil the bytes. */
size_t stage_write(const struct stage *, const struct letter *, uint16_t code, const uint8_t *body, uint32_t body_len, uint8_t *out, size_t cap,
                   uint32_t *true_len);
/* These bytes of a message arrive over the link to peer `link`, framed. */
void stage_arrive(struct stage *, unsigned link, const uint8_t *message, size_t len, size_t true_len);
/* The message arrives over the link to peer `link`; body holds the encoded body. */
void stage_deliver(struct stage *, unsigned link, const struct letter *, uint16_t code, const uint8_t *body, uint32_t body_len);
void stage_ping(struct stage *, unsigned link, const struct letter *);
/* An AttachReq with the signer's own address. */
void stage_attach(struct stage *, unsigned link, const struct letter *, bool send_update);
/* Neighbour lists of the signer. */
void stage_update(struct stage *, unsigned link, const struct letter *, const peer_h *predecessor, unsigned p, const peer_h *successor, unsigned s);
/* How many whole messages of this code were sent (each transmission counts); *last, if wanted, is the newest. */
unsigned stage_sent(const struct stage *, uint16_t code, struct sent *last);
/* The peer whose Node-ID this entry of a destination list is, PEER_NONE when it is none. */
peer_h stage_destination(const struct stage *, const struct header *, unsigned entry);
/* How many datagrams and messages the peer dropped for this reason (FACT_DROPPED). */
unsigned stage_dropped(const struct stage *, int reason);
/* error_code of a sent error. */
uint16_t stage_error(const struct sent *);

#endif

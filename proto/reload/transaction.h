/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests that await their answer: end-to-end retransmission by the originator (RFC 6940 6.2.1), and answers kept for repeated requests.
 *
 * A request is sent at 0, 3, 6, 9, 12 s (overlay-reliability-timer) with the same transaction id and fails at 15 s. */
#ifndef PROTO_RELOAD_TRANSACTION_H
#define PROTO_RELOAD_TRANSACTION_H

#include "proto/reload/draft.h"
#include "proto/reload/message_in.h"

enum purpose {
    PURPOSE_USER_STORE, PURPOSE_USER_FETCH, PURPOSE_USER_STAT, PURPOSE_USER_FIND, /* node_request; tag */
    PURPOSE_UPDATE,                         /* to the peer of a link */
    PURPOSE_ATTACH,                         /* aux = enum attach_reason */
    PURPOSE_JOIN,
    PURPOSE_FINGER_PING,                    /* aux = entry i */
    PURPOSE_LINK_PING,
    PURPOSE_PROBE,                          /* RFC 7363 6.5 */
    PURPOSE_PARTITION_PING,                 /* peer = the bootstrap node through which */
    PURPOSE_REPLICA,                        /* copies for a successor, or a hand-over: resource, peer; tag = number of the Store */
    PURPOSE_ADOPT,                          /* a Fetch of what is newer than our copy: resource, peer */
    PURPOSE_CERTIFICATE,                    /* a Store of our own certificate */
    PURPOSE_LEAVE,
    PURPOSE_ROUTE_QUERY,                    /* tag, aux = transaction id of the request that asks its way, low and high half */
    PURPOSE_CONFIGURE                       /* a ConfigUpdate for a peer with an older configuration */
};

/* What the requester wants to know again when the answer comes; copied out of the node before its handler runs. */
struct errand {
    enum purpose purpose;
    uint32_t tag, aux;
    peer_h peer;        /* the destination, if it is a Node-ID that we know */
    struct id resource; /* the destination, or what it is about */
    bool to_resource;
    bool bound;         /* one hop: fails with its link */
    uint8_t asked;      /* peers that were asked the way before it was sent (iterative routing) */
    sim_time started;
    uint64_t tid;
};

struct route {
    uint16_t slot;      /* forced first hop, SLOT_NONE = by routing */
    bool taught;        /* source-routed through `teacher` first */
    struct id teacher;
    bool to_resource;
    struct id target;   /* Resource-ID or Node-ID */
};

/* Signs and sends the drafted request and remembers the errand (its tid and started are filled in here). A request without a route now is tried
 * again by the timer. 0 or a negative error: then no handler will run. */
int request_send(struct call *, struct draft *, const struct route *, const struct errand *);
/* A checked answer or error arrived for us. */
void transaction_answer(struct call *, const struct origin *, const struct message *);
void transaction_due(struct call *, uint32_t at);
/* An errand of this purpose to this peer is under way. */
bool transaction_pending(const struct call *, enum purpose, peer_h);
/* With this tag, about this resource. */
bool transaction_pending_about(const struct call *, enum purpose, peer_h, uint32_t tag, struct id resource);
/* Sends the request of this transaction, over this link or by routing; and its message code. */
void transaction_transmit(struct call *, uint64_t tid, uint16_t slot);
uint16_t transaction_code(const struct call *, uint64_t tid);
/* A request of ours with this transaction id awaits its answer. */
bool transaction_ours(const struct call *, uint64_t tid);
/* Gives up the first such errand without running its handler; *e is what it was. */
bool transaction_cancel(struct call *, enum purpose, peer_h, struct errand *e);
/* Gives up all of a purpose. */
void transaction_forget(struct call *, enum purpose);
/* We leave: requests of users have failed. */
void transaction_abandon(struct call *);
/* Number of errands of a purpose; transaction_count_aux: of those with this aux >> 8. */
unsigned transaction_count(const struct call *, enum purpose);
unsigned transaction_count_aux(const struct call *, enum purpose, uint32_t aux_high);

/* Signs and sends an answer along the way the request came. keep: a repeated request gets the same contents for 15 s, by its
 * own way back. */
void answer_send(struct call *, const struct origin *, struct draft *, bool keep);
void answer_error(struct call *, const struct origin *, uint16_t code, const void *info, size_t len);
/* A request that has been answered before: sends that answer again. */
bool answer_repeat(struct call *, const struct origin *);

#endif

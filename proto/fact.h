/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts that a node reports through port.fact. They change nothing; a host may ignore them.
 * One line each: name, what a holds, what b holds. tid = transaction id. */
#ifndef PROTO_FACT_H
#define PROTO_FACT_H

#define PROTO_FACTS(X)                                                                                          \
    X(JOIN_STARTED, "attempt number", "-")                                                                      \
    X(JOINED, "time since start, ns", "-")                                                                      \
    X(JOIN_FAILED, "attempt number", "enum join_failure")                                                       \
    X(REQUEST_SENT, "tag of node_request", "tid")                                                               \
    X(REQUEST_ANSWERED, "tag of node_request", "packed answer: see FACT_ANSWER")                                \
    X(REQUEST_FAILED, "tag of node_request", "0 = timeout, FACT_FAILED_HERE, else RELOAD error code; bits 16-31 hops of the answer") \
    X(RESENT, "tid", "number of this retransmission, 1..4")                                                     \
    X(LATE_ANSWER, "tid", "-")                                                                                  \
    X(MESSAGE_IN, "message code", "true bytes without framing; a RELOAD message, or its first fragment (offset 0)") \
    X(REQUEST_SERVED, "tid", "links crossed << 16 | message code")                                              \
    X(DEAD_HOP, "tid", "message code; a message was dropped because its next hop failed. 0: a is the tag of our own iterative look-up") \
    X(DROPPED, "enum proto_error or drop reason", "message code, 0 if unknown")                                 \
    X(RANGE_CHANGED, "-", "-")                                                                                  \
    X(NEIGHBOURS_CHANGED, "-", "-")                                                                             \
    X(LINK_UP, "peer", "1 = we opened it")                                                                      \
    X(LINK_FAILED, "peer", "time since something was last heard on it, ns")                                     \
    X(LINK_SUSPECT, "peer", "time since something was last heard on it, ns")                                    \
    X(FINGER_FILLED, "entry i", "peer")                                                                         \
    X(STORED_VALUE, "peer that owns the value", "replica number")                                               \
    X(DROPPED_VALUE, "peer that owns the value", "0 = expired, 1 = no longer a replica")                        \
    X(PARTITION_FOUND, "peer that answers for our successor's place", "bootstrap node through which") \
    X(UPDATE_SENT, "enum update_cause", "enum chord_update; a new Update, not one that is sent again") \
    X(LEFT, "-", "-") \
    X(ATTACHED, "time since start, ns; we are a client", "peer that we are attached to") \
    X(CONFIGURED, "sequence of the new configuration", "peer that it came from") \
    X(FRAGMENT_IN, "message code, 0 if unknown", "true bytes without framing; a fragment that is not the first of its message")

enum fact {
    FACT_NONE,
#define X(name, a, b) FACT_##name,
    PROTO_FACTS(X)
#undef X
    FACT_COUNT
};

/* b of REQUEST_ANSWERED: the peer that answered (32 bits), the links that the answer crossed (8), the number of values (8). */
#define FACT_ANSWER(peer, hops, values) ((uint64_t)(peer) | (uint64_t)(hops) << 32 | (uint64_t)(values) << 40)
#define FACT_ANSWER_PEER(b) ((uint32_t)(b))
#define FACT_ANSWER_HOPS(b) ((unsigned)((b) >> 32) & 0xff)
#define FACT_ANSWER_VALUES(b) ((unsigned)((b) >> 40) & 0xff)

/* b of REQUEST_FAILED when nothing was sent at all: an enum proto_error, above what an answer can say. */
#define FACT_FAILED_HERE(error) ((uint64_t)-(int64_t)(error) << 32)

/* Why an Update was sent, as far as its sender can tell. What becomes due while another one is under way on the link, or is due there already, is told by
 * that: it counts under what made it due first. */
enum update_cause {
    UPDATE_FOR_JOIN,     /* the neighbour table has somebody new who has not been up for long; or it is the newcomer's own */
    UPDATE_FOR_LEAVE,    /* a neighbour has said good-bye, or the gap that it left is being filled */
    UPDATE_FOR_FAILURE,  /* a neighbour has failed or is suspect, or that gap is being filled */
    UPDATE_FOR_INTERVAL, /* chord-update-interval, or the stabilization timer of RFC 7363 */
    UPDATE_FOR_ATTACH,   /* a link has been made: the other side asked for one (send_update), or it fills a finger entry */
    UPDATE_FOR_OTHER,    /* a list that lacks somebody is answered; RouteQuery asked for it; a change of no known cause */
    UPDATE_CAUSES
};

enum join_failure { JOIN_NO_BOOTSTRAP, JOIN_NO_ANSWER, JOIN_NO_NEIGHBOUR, JOIN_REFUSED, JOIN_LINK_LOST };

/* Drop reasons beyond enum proto_error, positive. */
enum drop_reason {
    DROP_UNKNOWN_DESTINATION = 1, /* Node-ID in my range that is not connected: RFC 6940 6.1.1 */
    DROP_NO_ROUTE, DROP_TTL, DROP_QUEUE_FULL, DROP_REASSEMBLY, DROP_BAD_SIGNATURE, DROP_MALFORMED, DROP_NOT_LINKED,
    DROP_LIMIT, DROP_OPTION, DROP_REASONS
};

#endif

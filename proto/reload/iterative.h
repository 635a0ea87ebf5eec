/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Iterative routing of requests that node_request makes (RFC 6940 6.4.2.4, A.1): the asker walks itself.
 *
 *   own routing table --> RouteQuery to the next hop --> its next hop --> ... --> a peer that names itself: the request goes to that one, over one link
 *
 * Each peer on the way needs a link: an Attach, source-routed through the peer that named it, and a handshake, unless there is one. Links made for this are
 * closed at the tidying that finds them unused (chord/ring.c), so the next request may still have them.
 *
 * The request is an ordinary transaction (transaction.h), with its five timers in 15 s. A timer that finds no progress since the last one begins the walk
 * again from our own table; so does the failure of the link that a RouteQuery waits on. A RouteQueryAns names one next hop: whom else its sender knows cannot
 * be asked, so a walk that meets a dead peer waits until its neighbours know. */
#ifndef PROTO_RELOAD_ITERATIVE_H
#define PROTO_RELOAD_ITERATIVE_H

#include "proto/reload/transaction.h"

/* Begins the walk of this request, whose transaction stands already. 0 or a negative error: nothing has begun. */
int iterative_begin(struct call *, uint64_t tid, struct id target);
/* Its timer has fired: the request is sent again, or the walk begins again, or goes on. True when the request was sent. */
bool iterative_repeat(struct call *, uint64_t tid);
/* The request has ended. Returns how many peers were asked before it was sent. */
uint8_t iterative_end(struct call *, uint64_t tid);
/* A RouteQuery has ended; error as for every errand. */
void iterative_answered(struct call *, const struct errand *, const struct message *);
void iterative_failed(struct call *, const struct errand *, uint16_t error);
/* A link is up that a walk may wait for. */
void iterative_linked(struct call *, uint16_t slot);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Types of the records in a node's work section, and who handles each when it is due. */
#ifndef PROTO_RELOAD_WORK_H
#define PROTO_RELOAD_WORK_H

enum work_type {
    WORK_FRAME = 1,   /* link.c: a frame that awaits transmission or ACK */
    WORK_TRANSACTION, /* transaction.c: a request that awaits its answer */
    WORK_ANSWER,      /* transaction.c: an answer kept for repeated requests */
    WORK_REASSEMBLY,  /* reassembly.c: fragments that await the rest */
    WORK_EXPECT,      /* attach.c: a peer that answered our Attach and should open the channel */
    WORK_CACHE,       /* join.c: addresses that the host remembered */
    WORK_VIA,         /* via.c: where a request came from that we have forwarded */
    WORK_WALK,        /* iterative.c: a request of ours that asks its way */
    WORK_OFFERS,      /* straight.c: how our offers have fared, and our relay */
    WORK_HELD,        /* straight.c: an answer that waits for a link */
    WORK_PASSING,     /* message_in.c: what first fragments in true form said of their messages; never due */
    WORK_ASIDE,       /* link.c: a bitmap of received frames with many holes; never due */
    WORK_GAP          /* link.c: a gap after an ACK for which the head has no room; never due */
};

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A message of our own under construction: contents, then signature and header around them (RFC 6940 6.3). Lives on the stack. */
#ifndef PROTO_RELOAD_DRAFT_H
#define PROTO_RELOAD_DRAFT_H

#include "proto/reload/block.h"
#include "proto/wire/message.h"

#define DRAFT_HEADROOM 1024u /* forwarding header with its lists */
#define DRAFT_CAP 10240u     /* max-message-size is refused above DRAFT_CAP - DRAFT_HEADROOM */

struct draft {
    struct writer w;          /* body writers write here between draft_begin and draft_close */
    struct mark contents;
    uint16_t code;
    struct span options;      /* forwarding options of an answer */
    uint8_t ttl;              /* 0 = the configured one */
    bool extended;            /* with this message extension, whose contents may stand here */
    struct extension extension;
    uint8_t extension_contents[12];
    unsigned owners;          /* certificates of data owners to send along (RFC 6940 6.3.4) */
    peer_h owner[CERTIFICATES_MAX - 1];
    uint8_t *message;         /* after draft_close */
    uint32_t len, true_len, header_bytes;
    uint8_t b[DRAFT_CAP];
};

void draft_begin(struct call *, struct draft *, uint16_t code);
/* Names the owner of a stored value that this message carries; repeated names count once. More than a message may carry fail the writer. */
void draft_owner(struct call *, struct draft *, peer_h);
/* The header of a whole message of ours, without its length. */
struct header draft_header(const struct call *, uint64_t tid, struct span destination);
/* True bytes of the message if it were closed now, with a destination list of so many bytes. */
uint32_t draft_true(const struct draft *, uint32_t destination_bytes);
/* Ends contents, signs, writes the header. destination = encoded list. 0 or a negative error. */
int draft_close(struct call *, struct draft *, uint64_t tid, struct span destination);

#endif

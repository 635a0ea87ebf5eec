/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Framing of every overlay link (RFC 6940 6.6.2):
 *
 *   data (128):  | type 1 | sequence 4 | length 3 | message ... |        8 bytes of overhead
 *   ack  (129):  | type 1 | ack_sequence 4 | received 4 |                9 bytes
 *
 * received: bit i (least significant first) is ack_sequence - 1 - i. */
#ifndef PROTO_WIRE_FRAME_H
#define PROTO_WIRE_FRAME_H

#include "proto/wire/cursor.h"

enum frame_type { FRAME_DATA = 128, FRAME_ACK = 129 };
#define FRAME_DATA_BYTES 8
#define FRAME_ACK_BYTES 9

struct frame {
    enum frame_type type;
    uint32_t sequence; /* of the data frame, or acknowledged */
    uint32_t received; /* ack only */
    struct span message; /* data only: bytes at hand; its true length is message_true */
    uint32_t message_true;
};

/* One datagram holds one frame. 0 or a negative error. true_len: of the datagram, true_len == len when not folded. */
int frame_read(const uint8_t *b, size_t len, size_t true_len, struct frame *);
void frame_put_data(struct writer *, uint32_t sequence, uint32_t message_true); /* header; the message follows */
void frame_put_ack(struct writer *, uint32_t ack_sequence, uint32_t received);

#endif

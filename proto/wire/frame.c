/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/wire/frame.h"

int frame_read(const uint8_t *b, size_t len, size_t true_len, struct frame *f)
{
    if (len < 1)
        return ERR_SHORT;
    f->type = b[0] == FRAME_DATA ? FRAME_DATA : FRAME_ACK;
    f->message = (struct span){NULL, 0};
    f->message_true = f->received = 0;
    switch (b[0]) {
    case FRAME_DATA:
        if (len < FRAME_DATA_BYTES)
            return ERR_SHORT;
        f->sequence = load_be32(b + 1);
        f->message_true = load_be24(b + 5);
        f->message = (struct span){b + FRAME_DATA_BYTES, (uint32_t)(len - FRAME_DATA_BYTES)};
        return true_len == f->message_true + (size_t)FRAME_DATA_BYTES ? 0 : ERR_LENGTH;
    case FRAME_ACK:
        if (len < FRAME_ACK_BYTES)
            return ERR_SHORT;
        f->sequence = load_be32(b + 1);
        f->received = load_be32(b + 5);
        return len == FRAME_ACK_BYTES && true_len == len ? 0 : ERR_TRAILING;
    default:
        return ERR_UNKNOWN;
    }
}

void frame_put_data(struct writer *w, uint32_t sequence, uint32_t message_true)
{
    put_u8(w, FRAME_DATA);
    put_u32(w, sequence);
    put_length(w, 3, message_true);
}

void frame_put_ack(struct writer *w, uint32_t ack_sequence, uint32_t received)
{
    put_u8(w, FRAME_ACK);
    put_u32(w, ack_sequence);
    put_u32(w, received);
}

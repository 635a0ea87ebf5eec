/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Forwarding header (RFC 6940 6.3.2), destinations (6.3.2.2) and forwarding options (6.3.2.3). Never folded.
 *
 *    0 relo_token 4 | 4 overlay 4 | 8 configuration_sequence 2 | 10 version 1 | 11 ttl 1 | 12 fragment 4 | 16 length 4
 *   20 transaction_id 8 | 28 max_response_length 4 | 32 via_len 2 | 34 dest_len 2 | 36 options_len 2 | 38 via, dest, options */
#ifndef PROTO_WIRE_HEADER_H
#define PROTO_WIRE_HEADER_H

#include "proto/wire/cursor.h"

#define RELO_TOKEN UINT32_C(0xd2454c4f)
#define RELO_VERSION 0x0a
#define HEADER_CONFIG_SEQUENCE_AT 8u
#define HEADER_FIXED_BYTES 38
#define FRAGMENT_WHOLE UINT32_C(0xc0000000)
#define FRAGMENT_HIGH UINT32_C(0x80000000)
#define FRAGMENT_LAST UINT32_C(0x40000000)
#define FRAGMENT_OFFSET(f) ((f) & UINT32_C(0x00ffffff))

struct header {
    uint32_t overlay;
    uint16_t config_sequence;
    uint8_t version, ttl;
    uint32_t fragment;
    uint32_t length;      /* true bytes of this message or fragment, header included */
    uint64_t transaction;
    uint32_t max_response;
    struct span via, destination, options; /* into the input; encoded lists */
};

static inline uint32_t header_bytes(const struct header *h)
{
    return HEADER_FIXED_BYTES + h->via.len + h->destination.len + h->options.len;
}

/* Not a fragment of something larger. */
static inline bool header_is_whole(const struct header *h)
{
    return (h->fragment & FRAGMENT_LAST) && FRAGMENT_OFFSET(h->fragment) == 0;
}

/* Reads the header and checks token, version, the high bit of fragment, that the lists are well-formed and that length is not below the
 * header's own. The reader stands behind the options afterwards. What a list means is not judged here (a resource in a Via List, TTL,
 * overlay): the caller does. Returns 0 or the reader's error. */
int header_read(struct reader *, struct header *);
void header_put(struct writer *, const struct header *);
/* The header of h as a forwarder sends it on (RFC 6940 6.1.2): one less TTL, `previous` appended to the Via List (nothing when it is NULL,
 * as in answers), the first pop bytes of the Destination List gone, length corrected. The payload follows unchanged. */
void header_put_forward(struct writer *, const struct header *, const struct id *previous, uint32_t pop);
/* Rewrites fragment and length of an encoded message in place, as reassembly does. */
void header_patch_fragment(uint8_t *message, uint32_t fragment, uint32_t length);

enum destination_type { DESTINATION_NODE = 1, DESTINATION_RESOURCE = 2, DESTINATION_OPAQUE = 3, DESTINATION_COMPRESSED = 0x80 };
#define DESTINATION_NODE_BYTES 18
#define DESTINATION_RESOURCE_BYTES 19

struct destination {
    uint8_t type;       /* enum destination_type, or an unknown one that was skipped by its length */
    struct id id;       /* node; resource of 16 bytes */
    struct span bytes;  /* resource or opaque of any length; the 2 bytes of a compressed id */
    uint16_t wire_bytes; /* what this entry occupies, at most 257 */
};

/* Next entry of an encoded list; call while reader_left() > 0. */
int destination_read(struct reader *, struct destination *);
void destination_put(struct writer *, const struct destination *);
void destination_put_node(struct writer *, struct id);
void destination_put_resource(struct writer *, struct id);

enum option_flag { OPTION_FORWARD_CRITICAL = 1, OPTION_DESTINATION_CRITICAL = 2, OPTION_RESPONSE_COPY = 4, OPTION_IGNORE_STATE_KEEPING = 8 };
struct forwarding_option {
    uint8_t type, flags;
    struct span value;
};
int option_read(struct reader *, struct forwarding_option *);
void option_put(struct writer *, const struct forwarding_option *);

#define FRAGMENT_BODY_BYTES_MIN 256

/* Cuts the message or fragment in m (header and payload, bytes len, true length = its header.length) into parts of at most `limit`
 * true bytes each (RFC 6940 6.7: equal sizes, at least 256 bytes of body each) and calls put for each part in order, with the whole encoded part.
 * Folded payloads give folded parts (wire/stretch.h), never longer than what they stand for; so that each is worth its tokens a cut through a token
 * may lie up to 22 bytes off, and a part be that much above the limit.
 * When parts of 256 bytes do not fit the limit the message is handed over whole, as the RFC has it, and may be longer than the limit.
 * Returns the number of parts (1 when it fits: then m itself is handed over), or a negative error, the callback's included. scratch holds one part. */
int fragment_split(const uint8_t *m, size_t len, uint32_t limit, uint8_t *scratch, size_t cap,
                   int (*put)(void *arg, const uint8_t *part, size_t len, uint32_t true_len), void *arg);

#endif

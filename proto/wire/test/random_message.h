/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random valid messages of every code, true or folded, for tests and benchmarks of the codecs. Equal seeds give equal messages.
 *
 *   struct message_source s = message_source_of(seed);
 *   struct random_message m;
 *   random_message_make(&s, FETCH_ANS, true, &m);        m.b, m.len, m.true_len
 */
#ifndef PROTO_WIRE_TEST_RANDOM_MESSAGE_H
#define PROTO_WIRE_TEST_RANDOM_MESSAGE_H

#include "proto/wire/message.h"

#define RANDOM_MESSAGE_BYTES_MAX 65536

struct message_source {
    uint64_t state;
    /* Only what a peer of ours would send: assigned codes and types, real certificates, values that are what their Kind says. Without it the
     * messages are well-formed but as odd as the encoding allows. */
    bool sober;
};

struct random_message {
    uint32_t len, true_len;
    uint8_t b[RANDOM_MESSAGE_BYTES_MAX];
};

struct message_source message_source_of(uint64_t seed);
uint64_t source_word(struct message_source *);
uint32_t source_below(struct message_source *, uint32_t n); /* 0 .. n - 1 */

/* Any code of RFC 6940 14.8 and RFC 7851, the error code, and sometimes one that is not assigned. */
uint16_t random_message_code(struct message_source *);
void random_message_make(struct message_source *, uint16_t code, bool folded, struct random_message *);

#endif

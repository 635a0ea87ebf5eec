/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decodes a message into structures, to its last field, and encodes these again. On every input that the readers accept the result is
 * the input, byte for byte: what tests, fuzzers and `reloadsim decode --roundtrip` check. Nothing on the path of a message uses it. */
#ifndef PROTO_WIRE_REWRITE_H
#define PROTO_WIRE_REWRITE_H

#include "proto/wire/message.h"

/* A message that message_read accepted. 0, or the error of a reader or of the writer. */
int rewrite_message(struct writer *, const struct message *);
/* A fragment: the header field by field, the payload (from the reader, to its end) as it is. */
int rewrite_fragment(struct writer *, const struct header *, struct reader payload);
/* One frame of a link with what it holds: a message or fragment that must decode. Bytes in true form. */
int rewrite_frame(struct writer *, const uint8_t *b, size_t len);

#endif

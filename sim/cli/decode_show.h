/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shows decoded messages as trees; names of fields are those of RFC 6940. */
#ifndef SIM_CLI_DECODE_SHOW_H
#define SIM_CLI_DECODE_SHOW_H

#include "proto/wire/message.h"
#include "sim/cli/decode_tree.h"

void decode_show_header(struct tree *, const struct header *);
/* Contents and security block of a message that message_read accepted. */
void decode_show_message(struct tree *, const struct message *);
/* Parts of it. A body is shown as named values in the group that is open. */
void decode_show_body(struct tree *, uint16_t code, struct reader body);
void decode_show_destination(struct tree *, const struct destination *);
void decode_show_destinations(struct tree *, const char *name, struct span list);
void decode_show_certificate(struct tree *, const struct certificate *);
void decode_show_signature(struct tree *, const struct signature *);

/* The last entry of a destination list, its type and first digits; empty when there is none. Returns out. */
#define DESTINATION_WORD_BYTES 32
const char *decode_destination(struct span list, char out[DESTINATION_WORD_BYTES]);
/* The name of a message code, or "code 0x..": */
#define CODE_WORD_BYTES 24
const char *decode_code(uint16_t code, char out[CODE_WORD_BYTES]);

#endif

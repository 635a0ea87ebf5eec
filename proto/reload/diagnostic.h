/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Diagnostics (RFC 7851): PathTrack, and the extension of a Ping. What is told to everybody is the next hop, the clock and how far the request has come.
 * Everything else needs an element of the configuration that names who may know it (7); there is none, so whoever asks is forbidden to. */
#ifndef PROTO_RELOAD_DIAGNOSTIC_H
#define PROTO_RELOAD_DIAGNOSTIC_H

#include "proto/reload/draft.h"
#include "proto/reload/message_in.h"

void path_track_request(struct call *, const struct origin *, const struct message *);

#define DIAGNOSTIC_BYTES 33u
/* The Ping asks for diagnostics: what the answer's extension says, in b. 0; or the error to answer with. *there: it does ask. */
uint16_t diagnostic_extension(struct call *, const struct origin *, const struct message *, uint8_t b[DIAGNOSTIC_BYTES], bool *there);

#endif

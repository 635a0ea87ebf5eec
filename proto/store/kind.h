/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Kinds that this peer stores: the registered ones (RFC 6940 8, 9; RFC 7904 7; RFC 7374 6), and those that its configuration or a ConfigUpdate has brought
 * (RFC 6940 6.5.4, 11.1), which its host keeps.
 *
 * A Kind's place is what a stored value remembers of it: that in the table below, or KINDS + that of the host. The data model of registered Kinds stands in the
 * wire codecs (kind_model), which need it to read a value; the table repeats it and a test keeps the two in step. Values of others are read opaque, and opened here
 * (stored_data_open). max_count and max_size are what the elements of the same name are in a configuration document; those of registered Kinds are ours. max_count
 * bounds the length of an array too: an index at or beyond it is refused, so a gap costs nothing that a peer could choose. Values that were removed count until
 * they expire. */
#ifndef PROTO_STORE_KIND_H
#define PROTO_STORE_KIND_H

#include "proto/kind.h"
#include "proto/reload/block.h"
#include "proto/wire/message.h"

#define KINDS        5u
#define KINDS_MAX    (KINDS + KINDS_ADDED_MAX)
#define KIND_UNKNOWN KINDS_MAX /* no place */
extern const struct value_kind kinds[KINDS];

/* Place of a Kind; KIND_UNKNOWN = not known here. */
unsigned kind_find(const struct call *, uint32_t id);
const struct value_kind *kind_at(const struct call *, unsigned place);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Puts the fragments of captured messages together again (RFC 6940 6.7), for display. Bounded: the oldest of PARTS_MAX goes first. */
#ifndef SIM_CLI_DECODE_PARTS_H
#define SIM_CLI_DECODE_PARTS_H

#include "proto/wire/header.h"
#include "sim/record/pcap_read.h"

struct parts;

struct parts *parts_open(void); /* NULL: out of memory */
void parts_close(struct parts *);
/* Adds a fragment seen on its way from source to destination. When it completes its message, returns true and the whole message, with the header
 * of this fragment, lent until the next call. */
bool parts_add(struct parts *, const struct pcap_udp *, const struct header *, struct span payload, struct span *whole);
/* Messages of which some fragment is missing so far. */
size_t parts_open_count(const struct parts *);

#endif

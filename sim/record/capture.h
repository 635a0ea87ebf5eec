/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Captures: what chosen nodes send and receive, as a pcapng file that tshark reads (link type raw IPv4, UDP port 6084, times in ns from the scenario's
 * epoch). Messages stand there in their true bytes, unfolded; the DTLS layer below is left out (it shows the decrypted side), so are handshakes and
 * keepalives. Each captured node is an interface, "node N": a datagram it sends appears when it leaves, whatever becomes of it; one it receives when it
 * arrives. One that is under way at the end has left and not arrived.
 * A comment names the transaction, how many links the message has crossed, and what became of a datagram that did not arrive.
 *
 * Handlers of several partitions add at the same time, each to its own buffer; at the end everything is sorted by time and event key,
 * so that the bytes do not depend on partitions, engine or window. */
#ifndef SIM_RECORD_CAPTURE_H
#define SIM_RECORD_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/checkpoint/stream.h"
#include "sim/net/net.h"

struct capture;

struct capture_config {
    struct net *net;
    const struct overlay *overlay;
    uint64_t epoch_ms;
    uint32_t identities;
    const peer_h *node; /* to be captured */
    unsigned nodes, partitions;
    uint64_t bytes_max; /* of memory for packets; the capture ends at the instant at which it is exceeded */
    const char *scenario; /* for the comments of the section */
    uint64_t seed;
    const char *program;
    bool malformed; /* expected, attackers send such: kept in the simulator's form, with a comment. Else one that has no true form is a mistake here, and no file */
};

int capture_open(struct capture **, const struct capture_config *);
/* The hook of net: any datagram; those of other nodes cost one test of a bit. */
void capture_add(struct capture *, unsigned partition, const struct event *, const uint8_t *frame, sim_time at,
                 enum datagram_step);
/* Memory of packets so far; on several ranks, of this one's partition. */
uint64_t capture_bytes(const struct capture *);
/* At a global instant, at the same ones on any partitions and often enough: stops the capture if so many bytes, of all partitions together, are too many. */
void capture_instant(struct capture *, sim_time now, uint64_t bytes);
/* What a partition has captured, as bytes for another process, to be freed; *bytes NULL: memory ran out here, which the receiver learns. */
void capture_pack(const struct capture *, unsigned partition, void **bytes, size_t *size);
/* Takes such bytes in place of the partition's own. 0, or -1: no memory, or what was packed was not whole. */
int capture_unpack(struct capture *, unsigned partition, const void *bytes, size_t size);
/* For a checkpoint: what a partition has captured; it goes to the first partition of the run that goes on. capture_get: 0, or -1: damaged. */
void capture_put(const struct capture *, unsigned partition, struct stream *);
int capture_get(struct capture *, struct stream_reader *);
/* When it was full, and ended; TIME_NEVER if it never was. The comment of the section tells it too. */
sim_time capture_full_at(const struct capture *);
/* Writes everything. 0, or -1 with errno and no file. packets (if not NULL): how many. */
int capture_write(struct capture *, const char *path, uint64_t *packets);
void capture_close(struct capture *);

#endif

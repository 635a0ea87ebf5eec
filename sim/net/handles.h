/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Handles of ids and addresses. An identity's are computed both ways and need no table; whatever belongs to no identity, and comes from a hostile or
 * mistaken peer, goes to a small table of the partition with handles from HANDLE_FOREIGN on. A full table takes no more. */
#ifndef SIM_NET_HANDLES_H
#define SIM_NET_HANDLES_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/port.h"
#include "sim/checkpoint/stream.h"
#include "sim/kernel/random.h"

#define HANDLE_FOREIGN UINT32_C(0x80000000)
#define HANDLES_MAX    4096u
#define RELOAD_PORT    6084u
#define ADDRESS_FIRST  UINT32_C(0x10000000) /* 16.0.0.0 */

/* Node-IDs that do not follow from the identity number but from its key (RFC 6940 11.3.1): a table of all, and a hash table back. Shared, only read. */
struct own_ids {
    struct id *id;
    uint32_t *slot; /* identity + 1, 0 = empty */
    uint32_t mask;
};
/* false = out of memory. Two identities with one id: the first has it. */
bool own_ids_open(struct own_ids *, uint32_t identities, struct id (*of)(void *arg, peer_h), void *arg);
void own_ids_close(struct own_ids *);

struct handles {
    uint64_t seed;
    struct random_key permutation;
    uint32_t identities;
    const struct own_ids *own; /* NULL: ids are a permutation of identity numbers */
    uint32_t ids, addrs;
    struct id *id; /* by handle - HANDLE_FOREIGN; made when first needed */
    struct ip_port *addr;
    uint16_t *id_slot, *addr_slot; /* hash tables of 2 * HANDLES_MAX entries: index + 1, 0 = empty */
};

void handles_open(struct handles *, uint64_t seed, uint32_t identities, const struct own_ids *);
void handles_close(struct handles *);
/* Total: a handle that was never given stands for the id of all ones resp. the address 0.0.0.0:0. */
struct id handles_id(const struct handles *, peer_h);
peer_h handles_id_keep(struct handles *, struct id);
void handles_addr(const struct handles *, addr_h, struct ip_port *);
addr_h handles_addr_keep(struct handles *, const struct ip_port *);
/* For a checkpoint: what is in the table, so that each keeps its handle. */
void handles_put(const struct handles *, struct stream *);
bool handles_get(struct handles *, struct stream_reader *);
/* The identity of this id; PEER_NONE if it has none. */
peer_h handles_identity(const struct handles *, struct id);

#endif

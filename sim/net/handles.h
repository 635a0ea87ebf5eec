/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Handles of ids and addresses. An identity's are computed both ways and need no table; whatever belongs to no identity, and comes from a hostile or
 * mistaken peer, goes to a small table of the partition with handles from HANDLE_FOREIGN on. A full table takes no more. */
#ifndef SIM_NET_HANDLES_H
#define SIM_NET_HANDLES_H

#include <stdint.h>

#include "proto/port.h"

#define HANDLE_FOREIGN UINT32_C(0x80000000)
#define HANDLES_MAX    4096u
#define RELOAD_PORT    6084u
#define ADDRESS_FIRST  UINT32_C(0x10000000) /* 16.0.0.0 */

struct handles {
    uint64_t seed;
    uint32_t identities;
    uint32_t ids, addrs;
    struct id *id; /* by handle - HANDLE_FOREIGN; made when first needed */
    struct ip_port *addr;
    uint16_t *id_slot, *addr_slot; /* hash tables of 2 * HANDLES_MAX entries: index + 1, 0 = empty */
};

void handles_open(struct handles *, uint64_t seed, uint32_t identities);
void handles_close(struct handles *);
/* Total: a handle that was never given stands for the id of all ones resp. the address 0.0.0.0:0. */
struct id handles_id(const struct handles *, peer_h);
peer_h handles_id_keep(struct handles *, struct id);
void handles_addr(const struct handles *, addr_h, struct ip_port *);
addr_h handles_addr_keep(struct handles *, const struct ip_port *);
/* The identity of this id; PEER_NONE if it has none. */
peer_h handles_identity(const struct handles *, struct id);

#endif

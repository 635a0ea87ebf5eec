/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Byte budgets: what a struct of which there are many may cost, and per what. The row of a table that BUDGET makes holds the struct to its budget when it is
 * compiled; `reloadsim doctor --memory` prints the same rows and reckons with them. Each layer has a table beside its structs. */
#ifndef SIM_KERNEL_BUDGET_H
#define SIM_KERNEL_BUDGET_H

#include <stddef.h>
#include <stdint.h>

enum budget_per {
    PER_IDENTITY, /* of the population, online or not */
    PER_LIVED,    /* identity with a seat: online, was online, or got a datagram */
    PER_ONLINE,
    PER_JOINING,  /* peer that joins, besides what it costs online: for each handshake at a time */
    PER_LINK,     /* of each of the two peers */
    PER_VALUE,    /* stored value, each copy */
    PER_EVENT,    /* record that waits, without the bytes of a datagram */
    PER_REQUEST,  /* look-up or registration under way, and until the next tick */
    PER_PARTITION,
    BUDGET_PERS
};

struct budget {
    const char *what;
    uint32_t bytes;
    enum budget_per per;
};

#define BUDGET(type, most, per, what)                                                                                                                     \
    {                                                                                                                                                     \
        what, (uint32_t)(sizeof(type) + 0 * sizeof(struct { _Static_assert(sizeof(type) <= (most), "over its budget: " #type); char held; })), per        \
    }

#define BUDGET_ROWS_MAX 40u

/* The rows of the layer, in order. */
const struct budget *kernel_budgets(unsigned *count);

#endif

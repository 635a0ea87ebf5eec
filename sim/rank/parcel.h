/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A datagram on its way to another partition, as it lies in an exchange buffer: the event, then its bytes, padded to 8. Ranks are copies of one program on
 * machines of one kind, so fields travel as they lie in memory. */
#ifndef SIM_RANK_PARCEL_H
#define SIM_RANK_PARCEL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "sim/kernel/kernel.h"

_Static_assert(sizeof(struct event) % 8 == 0, "bytes follow aligned");

static inline size_t parcel_size(uint16_t len)
{
    return sizeof(struct event) + ((size_t)len + 7) / 8 * 8;
}

static inline void parcel_write(void *room, const struct event *e, const uint8_t *bytes)
{
    memcpy(room, e, sizeof *e);
    if (e->len)
        memcpy((uint8_t *)room + sizeof *e, bytes, e->len);
}

/* The first parcel of a buffer that holds whole ones; returns where the next begins. */
static inline const uint8_t *parcel_read(const uint8_t *at, struct event *e, const uint8_t **bytes)
{
    memcpy(e, at, sizeof *e);
    *bytes = at + sizeof *e;
    return at + parcel_size(e->len);
}

#endif

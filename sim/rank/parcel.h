/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A datagram on its way to another partition, as it lies in an exchange buffer: the event, then its bytes, padded to 8. Ranks are copies of one program on
 * machines of one kind, so fields travel as they lie in memory; padding is zero, as what leaves a process must be defined. */
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
    const size_t fields = offsetof(struct event, flags) + 1; /* the last one */
    memset((uint8_t *)room + parcel_size(e->len) - 8, 0, 8);
    memcpy(room, e, sizeof *e);
    memset((uint8_t *)room + fields, 0, sizeof *e - fields);
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

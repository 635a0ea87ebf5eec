/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How partitions meet at the end of a window: each has one buffer of bytes for each other, and one statement (the window that it needs next, and whether to stop).
 * Inside one process the buffers are memory and the wait is a barrier; between ranks, of which each runs one part, the wait is a meeting (ranks.h) that carries
 * the buffers and the statements, and nothing above changes.
 *
 * One turn of a part: fill buffers with exchange_room; exchange_state; exchange_wait; then read the agreement and the buffers of the others, and go on filling those
 * of the next turn. Buffers alternate by turn, so one wait a window is enough: what is read in this turn is not written before the wait of the next. */
#ifndef SIM_RANK_EXCHANGE_H
#define SIM_RANK_EXCHANGE_H

#include <stddef.h>
#include <stdint.h>

#include "sim/rank/ranks.h"

struct exchange;

struct statement {
    uint64_t window; /* least that this part needs to run; UINT64_MAX = none */
    int status;      /* 0, or stop with it */
};

/* ranks NULL: all parts are here. Else part i is on rank i, and only the part of this rank may be named as the one that fills, states, waits and reads. The ranks
 * are borrowed. NULL: no memory. */
struct exchange *exchange_open(unsigned parts, struct ranks *);
void exchange_close(struct exchange *);

/* Room for bytes (a multiple of 8) at the end of the buffer; NULL: no memory. */
void *exchange_room(struct exchange *, uint64_t turn, unsigned from, unsigned to, size_t bytes);
void exchange_state(struct exchange *, uint64_t turn, unsigned from, struct statement);
/* Waits until every part has stated what this turn needs; only when parts run in threads of their own, or on ranks. */
void exchange_wait(struct exchange *, uint64_t turn);
/* The least of all windows and of all statuses. */
struct statement exchange_agreement(const struct exchange *, uint64_t turn);
const void *exchange_read(const struct exchange *, uint64_t turn, unsigned from, unsigned to, size_t *bytes);
/* Empties a part's own buffers before it fills them in this turn. */
void exchange_clear(struct exchange *, uint64_t turn, unsigned from);
size_t exchange_memory(const struct exchange *);

#endif

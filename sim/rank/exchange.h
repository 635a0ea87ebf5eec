/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How partitions meet at the end of a window: each has one buffer of bytes for each other, and one statement (the window that it needs next, and whether to stop).
 * This is the exchange inside one process; over MPI the same steps are an all-to-all of the buffers and an all-reduce of the statements.
 *
 * One turn of a part: fill buffers with exchange_room; exchange_state; exchange_wait; then read the agreement and the buffers of the others, and go on filling those
 * of the next turn. Buffers alternate by turn, so one wait a window is enough: what is read in this turn is not written before the wait of the next. */
#ifndef SIM_RANK_EXCHANGE_H
#define SIM_RANK_EXCHANGE_H

#include <stddef.h>
#include <stdint.h>

struct exchange;

struct statement {
    uint64_t window; /* least that this part needs to run; UINT64_MAX = none */
    int status;      /* 0, or stop with it */
};

struct exchange *exchange_open(unsigned parts); /* NULL: no memory */
void exchange_close(struct exchange *);

/* Room for bytes (a multiple of 8) at the end of the buffer; NULL: no memory. */
void *exchange_room(struct exchange *, uint64_t turn, unsigned from, unsigned to, size_t bytes);
void exchange_state(struct exchange *, uint64_t turn, unsigned from, struct statement);
/* Waits until every part has stated; only when parts run in threads of their own. */
void exchange_wait(struct exchange *);
/* The least of all windows and of all statuses. */
struct statement exchange_agreement(const struct exchange *, uint64_t turn);
const void *exchange_read(const struct exchange *, uint64_t turn, unsigned from, unsigned to, size_t *bytes);
/* Empties a part's own buffers before it fills them in this turn. */
void exchange_clear(struct exchange *, uint64_t turn, unsigned from);
size_t exchange_memory(const struct exchange *);

#endif

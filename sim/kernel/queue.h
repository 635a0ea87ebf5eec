/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the site that runs adds to its own present window: its wake-ups and the datagrams among its nodes. A binary heap, nearly always empty. */
#ifndef SIM_KERNEL_QUEUE_H
#define SIM_KERNEL_QUEUE_H

#include <stddef.h>

#include "sim/kernel/record.h"

struct queue {
    struct record *record;
    size_t n, max;
};

void queue_close(struct queue *);
void queue_put(struct queue *, const struct record *);
struct record queue_take(struct queue *); /* the first in order; not when n is 0 */

#endif

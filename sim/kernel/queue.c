/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/kernel/queue.h"

#include <assert.h>
#include <stdlib.h>

#include "sim/kernel/part.h"

void queue_close(struct queue *q)
{
    free(q->record);
}

void queue_put(struct queue *q, const struct record *r)
{
    if (q->n == q->max) {
        q->max = q->max ? 2 * q->max : 64;
        q->record = kernel_reallocate(q->record, q->max * sizeof *q->record);
    }
    size_t i = q->n++;
    for (; i > 0 && record_before(r, &q->record[(i - 1) / 2]); i = (i - 1) / 2)
        q->record[i] = q->record[(i - 1) / 2];
    q->record[i] = *r;
}

struct record queue_take(struct queue *q)
{
    assert(q->n > 0);
    struct record top = q->record[0], last = q->record[--q->n];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < q->n; i = child) {
        if (child + 1 < q->n && record_before(&q->record[child + 1], &q->record[child]))
            child++;
        if (!record_before(&q->record[child], &last))
            break;
        q->record[i] = q->record[child];
    }
    q->record[i] = last;
    return top;
}

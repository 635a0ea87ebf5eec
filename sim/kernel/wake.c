/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/kernel/wake.h"

#include <stdlib.h>

#include "sim/kernel/part.h"

struct sweep {
    const struct part *part;
    uint8_t *kept; /* 2 bits a node: a record for queued[i] was kept, another of the same time is a forgotten one */
};

static bool is_remembered(void *context, const struct record *r)
{
    struct sweep *s = context;
    if (!record_is_wake(r))
        return true;
    const struct node_state *node = &s->part->kernel->node[r->dst];
    uint32_t i = r->dst - s->part->first;
    for (unsigned q = 0; q < 2; q++) {
        uint8_t bit = (uint8_t)(1u << (i % 4 * 2 + q));
        if (node->queued[q] == r->at && !(s->kept[i / 4] & bit)) {
            s->kept[i / 4] |= bit;
            return true;
        }
    }
    return false;
}

static void sweep(struct part *p)
{
    struct sweep s = {.part = p, .kept = kernel_allocate((p->end - p->first) / 4 + 1, 1)};
    wheel_sweep(&p->wheel, is_remembered, &s);
    free(s.kept);
    p->wakes_max = 2 * p->wheel.wakes + WAKE_RECORDS_SPARE;
    p->sweeps++;
}

static void put(struct part *p, uint32_t node, sim_time at)
{
    if (at < p->limit) {
        struct record r = record_of_wake(node, at);
        queue_put(&p->queue, &r);
        return;
    }
    if (p->wheel.wakes >= p->wakes_max)
        sweep(p);
    *wheel_room(&p->wheel, at, true) = record_of_wake(node, at);
}

void wake_set(struct part *p, uint32_t node, sim_time due)
{
    struct node_state *s = &p->kernel->node[node];
    s->due = due;
    if (s->queued[0] <= due) /* or due is never */
        return;
    if (due >= p->limit && wheel_is_beyond(&p->wheel, due)) {
        wheel_expect(&p->wheel, due);
        return;
    }
    s->queued[1] = s->queued[0];
    s->queued[0] = due;
    put(p, node, due);
}

void wake_turn(struct part *p)
{
    for (uint32_t node = p->first; node < p->end; node++) {
        const struct node_state *s = &p->kernel->node[node];
        if (s->due < s->queued[0])
            wake_set(p, node, s->due);
    }
}

bool wake_comes(struct part *p, uint32_t node, sim_time at)
{
    struct node_state *s = &p->kernel->node[node];
    if (s->queued[0] != at)
        return false;
    s->queued[0] = s->queued[1];
    s->queued[1] = TIME_NEVER;
    if (s->due != at) {
        wake_set(p, node, s->due);
        return false;
    }
    s->due = TIME_NEVER;
    return true;
}

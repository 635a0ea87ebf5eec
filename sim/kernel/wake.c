/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/kernel/wake.h"

#include <stdlib.h>

#include "sim/kernel/part.h"

struct sweep {
    const struct part *part;
    uint8_t *kept; /* 2 bits a node: a record for queued[i] was kept, another of the same time is a forgotten one */
};

static bool is_remembered(void *context, uint32_t number, sim_time at)
{
    struct sweep *s = context;
    node_word w = s->part->kernel->node[number];
    bool seated = node_is_seated(w);
    const struct node_state *node = seated ? kernel_state(s->part->kernel, w) : NULL;
    uint32_t i = number - s->part->first;
    for (unsigned q = 0; q < (seated ? 2 : 1); q++) {
        uint8_t bit = (uint8_t)(1u << (i % 4 * 2 + q));
        bool fits = seated ? node->queued[q] == at : w == sleeper_word(at, true);
        if (fits && !(s->kept[i / 4] & bit)) {
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
    p->wakes_max = p->wheel.wakes + p->wheel.wakes / 2 + WAKE_RECORDS_SPARE;
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
    wheel_put(&p->wheel, node, at);
}

/* Whether a record shall wait for this time; if not yet, the turn of the far wheel will ask again. */
static bool within_reach(struct part *p, sim_time due)
{
    if (due < p->limit || !wheel_is_beyond(&p->wheel, due))
        return true;
    wheel_expect(&p->wheel, due);
    return false;
}

static void wake_sleeper(struct part *p, uint32_t node, sim_time due)
{
    node_word *w = &p->kernel->node[node];
    if (sleeper_recorded(*w)) {
        if (sleeper_due(*w) != due) {
            kernel_seat(p, node);
            wake_set(p, node, due);
        }
        return;
    }
    *w = sleeper_word(due, false);
    if (sleeper_due(*w) == TIME_NEVER || !within_reach(p, due))
        return;
    *w = sleeper_word(due, true);
    put(p, node, due);
}

void wake_set(struct part *p, uint32_t node, sim_time due)
{
    node_word w = p->kernel->node[node];
    if (!node_is_seated(w)) {
        wake_sleeper(p, node, due);
        return;
    }
    struct node_state *s = &p->state[node_seat(w)];
    s->due = due;
    if (s->queued[0] <= due) /* or due is never */
        return;
    if (!within_reach(p, due))
        return;
    s->queued[1] = s->queued[0];
    s->queued[0] = due;
    put(p, node, due);
}

void wake_turn(struct part *p)
{
    for (uint32_t node = p->first; node < p->end; node++) {
        node_word w = p->kernel->node[node];
        if (!node_is_seated(w)) {
            if (!sleeper_recorded(w))
                wake_sleeper(p, node, sleeper_due(w));
            continue;
        }
        const struct node_state *s = &p->state[node_seat(w)];
        if (s->due < s->queued[0])
            wake_set(p, node, s->due);
    }
}

static bool sleeper_comes(struct part *p, uint32_t node, sim_time at)
{
    node_word *w = &p->kernel->node[node];
    if (*w != sleeper_word(at, true))
        return false;
    *w = SLEEPER_NEVER;
    return true;
}

bool wake_comes(struct part *p, uint32_t node, sim_time at)
{
    node_word w = p->kernel->node[node];
    if (!node_is_seated(w))
        return sleeper_comes(p, node, at);
    struct node_state *s = &p->state[node_seat(w)];
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

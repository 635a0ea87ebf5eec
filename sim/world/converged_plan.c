/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/converged_plan.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FINGERS_MAX 128
#define FINGERS_MIN 16 /* RFC 6940 10.7.4.3 */

/* ---- The ring. ---- */

static int by_id(const void *a, const void *b)
{
    return id_compare(((const struct converged_peer *)a)->id, ((const struct converged_peer *)b)->id);
}

static bool before(const struct converged_plan *p, uint32_t place, struct id id)
{
    return id_compare(p->peer[place].id, id) < 0;
}

/* Node-IDs are as if drawn at random, so the place is nearly proportional to the id: guess, gallop, halve. */
uint32_t converged_owner(const struct converged_plan *p, struct id id)
{
    uint32_t low = (uint32_t)((id.hi >> 32) * p->count >> 32), high = low;
    if (before(p, low, id)) {
        for (uint32_t step = 1; high < p->count && before(p, high, id); step *= 2) {
            low = high + 1;
            high = p->count - high > step ? high + step : p->count;
        }
    } else {
        for (uint32_t step = 1; low > 0 && !before(p, low - 1, id); step *= 2) {
            high = low - 1;
            low = low > step ? low - step : 0;
        }
    }
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (before(p, middle, id))
            low = middle + 1;
        else
            high = middle;
    }
    return low == p->count ? 0 : low;
}

struct seed_edge converged_edge(const struct converged_plan *p, uint32_t a, uint32_t b)
{
    assert(a != b && a < p->count && b < p->count);
    uint32_t ahead = b > a ? b - a : b + p->count - a, behind = p->count - ahead;
    uint8_t successor = (uint8_t)(ahead <= p->rules.successors ? ahead : 0);
    uint8_t predecessor = (uint8_t)(behind <= p->rules.predecessors ? behind : 0);
    uint8_t back_successor = (uint8_t)(behind <= p->rules.successors ? behind : 0);
    uint8_t back_predecessor = (uint8_t)(ahead <= p->rules.predecessors ? ahead : 0);
    return (struct seed_edge){predecessor, successor, back_predecessor, back_successor};
}

/* "Large enough to contain at least the final successor in the peer's Neighbor Table": the entry into whose range that peer falls. */
unsigned converged_table_size(const struct converged_plan *p, uint32_t place)
{
    if (p->rules.fingers)
        return p->rules.fingers;
    unsigned deep = converged_deep(p, place);
    return deep > FINGERS_MIN && deep <= FINGERS_MAX ? deep : FINGERS_MIN;
}

unsigned converged_deep(const struct converged_plan *p, uint32_t place)
{
    uint32_t reach = p->rules.successors < p->count ? p->rules.successors : p->count - 1;
    if (reach == 0)
        return 0;
    return converged_entry_of(id_distance(p->peer[place].id, p->peer[(place + (uint64_t)reach) % p->count].id));
}

/* ---- Fingers and edges. ---- */

static int plan_fingers(struct converged_plan *p)
{
    p->fingers = malloc(p->count);
    p->finger_first = malloc(((size_t)p->count + 1) * sizeof *p->finger_first);
    if (!p->fingers || !p->finger_first)
        return -1;
    uint64_t total = 0;
    for (uint32_t x = 0; x < p->count; x++) {
        p->fingers[x] = (uint8_t)converged_table_size(p, x);
        p->finger_first[x] = total;
        total += converged_here(p, x) ? p->fingers[x] : 0;
    }
    p->finger_first[p->count] = total;
    struct converged_finger *played = malloc(total * sizeof *played + 1);
    p->finger = malloc(total * sizeof *p->finger + 1);
    if (played && p->finger) {
        for (uint32_t x = 0; x < p->count; x++)
            for (unsigned i = 1; converged_here(p, x) && i <= p->fingers[x]; i++)
                played[p->finger_first[x] + i - 1] = converged_finger(p, x, i);
        converged_adopt(p, played);
        for (uint64_t f = 0; f < total; f++)
            p->finger[f] = played[f].place;
    }
    int status = played && p->finger ? 0 : -1;
    free(played);
    return status;
}

static int plan_ranks(struct converged_plan *p)
{
    if (!p->rules.ranks)
        return 0;
    p->rank = malloc(p->count * sizeof *p->rank + 1);
    for (uint32_t x = 0; p->rank && x < p->count; x++)
        p->rank[x] = (uint16_t)p->rules.rank_of(p->rules.context, p->peer[x].peer);
    return p->rank ? 0 : -1;
}

int converged_plan_init(struct converged_plan *p, struct converged_peer *peer, uint32_t count,
                        const struct converged_rules *rules)
{
    memset(p, 0, sizeof *p);
    p->peer = peer;
    p->count = count;
    p->rules = *rules;
    qsort(peer, count, sizeof *peer, by_id);
    uint32_t leaving = 0;
    for (uint32_t x = 0; x < count; x++)
        leaving += peer[x].age_s < AGE_EVER;
    p->density = rules->churn->any ? leaving : 0;
    if (plan_ranks(p) == 0 && plan_fingers(p) == 0 && converged_edges(p) == 0)
        return 0;
    if (rules->ranks)
        kernel_exhausted("the plan of %u peers", count); /* the others are in the middle of it */
    converged_plan_fini(p);
    return -1;
}

void converged_plan_forget_fingers(struct converged_plan *p)
{
    free(p->fingers);
    free(p->finger_first);
    free(p->finger);
    p->fingers = NULL;
    p->finger_first = NULL;
    p->finger = NULL;
}

void converged_plan_fini(struct converged_plan *p)
{
    free(p->peer);
    converged_plan_forget_fingers(p);
    free(p->edge_first);
    free(p->edge);
    free(p->far);
    free(p->rank);
    memset(p, 0, sizeof *p);
}

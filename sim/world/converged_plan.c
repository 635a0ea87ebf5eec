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
        total += p->fingers[x];
    }
    p->finger_first[p->count] = total;
    struct converged_finger *played = malloc(total * sizeof *played);
    p->finger = malloc(total * sizeof *p->finger);
    if (played && p->finger) {
        for (uint32_t x = 0; x < p->count; x++)
            for (unsigned i = 1; i <= p->fingers[x]; i++)
                played[p->finger_first[x] + i - 1] = converged_finger(p, x, i);
        converged_adopt(p, played);
        for (uint64_t f = 0; f < total; f++)
            p->finger[f] = played[f].place;
    }
    int status = played && p->finger ? 0 : -1;
    free(played);
    return status;
}

static uint64_t edge_key(uint32_t a, uint32_t b)
{
    return a < b ? (uint64_t)a << 32 | b : (uint64_t)b << 32 | a;
}

/* Calls out each pair that needs a link, some of them twice; edge NULL only counts. */
static uint64_t edge_list(const struct converged_plan *p, uint64_t *edge)
{
    uint64_t n = 0;
    unsigned reach = p->rules.successors > p->rules.predecessors ? p->rules.successors : p->rules.predecessors;
    for (uint32_t x = 0; x < p->count; x++) {
        for (uint32_t ahead = 1; ahead <= reach && 2 * (uint64_t)ahead <= p->count; ahead++, n++)
            if (edge)
                edge[n] = edge_key(x, (uint32_t)(((uint64_t)x + ahead) % p->count));
        for (uint64_t f = p->finger_first[x]; f < p->finger_first[x + 1]; f++) {
            uint32_t y = p->finger[f];
            if (y == PLACE_NONE)
                continue;
            struct seed_edge e = converged_edge(p, x, y);
            if (e.a_predecessor | e.a_successor | e.b_predecessor | e.b_successor)
                continue;
            if (edge)
                edge[n] = edge_key(x, y);
            n++;
        }
    }
    return n;
}

static int by_key(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static int plan_edges(struct converged_plan *p)
{
    uint64_t n = edge_list(p, NULL);
    p->edge = malloc((n ? n : 1) * sizeof *p->edge);
    if (!p->edge)
        return -1;
    edge_list(p, p->edge);
    qsort(p->edge, n, sizeof *p->edge, by_key);
    for (uint64_t k = 0; k < n; k++)
        if (k == 0 || p->edge[k] != p->edge[k - 1])
            p->edge[p->edges++] = p->edge[k];
    return 0;
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
    if (plan_fingers(p) == 0 && plan_edges(p) == 0)
        return 0;
    converged_plan_fini(p);
    return -1;
}

void converged_plan_fini(struct converged_plan *p)
{
    free(p->peer);
    free(p->fingers);
    free(p->finger_first);
    free(p->finger);
    free(p->edge);
    memset(p, 0, sizeof *p);
}

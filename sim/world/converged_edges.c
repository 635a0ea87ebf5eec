/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The links of a plan. A link belongs to two peers; where these live on two ranks, the one that calls it out tells the other, and each tells the other which
 * of its channels it is. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/world/converged_plan.h"

/* edge NULL only counts. */
struct list {
    uint64_t *edge, n, max;
};

static void put(struct list *l, uint64_t key)
{
    if (l->edge)
        l->edge[l->n] = key;
    l->n++;
}

/* A pair that x needs, x being here; perhaps because y is a finger of it. */
static void call_out(const struct converged_plan *p, struct list *l, uint32_t x, uint32_t y, bool finger)
{
    uint64_t key = converged_pair(x, y) << 2 | (uint64_t)(!finger ? 0 : x < y ? EDGE_HIGH_IS_FINGER : EDGE_LOW_IS_FINGER);
    put(l, key);
    if (!converged_here(p, y))
        ranks_post(p->rules.ranks, p->rank[y], &key, sizeof key);
}

/* Each pair that x needs, some of them more than once. */
static void edges_of(const struct converged_plan *p, uint32_t x, struct list *l)
{
    unsigned reach = p->rules.successors > p->rules.predecessors ? p->rules.successors : p->rules.predecessors;
    for (uint32_t ahead = 1; ahead <= reach && 2 * (uint64_t)ahead <= p->count; ahead++)
        call_out(p, l, x, (uint32_t)(((uint64_t)x + ahead) % p->count), false);
    for (uint64_t f = p->finger_first[x]; f < p->finger_first[x + 1]; f++)
        if (p->finger[f] != PLACE_NONE)
            call_out(p, l, x, p->finger[f], true);
}

static int room_for(struct list *l, uint64_t more)
{
    if (l->n + more <= l->max)
        return 0;
    l->max = l->n + more + l->max / 8;
    uint64_t *edge = realloc(l->edge, l->max * sizeof *edge);
    if (!edge)
        return -1;
    l->edge = edge;
    return 0;
}

static int take_letters(const struct converged_plan *p, struct list *l)
{
    const struct blob *in = ranks_deliver(p->rules.ranks);
    for (unsigned r = 0; r < ranks_count(p->rules.ranks); r++) {
        uint64_t n = in[r].size / sizeof *l->edge;
        if (room_for(l, n))
            return -1;
        if (n)
            memcpy(l->edge + l->n, in[r].bytes, n * sizeof *l->edge);
        l->n += n;
    }
    return 0;
}

/* At most so many pairs does a place call out. */
static uint64_t most_edges(const struct converged_plan *p, uint32_t x)
{
    return p->rules.successors + p->rules.predecessors + (p->finger_first[x + 1] - p->finger_first[x]);
}

static int list_on_ranks(const struct converged_plan *p, struct list *l)
{
    for (uint32_t x = 0; x < p->count; x++) {
        if (converged_here(p, x)) {
            if (room_for(l, most_edges(p, x)))
                return -1;
            edges_of(p, x, l);
        }
        if (((x + 1) % CONVERGED_BLOCK == 0 || x + 1 == p->count) && take_letters(p, l))
            return -1;
    }
    return l->edge || room_for(l, 1) == 0 ? 0 : -1;
}

static int list_alone(const struct converged_plan *p, struct list *l)
{
    for (uint32_t x = 0; x < p->count; x++)
        edges_of(p, x, l);
    l->edge = malloc((l->n ? l->n : 1) * sizeof *l->edge);
    if (!l->edge)
        return -1;
    l->n = 0;
    for (uint32_t x = 0; x < p->count; x++)
        edges_of(p, x, l);
    return 0;
}

static int by_key(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* ---- which of the other's channels ---- */

/* The rank across this edge; that of this process when both ends are here. */
static unsigned rank_across(const struct converged_plan *p, uint64_t edge)
{
    return p->rank[converged_here(p, converged_low(edge)) ? converged_high(edge) : converged_low(edge)];
}

/* Two ranks have the edges between them in one order, so that numbers alone need to be told: of each, how many edges its own end has had before. */
static void tell_numbers(const struct converged_plan *p, uint64_t from, uint64_t to, uint16_t *had)
{
    unsigned self = ranks_self(p->rules.ranks);
    for (uint64_t k = from; k < to; k++) {
        uint32_t ends[2] = {converged_low(p->edge[k]), converged_high(p->edge[k])};
        unsigned across = rank_across(p, p->edge[k]);
        for (unsigned i = 0; i < 2; i++) {
            if (!converged_here(p, ends[i]))
                continue;
            uint16_t number = had[ends[i]]++;
            if (across != self)
                ranks_post(p->rules.ranks, across, &number, sizeof number);
        }
    }
}

static void hear_numbers(const struct converged_plan *p, uint64_t from, uint64_t to, size_t *read)
{
    unsigned self = ranks_self(p->rules.ranks);
    const struct blob *in = ranks_deliver(p->rules.ranks);
    memset(read, 0, ranks_count(p->rules.ranks) * sizeof *read);
    for (uint64_t k = from; k < to; k++) {
        unsigned across = rank_across(p, p->edge[k]);
        p->far[k] = 0;
        if (across == self)
            continue;
        assert((read[across] + 1) * sizeof *p->far <= in[across].size);
        memcpy(&p->far[k], (const uint16_t *)in[across].bytes + read[across]++, sizeof *p->far);
    }
}

static int number_edges(struct converged_plan *p)
{
    uint16_t *had = calloc(p->count ? p->count : 1, sizeof *had);
    size_t *read = calloc(ranks_count(p->rules.ranks), sizeof *read);
    p->far = malloc((p->edges ? p->edges : 1) * sizeof *p->far);
    int status = had && read && p->far ? 0 : -1;
    uint64_t k = 0;
    for (uint32_t x = 0; status == 0 && x < p->count; x += p->count - x < CONVERGED_BLOCK ? p->count - x : CONVERGED_BLOCK) {
        uint64_t from = k;
        while (k < p->edges && converged_low(p->edge[k]) - x < CONVERGED_BLOCK)
            k++;
        tell_numbers(p, from, k, had);
        hear_numbers(p, from, k, read);
    }
    free(had);
    free(read);
    return status;
}

int converged_edges(struct converged_plan *p)
{
    struct list l = {0};
    int status = p->rank ? list_on_ranks(p, &l) : list_alone(p, &l);
    p->edge = l.edge;
    if (status)
        return -1;
    qsort(p->edge, l.n, sizeof *p->edge, by_key);
    for (uint64_t k = 0; k < l.n; k++)
        if (p->edges > 0 && converged_pair_of(p->edge[p->edges - 1]) == converged_pair_of(p->edge[k]))
            p->edge[p->edges - 1] |= p->edge[k];
        else
            p->edge[p->edges++] = p->edge[k];
    uint64_t *whole = realloc(p->edge, (p->edges ? p->edges : 1) * sizeof *p->edge); /* half were called out from both sides */
    p->edge = whole ? whole : p->edge;
    return p->rank ? number_edges(p) : 0;
}

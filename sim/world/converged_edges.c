/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The links of a plan. A link belongs to two peers; where these live on two ranks, the one that calls it out tells the other, and each tells the other which
 * of its channels it is. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/world/converged_plan.h"

/* While they are gathered, from the top: the lower place 32 bits, the higher one 30, enum edge_finger. */
static uint64_t key_of(uint32_t a, uint32_t b, uint64_t finger)
{
    uint32_t low = a < b ? a : b, high = a < b ? b : a;
    return (uint64_t)low << 32 | (uint64_t)high << 2 | finger;
}

static uint64_t pair_of(uint64_t key)
{
    return key >> 2;
}

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
    uint64_t key = key_of(x, y, !finger ? 0 : x < y ? EDGE_HIGH_IS_FINGER : EDGE_LOW_IS_FINGER);
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

/* The rank across an edge between these; that of this process when both are here. */
static unsigned rank_across(const struct converged_plan *p, uint32_t low, uint32_t high)
{
    return p->rank[converged_here(p, low) ? high : low];
}

/* Two ranks have the edges between them in one order, so that numbers alone need to be told: of each, how many edges its own end has had before. */
static void tell_numbers(const struct converged_plan *p, uint32_t low, uint16_t *had)
{
    unsigned self = ranks_self(p->rules.ranks);
    for (uint64_t k = p->edge_first[low]; k < p->edge_first[low + 1]; k++) {
        uint32_t ends[2] = {low, converged_high(p->edge[k])};
        unsigned across = rank_across(p, low, ends[1]);
        for (unsigned i = 0; i < 2; i++) {
            if (!converged_here(p, ends[i]))
                continue;
            uint16_t number = had[ends[i]]++;
            if (across != self)
                ranks_post(p->rules.ranks, across, &number, sizeof number);
        }
    }
}

static void hear_numbers(const struct converged_plan *p, uint32_t low, const struct blob *in, size_t *read)
{
    unsigned self = ranks_self(p->rules.ranks);
    for (uint64_t k = p->edge_first[low]; k < p->edge_first[low + 1]; k++) {
        unsigned across = rank_across(p, low, converged_high(p->edge[k]));
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
    for (uint32_t from = 0, to; status == 0 && from < p->count; from = to) {
        to = p->count - from < CONVERGED_BLOCK ? p->count : from + CONVERGED_BLOCK;
        for (uint32_t low = from; low < to; low++)
            tell_numbers(p, low, had);
        const struct blob *in = ranks_deliver(p->rules.ranks);
        memset(read, 0, ranks_count(p->rules.ranks) * sizeof *read);
        for (uint32_t low = from; low < to; low++)
            hear_numbers(p, low, in, read);
    }
    free(had);
    free(read);
    return status;
}

/* Each pair once, with all that is said of it. Returns how many there are. */
static uint64_t unite(uint64_t *key, uint64_t n)
{
    uint64_t kept = 0;
    for (uint64_t k = 0; k < n; k++)
        if (kept > 0 && pair_of(key[kept - 1]) == pair_of(key[k]))
            key[kept - 1] |= key[k];
        else
            key[kept++] = key[k];
    return kept;
}

/* Half the bytes do once their order says the lower place; in the memory of the keys, ahead of which it never gets. */
static int pack(struct converged_plan *p, uint64_t *key, uint64_t n)
{
    p->edge_first = malloc(((size_t)p->count + 1) * sizeof *p->edge_first);
    char *packed = (char *)key;
    uint32_t low = 0;
    for (uint64_t k = 0; p->edge_first && k < n; k++) {
        uint64_t one = key[k];
        uint32_t edge = (uint32_t)one;
        for (; low <= one >> 32; low++)
            p->edge_first[low] = k;
        memcpy(packed + k * sizeof edge, &edge, sizeof edge);
    }
    for (; p->edge_first && low <= p->count; low++)
        p->edge_first[low] = n;
    uint32_t *edge = realloc(key, (n ? n : 1) * sizeof *edge);
    p->edge = edge ? edge : (uint32_t *)(void *)key;
    p->edges = n;
    return p->edge_first ? 0 : -1;
}

int converged_edges(struct converged_plan *p)
{
    struct list l = {0};
    assert(p->count < CONVERGED_PEERS_MAX);
    int status = p->rank ? list_on_ranks(p, &l) : list_alone(p, &l);
    if (status) {
        free(l.edge);
        return -1;
    }
    qsort(l.edge, l.n, sizeof *l.edge, by_key);
    if (pack(p, l.edge, unite(l.edge, l.n)))
        return -1;
    return p->rank ? number_edges(p) : 0;
}

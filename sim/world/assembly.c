/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/assembly.h"

#include <stdlib.h>
#include <string.h>

#include "sim/world/aftermath.h"

/* ---- who has joined ---- */

static void map_set(uint64_t *map, peer_h peer, bool on)
{
    uint64_t bit = UINT64_C(1) << peer % 64, *word = &map[peer / 64];
    *word = on ? *word | bit : *word & ~bit;
}

static bool map_has(const uint64_t *map, peer_h peer)
{
    return map[peer / 64] >> peer % 64 & 1;
}

static size_t map_words(const struct world *w)
{
    return w->identities / 64 + 1;
}

/* Words of the map are shared at the borders of slices; a sum of bits that no two ranks set is their union. */
void assembly_begin(struct world *w)
{
    for (uint32_t i = w->first; i < w->end; i++)
        if (identity_of(w, i)->flags & LIFE_JOINED)
            map_set(w->joined_map, i, true);
    ranks_sum(w->ranks, w->joined_map, map_words(w));
    memcpy(w->online_map, w->joined_map, map_words(w) * sizeof *w->online_map);
}

/* A change as it travels: identity and state. There are at most 2^31 identities. */
static uint32_t change_of(const struct world *w, peer_h peer)
{
    return peer << 1 | ((identity_of(w, peer)->flags & LIFE_JOINED) != 0);
}

static void note_change(struct world *w, uint32_t change)
{
    map_set(w->joined_map, change >> 1, change & 1);
    LIST_PUSH(&w->moved, change >> 1);
}

void assembly_joined(struct world *w)
{
    LIST(uint32_t) changes = {0};
    for (unsigned p = w->here; p < w->here_end; p++) {
        struct books *b = &w->books[p];
        for (uint32_t i = 0; i < b->changed.count; i++) {
            uint32_t change = change_of(w, b->changed.at[i]);
            if (w->ranks)
                LIST_PUSH(&changes, change);
            else
                note_change(w, change);
        }
        b->changed.count = 0;
    }
    if (!w->ranks)
        return;
    const struct blob *all = ranks_gather(w->ranks, changes.at, changes.count * sizeof *changes.at);
    for (unsigned r = 0; r < ranks_count(w->ranks); r++)
        for (size_t at = 0; at < all[r].size; at += sizeof(uint32_t)) {
            uint32_t change;
            memcpy(&change, (const uint8_t *)all[r].bytes + at, sizeof change);
            note_change(w, change);
        }
    free(changes.at);
}

/* ---- who is registered ---- */

void assembly_registered(struct world *w, peer_h peer, sim_time until)
{
    if (!w->registered_until)
        return;
    w->registered_until[peer] = until;
    if (w->ranks)
        LIST_PUSH(&w->announced, ((struct announcement){until, peer}));
}

static void tell_registered(struct world *w)
{
    if (!w->registered_until || !w->ranks)
        return;
    const struct blob *all = ranks_gather(w->ranks, w->announced.at, w->announced.count * sizeof *w->announced.at);
    for (unsigned r = 0; r < ranks_count(w->ranks); r++)
        for (size_t at = 0; at < all[r].size; at += sizeof(struct announcement)) {
            struct announcement a;
            memcpy(&a, (const uint8_t *)all[r].bytes + at, sizeof a);
            w->registered_until[a.peer] = a.until;
        }
    w->announced.count = 0;
}

void assembly_snapshot(struct world *w)
{
    assembly_joined(w);
    for (uint32_t i = 0; i < w->moved.count; i++)
        map_set(w->online_map, w->moved.at[i], map_has(w->joined_map, w->moved.at[i]));
    w->moved.count = 0;
    tell_registered(w);
}

/* ---- what was counted ---- */

/* An accumulator is words that are added: of 64 bits, or of two halves that do not overflow. */
struct account {
    void *all, *fresh;
    size_t words;
};

/* A word that grew. */
struct growth {
    uint64_t account, word, by;
};

#define ACCOUNTS_MAX (SCOPES + CHECKS_MAX + 2)

static unsigned accounts(const struct world *w, struct account *a)
{
    unsigned n = 0;
    for (unsigned i = 0; i < w->scope_count; i++)
        a[n++] = (struct account){w->scopes[i].m, w->scopes[i].fresh, sizeof(struct measures) / sizeof(uint64_t)};
    a[n++] = (struct account){w->load.all, w->load.fresh, sizeof(struct load_counts) / sizeof(uint64_t)};
    a[n].words = aftermath_account(w, &a[n].all, &a[n].fresh);
    return n + 1;
}
static_assert(sizeof(struct measures) % sizeof(uint64_t) == 0 && sizeof(struct load_counts) % sizeof(uint64_t) == 0,
              "accumulators are whole words");

static uint64_t word_at(const void *words, size_t i)
{
    uint64_t word;
    memcpy(&word, (const uint8_t *)words + i * sizeof word, sizeof word);
    return word;
}

static void add_to(void *words, size_t i, uint64_t by)
{
    uint64_t word = word_at(words, i) + by;
    memcpy((uint8_t *)words + i * sizeof word, &word, sizeof word);
}

void assembly_merge(struct world *w)
{
    struct account a[ACCOUNTS_MAX];
    LIST(struct growth) grown = {0};
    if (!w->ranks)
        return;
    unsigned n = accounts(w, a);
    for (unsigned i = 0; i < n; i++) {
        for (size_t k = 0; k < a[i].words; k++)
            if (word_at(a[i].fresh, k))
                LIST_PUSH(&grown, ((struct growth){i, k, word_at(a[i].fresh, k)}));
        if (a[i].words)
            memset(a[i].fresh, 0, a[i].words * sizeof(uint64_t));
    }
    const struct blob *all = ranks_gather(w->ranks, grown.at, grown.count * sizeof *grown.at);
    for (unsigned r = 0; r < ranks_count(w->ranks); r++)
        for (size_t at = 0; at < all[r].size; at += sizeof(struct growth)) {
            struct growth g;
            memcpy(&g, (const uint8_t *)all[r].bytes + at, sizeof g);
            assert(g.account < n && g.word < a[g.account].words);
            add_to(a[g.account].all, g.word, g.by);
        }
    free(grown.at);
}

static_assert(sizeof(struct tally) % sizeof(uint64_t) == 0 && sizeof(struct totals) % sizeof(uint64_t) == 0, "sums are whole words");

void assembly_tally(struct world *w, struct tally *t)
{
    ranks_sum(w->ranks, (uint64_t *)(void *)t, sizeof *t / sizeof(uint64_t));
}

void assembly_totals(struct world *w, struct totals *t)
{
    ranks_sum(w->ranks, (uint64_t *)(void *)t, sizeof *t / sizeof(uint64_t));
}

void assembly_seconds(struct world *w, double *seconds, unsigned n)
{
    for (unsigned i = 0; w->ranks && i < n; i++) {
        uint64_t ns = (uint64_t)(seconds[i] * 1e9);
        ranks_sum(w->ranks, &ns, 1);
        seconds[i] = (double)ns / 1e9;
    }
}

/* ---- going on ---- */

bool assembly_interrupted(struct world *w)
{
    struct kernel_counts counts;
    bool wanted = w->checkpoint_wanted;
    if (wanted)
        w->checkpoint_wanted = false;
    if (!w->ranks)
        w->checkpoint_asked |= wanted;
    if (!w->ranks && w->progress.mode == PROGRESS_OFF)
        return w->interrupted;
    kernel_count(w->kernel, &counts);
    uint64_t word[] = {w->interrupted, counts.events, wanted && ranks_self(w->ranks) == 0};
    ranks_sum(w->ranks, word, 3);
    w->seen_events = word[1];
    w->checkpoint_asked |= word[2] != 0;
    return word[0] != 0;
}

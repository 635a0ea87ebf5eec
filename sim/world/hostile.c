/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/hostile.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "proto/wire/message.h"
#include "sim/world/state.h"

#define REASON_FIRST (-100)

void hostile_note(struct hostile_counts *h, uint16_t fact, uint64_t attack, uint64_t what)
{
    unsigned further = HOSTILE_AT_FURTHER(what);
    int code = HOSTILE_AT_WHAT(what);
    assert(h && attack < ATTACKS);
    switch ((enum hostile_fact)fact) {
    case HOSTILE_SENT: h->sent[attack]++; break;
    case HOSTILE_ARRIVED: h->arrived[attack]++; break;
    case HOSTILE_DROPPED:
        assert(code >= REASON_FIRST && code - REASON_FIRST < (int)HOSTILE_REASONS);
        h->dropped[attack][further][code - REASON_FIRST]++;
        break;
    case HOSTILE_REFUSED: h->refused[attack][further][code > 0 && code < (int)HOSTILE_REASONS ? code : 0]++; break;
    case HOSTILE_ANSWERED: h->answered[attack][further]++; break;
    case HOSTILE_FACTS: break;
    }
}

static void counts_add(struct hostile_counts *to, const struct hostile_counts *h)
{
    for (unsigned a = 0; a < ATTACKS; a++) {
        to->sent[a] += h->sent[a];
        to->arrived[a] += h->arrived[a];
        for (unsigned further = 0; further < 2; further++) {
            to->answered[a][further] += h->answered[a][further];
            for (unsigned r = 0; r < HOSTILE_REASONS; r++) {
                to->dropped[a][further][r] += h->dropped[a][further][r];
                to->refused[a][further][r] += h->refused[a][further][r];
            }
        }
    }
}

/* ---- keys ---- */

struct list {
    struct summary_more *at;
    unsigned n;
};

static void put(struct list *l, double value, const char *a, const char *b, const char *c)
{
    assert(l->n < HOSTILE_FIGURES_MAX);
    struct summary_more *m = &l->at[l->n++];
    snprintf(m->key, sizeof m->key, "%s%s%s", a, b, c);
    m->value = value;
}

/* "Error_Data_Too_Old" -> "data-too-old". */
static const char *error_word(uint16_t code, char out[48])
{
    const char *name = reload_error_name(code);
    size_t n = 0;
    if (!name)
        return "other";
    if (strncmp(name, "Error_", 6) == 0)
        name += 6;
    for (; name[n] && n < 47; n++)
        out[n] = name[n] == '_' ? '-' : (char)tolower((unsigned char)name[n]);
    out[n] = '\0';
    return out;
}

static void put_attack(struct list *l, const struct hostile_counts *h, unsigned a)
{
    char key[64], word[48];
    snprintf(key, sizeof key, "hostile.%s", hostile_attack_name((enum attack)a));
    put(l, (double)h->sent[a], key, ".sent", "");
    put(l, (double)h->arrived[a], key, ".arrived", "");
    for (unsigned further = 0; further < 2; further++) {
        snprintf(key, sizeof key, "hostile.%s%s", hostile_attack_name((enum attack)a), further ? ".further" : "");
        for (unsigned r = 0; r < HOSTILE_REASONS; r++)
            if (h->dropped[a][further][r])
                put(l, (double)h->dropped[a][further][r], key, ".dropped.", hostile_reason_name((int)r + REASON_FIRST));
        for (unsigned r = 0; r < HOSTILE_REASONS; r++)
            if (h->refused[a][further][r])
                put(l, (double)h->refused[a][further][r], key, ".refused.", error_word((uint16_t)r, word));
        if (h->answered[a][further])
            put(l, (double)h->answered[a][further], key, ".answered", "");
    }
}

static unsigned count_attackers(const struct world *w)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < w->identities; i++)
        n += hostile_is(&w->scenario->hostile, i);
    return n;
}

/* The figures are kept in the world, which outlives its summary. */
void hostile_summary(const struct world *w, struct summary *s)
{
    static_assert(sizeof(struct hostile_counts) < 64 * 1024, "on the stack");
    struct hostile_counts sum = {0};
    if (w->scenario->hostile.share == 0)
        return;
    struct list l = {w->more, 0};
    const struct measures *m = w->scopes[SCOPE_MEASURE].m;
    for (unsigned p = w->here; p < w->here_end; p++)
        counts_add(&sum, w->books[p].hostile);
    ranks_sum(w->ranks, (uint64_t *)(void *)&sum, sizeof sum / sizeof(uint64_t));
    put(&l, (double)m->honest_expected, "honest.lookup.count", "", "");
    put(&l, m->honest_expected ? (double)m->honest_correct / (double)m->honest_expected : NAN, "honest.lookup.success", "", "");
    put(&l, count_attackers(w), "hostile.peers", "", "");
    for (unsigned a = 0; a < ATTACKS; a++)
        if (w->scenario->hostile.attacks >> a & 1)
            put_attack(&l, &sum, a);
    s->mores = l.n;
    s->more = l.at;
}

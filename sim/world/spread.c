/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/spread.h"

#include <math.h>
#include <stdlib.h>

#include "sim/net/trouble.h"

/* In hundredths of the joined peers. */
static const unsigned marks[SPREAD_MARKS] = {50, 90, 99};

struct spread {
    unsigned documents;               /* published, the first one not counted */
    unsigned document[FAULTS_MAX];    /* of each fault; 0 = not yet */
    sim_time reached[FAULTS_MAX][SPREAD_MARKS]; /* TIME_NEVER = not yet */
    double share[FAULTS_MAX];         /* when looked at last */
    sim_time *adopted;                /* by identity: when it got what it has */
    sim_time *sorted;                 /* scratch */
};

int spread_open(struct world *w)
{
    bool any = false;
    for (unsigned i = 0; i < w->scenario->faults; i++)
        any |= w->scenario->fault[i].kind == FAULT_CONFIGURE;
    if (!any)
        return 0;
    struct spread *s = w->spread = calloc(1, sizeof *s);
    if (!s)
        return -1;
    for (unsigned i = 0; i < FAULTS_MAX; i++)
        for (unsigned k = 0; k < SPREAD_MARKS; k++)
            s->reached[i][k] = TIME_NEVER;
    s->adopted = calloc(w->identities, sizeof *s->adopted);
    s->sorted = calloc(w->identities, sizeof *s->sorted);
    return s->adopted && s->sorted ? 0 : -1;
}

void spread_close(struct world *w)
{
    if (!w->spread)
        return;
    free(w->spread->adopted);
    free(w->spread->sorted);
    free(w->spread);
}

void spread_begin(struct world *w, unsigned fault)
{
    w->spread->document[fault] = ++w->spread->documents;
}

void spread_chosen(struct world *w, unsigned fault, peer_h peer)
{
    net_hold(w->net, peer, w->spread->document[fault]);
    w->spread->adopted[peer] = w->now;
}

void spread_adopted(struct world *w, peer_h peer, sim_time now)
{
    if (w->spread)
        w->spread->adopted[peer] = now;
}

static bool joined(const struct world *w, uint32_t i)
{
    return identity_of(w, i)->flags & LIFE_JOINED;
}

static int earlier(const void *a, const void *b)
{
    const sim_time *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void look(struct world *w, unsigned fault)
{
    struct spread *s = w->spread;
    uint32_t peers = 0, have = 0;
    for (uint32_t i = 0; i < w->identities; i++) {
        if (!joined(w, i))
            continue;
        peers++;
        if (net_held(w->net, i) >= s->document[fault])
            s->sorted[have++] = s->adopted[i];
    }
    s->share[fault] = peers ? (double)have / peers : NAN;
    if (have == 0)
        return;
    qsort(s->sorted, have, sizeof *s->sorted, earlier);
    for (unsigned k = 0; k < SPREAD_MARKS; k++) {
        uint32_t wanted = (uint32_t)(((uint64_t)peers * marks[k] + 99) / 100);
        if (s->reached[fault][k] == TIME_NEVER && have >= wanted)
            s->reached[fault][k] = s->sorted[wanted - 1];
    }
}

/* What all have is not looked at again: peers that join later with an old one are told by the first that they ask. */
void spread_tick(struct world *w)
{
    for (unsigned i = 0; w->spread && w->spread->documents && i < w->scenario->faults; i++)
        if (w->spread->document[i] && (w->spread->reached[i][SPREAD_MARKS - 1] == TIME_NEVER || w->spread->share[i] < 1))
            look(w, i);
}

double spread_newest(const struct world *w)
{
    uint32_t peers = 0, have = 0;
    if (!w->spread || w->spread->documents == 0)
        return NAN;
    for (uint32_t i = 0; i < w->identities; i++) {
        peers += joined(w, i);
        have += joined(w, i) && net_held(w->net, i) >= w->spread->documents;
    }
    return peers ? (double)have / peers : NAN;
}

void spread_summary(const struct world *w, unsigned fault, struct summary_fault *f)
{
    f->configures = w->scenario->fault[fault].kind == FAULT_CONFIGURE;
    for (unsigned k = 0; f->configures && k < SPREAD_MARKS; k++) {
        sim_time t = w->spread->reached[fault][k];
        f->spread_s[k] = t == TIME_NEVER ? NAN : t > w->fault_at[fault] ? (double)(t - w->fault_at[fault]) / 1e9 : 0;
    }
    f->spread_share = f->configures && w->spread->document[fault] ? w->spread->share[fault] : NAN;
}

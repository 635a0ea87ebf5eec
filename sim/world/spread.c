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
    sim_time *adopted;                /* of each identity that lives here, from the first on: when it got what it has */
    sim_time *sorted;                 /* scratch, as long */
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
    s->adopted = calloc(w->end - w->first + (size_t)1, sizeof *s->adopted);
    s->sorted = calloc(w->end - w->first + (size_t)1, sizeof *s->sorted);
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
    w->spread->adopted[peer - w->first] = w->now;
}

void spread_adopted(struct world *w, peer_h peer, sim_time now)
{
    if (w->spread)
        w->spread->adopted[peer - w->first] = now;
}

/* Joined peers that live here, and how many of them hold this document or a later one: of all ranks. */
struct holders {
    uint64_t peers, have;
};

static struct holders count_holders(const struct world *w, unsigned document, sim_time *since)
{
    struct holders h = {0, 0};
    for (uint32_t i = w->first; i < w->end; i++) {
        if (!(identity_of(w, i)->flags & LIFE_JOINED))
            continue;
        h.peers++;
        if (net_held(w->net, i) < document)
            continue;
        if (since)
            since[h.have] = w->spread->adopted[i - w->first];
        h.have++;
    }
    return h;
}

static int earlier(const void *a, const void *b)
{
    const sim_time *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* How many of n ascending times are not after t. */
static uint64_t count_until(const sim_time *time, uint64_t n, sim_time t)
{
    uint64_t low = 0, high = n;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (time[middle] <= t)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The wanted-th of the times of all ranks. Each knows its own in order: the answer is found by halving, with one sum a step. */
static sim_time time_of(struct world *w, const sim_time *time, uint64_t n, uint64_t wanted)
{
    sim_time low = 0, high = w->now;
    while (low < high) {
        sim_time middle = low + (high - low) / 2;
        uint64_t until = count_until(time, n, middle);
        ranks_sum(w->ranks, &until, 1);
        if (until >= wanted)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void look(struct world *w, unsigned fault)
{
    struct spread *s = w->spread;
    struct holders here = count_holders(w, s->document[fault], s->sorted), all = here;
    ranks_sum(w->ranks, (uint64_t *)(void *)&all, 2);
    s->share[fault] = all.peers ? (double)all.have / (double)all.peers : NAN;
    if (all.have == 0)
        return;
    qsort(s->sorted, here.have, sizeof *s->sorted, earlier);
    for (unsigned k = 0; k < SPREAD_MARKS; k++) {
        uint64_t wanted = (all.peers * marks[k] + 99) / 100;
        if (s->reached[fault][k] == TIME_NEVER && all.have >= wanted)
            s->reached[fault][k] = time_of(w, s->sorted, here.have, wanted);
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
    if (!w->spread || w->spread->documents == 0)
        return NAN;
    struct holders all = count_holders(w, w->spread->documents, NULL);
    ranks_sum(w->ranks, (uint64_t *)(void *)&all, 2);
    return all.peers ? (double)all.have / (double)all.peers : NAN;
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

/* ---- for a checkpoint ---- */

void spread_put(const struct world *w, struct stream *s)
{
    const struct spread *p = w->spread;
    stream_put_u32(s, p != NULL);
    if (!p)
        return;
    stream_put_u32(s, p->documents);
    STREAM_PUT(s, p->document);
    STREAM_PUT(s, p->reached);
    STREAM_PUT(s, p->share);
}

void spread_get(struct world *w, struct stream_reader *r)
{
    struct spread *p = w->spread;
    if (!stream_get_u32(r) || r->bad)
        return;
    if (!p) {
        r->bad = true;
        return;
    }
    p->documents = stream_get_u32(r);
    STREAM_GET(r, p->document);
    STREAM_GET(r, p->reached);
    STREAM_GET(r, p->share);
}

void spread_put_peer(const struct world *w, peer_h peer, struct stream *s)
{
    if (w->spread && w->spread->documents)
        STREAM_PUT(s, w->spread->adopted[peer - w->first]);
}

void spread_get_peer(struct world *w, peer_h peer, struct stream_reader *r)
{
    if (w->spread && w->spread->documents)
        STREAM_GET(r, w->spread->adopted[peer - w->first]);
}

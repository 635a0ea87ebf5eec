/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/aftermath.h"

#include <math.h>
#include <stdlib.h>

#include "sim/world/faults.h"
#include "sim/world/spread.h"

#define BINS_BEFORE  10u
#define LEAST_TRIALS 20u
#define TOLERANCE    0.01
#define BINS_BACK    3u
#define BINS_MAX     (UINT32_C(1) << 24)

struct aftermath {
    uint32_t bins;
    uint32_t *expected, *correct;       /* look-ups; correct follows expected in one block */
    uint32_t *fresh;                    /* the same block, of this rank since assembly_merge; on one rank itself */
    double *success, *ring, *values;    /* by bin */
    uint32_t *ring_known, *values_known; /* 1 = sampled in this bin */
};

int aftermath_open(struct world *w)
{
    struct aftermath *a = w->aftermath = calloc(1, sizeof *a);
    if (!a || w->scenario->faults == 0)
        return a ? 0 : -1;
    sim_time bins = w->scenario->measure / w->scenario->record_interval + 1;
    a->bins = bins < BINS_MAX ? (uint32_t)bins : BINS_MAX;
    a->expected = calloc(2 * (size_t)a->bins, sizeof *a->expected);
    a->correct = a->expected ? a->expected + a->bins : NULL;
    a->fresh = w->ranks ? calloc(2 * (size_t)a->bins, sizeof *a->fresh) : a->expected;
    a->success = calloc(a->bins, sizeof *a->success);
    a->ring = calloc(a->bins, sizeof *a->ring);
    a->values = calloc(a->bins, sizeof *a->values);
    a->ring_known = calloc(a->bins, sizeof *a->ring_known);
    a->values_known = calloc(a->bins, sizeof *a->values_known);
    return a->expected && a->fresh && a->success && a->ring && a->values && a->ring_known && a->values_known ? 0 : -1;
}

void aftermath_close(struct world *w)
{
    struct aftermath *a = w->aftermath;
    if (!a)
        return;
    if (a->fresh != a->expected)
        free(a->fresh);
    free(a->expected);
    free(a->success);
    free(a->ring);
    free(a->values);
    free(a->ring_known);
    free(a->values_known);
    free(a);
}

/* The bin of a time of the measured phase; `bins` when there is none. */
static uint32_t bin_of(const struct world *w, sim_time t)
{
    sim_time k = t < w->measure_from ? w->aftermath->bins : (t - w->measure_from) / w->scenario->record_interval;
    return k < w->aftermath->bins ? (uint32_t)k : w->aftermath->bins;
}

void aftermath_lookup(struct world *w, const struct lookup_result *r)
{
    struct aftermath *a = w->aftermath;
    uint32_t k = bin_of(w, r->started);
    if (k == a->bins || !r->expected)
        return;
    a->fresh[k]++;
    a->fresh[a->bins + k] += r->outcome == OUTCOME_CORRECT;
}

size_t aftermath_account(const struct world *w, void **all, void **fresh)
{
    *all = w->aftermath->expected;
    *fresh = w->aftermath->fresh;
    return w->aftermath->bins;
}

/* A sample belongs to the bin that ends with it. */
void aftermath_sample(struct world *w, const struct ring_sample *s)
{
    struct aftermath *a = w->aftermath;
    uint32_t k = bin_of(w, w->now - 1);
    if (k == a->bins)
        return;
    a->ring_known[k] = isnan(s->wrong_successor) ? 0u : 1u;
    a->ring[k] = s->wrong_successor;
    a->values_known[k] = isnan(s->unreachable_values) ? 0u : 1u;
    a->values[k] = s->unreachable_values;
}

/* ---- one series ---- */

/* Mean of bins from..to-1 by weight; weight in *trials. */
static double mean_of(const struct series *s, uint32_t from, uint32_t to, uint64_t *trials)
{
    double sum = 0;
    *trials = 0;
    for (uint32_t k = from; k < to && k < s->bins; k++) {
        if (s->weight[k] == 0)
            continue;
        sum += s->value[k] * s->weight[k];
        *trials += s->weight[k];
    }
    return *trials ? sum / (double)*trials : NAN;
}

static double loss_of(const struct series *s, double before, double value)
{
    return s->higher ? before - value : value - before;
}

static double tolerance_of(const struct series *s, double before, uint64_t trials)
{
    double spread = before < 1 ? before * (1 - before) : 0;
    return TOLERANCE + (s->counted && trials ? 2 * sqrt(spread / (double)trials) : 0);
}

/* The bins from `at` on that together hold enough trials; one past the last. */
static uint32_t group_end(const struct series *s, uint32_t at, uint32_t end)
{
    uint64_t trials = 0, least = s->counted ? LEAST_TRIALS : 1;
    while (at < end && trials < least)
        trials += s->weight[at++];
    return at;
}

/* The worst; *trials and *worst: how sure it is, and where. */
static double depth_of(const struct series *s, double before, uint32_t at, uint32_t end, uint64_t *trials,
                       uint32_t *worst)
{
    double depth = NAN;
    *worst = at;
    for (uint32_t next; at < end; at = next) {
        uint64_t n;
        next = group_end(s, at, end);
        double loss = loss_of(s, before, mean_of(s, at, next, &n));
        bool thin = s->counted && n < LEAST_TRIALS && !isnan(depth); /* what is left over at the end */
        if (n && !thin && (isnan(depth) || loss > depth)) {
            depth = loss;
            *trials = n;
            *worst = at;
        }
    }
    return depth;
}

/* The first bin from which three in a row are back; UINT32_MAX. Bins of which nothing is known say nothing. */
static uint32_t back_at(const struct series *s, double before, uint32_t from, uint32_t end)
{
    uint32_t first = UINT32_MAX, row = 0;
    for (uint32_t k = from, next; k < end; k = next) {
        uint64_t n;
        next = group_end(s, k, end);
        double value = mean_of(s, k, next, &n);
        if (n == 0 || (s->counted && n < LEAST_TRIALS))
            continue;
        if (loss_of(s, before, value) > tolerance_of(s, before, n)) {
            first = UINT32_MAX;
            row = 0;
        } else if (row++ == 0) {
            first = k;
        }
        if (row == BINS_BACK)
            return first;
    }
    return UINT32_MAX;
}

struct summary_series aftermath_of(const struct series *s, const struct span_of_fault *f, double interval_s, bool *never)
{
    struct summary_series r = {NAN, NAN, NAN};
    uint64_t trials = 0;
    uint32_t worst, from = f->until > f->from + BINS_BEFORE ? f->until - BINS_BEFORE : f->from;
    r.before = mean_of(s, from, f->until, &trials);
    double before = isnan(r.before) ? (s->higher ? 1 : 0) : r.before;
    r.depth = depth_of(s, before, f->at, f->end, &trials, &worst);
    *never = false;
    if (isnan(r.depth) || r.depth <= tolerance_of(s, before, trials))
        return r;
    uint32_t back = back_at(s, before, worst > f->over ? worst : f->over, f->end);
    *never = back == UINT32_MAX;
    if (!*never)
        r.recover_s = (back - f->over) * interval_s;
    return r;
}

/* ---- all faults ---- */

static sim_time over_of(const struct world *w, unsigned i)
{
    sim_time until = w->fault_until[i];
    return until == TIME_NEVER || until > w->measure_to ? w->fault_at[i] : until;
}

/* Bins of fault i. reach: how long before another fault a trial may begin and still meet it. */
static struct span_of_fault span_of(const struct world *w, unsigned i, sim_time reach)
{
    sim_time from = w->measure_from, at = w->fault_at[i], end = w->measure_to;
    for (unsigned k = 0; k < i; k++)
        from = over_of(w, k) > from && over_of(w, k) <= at ? over_of(w, k) : from;
    for (unsigned k = w->scenario->faults; k-- > i + 1;)
        end = w->fault_at[k] > over_of(w, i) ? w->fault_at[k] : end;
    if (end < w->measure_to && end > over_of(w, i) + reach)
        end -= reach;
    sim_time until = at > from + reach ? at - reach : at;
    return (struct span_of_fault){bin_of(w, from), bin_of(w, until), bin_of(w, at), bin_of(w, over_of(w, i)),
                                  bin_of(w, end)};
}

static void fill_fault(const struct world *w, unsigned i, struct summary_fault *f)
{
    const struct aftermath *a = w->aftermath;
    const struct series lookup = {a->success, a->expected, a->bins, true, true};
    const struct series ring = {a->ring, a->ring_known, a->bins, false, false};
    const struct series values = {a->values, a->values_known, a->bins, false, false};
    double interval_s = (double)w->scenario->record_interval / 1e9;
    const struct span_of_fault asked = span_of(w, i, 5 * w->overlay.reliability_timer), sampled = span_of(w, i, 0);
    *f = (struct summary_fault){.what = fault_kind_name(w->scenario->fault[i].kind),
                                .at_s = (double)(w->fault_at[i] - w->measure_from) / 1e9,
                                .until_s = NAN,
                                .touched = faults_touched(w, i)};
    if (w->fault_until[i] <= w->measure_to)
        f->until_s = (double)(w->fault_until[i] - w->measure_from) / 1e9;
    spread_summary(w, i, f);
    f->lookup = aftermath_of(&lookup, &asked, interval_s, &f->lost_lookup);
    f->ring = aftermath_of(&ring, &sampled, interval_s, &f->lost_ring);
    f->values = aftermath_of(&values, &sampled, interval_s, &f->lost_values);
}

void aftermath_summary(const struct world *w, struct summary *s)
{
    const struct aftermath *a = w->aftermath;
    for (uint32_t k = 0; k < a->bins; k++)
        a->success[k] = a->expected[k] ? (double)a->correct[k] / a->expected[k] : NAN;
    s->faults = w->scenario->faults;
    for (unsigned i = 0; i < s->faults; i++)
        fill_fault(w, i, &s->fault[i]);
}

/* ---- for a checkpoint ---- */

void aftermath_put(const struct world *w, struct stream *s)
{
    const struct aftermath *a = w->aftermath;
    stream_put_u32(s, a->bins);
    for (uint32_t k = 0; k < a->bins; k++) {
        STREAM_PUT(s, a->expected[k]);
        STREAM_PUT(s, a->correct[k]);
        STREAM_PUT(s, a->ring[k]);
        STREAM_PUT(s, a->values[k]);
        STREAM_PUT(s, a->ring_known[k]);
        STREAM_PUT(s, a->values_known[k]);
    }
}

void aftermath_get(struct world *w, struct stream_reader *r)
{
    struct aftermath *a = w->aftermath;
    uint32_t bins = stream_get_u32(r);
    for (uint32_t k = 0; k < bins && !r->bad; k++) {
        uint32_t count[2], known[2];
        double value[2];
        STREAM_GET(r, count);
        STREAM_GET(r, value);
        STREAM_GET(r, known);
        if (k >= a->bins)
            continue;
        a->expected[k] = count[0];
        a->correct[k] = count[1];
        a->ring[k] = value[0];
        a->values[k] = value[1];
        a->ring_known[k] = known[0];
        a->values_known[k] = known[1];
    }
}

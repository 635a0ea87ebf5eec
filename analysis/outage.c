/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/outage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/figure.h"
#include "analysis/memory.h"

#define BACK_INTERVALS 3
#define NEAR_SHARE 0.01 /* what no reader would call an outage, however quiet the run was before: a percentage point of a share, a twentieth of a time */
#define NEAR_TIME  0.05

static const struct watched {
    const char *key, *numerator, *denominator, *unit;
    bool low_is_bad;
} watched[] = {
    {"lookup.success", "lookup.expected_correct", "lookup.expected", "share", true},
    {"lookup.latency_s.mean", "lookup.latency_s.mean", "1", "s", false},
    {"ring.wrong_successor", "ring.wrong_successor", "1", "share", false},
    {"ring.unreachable_values", "ring.unreachable_values", "1", "share", false},
    {"ring.under_replicated", "ring.under_replicated", "1", "share", false},
};
#define WATCHED (sizeof watched / sizeof watched[0])

/* x[first .. end) turned so that large is bad. */
static struct outage judge(const struct results *r, const double *x, struct span steady, double fault, double until,
                           bool share)
{
    struct outage o = {.fault_s = fault, .before = NAN, .worst = NAN, .worst_s = NAN, .back_s = 0};
    double sum = 0, limit = -INFINITY;
    size_t numbers = 0, good = 0, end = results_measured_end(r);
    bool left = false, back = false;
    for (size_t i = steady.first; i < steady.end; i++)
        if (!isnan(x[i])) {
            sum += x[i];
            limit = x[i] > limit ? x[i] : limit;
            numbers++;
        }
    if (numbers < BATCHES_LEAST)
        return o;
    o.before = sum / (double)numbers;
    limit = fmax(limit + (limit - o.before) / 2, o.before + (share ? NEAR_SHARE : NEAR_TIME * o.before));
    for (size_t i = steady.first; i < end; i++) {
        if (r->time_s[i] <= fault || results_start(r, i) >= until || isnan(x[i]))
            continue;
        if (isnan(o.worst) || x[i] > o.worst) {
            o.worst = x[i];
            o.worst_s = results_start(r, i);
        }
        if (back)
            continue;
        if (x[i] > limit) {
            left = true;
            good = 0;
            o.back_s = INFINITY;
        } else if (left && ++good == BACK_INTERVALS) {
            o.back_s = results_start(r, i + 1 - BACK_INTERVALS) - fault;
            back = true;
        }
    }
    return o;
}

struct outage *outages_of(const struct results *r, size_t *n)
{
    struct span steady = figure_steady(r);
    double end = r->measure_from_s + r->measure_s;
    struct outage *list = NULL;
    *n = 0;
    for (double fault = results_first_fault(r, r->measure_from_s); fault < end;) {
        double next = results_first_fault(r, nextafter(fault + 1e-6, INFINITY));
        for (size_t k = 0; k < WATCHED; k++) {
            double *numerator = figure_terms(r, watched[k].numerator),
                   *denominator = figure_terms(r, watched[k].denominator);
            double sign = watched[k].low_is_bad ? -1 : 1;
            if (numerator && denominator) {
                for (size_t i = 0; i < r->intervals; i++)
                    numerator[i] = denominator[i] > 0 ? sign * numerator[i] / denominator[i] : NAN;
                struct outage o = judge(r, numerator, steady, fault, next < end ? next : end,
                                        !strcmp(watched[k].unit, "share"));
                o.before *= sign;
                o.worst *= sign;
                o.key = watched[k].key;
                o.unit = watched[k].unit;
                if (!isnan(o.before) && !isnan(o.worst)) {
                    list = memory_grown(list, *n + 1, sizeof *list);
                    list[(*n)++] = o;
                }
            }
            free(numerator);
            free(denominator);
        }
        fault = next;
    }
    return list;
}

double outage_end(const struct outage *list, size_t n, double fault)
{
    double last = 0;
    for (size_t i = 0; i < n; i++)
        if (list[i].fault_s == fault && list[i].back_s > last)
            last = list[i].back_s;
    return fault + last;
}

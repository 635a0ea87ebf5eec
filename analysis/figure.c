/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/figure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/memory.h"

#define ANSWERED "lookup.correct lookup.stale lookup.lost lookup.absent lookup.wrong_owner"
#define OUTCOMES ANSWERED " lookup.timeout lookup.error"
#define UPKEEP   "bytes.update bytes.attach bytes.join_leave bytes.ping bytes.handshake bytes.keepalive"

const struct figure_rule figure_rules[] = {
    {"lookup.success", "share", "lookup.expected_correct", "lookup.expected", FIGURE_SHARE | FIGURE_SETTLES},
    {"lookup.outcome.correct", "share", "lookup.correct", OUTCOMES, FIGURE_SHARE},
    {"lookup.outcome.stale", "share", "lookup.stale", OUTCOMES, FIGURE_SHARE},
    {"lookup.outcome.lost", "share", "lookup.lost", OUTCOMES, FIGURE_SHARE},
    {"lookup.outcome.absent", "share", "lookup.absent", OUTCOMES, FIGURE_SHARE},
    {"lookup.outcome.wrong_owner", "share", "lookup.wrong_owner", OUTCOMES, FIGURE_SHARE},
    {"lookup.outcome.timeout", "share", "lookup.timeout", OUTCOMES, FIGURE_SHARE},
    {"lookup.outcome.error", "share", "lookup.error", OUTCOMES, FIGURE_SHARE},
    {"lookup.latency_s.mean", "s", "lookup.latency_s.mean", ANSWERED, FIGURE_WEIGHTED | FIGURE_SETTLES},
    {"lookup.hops.mean", "links", "lookup.hops.mean", ANSWERED, FIGURE_WEIGHTED | FIGURE_SETTLES},
    {"lookup.dead_hops.mean", "", "lookup.dead_hops.mean", OUTCOMES, FIGURE_WEIGHTED | FIGURE_SETTLES},
    {"registration.success", "share", "registrations.success", "registrations", FIGURE_SHARE},
    {"registration.messages_per_node_s", "1/s", "messages.store", "node_seconds", FIGURE_SETTLES},
    {"maintenance.bytes_per_node_s", "bytes/s", UPKEEP, "node_seconds", FIGURE_SETTLES},
    {"throughput.messages_per_s", "1/s", "messages", "seconds", FIGURE_SETTLES},
    {"nodes_online_mean", "", "nodes_online", "1", FIGURE_SETTLES},
    {"links.mean", "", "links.mean", "1", 0},
    {"finger.valid_share", "share", "finger.valid_share", "1", 0},
    {"e2e.spurious_share", "share", "e2e.spurious", "e2e.resent", 0},
    {"ring.wrong_successor", "share", "ring.wrong_successor", "1", 0},
    {"ring.dead_successor", "share", "ring.dead_successor", "1", 0},
    {"ring.unreachable_values", "share", "ring.unreachable_values", "1", 0},
    {"ring.under_replicated", "share", "ring.under_replicated", "1", 0},
};
const size_t figure_rule_count = sizeof figure_rules / sizeof figure_rules[0];

const struct figure_rule *figure_rule_of(const char *key)
{
    for (size_t i = 0; i < figure_rule_count; i++)
        if (strcmp(figure_rules[i].key, key) == 0)
            return &figure_rules[i];
    return NULL;
}

/* A fault at the border of an interval leaves that interval whole. */
static size_t before_fault(const struct results *r, size_t end, bool *ended)
{
    double fault = results_first_fault(r, r->measure_from_s);
    while (end > 0 && r->time_s[end - 1] > fault + 1e-9) {
        end--;
        *ended = true;
    }
    return end;
}

struct span figure_steady(const struct results *r)
{
    struct span s = {results_measured(r), results_measured_end(r), false};
    s.end = before_fault(r, s.end, &s.before_fault);
    s.end = s.end < s.first ? s.first : s.end;
    return s;
}

/* What one word of a sum stands for, at interval i; false when there is no such column. */
static bool term_at(const struct results *r, const char *word, size_t len, double *sum)
{
    char name[96];
    snprintf(name, sizeof name, "%.*s", (int)len, word);
    const struct column *c = results_column(r, name), *online = results_column(r, "nodes_online");
    bool seconds = strcmp(name, "seconds") == 0, node_seconds = strcmp(name, "node_seconds") == 0,
         one = strcmp(name, "1") == 0;
    if (!c && !seconds && !one && !(node_seconds && online))
        return false;
    for (size_t i = 0; i < r->intervals; i++) {
        double length = r->time_s[i] - results_start(r, i);
        if (c)
            sum[i] += c->values[i];
        else if (node_seconds)
            sum[i] += length * (online->values[i] + online->values[i ? i - 1 : 0]) / 2;
        else
            sum[i] += seconds ? length : 1;
    }
    return true;
}

double *figure_terms(const struct results *r, const char *terms)
{
    double *sum = memory_zeroed(r->intervals, sizeof *sum);
    for (const char *p = terms; *p; p += *p == ' ') {
        size_t len = strcspn(p, " ");
        if (!term_at(r, p, len, sum)) {
            free(sum);
            return NULL;
        }
        p += len;
    }
    return sum;
}

bool figure_ratio(const struct results *r, const struct figure_rule *rule, double **numerator, double **denominator)
{
    *numerator = figure_terms(r, rule->numerator);
    *denominator = figure_terms(r, rule->denominator);
    if (!*numerator || !*denominator) {
        free(*numerator);
        free(*denominator);
        *numerator = *denominator = NULL;
        return false;
    }
    for (size_t i = 0; i < r->intervals && (rule->traits & FIGURE_WEIGHTED); i++)
        (*numerator)[i] *= (*denominator)[i];
    return true;
}

static double sum_of(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += isnan(x[i]) ? 0 : x[i];
    return sum;
}

struct figure figure_of(const struct results *r, const struct figure_rule *rule, double level)
{
    struct figure f = {.rule = rule, .steady = {.interval = interval_none(), .lag1 = NAN}};
    struct span s = figure_steady(r);
    double *numerator, *denominator;
    if (!figure_ratio(r, rule, &numerator, &denominator))
        return f;
    f.steady = batch_means(numerator + s.first, denominator + s.first, s.end - s.first, level);
    double hits = sum_of(numerator + s.first, s.end - s.first), trials = sum_of(denominator + s.first, s.end - s.first);
    if ((rule->traits & FIGURE_SHARE) && trials > 0 && (hits <= 0 || hits >= trials)) {
        f.steady.interval = interval_share(hits, trials, level);
        f.bound = true;
    }
    free(numerator);
    free(denominator);
    return f;
}

struct warmup figure_warmup(const struct results *r, const struct figure_rule *rule, double level)
{
    double *numerator, *denominator;
    struct span s = figure_steady(r);
    if (!figure_ratio(r, rule, &numerator, &denominator))
        return (struct warmup){WARMUP_UNKNOWN, 0, NAN};
    for (size_t i = 0; i < s.end; i++)
        numerator[i] = denominator[i] > 0 ? numerator[i] / denominator[i] : NAN;
    struct warmup w = warmup_of(numerator, s.end, s.first, level);
    free(numerator);
    free(denominator);
    return w;
}

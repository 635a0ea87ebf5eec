/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/finding.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/figure.h"
#include "analysis/memory.h"
#include "analysis/text.h"

/* Below this share of clipped delays nobody would notice. */
#define CLAMPED_NOTED 0.01
#define LOOKUPS_FEW   1000
/* Of the messages that crossed a link, such a share that found a full queue. */
#define FULL_NOTED 0.001

static void add(struct findings *f, bool grave, char *text)
{
    f->list = memory_grown(f->list, f->n + 1, sizeof *f->list);
    f->list[f->n++] = (struct finding){grave, text};
}

static void about_completeness(struct findings *f, const struct results *r)
{
    char reached[TEXT_NUMBER], end[TEXT_NUMBER];
    if (r->complete)
        return;
    add(f, true,
        memory_format("The run is incomplete: its record ends at %s of %s. Figures are of what there is.",
                      text_time(reached, r->intervals ? r->time_s[r->intervals - 1] : 0),
                      text_time(end, r->warmup_s + r->measure_s)));
}

static void about_warmup(struct findings *f, const struct results *r, double level)
{
    char cut[TEXT_NUMBER], warmup[TEXT_NUMBER], *never = NULL;
    size_t known = 0;
    for (size_t i = 0; i < figure_rule_count; i++) {
        if (!(figure_rules[i].traits & FIGURE_SETTLES))
            continue;
        struct warmup w = figure_warmup(r, &figure_rules[i], level);
        known += w.verdict != WARMUP_UNKNOWN ? 1 : 0;
        if (w.verdict == WARMUP_SHORT)
            add(f, true,
                memory_format("The warm-up of %s was too short for %s: it settles at %s (MSER-5), and what was "
                              "measured before that moves its mean by %+.2g %%.",
                              text_time(warmup, r->warmup_s), figure_rules[i].key,
                              text_time(cut, results_start(r, w.cut)), 100 * w.shift));
        if (w.verdict == WARMUP_NEVER) {
            char *more = memory_format("%s%s%s (%+.2g %% from half to half)", never ? never : "", never ? ", " : "",
                                       figure_rules[i].key, 100 * w.shift);
            free(never);
            never = more;
        }
    }
    if (never)
        add(f, true,
            memory_format("No steady state was seen in %s (MSER-5): means over the measured phase are means of a "
                          "transient. Lengthen warm-up and measured phase.",
                          never));
    if (!known && r->intervals)
        add(f, false,
            memory_text(
                "The record has too few intervals to tell whether the warm-up was long enough (MSER-5 wants 50)."));
    free(never);
}

static void about_batches(struct findings *f, const struct results *r, double level)
{
    struct span s = figure_steady(r);
    char *keys = NULL;
    if (s.end - s.first < BATCHES_LEAST) {
        add(f, false,
            memory_format(
                "%s %zu whole interval%s of the record: too few for confidence intervals (%d). Use --replications.",
                s.before_fault ? "Before the first fault lie" : "The measured phase has", s.end - s.first,
                s.end - s.first == 1 ? "" : "s", BATCHES_LEAST));
        return;
    }
    for (size_t i = 0; i < figure_rule_count; i++) {
        struct figure g = figure_of(r, &figure_rules[i], level);
        if (!g.steady.correlated || g.bound)
            continue;
        char *more = memory_format("%s%s%s", keys ? keys : "", keys ? ", " : "", g.rule->key);
        free(keys);
        keys = more;
    }
    if (keys)
        add(f, false,
            memory_format("Neighbouring batches are still correlated, so that the intervals of these figures are too "
                          "short to be believed: %s. Measure longer, or use --replications.",
                          keys));
    free(keys);
}

static void about_model(struct findings *f, const struct results *r)
{
    double clamped = results_value(r, "delay.clamped_share"), lookups = results_value(r, "lookup.count"),
           full = results_value(r, "messages.dropped.queue_full");
    if (clamped > CLAMPED_NOTED)
        add(f, true,
            memory_format("%.2g %% of all delays were raised to network.min_delay: latencies are longer than the data "
                          "say. Lower network.min_delay.",
                          100 * clamped));
    if (full > FULL_NOTED * results_value(r, "messages"))
        add(f, false,
            memory_format(
                "%.0f messages found the queue of their link full. A link with simple reliability carries one frame in a "
                "round trip and 10 ms (RFC 6940 6.6.3.1): the busiest ones had more to carry than that, and requests "
                "that wait there are sent again end to end, which makes it worse.",
                full));
    if (lookups < LOOKUPS_FEW)
        add(f, false,
            memory_format("Only %.0f look-ups were measured: quantiles far out rest on a handful of them.", lookups));
}

struct findings findings_of(const struct results *r, double level)
{
    struct findings f = {NULL, 0};
    about_completeness(&f, r);
    about_warmup(&f, r, level);
    about_model(&f, r);
    about_batches(&f, r, level);
    return f;
}

void findings_free(struct findings *f)
{
    for (size_t i = 0; i < f->n; i++)
        free(f->list[i].text);
    free(f->list);
    *f = (struct findings){NULL, 0};
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/figure.h"
#include "analysis/memory.h"
#include "analysis/settings.h"
#include "analysis/text.h"

/* ---- What was asked. ---- */

static void add_change(struct change **list, size_t *n, const char *key, const char *a, const char *b)
{
    if (a && b && strcmp(a, b) == 0)
        return;
    *list = memory_grown(*list, *n + 1, sizeof **list);
    (*list)[(*n)++] = (struct change){memory_text(key), a ? memory_text(a) : NULL, b ? memory_text(b) : NULL};
}

static void compare_settings(struct compare *c, const struct results *a, const struct results *b, bool replications)
{
    struct settings sa, sb;
    settings_read(&sa, a->config);
    settings_read(&sb, b->config);
    for (size_t i = 0; i < sa.n; i++)
        if (!replications || strcmp(sa.list[i].key, "seed") != 0)
            add_change(&c->settings, &c->n_settings, sa.list[i].key, sa.list[i].value,
                       settings_value(&sb, sa.list[i].key));
    for (size_t i = 0; i < sb.n; i++)
        if (!settings_value(&sa, sb.list[i].key))
            add_change(&c->settings, &c->n_settings, sb.list[i].key, NULL, sb.list[i].value);
    settings_free(&sa);
    settings_free(&sb);
}

static const char *wall_text(const struct results *r, const char *name)
{
    for (size_t i = 0; i < r->facts; i++)
        if (strcmp(r->wall[i].name, name) == 0)
            return r->wall[i].text;
    return NULL;
}

static void compare_wall(struct compare *c, const struct results *a, const struct results *b)
{
    add_change(&c->wall, &c->n_wall, "reloadsim", a->version, b->version);
    add_change(&c->wall, &c->n_wall, "revision", a->revision, b->revision);
    for (size_t i = 0; i < a->facts; i++)
        add_change(&c->wall, &c->n_wall, a->wall[i].name, a->wall[i].text, wall_text(b, a->wall[i].name));
    for (size_t i = 0; i < b->facts; i++)
        if (!wall_text(a, b->wall[i].name))
            add_change(&c->wall, &c->n_wall, b->wall[i].name, NULL, b->wall[i].text);
}

/* Sums taken in another order differ in their last bits. That is no difference, and must not become a significant one for its tiny spread. */
#define ROUNDING 1e-12

static void forget_rounding(struct comparison *r)
{
    double noise = ROUNDING * (fabs(r->a) + fabs(r->b));
    if (!(fabs(r->difference.mean) <= noise) || r->difference.half > noise)
        return;
    r->difference.mean = 0;
    if (isfinite(r->difference.half)) {
        r->difference.half = r->difference.lower = r->difference.upper = 0;
        r->difference.p = NAN; /* the same on both sides for certain: no test */
    }
}

/* ---- Figures of the measured phase. ---- */

static double *values_of(const struct folder *f, const char *key)
{
    double *x = memory_zeroed(f->n, sizeof *x);
    for (size_t i = 0; i < f->n; i++)
        x[i] = results_value(&f->runs[i], key);
    return x;
}

/* b's runs in the order of a's seeds; false when the seeds are not the same. */
static bool same_seeds(const struct folder *a, const struct folder *b, size_t *order)
{
    bool *taken = memory_zeroed(b->n, sizeof *taken), same = a->n == b->n;
    for (size_t i = 0; i < a->n && same; i++) {
        size_t k = 0;
        while (k < b->n && (taken[k] || b->runs[k].seed != a->runs[i].seed))
            k++;
        same = k < b->n;
        if (same) {
            taken[k] = true;
            order[i] = k;
        }
    }
    free(taken);
    return same;
}

static double mean_of(const double *x, size_t n)
{
    return interval_student(x, n, 0.95).mean;
}

static void compare_figure(struct compare *c, const struct folder *a, const struct folder *b, const struct scalar *s,
                           const size_t *order, double level)
{
    double *x = values_of(a, s->key), *y = values_of(b, s->key);
    struct comparison r = {.a = mean_of(x, a->n), .b = mean_of(y, b->n), .difference = interval_none(), .p = NAN};
    r.difference.mean = r.b - r.a;
    if (a->replications && b->replications && order) {
        double *z = memory_zeroed(b->n, sizeof *z);
        for (size_t i = 0; i < a->n; i++)
            z[i] = y[order[i]];
        r.difference = interval_paired(x, z, a->n, level);
        r.method = COMPARE_PAIRED;
        free(z);
    } else if (a->replications && b->replications) {
        r.difference = interval_welch(x, a->n, y, b->n, level);
        r.method = COMPARE_INDEPENDENT;
    }
    forget_rounding(&r);
    r.p = r.difference.p;
    r.key = memory_text(s->key);
    r.unit = memory_text(s->unit);
    c->figures = memory_grown(c->figures, c->n_figures + 1, sizeof *c->figures);
    c->figures[c->n_figures++] = r;
    free(x);
    free(y);
}

static void compare_figures(struct compare *c, const struct folder *a, const struct folder *b, double level)
{
    size_t *order = memory_zeroed(a->n, sizeof *order);
    bool paired = same_seeds(a, b, order);
    c->replications = a->replications && b->replications;
    c->paired = paired && c->replications;
    for (size_t i = 0; i < a->runs[0].n_scalars; i++)
        compare_figure(c, a, b, &a->runs[0].scalars[i], paired ? order : NULL, level);
    for (size_t i = 0; i < b->runs[0].n_scalars; i++)
        if (!results_scalar(&a->runs[0], b->runs[0].scalars[i].key))
            compare_figure(c, a, b, &b->runs[0].scalars[i], paired ? order : NULL, level);
    free(order);
}

/* ---- Steady part of single runs. ---- */

static bool same_intervals(const struct results *a, const struct results *b)
{
    size_t n = a->intervals < b->intervals ? a->intervals : b->intervals;
    for (size_t i = 0; i < n; i++)
        if (fabs(a->time_s[i] - b->time_s[i]) > 1e-9)
            return false;
    return n > 0;
}

static void compare_rule(struct compare *c, const struct results *a, const struct results *b,
                         const struct figure_rule *rule, struct span both, double level)
{
    struct comparison r = {.key = memory_text(rule->key),
                           .unit = memory_text(rule->unit),
                           .method = c->paired ? COMPARE_PAIRED : COMPARE_INDEPENDENT};
    struct figure fa = figure_of(a, rule, level), fb = figure_of(b, rule, level);
    if (c->paired) {
        double *na, *da, *nb = NULL, *db = NULL;
        size_t first = both.first, n = both.end - both.first;
        if (figure_ratio(a, rule, &na, &da) && figure_ratio(b, rule, &nb, &db)) {
            struct batch_means d = batch_difference(na + first, da + first, nb + first, db + first, n, level);
            r.a = batch_means(na + first, da + first, n, level).interval.mean;
            r.b = batch_means(nb + first, db + first, n, level).interval.mean;
            r.difference = d.interval;
            r.correlated = d.correlated;
        } else {
            r.a = r.b = NAN;
            r.difference = interval_none();
        }
        free(na);
        free(da);
        free(nb);
        free(db);
    } else {
        /* Each from its own batch means: standard error and freedom from their t interval, put together after Welch. */
        const struct interval *x = &fa.steady.interval, *y = &fb.steady.interval;
        struct interval unit = interval_of(0, 1, x->freedom, level), unit_b = interval_of(0, 1, y->freedom, level);
        double ea = x->half / unit.half, eb = y->half / unit_b.half, sum = ea * ea + eb * eb;
        double freedom = sum > 0 ? sum * sum / (pow(ea, 4) / x->freedom + pow(eb, 4) / y->freedom) : x->freedom;
        r.a = x->mean;
        r.b = y->mean;
        r.difference = interval_of(y->mean - x->mean, sqrt(sum), isnan(sum) ? 0 : freedom, level);
        r.correlated = fa.steady.correlated || fb.steady.correlated;
    }
    forget_rounding(&r);
    r.p = r.difference.p;
    if (isnan(r.a) && isnan(r.b)) {
        free(r.key);
        free(r.unit);
        return;
    }
    c->steady = memory_grown(c->steady, c->n_steady + 1, sizeof *c->steady);
    c->steady[c->n_steady++] = r;
}

static void compare_steady(struct compare *c, const struct results *a, const struct results *b, double level)
{
    struct span sa = figure_steady(a), sb = figure_steady(b);
    struct span both = {sa.first > sb.first ? sa.first : sb.first, sa.end < sb.end ? sa.end : sb.end,
                        sa.before_fault || sb.before_fault};
    c->paired = same_intervals(a, b) && both.first < both.end;
    if (sa.first >= sa.end || sb.first >= sb.end)
        return;
    c->steady_from_s = c->paired ? results_start(a, both.first) : NAN;
    c->steady_to_s = c->paired ? a->time_s[both.end - 1] : NAN;
    for (size_t i = 0; i < figure_rule_count; i++)
        compare_rule(c, a, b, &figure_rules[i], both, level);
}

/* ---- Where they part. ---- */

static bool same(double x, double y)
{
    return x == y || (isnan(x) && isnan(y));
}

static void compare_times(struct compare *c, const struct results *a, const struct results *b)
{
    size_t n = a->intervals < b->intervals ? a->intervals : b->intervals, named = 0, first = n;
    c->part_s = INFINITY;
    if (!same_intervals(a, b)) {
        c->part_s = n ? NAN : INFINITY;
        return;
    }
    for (size_t k = 0; k < a->n_columns; k++) {
        const struct column *other = results_column(b, a->columns[k].name);
        for (size_t i = 0; other && i < first; i++)
            if (!same(a->columns[k].values[i], other->values[i]))
                first = i;
    }
    if (first == n)
        return;
    c->part_s = a->time_s[first];
    c->part_interval = first;
    for (size_t k = 0; k < a->n_columns; k++) {
        const struct column *other = results_column(b, a->columns[k].name);
        if (!other || same(a->columns[k].values[first], other->values[first]))
            continue;
        char *more = named == 8
                         ? memory_format("%s, …", c->part_columns)
                         : memory_format("%s%s%s", named ? c->part_columns : "", named ? ", " : "", a->columns[k].name);
        free(c->part_columns);
        c->part_columns = more;
        if (++named > 8)
            break;
    }
}

static char *event_text(const struct results *r, size_t i)
{
    char at[TEXT_NUMBER];
    const struct happening *e = i < r->n_events ? &r->events[i] : NULL;
    return e ? memory_format("%s %s, %s", e->kind, e->text, text_time(at, e->time_s)) : memory_text("none");
}

/* Of /events: faults and borders of phases. */
static void compare_events(struct compare *c, const struct results *a, const struct results *b)
{
    size_t i = 0;
    while (i < a->n_events && i < b->n_events && a->events[i].time_s == b->events[i].time_s &&
           strcmp(a->events[i].kind, b->events[i].kind) == 0 && strcmp(a->events[i].text, b->events[i].text) == 0)
        i++;
    if (i == a->n_events && i == b->n_events)
        return;
    c->event_a = event_text(a, i);
    c->event_b = event_text(b, i);
}

static bool runs_equal(const struct results *a, const struct results *b)
{
    struct compare c = {.n_wall = 0};
    bool equal = strcmp(a->fingerprint, b->fingerprint) == 0 && a->n_scalars == b->n_scalars &&
                 a->intervals == b->intervals && a->n_columns == b->n_columns && a->complete == b->complete;
    for (size_t i = 0; i < a->n_scalars && equal; i++) {
        const struct scalar *other = results_scalar(b, a->scalars[i].key);
        equal = other && same(a->scalars[i].value, other->value);
    }
    compare_times(&c, a, b);
    free(c.part_columns);
    return equal && isinf(c.part_s);
}

struct compare compare_of(const struct folder *a, const struct folder *b, double level)
{
    struct compare c = {.part_s = NAN, .steady_from_s = NAN, .steady_to_s = NAN, .equal = a->n == b->n};
    for (size_t i = 0; i < a->n && c.equal; i++)
        c.equal = runs_equal(&a->runs[i], &b->runs[i]);
    compare_settings(&c, &a->runs[0], &b->runs[0], a->replications && b->replications);
    compare_figures(&c, a, b, level);
    if (!a->replications && !b->replications) {
        compare_wall(&c, &a->runs[0], &b->runs[0]);
        compare_times(&c, &a->runs[0], &b->runs[0]);
        compare_events(&c, &a->runs[0], &b->runs[0]);
        compare_steady(&c, &a->runs[0], &b->runs[0], level);
    }
    size_t n = c.n_figures + c.n_steady;
    double *p = memory_zeroed(n, sizeof *p);
    for (size_t i = 0; i < n; i++)
        p[i] = i < c.n_figures ? c.figures[i].p : c.steady[i - c.n_figures].p;
    c.tests = interval_holm(p, n);
    for (size_t i = 0; i < n; i++)
        *(i < c.n_figures ? &c.figures[i].p : &c.steady[i - c.n_figures].p) = p[i];
    free(p);
    return c;
}

static void free_changes(struct change *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(list[i].key);
        free(list[i].a);
        free(list[i].b);
    }
    free(list);
}

static void free_comparisons(struct comparison *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(list[i].key);
        free(list[i].unit);
    }
    free(list);
}

void compare_free(struct compare *c)
{
    free_changes(c->settings, c->n_settings);
    free_changes(c->wall, c->n_wall);
    free_comparisons(c->figures, c->n_figures);
    free_comparisons(c->steady, c->n_steady);
    free(c->part_columns);
    free(c->event_a);
    free(c->event_b);
    *c = (struct compare){.n_wall = 0};
}

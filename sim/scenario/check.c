/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/scenario/read.h"

#include <stdio.h>
#include <string.h>

#include "sim/scenario/metric.h"
#include "sim/scenario/nearest.h"
#include "sim/scenario/value.h"

#define AFTER " after faults"

static const char *const comparisons[] = {
    [COMPARE_LESS] = "<", [COMPARE_LESS_EQUAL] = "<=", [COMPARE_GREATER] = ">", [COMPARE_GREATER_EQUAL] = ">="};

/* A check that is being read. */
struct reading {
    struct sources *sources;
    char name[24]; /* "check[3]" */
    struct check *check;
};

static int read_time(const struct reading *r, const struct tree *node, const char *name, const char *text,
                     sim_time *out)
{
    struct quantity q;
    char why[160];
    if (quantity_parse(UNIT_TIME, text, &q, why, sizeof why))
        return complain(r->sources, node->at, "%s.%s %s", r->name, name, why);
    *out = q.whole;
    return 0;
}

static int read_ring_valid(const struct reading *r, const struct tree *node)
{
    r->check->ring_valid = true;
    if (node->kind != TREE_MAP)
        return complain(r->sources, node->at, "%s.ring_valid is a mapping, as in {within: 5 min}", r->name);
    r->check->within = MINUTES(5);
    for (const struct tree *c = node->first; c; c = c->next) {
        if (strcmp(c->key, "within") != 0)
            return complain(r->sources, c->key_at, "unknown key \"%.40s\" in %s.ring_valid: it has within", c->key,
                            r->name);
        if (c->kind != TREE_SCALAR || !c->text[0])
            return complain(r->sources, c->at, "%s.ring_valid.within is a time, as in 5 min", r->name);
        if (read_time(r, c, "ring_valid.within", c->text, &r->check->within))
            return -1;
    }
    return 0;
}

static int read_except(const struct reading *r, const struct tree *node)
{
    char time[64];
    size_t len = strlen(node->text), tail = strlen(AFTER);
    if (node->kind != TREE_SCALAR || len <= tail || len - tail >= sizeof time ||
        strcmp(node->text + len - tail, AFTER) != 0)
        return complain(r->sources, node->at, "%s.except is a time after faults, as in 10 min after faults", r->name);
    snprintf(time, sizeof time, "%.*s", (int)(len - tail), node->text);
    return read_time(r, node, "except", time, &r->check->except);
}

static int read_bound(const struct reading *r, const struct tree *node, const struct metric *metric)
{
    struct check *c = r->check;
    struct quantity q;
    char why[160], shown[QUOTED_MAX];
    const char *text = node->text;
    bool equal = text[0] && text[1] == '=';
    if (node->kind != TREE_SCALAR || (text[0] != '<' && text[0] != '>'))
        return complain(r->sources, node->at, "%s.%s is a bound, as in \"> 99 %%\", not %s", r->name, metric->name,
                        node->kind == TREE_SCALAR ? quoted(shown, text) : "a mapping or list");
    c->compare = text[0] == '<' ? equal ? COMPARE_LESS_EQUAL : COMPARE_LESS
                 : equal        ? COMPARE_GREATER_EQUAL
                                : COMPARE_GREATER;
    text += 1 + equal;
    text += strspn(text, " ");
    if (quantity_parse(metric_class(metric), text, &q, why, sizeof why))
        return complain(r->sources, node->at, "%s.%s %s", r->name, metric->name, why);
    c->bound = q.real;
    snprintf(c->metric, sizeof c->metric, "%s", metric->name);
    return 0;
}

static int unknown_metric(const struct reading *r, const struct tree *node)
{
    struct nearest near;
    char q[QUOTED_MAX];
    nearest_begin(&near, node->key);
    nearest_offer(&near, "ring_valid");
    nearest_offer(&near, "except");
    for (size_t i = 0; i < metrics_count; i++)
        nearest_offer(&near, metrics[i].name);
    if (near.best)
        return complain(r->sources, node->key_at, "unknown figure %s in %s: did you mean %s?", quoted(q, node->key),
                        r->name, near.best);
    return complain(r->sources, node->key_at, "unknown figure %s in %s: `reloadsim explain metrics` lists them",
                    quoted(q, node->key), r->name);
}

int check_read(struct sources *sources, const struct tree *item, unsigned index, struct check *check)
{
    struct reading r = {.sources = sources, .check = check};
    unsigned subjects = 0;
    snprintf(r.name, sizeof r.name, "check[%u]", index);
    if (item->kind != TREE_MAP)
        return complain(sources, item->at, "%s is a mapping, as in {ring_valid: {within: 5 min}}", r.name);
    for (const struct tree *c = item->first; c; c = c->next) {
        const struct metric *metric = metric_find(c->key);
        bool except = strcmp(c->key, "except") == 0, ring = strcmp(c->key, "ring_valid") == 0;
        if (!metric && !except && !ring)
            return unknown_metric(&r, c);
        subjects += !except;
        if (subjects > 1)
            return complain(sources, c->key_at, "%s checks one thing: begin another item of the list for %s", r.name,
                            c->key);
        if (except ? read_except(&r, c) : ring ? read_ring_valid(&r, c) : read_bound(&r, c, metric))
            return -1;
    }
    if (subjects == 0)
        return complain(sources, item->at,
                        "%s checks nothing: name ring_valid or a figure, as in lookup.success: \"> 99 %%\"", r.name);
    if (check->except && (strncmp(check->metric, "before_faults.", 14) == 0 || strncmp(check->metric, "after_faults.", 13) == 0))
        return complain(sources, item->at, "%s: %s is split by the first fault already: except has no part in it", r.name,
                        check->metric);
    if (check->ring_valid && check->except)
        return complain(sources, item->at, "%s: ring_valid has within, not except", r.name);
    return 0;
}

void check_print(const struct check *check, char *out, size_t cap)
{
    char value[48], except[80] = "";
    if (check->ring_valid) {
        quantity_print_whole(UNIT_TIME, check->within, value, sizeof value);
        snprintf(out, cap, "{ring_valid: {within: %s}}", value);
        return;
    }
    const struct metric *metric = metric_find(check->metric);
    quantity_print_real(metric ? metric_class(metric) : UNIT_NONE, check->bound, value, sizeof value);
    if (check->except) {
        char time[48];
        quantity_print_whole(UNIT_TIME, check->except, time, sizeof time);
        snprintf(except, sizeof except, ", except: %s" AFTER, time);
    }
    snprintf(out, cap, "{%s: \"%s %s\"%s}", check->metric, comparisons[check->compare], value, except);
}

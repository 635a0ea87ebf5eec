/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Items of `faults:`: their kinds, what goes together, the parameter that a `set` changes, and back to text. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/nearest.h"
#include "sim/scenario/read.h"
#include "sim/scenario/value.h"

#define FORMER "faults[]."

/* lasting: has an end, which `for` says; local: happens to nodes, which a region can choose. */
static const struct kind {
    const char *name;
    bool lasting, local;
} kinds[FAULT_KINDS] = {
    [FAULT_NONE] = {"none", false, false},    [FAULT_KILL] = {"kill", false, true},
    [FAULT_RESTART] = {"restart", false, true}, [FAULT_REBOOT] = {"reboot", false, true},
    [FAULT_LEAVE] = {"leave", false, true},   [FAULT_PARTITION] = {"partition", true, true},
    [FAULT_NETWORK] = {"network", true, false}, [FAULT_SLOW] = {"slow", true, true},
    [FAULT_IDLE] = {"idle", true, true},      [FAULT_SET] = {"set", true, false},
    [FAULT_CONFIGURE] = {"configure", false, true},
    [FAULT_FLOOD] = {"flood", true, true},
};

const char *fault_kind_name(enum fault_kind kind)
{
    return kinds[kind].name;
}

sim_time fault_end(const struct fault *f)
{
    if (kinds[f->kind].lasting)
        return f->lasts ? time_add(f->at, f->lasts) : TIME_NEVER;
    return f->kind == FAULT_REBOOT ? time_add(f->at, f->within) : f->at;
}

static enum fault_kind kind_of(const char *name)
{
    for (unsigned k = FAULT_NONE + 1; k < FAULT_KINDS; k++)
        if (strcmp(kinds[k].name, name) == 0)
            return (enum fault_kind)k;
    return FAULT_NONE;
}

static bool is_nothing(const struct fault *f)
{
    bool everybody = f->share >= 1 && !f->region[0];
    return (f->kind == FAULT_PARTITION && everybody) ||
           (f->kind == FAULT_NETWORK && f->latency == 1 && f->slower == 0 && f->loss == NETWORK_UNCHANGED);
}

int fault_check(struct sources *sources, const struct tree *item, const char *name, struct fault *f)
{
    const struct tree *lasts = NULL, *region = NULL;
    for (const struct tree *c = item->first; c; c = c->next) {
        enum fault_kind kind = kind_of(c->key);
        if (strcmp(c->key, "for") == 0)
            lasts = c;
        if (strcmp(c->key, "region") == 0)
            region = c;
        if (kind == FAULT_NONE)
            continue;
        if (f->kind != FAULT_NONE)
            return complain(sources, c->key_at, "%s is one fault: begin another item of the list for %s", name, c->key);
        f->kind = kind;
    }
    if (f->kind == FAULT_NONE)
        return complain(sources, item->at, "%s does nothing: name a fault, as in kill: {share: 20 %%}", name);
    if (lasts && !kinds[f->kind].lasting)
        return complain(sources, lasts->key_at, "%s.for: a %s is over at once", name, kinds[f->kind].name);
    if (region && !kinds[f->kind].local)
        return complain(sources, region->key_at, "%s.region: %s concerns the whole overlay", name, kinds[f->kind].name);
    if (is_nothing(f))
        return complain(sources, item->at,
                        f->kind == FAULT_PARTITION ? "%s parts nobody: give a share below 100 %%, or a region"
                                                   : "%s changes nothing: give latency, slower or loss",
                        name);
    return 0;
}

/* ---- set, and the set of configure ---- */

/* Keys of the overlay that nodes look up anew at each use. The others shape tables and channels that exist already. */
static const char *const settable[] = {
    "overlay.config.chord-update-interval", "overlay.config.chord-ping-interval",
    "overlay.config.chord-reactive",        "overlay.config.overlay-reliability-timer",
    "overlay.config.initial-ttl",           "overlay.config.bad-nodes",
    "overlay.chord.predecessors",
    "overlay.chord.successors",             "overlay.link.suspect_after",
    "overlay.bootstrap.retry",              "overlay.bootstrap.partition_check",
};

#define DOCUMENT_KEYS "overlay.config."

static const struct key *settable_key(const char *path)
{
    for (size_t i = 0; i < sizeof settable / sizeof settable[0]; i++)
        if (strcmp(settable[i], path) == 0)
            return schema_find(path);
    return NULL;
}

static int refuse_key(struct sources *sources, const struct tree *node, const char *name)
{
    struct nearest near;
    char q[QUOTED_MAX];
    nearest_begin(&near, node->key);
    for (size_t i = 0; i < sizeof settable / sizeof settable[0]; i++)
        nearest_offer(&near, settable[i]);
    quoted(q, node->key);
    if (schema_find(node->key))
        return complain(sources, node->key_at, "%s: %s cannot change while the overlay runs", name, q);
    if (near.best)
        return complain(sources, node->key_at, "%s: unknown key %s: did you mean %s?", name, q, near.best);
    return complain(sources, node->key_at, "%s: unknown key %s: `reloadsim explain faults.set` lists those that can change",
                    name, q);
}

/* The value as it would stand in a scenario of its own. */
static int read_value(struct sources *sources, const struct key *key, const struct tree *node, struct scenario *into)
{
    if (value_read(sources, key, node, key->path, into))
        return -1;
    const struct law *law = key->offset == offsetof(struct scenario, update_interval) ? &into->update_interval
                                                                                      : &into->ping_interval;
    if (key->type == KEY_LAW && law->kind != LAW_FIXED)
        return complain(sources, node->at, "%s can be set to a plain time only", key->path);
    return 0;
}

int fault_read_set(struct sources *sources, const struct tree *map, const char *name, struct fault *f)
{
    if (map->kind != TREE_MAP || !map->first || map->first->next)
        return complain(sources, map->at, "%s is one key and its value, as in {overlay.config.chord-update-interval: 60 s}",
                        name);
    const struct tree *node = map->first;
    const struct key *key = settable_key(node->key);
    if (!key)
        return refuse_key(sources, node, name);
    if (strstr(name, "configure.set") && strncmp(key->path, DOCUMENT_KEYS, sizeof DOCUMENT_KEYS - 1) != 0)
        return complain(sources, node->key_at, "%s: %s is no element of a configuration document: only keys of overlay.config are; set: changes others", name,
                        key->path);
    struct scenario *scratch = calloc(1, sizeof *scratch);
    if (!scratch)
        return complain(sources, node->at, "out of memory");
    int failed = read_value(sources, key, node, scratch);
    char text[VALUE_TEXT_MAX];
    if (!failed)
        value_print(key, scratch, text);
    free(scratch);
    if (failed)
        return -1;
    assert(strlen(key->path) < sizeof f->key && strlen(text) < sizeof f->value);
    memcpy(f->key, key->path, strlen(key->path));
    memcpy(f->value, text, strlen(text));
    return 0;
}

void fault_set_overlay(const struct fault *f, struct overlay *o)
{
    const struct key *key = settable_key(f->key);
    struct sources none = {.list = {{.name = "set"}}};
    const struct tree node = {.kind = TREE_SCALAR, .text = f->value, .quoted = true};
    struct scenario *s = calloc(1, sizeof *s);
    if (!s || !key) {
        fputs("reloadsim: out of memory\n", stderr);
        exit(4);
    }
    s->overlay = *o;
    int failed = read_value(&none, key, &node, s);
    assert(!failed); /* it was read before */
    (void)failed;
    *o = s->overlay;
    if (key->offset == offsetof(struct scenario, update_interval))
        o->update_interval = (sim_time)(s->update_interval.a * 1e9 + 0.5), o->update_law = 0;
    if (key->offset == offsetof(struct scenario, ping_interval))
        o->ping_interval = (sim_time)(s->ping_interval.a * 1e9 + 0.5), o->ping_law = 0;
    free(s);
}

/* ---- printing ---- */

static size_t print_row(const struct key *key, const char *name, const struct fault *f, char *out, size_t cap, bool first)
{
    char text[VALUE_TEXT_MAX];
    return (size_t)snprintf(out, cap, "%s%s: %s", first ? "" : ", ", name, value_print(key, f, text));
}

static bool row_is_left_out(const struct key *key, const struct fault *f)
{
    return ((key->type == KEY_TEXT || key->type == KEY_LAW) && !value_present(key, f)) ||
           (strcmp(key->path, FORMER "for") == 0 && !kinds[f->kind].lasting);
}

void fault_print(const struct fault *f, char *out, size_t cap)
{
    char group[PATH_MAX_BYTES];
    size_t n = (size_t)snprintf(out, cap, "{");
    for (size_t i = 0; i < schema_count && n < cap; i++) {
        const char *name = schema_child_name(&schema[i], "faults[]");
        if (name && schema[i].type != KEY_MAP && schema[i].type != KEY_SET && !row_is_left_out(&schema[i], f))
            n += print_row(&schema[i], name, f, out + n, cap - n, n == 1);
    }
    if (f->kind == FAULT_SET) {
        snprintf(out + n, cap - n, ", set: {%s: %s}}", f->key, f->value);
        return;
    }
    snprintf(group, sizeof group, FORMER "%s", kinds[f->kind].name);
    n += (size_t)snprintf(out + n, cap - n, ", %s: {", kinds[f->kind].name);
    bool first = true;
    for (size_t i = 0; i < schema_count && n < cap; i++) {
        const char *name = schema_child_name(&schema[i], group);
        if (!name || row_is_left_out(&schema[i], f))
            continue;
        if (schema[i].type == KEY_SET) {
            n += (size_t)snprintf(out + n, cap - n, "%sset: {%s: %s}", first ? "" : ", ", f->key, f->value);
            first = false;
            continue;
        }
        n += print_row(&schema[i], name, f, out + n, cap - n, first);
        first = false;
    }
    if (n < cap)
        snprintf(out + n, cap - n, "}}");
}

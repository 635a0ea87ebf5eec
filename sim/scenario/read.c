/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/scenario/read.h"

#include <stdio.h>
#include <string.h>

#include "sim/scenario/preset.h"
#include "sim/scenario/value.h"

/* A mapping that is being read: the group's path in the schema, its name for messages, what offsets count from. */
struct group {
    struct sources *sources;
    const char *path;
    char name[PATH_MAX_BYTES];
    void *base;
};

static int read_group(const struct group *, const struct tree *map);

static void full_name(const struct group *g, const char *name, char out[PATH_MAX_BYTES + 40])
{
    snprintf(out, PATH_MAX_BYTES + 40, "%s%s%.38s", g->name, g->name[0] ? "." : "", name);
}

static const char *model_name(unsigned model)
{
    for (const struct word *w = schema_find("network.model")->words; w->name; w++)
        if (!w->refuse && w->value == model)
            return w->name;
    return "?";
}

/* Keys of other network models are no keys of this one. */
static bool key_applies(const struct group *g, const struct key *key)
{
    return !key->models || key->models & 1u << ((const struct scenario *)g->base)->latency;
}

static const struct key *child_key(const struct group *g, const char *name)
{
    for (size_t i = 0; i < schema_count; i++) {
        const char *child = schema_child_name(&schema[i], g->path);
        if (child && strcmp(child, name) == 0)
            return &schema[i];
    }
    return NULL;
}

/* The keys that a mapping has, as a list for messages. */
static void group_keys(const struct group *g, char *out, size_t cap)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < schema_count; i++) {
        const char *name = schema_child_name(&schema[i], g->path);
        if (name && key_applies(g, &schema[i]) && len < cap)
            len += (size_t)snprintf(out + len, cap - len, "%s%s", len ? ", " : "", name);
    }
}

/* ": as in kill: {share: 20 %}" for a mapping that was written as a value, "" where its keys have no examples: of those that must be given the first,
 * else the first. */
static void group_example(const struct group *g, char *out, size_t cap)
{
    const char *last = strrchr(g->name, '.');
    const struct key *shown = NULL;
    const char *key = NULL;
    for (size_t i = 0; i < schema_count; i++) {
        const char *name = schema_child_name(&schema[i], g->path);
        if (name && (schema[i].example || schema[i].fallback) && (!shown || (shown->fallback && !schema[i].fallback)))
            shown = &schema[i], key = name;
    }
    out[0] = '\0';
    if (shown && g->name[0] && g->name[strlen(g->name) - 1] != ']')
        snprintf(out, cap, ": as in %s: {%s: %s}", last ? last + 1 : g->name, key,
                 shown->example ? shown->example : shown->fallback);
}

static int unknown_key(const struct group *g, const struct tree *node)
{
    char q[QUOTED_MAX], keys[400];
    const char *hint = schema_suggest(g->path, node->key), *in = g->name[0] ? " in " : "";
    quoted(q, node->key);
    group_keys(g, keys, sizeof keys);
    if (!hint)
        return complain(g->sources, node->key_at, "unknown key %s in %s: it has %s", q,
                        g->name[0] ? g->name : "a scenario", keys);
    return complain(g->sources, node->key_at, "unknown key %s%s%s: did you mean %s?", q, in, g->name, hint);
}

/* ---- Lists. ---- */

static int read_faults(const struct group *g, const struct tree *list)
{
    struct scenario *s = g->base;
    if (list->kind != TREE_LIST)
        return complain(g->sources, list->at, "faults is a list, as in [{at: 8 min, kill: {share: 20 %%}}]");
    s->faults = 0;
    for (const struct tree *item = list->first; item; item = item->next) {
        if (s->faults == FAULTS_MAX)
            return complain(g->sources, item->at, "more than %d faults", FAULTS_MAX);
        struct fault *f = &s->fault[s->faults];
        struct group fault = {.sources = g->sources, .path = "faults[]", .base = f};
        snprintf(fault.name, sizeof fault.name, "faults[%u]", s->faults);
        if (read_group(&fault, item) || fault_check(g->sources, item, fault.name, f))
            return -1;
        s->faults++;
    }
    return 0;
}

static int read_checks(const struct group *g, const struct tree *list)
{
    struct scenario *s = g->base;
    if (list->kind != TREE_LIST)
        return complain(g->sources, list->at, "check is a list, as in [{ring_valid: {within: 5 min}}]");
    s->checks = 0;
    for (const struct tree *item = list->first; item; item = item->next) {
        if (s->checks == CHECKS_MAX)
            return complain(g->sources, item->at, "more than %d checks", CHECKS_MAX);
        if (check_read(g->sources, item, s->checks, &s->check[s->checks]))
            return -1;
        s->checks++;
    }
    return 0;
}

/* ---- Mappings. ---- */

static void default_group(const struct group *);

/* Early keys come before the others because key_applies asks them. */
static void default_early(const struct group *g)
{
    for (size_t i = 0; i < schema_count; i++)
        if (schema_child_name(&schema[i], g->path) && schema[i].early)
            value_default(&schema[i], g->base);
}

/* The state of a key that is not in the file; keys without default stay zero, which read_missing finds. */
static void default_key(const struct group *g, const struct key *key)
{
    bool list = key->type == KEY_FAULTS || key->type == KEY_CHECKS;
    if (list || !key_applies(g, key))
        return;
    if (key->type == KEY_MAP && !key->fallback) {
        struct group inner = {.sources = g->sources, .path = key->path, .base = g->base};
        default_early(&inner);
        default_group(&inner);
    } else if (key->type != KEY_MAP && key->fallback) {
        value_default(key, g->base);
    }
}

static void default_group(const struct group *g)
{
    for (size_t i = 0; i < schema_count; i++)
        if (schema_child_name(&schema[i], g->path) && !schema[i].early)
            default_key(g, &schema[i]);
}

/* The word that says there is none ("churn: none"): every field of the mapping back to zero. */
static void clear_group(const struct group *g)
{
    for (size_t i = 0; i < schema_count; i++)
        if (schema_child_name(&schema[i], g->path))
            memset((char *)g->base + schema[i].offset, 0, schema[i].size);
}

static int read_child(const struct group *g, const struct key *key, const struct tree *node)
{
    char name[PATH_MAX_BYTES + 40];
    full_name(g, node->key, name);
    if (key->type == KEY_FAULTS)
        return read_faults(g, node);
    if (key->type == KEY_CHECKS)
        return read_checks(g, node);
    if (key->type == KEY_SET)
        return fault_read_set(g->sources, node, name, g->base);
    if (key->type != KEY_MAP)
        return value_read(g->sources, key, node, name, g->base);
    struct group inner = {.sources = g->sources, .path = key->path, .base = g->base};
    snprintf(inner.name, sizeof inner.name, "%.*s", (int)sizeof inner.name - 1, name);
    if (key->absent && node->kind == TREE_SCALAR && strcmp(node->text, key->absent) == 0) {
        clear_group(&inner);
        return 0;
    }
    if (key->absent && node->kind == TREE_SCALAR && node->text[0])
        return complain(g->sources, node->at, "%s is %s or a mapping, as in %s: %s", name, key->absent, node->key,
                        key->example ? key->example : "{...}");
    return read_group(&inner, node);
}

/* Keys whose value decides about their neighbours: the network's model, the churn's preset. */
static int read_early(const struct group *g, const struct tree *map)
{
    default_early(g);
    for (size_t i = 0; i < schema_count; i++) {
        const char *name = schema_child_name(&schema[i], g->path);
        const struct tree *node = name && schema[i].early ? tree_child(map, name, strlen(name)) : NULL;
        if (node && read_child(g, &schema[i], node))
            return -1;
    }
    return 0;
}

/* A trace or a Poisson stream says all that laws of sessions would. */
static bool laws_replaced(const struct group *g, const struct tree *map)
{
    return strcmp(g->path, "churn") == 0 && (tree_child(map, "trace", 5) || tree_child(map, "poisson", 7));
}

/* Keys that must be given and were not; in a mapping that is missing altogether too. */
static int read_missing(const struct group *g, const struct tree *map)
{
    for (size_t i = 0; i < schema_count; i++) {
        const struct key *key = &schema[i];
        const char *name = schema_child_name(key, g->path);
        if (!name || key->fallback || !key_applies(g, key) || tree_child(map, name, strlen(name)))
            continue;
        char full[PATH_MAX_BYTES + 40];
        full_name(g, name, full);
        if (key->type == KEY_MAP) {
            struct group inner = {.sources = g->sources, .path = key->path, .base = g->base};
            struct tree empty = {.kind = TREE_MAP, .at = map->at};
            snprintf(inner.name, sizeof inner.name, "%.*s", (int)sizeof inner.name - 1, full);
            if (read_missing(&inner, &empty))
                return -1;
        } else if (key->type != KEY_LAW || /* a law may have come from a preset */
                   !(value_present(key, g->base) || laws_replaced(g, map))) {
            return complain(g->sources, map->at, "%s is missing: add %s: %s", full, name, key->example);
        }
    }
    return 0;
}

static int read_group(const struct group *g, const struct tree *map)
{
    if (map->kind == TREE_SCALAR && !map->text[0])
        return complain(g->sources, map->key ? map->key_at : map->at, "%s has no value: its keys are missing",
                        g->name[0] ? g->name : "the scenario");
    if (map->kind != TREE_MAP) {
        char example[160];
        group_example(g, example, sizeof example);
        return complain(g->sources, map->at, "%s is a mapping of keys to values, not a %s%s",
                        g->name[0] ? g->name : "a scenario", map->kind == TREE_LIST ? "list" : "single value", example);
    }
    if (read_early(g, map))
        return -1;
    default_group(g);
    if (strcmp(g->path, "churn") == 0) {
        struct scenario *s = g->base;
        const struct churn_preset *preset = churn_preset_find(s->churn_preset);
        s->churn = true;
        if (preset)
            s->session = preset->session, s->offline = preset->offline, s->daily_amplitude = preset->daily_amplitude,
            s->daily_peak = (sim_time)(preset->daily_peak_h * 3600 * 1e9);
    }
    for (const struct tree *node = map->first; node; node = node->next) {
        const struct key *key = child_key(g, node->key);
        if (!key)
            return unknown_key(g, node);
        if (!key_applies(g, key))
            return complain(g->sources, node->key_at, "%s.%s is no key of model %s", g->name, node->key,
                            model_name(((struct scenario *)g->base)->latency));
        if (!key->early && read_child(g, key, node))
            return -1;
    }
    return read_missing(g, map);
}

int scenario_read(struct sources *sources, const struct tree *root, struct scenario *s)
{
    struct group top = {.sources = sources, .path = "", .base = s};
    return read_group(&top, root);
}

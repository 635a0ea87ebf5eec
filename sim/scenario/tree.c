/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/scenario/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define BLOCK_BYTES 65536u

struct tree_block {
    struct tree_block *next;
    size_t used, cap;
    _Alignas(16) char bytes[];
};

static void *pool_take(struct tree_pool *pool, size_t n)
{
    n = (n + 15) & ~(size_t)15;
    if (!pool->blocks || pool->blocks->cap - pool->blocks->used < n) {
        size_t cap = n > BLOCK_BYTES ? n : BLOCK_BYTES;
        struct tree_block *b = malloc(sizeof *b + cap);
        if (!b)
            return NULL;
        *b = (struct tree_block){.next = pool->blocks, .cap = cap};
        pool->blocks = b;
    }
    void *p = pool->blocks->bytes + pool->blocks->used;
    pool->blocks->used += n;
    return p;
}

void tree_pool_free(struct tree_pool *pool)
{
    while (pool->blocks) {
        struct tree_block *next = pool->blocks->next;
        free(pool->blocks);
        pool->blocks = next;
    }
}

static const char *pool_text(struct tree_pool *pool, const char *text, size_t len)
{
    char *copy = pool_take(pool, len + 1);
    if (copy) {
        memcpy(copy, text, len);
        copy[len] = 0;
    }
    return copy;
}

static struct tree *pool_node(struct tree_pool *pool, enum tree_kind kind, struct mark at)
{
    struct tree *node = pool_take(pool, sizeof *node);
    if (node)
        *node = (struct tree){.kind = kind, .at = at, .key_at = at, .text = ""};
    pool->nodes++;
    return node;
}

static void tree_append(struct tree *parent, struct tree *child)
{
    if (parent->last)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
}

/* ---- From libyaml's events. ---- */

struct builder {
    struct tree_pool *pool;
    struct sources *sources;
    unsigned source;
    yaml_parser_t parser;
};

static struct mark builder_mark(const struct builder *b, yaml_mark_t m)
{
    size_t skip = m.line == 0 ? b->sources->list[b->source].value_at : 0;
    return (struct mark){b->source, (uint32_t)m.line + 1, (uint32_t)(m.column + skip) + 1};
}

static int builder_no_memory(struct builder *b)
{
    return complain_at_start(b->sources, b->source, "out of memory");
}

/* libyaml's own complaint: its texts are fine, its context tells where the mistake began. */
static int builder_syntax(struct builder *b)
{
    const yaml_parser_t *p = &b->parser;
    struct mark at = builder_mark(b, p->problem_mark);
    if (p->error == YAML_MEMORY_ERROR)
        return builder_no_memory(b);
    if (p->error == YAML_READER_ERROR) /* source_scan refuses these first */
        return complain_at_start(b->sources, b->source, "not text: %s", p->problem);
    if (p->context && p->context_mark.line != p->problem_mark.line)
        return complain(b->sources, at, "not YAML: %s (%s that begins on line %zu)", p->problem, p->context,
                        p->context_mark.line + 1);
    if (p->context)
        return complain(b->sources, at, "not YAML: %s (%s)", p->problem, p->context);
    return complain(b->sources, at, "not YAML: %s", p->problem);
}

/* The next event; the caller deletes it. 0 or -1. */
static int builder_next(struct builder *b, yaml_event_t *event)
{
    if (!yaml_parser_parse(&b->parser, event))
        return builder_syntax(b);
    return 0;
}

static int refuse_decoration(struct builder *b, const yaml_event_t *event, const yaml_char_t *anchor,
                             const yaml_char_t *tag)
{
    struct mark at = builder_mark(b, event->start_mark);
    if (anchor)
        return complain(b->sources, at, "anchors (&%.40s) are not used in scenarios: write the value out",
                        (const char *)anchor);
    if (tag)
        return complain(b->sources, at, "tags (!...) are not used in scenarios: the key decides what its value is");
    return 0;
}

static int build_value(struct builder *b, yaml_event_t *event, unsigned depth, struct tree **out);

static int build_scalar(struct builder *b, const yaml_event_t *event, struct tree *node)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t len = event->data.scalar.length;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return complain(b->sources, node->at,
                            "a value is one line of text: this one holds a line break or control character");
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    node->text = pool_text(b->pool, text, len);
    return node->text ? 0 : builder_no_memory(b);
}

static int build_list(struct builder *b, struct tree *node, unsigned depth)
{
    for (;;) {
        yaml_event_t event;
        if (builder_next(b, &event))
            return -1;
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            return 0;
        }
        struct tree *item;
        if (build_value(b, &event, depth + 1, &item))
            return -1;
        tree_append(node, item);
    }
}

static int build_key(struct builder *b, const yaml_event_t *event, const struct tree *map, struct tree *key)
{
    char q[QUOTED_MAX];
    if (event->type == YAML_MAPPING_START_EVENT || event->type == YAML_SEQUENCE_START_EVENT)
        return complain(b->sources, builder_mark(b, event->start_mark), "a key is a word, not a mapping or list");
    if (build_scalar(b, event, key))
        return -1;
    if (strcmp(key->text, "<<") == 0)
        return complain(b->sources, key->at, "merge keys (<<) are not used in scenarios: write the values out");
    const struct tree *twin = tree_child(map, key->text, strlen(key->text));
    if (twin)
        return complain(b->sources, key->at, "duplicate key %s: first on line %u", quoted(q, key->text),
                        twin->key_at.line);
    return 0;
}

/* Anchors, aliases and kinds are checked in build_value's way: a key is built as a value first. */
static int build_map(struct builder *b, struct tree *node, unsigned depth)
{
    for (;;) {
        yaml_event_t event;
        if (builder_next(b, &event))
            return -1;
        if (event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            return 0;
        }
        struct tree key = {.at = builder_mark(b, event.start_mark)};
        int failed = event.type == YAML_ALIAS_EVENT
                         ? complain(b->sources, key.at,
                                    "aliases (*name) are not used in scenarios: write the value out")
                     : event.type == YAML_SCALAR_EVENT &&
                             refuse_decoration(b, &event, event.data.scalar.anchor, event.data.scalar.tag)
                         ? -1
                         : build_key(b, &event, node, &key);
        yaml_event_delete(&event);
        struct tree *value;
        if (failed || builder_next(b, &event) || build_value(b, &event, depth + 1, &value))
            return -1;
        value->key = key.text;
        value->key_at = key.at;
        tree_append(node, value);
    }
}

/* One value from its first event on, which is consumed. */
static int build_value(struct builder *b, yaml_event_t *event, unsigned depth, struct tree **out)
{
    struct mark at = builder_mark(b, event->start_mark);
    enum tree_kind kind = TREE_SCALAR;
    int failed = 0;
    switch ((int)event->type) {
    case YAML_SCALAR_EVENT:
        failed = refuse_decoration(b, event, event->data.scalar.anchor, event->data.scalar.tag);
        break;
    case YAML_MAPPING_START_EVENT:
        kind = TREE_MAP;
        failed = refuse_decoration(b, event, event->data.mapping_start.anchor, event->data.mapping_start.tag);
        break;
    case YAML_SEQUENCE_START_EVENT:
        kind = TREE_LIST;
        failed = refuse_decoration(b, event, event->data.sequence_start.anchor, event->data.sequence_start.tag);
        break;
    default: failed = complain(b->sources, at, "aliases (*name) are not used in scenarios: write the value out");
    }
    if (!failed && depth > TREE_DEPTH_MAX)
        failed = complain(b->sources, at, "nested more than %u levels deep", TREE_DEPTH_MAX);
    if (!failed && b->pool->nodes >= TREE_NODES_MAX)
        failed = complain(b->sources, at, "more than %u values", TREE_NODES_MAX);
    struct tree *node = failed ? NULL : pool_node(b->pool, kind, at);
    if (!failed && !node)
        failed = builder_no_memory(b);
    if (!failed && kind == TREE_SCALAR)
        failed = build_scalar(b, event, node);
    yaml_event_delete(event);
    if (failed)
        return -1;
    *out = node;
    return kind == TREE_MAP ? build_map(b, node, depth) : kind == TREE_LIST ? build_list(b, node, depth) : 0;
}

/* The one document of the stream. */
static int build_document(struct builder *b, struct tree **out)
{
    for (;;) {
        yaml_event_t event;
        if (builder_next(b, &event))
            return -1;
        yaml_event_type_t type = event.type;
        struct mark at = builder_mark(b, event.start_mark);
        if (type == YAML_STREAM_START_EVENT || type == YAML_DOCUMENT_END_EVENT) {
            yaml_event_delete(&event);
            continue;
        }
        if (type == YAML_STREAM_END_EVENT) {
            yaml_event_delete(&event);
            if (!*out && b->source != SOURCE_FILE)
                return complain_at_start(b->sources, b->source, "no value behind the =");
            return *out ? 0
                        : complain_at_start(b->sources, b->source, "empty: a scenario begins with \"reloadsim: 1\"");
        }
        if (type == YAML_DOCUMENT_START_EVENT) {
            yaml_event_delete(&event);
            if (*out)
                return complain(b->sources, at, "a second document: one file holds one scenario");
            continue;
        }
        if (build_value(b, &event, 1, out))
            return -1;
    }
}

struct tree *tree_parse(struct tree_pool *pool, struct sources *sources, unsigned index)
{
    const struct source *s = &sources->list[index];
    struct builder b = {.pool = pool, .sources = sources, .source = index};
    struct tree *root = NULL;
    if (s->len > TREE_BYTES_MAX) {
        complain_at_start(sources, index, "larger than %u KiB", TREE_BYTES_MAX / 1024);
        return NULL;
    }
    if (source_scan(sources, index))
        return NULL;
    if (!yaml_parser_initialize(&b.parser)) {
        builder_no_memory(&b);
        return NULL;
    }
    yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&b.parser, (const unsigned char *)s->text + s->value_at, s->len - s->value_at);
    int failed = build_document(&b, &root);
    yaml_parser_delete(&b.parser);
    return failed ? NULL : root;
}

/* ---- Finding and setting. ---- */

struct tree *tree_child(const struct tree *map, const char *key, size_t len)
{
    for (struct tree *c = map->first; c; c = c->next)
        if (c->key && strlen(c->key) == len && memcmp(c->key, key, len) == 0)
            return c;
    return NULL;
}

static struct tree *tree_item(const struct tree *list, unsigned long index)
{
    struct tree *c = list->first;
    while (c && index--)
        c = c->next;
    return c;
}

/* One step of a path: a key, or "[n]". */
struct step {
    const char *at;
    size_t len;
    bool item;
    unsigned long index;
};

/* Takes the next step off *path; false at the end or at something that is no step. */
static bool step_next(const char **path, const char *end, struct step *step)
{
    const char *p = *path;
    *step = (struct step){.at = p};
    if (p < end && *p == '[') {
        step->item = true;
        for (p++; p < end && *p >= '0' && *p <= '9' && step->index < TREE_NODES_MAX; p++)
            step->index = step->index * 10 + (unsigned long)(*p - '0');
        if (p == end || *p != ']' || p == step->at + 1)
            return false;
        p++;
    } else {
        while (p < end && *p != '.' && *p != '[')
            p++;
    }
    step->len = (size_t)(p - step->at);
    if (p < end && *p == '.')
        p++;
    *path = p;
    return step->len > 0;
}

const struct tree *tree_nearest(const struct tree *root, const char *path)
{
    const char *end = path + strlen(path);
    struct step step;
    while (path < end && step_next(&path, end, &step)) {
        const struct tree *next = step.item ? tree_item(root, step.index) : tree_child(root, step.at, step.len);
        if (!next)
            break;
        root = next;
    }
    return root;
}

/* The node that a step of a --set leads to, made if missing: a word ("churn: none") gives way to a mapping. */
static struct tree *set_descend(struct tree_pool *pool, struct tree *from, const struct step *step, struct mark at)
{
    if (from->kind == TREE_SCALAR)
        *from = (struct tree){.kind = step->item ? TREE_LIST : TREE_MAP,
                              .at = from->at,
                              .key_at = from->key_at,
                              .key = from->key,
                              .text = "",
                              .next = from->next};
    if (from->kind != (step->item ? TREE_LIST : TREE_MAP))
        return NULL;
    struct tree *child = step->item ? tree_item(from, step->index) : tree_child(from, step->at, step->len);
    if (child)
        return child;
    if (step->item && step->index > 0 && !tree_item(from, step->index - 1))
        return NULL;
    child = pool_node(pool, TREE_SCALAR, at);
    if (!child)
        return NULL;
    child->key = step->item ? NULL : pool_text(pool, step->at, step->len);
    tree_append(from, child);
    return child;
}

int tree_set(struct tree_pool *pool, struct sources *sources, unsigned index, struct tree *root)
{
    struct source *s = &sources->list[index];
    const char *equals = memchr(s->text, '=', s->len), *path = s->text;
    char q[QUOTED_MAX], part[64];
    if (!equals || equals == s->text)
        return complain_at_start(sources, index, "write KEY=VALUE, for example --set overlay.peers=2k");
    s->value_at = (size_t)(equals - s->text) + 1;
    struct tree *value = tree_parse(pool, sources, index), *node = root;
    if (!value)
        return -1;
    struct mark key_at = {index, 1, 1};
    while (path < equals) {
        struct step step;
        key_at.column = (uint32_t)(path - s->text) + 1;
        if (!step_next(&path, equals, &step))
            return complain(sources, key_at, "not a key: keys are words joined by points, list items are [0], [1] ...");
        struct tree *next = set_descend(pool, node, &step, key_at);
        snprintf(part, sizeof part, "%.*s", (int)step.len, step.at);
        if (!next)
            return complain(sources, key_at, "there is no %s to set here", quoted(q, part));
        node = next;
    }
    *node = (struct tree){.kind = value->kind,
                          .quoted = value->quoted,
                          .at = value->at,
                          .key_at = key_at,
                          .key = node->key,
                          .text = value->text,
                          .first = value->first,
                          .last = value->last,
                          .next = node->next};
    return 0;
}

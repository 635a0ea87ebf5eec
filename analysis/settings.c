/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/settings.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "analysis/memory.h"

#define DEPTH_MOST 32

static void add(struct settings *s, const char *key, const char *value)
{
    s->list = memory_grown(s->list, s->n + 1, sizeof *s->list);
    s->list[s->n++] = (struct setting){memory_text(key), memory_text(value)};
}

static void flatten(struct settings *s, yaml_document_t *d, const yaml_node_t *node, const char *path, unsigned depth)
{
    if (!node || depth > DEPTH_MOST)
        return;
    switch (node->type) {
    case YAML_SCALAR_NODE: add(s, path, (const char *)node->data.scalar.value); break;
    case YAML_SEQUENCE_NODE:
        for (const yaml_node_item_t *i = node->data.sequence.items.start; i < node->data.sequence.items.top; i++) {
            char *key = memory_format("%s[%td]", path, i - node->data.sequence.items.start);
            flatten(s, d, yaml_document_get_node(d, *i), key, depth + 1);
            free(key);
        }
        break;
    case YAML_MAPPING_NODE:
        for (const yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++) {
            const yaml_node_t *name = yaml_document_get_node(d, p->key);
            if (!name || name->type != YAML_SCALAR_NODE)
                continue;
            char *key = memory_format("%s%s%s", path, path[0] ? "." : "", (const char *)name->data.scalar.value);
            flatten(s, d, yaml_document_get_node(d, p->value), key, depth + 1);
            free(key);
        }
        break;
    case YAML_NO_NODE: break;
    }
}

int settings_read(struct settings *s, const char *text)
{
    yaml_parser_t parser;
    yaml_document_t document;
    *s = (struct settings){NULL, 0};
    if (!yaml_parser_initialize(&parser))
        return -1;
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, strlen(text));
    int good = yaml_parser_load(&parser, &document);
    if (good) {
        flatten(s, &document, yaml_document_get_root_node(&document), "", 0);
        yaml_document_delete(&document);
    }
    yaml_parser_delete(&parser);
    return good ? 0 : -1;
}

void settings_free(struct settings *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->list[i].key);
        free(s->list[i].value);
    }
    free(s->list);
    *s = (struct settings){NULL, 0};
}

const char *settings_value(const struct settings *s, const char *key)
{
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->list[i].key, key) == 0)
            return s->list[i].value;
    return NULL;
}

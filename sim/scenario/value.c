/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/scenario/value.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "sim/scenario/date.h"
#include "sim/scenario/law_text.h"
#include "sim/scenario/nearest.h"
#include "sim/scenario/preset.h"

/* ---- Fields of any width. ---- */

static uint64_t field_limit(size_t size)
{
    return size >= 8 ? UINT64_MAX : (UINT64_C(1) << (8 * size)) - 1;
}

static void field_put(void *field, size_t size, uint64_t value)
{
    assert(value <= field_limit(size) || size == 0);
    switch (size) {
    case 1: *(uint8_t *)field = (uint8_t)value; break;
    case 2: *(uint16_t *)field = (uint16_t)value; break;
    case 4: *(uint32_t *)field = (uint32_t)value; break;
    case 8: *(uint64_t *)field = value; break;
    default: assert(size == 0);
    }
}

static uint64_t field_get(const void *field, size_t size)
{
    switch (size) {
    case 1: return *(const uint8_t *)field;
    case 2: return *(const uint16_t *)field;
    case 4: return *(const uint32_t *)field;
    case 8: return *(const uint64_t *)field;
    default: return 0;
    }
}

static void *field_of(const struct key *key, void *base)
{
    return (char *)base + key->offset;
}

bool value_present(const struct key *key, const void *base)
{
    const char *field = (const char *)base + key->offset;
    for (size_t i = 0; i < key->size; i++)
        if (field[i])
            return true;
    return false;
}

/* ---- Reading. ---- */

static const struct word *word_find(const struct word *words, const char *text)
{
    for (; words && words->name; words++)
        if (strcmp(words->name, text) == 0)
            return words;
    return NULL;
}

static int refuse_word(struct sources *sources, const struct key *key, const struct tree *node, const char *name)
{
    struct nearest near;
    char q[QUOTED_MAX], type[160];
    nearest_begin(&near, node->text);
    for (const struct word *w = key->words; w->name; w++)
        if (!w->refuse)
            nearest_offer(&near, w->name);
    if (near.best)
        return complain(sources, node->at, "%s is %s: did you mean %s?", name, quoted(q, node->text), near.best);
    return complain(sources, node->at, "%s is %s, not %s", name, schema_type_text(key, type, sizeof type),
                    quoted(q, node->text));
}

static int read_word(struct sources *sources, const struct key *key, const struct tree *node, const char *name,
                     void *base)
{
    const struct word *word = word_find(key->words, node->text);
    if (!word)
        return refuse_word(sources, key, node, name);
    if (word->refuse)
        return complain(sources, node->at, "not in this version: %s: %s (%s)", name, word->name, word->refuse);
    field_put(field_of(key, base), key->size, word->value);
    return 0;
}

static int read_quantity(struct sources *sources, const struct key *key, const struct tree *node, const char *name,
                         void *base)
{
    struct quantity q;
    char why[160], range[112];
    uint64_t scale = key->scale ? key->scale : 1;
    bool wordy = (node->text[0] < '0' || node->text[0] > '9') && node->text[0] != '-';
    if (key->words && (wordy || word_find(key->words, node->text)))
        return read_word(sources, key, node, name, base);
    int failed = quantity_parse(key->unit, node->text, &q, why, sizeof why);
    if (failed == -1)
        return complain(sources, node->at, "%s %s", name, why);
    if (failed || q.real < key->min || q.real > key->max)
        return complain(sources, node->at, "%s must be %s", name, schema_range_text(key, range, sizeof range));
    if (key->type == KEY_REAL) {
        memcpy(field_of(key, base), &q.real, sizeof q.real);
        return 0;
    }
    if ((!q.is_whole && key->unit != UNIT_TIME) || q.whole % scale)
        return complain(sources, node->at, "%s must be a whole number%s", name,
                        key->unit == UNIT_TIME ? " of seconds" : "");
    assert(q.whole / scale <= field_limit(key->size) || key->size == 0);
    field_put(field_of(key, base), key->size, q.whole / scale);
    return 0;
}

static int read_text(struct sources *sources, const struct key *key, const struct tree *node, const char *name,
                     void *base)
{
    size_t len = strlen(node->text);
    if (len >= key->size)
        return complain(sources, node->at, "%s is longer than %zu bytes", name, key->size - 1);
    memset(field_of(key, base), 0, key->size);
    memcpy(field_of(key, base), node->text, len);
    return 0;
}

static int read_bool(struct sources *sources, const struct key *key, const struct tree *node, const char *name,
                     void *base)
{
    char q[QUOTED_MAX];
    bool yes = strcmp(node->text, "true") == 0;
    if (!yes && strcmp(node->text, "false") != 0)
        return complain(sources, node->at, "%s is true or false, not %s", name, quoted(q, node->text));
    field_put(field_of(key, base), key->size, yes);
    return 0;
}

static int read_date(struct sources *sources, const struct key *key, const struct tree *node, const char *name,
                     void *base)
{
    char q[QUOTED_MAX];
    uint64_t ms;
    if (!date_parse(node->text, &ms))
        return complain(sources, node->at, "%s is a date as 2009-10-19 or 2009-10-19T06:00:00Z, not %s", name,
                        quoted(q, node->text));
    field_put(field_of(key, base), key->size, ms);
    return 0;
}

static int read_preset(struct sources *sources, const struct key *key, const struct tree *node, const char *name,
                       void *base)
{
    struct nearest near;
    char q[QUOTED_MAX];
    nearest_begin(&near, node->text);
    for (size_t i = 0; i < churn_presets_count; i++)
        nearest_offer(&near, churn_presets[i].name);
    if (churn_preset_find(node->text))
        return read_text(sources, key, node, name, base);
    if (near.best)
        return complain(sources, node->at, "unknown preset %s: did you mean %s?", quoted(q, node->text), near.best);
    return complain(sources, node->at, "unknown preset %s: `reloadsim explain presets` lists them",
                    quoted(q, node->text));
}

int value_read(struct sources *sources, const struct key *key, const struct tree *node, const char *name, void *base)
{
    char type[160];
    if (key->type == KEY_LAW)
        return law_read(sources, key, node, name, field_of(key, base));
    if (node->kind != TREE_SCALAR)
        return complain(sources, node->at, "%s is %s, not a %s", name, schema_type_text(key, type, sizeof type),
                        node->kind == TREE_MAP ? "mapping" : "list");
    if (!node->text[0] && !node->quoted)
        return complain(sources, node->at, "%s has no value", name);
    switch (key->type) {
    case KEY_QUANTITY:
    case KEY_REAL: return read_quantity(sources, key, node, name, base);
    case KEY_WORD: return read_word(sources, key, node, name, base);
    case KEY_BOOL: return read_bool(sources, key, node, name, base);
    case KEY_TEXT: return read_text(sources, key, node, name, base);
    case KEY_DATE: return read_date(sources, key, node, name, base);
    case KEY_PRESET: return read_preset(sources, key, node, name, base);
    case KEY_LAW:
    case KEY_MAP:
    case KEY_FAULTS:
    case KEY_SET:
    case KEY_CHECKS: break;
    }
    assert(0 && "mappings and lists are read by their walker");
    return -1;
}

void value_default(const struct key *key, void *base)
{
    struct sources none = {.list = {{.name = "default"}}};
    struct tree node = {.kind = TREE_SCALAR, .text = key->fallback, .quoted = true};
    assert(key->fallback);
    if (!key->fallback[0])
        memset(field_of(key, base), 0, key->size); /* nothing, where a preset or text may stand */
    else if (value_read(&none, key, &node, key->path, base))
        assert(0 && "the schema's default does not pass its own check");
}

/* ---- Printing. ---- */

void value_print_text(const char *text, char *out, size_t cap)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-";
    size_t len = 0;
    if (text[0] && text[0] != '-' && text[strspn(text, safe)] == 0) {
        snprintf(out, cap, "%s", text);
        return;
    }
    out[len++] = '\'';
    for (; *text && len + 4 < cap; text++) {
        if (*text == '\'')
            out[len++] = '\'';
        out[len++] = *text;
    }
    out[len++] = '\'';
    out[len] = 0;
}

const char *value_print(const struct key *key, const void *base, char out[VALUE_TEXT_MAX])
{
    const char *field = (const char *)base + key->offset;
    bool textual = key->type == KEY_TEXT || key->type == KEY_PRESET;
    uint64_t whole = textual || key->type == KEY_LAW ? 0 : field_get(field, key->size);
    double real;
    out[0] = 0;
    for (const struct word *w = key->words; w && w->name; w++)
        if (w->value == whole && !w->refuse)
            return memcpy(out, w->name, strlen(w->name) + 1);
    if (textual) {
        value_print_text(field, out, VALUE_TEXT_MAX);
    } else if (key->type == KEY_LAW) {
        law_print((const struct law *)(const void *)field, out, VALUE_TEXT_MAX);
    } else if (key->type == KEY_BOOL) {
        snprintf(out, VALUE_TEXT_MAX, "%s", whole ? "true" : "false");
    } else if (key->type == KEY_DATE) {
        date_print(whole, out, VALUE_TEXT_MAX);
    } else if (key->type == KEY_REAL) {
        memcpy(&real, field, sizeof real);
        quantity_print_real(key->unit, real, out, VALUE_TEXT_MAX);
    } else if (key->size == 0) {
        quantity_print_whole(key->unit, (uint64_t)key->min, out, VALUE_TEXT_MAX);
    } else {
        quantity_print_whole(key->unit, whole * (key->scale ? key->scale : 1), out, VALUE_TEXT_MAX);
    }
    return out;
}

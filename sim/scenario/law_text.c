/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/scenario/law_text.h"

#include <stdio.h>
#include <string.h>

#include "sim/scenario/nearest.h"

static double *parameter_of(struct law *law, unsigned i)
{
    return i == 0 ? &law->a : &law->b;
}

static int read_number(struct sources *sources, const struct tree *node, const char *name, enum unit_class unit,
                       double min, double max, double *out)
{
    struct quantity q;
    char why[160], from[48], to[48];
    if (node->kind != TREE_SCALAR)
        return complain(sources, node->at, "%s is %s, not a mapping or list", name, unit_class_name(unit));
    if (!node->text[0])
        return complain(sources, node->at, "%s has no value", name);
    if (quantity_parse(unit, node->text, &q, why, sizeof why))
        return complain(sources, node->at, "%s %s", name, why);
    if (q.real < min || q.real > max) {
        quantity_print_real(unit, min, from, sizeof from);
        quantity_print_real(unit, max, to, sizeof to);
        return complain(sources, node->at, "%s must be %s to %s", name, from, to);
    }
    *out = q.real;
    return 0;
}

static int read_parameters(struct sources *sources, const struct law_form *form, const struct tree *map,
                           const char *name, struct law *law)
{
    bool given[2] = {false, false};
    char full[160];
    if (map->kind != TREE_MAP)
        return complain(sources, map->at, "%s.%s needs its parameters: write {%s: ...}", name, form->name,
                        form->parameter[0].name);
    for (const struct tree *c = map->first; c; c = c->next) {
        unsigned i = 0;
        while (i < 2 && (!form->parameter[i].name || strcmp(form->parameter[i].name, c->key) != 0))
            i++;
        if (i == 2 && form->parameter[1].name)
            return complain(sources, c->key_at, "%s has the parameters %s and %s, not \"%.40s\"", form->name,
                            form->parameter[0].name, form->parameter[1].name, c->key);
        if (i == 2)
            return complain(sources, c->key_at, "%s has the parameter %s, not \"%.40s\"", form->name,
                            form->parameter[0].name, c->key);
        const struct law_parameter *p = &form->parameter[i];
        snprintf(full, sizeof full, "%s.%s.%s", name, form->name, p->name);
        if (read_number(sources, c, full, p->unit, p->min, p->max, parameter_of(law, i)))
            return -1;
        given[i] = true;
    }
    for (unsigned i = 0; i < 2; i++)
        if (form->parameter[i].name && !given[i])
            return complain(sources, map->at, "%s.%s.%s is missing", name, form->name, form->parameter[i].name);
    if (law->kind == LAW_UNIFORM && !(law->a < law->b))
        return complain(sources, map->at, "%s.uniform: from must be below to", name);
    return 0;
}

static int read_form(struct sources *sources, const struct tree *node, const char *name, struct law *law)
{
    struct nearest near;
    char full[160];
    if (node->kind != TREE_MAP || !node->first || node->first->next)
        return complain(sources, node->at, "%s is a time or one law, as in 600 s or {exponential: {mean: 600 s}}",
                        name);
    const struct tree *c = node->first;
    nearest_begin(&near, c->key);
    for (size_t i = 0; i < law_forms_count; i++) {
        const struct law_form *form = &law_forms[i];
        nearest_offer(&near, form->name);
        if (strcmp(form->name, c->key) != 0)
            continue;
        *law = (struct law){.kind = (enum law_kind)form->kind};
        snprintf(full, sizeof full, "%s.%s", name, form->name);
        if (form->kind == LAW_FIXED)
            return read_number(sources, c, full, UNIT_TIME, 0, form->parameter[0].max, &law->a);
        return read_parameters(sources, form, c, name, law);
    }
    if (near.best)
        return complain(sources, c->key_at, "unknown law \"%.40s\" for %s: did you mean %s?", c->key, name, near.best);
    return complain(sources, c->key_at,
                    "unknown law \"%.40s\" for %s: there are fixed, uniform, exponential, weibull, lognormal, pareto",
                    c->key, name);
}

int law_read(struct sources *sources, const struct key *key, const struct tree *node, const char *name, struct law *law)
{
    char range[112];
    struct law read = {.kind = LAW_FIXED};
    if (node->kind == TREE_SCALAR ? read_number(sources, node, name, UNIT_TIME, key->min, key->max, &read.a)
                                  : read_form(sources, node, name, &read))
        return -1;
    double largest = read.kind == LAW_UNIFORM ? read.b : read.a, least = read.a;
    if (least < key->min || largest > key->max)
        return complain(sources, node->at, "%s: times of its law must be in %s", name,
                        schema_range_text(key, range, sizeof range));
    *law = read;
    return 0;
}

void law_print(const struct law *law, char *out, size_t cap)
{
    const struct law_form *form = NULL;
    char text[2][48];
    for (size_t i = 0; i < law_forms_count; i++)
        if (law_forms[i].kind == (int)law->kind)
            form = &law_forms[i];
    if (!form) {
        snprintf(out, cap, "none");
        return;
    }
    quantity_print_real(form->parameter[0].unit, law->a, text[0], sizeof text[0]);
    quantity_print_real(form->parameter[1].unit, law->b, text[1], sizeof text[1]);
    if (law->kind == LAW_FIXED)
        snprintf(out, cap, "%s", text[0]);
    else if (form->parameter[1].name)
        snprintf(out, cap, "{%s: {%s: %s, %s: %s}}", form->name, form->parameter[0].name, text[0],
                 form->parameter[1].name, text[1]);
    else
        snprintf(out, cap, "{%s: {%s: %s}}", form->name, form->parameter[0].name, text[0]);
}

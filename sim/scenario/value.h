/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One value of a key: from a node of the tree into its field, and from the field to text. */
#ifndef SIM_SCENARIO_VALUE_H
#define SIM_SCENARIO_VALUE_H

#include "sim/scenario/schema.h"
#include "sim/scenario/tree.h"

#define VALUE_TEXT_MAX 640

/* Reads node as the row says; base is what the row's offset counts from; name is the full name for messages ("faults[2].at"). 0, or -1 after a complaint. */
int value_read(struct sources *, const struct key *, const struct tree *node, const char *name, void *base);
/* Sets the field to the row's default. */
void value_default(const struct key *, void *base);
/* Text of the field, as a file would have it. Returns out. */
const char *value_print(const struct key *, const void *base, char out[VALUE_TEXT_MAX]);

/* The field holds anything but zero bytes: of an optional mapping, whether it is there; of a key that must be given, whether it was. */
bool value_present(const struct key *, const void *base);

/* A text as YAML: plain where that is safe, else in single quotes. */
void value_print_text(const char *text, char *out, size_t cap);

#endif

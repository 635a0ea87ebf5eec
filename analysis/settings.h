/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A resolved scenario as a flat list of keys and values ("overlay.link.mtu", "1435 B"; "faults[0].at", "8 min"), to tell what two runs were asked. */
#ifndef ANALYSIS_SETTINGS_H
#define ANALYSIS_SETTINGS_H

#include <stddef.h>

struct setting {
    char *key, *value;
};

struct settings {
    struct setting *list; /* in the order of the text */
    size_t n;
};

/* 0, or -1 when the text is no YAML. Free in both cases. */
int settings_read(struct settings *, const char *yaml);
void settings_free(struct settings *);
const char *settings_value(const struct settings *, const char *key); /* NULL: no such key */

#endif

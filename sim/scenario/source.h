/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The texts that a scenario is made of (the file, then one per --set), places in them, and the one complaint that a failed load leaves behind:
 * "file:line:col: what", the line, a caret. The first complaint wins; later ones are ignored. */
#ifndef SIM_SCENARIO_SOURCE_H
#define SIM_SCENARIO_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SETS_MAX    256
#define SOURCE_FILE 0u /* index of the scenario's own text; the sets follow */

/* A character of a source; line and column count from 1, columns in characters as editors do. */
struct mark {
    unsigned source;
    uint32_t line, column;
};

struct source {
    const char *name; /* file name; NULL for a --set, whose text is its name */
    const char *text;
    size_t len;
    size_t value_at; /* where the YAML begins: behind the '=' of a --set */
};

struct sources {
    struct source list[1 + SETS_MAX];
    unsigned count;
    bool failed;
    char *error;
    size_t error_cap;
};

/* Both return -1, for `return complain(...)`. complain_at_start: about a source as a whole, without line and caret. */
__attribute__((format(printf, 3, 4))) int complain(struct sources *, struct mark, const char *format, ...);
__attribute__((format(printf, 3, 4))) int complain_at_start(struct sources *, unsigned source, const char *format, ...);

/* Refuses what is not clean UTF-8 text: NUL and control characters, invalid sequences, unusual line ends, tabs that indent. 0 or -1. */
int source_scan(struct sources *, unsigned source);

/* Bytes from outside, as a file's name, made text that source_scan lets pass: what is none becomes _, and it is cut behind a character, not in one. */
void source_clean(char *out, size_t cap, const char *bytes, size_t len);

/* Text from a scenario inside double quotes for a message: shortened, nothing unprintable. Returns out. */
#define QUOTED_MAX 72
const char *quoted(char out[QUOTED_MAX], const char *text);

#endif

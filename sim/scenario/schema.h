/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The grammar of scenarios as one table: path, type, unit, range, default, help and the field of struct scenario. Reader, writer, `explain`, the
 * reference page and shell completion all come from it, so that a key is added by adding a row. Also for sim/cli.
 *
 * Paths join keys by points; "faults[]" stands for any item of the list. Offsets are into struct scenario, below "faults[]" into struct fault. */
#ifndef SIM_SCENARIO_SCHEMA_H
#define SIM_SCENARIO_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/scenario/quantity.h"

#define PATH_MAX_BYTES 96

enum key_type {
    KEY_MAP,      /* a mapping; with `absent`, that word may stand instead */
    KEY_QUANTITY, /* a whole number, with unit as its class says; `words` may stand instead */
    KEY_REAL,     /* a share or number kept as double */
    KEY_WORD,     /* one of `words` */
    KEY_BOOL,
    KEY_TEXT,
    KEY_LAW,    /* an interval, or a distribution of intervals */
    KEY_DATE,   /* 2009-10-19 or 2009-10-19T12:00:00Z */
    KEY_PRESET, /* name of a churn preset */
    KEY_FAULTS, /* list of struct fault */
    KEY_SET,    /* one other key and its new value, in struct fault */
    KEY_CHECKS  /* list of struct check */
};

struct word {
    const char *name; /* NULL ends the list */
    uint64_t value;
    const char *refuse; /* known, but not in this version: what it would be */
};

struct key {
    const char *path;
    enum key_type type;
    enum unit_class unit;
    double min, max;      /* of the base unit; of a law: its fixed time, mean, scale, median or least */
    const char *fallback; /* default as written in a file; NULL: must be given, or for a mapping, its keys' defaults */
    const char *absent;   /* mapping: word that says there is none */
    const struct word *words;
    size_t offset,
        size; /* field; of a mapping with `absent`: the field that is all zero when absent; size 0: nothing is kept */
    uint64_t scale;      /* times: ns of one stored unit, 0 = 1 */
    unsigned models;     /* bit (1 << enum latency_model) of the network models that have this key; 0 = no matter */
    unsigned protocols;  /* bit (1 << enum overlay_protocol) of the protocols that have this key; 0 = all. Of a mapping: its keys too */
    bool running;        /* may change in a run that goes on from a checkpoint (change.h) */
    bool early;          /* read before its neighbours: their meaning depends on it */
    const char *help;    /* sentences */
    const char *example; /* a value; NULL = the default is example enough */
};

extern const struct key schema[];
extern const size_t schema_count;

const struct key *schema_find(const char *path);
/* The row is a direct child of the group ("" = top level): its own name, else NULL. */
const char *schema_child_name(const struct key *, const char *group);
/* Key that was probably meant by `name` in `group`: a neighbour ("peers"), else a full path elsewhere. NULL if nothing is close. */
const char *schema_suggest(const char *group, const char *name);

/* Range, type and words of a row as text, for messages and help. Return out. */
const char *schema_type_text(const struct key *, char *out, size_t cap);
const char *schema_range_text(const struct key *, char *out, size_t cap);

/* Forms of a law: {name: {parameter: value}}. */
struct law_parameter {
    const char *name; /* NULL: unused */
    enum unit_class unit;
    double min, max;
};
struct law_form {
    const char *name;
    int kind;                          /* enum law_kind */
    struct law_parameter parameter[2]; /* of struct law: a, b */
    const char *help;
};
extern const struct law_form law_forms[];
extern const size_t law_forms_count;

#endif

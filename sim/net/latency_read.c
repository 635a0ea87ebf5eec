/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reader of coordinate files. Columns are found by their names in the first line that is no comment, so a file may hold others too. */
#include "sim/net/latency.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/net/lines.h"

#define LINE_BYTES_MAX 4096
#define FIELDS_MAX 64
#define COORDINATE_MS_MAX 1e5   /* 100 s: no round trip on earth, but the sums stay far from any limit */
#define WEIGHT_MAX 1e12

enum column { COLUMN_X, COLUMN_Y, COLUMN_Z, COLUMN_HEIGHT, COLUMN_LATITUDE, COLUMN_LONGITUDE, COLUMN_WEIGHT, COLUMNS };

/* What a column is called, whether a file must have it, whether a field of it may be empty, its range, and what stands for what is not there. */
static const struct column_rule {
    const char *name;
    bool needed, may_be_empty;
    double least, most, otherwise;
} column_rules[COLUMNS] = {
    [COLUMN_X] = {"x_ms", true, false, -COORDINATE_MS_MAX, COORDINATE_MS_MAX, 0},
    [COLUMN_Y] = {"y_ms", true, false, -COORDINATE_MS_MAX, COORDINATE_MS_MAX, 0},
    [COLUMN_Z] = {"z_ms", false, false, -COORDINATE_MS_MAX, COORDINATE_MS_MAX, 0},
    [COLUMN_HEIGHT] = {"height_ms", false, false, 0, COORDINATE_MS_MAX, 0},
    [COLUMN_LATITUDE] = {"lat", false, true, -90, 90, 0},
    [COLUMN_LONGITUDE] = {"long", false, true, -180, 180, 0},
    [COLUMN_WEIGHT] = {"population", false, false, 0, WEIGHT_MAX, 1},
};

struct reader {
    struct lines in;
    char text[LINE_BYTES_MAX];
    char *field[FIELDS_MAX];
    unsigned fields;
    int column[COLUMNS];        /* index of the field, -1 = not in this file */
    int where;                  /* that of the one text column */
    unsigned width;             /* fields in the header */
};

/* Takes the quotes off a field that begins at *from, in place; moves *from behind the closing quote. */
static bool unquote(char **from, char *to)
{
    char *in = *from + 1;
    for (;; in++) {
        if (*in == '\0')
            return false;
        if (*in == '"' && *++in != '"')
            break;
        *to++ = *in;
    }
    *to = '\0';
    *from = in;
    return *in == '\0' || *in == ',';
}

static int split(struct reader *r)
{
    char *at = r->text;
    r->fields = 0;
    for (;;) {
        if (r->fields == FIELDS_MAX)
            return lines_fail(&r->in, "more than %d columns", FIELDS_MAX);
        char *start = at;
        r->field[r->fields++] = start;
        if (*at == '"') {
            if (!unquote(&at, start))
                return lines_fail(&r->in, "column %u: quotes do not match", r->fields);
        } else {
            at += strcspn(at, ",");
        }
        bool last = *at == '\0';
        *at++ = '\0';
        if (last)
            return 0;
    }
}

/* Next line, split into fields. 1, 0 at the end, -1 on error. */
static int read_row(struct reader *r)
{
    int got = lines_next(&r->in);
    return got > 0 && split(r) < 0 ? -1 : got;
}

static int read_header(struct reader *r)
{
    int got = read_row(r);
    if (got < 0)
        return -1;
    if (got == 0)
        return lines_fail(&r->in, "empty: a line with the names of the columns is needed");
    r->width = r->fields;
    r->where = -1;
    for (unsigned f = 0; f < r->fields; f++)
        if (strcmp(r->field[f], "where") == 0)
            r->where = (int)f;
    for (unsigned c = 0; c < COLUMNS; c++) {
        r->column[c] = -1;
        for (unsigned f = 0; f < r->fields; f++) {
            if (strcmp(r->field[f], column_rules[c].name) != 0)
                continue;
            if (r->column[c] >= 0)
                return lines_fail(&r->in, "two columns are called %s", column_rules[c].name);
            r->column[c] = (int)f;
        }
        if (r->column[c] < 0 && column_rules[c].needed)
            return lines_fail(&r->in, "no column is called %s; the first line names the columns", column_rules[c].name);
    }
    return 0;
}

static int read_number(struct reader *r, enum column c, double *value)
{
    const struct column_rule *rule = &column_rules[c];
    *value = rule->otherwise;
    if (r->column[c] < 0)
        return 0;
    const char *text = r->field[r->column[c]];
    if (text[0] == '\0' && rule->may_be_empty)
        return 0;
    char *end = NULL;
    *value = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(*value))
        return lines_fail(&r->in, "%s: \"%.40s\" is no number", rule->name, text);
    if (*value < rule->least || *value > rule->most)
        return lines_fail(&r->in, "%s: %.40s is not in %g to %g", rule->name, text, rule->least, rule->most);
    return 0;
}

static int read_place(struct reader *r, struct place *place)
{
    double value[COLUMNS];
    if (r->fields != r->width)
        return lines_fail(&r->in, "%u columns, but the first line names %u", r->fields, r->width);
    for (unsigned c = 0; c < COLUMNS; c++)
        if (read_number(r, (enum column)c, &value[c]) < 0)
            return -1;
    *place = (struct place){
        .x_ms = (float)value[COLUMN_X], .y_ms = (float)value[COLUMN_Y], .z_ms = (float)value[COLUMN_Z],
        .height_ms = (float)value[COLUMN_HEIGHT], .latitude = (float)value[COLUMN_LATITUDE],
        .longitude = (float)value[COLUMN_LONGITUDE], .weight = value[COLUMN_WEIGHT]};
    return 0;
}

static int read_places(struct reader *r, struct latency *l)
{
    unsigned room = 0;
    int got;
    while ((got = read_row(r)) > 0) {
        if (l->places == LATENCY_PLACES_MAX)
            return lines_fail(&r->in, "more than %u places", LATENCY_PLACES_MAX);
        if (l->places == room) {
            room = room ? 2 * room : 256;
            struct place *more = realloc(l->place, room * sizeof *more);
            if (!more)
                return lines_fail(&r->in, "out of memory");
            l->place = more;
            char (*where)[WHERE_BYTES] = realloc(l->where, room * sizeof *where);
            if (!where)
                return lines_fail(&r->in, "out of memory");
            l->where = where;
        }
        if (read_place(r, &l->place[l->places]) < 0)
            return -1;
        snprintf(l->where[l->places], WHERE_BYTES, "%s", r->where >= 0 ? r->field[r->where] : "");
        l->places++;
    }
    return got;
}

/* Shares from weights. Sums of whole numbers below 2^53 are exact, so the order of the file does not show. */
static int weigh(struct reader *r, struct latency *l)
{
    double total = 0;
    for (unsigned i = 0; i < l->places; i++)
        total += l->place[i].weight;
    if (!(total > 0))
        return lines_fail(&r->in, l->places ? "every population is 0" : "no places after the line with the names of the columns");
    l->cumulative = malloc(l->places * sizeof *l->cumulative);
    if (!l->cumulative)
        return lines_fail(&r->in, "out of memory");
    double sum = 0;
    for (unsigned i = 0; i < l->places; i++) {
        sum += l->place[i].weight;
        l->cumulative[i] = sum / total;
    }
    l->cumulative[l->places - 1] = 1;
    return 0;
}

int latency_load_coordinates(struct latency *l, const char *path, char *error, size_t error_cap)
{
    struct reader reader;
    l->place = NULL;
    l->rtt_us = NULL;
    l->cumulative = NULL;
    l->where = NULL;
    l->places = 0;
    if (lines_open(&reader.in, path, reader.text, sizeof reader.text, error, error_cap))
        return -1;
    int status = read_header(&reader);
    if (status == 0)
        status = read_places(&reader, l);
    if (status == 0)
        status = weigh(&reader, l);
    lines_close(&reader.in);
    if (status < 0)
        latency_free(l);
    return status;
}

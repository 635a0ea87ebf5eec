/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/scenario/trace.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define LINE_BYTES 512
#define FIELDS_MAX 16
#define WANTED_MAX 3

struct reader {
    gzFile file;
    const char *path;
    unsigned line;
    char text[LINE_BYTES];
    const char *field[FIELDS_MAX];
    unsigned fields, width;
    unsigned column[WANTED_MAX]; /* field of each column that is wanted */
    char *error;
    size_t error_cap;
};

__attribute__((format(printf, 2, 3))) static int fail(struct reader *r, const char *format, ...)
{
    char what[192], at[16] = "";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    if (r->line)
        snprintf(at, sizeof at, ":%u", r->line);
    snprintf(r->error, r->error_cap, "%s%s: %s", r->path, at, what);
    return -1;
}

/* 1; 0 at the end; -1. */
static int read_line(struct reader *r)
{
    int code = Z_OK;
    if (!gzgets(r->file, r->text, LINE_BYTES)) {
        const char *what = gzerror(r->file, &code);
        if (code == Z_OK || code == Z_STREAM_END)
            return 0;
        return fail(r, "cannot read on: %s", code == Z_ERRNO ? strerror(errno) : what);
    }
    r->line++;
    size_t len = strlen(r->text);
    if (len == 0 || (r->text[len - 1] != '\n' && !gzeof(r->file)))
        return fail(r, len + 1 == LINE_BYTES ? "line longer than %d bytes" : "zero byte in the text: not a CSV file",
                    LINE_BYTES - 2);
    while (len > 0 && (r->text[len - 1] == '\n' || r->text[len - 1] == '\r'))
        r->text[--len] = '\0';
    return 1;
}

static int read_row(struct reader *r)
{
    int got;
    do
        got = read_line(r);
    while (got > 0 && (r->text[0] == '\0' || r->text[0] == '#'));
    if (got <= 0)
        return got;
    char *p = r->text;
    for (r->fields = 0;;) {
        if (r->fields == FIELDS_MAX)
            return fail(r, "more than %d columns", FIELDS_MAX);
        r->field[r->fields++] = p;
        p += strcspn(p, ",");
        if (!*p)
            return 1;
        *p++ = '\0';
    }
}

static int read_header(struct reader *r, const char *const wanted[WANTED_MAX])
{
    int got = read_row(r);
    if (got <= 0)
        return got < 0 ? -1 : fail(r, "empty: a line with the names of the columns is needed");
    r->width = r->fields;
    for (unsigned k = 0; k < WANTED_MAX; k++) {
        for (r->column[k] = 0; r->column[k] < r->fields; r->column[k]++)
            if (strcmp(r->field[r->column[k]], wanted[k]) == 0)
                break;
        if (r->column[k] == r->fields)
            return fail(r, "no column is called %s; the first line names the columns", wanted[k]);
    }
    return 0;
}

static int read_count(struct reader *r, unsigned column, const char *name, uint64_t *out)
{
    const char *text = r->field[r->column[column]];
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 18 || text[digits])
        return fail(r, "%s: \"%.40s\" is no whole number", name, text);
    *out = strtoull(text, NULL, 10);
    return 0;
}

/* Decimal seconds with at most nine places, exactly. */
static int read_seconds(struct reader *r, unsigned column, const char *name, sim_time *out)
{
    const char *text = r->field[r->column[column]], *fraction = NULL;
    size_t digits = strspn(text, "0123456789"), places = 0;
    uint64_t ns = 0;
    if (text[digits] == '.') {
        fraction = text + digits + 1;
        places = strspn(fraction, "0123456789");
    }
    const char *end = fraction ? fraction + places : text + digits;
    if (digits == 0 || digits > 9 || (fraction && places == 0) || places > 9 || *end)
        return fail(r, "%s: \"%.40s\" is no time in decimal seconds", name, text);
    for (size_t k = 0; k < 9; k++)
        ns = 10 * ns + (k < places ? (uint64_t)(fraction[k] - '0') : 0);
    *out = SECONDS(strtoull(text, NULL, 10)) + ns;
    return 0;
}

static bool grow(void **at, size_t *cap, size_t count, size_t bytes)
{
    if (count < *cap)
        return true;
    size_t more = *cap ? 2 * *cap : 1024;
    void *bigger = realloc(*at, more * bytes);
    if (!bigger)
        return false;
    *at = bigger;
    *cap = more;
    return true;
}

/* Opens the file, reads its header and hands each row to take. */
static int read_file(struct reader *r, const char *const wanted[WANTED_MAX], int (*take)(struct reader *, void *),
                     void *into)
{
    errno = 0;
    r->file = gzopen(r->path, "rb");
    if (!r->file)
        return fail(r, "%s", errno ? strerror(errno) : "out of memory");
    int got = read_header(r, wanted);
    while (got == 0 && (got = read_row(r)) > 0) {
        if (r->fields != r->width)
            got = fail(r, "%u columns, but the first line names %u", r->fields, r->width);
        else
            got = take(r, into);
    }
    gzclose(r->file);
    r->line = 0;
    return got;
}

/* ---- sessions ---- */

struct spans {
    struct session_span *at;
    size_t count, cap;
};

static int take_span(struct reader *r, void *into)
{
    struct spans *s = into;
    struct session_span span;
    if (read_count(r, 0, "node", &span.name) || read_seconds(r, 1, "up_s", &span.up))
        return -1;
    if (r->field[r->column[2]][0] == '\0')
        span.down = TIME_NEVER;
    else if (read_seconds(r, 2, "down_s", &span.down))
        return -1;
    if (span.down <= span.up)
        return fail(r, "down_s is not after up_s");
    void *at = s->at;
    if (s->count == TRACE_ROWS_MAX || !grow(&at, &s->cap, s->count, sizeof *s->at))
        return fail(r, "too many sessions for the memory");
    s->at = at;
    s->at[s->count++] = span;
    return 0;
}

static int span_compare(const void *a, const void *b)
{
    const struct session_span *x = a, *y = b;
    if (x->name != y->name)
        return x->name < y->name ? -1 : 1;
    return x->up < y->up ? -1 : x->up > y->up;
}

/* Sorted spans to nodes. */
static int index_nodes(struct reader *r, struct session_trace *t, const struct spans *s)
{
    double sum = 0, ended = 0;
    t->name = malloc((s->count + 1) * sizeof *t->name);
    t->first = malloc((s->count + 1) * sizeof *t->first);
    if (!t->name || !t->first)
        return fail(r, "out of memory");
    for (size_t k = 0; k < s->count; k++) {
        const struct session_span *span = &s->at[k];
        bool fresh = k == 0 || span->name != span[-1].name;
        if (!fresh && span->up <= span[-1].down)
            return fail(r, "node %llu comes at %.9g s, before the end of its session that began at %.9g s",
                        (unsigned long long)span->name, (double)span->up / 1e9, (double)span[-1].up / 1e9);
        if (fresh && t->nodes == TRACE_NODES_MAX)
            return fail(r, "more than %u nodes", (unsigned)TRACE_NODES_MAX);
        if (fresh) {
            t->name[t->nodes] = span->name;
            t->first[t->nodes++] = k;
        }
        if (span->down != TIME_NEVER) {
            sum += (double)(span->down - span->up) / 1e9;
            ended++;
        }
    }
    t->first[t->nodes] = s->count;
    t->mean_s = ended > 0 ? sum / ended : 86400;
    return t->nodes ? 0 : fail(r, "no sessions after the line with the names of the columns");
}

int session_trace_load(struct session_trace *t, const char *path, char *error, size_t error_cap)
{
    static const char *const wanted[WANTED_MAX] = {"node", "up_s", "down_s"};
    struct reader r = {.path = path, .error = error, .error_cap = error_cap};
    struct spans s = {0};
    *t = (struct session_trace){0};
    int status = read_file(&r, wanted, take_span, &s);
    if (status == 0) {
        if (s.count)
            qsort(s.at, s.count, sizeof *s.at, span_compare);
        status = index_nodes(&r, t, &s);
    }
    t->span = s.at;
    if (status)
        session_trace_free(t);
    return status;
}

void session_trace_free(struct session_trace *t)
{
    free(t->span);
    free(t->name);
    free(t->first);
    *t = (struct session_trace){0};
}

uint32_t session_trace_find(const struct session_trace *t, uint64_t name)
{
    uint32_t low = 0, high = t->nodes;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (t->name[middle] < name)
            low = middle + 1;
        else
            high = middle;
    }
    return low < t->nodes && t->name[low] == name ? low : UINT32_MAX;
}

/* ---- look-ups ---- */

struct calls {
    struct call *at;
    size_t count, cap;
};

static int take_call(struct reader *r, void *into)
{
    struct calls *c = into;
    struct call call = {.line = r->line};
    if (read_seconds(r, 0, "time_s", &call.at) || read_count(r, 1, "asker", &call.asker) ||
        read_count(r, 2, "target", &call.target))
        return -1;
    void *at = c->at;
    if (c->count == TRACE_ROWS_MAX || !grow(&at, &c->cap, c->count, sizeof *c->at))
        return fail(r, "too many look-ups for the memory");
    c->at = at;
    c->at[c->count++] = call;
    return 0;
}

static int call_compare(const void *a, const void *b)
{
    const struct call *x = a, *y = b;
    if (x->asker != y->asker)
        return x->asker < y->asker ? -1 : 1;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return x->line < y->line ? -1 : x->line > y->line;
}

int call_trace_load(struct call_trace *t, const char *path, char *error, size_t error_cap)
{
    static const char *const wanted[WANTED_MAX] = {"time_s", "asker", "target"};
    struct reader r = {.path = path, .error = error, .error_cap = error_cap};
    struct calls c = {0};
    int status = read_file(&r, wanted, take_call, &c);
    if (status == 0 && c.count)
        qsort(c.at, c.count, sizeof *c.at, call_compare);
    *t = (struct call_trace){c.at, c.count};
    if (status)
        call_trace_free(t);
    return status;
}

void call_trace_free(struct call_trace *t)
{
    free(t->call);
    *t = (struct call_trace){0};
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/results.h"

#include <hdf5.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/memory.h"

#define FORMAT 1
/* More than this in one column is no result of ours, but a damaged file. */
#define COLUMN_MOST 100000000u

/* The first failure wins; after it nothing more is read. */
struct reading {
    hid_t file;
    const char *path;
    char *error;
    size_t error_cap;
    bool failed;
};

__attribute__((format(printf, 2, 3))) static void fail(struct reading *r, const char *format, ...)
{
    va_list arguments;
    if (r->failed)
        return;
    r->failed = true;
    int n = snprintf(r->error, r->error_cap, "%s: ", r->path);
    va_start(arguments, format);
    if (n >= 0 && (size_t)n < r->error_cap)
        vsnprintf(r->error + n, r->error_cap - (size_t)n, format, arguments);
    va_end(arguments);
}

/* ---- Attributes. ---- */

/* A string of any HDF5 form, from an attribute. */
static char *attribute_string(hid_t attribute, hid_t type)
{
    char *text = NULL;
    hid_t memory = H5Tcopy(H5T_C_S1);
    if (H5Tis_variable_str(type) > 0) {
        char *lent = NULL;
        H5Tset_size(memory, H5T_VARIABLE);
        H5Tset_cset(memory, H5Tget_cset(type));
        if (H5Aread(attribute, memory, &lent) >= 0 && lent)
            text = memory_text(lent);
        H5free_memory(lent);
    } else {
        size_t size = H5Tget_size(type);
        text = memory_zeroed(size + 1, 1);
        H5Tset_size(memory, size + 1);
        H5Tset_cset(memory, H5Tget_cset(type));
        if (H5Aread(attribute, memory, text) < 0)
            text[0] = 0;
    }
    H5Tclose(memory);
    return text;
}

/* An attribute as text and number; false when there is none of that name, or more than one value in it. */
static bool attribute_fact(hid_t object, const char *name, struct fact *out)
{
    hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
    if (attribute < 0)
        return false;
    hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
    H5T_class_t class = H5Tget_class(type);
    char text[64] = "";
    *out = (struct fact){NULL, NULL, NAN};
    if (H5Sget_simple_extent_npoints(space) == 1) {
        double number;
        uint64_t whole;
        if (class == H5T_STRING) {
            out->text = attribute_string(attribute, type);
        } else if (class == H5T_INTEGER && H5Tget_sign(type) == H5T_SGN_NONE &&
                   H5Aread(attribute, H5T_NATIVE_UINT64, &whole) >= 0) {
            snprintf(text, sizeof text, "%llu", (unsigned long long)whole);
            out->number = (double)whole;
        } else if ((class == H5T_INTEGER || class == H5T_FLOAT) &&
                   H5Aread(attribute, H5T_NATIVE_DOUBLE, &number) >= 0) {
            snprintf(text, sizeof text, "%.9g", number);
            out->number = number;
        }
        if (!out->text && text[0])
            out->text = memory_text(text);
    }
    H5Sclose(space);
    H5Tclose(type);
    H5Aclose(attribute);
    if (!out->text)
        return false;
    out->name = memory_text(name);
    return true;
}

static char *attribute_text(hid_t object, const char *name)
{
    struct fact f;
    if (!attribute_fact(object, name, &f))
        return memory_text("");
    free(f.name);
    return f.text;
}

static double attribute_number(hid_t object, const char *name)
{
    struct fact f;
    if (!attribute_fact(object, name, &f))
        return NAN;
    double number = f.number;
    free(f.name);
    free(f.text);
    return number;
}

/* ---- Columns. ---- */

/* A one-dimensional dataset of numbers. NULL and *n = 0 when there is none; a complaint when it is something else. */
static double *numbers(struct reading *r, hid_t group, const char *name, size_t *n)
{
    *n = 0;
    if (r->failed || H5Lexists(group, name, H5P_DEFAULT) <= 0)
        return NULL;
    hid_t dataset = H5Dopen(group, name, H5P_DEFAULT);
    hid_t space = dataset < 0 ? -1 : H5Dget_space(dataset), type = dataset < 0 ? -1 : H5Dget_type(dataset);
    hsize_t size = 0;
    double *values = NULL;
    H5T_class_t class = type < 0 ? H5T_NO_CLASS : H5Tget_class(type);
    if (dataset < 0 || H5Sget_simple_extent_ndims(space) != 1 || H5Sget_simple_extent_dims(space, &size, NULL) != 1 ||
        size > COLUMN_MOST || (class != H5T_FLOAT && class != H5T_INTEGER)) {
        fail(r, "%s is no column of numbers", name);
    } else {
        values = memory_zeroed((size_t)size, sizeof *values);
        *n = (size_t)size;
        if (size && H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
            fail(r, "%s cannot be read: the file is damaged", name);
    }
    H5Tclose(type);
    H5Sclose(space);
    H5Dclose(dataset);
    return values;
}

/* A dataset of strings, fixed or of variable length; of any rank up to 1. */
static char **strings(struct reading *r, hid_t group, const char *name, size_t *n)
{
    *n = 0;
    if (r->failed || H5Lexists(group, name, H5P_DEFAULT) <= 0)
        return NULL;
    hid_t dataset = H5Dopen(group, name, H5P_DEFAULT);
    hid_t space = dataset < 0 ? -1 : H5Dget_space(dataset), type = dataset < 0 ? -1 : H5Dget_type(dataset);
    hssize_t points = space < 0 ? -1 : H5Sget_simple_extent_npoints(space);
    char **out = NULL;
    if (dataset < 0 || points < 0 || points > COLUMN_MOST || H5Tget_class(type) != H5T_STRING) {
        fail(r, "%s is no text", name);
    } else {
        hid_t memory = H5Tcopy(H5T_C_S1);
        H5Tset_cset(memory, H5Tget_cset(type));
        out = memory_zeroed((size_t)points, sizeof *out);
        *n = (size_t)points;
        if (H5Tis_variable_str(type) > 0) {
            char **lent = memory_zeroed((size_t)points, sizeof *lent);
            H5Tset_size(memory, H5T_VARIABLE);
            if (points && H5Dread(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, lent) < 0)
                fail(r, "%s cannot be read: the file is damaged", name);
            for (size_t i = 0; i < *n; i++)
                out[i] = memory_text(lent[i] ? lent[i] : "");
            if (points && !r->failed)
                H5Dvlen_reclaim(memory, space, H5P_DEFAULT, lent);
            free(lent);
        } else {
            size_t size = H5Tget_size(type) + 1;
            char *all = memory_zeroed((size_t)points, size);
            H5Tset_size(memory, size);
            if (points && H5Dread(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, all) < 0)
                fail(r, "%s cannot be read: the file is damaged", name);
            for (size_t i = 0; i < *n; i++)
                out[i] = memory_text(all + i * size);
            free(all);
        }
        H5Tclose(memory);
    }
    H5Tclose(type);
    H5Sclose(space);
    H5Dclose(dataset);
    return out;
}

/* ---- Groups. ---- */

static void each_link(struct reading *r, const char *path,
                      void visit(struct reading *, struct results *, hid_t group, const char *name),
                      struct results *results)
{
    if (r->failed || H5Lexists(r->file, path, H5P_DEFAULT) <= 0)
        return;
    hid_t group = H5Gopen(r->file, path, H5P_DEFAULT);
    H5G_info_t info = {.nlinks = 0};
    if (group < 0 || H5Gget_info(group, &info) < 0)
        fail(r, "%s is no group", path);
    for (hsize_t i = 0; i < info.nlinks && !r->failed; i++) {
        char name[256];
        ssize_t len = H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, name, sizeof name, H5P_DEFAULT);
        if (len < 0 || (size_t)len >= sizeof name)
            fail(r, "%s holds a name that cannot be", path);
        else
            visit(r, results, group, name);
    }
    if (group >= 0)
        H5Gclose(group);
}

static void read_scalar(struct reading *r, struct results *s, hid_t group, const char *name)
{
    size_t n;
    double *value = numbers(r, group, name, &n);
    if (!r->failed && n != 1)
        fail(r, "/scalars/%s has %zu values, not one", name, n);
    if (!r->failed) {
        hid_t dataset = H5Dopen(group, name, H5P_DEFAULT);
        s->scalars = memory_grown(s->scalars, s->n_scalars + 1, sizeof *s->scalars);
        s->scalars[s->n_scalars++] = (struct scalar){memory_text(name), attribute_text(dataset, "unit"),
                                                     attribute_text(dataset, "description"), value[0]};
        H5Dclose(dataset);
    }
    free(value);
}

static void read_column(struct reading *r, struct results *s, hid_t group, const char *name)
{
    size_t n;
    if (strcmp(name, "time_s") == 0)
        return;
    double *values = numbers(r, group, name, &n);
    if (!r->failed && n != s->intervals)
        fail(r, "/timeseries/%s has %zu values, time_s has %zu", name, n, s->intervals);
    if (r->failed) {
        free(values);
        return;
    }
    hid_t dataset = H5Dopen(group, name, H5P_DEFAULT);
    char *kind = attribute_text(dataset, "kind");
    s->columns = memory_grown(s->columns, s->n_columns + 1, sizeof *s->columns);
    s->columns[s->n_columns++] = (struct column){memory_text(name), attribute_text(dataset, "unit"),
                                                 attribute_text(dataset, "description"), strcmp(kind, "count") == 0,
                                                 values};
    free(kind);
    H5Dclose(dataset);
}

static void read_histogram(struct reading *r, struct results *s, hid_t group, const char *name)
{
    size_t nl, nu;
    hid_t own = H5Gopen(group, name, H5P_DEFAULT);
    if (own < 0) {
        fail(r, "/histograms/%s is no group", name);
        return;
    }
    struct bins h = {.name = memory_text(name),
                     .unit = attribute_text(own, "unit"),
                     .description = attribute_text(own, "description")};
    h.lower = numbers(r, own, "lower", &nl);
    h.upper = numbers(r, own, "upper", &nu);
    h.count = numbers(r, own, "count", &h.n);
    if (!r->failed && (nl != h.n || nu != h.n))
        fail(r, "/histograms/%s has columns of different length", name);
    for (size_t i = 0; i < h.n && !r->failed; i++)
        if (!(h.lower[i] <= h.upper[i]) || !(h.count[i] >= 0) || (i && h.lower[i] < h.lower[i - 1]))
            fail(r, "/histograms/%s: bin %zu makes no sense", name, i);
    s->histograms = memory_grown(s->histograms, s->n_histograms + 1, sizeof *s->histograms);
    s->histograms[s->n_histograms++] = h;
    H5Gclose(own);
}

static void read_times(struct reading *r, struct results *s)
{
    if (r->failed || H5Lexists(r->file, "/timeseries", H5P_DEFAULT) <= 0)
        return;
    hid_t group = H5Gopen(r->file, "/timeseries", H5P_DEFAULT);
    s->time_s = numbers(r, group, "time_s", &s->intervals);
    s->measure_from_s = attribute_number(group, "measure_from_s");
    if (isnan(s->measure_from_s))
        s->measure_from_s = s->warmup_s;
    for (size_t i = 0; i < s->intervals && !r->failed; i++)
        if (!(s->time_s[i] > results_start(s, i)))
            fail(r, "/timeseries/time_s does not grow at %zu", i);
    H5Gclose(group);
    each_link(r, "/timeseries", read_column, s);
}

static void read_events(struct reading *r, struct results *s)
{
    size_t n, nk, nt;
    if (r->failed || H5Lexists(r->file, "/events", H5P_DEFAULT) <= 0)
        return;
    hid_t group = H5Gopen(r->file, "/events", H5P_DEFAULT);
    double *time = numbers(r, group, "time_s", &n);
    char **kind = strings(r, group, "kind", &nk), **text = strings(r, group, "text", &nt);
    if (!r->failed && (nk != n || nt != n))
        fail(r, "/events has columns of different length");
    if (r->failed)
        n = 0;
    s->events = memory_zeroed(n, sizeof *s->events);
    for (; s->n_events < n; s->n_events++)
        s->events[s->n_events] = (struct happening){time[s->n_events], memory_text(kind[s->n_events]),
                                                    memory_text(text[s->n_events])};
    for (size_t i = 0; kind && i < nk; i++)
        free(kind[i]);
    for (size_t i = 0; text && i < nt; i++)
        free(text[i]);
    free(kind);
    free(text);
    free(time);
    H5Gclose(group);
}

/* Whether the rows are whole snapshots, each of the same identities, later than the one before, in states that we know. */
static bool snapshots_agree(const struct snapshots *v)
{
    for (size_t s = 0; s < v->snapshots; s++)
        for (size_t k = 0; k < v->nodes; k++) {
            size_t i = s * v->nodes + k;
            bool later = s == 0 || v->time_s[i] > v->time_s[i - v->nodes];
            if (v->time_s[i] != v->time_s[s * v->nodes] || !later || v->identity[i] != v->identity[k] ||
                !(v->state[i] >= 0 && v->state[i] < STANDS) || !(v->position[i] >= 0 && v->position[i] <= 1))
                return false;
        }
    return true;
}

static void read_ring(struct reading *r, struct results *s)
{
    struct snapshots *v = &s->ring;
    size_t n, rows = 0;
    if (r->failed || H5Lexists(r->file, "/ring", H5P_DEFAULT) <= 0)
        return;
    hid_t group = H5Gopen(r->file, "/ring", H5P_DEFAULT);
    const struct {
        const char *name;
        double **values;
    } column[] = {{"time_s", &v->time_s}, {"identity", &v->identity},   {"position", &v->position},
                  {"state", &v->state},   {"successor", &v->successor}, {"distance", &v->distance},
                  {"links", &v->links}};
    for (size_t i = 0; i < sizeof column / sizeof column[0]; i++) {
        *column[i].values = numbers(r, group, column[i].name, &n);
        rows = i ? rows : n;
        if (!r->failed && n != rows)
            fail(r, "/ring has columns of different length");
    }
    if (group >= 0)
        H5Gclose(group);
    if (r->failed || rows == 0)
        return;
    while (v->nodes < rows && v->time_s[v->nodes] == v->time_s[0])
        v->nodes++;
    v->snapshots = rows / v->nodes;
    if (v->snapshots * v->nodes != rows || !snapshots_agree(v))
        fail(r, "/ring does not hold whole snapshots of the same identities");
}

static herr_t read_wall_fact(hid_t group, const char *name, const H5A_info_t *info, void *results)
{
    struct results *s = results;
    struct fact f;
    (void)info;
    if (attribute_fact(group, name, &f)) {
        s->wall = memory_grown(s->wall, s->facts + 1, sizeof *s->wall);
        s->wall[s->facts++] = f;
    }
    return 0;
}

static void read_wall(struct reading *r, struct results *s)
{
    if (r->failed || H5Lexists(r->file, "/meta/wall", H5P_DEFAULT) <= 0)
        return;
    hid_t group = H5Gopen(r->file, "/meta/wall", H5P_DEFAULT);
    if (group < 0 || H5Aiterate2(group, H5_INDEX_NAME, H5_ITER_INC, NULL, read_wall_fact, s) < 0)
        fail(r, "/meta/wall cannot be read: the file is damaged");
    if (group >= 0)
        H5Gclose(group);
}

static void read_meta(struct reading *r, struct results *s)
{
    hid_t meta = H5Lexists(r->file, "/meta", H5P_DEFAULT) > 0 ? H5Gopen(r->file, "/meta", H5P_DEFAULT) : -1;
    if (meta < 0) {
        fail(r, "has no /meta: not a result of reloadsim");
        return;
    }
    double format = attribute_number(meta, "format");
    if (!(format == FORMAT))
        fail(r, "format %g; this version reads format %d", format, FORMAT);
    s->version = attribute_text(meta, "reloadsim");
    s->revision = attribute_text(meta, "revision");
    s->scenario_name = attribute_text(meta, "scenario");
    s->fingerprint = attribute_text(meta, "fingerprint");
    s->epoch = attribute_text(meta, "epoch");
    char *seed = attribute_text(meta, "seed");
    s->seed = strtoull(seed, NULL, 10);
    free(seed);
    s->complete = attribute_number(meta, "complete") != 0;
    s->warmup_s = attribute_number(meta, "warmup_s");
    s->measure_s = attribute_number(meta, "measure_s");
    s->sim_s = attribute_number(meta, "sim_s");
    H5Gclose(meta);
    if (!(s->warmup_s >= 0) || !(s->measure_s >= 0))
        fail(r, "/meta does not tell its phases");
}

static void read_config(struct reading *r, struct results *s)
{
    size_t n = 0;
    hid_t group = !r->failed && H5Lexists(r->file, "/config", H5P_DEFAULT) > 0
                      ? H5Gopen(r->file, "/config", H5P_DEFAULT)
                      : -1;
    char **text = group < 0 ? NULL : strings(r, group, "scenario", &n);
    s->config = memory_text(n ? text[0] : "");
    for (size_t i = 0; i < n; i++)
        free(text[i]);
    free(text);
    if (group >= 0)
        H5Gclose(group);
}

int results_read(struct results *s, const char *path, char *error, size_t error_cap)
{
    struct reading r = {.path = path, .error = error, .error_cap = error_cap};
    memset(s, 0, sizeof *s);
    s->path = memory_text(path);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* we say ourselves what is wrong */
    r.file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    if (r.file < 0) {
        fail(&r, "is not an HDF5 file, or damaged");
        return -1;
    }
    read_meta(&r, s);
    read_wall(&r, s);
    read_config(&r, s);
    each_link(&r, "/scalars", read_scalar, s);
    read_times(&r, s);
    each_link(&r, "/histograms", read_histogram, s);
    read_events(&r, s);
    read_ring(&r, s);
    H5Fclose(r.file);
    return r.failed ? -1 : 0;
}

void results_free(struct results *s)
{
    for (size_t i = 0; i < s->facts; i++) {
        free(s->wall[i].name);
        free(s->wall[i].text);
    }
    for (size_t i = 0; i < s->n_scalars; i++) {
        free(s->scalars[i].key);
        free(s->scalars[i].unit);
        free(s->scalars[i].description);
    }
    for (size_t i = 0; i < s->n_columns; i++) {
        free(s->columns[i].name);
        free(s->columns[i].unit);
        free(s->columns[i].description);
        free(s->columns[i].values);
    }
    for (size_t i = 0; i < s->n_histograms; i++) {
        struct bins *h = &s->histograms[i];
        free(h->name);
        free(h->unit);
        free(h->description);
        free(h->lower);
        free(h->upper);
        free(h->count);
    }
    for (size_t i = 0; i < s->n_events; i++) {
        free(s->events[i].kind);
        free(s->events[i].text);
    }
    void *rest[] = {s->path,          s->scenario_name, s->fingerprint,    s->revision,      s->version,
                    s->epoch,         s->config,        s->wall,           s->scalars,       s->columns,
                    s->histograms,    s->events,        s->time_s,         s->ring.time_s,   s->ring.identity,
                    s->ring.position, s->ring.state,    s->ring.successor, s->ring.distance, s->ring.links};
    for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++)
        free(rest[i]);
    memset(s, 0, sizeof *s);
}

/* ---- Questions. ---- */

const struct column *results_column(const struct results *s, const char *name)
{
    for (size_t i = 0; i < s->n_columns; i++)
        if (strcmp(s->columns[i].name, name) == 0)
            return &s->columns[i];
    return NULL;
}

const struct scalar *results_scalar(const struct results *s, const char *key)
{
    for (size_t i = 0; i < s->n_scalars; i++)
        if (strcmp(s->scalars[i].key, key) == 0)
            return &s->scalars[i];
    return NULL;
}

double results_value(const struct results *s, const char *key)
{
    const struct scalar *found = results_scalar(s, key);
    return found ? found->value : NAN;
}

const struct bins *results_histogram(const struct results *s, const char *name)
{
    for (size_t i = 0; i < s->n_histograms; i++)
        if (strcmp(s->histograms[i].name, name) == 0)
            return &s->histograms[i];
    return NULL;
}

double results_start(const struct results *s, size_t i)
{
    return i ? s->time_s[i - 1] : 0;
}

/* A nanosecond of slack: times are whole nanoseconds written as seconds. */
#define SLACK_S 1e-9

size_t results_measured(const struct results *s)
{
    size_t i = 0;
    while (i < s->intervals && results_start(s, i) < s->measure_from_s - SLACK_S)
        i++;
    return i;
}

size_t results_measured_end(const struct results *s)
{
    size_t i = results_measured(s);
    while (i < s->intervals && s->time_s[i] <= s->measure_from_s + s->measure_s + SLACK_S)
        i++;
    return i;
}

bool happening_strikes(const struct happening *h)
{
    return strcmp(h->kind, "phase") != 0 && strcmp(h->kind, "fault over") != 0;
}

double results_fault_over(const struct results *s, size_t fault)
{
    for (size_t i = fault + 1; i < s->n_events; i++)
        if (strcmp(s->events[i].kind, "fault over") == 0 && strcmp(s->events[i].text, s->events[fault].text) == 0)
            return s->events[i].time_s;
    return NAN;
}

double results_first_fault(const struct results *s, double from_s)
{
    double first = INFINITY;
    for (size_t i = 0; i < s->n_events; i++)
        if (happening_strikes(&s->events[i]) && s->events[i].time_s >= from_s - SLACK_S &&
            s->events[i].time_s < first)
            first = s->events[i].time_s;
    return first;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/record/results.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "sim/record/file.h"
#include "sim/record/h5.h"
#include "sim/record/histogram.h"
#include "sim/record/journal.h"
#include "sim/record/recorded.h"

#define ROWS_CHUNK   1024u
#define TABLE_CHUNK  8192u
#define EVENTS_CHUNK 64u
#define SUMS_CHUNK   1024u

/* A group with a column for each of a list, filled a block of records at a time: /nodes, /ring. */
struct table {
    struct h5_column **column; /* NULL until there are records */
    unsigned columns;
};

/* One way through the segments: making the file, or comparing with it. */
struct pass {
    struct recorded in;
    struct h5 *h5;
    struct h5_column *time, **column; /* of the time series */
    struct table nodes, ring;
    struct h5_column *event_time, *event_kind, *event_text;
    uint64_t *values; /* rows not yet given away, column by column, ROWS_CHUNK each; then the times */
    unsigned waiting;
    uint64_t (*bucket)[HISTOGRAM_BUCKETS];
    uint64_t *figure; /* as of the last row, or the end */
    bool figures, closed, complete;
    char *faults; /* the keys fault.N.* of summary.json; NULL: not known */
    uint64_t rows;
    sim_time until;
    char *error;
    size_t error_cap;
};

static double seconds(sim_time t)
{
    return (double)t / 1e9;
}

static double real_of(uint64_t bits)
{
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static uint64_t bits_of(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

static enum h5_type stored_as(enum series_type t)
{
    return t == SERIES_FIGURE ? H5_FLOAT64 : H5_UINT64;
}

/* ---- what the segments tell ---- */

static void give_rows(struct pass *p)
{
    for (unsigned i = 0; i < p->in.columns; i++)
        h5_append(p->h5, p->column[i], p->values + (size_t)i * ROWS_CHUNK, p->waiting);
    h5_append(p->h5, p->time, p->values + (size_t)p->in.columns * ROWS_CHUNK, p->waiting);
    p->waiting = 0;
}

static void take_figures(struct pass *p)
{
    for (unsigned i = 0; i < p->in.figures; i++)
        p->figure[i] = payload_get_u64(&p->in.payload);
    p->figures = true;
}

static void take_histograms(struct pass *p)
{
    struct payload_reader *in = &p->in.payload;
    for (unsigned k = 0; k < p->in.histograms; k++) {
        uint32_t changed = payload_get_u32(in);
        for (uint32_t i = 0; i < changed && !in->failed; i++) {
            uint32_t bucket = payload_get_u32(in);
            uint64_t more = payload_get_u64(in);
            if (bucket < HISTOGRAM_BUCKETS)
                p->bucket[k][bucket] += more;
            else
                in->failed = true;
        }
    }
}

static void take_row(struct pass *p)
{
    p->until = payload_get_u64(&p->in.payload);
    for (unsigned i = 0; i < p->in.columns; i++)
        p->values[(size_t)i * ROWS_CHUNK + p->waiting] = payload_get_u64(&p->in.payload);
    p->values[(size_t)p->in.columns * ROWS_CHUNK + p->waiting] = bits_of(seconds(p->until));
    take_figures(p);
    take_histograms(p);
    p->rows++;
    if (++p->waiting == ROWS_CHUNK)
        give_rows(p);
}

static void take_event(struct pass *p)
{
    double time_s = seconds(payload_get_u64(&p->in.payload));
    const char *kind = payload_get_text(&p->in.payload), *text = payload_get_text(&p->in.payload);
    h5_append(p->h5, p->event_time, &time_s, 1);
    h5_append(p->h5, p->event_kind, &kind, 1);
    h5_append(p->h5, p->event_text, &text, 1);
}

static void begin_table(struct pass *p, struct table *t, const char *group, const struct series_column *c,
                        unsigned columns)
{
    char path[256];
    if (t->column || !(t->column = calloc(columns + (size_t)1, sizeof *t->column)))
        return;
    t->columns = columns;
    h5_group(p->h5, group);
    for (unsigned i = 0; i < columns; i++) {
        snprintf(path, sizeof path, "%s/%s", group, c[i].name);
        t->column[i] = h5_column(p->h5, path, stored_as(c[i].type), TABLE_CHUNK, c[i].unit, c[i].description, NULL);
    }
}

static void take_records(struct pass *p, struct table *t)
{
    uint32_t n = payload_get_u32(&p->in.payload);
    unsigned columns = t->columns;
    if (!t->column || n > p->in.payload.len / 8) {
        p->in.payload.failed = true;
        return;
    }
    uint64_t *block = calloc((size_t)n * columns + 1, sizeof *block);
    if (!block) {
        p->in.payload.failed = true;
        return;
    }
    for (uint32_t i = 0; i < n; i++)
        for (unsigned k = 0; k < columns; k++)
            block[(size_t)k * n + i] = payload_get_u64(&p->in.payload);
    for (unsigned k = 0; k < columns; k++)
        h5_append(p->h5, t->column[k], block + (size_t)k * n, n);
    free(block);
}

static void take_nodes(struct pass *p)
{
    begin_table(p, &p->nodes, "/nodes", p->in.node_column, p->in.node_columns);
    take_records(p, &p->nodes);
}

static void take_ring(struct pass *p)
{
    begin_table(p, &p->ring, "/ring", p->in.ring_column, p->in.ring_columns);
    take_records(p, &p->ring);
}

static void take_close(struct pass *p)
{
    payload_get_u64(&p->in.payload); /* when */
    p->complete = payload_get_u32(&p->in.payload) != 0;
    p->closed = true;
    take_figures(p);
    take_histograms(p);
    free(p->faults);
    p->faults = strdup(payload_get_text(&p->in.payload));
    if (!p->faults)
        p->in.payload.failed = true;
}

/* ---- what the file shows ---- */

static void begin_columns(struct pass *p)
{
    char path[256];
    h5_group(p->h5, "/timeseries");
    h5_attribute_real(p->h5, "/timeseries", "measure_from_s", seconds(p->in.warmup));
    p->time = h5_column(p->h5, "/timeseries/time_s", H5_FLOAT64, ROWS_CHUNK, "s",
                        "end of the interval, since the start of warm-up", NULL);
    for (unsigned i = 0; i < p->in.columns; i++) {
        const struct series_column *c = &p->in.column[i];
        snprintf(path, sizeof path, "/timeseries/%s", c->name);
        p->column[i] = h5_column(p->h5, path, stored_as(c->type), ROWS_CHUNK, c->unit, c->description,
                                 c->type == SERIES_COUNT ? "count" : "gauge");
    }
    h5_group(p->h5, "/events");
    p->event_time = h5_column(p->h5, "/events/time_s", H5_FLOAT64, EVENTS_CHUNK, "s", "since the start of warm-up",
                              NULL);
    p->event_kind = h5_column(p->h5, "/events/kind", H5_STRING, EVENTS_CHUNK, "", "phase, fault, interrupt", NULL);
    p->event_text = h5_column(p->h5, "/events/text", H5_STRING, EVENTS_CHUNK, "", "what happened", NULL);
}

static void end_column(struct pass *p, struct h5_column **c)
{
    h5_column_end(p->h5, *c);
    *c = NULL;
}

/* Also after a failure, while h5 is still there. */
static void end_columns(struct pass *p)
{
    for (unsigned i = 0; p->column && i < p->in.columns; i++)
        end_column(p, &p->column[i]);
    for (unsigned i = 0; i < p->nodes.columns; i++)
        end_column(p, &p->nodes.column[i]);
    for (unsigned i = 0; i < p->ring.columns; i++)
        end_column(p, &p->ring.column[i]);
    struct h5_column **const others[] = {&p->time, &p->event_time, &p->event_kind, &p->event_text};
    for (unsigned i = 0; i < 4; i++)
        end_column(p, others[i]);
}

/* A column that is known as a whole. */
static void show_column(struct pass *p, const char *group, const char *name, enum h5_type type, const void *values,
                        size_t n, size_t chunk, const char *unit, const char *description)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", group, name);
    struct h5_column *c = h5_column(p->h5, path, type, chunk, unit, description, NULL);
    h5_append(p->h5, c, values, n);
    h5_column_end(p->h5, c);
}

static int show_histogram(struct pass *p, unsigned k)
{
    const struct series_scale *s = &p->in.histogram[k];
    double *lower = calloc(HISTOGRAM_BUCKETS, sizeof *lower), *upper = calloc(HISTOGRAM_BUCKETS, sizeof *upper);
    uint64_t *count = calloc(HISTOGRAM_BUCKETS, sizeof *count), low, high;
    char group[256];
    size_t n = 0;
    for (unsigned i = 0; lower && upper && count && i < HISTOGRAM_BUCKETS; i++) {
        if (!p->bucket[k][i])
            continue;
        histogram_range(i, &low, &high);
        lower[n] = (double)low * s->one;
        upper[n] = (double)high * s->one;
        count[n++] = p->bucket[k][i];
    }
    int failed = !lower || !upper || !count;
    snprintf(group, sizeof group, "/histograms/%s", s->name);
    h5_group(p->h5, group);
    h5_attribute_text(p->h5, group, "unit", s->unit);
    h5_attribute_text(p->h5, group, "description", s->description);
    h5_attribute_real(p->h5, group, "step", s->one);
    if (!failed) {
        show_column(p, group, "lower", H5_FLOAT64, lower, n, SUMS_CHUNK, s->unit, "least value of the bucket");
        show_column(p, group, "upper", H5_FLOAT64, upper, n, SUMS_CHUNK, s->unit, "values of the bucket are below");
        show_column(p, group, "count", H5_UINT64, count, n, SUMS_CHUNK, "", "values in the bucket");
    }
    free(lower);
    free(upper);
    free(count);
    return failed;
}

static void show_scalars(struct pass *p)
{
    h5_group(p->h5, "/scalars");
    for (unsigned i = 0; i < p->in.figures; i++) {
        const struct recorded_figure *f = &p->in.figure[i];
        double value = NAN;
        if (f->key.is_volatile || f->key.type == SUMMARY_TEXT || f->key.type == SUMMARY_HEX)
            continue;
        if (p->figures)
            value = f->key.type == SUMMARY_COUNT ? (double)p->figure[i] : real_of(p->figure[i]);
        show_column(p, "/scalars", f->key.key, H5_FLOAT64, &value, 1, 1, f->key.unit, f->description);
    }
}

static uint64_t figure_named(const struct pass *p, const char *key)
{
    for (unsigned i = 0; i < p->in.figures && p->figures; i++)
        if (strcmp(p->in.figure[i].key.key, key) == 0)
            return p->figure[i];
    return 0;
}

static void show_wall(struct pass *p)
{
    static const char wall[] = "/meta/wall";
    h5_group(p->h5, wall);
    h5_attribute_text(p->h5, wall, "host", p->in.host);
    h5_attribute_text(p->h5, wall, "cpu_model", p->in.cpu_model);
    h5_attribute_text(p->h5, wall, "started", p->in.started);
    if (!p->closed) {
        h5_attribute_count(p->h5, wall, "ranks", p->in.ranks);
        return;
    }
    for (unsigned i = 0; i < p->in.figures; i++) {
        const struct summary_key *key = &p->in.figure[i].key;
        if (key->is_volatile && key->type == SUMMARY_COUNT)
            h5_attribute_count(p->h5, wall, key->key, p->figure[i]);
        else if (key->is_volatile && key->type == SUMMARY_REAL)
            h5_attribute_real(p->h5, wall, key->key, real_of(p->figure[i]));
    }
}

static void show_meta(struct pass *p)
{
    static const char meta[] = "/meta";
    char fingerprint[17];
    snprintf(fingerprint, sizeof fingerprint, "%016llx", (unsigned long long)figure_named(p, "fingerprint"));
    h5_group(p->h5, meta);
    h5_attribute_int(p->h5, meta, "format", RESULTS_FORMAT);
    h5_attribute_text(p->h5, meta, "reloadsim", p->in.version);
    h5_attribute_text(p->h5, meta, "revision", p->in.revision);
    h5_attribute_text(p->h5, meta, "scenario", p->in.scenario);
    h5_attribute_count(p->h5, meta, "seed", p->in.seed);
    h5_attribute_text(p->h5, meta, "fingerprint", fingerprint);
    h5_attribute_int(p->h5, meta, "complete", p->complete);
    h5_attribute_real(p->h5, meta, "sim_s", p->figures ? real_of(figure_named(p, "sim_s")) : 0);
    h5_attribute_real(p->h5, meta, "warmup_s", seconds(p->in.warmup));
    h5_attribute_real(p->h5, meta, "measure_s", seconds(p->in.measure));
    h5_attribute_text(p->h5, meta, "epoch", p->in.epoch);
    show_wall(p);
}

static int show_rest(struct pass *p)
{
    int failed = 0;
    give_rows(p);
    end_columns(p);
    h5_group(p->h5, "/histograms");
    for (unsigned k = 0; k < p->in.histograms; k++)
        failed |= show_histogram(p, k);
    show_scalars(p);
    show_meta(p);
    h5_group(p->h5, "/config");
    show_column(p, "/config", "scenario", H5_STRING, &p->in.text, 1, 1, "", "the scenario with every key, as YAML");
    return failed;
}

/* ---- a pass ---- */

static int give_up(struct pass *p, const char *why)
{
    snprintf(p->error, p->error_cap, "cannot make " RESULTS_FILE ": %s", why);
    return -1;
}

static int take_all(struct pass *p)
{
    for (;;) {
        switch (recorded_next(&p->in)) {
        case RECORDED_END: return 0;
        case RECORDED_ROW: take_row(p); break;
        case RECORDED_EVENT: take_event(p); break;
        case RECORDED_NODES: take_nodes(p); break;
        case RECORDED_RING: take_ring(p); break;
        case RECORDED_CLOSE: take_close(p); break;
        case RECORDED_FAILED: return give_up(p, strerror(errno));
        }
        if (!payload_whole(&p->in.payload))
            return give_up(p, "a segment makes no sense, or memory is short");
    }
}

/* Everything, in one order, through the segments that fd is open on into h5. */
static int pass_run(struct pass *p, int fd, struct h5 *h5, char *error, size_t error_cap)
{
    *p = (struct pass){.h5 = h5, .error = error, .error_cap = error_cap};
    int status = recorded_open(&p->in, fd, error, error_cap);
    if (status)
        return status;
    if (!h5)
        return give_up(p, strerror(ENOMEM));
    p->column = calloc(p->in.columns + (size_t)1, sizeof *p->column);
    p->values = calloc((p->in.columns + (size_t)1) * ROWS_CHUNK, sizeof *p->values);
    p->bucket = calloc(p->in.histograms + (size_t)1, sizeof *p->bucket);
    p->figure = calloc(p->in.figures + (size_t)1, sizeof *p->figure);
    if (!p->column || !p->values || !p->bucket || !p->figure)
        return give_up(p, strerror(ENOMEM));
    begin_columns(p);
    if (take_all(p))
        return -1;
    if (show_rest(p))
        return give_up(p, strerror(ENOMEM));
    return h5_error(h5) ? give_up(p, h5_error(h5)) : 0;
}

static void pass_end(struct pass *p)
{
    free(p->faults);
    recorded_close(&p->in);
    free(p->column);
    free(p->nodes.column);
    free(p->ring.column);
    free(p->values);
    free(p->bucket);
    free(p->figure);
}

/* ---- summary.json ---- */

/* Of a run that was killed before its first row, only what the head tells is known. */
static void figure_json(const struct pass *p, unsigned i, FILE *f)
{
    const struct summary_key *key = &p->in.figure[i].key;
    bool known = p->figures && (p->closed || !key->is_volatile);
    if (strcmp(key->key, "scenario") == 0)
        summary_json_text(f, p->in.scenario);
    else if (known)
        summary_json_bits(f, key->type, p->figure[i]);
    else if (strcmp(key->key, "seed") == 0)
        summary_json_bits(f, SUMMARY_COUNT, p->in.seed);
    else if (strcmp(key->key, "population") == 0)
        summary_json_bits(f, SUMMARY_COUNT, p->in.population);
    else if (strcmp(key->key, "ranks") == 0)
        summary_json_bits(f, SUMMARY_COUNT, p->in.ranks);
    else if (strcmp(key->key, "complete") == 0)
        summary_json_bits(f, SUMMARY_COUNT, 0);
    else
        fputs("null", f);
}

static int write_summary(const struct pass *p, const char *folder, char *error, size_t error_cap)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    for (unsigned i = 0; f && i < p->in.figures; i++) {
        fprintf(f, "%s\"%s\": ", i ? ",\n  " : "{\n  ", p->in.figure[i].key.key);
        figure_json(p, i, f);
    }
    if (f)
        fprintf(f, "%s\n}\n", p->faults ? p->faults : "");
    if (!f || fclose(f) != 0) {
        snprintf(error, error_cap, "cannot write summary.json: out of memory");
        return -1;
    }
    int status = file_replace(folder, "summary.json", text, len, error, error_cap);
    free(text);
    return status;
}

/* ---- the whole ---- */

static int make_part(struct pass *p, int fd, const char *folder, char *error, size_t error_cap)
{
    struct h5 *h5 = h5_make();
    void *image = NULL;
    size_t len = 0;
    int status = pass_run(p, fd, h5, error, error_cap);
    if (status == 0 && h5_image(h5, &image, &len))
        status = give_up(p, h5_error(h5));
    end_columns(p);
    h5_close(h5);
    if (status == 0)
        status = file_write_part(folder, RESULTS_FILE, image, len, error, error_cap);
    free(image);
    return status;
}

/* The temporary file is opened as any reader would, and has to hold what the segments hold. */
static int compare_part(int fd, const char *folder, char *error, size_t error_cap)
{
    char path[PATH_MAX];
    struct pass p = {.error = error, .error_cap = error_cap};
    if (file_path(folder, RESULTS_FILE ".part", path, error, error_cap))
        return -1;
    struct h5 *h5 = h5_compare(path);
    int status = h5 && h5_error(h5) ? give_up(&p, h5_error(h5)) : pass_run(&p, fd, h5, error, error_cap);
    end_columns(&p);
    h5_close(h5);
    pass_end(&p);
    return status;
}

/* summary.json goes first, results.h5 last: when that has its name, nothing is missing but that the segments go. */
static int put_in_place(const struct pass *p, int fd, const char *folder, char *error, size_t error_cap)
{
    char part[PATH_MAX], ignored[8];
    if (compare_part(fd, folder, error, error_cap) || write_summary(p, folder, error, error_cap) ||
        file_replace(folder, "scenario.resolved.yaml", p->in.text, strlen(p->in.text), error, error_cap) ||
        file_keep_part(folder, RESULTS_FILE, error, error_cap) || file_sync_folder(folder, error, error_cap)) {
        if (file_path(folder, RESULTS_FILE ".part", part, ignored, sizeof ignored) == 0)
            unlink(part);
        return -1;
    }
    return file_remove(folder, JOURNAL_FILE, error, error_cap);
}

static void finish_from(int fd, const char *folder, struct results *r)
{
    struct pass p = {.closed = false};
    int status = make_part(&p, fd, folder, r->error, sizeof r->error);
    if (status > 0) {
        r->state = RESULTS_NONE;
        pass_end(&p);
        return;
    }
    r->made = true;
    r->killed = !p.closed;
    r->rows = p.rows;
    r->until = p.until;
    r->dropped = recorded_dropped(&p.in);
    r->state = p.complete ? RESULTS_COMPLETE : RESULTS_INCOMPLETE;
    if (status || put_in_place(&p, fd, folder, r->error, sizeof r->error))
        r->state = RESULTS_FAILED;
    pass_end(&p);
}

/* No segments: results.h5 was finished before, or there never was a run. */
static void look_at_finished(const char *folder, struct results *r)
{
    char path[PATH_MAX];
    int format = 0, complete = 0;
    if (file_path(folder, RESULTS_FILE, path, r->error, sizeof r->error) || access(path, F_OK) != 0)
        return;
    if (h5_read_int(path, "/meta", "format", &format) || h5_read_int(path, "/meta", "complete", &complete)) {
        r->state = RESULTS_FAILED;
        snprintf(r->error, sizeof r->error, "cannot read %s: it is damaged, or no results of reloadsim", path);
        return;
    }
    r->state = complete ? RESULTS_COMPLETE : RESULTS_INCOMPLETE;
}

void results_finish(const char *folder, struct results *r)
{
    char path[PATH_MAX];
    *r = (struct results){.state = RESULTS_NONE};
    if (file_path(folder, JOURNAL_FILE, path, r->error, sizeof r->error))
        return;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
        look_at_finished(folder, r);
    } else if (fd < 0) {
        r->state = RESULTS_FAILED;
        snprintf(r->error, sizeof r->error, "cannot read %s: %s", path, strerror(errno));
    } else if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        r->state = RESULTS_RUNNING;
    } else {
        finish_from(fd, folder, r);
    }
    if (fd >= 0)
        close(fd);
}

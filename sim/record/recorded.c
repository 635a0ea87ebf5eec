/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/record/recorded.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/record/journal.h"

/* More than this of anything is no head of ours. */
#define NAMES_MAX 100000u

static unsigned get_count(struct payload_reader *p)
{
    uint32_t n = payload_get_u32(p);
    if (n > NAMES_MAX)
        p->failed = true;
    return p->failed ? 0 : n;
}

static void *list_of(struct payload_reader *p, unsigned n, size_t bytes)
{
    void *list = calloc(n + (size_t)1, bytes);
    if (!list)
        p->failed = true;
    return list;
}

static struct series_column *get_columns(struct payload_reader *p, unsigned *count)
{
    unsigned n = get_count(p);
    struct series_column *c = list_of(p, n, sizeof *c);
    for (unsigned i = 0; i < n && !p->failed; i++) {
        uint32_t type = payload_get_u32(p);
        c[i] = (struct series_column){.type = type == SERIES_COUNT || type == SERIES_LEVEL ? (enum series_type)type
                                                                                           : SERIES_FIGURE};
        c[i].name = payload_get_text(p);
        c[i].unit = payload_get_text(p);
        c[i].description = payload_get_text(p);
    }
    *count = n;
    return c;
}

static void get_histograms(struct payload_reader *p, struct recorded *r)
{
    r->histograms = get_count(p);
    r->histogram = list_of(p, r->histograms, sizeof *r->histogram);
    for (unsigned i = 0; i < r->histograms && !p->failed; i++) {
        struct series_scale *s = &r->histogram[i];
        s->name = payload_get_text(p);
        s->unit = payload_get_text(p);
        s->description = payload_get_text(p);
        s->one = payload_get_real(p);
    }
}

static void get_figures(struct payload_reader *p, struct recorded *r)
{
    r->figures = get_count(p);
    r->figure = list_of(p, r->figures, sizeof *r->figure);
    for (unsigned i = 0; i < r->figures && !p->failed; i++) {
        struct recorded_figure *f = &r->figure[i];
        uint32_t type = payload_get_u32(p);
        f->key.type = type <= SUMMARY_REAL ? (enum summary_type)type : SUMMARY_REAL;
        f->key.is_volatile = payload_get_u32(p) != 0;
        f->key.key = payload_get_text(p);
        f->key.unit = payload_get_text(p);
        f->description = payload_get_text(p);
    }
}

static void get_head(struct payload_reader *p, struct recorded *r)
{
    const char **texts[] = {&r->version, &r->revision, &r->scenario, &r->text, &r->epoch};
    for (unsigned i = 0; i < 5; i++)
        *texts[i] = payload_get_text(p);
    uint64_t *numbers[] = {&r->seed, &r->population, &r->warmup, &r->measure, &r->interval, &r->ranks};
    for (unsigned i = 0; i < 6; i++)
        *numbers[i] = payload_get_u64(p);
    r->host = payload_get_text(p);
    r->cpu_model = payload_get_text(p);
    r->started = payload_get_text(p);
    r->column = get_columns(p, &r->columns);
    r->node_column = get_columns(p, &r->node_columns);
    r->ring_column = get_columns(p, &r->ring_columns);
    get_histograms(p, r);
    get_figures(p, r);
}

static int complain(char *error, size_t cap, const char *why)
{
    snprintf(error, cap, "cannot read " JOURNAL_FILE ": %s", why);
    return -1;
}

static int read_head(struct recorded *r, char *error, size_t error_cap)
{
    struct segment s;
    enum segments_found found = segments_next(&r->reader, &s);
    if (found == SEGMENTS_END)
        return 1;
    if (found == SEGMENTS_UNREADABLE)
        return complain(error, error_cap, strerror(errno));
    if (!(r->head = malloc(s.len + 1)))
        return complain(error, error_cap, strerror(ENOMEM));
    memcpy(r->head, s.bytes, s.len);
    struct payload_reader p = {.bytes = r->head, .len = s.len};
    uint32_t format = payload_get_u32(&p);
    if (s.kind != SEGMENT_HEAD || format != JOURNAL_FORMAT)
        return complain(error, error_cap, "another version of reloadsim wrote it");
    get_head(&p, r);
    return payload_whole(&p) ? 0 : complain(error, error_cap, "its head makes no sense");
}

int recorded_open(struct recorded *r, int fd, char *error, size_t error_cap)
{
    *r = (struct recorded){.head = NULL};
    if (segments_open(&r->reader, fd))
        return complain(error, error_cap, errno == EILSEQ ? "it holds no segments" : strerror(errno));
    return read_head(r, error, error_cap);
}

enum recorded_part recorded_next(struct recorded *r)
{
    static const enum recorded_part part[] = {[SEGMENT_HEAD] = RECORDED_FAILED,
                                              [SEGMENT_ROW] = RECORDED_ROW,
                                              [SEGMENT_EVENT] = RECORDED_EVENT,
                                              [SEGMENT_NODES] = RECORDED_NODES,
                                              [SEGMENT_CLOSE] = RECORDED_CLOSE,
                                              [SEGMENT_RING] = RECORDED_RING};
    struct segment s;
    enum segments_found found = segments_next(&r->reader, &s);
    if (found == SEGMENTS_END)
        return RECORDED_END;
    if (found == SEGMENTS_UNREADABLE)
        return RECORDED_FAILED;
    r->payload = (struct payload_reader){.bytes = s.bytes, .len = s.len};
    errno = EILSEQ;
    return part[s.kind];
}

uint64_t recorded_dropped(const struct recorded *r)
{
    return r->reader.size - r->reader.at;
}

void recorded_close(struct recorded *r)
{
    segments_close(&r->reader);
    free(r->head);
    free(r->column);
    free(r->node_column);
    free(r->ring_column);
    free(r->histogram);
    free(r->figure);
    *r = (struct recorded){.head = NULL};
}

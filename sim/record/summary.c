/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/record/summary.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum summary_volatility { SUMMARY_STABLE, SUMMARY_VOLATILE };

struct summary_entry {
    const char *key, *unit;
    size_t offset;
    enum summary_type type;
    enum summary_volatility volatility;
};

static const struct summary_entry entries[] = {
#define X(type, field, key, volatility, unit)                                                                          \
    {key, unit, offsetof(struct summary, field), SUMMARY_##type, SUMMARY_##volatility},
    SUMMARY_KEYS(X)
#undef X
};

#define ENTRIES (sizeof entries / sizeof entries[0])

static const void *entry_at(const struct summary *s, const struct summary_entry *e)
{
    return (const char *)s + e->offset;
}

static uint64_t entry_count(const struct summary *s, const struct summary_entry *e)
{
    uint64_t v;
    memcpy(&v, entry_at(s, e), sizeof v);
    return v;
}

static double entry_real(const struct summary *s, const struct summary_entry *e)
{
    double v;
    memcpy(&v, entry_at(s, e), sizeof v);
    return v;
}

void summary_init(struct summary *s)
{
    const double unknown = NAN;
    memset(s, 0, sizeof *s);
    for (size_t i = 0; i < ENTRIES; i++)
        if (entries[i].type == SUMMARY_REAL)
            memcpy((char *)s + entries[i].offset, &unknown, sizeof unknown);
}

const char *summary_key(unsigned k, bool *is_volatile)
{
    if (k >= ENTRIES)
        return NULL;
    if (is_volatile)
        *is_volatile = entries[k].volatility == SUMMARY_VOLATILE;
    return entries[k].key;
}

bool summary_key_at(unsigned k, struct summary_key *out)
{
    if (k >= ENTRIES)
        return false;
    const struct summary_entry *e = &entries[k];
    *out = (struct summary_key){e->key, e->unit, e->type, e->volatility == SUMMARY_VOLATILE};
    return true;
}

uint64_t summary_bits(const struct summary *s, unsigned k)
{
    return entry_count(s, &entries[k]);
}

bool summary_value(const struct summary *s, const char *key, double *value)
{
    for (size_t i = 0; i < ENTRIES; i++) {
        if (strcmp(entries[i].key, key) != 0 || entries[i].type == SUMMARY_TEXT)
            continue;
        *value = entries[i].type == SUMMARY_REAL ? entry_real(s, &entries[i]) : (double)entry_count(s, &entries[i]);
        return true;
    }
    return false;
}

void summary_json_text(FILE *f, const char *text)
{
    fputc('"', f);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '"' || *p == '\\')
            fprintf(f, "\\%c", *p);
        else if (*p < 0x20)
            fprintf(f, "\\u%04x", *p);
        else
            fputc(*p, f);
    }
    fputc('"', f);
}

void summary_json_bits(FILE *f, enum summary_type type, uint64_t bits)
{
    double real;
    memcpy(&real, &bits, sizeof real);
    switch (type) {
    case SUMMARY_COUNT: fprintf(f, "%" PRIu64, bits); break;
    case SUMMARY_HEX: fprintf(f, "\"%016" PRIx64 "\"", bits); break;
    case SUMMARY_REAL:
        if (isfinite(real))
            fprintf(f, "%.9g", real);
        else
            fputs("null", f);
        break;
    case SUMMARY_TEXT: fputs("null", f); break;
    }
}

/* ---- faults ---- */

static void json_real(FILE *f, double value)
{
    if (isfinite(value))
        fprintf(f, "%.9g", value);
    else
        fputs("null", f);
}

static void json_series(FILE *f, unsigned n, const char *name, const struct summary_series *s)
{
    const struct {
        const char *key;
        double value;
    } rows[] = {{"before", s->before}, {"depth", s->depth}, {"recover_s", s->recover_s}};
    for (unsigned k = 0; k < 3; k++) {
        fprintf(f, ",\n  \"fault.%u.%s.%s\": ", n, name, rows[k].key);
        json_real(f, rows[k].value);
    }
}

static void json_spread(FILE *f, unsigned n, const struct summary_fault *s)
{
    static const char *const mark[] = {"p50_s", "p90_s", "p99_s"};
    for (unsigned k = 0; s->configures && k < 3; k++) {
        fprintf(f, ",\n  \"fault.%u.spread.%s\": ", n, mark[k]);
        json_real(f, s->spread_s[k]);
    }
    if (s->configures) {
        fprintf(f, ",\n  \"fault.%u.spread.share\": ", n);
        json_real(f, s->spread_share);
    }
}

const char *summary_unrecovered(const struct summary_fault *s, char out[32])
{
    snprintf(out, 32, "%s%s%s", s->lost_lookup ? ",lookup" : "", s->lost_ring ? ",ring" : "",
             s->lost_values ? ",values" : "");
    return out[0] ? out + 1 : out;
}

static void json_fault(FILE *f, unsigned n, const struct summary_fault *s)
{
    char list[32];
    fprintf(f, ",\n  \"fault.%u.what\": \"%s\",\n  \"fault.%u.at_s\": %.9g,\n  \"fault.%u.until_s\": ", n, s->what, n, s->at_s,
            n);
    json_real(f, s->until_s);
    fprintf(f, ",\n  \"fault.%u.touched\": %" PRIu64, n, s->touched);
    json_series(f, n, "lookup", &s->lookup);
    json_series(f, n, "ring", &s->ring);
    json_series(f, n, "values", &s->values);
    json_spread(f, n, s);
    fprintf(f, ",\n  \"fault.%u.unrecovered\": \"%s\"", n, summary_unrecovered(s, list));
}

static void json_value(FILE *f, const struct summary *s, const struct summary_entry *e)
{
    if (e->type == SUMMARY_TEXT)
        summary_json_text(f, entry_at(s, e));
    else
        summary_json_bits(f, e->type, entry_count(s, e));
}

void summary_json_faults(const struct summary *s, FILE *f)
{
    for (unsigned n = 0; n < s->faults; n++)
        json_fault(f, n, &s->fault[n]);
    for (unsigned n = 0; n < s->mores; n++) {
        fprintf(f, ",\n  \"%s\": ", s->more[n].key);
        json_real(f, s->more[n].value);
    }
}

void summary_json_ranks(const struct summary *s, FILE *f)
{
    for (unsigned n = 0; n < s->rank_count; n++) {
        const struct summary_rank *r = &s->rank[n];
        fprintf(f, ",\n  \"rank.%u.compute_s\": %.9g,\n  \"rank.%u.wait_s\": %.9g,\n  \"rank.%u.exchange_s\": %.9g", n, r->compute_s, n, r->wait_s, n,
                r->exchange_s);
        fprintf(f, ",\n  \"rank.%u.cpu_s\": %.9g,\n  \"rank.%u.bytes\": %.16g", n, r->cpu_s, n, r->bytes);
    }
}

int summary_json(const struct summary *s, FILE *f, bool stable_only)
{
    const char *before = "{\n  ";
    for (size_t i = 0; i < ENTRIES; i++) {
        if (stable_only && entries[i].volatility == SUMMARY_VOLATILE)
            continue;
        fprintf(f, "%s\"%s\": ", before, entries[i].key);
        json_value(f, s, &entries[i]);
        before = ",\n  ";
    }
    summary_json_faults(s, f);
    if (!stable_only)
        summary_json_ranks(s, f);
    fputs("\n}\n", f);
    return ferror(f) ? -1 : 0;
}

int summary_write(const struct summary *s, const char *path)
{
    char temporary[4096];
    int n = snprintf(temporary, sizeof temporary, "%s.part", path);
    if (n < 0 || (size_t)n >= sizeof temporary)
        return -1;
    FILE *f = fopen(temporary, "w");
    if (!f)
        return -1;
    int bad = summary_json(s, f, false);
    if (fclose(f) != 0 || bad || rename(temporary, path) != 0) {
        remove(temporary);
        return -1;
    }
    return 0;
}

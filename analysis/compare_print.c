/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/compare.h"
#include "analysis/text.h"

#define ALPHA(level) (1 - (level))

/* ---- For people. ---- */

/* printf's width counts bytes; a dash or a plus-minus has more of them than columns. */
static void cell(FILE *f, const char *text, int width)
{
    int columns = 0;
    for (const char *p = text; *p; p++)
        columns += ((unsigned char)*p & 0xC0) != 0x80;
    fprintf(f, "%*s%s", width > columns ? width - columns : 0, "", text);
}

static void print_side(FILE *f, const char *name, const struct folder *s)
{
    const struct results *r = &s->runs[0];
    fprintf(f, "%s  %s: %s", name, s->path, r->scenario_name);
    if (s->replications)
        fprintf(f, ", %zu replications, seeds %llu to %llu\n", s->n, (unsigned long long)r->seed,
                (unsigned long long)s->runs[s->n - 1].seed);
    else
        fprintf(f, ", seed %llu, fingerprint %s%s\n", (unsigned long long)r->seed, r->fingerprint,
                r->complete ? "" : ", incomplete");
}

static void print_changes(FILE *f, const char *title, const struct change *list, size_t n)
{
    if (!n)
        return;
    fprintf(f, "\n%s\n", title);
    for (size_t i = 0; i < n; i++)
        fprintf(f, "  %-38s %-24s %s\n", list[i].key, list[i].a ? list[i].a : "–", list[i].b ? list[i].b : "–");
}

static bool differs(const struct comparison *c)
{
    if (isnan(c->a) || isnan(c->b))
        return isnan(c->a) != isnan(c->b);
    return c->difference.mean != 0 || c->difference.half > 0;
}

static void print_row(FILE *f, const struct comparison *c, double level)
{
    char a[TEXT_NUMBER], b[TEXT_NUMBER], d[TEXT_NUMBER], interval[2 * TEXT_NUMBER], relative[TEXT_NUMBER] = "";
    fprintf(f, "  %-34s", c->key);
    cell(f, text_value(a, c->a, NAN, c->unit), 16);
    cell(f, text_value(b, c->b, NAN, c->unit), 16);
    cell(f, text_bare(d, c->difference.mean, c->difference.half, c->unit), 14);
    fputc(' ', f);
    char padded[2 * TEXT_NUMBER];
    snprintf(padded, sizeof padded, "%s", text_interval(interval, &c->difference, c->unit));
    fprintf(f, "%-*s", 12 + (padded[0] ? 1 : 0), padded);
    if (isfinite(c->difference.mean) && c->a != 0 && isfinite(c->a))
        snprintf(relative, sizeof relative, "%+.2f %%", 100 * c->difference.mean / fabs(c->a));
    cell(f, relative, 11);
    if (c->p <= ALPHA(level))
        fputs(c->correlated ? " (*)" : " *", f);
    fputc('\n', f);
}

static size_t print_rows(FILE *f, const struct comparison *list, size_t n, double level, bool all)
{
    size_t equal = 0;
    fprintf(f, "  %-34s%16s%16s%14s %-12s%11s\n", "", "A", "B", "B - A", "", "relative");
    for (size_t i = 0; i < n; i++)
        if (all || differs(&list[i]))
            print_row(f, &list[i], level);
        else
            equal++;
    if (equal)
        fprintf(f, "  %zu %s equal\n", equal, equal == n ? "(all) are" : equal == 1 ? "more is" : "more are");
    return equal;
}

static void print_stars(FILE *f, const struct compare *c, double level)
{
    size_t stars = 0, doubtful = 0;
    for (size_t i = 0; i < c->n_figures + c->n_steady; i++) {
        const struct comparison *r = i < c->n_figures ? &c->figures[i] : &c->steady[i - c->n_figures];
        stars += r->p <= ALPHA(level) ? 1 : 0;
        doubtful += r->p <= ALPHA(level) && r->correlated ? 1 : 0;
    }
    if (c->tests)
        fprintf(f, "\n* differs at %.0f %%, all %zu tests taken together (Holm): %zu of them%s\n", 100 * ALPHA(level),
                c->tests, stars, doubtful ? "; (*) rests on correlated batches" : "");
}

static void print_part(FILE *f, const struct compare *c)
{
    char at[TEXT_NUMBER];
    if (isfinite(c->part_s))
        fprintf(f, "\nThe time series part in interval %zu, which ends at %s: %s\n", c->part_interval + 1,
                text_time(at, c->part_s), c->part_columns);
    else if (isnan(c->part_s))
        fputs("\nThe time series were kept at other times and cannot be laid side by side.\n", f);
    else if (!c->equal)
        fputs("\nThe time series are equal as far as both go.\n", f);
    if (c->event_a)
        fprintf(f, "The first event that differs\n  A  %s\n  B  %s\n", c->event_a, c->event_b);
}

void compare_print(FILE *f, const struct compare *c, const struct folder *a, const struct folder *b, double level,
                   bool all)
{
    char from[TEXT_NUMBER], to[TEXT_NUMBER];
    bool single = !a->replications && !b->replications;
    print_side(f, "A", a);
    print_side(f, "B", b);
    if (c->equal)
        fputs("\nequal: every figure, time series and fingerprint\n", f);
    print_changes(f, "Scenario", c->settings, c->n_settings);
    fprintf(f, "\nFigures of the measured phase%s\n",
            !c->replications ? single ? " (one run each: no interval can be told for these)"
                                      : ", means (one side is a single run: no intervals)"
            : c->paired      ? ", means over replications, differences paired by seed"
                             : ", means over replications, differences of independent samples (Welch)");
    print_rows(f, c->figures, c->n_figures, level, all);
    if (c->n_steady) {
        if (c->paired)
            fprintf(f, "\nSteady part, %s to %s: batch means of the differences, interval by interval, %.0f %%\n",
                    text_time(from, c->steady_from_s), text_time(to, c->steady_to_s), 100 * level);
        else
            fprintf(f, "\nSteady part of each: batch means, taken as independent, %.0f %%\n", 100 * level);
        print_rows(f, c->steady, c->n_steady, level, all);
    }
    print_stars(f, c, level);
    if (single)
        print_part(f, c);
    print_changes(f, "Depends on the machine and the build, not judged", c->wall, c->n_wall);
}

/* ---- For programs. ---- */

static void json_side(FILE *f, const char *name, const struct folder *s)
{
    fprintf(f, "\"%s\":{\"path\":", name);
    text_json_string(f, s->path);
    fputs(",\"scenario\":", f);
    text_json_string(f, s->runs[0].scenario_name);
    fputs(",\"seeds\":[", f);
    for (size_t i = 0; i < s->n; i++)
        fprintf(f, "%s%llu", i ? "," : "", (unsigned long long)s->runs[i].seed);
    fputs("],\"fingerprints\":[", f);
    for (size_t i = 0; i < s->n; i++) {
        fputs(i ? "," : "", f);
        text_json_string(f, s->runs[i].fingerprint);
    }
    fputs("]}", f);
}

static void json_changes(FILE *f, const char *name, const struct change *list, size_t n)
{
    fprintf(f, ",\n\"%s\":[", name);
    for (size_t i = 0; i < n; i++) {
        fputs(i ? ",\n{\"key\":" : "\n{\"key\":", f);
        text_json_string(f, list[i].key);
        for (int side = 0; side < 2; side++) {
            const char *v = side ? list[i].b : list[i].a;
            fprintf(f, ",\"%c\":", "ab"[side]);
            if (v)
                text_json_string(f, v);
            else
                fputs("null", f);
        }
        fputc('}', f);
    }
    fputc(']', f);
}

static void json_comparisons(FILE *f, const char *name, const struct comparison *list, size_t n, double level)
{
    static const char *const methods[] = {"none", "paired", "independent"};
    fprintf(f, ",\n\"%s\":[", name);
    for (size_t i = 0; i < n; i++) {
        const struct comparison *c = &list[i];
        const double numbers[] = {
            c->a, c->b, c->difference.mean, c->difference.lower, c->difference.upper, c->difference.mean / fabs(c->a),
            c->p};
        static const char *const names[] = {"a", "b", "difference", "lower", "upper", "relative", "p_holm"};
        fputs(i ? ",\n{\"key\":" : "\n{\"key\":", f);
        text_json_string(f, c->key);
        fputs(",\"unit\":", f);
        text_json_string(f, c->unit);
        for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
            fprintf(f, ",\"%s\":", names[k]);
            text_json_number(f, numbers[k]);
        }
        fprintf(f, ",\"method\":\"%s\",\"correlated\":%s,\"significant\":%s}", methods[c->method],
                c->correlated ? "true" : "false", c->p <= ALPHA(level) ? "true" : "false");
    }
    fputc(']', f);
}

void compare_json(FILE *f, const struct compare *c, const struct folder *a, const struct folder *b, double level)
{
    fputc('{', f);
    json_side(f, "a", a);
    fputs(",\n", f);
    json_side(f, "b", b);
    fprintf(f, ",\n\"equal\":%s,\"level\":%g,\"tests\":%zu", c->equal ? "true" : "false", level, c->tests);
    json_changes(f, "scenario", c->settings, c->n_settings);
    json_comparisons(f, "figures", c->figures, c->n_figures, level);
    json_comparisons(f, "steady", c->steady, c->n_steady, level);
    fputs(",\n\"part\":", f);
    if (isfinite(c->part_s)) {
        fprintf(f, "{\"interval\":%zu,\"until_s\":%.9g,\"columns\":", c->part_interval, c->part_s);
        text_json_string(f, c->part_columns);
        fputc('}', f);
    } else {
        fputs("null", f);
    }
    fputs(",\n\"event\":", f);
    if (c->event_a) {
        fputs("{\"a\":", f);
        text_json_string(f, c->event_a);
        fputs(",\"b\":", f);
        text_json_string(f, c->event_b);
        fputc('}', f);
    } else {
        fputs("null", f);
    }
    json_changes(f, "machine", c->wall, c->n_wall);
    fputs("}\n", f);
}

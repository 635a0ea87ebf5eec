/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/replications.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/interval.h"
#include "analysis/memory.h"
#include "analysis/page.h"
#include "analysis/settings.h"
#include "analysis/text.h"

/* What a person wants to see first, in this order; replications.json and the page have all of them. */
static const char *const main_keys[] = {
    "nodes_online_mean",          "lookup.count",          "lookup.success",          "after_faults.lookup.success",
    "lookup.outcome.timeout",     "lookup.latency_s.mean", "lookup.latency_s.p50",    "lookup.latency_s.p95",
    "lookup.latency_s.p99",       "lookup.hops.mean",      "lookup.stretch.mean",     "registration.success",
    "registration.latency_s.p50", "join.success",          "join.latency_s.p50",      "links.mean",
    "finger.valid_share",         "ring.wrong_successor",  "ring.unreachable_values", "maintenance.bytes_per_node_s",
    "throughput.messages_per_s"};

struct spread {
    struct interval i;
    double least, most;
};

static struct spread spread_of(const struct folder *f, const char *key, double level)
{
    struct spread s = {.least = NAN, .most = NAN};
    double *x = memory_zeroed(f->n, sizeof *x);
    for (size_t i = 0; i < f->n; i++) {
        x[i] = results_value(&f->runs[i], key);
        s.least = isnan(s.least) || x[i] < s.least ? x[i] : s.least;
        s.most = isnan(s.most) || x[i] > s.most ? x[i] : s.most;
    }
    s.i = interval_student(x, f->n, level);
    free(x);
    return s;
}

int replications_same_scenario(const struct folder *f, char *error, size_t error_cap)
{
    struct settings first, other;
    int bad = 0;
    settings_read(&first, f->runs[0].config);
    for (size_t i = 1; i < f->n && !bad; i++) {
        const struct results *r = &f->runs[i];
        for (size_t k = 0; k < i && !bad; k++)
            if (f->runs[k].seed == r->seed) {
                snprintf(error, error_cap, "%s has the seed of %s: the same run twice is one observation", r->path,
                         f->runs[k].path);
                bad = -1;
            }
        settings_read(&other, r->config);
        for (size_t k = 0; k < first.n && !bad; k++) {
            const char *value = settings_value(&other, first.list[k].key);
            if (strcmp(first.list[k].key, "seed") == 0 || (value && strcmp(value, first.list[k].value) == 0))
                continue;
            snprintf(error, error_cap, "%s is of another scenario: its %s is %s, not %s", r->path, first.list[k].key,
                     value ? value : "not set", first.list[k].value);
            bad = -1;
        }
        if (!bad && other.n != first.n) {
            snprintf(error, error_cap, "%s is of another scenario: it sets other keys than %s", r->path,
                     f->runs[0].path);
            bad = -1;
        }
        settings_free(&other);
    }
    settings_free(&first);
    return bad;
}

bool replications_complete(const struct folder *f)
{
    for (size_t i = 0; i < f->n; i++)
        if (!f->runs[i].complete)
            return false;
    return true;
}

/* ---- Table. ---- */

void replications_print(FILE *out, const struct folder *f, double level)
{
    char value[TEXT_NUMBER], half[2 * TEXT_NUMBER], least[TEXT_NUMBER], most[TEXT_NUMBER];
    fprintf(out, "%s, %zu replications; intervals: Student t over replications, %.0f %%\n", f->runs[0].scenario_name,
            f->n, 100 * level);
    fprintf(out, "  %-32s %16s %-14s %-7s %-12s %-12s %s\n", "", "mean", "", "", "least", "most", "runs");
    for (size_t k = 0; k < sizeof main_keys / sizeof main_keys[0]; k++) {
        const struct scalar *s = results_scalar(&f->runs[0], main_keys[k]);
        struct spread x = spread_of(f, main_keys[k], level);
        if (!s || !x.i.n)
            continue;
        text_interval(half, &x.i, s->unit);
        /* "±" is two bytes and one column. */
        fprintf(out, "  %-32s %16s %-*s %-7s %-12s %-12s %zu\n", s->key, text_bare(value, x.i.mean, x.i.half, s->unit),
                half[0] ? 15 : 14, half, text_unit(s->unit), text_bare(least, x.least, x.i.half, s->unit),
                text_bare(most, x.most, x.i.half, s->unit), x.i.n);
    }
    for (size_t i = 0; i < f->n; i++)
        if (!f->runs[i].complete)
            fprintf(out, "warning: %s is incomplete\n", f->runs[i].path);
    if (f->n < 2)
        fputs("note: one run has no interval over replications\n", out);
}

/* ---- replications.json ---- */

void replications_json(FILE *out, const struct folder *f, double level)
{
    fputs("{\"format\":1,\"scenario\":", out);
    text_json_string(out, f->runs[0].scenario_name);
    fprintf(out, ",\"level\":%g,\"runs\":[", level);
    for (size_t i = 0; i < f->n; i++) {
        fputs(i ? ",\n{\"file\":" : "\n{\"file\":", out);
        text_json_string(out, f->runs[i].path +
                                  (strncmp(f->runs[i].path, f->path, strlen(f->path)) == 0 ? strlen(f->path) + 1 : 0));
        fprintf(out, ",\"seed\":%llu,\"complete\":%s,\"fingerprint\":", (unsigned long long)f->runs[i].seed,
                f->runs[i].complete ? "true" : "false");
        text_json_string(out, f->runs[i].fingerprint);
        fputc('}', out);
    }
    fputs("],\n\"figures\":{", out);
    for (size_t i = 0; i < f->runs[0].n_scalars; i++) {
        const struct scalar *s = &f->runs[0].scalars[i];
        struct spread x = spread_of(f, s->key, level);
        const double numbers[] = {x.i.mean, x.i.half, x.i.lower, x.i.upper, x.i.sd, x.least, x.most};
        static const char *const names[] = {"mean", "half", "lower", "upper", "sd", "min", "max"};
        fputs(i ? ",\n" : "\n", out);
        text_json_string(out, s->key);
        fputs(":{\"unit\":", out);
        text_json_string(out, s->unit);
        for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
            fprintf(out, ",\"%s\":", names[k]);
            text_json_number(out, numbers[k]);
        }
        fprintf(out, ",\"n\":%zu}", x.i.n);
    }
    fputs("}}\n", out);
}

/* ---- Page. ---- */

/* Each run a dot between the least and the most, the interval a bar: the spread at a glance, no script needed. */
static void strip(FILE *out, const struct folder *f, const char *key, const struct spread *x)
{
    double low = x->least, high = x->most;
    low = x->i.lower < low ? x->i.lower : low;
    high = x->i.upper > high ? x->i.upper : high;
    if (!(high - low > 1e-9 * fabs(high))) /* no spread but rounding */
        return;
    fputs("<svg class=\"strip\" viewBox=\"0 0 160 16\" width=\"160\" height=\"16\" role=\"img\" aria-label=\"runs and "
          "interval\">",
          out);
    if (isfinite(x->i.lower))
        fprintf(out, "<rect x=\"%.1f\" y=\"5\" width=\"%.1f\" height=\"6\" fill=\"var(--rule)\"/>",
                4 + 152 * (x->i.lower - low) / (high - low), 152 * (x->i.upper - x->i.lower) / (high - low));
    fprintf(out, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"2\" y2=\"14\" stroke=\"var(--ink)\"/>",
            4 + 152 * (x->i.mean - low) / (high - low), 4 + 152 * (x->i.mean - low) / (high - low));
    for (size_t i = 0; i < f->n; i++) {
        double v = results_value(&f->runs[i], key);
        if (isfinite(v))
            fprintf(out, "<circle cx=\"%.1f\" cy=\"8\" r=\"2.5\" fill=\"var(--l0)\" fill-opacity=\".6\"/>",
                    4 + 152 * (v - low) / (high - low));
    }
    fputs("</svg>", out);
}

static void page_row(FILE *out, const struct folder *f, const struct scalar *s, double level)
{
    char text[2 * TEXT_NUMBER];
    struct spread x = spread_of(f, s->key, level);
    fputs("<tr><th scope=\"row\">", out);
    text_html(out, s->key);
    fprintf(out, "</th><td>%s <span class=\"pm\">", text_bare(text, x.i.mean, x.i.half, s->unit));
    fprintf(out, "%s</span> ", text_interval(text, &x.i, s->unit));
    text_html(out, isfinite(x.i.mean) ? text_unit(s->unit) : "");
    fputs("</td><td>", out);
    strip(out, f, s->key, &x);
    fprintf(out, "</td><td>%s</td>", text_bare(text, x.least, x.i.half, s->unit));
    fprintf(out, "<td>%s</td><td>%zu</td><td class=\"what\">", text_bare(text, x.most, x.i.half, s->unit), x.i.n);
    text_html(out, s->description);
    fputs("</td></tr>\n", out);
}

void replications_page(FILE *out, const struct folder *f, double level)
{
    const struct results *r = &f->runs[0];
    char *title = memory_format("%s, %zu replications", r->scenario_name, f->n);
    page_begin(out, title);
    free(title);
    if (!replications_complete(f))
        fputs("<section class=\"findings\"><ul><li class=\"grave\"><b>Warning</b> Not all runs are "
              "complete.</li></ul></section>\n",
              out);
    fprintf(out,
            "<p class=\"small\">Runs of one scenario that differ in their seed alone. ± is the half-width of the %.0f "
            "%% Student-t interval of the mean over runs; in the strips each dot is a run, "
            "the bar the interval, the line the mean. %zu figures stand here, and at %.0f %% about %.0f of the "
            "intervals will not hold the true mean.</p>\n",
            100 * level, r->n_scalars, 100 * level, ceil((1 - level) * (double)r->n_scalars));
    fputs("<section>\n<h2>Figures</h2>\n<div class=\"wide\"><table "
          "class=\"figures\">\n<thead><tr><th>figure</th><th>mean</th><th>runs</th><th>least</th><th>most</th><th>n</"
          "th><th>meaning</th></tr></thead>\n<tbody>\n",
          out);
    for (size_t k = 0; k < sizeof main_keys / sizeof main_keys[0]; k++) {
        const struct scalar *s = results_scalar(r, main_keys[k]);
        if (s)
            page_row(out, f, s, level);
    }
    fputs("</tbody></table></div>\n<details><summary>All figures</summary><div class=\"wide\"><table "
          "class=\"figures\"><tbody>\n",
          out);
    for (size_t i = 0; i < r->n_scalars; i++)
        page_row(out, f, &r->scalars[i], level);
    fputs("</tbody></table></div></details>\n</section>\n<section>\n<h2>Runs</h2>\n<div "
          "class=\"wide\"><table>\n<thead><tr><th>run</th><th>seed</th><th>fingerprint</th><th></th></tr></"
          "thead>\n<tbody>\n",
          out);
    for (size_t i = 0; i < f->n; i++) {
        const char *path = f->runs[i].path + strlen(f->path) + 1;
        int folder = (int)strcspn(path, "/");
        fprintf(out, "<tr><th scope=\"row\"><a href=\"%.*s/report.html\">%.*s</a></th><td>%llu</td><td>", folder, path,
                folder, path, (unsigned long long)f->runs[i].seed);
        text_html(out, f->runs[i].fingerprint);
        fprintf(out, "</td><td>%s</td></tr>\n", f->runs[i].complete ? "" : "incomplete");
    }
    fputs("</tbody></table></div>\n</section>\n<section>\n<h2>Scenario</h2>\n<details><summary>Every key (the seed is "
          "that of the first run)</summary>\n<pre>",
          out);
    text_html(out, r->config);
    fputs("</pre></details>\n</section>\n</main>\n</body>\n</html>\n", out);
}

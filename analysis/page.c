/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/chart.h"
#include "analysis/figure.h"
#include "analysis/finding.h"
#include "analysis/memory.h"
#include "analysis/outage.h"
#include "analysis/text.h"

/* page/style.css and page/script.js, made into arrays by the Makefile; each ends with a NUL. */
extern const char page_style[], page_script[];

struct page {
    FILE *f;
    const struct results *r;
    double level;
    struct span steady;
    struct outage *outages;
    size_t n_outages;
};

/* ---- Small parts. ---- */

/* <tag>text</tag>, the text escaped. */
static void element(const struct page *p, const char *tag, const char *text)
{
    fprintf(p->f, "<%s>", tag);
    text_html(p->f, text);
    fprintf(p->f, "</%.*s>", (int)strcspn(tag, " "), tag);
}

static void pair(const struct page *p, const char *name, const char *value)
{
    fputs("<div>", p->f);
    element(p, "dt", name);
    element(p, "dd", value && value[0] ? value : "–");
    fputs("</div>\n", p->f);
}

/* ---- Head: what ran, and what to know before believing it. ---- */

static void write_top(FILE *f, const char *title)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
          "content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n<title>",
          f);
    text_html(f, title);
    fprintf(f,
            " · reloadsim</title>\n<style>\n%s</style>\n</head>\n<body>\n<header>\n<p class=\"kicker\">reloadsim "
            "report</p>\n<h1>",
            page_style);
    text_html(f, title);
    fputs("</h1>\n", f);
}

void page_begin(FILE *f, const char *title)
{
    write_top(f, title);
    fputs("</header>\n<main>\n", f);
}

static void write_head(const struct page *p)
{
    const struct results *r = p->r;
    char a[TEXT_NUMBER], b[TEXT_NUMBER], seed[32];
    write_top(p->f, r->scenario_name);
    fputs("<dl class=\"meta\">\n", p->f);
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)r->seed);
    pair(p, "seed", seed);
    pair(p, "fingerprint", r->fingerprint);
    pair(p, "warm-up", text_time(a, r->warmup_s));
    pair(p, "measured phase", text_time(b, r->measure_s));
    pair(p, "reloadsim", r->version);
    pair(p, "revision", r->revision);
    fputs("</dl>\n</header>\n<main>\n", p->f);
}

static void write_findings(const struct page *p)
{
    struct findings found = findings_of(p->r, p->level);
    if (found.n == 0)
        fputs("<p class=\"fine\">No warnings: the run is complete, its warm-up was long enough (MSER-5), and the "
              "batches behind its intervals are uncorrelated.</p>\n",
              p->f);
    else
        fputs("<section class=\"findings\" aria-label=\"Warnings\">\n<ul>\n", p->f);
    for (size_t i = 0; i < found.n; i++) {
        fprintf(p->f, "<li class=\"%s\"><b>%s</b> ", found.list[i].grave ? "grave" : "note",
                found.list[i].grave ? "Warning" : "Note");
        text_html(p->f, found.list[i].text);
        fputs("</li>\n", p->f);
    }
    if (found.n)
        fputs("</ul>\n</section>\n", p->f);
    findings_free(&found);
}

/* ---- Headline. ---- */

static const struct headline {
    const char *key, *label;
} headlines[] = {
    {"lookup.success", "look-ups answered right"},        {"lookup.latency_s.p50", "median look-up latency"},
    {"lookup.latency_s.p95", "95 % of look-ups within"},  {"lookup.hops.mean", "links to the owner, mean"},
    {"maintenance.bytes_per_node_s", "upkeep of a peer"}, {"nodes_online_mean", "peers online, mean"},
};

static void write_headline(const struct page *p, const struct headline *h)
{
    char value[TEXT_NUMBER], interval[2 * TEXT_NUMBER], steady[TEXT_NUMBER];
    const struct scalar *s = results_scalar(p->r, h->key);
    const struct figure_rule *rule = figure_rule_of(h->key);
    struct figure f = {.rule = NULL};
    if (!s)
        return;
    if (rule)
        f = figure_of(p->r, rule, p->level);
    const struct interval *i = &f.steady.interval;
    double half = rule && !p->steady.before_fault && isfinite(i->half) ? i->half : NAN;
    fputs("<div class=\"card\">", p->f);
    text_bare(value, s->value, half, s->unit);
    fputs("<b>", p->f);
    text_html(p->f, value);
    fputs("</b> ", p->f);
    element(p, "span class=\"unit\"", text_unit(s->unit));
    element(p, "p", h->label);
    if (rule && isfinite(i->lower)) {
        text_interval(interval, i, rule->unit);
        fputs("<p class=\"ci\">", p->f);
        if (p->steady.before_fault)
            fprintf(p->f, "before the fault <span>%s ",
                    text_bare(steady, i->mean, isfinite(i->half) ? i->half : i->upper - i->lower, rule->unit));
        else
            fputs("<span>", p->f);
        text_html(p->f, interval);
        fputs("</span></p>", p->f);
    }
    fputs("</div>\n", p->f);
}

static void write_headlines(const struct page *p)
{
    fputs("<section class=\"cards\" aria-label=\"Main figures of the measured phase\">\n", p->f);
    for (size_t i = 0; i < sizeof headlines / sizeof headlines[0]; i++)
        write_headline(p, &headlines[i]);
    fputs("</section>\n", p->f);
}

/* ---- Faults. ---- */

static void write_outage(const struct page *p, const struct outage *o)
{
    char a[TEXT_NUMBER], b[TEXT_NUMBER], c[TEXT_NUMBER], d[TEXT_NUMBER];
    fputs("<tr>", p->f);
    element(p, "th scope=\"row\"", o->key);
    element(p, "td", text_value(a, o->before, NAN, o->unit));
    element(p, "td", text_value(b, o->worst, NAN, o->unit));
    element(p, "td", text_time(c, o->worst_s - o->fault_s));
    element(p, "td",
            o->back_s == 0     ? "stayed in its range"
            : isinf(o->back_s) ? "not within the record"
                               : text_time(d, o->back_s));
    fputs("</tr>\n", p->f);
}

static void write_faults(const struct page *p)
{
    char at[TEXT_NUMBER];
    unsigned number = 0;
    for (size_t i = 0; i < p->r->n_events; i++) {
        const struct happening *h = &p->r->events[i];
        if (!happening_strikes(h))
            continue;
        if (!number)
            fputs("<section>\n<h2>Faults</h2>\n", p->f);
        fprintf(p->f, "<h3><span class=\"badge\">F%u</span> ", ++number);
        text_html(p->f, h->text);
        fprintf(p->f, " <small>at %s</small></h3>\n", text_time(at, h->time_s));
        bool open = false;
        for (size_t k = 0; k < p->n_outages; k++) {
            if (fabs(p->outages[k].fault_s - h->time_s) > 1e-6)
                continue;
            if (!open)
                fputs("<div class=\"wide\"><table>\n<thead><tr><th>figure</th><th>before, mean</th><th>worst "
                      "interval</th><th>began after the fault</th><th>back after</th></tr></thead>\n<tbody>\n",
                      p->f);
            open = true;
            write_outage(p, &p->outages[k]);
        }
        if (open)
            fputs("</tbody></table></div>\n", p->f);
    }
    if (number)
        fputs("<p class=\"small\">Back: the first of three intervals in a row inside the range seen before the first "
              "fault (the worst interval of that time and half as much again), or within a percentage point, for times a twentieth, of the mean of that time. "
              "One run is one observation of an outage; replications tell how much another would "
              "differ.</p>\n</section>\n",
              p->f);
}

/* ---- Charts. ---- */

static void write_figure(const struct page *p, const struct chart *c)
{
    fprintf(p->f, "<figure id=\"%s\">\n<figcaption><b>", c->id);
    text_html(p->f, c->title);
    fputs("</b> <span>", p->f);
    text_html(p->f, c->note);
    fputs("</span></figcaption>\n</figure>\n", p->f);
}

static bool chart_drawn(const struct results *r, const struct chart *c)
{
    if (c->kind == CHART_BINS) {
        const struct bins *h = results_histogram(r, c->histogram);
        double sum = 0;
        for (size_t i = 0; h && i < h->n; i++)
            sum += h->count[i];
        return sum > 0;
    }
    struct chart_sample s = chart_sample(r, c, 1);
    bool any = s.series > 0;
    chart_free(&s);
    return any;
}

static const struct part {
    const char *title, *charts;
} parts[] = {
    {"Look-ups", " outcomes failures latency latency_bins hops hops_bins "},
    {"The overlay", " online changes ring configuration fingers links links_bins "},
    {"Keys and load of a peer", " keys_bins load_bins values_bins "},
    {"Traffic", " traffic_bytes traffic_messages traffic_datagrams resends "},
    {"Registrations, joins, failures", " registrations registration_bins join_bins links_failed detect detect_bins "},
};

static bool part_has(const struct part *part, const struct chart *c)
{
    char word[64];
    snprintf(word, sizeof word, " %.60s ", c->id);
    return strstr(part->charts, word);
}

/* At most so many rows go into the page, about a megabyte: of more snapshots each k-th, the last one among them. */
#define RING_ROWS 50000u

static size_t ring_stride(const struct snapshots *v)
{
    size_t most = RING_ROWS / v->nodes ? RING_ROWS / v->nodes : 1;
    return (v->snapshots + most - 1) / most;
}

static void write_ring(const struct page *p)
{
    const struct snapshots *v = &p->r->ring;
    if (!v->snapshots)
        return;
    fprintf(
        p->f,
        "<section>\n<h2>A sample of the ring</h2>\n<figure id=\"ring_sample\" class=\"sample\">\n<figcaption>"
        "<b>%zu identities, drawn once for the whole run</b> <span>The ring of Node-IDs runs clockwise from the top. A "
        "mark is an identity, the bow inside leads to its first successor, the bar outside counts its "
        "links.",
        v->nodes);
    if (ring_stride(v) > 1)
        fprintf(p->f, " Of %zu snapshots, one in %zu is shown.", v->snapshots, ring_stride(v));
    fputs("</span></figcaption>\n</figure>\n</section>\n", p->f);
}

static void write_charts(const struct page *p)
{
    fputs("<noscript><p class=\"note\">The charts are drawn by a script inside this file, and scripts are switched "
          "off. The tables below need none.</p></noscript>\n",
          p->f);
    for (size_t k = 0; k < sizeof parts / sizeof parts[0]; k++) {
        bool open = false;
        for (size_t i = 0; i < chart_count; i++) {
            if (!part_has(&parts[k], &charts[i]) || !chart_drawn(p->r, &charts[i]))
                continue;
            if (!open)
                fprintf(p->f, "<section>\n<h2>%s</h2>\n<div class=\"charts\">\n", parts[k].title);
            open = true;
            write_figure(p, &charts[i]);
        }
        if (open)
            fputs("</div>\n</section>\n", p->f);
        if (strcmp(parts[k].title, "The overlay") == 0)
            write_ring(p);
    }
}

/* ---- All figures. ---- */

static const struct group {
    const char *title, *prefixes; /* of keys, each between blanks; "" = what no other group takes */
} groups[] = {
    {"Look-ups", " lookup. "},
    {"Look-ups before and after the first fault", " before_faults. after_faults. "},
    {"Registrations", " registration. "},
    {"Peers and ring", " nodes_online_mean population join. leave. crash. updates. links. finger. ring. detect. "},
    {"Traffic", " maintenance. throughput. datagrams messages message_bytes datagram_bytes. e2e. delay. events "},
    {"Other", ""},
};

static bool has_prefix(const char *prefixes, const char *key)
{
    for (const char *q = prefixes + 1; *q; q += strcspn(q, " ") + 1) {
        size_t n = strcspn(q, " ");
        if (n && strncmp(key, q, n) == 0)
            return true;
        if (!q[n])
            break;
    }
    return false;
}

static const struct group *group_of(const char *key)
{
    const size_t last = sizeof groups / sizeof groups[0] - 1;
    for (size_t i = 0; i < last; i++)
        if (has_prefix(groups[i].prefixes, key))
            return &groups[i];
    return &groups[last];
}

static void write_row(const struct page *p, const struct scalar *s)
{
    char value[TEXT_NUMBER], steady[TEXT_NUMBER], interval[2 * TEXT_NUMBER];
    const struct figure_rule *rule = figure_rule_of(s->key);
    fputs("<tr>", p->f);
    element(p, "th scope=\"row\"", s->key);
    element(p, "td", text_value(value, s->value, NAN, s->unit));
    struct figure f = {.rule = rule, .steady = {.interval = interval_none()}};
    if (rule)
        f = figure_of(p->r, rule, p->level);
    const struct interval *i = &f.steady.interval;
    fputs("<td>", p->f);
    if (isfinite(i->mean) && isfinite(i->lower)) {
        text_html(p->f, text_bare(steady, i->mean, isfinite(i->half) ? i->half : i->upper - i->lower, rule->unit));
        fprintf(p->f, " <span class=\"pm\">%s</span>", text_interval(interval, i, rule->unit));
        if (f.bound)
            fputs(" <abbr title=\"not one failure, or nothing but failures: exact bound for independent "
                  "trials\">bound</abbr>",
                  p->f);
        else if (f.steady.correlated)
            fputs(" <abbr title=\"neighbouring batches are correlated: the interval is too short\">correlated</abbr>",
                  p->f);
    }
    fputs("</td>", p->f);
    element(p, "td class=\"what\"", s->description);
    fputs("</tr>\n", p->f);
}

static void write_figures(const struct page *p)
{
    fprintf(p->f,
            "<section>\n<h2>All figures</h2>\n<p class=\"small\">Of the measured phase, and of its steady part%s with "
            "its %.0f %% confidence interval by batch means.</p>\n"
            "<div class=\"wide\"><table class=\"figures\">\n<thead><tr><th>figure</th><th>measured "
            "phase</th><th>%s</th><th>meaning</th></tr></thead>\n",
            p->steady.before_fault ? ", which the first fault ends," : "", 100 * p->level,
            p->steady.before_fault ? "before the first fault" : "interval");
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
        bool open = false;
        for (size_t i = 0; i < p->r->n_scalars; i++) {
            if (group_of(p->r->scalars[i].key) != &groups[g])
                continue;
            if (!open)
                fprintf(p->f, "<tbody><tr class=\"group\"><th colspan=\"4\" scope=\"rowgroup\">%s</th></tr>\n",
                        groups[g].title);
            open = true;
            write_row(p, &p->r->scalars[i]);
        }
        if (open)
            fputs("</tbody>\n", p->f);
    }
    fputs("</table></div>\n</section>\n", p->f);
}

static void write_methods(const struct page *p)
{
    char from[TEXT_NUMBER], to[TEXT_NUMBER];
    const struct results *r = p->r;
    bool any = p->steady.end > p->steady.first;
    fputs("<section>\n<h2>What the intervals mean, and what they do not</h2>\n", p->f);
    if (any)
        fprintf(
            p->f,
            "<p>Confidence intervals hold for the steady part of this run, %s to %s (%zu intervals of the record). ",
            text_time(from, results_start(r, p->steady.first)), text_time(to, r->time_s[p->steady.end - 1]),
            p->steady.end - p->steady.first);
    else
        fputs("<p>This run has no steady part that is recorded, so no confidence intervals. ", p->f);
    fprintf(p->f,
            "They are Student-t intervals at %.0f %% from 10 or 20 batch means, widened by what correlation is left "
            "between batches. A share without one failure has the exact bound of Clopper and Pearson instead. "
            "Quantiles of the whole phase have no interval within one run. Whether the warm-up was long enough is "
            "judged by MSER-5 over the record up to the first fault.</p>\n"
            "<p>An interval tells how well this run pins the mean of this scenario and model, not how well the model "
            "meets the world. After a fault a run is one observation: "
            "<code>reloadsim run … --replications 10</code> gives intervals over seeds.</p>\n</section>\n",
            100 * p->level);
}

static void write_provenance(const struct page *p)
{
    const struct results *r = p->r;
    fputs("<section>\n<h2>Scenario and provenance</h2>\n<details><summary>The scenario, every key</summary>\n<pre>",
          p->f);
    text_html(p->f, r->config[0] ? r->config : "The file has none.");
    fputs("</pre></details>\n<details><summary>The machine it ran on</summary>\n<dl class=\"meta\">\n", p->f);
    for (size_t i = 0; i < r->facts; i++)
        pair(p, r->wall[i].name, r->wall[i].text);
    fputs("</dl></details>\n</section>\n</main>\n", p->f);
}

/* ---- Data for the script. ---- */

static void numbers(FILE *f, const char *name, const double *x, size_t n)
{
    fprintf(f, "\"%s\":[", name);
    for (size_t i = 0; i < n; i++) {
        if (i)
            fputc(',', f);
        if (isfinite(x[i]))
            fprintf(f, "%.6g", x[i]);
        else
            fputs("null", f);
    }
    fputs("]", f);
}

/* Numbers of identities, in full. */
static void names(FILE *f, const char *name, const double *x, size_t n)
{
    fprintf(f, "\"%s\":[", name);
    for (size_t i = 0; i < n; i++)
        isfinite(x[i]) ? fprintf(f, "%s%.0f", i ? "," : "", x[i]) : fprintf(f, "%snull", i ? "," : "");
    fputs("]", f);
}

static void times(FILE *f, const double *x, size_t n)
{
    fputs("\"ends\":[", f);
    for (size_t i = 0; i < n; i++)
        fprintf(f, "%s%.9g", i ? "," : "", x[i]);
    fputs("]", f);
}

static void data_of_series(const struct page *p, const struct chart *c, size_t group)
{
    struct chart_sample s = chart_sample(p->r, c, group);
    fputs(",\"series\":[", p->f);
    for (size_t k = 0; k < s.series; k++) {
        fputs(k ? ",\n{\"label\":" : "\n{\"label\":", p->f);
        text_script_string(p->f, s.of[k]->label);
        fprintf(p->f, ",\"c\":%d,", (int)(s.of[k] - c->series));
        numbers(p->f, "v", s.value[k], s.points);
        if (group > 1 && c->kind == CHART_LINES) {
            fputc(',', p->f);
            numbers(p->f, "lo", s.least[k], s.points);
            fputc(',', p->f);
            numbers(p->f, "hi", s.most[k], s.points);
        }
        fputc('}', p->f);
    }
    fputs("]", p->f);
    chart_free(&s);
}

static void data_of_chart(const struct page *p, const struct chart *c, size_t group)
{
    static const char *const kinds[] = {[CHART_LINES] = "lines", [CHART_STACK] = "stack", [CHART_BINS] = "bins"};
    fprintf(p->f, "{\"id\":\"%s\",\"kind\":\"%s\",\"log\":%s,\"unit\":", c->id, kinds[c->kind],
            c->log ? "true" : "false");
    text_script_string(p->f, c->unit);
    if (c->kind == CHART_BINS) {
        const struct bins *h = results_histogram(p->r, c->histogram);
        fputc(',', p->f);
        numbers(p->f, "lower", h->lower, h->n);
        fputc(',', p->f);
        numbers(p->f, "upper", h->upper, h->n);
        fputc(',', p->f);
        numbers(p->f, "count", h->count, h->n);
        if (chart_law(c) == LAW_EXPONENTIAL)
            fputs(",\"law\":\"exponential\"", p->f);
    } else {
        data_of_series(p, c, group);
    }
    fputc('}', p->f);
}

/* A snapshot: a digit of state for each identity, then successors, distances and links. */
static void data_of_snapshot(const struct page *p, size_t s)
{
    const struct snapshots *v = &p->r->ring;
    size_t first = s * v->nodes;
    fprintf(p->f, "{\"at\":%.9g,\"state\":\"", v->time_s[first]);
    for (size_t k = 0; k < v->nodes; k++)
        fprintf(p->f, "%d", (int)v->state[first + k]);
    fputs("\",", p->f);
    names(p->f, "next", v->successor + first, v->nodes);
    fputc(',', p->f);
    numbers(p->f, "far", v->distance + first, v->nodes);
    fputc(',', p->f);
    numbers(p->f, "links", v->links + first, v->nodes);
    fputc('}', p->f);
}

static void data_of_ring(const struct page *p)
{
    const struct snapshots *v = &p->r->ring;
    if (!v->snapshots)
        return;
    size_t stride = ring_stride(v);
    fputs(",\"ring\":{", p->f);
    names(p->f, "identity", v->identity, v->nodes);
    fputc(',', p->f);
    numbers(p->f, "position", v->position, v->nodes);
    fputs(",\"snapshots\":[", p->f);
    for (size_t s = (v->snapshots - 1) % stride; s < v->snapshots; s += stride) {
        fputs(s >= stride ? ",\n" : "\n", p->f);
        data_of_snapshot(p, s);
    }
    fputs("]}", p->f);
}

static void write_data(const struct page *p)
{
    size_t group = chart_group(p->r, PAGE_POINTS), n, number = 0;
    double *t = chart_times(p->r, group, &n);
    fputs("<script type=\"application/json\" id=\"data\">\n{", p->f);
    times(p->f, t, n);
    fprintf(p->f, ",\"group\":%zu,\"measure\":[%.9g,%.9g],\"faults\":[", group, p->r->measure_from_s,
            p->r->measure_from_s + p->r->measure_s);
    for (size_t i = 0; i < p->r->n_events; i++) {
        const struct happening *h = &p->r->events[i];
        double end = outage_end(p->outages, p->n_outages, h->time_s);
        double over = results_fault_over(p->r, i);
        if (!happening_strikes(h))
            continue;
        if (end < over) /* not when there is no end, or it never got over it */
            end = over;
        fprintf(p->f, "%s{\"at\":%.9g,\"to\":", number++ ? "," : "", h->time_s);
        text_json_number(p->f, end); /* null: not back within the record */
        fputs(",\"text\":", p->f);
        text_script_string(p->f, h->text);
        fputc('}', p->f);
    }
    fputs("],\"charts\":[", p->f);
    bool first = true;
    for (size_t i = 0; i < chart_count; i++)
        if (chart_drawn(p->r, &charts[i])) {
            fputs(first ? "\n" : ",\n", p->f);
            first = false;
            data_of_chart(p, &charts[i], group);
        }
    fputs("]", p->f);
    data_of_ring(p);
    fprintf(p->f, "}\n</script>\n<script>\n%s</script>\n</body>\n</html>\n", page_script);
    free(t);
}

void page_write(FILE *f, const struct results *r, double level)
{
    struct page p = {.f = f, .r = r, .level = level, .steady = figure_steady(r)};
    p.outages = outages_of(r, &p.n_outages);
    write_head(&p);
    write_findings(&p);
    write_headlines(&p);
    write_faults(&p);
    write_charts(&p);
    write_figures(&p);
    write_methods(&p);
    write_provenance(&p);
    write_data(&p);
    free(p.outages);
}

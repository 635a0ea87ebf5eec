/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/gnuplot.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "analysis/chart.h"
#include "analysis/folder.h"
#include "analysis/memory.h"

/* Paul Tol's colours, as in page/style.css. */
static const char *const fills[CHART_SERIES_MOST] = {"#4477aa", "#ddcc77", "#cc6677", "#88ccee", "#882255",
                                                     "#e08020", "#aa4499", "#bbbbbb", "#117733", "#44aa99"};
static const char *const lines[4] = {"#1f5fa8", "#d9660a", "#178a74", "#7d2a78"};

/* A title between double quotes for gnuplot. */
static void quoted(FILE *f, const char *text)
{
    fputc('"', f);
    for (; *text; text++)
        if (*text == '"' || *text == '\\')
            fprintf(f, "\\%c", *text);
        else if ((unsigned char)*text >= 0x20)
            fputc(*text, f);
    fputc('"', f);
}

static void preamble(FILE *f, const struct chart *c)
{
    fprintf(f,
            "# gnuplot %s.gp makes %s.pdf\nset terminal pdfcairo noenhanced size 12cm,7cm font \",9\"\nset output "
            "\"%s.pdf\"\nset tics nomirror out\n"
            "set border 3\nset grid ytics lc rgb \"#dddddd\" lt 1\n",
            c->id, c->id, c->id);
}

/* ---- Charts of time. ---- */

static void time_data(FILE *f, const struct results *r, const struct chart_sample *s)
{
    fputs("# start_s end_s", f);
    for (size_t k = 0; k < s->series; k++) {
        fputc(' ', f);
        quoted(f, s->of[k]->label);
    }
    fputc('\n', f);
    for (size_t i = 0; i < s->points; i++) {
        fprintf(f, "%.9g %.9g", results_start(r, i), r->time_s[i]);
        for (size_t k = 0; k < s->series; k++)
            if (isfinite(s->value[k][i]))
                fprintf(f, " %.9g", s->value[k][i]);
            else
                fputs(" NaN", f);
        fputc('\n', f);
    }
}

static void marks(FILE *f, const struct results *r)
{
    unsigned number = 0;
    fprintf(f,
            "set xlabel \"time (min)\"\nset object rectangle from 0,graph 0 to %.9g,graph 1 behind fc rgb \"#eceff3\" "
            "fs noborder\n",
            r->measure_from_s / 60);
    for (size_t i = 0; i < r->n_events; i++)
        if (happening_strikes(&r->events[i])) {
            double at = r->events[i].time_s / 60;
            fprintf(f, "# F%u: ", ++number);
            quoted(f, r->events[i].text);
            fprintf(f,
                    "\nset arrow from %.9g,graph 0 to %.9g,graph 1 nohead dt 2 lc rgb \"#c0392b\"\nset label \"F%u\" "
                    "at %.9g,graph 1.04 center tc rgb \"#c0392b\"\n",
                    at, at, number, at);
        }
}

static void time_script(FILE *f, const struct results *r, const struct chart *c, const struct chart_sample *s)
{
    const char *before = "plot ";
    preamble(f, c);
    marks(f, r);
    fputs("set ylabel ", f);
    quoted(f, c->unit);
    fprintf(f, "\nset yrange [%s:*]\nset xrange [0:%.9g]\nset key outside right top\n%s", c->log ? "*" : "0",
            r->time_s[r->intervals - 1] / 60, c->log ? "set logscale y\n" : "");
    for (size_t n = s->series; n-- > 0;) {
        size_t k = c->kind == CHART_STACK ? n : s->series - 1 - n;
        unsigned colour = (unsigned)(s->of[k] - c->series);
        if (c->kind == CHART_STACK) { /* the tallest sum first, the shorter ones over it */
            fprintf(f, "%s\"%s.dat\" using (($1+$2)/120):(", before, c->id);
            for (size_t j = 0; j <= k; j++)
                fprintf(f, j ? "+$%zu" : "$%zu", j + 3);
            fprintf(f, "):(($2-$1)/60) with boxes lw 0.3 lc rgb \"%s\" fs solid border lc rgb \"%s\" title ",
                    fills[colour], fills[colour]);
            quoted(f, s->of[k]->label);
        } else {
            fprintf(f, "%s\"%s.dat\" using ($1/60):%zu with steps lw 1.5 lc rgb \"%s\" title ", before, c->id, k + 3,
                    lines[colour % 4]);
            quoted(f, s->of[k]->label);
            /* Each interval for all of its length, the last one and those between gaps too. */
            fprintf(
                f,
                ", \\\n     \"\" using ($1/60):%zu:(($2-$1)/60):(0) with vectors nohead lw 1.5 lc rgb \"%s\" notitle",
                k + 3, lines[colour % 4]);
        }
        before = ", \\\n     ";
    }
    fputc('\n', f);
}

/* ---- Charts of bins. ---- */

#define BARS_MOST 120

static void bins_data(FILE *f, const struct chart *c, const struct bins *h)
{
    size_t n;
    double sum = 0;
    struct chart_bar *bars = chart_bars(c, h, BARS_MOST, &n);
    for (size_t i = 0; i < h->n; i++)
        sum += h->count[i];
    fputs("# lower upper count density share_at_most_upper\n", f);
    for (size_t i = 0; i < n; i++) {
        const struct chart_bar *b = &bars[i];
        double width = c->log ? log10(b->upper / b->lower) : b->upper - b->lower;
        if (width > 0)
            fprintf(f, "%.9g %.9g %.0f %.9g %.9g\n", b->lower, b->upper, b->count, b->count / sum / width,
                    b->below + b->count / sum);
    }
    free(bars);
}

static void bins_script(FILE *f, const struct chart *c, const struct bins *h)
{
    size_t n;
    struct chart_bar *bars = chart_bars(c, h, BARS_MOST, &n);
    preamble(f, c);
    if (c->log && n)
        fprintf(f, "set logscale x\nset xrange [%.9g:*]\n", bars[0].lower);
    free(bars);
    bool law = chart_law(c) == LAW_EXPONENTIAL;
    fprintf(f,
            "set multiplot layout 2,1\nset style fill solid noborder\nset yrange [0:*]\nset ylabel \"%s%s\"\n"
            "plot \"%s.dat\" using (($1+$2)/2):4:($2-$1) with boxes lc rgb \"%s\" notitle",
            law ? "density" : "share per ",
            law      ? ""
            : c->log ? "decade"
                     : c->unit,
            c->id, fills[0]);
    if (law)
        fprintf(f, ", \\\n     exp(-x) with lines lw 1.5 dt 2 lc rgb \"%s\" title \"exp(-x)\"", lines[1]);
    fputs("\nset xlabel ", f);
    quoted(f, c->unit);
    fprintf(f,
            "\nset yrange [0:100]\nset ylabel \"%% at most\"\nplot \"%s.dat\" using 2:(100*$5) with lines lw 1.5 lc "
            "rgb \"%s\" notitle",
            c->id, lines[0]);
    if (law)
        fprintf(f, ", \\\n     100*(1-exp(-x)) with lines lw 1.5 dt 2 lc rgb \"%s\" notitle", lines[1]);
    fputs("\nunset multiplot\n", f);
}

/* ---- Files. ---- */

static int write_one(const struct results *r, const struct chart *c, const char *folder, bool *drawn)
{
    const struct bins *h = c->kind == CHART_BINS ? results_histogram(r, c->histogram) : NULL;
    struct chart_sample s = chart_sample(r, c, 1);
    double sum = 0;
    for (size_t i = 0; h && i < h->n; i++)
        sum += h->count[i];
    *drawn = s.series > 0 || sum > 0;
    int bad = 0;
    for (int script = 0; script < 2 && *drawn && !bad; script++) {
        char *name = memory_format("%s.%s", c->id, script ? "gp" : "dat");
        struct output o = output_begin(folder, name);
        free(name);
        if (o.f && h)
            (script ? bins_script : bins_data)(o.f, c, h);
        else if (o.f && script)
            time_script(o.f, r, c, &s);
        else if (o.f)
            time_data(o.f, r, &s);
        bad = output_end(&o);
    }
    chart_free(&s);
    return bad;
}

int gnuplot_write(const struct results *r, const char *folder, size_t *written)
{
    *written = 0;
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return -1;
    struct output all = output_begin(folder, "all.gp");
    int bad = !all.f;
    for (size_t i = 0; i < chart_count && !bad; i++) {
        bool drawn;
        bad = write_one(r, &charts[i], folder, &drawn);
        if (!bad && drawn) {
            fprintf(all.f, "reset\nload \"%s.gp\"\n", charts[i].id);
            ++*written;
        }
    }
    return output_end(&all) || bad ? -1 : 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reloadsim-report DIR: makes DIR/report.html of DIR/results.h5. `reloadsim report` comes here once it has finished what a killed run left. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/command.h"
#include "analysis/figure.h"
#include "analysis/finding.h"
#include "analysis/folder.h"
#include "analysis/gnuplot.h"
#include "analysis/page.h"
#include "analysis/text.h"

#define NAME "report"

struct options {
    const char *gnuplot;
    bool json, quiet;
};

/* The figures with their intervals, for programs. */
static void print_json(const struct results *r)
{
    struct span steady = figure_steady(r);
    struct findings found = findings_of(r, LEVEL);
    printf("{\"scenario\":");
    text_json_string(stdout, r->scenario_name);
    printf(",\"seed\":%llu,\"fingerprint\":", (unsigned long long)r->seed);
    text_json_string(stdout, r->fingerprint);
    printf(",\"revision\":");
    text_json_string(stdout, r->revision);
    printf(",\"warmup_s\":");
    text_json_number(stdout, r->warmup_s);
    printf(",\"measure_s\":");
    text_json_number(stdout, r->measure_s);
    printf(",\"complete\":%s,\"level\":%g,\"steady_from_s\":", r->complete ? "true" : "false", LEVEL);
    text_json_number(stdout, steady.end > steady.first ? results_start(r, steady.first) : NAN);
    printf(",\"steady_to_s\":");
    text_json_number(stdout, steady.end > steady.first ? r->time_s[steady.end - 1] : NAN);
    printf(",\"ended_by_fault\":%s,\"warnings\":[", steady.before_fault ? "true" : "false");
    for (size_t i = 0; i < found.n; i++) {
        fputs(i ? "," : "", stdout);
        text_json_string(stdout, found.list[i].text);
    }
    fputs("],\"figures\":{", stdout);
    for (size_t i = 0; i < r->n_scalars; i++) {
        const struct scalar *s = &r->scalars[i];
        const struct figure_rule *rule = figure_rule_of(s->key);
        fputs(i ? ",\n" : "\n", stdout);
        text_json_string(stdout, s->key);
        fputs(":{\"unit\":", stdout);
        text_json_string(stdout, s->unit);
        fputs(",\"measured\":", stdout);
        text_json_number(stdout, s->value);
        if (rule) {
            struct figure f = figure_of(r, rule, LEVEL);
            const double parts[] = {f.steady.interval.mean, f.steady.interval.lower, f.steady.interval.upper};
            static const char *const names[] = {"steady", "lower", "upper"};
            for (size_t k = 0; k < 3; k++) {
                printf(",\"%s\":", names[k]);
                text_json_number(stdout, parts[k]);
            }
            printf(",\"method\":\"%s\",\"batches\":%zu,\"correlated\":%s", f.bound ? "clopper-pearson" : "batch-means",
                   f.steady.batches, f.steady.correlated ? "true" : "false");
        }
        fputc('}', stdout);
    }
    fputs("}}\n", stdout);
    findings_free(&found);
}

static int no_output(const char *what)
{
    fprintf(stderr, "reloadsim " NAME ": cannot write %s: %s\n", what, strerror(errno));
    return COMMAND_RESOURCE;
}

static int report(const struct folder *f, const struct options *o)
{
    const struct results *r = &f->runs[0];
    size_t charts_written;
    struct output page = output_begin(f->path, "report.html");
    if (page.f)
        page_write(page.f, r, LEVEL);
    if (output_end(&page))
        return no_output("report.html");
    if (o->gnuplot && gnuplot_write(r, o->gnuplot, &charts_written))
        return no_output(o->gnuplot);
    if (o->json)
        print_json(r);
    else if (!o->quiet) {
        struct findings found = findings_of(r, LEVEL);
        for (size_t i = 0; i < found.n; i++)
            printf("%s: %s\n", found.list[i].grave ? "warning" : "note", found.list[i].text);
        findings_free(&found);
        printf("report in %s/report.html\n", f->path);
        if (o->gnuplot)
            printf("%zu charts in %s: gnuplot all.gp there makes a PDF of each\n", charts_written, o->gnuplot);
    }
    return command_flushed(NAME, COMMAND_DONE);
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {{"gnuplot", required_argument, NULL, 'g'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"quiet", no_argument, NULL, 'q'},
                                          {0}};
    struct options o = {NULL, false, false};
    struct folder f;
    char error[1024];
    int c;
    while ((c = command_option(NAME, argc, argv, "", longs)) != -1)
        switch (c) {
        case 'g': o.gnuplot = optarg; break;
        case 'j': o.json = true; break;
        case 'q': o.quiet = true; break;
        default: return COMMAND_USAGE;
        }
    if (argc - optind != 1)
        return command_usage(NAME, "%s",
                             argc == optind ? "which results? Give the folder of a run" : "one folder at a time");
    int status = COMMAND_USAGE;
    if (folder_open(&f, argv[optind], error, sizeof error))
        fprintf(stderr, "reloadsim " NAME ": %s\n", error);
    else if (f.replications || strstr(argv[optind], ".h5"))
        status = command_usage(NAME, "%s: give the folder of one run", argv[optind]);
    else
        status = report(&f, &o);
    folder_close(&f);
    return status;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reloadsim-replications DIR: what runs of one scenario under several seeds say together. Reads DIR/rep-NN/results.h5, prints a table, and writes
 * DIR/replications.json, DIR/report.html and the page of each run. `reloadsim run --replications` comes here when its runs have ended. Status 3: some run is incomplete. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/command.h"
#include "analysis/folder.h"
#include "analysis/memory.h"
#include "analysis/page.h"
#include "analysis/replications.h"

#define NAME       "replications"
#define INCOMPLETE 3

static int no_output(const char *folder, const char *what)
{
    fprintf(stderr, "reloadsim " NAME ": cannot write %s/%s: %s\n", folder, what, strerror(errno));
    return COMMAND_RESOURCE;
}

static int summarise(const struct folder *f, bool quiet)
{
    struct output json = output_begin(f->path, "replications.json");
    if (json.f)
        replications_json(json.f, f, LEVEL);
    if (output_end(&json))
        return no_output(f->path, "replications.json");
    struct output page = output_begin(f->path, "report.html");
    if (page.f)
        replications_page(page.f, f, LEVEL);
    if (output_end(&page))
        return no_output(f->path, "report.html");
    for (size_t i = 0; i < f->n; i++) { /* the page of each run, which that page links to */
        char *folder = memory_text(f->runs[i].path);
        *strrchr(folder, '/') = 0;
        struct output one = output_begin(folder, "report.html");
        if (one.f)
            page_write(one.f, &f->runs[i], LEVEL);
        int bad = output_end(&one);
        if (bad)
            no_output(folder, "report.html");
        free(folder);
        if (bad)
            return COMMAND_RESOURCE;
    }
    if (!quiet) {
        replications_print(stdout, f, LEVEL);
        printf("results in %s: replications.json, report.html, and each run in rep-*\n", f->path);
    }
    return command_flushed(NAME, replications_complete(f) ? COMMAND_DONE : INCOMPLETE);
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {{"quiet", no_argument, NULL, 'q'}, {0}};
    bool quiet = false;
    struct folder f;
    char error[1024];
    int c;
    while ((c = command_option(NAME, argc, argv, "", longs)) != -1) {
        if (c == '?')
            return COMMAND_USAGE;
        quiet = true;
    }
    if (argc - optind != 1)
        return command_usage(NAME, "give the folder of one set of replications");
    int status = COMMAND_USAGE;
    if (folder_open(&f, argv[optind], error, sizeof error))
        fprintf(stderr, "reloadsim " NAME ": %s\n", error);
    else if (!f.replications)
        fprintf(stderr, "reloadsim " NAME ": %s is one run, not a set of replications (rep-01, rep-02 and so on)\n",
                argv[optind]);
    else if (replications_same_scenario(&f, error, sizeof error))
        fprintf(stderr, "reloadsim " NAME ": %s\n", error);
    else
        status = summarise(&f, quiet);
    folder_close(&f);
    return status;
}

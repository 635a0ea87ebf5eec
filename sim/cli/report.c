/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reloadsim report DIR: finishes what a run left, then hands over to the analysis program, which makes the page. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/cli/cli.h"
#include "sim/cli/part.h"
#include "sim/record/results.h"

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

/* What was found, on standard error. */
static int tell(const char *folder, const struct results *r)
{
    struct stat st;
    char until[24];
    switch (r->state) {
    case RESULTS_NONE:
        if (stat(folder, &st) != 0)
            return cli_usage("report", "%s: %s", folder, strerror(errno));
        return cli_usage("report", "%s holds no results of a run", folder);
    case RESULTS_RUNNING:
        fprintf(stderr, "reloadsim report: the run in %s goes on; its results are not there yet\n", folder);
        return CLI_INCOMPLETE;
    case RESULTS_FAILED: fprintf(stderr, "reloadsim report: %s\n", r->error); return CLI_RESOURCE;
    case RESULTS_COMPLETE:
        if (r->made)
            fprintf(stderr, "%s: the run had ended; its results are finished now\n", folder);
        return CLI_DONE;
    case RESULTS_INCOMPLETE: break;
    }
    if (!r->made) {
        fprintf(stderr, "%s: incomplete: the run did not get to its end\n", folder);
        return CLI_INCOMPLETE;
    }
    fprintf(stderr, "%s: incomplete: the run was %s after %s of simulated time; %llu row%s of its time series kept\n",
            folder, r->killed ? "killed" : "stopped", cli_duration((double)r->until / 1e9, until),
            (unsigned long long)r->rows, plural(r->rows));
    if (r->dropped)
        fprintf(stderr, "%s: the last %llu byte%s were not written whole, and dropped\n", folder,
                (unsigned long long)r->dropped, plural(r->dropped));
    return CLI_INCOMPLETE;
}

int report_main(int argc, char **argv)
{
    struct results results;
    if (argc < 2 || argv[1][0] == '-')
        return cli_usage("report",
                         argc < 2 ? "which results? Give the folder of a run" : "the folder comes first, then options");
    results_finish(argv[1], &results);
    int status = tell(argv[1], &results);
    if (results.state != RESULTS_COMPLETE && results.state != RESULTS_INCOMPLETE)
        return status;
    if (!part_there("report")) {
        fputs("reloadsim report: no page is made: the analysis program reloadsim-report is neither beside reloadsim "
              "nor in "
              "../libexec/reloadsim of it\n",
              stderr);
        return status;
    }
    int analysed = part_run("report", argv);
    return analysed == CLI_DONE ? status : analysed;
}

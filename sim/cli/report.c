/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reloadsim report DIR: finishes what a run left, then hands over to the analysis program, which makes the page. */
#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/cli/cli.h"
#include "sim/record/results.h"

#define ANALYSIS "reloadsim-report"

extern char **environ;

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

/* The analysis program: beside this one, or in the libexec folder of the prefix that this one is installed under. */
static int find_analysis(char found[PATH_MAX])
{
    static const char *const places[] = {"", "../libexec/"};
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        return -1;
    self[n] = 0;
    char *slash = strrchr(self, '/');
    for (size_t i = 0; slash && i < sizeof places / sizeof places[0]; i++) {
        int len = snprintf(found, PATH_MAX, "%.*s/%s" ANALYSIS, (int)(slash - self), self, places[i]);
        if (len > 0 && len < PATH_MAX && access(found, X_OK) == 0)
            return 0;
    }
    return -1;
}

/* argv as it was given to report. The status of the program, CLI_DONE when there is none. */
static int run_analysis(char **argv)
{
    char path[PATH_MAX];
    pid_t child;
    int status;
    if (find_analysis(path)) {
        fputs("reloadsim report: no page is made: the analysis program " ANALYSIS
              " is neither beside reloadsim nor in ../libexec of it\n",
              stderr);
        return CLI_DONE;
    }
    argv[0] = path;
    fflush(stdout);
    int failed = posix_spawn(&child, path, NULL, NULL, argv, environ);
    if (failed) {
        fprintf(stderr, "reloadsim report: %s: %s\n", path, strerror(failed));
        return CLI_RESOURCE;
    }
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return CLI_INTERNAL;
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    fprintf(stderr, "reloadsim report: %s was ended by signal %d\n", path, WTERMSIG(status));
    return CLI_INTERNAL;
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
    int analysed = run_analysis(argv);
    return analysed == CLI_DONE ? status : analysed;
}

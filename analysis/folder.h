/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where results lie: DIR/results.h5 of one run, or DIR/rep-01/results.h5 and on of replications (reloadsim run --replications). */
#ifndef ANALYSIS_FOLDER_H
#define ANALYSIS_FOLDER_H

#include <stdio.h>

#include "analysis/results.h"

struct folder {
    char *path;
    struct results *runs; /* in the order of their names */
    size_t n;
    bool replications; /* a folder of runs, even if of one */
};

/* path: a folder of either kind, or a results.h5. 0, or -1 with a complaint. folder_close takes what was opened, also after a failure. */
int folder_open(struct folder *, const char *path, char *error, size_t error_cap);
void folder_close(struct folder *);

/* Writes path as a whole or not at all (a temporary file, then rename): begin, print, end. end returns 0, or -1 with errno. */
struct output {
    FILE *f; /* NULL: could not be opened, errno says why */
    char *path, *temporary;
};
struct output output_begin(const char *folder, const char *name);
int output_end(struct output *);

#endif

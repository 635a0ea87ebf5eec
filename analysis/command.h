/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the programs of the analysis have in common: exit statuses (those of reloadsim) and complaints. They are parts of reloadsim and speak in its
 * name; `reloadsim help COMMAND` has the manual. */
#ifndef ANALYSIS_COMMAND_H
#define ANALYSIS_COMMAND_H

#include <getopt.h>

#define LEVEL 0.95 /* of confidence, everywhere */

enum command_status {
    COMMAND_DONE = 0,
    COMMAND_DIFFERS = 1, /* compare: the results are not equal */
    COMMAND_USAGE = 2,   /* wrong usage, or a file that is no result */
    COMMAND_RESOURCE = 4 /* cannot be written */
};

/* A complaint on standard error; returns COMMAND_USAGE. */
__attribute__((format(printf, 2, 3))) int command_usage(const char *command, const char *format, ...);
/* The next option, -1 at the end, '?' after a complaint. */
int command_option(const char *command, int argc, char **argv, const char *shorts, const struct option *longs);
/* Standard output must have got where it should; returns the status, or COMMAND_RESOURCE after a complaint. */
int command_flushed(const char *command, int status);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int command_usage(const char *command, const char *format, ...)
{
    va_list arguments;
    fprintf(stderr, "reloadsim %s: ", command);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\nSee reloadsim %s --help.\n", command);
    return COMMAND_USAGE;
}

int command_option(const char *command, int argc, char **argv, const char *shorts, const struct option *longs)
{
    char quiet[32];
    opterr = 0;
    snprintf(quiet, sizeof quiet, ":%s", shorts);
    int c = getopt_long(argc, argv, quiet, longs, NULL);
    if (c == ':')
        command_usage(command, "%s needs a value", argv[optind - 1]);
    else if (c == '?' && optopt && !strchr(argv[optind - 1], '='))
        command_usage(command, "there is no option -%c", optopt);
    else if (c == '?')
        command_usage(command, "%s cannot be used so", argv[optind - 1]);
    return c == ':' ? '?' : c;
}

int command_flushed(const char *command, int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, "reloadsim %s: standard output: %s\n", command, strerror(errno));
    return COMMAND_RESOURCE;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/cli/cli.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/scenario/nearest.h"

int cli_usage(const char *command, const char *format, ...)
{
    va_list args;
    fprintf(stderr, "reloadsim %s: ", command);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nSee reloadsim %s --help.\n", command);
    return CLI_USAGE;
}

static int option_refused(char **argv, const struct option *longs, bool argument_missing)
{
    const char *typed = argv[optind - 1];
    struct nearest near;
    if (argument_missing)
        return cli_usage(argv[0], "%s needs a value", typed);
    if (strncmp(typed, "--", 2) != 0)
        return cli_usage(argv[0], "there is no option -%c", optopt);
    nearest_begin(&near, typed + 2);
    for (; longs->name; longs++) {
        if (strlen(longs->name) == strcspn(typed + 2, "=") && strncmp(longs->name, typed + 2, strlen(longs->name)) == 0)
            return cli_usage(argv[0], "--%s takes no value", longs->name);
        nearest_offer(&near, longs->name);
    }
    if (near.best)
        return cli_usage(argv[0], "there is no option %s: did you mean --%s?", typed, near.best);
    return cli_usage(argv[0], "there is no option %s", typed);
}

int cli_option(int argc, char **argv, const char *shorts, const struct option *longs)
{
    char quiet[32];
    opterr = 0;
    snprintf(quiet, sizeof quiet, ":%s", shorts); /* ':' tells a missing value from an unknown option */
    int c = getopt_long(argc, argv, quiet, longs, NULL);
    if (c == '?' || c == ':') {
        option_refused(argv, longs, c == ':');
        return '?';
    }
    return c;
}

void cli_json_string(FILE *out, const char *s)
{
    fputc('"', out);
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            fprintf(out, "\\%c", *s);
        else if ((unsigned char)*s < 0x20)
            fprintf(out, "\\u%04x", (unsigned)(unsigned char)*s);
        else
            fputc(*s, out);
    }
    fputc('"', out);
}

/* Three figures and the largest prefix that leaves at least 1. */
static const char *with_prefix(double x, double step, const char *const prefixes[], char out[24])
{
    unsigned i = 0;
    for (; x >= step * 0.9995 && prefixes[i + 1]; i++)
        x /= step;
    int decimals = i == 0 || x >= 99.95 ? 0 : x >= 9.995 ? 1 : 2;
    snprintf(out, 24, "%.*f %s", decimals, x, prefixes[i]);
    return out;
}

const char *cli_count(double x, char out[24])
{
    static const char *const prefixes[] = {"", "k", "M", "G", "T", NULL};
    with_prefix(x, 1000, prefixes, out);
    size_t len = 0;
    while (out[len] && out[len] != ' ')
        len++;
    if (out[len] == ' ' && !out[len + 1])
        out[len] = 0;
    return out;
}

const char *cli_bytes(double x, char out[24])
{
    static const char *const prefixes[] = {"B", "KiB", "MiB", "GiB", "TiB", NULL};
    return with_prefix(x, 1024, prefixes, out);
}

/* Two units at most; the second is left out when it is zero. */
static void two_units(unsigned s, unsigned large, const char *large_name, unsigned small, const char *small_name,
                      char out[24])
{
    unsigned rest = s % large / small;
    if (rest)
        snprintf(out, 24, "%u %s %02u %s", s / large, large_name, rest, small_name);
    else
        snprintf(out, 24, "%u %s", s / large, large_name);
}

const char *cli_duration(double seconds, char out[24])
{
    unsigned s = seconds < 999999 * 3600.0 ? (unsigned)(seconds + 0.5) : 999999u * 3600u;
    if (seconds < 9.95)
        snprintf(out, 24, "%.1f s", seconds);
    else if (s < 120)
        snprintf(out, 24, "%u s", s);
    else if (s < 7200)
        two_units(s, 60, "min", 1, "s", out);
    else
        two_units(s, 3600, "h", 60, "min", out);
    return out;
}

/* The data file is read once here, so that a mistake in it is a mistake of the scenario and is found before anything else is done. */
static int load_places(const struct scenario *s, char *error, size_t error_cap)
{
    struct latency places = {.model = s->latency};
    int failed = latency_load(&places, s->data_path, error, error_cap);
    latency_free(&places);
    return failed;
}

struct scenario *cli_load(const char *path, const char *const *sets, unsigned nsets)
{
    char error[2048];
    struct scenario *s = malloc(sizeof *s);
    if (s && scenario_load(s, path, sets, nsets, error, sizeof error) == 0 && load_places(s, error, sizeof error) == 0)
        return s;
    fprintf(stderr, "%s\n", s ? error : "reloadsim: out of memory");
    free(s);
    return NULL;
}

bool cli_find_program(const char *name, char *out, size_t cap)
{
    const char *path = getenv("PATH");
    while (path && *path) {
        size_t n = strcspn(path, ":");
        snprintf(out, cap, "%.*s/%s", (int)n, path, name);
        if (n && access(out, X_OK) == 0)
            return true;
        path += n + (path[n] == ':');
    }
    return false;
}

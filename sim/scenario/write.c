/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/scenario/scenario.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/scenario/read.h"
#include "sim/scenario/value.h"

static void indent(FILE *out, const char *group)
{
    int depth = group[0] != 0;
    for (; *group; group++)
        depth += *group == '.';
    fprintf(out, "%*s", 2 * depth, "");
}

static void write_faults(FILE *out, const struct scenario *s)
{
    char text[FAULT_TEXT_MAX];
    fprintf(out, "faults:%s\n", s->faults ? "" : " []");
    for (unsigned i = 0; i < s->faults; i++) {
        fault_print(&s->fault[i], text, sizeof text);
        fprintf(out, "  - %s\n", text);
    }
}

static void write_checks(FILE *out, const struct scenario *s)
{
    char text[256];
    fprintf(out, "check:%s\n", s->checks ? "" : " []");
    for (unsigned i = 0; i < s->checks; i++) {
        check_print(&s->check[i], text, sizeof text);
        fprintf(out, "  - %s\n", text);
    }
}

static void write_group(FILE *out, const char *group, const struct scenario *s)
{
    for (size_t i = 0; i < schema_count; i++) {
        const struct key *key = &schema[i];
        const char *name = schema_child_name(key, group);
        char text[VALUE_TEXT_MAX];
        bool other_model = key->models && !(key->models & 1u << s->latency);
        bool nothing = (key->type == KEY_TEXT || key->type == KEY_PRESET || key->type == KEY_LAW) &&
                       !value_present(key, s);
        bool other_protocol = key->protocols && !(key->protocols & 1u << s->protocol);
        if (!name || other_model || other_protocol || nothing)
            continue;
        if (key->type == KEY_FAULTS || key->type == KEY_CHECKS) {
            key->type == KEY_FAULTS ? write_faults(out, s) : write_checks(out, s);
            continue;
        }
        indent(out, group);
        if (key->type != KEY_MAP) {
            fprintf(out, "%s: %s\n", name, value_print(key, s, text));
        } else if (key->absent && !value_present(key, s)) {
            fprintf(out, "%s: %s\n", name, key->absent);
        } else {
            fprintf(out, "%s:\n", name);
            write_group(out, key->path, s);
        }
    }
}

/* A data file beside the scenario is named in full: the resolved file will lie elsewhere. */
static void name_in_full(const struct scenario *s, char *data, size_t cap, const char *path)
{
    const char *slash = strrchr(s->path, '/');
    char beside[FIND_MAX + sizeof s->path], *full;
    snprintf(beside, sizeof beside, "%.*s/%s", slash ? (int)(slash - s->path) : 1, slash ? s->path : ".", data);
    if (!data[0] || data[0] == '/' || strcmp(beside, path) != 0 || !(full = realpath(path, NULL)))
        return;
    if (strlen(full) < cap) {
        memset(data, 0, cap);
        memcpy(data, full, strlen(full));
    }
    free(full);
}

void scenario_print(const struct scenario *scenario, FILE *out)
{
    struct scenario s = *scenario;
    scenario_unfinish(&s);
    name_in_full(&s, s.data, sizeof s.data, s.data_path);
    name_in_full(&s, s.trace_data, sizeof s.trace_data, s.trace_path);
    name_in_full(&s, s.calls_data, sizeof s.calls_data, s.calls_path);
    fputs("# A resolved scenario: every key of this version, defaults filled in. Running it gives the same results.\n",
          out);
    write_group(out, "", &s);
}

static int write_whole(const struct scenario *s, const char *path)
{
    FILE *out = fopen(path, "w");
    if (!out)
        return -1;
    scenario_print(s, out);
    int failed = ferror(out) ? EIO : fflush(out) != 0 || fsync(fileno(out)) != 0 ? errno : 0;
    if (fclose(out) != 0 && !failed)
        failed = errno;
    errno = failed;
    return failed ? -1 : 0;
}

int scenario_write(const struct scenario *s, const char *path)
{
    char temporary[4096];
    int n = snprintf(temporary, sizeof temporary, "%s.part", path);
    if (n < 0 || (size_t)n >= sizeof temporary) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (write_whole(s, temporary) == 0 && rename(temporary, path) == 0)
        return 0;
    int error = errno;
    remove(temporary);
    errno = error;
    return -1;
}

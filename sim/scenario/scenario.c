/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/scenario/scenario.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/scenario/read.h"

int scenario_parse(struct scenario *s, const char *name, const char *text, size_t len, const char *const *sets,
                   unsigned nsets, char *error, size_t error_cap)
{
    struct sources sources = {.list = {{.name = strcmp(name, "-") == 0 ? "<stdin>" : name, .text = text, .len = len}},
                              .count = 1,
                              .error = error,
                              .error_cap = error_cap};
    struct tree_pool pool = {0};
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* editors that mark UTF-8 */
        sources.list[SOURCE_FILE].text += 3;
        sources.list[SOURCE_FILE].len -= 3;
    }
    if (error_cap)
        error[0] = 0;
    memset(s, 0, sizeof *s);
    snprintf(s->path, sizeof s->path, "%s", name);
    if (strlen(name) >= sizeof s->path)
        return complain_at_start(&sources, SOURCE_FILE, "path longer than %zu bytes", sizeof s->path - 1);
    if (nsets > SETS_MAX)
        return complain_at_start(&sources, SOURCE_FILE, "more than %d --set", SETS_MAX);
    struct tree *root = tree_parse(&pool, &sources, SOURCE_FILE);
    for (unsigned i = 0; i < nsets && root && !sources.failed; i++) {
        sources.list[sources.count++] = (struct source){.text = sets[i], .len = strlen(sets[i])};
        tree_set(&pool, &sources, sources.count - 1, root);
    }
    int failed = !root || sources.failed || scenario_read(&sources, root, s) || scenario_finish(&sources, root, s) ? -1
                                                                                                                   : 0;
    tree_pool_free(&pool);
    return failed;
}

/* All of a file, at most one byte more than a scenario may have. NULL with errno. */
static char *read_all(FILE *in, size_t *len)
{
    const size_t cap = (1u << 20) + 2;
    char *text = malloc(cap);
    if (!text)
        return NULL;
    *len = fread(text, 1, cap - 1, in);
    if (ferror(in)) {
        free(text);
        return NULL;
    }
    return text;
}

int scenario_load(struct scenario *s, const char *path, const char *const *sets, unsigned nsets, char *error,
                  size_t error_cap)
{
    bool standard = strcmp(path, "-") == 0;
    size_t len = 0;
    FILE *in = standard ? stdin : fopen(path, "rb");
    char *text = in ? read_all(in, &len) : NULL;
    int why = errno;
    if (in && !standard)
        fclose(in);
    if (!text) {
        snprintf(error, error_cap, "%s: %s", path, strerror(why));
        return -1;
    }
    int failed = scenario_parse(s, path, text, len, sets, nsets, error, error_cap);
    free(text);
    return failed;
}

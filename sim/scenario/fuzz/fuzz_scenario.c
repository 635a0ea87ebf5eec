/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a scenario: never a crash, never an unterminated message; and what is accepted must survive being written and read again, to the same
 * struct and the same text. A NUL ends the file; what follows are --set assignments, ended by NUL each. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/scenario.h"

#define SETS 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "fuzz_scenario: %s\n", what);
        abort();
    }
}

static char *resolved(const struct scenario *s, size_t *len)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, len);
    must(out != NULL, "no memory stream");
    scenario_print(s, out);
    fclose(out);
    return text;
}

static void round_trip(struct scenario *s)
{
    struct scenario back;
    char error[1024];
    size_t once_len, twice_len;
    char *once = resolved(s, &once_len);
    if (scenario_parse(&back, s->path, once, once_len, NULL, 0, error, sizeof error)) {
        fprintf(stderr, "%s\n", error);
        must(0, "the resolved scenario is refused");
    }
    char *twice = resolved(&back, &twice_len);
    must(once_len == twice_len && memcmp(once, twice, once_len) == 0, "the resolved scenario is written differently again");
    s->overlay.name = back.overlay.name = NULL; /* into each struct itself */
    if (strncmp(s->data_path, "./", 2) != 0)    /* a file beside the scenario is named in full when written */
        must(memcmp(s, &back, sizeof back) == 0, "the resolved scenario is another");
    free(once);
    free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), error[1024];
    const char *sets[SETS];
    unsigned nsets = 0;
    struct scenario s;
    must(text != NULL, "no memory");
    if (size) /* memcpy from NULL is undefined even for nothing */
        memcpy(text, data, size);
    text[size] = 0;
    size_t len = strlen(text);
    for (size_t at = len + 1; at < size && nsets < SETS; at += strlen(text + at) + 1)
        sets[nsets++] = text + at;
    memset(error, 'x', sizeof error);
    if (scenario_parse(&s, "fuzz.yaml", text, len, sets, nsets, error, sizeof error))
        must(strnlen(error, sizeof error) < sizeof error && error[0], "no message");
    else
        round_trip(&s);
    free(text);
    return 0;
}

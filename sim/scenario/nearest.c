/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/scenario/nearest.h"

#include <ctype.h>
#include <string.h>

#define WORD_MAX 48

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned m = a < b ? a : b;
    return m < c ? m : c;
}

/* Edits (insert, delete, replace, swap of neighbours) between two words, case and "-" for "_" free of charge. */
static unsigned edits(const char *a, const char *b)
{
    unsigned row[3][WORD_MAX + 1];
    size_t la = strlen(a), lb = strlen(b);
    if (la > WORD_MAX || lb > WORD_MAX)
        return WORD_MAX;
    for (unsigned j = 0; j <= lb; j++)
        row[0][j] = j;
    for (size_t i = 1; i <= la; i++) {
        unsigned *now = row[i % 3], *above = row[(i + 2) % 3], *two_above = row[(i + 1) % 3];
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= lb; j++) {
            int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);
            unsigned same = x == y || (x == '-' && y == '_') || (x == '_' && y == '-') ? 0 : 1;
            now[j] = least(above[j] + 1, now[j - 1] + 1, above[j - 1] + same);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && two_above[j - 2] + 1 < now[j])
                now[j] = two_above[j - 2] + 1;
        }
    }
    return row[la % 3][lb];
}

void nearest_begin(struct nearest *n, const char *typed)
{
    *n = (struct nearest){.typed = typed, .distance = (unsigned)strlen(typed) / 3 + 1};
    if (n->distance > 4)
        n->distance = 4;
}

void nearest_offer(struct nearest *n, const char *candidate)
{
    unsigned d = edits(n->typed, candidate);
    if (d < n->distance || (d == n->distance && !n->best && d < strlen(candidate))) {
        n->distance = d;
        n->best = candidate;
    }
}

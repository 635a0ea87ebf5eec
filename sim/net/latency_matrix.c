/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reader of matrix files: a line for each place, a round trip in ms to each place. What is used of it is symmetric and complete: the mean of both
 * directions where both were measured, the one that was, or else the shortest way by one other place. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sim/net/latency.h"
#include "sim/net/lines.h"

#define LINE_BYTES_MAX (16u * LATENCY_MATRIX_MAX + 2u)
#define RTT_MS_MAX     1e5
#define US_PER_MS      1e3
#define MISSING        UINT32_MAX

static unsigned fields_of(const char *text)
{
    unsigned n = 1;
    for (; *text; text++)
        n += *text == ',';
    return n;
}

/* The field at `text`, which ends at its comma. Nothing takes no time: a zero between two places says that nothing was measured. */
static int read_field(struct lines *in, unsigned row, unsigned column, char *text, uint32_t *rtt_us)
{
    char *end = NULL;
    *rtt_us = MISSING;
    if (text[0] == '\0')
        return 0;
    double ms = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(ms))
        return lines_fail(in, "row %u, column %u: \"%.40s\" is no number", row + 1, column + 1, text);
    if (ms < 0 || ms > RTT_MS_MAX)
        return lines_fail(in, "row %u, column %u: %.40s ms is not in 0 to %g", row + 1, column + 1, text, RTT_MS_MAX);
    if (ms > 0 || row == column)
        *rtt_us = (uint32_t)(ms * US_PER_MS + 0.5);
    return 0;
}

static int read_row(struct lines *in, unsigned row, unsigned places, uint32_t *rtt_us)
{
    char *at = in->text;
    unsigned fields = fields_of(in->text);
    if (fields != places)
        return lines_fail(in, "row %u: %u columns, but row 1 has %u", row + 1, fields, places);
    for (unsigned column = 0; column < places; column++) {
        char *next = at + strcspn(at, ",");
        *next = '\0';
        if (read_field(in, row, column, at, &rtt_us[(size_t)row * places + column]))
            return -1;
        at = next + 1;
    }
    return 0;
}

/* The first row tells how many places there are. */
static int read_rows(struct lines *in, struct latency *l)
{
    unsigned row = 0;
    int got;
    for (; (got = lines_next(in)) > 0; row++) {
        if (row == 0) {
            unsigned places = fields_of(in->text);
            if (places > LATENCY_MATRIX_MAX)
                return lines_fail(in, "more than %u places", LATENCY_MATRIX_MAX);
            if (!(l->rtt_us = malloc((size_t)places * places * sizeof *l->rtt_us)))
                return lines_fail(in, "out of memory");
            l->places = places;
        }
        if (row == l->places)
            return lines_fail(in, "more rows than the %u columns", l->places);
        if (read_row(in, row, l->places, l->rtt_us))
            return -1;
    }
    if (got == 0 && row == 0)
        return lines_fail(in, "empty: a line of round trips for each place is needed");
    if (got == 0 && row < l->places)
        return lines_fail(in, "%u rows, but %u columns", row, l->places);
    return got;
}

/* Both directions to one value; how many pairs have none. Within a place of which nothing is known: 0, which access delays and min_delay raise. */
static size_t make_symmetric(struct latency *l)
{
    size_t n = l->places, gaps = 0;
    for (size_t a = 0; a < n; a++) {
        if (l->rtt_us[a * n + a] == MISSING)
            l->rtt_us[a * n + a] = 0;
        for (size_t b = 0; b < a; b++) {
            uint32_t *there = &l->rtt_us[a * n + b], *back = &l->rtt_us[b * n + a];
            uint32_t both = *there == MISSING ? *back : *back == MISSING ? *there : (*there + *back + 1) / 2;
            *there = *back = both;
            gaps += both == MISSING;
        }
    }
    return gaps;
}

static uint32_t shortest_detour(const uint32_t *rtt_us, size_t n, size_t a, size_t b)
{
    uint32_t least = MISSING;
    for (size_t by = 0; by < n; by++) {
        uint32_t x = rtt_us[a * n + by], y = rtt_us[b * n + by];
        if (by != a && by != b && x != MISSING && y != MISSING && x + y < least)
            least = x + y;
    }
    return least;
}

/* Detours are made of measured pairs only, so that the order in which gaps are filled does not show. */
static int fill_gaps(struct lines *in, struct latency *l)
{
    size_t n = l->places, bytes = n * n * sizeof *l->rtt_us;
    uint32_t *measured = malloc(bytes);
    if (!measured)
        return lines_fail(in, "out of memory");
    memcpy(measured, l->rtt_us, bytes);
    int status = 0;
    for (size_t a = 0; a < n && status == 0; a++) {
        for (size_t b = 0; b < a && status == 0; b++) {
            if (measured[a * n + b] != MISSING)
                continue;
            uint32_t rtt_us = shortest_detour(measured, n, a, b);
            l->rtt_us[a * n + b] = l->rtt_us[b * n + a] = rtt_us;
            if (rtt_us == MISSING)
                status = lines_fail(in, "places %zu and %zu: no round trip was measured, nor one by way of a third place", b + 1, a + 1);
        }
    }
    free(measured);
    return status;
}

/* One place as likely as the other. */
static int weigh(struct lines *in, struct latency *l)
{
    if (!(l->cumulative = malloc(l->places * sizeof *l->cumulative)))
        return lines_fail(in, "out of memory");
    for (unsigned k = 0; k < l->places; k++)
        l->cumulative[k] = (double)(k + 1) / l->places;
    return 0;
}

int latency_load_matrix(struct latency *l, const char *path, char *error, size_t error_cap)
{
    struct lines in;
    char *text = malloc(LINE_BYTES_MAX);
    l->place = NULL;
    l->rtt_us = NULL;
    l->cumulative = NULL;
    l->where = NULL;
    l->places = 0;
    in = (struct lines){.path = path, .error = error, .error_cap = error_cap};
    int status = !text ? lines_fail(&in, "out of memory") : lines_open(&in, path, text, LINE_BYTES_MAX, error, error_cap);
    if (status == 0) {
        status = read_rows(&in, l);
        if (status == 0) {
            in.line = 0; /* what is found now concerns the whole file */
            if (make_symmetric(l) > 0)
                status = fill_gaps(&in, l);
            if (status == 0)
                status = weigh(&in, l);
        }
        lines_close(&in);
    }
    free(text);
    if (status)
        latency_free(l);
    return status;
}

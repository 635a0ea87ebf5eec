/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/test/agreement.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/scenario/scenario.h"
#include "sim/world/world.h"

#define KEYS_MAX  40
#define SEEDS_MAX 16

/* A class of messages is counted; per peer and second it can be compared. */
static double figure(const struct summary *s, const char *key)
{
    double value = NAN;
    if (!summary_value(s, key, &value))
        return NAN;
    bool count = strncmp(key, "messages", 8) == 0 || strncmp(key, "datagrams", 9) == 0;
    return count ? value / (s->nodes_online_mean * s->sim_s) : value;
}

static bool run(const struct agreement *a, bool joined, unsigned seed, const struct agreement_bound *bound,
                double figures[KEYS_MAX])
{
    char set_seed[32], set_start[64], set_warmup[64], set_measure[64], error[1024];
    snprintf(set_seed, sizeof set_seed, "seed=%u", seed);
    snprintf(set_start, sizeof set_start, "overlay.start=%s", joined ? "join" : "converged");
    snprintf(set_warmup, sizeof set_warmup, "phases.warmup=%s", joined ? a->warmup_joined : a->warmup_converged);
    snprintf(set_measure, sizeof set_measure, "phases.measure=%s", a->measure);
    const char *sets[] = {set_seed, set_start, set_warmup, set_measure};
    struct scenario s;
    struct world *w;
    struct world_options options = {.partitions = 1};
    if (scenario_parse(&s, "agreement", a->text, strlen(a->text), sets, 4, error, sizeof error) ||
        world_open(&w, &s, &options, error, sizeof error)) {
        fprintf(stderr, "%s\n", error);
        return false;
    }
    int status = world_run(w);
    for (unsigned k = 0; bound[k].key; k++)
        figures[k] = figure(world_summary(w), bound[k].key);
    if (status)
        world_print_checks(w, stderr);
    world_close(w);
    return status == 0;
}

static void mean_and_error(double figures[SEEDS_MAX][KEYS_MAX], unsigned seeds, unsigned k, double *mean,
                           double *variance)
{
    double sum = 0, square = 0;
    for (unsigned i = 0; i < seeds; i++) {
        sum += figures[i][k];
        square += figures[i][k] * figures[i][k];
    }
    *mean = sum / seeds;
    double spread = square / seeds - *mean * *mean;
    *variance = seeds > 1 && spread > 0 ? spread / (seeds - 1) : 0;
}

bool agreement_holds(const struct agreement *a, const struct agreement_bound *bound)
{
    static const char *const names[] = {"converged", "joined"};
    double figures[2][SEEDS_MAX][KEYS_MAX];
    for (unsigned joined = 0; joined < 2; joined++)
        for (unsigned i = 0; i < a->seeds; i++)
            if (!run(a, joined, i + 1, bound, figures[joined][i]))
                return false;
    bool good = true;
    printf("  %-32s %10s %10s %10s %10s\n", "", names[0], names[1], "differ", "may");
    for (unsigned k = 0; bound[k].key; k++) {
        double converged, joined, variance[2];
        mean_and_error(figures[0], a->seeds, k, &converged, &variance[0]);
        mean_and_error(figures[1], a->seeds, k, &joined, &variance[1]);
        double may = fmax(bound[k].share * fabs(joined), bound[k].absolute) +
                     bound[k].errors * sqrt(variance[0] + variance[1]);
        bool near = fabs(converged - joined) <= may;
        printf("  %-32s %10.4f %10.4f %+10.4f %10.4f%s\n", bound[k].key, converged, joined, converged - joined, may,
               near ? "" : "   TOO FAR");
        good &= near;
    }
    fflush(stdout);
    return good;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h> /* sqrt */

#include "sim/scenario/scenario.h"

/* A Node-ID is used again after so many sessions of its device at the most: by then everybody has forgotten it. */
#define IDS_MAX 32

static double seconds(sim_time t)
{
    return (double)t / 1e9;
}

/* Twice as many as a device needs in the mean, and two: the one that was used before time 0, and the present one. */
uint32_t scenario_ids_per_device(const struct scenario *s)
{
    if (!s->churn || s->rejoin_same_id || s->trace_data[0] || s->poisson_every)
        return 1;
    double ids = 2 + 2 * seconds(s->warmup + s->measure) / (law_mean(&s->session) + law_mean(&s->offline));
    return ids < IDS_MAX ? (uint32_t)ids : IDS_MAX;
}

/* Who will come until the end of the drain, with six standard deviations to spare. */
static uint32_t poisson_arrivals(const struct scenario *s)
{
    double mean = seconds(s->warmup + s->measure + 5 * s->overlay.reliability_timer) / seconds(s->poisson_every);
    return (uint32_t)(mean + 6 * sqrt(mean) + 16);
}

/* Bootstrap peers are always online; each of the others is a share on / (on + off) of its time. */
uint32_t scenario_population(const struct scenario *s)
{
    if (!s->churn)
        return s->peers;
    uint32_t fixed = s->bootstrap_nodes < s->peers ? s->bootstrap_nodes : s->peers;
    if (s->trace_data[0])
        return s->bootstrap_nodes + s->trace_nodes;
    if (s->poisson_every)
        return s->peers + poisson_arrivals(s);
    double on = law_mean(&s->session), off = law_mean(&s->offline);
    return fixed + (uint32_t)((s->peers - fixed) * ((on + off) / on) + 0.5) * scenario_ids_per_device(s);
}

sim_time scenario_lookup_gap(const struct scenario *s)
{
    double gap = (double)s->lookup_every * (s->lookup_per == PER_NETWORK ? s->peers : 1);
    return gap < 9e18 ? (sim_time)gap : (sim_time)9e18;
}

bool scenario_changes_delays(const struct scenario *s)
{
    for (unsigned i = 0; i < s->faults; i++)
        if (s->fault[i].kind == FAULT_NETWORK && (s->fault[i].latency != 1 || s->fault[i].slower))
            return true;
    return false;
}

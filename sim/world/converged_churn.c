/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/converged_plan.h"

#include <math.h>
#include <string.h>

#include "sim/kernel/real.h"

/* The table's times: CHURN_FIRST_S * CHURN_STEP^k, from 10 ms to more than 300 years. */
#define CHURN_FIRST_S  0.01
#define CHURN_SPAN     27.7 /* natural logarithm of last over first */
#define CHURN_STEP_LOG (CHURN_SPAN / (CHURN_POINTS - 1))
#define HORIZON_GONE   0.999

static double time_at(double index)
{
    return CHURN_FIRST_S * real_exp(index * CHURN_STEP_LOG);
}

/* Simpson's rule over one cell of the table: a law's distribution is smooth at this step of 0.7 %, or has few kinks (fixed, uniform). */
static double alive_between(const struct law *session, double from_s, double to_s)
{
    double middle = (from_s + to_s) / 2;
    double sum = 6 - law_cdf(session, from_s) - 4 * law_cdf(session, middle) - law_cdf(session, to_s);
    return (to_s - from_s) / 6 * sum;
}

void converged_churn_init(struct converged_churn *c, const struct law *session)
{
    memset(c, 0, sizeof *c);
    double mean = session ? law_mean(session) : INFINITY;
    c->any = mean < INFINITY;
    c->horizon_s = 0;
    if (!c->any)
        return;
    double sum = alive_between(session, 0, CHURN_FIRST_S), from = CHURN_FIRST_S;
    c->gone[0] = sum / mean;
    for (unsigned k = 1; k < CHURN_POINTS; k++) {
        double to = time_at(k);
        sum += alive_between(session, from, to);
        from = to;
        c->gone[k] = sum < mean ? sum / mean : 1;
        if (c->gone[k] <= HORIZON_GONE)
            c->horizon_s = to;
    }
}

double converged_gone(const struct converged_churn *c, double t_s)
{
    if (!c->any || t_s <= 0)
        return 0;
    if (t_s <= CHURN_FIRST_S)
        return c->gone[0] * t_s / CHURN_FIRST_S;
    double index = real_log(t_s / CHURN_FIRST_S) / CHURN_STEP_LOG;
    if (index >= CHURN_POINTS - 1)
        return c->gone[CHURN_POINTS - 1];
    unsigned k = (unsigned)index;
    return c->gone[k] + (index - k) * (c->gone[k + 1] - c->gone[k]);
}

double converged_left_after(const struct converged_churn *c, double t_s, double u)
{
    double share = u * converged_gone(c, t_s);
    if (share <= c->gone[0])
        return CHURN_FIRST_S * share / c->gone[0];
    unsigned low = 0, high = CHURN_POINTS - 1; /* gone[low] < share; the answer lies in (low, high] */
    while (high - low > 1) {
        unsigned middle = (low + high) / 2;
        *(c->gone[middle] < share ? &low : &high) = middle;
    }
    double cell = c->gone[high] - c->gone[low];
    double index = low + (cell > 0 ? (share - c->gone[low]) / cell : 0);
    double at = time_at(index);
    return at < t_s ? at : t_s;
}

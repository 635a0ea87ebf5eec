/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Distributions of intervals, sampled by inversion of one uniform a draw so that common random numbers stay common. Times in ns. */
#ifndef SIM_KERNEL_LAW_H
#define SIM_KERNEL_LAW_H

#include <stdbool.h>

#include "proto/base/time.h"

enum law_kind { LAW_NEVER, LAW_FIXED, LAW_UNIFORM, LAW_EXPONENTIAL, LAW_WEIBULL, LAW_LOGNORMAL, LAW_PARETO };

struct law {
    enum law_kind kind;
    double a; /* fixed: value; uniform: from; exponential: mean; weibull: scale; lognormal: median; pareto: min; all in seconds */
    double b; /* uniform: to (s); weibull: shape; lognormal: sigma; pareto: shape */
};

/* u in (0, 1); seconds resp. ns (rounded down, at least 1). */
double law_quantile(const struct law *, double u);
sim_time law_draw(const struct law *, double u);
double law_mean(const struct law *);        /* seconds; infinity if it has none */
double law_cdf(const struct law *, double seconds);
/* Residual life of the interval that covers a random instant (equilibrium law, density (1-F(x))/mean): seconds. The age has the same law.
 * u in (0, 1). Numeric inversion where no closed form exists; relative error below 1e-6. */
double law_residual_quantile(const struct law *, double u);
/* The same, of a law of which very many are drawn: a table says where to look, so that a draw takes a third of the time. Agrees to 12 digits. */
#define LAW_KNOTS 161
struct law_equilibrium {
    struct law law;
    double mean;
    double gamma;            /* Weibull: gamma(1/shape) */
    double log_t[LAW_KNOTS]; /* at equal steps of log(u / (1 - u)); of laws that are solved for */
};
void law_equilibrium_init(struct law_equilibrium *, const struct law *);
double law_equilibrium_quantile(const struct law_equilibrium *, double u);
/* Length-biased total life conditional on age: remaining life of an interval that has lasted `age` seconds already. */
double law_remaining_quantile(const struct law *, double age, double u);

#endif

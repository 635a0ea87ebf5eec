/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/kernel/law.h"

#include <assert.h>
#include <math.h> /* sqrt, INFINITY */

#include "sim/kernel/real.h"
#include "sim/kernel/special.h"

double law_quantile(const struct law *law, double u)
{
    assert(u > 0 && u < 1);
    switch (law->kind) {
    case LAW_NEVER:
        return INFINITY;
    case LAW_FIXED:
        return law->a;
    case LAW_UNIFORM:
        return law->a + (law->b - law->a) * u;
    case LAW_EXPONENTIAL:
        return law->a * -special_log1p(-u);
    case LAW_WEIBULL:
        return law->a * real_pow(-special_log1p(-u), 1 / law->b);
    case LAW_LOGNORMAL:
        return law->a * real_exp(-law->b * special_normal_quantile_upper(u));
    case LAW_PARETO:
        return law->a * real_exp(-special_log1p(-u) / law->b);
    }
    return INFINITY;
}

sim_time law_draw(const struct law *law, double u)
{
    double ns = law_quantile(law, u) * 1e9;
    if (!(ns < 18446744073709549568.0)) /* the largest double below 2^64 */
        return TIME_NEVER;
    return ns < 1 ? 1 : (sim_time)ns;
}

double law_mean(const struct law *law)
{
    switch (law->kind) {
    case LAW_NEVER:
        return INFINITY;
    case LAW_FIXED:
    case LAW_EXPONENTIAL:
        return law->a;
    case LAW_UNIFORM:
        return (law->a + law->b) / 2;
    case LAW_WEIBULL:
        return law->a * real_gamma(1 + 1 / law->b);
    case LAW_LOGNORMAL:
        return law->a * real_exp(law->b * law->b / 2);
    case LAW_PARETO:
        return law->b > 1 ? law->a * law->b / (law->b - 1) : INFINITY;
    }
    return INFINITY;
}

/* P(X > t), exact in the far tail where 1 - cdf would have no digits left. */
static double survival(const struct law *law, double t)
{
    if (t < 0)
        return 1;
    switch (law->kind) {
    case LAW_NEVER:
        return 1;
    case LAW_FIXED:
        return t < law->a ? 1 : 0;
    case LAW_UNIFORM:
        return t < law->a ? 1 : t < law->b ? (law->b - t) / (law->b - law->a) : 0;
    case LAW_EXPONENTIAL:
        return real_exp(-t / law->a);
    case LAW_WEIBULL:
        return real_exp(-real_pow(t / law->a, law->b));
    case LAW_LOGNORMAL:
        return t > 0 ? special_normal_upper(real_log(t / law->a) / law->b) : 1;
    case LAW_PARETO:
        return t < law->a ? 1 : real_pow(law->a / t, law->b);
    }
    return 1;
}

double law_cdf(const struct law *law, double t)
{
    if (t <= 0)
        return law->kind == LAW_FIXED && law->a <= 0 && t == 0 ? 1 : 0;
    switch (law->kind) {
    case LAW_EXPONENTIAL:
        return -special_expm1(-t / law->a);
    case LAW_WEIBULL:
        return -special_expm1(-real_pow(t / law->a, law->b));
    case LAW_LOGNORMAL:
        return special_normal_upper(-real_log(t / law->a) / law->b);
    case LAW_NEVER:
    case LAW_FIXED:
    case LAW_UNIFORM:
    case LAW_PARETO:
        return 1 - survival(law, t);
    }
    return 0;
}

/* The equilibrium law H(t) = integral of (1 - F) from 0 to t over the mean, both tails, of the two kinds that have no closed inverse; and Weibull's hazard, of which the survival
 * is made. */
struct tails { double lower, upper, hazard; };

/* What depends on the law alone. */
struct shape {
    const struct law *law;
    double mean, gamma;
};

static struct tails equilibrium_at(const struct shape *eq, double t)
{
    const struct law *law = eq->law;
    if (law->kind == LAW_WEIBULL) {
        /* With x = (t/scale)^shape the integral is the incomplete gamma function of order 1/shape. */
        double x = real_pow(t / law->a, law->b);
        struct special_gamma g = special_gamma_incomplete(1 / law->b, eq->gamma, x);
        return (struct tails){g.lower, g.upper, x};
    }
    /* Lognormal: integral of 1 - F = t (1 - F(t)) + mean * Phi(z - sigma). In the upper tail the two terms nearly cancel, but t density(z) =
     * mean density(z - sigma), so that a difference of Mills ratios remains. */
    double z = real_log(t / law->a) / law->b, y = z - law->b;
    struct tails h = {.hazard = 0};
    h.lower = t / eq->mean * special_normal_upper(z) + special_normal_upper(-y);
    h.upper = y > -5 ? special_normal_density(y) * (special_normal_mills(y) - special_normal_mills(z)) : 1 - h.lower;
    return h;
}

/* Of log t: that solves H(t) = u lies between them; and a guess. */
struct bracket { double low, high, guess; };

/* H(t) <= t / mean bounds t from below. */
static struct bracket bracket_wide(const struct shape *eq, double u)
{
    double goal = special_log1p(-u), low = real_log(u * eq->mean), high = low + 1;
    for (unsigned i = 0; i < 1024; i++) {
        struct tails h = equilibrium_at(eq, real_exp(high));
        if (h.lower >= u || (u > 0.5 && real_log(h.upper) <= goal))
            break;
        low = high;
        high += 1;
    }
    return (struct bracket){low, high, low + (high - low) / 2};
}

/* Log of the t that solves H(t) = u by Newton's method on log H (resp. log of the upper tail) over log t, kept inside the bracket by bisection. The step count is bounded: 60
 * halvings of the bracket are more than a double has digits for. */
static double equilibrium_solve(const struct shape *eq, double u, struct bracket in)
{
    bool upper = u > 0.5;
    double goal = upper ? special_log1p(-u) : real_log(u), y = in.guess;
    for (unsigned i = 0; i < 100; i++) {
        double t = real_exp(y);
        struct tails h = equilibrium_at(eq, t);
        double tail = upper ? h.upper : h.lower;
        double miss = real_log(tail) - goal; /* as seen from the right when upper */
        bool beyond = upper ? miss < 0 : miss > 0;
        if (beyond)
            in.high = y;
        else
            in.low = y;
        double alive = eq->law->kind == LAW_WEIBULL ? real_exp(-h.hazard) : survival(eq->law, t);
        double slope = t * alive / (eq->mean * tail) * (upper ? -1 : 1);
        double next = y - miss / slope;
        if (!(next > in.low && next < in.high))
            next = in.low + (in.high - in.low) / 2;
        double moved = next - y;
        y = next;
        if (moved < 1e-13 && moved > -1e-13)
            break;
    }
    return y;
}

static bool is_solved_for(const struct law *law, double mean)
{
    return (law->kind == LAW_WEIBULL || law->kind == LAW_LOGNORMAL) && mean < INFINITY;
}

static struct shape shape_of(const struct law *law)
{
    return (struct shape){law, law_mean(law), law->kind == LAW_WEIBULL ? real_gamma(1 / law->b) : 0};
}

/* Those that have a closed form. */
static double equilibrium_closed(const struct law *law, double mean, double u)
{
    double a = law->a, b = law->b;
    if (!(mean < INFINITY))
        return INFINITY;
    switch (law->kind) {
    case LAW_FIXED:
        return a * u;
    case LAW_UNIFORM: /* H rises linearly up to a, then 1 - H = (b - t)^2 / (2 (b - a) mean) */
        return u * mean <= a ? u * mean : b - sqrt((1 - u) * 2 * (b - a) * mean);
    case LAW_EXPONENTIAL: /* without memory */
        return law_quantile(law, u);
    case LAW_PARETO: /* linear up to min, then 1 - H = (t/min)^(1-shape) / shape */
        return u * mean <= a ? u * mean : a * real_pow(b * (1 - u), -1 / (b - 1));
    case LAW_NEVER:
    case LAW_WEIBULL:
    case LAW_LOGNORMAL:
        break;
    }
    return INFINITY;
}

double law_residual_quantile(const struct law *law, double u)
{
    assert(u > 0 && u < 1);
    const struct shape shape = shape_of(law);
    if (!is_solved_for(law, shape.mean))
        return equilibrium_closed(law, shape.mean, u);
    return real_exp(equilibrium_solve(&shape, u, bracket_wide(&shape, u)));
}

/* ---- The table: knots from -KNOT_RANGE to KNOT_RANGE of log(u / (1 - u)). ---- */

#define KNOT_RANGE 20.0
#define KNOT_STEP  (2 * KNOT_RANGE / (LAW_KNOTS - 1))
#define KNOT_DOUBT 1e-9 /* of a knot's value, many times over */

void law_equilibrium_init(struct law_equilibrium *eq, const struct law *law)
{
    const struct shape shape = shape_of(law);
    *eq = (struct law_equilibrium){.law = *law, .mean = shape.mean, .gamma = shape.gamma};
    for (unsigned k = 0; is_solved_for(law, shape.mean) && k < LAW_KNOTS; k++) {
        double u = 1 / (1 + real_exp(KNOT_RANGE - k * KNOT_STEP));
        eq->log_t[k] = equilibrium_solve(&shape, u, bracket_wide(&shape, u));
    }
}

/* Between knots k and k + 1, by the cubic through their values with the slopes that their neighbours give. */
static struct bracket bracket_near(const struct law_equilibrium *eq, double place)
{
    unsigned k = (unsigned)place;
    double x = place - k;
    const double *y = eq->log_t + k;
    double before = (y[1] - y[-1]) / 2, after = (y[2] - y[0]) / 2, rise = y[1] - y[0];
    double guess = y[0] + x * (before + x * (3 * rise - 2 * before - after + x * (before + after - 2 * rise)));
    return (struct bracket){y[0] - KNOT_DOUBT, y[1] + KNOT_DOUBT, guess > y[0] && guess < y[1] ? guess : y[0] + x * rise};
}

double law_equilibrium_quantile(const struct law_equilibrium *eq, double u)
{
    assert(u > 0 && u < 1);
    if (!is_solved_for(&eq->law, eq->mean))
        return equilibrium_closed(&eq->law, eq->mean, u);
    const struct shape shape = {&eq->law, eq->mean, eq->gamma};
    double place = (real_log(u) - special_log1p(-u) + KNOT_RANGE) / KNOT_STEP;
    bool inside = place >= 1 && place < LAW_KNOTS - 2;
    return real_exp(equilibrium_solve(&shape, u, inside ? bracket_near(eq, place) : bracket_wide(&shape, u)));
}

/* Each kind solves 1 - F(age + r) = (1 - u) (1 - F(age)) for r in a form that keeps its digits when r is far below age. */
static double weibull_remaining(const struct law *law, double age, double log_v)
{
    double hazard = real_pow(age / law->a, law->b);
    double more = -log_v;
    if (more > hazard)
        return law->a * real_pow(hazard + more, 1 / law->b) - age;
    return age * special_expm1(special_log1p(more / hazard) / law->b);
}

static double lognormal_remaining(const struct law *law, double age, double log_v)
{
    double z = real_log(age / law->a) / law->b;
    /* Far beyond every interval that occurs the tail has no double left; the hazard rate is nearly constant there. */
    double upper = z > 36 ? 0 : special_normal_upper(z) * real_exp(log_v);
    double step = z > 36 ? -log_v / (z + 1 / z) : special_normal_quantile_upper(upper < 1 ? upper : 1 - 0x1p-53) - z;
    double left = age * special_expm1(law->b * step);
    return left > 0 ? left : 0; /* in a narrow law the two quantiles may cross in their last digits */
}

double law_remaining_quantile(const struct law *law, double age, double u)
{
    assert(u > 0 && u < 1);
    if (age <= 0)
        return law_quantile(law, u);
    double log_v = special_log1p(-u);
    switch (law->kind) {
    case LAW_NEVER:
        return INFINITY;
    case LAW_FIXED:
        return age < law->a ? law->a - age : 0;
    case LAW_UNIFORM: {
        double from = age > law->a ? age : law->a;
        return from < law->b ? from - age + (law->b - from) * u : 0;
    }
    case LAW_EXPONENTIAL:
        return law->a * -log_v;
    case LAW_WEIBULL:
        return weibull_remaining(law, age, log_v);
    case LAW_LOGNORMAL:
        return lognormal_remaining(law, age, log_v);
    case LAW_PARETO:
        return age < law->a ? law_quantile(law, u) - age : age * special_expm1(-log_v / law->b);
    }
    return INFINITY;
}

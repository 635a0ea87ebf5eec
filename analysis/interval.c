/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/interval.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "analysis/memory.h"

struct interval interval_none(void)
{
    return (struct interval){NAN, NAN, NAN, NAN, NAN, NAN, NAN, 0};
}

struct interval interval_of(double mean, double error, double freedom, double level)
{
    struct interval i = interval_none();
    i.mean = mean;
    if (!(freedom > 0) || !isfinite(error) || !isfinite(mean))
        return i;
    i.freedom = freedom;
    i.half = error * gsl_cdf_tdist_Pinv(0.5 + level / 2, freedom);
    i.lower = mean - i.half;
    i.upper = mean + i.half;
    if (error > 0)
        i.p = 2 * gsl_cdf_tdist_Q(fabs(mean) / error, freedom);
    else
        i.p = mean != 0 ? 0 : 1;
    return i;
}

/* Mean and variance of the numbers among x (two passes: exact enough at any offset). */
static size_t moments(const double *x, size_t n, double *mean, double *variance)
{
    size_t count = 0;
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i])) {
            sum += x[i];
            count++;
        }
    *mean = count ? sum / (double)count : NAN;
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i]))
            squares += (x[i] - *mean) * (x[i] - *mean);
    *variance = count > 1 ? squares / (double)(count - 1) : NAN;
    return count;
}

struct interval interval_student(const double *x, size_t n, double level)
{
    double mean, variance;
    size_t count = moments(x, n, &mean, &variance);
    struct interval i = interval_of(mean, sqrt(variance / (double)count), (double)count - 1, level);
    i.sd = sqrt(variance);
    i.n = count;
    return i;
}

struct interval interval_paired(const double *a, const double *b, size_t n, double level)
{
    double *difference = memory_zeroed(n, sizeof *difference);
    for (size_t i = 0; i < n; i++)
        difference[i] = b[i] - a[i];
    struct interval out = interval_student(difference, n, level);
    free(difference);
    return out;
}

struct interval interval_welch(const double *a, size_t na, const double *b, size_t nb, double level)
{
    double ma, va, mb, vb;
    size_t ka = moments(a, na, &ma, &va), kb = moments(b, nb, &mb, &vb);
    double ea = va / (double)ka, eb = vb / (double)kb, sum = ea + eb;
    double freedom = sum > 0 ? sum * sum / (ea * ea / ((double)ka - 1) + eb * eb / ((double)kb - 1))
                             : (double)(ka + kb) - 2;
    struct interval i = interval_of(mb - ma, sqrt(sum), ka > 1 && kb > 1 ? freedom : 0, level);
    i.n = ka < kb ? ka : kb;
    return i;
}

struct interval interval_share(double hits, double trials, double level)
{
    struct interval i = interval_none();
    double tail = (1 - level) / 2;
    if (!(trials > 0) || !(hits >= 0) || hits > trials)
        return i;
    i.mean = hits / trials;
    i.lower = hits > 0 ? gsl_cdf_beta_Pinv(tail, hits, trials - hits + 1) : 0;
    i.upper = hits < trials ? gsl_cdf_beta_Qinv(tail, hits + 1, trials - hits) : 1;
    i.n = (size_t)trials;
    return i;
}

struct ranked {
    double p;
    size_t at;
};

static int by_p(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    return (x->p > y->p) - (x->p < y->p);
}

size_t interval_holm(double *p, size_t n)
{
    struct ranked *order = memory_zeroed(n, sizeof *order);
    size_t tests = 0;
    double least = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(p[i]))
            order[tests++] = (struct ranked){p[i], i};
    qsort(order, tests, sizeof *order, by_p);
    for (size_t k = 0; k < tests; k++) {
        double adjusted = order[k].p * (double)(tests - k);
        least = adjusted > least ? adjusted : least; /* never below that of a smaller p */
        p[order[k].at] = least < 1 ? least : 1;
    }
    free(order);
    return tests;
}

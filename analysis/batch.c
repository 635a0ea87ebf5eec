/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/batch.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

#include "analysis/memory.h"

double batch_lag1(const double *x, size_t n)
{
    double mean = 0, products = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        mean += x[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        squares += (x[i] - mean) * (x[i] - mean);
        products += i ? (x[i] - mean) * (x[i - 1] - mean) : 0;
    }
    return squares > 0 ? products / squares : 0;
}

/* What each observation adds to the estimate's error: (N - R D) / mean(D). Returns R. */
static double residuals(const double *numerator, const double *denominator, size_t n, double *out)
{
    double sum_n = 0, sum_d = 0;
    for (size_t i = 0; i < n; i++) {
        double d = denominator ? denominator[i] : 1;
        out[i] = 0;
        if (isnan(d) || isnan(numerator[i]))
            continue;
        sum_n += numerator[i];
        sum_d += d;
    }
    double ratio = sum_n / sum_d;
    for (size_t i = 0; i < n && sum_d > 0; i++) {
        double d = denominator ? denominator[i] : 1;
        if (!isnan(d) && !isnan(numerator[i]))
            out[i] = (numerator[i] - ratio * d) * (double)n / sum_d;
    }
    return sum_d > 0 ? ratio : NAN;
}

/* Means of k batches of the last k * (n / k) values. */
static size_t into_batches(const double *x, size_t n, size_t k, double *means)
{
    size_t size = n / k;
    const double *first = x + (n - k * size);
    for (size_t b = 0; b < k; b++) {
        means[b] = 0;
        for (size_t i = 0; i < size; i++)
            means[b] += first[b * size + i] / (double)size;
    }
    return size;
}

static struct batch_means of_residuals(double estimate, const double *x, size_t n, double level)
{
    double means[BATCHES_MOST];
    struct batch_means r = {.interval = interval_none(), .lag1 = NAN};
    r.interval.mean = estimate;
    if (n < BATCHES_LEAST || isnan(estimate))
        return r;
    for (r.batches = BATCHES_MOST; r.batches >= BATCHES_LEAST; r.batches /= 2) {
        if (n < r.batches)
            continue;
        r.size = into_batches(x, n, r.batches, means);
        r.lag1 = batch_lag1(means, r.batches);
        if (r.lag1 <= 0 || r.batches == BATCHES_LEAST)
            break;
    }
    struct interval spread = interval_student(means, r.batches, level);
    double wider = r.lag1 > 0 ? sqrt((1 + r.lag1) / (1 - r.lag1)) : 1;
    r.interval = interval_of(estimate, wider * spread.sd / sqrt((double)r.batches), (double)r.batches - 1, level);
    r.interval.sd = spread.sd;
    r.interval.n = r.batches;
    /* Under independence r1 has mean about -1/k and standard error about 1/sqrt(k). */
    r.correlated = r.lag1 > gsl_cdf_ugaussian_Pinv(0.95) / sqrt((double)r.batches) - 1 / (double)r.batches;
    return r;
}

struct batch_means batch_means(const double *numerator, const double *denominator, size_t n, double level)
{
    double *x = memory_zeroed(n, sizeof *x);
    double estimate = residuals(numerator, denominator, n, x);
    struct batch_means r = of_residuals(estimate, x, n, level);
    free(x);
    return r;
}

struct batch_means batch_difference(const double *numerator_a, const double *denominator_a, const double *numerator_b,
                                    const double *denominator_b, size_t n, double level)
{
    double *a = memory_zeroed(n, sizeof *a), *b = memory_zeroed(n, sizeof *b);
    double estimate = -residuals(numerator_a, denominator_a, n, a) + residuals(numerator_b, denominator_b, n, b);
    for (size_t i = 0; i < n; i++)
        b[i] -= a[i];
    struct batch_means r = of_residuals(estimate, b, n, level);
    free(a);
    free(b);
    return r;
}

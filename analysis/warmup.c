/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/warmup.h"

#include <math.h>
#include <stdlib.h>

#include "analysis/batch.h"
#include "analysis/memory.h"

size_t warmup_mser5(const double *x, size_t n, bool *late)
{
    size_t batches = n / MSER_BATCH, best = 0;
    double sum = 0, squares = 0, least = INFINITY, least_late = INFINITY, offset = n ? x[n - 1] : 0;
    /* From the end, so that each candidate costs one step; the offset keeps the sums of squares well conditioned. */
    for (size_t d = batches; d-- > 0;) {
        double y = 0;
        for (size_t i = 0; i < MSER_BATCH; i++)
            y += (x[d * MSER_BATCH + i] - offset) / MSER_BATCH;
        sum += y;
        squares += y * y;
        double left = (double)(batches - d), error = (squares - sum * sum / left) / (left * left);
        error = error > 0 ? error : 0;
        if (d > batches / 2) {
            /* A handful of batches at the end agree by chance: the last quarter is not looked at. */
            if (4 * d <= 3 * batches && error < least_late)
                least_late = error;
        } else if (error <= least) {
            least = error;
            best = d;
        }
    }
    *late = least_late < least;
    return best * MSER_BATCH;
}

static double mean_of(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i] / (double)n;
    return sum;
}

struct warmup warmup_of(const double *x, size_t n, size_t measured, double level)
{
    struct warmup w = {.verdict = WARMUP_UNKNOWN, .shift = NAN};
    double *kept = memory_zeroed(n, sizeof *kept);
    size_t *at = memory_zeroed(n, sizeof *at), count = 0, start = 0;
    bool late;
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i])) {
            start += i < measured;
            at[count] = i;
            kept[count++] = x[i];
        }
    if (count >= WARMUP_LEAST && start < count) {
        size_t cut = warmup_mser5(kept, count, &late);
        double whole = mean_of(kept + start, count - start), rest = mean_of(kept + cut, count - cut);
        struct batch_means trusted = batch_means(kept + cut, NULL, count - cut, level);
        w.cut = at[cut];
        w.shift = rest != 0 ? whole / rest - 1 : NAN;
        w.verdict = WARMUP_FINE;
        if (late && trusted.correlated) {
            size_t middle = start + (count - start) / 2;
            double drift = mean_of(kept + middle, count - middle) - mean_of(kept + start, middle - start);
            if (fabs(drift) > WARMUP_DRIFT * fabs(whole)) {
                w.verdict = WARMUP_NEVER;
                w.shift = whole != 0 ? drift / whole : NAN;
            }
        } else if (cut > start && fabs(whole - rest) > trusted.interval.half) {
            w.verdict = WARMUP_SHORT;
        }
    }
    free(kept);
    free(at);
    return w;
}

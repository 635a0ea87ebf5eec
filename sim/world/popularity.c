/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/popularity.h"

#include <stdbool.h>

#include "sim/kernel/random.h"
#include "sim/kernel/real.h"

/* (e^x - 1) / x and log(1 + x) / x without cancellation near 0: both series converge fast below 1e-3. */
static double expm1_over_x(double x)
{
    if (x > -1e-3 && x < 1e-3)
        return 1 + x / 2 * (1 + x / 3 * (1 + x / 4));
    return (real_exp(x) - 1) / x;
}

static double log1p_over_x(double x)
{
    if (x > -1e-3 && x < 1e-3)
        return 1 - x * (0.5 - x * (1.0 / 3 - x / 4));
    return real_log(1 + x) / x;
}

/* The integral of x^-exponent, and its inverse; good for an exponent of 1 as well. */
static double hat_integral(const struct popularity *p, double x)
{
    double log_x = real_log(x);
    return expm1_over_x((1 - p->exponent) * log_x) * log_x;
}

static double hat_inverse(const struct popularity *p, double area)
{
    double t = area * (1 - p->exponent);
    if (t < -1)
        t = -1; /* rounding at the far end */
    return real_exp(log1p_over_x(t) * area);
}

static double hat(const struct popularity *p, double x)
{
    return real_exp(-p->exponent * real_log(x));
}

static bool coprime(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t r = a % b;
        a = b;
        b = r;
    }
    return a == 1;
}

void popularity_init(struct popularity *p, uint32_t n, double exponent, uint64_t seed)
{
    *p = (struct popularity){.n = n, .exponent = exponent};
    p->from = hat_integral(p, 1.5) - 1;
    p->to = hat_integral(p, n + 0.5);
    p->cut = 2 - hat_inverse(p, hat_integral(p, 2.5) - hat(p, 2));
    p->offset = random_below(seed, UINT64_MAX, STREAM_LOOKUP_TARGET, 0, n);
    p->stride = 1 + random_below(seed, UINT64_MAX, STREAM_LOOKUP_TARGET, 1, n);
    while (!coprime(p->stride, n))
        p->stride++;
}

uint32_t popularity_rank(const struct popularity *p, double u)
{
    if (p->exponent <= 0)
        return 1 + (uint32_t)(u * p->n);
    double area = p->to + u * (p->from - p->to), x = hat_inverse(p, area);
    double k = (double)(uint64_t)(x + 0.5);
    k = k < 1 ? 1 : k > p->n ? p->n : k;
    bool accepted = k - x <= p->cut || area >= hat_integral(p, k + 0.5) - hat(p, k);
    return accepted ? (uint32_t)k : 0;
}

uint32_t popularity_identity(const struct popularity *p, uint32_t rank)
{
    return (uint32_t)((rank * p->stride + p->offset) % p->n);
}

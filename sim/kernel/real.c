/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/kernel/real.h"

#include <assert.h>
#include <float.h>
#include <math.h> /* INFINITY and nothing else: this file calls no function of libm but sqrt */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

_Static_assert(FLT_EVAL_METHOD == 0, "wider intermediate results would change the bits");
_Static_assert(DBL_MANT_DIG == 53 && sizeof(double) == 8, "IEEE 754 binary64");

#define LN2_HI 0x1.62e42fee00000p-1 /* 32 bits: its product with an exponent is exact */
#define LN2_LO 0x1.a39ef35793c76p-33
#define LOG2_E 0x1.71547652b82fep+0
#define SQRT_HALF 0x1.6a09e667f3bcdp-1
#define SQRT_2PI 0x1.40d931ff62706p+1
#define EXP_OVERFLOW 709.782712893384
#define EXP_UNDERFLOW (-745.1332191019412)

/* A number as the unevaluated sum of two doubles, about 106 bits. pow needs it: an error in log is multiplied by the exponent. */
struct pair { double hi, lo; };

static uint64_t bits_of(double x)
{
    uint64_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

static double of_bits(uint64_t b)
{
    double x;
    memcpy(&x, &b, sizeof x);
    return x;
}

/* x = m * 2^e with m in [sqrt(1/2), sqrt(2)), so that log m has no digits to lose against e log 2. x is positive and finite. */
static double split_exponent(double x, int *e)
{
    int exponent = 0;
    if (x < DBL_MIN) {
        x *= 0x1p54;
        exponent = -54;
    }
    uint64_t b = bits_of(x);
    exponent += (int)(b >> 52) - 1022;
    double m = of_bits((b & UINT64_C(0x000fffffffffffff)) | UINT64_C(0x3fe0000000000000)); /* [1/2, 1) */
    if (m < SQRT_HALF) {
        m *= 2;
        exponent--;
    }
    *e = exponent;
    return m;
}

/* (atanh(s) / s - 1) / s^2 - 1/3 as a function of z = s^2 <= 0.0295, divided by z: 1/5 + z/7 + ... + z^10/25, truncation below 2^-70 of atanh. */
static double atanh_tail(double z)
{
    double z2 = z * z, z4 = z2 * z2;
    double even = (1.0 / 5 + z2 * (1.0 / 9)) + z4 * ((1.0 / 13 + z2 * (1.0 / 17)) + z4 * (1.0 / 21 + z2 * (1.0 / 25)));
    double odd = (1.0 / 7 + z2 * (1.0 / 11)) + z4 * ((1.0 / 15 + z2 * (1.0 / 19)) + z4 * (1.0 / 23));
    return even + z * odd;
}

double real_log(double x)
{
    assert(x >= 0);
    if (x == 0)
        return -INFINITY;
    if (x > DBL_MAX)
        return x;
    int e;
    double m = split_exponent(x, &e);
    /* log m = 2 atanh((m - 1) / (m + 1)) */
    double s = (m - 1) / (m + 1);
    double z = s * s;
    double rest = 2 * s * z * (1.0 / 3 + z * atanh_tail(z));
    return e * LN2_HI + (2 * s + (rest + e * LN2_LO));
}

/* 2^k x with k beyond the exponents of normal numbers. */
static double scale(double x, int k)
{
    int half = k / 2;
    return x * of_bits((uint64_t)(half + 1023) << 52) * of_bits((uint64_t)(k - half + 1023) << 52);
}

/* exp(hi + lo), |lo| far below |hi|. */
static double exp_pair(double hi, double lo)
{
    if (hi > EXP_OVERFLOW)
        return INFINITY;
    if (hi < EXP_UNDERFLOW)
        return 0;
    int k = (int)(hi * LOG2_E + (hi < 0 ? -0.5 : 0.5));
    double r = (hi - k * LN2_HI) - (k * LN2_LO - lo);
    /* exp r = 1 + 2r / (r coth(r/2) - r), and r coth(r/2) = 2 + r^2/6 - r^4/360 + ... converges fast for |r| <= log(2)/2. */
    double z = r * r;
    double p = z * (1.0 / 6 - z * (1.0 / 360 - z * (1.0 / 15120 - z * (1.0 / 604800 - z * (1.0 / 23950080 - z * (691.0 / 653837184000.0))))));
    return scale(1 + 2 * r / (2 + p - r), k);
}

double real_exp(double x)
{
    return exp_pair(x, 0);
}

static struct pair sum(double a, double b)
{
    double s = a + b, t = s - a;
    return (struct pair){s, (a - (s - t)) + (b - t)};
}

/* Dekker's product: exact while nothing overflows. No fma, whose presence differs between machines. */
static struct pair product(double a, double b)
{
    double ah = a * 134217729.0, bh = b * 134217729.0;
    ah = ah - (ah - a);
    bh = bh - (bh - b);
    double al = a - ah, bl = b - bh, p = a * b;
    return (struct pair){p, ((ah * bh - p) + ah * bl + al * bh) + al * bl};
}

static struct pair multiply(struct pair a, struct pair b)
{
    struct pair p = product(a.hi, b.hi);
    return sum(p.hi, p.lo + (a.hi * b.lo + a.lo * b.hi));
}

/* log x as a pair, relative error below 2^-65. The series is that of real_log; only its first three terms need the second double. */
static struct pair log_pair(double x)
{
    int e;
    double m = split_exponent(x, &e);
    double over = m - 1; /* exact */
    struct pair under = sum(m, 1);
    struct pair s;
    s.hi = over / under.hi;
    struct pair back = product(s.hi, under.hi);
    s.lo = (((over - back.hi) - back.lo) - s.hi * under.lo) / under.hi;
    struct pair z = multiply(s, s);
    struct pair p = sum(0x1.5555555555555p-2, z.hi * atanh_tail(z.hi) + 0x1.5555555555555p-56); /* 1/3 as a pair, and the rest */
    p = multiply(z, p);
    struct pair one = sum(1, p.hi);
    struct pair l = multiply((struct pair){2 * s.hi, 2 * s.lo}, (struct pair){one.hi, one.lo + p.lo});
    struct pair r = sum(e * LN2_HI, l.hi);
    return sum(r.hi, r.lo + (l.lo + e * LN2_LO));
}

double real_pow(double x, double y)
{
    assert(x >= 0);
    if (y == 0 || x == 1)
        return 1;
    if (x == 0 || x > DBL_MAX)
        return (x == 0) == (y > 0) ? 0 : INFINITY;
    struct pair l = log_pair(x);
    double rough = y * l.hi;
    if (rough > EXP_OVERFLOW + 1)
        return INFINITY;
    if (rough < EXP_UNDERFLOW - 1)
        return 0;
    struct pair p = product(y, l.hi);
    return exp_pair(p.hi, p.lo + y * l.lo);
}

/* Stirling's series from 10 on, and the recurrence below that. */
double real_gamma(double x)
{
    assert(x > 0);
    if (x > 171.7)
        return INFINITY;
    double divisor = 1, big = x;
    unsigned steps = 0;
    for (; big < 10; big = x + ++steps)
        divisor *= big;
    double r = 1 / big, z = r * r;
    double series = r * (1.0 / 12 - z * (1.0 / 360 - z * (1.0 / 1260 - z * (1.0 / 1680 - z * (1.0 / 1188 - z * (691.0 / 360360 - z *
                    (1.0 / 156 - z * (3617.0 / 122400))))))));
    /* What x + steps lost by rounding comes back to first order: the derivative of log gamma is about log(big) - 1 / (2 big). */
    double lost = x - (big - steps);
    series += lost * (real_log(big) - r / 2);
    /* In two halves, which do not overflow before exp(-big) has brought them down. */
    double half = real_pow(big, (big - 0.5) / 2);
    return half * (SQRT_2PI * real_exp(series) * real_exp(-big)) * half / divisor;
}

/* Folded to an eighth of a turn; there both series converge in a few terms. */
double real_cos_turn(double turns)
{
    double x = turns - (double)(int64_t)turns;
    if (x < 0)
        x = -x;
    if (x > 0.5)
        x = 1 - x;
    bool negative = x > 0.25;
    if (negative)
        x = 0.5 - x;
    bool sine = x > 0.125;
    double y = 6.283185307179586476925 * (sine ? 0.25 - x : x), y2 = y * y, term = sine ? y : 1, sum = term;
    for (int k = sine ? 3 : 2; k < 20; k += 2) {
        term *= -y2 / (k * (k - 1));
        sum += term;
    }
    return negative ? -sum : sum;
}

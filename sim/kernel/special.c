/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/kernel/special.h"

#include <assert.h>
#include <math.h> /* sqrt, which IEEE 754 fixes to the last bit */

#include "sim/kernel/real.h"

#define ONE_OVER_SQRT_2PI 0x1.9884533d43651p-2
#define TERMS_MAX 2000 /* far more than any argument in range needs; keeps a wrong argument from looping */
#define EPSILON 1e-17

double special_log1p(double x)
{
    assert(x > -1);
    double w = 1 + x;
    /* Kahan: the rounding of w falls out of the quotient. */
    return w == 1 ? x : real_log(w) * (x / (w - 1));
}

double special_expm1(double x)
{
    double w = real_exp(x);
    if (w == 1)
        return x;
    if (x < -1 || x > 1)
        return w - 1;
    return (w - 1) * (x / real_log(w));
}

double special_normal_density(double z)
{
    return ONE_OVER_SQRT_2PI * real_exp(-z * z / 2);
}

/* (P(Z < z) - 1/2) / density = z + z^3/3 + z^5/15 + ...: terms of one sign. */
static double centre(double z)
{
    double term = z, sum = z, z2 = z * z;
    for (unsigned n = 3; n < TERMS_MAX && term * term > EPSILON * EPSILON * sum * sum; n += 2) {
        term *= z2 / n;
        sum += term;
    }
    return sum;
}

/* The continued fraction 1/(z + 1/(z + 2/(z + 3/(...)))), evaluated from a depth that suffices for its z >= 2.5. */
static double mills_far(double z)
{
    double f = z;
    for (unsigned n = 20 + (unsigned)(900 / (z * z)); n > 0; n--)
        f = z + n / f;
    return 1 / f;
}

double special_normal_mills(double z)
{
    if (z >= 2.5)
        return mills_far(z);
    return 0.5 / special_normal_density(z) - centre(z);
}

double special_normal_upper(double z)
{
    if (z < -2.5)
        return 1 - special_normal_density(z) * mills_far(-z);
    if (z < 2.5)
        return 0.5 - special_normal_density(z) * centre(z);
    return special_normal_density(z) * mills_far(z);
}

static double ratio(const double num[8], const double den[8], double r)
{
    double n = num[7], d = den[7];
    for (unsigned i = 7; i-- > 0;) {
        n = n * r + num[i];
        d = d * r + den[i];
    }
    return n / d;
}

/* M. J. Wichura, algorithm AS 241 (PPND16), Applied Statistics 37, 1988: rational approximations in three regions. */
double special_normal_quantile_upper(double p)
{
    static const double a[8] = {3.3871328727963666080e0,  1.3314166789178437745e+2, 1.9715909503065514427e+3, 1.3731693765509461125e+4,
                                4.5921953931549871457e+4, 6.7265770927008700853e+4, 3.3430575583588128105e+4, 2.5090809287301226727e+3};
    static const double b[8] = {1,                        4.2313330701600911252e+1, 6.8718700749205790830e+2, 5.3941960214247511077e+3,
                                2.1213794301586595867e+4, 3.9307895800092710610e+4, 2.8729085735721942674e+4, 5.2264952788528545610e+3};
    static const double c[8] = {1.42343711074968357734e0, 4.63033784615654529590e0,  5.76949722146069140550e0,  3.64784832476320460504e0,
                                1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4};
    static const double d[8] = {1,                         2.05319162663775882187e0,  1.67638483018380384940e0,  6.89767334985100004550e-1,
                                1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9};
    static const double e[8] = {6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,  2.96560571828504891230e-1,
                                2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7};
    static const double f[8] = {1,                         5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
                                7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15};
    assert(p > 0 && p < 1);
    double q = 0.5 - p;
    if (q <= 0.425 && q >= -0.425)
        return q * ratio(a, b, 0.180625 - q * q);
    double r = sqrt(-real_log(q > 0 ? p : 1 - p));
    double z = r <= 5 ? ratio(c, d, r - 1.6) : ratio(e, f, r - 5);
    return q > 0 ? z : -z;
}

/* x^a e^-x / gamma(a). */
static double gamma_factor(double a, double gamma_of_a, double x)
{
    return real_pow(x, a) * real_exp(-x) / gamma_of_a;
}

struct special_gamma special_gamma_incomplete(double a, double gamma_of_a, double x)
{
    assert(a > 0 && x >= 0);
    if (x == 0)
        return (struct special_gamma){0, 1};
    if (x > 740)
        return (struct special_gamma){1, 0};
    double factor = gamma_factor(a, gamma_of_a, x);
    if (x < a + 1) { /* the power series: terms of one sign */
        double term = 1 / a, sum = term, n = a;
        for (unsigned i = 0; i < TERMS_MAX && term > EPSILON * sum; i++) {
            term *= x / ++n;
            sum += term;
        }
        return (struct special_gamma){factor * sum, 1 - factor * sum};
    }
    /* Legendre's continued fraction by Lentz's method. */
    double b = x + 1 - a, c = 1e300, d = 1 / b, h = d, step = 0;
    for (unsigned i = 1; i < TERMS_MAX && !(step > 1 - 1e-15 && step < 1 + 1e-15); i++) {
        double an = -(double)i * (i - a);
        b += 2;
        d = 1 / (an * d + b);
        c = b + an / c;
        step = d * c;
        h *= step;
    }
    return (struct special_gamma){1 - factor * h, factor * h};
}

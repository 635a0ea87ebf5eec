/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions behind the laws: normal and gamma distribution functions, tails without cancellation. Built on real.h, so the bits are the same
 * everywhere. Relative error below 1e-12 where the result is above 1e-290. */
#ifndef SIM_KERNEL_SPECIAL_H
#define SIM_KERNEL_SPECIAL_H

double special_log1p(double x); /* log(1 + x), x > -1 */
double special_expm1(double x); /* exp(x) - 1 */

/* Standard normal law. */
double special_normal_density(double z);
double special_normal_mills(double z); /* upper tail / density, z >= -5 */
double special_normal_upper(double z); /* P(Z > z) */
double special_normal_quantile_upper(double p); /* z with P(Z > z) = p, p in (0, 1) */

/* Regularised incomplete gamma functions, a > 0, x >= 0; gamma_of_a = real_gamma(a), which the caller keeps over many calls. */
struct special_gamma { double lower, upper; };
struct special_gamma special_gamma_incomplete(double a, double gamma_of_a, double x);

#endif

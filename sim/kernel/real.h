/* SPDX-License-Identifier: GPL-2.0-or-later */
/* log, exp, pow and a cosine of our own: the same bits on every CPU, compiler and optimisation level, where libm differs (design section 4).
 * Relative error below 4e-15. Only + - * / and sqrt; compile with -ffp-contract=off. */
#ifndef SIM_KERNEL_REAL_H
#define SIM_KERNEL_REAL_H

double real_log(double x);          /* x > 0 */
double real_exp(double x);
double real_pow(double x, double y); /* x >= 0 */
double real_cos_turn(double turns);  /* cos(2 pi turns), absolute error below 1e-15; |turns| below 2^52 */
double real_gamma(double x);        /* x > 0; for means of Weibull laws */

#endif

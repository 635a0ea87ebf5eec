/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The charts of the page for a paper: each as ID.dat (columns of numbers, NaN where there is none) and ID.gp (a script that makes ID.pdf of it), all
 * intervals of the record, never grouped. all.gp makes all of them. */
#ifndef ANALYSIS_GNUPLOT_H
#define ANALYSIS_GNUPLOT_H

#include "analysis/results.h"

/* folder is made if missing. 0, or -1 with errno. *written: charts. */
int gnuplot_write(const struct results *, const char *folder, size_t *written);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report.html: one file that opens without a network, now and in ten years. Tables and text are HTML and need no script; charts are drawn from the data
 * in the page by page/script.js. Nothing in it depends on when or where it was made, so that equal results give equal bytes, but for /meta/wall. */
#ifndef ANALYSIS_PAGE_H
#define ANALYSIS_PAGE_H

#include <stdio.h>

#include "analysis/results.h"

/* Points to a chart of time; longer records are drawn in groups of intervals (analysis/chart.h). */
#define PAGE_POINTS 1200

void page_write(FILE *, const struct results *, double level);
/* The head of a page, up to and with <h1>title</h1> and <main>: for pages of other kinds in the same dress. */
void page_begin(FILE *, const char *title);

#endif

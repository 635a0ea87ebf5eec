/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers and texts for people, JSON, HTML. A NaN is a dash for people and null in JSON; nothing else is ever put in its place. */
#ifndef ANALYSIS_TEXT_H
#define ANALYSIS_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include "analysis/interval.h"

#define TEXT_NUMBER 48

/* A value with its unit: four figures, or as many as `half` (half of its interval; NaN = none) makes meaningful (two figures of half). A share is shown
 * in per cent, bytes with k, M, G. Returns out. */
const char *text_value(char out[TEXT_NUMBER], double value, double half, const char *unit);
/* The same without the unit, and the unit that belongs to it ("%" for a share). */
const char *text_bare(char out[TEXT_NUMBER], double value, double half, const char *unit);
const char *text_unit(const char *unit);
/* What an interval's ends look like beside the value: "± 0.05" when it is symmetric, else "lower to upper"; "" without an interval. */
const char *text_interval(char out[2 * TEXT_NUMBER], const struct interval *, const char *unit);
/* Seconds as "8 min", "1 h 30 min", "12.5 s". */
const char *text_time(char out[TEXT_NUMBER], double seconds);

void text_json_string(FILE *, const char *);
void text_json_number(FILE *, double); /* nine figures; null for what is no number */
void text_html(FILE *, const char *);  /* escaped, for text and for attributes in double quotes */
/* A string that may stand inside <script type="application/json">. */
void text_script_string(FILE *, const char *);

#endif

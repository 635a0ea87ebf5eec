/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Laws in scenarios: "600 s", "{weibull: {shape: 0.615, scale: 169.5 min}}". */
#ifndef SIM_SCENARIO_LAW_TEXT_H
#define SIM_SCENARIO_LAW_TEXT_H

#include "sim/kernel/law.h"
#include "sim/scenario/schema.h"
#include "sim/scenario/tree.h"

/* 0, or -1 after a complaint. min and max of the row bind the first parameter. */
int law_read(struct sources *, const struct key *, const struct tree *, const char *name, struct law *);
void law_print(const struct law *, char *out, size_t cap);

#endif

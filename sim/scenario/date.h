/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calendar dates, UTC: "2009-10-19", "2009-10-19T06:00:00Z". */
#ifndef SIM_SCENARIO_DATE_H
#define SIM_SCENARIO_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 1970-01-01 to 9999-12-31. */
bool date_parse(const char *text, uint64_t *unix_ms);
void date_print(uint64_t unix_ms, char *out, size_t cap);

#endif

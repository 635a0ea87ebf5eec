/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers with units: "600 s", "10 min", "0.5 %", "10 k", "64 KiB", "256 kbit/s". Exact decimal arithmetic, so that a time in ns or a count is
 * what was written, and printing gives a text that reads back to the same value. */
#ifndef SIM_SCENARIO_QUANTITY_H
#define SIM_SCENARIO_QUANTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Base unit of the stored value: none, none, second (whole: ns), share of 1, byte, bit/s, retransmission. */
enum unit_class {
    UNIT_NONE,
    UNIT_COUNT,
    UNIT_TIME,
    UNIT_SHARE,
    UNIT_BYTES,
    UNIT_RATE,
    UNIT_RETRANSMISSIONS,
    UNIT_CLASSES
};

struct quantity {
    double real;    /* in the base unit */
    uint64_t whole; /* times in ns, the others in the base unit, rounded; not for shares */
    bool is_whole;  /* nothing was rounded away */
};

/* Reads the whole text. 0, or -1 with a phrase in why ("has no unit: write ..."), to be put behind the name of the key; -2 if it is a number of the
 * right form that no range could hold. */
int quantity_parse(enum unit_class, const char *text, struct quantity *, char *why, size_t why_cap);

/* Text of a whole value (times: ns) in the largest unit that divides it. Returns its length. */
size_t quantity_print_whole(enum unit_class, uint64_t whole, char *out, size_t cap);
/* Text of a real value: seconds, shares, plain numbers. Shortest text that reads back to the same bits. */
size_t quantity_print_real(enum unit_class, double real, char *out, size_t cap);

/* "a time", "a share in %", ... and the units of a class as a list: "ns, us, ms, s, min, h, d". */
const char *unit_class_name(enum unit_class);
const char *unit_class_units(enum unit_class);

#endif

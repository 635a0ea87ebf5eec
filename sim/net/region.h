/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A part of the world, as a scenario names it: terms joined by commas that must all hold of a place.
 *
 *     Germany           one of the parts of the data file's column `where` ("Germany, Eurasia")
 *     25W-45E           between two degrees of longitude, going east; 170E-170W crosses the date line
 *     35N-72N, 10S-5N   between two degrees of latitude
 *
 * The text is the region: it is looked at again for each place, and places are few. */
#ifndef SIM_NET_REGION_H
#define SIM_NET_REGION_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/net/latency.h"

bool region_covers(const char *region, const struct latency *, uint16_t place);
/* Number of the places in it. */
unsigned region_places(const char *region, const struct latency *);

#endif

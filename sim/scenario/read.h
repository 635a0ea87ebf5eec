/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the tree to struct scenario by the schema: unknown keys, missing keys, defaults, lists. */
#ifndef SIM_SCENARIO_READ_H
#define SIM_SCENARIO_READ_H

#include "sim/scenario/scenario.h"
#include "sim/scenario/tree.h"

/* Fills a zeroed scenario. 0, or -1 after a complaint. */
int scenario_read(struct sources *, const struct tree *root, struct scenario *);
/* One item of `check:`. */
int check_read(struct sources *, const struct tree *item, unsigned index, struct check *);
/* Text of a check as a flow mapping. */
void check_print(const struct check *, char *out, size_t cap);

/* What kind an item of `faults:` is, whose keys have been read, and whether they go together. */
int fault_check(struct sources *, const struct tree *item, const char *name, struct fault *);
/* The mapping of a `set`: one key of the overlay that may change while the overlay runs, and its value. */
int fault_read_set(struct sources *, const struct tree *map, const char *name, struct fault *);
/* Text of a fault as a flow mapping. */
void fault_print(const struct fault *, char *out, size_t cap);
#define FAULT_TEXT_MAX 1024

/* Derived fields and the rules that bind several keys; at the place of the key that breaks one. 0 or -1. */
int scenario_finish(struct sources *, const struct tree *root, struct scenario *);
/* Takes derived fields back to what the file says, before printing. */
void scenario_unfinish(struct scenario *);

#define FIND_MAX 512
/* Data file by name: beside the scenario, in `shelf` ("topologies", "workloads") here, in it or share/reloadsim/ of a folder above the program.
 * 0 with its path in out; -1 with the folders that were tried, joined by ", ". */
int data_find(const char *scenario_path, const char *shelf, const char *name, char out[FIND_MAX]);

#endif

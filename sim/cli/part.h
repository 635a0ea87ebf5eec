/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of reloadsim that are programs of their own (the analysis): reloadsim-NAME, beside this program or in ../libexec/reloadsim of it, as
 * `make` and `make install` put them. They have libraries and a licence of their own and know nothing of the simulator but the files it leaves. */
#ifndef SIM_CLI_PART_H
#define SIM_CLI_PART_H

#include <limits.h>
#include <stdbool.h>

/* Whether it is installed; no complaint. */
bool part_there(const char *name);
/* Where the file reloadsim-NAME is; false when it is not installed. */
bool part_file(const char *name, char found[PATH_MAX]);
/* Becomes reloadsim-NAME with the arguments from argv[1] on. Returns only when that failed: CLI_RESOURCE, after a complaint. */
int part_become(const char *name, char **argv);
/* Runs it and waits: its exit status, or CLI_RESOURCE after a complaint. */
int part_run(const char *name, char **argv);

#endif

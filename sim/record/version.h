/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which program this is: its version, and the revision of the sources that it was built from ("unknown" when that was no git tree). */
#ifndef SIM_RECORD_VERSION_H
#define SIM_RECORD_VERSION_H

#include <stdint.h>

#define RELOADSIM_VERSION "0.1.0"

const char *version_revision(void);
/* A number for how the sources lay out what a checkpoint keeps (scripts/layout.sh). */
uint64_t version_layout(void);

#endif

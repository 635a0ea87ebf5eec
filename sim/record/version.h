/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which program this is: its version, and the revision of the sources that it was built from ("unknown" when that was no git tree). */
#ifndef SIM_RECORD_VERSION_H
#define SIM_RECORD_VERSION_H

#define RELOADSIM_VERSION "0.1.0"

const char *version_revision(void);

#endif

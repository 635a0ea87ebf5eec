/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/record/version.h"

const char *version_revision(void)
{
    return REVISION;
}

uint64_t version_layout(void)
{
    return LAYOUT;
}

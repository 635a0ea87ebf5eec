/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reloadsim compare A B: the analysis does it. */
#include "sim/cli/cli.h"
#include "sim/cli/part.h"

int compare_main(int argc, char **argv)
{
    (void)argc;
    return part_become("compare", argv);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: ten random scenarios, broken off and gone on with once to three times, on engines, partitions and ranks as their seeds fall, leave what the unbroken run leaves, to the byte.
 * SEED=n runs that one. Leaves open: more of them (long_checkpoint.c). */
#include <stdbool.h>
#include <stdint.h>

#include "sim/world/test/on_ranks.h"

int main(void)
{
    return on_ranks_tests_in_legs(1, 10);
}

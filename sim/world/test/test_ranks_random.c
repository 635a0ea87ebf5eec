/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: ten random scenarios on 2, 3, 4 or 8 ranks leave what they leave alone; see test_ranks.c. SEED=n runs that one alone. Leaves open: two hundred more (long_ranks.c). */
#include "sim/world/test/on_ranks.h"

int main(void)
{
    return on_ranks_tests(101, 10);
}

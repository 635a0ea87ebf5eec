/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two hundred random scenarios on 2, 3, 4 and 8 ranks: see test_ranks.c. SEED=n runs that one alone. */
#include "sim/world/test/on_ranks.h"

int main(void)
{
    return on_ranks_tests(1001, 200);
}

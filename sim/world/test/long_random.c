/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins what test_random.c does, for a thousand other seeds. SEED=n runs one alone. */
#include "sim/world/test/random_scenario.h"

int main(void)
{
    return random_scenario_tests(1001, 1000);
}

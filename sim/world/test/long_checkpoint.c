/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: two hundred random scenarios in legs (test_checkpoint_random.c has ten). SEED=n runs that one. */
#include <stdbool.h>
#include <stdint.h>

#include "sim/world/test/on_ranks.h"

int main(void)
{
    return on_ranks_tests_in_legs(100, 200);
}

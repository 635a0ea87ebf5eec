/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: twenty random scenarios, the same each time, with every node's invariants checked after every event, every datagram accounted for, and one correct
 * ring some intervals after the last fault; without churn also one owner of each id and three copies. SEED=n runs that one alone. What draws
 * them, and what makes failures smaller, is random_scenario.c. Leaves open: partitions of more than a second, which part a ring for good until
 * overlays are merged (RFC 6940 10.7.4.4); engines and partitions of the simulator (test_fingerprint.sh); a thousand more (long_random.c). */
#include "sim/world/test/random_scenario.h"

int main(void)
{
    return random_scenario_tests(1, 20);
}

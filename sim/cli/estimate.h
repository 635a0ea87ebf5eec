/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a scenario will cost, before it runs: orders of magnitude from the protocol's arithmetic and from measured cost per datagram and peer. */
#ifndef SIM_CLI_ESTIMATE_H
#define SIM_CLI_ESTIMATE_H

#include "sim/scenario/scenario.h"

struct estimate {
    uint32_t population;
    double datagrams; /* without keepalives */
    double keepalives;
    double memory_bytes;
    double cpu_s; /* on one core */
};

struct estimate estimate_of(const struct scenario *, unsigned partitions);

#define PARTITIONS_MAX 64
/* So many parts as asked for, or (0) as many as there are cores and as large a population keeps busy. Results do not depend on the number, so it may follow the
 * machine. */
unsigned partitions_for(unsigned asked, uint32_t population);
unsigned cores(void);

/* Memory that a new process may take without swapping, and all there is; 0 = unknown. */
struct memory {
    double available_bytes, total_bytes;
};
struct memory memory_here(void);

#endif

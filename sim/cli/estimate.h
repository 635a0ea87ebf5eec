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

struct estimate estimate_of(const struct scenario *);
/* Memory that a new process may take without swapping, and all there is; 0 = unknown. */
struct memory {
    double available_bytes, total_bytes;
};
struct memory memory_here(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ranks as processes under MPI. The one thing that knows MPI is a library of its own, reloadsim-mpi.so, which the program loads when it is started under mpirun; so it
 * builds and runs without MPI. The library carries meetings (carrier.c) and watches over the ranks (guard.c): when one of them dies or answers no more, all end
 * within half a minute, with status 3 and a sentence that names it. */
#ifndef SIM_RANK_MPI_PLUGIN_H
#define SIM_RANK_MPI_PLUGIN_H

#include "sim/rank/ranks.h"

#define MPI_PLUGIN_FILE    "mpi.so"             /* after "reloadsim-" */
#define MPI_PLUGIN_SYMBOL  "reloadsim_mpi"      /* a struct mpi_plugin */
#define MPI_PLUGIN_VERSION UINT64_C(2)          /* of what stands below and in struct carrier */
#define MPI_LOST_STATUS    3                    /* a rank was lost: results are incomplete */

struct mpi_plugin {
    uint64_t version;
    /* Joins the others; once in a process. 0, or -1 with a sentence. */
    int (*begin)(struct carrier *, char *error, size_t error_cap);
    /* What a window is, for the sentence that names the last one; none has been when this is not called. */
    void (*window)(void *impl, uint64_t ns);
    /* All have come to their end. */
    void (*end)(void *impl);
};

#endif

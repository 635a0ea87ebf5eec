/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From segments to results: makes DIR/results.h5 and DIR/summary.json of DIR/results.segments, whether the run ended by itself, was interrupted, or
 * was killed. results.h5 is made in memory, written under a temporary name, brought to the disk, read back and compared with the segments value by value,
 * renamed, and the folder is brought to the disk; then the segments go. Until then they stay, so that a failure costs nothing: call it again. */
#ifndef SIM_RECORD_RESULTS_H
#define SIM_RECORD_RESULTS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/base/time.h"

#define RESULTS_FILE   "results.h5"
#define RESULTS_FORMAT 1

enum results_state {
    RESULTS_NONE,    /* no results in this folder */
    RESULTS_RUNNING, /* the run goes on; nothing was touched */
    RESULTS_COMPLETE,
    RESULTS_INCOMPLETE, /* the run did not get to its end; what it recorded is there */
    RESULTS_FAILED      /* error tells why */
};

struct results {
    enum results_state state;
    bool made;              /* now, of segments; else results.h5 was there already and only its mark was looked at */
    bool killed;            /* the run did not even say that it ends */
    uint64_t rows, dropped; /* rows of the time series; bytes of a segment that was not written whole */
    sim_time until;         /* end of the last row */
    char error[PATH_MAX + 512];
};

void results_finish(const char *folder, struct results *);

#endif

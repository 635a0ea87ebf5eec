/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads back what sim/record/journal.h wrote: the head, then part by part. Everything that is needed to understand a part stands in the head,
 * so that a later version with other metrics reads it too. */
#ifndef SIM_RECORD_RECORDED_H
#define SIM_RECORD_RECORDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/time.h"
#include "sim/record/payload.h"
#include "sim/record/segments.h"
#include "sim/record/series.h"
#include "sim/record/summary.h"

struct recorded_figure {
    struct summary_key key;
    const char *description;
};

struct recorded {
    struct segment_reader reader;
    struct payload_reader payload; /* of the part at hand */
    uint8_t *head;                 /* the texts below point into it */
    size_t head_len;
    const char *version, *revision, *scenario, *text, *epoch, *host, *cpu_model, *started;
    uint64_t seed, population, ranks;
    sim_time warmup, measure, interval;
    struct series_column *column, *node_column, *ring_column;
    unsigned columns, node_columns, ring_columns;
    struct series_scale *histogram;
    unsigned histograms;
    struct recorded_figure *figure;
    unsigned figures;
};

/* Reads the head of the file that fd is open on; fd stays the caller's. 0; 1 = there is no whole head, so nothing was recorded; -1 with a sentence. */
int recorded_open(struct recorded *, int fd, char *error, size_t error_cap);
/* The next part: RECORDED_ROW .. with the payload placed at its beginning, RECORDED_END, or RECORDED_FAILED with errno. */
enum recorded_part { RECORDED_END, RECORDED_ROW, RECORDED_EVENT, RECORDED_NODES, RECORDED_RING, RECORDED_CLOSE, RECORDED_FAILED };
enum recorded_part recorded_next(struct recorded *);
/* Bytes at the end of the file that are no whole segment. Known after RECORDED_END. */
uint64_t recorded_dropped(const struct recorded *);
void recorded_close(struct recorded *);

#endif

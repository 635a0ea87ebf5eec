/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each fault of the timeline did: how deep it went, how long it took to recover, what never did.
 *
 * Three series are kept over the measured phase, in bins of record.interval: the success of look-ups by the time at which they started, and at each
 * sample the share of peers with a wrong first successor and of values that their owner lacks. For a fault that begins at A and is over at E (a kill at
 * once, a reboot with its window, others when `for` ends):
 *
 *   before    mean of the series over the ten bins before A, or as many as there are in the measured phase and after the fault before this one is over;
 *             with none, what a sound overlay shows: 1 for success, 0 for the others. Look-ups that started less than the
 *             end-to-end limit before A may have met the fault, and are left out, here and before the next fault
 *   depth     the worst from A on until the next fault that begins after E, less `before`. Bins with fewer than 20 look-ups join their followers
 *   recover   from E (A where E lies beyond the run) to the first of three bins in a row, not before the worst, that are back: within one percentage point and twice the
 *             standard error of the bin. Not looked for where the depth itself is within that
 *   never     fallen, and not back until the next fault or the end */
#ifndef SIM_WORLD_AFTERMATH_H
#define SIM_WORLD_AFTERMATH_H

#include "sim/world/state.h"

int aftermath_open(struct world *);
void aftermath_close(struct world *);
/* A judged look-up. */
void aftermath_lookup(struct world *, const struct lookup_result *);
/* At a sample of the measured phase. */
void aftermath_sample(struct world *, const struct ring_sample *);
void aftermath_summary(const struct world *, struct summary *);
/* What look-ups have added: of all ranks, and of this one since assembly_merge, as words of two counters each. Returns how many words. */
size_t aftermath_account(const struct world *, void **all, void **fresh);

/* For a checkpoint. A run that goes on with a longer or shorter measured phase keeps the bins that it has. */
void aftermath_put(const struct world *, struct stream *);
void aftermath_get(struct world *, struct stream_reader *);

/* One series, for tests: bin k covers [k, k + 1) times the interval; weight 0 = nothing known. Good is high for `higher`, else low. */
struct series {
    const double *value;
    const uint32_t *weight;
    uint32_t bins;
    bool counted; /* a share of `weight` trials, so that it has an error of its own */
    bool higher;
};
struct span_of_fault {
    uint32_t from, until; /* bins before it: the last ten of from..until-1 */
    uint32_t at, over;    /* of A and E */
    uint32_t end;         /* one past the last bin that belongs to the fault */
};
/* interval_s: length of a bin. */
struct summary_series aftermath_of(const struct series *, const struct span_of_fault *, double interval_s, bool *never);

#endif

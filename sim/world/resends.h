/* SPDX-License-Identifier: GPL-2.0-or-later */
/* End-to-end resends and whether they were spurious. A node resends a request when its timer runs out; an answer that comes after the transaction is
 * over shows that a transmission before the last would have done. Answers are also doubled by links (RFC 6940 6.6.3: a retransmission has a
 * sequence number of its own, so the receiver cannot tell), and these must not count: only late answers of requests that were resent do, and each
 * request at most as many as its resends. One table a partition; both facts come from the asker, in order. */
#ifndef SIM_WORLD_RESENDS_H
#define SIM_WORLD_RESENDS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/time.h"
#include "sim/checkpoint/stream.h"

struct resend_table {
    struct resend {
        uint64_t tid;
        uint16_t resent, late;
    } * slot;
    uint32_t mask, used;
};

/* Two generations: what was resent in the present span of time and in the one before. */
struct resends {
    struct resend_table now, before;
    sim_time since;
};

void resends_note(struct resends *, uint64_t tid);
/* A late answer: true if it shows that a resend was spurious. */
bool resends_late(struct resends *, uint64_t tid);
/* At an instant: forgets the older generation once the present one has lasted `span`. */
void resends_turn(struct resends *, sim_time now, sim_time span);
void resends_free(struct resends *);
/* For a checkpoint. Whose request an entry belongs to cannot be told from it, so whoever goes on takes up the entries of all partitions: an entry that more
 * than one has is as far on as the furthest of them, and nobody asks for those of others. */
void resends_put(const struct resends *, struct stream *);
void resends_get(struct resends *, struct stream_reader *);

#endif

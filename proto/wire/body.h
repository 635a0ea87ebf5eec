/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the body readers share; private to this folder. */
#ifndef PROTO_WIRE_BODY_H
#define PROTO_WIRE_BODY_H

#include "proto/wire/message.h"

/* Ends the reading of a body: it must be used up. */
static inline int body_done(struct reader *r)
{
    if (!r->err && reader_left(r))
        reader_fail(r, ERR_TRAILING);
    return r->err;
}

/* A vector of fixed-size entries; its length must be a multiple of their size. */
static inline struct span get_entries(struct reader *r, unsigned width, uint32_t entry_bytes)
{
    struct span s = get_vector(r, width);
    if (s.len % entry_bytes)
        reader_fail(r, ERR_LENGTH);
    return s;
}

static inline struct span get_ids(struct reader *r, unsigned width)
{
    return get_entries(r, width, ID_BYTES);
}

static inline void put_vector_span(struct writer *w, unsigned width, struct span s)
{
    put_vector(w, width, s.b, s.len);
}

/* Each checks a body to its end, in the reader that holds the rest of the message (its true_pos ends at `end` when all is well).
 * Only these two hold tokens; every other body is checked by its typed reader. */
void store_req_check(struct reader *);
void fetch_ans_check(struct reader *);
/* Bodies that are lists, with each entry checked. */
int probe_ans_check(struct reader);
int store_ans_check(struct reader);
int stat_ans_check(struct reader);
int find_ans_check(struct reader);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cold ends of the cursors; all else is inline. */
#include "proto/wire/cursor.h"

void reader_fail(struct reader *r, int err)
{
    if (!r->err)
        r->err = err;
    r->p = r->end;
    r->true_pos = UINT32_MAX;
}

void writer_fail(struct writer *w, int err)
{
    if (!w->err)
        w->err = err;
    w->end = w->p;
}

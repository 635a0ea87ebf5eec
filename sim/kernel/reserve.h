/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A range of addresses as large as an array can ever become, whose memory comes zeroed when it is touched. So an array grows without moving and costs what
 * is used of it. Its pages are small at first; what lies beyond RESERVE_SMALL is taken in huge pages, one after the other, so that an array of a small run
 * costs no page of two megabytes. */
#ifndef SIM_KERNEL_RESERVE_H
#define SIM_KERNEL_RESERVE_H

#include <stddef.h>

#define RESERVE_SMALL ((size_t)8 << 20)

struct reserve {
    char *at;
    size_t bytes, advised; /* of the range; those for which pages of either size have been chosen */
};

/* Ends the program when the machine has not so many addresses left. */
void reserve_open(struct reserve *, size_t bytes);
void reserve_close(struct reserve *);
void reserve_advise(struct reserve *);

/* Before the array's first `used` bytes are all in use for the first time. */
static inline void reserve_use(struct reserve *r, size_t used)
{
    if (used > r->advised)
        reserve_advise(r);
}

#endif

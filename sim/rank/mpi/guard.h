/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is still there. A thread in each rank tells its state once a second over a TCP connection of its own: rank 0 hears all others, and all others hear rank 0. A
 * connection that ends without a good-bye is a rank that died; one that is silent for GUARD_SILENCE_S is a rank (or a machine) that hangs; and so is one that has been
 * at work on the same window for GUARD_WINDOW_S, which never takes more than moments. Rank 0 then tells the others, one says it on standard error, and each ends itself
 * with status 3. Other work between two meetings (the start, samples) may take as long as it will: the thread goes on telling. A rank whose own
 * thread was kept from running counts nobody's silence: perhaps the machine was asleep, and all were. */
#ifndef SIM_RANK_MPI_GUARD_H
#define SIM_RANK_MPI_GUARD_H

#include <stddef.h>
#include <stdint.h>

#define GUARD_SILENCE_S 15
#define GUARD_WINDOW_S  20

struct guard;

/* Where rank 0 can be reached: passed on by MPI as it is. */
#define GUARD_ADDRESSES 16
struct guard_door {
    uint64_t key; /* who knows it is of this run */
    uint32_t address[GUARD_ADDRESSES]; /* IPv4, network order; 0 = no more */
    uint16_t port;                     /* network order */
};

/* Rank 0 opens the door, MPI carries it to all, then each begins. NULL, or -1: with a sentence. */
struct guard *guard_open(unsigned self, unsigned count, char *error, size_t error_cap);
int guard_door(struct guard *, struct guard_door *, char *error, size_t error_cap);
int guard_begin(struct guard *, const struct guard_door *, char *error, size_t error_cap);
/* What this rank is doing, from the thread that does it: it has come to a meeting, at the end of this window (UINT64_MAX: of none); it has left one, and is at work on a
 * window, or on something else. */
void guard_meets(struct guard *, uint64_t window);
void guard_works(struct guard *, int on_window);
void guard_window_length(struct guard *, uint64_t ns);
/* From here on a connection that ends is no death; before all meet for the last time. */
void guard_ending(struct guard *);
/* Good-bye; after that. */
void guard_end(struct guard *);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run on several ranks: processes (in tests also threads) that each hold a slice of the identities and all go through the same steps. Whatever needs to
 * know of more than one slice is a meeting: every rank comes to it, in the same order, gives bytes to each other and takes bytes from each. All else here is
 * built of meetings. What carries the bytes is told by a struct carrier: memory (hub.h), or MPI (mpi/).
 *
 * NULL stands for a run on one rank: everything here takes it, and then nobody has to be met.
 *
 * Every rank must come to the same meetings; each says what for, and ranks that have lost step end the program with a sentence. Meetings do not fail: a carrier
 * that loses a rank ends the program, with status 3. So does the lack of memory, with status 4. Numbers travel as they lie in memory: ranks are copies of
 * one program on machines of one kind. */
#ifndef SIM_RANK_RANKS_H
#define SIM_RANK_RANKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct blob {
    const void *bytes;
    size_t size;
};

/* What each gives to all at a meeting, besides the bytes for each. */
struct ranks_head {
    uint64_t meeting; /* its number */
    uint64_t purpose; /* enum ranks_purpose */
    uint64_t word[2];
    uint64_t worked_ns; /* since the end of the meeting before; 0 without a clock */
};

struct carrier {
    void *impl;
    unsigned self, count;
    /* Gives mine and out[i] to each rank i but self, and takes theirs[i] and in[i] from it. in[] is lent until the next call; out[] is done with at return. */
    void (*meet)(void *impl, const struct ranks_head *mine, const struct blob *out, struct ranks_head *theirs, struct blob *in);
    /* What a clock on the wall of this machine shows; NULL: nobody wants to know where time goes. It reaches no result. */
    uint64_t (*clock_ns)(void *impl);
};

enum ranks_purpose { RANKS_WINDOW, RANKS_SUM, RANKS_GATHER, RANKS_LETTERS, RANKS_QUESTIONS, RANKS_ANSWERS };

struct ranks;

struct ranks *ranks_open(const struct carrier *); /* NULL: no memory */
void ranks_close(struct ranks *);

static inline bool ranks_many(const struct ranks *r)
{
    return r != NULL;
}
unsigned ranks_self(const struct ranks *);  /* 0 .. count - 1; 0 for NULL */
unsigned ranks_count(const struct ranks *); /* 1 for NULL */

/* Where the time of this rank went, since it was opened: the three parts add up to all of it. A rank waits until the slowest has done its work, and what a meeting takes
 * beyond that is exchange; how long each has worked, all tell at the meeting, so no clocks need to agree. Price: what one leaves a meeting later than another counts as the other's work.
 * All 0 for NULL and without a clock, but for the counts. */
struct ranks_spent {
    uint64_t work_ns, wait_ns, exchange_ns;
    uint64_t windows, meetings; /* meetings at the end of a window; and all */
    uint64_t bytes;             /* that it gave to the others, heads not counted */
};
struct ranks_spent ranks_spent(const struct ranks *);

/* One meeting as it is. theirs and in have room for one of each rank; those of self are what it gave. */
void ranks_meet(struct ranks *, enum ranks_purpose, const uint64_t word[2], const struct blob *out, struct ranks_head *theirs, struct blob *in);
/* Each word becomes the sum over all ranks, modulo 2^64. */
void ranks_sum(struct ranks *, uint64_t *word, size_t n);
/* All get the bytes of all, by rank; lent until the next meeting. */
const struct blob *ranks_gather(struct ranks *, const void *mine, size_t size);

/* Letters: what is posted is kept until all deliver, and goes to that rank in the order of posting. What came, by sender, is lent until the next meeting or letter. */
void ranks_post(struct ranks *, unsigned to, const void *, size_t size);
const struct blob *ranks_deliver(struct ranks *);

/* Questions that other ranks can answer. question: n of them, `size` bytes each, in no aligned place when they arrive; answer: called for those that this rank
 * can answer, its own too. to[i]: who is asked. The answers come in the order of the questions. */
typedef uint64_t ranks_answer(void *context, const void *question);
void ranks_ask(struct ranks *, const uint32_t *to, const void *question, size_t size, uint32_t n, uint64_t *answers, ranks_answer *, void *context);
/* Everybody is asked; the answers are joined. */
enum ranks_join { RANKS_OR, RANKS_LEAST };
void ranks_ask_all(struct ranks *, const void *question, size_t size, uint32_t n, uint64_t *answers, enum ranks_join, ranks_answer *, void *context);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory of one partition: node blocks, channel tables and small records in size classes. Not thread safe, as a partition needs none.
 *
 * A class takes chunks of SLAB_CHUNK bytes from the slab and cuts them up; within a chunk the block freed last is given first. A chunk that has
 * become empty goes back and may serve another class, so that a population which grows together does not leave the sizes it grew out of behind.
 * Under AddressSanitizer every block is a malloc of its own. */
#ifndef SIM_NET_SLAB_H
#define SIM_NET_SLAB_H

#include <stddef.h>

#define SLAB_CHUNK   ((size_t)64 << 10)
#define SLAB_LINE    ((size_t)64)
#define SLAB_GRAIN   ((size_t)32) /* of sizes: half a line, so that every other size begins in the middle of one */
#define SLAB_SMALL   ((size_t)32 << 10) /* larger blocks have chunks of their own */
#define SLAB_CLASSES 152

struct slab_chunk;

struct slab {
    struct slab_chunk *partial[SLAB_CLASSES]; /* chunks with a free block */
    struct slab_chunk *empty;
    void **region; /* what the system gave us */
    unsigned regions, regions_cap;
    size_t held;    /* bytes taken from the system */
    unsigned large; /* blocks beyond SLAB_SMALL, and under the sanitizer all blocks */
};

void slab_init(struct slab *);
/* Every large block must have been put back. */
void slab_fini(struct slab *);
/* Never NULL (the program ends with a message when memory does); aligned to SLAB_GRAIN, contents undefined. */
void *slab_get(struct slab *, size_t bytes);
/* bytes: as asked for. */
void slab_put(struct slab *, void *, size_t bytes);
/* A block of another size with the contents up to the smaller one; the old block is dead. Under the sanitizer it always moves. */
void *slab_move(struct slab *, void *, size_t bytes, size_t to);
/* What a block of this size really holds: a caller that grows may as well use all of it. */
size_t slab_room(size_t bytes);

#endif

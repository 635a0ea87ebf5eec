/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/kernel/arena.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "sim/kernel/part.h"
#include "sim/kernel/record.h"

#define BLOCK_UNITS (1u << ARENA_BLOCK_SHIFT)
#define BLOCK_BYTES ((size_t)BLOCK_UNITS * ARENA_UNIT)
#define BLOCKS_MAX (1u << (RECORD_REF_BITS - ARENA_BLOCK_SHIFT))
#define BLOCKS_OF_SMALL_PAGES 4u /* a small run touches a few small pages; only a large one asks for huge ones */

void arena_open(struct arena *a)
{
    memset(a, 0, sizeof *a);
}

void arena_close(struct arena *a)
{
    for (uint32_t i = 0; i < a->blocks; i++) {
#ifdef ARENA_HIDES_FREED
        __asan_unpoison_memory_region(a->block[i], BLOCK_BYTES);
#endif
        free(a->block[i]);
    }
    free(a->block);
    memset(a, 0, sizeof *a);
}

static void add_block(struct arena *a)
{
    if (a->blocks == BLOCKS_MAX)
        kernel_fatal("more than %zu bytes of datagrams are in flight in one partition", BLOCKS_MAX * BLOCK_BYTES);
    if (a->blocks == a->blocks_max) {
        a->blocks_max = a->blocks_max ? 2 * a->blocks_max : 8;
        a->block = kernel_reallocate(a->block, a->blocks_max * sizeof *a->block);
    }
    uint8_t *block = aligned_alloc(BLOCK_BYTES, BLOCK_BYTES); /* the system backs only the pages that are touched */
    if (!block)
        kernel_exhausted("datagrams in flight, %zu bytes more", BLOCK_BYTES);
    if (a->blocks >= BLOCKS_OF_SMALL_PAGES)
        madvise(block, BLOCK_BYTES, MADV_HUGEPAGE);
    a->block[a->blocks++] = block;
}

uint32_t arena_grow(struct arena *a, uint32_t units)
{
    assert(units > 0 && units <= ARENA_UNITS_MAX);
    uint32_t rest = a->blocks * BLOCK_UNITS - a->top;
    if (rest < units) {
        if (rest > 0)
            arena_give(a, a->top, rest);
        a->top = a->blocks * BLOCK_UNITS;
        add_block(a);
        if (a->top == ARENA_NONE) /* unit 0 is no reference */
            a->top = 1;
    }
    uint32_t ref = a->top;
    a->top += units;
    return ref;
}

size_t arena_memory(const struct arena *a)
{
    return (size_t)a->top * ARENA_UNIT + a->blocks_max * sizeof *a->block;
}

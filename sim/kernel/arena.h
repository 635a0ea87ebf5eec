/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory of one partition for what waits: bytes of datagrams and chunks of the wheel, in cells of 1 to 32 units of 64 bytes. Freed cells go on a list of
 * their size and are used again last in, first out, while they are still in the cache. A cell is named by the number of its first unit, so that a
 * reference takes 29 bits; blocks never move, so that a pointer stays good while others are taken. Memory goes back to the system only at the end. */
#ifndef SIM_KERNEL_ARENA_H
#define SIM_KERNEL_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "sim/kernel/fetch.h"

/* In a build with the address sanitizer a freed cell is hidden, but for its list word, from code that kept a pointer to it. */
#if defined(__SANITIZE_ADDRESS__)
#define ARENA_HIDES_FREED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_HIDES_FREED 1
#endif
#endif
#ifdef ARENA_HIDES_FREED
#include <sanitizer/asan_interface.h>
#define arena_hide(cell, units) __asan_poison_memory_region((cell) + 1, (size_t)(units) * ARENA_UNIT - sizeof *(cell))
#define arena_show(cell, units) __asan_unpoison_memory_region((cell), (size_t)(units) * ARENA_UNIT)
#else
#define arena_hide(cell, units) ((void)(cell))
#define arena_show(cell, units) ((void)(cell))
#endif

#define ARENA_UNIT 64u
#define ARENA_UNITS_MAX 32u /* of one cell */
#define ARENA_NONE 0u
#define ARENA_BLOCK_SHIFT 15u /* units of a block: 2 MiB, one huge page */

struct arena {
    uint8_t **block;
    uint32_t blocks, blocks_max;
    uint32_t top; /* first unit never used */
    uint32_t free[ARENA_UNITS_MAX + 1];
};

void arena_open(struct arena *);
void arena_close(struct arena *);
/* Takes a cell from memory never used before; arena_take asks for it when no freed one is left. */
uint32_t arena_grow(struct arena *, uint32_t units);
size_t arena_memory(const struct arena *);

static inline void *arena_at(const struct arena *a, uint32_t ref)
{
    return a->block[ref >> ARENA_BLOCK_SHIFT] + (size_t)(ref & ((1u << ARENA_BLOCK_SHIFT) - 1)) * ARENA_UNIT;
}

static inline uint32_t arena_units(size_t bytes)
{
    return (uint32_t)((bytes + ARENA_UNIT - 1) / ARENA_UNIT);
}

static inline uint32_t arena_take(struct arena *a, uint32_t units)
{
    uint32_t ref = a->free[units];
    if (ref == ARENA_NONE)
        return arena_grow(a, units);
    uint32_t *cell = arena_at(a, ref);
    a->free[units] = *cell;
    fetch_line_to_write(arena_at(a, *cell)); /* the next to be taken */
    arena_show(cell, units);
    return ref;
}

static inline void arena_give(struct arena *a, uint32_t ref, uint32_t units)
{
    uint32_t *cell = arena_at(a, ref);
    *cell = a->free[units];
    a->free[units] = ref;
    arena_hide(cell, units);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/rank/slice.h"

#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined __SANITIZE_ADDRESS__ || __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#define POISON(at, n)   ASAN_POISON_MEMORY_REGION(at, n)
#define UNPOISON(at, n) ASAN_UNPOISON_MEMORY_REGION(at, n)
#else
#define POISON(at, n)   ((void)(at), (void)(n))
#define UNPOISON(at, n) ((void)(at), (void)(n))
#endif

#define PAGE      ((size_t)4096)
#define HUGE_PAGE ((size_t)2 << 20)
#define NONSENSE  0xa5

static size_t up(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

/* Bytes from..to of the array are held, and the whole pages around them: low..high. */
struct extent {
    size_t all, from, to, low, high;
};

static struct extent extent_of(size_t item, uint32_t count, uint32_t first, uint32_t end)
{
    struct extent e = {.all = up((size_t)count * item + 1, HUGE_PAGE), .from = first * item, .to = end * item};
    e.low = e.from / PAGE * PAGE;
    e.high = up(e.to, PAGE);
    return e;
}

/* Room for so many bytes, beginning at a multiple of a huge page. */
static uint8_t *reserve(size_t bytes)
{
    uint8_t *room = mmap(NULL, bytes + HUGE_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED)
        return NULL;
    size_t before = up((uintptr_t)room, HUGE_PAGE) - (uintptr_t)room;
    if (before)
        munmap(room, before);
    if (before < HUGE_PAGE)
        munmap(room + before + bytes, HUGE_PAGE - before);
    return room + before;
}

void *slice_open(size_t item, uint32_t count, uint32_t first, uint32_t end)
{
    struct extent e = extent_of(item, count, first, end);
    bool all = e.to - e.from == (size_t)count * item;
    uint8_t *at = reserve(e.all);
    if (!at)
        return NULL;
    if (e.high > e.low && mprotect(at + e.low, e.high - e.low, PROT_READ | PROT_WRITE)) {
        munmap(at, e.all);
        return NULL;
    }
    if (e.to - e.from > 4 * HUGE_PAGE)
        madvise(at + e.low, e.high - e.low, MADV_HUGEPAGE);
    if (!all && e.high > e.low) {
        memset(at + e.low, NONSENSE, e.from - e.low);
        memset(at + e.to, NONSENSE, e.high - e.to);
    }
    POISON(at + e.low, e.from - e.low);
    POISON(at + e.to, e.high - e.to);
    return at;
}

void slice_close(void *at, size_t item, uint32_t count, uint32_t first, uint32_t end)
{
    struct extent e = extent_of(item, count, first, end);
    if (!at)
        return;
    UNPOISON((uint8_t *)at + e.low, e.high - e.low);
    munmap(at, e.all);
}

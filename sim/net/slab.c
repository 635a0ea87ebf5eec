/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/net/slab.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "sim/kernel/kernel.h"

#define REGION         ((size_t)2 << 20) /* a huge page */
#define LINEAR_LOG     12u               /* up to 4096 bytes a class each SLAB_GRAIN, then eight each doubling */
#define LINEAR_MAX     ((size_t)1 << LINEAR_LOG)
#define LINEAR_CLASSES (LINEAR_MAX / SLAB_GRAIN)
#define POISON         0xdb

#if defined(__SANITIZE_ADDRESS__)
#define SLAB_PLAIN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLAB_PLAIN 1
#endif
#endif
#ifndef SLAB_PLAIN
#define SLAB_PLAIN 0
#endif

/* The first line of each chunk; the blocks follow. */
struct slab_chunk {
    struct slab_chunk *next, *previous; /* among the partial chunks of the class, or the empty ones (next only) */
    void *free;                         /* each free block begins with the next one */
    uint16_t class, used, cut;          /* blocks in use; blocks ever cut off */
};
_Static_assert(sizeof(struct slab_chunk) <= SLAB_LINE, "a chunk's head is one line");

static _Noreturn void no_memory(size_t bytes)
{
    kernel_exhausted("%zu bytes of the network", bytes);
}

static unsigned class_of(size_t bytes)
{
    if (bytes <= LINEAR_MAX)
        return bytes ? (unsigned)((bytes - 1) / SLAB_GRAIN) : 0;
    unsigned log = 63u - (unsigned)__builtin_clzll(bytes - 1);
    size_t step = (size_t)1 << (log - 3);
    return (unsigned)(LINEAR_CLASSES + (log - LINEAR_LOG) * 8 + (bytes - 1 - ((size_t)1 << log)) / step);
}

static size_t class_bytes(unsigned class)
{
    if (class < LINEAR_CLASSES)
        return (class + 1) * SLAB_GRAIN;
    unsigned above = class - (unsigned)LINEAR_CLASSES, log = LINEAR_LOG + above / 8;
    return ((size_t)1 << log) + (above % 8 + 1) * ((size_t)1 << (log - 3));
}

size_t slab_room(size_t bytes)
{
    return bytes > SLAB_SMALL || SLAB_PLAIN ? bytes : class_bytes(class_of(bytes));
}

void slab_init(struct slab *s)
{
    *s = (struct slab){0};
}

void slab_fini(struct slab *s)
{
    assert(s->large == 0);
    for (unsigned k = 0; k < s->regions; k++)
        free(s->region[k]);
    free(s->region);
    *s = (struct slab){0};
}

/* Two megabytes at a time, as huge pages where the system has them: a node's lines then share few page table entries. */
static void add_region(struct slab *s)
{
    char *region = aligned_alloc(REGION, REGION);
    if (!region)
        no_memory(REGION);
    madvise(region, REGION, MADV_HUGEPAGE);
    if (s->regions == s->regions_cap) {
        s->regions_cap = s->regions_cap ? 2 * s->regions_cap : 16;
        s->region = realloc(s->region, s->regions_cap * sizeof *s->region);
        if (!s->region)
            no_memory(s->regions_cap * sizeof *s->region);
    }
    s->region[s->regions++] = region;
    s->held += REGION;
    for (size_t at = REGION; at > 0; at -= SLAB_CHUNK) {
        struct slab_chunk *c = (struct slab_chunk *)(void *)(region + at - SLAB_CHUNK);
        c->next = s->empty;
        s->empty = c;
    }
}

static void list_in(struct slab *s, struct slab_chunk *c)
{
    c->previous = NULL;
    c->next = s->partial[c->class];
    if (c->next)
        c->next->previous = c;
    s->partial[c->class] = c;
}

static void list_out(struct slab *s, struct slab_chunk *c)
{
    if (c->previous)
        c->previous->next = c->next;
    else
        s->partial[c->class] = c->next;
    if (c->next)
        c->next->previous = c->previous;
}

static unsigned blocks_in_chunk(unsigned class)
{
    return (unsigned)((SLAB_CHUNK - SLAB_LINE) / class_bytes(class));
}

static struct slab_chunk *chunk_for(struct slab *s, unsigned class)
{
    if (s->partial[class])
        return s->partial[class];
    if (!s->empty)
        add_region(s);
    struct slab_chunk *c = s->empty;
    s->empty = c->next;
    *c = (struct slab_chunk){.class = (uint16_t) class};
    list_in(s, c);
    return c;
}

static void *large_get(struct slab *s, size_t bytes)
{
    size_t whole = (bytes + SLAB_LINE - 1) / SLAB_LINE * SLAB_LINE;
    /* The sanitizer shall see the exact end. */
    void *b = SLAB_PLAIN ? malloc(bytes ? bytes : 1) : aligned_alloc(SLAB_LINE, whole);
    if (!b)
        no_memory(bytes);
    s->large++;
    s->held += bytes;
    return b;
}

void *slab_get(struct slab *s, size_t bytes)
{
    if (SLAB_PLAIN || bytes > SLAB_SMALL)
        return large_get(s, bytes);
    unsigned class = class_of(bytes);
    struct slab_chunk *c = chunk_for(s, class);
    char *b = c->free;
    if (b)
        memcpy(&c->free, b, sizeof c->free);
    else
        b = (char *)c + SLAB_LINE + c->cut++ * class_bytes(class);
    if (++c->used == blocks_in_chunk(class))
        list_out(s, c);
    return b;
}

void slab_put(struct slab *s, void *block, size_t bytes)
{
    if (SLAB_PLAIN || bytes > SLAB_SMALL) {
        assert(s->large > 0);
        s->large--;
        s->held -= bytes;
        free(block);
        return;
    }
    char *b = block;
    struct slab_chunk *c = (struct slab_chunk *)(void *)(b - ((uintptr_t)b & (SLAB_CHUNK - 1)));
    assert(c->class == class_of(bytes) && c->used > 0);
    memcpy(b, &c->free, sizeof c->free);
    c->free = b;
    if (c->used-- == blocks_in_chunk(c->class))
        list_in(s, c);
    if (c->used == 0) {
        list_out(s, c);
        c->next = s->empty;
        s->empty = c;
    }
}

void *slab_move(struct slab *s, void *block, size_t bytes, size_t to)
{
    if (!SLAB_PLAIN && bytes <= SLAB_SMALL && to <= SLAB_SMALL && class_of(bytes) == class_of(to))
        return block;
    void *moved = slab_get(s, to);
    memcpy(moved, block, bytes < to ? bytes : to);
    if (SLAB_PLAIN)
        memset(block, POISON, bytes);
    slab_put(s, block, bytes);
    return moved;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/kernel/reserve.h"

#include <stdint.h>
#include <sys/mman.h>

#include "sim/kernel/kernel.h"

#define HUGE_PAGE ((size_t)2 << 20)

void reserve_open(struct reserve *r, size_t bytes)
{
    size_t whole = (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE + HUGE_PAGE;
    char *at = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
        kernel_exhausted("%zu bytes of addresses", whole);
    size_t before = (HUGE_PAGE - (uintptr_t)at % HUGE_PAGE) % HUGE_PAGE;
    if (before)
        munmap(at, before);
    munmap(at + before + whole - HUGE_PAGE, HUGE_PAGE - before);
    *r = (struct reserve){.at = at + before, .bytes = whole - HUGE_PAGE, .advised = RESERVE_SMALL};
    madvise(r->at, r->bytes, MADV_NOHUGEPAGE); /* until its turn comes */
}

void reserve_close(struct reserve *r)
{
    if (r->at)
        munmap(r->at, r->bytes);
    *r = (struct reserve){0};
}

void reserve_advise(struct reserve *r)
{
    madvise(r->at + r->advised, HUGE_PAGE, MADV_HUGEPAGE);
    r->advised += HUGE_PAGE;
}

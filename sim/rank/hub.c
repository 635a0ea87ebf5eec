/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/rank/hub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined __SANITIZE_ADDRESS__ || __has_feature(address_sanitizer)
#include <sanitizer/common_interface_defs.h>
#define LEAVING(keep, bottom, size) __sanitizer_start_switch_fiber(keep, bottom, size)
#define ARRIVED(kept, bottom, size) __sanitizer_finish_switch_fiber(kept, bottom, size)
#else
#define LEAVING(keep, bottom, size) ((void)(keep), (void)(bottom), (void)(size))
#define ARRIVED(kept, bottom, size) ((void)(kept), (void)(bottom), (void)(size))
#endif

#define STACK_BYTES ((size_t)8 << 20)

/* What a rank gives at one meeting. */
struct gift {
    struct ranks_head head;
    struct blob *to;
};

/* One rank. Gifts alternate: those of a meeting are put away two meetings later, when all have come to the one between and so have done with them. */
struct end {
    struct hub *hub;
    unsigned self;
    uint64_t turn; /* meetings it has come to */
    bool done;
    struct gift gift[2];
    void *stack, *sanitizer;
    ucontext_t at;
};

struct hub {
    unsigned ranks;
    struct end *end;
    void (*work)(void *, struct ranks *);
    void *context, *sanitizer;
    const void *bottom; /* of the caller's stack */
    size_t size;
    ucontext_t at;      /* the caller */
};

_Noreturn static void no_memory(void)
{
    fputs("reloadsim: out of memory: what ranks tell each other\n", stderr);
    fflush(NULL);
    _exit(4);
}

static void put_away(struct gift *g, unsigned ranks)
{
    for (unsigned i = 0; g->to && i < ranks; i++) {
        free((void *)(uintptr_t)g->to[i].bytes); /* ours, const only for those who read it */
        g->to[i] = (struct blob){0};
    }
}

static void *copy_of(struct blob b)
{
    void *copy = malloc(b.size ? b.size : 1);
    if (!copy)
        no_memory();
    if (b.size)
        memcpy(copy, b.bytes, b.size);
    return copy;
}

/* It is the next one's turn, until all have come to where this one is. */
static void let_others_run(struct end *e)
{
    struct hub *h = e->hub;
    LEAVING(e->done ? NULL : &e->sanitizer, h->bottom, h->size);
    swapcontext(&e->at, &h->at);
    ARRIVED(e->sanitizer, NULL, NULL);
}

static void resume(struct hub *h, struct end *e)
{
    LEAVING(&h->sanitizer, e->stack, STACK_BYTES);
    swapcontext(&h->at, &e->at);
    ARRIVED(h->sanitizer, NULL, NULL);
}

static void hub_meet(void *impl, const struct ranks_head *mine, const struct blob *out, struct ranks_head *theirs, struct blob *in)
{
    struct end *e = impl;
    struct hub *h = e->hub;
    struct gift *g = &e->gift[e->turn & 1];
    put_away(g, h->ranks);
    g->head = *mine;
    for (unsigned i = 0; i < h->ranks; i++)
        if (i != e->self)
            g->to[i] = (struct blob){copy_of(out[i]), out[i].size};
    unsigned parity = e->turn++ & 1;
    let_others_run(e);
    for (unsigned i = 0; i < h->ranks; i++) {
        const struct end *other = &h->end[i];
        if (other->turn < e->turn) {
            fprintf(stderr, "reloadsim: rank %u is done after %llu meetings, rank %u is at another\n", i, (unsigned long long)other->turn, e->self);
            abort();
        }
        if (i == e->self)
            continue;
        theirs[i] = other->gift[parity].head;
        in[i] = other->gift[parity].to[e->self];
    }
}

/* Where the stack of a rank begins. makecontext passes ints, so a pointer comes in two. */
static void begin(unsigned high, unsigned low)
{
    struct end *e = (struct end *)((uintptr_t)high << 32 | low); /* NOLINT(performance-no-int-to-ptr) */
    ARRIVED(NULL, &e->hub->bottom, &e->hub->size);
    struct ranks *ranks = ranks_open(&(struct carrier){.impl = e, .self = e->self, .count = e->hub->ranks, .meet = hub_meet});
    if (!ranks)
        no_memory();
    e->hub->work(e->hub->context, ranks);
    ranks_close(ranks);
    e->done = true;
    let_others_run(e);
}

static int end_open(struct hub *h, unsigned self)
{
    struct end *e = &h->end[self];
    *e = (struct end){.hub = h, .self = self};
    for (unsigned k = 0; k < 2; k++)
        if (!(e->gift[k].to = calloc(h->ranks, sizeof *e->gift[k].to)))
            return -1;
    void *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    e->stack = stack == MAP_FAILED ? NULL : stack;
    if (!e->stack || getcontext(&e->at) != 0)
        return -1;
    e->at.uc_stack.ss_sp = e->stack;
    e->at.uc_stack.ss_size = STACK_BYTES;
    makecontext(&e->at, (void (*)(void))begin, 2, (unsigned)((uintptr_t)e >> 32), (unsigned)(uintptr_t)e);
    return 0;
}

static void end_close(struct end *e, unsigned ranks)
{
    for (unsigned k = 0; k < 2; k++) {
        put_away(&e->gift[k], ranks);
        free(e->gift[k].to);
    }
    if (e->stack)
        munmap(e->stack, STACK_BYTES);
}

int hub_run(unsigned ranks, void (*work)(void *context, struct ranks *), void *context)
{
    struct hub h = {.ranks = ranks, .end = calloc(ranks, sizeof *h.end), .work = work, .context = context};
    int status = h.end ? 0 : -1;
    for (unsigned i = 0; status == 0 && i < ranks; i++)
        status = end_open(&h, i);
    for (unsigned done = 0; status == 0 && done < ranks;) {
        done = 0;
        for (unsigned i = 0; i < ranks; i++) {
            if (!h.end[i].done)
                resume(&h, &h.end[i]);
            done += h.end[i].done;
        }
    }
    for (unsigned i = 0; h.end && i < ranks; i++)
        end_close(&h.end[i], ranks);
    free(h.end);
    return status;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/kernel/parallel.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/kernel/part.h"
#include "sim/kernel/windows.h"

/* What a part brings to the agreement at the end of a window. Every part must decide alike whether to stop, so each states what it saw of the flag, which
 * a signal may set between two looks at it. */
static struct statement statement_of(const struct part *p)
{
    return (struct statement){.window = windows_next(p), .status = atomic_load(&p->kernel->stop)};
}

static void state(struct part *p)
{
    exchange_state(p->kernel->exchange, p->turn, p->index, statement_of(p));
}

/* Takes in what the others sent, and turns to the other buffers. */
static void import(struct part *p)
{
    struct kernel *k = p->kernel;
    for (unsigned from = 0; from < k->partitions; from++) {
        size_t bytes;
        const uint8_t *at = exchange_read(k->exchange, p->turn, from, p->index, &bytes);
        for (const uint8_t *end = at + bytes; at < end;) {
            struct event e;
            const uint8_t *payload;
            at = parcel_read(at, &e, &payload);
            windows_post(p, &e, payload);
        }
    }
    p->turn++;
    p->out_least = WINDOW_NONE;
    exchange_clear(k->exchange, p->turn, p->index);
}

/* True when the run is over; then *now is the time reached and all.status what it ends with. last: the window that ran last, WINDOW_NONE before the first. */
static bool is_over(const struct kernel *k, struct statement all, uint64_t last, sim_time until, sim_time *now)
{
    sim_time end = last == WINDOW_NONE ? *now : time_min(time_add(last * k->window, k->window), until);
    if (all.status) {
        *now = end;
        return true;
    }
    if (end < until && all.window <= (until - 1) / k->window)
        return false;
    *now = until; /* what is left of a window that until cuts stays where it is */
    return true;
}

static int run_alone(struct kernel *k, sim_time until)
{
    struct part *p = k->part;
    uint64_t last = WINDOW_NONE;
    for (;;) {
        struct statement next = statement_of(p);
        if (is_over(k, next, last, until, &k->now))
            return next.status;
        windows_run(p, next.window, until);
        last = next.window;
        k->windows++;
    }
}

/* Several partitions work in stretches of so many windows; before each it is decided anew whether threads pay. */
#define STRETCH_WINDOWS 1024u

/* True when the run is over, with this status. */
static bool run_in_turn(struct kernel *k, sim_time until, int *status)
{
    uint64_t last = WINDOW_NONE;
    for (unsigned n = 0;; n++) {
        for (unsigned i = 0; i < k->partitions; i++)
            state(&k->part[i]);
        struct statement all = exchange_agreement(k->exchange, k->part->turn);
        for (unsigned i = 0; i < k->partitions; i++)
            import(&k->part[i]);
        *status = all.status;
        if (is_over(k, all, last, until, &k->now))
            return true;
        if (n == STRETCH_WINDOWS)
            return false;
        for (unsigned i = 0; i < k->partitions; i++)
            windows_run(&k->part[i], all.window, until);
        last = all.window;
        k->windows++;
    }
}

struct thread {
    pthread_t id;
    struct part *part;
    sim_time until, now;
    uint64_t windows;
    int status;
    bool over;
};

static void *run_part(void *context)
{
    struct thread *t = context;
    struct part *p = t->part;
    struct kernel *k = p->kernel;
    uint64_t last = WINDOW_NONE;
    for (;;) {
        state(p);
        exchange_wait(k->exchange, p->turn);
        struct statement all = exchange_agreement(k->exchange, p->turn);
        import(p);
        t->status = all.status;
        t->over = is_over(k, all, last, t->until, &t->now);
        if (t->over || t->windows == STRETCH_WINDOWS)
            return NULL;
        windows_run(p, all.window, t->until);
        last = all.window;
        t->windows++;
    }
}

/* Part 0 runs in the thread of the caller. True when the run is over. When not even one thread is to be had, it goes on without from then on; once some
 * have begun there is no way back, as they wait for the others. */
static bool run_in_threads(struct kernel *k, sim_time until, int *status)
{
    struct thread *thread = kernel_allocate(k->partitions, sizeof *thread);
    for (unsigned i = k->partitions; i-- > 0;) {
        thread[i] = (struct thread){.part = &k->part[i], .until = until, .now = k->now};
        int error = i > 0 ? pthread_create(&thread[i].id, NULL, run_part, &thread[i]) : 0;
        if (error && i < k->partitions - 1)
            kernel_exhausted("no thread for partition %u: %s", i, strerror(error));
        if (error) {
            fprintf(stderr, "reloadsim: no threads to be had (%s): running the partitions in turn\n", strerror(error));
            k->threads = KERNEL_THREADS_NEVER;
            free(thread);
            return run_in_turn(k, until, status);
        }
    }
    run_part(&thread[0]);
    for (unsigned i = 1; i < k->partitions; i++)
        pthread_join(thread[i].id, NULL);
    bool over = thread[0].over;
    *status = thread[0].status;
    k->now = thread[0].now;
    k->windows += thread[0].windows;
    free(thread);
    return over;
}

/* The part of this rank, which meets the others at the end of each window. True when the run is over. */
static bool run_on_rank(struct kernel *k, sim_time until, int *status)
{
    struct thread t = {.part = &k->part[k->here], .until = until, .now = k->now};
    run_part(&t);
    *status = t.status;
    k->now = t.now;
    k->windows += t.windows;
    return t.over;
}

/* Fewer nodes a part are done before a thread has begun. */
#define NODES_FOR_THREADS 4096u

struct piece {
    pthread_t id;
    struct part *part;
    void (*work)(void *, struct part *);
    void *context;
    bool started;
};

static void *do_piece(void *context)
{
    const struct piece *p = context;
    p->work(p->context, p->part);
    return NULL;
}

/* A thread that is not to be had is no harm here: its piece is done in the caller's. */
void kernel_each_part(struct kernel *k, void (*work)(void *context, struct part *), void *context)
{
    bool threads = k->threads == KERNEL_THREADS_ALWAYS ||
                   (k->threads == KERNEL_THREADS_AUTO && k->nodes / k->partitions >= NODES_FOR_THREADS);
    struct piece *piece = kernel_allocate(k->partitions, sizeof *piece);
    for (unsigned i = k->here_end; i-- > k->here;) {
        piece[i] = (struct piece){.part = &k->part[i], .work = work, .context = context};
        piece[i].started = threads && i > k->here && pthread_create(&piece[i].id, NULL, do_piece, &piece[i]) == 0;
    }
    for (unsigned i = k->here; i < k->here_end; i++)
        if (!piece[i].started)
            do_piece(&piece[i]);
    for (unsigned i = k->here; i < k->here_end; i++)
        if (piece[i].started)
            pthread_join(piece[i].id, NULL);
    free(piece);
}

static uint64_t events_so_far(const struct kernel *k)
{
    struct kernel_counts counts;
    kernel_count(k, &counts);
    return counts.events;
}

/* Below so many events a window of a partition is shorter than the wait for the others: some 10 us. */
#define BUSY_LEAST 24u

/* A window with few events is over before a thread has heard of it. How a stretch is run never shows in results. */
static bool run_stretch(struct kernel *k, sim_time until, int *status)
{
    uint64_t events = events_so_far(k), windows = k->windows;
    bool threads = k->threads == KERNEL_THREADS_ALWAYS || (k->threads == KERNEL_THREADS_AUTO && k->busy >= BUSY_LEAST);
    bool over = threads ? run_in_threads(k, until, status) : run_in_turn(k, until, status);
    if (k->windows > windows)
        k->busy = (events_so_far(k) - events) / (k->windows - windows) / k->partitions;
    return over;
}

int parallel_run(struct kernel *k, sim_time until)
{
    int status = 0;
    if (k->partitions == 1)
        return run_alone(k, until);
    while (!(k->ranks ? run_on_rank(k, until, &status) : run_stretch(k, until, &status)))
        ;
    return status;
}

void parallel_settle(struct kernel *k)
{
    for (unsigned i = k->here; i < k->here_end; i++)
        state(&k->part[i]);
    if (k->ranks)
        exchange_wait(k->exchange, k->part[k->here].turn);
    for (unsigned i = k->here; i < k->here_end; i++)
        import(&k->part[i]);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/rank/exchange.h"

#include <assert.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SPINS 4000 /* some 20 us; then, or at once when there are more parts than processors, sleep */
#define LINE 64

struct buffer {
    uint8_t *bytes;
    size_t used, max;
};

/* One a part and parity, on lines of its own. */
struct stand {
    alignas(LINE) struct statement statement;
    struct buffer *to;
};

struct exchange {
    unsigned parts, spins;
    struct stand *stand; /* [parity * parts + part] */
    alignas(LINE) atomic_uint arrived;
    alignas(LINE) atomic_uint round;
    pthread_mutex_t lock; /* for those who sleep */
    pthread_cond_t over;
    unsigned asleep;
    /* Between ranks: */
    struct ranks *ranks;
    struct statement agreed; /* at the last meeting */
    struct blob *out, *in;
    struct ranks_head *theirs;
};

static struct stand *stand_of(const struct exchange *x, uint64_t turn, unsigned part)
{
    assert(part < x->parts);
    return &x->stand[(turn & 1) * x->parts + part];
}

/* On lines of their own too; NULL: no memory. */
static struct buffer *buffers(unsigned parts)
{
    size_t bytes = (parts * sizeof(struct buffer) + LINE - 1) / LINE * LINE;
    struct buffer *b = aligned_alloc(LINE, bytes);
    return b ? memset(b, 0, bytes) : NULL;
}

static bool is_here(const struct exchange *x, unsigned part)
{
    return !x->ranks || part == ranks_self(x->ranks);
}

static int open_ranks(struct exchange *x)
{
    x->out = calloc(x->parts, sizeof *x->out);
    x->in = calloc(x->parts, sizeof *x->in);
    x->theirs = calloc(x->parts, sizeof *x->theirs);
    return x->out && x->in && x->theirs;
}

struct exchange *exchange_open(unsigned parts, struct ranks *ranks)
{
    struct exchange *x = aligned_alloc(LINE, sizeof *x);
    if (!x)
        return NULL;
    unsigned spins = sysconf(_SC_NPROCESSORS_ONLN) >= (long)parts ? SPINS : 0;
    *x = (struct exchange){.parts = parts, .spins = spins, .ranks = ranks, .stand = aligned_alloc(LINE, 2 * (size_t)parts * sizeof *x->stand)};
    assert(!ranks || ranks_count(ranks) == parts);
    pthread_mutex_init(&x->lock, NULL); /* cannot fail with default attributes here, nor can the next */
    pthread_cond_init(&x->over, NULL);
    for (unsigned i = 0; x->stand && i < 2 * parts; i++)
        x->stand[i] = (struct stand){.to = is_here(x, i % parts) ? buffers(parts) : NULL};
    int complete = x->stand != NULL && (!ranks || open_ranks(x));
    for (unsigned i = 0; complete && i < 2 * parts; i++)
        complete = x->stand[i].to != NULL || !is_here(x, i % parts);
    if (complete)
        return x;
    exchange_close(x);
    return NULL;
}

void exchange_close(struct exchange *x)
{
    if (!x)
        return;
    for (unsigned i = 0; x->stand && i < 2 * x->parts; i++) {
        for (unsigned j = 0; x->stand[i].to && j < x->parts; j++)
            free(x->stand[i].to[j].bytes);
        free(x->stand[i].to);
    }
    pthread_cond_destroy(&x->over);
    pthread_mutex_destroy(&x->lock);
    free(x->stand);
    free(x->out);
    free(x->in);
    free(x->theirs);
    free(x);
}

void *exchange_room(struct exchange *x, uint64_t turn, unsigned from, unsigned to, size_t bytes)
{
    assert(to < x->parts && bytes % 8 == 0);
    struct buffer *b = &stand_of(x, turn, from)->to[to];
    if (b->max - b->used < bytes) {
        size_t max = b->max ? 2 * b->max : 4096;
        while (max - b->used < bytes)
            max *= 2;
        uint8_t *more = realloc(b->bytes, max);
        if (!more)
            return NULL;
        b->bytes = more;
        b->max = max;
    }
    b->used += bytes;
    return b->bytes + b->used - bytes;
}

void exchange_state(struct exchange *x, uint64_t turn, unsigned from, struct statement s)
{
    stand_of(x, turn, from)->statement = s;
}

static void sleep_until_over(struct exchange *x, unsigned round)
{
    pthread_mutex_lock(&x->lock);
    x->asleep++;
    while (atomic_load_explicit(&x->round, memory_order_acquire) == round)
        pthread_cond_wait(&x->over, &x->lock);
    x->asleep--;
    pthread_mutex_unlock(&x->lock);
}

/* The last to arrive opens the next round. It does so under the lock, so that nobody falls asleep between looking and waiting. */
static void open_round(struct exchange *x, unsigned round)
{
    atomic_store_explicit(&x->arrived, 0, memory_order_relaxed);
    pthread_mutex_lock(&x->lock);
    atomic_store_explicit(&x->round, round + 1, memory_order_release);
    if (x->asleep > 0)
        pthread_cond_broadcast(&x->over);
    pthread_mutex_unlock(&x->lock);
}

static struct statement earlier(struct statement a, struct statement b)
{
    return (struct statement){.window = a.window < b.window ? a.window : b.window, .status = a.status < b.status ? a.status : b.status};
}

static void meet(struct exchange *x, uint64_t turn)
{
    const struct stand *s = stand_of(x, turn, ranks_self(x->ranks));
    const uint64_t word[2] = {s->statement.window, (uint64_t)(int64_t)s->statement.status};
    for (unsigned i = 0; i < x->parts; i++)
        x->out[i] = (struct blob){s->to[i].bytes, s->to[i].used};
    ranks_meet(x->ranks, RANKS_WINDOW, word, x->out, x->theirs, x->in);
    x->agreed = s->statement;
    for (unsigned i = 0; i < x->parts; i++)
        x->agreed = earlier(x->agreed, (struct statement){x->theirs[i].word[0], (int)(int64_t)x->theirs[i].word[1]});
}

void exchange_wait(struct exchange *x, uint64_t turn)
{
    if (x->ranks) {
        meet(x, turn);
        return;
    }
    unsigned round = atomic_load_explicit(&x->round, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&x->arrived, 1, memory_order_acq_rel) + 1 == x->parts) {
        open_round(x, round);
        return;
    }
    for (unsigned spin = 0; spin < x->spins; spin++) {
        if (atomic_load_explicit(&x->round, memory_order_acquire) != round)
            return;
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    }
    sleep_until_over(x, round);
}

struct statement exchange_agreement(const struct exchange *x, uint64_t turn)
{
    struct statement all = {.window = UINT64_MAX, .status = 0};
    if (x->ranks)
        return x->agreed;
    for (unsigned i = 0; i < x->parts; i++)
        all = earlier(all, stand_of(x, turn, i)->statement);
    return all;
}

const void *exchange_read(const struct exchange *x, uint64_t turn, unsigned from, unsigned to, size_t *bytes)
{
    if (!is_here(x, from)) {
        *bytes = x->in[from].size;
        return x->in[from].bytes;
    }
    const struct buffer *b = &stand_of(x, turn, from)->to[to];
    *bytes = b->used;
    return b->bytes;
}

void exchange_clear(struct exchange *x, uint64_t turn, unsigned from)
{
    struct stand *s = stand_of(x, turn, from);
    for (unsigned i = 0; i < x->parts; i++)
        s->to[i].used = 0;
}

size_t exchange_memory(const struct exchange *x)
{
    size_t bytes = sizeof *x + 2 * (size_t)x->parts * (sizeof *x->stand + x->parts * sizeof(struct buffer));
    for (unsigned i = 0; i < 2 * x->parts; i++)
        for (unsigned j = 0; x->stand[i].to && j < x->parts; j++)
            bytes += x->stand[i].to[j].max;
    return bytes;
}

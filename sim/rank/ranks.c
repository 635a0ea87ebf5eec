/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/rank/ranks.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct pile {
    uint8_t *bytes;
    size_t used, max;
};

struct ranks {
    struct carrier carrier;
    uint64_t meeting;
    uint64_t left_ns; /* when the last meeting was over */
    struct ranks_spent spent;
    struct blob *out, *in;
    struct ranks_head *theirs;
    struct pile *pile; /* bytes on their way to each rank */
    struct pile copy;  /* of what came, where it has to outlive the next meeting */
};

/* Not exit: other threads may be at work. */
_Noreturn static void no_memory(void)
{
    fputs("reloadsim: out of memory: what ranks tell each other; lower overlay.peers or use more machines\n", stderr);
    fflush(NULL);
    _exit(4);
}

static uint64_t now_ns(const struct ranks *r)
{
    return r->carrier.clock_ns ? r->carrier.clock_ns(r->carrier.impl) : 0;
}

struct ranks *ranks_open(const struct carrier *c)
{
    struct ranks *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->carrier = *c;
    r->out = calloc(c->count, sizeof *r->out);
    r->in = calloc(c->count, sizeof *r->in);
    r->theirs = calloc(c->count, sizeof *r->theirs);
    r->pile = calloc(c->count, sizeof *r->pile);
    r->left_ns = now_ns(r);
    if (r->out && r->in && r->theirs && r->pile)
        return r;
    ranks_close(r);
    return NULL;
}

void ranks_close(struct ranks *r)
{
    if (!r)
        return;
    for (unsigned i = 0; r->pile && i < r->carrier.count; i++)
        free(r->pile[i].bytes);
    free(r->copy.bytes);
    free(r->pile);
    free(r->theirs);
    free(r->in);
    free(r->out);
    free(r);
}

unsigned ranks_self(const struct ranks *r)
{
    return r ? r->carrier.self : 0;
}

unsigned ranks_count(const struct ranks *r)
{
    return r ? r->carrier.count : 1;
}

static void *pile_room(struct pile *p, size_t bytes)
{
    if (p->max - p->used < bytes) {
        size_t max = p->max ? 2 * p->max : 4096;
        while (max - p->used < bytes)
            max *= 2;
        uint8_t *more = realloc(p->bytes, max);
        if (!more)
            no_memory();
        p->bytes = more;
        p->max = max;
    }
    p->used += bytes;
    return p->bytes + p->used - bytes;
}

static void pile_put(struct pile *p, const void *bytes, size_t size)
{
    if (size)
        memcpy(pile_room(p, size), bytes, size);
}

static struct blob pile_blob(const struct pile *p)
{
    return (struct blob){p->bytes, p->used};
}

_Noreturn static void out_of_step(const struct ranks *r, const struct ranks_head *mine, unsigned other, const struct ranks_head *theirs)
{
    static const char *const purposes[] = {
        [RANKS_WINDOW] = "end of a window", [RANKS_SUM] = "sum", [RANKS_GATHER] = "gathering", [RANKS_LETTERS] = "letters", [RANKS_QUESTIONS] = "questions", [RANKS_ANSWERS] = "answers"};
    const char *theirs_text = theirs->purpose <= RANKS_ANSWERS ? purposes[theirs->purpose] : "something else";
    fprintf(stderr, "reloadsim: ranks have lost step: rank %u is at meeting %llu (%s), rank %u at %llu (%s)\n", r->carrier.self,
            (unsigned long long)mine->meeting, purposes[mine->purpose], other, (unsigned long long)theirs->meeting, theirs_text);
    abort();
}

static void book(struct ranks *r, const struct ranks_head *mine, uint64_t began_ns, const struct blob *out, const struct ranks_head *theirs)
{
    struct ranks_spent *s = &r->spent;
    uint64_t slowest = mine->worked_ns, all;
    for (unsigned i = 0; i < r->carrier.count; i++) {
        slowest = theirs[i].worked_ns > slowest ? theirs[i].worked_ns : slowest;
        s->bytes += i != r->carrier.self ? out[i].size : 0;
    }
    r->left_ns = now_ns(r);
    all = r->left_ns - began_ns;
    uint64_t wait = slowest - mine->worked_ns < all ? slowest - mine->worked_ns : all;
    s->work_ns += mine->worked_ns;
    s->wait_ns += wait;
    s->exchange_ns += all - wait;
    s->meetings++;
    s->windows += mine->purpose == RANKS_WINDOW;
}

void ranks_meet(struct ranks *r, enum ranks_purpose purpose, const uint64_t word[2], const struct blob *out, struct ranks_head *theirs, struct blob *in)
{
    uint64_t began_ns = now_ns(r);
    const struct ranks_head mine = {r->meeting++, purpose, {word[0], word[1]}, began_ns - r->left_ns};
    r->carrier.meet(r->carrier.impl, &mine, out, theirs, in);
    for (unsigned i = 0; i < r->carrier.count; i++)
        if (i != r->carrier.self && (theirs[i].meeting != mine.meeting || theirs[i].purpose != mine.purpose))
            out_of_step(r, &mine, i, &theirs[i]);
    theirs[r->carrier.self] = mine;
    in[r->carrier.self] = out[r->carrier.self];
    book(r, &mine, began_ns, out, theirs);
}

struct ranks_spent ranks_spent(const struct ranks *r)
{
    struct ranks_spent s = r ? r->spent : (struct ranks_spent){0};
    if (r)
        s.work_ns += now_ns(r) - r->left_ns;
    return s;
}

static const struct blob *meet(struct ranks *r, enum ranks_purpose purpose)
{
    ranks_meet(r, purpose, (const uint64_t[2]){0, 0}, r->out, r->theirs, r->in);
    return r->in;
}

static const struct blob *gather(struct ranks *r, enum ranks_purpose purpose, const void *mine, size_t size)
{
    for (unsigned i = 0; i < r->carrier.count; i++)
        r->out[i] = (struct blob){mine, size};
    return meet(r, purpose);
}

const struct blob *ranks_gather(struct ranks *r, const void *mine, size_t size)
{
    return gather(r, RANKS_GATHER, mine, size);
}

void ranks_sum(struct ranks *r, uint64_t *word, size_t n)
{
    if (!r)
        return;
    const struct blob *in = gather(r, RANKS_SUM, word, n * sizeof *word);
    for (unsigned i = 0; i < r->carrier.count; i++) {
        if (in[i].size != n * sizeof *word) {
            fprintf(stderr, "reloadsim: ranks have lost step: rank %u adds %zu words, rank %u %zu bytes\n", r->carrier.self, n, i, in[i].size);
            abort();
        }
        for (size_t k = 0; i != r->carrier.self && k < n; k++) {
            uint64_t more;
            memcpy(&more, (const uint8_t *)in[i].bytes + k * sizeof more, sizeof more);
            word[k] += more;
        }
    }
}

void ranks_post(struct ranks *r, unsigned to, const void *bytes, size_t size)
{
    assert(to < r->carrier.count);
    pile_put(&r->pile[to], bytes, size);
}

/* Takes what was posted off the piles. */
static const struct blob *deliver(struct ranks *r, enum ranks_purpose purpose)
{
    for (unsigned i = 0; i < r->carrier.count; i++) {
        r->out[i] = pile_blob(&r->pile[i]);
        r->pile[i].used = 0;
    }
    /* One's own stay readable while new ones are written. */
    struct blob *own = &r->out[r->carrier.self];
    r->copy.used = 0;
    pile_put(&r->copy, own->bytes, own->size);
    *own = pile_blob(&r->copy);
    return meet(r, purpose);
}

const struct blob *ranks_deliver(struct ranks *r)
{
    return deliver(r, RANKS_LETTERS);
}

/* The answers to all questions of a blob, onto the pile. */
static void answer_all(struct pile *p, struct blob questions, size_t size, ranks_answer *answer, void *context)
{
    for (size_t at = 0; at < questions.size; at += size) {
        uint64_t a = answer(context, (const uint8_t *)questions.bytes + at);
        pile_put(p, &a, sizeof a);
    }
}

/* What came is asked and answered in one go: the questions are read while the carrier still lends them. */
static const struct blob *answers_to(struct ranks *r, const struct blob *questions, size_t size, ranks_answer *answer, void *context)
{
    for (unsigned i = 0; i < r->carrier.count; i++)
        answer_all(&r->pile[i], questions[i], size, answer, context);
    return deliver(r, RANKS_ANSWERS);
}

static uint64_t answer_at(const struct blob *in, size_t at)
{
    uint64_t a;
    assert((at + 1) * sizeof a <= in->size);
    memcpy(&a, (const uint8_t *)in->bytes + at * sizeof a, sizeof a);
    return a;
}

void ranks_ask(struct ranks *r, const uint32_t *to, const void *question, size_t size, uint32_t n, uint64_t *answers, ranks_answer *answer, void *context)
{
    const uint8_t *q = question;
    if (!r) {
        for (uint32_t i = 0; i < n; i++)
            answers[i] = answer(context, q + i * size);
        return;
    }
    for (uint32_t i = 0; i < n; i++)
        ranks_post(r, to[i], q + i * size, size);
    const struct blob *in = answers_to(r, deliver(r, RANKS_QUESTIONS), size, answer, context);
    size_t *at = calloc(r->carrier.count, sizeof *at);
    if (!at)
        no_memory();
    for (uint32_t i = 0; i < n; i++)
        answers[i] = answer_at(&in[to[i]], at[to[i]]++);
    free(at);
}

void ranks_ask_all(struct ranks *r, const void *question, size_t size, uint32_t n, uint64_t *answers, enum ranks_join join, ranks_answer *answer, void *context)
{
    const uint8_t *q = question;
    if (!r) {
        for (uint32_t i = 0; i < n; i++)
            answers[i] = answer(context, q + i * size);
        return;
    }
    const struct blob *in = answers_to(r, gather(r, RANKS_QUESTIONS, question, n * size), size, answer, context);
    for (uint32_t i = 0; i < n; i++) {
        answers[i] = join == RANKS_OR ? 0 : UINT64_MAX;
        for (unsigned k = 0; k < r->carrier.count; k++) {
            uint64_t a = answer_at(&in[k], i);
            answers[i] = join == RANKS_OR ? answers[i] | a : a < answers[i] ? a : answers[i];
        }
    }
}

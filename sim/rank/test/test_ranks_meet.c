/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: what is built of meetings. Sums, gatherings, questions to one and to all give each rank what it should get, with bytes of any length and none, on 1 to 9 ranks and for NULL;
 * ranks that have lost step end the program; the time of a rank is divided into work, waiting and exchange without a rest; a slice holds its items, zeroed, and whoever touches another's ends. Leaves open: what carries the bytes between processes
 * (test_mpi.sh), the windows of the kernel (sim/kernel/test/test_engines.c), worlds (sim/world/test/test_ranks.c). */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/base/hash.h"
#include "sim/rank/hub.h"
#include "sim/rank/slice.h"

#define ROUNDS 40u

static size_t length_of(unsigned round, unsigned from, unsigned to)
{
    static const size_t lengths[] = {0, 1, 7, 8, 100, 8152, 8153, 70000};
    return lengths[hash64_mix(hash64_mix(round, from), to) % (sizeof lengths / sizeof lengths[0])];
}

static void fill(uint8_t *bytes, size_t n, unsigned from)
{
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(hash64_mix(from, i / 8) >> i % 8 * 8);
}

static void gathering(struct ranks *r, unsigned round)
{
    static uint8_t expected[70000];
    unsigned self = ranks_self(r);
    size_t n = length_of(round, self, 99);
    uint8_t *mine = malloc(n + 1);
    assert_non_null(mine);
    fill(mine, n, self);
    const struct blob *all = ranks_gather(r, mine, n);
    for (unsigned i = 0; i < ranks_count(r); i++) {
        assert_int_equal(all[i].size, length_of(round, i, 99));
        fill(expected, all[i].size, i);
        if (all[i].size)
            assert_memory_equal(all[i].bytes, expected, all[i].size);
    }
    free(mine);
}

static uint64_t times_three(void *context, const void *question)
{
    struct ranks *r = context;
    uint32_t q;
    memcpy(&q, question, sizeof q);
    return (uint64_t)q * 3 + ranks_self(r) * UINT64_C(1000000000);
}

static void questions(struct ranks *r, unsigned round)
{
    uint32_t n = (uint32_t)length_of(round, ranks_self(r), 7) / 40, *to = calloc(n + 1, sizeof *to), *q = calloc(n + 1, sizeof *q);
    uint64_t *answers = calloc(n + 1, sizeof *answers);
    for (uint32_t i = 0; i < n; i++) {
        to[i] = (uint32_t)hash64_mix(round, i) % ranks_count(r);
        q[i] = i * 17 + ranks_self(r);
    }
    ranks_ask(r, to, q, sizeof *q, n, answers, times_three, r);
    for (uint32_t i = 0; i < n; i++)
        assert_int_equal(answers[i], (uint64_t)q[i] * 3 + to[i] * UINT64_C(1000000000));
    ranks_ask_all(r, q, sizeof *q, n, answers, RANKS_LEAST, times_three, r);
    for (uint32_t i = 0; i < n; i++)
        assert_int_equal(answers[i], (uint64_t)q[i] * 3);
    free(to);
    free(q);
    free(answers);
}

static uint64_t own_bit(void *context, const void *question)
{
    (void)question;
    return UINT64_C(1) << ranks_self(context);
}

static void all_of_it(void *context, struct ranks *r)
{
    unsigned n = ranks_count(r), *done = context;
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t word[] = {ranks_self(r) + UINT64_C(1), UINT64_MAX, round}, bits = 0;
        ranks_sum(r, word, 3);
        assert_int_equal(word[0], n * (n + 1) / 2);
        assert_true(word[1] == (uint64_t)0 - n);
        assert_int_equal(word[2], n * round);
        ranks_ask_all(r, &round, sizeof round, 1, &bits, RANKS_OR, own_bit, r);
        assert_int_equal(bits, (UINT64_C(1) << n) - 1);
        if (r)
            gathering(r, round);
        questions(r, round);
    }
    ++*done;
}

static void meetings_give_each_what_it_should_get(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 9; n++) {
        unsigned done = 0;
        assert_int_equal(hub_run(n, all_of_it, &done), 0);
        assert_int_equal(done, n);
    }
    unsigned done = 0;
    all_of_it(&done, NULL);
}

/* ---- what must end the program ---- */

static int signal_of(void (*deed)(void))
{
    int how;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        signal(SIGABRT, SIG_DFL);
        if (!freopen("/dev/null", "w", stderr))
            _exit(98);
        deed();
        _exit(99);
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    return WIFSIGNALED(how) ? WTERMSIG(how) : -WEXITSTATUS(how);
}

static void sums_or_gathers(void *context, struct ranks *r)
{
    uint64_t word = 1;
    (void)context;
    if (ranks_self(r) == 1)
        (void)ranks_gather(r, &word, sizeof word);
    else
        ranks_sum(r, &word, 1);
}

static void lose_step(void)
{
    (void)hub_run(3, sums_or_gathers, NULL);
}

static void meets_once_more(void *context, struct ranks *r)
{
    uint64_t word = 1;
    (void)context;
    ranks_sum(r, &word, 1);
    if (ranks_self(r) == 2)
        ranks_sum(r, &word, 1);
}

static void end_early(void)
{
    (void)hub_run(3, meets_once_more, NULL);
}

static void ranks_that_lost_step_end_the_program(void **state)
{
    (void)state;
    assert_int_equal(signal_of(lose_step), SIGABRT);
    assert_int_equal(signal_of(end_early), SIGABRT);
}

struct item {
    uint64_t word[3]; /* 24 bytes: pages end inside items */
};

#define ITEMS 100000u
#define FIRST 33333u
#define END   66666u

/* Three ranks of which this is one, on a clock of its own: the others say how long they worked, and a meeting takes so long. */
struct table {
    uint64_t now_ns, meeting_ns, theirs_ns[3];
};

static void meet_on_paper(void *impl, const struct ranks_head *mine, const struct blob *out, struct ranks_head *theirs, struct blob *in)
{
    struct table *t = impl;
    (void)out;
    t->now_ns += t->meeting_ns;
    for (unsigned i = 0; i < 3; i++) {
        theirs[i] = *mine;
        theirs[i].worked_ns = t->theirs_ns[i];
        in[i] = (struct blob){0};
    }
}

static uint64_t clock_on_paper(void *impl)
{
    return ((struct table *)impl)->now_ns;
}

static void time_is_work_waiting_or_exchange(void **state)
{
    (void)state;
    struct table t = {.now_ns = 1000000};
    const struct carrier c = {.impl = &t, .self = 1, .count = 3, .meet = meet_on_paper, .clock_ns = clock_on_paper};
    struct ranks *r = ranks_open(&c);
    const struct blob out[3] = {{"12345678", 8}, {"12", 2}, {"", 0}};
    struct ranks_head theirs[3];
    struct blob in[3];
    static const struct {
        uint64_t work, first, last, meeting, wait;
    } turns[] = {
        {100, 400, 250, 350, 300}, /* rank 0 was slower by 300 */
        {500, 400, 500, 20, 0},    /* this one was the slowest */
        {100, 900, 100, 700, 700}, /* and where clocks run apart, nobody waits longer than the meeting took */
    };
    uint64_t work = 0, wait = 0, exchange = 0, sum = 0;
    for (unsigned i = 0; i < 3; i++) {
        t.now_ns += turns[i].work;
        t.meeting_ns = turns[i].meeting;
        t.theirs_ns[0] = turns[i].first;
        t.theirs_ns[2] = turns[i].last;
        ranks_meet(r, i ? RANKS_WINDOW : RANKS_SUM, (const uint64_t[2]){0, 0}, out, theirs, in);
        work += turns[i].work;
        wait += turns[i].wait;
        exchange += turns[i].meeting - turns[i].wait;
        sum += turns[i].work + turns[i].meeting;
    }
    t.now_ns += 77; /* at work on the next */
    struct ranks_spent s = ranks_spent(r);
    assert_int_equal(s.work_ns, work + 77);
    assert_int_equal(s.wait_ns, wait);
    assert_int_equal(s.exchange_ns, exchange);
    assert_int_equal(s.work_ns + s.wait_ns + s.exchange_ns, sum + 77);
    assert_int_equal(s.meetings, 3);
    assert_int_equal(s.windows, 2);
    assert_int_equal(s.bytes, 3 * 8);
    ranks_close(r);
    s = ranks_spent(NULL);
    assert_true(s.work_ns == 0 && s.meetings == 0);
}

static struct item *open_middle(void)
{
    return slice_open(sizeof(struct item), ITEMS, FIRST, END);
}

static void touch_far_below(void)
{
    volatile struct item *at = open_middle();
    at[17].word[0] = 1;
}

static void touch_far_above(void)
{
    volatile struct item *at = open_middle();
    at[ITEMS - 1].word[0] = 1;
}

static void slices_hold_their_items_and_no_others(void **state)
{
    (void)state;
    struct item *at = open_middle();
    assert_non_null(at);
    assert_int_equal((uintptr_t)at % 4096, 0);
    for (uint32_t i = FIRST; i < END; i++) {
        assert_true(at[i].word[0] == 0 && at[i].word[1] == 0 && at[i].word[2] == 0);
        at[i].word[2] = i;
    }
    for (uint32_t i = FIRST; i < END; i++)
        assert_int_equal(at[i].word[2], i);
    slice_close(at, sizeof *at, ITEMS, FIRST, END);
    at = slice_open(sizeof *at, ITEMS, 0, ITEMS);
    at[0].word[0] = at[ITEMS - 1].word[2] = 1;
    slice_close(at, sizeof *at, ITEMS, 0, ITEMS);
    at = slice_open(sizeof *at, ITEMS, 5, 5); /* a rank without any */
    assert_non_null(at);
    slice_close(at, sizeof *at, ITEMS, 5, 5);
    slice_close(NULL, sizeof *at, ITEMS, 5, 5);
#if !defined __SANITIZE_ADDRESS__ /* which would report it its own way */
    assert_int_equal(signal_of(touch_far_below), SIGSEGV);
    assert_int_equal(signal_of(touch_far_above), SIGSEGV);
#else
    assert_true(signal_of(touch_far_below) != -99);
    assert_true(signal_of(touch_far_above) != -99);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(meetings_give_each_what_it_should_get),
        cmocka_unit_test(ranks_that_lost_step_end_the_program),
        cmocka_unit_test(time_is_work_waiting_or_exchange),
        cmocka_unit_test(slices_hold_their_items_and_no_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

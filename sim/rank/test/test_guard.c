/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: of three processes that watch over each other, one that dies, one that is stopped, and one that works on a window without end each end the others within 30 s with
 * status 3; the sentence names rank, host and the last window; rank 0 is no exception; a rank that is busy with something else, or has said good-bye, ends nobody; a stranger who
 * calls is not taken for a rank. The cases run side by side, as they are made of waiting. Leaves open: MPI, and mpirun, which has its own way with a process that dies (test_mpi.sh). */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "sim/rank/mpi/guard.c" /* it belongs to a library that is built with MPI only, and needs none itself */

#define RANKS 3u

struct play {
    const char *what;
    unsigned actor;                   /* the rank that misbehaves */
    void (*act)(struct guard *);
    const char *sentence;             /* what the others say of it; NULL: all end well */
    pid_t child[RANKS];
    int said;                         /* end of a pipe: standard error of all */
};

static void die(struct guard *g)
{
    (void)g;
    raise(SIGKILL);
}

static void stop(struct guard *g)
{
    (void)g;
    raise(SIGSTOP);
}

static void work_on(struct guard *g)
{
    guard_works(g, 1);
    sleep(60);
}

static void be_busy(struct guard *g)
{
    guard_works(g, 0);
}

static void do_nothing(struct guard *g)
{
    (void)g;
}

/* What MPI_Bcast and MPI_Barrier do for the real ones, by a file that all share and by time. */
_Noreturn static void rank_main(const struct play *p, unsigned self, int door[2], int ready[2])
{
    char error[256];
    struct guard_door d;
    struct guard *g = guard_open(self, RANKS, error, sizeof error);
    if (self == 0) {
        if (!g || guard_door(g, &d, error, sizeof error))
            _exit(99);
        for (unsigned i = 1; i < RANKS; i++)
            if (write(door[1], &d, sizeof d) != sizeof d)
                _exit(99);
    } else if (read(door[0], &d, sizeof d) != sizeof d) {
        _exit(99);
    }
    if (self == 1) { /* a stranger first */
        struct guard_door wrong = d;
        struct guard *stranger = guard_open(2, RANKS, error, sizeof error);
        wrong.key++;
        wrong.address[1] = 0;
        stranger->key = wrong.key;
        if (call(stranger, &wrong, error, sizeof error) == 0)
            _exit(98);
    }
    if (guard_begin(g, &d, error, sizeof error))
        _exit(97);
    guard_window_length(g, 1000000);
    guard_meets(g, 4711);
    guard_works(g, 1);
    guard_meets(g, 4712);
    if (write(ready[1], "", 1) != 1)
        _exit(96);
    sleep(3); /* until all have told of that window */
    if (self == p->actor)
        p->act(g);
    sleep(p->sentence ? 60 : GUARD_WINDOW_S + 5);
    guard_ending(g);
    sleep(1);
    guard_end(g);
    _exit(0);
}

static void begin_play(struct play *p)
{
    int door[2], ready[2], said[2];
    assert_int_equal(pipe(door), 0);
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(said), 0);
    for (unsigned i = 0; i < RANKS; i++) {
        p->child[i] = fork();
        assert_true(p->child[i] >= 0);
        if (p->child[i] == 0) {
            dup2(said[1], STDERR_FILENO);
            close(said[0]);
            rank_main(p, i, door, ready);
        }
    }
    for (unsigned i = 0; i < RANKS; i++) {
        char byte;
        assert_int_equal(read(ready[0], &byte, 1), 1); /* all have begun */
    }
    close(said[1]);
    p->said = said[0];
}

static void end_play(struct play *p)
{
    char text[1024], expected[128];
    size_t n = 0;
    for (unsigned i = 0; i < RANKS; i++) {
        int how;
        if (p->act == stop && i == p->actor)
            continue; /* it never ends by itself: mpirun would end it */
        assert_int_equal(waitpid(p->child[i], &how, 0), p->child[i]);
        if (p->act == die && i == p->actor)
            assert_true(WIFSIGNALED(how));
        else
            assert_int_equal(WIFEXITED(how) ? WEXITSTATUS(how) : -1, p->sentence ? MPI_LOST_STATUS : 0);
    }
    if (p->act == stop)
        kill(p->child[p->actor], SIGKILL);
    for (ssize_t got; n < sizeof text - 1 && (got = read(p->said, text + n, sizeof text - 1 - n)) > 0;)
        n += (size_t)got;
    text[n] = 0;
    close(p->said);
    if (p->act == stop)
        waitpid(p->child[p->actor], NULL, 0);
    if (!p->sentence) {
        assert_string_equal(text, "");
        return;
    }
    char host[HOST_BYTES] = "";
    gethostname(host, sizeof host - 1);
    snprintf(expected, sizeof expected, "rank %u on %s %s; the last window it came to is 4712, at 4.712000 s", p->actor, host, p->sentence);
    if (!strstr(text, expected))
        fail_msg("%s: \"%s\" does not say \"%s\"", p->what, text, expected);
    char *again = strstr(strstr(text, "rank ") + 1, "reloadsim: rank ");
    assert_null(again); /* one speaks */
}

static void whoever_is_lost_ends_all(void **state)
{
    (void)state;
    struct play plays[] = {
        {.what = "rank 2 dies", .actor = 2, .act = die, .sentence = "died"},
        {.what = "rank 0 dies", .actor = 0, .act = die, .sentence = "died"},
        {.what = "rank 1 stops", .actor = 1, .act = stop, .sentence = "does not answer"},
        {.what = "rank 0 stops", .actor = 0, .act = stop, .sentence = "does not answer"},
        {.what = "rank 2 works on", .actor = 2, .act = work_on, .sentence = "does not come to the end of a window"},
        {.what = "rank 0 works on", .actor = 0, .act = work_on, .sentence = "does not come to the end of a window"},
        {.what = "rank 1 is busy", .actor = 1, .act = be_busy},
        {.what = "all end well", .actor = 1, .act = do_nothing},
    };
    double begun_s = now_s();
    for (size_t i = 0; i < sizeof plays / sizeof plays[0]; i++)
        begin_play(&plays[i]);
    for (size_t i = 0; i < sizeof plays / sizeof plays[0]; i++) {
        end_play(&plays[i]);
        if (plays[i].sentence)
            assert_true(now_s() - begun_s < 33); /* it went wrong after 3 s */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(whoever_is_lost_ends_all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/cli/replicate.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/cli/cli.h"

extern char **environ;

struct crew {
    const struct replicate *r;
    pid_t *pids; /* by run; 0 = not started or ended */
    unsigned started, ended, running;
    int status;    /* the worst so far */
    bool stopping; /* no more are started */
    sigset_t before;
};

/* Worse statuses win; a failed check is the least of them. */
static int worse(int a, int b)
{
    static const int order[] = {CLI_DONE,     CLI_DIFFERS, CLI_INCOMPLETE, CLI_INTERRUPTED,
                                CLI_RESOURCE, CLI_USAGE,   CLI_INTERNAL};
    int rank_a = 0, rank_b = 0;
    for (int i = 0; i < (int)(sizeof order / sizeof order[0]); i++) {
        rank_a = order[i] == a ? i : rank_a;
        rank_b = order[i] == b ? i : rank_b;
    }
    return rank_b > rank_a ? b : a;
}

static unsigned digits_of(unsigned n)
{
    return n > 999 ? 4 : n > 99 ? 3 : 2;
}

bool replicate_crowded(const struct replicate *r)
{
    DIR *d = opendir(r->out);
    bool crowded = false;
    for (struct dirent *e = d ? readdir(d) : NULL; e && !crowded; e = readdir(d)) {
        char *end, name[32];
        unsigned long number = strncmp(e->d_name, "rep-", 4) == 0 ? strtoul(e->d_name + 4, &end, 10) : 0;
        snprintf(name, sizeof name, "rep-%0*lu", (int)digits_of(r->runs), number);
        crowded = number && !*end && (number > r->runs || strcmp(name, e->d_name) != 0);
    }
    if (d)
        closedir(d);
    if (crowded)
        fprintf(stderr,
                "reloadsim run: %s holds other replications of an earlier time, which would be counted in: remove its "
                "rep-* folders, or choose another\n",
                r->out);
    return crowded;
}

static int start(struct crew *c)
{
    const struct replicate *r = c->r;
    unsigned run = c->started, n = 0;
    char seed[40], folder[PATH_MAX], self[] = "/proc/self/exe";
    while (r->common[n])
        n++;
    char **argv = calloc(n + 6, sizeof *argv), option_set[] = "--set", option_out[] = "-o";
    int len = snprintf(folder, sizeof folder, "%s/rep-%0*u", r->out, (int)digits_of(r->runs), run + 1);
    snprintf(seed, sizeof seed, "seed=%" PRIu64, r->seed + run);
    posix_spawnattr_t how;
    int failed = !argv ? ENOMEM : len < 0 || (size_t)len >= sizeof folder ? ENAMETOOLONG : posix_spawnattr_init(&how);
    if (failed) {
        free(argv);
        return failed;
    }
    memcpy(argv, r->common, n * sizeof *argv);
    argv[n] = option_set;
    argv[n + 1] = seed;
    argv[n + 2] = option_out;
    argv[n + 3] = folder;
    /* A group of its own: Ctrl-C reaches this process, which hands it on once; a second one would stop a run at once. */
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setpgroup(&how, 0);
    posix_spawnattr_setsigmask(&how, &c->before);
    failed = posix_spawn(&c->pids[run], self, NULL, &how, argv, environ);
    posix_spawnattr_destroy(&how);
    free(argv);
    if (failed) {
        c->pids[run] = 0;
        return failed;
    }
    c->started++;
    c->running++;
    return 0;
}

static void fill(struct crew *c)
{
    while (!c->stopping && c->started < c->r->runs && c->running < c->r->at_a_time) {
        int failed = start(c);
        if (failed) {
            fprintf(stderr, "reloadsim run: replication %u: %s\n", c->started + 1, strerror(failed));
            c->status = worse(c->status, CLI_RESOURCE);
            c->stopping = true;
        }
    }
}

static void ended(struct crew *c, unsigned run, int how)
{
    int status = WIFEXITED(how) ? WEXITSTATUS(how) : CLI_INTERNAL;
    c->pids[run] = 0;
    c->running--;
    c->ended++;
    c->status = worse(c->status, status);
    c->stopping |= status != CLI_DONE && status != CLI_DIFFERS; /* the next would fare no better */
    if (WIFSIGNALED(how))
        fprintf(stderr, "reloadsim run: replication %u was ended by signal %d\n", run + 1, WTERMSIG(how));
    else if (!c->r->quiet)
        fprintf(stderr, "replication %u, seed %" PRIu64 ": %s (%u of %u)\n", run + 1, c->r->seed + run,
                status == CLI_DONE          ? "done"
                : status == CLI_DIFFERS     ? "done, a check failed"
                : status == CLI_INTERRUPTED ? "interrupted"
                                            : "failed",
                c->ended, c->r->runs);
}

static void reap(struct crew *c)
{
    int how;
    for (unsigned i = 0; i < c->started; i++)
        if (c->pids[i] && waitpid(c->pids[i], &how, WNOHANG) == c->pids[i])
            ended(c, i, how);
}

static void hand_on(struct crew *c, int signal)
{
    if (!c->r->quiet)
        fputs("\nreloadsim run: interrupted, the runs that go on keep what they have\n", stderr);
    for (unsigned i = 0; i < c->started; i++)
        if (c->pids[i])
            kill(c->pids[i], signal);
    c->stopping = true;
    c->status = worse(c->status, CLI_INTERRUPTED);
}

int replicate_all(const struct replicate *r)
{
    struct crew c = {.r = r, .status = CLI_DONE, .pids = calloc(r->runs, sizeof *c.pids)};
    sigset_t awaited;
    int signal;
    if (!c.pids)
        return CLI_RESOURCE;
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGCHLD);
    sigaddset(&awaited, SIGINT);
    sigaddset(&awaited, SIGTERM);
    sigprocmask(SIG_BLOCK, &awaited, &c.before);
    fill(&c);
    while (c.running) {
        if (sigwait(&awaited, &signal) != 0)
            continue;
        if (signal == SIGCHLD)
            reap(&c);
        else
            hand_on(&c, signal);
        fill(&c);
    }
    sigprocmask(SIG_SETMASK, &c.before, NULL);
    free(c.pids);
    return c.status;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/cli/watch.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "sim/cli/cli.h"
#include "sim/world/world.h"

static void watched_signals(const struct watch *watch, sigset_t *set)
{
    sigemptyset(set);
    if (watch->on_ranks)
        sigaddset(set, SIGUSR1);
    sigaddset(set, SIGUSR2);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
}

static void *wait_for_signals(void *argument)
{
    struct watch *watch = argument;
    sigset_t set;
    int signal, seen = 0;
    watched_signals(watch, &set);
    while (sigwait(&set, &signal) == 0) {
        struct world *world = atomic_load(&watch->world);
        if (signal == SIGUSR2) { /* while it is being made there is nothing to keep yet */
            if (world)
                world_checkpoint(world);
            continue;
        }
        if (!world || seen++)
            _exit(CLI_INTERRUPTED);
        if (signal != SIGUSR1) /* which every rank gets at once */
            fputs("\nreloadsim: interrupted, finishing this instant; again to stop at once\n", stderr);
        world_interrupt(world);
    }
    return NULL;
}

int watch_begin(struct watch *watch, bool on_ranks)
{
    sigset_t set;
    watch->on_ranks = on_ranks;
    watched_signals(watch, &set);
    atomic_init(&watch->world, NULL);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
        return -1;
    return pthread_create(&watch->thread, NULL, wait_for_signals, watch) == 0 ? 0 : -1;
}

void watch_world(struct watch *watch, struct world *world)
{
    atomic_store(&watch->world, world);
}

void watch_end(struct watch *watch)
{
    pthread_cancel(watch->thread); /* sigwait is a cancellation point */
    pthread_join(watch->thread, NULL);
}

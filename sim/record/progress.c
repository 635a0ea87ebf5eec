/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/record/progress.h"

#include <inttypes.h>
#include <math.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

double progress_wall_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double progress_cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

uint64_t progress_peak_rss_bytes(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (uint64_t)u.ru_maxrss * 1024;
}

static double seconds_of(sim_time t)
{
    return (double)t / 1e9;
}

void progress_begin(struct progress *p, enum progress_mode mode, sim_time end)
{
    if (mode == PROGRESS_TTY && !isatty(STDERR_FILENO))
        mode = PROGRESS_OFF;
    double now = mode == PROGRESS_OFF ? 0 : progress_wall_s();
    *p = (struct progress){.mode = mode, .end = end, .began_s = now, .last_s = now};
}

/* What is left, if the rest goes as fast as the run so far. */
static double eta_s(const struct progress *p, const struct progress_now *n, double wall)
{
    return n->now ? (wall - p->began_s) * seconds_of(p->end - n->now) / seconds_of(n->now) : NAN;
}

static void print_terminal(const struct progress *p, const struct progress_now *n, double wall, double rate)
{
    char success[24] = "-", left[24] = "-";
    double eta = eta_s(p, n, wall);
    if (!isnan(n->lookup_success))
        snprintf(success, sizeof success, "%.2f %%", 100 * n->lookup_success);
    if (!isnan(eta))
        snprintf(left, sizeof left, "%.0f s", eta);
    fprintf(stderr, "\r\033[K%s %.0f s, %.0f %%  %.2f M events/s  %" PRIu64 " online  look-ups %s  %.0f MB  %s left",
            n->phase, seconds_of(n->now), 100 * seconds_of(n->now) / seconds_of(p->end), rate / 1e6, n->online, success,
            (double)progress_peak_rss_bytes() / 1e6, left);
    fflush(stderr);
}

static void json_real(const char *key, double value)
{
    if (isnan(value))
        printf(",\"%s\":null", key);
    else
        printf(",\"%s\":%.6g", key, value);
}

static void print_json(const struct progress *p, const struct progress_now *n, double wall, double rate)
{
    printf("{\"phase\":\"%s\",\"sim_s\":%.3f,\"done\":%.5f,\"events\":%" PRIu64 ",\"online\":%" PRIu64, n->phase,
           seconds_of(n->now), seconds_of(n->now) / seconds_of(p->end), n->events, n->online);
    json_real("events_per_s", rate);
    json_real("lookup_success", n->lookup_success);
    json_real("eta_s", eta_s(p, n, wall));
    printf(",\"peak_rss_bytes\":%" PRIu64 "}\n", progress_peak_rss_bytes());
    fflush(stdout);
}

static void print_now(struct progress *p, const struct progress_now *n, double wall)
{
    double passed = wall - p->last_s, rate = passed > 0 ? (double)(n->events - p->last_events) / passed : NAN;
    if (p->mode == PROGRESS_TTY)
        print_terminal(p, n, wall, rate);
    else
        print_json(p, n, wall, rate);
    p->last_s = wall;
    p->last_events = n->events;
    p->shown = true;
}

void progress_tick(struct progress *p, const struct progress_now *n)
{
    if (p->mode == PROGRESS_OFF)
        return;
    double wall = progress_wall_s();
    if (wall - p->last_s >= 1)
        print_now(p, n, wall);
}

void progress_finish(struct progress *p, const struct progress_now *n)
{
    if (p->mode == PROGRESS_OFF)
        return;
    if (p->mode == PROGRESS_JSON)
        print_now(p, n, progress_wall_s());
    else if (p->shown)
        fputs("\r\033[K", stderr);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PHOLD (Fujimoto 1990), the benchmark that parallel simulators are compared by: n nodes, n events in flight; whoever gets one draws a node and a delay (look-ahead
 * of 1 ms plus an exponential of mean 1 s) and sends it on, without bytes. A node is a line of 64 bytes that each event reads and writes; draws are counter-based, as
 * everywhere here. One line "name value unit" a result; ns are processor time, all partitions together.
 * bench_phold [MAX]: largest n, default 1,000,000. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sim/kernel/fetch.h"
#include "sim/kernel/kernel.h"
#include "sim/kernel/random.h"
#include "sim/kernel/real.h"

#define LOOKAHEAD MILLIS(1)

struct place {
    uint64_t received, last;
    uint32_t seq;
    uint8_t rest[44];
};
_Static_assert(sizeof(struct place) == 64, "a line of memory each");

struct phold {
    struct place *place;
    uint32_t nodes;
};

static double cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void send_on(struct phold *h, struct part *p, uint32_t node, sim_time now)
{
    struct place *at = &h->place[node];
    uint64_t draw = 2 * (uint64_t)at->seq;
    struct event e = {.at = now + LOOKAHEAD + (sim_time)(-real_log(random_unit(1, node, STREAM_TEST, draw)) * 1e9),
                      .dst = (uint32_t)random_below(1, node, STREAM_TEST, draw + 1, h->nodes),
                      .src = node,
                      .seq = at->seq++};
    kernel_post(p, &e, NULL);
}

static sim_time deliver(void *host, struct part *p, const struct event *e, const uint8_t *bytes, bool *count)
{
    struct phold *h = host;
    (void)bytes;
    (void)count;
    h->place[e->dst].received++;
    h->place[e->dst].last = e->at;
    send_on(h, p, e->dst, e->at);
    return TIME_NEVER;
}

static sim_time wake(void *host, struct part *p, uint32_t node, sim_time now)
{
    (void)host;
    (void)p;
    (void)node;
    (void)now;
    return TIME_NEVER;
}

static void approach(void *host, uint32_t node, enum approach step)
{
    struct phold *h = host;
    if (step == APPROACH_FAR)
        fetch_line_to_write(&h->place[node]);
}

static void measure(uint32_t nodes, unsigned partitions)
{
    struct phold h = {.nodes = nodes, .place = calloc(nodes, sizeof *h.place)};
    const struct kernel_config config = {.engine = KERNEL_WINDOWS, .partitions = partitions, .threads = KERNEL_THREADS_AUTO, .nodes = nodes, .window = LOOKAHEAD};
    const struct kernel_hooks hooks = {.host = &h, .deliver = deliver, .wake = wake, .approach = approach};
    struct kernel *k;
    struct kernel_counts before, after;
    if (!h.place || kernel_open(&k, &config, &hooks))
        exit(1);
    for (uint32_t i = 0; i < nodes; i++)
        send_on(&h, kernel_part_of(k, i), i, 0);
    kernel_run(k, SECONDS(2)); /* pages touched, lists in their steady state */
    kernel_count(k, &before);
    double start = cpu_ns(), ns;
    do {
        kernel_run(k, kernel_now(k) + MILLIS(500));
        kernel_count(k, &after);
        ns = cpu_ns() - start;
    } while (after.events - before.events < 4000000 && ns < 10e9);
    double done = (double)(after.events - before.events);
    char title[40];
    snprintf(title, sizeof title, partitions > 1 ? "phold.%u.partitions_%u" : "phold.%u", nodes, partitions);
    printf("%s.event %.1f ns\n%s.events_per_cpu_s %.0f 1/s\n", title, ns / done, title, done / ns * 1e9);
    if (partitions == 1)
        printf("%s.node %.0f bytes\n", title, (double)kernel_memory(k) / nodes + sizeof(struct place));
    fflush(stdout);
    kernel_close(k);
    free(h.place);
}

int main(int argc, char **argv)
{
    uint32_t max = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000000;
    for (uint32_t n = 1000; n <= max && n <= 100000000; n *= 10) {
        measure(n, 1);
        if (n >= 10000)
            measure(n, 2);
    }
    return 0;
}

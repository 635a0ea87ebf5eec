/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Speed and memory of the kernel with next to no host: one line "name value unit" a result. ns are processor time of this thread, drawing of random numbers and the host included.
 *   hold-wake     every node sets its next wake-up; n wake-ups are pending
 *   hold-empty    every delivery posts one datagram without bytes to a random node; n are in flight
 *   hold-200      the same with 200 bytes
 *   mix           10 wake-ups pending for one datagram of 200 bytes in flight, equal numbers of either run: the shape of an overlay
 *   sparse        10,000 nodes, some 40 events in each window of 1 ms: per-window costs
 *   philox, permute, hash  the draws that come with each datagram
 * bench_kernel [MAX]: largest n, default 1,000,000. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/base/hash.h"
#include "sim/kernel/kernel.h"
#include "sim/kernel/random.h"

struct bench {
    uint64_t x;
    uint32_t nodes;
    uint16_t len;
    sim_time window, mean;
    bool wakes;
};

static double cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static inline uint64_t next(struct bench *b)
{
    b->x += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = b->x;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Uniform about the mean, at least one window. */
static inline sim_time delay(struct bench *b)
{
    return b->window + (sim_time)(((next(b) >> 32) * (2 * (b->mean - b->window))) >> 32);
}

static inline void post(struct bench *b, struct part *p, uint32_t src, sim_time now, const uint8_t *bytes)
{
    uint64_t r = next(b);
    struct event e = {.at = now + delay(b), .dst = (uint32_t)((r & UINT32_MAX) * b->nodes >> 32), .src = src, .seq = (uint32_t)(r >> 32), .len = b->len, .true_len = b->len};
    kernel_post(p, &e, bytes);
}

static sim_time deliver(void *host, struct part *p, const struct event *e, const uint8_t *bytes, bool *count)
{
    struct bench *b = host;
    *count = b->len > 0;
    post(b, p, e->dst, e->at, bytes);
    return b->wakes ? e->at + b->mean * 10 : TIME_NEVER;
}

static sim_time wake(void *host, struct part *p, uint32_t node, sim_time now)
{
    struct bench *b = host;
    (void)p;
    (void)node;
    return now + (b->wakes ? b->mean * 10 : delay(b));
}

static void measure(const char *name, enum kernel_engine engine, uint32_t nodes, uint32_t datagrams, bool wakes, uint16_t len, sim_time mean, double events)
{
    static const uint8_t bytes[2048] = {1, 2, 3};
    struct bench b = {.nodes = nodes, .len = len, .window = MILLIS(1), .mean = mean, .wakes = wakes && datagrams > 0};
    const struct kernel_config config = {.engine = engine, .partitions = 1, .nodes = nodes, .window = b.window};
    const struct kernel_hooks hooks = {.host = &b, .deliver = deliver, .wake = wake};
    struct kernel *k;
    if (kernel_open(&k, &config, &hooks))
        exit(1);
    struct part *p = kernel_part(k, 0);
    size_t empty = kernel_memory(k);
    for (uint32_t i = 0; i < datagrams; i++)
        post(&b, p, i % nodes, 0, bytes);
    for (uint32_t i = 0; wakes && i < nodes; i++)
        kernel_wake_at(p, i, delay(&b));
    struct kernel_counts before, after;
    kernel_run(k, 2 * mean); /* every page touched, lists in their steady state */
    kernel_count(k, &before);
    double start = cpu_ns(), ns, done;
    do {
        kernel_run(k, kernel_now(k) + mean / 4);
        kernel_count(k, &after);
        ns = cpu_ns() - start;
        done = (double)(after.events - before.events);
    } while (done < events && ns < 5e9);
    double pending = (double)datagrams + (wakes ? nodes : 0);
    char title[64];
    snprintf(title, sizeof title, "kernel.%s.%s.%.0f", name, engine == KERNEL_HEAP ? "heap" : "windows", pending);
    printf("%s.event %.1f ns\n", title, ns / done);
    printf("%s.pending %.1f bytes\n", title, (double)(kernel_memory(k) - empty) / pending);
    fflush(stdout);
    kernel_close(k);
}

static void draws(void)
{
    enum { N = 3000000 };
    uint64_t sum = 0;
    struct random_key key = permutation_key_of(1);
    double t = cpu_ns();
    for (uint64_t i = 0; i < N; i++)
        sum += random_u64(1, i, STREAM_TEST, 5);
    printf("kernel.philox_draw %.1f ns\n", (cpu_ns() - t) / N);
    t = cpu_ns();
    for (uint64_t i = 0; i < N; i++)
        sum += permute128(key, (struct id128){.lo = i}).hi;
    printf("kernel.permute %.1f ns\n", (cpu_ns() - t) / N);
    t = cpu_ns();
    for (uint64_t i = 0; i < N; i++)
        sum += unpermute128(key, (struct id128){.lo = i}).hi;
    printf("kernel.unpermute %.1f ns\n", (cpu_ns() - t) / N);
    uint8_t bytes[256] = {0};
    t = cpu_ns();
    for (uint64_t i = 0; i < N; i++)
        sum = hash64(sum, bytes, 200);
    printf("kernel.hash_200_bytes %.1f ns\n", (cpu_ns() - t) / N);
    if (sum == 0) /* keeps the draws from being left out */
        puts("kernel.zero 1 n");
}

int main(int argc, char **argv)
{
    uint32_t max = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000000;
    measure("sparse", KERNEL_WINDOWS, 10000, 2000, true, 200, MILLIS(100), 2e6);
    measure("sparse", KERNEL_HEAP, 10000, 2000, true, 200, MILLIS(100), 5e5);
    for (uint32_t n = 1000; n <= max; n *= 10) {
        double events = n < 100000 ? 3e6 : 6e6;
        measure("hold-wake", KERNEL_WINDOWS, n, 0, true, 0, SECONDS(1), events);
        measure("hold-empty", KERNEL_WINDOWS, n, n, false, 0, SECONDS(1), events);
        measure("hold-200", KERNEL_WINDOWS, n, n, false, 200, SECONDS(1), events);
        measure("mix", KERNEL_WINDOWS, n, n / 10, true, 200, SECONDS(1) / 10, events);
        if (n <= 1000000)
            measure("hold-wake", KERNEL_HEAP, n, 0, true, 0, SECONDS(1), events / 6);
    }
    draws();
    return 0;
}

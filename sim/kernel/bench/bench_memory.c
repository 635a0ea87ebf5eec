/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The floor under every other figure of the same run: what a line of this machine's memory costs, in working sets of the size of an overlay's state.
 *   memory.latency   the address of each access is in the one before: what code pays that does not fetch ahead
 *   memory.parallel  16 independent chains: the least that fetching ahead can reach
 * bench_memory [MAX]: largest working set in MiB, default 1024. Lines of 64 bytes in a random cycle; pages as large as the system gives to a program that asks. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

enum { LINE = 64 / sizeof(uint32_t), CHAINS = 16, STEPS = 4000000 };

static double cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint64_t next(uint64_t *x)
{
    uint64_t z = *x += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void measure(uint32_t mib)
{
    size_t bytes = (size_t)mib << 20;
    uint32_t lines = (uint32_t)(bytes / 64), at[CHAINS], sum = 0;
    uint32_t *m = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (m == MAP_FAILED) {
        printf("# memory: no %u MiB\n", mib);
        return;
    }
    madvise(m, bytes, MADV_HUGEPAGE);
    for (uint32_t i = 0; i < lines; i++)
        m[(size_t)i * LINE] = i;
    uint64_t x = 1;
    for (uint32_t i = lines - 1; i > 0; i--) { /* Sattolo: one cycle through all lines */
        uint32_t k = (uint32_t)(next(&x) % i), t = m[(size_t)i * LINE];
        m[(size_t)i * LINE] = m[(size_t)k * LINE];
        m[(size_t)k * LINE] = t;
    }
    uint32_t p = 0;
    double t = cpu_ns();
    for (uint32_t i = 0; i < STEPS; i++)
        p = m[(size_t)p * LINE];
    printf("memory.latency.%uMiB %.1f ns\n", mib, (cpu_ns() - t) / STEPS);
    for (uint32_t c = 0; c < CHAINS; c++)
        at[c] = (uint32_t)(next(&x) % lines);
    t = cpu_ns();
    for (uint32_t i = 0; i < STEPS; i += CHAINS)
        for (uint32_t c = 0; c < CHAINS; c++)
            at[c] = m[(size_t)at[c] * LINE];
    printf("memory.parallel.%uMiB %.1f ns\n", mib, (cpu_ns() - t) / STEPS);
    for (uint32_t c = 0; c < CHAINS; c++)
        sum += at[c];
    if (sum + p == 0) /* keeps the accesses from being left out */
        puts("# memory: zero");
    fflush(stdout);
    munmap(m, bytes);
}

int main(int argc, char **argv)
{
    uint32_t max = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1024;
    for (uint32_t mib = 1; mib <= max && mib <= 65536; mib *= mib < 1024 ? 32 : 4)
        measure(mib);
    return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a data file of places, coordinates or matrix by the first byte: never a crash, never an unterminated message, nothing kept of what is refused;
 * and of what is accepted every pair has a delay, the same both ways and within bounds, and every device a place. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim/net/latency.h"

#define ONE_WAY_MAX SECONDS(600) /* two round trips of 100 s, or a diagonal and two heights of as much */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "fuzz_latency: %s\n", what);
        abort();
    }
}

static void walk(const struct latency *l)
{
    must(l->places > 0 && l->cumulative[l->places - 1] == 1, "shares do not end at 1");
    for (uint32_t k = 0; k < 16; k++)
        must(latency_locate(l, k).place < l->places, "a device lives nowhere");
    for (unsigned a = 0; a < l->places && a < 64; a++) {
        for (unsigned b = 0; b <= a; b++) {
            sim_time there = latency_between_places(l, (uint16_t)a, (uint16_t)b);
            must(there == latency_between_places(l, (uint16_t)b, (uint16_t)a), "a pair has two delays");
            must(there <= ONE_WAY_MAX, "a delay is out of bounds");
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64], error[128];
    if (size == 0)
        return 0;
    struct latency l = {.model = data[0] & 1 ? LATENCY_MATRIX : LATENCY_COORDINATES, .seed = 1};
    int fd = memfd_create("places", 0);
    must(fd >= 0 && write(fd, data + 1, size - 1) == (ssize_t)(size - 1), "no file");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    memset(error, 'x', sizeof error);
    if (latency_load(&l, path, error, sizeof error) == 0) {
        walk(&l);
    } else {
        must(memchr(error, 0, sizeof error) != NULL, "the message does not end");
        must(!l.place && !l.rtt_us && !l.cumulative && !l.where && l.places == 0, "something was kept");
    }
    latency_free(&l);
    close(fd);
    return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* delay_link MICROSECONDS NAMESPACE NAMESPACE NAME: a cable between two network namespaces that holds each packet for so long, where the kernel has no netem. Each end is
 * a TUN device of this NAME; packets go from one to the other in order. It stays until it is killed. What it cannot hold is lost, as on a full wire. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define PACKET_BYTES 9216u
#define HELD_MAX     8192u /* packets one way: 74 MB, more than a second of what it can pass on */

struct packet {
    uint64_t due_ns;
    size_t len;
    uint8_t bytes[PACKET_BYTES];
};

/* One way: read from one end, written to the other. */
struct way {
    int from, to;
    unsigned first, count;
    struct packet *held;
};

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void fail(const char *what)
{
    fprintf(stderr, "delay_link: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* A device belongs to the namespace in which it is made. */
static int open_end(const char *space, const char *name)
{
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    int in = open(space, O_RDONLY | O_CLOEXEC);
    if (in < 0 || setns(in, CLONE_NEWNET) != 0)
        fail(space);
    close(in);
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) != 0)
        fail("/dev/net/tun");
    return fd;
}

static void take_in(struct way *w, uint64_t delay_ns)
{
    static uint8_t lost[PACKET_BYTES];
    for (;;) {
        struct packet *p = w->count < HELD_MAX ? &w->held[(w->first + w->count) % HELD_MAX] : NULL;
        ssize_t n = read(w->from, p ? p->bytes : lost, PACKET_BYTES);
        if (n <= 0)
            return;
        if (!p)
            continue;
        p->len = (size_t)n;
        p->due_ns = now_ns() + delay_ns;
        w->count++;
    }
}

/* Passes on what is due; when the next one is: ns from now, -1 = nothing waits. */
static int64_t give_out(struct way *w)
{
    for (; w->count > 0; w->count--, w->first = (w->first + 1) % HELD_MAX) {
        const struct packet *p = &w->held[w->first];
        uint64_t now = now_ns();
        if (p->due_ns > now)
            return (int64_t)(p->due_ns - now);
        (void)!write(w->to, p->bytes, p->len);
    }
    return -1;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: delay_link MICROSECONDS NAMESPACE NAMESPACE NAME\n");
        return 2;
    }
    uint64_t delay_ns = strtoull(argv[1], NULL, 10) * 1000;
    int a = open_end(argv[2], argv[4]), b = open_end(argv[3], argv[4]);
    struct way way[2] = {{.from = a, .to = b}, {.from = b, .to = a}};
    for (unsigned i = 0; i < 2; i++)
        if (!(way[i].held = malloc(HELD_MAX * sizeof *way[i].held)))
            fail("memory");
    prctl(PR_SET_TIMERSLACK, 1000); /* microseconds matter here */
    for (;;) {
        int64_t left[2];
        for (unsigned i = 0; i < 2; i++) {
            take_in(&way[i], delay_ns);
            left[i] = give_out(&way[i]);
        }
        int64_t next = left[0] < 0 || (left[1] >= 0 && left[1] < left[0]) ? left[1] : left[0];
        struct timespec t = {next / 1000000000, next % 1000000000};
        struct pollfd p[2] = {{.fd = a, .events = POLLIN}, {.fd = b, .events = POLLIN}};
        if (ppoll(p, 2, next < 0 ? NULL : &t, NULL) < 0 && errno != EINTR)
            fail("poll");
    }
}

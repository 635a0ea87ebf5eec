/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/rank/mpi/guard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sim/rank/mpi/plugin.h"

#define BEAT_MS       1000
#define OVERSLEPT_S   5 /* a thread that wants to run each second and did not for so long */
#define BEGIN_S       60
#define TEXT_BYTES    200
#define HOST_BYTES    64
#define WINDOW_BEFORE UINT64_MAX /* none yet */

enum word { BEAT = 1, GOODBYE, VERDICT };

/* What goes over a connection, both ways; all of one size. */
struct tale {
    uint64_t key, window, work;
    uint32_t word, rank;
    char text[TEXT_BYTES]; /* of a beat: its host; of a verdict: what happened */
};

struct line {
    int fd; /* -1: none, or over */
    bool gone; /* it said good-bye */
    double heard_s;
    uint64_t window;
    uint64_t work; /* its number, while it works on a window; 0: it does not */
    double work_s; /* since then */
    char host[HOST_BYTES];
    size_t got;
    struct tale in;
};

struct guard {
    unsigned self, count;
    uint64_t key;
    int listener;
    int wake[2]; /* a byte: say good-bye */
    char host[HOST_BYTES];
    struct line *line; /* rank 0: of each rank; others: of rank 0 alone */
    pthread_t thread;
    bool running;
    _Atomic bool ending;
    _Atomic uint64_t window, window_ns;
    _Atomic uint64_t met; /* the window of the last meeting that is over: all have come so far, whether they have told it or not */
    _Atomic uint64_t work; /* as in struct line: numbered by meetings */
    uint64_t meetings;
};

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int failed(char *error, size_t cap, const char *what)
{
    snprintf(error, cap, "ranks cannot watch over each other: %s: %s", what, strerror(errno));
    return -1;
}

struct guard *guard_open(unsigned self, unsigned count, char *error, size_t cap)
{
    struct guard *g = calloc(1, sizeof *g);
    struct line *line = calloc(count, sizeof *line);
    if (!g || !line || pipe2(g->wake, O_CLOEXEC) != 0) {
        failed(error, cap, "beginning");
        free(g);
        free(line);
        return NULL;
    }
    *g = (struct guard){.self = self, .count = count, .listener = -1, .wake = {g->wake[0], g->wake[1]}, .line = line};
    atomic_init(&g->window, WINDOW_BEFORE);
    atomic_init(&g->met, WINDOW_BEFORE);
    for (unsigned i = 0; i < count; i++)
        line[i] = (struct line){.fd = -1, .window = WINDOW_BEFORE, .host = "a host that never answered"};
    if (gethostname(g->host, sizeof g->host - 1) != 0)
        snprintf(g->host, sizeof g->host, "unknown host");
    return g;
}

/* This machine's own address first, for ranks beside this one; then all others that are up. */
static void list_addresses(struct guard_door *d)
{
    struct ifaddrs *all = NULL;
    unsigned n = 0;
    d->address[n++] = htonl(INADDR_LOOPBACK);
    if (getifaddrs(&all) != 0)
        return;
    for (const struct ifaddrs *i = all; i && n < GUARD_ADDRESSES; i = i->ifa_next) {
        struct sockaddr_in in;
        if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET || !(i->ifa_flags & IFF_UP) || i->ifa_flags & IFF_LOOPBACK)
            continue;
        memcpy(&in, i->ifa_addr, sizeof in);
        d->address[n++] = in.sin_addr.s_addr;
    }
    freeifaddrs(all);
}

int guard_door(struct guard *g, struct guard_door *d, char *error, size_t cap)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
    socklen_t len = sizeof at;
    *d = (struct guard_door){0};
    if (getrandom(&d->key, sizeof d->key, 0) != sizeof d->key)
        return failed(error, cap, "a key");
    g->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (g->listener < 0 || bind(g->listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(g->listener, 128) != 0 ||
        getsockname(g->listener, (struct sockaddr *)&at, &len) != 0)
        return failed(error, cap, "a socket");
    d->port = at.sin_port;
    list_addresses(d);
    return 0;
}

/* ---- telling ---- */

static bool send_all(int fd, const void *bytes, size_t n)
{
    for (const char *b = bytes; n > 0;) {
        ssize_t sent = send(fd, b, n, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false; /* also when it is not read for so long that the buffer is full */
        b += sent;
        n -= (size_t)sent;
    }
    return true;
}

static void tell(const struct guard *g, int fd, enum word word, const char *text)
{
    struct tale t = {.key = g->key, .window = atomic_load(&g->window), .work = atomic_load(&g->work), .word = word, .rank = g->self};
    snprintf(t.text, sizeof t.text, "%s", text);
    if (fd >= 0)
        (void)send_all(fd, &t, sizeof t); /* who does not hear it is found out by its silence */
}

static void tell_all(const struct guard *g, enum word word, const char *text)
{
    for (unsigned i = 0; i < g->count; i++)
        tell(g, g->line[i].fd, word, text);
}

/* ---- the end of all ---- */

static void describe(const struct guard *g, unsigned rank, const char *how, char text[TEXT_BYTES])
{
    const struct line *l = &g->line[rank];
    uint64_t window = l->window, met = atomic_load(&g->met), ns = atomic_load(&g->window_ns);
    if (window == WINDOW_BEFORE || (met != WINDOW_BEFORE && met > window))
        window = met;
    int n = snprintf(text, TEXT_BYTES, "rank %u on %s %s", rank, l->host, how);
    if (window == WINDOW_BEFORE)
        snprintf(text + n, TEXT_BYTES - (size_t)n, " before the first window");
    else
        snprintf(text + n, TEXT_BYTES - (size_t)n, "; the last window it came to is %" PRIu64 ", at %.6f s", window, (double)window * (double)ns / 1e9);
}

/* The others are at work in this process: nothing of theirs is torn down, the system takes all back. */
_Noreturn static void give_up(const struct guard *g, const char *text, bool speak)
{
    if (speak) {
        fprintf(stderr, "\nreloadsim: %s: the run ends; what was recorded is kept: reloadsim report DIR\n", text);
        fflush(stderr);
    }
    if (g->self == 0)
        tell_all(g, VERDICT, text);
    _exit(MPI_LOST_STATUS);
}

static _Noreturn void lost(const struct guard *g, unsigned rank, const char *how)
{
    char text[TEXT_BYTES];
    describe(g, rank, how, text);
    give_up(g, text, g->self <= 1); /* rank 0 speaks, or rank 1 of rank 0 */
}

/* The others have ended while this rank was kept from running: they have said why. */
static _Noreturn void left_behind(const struct guard *g)
{
    give_up(g, "", false);
}

/* ---- hearing ---- */

static void note_work(struct line *l, uint64_t work)
{
    if (work != l->work)
        l->work_s = now_s();
    l->work = work;
}

static void heard(struct guard *g, unsigned rank, const struct tale *t)
{
    struct line *l = &g->line[rank];
    l->heard_s = now_s();
    note_work(l, t->work);
    if (t->word == VERDICT)
        give_up(g, t->text, false);
    if (t->word == GOODBYE)
        l->gone = true;
    if (t->window != WINDOW_BEFORE)
        l->window = t->window;
    if (t->word == BEAT)
        snprintf(l->host, sizeof l->host, "%.*s", (int)sizeof l->host - 1, t->text);
}

static void hear(struct guard *g, unsigned rank, bool overslept)
{
    struct line *l = &g->line[rank];
    for (;;) {
        ssize_t n = recv(l->fd, (char *)&l->in + l->got, sizeof l->in - l->got, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0) {
            if (!l->gone && !atomic_load(&g->ending) && overslept)
                left_behind(g);
            if (!l->gone && !atomic_load(&g->ending))
                lost(g, rank, "died");
            close(l->fd);
            l->fd = -1;
            return;
        }
        l->got += (size_t)n;
        if (l->got < sizeof l->in)
            continue;
        l->got = 0;
        heard(g, rank, &l->in);
    }
}

static void look_for_silence(struct guard *g)
{
    for (unsigned i = 0; i < g->count; i++) {
        const struct line *l = &g->line[i];
        if (l->fd >= 0 && !l->gone && now_s() - l->heard_s > GUARD_SILENCE_S)
            lost(g, i, "does not answer");
    }
}

/* Rank 0 looks at itself as it looks at the others. */
static void look_for_endless_work(struct guard *g)
{
    if (g->self != 0)
        return;
    struct line *own = &g->line[0];
    own->window = atomic_load(&g->window);
    snprintf(own->host, sizeof own->host, "%s", g->host);
    note_work(own, atomic_load(&g->work));
    for (unsigned i = 0; i < g->count; i++)
        if (g->line[i].work && now_s() - g->line[i].work_s > GUARD_WINDOW_S)
            lost(g, i, "does not come to the end of a window");
}

/* Everybody gets as long again. */
static void forgive(struct guard *g)
{
    for (unsigned i = 0; i < g->count; i++)
        g->line[i].heard_s = g->line[i].work_s = now_s();
}

static void *watch(void *context)
{
    struct guard *g = context;
    struct pollfd *p = calloc(g->count + 1, sizeof *p);
    double beat_s = 0, round_s = now_s();
    if (!p)
        lost(g, g->self, "has no memory left");
    for (;;) {
        p[g->count] = (struct pollfd){.fd = g->wake[0], .events = POLLIN};
        for (unsigned i = 0; i < g->count; i++)
            p[i] = (struct pollfd){.fd = g->line[i].fd, .events = POLLIN};
        (void)poll(p, g->count + 1, BEAT_MS / 4);
        bool overslept = now_s() - round_s > OVERSLEPT_S;
        if (overslept)
            forgive(g);
        round_s = now_s();
        if (p[g->count].revents)
            break;
        for (unsigned i = 0; i < g->count; i++)
            if (p[i].revents && g->line[i].fd >= 0)
                hear(g, i, overslept);
        if (round_s - beat_s >= BEAT_MS / 1e3) {
            tell_all(g, BEAT, g->host);
            beat_s = round_s;
        }
        look_for_silence(g);
        look_for_endless_work(g);
    }
    tell_all(g, GOODBYE, "");
    free(p);
    return NULL;
}

/* ---- beginning ---- */

static void prepare(int fd)
{
    const int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static bool receive_all(int fd, void *bytes, size_t n)
{
    for (char *b = bytes; n > 0;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, BEGIN_S * 1000) <= 0)
            return false;
        ssize_t got = recv(fd, b, n, 0);
        if (got <= 0)
            return false;
        b += got;
        n -= (size_t)got;
    }
    return true;
}

static void take_line(struct guard *g, unsigned rank, int fd, const struct tale *t)
{
    prepare(fd);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    g->line[rank].fd = fd;
    g->line[rank].heard_s = now_s();
    heard(g, rank, t);
}

/* Rank 0: all others call. Who does not know the key is a stranger. */
static int await_all(struct guard *g, char *error, size_t cap)
{
    double until_s = now_s() + BEGIN_S;
    for (unsigned here = 1; here < g->count;) {
        struct pollfd p = {.fd = g->listener, .events = POLLIN};
        int left_ms = (int)((until_s - now_s()) * 1e3);
        if (left_ms <= 0 || poll(&p, 1, left_ms) <= 0) {
            errno = ETIMEDOUT;
            return failed(error, cap, "a rank does not call");
        }
        int fd = accept4(g->listener, NULL, NULL, SOCK_CLOEXEC);
        struct tale t;
        if (fd < 0)
            continue;
        if (!receive_all(fd, &t, sizeof t) || t.key != g->key || t.rank == 0 || t.rank >= g->count || g->line[t.rank].fd >= 0) {
            close(fd);
            continue;
        }
        tell(g, fd, BEAT, g->host);
        take_line(g, t.rank, fd, &t);
        here++;
    }
    close(g->listener);
    g->listener = -1;
    return 0;
}

/* The other ranks call rank 0, at whichever of its addresses knows the key. */
static int call(struct guard *g, const struct guard_door *d, char *error, size_t cap)
{
    for (unsigned i = 0; i < GUARD_ADDRESSES && d->address[i]; i++) {
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = d->port, .sin_addr.s_addr = d->address[i]};
        struct timeval limit = {.tv_sec = 5};
        struct tale t;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
            return failed(error, cap, "a socket");
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit); /* connecting too */
        if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0) {
            tell(g, fd, BEAT, g->host);
            if (receive_all(fd, &t, sizeof t) && t.key == g->key && t.rank == 0) {
                take_line(g, 0, fd, &t);
                return 0;
            }
        }
        close(fd);
    }
    errno = EHOSTUNREACH;
    return failed(error, cap, "rank 0 cannot be reached by TCP");
}

/* Signals are for the program's own threads. */
static int start_thread(struct guard *g)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int status = pthread_create(&g->thread, NULL, watch, g);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    g->running = status == 0;
    errno = status;
    return status;
}

int guard_begin(struct guard *g, const struct guard_door *d, char *error, size_t cap)
{
    g->key = d->key;
    if (g->self == 0 ? await_all(g, error, cap) : call(g, d, error, cap))
        return -1;
    return start_thread(g) ? failed(error, cap, "a thread") : 0;
}

void guard_meets(struct guard *g, uint64_t window)
{
    g->meetings++;
    if (window != WINDOW_BEFORE)
        atomic_store_explicit(&g->window, window, memory_order_relaxed);
    atomic_store_explicit(&g->work, 0, memory_order_relaxed);
}

void guard_works(struct guard *g, int on_window)
{
    if (on_window)
        atomic_store_explicit(&g->met, atomic_load_explicit(&g->window, memory_order_relaxed), memory_order_relaxed);
    atomic_store_explicit(&g->work, on_window ? g->meetings : 0, memory_order_relaxed);
}

void guard_window_length(struct guard *g, uint64_t ns)
{
    atomic_store(&g->window_ns, ns);
}

void guard_ending(struct guard *g)
{
    atomic_store(&g->ending, true);
}

void guard_end(struct guard *g)
{
    if (g->running) {
        (void)!write(g->wake[1], "", 1);
        pthread_join(g->thread, NULL);
    }
    for (unsigned i = 0; i < g->count; i++)
        if (g->line[i].fd >= 0)
            close(g->line[i].fd);
    if (g->listener >= 0)
        close(g->listener);
    close(g->wake[0]);
    close(g->wake[1]);
    free(g->line);
    free(g);
}

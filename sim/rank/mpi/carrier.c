/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Meetings over MPI: to each rank one message with the head and as many of the bytes as fit, then the rest if there is any. Between two ranks MPI keeps the order of
 * messages, so neither numbers nor barriers are needed. Only calls of MPI-2, from one thread. */
#include <mpi.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "sim/rank/mpi/guard.h"
#include "sim/rank/mpi/plugin.h"

#define FIRST_BYTES  262144u              /* of the first message at most, head included: windows of a million peers and a few ranks need no second */
#define PIECE_BYTES  ((size_t)1 << 30)    /* of a further message: MPI counts in int */
#define LETTER_BYTES (FIRST_BYTES - sizeof(struct envelope))
#define LOOKS        2000u
#define SLEEP_NS     5000 /* the first; each further one is longer */
#define GROWTH_NS    1000
#define SLEEPS_GROW  95u
#define SHORT_WAIT_NS 200000u
#define LONG_WAIT_NS  1000000u

enum tag { TAG_FIRST = 1, TAG_REST };

struct envelope {
    struct ranks_head head;
    uint64_t size;
};

/* What is on its way to a rank, and what came from it: the envelope, then the bytes in one piece. */
struct lane {
    uint8_t *out, *in;
    size_t in_max;
};

struct mpi {
    int self, count;
    bool crowded;   /* more ranks here than processors */
    unsigned looks; /* before it sleeps */
    struct guard *guard;
    struct lane *lane;
    MPI_Request *request;
    int requests, requests_max;
};

_Noreturn static void no_memory(void)
{
    fputs("reloadsim: out of memory: what ranks tell each other; lower overlay.peers or use more machines\n", stderr);
    fflush(NULL);
    _exit(4);
}

static MPI_Request *new_request(struct mpi *m)
{
    if (m->requests == m->requests_max) {
        m->requests_max = 2 * m->requests_max + 16;
        m->request = realloc(m->request, (size_t)m->requests_max * sizeof *m->request);
        if (!m->request)
            no_memory();
    }
    return &m->request[m->requests++];
}

static uint64_t clock_ns(void *impl)
{
    struct timespec t;
    (void)impl;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* MPI would wait at full speed, for hours if need be. Here a wait looks on for a while (and lets others run, where there are more ranks than processors), then becomes a row of
 * short sleeps: on a busy machine a yield gives away a whole time slice, where who sleeps for some microseconds is among the first to be woken. Where waits are long, looking
 * on is for nothing, and there is less of it; where they are short, more again. A lost rank is the guard's to find. */
static void wait_for_all(struct mpi *m)
{
    int done = 0;
    uint64_t began_ns = clock_ns(m);
    unsigned sleeps = 0;
    for (unsigned n = 0; !done; n++) {
        MPI_Testall(m->requests, m->request, &done, MPI_STATUSES_IGNORE);
        if (done)
            break;
        if (n >= m->looks) {
            nanosleep(&(struct timespec){.tv_nsec = SLEEP_NS + (sleeps < SLEEPS_GROW ? sleeps : SLEEPS_GROW) * GROWTH_NS}, NULL);
            sleeps++;
        } else if (m->crowded) {
            sched_yield();
        }
    }
    uint64_t took_ns = clock_ns(m) - began_ns;
    if (took_ns < SHORT_WAIT_NS && m->looks < LOOKS)
        m->looks += m->looks / 16 + 1;
    else if (took_ns > LONG_WAIT_NS)
        m->looks /= 2;
    m->requests = 0;
}

static void send_first(struct mpi *m, int to, const struct ranks_head *head, struct blob b)
{
    struct envelope e = {*head, b.size};
    size_t size = b.size < LETTER_BYTES ? b.size : LETTER_BYTES;
    memcpy(m->lane[to].out, &e, sizeof e);
    if (size)
        memcpy(m->lane[to].out + sizeof e, b.bytes, size);
    MPI_Isend(m->lane[to].out, (int)(sizeof e + size), MPI_BYTE, to, TAG_FIRST, MPI_COMM_WORLD, new_request(m));
}

static void send_rest(struct mpi *m, int to, struct blob b)
{
    const uint8_t *bytes = b.bytes;
    for (size_t at = LETTER_BYTES; at < b.size; at += PIECE_BYTES) {
        size_t n = b.size - at < PIECE_BYTES ? b.size - at : PIECE_BYTES;
        MPI_Isend(bytes + at, (int)n, MPI_BYTE, to, TAG_REST, MPI_COMM_WORLD, new_request(m));
    }
}

static uint64_t size_from(const struct lane *l)
{
    struct envelope e;
    memcpy(&e, l->in, sizeof e);
    return e.size;
}

static void receive_rest(struct mpi *m, int from)
{
    struct lane *l = &m->lane[from];
    size_t size = size_from(l), all = sizeof(struct envelope) + size;
    if (all > l->in_max) {
        l->in_max = all + all / 4;
        l->in = realloc(l->in, l->in_max);
        if (!l->in)
            no_memory();
    }
    for (size_t at = FIRST_BYTES; at < all; at += PIECE_BYTES) {
        size_t n = all - at < PIECE_BYTES ? all - at : PIECE_BYTES;
        MPI_Irecv(l->in + at, (int)n, MPI_BYTE, from, TAG_REST, MPI_COMM_WORLD, new_request(m));
    }
}

static void meet(void *impl, const struct ranks_head *mine, const struct blob *out, struct ranks_head *theirs, struct blob *in)
{
    struct mpi *m = impl;
    guard_meets(m->guard, mine->purpose == RANKS_WINDOW ? mine->word[0] : UINT64_MAX);
    for (int i = 0; i < m->count; i++)
        if (i != m->self)
            MPI_Irecv(m->lane[i].in, FIRST_BYTES, MPI_BYTE, i, TAG_FIRST, MPI_COMM_WORLD, new_request(m));
    for (int i = 0; i < m->count; i++)
        if (i != m->self)
            send_first(m, i, mine, out[i]);
    wait_for_all(m);
    for (int i = 0; i < m->count; i++)
        if (i != m->self) {
            receive_rest(m, i);
            send_rest(m, i, out[i]);
        }
    if (m->requests)
        wait_for_all(m);
    for (int i = 0; i < m->count; i++)
        if (i != m->self) {
            struct envelope e;
            memcpy(&e, m->lane[i].in, sizeof e);
            theirs[i] = e.head;
            in[i] = (struct blob){m->lane[i].in + sizeof e, e.size};
        }
    guard_works(m->guard, mine->purpose == RANKS_WINDOW);
}

/* ---- beginning and end ---- */

static int open_lanes(struct mpi *m)
{
    m->lane = calloc((size_t)m->count, sizeof *m->lane);
    for (int i = 0; m->lane && i < m->count; i++) {
        m->lane[i] = (struct lane){malloc(FIRST_BYTES), malloc(FIRST_BYTES), FIRST_BYTES};
        if (!m->lane[i].out || !m->lane[i].in)
            return -1;
    }
    return m->lane ? 0 : -1;
}

/* Ranks on this very machine. */
static int ranks_here(const struct mpi *m)
{
    char name[MPI_MAX_PROCESSOR_NAME] = "", *all = calloc((size_t)m->count, sizeof name);
    int len, n = 0;
    MPI_Get_processor_name(name, &len);
    if (!all)
        return m->count;
    MPI_Allgather(name, sizeof name, MPI_CHAR, all, sizeof name, MPI_CHAR, MPI_COMM_WORLD);
    for (int i = 0; i < m->count; i++)
        n += strncmp(all + (size_t)i * sizeof name, name, sizeof name) == 0;
    free(all);
    return n;
}

/* Each says whether it could; all begin, or none. */
static int all_could(int bad, const char *what, char *error, size_t cap)
{
    int any;
    MPI_Allreduce(&bad, &any, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    if (any && !bad)
        snprintf(error, cap, "another rank could not begin (%s)", what);
    return any ? -1 : 0;
}

static int begin_guard(struct mpi *m, char *error, size_t cap)
{
    struct guard_door door = {0};
    m->guard = guard_open((unsigned)m->self, (unsigned)m->count, error, cap);
    int bad = !m->guard || (m->self == 0 && guard_door(m->guard, &door, error, cap));
    if (all_could(bad, "its guard", error, cap))
        return -1;
    MPI_Bcast(&door, sizeof door, MPI_BYTE, 0, MPI_COMM_WORLD);
    return all_could(guard_begin(m->guard, &door, error, cap), "its guard", error, cap);
}

static int begin(struct carrier *c, char *error, size_t cap)
{
    struct mpi *m = calloc(1, sizeof *m);
    int given;
    if (!m)
        no_memory();
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &given) != MPI_SUCCESS) {
        snprintf(error, cap, "MPI does not begin");
        return -1;
    }
    MPI_Comm_rank(MPI_COMM_WORLD, &m->self);
    MPI_Comm_size(MPI_COMM_WORLD, &m->count);
    m->crowded = sysconf(_SC_NPROCESSORS_ONLN) < ranks_here(m);
    m->looks = LOOKS;
    if (open_lanes(m))
        no_memory();
    prctl(PR_SET_TIMERSLACK, 1000); /* a sleep of microseconds is one */
    if (begin_guard(m, error, cap))
        return -1;
    *c = (struct carrier){.impl = m, .self = (unsigned)m->self, .count = (unsigned)m->count, .meet = meet, .clock_ns = clock_ns};
    return 0;
}

static void window(void *impl, uint64_t ns)
{
    struct mpi *m = impl;
    guard_window_length(m->guard, ns);
}

static void end(void *impl)
{
    struct mpi *m = impl;
    guard_ending(m->guard);
    MPI_Barrier(MPI_COMM_WORLD); /* from here on nobody is missed */
    guard_end(m->guard);
    MPI_Finalize();
    for (int i = 0; i < m->count; i++) {
        free(m->lane[i].out);
        free(m->lane[i].in);
    }
    free(m->lane);
    free(m->request);
    free(m);
}

extern const struct mpi_plugin reloadsim_mpi;
const struct mpi_plugin reloadsim_mpi = {MPI_PLUGIN_VERSION, begin, window, end};

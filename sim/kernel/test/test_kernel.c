/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: the order of events written out by hand for small cases, on both engines: ties, wake-ups among datagrams, re-arming, times in the past, cuts at
 * instants, stops, counts, seats; how a breach of the rules, the end of memory and a lack of threads end. Leaves to test_engines: that the engines agree on random models. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/kernel/arena.h"
#include "sim/kernel/kernel.h"

struct seats {
    unsigned given;
    uint32_t node[8];
    sim_time due[8];
};

/* A host that writes down what happens, one line an event, and does what the test has told each node to return. */
struct diary {
    char text[4096];
    size_t used;
    sim_time then[8];  /* what the next handler of a node returns, used once; 0 = TIME_NEVER */
    bool uncounted;
    struct kernel *kernel;
    int stop_with;
    struct event reply; /* posted by the handler of reply.src at its next event when at > 0 */
    uint32_t poke;      /* node whose wake-up the next handler sets to poke_at when that is > 0 */
    sim_time poke_at;
    struct seats seats; /* in the order in which they were given */
};

static void note(struct diary *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void note(struct diary *d, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(d->text + d->used, sizeof d->text - d->used, format, args);
    va_end(args);
    assert_true(n >= 0 && (size_t)n < sizeof d->text - d->used);
    d->used += (size_t)n;
}

static sim_time act(struct diary *d, struct part *p, uint32_t node)
{
    if (d->reply.at > 0 && d->reply.src == node) {
        kernel_post(p, &d->reply, (const uint8_t *)"r");
        d->reply.at = 0;
    }
    if (d->poke_at > 0) {
        kernel_wake_at(p, d->poke, d->poke_at);
        d->poke_at = 0;
    }
    if (d->stop_with)
        kernel_stop(d->kernel, d->stop_with);
    d->stop_with = 0;
    sim_time then = d->then[node] ? d->then[node] : TIME_NEVER;
    d->then[node] = 0;
    return then;
}

static sim_time deliver(void *host, struct part *p, const struct event *e, const uint8_t *bytes, bool *count)
{
    struct diary *d = host;
    note(d, "%llu:%u<%u#%u%.*s ", (unsigned long long)e->at, e->dst, e->src, e->seq, e->len, (const char *)bytes);
    *count = !d->uncounted;
    return act(d, p, e->dst);
}

static sim_time wake(void *host, struct part *p, uint32_t node, sim_time now)
{
    struct diary *d = host;
    note(d, "%llu:%u ", (unsigned long long)now, node);
    return act(d, p, node);
}

static void seat(void *host, struct part *p, uint32_t node, uint32_t number, sim_time due)
{
    struct seats *s = &((struct diary *)host)->seats;
    assert_int_equal(number, s->given);
    assert_int_equal(part_seats(p), s->given + 1);
    s->node[s->given] = node;
    s->due[s->given++] = due;
}

static const uint32_t pairs[8] = {0, 0, 1, 1, 2, 2, 3, 3};
static const enum kernel_engine engines[2] = {KERNEL_HEAP, KERNEL_WINDOWS};

/* Eight nodes in four sites of two; window 100 ns. */
static struct kernel *open_kernel(struct diary *d, enum kernel_engine engine)
{
    memset(d, 0, sizeof *d);
    const struct kernel_config config = {.engine = engine, .partitions = 1, .nodes = 8, .site = pairs, .window = 100};
    const struct kernel_hooks hooks = {.host = d, .deliver = deliver, .wake = wake};
    assert_int_equal(kernel_open(&d->kernel, &config, &hooks), 0);
    return d->kernel;
}

static void post(struct kernel *k, sim_time at, uint32_t dst, uint32_t src, uint32_t seq, const char *bytes)
{
    struct event e = {.at = at, .dst = dst, .src = src, .seq = seq, .len = (uint16_t)strlen(bytes), .true_len = 40};
    kernel_post(kernel_part_of(k, src), &e, (const uint8_t *)bytes);
}

static void expect(struct diary *d, const char *want)
{
    assert_string_equal(d->text, want);
    d->used = 0;
    d->text[0] = 0;
}

static void events_of_one_site_run_by_time_destination_source_and_number(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct diary d;
        struct kernel *k = open_kernel(&d, engines[i]);
        post(k, 50, 1, 3, 2, "d");
        post(k, 50, 1, 3, 1, "c");
        post(k, 50, 1, 2, 9, "b");
        post(k, 50, 0, 7, 9, "a");
        post(k, 49, 1, 7, 7, "");
        kernel_wake_at(kernel_part(k, 0), 0, 50);
        kernel_wake_at(kernel_part(k, 0), 1, 49);
        d.then[0] = 50;
        d.then[1] = 49;
        assert_int_equal(kernel_run(k, 1000), 0);
        expect(&d, "49:1<7#7 49:1 50:0<7#9a 50:0 50:1<2#9b 50:1<3#1c 50:1<3#2d ");
        struct kernel_counts counts;
        kernel_count(k, &counts);
        assert_int_equal(counts.events, 7);
        assert_int_equal(counts.datagrams, 5);
        assert_int_equal(counts.wakes, 2);
        assert_int_equal(counts.windows, 1);
        kernel_close(k);
    }
}

static void a_run_ends_before_its_instant_and_the_rest_follows(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct diary d;
        struct kernel *k = open_kernel(&d, engines[i]);
        post(k, 149, 2, 0, 1, "x");
        post(k, 150, 2, 0, 2, "y");
        post(k, 151, 2, 0, 3, "z");
        assert_int_equal(kernel_run(k, 150), 0);
        expect(&d, "149:2<0#1x ");
        assert_true(kernel_now(k) == 150);
        post(k, 150, 2, 0, 0, "w");
        kernel_wake_at(kernel_part(k, 0), 2, 7); /* past: now */
        assert_int_equal(kernel_run(k, 151), 0);
        expect(&d, "150:2<0#0w 150:2<0#2y ");
        assert_int_equal(kernel_run(k, 151), 0);
        assert_int_equal(kernel_run(k, TIME_NEVER), 0);
        expect(&d, "151:2<0#3z ");
        kernel_close(k);
    }
}

static void a_wake_up_moves_and_happens_once(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct diary d;
        struct kernel *k = open_kernel(&d, engines[i]);
        struct part *p = kernel_part(k, 0);
        kernel_wake_at(p, 3, 500);
        kernel_wake_at(p, 3, 700); /* later */
        kernel_wake_at(p, 4, 700);
        kernel_wake_at(p, 4, 500); /* earlier */
        kernel_wake_at(p, 5, 500);
        kernel_wake_at(p, 5, TIME_NEVER);
        kernel_wake_at(p, 6, 900);
        kernel_wake_at(p, 6, 800);
        kernel_wake_at(p, 6, 700);
        kernel_wake_at(p, 6, 900);
        assert_int_equal(kernel_run(k, 600), 0);
        expect(&d, "500:4 ");
        assert_int_equal(kernel_run(k, 10000000), 0);
        expect(&d, "700:3 900:6 ");
        kernel_close(k);
    }
}

static void a_datagram_at_the_due_time_decides_about_the_wake_up(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct diary d;
        struct kernel *k = open_kernel(&d, engines[i]);
        kernel_wake_at(kernel_part(k, 0), 3, 500);
        post(k, 500, 3, 0, 1, "");
        assert_int_equal(kernel_run(k, 1000), 0);
        expect(&d, "500:3<0#1 "); /* it returned TIME_NEVER */
        kernel_wake_at(kernel_part(k, 0), 3, 1500);
        post(k, 1500, 3, 0, 2, "");
        d.then[3] = 1500;
        assert_int_equal(kernel_run(k, 2000), 0);
        expect(&d, "1500:3<0#2 1500:3 ");
        kernel_close(k);
    }
}

static void a_time_in_the_past_means_at_once(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct diary d;
        struct kernel *k = open_kernel(&d, engines[i]);
        post(k, 510, 3, 0, 1, "");
        post(k, 510, 3, 0, 2, "");
        d.then[3] = 1;
        assert_int_equal(kernel_run(k, 511), 0);
        expect(&d, "510:3<0#1 510:3<0#2 "); /* the second datagram took the wake-up back */
        post(k, 520, 3, 0, 3, "");
        d.then[3] = 1;
        assert_int_equal(kernel_run(k, 600), 0);
        expect(&d, "520:3<0#3 520:3 ");
        kernel_wake_at(kernel_part(k, 0), 3, 650);
        d.then[3] = 650;
        assert_int_equal(kernel_run(k, 700), 0);
        expect(&d, "650:3 651:3 ");
        kernel_close(k);
    }
}

static void a_site_may_answer_itself_one_nanosecond_later(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct diary d;
        struct kernel *k = open_kernel(&d, engines[i]);
        post(k, 510, 3, 0, 1, "a");
        post(k, 511, 3, 0, 2, "b");
        post(k, 512, 2, 0, 3, "c");
        d.reply = (struct event){.at = 511, .dst = 2, .src = 3, .seq = 8, .len = 1};
        d.poke = 2;
        d.poke_at = 511;
        assert_int_equal(kernel_run(k, 1000), 0);
        expect(&d, "510:3<0#1a 511:2<3#8r 511:3<0#2b 512:2<0#3c ");
        post(k, 1510, 3, 0, 1, "a");
        post(k, 1511, 3, 0, 2, "b");
        d.poke = 2;
        d.poke_at = 3; /* past: 1 ns later */
        assert_int_equal(kernel_run(k, 2000), 0);
        expect(&d, "1510:3<0#1a 1511:2 1511:3<0#2b ");
        kernel_close(k);
    }
}

static void a_stop_ends_the_run_after_its_window_with_the_lowest_status(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct diary d;
        struct kernel *k = open_kernel(&d, engines[i]);
        for (uint32_t n = 0; n < 5; n++)
            post(k, 510 + 45 * n, 3, 0, n, "");
        d.stop_with = -EINTR;
        assert_int_equal(kernel_run(k, 10000), -EINTR);
        expect(&d, "510:3<0#0 555:3<0#1 ");
        assert_true(kernel_now(k) == 600);
        kernel_stop(k, -1);
        kernel_stop(k, -5);
        kernel_stop(k, -3);
        assert_int_equal(kernel_run(k, 10000), -5);
        expect(&d, "");
        assert_true(kernel_now(k) == 600);
        d.stop_with = -7;
        assert_int_equal(kernel_run(k, 620), -7);
        expect(&d, "600:3<0#2 ");
        assert_true(kernel_now(k) == 620);
        assert_int_equal(kernel_run(k, 10000), 0);
        expect(&d, "645:3<0#3 690:3<0#4 ");
        kernel_close(k);
    }
}

static uint64_t fingerprint_of(enum kernel_engine engine, unsigned change)
{
    struct diary d;
    struct kernel *k = open_kernel(&d, engine);
    d.uncounted = change == 1;
    struct event e = {.at = 500 + (change == 2), .dst = 3, .src = change == 3, .seq = 5 + (change == 4), .len = 2, .true_len = 40 + (change == 5)};
    kernel_post(kernel_part(k, 0), &e, (const uint8_t *)(change == 6 ? "ac" : "ab"));
    e = (struct event){.at = change == 7 ? 499 : 501, .dst = change == 8 ? 4 : 3, .src = 0, .seq = 7, .chan = change == 9, .class = change == 10, .true_len = 30};
    kernel_post(kernel_part(k, 0), &e, NULL);
    assert_int_equal(kernel_run(k, 1000), 0);
    uint64_t f = kernel_fingerprint(k);
    kernel_close(k);
    return f;
}

static void the_fingerprint_covers_key_true_length_and_bytes_of_what_counts(void **state)
{
    (void)state;
    uint64_t f = fingerprint_of(KERNEL_HEAP, 0);
    assert_true(f != 0);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(fingerprint_of(engines[i], 0) == f);
        assert_true(fingerprint_of(engines[i], 1) == 0);
        for (unsigned change = 2; change <= 8; change++)
            assert_true(fingerprint_of(engines[i], change) != f);
        assert_true(fingerprint_of(engines[i], 9) == f); /* the receiver's own handle is no part of the key */
        assert_true(fingerprint_of(engines[i], 10) == f);
    }
}

static void post_flags(struct kernel *k, uint8_t flags, uint32_t chan, const char *bytes)
{
    struct event e = {.at = 50, .dst = 1, .src = 3, .seq = 7, .chan = chan, .flags = flags, .len = (uint16_t)strlen(bytes), .true_len = 40};
    kernel_post(kernel_part_of(k, 3), &e, (const uint8_t *)bytes);
}

static void datagrams_of_one_number_run_by_flags_then_channel(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct diary d;
        struct kernel *k = open_kernel(&d, engines[i]);
        post_flags(k, 2, 1, "c");
        post_flags(k, 1, 9, "b");
        post_flags(k, 1, 8, "a");
        post_flags(k, 3, 1, "");
        post_flags(k, 3, 1, ""); /* alike: no order tells */
        assert_int_equal(kernel_run(k, 1000), 0);
        expect(&d, "50:1<3#7a 50:1<3#7b 50:1<3#7c 50:1<3#7 50:1<3#7 ");
        kernel_close(k);
    }
}

/* What a child process does ends it as expected: by this signal, or with this status if the signal is 0. */
static void expect_end(void (*what)(void *), void *context, int want_signal, int want_status)
{
    int status;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGABRT, SIG_DFL);
        if (!freopen("/dev/null", "w", stderr))
            _exit(99);
        what(context);
        _exit(98);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (want_signal)
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == want_signal);
    else
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == want_status);
}

static void run_a_tie(void *engine)
{
    struct diary d;
    struct kernel *k = open_kernel(&d, *(const enum kernel_engine *)engine);
    post_flags(k, 1, 8, "a");
    post_flags(k, 1, 8, "b");
    kernel_run(k, 1000);
}

static void two_datagrams_with_one_key_end_the_program(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        enum kernel_engine engine = engines[i];
        expect_end(run_a_tie, &engine, SIGABRT, 0);
    }
}

static sim_time wake_in_the_past(void *host, struct part *p, uint32_t node, sim_time now)
{
    (void)host, (void)p, (void)node;
    return now;
}

static void loop(void *engine)
{
    struct diary d = {0};
    struct kernel *k;
    const struct kernel_config config = {.engine = *(const enum kernel_engine *)engine, .partitions = 1, .nodes = 8, .site = pairs, .window = 1000000};
    const struct kernel_hooks hooks = {.host = &d, .deliver = deliver, .wake = wake_in_the_past};
    if (kernel_open(&k, &config, &hooks))
        _exit(97);
    kernel_wake_at(kernel_part(k, 0), 3, 7);
    kernel_run(k, SECONDS(1));
}

static void a_node_that_asks_for_the_past_again_and_again_ends_the_program(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        enum kernel_engine engine = engines[i];
        expect_end(loop, &engine, SIGABRT, 0);
    }
}

static void fill_memory(void *engine)
{
    static uint8_t bytes[EVENT_BYTES_MAX];
    const struct rlimit little = {256u << 20, 256u << 20};
    struct diary d;
    struct kernel *k = open_kernel(&d, *(const enum kernel_engine *)engine);
    setrlimit(RLIMIT_AS, &little);
    for (uint32_t n = 0; n < 300000; n++) {
        struct event e = {.at = 5000000, .dst = n % 8, .src = 1, .seq = n, .len = sizeof bytes, .true_len = sizeof bytes};
        kernel_post(kernel_part(k, 0), &e, bytes);
    }
}

static void running_out_of_memory_ends_with_status_4(void **state)
{
    (void)state;
#ifdef ARENA_HIDES_FREED
    skip(); /* the sanitizers need far more address space than a test may allow */
#endif
    for (unsigned i = 0; i < 2; i++) {
        enum kernel_engine engine = engines[i];
        expect_end(fill_memory, &engine, 0, 4);
    }
}

/* Without any thread to be had the partitions run in turn. */
static void run_without_threads(void *context)
{
    pthread_attr_t attr;
    struct kernel *k;
    struct diary d = {0};
    (void)context;
    if (pthread_attr_init(&attr) || pthread_attr_setstacksize(&attr, (size_t)1 << 46) || pthread_setattr_default_np(&attr))
        _exit(97);
    const struct kernel_config config = {.partitions = 3, .threads = KERNEL_THREADS_ALWAYS, .nodes = 9, .window = 100};
    const struct kernel_hooks hooks = {.host = &d, .deliver = deliver, .wake = wake};
    if (kernel_open(&k, &config, &hooks))
        _exit(96);
    d.kernel = k;
    post(k, 50, 1, 3, 2, "a");
    post(k, 1050, 7, 3, 3, "b");
    if (kernel_run(k, 2000))
        _exit(95);
    _exit(strcmp(d.text, "50:1<3#2a 1050:7<3#3b ") ? 94 : 42);
}

static void without_threads_partitions_run_in_turn(void **state)
{
    (void)state;
    expect_end(run_without_threads, NULL, 0, 42);
}

static void count_part(void *context, struct part *p)
{
    unsigned *calls = context;
    calls[part_index(p)]++;
}

static void each_part_is_done_once(void **state)
{
    (void)state;
    const struct kernel_hooks hooks = {.deliver = deliver, .wake = wake};
    for (unsigned threads = KERNEL_THREADS_NEVER; threads <= KERNEL_THREADS_ALWAYS; threads++)
        for (unsigned i = 0; i < 2; i++) {
            unsigned calls[5] = {0};
            struct kernel *k;
            const struct kernel_config config = {.engine = engines[i], .partitions = 5, .threads = threads, .nodes = 50000, .window = 100};
            assert_int_equal(kernel_open(&k, &config, &hooks), 0);
            kernel_each_part(k, count_part, calls);
            for (unsigned part = 0; part < 5; part++)
                assert_int_equal(calls[part], 1);
            kernel_close(k);
        }
}

static void unsound_configurations_are_refused(void **state)
{
    (void)state;
    static const uint32_t unsorted[3] = {0, 2, 1};
    const struct kernel_hooks hooks = {.deliver = deliver, .wake = wake};
    const struct kernel_config bad[] = {
        {.partitions = 1, .nodes = 0, .window = 1},
        {.partitions = 0, .nodes = 3, .window = 1},
        {.partitions = 1, .nodes = 3, .window = 0},
        {.partitions = 1, .nodes = 3, .window = 1, .site = unsorted},
    };
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct kernel *k;
        assert_int_equal(kernel_open(&k, &bad[i], &hooks), -EINVAL);
        assert_null(k);
    }
}

static void only_nodes_to_which_something_happens_have_seats(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct diary d = {0};
        const struct kernel_config config = {.engine = engines[i], .partitions = 1, .nodes = 8, .window = 100};
        const struct kernel_hooks hooks = {.host = &d, .deliver = deliver, .wake = wake, .seat = seat};
        assert_int_equal(kernel_open(&d.kernel, &config, &hooks), 0);
        struct kernel *k = d.kernel;
        struct part *p = kernel_part(k, 0);
        const node_word *node = kernel_nodes(k);
        for (uint32_t n = 0; n < 8; n++)
            kernel_wake_at(p, n, n == 7 ? TIME_NEVER : SECONDS(5000) + n);
        kernel_wake_at(p, 3, SECONDS(6000)); /* it may think better of it while no record waits */
        d.then[1] = SECONDS(7000);
        post(k, 10, 1, 4, 1, "x");
        assert_int_equal(kernel_run(k, 1000), 0);
        expect(&d, "10:1<4#1x ");
        assert_int_equal(d.seats.given, 1); /* the receiver, for its chain */
        assert_int_equal(d.seats.node[0], 1);
        assert_true(d.seats.due[0] == SECONDS(5000) + 1 && kernel_due(k, 1) == SECONDS(7000));
        assert_true(node_is_seated(node[1]) && node_seat(node[1]) == 0 && node_part(node[1]) == 0 && !node_is_seated(node[4]));
        assert_int_equal(kernel_seat(p, 6), 1);
        assert_int_equal(kernel_seat(p, 6), 1);
        assert_true(d.seats.due[1] == SECONDS(5000) + 6 && kernel_due(k, 6) == d.seats.due[1]);
        assert_true(kernel_due(k, 3) == SECONDS(6000) && kernel_due(k, 7) == TIME_NEVER);
        assert_int_equal(kernel_run(k, SECONDS(9000)), 0);
        expect(&d, "5000000000000:0 5000000000002:2 5000000000004:4 5000000000005:5 5000000000006:6 6000000000000:3 7000000000000:1 ");
        assert_int_equal(d.seats.given, 2); /* who wakes as planned needs none */
        kernel_close(k);
    }
}

static void a_sleeper_that_thinks_better_of_it_has_a_seat(void **state)
{
    (void)state;
    struct diary d = {0};
    const struct kernel_config config = {.partitions = 1, .nodes = 8, .window = 100};
    const struct kernel_hooks hooks = {.host = &d, .deliver = deliver, .wake = wake, .seat = seat};
    assert_int_equal(kernel_open(&d.kernel, &config, &hooks), 0);
    struct part *p = kernel_part(d.kernel, 0);
    kernel_wake_at(p, 2, 500);
    kernel_wake_at(p, 2, 500);
    assert_int_equal(d.seats.given, 0);
    kernel_wake_at(p, 2, 700); /* a record for 500 waits */
    assert_int_equal(d.seats.given, 1);
    assert_true(d.seats.due[0] == 500);
    assert_int_equal(kernel_run(d.kernel, 2000), 0);
    expect(&d, "700:2 ");
    kernel_close(d.kernel);
}

static void parts_are_contiguous_ranges_of_whole_sites(void **state)
{
    (void)state;
    static const uint32_t site[10] = {0, 1, 1, 1, 1, 1, 1, 2, 3, 3};
    const struct kernel_hooks hooks = {.deliver = deliver, .wake = wake};
    for (unsigned n = 1; n < 14; n++) {
        const struct kernel_config config = {.partitions = n, .nodes = 10, .site = site, .window = 5};
        struct kernel *k;
        assert_int_equal(kernel_open(&k, &config, &hooks), 0);
        assert_int_equal(kernel_partitions(k), n);
        uint32_t expect_first = 0, first = 0, end = 0;
        for (unsigned i = 0; i < n; i++) {
            part_range(kernel_part(k, i), &first, &end);
            assert_int_equal(first, expect_first);
            assert_true(end >= first && part_index(kernel_part(k, i)) == i);
            assert_true(end == 0 || end == 10 || site[end] != site[end - 1]);
            for (uint32_t node = first; node < end; node++)
                assert_ptr_equal(kernel_part_of(k, node), kernel_part(k, i));
            expect_first = end;
        }
        assert_int_equal(end, 10);
        kernel_close(k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_of_one_site_run_by_time_destination_source_and_number),
        cmocka_unit_test(a_run_ends_before_its_instant_and_the_rest_follows),
        cmocka_unit_test(a_wake_up_moves_and_happens_once),
        cmocka_unit_test(a_datagram_at_the_due_time_decides_about_the_wake_up),
        cmocka_unit_test(a_time_in_the_past_means_at_once),
        cmocka_unit_test(a_site_may_answer_itself_one_nanosecond_later),
        cmocka_unit_test(a_stop_ends_the_run_after_its_window_with_the_lowest_status),
        cmocka_unit_test(the_fingerprint_covers_key_true_length_and_bytes_of_what_counts),
        cmocka_unit_test(datagrams_of_one_number_run_by_flags_then_channel),
        cmocka_unit_test(two_datagrams_with_one_key_end_the_program),
        cmocka_unit_test(a_node_that_asks_for_the_past_again_and_again_ends_the_program),
        cmocka_unit_test(running_out_of_memory_ends_with_status_4),
        cmocka_unit_test(without_threads_partitions_run_in_turn),
        cmocka_unit_test(each_part_is_done_once),
        cmocka_unit_test(unsound_configurations_are_refused),
        cmocka_unit_test(only_nodes_to_which_something_happens_have_seats),
        cmocka_unit_test(a_sleeper_that_thinks_better_of_it_has_a_seat),
        cmocka_unit_test(parts_are_contiguous_ranges_of_whole_sites),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

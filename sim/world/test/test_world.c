/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins whole runs of small overlays: they join by protocol into one correct ring and find what they look for; figures, fingerprint and capture are
 * the same for both engines, other windows and any partitions, and whether keepalives are worked out or sent; a kill shows and heals; checks decide the exit status; an interrupt keeps results.
 * Leaves open how the figures of large runs compare with theory (long tests) and what single nodes do (proto/test). */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/world/world.h"

static const char joining[] = "reloadsim: 1\n"
                              "name: joining\n"
                              "overlay: {peers: 60, start: join}\n"
                              "network: {model: constant, delay: 50 ms}\n"
                              "workload:\n"
                              "  register: {every: 50 min, lifetime: 60 min}\n"
                              "  lookup: {every: 5 s, target: online}\n"
                              "phases: {warmup: 2 min, measure: 3 min}\n"
                              "record: {interval: 10 s}\n"
                              "check: [{ring_valid: {within: 0 s}}]\n";

/* Everything at once, short. */
static const char rough[] =
    "reloadsim: 1\n"
    "name: rough\n"
    "overlay: {peers: 60, start: join, bootstrap: {nodes: 3}}\n"
    "network: {model: coordinates, data: cities.csv, access: {law: {exponential: {mean: 10 ms}}, floor: 2 ms}, loss: 2 "
    "%}\n"
    "churn: {session: {exponential: {mean: 5 min}}, offline: {exponential: {mean: 5 min}}, graceful: 40 %}\n"
    "workload:\n"
    "  register: {every: 2 min, lifetime: 3 min}\n"
    "  lookup: {every: 15 s, target: online, popularity: {zipf: 0.8}}\n"
    "phases: {warmup: 2 min, measure: 3 min}\n"
    "faults: [{at: 90 s, kill: {share: 20 %, mode: host}}]\n"
    "record: {interval: 10 s, capture: {nodes: 4}}\n";

struct run {
    int status;
    struct summary summary;
    char *json; /* of the stable keys */
};

static void load(struct scenario *s, const char *text, const char *const *sets, unsigned nsets)
{
    char error[1024];
    if (scenario_parse(s, "test.yaml", text, strlen(text), sets, nsets, error, sizeof error))
        fail_msg("%s", error);
}

static void finish(struct world *w, struct run *r)
{
    size_t len;
    r->summary = *world_summary(w);
    FILE *f = open_memstream(&r->json, &len);
    assert_non_null(f);
    assert_int_equal(summary_json(&r->summary, f, true), 0);
    fclose(f);
    if (r->status == 70)
        world_print_checks(w, stderr);
    world_close(w);
}

static void run(struct run *r, const char *text, const char *const *sets, unsigned nsets, const struct world_options *o)
{
    static struct scenario s;
    struct world *w;
    char error[256];
    load(&s, text, sets, nsets);
    if (world_open(&w, &s, o, error, sizeof error))
        fail_msg("%s", error);
    r->status = world_run(w);
    finish(w, r);
}

/* The same run with keepalives worked out and with each sent as an event: faults of all kinds, silence and loss; joined and converged; in one part and in three. */
static void keepalives_worked_out_give_what_sending_them_gives(void **state)
{
    (void)state;
    static const char *const sets[][3] = {
        {"overlay.start=join", "network.loss=5%", "faults=[{at: 90 s, kill: {share: 20 %, mode: host}}]"},
        {"overlay.start=converged", "network.loss=20%", "faults=[{at: 60 s, kill: {share: 30 %, mode: process}}]"},
        {"overlay.start=converged", "overlay.link.keepalive={interval: 7 s, silent_after: 7 s}", "faults=[{at: 60 s, for: 40 s, partition: {share: 30 %}}]"},
    };
    for (unsigned k = 0; k < 3; k++) {
        struct run sent, reckoned;
        run(&sent, rough, sets[k], 3, &(struct world_options){.engine = KERNEL_HEAP, .keepalives_one_by_one = true});
        run(&reckoned, rough, sets[k], 3, &(struct world_options){.partitions = k == 2 ? 3 : 1});
        assert_true(sent.summary.datagrams_keepalive > 5000 && sent.summary.datagrams_lost_share > 0.01);
        assert_true(sent.summary.fingerprint == reckoned.summary.fingerprint);
        assert_string_equal(sent.json, reckoned.json);
        free(sent.json);
        free(reckoned.json);
    }
}

static void peers_join_into_one_ring_and_find_each_other(void **state)
{
    (void)state;
    struct run r;
    run(&r, joining, NULL, 0, &(struct world_options){.check_every_event = true});
    assert_int_equal(r.status, 0);
    assert_int_equal(r.summary.complete, 1);
    assert_true(r.summary.nodes_online_mean == 60);
    assert_true(r.summary.ring_wrong_successor == 0 && r.summary.ring_dead_successor == 0);
    assert_true(r.summary.ring_unreachable_values == 0 && r.summary.ring_under_replicated == 0);
    assert_true(r.summary.lookup_count > 1900 && r.summary.lookup_count < 2500); /* 60 * 180 s / 5 s = 2160 */
    assert_true(r.summary.lookup_success == 1);
    assert_true(r.summary.lookup_hops_mean > 1 && r.summary.lookup_hops_mean < 4);
    assert_int_equal(r.summary.join_count, 0);
    free(r.json);
}

/* overlay.clients: they attach, register, look up and are found, and the ring does without them, however it starts. */
static void clients_live_beside_the_ring(void **state)
{
    (void)state;
    for (unsigned converged = 0; converged < 2; converged++) {
        const char *const sets[] = {"overlay.clients=30%", converged ? "overlay.start=converged" : "overlay.start=join",
                                    "workload.lookup.target=any"};
        struct run r;
        run(&r, joining, sets, 3, &(struct world_options){.check_every_event = true});
        assert_int_equal(r.status, 0); /* the ring is valid */
        assert_true(r.summary.nodes_online_mean == 60);
        assert_true(r.summary.client_attached_mean > 8 && r.summary.client_attached_mean < 25);
        assert_true(r.summary.client_attached_mean == floor(r.summary.client_attached_mean)); /* nobody comes or goes */
        assert_true(r.summary.ring_wrong_successor == 0 && r.summary.ring_unreachable_values == 0);
        assert_true(r.summary.lookup_count > 1900);
        assert_true(r.summary.lookup_success == 1 && r.summary.lookup_absent == 0);
        free(r.json);
    }
}

/* They come and go, lose their peers to a kill, and attach again: all of them, and what they look for is found. */
static void clients_outlive_their_peers(void **state)
{
    (void)state;
    const char *const sets[] = {"overlay.clients=40%"};
    struct run r;
    run(&r, rough, sets, 1, &(struct world_options){.check_every_event = true});
    assert_int_equal(r.status, 0);
    assert_true(r.summary.attach_count > 10 && r.summary.attach_success > 0.7); /* of so few; peers fare no better */
    assert_true(r.summary.attach_latency_p50 < 5);
    assert_true(r.summary.after_lookup_success > 0.5);
    free(r.json);
}

/* Requests and answers by every way: looked for is found; the same with any engine and partitions. */
static void every_routing_finds_whom_it_looks_for(void **state)
{
    (void)state;
    static const char *const ways[][3] = {
        {"overlay.routing=iterative", "overlay.way_back=via-list", "network.closed=0%"},
        {"overlay.routing=direct-response", "overlay.way_back=compressed", "network.closed=50%"},
        {"overlay.routing=relay-peer", "overlay.way_back=state", "network.closed=50%"},
        {"overlay.routing=recursive", "overlay.way_back=compressed", "network.closed=0%"},
        {"overlay.routing=recursive", "overlay.way_back=state", "network.closed=0%"},
    };
    for (unsigned k = 0; k < sizeof ways / sizeof ways[0]; k++) {
        const char *const sets[] = {ways[k][0], ways[k][1], ways[k][2], "overlay.clients=20%"};
        struct run calm, heap, windows;
        run(&calm, joining, sets, 4, &(struct world_options){.check_every_event = true});
        assert_int_equal(calm.status, 0);
        assert_true(calm.summary.lookup_success == 1);
        assert_true(calm.summary.lookup_hops_mean > 1 && calm.summary.lookup_hops_mean < 5);
        run(&heap, rough, sets, 4, &(struct world_options){.engine = KERNEL_HEAP, .check_every_event = true});
        run(&windows, rough, sets, 4, &(struct world_options){.engine = KERNEL_WINDOWS, .partitions = 3});
        assert_int_equal(heap.status, 0);
        assert_string_equal(heap.json, windows.json);
        free(calm.json);
        free(heap.json);
        free(windows.json);
    }
}

static void an_overlay_of_one_answers_itself(void **state)
{
    (void)state;
    const char *const sets[] = {"overlay.peers=1", "overlay.bootstrap.nodes=1", "workload.lookup.target=any"};
    struct run r;
    run(&r, joining, sets, 3, &(struct world_options){0});
    assert_int_equal(r.status, 0);
    assert_int_equal(r.summary.lookup_count, 0); /* nobody else to look up */
    assert_in_range(r.summary.lookup_no_target, 20, 60);  /* 180 s / 5 s */
    assert_true(r.summary.ring_wrong_successor == 0);
    assert_int_equal(r.summary.datagrams, 0);
    free(r.json);
}

static void engines_windows_and_partitions_do_not_show(void **state)
{
    (void)state;
    static const struct world_options variants[] = {
        {.engine = KERNEL_HEAP},
        {.engine = KERNEL_WINDOWS, .window = MICROS(500)},
        {.engine = KERNEL_WINDOWS, .partitions = 2, .threads = KERNEL_THREADS_ALWAYS},
        {.engine = KERNEL_HEAP, .partitions = 3},
    };
    struct run first, other;
    run(&first, rough, NULL, 0, &(struct world_options){.check_every_event = true});
    assert_int_equal(first.status, 0);
    for (unsigned i = 0; i < sizeof variants / sizeof variants[0]; i++) {
        run(&other, rough, NULL, 0, &variants[i]);
        assert_string_equal(other.json, first.json);
        free(other.json);
    }
    free(first.json);
}

/* What samples of the ring tell does depend on when they are taken; nothing else may. */
static void forget_samples(struct run *r)
{
    size_t len;
    struct summary *s = &r->summary;
    s->links_mean = s->updates_seven_links = s->links_p99 = s->finger_valid_share = s->ring_wrong_successor = s->ring_dead_successor =
        s->ring_unreachable_values = s->ring_under_replicated = 0;
    s->faults = 0; /* what they did is told in bins of record.interval */
    free(r->json);
    FILE *f = open_memstream(&r->json, &len);
    assert_non_null(f);
    assert_int_equal(summary_json(s, f, true), 0);
    fclose(f);
}

static void measuring_changes_nothing(void **state)
{
    (void)state;
    static const char *const variants[][2] = {
        {"record.interval=1 s", "check=[]"},
        {"record.interval=7 s", "check=[]"},
        {"record.interval=2 min", "check=[]"},
        {"record.interval=10 s", "check=[{lookup.success: \"> 1 %\", except: 3500 ms after faults}]"}};
    static const char *const targets[] = {"workload.lookup.target=online", "workload.lookup.target=registered"};
    for (unsigned t = 0; t < 2; t++) {
        struct run first, other;
        run(&first, rough, (const char *const[]){targets[t]}, 1, &(struct world_options){0});
        forget_samples(&first);
        assert_true(first.summary.lookup_count > 100 && first.summary.lookup_stale > 0 && first.summary.crash_count > 0);
        for (unsigned i = 0; i < sizeof variants / sizeof variants[0]; i++) {
            run(&other, rough, (const char *const[]){targets[t], variants[i][0], variants[i][1]}, 3,
                &(struct world_options){.partitions = 1 + i % 2});
            forget_samples(&other);
            assert_string_equal(other.json, first.json);
            free(other.json);
        }
        free(first.json);
    }
}

/* Also where datagrams meet nobody and keepalives are many. */
static void an_event_is_a_datagram_or_a_wake_up(void **state)
{
    (void)state;
    struct run r;
    run(&r, rough, NULL, 0, &(struct world_options){0});
    assert_true(r.summary.datagrams_keepalive > 1000 && r.summary.datagrams_dead_share > 0);
    assert_int_equal(r.summary.events, r.summary.datagrams + r.summary.wakes);
    free(r.json);
}

static void another_seed_is_another_run(void **state)
{
    (void)state;
    const char *const sets[] = {"seed=2", "phases.measure=95 s"}, *const same[] = {"seed=1", "phases.measure=95 s"};
    struct run a, b;
    run(&a, rough, same, 2, &(struct world_options){0});
    run(&b, rough, sets, 2, &(struct world_options){0});
    assert_true(a.summary.fingerprint != b.summary.fingerprint);
    free(a.json);
    free(b.json);
}

static void a_kill_shows_and_heals(void **state)
{
    (void)state;
    const char *const sets[] = {"faults=[{at: 30 s, kill: {share: 30 %}}]", "check=[{ring_valid: {within: 90 s}}]",
                                "phases.measure=4 min", "record.interval=2 s"};
    struct run r;
    run(&r, joining, sets, 4, &(struct world_options){0});
    assert_int_equal(r.status, 0);
    assert_in_range(r.summary.crash_count, 8, 30);
    assert_int_equal(r.summary.join_count, 0); /* without churn they stay dead */
    assert_true(r.summary.ring_dead_successor > 0 && r.summary.ring_dead_successor < 0.05);
    assert_true(r.summary.detect_latency_p50 > 1 && r.summary.detect_latency_p50 < 60);
    assert_true(r.summary.e2e_resent > 0); /* what went to the dead goes again, round them */
    assert_true(r.summary.before_lookup_success == 1 && r.summary.after_lookup_success > 0.95);
    free(r.json);
}

/* Half of the peers die at 30 s: for some, all successors, which takes longer than a second to mend. That a harmless fault follows is no excuse. */
static void the_ring_must_hold_between_faults(void **state)
{
    (void)state;
    const char *const sets[] = {"faults=[{at: 30 s, kill: {share: 50 %}}, {at: 170 s, kill: {share: 0 %}}]",
                                "check=[{ring_valid: {within: 1 s}}]", "record.interval=2 s"};
    const char *const patient[] = {sets[0], "check=[{ring_valid: {within: 90 s}}]", sets[2]};
    struct run r;
    run(&r, joining, sets, 3, &(struct world_options){0});
    assert_int_equal(r.status, 1);
    free(r.json);
    run(&r, joining, patient, 3, &(struct world_options){0});
    assert_int_equal(r.status, 0);
    free(r.json);
}

static void a_check_that_fails_sets_the_status(void **state)
{
    (void)state;
    const char *const sets[] = {"check=[{lookup.success: \"< 50 %\"}]"};
    struct run r;
    run(&r, joining, sets, 1, &(struct world_options){0});
    assert_int_equal(r.status, 1);
    free(r.json);
}

static char *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_msg("no %s", path);
    char *bytes = malloc(64 << 20);
    *len = fread(bytes, 1, 64 << 20, f);
    fclose(f);
    return bytes;
}

static void the_capture_is_the_same_file_and_passes_the_gate(void **state)
{
    (void)state;
    char out[64], path[96], command[256];
    const char *const sets[] = {"phases.measure=1 min", "faults=[{at: 10 s, kill: {share: 50 %}}]"};
    struct run r;
    size_t len[2];
    char *bytes[2];
    snprintf(out, sizeof out, "/tmp/test_world.%ld/a", (long)getpid());
    snprintf(path, sizeof path, "%s/capture.pcapng", out);
    for (unsigned i = 0; i < 2; i++) {
        run(&r, rough, sets, 2,
            &(struct world_options){.out = out, .engine = i ? KERNEL_HEAP : KERNEL_WINDOWS, .partitions = 1 + 2 * i});
        assert_int_equal(r.status, 0);
        free(r.json);
        bytes[i] = read_file(path, &len[i]);
    }
    assert_int_equal(len[0], len[1]);
    assert_memory_equal(bytes[0], bytes[1], len[0]);
    assert_non_null(memmem(bytes[0], len[0], "; nobody there", 14)); /* half are dead */
    free(bytes[0]);
    free(bytes[1]);
    snprintf(command, sizeof command, "scripts/pcap-gate %s", path);
    if (access("/usr/bin/tshark", X_OK) == 0)
        assert_int_equal(system(command), 0);
    snprintf(command, sizeof command, "rm -r /tmp/test_world.%ld", (long)getpid());
    assert_int_equal(system(command), 0);
}

/* A capture that cannot be written does not hide what the checks say. */
static void a_failed_check_outranks_a_file_that_cannot_be_written(void **state)
{
    (void)state;
    char out[64], command[256];
    struct run r;
    const char *const sets[] = {"phases.measure=10 s", "record.capture.nodes=1", "check=[{lookup.success: \"< 50 %\"}]"};
    snprintf(out, sizeof out, "/tmp/test_world.%ld", (long)getpid());
    snprintf(command, sizeof command, "mkdir -p %s/capture.pcapng.part", out);
    assert_int_equal(system(command), 0);
    for (unsigned n = 2; n <= 3; n++) {
        run(&r, joining, sets, n, &(struct world_options){.out = out});
        assert_int_equal(r.status, n == 3 ? 1 : 4);
        free(r.json);
    }
    snprintf(command, sizeof command, "rm -r %s", out);
    assert_int_equal(system(command), 0);
}

static void an_interrupt_keeps_what_there_is(void **state)
{
    (void)state;
    static struct scenario s;
    struct world *w;
    struct run r;
    char error[256];
    load(&s, joining, NULL, 0);
    assert_int_equal(world_open(&w, &s, &(struct world_options){0}, error, sizeof error), 0);
    world_interrupt(w);
    r.status = world_run(w);
    finish(w, &r);
    assert_int_equal(r.status, 130);
    assert_int_equal(r.summary.complete, 0);
    assert_int_equal(r.summary.lookup_count, 0);
    assert_true(isnan(r.summary.events_per_cpu_s) && isnan(r.summary.datagrams_per_cpu_s)); /* it came in the warm-up */
    free(r.json);
}

/* Peers x time count up to the interrupt, in the middle of an interval of churn. */
static void an_interrupt_does_not_bend_means(void **state)
{
    (void)state;
    static struct scenario s;
    const char *const sets[] = {"overlay.start=converged",
                                "overlay.bootstrap.nodes=1",
                                "churn={session: {exponential: {mean: 10 s}}, offline: {exponential: {mean: 10 s}}}",
                                "phases={warmup: 0 s, measure: 1 s}",
                                "check=[]",
                                "record.interval=1 s"};
    const char *const longer[] = {sets[0], sets[1], sets[2], "phases={warmup: 0 s, measure: 1 min}", sets[4],
                                  "record.interval=30 s"};
    struct world *w;
    struct run whole, cut;
    char error[256];
    run(&whole, joining, sets, 6, &(struct world_options){0});
    load(&s, joining, longer, 6);
    assert_int_equal(world_open(&w, &s, &(struct world_options){0}, error, sizeof error), 0);
    world_interrupt(w); /* is seen after a second */
    cut.status = world_run(w);
    finish(w, &cut);
    assert_int_equal(cut.status, 130);
    assert_true(cut.summary.sim_s == 1 && cut.summary.crash_count > 0);
    assert_true(cut.summary.nodes_online_mean == whole.summary.nodes_online_mean);
    free(whole.json);
    free(cut.json);
}

static void *interrupt_soon(void *world)
{
    usleep(300000);
    world_interrupt(world);
    return NULL;
}

/* A measured phase of a second, and fifty minutes of waiting for what it began. */
static void an_interrupt_ends_the_drain(void **state)
{
    (void)state;
    static struct scenario s;
    const char *const sets[] = {"overlay.start=converged", "phases={warmup: 0 s, measure: 1 s}", "record.interval=1 s",
                                "overlay.config.overlay-reliability-timer=10 min", "workload.lookup.every=100 ms"};
    struct world *w;
    struct run r;
    pthread_t thread;
    char error[256];
    load(&s, joining, sets, 5);
    assert_int_equal(world_open(&w, &s, &(struct world_options){0}, error, sizeof error), 0);
    assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, w), 0);
    r.status = world_run(w);
    pthread_join(thread, NULL);
    assert_true(kernel_now(net_kernel(world_net(w))) < MINUTES(50));
    finish(w, &r);
    assert_int_equal(r.status, 130);
    assert_int_equal(r.summary.complete, 0);
    free(r.json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keepalives_worked_out_give_what_sending_them_gives),
        cmocka_unit_test(peers_join_into_one_ring_and_find_each_other),
        cmocka_unit_test(clients_live_beside_the_ring),
        cmocka_unit_test(clients_outlive_their_peers),
        cmocka_unit_test(every_routing_finds_whom_it_looks_for),
        cmocka_unit_test(an_overlay_of_one_answers_itself),
        cmocka_unit_test(engines_windows_and_partitions_do_not_show),
        cmocka_unit_test(measuring_changes_nothing),
        cmocka_unit_test(an_event_is_a_datagram_or_a_wake_up),
        cmocka_unit_test(another_seed_is_another_run),
        cmocka_unit_test(a_kill_shows_and_heals),
        cmocka_unit_test(the_ring_must_hold_between_faults),
        cmocka_unit_test(a_check_that_fails_sets_the_status),
        cmocka_unit_test(the_capture_is_the_same_file_and_passes_the_gate),
        cmocka_unit_test(a_failed_check_outranks_a_file_that_cannot_be_written),
        cmocka_unit_test(an_interrupt_keeps_what_there_is),
        cmocka_unit_test(an_interrupt_does_not_bend_means),
        cmocka_unit_test(an_interrupt_ends_the_drain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

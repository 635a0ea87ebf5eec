/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/test/random_scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/base/hash.h"
#include "sim/world/checks.h"

#define FAULTS      4u
#define TEXT_MAX    RANDOM_SCENARIO_MAX
#define KEY_DRAWS   UINT64_C(0x72616e64)
#define CRASHED     200 /* an assertion, or a signal */
#define RUN_SECONDS 120u

enum happening { KILL, REBOOT, LEAVE, NETWORK, PARTITION, SLOW, IDLE, SET, FLOOD, HAPPENINGS };

/* What a fault is made of. All times in seconds. */
struct trouble {
    enum happening what;
    unsigned at, lasts, share; /* per cent */
    unsigned amount;           /* as the kind wants it */
    bool process;
};

/* All that was drawn, before it becomes text: what the shrinker works on. */
struct plan {
    uint64_t seed;
    bool chord2003, joins;
    unsigned peers, bootstrap;
    unsigned predecessors, successors, fingers; /* 0 = auto */
    unsigned update_s, ping_s;                  /* mean intervals */
    bool laws;                                  /* exponential instead of fixed */
    bool reactive, certificates;
    unsigned rto_ms, keepalive_s, suspect_after, mtu; /* 0 = rfc6298; 0 = off */
    unsigned transactions, links, block_kib;
    unsigned sign_us, delay_ms, min_delay_us, model, loss_permille;
    unsigned session_s; /* 0 = no churn */
    unsigned churn_law, graceful;
    bool new_id;
    unsigned register_s, lookup_ms;
    unsigned warmup_s, calm_s; /* calm: from the last fault to the end, and what the overlay is given to settle */
    unsigned troubles;
    struct trouble trouble[FAULTS];
};

/* ---- drawing ---- */

struct dice {
    uint64_t seed, n;
};

static uint64_t dice_next(struct dice *d)
{
    return hash64_mix(d->seed, d->n++);
}

static unsigned between(struct dice *d, unsigned from, unsigned to)
{
    return from + (unsigned)(dice_next(d) % (to - from + 1));
}

static bool one_in(struct dice *d, unsigned n)
{
    return dice_next(d) % n == 0;
}

static unsigned one_of(struct dice *d, const unsigned *list, unsigned n)
{
    return list[dice_next(d) % n];
}
#define ONE_OF(d, ...) one_of(d, (const unsigned[]){__VA_ARGS__}, sizeof((const unsigned[]){__VA_ARGS__}) / sizeof(unsigned))

static struct trouble trouble_draw(struct dice *d, bool chord2003, unsigned at)
{
    struct trouble t = {.what = (enum happening)between(d, 0, HAPPENINGS - 1), .at = at, .share = between(d, 5, 25), .process = one_in(d, 2)};
    if (chord2003)
        t.what = one_in(d, 2) ? KILL : one_in(d, 2) ? REBOOT : NETWORK;
    switch (t.what) {
    case KILL: t.amount = between(d, 10, 60); break; /* back after so many seconds */
    case REBOOT: t.lasts = between(d, 5, 60), t.amount = between(d, 2, 30); break;
    case NETWORK: t.lasts = between(d, 5, 20), t.amount = between(d, 0, 10); break; /* loss in per cent */
    case PARTITION: t.lasts = 1; break; /* longer ones part the ring for good: see the header of test_random.c */
    case SLOW: t.lasts = between(d, 5, 60), t.amount = between(d, 2, 20); break;
    case IDLE: t.lasts = between(d, 10, 100); break;
    case SET: t.lasts = between(d, 20, 100), t.amount = between(d, 20, 200); break; /* another chord-update-interval */
    case FLOOD: t.lasts = between(d, 5, 30), t.amount = between(d, 1000, 5000); break; /* ms between look-ups */
    case LEAVE: case HAPPENINGS: break;
    }
    return t;
}

static void draw_overlay(struct dice *d, struct plan *p)
{
    p->chord2003 = one_in(d, 6);
    p->joins = one_in(d, 3);
    p->peers = one_in(d, 4) ? between(d, 20, 200) : between(d, 20, 80);
    p->bootstrap = between(d, 1, 8);
    p->predecessors = ONE_OF(d, 3, 3, 4, 8);
    p->successors = ONE_OF(d, 3, 3, 4, 8);
    p->fingers = ONE_OF(d, 0, 0, 4, 16, 40);
    p->update_s = between(d, 20, 90);
    p->ping_s = between(d, 60, 600);
    p->laws = one_in(d, 4);
    p->reactive = !one_in(d, 5);
    p->certificates = one_in(d, 6);
    p->rto_ms = ONE_OF(d, 0, 0, 500);
    p->keepalive_s = ONE_OF(d, 15, 15, 5, 0);
    p->suspect_after = between(d, 2, 4);
    p->mtu = ONE_OF(d, 1435, 1435, 1200, 700);
    p->transactions = ONE_OF(d, 128, 256);
    p->links = ONE_OF(d, 256, 4096);
    p->block_kib = ONE_OF(d, 1024, 4096);
    p->sign_us = ONE_OF(d, 0, 282, 3000);
}

static struct plan plan_draw(uint64_t seed)
{
    struct dice d = {hash64_mix(KEY_DRAWS, seed), 0};
    struct plan p = {.seed = seed};
    draw_overlay(&d, &p);
    p.delay_ms = between(&d, 5, 150);
    p.min_delay_us = ONE_OF(&d, 1000, 1000, 100, 5000);
    p.model = between(&d, 0, 2);
    p.loss_permille = ONE_OF(&d, 0, 2, 5, 20);
    p.session_s = one_in(&d, 3) ? between(&d, 200, 1500) : 0;
    p.churn_law = between(&d, 0, 3);
    p.graceful = between(&d, 0, 100);
    p.new_id = one_in(&d, 4) && !p.chord2003;
    p.register_s = one_in(&d, 5) ? 0 : between(&d, 60, 300);
    p.lookup_ms = between(&d, 4000, 60000);
    p.warmup_s = (p.joins ? p.peers + 120 : 30) + between(&d, 0, 60);
    p.calm_s = 4 * p.update_s + 200;
    if (p.register_s && p.calm_s < 2 * p.register_s + 100)
        p.calm_s = 2 * p.register_s + 100; /* what all holders took with them is gone until then: as long as it is said to live */
    if (p.joins)
        p.warmup_s += p.calm_s; /* what was stored in the rush of joins may be lost until it is stored again */
    if (p.chord2003) { /* a message that is late or lost is a peer that is dead to it */
        p.loss_permille = 0;
        p.model = 0;
        p.delay_ms = p.delay_ms > 45 ? 45 : p.delay_ms; /* four faults of 150 % at once, and still back within its 500 ms */
        p.update_s = p.update_s / 3 + 4;
    }
    p.troubles = between(&d, 0, FAULTS);
    for (unsigned k = 0, at = 10; k < p.troubles; k++) {
        at += between(&d, 0, 60);
        p.trouble[k] = trouble_draw(&d, p.chord2003, at);
    }
    return p;
}

/* ---- text ---- */

struct text {
    char b[TEXT_MAX];
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(t->b + t->len, sizeof t->b - t->len, format, arguments);
    va_end(arguments);
    if (n > 0 && (size_t)n < sizeof t->b - t->len)
        t->len += (size_t)n;
}

static void put_interval(struct text *t, const char *key, unsigned mean_s, bool law)
{
    if (law)
        put(t, "%s: {exponential: {mean: %u s}}", key, mean_s);
    else
        put(t, "%s: %u s", key, mean_s);
}

static void put_overlay(struct text *t, const struct plan *p)
{
    put(t, "overlay:\n  protocol: %s\n  peers: %u\n  start: %s\n", p->chord2003 ? "chord2003" : "reload", p->peers, p->joins ? "join" : "converged");
    put(t, "  bootstrap: {nodes: %u}\n", p->bootstrap < p->peers ? p->bootstrap : p->peers);
    if (p->chord2003) {
        put(t, "  chord2003: {");
        put_interval(t, "stabilize", p->update_s / 2, p->laws);
        put(t, ", ");
        put_interval(t, "fix_fingers", p->update_s / 2, p->laws);
        put(t, ", successors: %u}\n", p->successors + 4);
        return;
    }
    put(t, "  chord: {predecessors: %u, successors: %u, fingers: ", p->predecessors, p->successors);
    if (p->fingers)
        put(t, "%u}\n", p->fingers);
    else
        put(t, "auto}\n");
    put(t, "  config: {");
    put_interval(t, "chord-update-interval", p->update_s, p->laws);
    put(t, ", ");
    put_interval(t, "chord-ping-interval", p->ping_s, p->laws);
    put(t, ", chord-reactive: %s}\n", p->reactive ? "true" : "false");
    if (p->rto_ms)
        put(t, "  link: {rto: %u ms, ", p->rto_ms);
    else
        put(t, "  link: {rto: rfc6298, ");
    if (p->keepalive_s)
        put(t, "keepalive: {interval: %u s, silent_after: %u s}", p->keepalive_s, 2 * p->keepalive_s);
    else
        put(t, "keepalive: off");
    put(t, ", suspect_after: %u retransmissions, mtu: %u B}\n", p->suspect_after, p->mtu);
    put(t, "  limits: {transactions: %u, links: %u, block: %u KiB}\n", p->transactions, p->links, p->block_kib);
    put(t, "  crypto: {sign: %u us}\n", p->sign_us);
    if (p->certificates)
        put(t, "  store_certificates: true\n");
}

static void put_network(struct text *t, const struct plan *p)
{
    unsigned least_ms = p->min_delay_us / 1000 + 1, delay_ms = p->delay_ms > least_ms ? p->delay_ms : least_ms;
    if (p->model == 0)
        put(t, "network: {model: constant, delay: %u ms", delay_ms);
    else if (p->model == 1)
        put(t, "network: {model: exponential, mean: %u ms", delay_ms);
    else
        put(t, "network: {model: coordinates");
    put(t, ", min_delay: %u us, loss: %u.%u %%}\n", p->min_delay_us, p->loss_permille / 10, p->loss_permille % 10);
}

static void put_churn(struct text *t, const struct plan *p)
{
    if (!p->session_s)
        return;
    put(t, "churn: {session: ");
    switch (p->churn_law) {
    case 0: put(t, "{exponential: {mean: %u s}}", p->session_s); break;
    case 1: put(t, "{weibull: {scale: %u s, shape: 0.6}}", p->session_s); break;
    case 2: put(t, "{lognormal: {median: %u s, sigma: 1}}", p->session_s); break;
    default: put(t, "{uniform: {from: 100 s, to: %u s}}", p->session_s + 200); break;
    }
    put(t, ", offline: {exponential: {mean: %u s}}, graceful: %u %%%s}\n", p->session_s / 2 + 10, p->graceful, p->new_id ? ", rejoin: new-id" : "");
}

static void put_trouble(struct text *t, const struct trouble *x)
{
    put(t, "  - {at: %u s, ", x->at);
    switch (x->what) {
    case KILL: put(t, "kill: {share: %u %%, mode: %s, restart: %u s}", x->share, x->process ? "process" : "host", x->amount); break;
    case REBOOT: put(t, "reboot: {share: %u %%, within: %u s, delay: %u s}", x->share, x->lasts, x->amount); break;
    case LEAVE: put(t, "leave: {share: %u %%}", x->share); break;
    case NETWORK: put(t, "for: %u s, network: {latency: 150 %%, loss: %u %%}", x->lasts, x->amount); break;
    case PARTITION: put(t, "for: %u s, partition: {share: %u %%}", x->lasts, x->share); break;
    case SLOW: put(t, "for: %u s, slow: {share: %u %%, factor: %u}", x->lasts, x->share, x->amount); break;
    case IDLE: put(t, "for: %u s, idle: {share: %u %%}", x->lasts, x->share); break;
    case SET: put(t, "for: %u s, set: {overlay.config.chord-update-interval: %u s}", x->lasts, x->amount); break;
    case FLOOD: put(t, "for: %u s, flood: {share: %u %%, every: %u ms}", x->lasts, x->share, x->amount); break;
    case HAPPENINGS: break;
    }
    put(t, "}\n");
}

/* When the last fault is over, those who come back included. */
static unsigned over_at(const struct plan *p)
{
    unsigned over = 0;
    for (unsigned k = 0; k < p->troubles; k++) {
        const struct trouble *x = &p->trouble[k];
        unsigned end = x->at + x->lasts + (x->what == KILL || x->what == REBOOT ? x->amount : 0);
        over = end > over ? end : over;
    }
    return over;
}

/* Whether links carry the look-ups. One frame is under way on each (RFC 6940 6.6.3.1): an exchange of about 1,500 and 2,400 bytes takes as many round trips as it has
 * fragments. Where that is a fair part of the time between two look-ups of a peer, the links near popular values are full, requests are repeated, and most registrations
 * time out: what was never stored has no copies. */
static bool links_suffice(const struct plan *p)
{
    unsigned frames = (1500 + p->mtu - 1) / p->mtu + (2400 + p->mtu - 1) / p->mtu, one_way_ms = p->model == 2 ? 75 : p->delay_ms;
    return p->lookup_ms >= 4 * frames * (2 * one_way_ms + 10);
}

static void plan_print(const struct plan *p, struct text *t)
{
    t->len = 0;
    put(t, "reloadsim: 1\nname: random\nseed: %llu\n", (unsigned long long)p->seed);
    put_overlay(t, p);
    put_network(t, p);
    put_churn(t, p);
    put(t, "workload: {lookup: {every: %u ms, target: %s}", p->lookup_ms, p->chord2003 ? "random" : p->register_s ? "online" : "random");
    if (p->register_s && !p->chord2003)
        put(t, ", register: {every: %u s, lifetime: %u s}", p->register_s, 2 * p->register_s + 60);
    put(t, "}\nphases: {warmup: %u s, measure: %u s}\nrecord: {interval: 5 s}\n", p->warmup_s, over_at(p) + p->calm_s + 60);
    if (p->troubles)
        put(t, "faults:\n");
    for (unsigned k = 0; k < p->troubles; k++)
        put_trouble(t, &p->trouble[k]);
    put(t, "check:\n");
    /* With more loss somebody is always suspected of having failed, for a second. And behind a death the classic Chord needs three rounds in a row: of the
     * successor's predecessor, of a newcomer between, of the former once more. Drawn from a law they last longer than the minute that a newcomer is given. */
    if (p->loss_permille <= 5 && !(p->chord2003 && p->laws && p->session_s))
        put(t, "  - ring_valid: {within: %u s}\n", p->calm_s + 60);
    if (p->session_s) { /* under churn somebody is always on the way */
        put(t, "  - {ring.wrong_successor: \"< 50 %%\"}\n");
        return;
    }
    put(t, "  - {ring.wrong_successor: \"< 1 %%\", except: %u s after faults}\n", p->calm_s);
    if (p->register_s && !p->chord2003 && links_suffice(p)) {
        put(t, "  - {ring.unreachable_values: \"< 1 %%\", except: %u s after faults}\n", p->calm_s);
        put(t, "  - {ring.under_replicated: \"< 2 %%\", except: %u s after faults}\n", p->calm_s);
    }
}

/* ---- running ---- */

/* How a run ended: 0, or the status of what went wrong; and which checks failed, a bit for each name. */
struct finding {
    int status;
    uint64_t checks;
};

/* The same thing went wrong, as far as one can tell: a smaller scenario that fails for another reason would lead astray. */
static bool finding_alike(const struct finding *a, const struct finding *b)
{
    return a->status == b->status && (a->checks == b->checks || (a->checks & b->checks));
}

static uint64_t checks_failed(const struct world *w)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < w->check_count; i++) {
        const struct check_result *r = &w->checks[i];
        const char *name = !r->check ? (i ? "datagrams" : "invariants") : r->check->ring_valid ? "ring_valid" : r->check->metric;
        bits |= (uint64_t)r->failed << (hash64(KEY_DRAWS, name, strlen(name)) % 64);
    }
    return bits;
}

/* In a process of its own, so that an assertion is a finding like any other. */
static struct finding run(const struct text *t, bool tell)
{
    uint64_t *checks = mmap(NULL, sizeof *checks, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(checks != MAP_FAILED);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        static struct scenario s;
        struct world *w;
        char error[1024];
        setrlimit(RLIMIT_CPU, &(struct rlimit){RUN_SECONDS, RUN_SECONDS}); /* of its own CPU time: the machine may be busy */
        if (!tell && !freopen("/dev/null", "w", stderr))
            _exit(CRASHED);
        if (scenario_parse(&s, "random.yaml", t->b, t->len, NULL, 0, error, sizeof error) ||
            world_open(&w, &s, &(struct world_options){.check_every_event = true}, error, sizeof error)) {
            fprintf(stderr, "%s\n", error);
            _exit(2);
        }
        int status = world_run(w);
        *checks = checks_failed(w);
        if (status)
            world_print_checks(w, stderr);
        fflush(NULL);
        world_close(w);
        _exit(status);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    struct finding f = {WIFEXITED(status) ? WEXITSTATUS(status) : CRASHED, *checks};
    munmap(checks, sizeof *checks);
    return f;
}

static struct finding run_plan(const struct plan *p, bool tell)
{
    static struct text t;
    plan_print(p, &t);
    return run(&t, tell);
}

/* ---- making a failure smaller ---- */

/* The n-th way to make a plan smaller; false when there is none left. *changed: it made a difference. */
static bool smaller(const struct plan *from, unsigned n, struct plan *to, bool *changed)
{
    *to = *from;
    if (n < FAULTS) {
        if (n < to->troubles) {
            memmove(to->trouble + n, to->trouble + n + 1, (to->troubles - n - 1) * sizeof *to->trouble);
            to->troubles--;
        }
        *changed = to->troubles != from->troubles;
        return true;
    }
    switch (n - FAULTS) {
    case 0: to->peers = from->peers / 2 > 8 ? from->peers / 2 : 8; break;
    case 1: to->loss_permille = 0; break;
    case 2: to->session_s = 0; break;
    case 3: to->calm_s = from->calm_s / 2 > 120 ? from->calm_s / 2 : from->calm_s; break;
    case 4: to->register_s = 0; break;
    case 5: to->model = 0; break;
    case 6: to->laws = false; break;
    case 7: to->sign_us = 0; break;
    case 8: to->predecessors = to->successors = 3, to->fingers = 0; break;
    case 9: to->rto_ms = 0, to->keepalive_s = 15, to->suspect_after = 3, to->mtu = 1435; break;
    case 10: to->transactions = 256, to->links = 4096, to->block_kib = 4096; break;
    case 11: to->certificates = false; break;
    case 12: to->reactive = true; break;
    case 13: to->lookup_ms = 60000; break;
    case 14: /* never back and forth with the next */
        if (from->joins)
            to->joins = false, to->warmup_s = 60;
        break;
    case 15: to->warmup_s = to->joins ? from->warmup_s : 30; break;
    case 16:
        for (unsigned k = 0; k < to->troubles; k++)
            to->trouble[k].at = 10;
        break;
    default: return false;
    }
    *changed = memcmp(from, to, sizeof *from) != 0;
    return true;
}

typedef struct finding (*run_fn)(const struct plan *, bool tell);

static struct plan shrink(struct plan p, run_fn run_it, const struct finding *found, unsigned *runs)
{
    bool again = true, changed;
    while (again) {
        struct plan q = p;
        again = false;
        for (q.peers = p.peers / 2 > 8 ? p.peers / 2 : 8; q.peers < p.peers; q.peers = p.peers / 2 > 8 ? p.peers / 2 : 8) { /* first: all that follows is faster */
            struct finding f = run_it(&q, false);
            ++*runs;
            if (!finding_alike(&f, found))
                break;
            p.peers = q.peers;
        }
        for (unsigned n = 0; smaller(&p, n, &q, &changed); n++) {
            if (!changed)
                continue;
            struct finding f = run_it(&q, false);
            ++*runs;
            if (!finding_alike(&f, found))
                continue;
            p = q;
            again = true;
        }
    }
    return p;
}

/* The scenario, and what it says when it is run. */
static void told(const struct text *t)
{
    fwrite(t->b, 1, t->len, stdout);
    putchar('\n');
    run(t, true);
}

size_t random_scenario_text(uint64_t seed, const char *more, char text[RANDOM_SCENARIO_MAX])
{
    static struct text t;
    const struct plan p = plan_draw(seed);
    plan_print(&p, &t);
    put(&t, "%s", more);
    memcpy(text, t.b, t.len + 1);
    return t.len;
}

bool random_scenario_holds(uint64_t seed)
{
    static struct text t;
    struct plan p = plan_draw(seed);
    struct finding found = run_plan(&p, false);
    unsigned runs = 0;
    if (found.status == 0)
        return true;
    print_message("SEED=%llu ends with %d%s. All of it:\n\n", (unsigned long long)seed, found.status, found.status == CRASHED ? " (it crashed)" : "");
    plan_print(&p, &t);
    told(&t);
    if (found.status != 2) { /* else the generator is wrong, not the simulator */
        p = shrink(p, run_plan, &found, &runs);
        plan_print(&p, &t);
        print_message("\nThe smallest that still fails so, after %u runs:\n\n", runs);
        told(&t);
    }
    return false;
}

static struct random_size size_of(const struct plan *p)
{
    return (struct random_size){.peers = p->peers, .troubles = p->troubles, .churn = p->session_s > 0, .loss = p->loss_permille > 0,
                                .seconds = p->warmup_s + over_at(p) + p->calm_s + 60};
}

/* As if the simulator went wrong whenever something takes peers away and twelve are there at least; and in another way where messages are lost. */
static struct finding planted(const struct plan *p, bool tell)
{
    bool taken = p->session_s > 0;
    (void)tell;
    for (unsigned k = 0; k < p->troubles; k++)
        taken |= p->trouble[k].what == KILL || p->trouble[k].what == REBOOT || p->trouble[k].what == LEAVE;
    return (struct finding){.status = taken && p->peers >= 12 ? 1 : p->loss_permille ? 70 : 0, .checks = 1};
}

bool random_scenario_shrinks(uint64_t seed, struct random_size *before, struct random_size *after)
{
    static struct text t;
    static struct scenario s;
    struct plan p = plan_draw(seed);
    char error[1024];
    unsigned runs = 0;
    struct finding found = planted(&p, false);
    if (found.status != 1)
        return false;
    *before = size_of(&p);
    p = shrink(p, planted, &found, &runs);
    *after = size_of(&p);
    plan_print(&p, &t);
    if (scenario_parse(&s, "random.yaml", t.b, t.len, NULL, 0, error, sizeof error))
        fail_msg("%s", error);
    assert_int_equal(planted(&p, false).status, 1);
    return true;
}

static void one_seed(void **state)
{
    const uint64_t *seed = *state;
    assert_true(random_scenario_holds(*seed));
}

int random_scenario_tests(uint64_t first, unsigned count)
{
    const char *one = getenv("SEED");
    if (one) {
        first = strtoull(one, NULL, 10);
        count = 1;
    }
    struct CMUnitTest *test = calloc(count, sizeof *test);
    uint64_t *seed = calloc(count, sizeof *seed);
    char(*name)[32] = calloc(count, sizeof *name);
    if (!test || !seed || !name)
        return 1;
    for (unsigned k = 0; k < count; k++) {
        seed[k] = first + k;
        snprintf(name[k], sizeof name[k], "scenario_%llu", (unsigned long long)seed[k]);
        test[k] = (struct CMUnitTest){.name = name[k], .test_func = one_seed, .initial_state = &seed[k]};
    }
    int failed = _cmocka_run_group_tests("random scenarios", test, count, NULL, NULL);
    free(name);
    free(seed);
    free(test);
    return failed;
}

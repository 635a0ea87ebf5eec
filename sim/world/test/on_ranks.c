/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/test/on_ranks.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sim/kernel/random.h"
#include "sim/rank/hub.h"
#include "sim/record/journal.h"
#include "sim/record/segments.h"
#include "sim/world/test/random_scenario.h"
#include "sim/world/world.h"

#define RANKS_MAX 16u
#define PATHS_MAX 160

struct outcome_of {
    int status;
    struct summary summary;
};

struct runner {
    const struct scenario *scenario;
    const char *folder, *resume;
    unsigned partitions;
    enum kernel_engine engine;
    struct outcome_of result[RANKS_MAX]; /* of each rank */
    char error[RANKS_MAX][512];
};

static char base[64];               /* a folder with "alone" and "ranks" */
static const struct scenario *kept; /* whose run alone is in it */
static struct outcome_of alone;

static void run(void *context, struct ranks *ranks)
{
    struct runner *r = context;
    unsigned self = ranks_self(ranks);
    struct world *w;
    r->result[self].status = -1;
    const struct world_options options = {.engine = r->engine,
                                          .partitions = r->partitions,
                                          .ranks = ranks,
                                          .out = r->folder,
                                          .resume = r->resume,
                                          .check_every_event = true};
    if (world_open(&w, r->scenario, &options, r->error[self], sizeof r->error[self]))
        return;
    r->result[self].status = world_run(w);
    r->result[self].summary = *world_summary(w);
    world_close(w);
}

/* False when a rank could not begin, or they do not agree. */
static bool run_leg(const struct scenario *s, const struct leg *leg, const char *folder, const char *resume, struct outcome_of *out)
{
    static struct runner r;
    bool fine = true;
    unsigned ranks = leg->ranks ? leg->ranks : 1;
    r = (struct runner){.scenario = s, .folder = folder, .resume = resume, .partitions = leg->partitions, .engine = leg->engine};
    if (ranks == 1)
        run(&r, NULL);
    else if (hub_run(ranks, run, &r))
        abort();
    for (unsigned i = 0; i < ranks; i++) {
        if (r.result[i].status < 0)
            printf("rank %u of %u could not begin: %s\n", i, ranks, r.error[i]);
        else if (r.result[i].status != r.result[0].status || r.result[i].summary.fingerprint != r.result[0].summary.fingerprint)
            printf("rank %u of %u ends with %d, rank 0 with %d\n", i, ranks, r.result[i].status, r.result[0].status);
        else
            continue;
        fine = false;
    }
    *out = r.result[0];
    return fine;
}

static bool run_on(const struct scenario *s, unsigned ranks, const char *folder, struct outcome_of *out)
{
    return run_leg(s, &(struct leg){.ranks = ranks}, folder, NULL, out);
}

/* ---- comparing ---- */

struct file {
    int fd;
    struct segment_reader in;
};

static bool file_open(struct file *f, const char *folder)
{
    char path[PATHS_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, JOURNAL_FILE);
    f->fd = open(path, O_RDONLY);
    return f->fd >= 0 && segments_open(&f->in, f->fd) == 0;
}

static void file_close(struct file *f)
{
    segments_close(&f->in);
    close(f->fd);
}

/* The head tells of the machine, and the close of how long it took: of that only the time and whether it is whole are compared. */
static bool same_segment(const struct segment *a, const struct segment *b)
{
    if (a->kind != b->kind || (a->len != b->len && a->kind != SEGMENT_CLOSE))
        return false;
    size_t len = a->kind == SEGMENT_HEAD ? 0 : a->kind == SEGMENT_CLOSE ? 12 : a->len;
    return memcmp(a->bytes, b->bytes, len) == 0;
}

static double seconds_of(const struct segment *s, double last_s)
{
    uint64_t ns = 0;
    if (s->kind == SEGMENT_NODES || s->kind == SEGMENT_RING) /* these tell no time of their own */
        return last_s;
    memcpy(&ns, s->bytes, s->len < sizeof ns ? s->len : sizeof ns);
    return (double)ns / 1e9;
}

/* *upto: the time of the row that differs, or at which all was still the same. */
static bool same_segments(const char *one, const char *other, sim_time *upto)
{
    static const char *const kinds[SEGMENT_KINDS] = {[SEGMENT_HEAD] = "head", [SEGMENT_ROW] = "row", [SEGMENT_EVENT] = "event",
                                                     [SEGMENT_NODES] = "nodes", [SEGMENT_CLOSE] = "close", [SEGMENT_RING] = "ring"};
    struct file a, b;
    if (!file_open(&a, one) || !file_open(&b, other)) {
        printf("no segments in %s or %s\n", one, other);
        return false;
    }
    struct segment x = {0}, y = {0};
    bool same = true;
    double last_s = 0;
    for (;;) {
        enum segments_found fx = segments_next(&a.in, &x), fy = segments_next(&b.in, &y);
        if (fx != SEGMENTS_ONE || fy != SEGMENTS_ONE) {
            same = fx == SEGMENTS_END && fy == SEGMENTS_END && x.kind == SEGMENT_CLOSE;
            if (!same)
                printf("one has more segments than the other, after %.9f s\n", last_s);
            break;
        }
        if (!(same = same_segment(&x, &y))) {
            printf("segment %" PRIu32 " differs: %s of %.9f s, %s of %.9f s\n", x.number, kinds[x.kind], seconds_of(&x, last_s), kinds[y.kind], seconds_of(&y, last_s));
            break;
        }
        last_s = x.kind == SEGMENT_ROW || x.kind == SEGMENT_EVENT ? seconds_of(&x, last_s) : last_s;
    }
    *upto = (sim_time)((x.kind == SEGMENT_ROW ? seconds_of(&x, last_s) : last_s) * 1e9);
    fflush(stdout);
    file_close(&a);
    file_close(&b);
    return same;
}

static bool same_files(const char *one, const char *other, const char *name)
{
    char command[4 * PATHS_MAX + 64];
    snprintf(command, sizeof command, "test ! -e %s/%s || cmp %s/%s %s/%s", one, name, one, name, other, name);
    return system(command) == 0;
}

/* ---- where they part ---- */

/* What is recorded does not change what happens, and a row holds the fingerprint and all counters so far: with a row a window, the first that differs is the first
 * window that differs. */
static void tell_window(const struct scenario *s, unsigned ranks, sim_time upto, const char *one, const char *other)
{
    struct scenario *fine = malloc(sizeof *fine);
    struct outcome_of out;
    if (!fine)
        abort();
    *fine = *s;
    fine->record_interval = s->min_delay;
    if (upto > s->warmup && upto < s->warmup + s->measure)
        fine->measure = upto - s->warmup;
    else if (upto <= s->warmup)
        fine->measure = SECONDS(1);
    fine->checks = 0;
    fine->record_nodes = false;
    fine->ring_nodes = fine->capture_nodes = 0;
    printf("once more with a row for each window of %.6f s:\n", (double)s->min_delay / 1e9);
    if (run_on(fine, 1, one, &out) && run_on(fine, ranks, other, &out) && same_segments(one, other, &upto))
        printf("then all rows are the same: what differs is not in the rows\n");
    free(fine);
}

/* ---- the door ---- */

static void paths(char one[PATHS_MAX], char other[PATHS_MAX])
{
    if (!base[0]) {
        snprintf(base, sizeof base, "/tmp/on_ranks.XXXXXX");
        if (!mkdtemp(base))
            abort();
    }
    snprintf(one, PATHS_MAX, "%s/alone", base);
    snprintf(other, PATHS_MAX, "%s/ranks", base);
}

static bool run_alone(const struct scenario *s, const char *one)
{
    bool fine = kept == s || run_on(s, 1, one, &alone);
    kept = fine ? s : NULL;
    return fine;
}

static bool same_outcome(const struct outcome_of *on, const char *one, const char *other, sim_time *upto)
{
    bool same = on->status == alone.status && on->summary.fingerprint == alone.summary.fingerprint;
    if (on->status != alone.status)
        printf("status %d alone, %d\n", alone.status, on->status);
    if (on->summary.fingerprint != alone.summary.fingerprint)
        printf("fingerprint %016" PRIx64 " alone, %016" PRIx64 "\n", alone.summary.fingerprint, on->summary.fingerprint);
    *upto = 0;
    same = same_segments(one, other, upto) && same;
    return same_files(one, other, "capture.pcapng") && same;
}

bool on_ranks_in_legs(const struct scenario *s, const struct leg *leg, unsigned legs)
{
    char one[PATHS_MAX], other[PATHS_MAX], from[PATHS_MAX], made[PATHS_MAX];
    struct outcome_of on = {0};
    sim_time upto;
    bool fine = true;
    struct scenario *with = malloc(sizeof *with);
    paths(one, other);
    snprintf(made, sizeof made, "%s/ranks/checkpoint", base);
    snprintf(from, sizeof from, "%s/from", base);
    if (!with)
        abort();
    if (!run_alone(s, one)) {
        free(with);
        return false;
    }
    *with = *s;
    for (unsigned i = 0; i < legs && fine; i++) {
        with->checkpoint_every = leg[i].every;
        fine = run_leg(with, &leg[i], other, i ? from : NULL, &on);
        bool left = i + 1 == legs || rename(made, from) == 0;
        if (fine && !left && i == 0) {
            printf("the first leg has left no checkpoint\n");
            fine = false;
        }
    }
    free(with);
    fine = fine && same_outcome(&on, one, other, &upto);
    for (unsigned i = 0; i < legs && !fine; i++)
        printf("leg %u: %u ranks, %u partitions, %s, a checkpoint each %g s\n", i, leg[i].ranks, leg[i].partitions, leg[i].engine == KERNEL_HEAP ? "heap" : "windows", (double)leg[i].every / 1e9);
    fflush(stdout);
    return fine;
}

/* The classic Chord is not captured. */
bool on_ranks_file_in_legs(const char *file, const char *set, const char *other, const struct leg *leg, unsigned legs)
{
    static struct scenario s;
    char error[1024];
    const char *with[5] = {"record.nodes=true", "record.ring={nodes: 24, every: 3.5 s}"};
    unsigned n = 2;
    if (set)
        with[n++] = set;
    if (other)
        with[n++] = other;
    with[n] = "record.capture={nodes: 3}";
    if (scenario_load(&s, file, with, n + 1, error, sizeof error) && scenario_load(&s, file, with, n, error, sizeof error)) {
        printf("%s\n", error);
        return false;
    }
    bool same = on_ranks_in_legs(&s, leg, legs);
    on_ranks_done();
    return same;
}

bool on_ranks_equal(const struct scenario *s, unsigned ranks)
{
    char one[PATHS_MAX], other[PATHS_MAX];
    struct outcome_of on;
    paths(one, other);
    if (!run_alone(s, one))
        return false;
    bool same = run_on(s, ranks, other, &on);
    sim_time upto = 0;
    same = same_outcome(&on, one, other, &upto) && same;
    if (!same)
        tell_window(s, ranks, upto, one, other);
    return same;
}

void on_ranks_done(void)
{
    char command[96];
    if (!base[0])
        return;
    snprintf(command, sizeof command, "rm -r %s", base);
    if (system(command))
        abort();
    base[0] = 0;
    kept = NULL;
}

/* ---- random scenarios ---- */

/* One in two records all that there is to record. */
static bool random_parse(uint64_t seed, struct scenario *s, char text[RANDOM_SCENARIO_MAX])
{
    const char *sets[] = {"record.nodes=true", "record.ring={nodes: 16, every: 4.7 s}", "record.capture={nodes: 2}"};
    char error[1024];
    size_t len = random_scenario_text(seed, "", text);
    bool classic = strstr(text, "protocol: chord2003") != NULL;
    if (scenario_parse(s, "random.yaml", text, len, sets, seed % 2 ? 0 : classic ? 2 : 3, error, sizeof error)) {
        printf("%s\n", error);
        return false;
    }
    return true;
}

bool on_ranks_random(uint64_t seed)
{
    static struct scenario s;
    static const unsigned ranks[] = {2, 3, 4, 8};
    static char text[RANDOM_SCENARIO_MAX];
    if (!random_parse(seed, &s, text))
        return false;
    unsigned n = ranks[seed % 4];
    bool same = on_ranks_equal(&s, n);
    if (!same)
        printf("SEED=%" PRIu64 " on %u ranks. All of it:\n\n%s\n", seed, n, text);
    on_ranks_done();
    return same;
}

static uint64_t draw(uint64_t seed, unsigned k, uint64_t n)
{
    return random_below(seed, k, STREAM_TEST, 0, n);
}

/* Each leg's checkpoints are drawn from a fifth of the run to all of it. */
bool on_ranks_random_in_legs(uint64_t seed)
{
    static struct scenario s;
    static char text[RANDOM_SCENARIO_MAX];
    struct leg leg[4] = {{0}};
    if (!random_parse(seed, &s, text))
        return false;
    unsigned legs = 2 + (unsigned)draw(seed, 0, 3);
    uint64_t whole = (s.warmup + s.measure) / SECONDS(1);
    for (unsigned i = 0; i < legs; i++) {
        unsigned kind = (unsigned)draw(seed, 10 + i, 4);
        leg[i].engine = kind == 0 ? KERNEL_HEAP : KERNEL_WINDOWS;
        leg[i].partitions = kind <= 1 ? 1 + (unsigned)draw(seed, 20 + i, 4) : 0;
        leg[i].ranks = kind > 1 ? 1 + (unsigned)draw(seed, 20 + i, 4) : 0;
        leg[i].every = i + 1 < legs ? SECONDS(whole / 5 + 1 + draw(seed, 30 + i, whole - whole / 5 - 1)) : 0;
    }
    bool same = on_ranks_in_legs(&s, leg, legs);
    if (!same)
        printf("SEED=%" PRIu64 " in %u legs. All of it:\n\n%s\n", seed, legs, text);
    on_ranks_done();
    return same;
}

static void one_seed(void **state)
{
    const uint64_t *seed = *state;
    assert_true(on_ranks_random(*seed));
}

static void one_seed_in_legs(void **state)
{
    const uint64_t *seed = *state;
    assert_true(on_ranks_random_in_legs(*seed));
}

static int run_seeds(uint64_t first, unsigned count, void (*one)(void **), const char *what)
{
    const char *only = getenv("SEED");
    if (only) {
        first = strtoull(only, NULL, 10);
        count = 1;
    }
    struct CMUnitTest *test = calloc(count, sizeof *test);
    uint64_t *seed = calloc(count, sizeof *seed);
    char(*name)[32] = calloc(count, sizeof *name);
    if (!test || !seed || !name)
        return 1;
    for (unsigned k = 0; k < count; k++) {
        seed[k] = first + k;
        snprintf(name[k], sizeof name[k], "random_%" PRIu64, seed[k]);
        test[k] = (struct CMUnitTest){.name = name[k], .test_func = one, .initial_state = &seed[k]};
    }
    int failed = _cmocka_run_group_tests(what, test, count, NULL, NULL);
    free(name);
    free(seed);
    free(test);
    return failed;
}

int on_ranks_tests(uint64_t first, unsigned count)
{
    return run_seeds(first, count, one_seed, "random scenarios on ranks");
}

int on_ranks_tests_in_legs(uint64_t first, unsigned count)
{
    return run_seeds(first, count, one_seed_in_legs, "random scenarios in legs");
}

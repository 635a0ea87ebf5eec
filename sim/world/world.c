/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/world.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/rank/slice.h"
#include "sim/world/aftermath.h"
#include "sim/world/assembly.h"
#include "sim/world/checkpoint.h"
#include "sim/world/checks.h"
#include "sim/world/faults.h"
#include "sim/world/hostile.h"
#include "sim/world/lives.h"
#include "sim/world/observer.h"
#include "sim/world/recording.h"
#include "sim/world/spread.h"
#include "sim/world/state.h"
#include "sim/world/watch.h"
#include "sim/world/workload.h"

#define CAPTURE_BYTES_MAX (UINT64_C(512) << 20)
/* Simulated time between two looks at the clock and at an interrupt: a second for ten thousand peers. */
#define SLICE_PEER_NS (SECONDS(1) * 10000u)

/* ---- opening ---- */

static int open_latency(struct world *w, char *error, size_t error_cap)
{
    const struct scenario *s = w->scenario;
    w->latency = (struct latency){.model = s->latency,
                                  .seed = s->seed,
                                  .delay = s->delay,
                                  .min_delay = s->min_delay,
                                  .access = s->access,
                                  .access_floor = s->access_floor,
                                  .jitter = s->jitter,
                                  .pair_sigma = s->pair_error};
    return latency_load(&w->latency, s->data_path, error, error_cap);
}

static void capture_hook(void *world, struct part *part, const struct event *e, const uint8_t *frame, sim_time at,
                         enum datagram_step step)
{
    struct world *w = world;
    capture_add(w->capture, part_index(part), e, frame, at, step);
}

static void identity_seated(void *world, struct part *part, peer_h peer, uint32_t seat, sim_time act_at)
{
    struct world *w = world;
    struct books *b = world_books(w, part);
    reserve_use(&b->identities, (seat + (size_t)1) * sizeof *b->identity);
    ring_note(w, b, peer);
    b->identity[seat] = (struct identity){.next_churn = act_at, .session = NONE, .cache = NONE, .flags = identity_is_client(w, peer) ? LIFE_CLIENT : 0};
}

static int open_net(struct world *w, char *error, size_t error_cap)
{
    const struct scenario *s = w->scenario;
    const struct world_options *o = &w->options;
    w->kind->laws(s, w->laws);
    const bool free_of_charge = w->overlay.crypto == CRYPTO_NONE && w->overlay.self_signed;
    const struct net_config config = {.seed = s->seed,
                                      .groups = &w->group,
                                      .ngroups = 1,
                                      .identities = w->identities,
                                      .single_ids = s->bootstrap_nodes,
                                      .ids_per_device = scenario_ids_per_device(s),
                                      .overlay = &w->overlay,
                                      .latency = &w->latency,
                                      .loss = s->loss,
                                      .broken_pairs = s->broken_pairs,
                                      .closed = s->closed,
                                      .sign_ns = free_of_charge ? 0 : s->sign_ns,
                                      .verify_ns = free_of_charge ? 0 : s->verify_ns,
                                      .cpu_backlog = s->cpu_backlog,
                                      .access = {s->access_up, s->access_down, (uint32_t)s->access_queue, s->access_wait},
                                      .epoch_ms = s->epoch_ms,
                                      .laws = w->laws,
                                      .nlaws = 2,
                                      .engine = o->engine,
                                      .partitions = w->parts,
                                      .ranks = w->ranks,
                                      .threads = o->threads,
                                      .keepalives_one_by_one = o->keepalives_one_by_one,
                                      .weather_delays = scenario_changes_delays(s),
                                      .window = o->window ? o->window : s->min_delay,
                                      .check_every_event = o->check_every_event};
    const struct net_hooks hooks = {.world = w,
                                    .fact = observer_fact,
                                    .act = lives_act,
                                    .seat = identity_seated,
                                    .capture = s->capture_nodes && o->out ? capture_hook : NULL};
    int status = net_open(&w->net, &config, &hooks);
    if (status) {
        snprintf(error, error_cap, "the network could not be set up for %u identities: %s", w->identities,
                 strerror(-status));
        return -1;
    }
    w->kernel = net_kernel(w->net);
    w->node = kernel_nodes(w->kernel);
    net_here(w->net, &w->first, &w->end);
    kernel_parts_here(w->kernel, &w->here, &w->here_end);
    for (unsigned p = w->here; p < w->here_end; p++) {
        struct books *b = &w->books[p];
        uint32_t first, end;
        part_range(kernel_part(w->kernel, p), &first, &end);
        reserve_open(&b->identities, (end - first) * sizeof *b->identity);
        b->identity = (struct identity *)(void *)b->identities.at;
        if (w->scenario->hostile.share > 0 && !(b->hostile = calloc(1, sizeof *b->hostile)))
            out_of_memory();
    }
    return 0;
}

static int open_state(struct world *w, char *error, size_t error_cap)
{
    size_t words = w->identities / 64 + 1;
    w->books = calloc(w->parts, sizeof *w->books);
    w->joined_map = calloc(words, sizeof *w->joined_map);
    w->online_map = calloc(words, sizeof *w->online_map);
    if (w->scenario->hostile.share > 0 && !(w->more = calloc(HOSTILE_FIGURES_MAX, sizeof *w->more)))
        out_of_memory();
    w->scopes = calloc(SCOPES + w->scenario->checks, sizeof *w->scopes);
    if (w->scenario->target == TARGET_REGISTERED)
        w->registered_until = calloc(w->identities, sizeof *w->registered_until);
    if (!w->books || !w->joined_map || !w->online_map || !w->scopes || (w->scenario->target == TARGET_REGISTERED && !w->registered_until)) {
        snprintf(error, error_cap, "out of memory for %u identities", w->identities);
        return -1;
    }
    for (unsigned p = 0; p < w->parts; p++)
        w->books[p].free_record = NONE;
    return 0;
}

static struct scope *add_scope(struct world *w, sim_time from, sim_time to)
{
    struct scope *s = &w->scopes[w->scope_count++];
    *s = (struct scope){
        .from = from, .to = to, .fault = w->fault_at, .until = w->fault_until, .faults = w->scenario->faults};
    if (scope_open(s, ranks_many(w->ranks)))
        out_of_memory();
    return s;
}

/* In the order of enum world_scope. */
static void open_scopes(struct world *w)
{
    sim_time split = w->scenario->faults ? w->fault_at[0] : w->measure_to;
    add_scope(w, w->measure_from, w->measure_to);
    add_scope(w, w->measure_from, split);
    add_scope(w, split, w->measure_to);
    add_scope(w, 0, w->options.out ? TIME_NEVER : 0);
}

/* The first ordinary identities that are online at time 0, then the following; bootstrap nodes only when everybody is asked for. */
static unsigned choose_captured(struct world *w, peer_h *node)
{
    unsigned wanted = w->scenario->capture_nodes, n = 0;
    for (uint32_t i = w->scenario->bootstrap_nodes; i < w->identities && n < wanted; i++)
        if (churn_at_start(&w->churn, i).online)
            node[n++] = i;
    for (uint32_t i = 0; i < w->identities && n < wanted; i++)
        if (i < w->scenario->bootstrap_nodes || !churn_at_start(&w->churn, i).online)
            node[n++] = i;
    return n;
}

static int open_capture(struct world *w)
{
    const struct scenario *s = w->scenario;
    if (!s->capture_nodes || !w->options.out)
        return 0;
    peer_h *node = malloc(w->identities * sizeof *node);
    if (!node)
        return -1;
    const struct capture_config config = {.net = w->net,
                                          .overlay = &w->overlay,
                                          .epoch_ms = s->epoch_ms,
                                          .identities = w->identities,
                                          .node = node,
                                          .nodes = choose_captured(w, node),
                                          .partitions = w->parts,
                                          .bytes_max = CAPTURE_BYTES_MAX,
                                          .scenario = s->name,
                                          .seed = s->seed,
                                          .program = "reloadsim",
                                          .malformed = s->hostile.share > 0};
    int status = capture_open(&w->capture, &config);
    free(node);
    return status;
}

static int make_directory(const char *path, char *error, size_t error_cap)
{
    char part[4096];
    snprintf(part, sizeof part, "%s", path);
    for (char *p = part + 1;; p++) {
        char kept = *p;
        if (kept != '/' && kept != '\0')
            continue;
        *p = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST) {
            snprintf(error, error_cap, "%s: %s", part, strerror(errno));
            return -1;
        }
        if (kept == '\0')
            return 0;
        *p = kept;
    }
}

static void plan_phases(struct world *w)
{
    const struct scenario *s = w->scenario;
    w->measure_from = s->warmup;
    w->measure_to = s->warmup + s->measure;
    sim_time timer = w->overlay.reliability_timer; /* RFC 6940 6.2.1: a request is given up after five of them */
    for (unsigned i = 0; i < s->faults; i++) {
        struct overlay o = w->overlay;
        if (s->fault[i].kind == FAULT_SET || s->fault[i].kind == FAULT_CONFIGURE)
            fault_set_overlay(&s->fault[i], &o);
        timer = o.reliability_timer > timer ? o.reliability_timer : timer;
    }
    w->drain_to = w->measure_to + 5 * timer;
}

static uint32_t count_devices(const struct world *w)
{
    return w->churn.permanent + (w->identities - w->churn.permanent) / w->churn.ids;
}

/* Time 0, or where a checkpoint stands. */
static int begin(struct world *w, char *error, size_t error_cap)
{
    if (w->options.resume) {
        w->refused = checkpoint_take_up(w, error, error_cap) != 0;
        return w->refused ? -1 : 0;
    }
    if (lives_begin(w) == 0)
        return 0;
    snprintf(error, error_cap, "out of memory");
    return -1;
}

static int open_all(struct world *w, char *error, size_t error_cap)
{
    plan_phases(w);
    faults_plan(w);
    if (open_state(w, error, error_cap) || open_latency(w, error, error_cap) ||
        churn_open(&w->churn, w->scenario, &w->latency, error, error_cap))
        return -1;
    open_scopes(w);
    if (checks_open(w, error, error_cap) || (w->options.out && ranks_self(w->ranks) == 0 && make_directory(w->options.out, error, error_cap)) ||
        open_net(w, error, error_cap))
        return -1;
    popularity_init(&w->popularity, count_devices(w), w->scenario->zipf, w->scenario->seed);
    if (workload_open_calls(w, error, error_cap))
        return -1;
    if (faults_open(w) || aftermath_open(w) || spread_open(w) || open_capture(w) || ring_open(w) || load_open(w)) {
        snprintf(error, error_cap, "out of memory");
        return -1;
    }
    if (begin(w, error, error_cap))
        return -1;
    return recording_open(w, error, error_cap);
}

/* Limits of memory are meant for folded messages; true ones take up to eight times as much. */
static void true_bytes_fit(struct overlay *o)
{
    if (o->crypto != CRYPTO_OPENSSL)
        return;
    o->limits.queue_bytes *= 8;
    o->limits.reassembly_bytes *= 8;
    o->limits.stored_bytes *= 8;
    o->limits.block_bytes = o->limits.block_bytes < UINT32_MAX / 8 ? o->limits.block_bytes * 8 : UINT32_MAX;
}

/* On several ranks one that fails takes the others with it: they would wait for it. */
static bool open_failed(struct world *w, bool here, char *error, size_t error_cap)
{
    uint64_t failed = here;
    ranks_sum(w->ranks, &failed, 1);
    if (failed && !here)
        snprintf(error, error_cap, WORLD_OTHER_RANK);
    return failed;
}

int world_open(struct world **out, const struct scenario *s, const struct world_options *o, char *error,
               size_t error_cap)
{
    struct world *w = calloc(1, sizeof *w);
    double cpu_s = progress_cpu_s();
    if (!w) {
        snprintf(error, error_cap, "out of memory");
        return -1;
    }
    w->scenario = s;
    w->options = *o;
    w->begin_wall_s = progress_wall_s();
    w->empty_rss_bytes = progress_peak_rss_bytes();
    w->ranks = o->ranks;
    w->parts = w->ranks ? ranks_count(w->ranks) : o->partitions > 1 ? o->partitions : 1;
    w->overlay = s->overlay;
    w->overlay.name = s->overlay_name;
    true_bytes_fit(&w->overlay);
    w->kind = &overlay_kinds[s->protocol];
    w->group = s->hostile.share > 0 ? (struct actor_group){.actor = &hostile_actor} : w->kind->group;
    w->overlay.actor_config = s->hostile.share > 0 ? &s->hostile : w->kind->config(s);
    w->identities = scenario_population(s);
    if (open_failed(w, open_all(w, error, error_cap) != 0, error, error_cap)) {
        int status = w->refused ? -2 : -1;
        world_close(w);
        return status;
    }
    w->start_cpu_s = progress_cpu_s() - cpu_s;
    *out = w;
    return 0;
}

void world_checkpoint(struct world *w)
{
    w->checkpoint_wanted = true;
}

void world_close(struct world *w)
{
    if (!w)
        return;
    for (unsigned p = w->here; w->books && p < w->here_end; p++) {
        struct books *b = &w->books[p];
        void *const lists[] = {b->sessions.at, b->free_sessions.at, b->caches.at,   b->records.at,
                               b->finished.at, b->served.at,        b->failures.at, b->joins.at,   b->changed.at, b->seated.at};
        for (unsigned i = 0; i < sizeof lists / sizeof lists[0]; i++)
            free(lists[i]);
        resends_free(&b->resends);
        free(b->hostile);
        reserve_close(&b->identities);
    }
    for (unsigned i = 0; i < w->scope_count; i++)
        scope_close(&w->scopes[i]);
    ring_close(w);
    load_close(w);
    checks_close(w);
    faults_close(w);
    aftermath_close(w);
    spread_close(w);
    workload_close_calls(w);
    churn_close(&w->churn);
    capture_close(w->capture);
    recording_close(w);
    stream_free(&w->recorded);
    if (w->net)
        net_close(w->net);
    latency_free(&w->latency);
    free(w->scopes);
    free(w->more);
    free(w->rank);
    free(w->joined_map);
    free(w->online_map);
    free(w->moved.at);
    free(w->announced.at);
    free(w->books);
    free(w->registered_until);
    free(w);
}

/* ---- instants ---- */

static void take_totals(struct world *w, struct totals *t)
{
    net_count(w->net, &t->net);
    t->events = t->net.events;
    assembly_totals(w, t);
}

/* Peers x time of the interval in whole microseconds; the rest goes to the next one, so that no cut into intervals shows in the sum. */
static uint64_t online_us(struct world *w, sim_time length, int64_t online_ns)
{
    __extension__ typedef unsigned __int128 wide;
    wide ns = (wide)w->online * length + (wide)w->online_rest_ns;
    ns = online_ns < 0 ? ns - (uint64_t)-online_ns : ns + (uint64_t)online_ns;
    w->online_rest_ns = (uint64_t)(ns % 1000);
    return (uint64_t)(ns / 1000);
}

/* Books the interval that ends now; scopes begin and end at instants, so it lies wholly in or outside each. */
static void book_interval(struct world *w)
{
    sim_time from = w->booked_at;
    struct tally sum = {0};
    struct totals totals = {0};
    take_totals(w, &totals);
    for (unsigned p = w->here; p < w->here_end; p++) {
        tally_add(&sum, &w->books[p].tally);
        w->books[p].tally = (struct tally){0};
    }
    assembly_tally(w, &sum);
    w->online += (uint64_t)sum.online;
    uint64_t us = online_us(w, w->now - from, sum.online_ns);
    for (unsigned i = 0; i < w->scope_count; i++)
        if (scope_covers(&w->scopes[i], from))
            measures_interval(w->scopes[i].m, w->now - from, us, &sum, &w->totals, &totals);
    if (w->now <= w->measure_to) {
        w->run_events += totals.events - w->totals.events;
        for (unsigned i = 0; i < TRAFFIC_CLASSES; i++)
            w->run_datagrams += totals.net.class_count[i] - w->totals.net.class_count[i];
    }
    w->totals = totals;
    w->booked_at = w->now;
}

static void sample(struct world *w)
{
    struct measures *covered[SCOPES + CHECKS_MAX] = {0}, *fresh[SCOPES + CHECKS_MAX] = {0};
    struct ring_sample shares;
    unsigned n = 0;
    if (w->now % w->scenario->record_interval || w->now <= w->measure_from || w->now > w->measure_to)
        return;
    for (unsigned i = 0; i < w->scope_count; i++)
        if (scope_covers(&w->scopes[i], w->now - 1)) {
            fresh[n] = w->scopes[i].fresh;
            covered[n++] = w->scopes[i].m;
        }
    ring_sample(w, fresh, n, &shares);
    for (unsigned i = 0; i < n; i++)
        measures_sample(covered[i], &shares);
    aftermath_sample(w, &shares);
    checks_sample(w);
}

static void capture_so_far(struct world *w)
{
    if (!w->capture)
        return;
    uint64_t bytes = capture_bytes(w->capture);
    ranks_sum(w->ranks, &bytes, 1);
    capture_instant(w->capture, w->now, bytes);
}

/* The world stands still: everything that needs to see more than one partition. What measures does not act: without a tick nothing is settled, and
 * without the end of an interval nothing is counted. */
static void at_instant(struct world *w)
{
    bool tick = w->now % WORLD_TICK == 0;
    assembly_joined(w);
    if (tick) {
        observer_settle(w);
        spread_tick(w);
    }
    if (w->now == w->next_booking) {
        book_interval(w);
        sample(w);
        assembly_merge(w);
        recording_instant(w);
    }
    recording_ring(w);
    if (recording_error(w)) /* nothing more can be kept: the run ends here */
        w->interrupted = true;
    faults_due(w);
    if (!tick)
        return;
    assembly_snapshot(w);
    w->tick_at = w->now;
    capture_so_far(w);
    checkpoint_tick(w);
}

static sim_time nearer(const struct world *w, sim_time next, sim_time t)
{
    return t > w->now ? time_min(next, t) : next;
}

static sim_time next_booking(const struct world *w)
{
    sim_time interval = w->scenario->record_interval, next = (w->now / interval + 1) * interval;
    next = nearer(w, next, w->measure_from);
    next = nearer(w, next, w->measure_to);
    next = nearer(w, next, w->drain_to);
    for (unsigned i = 0; i < w->scenario->faults; i++) {
        sim_time over = w->fault_until[i] == TIME_NEVER ? w->fault_at[i] : w->fault_until[i];
        next = nearer(w, nearer(w, next, w->fault_at[i]), over);
        for (unsigned k = 0; k < w->scope_count; k++)
            next = nearer(w, next, time_add(over, w->scopes[k].guard));
    }
    return next;
}

/* ---- running ---- */

static void show_progress(struct world *w, sim_time now, bool last)
{
    if (w->progress.mode == PROGRESS_OFF)
        return;
    const struct measures *m = w->scopes[SCOPE_MEASURE].m;
    const struct progress_now n = {.now = now,
                                   .events = w->seen_events,
                                   .online = w->online,
                                   .phase = now < w->measure_from ? "warm-up"
                                            : now < w->measure_to ? "measure"
                                                                  : "drain",
                                   .lookup_success = m->expected ? (double)m->expected_correct / (double)m->expected
                                                                 : NAN};
    if (last)
        progress_finish(&w->progress, &n);
    else
        progress_tick(&w->progress, &n);
}

/* Runs to the next instant in slices short enough to notice an interrupt and to show progress. How the interval is sliced never shows in a result. */
static int run_interval(struct world *w)
{
    sim_time slice = SLICE_PEER_NS / (w->scenario->peers > 10000 ? w->scenario->peers : 10000), t = w->now;
    while (t < w->next_instant) {
        t = time_min(t + slice, w->next_instant);
        int status = kernel_run(w->kernel, t);
        if (status)
            return status;
        bool interrupted = assembly_interrupted(w);
        show_progress(w, t, false);
        if (interrupted && t < w->drain_to) {
            w->cut = true;
            w->next_instant = w->next_booking = w->drain_to = t;
            w->measure_to = time_min(w->measure_to, t);
        }
    }
    return 0;
}

static void measure_ends(struct world *w)
{
    if (w->cpu_taken || w->now < w->measure_to)
        return;
    w->cpu_taken = true;
    w->run_cpu_s += progress_cpu_s() - w->run_from_cpu_s;
    w->run_wall_s = progress_wall_s() - w->run_wall_s;
    const struct ranks_spent from = w->run_spent, to = ranks_spent(w->ranks);
    w->run_spent = (struct ranks_spent){.work_ns = to.work_ns - from.work_ns,
                                        .wait_ns = to.wait_ns - from.wait_ns,
                                        .exchange_ns = to.exchange_ns - from.exchange_ns,
                                        .windows = to.windows - from.windows,
                                        .meetings = to.meetings - from.meetings,
                                        .bytes = to.bytes - from.bytes};
}

static void run_first_instant(struct world *w)
{
    book_interval(w); /* of no length: who is there at time 0 */
    assembly_begin(w);
    recording_begin(w);
    faults_due(w); /* without a warm-up, one may be due at time 0 */
    assembly_snapshot(w);
}

static int run_phases(struct world *w)
{
    w->run_from_cpu_s = progress_cpu_s();
    if (!w->cpu_taken) { /* else it goes on in the drain */
        w->run_wall_s = progress_wall_s();
        w->run_spent = ranks_spent(w->ranks);
    }
    if (w->options.resume)
        checkpoint_go_on(w);
    else
        run_first_instant(w);
    while (w->now < w->drain_to) {
        w->next_booking = next_booking(w);
        w->next_instant = time_min(time_min(w->next_booking, watch_next(w)), (w->now / WORLD_TICK + 1) * WORLD_TICK);
        int status = run_interval(w);
        w->now = w->next_instant;
        if (status)
            return status;
        at_instant(w);
        measure_ends(w);
    }
    return 0;
}

/* ---- results ---- */

static void copy_outcomes(const struct world *w, struct summary *s)
{
    struct summary part;
    sim_time limit = 5 * w->overlay.reliability_timer;
#define COPY(to)                                                                                                       \
    s->to##_lookup_count = part.lookup_count, s->to##_lookup_success = part.lookup_success,                            \
    s->to##_lookup_correct = part.lookup_correct, s->to##_lookup_stale = part.lookup_stale,                            \
    s->to##_lookup_lost = part.lookup_lost, s->to##_lookup_absent = part.lookup_absent,                                \
    s->to##_lookup_wrong_owner = part.lookup_wrong_owner, s->to##_lookup_timeout = part.lookup_timeout,                \
    s->to##_lookup_error = part.lookup_error
    summary_init(&part);
    measures_summary(w->scopes[SCOPE_BEFORE].m, limit, &part);
    COPY(before);
    summary_init(&part);
    measures_summary(w->scopes[SCOPE_AFTER].m, limit, &part);
    COPY(after);
#undef COPY
}

void world_figures(const struct world *w, struct summary *s)
{
    summary_init(s);
    measures_summary(w->scopes[SCOPE_MEASURE].m, 5 * w->overlay.reliability_timer, s);
    copy_outcomes(w, s);
    aftermath_summary(w, s);
    hostile_summary(w, s);
    snprintf(s->scenario, sizeof s->scenario, "%s", w->scenario->name);
    s->seed = w->scenario->seed;
    s->fingerprint = kernel_fingerprint(w->kernel);
    ranks_sum(w->ranks, &s->fingerprint, 1);
    s->population = w->identities;
}

/* Where each rank's time went goes to all. */
static void rank_summary(struct world *w, struct summary *s)
{
    const struct ranks_spent *t = &w->run_spent;
    const uint64_t mine[] = {t->work_ns, t->wait_ns, t->exchange_ns, (uint64_t)(w->run_cpu_s * 1e9), t->bytes};
    if (!w->ranks || !w->cpu_taken)
        return;
    s->ranks_windows = t->windows;
    s->ranks_meetings = t->meetings;
    const struct blob *all = ranks_gather(w->ranks, mine, sizeof mine);
    w->rank = calloc(w->parts, sizeof *w->rank);
    s->ranks_compute_s = s->ranks_wait_s = s->ranks_exchange_s = 0;
    for (unsigned r = 0; r < w->parts; r++) {
        uint64_t one[sizeof mine / sizeof mine[0]];
        memcpy(one, all[r].bytes, sizeof one);
        const struct summary_rank shown = {(double)one[0] / 1e9, (double)one[1] / 1e9, (double)one[2] / 1e9, (double)one[3] / 1e9, (double)one[4]};
        s->ranks_compute_s += shown.compute_s / w->parts;
        s->ranks_wait_s += shown.wait_s / w->parts;
        s->ranks_exchange_s += shown.exchange_s / w->parts;
        s->ranks_bytes += one[4];
        if (w->rank)
            w->rank[r] = shown;
    }
    s->rank = w->rank;
    s->rank_count = w->rank ? w->parts : 0;
}

static void fill_summary(struct world *w, bool complete)
{
    struct summary *s = &w->summary;
    double seconds[] = {w->run_cpu_s, w->start_cpu_s};
    uint64_t bytes[] = {progress_peak_rss_bytes(), w->empty_rss_bytes};
    world_figures(w, s);
    assembly_seconds(w, seconds, 2);
    ranks_sum(w->ranks, bytes, 2);
    s->complete = complete;
    s->ranks = w->parts;
    rank_summary(w, s);
    s->wall_s = progress_wall_s() - w->begin_wall_s;
    if (w->cpu_taken)
        s->run_wall_s = w->run_wall_s;
    s->cpu_s = seconds[0];
    s->start_cpu_s = seconds[1];
    s->peak_rss_bytes = bytes[0];
    s->bytes_per_node = (double)(bytes[0] - bytes[1]) / s->nodes_online_mean;
    if (!(s->sim_s > 0))
        return; /* stopped in the warm-up: no rates */
    s->events_per_cpu_s = (double)w->run_events / s->cpu_s;
    s->datagrams_per_cpu_s = (double)w->run_datagrams / s->cpu_s;
}

/* What each rank has captured goes to rank 0. */
static int gather_capture(struct world *w)
{
    void *bytes = NULL;
    size_t size = 0;
    if (ranks_self(w->ranks) > 0)
        capture_pack(w->capture, ranks_self(w->ranks), &bytes, &size);
    const struct blob *all = ranks_gather(w->ranks, bytes, size);
    int bad = 0;
    for (unsigned r = 1; r < ranks_count(w->ranks) && ranks_self(w->ranks) == 0; r++)
        bad |= capture_unpack(w->capture, r, all[r].bytes, all[r].size);
    free(bytes);
    return bad;
}

static int write_capture(struct world *w)
{
    char path[4096 + 32];
    if (!w->capture)
        return 0;
    int bad = w->ranks ? gather_capture(w) : 0;
    if (ranks_self(w->ranks) > 0)
        return 0;
    snprintf(path, sizeof path, "%s/capture.pcapng", w->options.out);
    sim_time full_at = capture_full_at(w->capture);
    if (full_at != TIME_NEVER)
        fprintf(stderr, "reloadsim: %s ends at %.0f s of simulated time: the memory for it was full\n", path,
                (double)full_at / 1e9);
    if (bad)
        errno = ENOMEM;
    else if (capture_write(w->capture, path, NULL) == 0)
        return 0;
    fprintf(stderr, "reloadsim: %s: %s\n", path, strerror(errno));
    return -1;
}

/* The capture, and the last of what is recorded. */
static int keep_files(struct world *w, bool complete)
{
    int failed = write_capture(w);
    recording_finish(w, complete);
    if (recording_error(w))
        fprintf(stderr,
                "reloadsim: %s\nreloadsim: the run ended at %.9g s because of that; what was recorded before is kept: make "
                "room, then reloadsim report %s\n",
                recording_error(w), (double)w->now / 1e9, w->options.out);
    return failed || recording_error(w) ? -1 : 0;
}

int world_run(struct world *w)
{
    progress_begin(&w->progress, w->options.progress, w->drain_to);
    int status = run_phases(w);
    bool complete = !status && !w->cut;
    show_progress(w, w->now, true);
    observer_close(w);
    fill_summary(w, complete);
    int checked = checks_finish(w);
    uint64_t unwritten[] = {keep_files(w, complete) != 0, recording_error(w) != NULL};
    ranks_sum(w->ranks, unwritten, 2); /* rank 0 alone knows */
    if (unwritten[1])
        return 4;
    if (status || checked == 70)
        return 70;
    return w->cut ? 130 : checked ? checked : unwritten[0] ? 4 : 0;
}

const struct summary *world_summary(const struct world *w)
{
    return &w->summary;
}

bool world_recorded(const struct world *w)
{
    return w->options.out && !recording_error(w);
}

struct net *world_net(struct world *w)
{
    return w->net;
}

void world_interrupt(struct world *w)
{
    w->interrupted = true;
}

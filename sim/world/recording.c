/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/recording.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/checkpoint/archive.h"
#include "sim/record/file.h"
#include "sim/record/journal.h"
#include "sim/scenario/date.h"
#include "sim/scenario/metric.h"
#include "sim/world/assembly.h"
#include "sim/world/spread.h"
#include "sim/world/watch.h"

#define NODES_BLOCK 8192u

/* ---- opening ---- */

/* metric.h leaves out what cannot be checked; no such figure is a scalar of results.h5. */
static const char *describe(const char *key)
{
    const struct metric *m = metric_find(key);
    return m ? metric_help(m) : "";
}

static char *scenario_text(const struct scenario *s)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    if (!f)
        return NULL;
    scenario_print(s, f);
    return fclose(f) == 0 ? text : NULL;
}

/* The checkpoint that the run goes on from lies in its own folder. */
static bool goes_on_here(const struct world *w)
{
    char path[PATH_MAX];
    struct stat here, from;
    snprintf(path, sizeof path, "%s/" ARCHIVE_FILE, w->options.out);
    return w->options.resume && stat(path, &here) == 0 && stat(w->options.resume, &from) == 0 && here.st_dev == from.st_dev && here.st_ino == from.st_ino;
}

int recording_open(struct world *w, char *error, size_t error_cap)
{
    char epoch[48];
    const struct scenario *s = w->scenario;
    if (!w->options.out || ranks_self(w->ranks) > 0)
        return 0;
    char *text = scenario_text(s);
    if (!text) {
        snprintf(error, error_cap, "out of memory");
        return -1;
    }
    date_print(s->epoch_ms, epoch, sizeof epoch);
    const struct journal_head head = {.scenario = s->name,
                                      .text = text,
                                      .epoch = epoch,
                                      .seed = s->seed,
                                      .population = w->identities,
                                      .warmup = s->warmup,
                                      .measure = s->measure,
                                      .interval = s->record_interval,
                                      .ranks = w->parts,
                                      .goes_on = goes_on_here(w),
                                      .describe = describe};
    int status = journal_open(&w->journal, w->options.out, &head, error, error_cap);
    free(text);
    if (status == 0 && w->recorded.len) {
        struct stream_reader r = {w->recorded.bytes, w->recorded.bytes + w->recorded.len, false};
        journal_get(w->journal, &r);
        stream_free(&w->recorded);
    }
    return status;
}

void recording_close(struct world *w)
{
    journal_close(w->journal);
}

const char *recording_error(const struct world *w)
{
    return w->journal ? journal_error(w->journal) : NULL;
}

static bool recording_is_on(const struct world *w)
{
    return w->options.out != NULL; /* the journal itself is rank 0's */
}

/* ---- rows ---- */

static void measured_so_far(const struct world *w, const struct histogram *measured[HISTOGRAMS])
{
    const struct measures *m = w->scopes[SCOPE_MEASURE].m;
    measured[HISTOGRAM_LOOKUP_LATENCY] = &m->lookup_latency;
    measured[HISTOGRAM_LOOKUP_HOPS] = &m->lookup_links;
    measured[HISTOGRAM_REGISTRATION_LATENCY] = &m->registration_latency;
    measured[HISTOGRAM_JOIN_LATENCY] = &m->joins.latency;
    measured[HISTOGRAM_LINKS] = &m->links;
    measured[HISTOGRAM_DETECT_LATENCY] = &m->detect_latency;
    measured[HISTOGRAM_LOAD] = &w->load.all->rate;
    measured[HISTOGRAM_VALUES] = &w->load.all->values;
    measured[HISTOGRAM_RING_SHARE] = &w->load.all->ring_share;
}

static void fill_lookups(struct series_row *row, const struct measures *m, const struct summary *s)
{
    row->lookups = m->lookups;
    row->lookup_correct = m->outcome[OUTCOME_CORRECT];
    row->lookup_stale = m->outcome[OUTCOME_STALE];
    row->lookup_lost = m->outcome[OUTCOME_LOST];
    row->lookup_absent = m->outcome[OUTCOME_ABSENT];
    row->lookup_wrong_owner = m->outcome[OUTCOME_WRONG_OWNER];
    row->lookup_timeout = m->outcome[OUTCOME_TIMEOUT];
    row->lookup_error = m->outcome[OUTCOME_ERROR];
    row->lookup_abandoned = m->abandoned;
    row->lookup_expected = m->expected;
    row->lookup_expected_correct = m->expected_correct;
    row->lookup_latency_mean = s->lookup_latency_mean;
    row->lookup_latency_p50 = s->lookup_latency_p50;
    row->lookup_latency_p95 = s->lookup_latency_p95;
    row->lookup_latency_p99 = s->lookup_latency_p99;
    row->lookup_hops_mean = s->lookup_hops_mean;
    row->lookup_dead_hops_mean = s->lookup_dead_hops_mean;
}

static void fill_members(struct series_row *row, const struct world *w, const struct measures *m,
                         const struct summary *s)
{
    row->nodes_online = w->totals.net.online;
    row->fingerprint = kernel_fingerprint(w->kernel);
    ranks_sum(w->ranks, &row->fingerprint, 1);
    row->joins = m->joins.good;
    row->joins_failed = m->joins.bad;
    row->leaves = m->tally.leaves;
    row->crashes = m->tally.crashes;
    row->registrations = m->registration_good + m->registration_bad;
    row->registrations_good = m->registration_good;
    row->ring_wrong_successor = s->ring_wrong_successor;
    row->ring_dead_successor = s->ring_dead_successor;
    row->ring_unreachable_values = s->ring_unreachable_values;
    row->ring_under_replicated = s->ring_under_replicated;
    row->config_newest = spread_newest(w);
    row->links_mean = s->links_mean;
    row->finger_valid_share = s->finger_valid_share;
    row->links_failed = m->tally.link_failures;
    row->detect_latency_p50 = s->detect_latency_p50;
}

static void fill_traffic(struct series_row *row, const struct measures *m, const struct summary *s)
{
    row->events = s->events;
    row->datagrams = s->datagrams;
    row->messages = s->messages;
    row->fragments = s->fragments;
    row->message_bytes = s->message_bytes;
    row->resent = m->tally.resent;
    row->spurious = m->tally.spurious;
#define CLASS(class)                                                                                                   \
    row->datagrams_##class = s->datagrams_##class, row->messages_##class = s->messages_##class,                        \
    row->bytes_##class = s->datagram_bytes_##class
    CLASS(lookup);
    CLASS(store);
    CLASS(update);
    CLASS(attach);
    CLASS(join_leave);
    CLASS(ping);
    CLASS(other);
    CLASS(ack);
    CLASS(handshake);
    CLASS(keepalive);
#undef CLASS
    static_assert(TRAFFIC_CLASSES == 10, "each class of traffic has its columns");
}

static void record_row(struct world *w)
{
    struct measures *m = w->scopes[SCOPE_ROW].m;
    const struct histogram *measured[HISTOGRAMS];
    struct series_row row;
    struct summary of_row, so_far;
    summary_init(&of_row);
    measures_summary(m, 5 * w->overlay.reliability_timer, &of_row);
    fill_members(&row, w, m, &of_row);
    fill_lookups(&row, m, &of_row);
    fill_traffic(&row, m, &of_row);
    world_figures(w, &so_far);
    measured_so_far(w, measured);
    if (w->journal)
        journal_row(w->journal, w->now, &row, &so_far, measured);
    memset(m, 0, sizeof *m);
}

/* ---- nodes ---- */

static double seconds_or_unknown(sim_time t, bool known)
{
    return known ? (double)t / 1e9 : NAN;
}

static void fill_node(struct world *w, uint32_t i, struct series_node *n)
{
    const struct identity *id = identity_of(w, i);
    const struct id name = net_id(w->net, i);
    *n = (struct series_node){.identity = i,
                              .id_high = name.hi,
                              .id_low = name.lo,
                              .online = (id->flags & LIFE_ONLINE) != 0,
                              .joined = (id->flags & LIFE_JOINED) != 0,
                              .changed_s = seconds_or_unknown(id->changed[0], id->changed[0] > 0),
                              .registered_until_s = seconds_or_unknown(id->registered_until, id->registered_until > 0)};
    sim_time joined_at = TIME_NEVER;
    if (id->session != NONE)
        joined_at = session_of(world_books(w, kernel_part_of(w->kernel, i)), id)->joined_at;
    n->joined_s = seconds_or_unknown(joined_at, joined_at != TIME_NEVER);
    struct env *env;
    struct node_view view;
    const struct node *node = n->online ? net_node(w->net, i, &env) : NULL;
    if (!node)
        return;
    w->kind->look(node, env, &view);
    n->links = view.links;
    n->successors = view.successors;
    n->fingers = view.fingers_filled;
    n->values = view.values;
}

/* Those of a block that live here go to all; ranks hold slices in rising order, so that the parts of a block follow each other. */
static unsigned gather_nodes(struct world *w, struct series_node *block, unsigned n)
{
    if (!w->ranks)
        return n;
    const struct blob *all = ranks_gather(w->ranks, block, n * sizeof *block);
    struct series_node *whole = malloc(NODES_BLOCK * sizeof *whole);
    size_t used = 0;
    if (!whole)
        out_of_memory();
    for (unsigned r = 0; r < ranks_count(w->ranks); r++) {
        assert(used + all[r].size <= NODES_BLOCK * sizeof *whole);
        if (all[r].size)
            memcpy((char *)whole + used, all[r].bytes, all[r].size);
        used += all[r].size;
    }
    memcpy(block, whole, used);
    free(whole);
    return (unsigned)(used / sizeof *block);
}

static void record_nodes(struct world *w)
{
    struct series_node *block = calloc(NODES_BLOCK, sizeof *block);
    unsigned n = 0;
    if (!block)
        out_of_memory();
    for (uint32_t i = 0; i < w->identities; i++) {
        if (world_holds(w, i))
            fill_node(w, i, &block[n++]);
        if ((i + 1) % NODES_BLOCK && i + 1 < w->identities)
            continue;
        n = gather_nodes(w, block, n);
        if (w->journal)
            journal_nodes(w->journal, block, n);
        n = 0;
    }
    free(block);
}

/* ---- instants ---- */

static bool row_ends(const struct world *w)
{
    return w->now <= w->measure_to &&
           (w->now % w->scenario->record_interval == 0 || w->now == w->measure_from || w->now == w->measure_to);
}

void recording_ring(struct world *w)
{
    struct series_ring rows[WATCHED_MAX];
    if (!watch_due(w))
        return;
    unsigned n = watch_look(w, rows);
    if (w->journal)
        journal_ring(w->journal, rows, n);
}

void recording_begin(struct world *w)
{
    recording_event(w, "phase", w->measure_from > 0 ? "warm-up begins" : "measured phase begins");
    recording_ring(w);
}

void recording_instant(struct world *w)
{
    if (!recording_is_on(w))
        return;
    if (w->now == w->measure_to) {
        load_end(w);
        assembly_merge(w);
    }
    if (row_ends(w))
        record_row(w);
    if (w->cut)
        recording_event(w, "interrupt", "interrupted; the run ends here");
    else if (w->now == w->measure_to)
        recording_event(w, "phase", "measured phase ends, drain begins");
    else if (w->now == w->measure_from)
        recording_event(w, "phase", "measured phase begins");
    else if (w->now == w->drain_to)
        recording_event(w, "phase", "drain ends");
    if (w->now == w->measure_to && w->scenario->record_nodes)
        record_nodes(w);
}

void recording_event(struct world *w, const char *kind, const char *text)
{
    if (w->journal)
        journal_event(w->journal, w->now, kind, text);
}

void recording_finish(struct world *w, bool complete)
{
    const struct histogram *measured[HISTOGRAMS];
    if (!w->journal)
        return;
    measured_so_far(w, measured);
    journal_finish(w->journal, w->now, &w->summary, measured, complete);
}

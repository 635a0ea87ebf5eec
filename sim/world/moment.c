/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/moment.h"

#include <string.h>

#include "proto/base/hash.h"
#include "sim/kernel/moment.h"
#include "sim/net/moment.h"
#include "sim/record/series.h"
#include "sim/world/aftermath.h"
#include "sim/world/assembly.h"
#include "sim/world/checks.h"
#include "sim/world/faults.h"
#include "sim/world/lives.h"
#include "sim/world/spread.h"

/* ---- an identity ---- */

static void put_session(const struct books *b, const struct session *s, struct stream *out)
{
    uint32_t pending = 0;
    STREAM_PUT(out, *s);
    for (uint32_t k = s->pending; k != NONE; k = b->records.at[k].next)
        pending++;
    stream_put_u32(out, pending);
    for (uint32_t k = s->pending; k != NONE; k = b->records.at[k].next)
        STREAM_PUT(out, b->records.at[k]);
}

static void put_life(const struct books *b, const struct identity *id, struct stream *out)
{
    STREAM_PUT(out, *id);
    if (id->session != NONE)
        put_session(b, &b->sessions.at[id->session], out);
    if (id->cache != NONE)
        STREAM_PUT(out, b->caches.at[id->cache]);
}

/* Pending requests in the order in which they stood. */
static void get_session(struct books *b, struct identity *id, struct stream_reader *r)
{
    struct session s;
    uint32_t last = NONE;
    STREAM_GET(r, s);
    s.pending = NONE;
    s.place = NONE;
    for (uint32_t n = stream_get_u32(r); n > 0 && !r->bad; n--) {
        struct record was;
        STREAM_GET(r, was);
        was.next = NONE;
        *(last == NONE ? &s.pending : &b->records.at[last].next) = b->records.count;
        last = b->records.count;
        LIST_PUSH(&b->records, was);
    }
    id->session = b->sessions.count;
    LIST_PUSH(&b->sessions, s);
}

static void get_life(struct books *b, struct identity *id, struct stream_reader *r)
{
    STREAM_GET(r, *id);
    if (id->session != NONE)
        get_session(b, id, r);
    if (id->cache == NONE)
        return;
    struct address_cache cache;
    STREAM_GET(r, cache);
    id->cache = b->caches.count;
    LIST_PUSH(&b->caches, cache);
}

static void put_peer(struct world *w, const struct books *b, uint32_t i, struct stream *s)
{
    struct kernel_moment m = kernel_moment_of(w->kernel, i);
    stream_put_u64(s, m.due);
    stream_put(s, &m.seated, 1);
    if (m.seated) {
        stream_put_u64(s, m.chain);
        net_put_peer(w->net, i, s);
        put_life(b, identity_of(w, i), s);
    }
    net_put_device(w->net, i, s);
    load_put_peer(w, i, s);
    spread_put_peer(w, i, s);
    if (w->calls.next)
        STREAM_PUT(s, w->calls.next[i]);
}

static bool get_peer(struct world *w, struct part *part, const struct net_shared *shared, uint32_t i, struct stream_reader *r)
{
    struct books *b = world_books(w, part);
    struct kernel_moment m = {.due = stream_get_u64(r)};
    stream_get(r, &m.seated, 1);
    if (m.seated)
        m.chain = stream_get_u64(r);
    if (r->bad)
        return false;
    kernel_take_up(part, i, &m);
    if (m.seated) {
        if (!net_get_peer(w->net, shared, i, r))
            return false;
        get_life(b, identity_own(w, i), r);
    }
    net_get_device(w->net, i, r);
    load_get_peer(w, i, r);
    spread_get_peer(w, i, r);
    if (w->calls.next)
        STREAM_GET(r, w->calls.next[i]);
    return stream_at_end(r);
}

uint32_t moment_put_peers(struct world *w, uint32_t first, uint32_t end, uint32_t most, size_t bytes, struct stream *s)
{
    uint32_t next = first;
    const struct part *part = kernel_part_of(w->kernel, first);
    size_t opened = stream_open(s);
    net_put_shared(w->net, part, s);
    stream_close(s, opened);
    for (; next < end && next - first < most && s->len < bytes; next++) {
        opened = stream_open(s);
        put_peer(w, world_books(w, part), next, s);
        stream_close(s, opened);
    }
    return next;
}

/* A section may lie across partitions of this run. */
bool moment_get_peers(struct world *w, uint32_t first, uint32_t end, struct stream_reader *r)
{
    struct stream_reader shared_bytes = stream_enter(r);
    struct net_shared shared = {0};
    for (uint32_t i = first; i < end; i++) {
        struct stream_reader one = stream_enter(r);
        if (!world_holds(w, i))
            continue;
        struct part *part = kernel_part_of(w->kernel, i);
        struct stream_reader again = shared_bytes;
        if (part != shared.part && !net_get_shared(w->net, part, &shared, &again))
            return false;
        if (!get_peer(w, part, &shared, i, &one))
            return false;
    }
    return stream_at_end(r);
}

/* ---- the books of a partition ---- */

/* Lists whose order does not matter. */
#define PUT_LIST(list, s)                                                                                                                                  \
    do {                                                                                                                                                  \
        stream_put_u32((s), (list)->count);                                                                                                               \
        stream_put((s), (list)->at, (list)->count * sizeof *(list)->at);                                                                                  \
    } while (0)

/* take: whether what is read goes to the books. */
#define GET_LIST(list, type, take, r)                                                                                                                      \
    do {                                                                                                                                                  \
        for (uint32_t left = stream_get_u32(r); left > 0 && !(r)->bad; left--) {                                                                           \
            type one;                                                                                                                                     \
            STREAM_GET((r), one);                                                                                                                         \
            if (take)                                                                                                                                     \
                LIST_PUSH((list), one);                                                                                                                   \
        }                                                                                                                                                 \
    } while (0)

static void put_finished(const struct books *b, struct stream *s)
{
    stream_put_u32(s, b->finished.count);
    for (uint32_t k = 0; k < b->finished.count; k++)
        STREAM_PUT(s, b->records.at[b->finished.at[k]]);
}

/* Requests that ended go to the books of who asked. */
static void get_finished(struct world *w, struct stream_reader *r)
{
    for (uint32_t n = stream_get_u32(r); n > 0 && !r->bad; n--) {
        struct record was;
        STREAM_GET(r, was);
        if (r->bad || !world_holds(w, was.asker))
            continue;
        struct books *b = world_books(w, kernel_part_of(w->kernel, was.asker));
        LIST_PUSH(&b->finished, b->records.count);
        LIST_PUSH(&b->records, was);
    }
}

/* A sum of words goes to the first partition. */
static void get_sum(void *to, size_t bytes, struct stream_reader *r)
{
    for (size_t i = 0; i < bytes / sizeof(uint64_t); i++) {
        uint64_t more = stream_get_u64(r), word;
        if (!to)
            continue;
        memcpy(&word, (uint8_t *)to + i * sizeof word, sizeof word);
        word += more;
        memcpy((uint8_t *)to + i * sizeof word, &word, sizeof word);
    }
}
static_assert(sizeof(struct tally) % sizeof(uint64_t) == 0 && sizeof(struct hostile_counts) % sizeof(uint64_t) == 0, "sums are whole words");

void moment_put_part(struct world *w, unsigned part, struct stream *s)
{
    struct books *b = &w->books[part];
    assert(b->changed.count == 0);
    net_put_part(w->net, kernel_part(w->kernel, part), s);
    STREAM_PUT(s, b->tally);
    stream_put_u32(s, b->hostile != NULL);
    if (b->hostile)
        STREAM_PUT(s, *b->hostile);
    put_finished(b, s);
    PUT_LIST(&b->served, s);
    PUT_LIST(&b->failures, s);
    PUT_LIST(&b->joins, s);
    resends_put(&b->resends, s);
}

bool moment_get_part(struct world *w, struct stream_reader *r)
{
    bool first = w->here == 0;
    struct books *b = &w->books[w->here];
    if (!net_get_part(w->net, first ? kernel_part(w->kernel, 0) : NULL, r))
        return false;
    get_sum(first ? &b->tally : NULL, sizeof b->tally, r);
    if (stream_get_u32(r)) {
        if (!b->hostile)
            return false;
        get_sum(first ? b->hostile : NULL, sizeof *b->hostile, r);
    }
    get_finished(w, r);
    GET_LIST(&b->served, struct served, first, r);
    GET_LIST(&b->failures, struct link_failure, first, r);
    GET_LIST(&b->joins, struct joining, first, r);
    const struct stream_reader resends = *r;
    for (unsigned p = w->here; p < w->here_end; p++) {
        *r = resends;
        resends_get(&w->books[p].resends, r);
    }
    return stream_at_end(r);
}

/* ---- the run as a whole ---- */

static void put_scopes(const struct world *w, struct stream *s)
{
    stream_put_u32(s, w->scope_count);
    for (unsigned i = 0; i < w->scope_count; i++) {
        stream_put_u64(s, w->scopes[i].guard);
        STREAM_PUT(s, *w->scopes[i].m);
    }
}

/* Those of checks are told by their guards; the scenario may want fewer than there were. */
static bool get_scopes(struct world *w, struct stream_reader *r)
{
    uint32_t n = stream_get_u32(r);
    unsigned found = 0;
    for (uint32_t k = 0; k < n; k++) {
        sim_time guard = stream_get_u64(r);
        const void *m = stream_take(r, sizeof(struct measures));
        if (!m)
            return false;
        for (unsigned i = k < SCOPES ? k : SCOPES; i < (k < SCOPES ? k + 1 : w->scope_count); i++) {
            if (w->scopes[i].guard != guard)
                continue;
            memcpy(w->scopes[i].m, m, sizeof(struct measures));
            found++;
        }
    }
    return found == w->scope_count;
}

static void put_checks(const struct world *w, struct stream *s)
{
    stream_put_u32(s, w->check_count);
    for (unsigned i = 0; i < w->check_count; i++) {
        static const struct check of_the_simulator;
        struct check_result copy = w->checks[i];
        stream_put(s, copy.check ? copy.check : &of_the_simulator, sizeof *copy.check);
        copy.check = NULL;
        STREAM_PUT(s, copy);
    }
}

/* What was found of a check stays with it; one that the scenario did not have begins here. */
static void get_checks(struct world *w, struct stream_reader *r)
{
    uint32_t n = stream_get_u32(r);
    for (uint32_t k = 0; k < n && !r->bad; k++) {
        struct check check;
        struct check_result was;
        STREAM_GET(r, check);
        STREAM_GET(r, was);
        was.text[sizeof was.text - 1] = 0;
        for (unsigned i = 0; i < w->check_count; i++) {
            struct check_result *is = &w->checks[i];
            if (is->check ? memcmp(is->check, &check, sizeof check) != 0 : i != k)
                continue;
            was.check = is->check;
            was.scope = is->scope;
            *is = was;
        }
    }
}

void moment_put_world(struct world *w, struct stream *s)
{
    const uint64_t words[] = {w->now, w->online, w->tick_at, w->booked_at, w->online_rest_ns, w->run_events, w->run_datagrams, w->cpu_taken};
    assert(w->moved.count == 0 && w->announced.count == 0);
    double cpu_s = w->cpu_taken ? w->run_cpu_s : w->run_cpu_s + progress_cpu_s() - w->run_from_cpu_s;
    assembly_seconds(w, &cpu_s, 1);
    STREAM_PUT(s, words);
    STREAM_PUT(s, cpu_s);
    STREAM_PUT(s, w->totals);
    put_scopes(w, s);
    put_checks(w, s);
    load_put(w, s);
    aftermath_put(w, s);
    net_put_weather(w->net, s);
    faults_put(w, s);
    spread_put(w, s);
}

bool moment_get_world(struct world *w, struct stream_reader *r)
{
    uint64_t words[8];
    STREAM_GET(r, words);
    w->now = words[0];
    w->online = words[1];
    w->tick_at = words[2];
    w->booked_at = words[3];
    w->online_rest_ns = words[4];
    w->run_events = words[5];
    w->run_datagrams = words[6];
    w->cpu_taken = words[7] != 0;
    double cpu_s;
    STREAM_GET(r, cpu_s);
    w->run_cpu_s = w->here == 0 ? cpu_s : 0;
    STREAM_GET(r, w->totals);
    if (!get_scopes(w, r))
        return false;
    get_checks(w, r);
    load_get(w, r);
    aftermath_get(w, r);
    if (!net_get_weather(w->net, r))
        return false;
    faults_get(w, r);
    spread_get(w, r);
    return stream_at_end(r);
}

uint64_t moment_layout(void)
{
    const size_t at[] = {sizeof(struct identity), sizeof(struct session), sizeof(struct address_cache), sizeof(struct record), sizeof(struct served),
                         sizeof(struct link_failure), sizeof(struct joining), sizeof(struct tally), sizeof(struct hostile_counts), sizeof(struct totals),
                         sizeof(struct measures), sizeof(struct load_counts), sizeof(struct check_result), sizeof(struct series_row), SPREAD_MARKS, FAULTS_MAX};
    return hash64(hash64_mix(kernel_layout(), net_layout()), at, sizeof at);
}

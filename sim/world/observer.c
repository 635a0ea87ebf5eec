/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/observer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/base/hash.h"
#include "proto/fact.h"
#include "proto/wire/message.h"
#include "sim/world/aftermath.h"
#include "sim/world/assembly.h"
#include "sim/world/lives.h"
#include "sim/world/spread.h"
#include "sim/world/workload.h"

/* ---- records of requests ---- */

static uint32_t record_new(struct books *b)
{
    uint32_t index = b->free_record;
    if (index != NONE) {
        b->free_record = b->records.at[index].next;
        return index;
    }
    LIST_PUSH(&b->records, (struct record){0});
    return b->records.count - 1;
}

uint32_t observer_request(struct books *b, struct session *s, peer_h asker, peer_h target, struct id key, bool lookup,
                          sim_time now)
{
    uint32_t index = record_new(b), tag = s->requests++;
    b->records.at[index] = (struct record){.started = now,
                                           .ended = TIME_NEVER,
                                           .key = key,
                                           .asker = asker,
                                           .target = target,
                                           .answerer = PEER_NONE,
                                           .tag = tag,
                                           .next = s->pending,
                                           .state = REQUEST_PENDING,
                                           .lookup = lookup};
    s->pending = index;
    return tag;
}

/* Takes the record with this tag out of the session's list and marks it finished. NULL = there is none (abandoned). */
static struct record *record_finish(struct books *b, struct session *s, uint32_t tag, sim_time now,
                                    enum request_state state)
{
    for (uint32_t *link = &s->pending; *link != NONE; link = &b->records.at[*link].next) {
        struct record *r = &b->records.at[*link];
        if (r->tag != tag)
            continue;
        uint32_t index = *link;
        *link = r->next;
        r->state = (uint8_t)state;
        r->ended = now;
        LIST_PUSH(&b->finished, index);
        return r;
    }
    return NULL;
}

void observer_abandon(struct books *b, struct session *s, sim_time now)
{
    while (s->pending != NONE)
        record_finish(b, s, b->records.at[s->pending].tag, now, REQUEST_ABANDONED);
}

static void fact_sent(struct books *b, const struct session *s, uint32_t tag, uint64_t tid)
{
    for (uint32_t i = s->pending; i != NONE; i = b->records.at[i].next)
        if (b->records.at[i].tag == tag)
            b->records.at[i].tid = tid;
}

static void fact_answered(struct books *b, struct session *s, sim_time now, uint32_t tag, uint64_t answer)
{
    struct record *r = record_finish(b, s, tag, now, REQUEST_GOT);
    if (!r)
        return;
    r->answerer = FACT_ANSWER_PEER(answer);
    r->links = (uint8_t)FACT_ANSWER_HOPS(answer);
    r->values = (uint8_t)FACT_ANSWER_VALUES(answer);
}

static void fact_failed(struct books *b, struct session *s, sim_time now, uint32_t tag, uint64_t why)
{
    struct record *r = record_finish(b, s, tag, now, why ? REQUEST_REFUSED : REQUEST_TIMED_OUT);
    if (!r)
        return;
    r->error = (uint16_t)why;
    r->links = (uint8_t)(why >> 16);
    if (!r->lookup)
        workload_register_failed(s, now);
}

/* Facts about the identity's own session. */
static void session_fact(struct world *w, struct part *part, peer_h self, sim_time now, uint16_t what, uint64_t x,
                         uint64_t y)
{
    struct books *b = world_books(w, part);
    struct identity *id = identity_own(w, self);
    if (id->session == NONE)
        return;
    struct session *s = session_of(b, id);
    if (what == FACT_JOINED || what == FACT_ATTACHED) {
        lives_joined(w, part, self, now);
    } else if (what == FACT_JOIN_STARTED) {
        lives_joining(w, part, self);
    } else if (what == FACT_LEFT) {
        lives_left(w, part, self, now);
    } else if (what == FACT_REQUEST_SENT) {
        fact_sent(b, s, (uint32_t)x, y);
    } else if (what == FACT_REQUEST_ANSWERED) {
        fact_answered(b, s, now, (uint32_t)x, y);
    } else if (what == FACT_REQUEST_FAILED) {
        fact_failed(b, s, now, (uint32_t)x, y);
        net_act_at(w->net, part, self, lives_next(w, b, self));
    }
}

static enum dropped dropped_why(int reason)
{
    switch (reason) {
    case DROP_QUEUE_FULL: return DROPPED_QUEUE_FULL;
    case DROP_NO_ROUTE: return DROPPED_NO_ROUTE;
    case DROP_UNKNOWN_DESTINATION: return DROPPED_UNKNOWN_DESTINATION;
    case DROP_TTL: return DROPPED_TTL;
    default: return DROPPED_OTHER;
    }
}

void observer_fact(void *world, struct part *part, peer_h self, sim_time now, uint16_t what, uint64_t x, uint64_t y)
{
    struct world *w = world;
    struct books *b = world_books(w, part);
    if (what >= HOSTILE_SENT) {
        hostile_note(b->hostile, what, x, y);
        return;
    }
    switch ((enum fact)what) {
    case FACT_MESSAGE_IN:
        b->tally.messages[w->kind->traffic(x)]++;
        load_message(&w->load, self, now);
        break;
    case FACT_FRAGMENT_IN: b->tally.fragments++; break;
    case FACT_DROPPED: b->tally.dropped[dropped_why((int)(int64_t)x)]++; break;
    case FACT_RESENT:
        b->tally.resent++;
        resends_note(&b->resends, hash64_mix(x, self));
        break;
    case FACT_UPDATE_SENT: b->tally.updates[x]++; break;
    case FACT_CONFIGURED: spread_adopted(w, self, now); break;
    case FACT_LATE_ANSWER: b->tally.spurious += resends_late(&b->resends, hash64_mix(x, self)); break; /* of this asker: a forwarder may report one too */
    case FACT_REQUEST_SERVED:
        if ((y & 0xffff) == FETCH_REQ)
            LIST_PUSH(&b->served, ((struct served){x, y >> 16}));
        break;
    case FACT_DEAD_HOP: b->tally.dead_hops += w->kind->names_owner || y == FETCH_REQ; break;
    case FACT_LINK_FAILED: LIST_PUSH(&b->failures, ((struct link_failure){now, (peer_h)x})); break;
    case FACT_JOIN_STARTED:
    case FACT_JOINED:
    case FACT_ATTACHED:
    case FACT_LEFT:
    case FACT_REQUEST_SENT:
    case FACT_REQUEST_ANSWERED:
    case FACT_REQUEST_FAILED: session_fact(w, part, self, now, what, x, y); break;
    case FACT_NONE:
    case FACT_JOIN_FAILED:
    case FACT_RANGE_CHANGED:
    case FACT_NEIGHBOURS_CHANGED:
    case FACT_LINK_UP:
    case FACT_LINK_SUSPECT:
    case FACT_FINGER_FILLED:
    case FACT_STORED_VALUE:
    case FACT_DROPPED_VALUE:
    case FACT_PARTITION_FOUND:
    case FACT_COUNT: break;
    }
}

/* ---- at a tick: following transaction ids ---- */

/* Look-ups by transaction id, for the length of one settlement. */
struct tid_table {
    struct record **slot;
    uint32_t mask;
};

static void tid_insert(struct tid_table *t, struct record *r)
{
    uint32_t i = (uint32_t)(r->tid >> 32 ^ r->tid) & t->mask;
    while (t->slot[i])
        i = (i + 1) & t->mask;
    t->slot[i] = r;
}

static struct record *tid_find(const struct tid_table *t, uint64_t tid)
{
    for (uint32_t i = (uint32_t)(tid >> 32 ^ tid) & t->mask; t->slot[i]; i = (i + 1) & t->mask)
        if (t->slot[i]->tid == tid)
            return t->slot[i];
    return NULL;
}

static void tid_table_fill(struct world *w, struct tid_table *t)
{
    uint32_t records = 0;
    for (unsigned p = w->here; p < w->here_end; p++)
        records += w->books[p].records.count;
    t->mask = 15;
    while (t->mask < 2 * records)
        t->mask = 2 * t->mask + 1;
    if (!(t->slot = calloc(t->mask + (size_t)1, sizeof *t->slot)))
        out_of_memory();
    for (unsigned p = w->here; p < w->here_end; p++)
        for (uint32_t i = 0; i < w->books[p].records.count; i++) {
            struct record *r = &w->books[p].records.at[i];
            if (r->lookup && r->tid)
                tid_insert(t, r);
        }
}

/* All that was served since the last tick, wherever; freed by the caller. */
static struct served *all_served(struct world *w, size_t *count)
{
    LIST(struct served) own = {0};
    for (unsigned p = w->here; p < w->here_end; p++) {
        struct books *b = &w->books[p];
        for (uint32_t i = 0; i < b->served.count; i++)
            LIST_PUSH(&own, b->served.at[i]);
        b->served.count = 0;
    }
    *count = own.count;
    if (!w->ranks)
        return own.at;
    const struct blob *in = ranks_gather(w->ranks, own.at, own.count * sizeof *own.at);
    size_t bytes = 0, used = 0;
    for (unsigned r = 0; r < ranks_count(w->ranks); r++)
        bytes += in[r].size;
    struct served *all = malloc(bytes + 1);
    if (!all)
        out_of_memory();
    for (unsigned r = 0; r < ranks_count(w->ranks); r++) {
        if (in[r].size)
            memcpy((char *)all + used, in[r].bytes, in[r].size);
        used += in[r].size;
    }
    free(own.at);
    *count = bytes / sizeof *all;
    return all;
}

/* Links crossed, noted where the request was served, go to the look-up they belong to. A request that was served twice (resent, and
 * the answer lost) keeps the longer way: commutative, so that the order of the books does not matter. */
static void follow_requests(struct world *w)
{
    struct tid_table t;
    size_t count;
    struct served *served = all_served(w, &count);
    if (count) {
        tid_table_fill(w, &t);
        for (size_t i = 0; i < count; i++) {
            struct record *r = tid_find(&t, served[i].tid);
            if (r && served[i].links > r->request_links)
                r->request_links = (uint8_t)served[i].links;
        }
        free(t.slot);
    }
    free(served);
}

/* ---- at a tick: judging ---- */

/* A registration was acknowledged: it is known to exist from then on, and to live for its lifetime counted from when it was sent at the least. */
static void registration_good(struct world *w, const struct record *r)
{
    struct identity *id = identity_own(w, r->asker);
    if (id->registered_until < r->ended)
        id->registered_from = r->ended;
    id->registered_until = r->started + SECONDS(w->scenario->register_lifetime_s);
    assembly_registered(w, r->asker, id->registered_until);
}

/* Those of all partitions before any look-up is judged. */
static void settle_registrations(struct world *w, const struct books *b)
{
    for (uint32_t i = 0; i < b->finished.count; i++) {
        const struct record *r = &b->records.at[b->finished.at[i]];
        if (!r->lookup && r->state == REQUEST_GOT)
            registration_good(w, r);
    }
}

/* What the judgement of a look-up needs to know of others. */
struct trial {
    const struct record *record;
    bool expected, reachable; /* value_expected and is_reachable, as the target's rank says */
    bool held;                /* the right peers hold the value; asked only when it is missing */
    peer_h responsible;       /* of the key when the answer came; asked only where answers name it */
};

struct trials {
    LIST(struct trial) all;
};

struct question {
    sim_time started, ended;
    uint64_t target;
};

#define ANSWER_EXPECTED  1u
#define ANSWER_REACHABLE 2u

/* Identities of the target's device: first and number. Before time 0 and in the run they share one user name, and so one Resource-ID; and they live on
 * one rank, because they are one site. */
static peer_h device_of(const struct world *w, peer_h target, uint32_t *ids)
{
    *ids = target < w->churn.permanent ? 1 : w->churn.ids;
    return target - (*ids == 1 ? 0 : (target - w->churn.permanent) % *ids);
}

static bool value_expected(struct world *w, const struct question *q)
{
    uint32_t ids;
    for (peer_h first = device_of(w, (peer_h)q->target, &ids), k = 0; k < ids; k++) {
        const struct identity *id = identity_of(w, first + k);
        if (id->registered_until && id->registered_from <= q->started && id->registered_until > q->ended)
            return true;
    }
    return false;
}

/* The device was there when the value came. With new Node-IDs it must have registered the present one: another value would lead nowhere. */
static bool is_reachable(struct world *w, const struct question *q)
{
    uint32_t ids;
    for (peer_h first = device_of(w, (peer_h)q->target, &ids), k = 0; k < ids; k++) {
        const struct identity *id = identity_of(w, first + k);
        bool registered = ids == 1 || (id->registered_from <= q->ended && id->registered_until > q->ended);
        if (registered && identity_present_at(id, q->ended, NULL))
            return true;
    }
    return false;
}

static uint64_t answer_about_target(void *world, const void *question)
{
    struct question q;
    memcpy(&q, question, sizeof q);
    return (value_expected(world, &q) ? ANSWER_EXPECTED : 0) | (is_reachable(world, &q) ? ANSWER_REACHABLE : 0);
}

static bool is_missing(const struct world *w, const struct record *r)
{
    if (w->kind->names_owner)
        return false;
    return r->state == REQUEST_GOT ? r->values == 0 : r->state == REQUEST_REFUSED && r->error == ERROR_NOT_FOUND;
}

static void *room(uint32_t n, size_t size)
{
    void *room = malloc((n + (size_t)1) * size);
    if (!room)
        out_of_memory();
    return room;
}

static void ask_about_targets(struct world *w, struct trials *t)
{
    uint32_t most = t->all.count, n = 0;
    struct question *q = room(most, sizeof *q);
    uint32_t *to = room(most, sizeof *to), *whose = room(most, sizeof *whose);
    uint64_t *answers = room(most, sizeof *answers);
    for (uint32_t i = 0; i < most; i++) {
        const struct record *r = t->all.at[i].record;
        if (r->target == PEER_NONE)
            continue;
        q[n] = (struct question){r->started, r->ended, r->target};
        to[n] = assembly_rank_of(w, r->target);
        whose[n++] = i;
    }
    ranks_ask(w->ranks, to, q, sizeof *q, n, answers, answer_about_target, w);
    for (uint32_t i = 0; i < n; i++) {
        t->all.at[whose[i]].expected = answers[i] & ANSWER_EXPECTED;
        t->all.at[whose[i]].reachable = (answers[i] & ANSWER_REACHABLE) != 0;
    }
    free(q);
    free(to);
    free(whose);
    free(answers);
}

static void ask_who_holds(struct world *w, struct trials *t)
{
    uint32_t most = t->all.count, n = 0;
    peer_h *target = room(most, sizeof *target);
    uint32_t *whose = room(most, sizeof *whose);
    bool *held = room(most, sizeof *held);
    for (uint32_t i = 0; i < most; i++)
        if (t->all.at[i].expected && is_missing(w, t->all.at[i].record)) {
            target[n] = t->all.at[i].record->target;
            whose[n++] = i;
        }
    ring_holds(w, target, n, 3, held);
    for (uint32_t i = 0; i < n; i++)
        t->all.at[whose[i]].held = held[i];
    free(target);
    free(whose);
    free(held);
}

static void ask_who_was_responsible(struct world *w, struct trials *t)
{
    uint32_t most = t->all.count, n = 0;
    struct ring_moment *m = room(most, sizeof *m);
    uint32_t *whose = room(most, sizeof *whose);
    peer_h *responsible = room(most, sizeof *responsible);
    for (uint32_t i = 0; i < most; i++)
        if (t->all.at[i].record->state == REQUEST_GOT) {
            m[n] = (struct ring_moment){t->all.at[i].record->key, t->all.at[i].record->ended};
            whose[n++] = i;
        }
    ring_responsible(w, m, n, responsible);
    for (uint32_t i = 0; i < n; i++)
        t->all.at[whose[i]].responsible = responsible[i];
    free(m);
    free(whose);
    free(responsible);
}

static enum outcome judge_missing(const struct trial *t)
{
    if (!t->expected)
        return OUTCOME_ABSENT;
    return t->held ? OUTCOME_WRONG_OWNER : OUTCOME_LOST;
}

static enum outcome judge_owner(const struct trial *t)
{
    const struct record *r = t->record;
    if (r->state == REQUEST_GOT)
        return r->answerer == t->responsible ? OUTCOME_CORRECT : OUTCOME_WRONG_OWNER;
    return r->state == REQUEST_REFUSED ? OUTCOME_ERROR : OUTCOME_TIMEOUT;
}

static enum outcome judge_outcome(const struct world *w, const struct trial *t)
{
    const struct record *r = t->record;
    if (w->kind->names_owner)
        return judge_owner(t);
    if (is_missing(w, r))
        return judge_missing(t);
    if (r->state == REQUEST_GOT)
        return t->reachable ? OUTCOME_CORRECT : OUTCOME_STALE;
    return r->state == REQUEST_REFUSED ? OUTCOME_ERROR : OUTCOME_TIMEOUT;
}

/* An asker that asks its way counts its steps itself: the request crosses the last link only. */
static uint8_t links_of(const struct world *w, const struct record *r)
{
    return r->request_links && w->overlay.routing != ROUTING_ITERATIVE ? r->request_links : r->links;
}

static void judge_lookup(struct world *w, const struct trial *t)
{
    const struct record *r = t->record;
    struct lookup_result result = {.started = r->started,
                                   .latency = r->ended - r->started,
                                   .outcome = judge_outcome(w, t),
                                   .answered = r->state == REQUEST_GOT || is_missing(w, r),
                                    .links = links_of(w, r)};
    result.expected = w->kind->names_owner || t->expected || (r->state == REQUEST_GOT && r->values);
    result.honest = !(w->scenario->hostile.share > 0) || !hostile_is(&w->scenario->hostile, r->asker);
    if (result.answered && r->answerer != r->asker && r->answerer < w->identities)
        result.round_trip = net_rtt(w->net, r->asker, r->answerer);
    for (unsigned i = 0; i < w->scope_count; i++)
        if (scope_covers(&w->scopes[i], r->started))
            measures_lookup(w->scopes[i].fresh, &result);
    aftermath_lookup(w, &result);
}

static void judge_lookups(struct world *w, struct trials *t)
{
    if (w->kind->names_owner) {
        ask_who_was_responsible(w, t);
    } else {
        ask_about_targets(w, t);
        ask_who_holds(w, t);
    }
    for (uint32_t i = 0; i < t->all.count; i++)
        judge_lookup(w, &t->all.at[i]);
}

static void count_started(struct world *w, const struct record *r)
{
    for (unsigned i = 0; i < w->scope_count; i++) {
        struct measures *m = w->scopes[i].fresh;
        if (!scope_covers(&w->scopes[i], r->started))
            continue;
        m->lookups += r->lookup;
        m->registrations += !r->lookup;
        m->abandoned += r->lookup && r->state == REQUEST_ABANDONED;
        if (!r->lookup && r->state != REQUEST_ABANDONED)
            measures_registration(m, r->ended - r->started, r->state == REQUEST_GOT);
    }
}

/* Somebody wants to know what became of requests of that time. */
static bool is_covered(const struct world *w, sim_time started)
{
    for (unsigned i = 0; i < w->scope_count; i++)
        if (scope_covers(&w->scopes[i], started))
            return true;
    return false;
}

/* Counts what finished, and calls up the look-ups that are to be judged. */
static void call_up(struct world *w, const struct books *b, struct trials *t)
{
    for (uint32_t i = 0; i < b->finished.count; i++) {
        const struct record *r = &b->records.at[b->finished.at[i]];
        if (!is_covered(w, r->started))
            continue;
        count_started(w, r);
        if (r->lookup && r->state != REQUEST_ABANDONED)
            LIST_PUSH(&t->all, ((struct trial){.record = r, .responsible = PEER_NONE}));
    }
}

static void free_finished(struct books *b)
{
    for (uint32_t i = 0; i < b->finished.count; i++) {
        uint32_t index = b->finished.at[i];
        b->records.at[index] = (struct record){.next = b->free_record};
        b->free_record = index;
    }
    b->finished.count = 0;
}

static void settle_records(struct world *w)
{
    struct trials t = {0};
    for (unsigned p = w->here; p < w->here_end; p++)
        call_up(w, &w->books[p], &t);
    judge_lookups(w, &t);
    free(t.all.at);
    for (unsigned p = w->here; p < w->here_end; p++)
        free_finished(&w->books[p]);
}

struct sighting {
    sim_time at;
    uint64_t peer;
};

/* Since when, and whether it was there, in the lowest bit. */
static uint64_t answer_about_presence(void *world, const void *question)
{
    struct sighting s;
    sim_time since;
    memcpy(&s, question, sizeof s);
    bool present = identity_present_at(identity_of(world, (peer_h)s.peer), s.at, &since);
    return since << 1 | present;
}

static void count_failure(struct world *w, struct books *b, sim_time at, bool present, sim_time since)
{
    b->tally.link_failures++;
    b->tally.link_failures_live += present;
    for (unsigned k = 0; k < w->scope_count && !present && since <= at; k++)
        if (scope_covers(&w->scopes[k], at) && since > 0)
            histogram_add(&w->scopes[k].fresh->detect_latency, at - since);
}

/* Time from a device's going to the failure of a link to it. Links to live peers that fail are counted apart: false alarms, or peers that are
 * back already. */
static void settle_failures(struct world *w)
{
    LIST(struct sighting) q = {0};
    for (unsigned p = w->here; p < w->here_end; p++) {
        struct books *b = &w->books[p];
        for (uint32_t i = 0; i < b->failures.count; i++)
            if (b->failures.at[i].peer < w->identities)
                LIST_PUSH(&q, ((struct sighting){b->failures.at[i].at, b->failures.at[i].peer}));
        b->failures.count = 0;
    }
    uint32_t *to = room(q.count, sizeof *to);
    uint64_t *answers = room(q.count, sizeof *answers);
    for (uint32_t i = 0; i < q.count; i++)
        to[i] = assembly_rank_of(w, (peer_h)q.at[i].peer);
    ranks_ask(w->ranks, to, q.at, sizeof *q.at, q.count, answers, answer_about_presence, w);
    for (uint32_t i = 0; i < q.count; i++)
        count_failure(w, &w->books[w->here], q.at[i].at, answers[i] & 1, answers[i] >> 1);
    free(q.at);
    free(to);
    free(answers);
}

/* A session that ended before it had joined says nothing when it was shorter than the end-to-end limit. */
static void settle_joins(struct world *w, struct books *b)
{
    for (uint32_t i = 0; i < b->joins.count; i++) {
        const struct joining *j = &b->joins.at[i];
        sim_time took = j->ended - j->started;
        for (unsigned k = 0; k < w->scope_count; k++) {
            struct measures *m = w->scopes[k].fresh;
            if (!scope_covers(&w->scopes[k], j->started))
                continue;
            struct entrances *e = j->client ? &m->attaches : &m->joins;
            e->count++;
            if (j->joined || took >= 5 * w->overlay.reliability_timer)
                measures_entrance(e, took, j->joined);
        }
    }
    b->joins.count = 0;
}

void observer_settle(struct world *w)
{
    follow_requests(w);
    for (unsigned p = w->here; p < w->here_end; p++)
        settle_registrations(w, &w->books[p]);
    settle_records(w);
    settle_failures(w);
    for (unsigned p = w->here; p < w->here_end; p++) {
        settle_joins(w, &w->books[p]);
        resends_turn(&w->books[p].resends, w->now, 5 * w->overlay.reliability_timer);
    }
}

void observer_close(struct world *w)
{
    assembly_joined(w);
    for (uint32_t i = w->first; i < w->end; i++) {
        const struct identity *id = identity_of(w, i);
        if (id->session == NONE)
            continue;
        struct books *b = world_books(w, kernel_part_of(w->kernel, i));
        struct session *s = session_of(b, id);
        while (s->pending != NONE)
            record_finish(b, s, b->records.at[s->pending].tag, w->now,
                          w->cut ? REQUEST_ABANDONED : REQUEST_TIMED_OUT);
        if (s->joined_at == TIME_NEVER)
            LIST_PUSH(&b->joins, ((struct joining){session_began(id), w->now, false, id->flags & LIFE_CLIENT}));
    }
    observer_settle(w);
    assembly_merge(w);
}

void out_of_memory(void)
{
    fputs("reloadsim: out of memory: the books of the world\n", stderr);
    fflush(NULL);
    _exit(4); /* other threads may be at work: exit would tear down what they use */
}

void list_grow(void **at, uint32_t *cap, uint32_t count, size_t item_bytes)
{
    if (count < *cap)
        return;
    /* The sessions are the longest list, and memory is short; the system moves what is that large by its pages. */
    uint32_t grown = *cap < 64 ? 2 * *cap + 16 : *cap + *cap / (*cap < 16384 ? 8 : 64);
    void *bigger = realloc(*at, grown * item_bytes);
    if (!bigger)
        out_of_memory();
    *at = bigger;
    *cap = grown;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/workload.h"

#include <stdlib.h>

#include "proto/wire/message.h"
#include "sim/kernel/random.h"
#include "sim/scenario/trace.h"
#include "sim/world/assembly.h"
#include "sim/world/faults.h"
#include "sim/world/lives.h"
#include "sim/world/observer.h"

#define REGISTER_WITHIN SECONDS(5)  /* after joining */
#define REGISTER_RETRY  SECONDS(30) /* after a failure, as RFC 5626 4.5 waits at first */
#define TARGET_TRIES    64

/* Draws of one session must not repeat in the next: the churn cycle is the upper half of the counter. */
static uint64_t draw_counter(const struct world *w, peer_h self, uint32_t n)
{
    return (uint64_t)identity_of(w, self)->cycle << 32 | n;
}

static sim_time draw_gap(const struct world *w, peer_h self, uint32_t n, double mean_s)
{
    const struct law gap = {LAW_EXPONENTIAL, mean_s, 0};
    return law_draw(&gap, random_unit(w->scenario->seed, self, STREAM_LOOKUP_TIME, draw_counter(w, self, n)));
}

/* Two Poisson streams are one of the sum of their rates. */
static void plan_lookup(struct world *w, struct session *s, peer_h self, sim_time now)
{
    double mean_s = w->scenario->lookup_every ? (double)scenario_lookup_gap(w->scenario) / 1e9 : 0;
    double flood = faults_flood_rate(w, self);
    if (flood > 0)
        mean_s = 1 / (flood + (mean_s > 0 ? 1 / mean_s : 0));
    s->next_lookup = mean_s > 0 ? time_add(now, draw_gap(w, self, s->lookups, mean_s)) : TIME_NEVER;
}

void workload_replan(struct world *w, struct session *s, peer_h self, sim_time now)
{
    s->lookups++; /* the draw of the gap that is given up is not used twice */
    plan_lookup(w, s, self, now);
}

static void plan_first_registration(struct world *w, struct session *s, peer_h self, sim_time now)
{
    if (w->scenario->register_every)
        s->next_register = now + 1 +
                           random_below(w->scenario->seed, self, STREAM_REGISTER, draw_counter(w, self, 0),
                                        REGISTER_WITHIN);
}

void workload_joined(struct world *w, struct session *s, peer_h self, sim_time now)
{
    plan_lookup(w, s, self, now);
    plan_first_registration(w, s, self, now);
}

void workload_seeded(struct world *w, struct session *s, peer_h self, sim_time registered_ago)
{
    plan_lookup(w, s, self, 0);
    if (registered_ago == 0 || registered_ago >= w->scenario->register_every)
        plan_first_registration(w, s, self, 0);
    else
        s->next_register = w->scenario->register_every - registered_ago;
}

sim_time workload_next(const struct session *s)
{
    return time_min(s->next_lookup, time_min(s->next_register, s->retry_register));
}

void workload_register_failed(struct session *s, sim_time now)
{
    s->retry_register = now + REGISTER_RETRY;
}

size_t workload_registration(struct world *w, peer_h peer, uint8_t value[REGISTRATION_BYTES])
{
    static const char prefs[] = "(sip.schemes=SIP)"; /* RFC 3840 contact predicate */
    uint8_t list[DESTINATION_NODE_BYTES];
    struct writer destinations = writer_on(list, sizeof list, false);
    destination_put_node(&destinations, net_id(w->net, peer));
    const struct sip_registration registration = {.type = SIP_REGISTRATION_ROUTE,
                                                  .contact_prefs = {(const uint8_t *)prefs, sizeof prefs - 1},
                                                  .destinations = {list, writer_len(&destinations)}};
    struct writer out = writer_on(value, REGISTRATION_BYTES, false);
    sip_registration_put(&out, &registration);
    assert(out.err == 0);
    return writer_len(&out);
}

static void send_registration(struct world *w, struct part *part, peer_h self, sim_time now)
{
    uint8_t value[REGISTRATION_BYTES];
    size_t len = workload_registration(w, self, value);
    struct books *b = world_books(w, part);
    struct session *s = session_of(b, identity_of(w, self));
    s->retry_register = TIME_NEVER;
    uint32_t tag = observer_request(b, s, self, self, net_user(w->net, self), false, now);
    net_request(w->net, part, self, now,
                &(struct request){.op = REQUEST_STORE,
                                  .tag = tag,
                                  .resource = net_user(w->net, self),
                                  .kind = KIND_SIP_REGISTRATION,
                                  .lifetime_s = w->scenario->register_lifetime_s,
                                  .value = value,
                                  .value_len = (uint16_t)len});
}

/* Whether this identity may be looked up, as far as the last tick knows. */
static bool target_fits(const struct world *w, peer_h self, uint32_t identity)
{
    if (identity == self)
        return false;
    if (w->scenario->target == TARGET_ONLINE)
        return w->online_map[identity / 64] >> identity % 64 & 1;
    return w->scenario->target == TARGET_ANY || w->registered_until[identity] > w->tick_at;
}

/* The identity of this device that may be looked up; PEER_NONE. */
static peer_h device_target(const struct world *w, peer_h self, uint32_t device)
{
    uint32_t fixed = w->churn.permanent, ids = w->churn.ids;
    if (ids == 1 || device < fixed)
        return target_fits(w, self, device) ? device : PEER_NONE;
    uint32_t first = fixed + (device - fixed) * ids;
    if (self >= first && self < first + ids)
        return PEER_NONE; /* oneself, whatever the Node-ID */
    for (uint32_t k = 0; k < ids; k++)
        if (w->online_map[(first + k) / 64] >> (first + k) % 64 & 1 && target_fits(w, self, first + k))
            return first + k;
    for (uint32_t k = 0; k < ids; k++)
        if (target_fits(w, self, first + k))
            return first + k;
    return PEER_NONE;
}

/* Popularity decides; who does not fit is drawn again. PEER_NONE when nobody was found in so many tries. */
static peer_h draw_target(const struct world *w, peer_h self, uint64_t counter)
{
    for (unsigned i = 0; i < TARGET_TRIES; i++) {
        uint32_t rank = popularity_rank(&w->popularity,
                                        random_unit(w->scenario->seed, self, STREAM_LOOKUP_TARGET, counter * 256 + i));
        if (rank == 0)
            continue;
        peer_h target = device_target(w, self, popularity_identity(&w->popularity, rank));
        if (target != PEER_NONE)
            return target;
    }
    return PEER_NONE;
}

static void fetch(struct world *w, struct part *part, peer_h self, peer_h target, struct id resource, sim_time now)
{
    struct books *b = world_books(w, part);
    uint32_t tag = observer_request(b, session_of(b, identity_of(w, self)), self, target, resource, true, now);
    net_request(
        w->net, part, self, now,
        &(struct request){.op = REQUEST_FETCH, .tag = tag, .resource = resource, .kind = KIND_SIP_REGISTRATION});
}

static void send_lookup(struct world *w, struct part *part, peer_h self, sim_time now)
{
    struct books *b = world_books(w, part);
    struct session *s = session_of(b, identity_of(w, self));
    uint64_t counter = draw_counter(w, self, s->lookups), seed = w->scenario->seed;
    bool at_random = w->scenario->target == TARGET_RANDOM;
    peer_h target = at_random ? PEER_NONE : draw_target(w, self, counter);
    s->lookups++;
    plan_lookup(w, s, self, now);
    if (target == PEER_NONE && !at_random) {
        b->tally.no_target++;
        return;
    }
    struct id resource = {0, 0};
    if (at_random)
        resource = (struct id){random_u64(seed, self, STREAM_LOOKUP_TARGET, counter * 256),
                               random_u64(seed, self, STREAM_LOOKUP_TARGET, counter * 256 + 1)};
    else
        resource = net_user(w->net, target);
    fetch(w, part, self, target, resource, now);
}

/* Who registers keeps to the time that it has planned, and to the new interval from then on. */
static void registrations_changed(struct world *w, struct session *s, peer_h self)
{
    if (!w->scenario->register_every)
        s->next_register = s->retry_register = TIME_NEVER;
    else if (s->next_register == TIME_NEVER)
        plan_first_registration(w, s, self, w->now);
}

void workload_changed(struct world *w, bool lookups, bool registrations)
{
    for (uint32_t i = w->first; i < w->end; i++) {
        const struct identity *id = identity_of(w, i);
        struct part *part = kernel_part_of(w->kernel, i);
        struct books *b = world_books(w, part);
        if (id->session == NONE || id->flags & LIFE_LEAVING)
            continue;
        struct session *s = session_of(b, id);
        if (s->joined_at == TIME_NEVER)
            continue;
        if (lookups)
            workload_replan(w, s, i, w->now);
        if (registrations)
            registrations_changed(w, s, i);
        net_act_at(w->net, part, i, lives_next(w, b, i));
    }
}

/* ---- a trace of look-ups ---- */

/* Names of the trace of sessions are its nodes, which follow the bootstrap nodes; else numbers are identities. Both were checked with the scenario. */
static peer_h call_peer(const struct world *w, uint64_t name)
{
    if (w->churn.source != CHURN_TRACE)
        return (peer_h)name;
    return w->churn.permanent + session_trace_find(&w->churn.trace, name);
}

static void fill_calls(struct world *w, const struct call_trace *t)
{
    struct call_list *list = &w->calls;
    for (size_t i = 0; i < t->calls; i++) { /* by asker: those of one stand together */
        peer_h asker = call_peer(w, t->call[i].asker);
        list->at[i] = (struct planned_call){t->call[i].at, call_peer(w, t->call[i].target)};
        if (i == 0 || t->call[i].asker != t->call[i - 1].asker)
            list->next[asker] = (uint32_t)i;
        list->end[asker] = (uint32_t)i + 1;
    }
}

int workload_open_calls(struct world *w, char *error, size_t error_cap)
{
    struct call_trace t;
    if (!w->scenario->calls_data[0])
        return 0;
    if (call_trace_load(&t, w->scenario->calls_path, error, error_cap))
        return -1;
    w->calls = (struct call_list){.at = malloc((t.calls + 1) * sizeof *w->calls.at),
                                  .next = calloc(w->identities, sizeof *w->calls.next),
                                  .end = calloc(w->identities, sizeof *w->calls.end)};
    if (!w->calls.at || !w->calls.next || !w->calls.end)
        out_of_memory();
    fill_calls(w, &t);
    call_trace_free(&t);
    return 0;
}

void workload_close_calls(struct world *w)
{
    free(w->calls.at);
    free(w->calls.next);
    free(w->calls.end);
}

sim_time workload_next_call(const struct world *w, peer_h self)
{
    const struct call_list *c = &w->calls;
    return c->next && c->next[self] < c->end[self] ? c->at[c->next[self]].at : TIME_NEVER;
}

void workload_calls_due(struct world *w, struct part *part, peer_h self, sim_time now)
{
    while (workload_next_call(w, self) <= now) {
        peer_h target = w->calls.at[w->calls.next[self]++].target;
        if (identity_of(w, self)->flags & LIFE_JOINED)
            fetch(w, part, self, target, net_user(w->net, target), now);
        else
            world_books(w, part)->tally.skipped++;
    }
}

void workload_due(struct world *w, struct part *part, peer_h self, sim_time now)
{
    struct books *b = world_books(w, part);
    struct session *s = session_of(b, identity_of(w, self));
    if (s->next_register <= now) {
        do
            s->next_register = time_add(s->next_register, w->scenario->register_every);
        while (s->next_register <= now); /* those missed while it was off the ring */
        send_registration(w, part, self, now);
    } else if (s->retry_register <= now) {
        send_registration(w, part, self, now);
    }
    if (identity_of(w, self)->session != NONE && (s = session_of(b, identity_of(w, self)))->next_lookup <= now)
        send_lookup(w, part, self, now);
}

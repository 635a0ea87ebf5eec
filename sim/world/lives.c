/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/lives.h"

#include <string.h>

#include "sim/net/trouble.h"
#include "sim/world/faults.h"
#include "sim/world/observer.h"
#include "sim/world/workload.h"

/* An identity that is due back while its last process still says good-bye: the process is stopped, the new one comes up a little later. */
#define RESTART_GAP MILLIS(1)

struct identity *identity_own(struct world *w, peer_h peer)
{
    node_word word = w->node[peer];
    struct part *part = node_is_seated(word) ? NULL : kernel_part_of(w->kernel, peer);
    uint32_t seat = part ? kernel_seat(part, peer) : node_seat(word);
    return &w->books[part ? part_index(part) : node_part(word)].identity[seat];
}

static bool life_present(const struct identity *id)
{
    return (id->flags & (LIFE_ONLINE | LIFE_LEAVING)) == LIFE_ONLINE;
}

bool identity_present_at(const struct identity *id, sim_time t, sim_time *since)
{
    bool present = life_present(id);
    for (unsigned i = 0; i < 3; i++) {
        if (since)
            *since = id->changed[i];
        if (id->changed[i] <= t)
            return present;
        present = !present;
    }
    return present;
}

static void life_changed(struct identity *id, sim_time now)
{
    id->changed[2] = id->changed[1];
    id->changed[1] = id->changed[0];
    id->changed[0] = now;
}

/* The snapshot takes it over at the next tick. */
static void set_joined(struct books *b, struct identity *id, peer_h self, bool joined)
{
    if (!(id->flags & LIFE_JOINED) == !joined)
        return;
    id->flags ^= LIFE_JOINED;
    LIST_PUSH(&b->changed, self);
}

/* ---- sessions ---- */

static struct session *session_open(struct books *b, struct identity *id)
{
    if (b->free_sessions.count) {
        id->session = b->free_sessions.at[--b->free_sessions.count];
    } else {
        id->session = b->sessions.count;
        LIST_PUSH(&b->sessions, (struct session){0});
    }
    struct session *s = session_of(b, id);
    *s = (struct session){.next_register = TIME_NEVER,
                          .retry_register = TIME_NEVER,
                          .next_lookup = TIME_NEVER,
                          .pending = NONE,
                          .place = NONE,
                          .joined_at = TIME_NEVER};
    return s;
}

static void session_close(struct books *b, struct identity *id, sim_time began, sim_time now)
{
    struct session *s = session_of(b, id);
    observer_abandon(b, s, now);
    if (s->joined_at == TIME_NEVER)
        LIST_PUSH(&b->joins, ((struct joining){began, now, false, id->flags & LIFE_CLIENT}));
    LIST_PUSH(&b->free_sessions, id->session);
    id->session = NONE;
}

/* Whom the node is linked to, for its next start. */
static void remember_peers(struct world *w, struct books *b, peer_h self)
{
    struct identity *id = identity_own(w, self);
    struct address_cache cache = {0};
    struct env *env;
    const struct node *node = net_node(w->net, self, &env);
    for (unsigned k = 0; node && cache.count < w->scenario->bootstrap_cache && cache.count < CACHE_MAX; k++) {
        peer_h peer = w->kind->known(node, env, k);
        if (peer == PEER_NONE)
            break;
        if (peer < w->identities)
            cache.address[cache.count++] = peer;
    }
    if (cache.count == 0)
        return;
    if (id->cache == NONE) {
        id->cache = b->caches.count;
        LIST_PUSH(&b->caches, cache);
    } else {
        b->caches.at[id->cache] = cache;
    }
}

static void life_start(struct world *w, struct part *part, peer_h self, sim_time now, bool first)
{
    struct books *b = world_books(w, part);
    struct identity *id = identity_own(w, self);
    struct node_opts opts = {.first = first, .client = id->flags & LIFE_CLIENT};
    if (id->cache != NONE) {
        const struct address_cache *cache = &b->caches.at[id->cache];
        opts.cache_count = cache->count;
        memcpy(opts.cache, cache->address, sizeof opts.cache);
    }
    life_set(id, LIFE_ONLINE);
    session_open(b, id);
    b->tally.online++;
    b->tally.online_ns -= (int64_t)(now - w->booked_at);
    net_start(w->net, part, self, now, &opts);
}

/* Of a device that has gone: that is its last change, and the one before was when its process began. */
static void life_stop(struct world *w, struct part *part, peer_h self, sim_time now, bool process)
{
    struct books *b = world_books(w, part);
    struct identity *id = identity_own(w, self);
    load_gone(&w->load, self, id->changed[1], now);
    session_close(b, id, id->changed[1], now);
    set_joined(b, id, self, false);
    life_set(id, 0);
    b->tally.online--;
    b->tally.online_ns += (int64_t)(now - w->booked_at);
    if (process)
        net_stop_process(w->net, part, self, now);
    else
        net_stop(w->net, part, self, now);
}

void lives_start_first(struct world *w)
{
    if (!world_holds(w, 0))
        return;
    struct identity *id = identity_own(w, 0);
    struct part *part = kernel_part_of(w->kernel, 0);
    id->next_churn = churn_at_start(&w->churn, 0).left;
    life_start(w, part, 0, 0, true);
    net_act_at(w->net, part, 0, lives_next(w, world_books(w, part), 0));
}

struct session *lives_seed(struct world *w, peer_h self)
{
    struct books *b = world_books(w, kernel_part_of(w->kernel, self));
    struct session *s = session_open(b, identity_own(w, self));
    b->tally.online++;
    life_set(identity_own(w, self), LIFE_ONLINE | LIFE_JOINED);
    s->joined_at = 0;
    return s;
}

/* ---- transitions ---- */

/* The device of this identity comes back then: as this identity or, with a new Node-ID, as the next one of its device, which knows what this one knew.
 * All identities of a device are one site of the kernel, so a handler may touch them. */
static void life_comes_back(struct world *w, struct part *part, peer_h self, sim_time at)
{
    struct identity *id = identity_own(w, self);
    peer_h next = churn_next_identity(&w->churn, self);
    id->next_churn = at;
    if (next == self)
        return;
    struct identity *heir = identity_own(w, next);
    uint32_t cache = heir->cache;
    id->next_churn = TIME_NEVER;
    heir->cache = id->cache;
    id->cache = cache;
    heir->next_churn = at;
    net_act_at(w->net, part, next, lives_next(w, world_books(w, part), next));
}

static void life_arrive(struct world *w, struct part *part, peer_h self, sim_time now)
{
    struct identity *id = identity_own(w, self);
    if (id->flags & LIFE_LEAVING) {
        life_stop(w, part, self, now, false);
        id->next_churn = now + RESTART_GAP;
        return;
    }
    life_changed(id, now);
    if (id->flags & LIFE_EXPECTED) {
        id->next_churn = churn_at_start(&w->churn, self).left;
    } else {
        id->cycle++;
        id->next_churn = churn_departure(&w->churn, self, id->cycle, now);
    }
    life_start(w, part, self, now, false);
}

static void life_leave(struct world *w, struct part *part, peer_h self, sim_time now)
{
    struct books *b = world_books(w, part);
    struct identity *id = identity_own(w, self);
    struct session *s = session_of(b, id);
    observer_abandon(b, s, now);
    set_joined(b, id, self, false);
    life_set(id, LIFE_ONLINE | LIFE_LEAVING);
    s->leave_by = now + LEAVE_PATIENCE;
    s->next_register = s->retry_register = TIME_NEVER;
    b->tally.leaves++;
    net_request(w->net, part, self, now, &(struct request){.op = REQUEST_LEAVE, .tag = s->requests++});
}

static void life_crash(struct world *w, struct part *part, peer_h self, sim_time now)
{
    world_books(w, part)->tally.crashes++;
    life_stop(w, part, self, now, false);
}

static void life_depart(struct world *w, struct part *part, peer_h self, sim_time now)
{
    struct identity *id = identity_own(w, self);
    bool reboot = id->flags & LIFE_REBOOT;
    life_changed(id, now);
    id->cycle++;
    remember_peers(w, world_books(w, part), self);
    life_comes_back(w, part, self,
                    reboot ? time_add(now, faults_delay(w, id->by_fault, self))
                           : churn_return(&w->churn, self, id->cycle, now));
    if (!reboot && id->flags & LIFE_JOINED && churn_graceful(&w->churn, self, id->cycle))
        life_leave(w, part, self, now);
    else
        life_crash(w, part, self, now);
}

void lives_kill(struct world *w, peer_h self, sim_time now, sim_time back, bool process)
{
    struct part *part = kernel_part_of(w->kernel, self);
    struct identity *id = identity_own(w, self);
    peer_h next = PEER_NONE;
    if (life_present(id)) {
        life_changed(id, now);
        id->cycle++;
        remember_peers(w, world_books(w, part), self);
        next = churn_next_identity(&w->churn, self);
        life_comes_back(w, part, self, back ? back : churn_return(&w->churn, self, id->cycle, now));
        world_books(w, part)->tally.crashes++;
    } /* else it had left already, and was saying good-bye */
    life_stop(w, part, self, now, process);
    if (next != PEER_NONE && !(identity_of(w, next)->flags & LIFE_ONLINE))
        identity_own(w, next)->flags |= LIFE_KILLED;
    net_act_at(w->net, part, self, lives_next(w, world_books(w, part), self));
}

void lives_send_off(struct world *w, peer_h self, sim_time now)
{
    struct part *part = kernel_part_of(w->kernel, self);
    struct identity *id = identity_own(w, self);
    life_changed(id, now);
    id->cycle++;
    remember_peers(w, world_books(w, part), self);
    life_comes_back(w, part, self, churn_return(&w->churn, self, id->cycle, now));
    life_leave(w, part, self, now);
    net_act_at(w->net, part, self, lives_next(w, world_books(w, part), self));
}

void lives_reboot(struct world *w, peer_h self, sim_time at, unsigned fault)
{
    struct identity *id = identity_own(w, self);
    if (at >= id->next_churn)
        return;
    id->next_churn = at;
    id->flags |= LIFE_REBOOT;
    id->by_fault = (uint8_t)fault;
    struct part *part = kernel_part_of(w->kernel, self);
    net_act_at(w->net, part, self, lives_next(w, world_books(w, part), self));
}

void lives_bring_back(struct world *w, peer_h self, sim_time at)
{
    struct part *part = kernel_part_of(w->kernel, self);
    identity_own(w, self)->next_churn = at;
    identity_own(w, self)->flags &= (uint8_t)~LIFE_KILLED;
    net_act_at(w->net, part, self, lives_next(w, world_books(w, part), self));
}

void lives_joined(struct world *w, struct part *part, peer_h self, sim_time now)
{
    struct books *b = world_books(w, part);
    struct identity *id = identity_own(w, self);
    if (id->session == NONE || id->flags & LIFE_LEAVING)
        return;
    set_joined(b, id, self, true);
    struct session *s = session_of(b, id);
    bool again = s->joined_at != TIME_NEVER; /* it had lost the ring: what fell due meanwhile is due now */
    s->joined_at = now;
    if (!again) {
        LIST_PUSH(&b->joins, ((struct joining){session_began(id), now, true, id->flags & LIFE_CLIENT}));
        workload_joined(w, s, self, now);
    }
    net_act_at(w->net, part, self, lives_next(w, b, self));
}

void lives_joining(struct world *w, struct part *part, peer_h self)
{
    set_joined(world_books(w, part), identity_own(w, self), self, false);
}

void lives_left(struct world *w, struct part *part, peer_h self, sim_time now)
{
    if (!(identity_of(w, self)->flags & LIFE_LEAVING))
        return;
    life_stop(w, part, self, now, false);
    net_act_at(w->net, part, self, lives_next(w, world_books(w, part), self));
}

sim_time lives_next(const struct world *w, const struct books *b, peer_h self)
{
    const struct identity *id = identity_of(w, self);
    sim_time call = workload_next_call(w, self);
    if (id->session == NONE)
        return time_min(id->next_churn, call);
    const struct session *s = &b->sessions.at[id->session];
    sim_time next = time_min(id->next_churn, call);
    if (id->flags & LIFE_LEAVING)
        next = time_min(next, s->leave_by);
    if (id->flags & LIFE_JOINED)
        next = time_min(next, workload_next(s));
    return next;
}

sim_time lives_act(void *world, struct part *part, peer_h self, sim_time now)
{
    struct world *w = world;
    struct books *b = world_books(w, part);
    bool slept = !node_is_seated(w->node[self]);
    struct identity *id = identity_own(w, self);
    if (slept) /* there was nothing else to wake it for */
        id->next_churn = now;
    if (id->next_churn <= now) {
        if (life_present(id))
            life_depart(w, part, self, now);
        else
            life_arrive(w, part, self, now);
    }
    if (id->flags & LIFE_LEAVING && session_of(b, id)->leave_by <= now)
        life_stop(w, part, self, now, false);
    workload_calls_due(w, part, self, now);
    if (id->flags & LIFE_JOINED)
        workload_due(w, part, self, now);
    return lives_next(w, b, self);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/converged.h"

#include <stdlib.h>

#include "sim/kernel/fetch.h"
#include "sim/kernel/law.h"
#include "sim/kernel/random.h"
#include "sim/world/converged_plan.h"

#define REPLICAS  2     /* besides the owner's copy: RFC 6940 10.4 */
#define JOIN_S    10.0  /* from going online to the first registration, about */
#define SEARCH_S  2.0   /* a Ping through the overlay, an Attach and a handshake */
#define AGE_MAX_S 3.0e8 /* "since ever", as told to a node: ten years */

/* Draws of one identity; a finger's have its entry in bits 40 and up. */
enum draw { DRAW_UPDATE, DRAW_PING, DRAW_REGISTERED, DRAW_LAST_SESSION };

static double draw(const struct scenario *s, peer_h peer, enum draw which)
{
    return random_unit(s->seed, peer, STREAM_CONVERGED, which);
}

static double seconds(sim_time t)
{
    return (double)t / 1e9;
}

static sim_time from_seconds(double s)
{
    if (s <= 0)
        return 0;
    return s < 1e10 ? (sim_time)(s * 1e9) : TIME_NEVER; /* 300 years */
}

/* ---- Registrations. ---- */

/* Time since the last refresh in a session that has lasted age_s; negative: too young for one. Refreshes follow the join at fixed steps, so after the
 * first step the phase is as good as any. */
static double registered_ago_s(const struct scenario *s, peer_h peer, double age_s)
{
    double every = seconds(s->register_every);
    return age_s < JOIN_S + every ? age_s - JOIN_S : every * draw(s, peer, DRAW_REGISTERED);
}

sim_time converged_registered_ago(const struct scenario *s, peer_h peer, sim_time online_for)
{
    return from_seconds(registered_ago_s(s, peer, seconds(online_for)));
}

/* How long the session was that ended is not known, but its law is. */
sim_time converged_left_registered_ago(const struct scenario *s, peer_h peer, sim_time offline_for)
{
    double session_s = law_quantile(&s->session, draw(s, peer, DRAW_LAST_SESSION));
    double ago_s = registered_ago_s(s, peer, session_s);
    sim_time ago = time_add(offline_for, from_seconds(ago_s));
    return ago_s < 0 || ago >= SECONDS(s->register_lifetime_s) ? TIME_NEVER : ago;
}

struct seed_value {
    struct id resource;
    double ago_s; /* stored so long before time 0 */
    peer_h owner;
    uint32_t place; /* on the ring, of the peer that is responsible */
};

struct seed_values {
    struct seed_value *at;
    uint32_t count;
};

/* How many peers from the responsible one on hold a value: it and its replicas. */
static uint32_t copies(const struct converged_plan *p)
{
    uint32_t n = REPLICAS < p->rules.successors ? REPLICAS + 1 : p->rules.successors + 1;
    return n < p->count ? n : p->count;
}

/* Some holder of the value of this place lives here. */
static bool is_held_here(const struct converged_plan *p, uint32_t place)
{
    for (uint32_t replica = 0; replica < copies(p); replica++)
        if (converged_here(p, (uint32_t)((place + (uint64_t)replica) % p->count)))
            return true;
    return false;
}

static void value_note(const struct net *net, const struct converged_input *in, const struct converged_plan *p, struct seed_values *v, peer_h owner, double ago_s)
{
    if (ago_s < 0 || in->scenario->register_lifetime_s - ago_s < 1)
        return;
    struct id resource = net_user(net, owner);
    uint32_t place = converged_owner(p, resource);
    if (is_held_here(p, place))
        v->at[v->count++] = (struct seed_value){resource, ago_s, owner, place};
}

static int by_owner(const void *a, const void *b)
{
    peer_h x = ((const struct seed_value *)a)->owner, y = ((const struct seed_value *)b)->owner;
    return (x > y) - (x < y);
}

/* Those who are here, and those who left: they are outlived by their registration. */
static int values_collect(const struct net *net, const struct converged_input *in, const struct converged_plan *p, struct seed_values *v)
{
    const struct scenario *s = in->scenario;
    uint32_t absent = 0;
    *v = (struct seed_values){0};
    if (!s->register_every || !s->register_lifetime_s)
        return 0;
    for (uint32_t k = 0; s->churn && k < in->offline_count; k++)
        absent += in->offline_for[k] < SECONDS(s->register_lifetime_s);
    v->at = malloc(((size_t)p->count + absent + 1) * sizeof *v->at);
    if (!v->at)
        return -1;
    for (uint32_t x = 0; x < p->count; x++)
        value_note(net, in, p, v, p->peer[x].peer, registered_ago_s(s, p->peer[x].peer, p->peer[x].age_s));
    uint32_t present = v->count;
    for (uint32_t k = 0; s->churn && k < in->offline_count; k++) {
        sim_time ago = in->offline_for[k] < SECONDS(s->register_lifetime_s) ? converged_left_registered_ago(s, in->offline[k], in->offline_for[k]) : TIME_NEVER;
        if (ago != TIME_NEVER)
            value_note(net, in, p, v, in->offline[k], seconds(ago));
    }
    qsort(v->at + present, v->count - present, sizeof *v->at, by_owner); /* they come in any order */
    return 0;
}

static void value_seed(struct net *net, const struct converged_input *in, const struct converged_plan *p, const struct seed_value *v)
{
    const struct scenario *s = in->scenario;
    uint8_t value[CONVERGED_VALUE_MAX];
    size_t len = in->registration(in->world, v->owner, value);
    for (uint32_t replica = 0; replica < copies(p); replica++) {
        uint32_t holder = (uint32_t)((v->place + (uint64_t)replica) % p->count);
        struct env *env;
        if (!converged_here(p, holder))
            continue;
        struct node *node = net_seed_node(net, p->peer[holder].peer, &env);
        node_seed_value(node, env, v->resource, v->owner, value, (uint16_t)len, s->epoch_ms - (uint64_t)(v->ago_s * 1e3),
                        (uint32_t)(s->register_lifetime_s - v->ago_s), (uint8_t)replica);
    }
}

/* ---- Nodes, links, fingers. ---- */

struct load {
    uint32_t value_bytes;
    uint16_t links;
};

/* What each place will hold, so that nodes are built in the size that they will have. NULL: out of memory. */
static struct load *loads_of(const struct net *net, const struct converged_input *in, const struct converged_plan *p, const struct seed_values *v)
{
    struct load *load = calloc(p->count ? p->count : 1, sizeof *load);
    uint8_t value[CONVERGED_VALUE_MAX];
    if (!load)
        return NULL;
    for (uint32_t low = 0; low < p->count; low++)
        for (uint64_t k = p->edge_first[low]; k < p->edge_first[low + 1]; k++) {
            load[low].links++;
            load[converged_high(p->edge[k])].links++;
        }
    for (uint32_t k = 0; k < v->count; k++) {
        uint16_t len = (uint16_t)in->registration(in->world, v->at[k].owner, value);
        uint32_t bytes = node_value_bytes(net_id(net, v->at[k].owner), value, len);
        for (uint32_t replica = 0; replica < copies(p); replica++)
            load[(v->at[k].place + replica) % p->count].value_bytes += bytes;
    }
    return load;
}

static void seed_nodes(struct net *net, const struct scenario *s, const struct converged_plan *p, const struct load *load)
{
    for (uint32_t x = 0; x < p->count; x++) {
        const struct converged_peer *peer = &p->peer[x];
        if (!converged_here(p, x))
            continue;
        struct node_seed seed = {
            .joined_for = from_seconds(peer->age_s < AGE_MAX_S ? peer->age_s : AGE_MAX_S),
            .next_update = from_seconds(law_residual_quantile(&s->update_interval, draw(s, peer->peer, DRAW_UPDATE))),
            .next_ping = from_seconds(law_residual_quantile(&s->ping_interval, draw(s, peer->peer, DRAW_PING))),
            .links = load[x].links,
            .value_bytes = load[x].value_bytes,
        };
        struct env *env;
        net_seed_begin(net, peer->peer, &seed, &env);
    }
}

static void seed_finger(struct net *net, const struct converged_plan *p, uint32_t x, uint32_t finger)
{
    struct env *env;
    if (!converged_here(p, x))
        return;
    struct node *node = net_seed_node(net, p->peer[x].peer, &env);
    node_seed_finger(node, env, converged_entry_of(id_distance(p->peer[x].id, p->peer[finger].id)), p->peer[finger].peer);
}

#define TOUCH_AHEAD 6u /* edges from one step of a touch to the next */

static void touch_ahead(const struct net *net, const struct converged_plan *p, uint64_t k)
{
    for (unsigned step = 0; step < SEED_TOUCHES; step++) {
        uint64_t ahead = k + (uint64_t)(SEED_TOUCHES - step) * TOUCH_AHEAD;
        if (ahead < p->edges)
            net_seed_touch(net, p->peer[converged_high(p->edge[ahead])].peer, step);
    }
    uint64_t place = k + (SEED_TOUCHES + 1) * TOUCH_AHEAD;
    if (place < p->edges)
        fetch_line(&p->peer[converged_high(p->edge[place])]);
}

static void seed_link(struct net *net, const struct converged_plan *p, uint32_t low, uint64_t k)
{
    uint32_t high = converged_high(p->edge[k]);
    struct seed_edge edge = converged_edge(p, low, high);
    net_seed_link(net, p->peer[low].peer, p->peer[high].peer, &edge, p->far ? p->far[k] : 0);
    if (p->edge[k] & EDGE_HIGH_IS_FINGER)
        seed_finger(net, p, low, high);
    if (p->edge[k] & EDGE_LOW_IS_FINGER)
        seed_finger(net, p, high, low);
}

static void seed_links(struct net *net, const struct converged_plan *p)
{
    for (uint32_t low = 0; low < p->count; low++)
        for (uint64_t k = p->edge_first[low]; k < p->edge_first[low + 1]; k++) {
            touch_ahead(net, p, k);
            seed_link(net, p, low, k);
        }
}

/* The first bootstrap.nodes identities never leave; without churn nobody does. */
static struct converged_peer *peers_of(const struct net *net, const struct converged_input *in)
{
    struct converged_peer *peer = malloc((in->online_count ? in->online_count : 1) * sizeof *peer);
    for (uint32_t k = 0; peer && k < in->online_count; k++) {
        bool stays = !in->scenario->churn || in->online[k] < in->scenario->bootstrap_nodes ||
                     in->online_for[k] == TIME_NEVER;
        peer[k] = (struct converged_peer){net_id(net, in->online[k]), stays ? AGE_EVER : seconds(in->online_for[k]),
                                          in->online[k]};
    }
    return peer;
}

/* From the death of a peer to the moment when another fills its finger: half a keepalive interval earlier it was heard last. Without keepalives the
 * next Update or message finds out; half an Update interval stands for it. */
static double repair_s(const struct overlay *o)
{
    double silence = o->keepalive_interval ? seconds(o->silent_after) - seconds(o->keepalive_interval) / 2
                                           : seconds(o->update_interval) / 2;
    return silence + seconds(o->reliability_timer) + SEARCH_S;
}

/* Carries the plan out. */
static int put_up(struct net *net, const struct converged_input *in, const struct converged_plan *p)
{
    struct seed_values values;
    if (values_collect(net, in, p, &values))
        return -1;
    struct load *load = loads_of(net, in, p, &values);
    if (load) {
        seed_nodes(net, in->scenario, p, load);
        seed_links(net, p);
        for (uint32_t k = 0; k < values.count; k++)
            value_seed(net, in, p, &values.at[k]);
        for (uint32_t x = 0; x < p->count; x++)
            if (converged_here(p, x))
                net_seed_end(net, p->peer[x].peer);
    }
    free(values.at);
    free(load);
    return load ? 0 : -1;
}

/* As configured; peers that tune themselves have found out long ago how large the overlay is (RFC 7363 6.2). With shorter lists all of them would attach to the rest
 * of their neighbours in the first seconds, at once. */
static unsigned list_length(const struct converged_input *in, unsigned least)
{
    unsigned log = 0;
    while (in->scenario->overlay.self_tuning && in->online_count > UINT32_C(1) << log)
        log++;
    return log > least ? log : least;
}

static unsigned rank_of(const void *net, peer_h peer)
{
    return net_rank_of(net, peer);
}

int converged_build(struct net *net, const struct converged_input *in)
{
    const struct overlay *o = &in->scenario->overlay;
    struct converged_churn *churn = malloc(sizeof *churn);
    struct converged_peer *peer = peers_of(net, in);
    struct converged_plan p;
    struct converged_rules rules = {.seed = in->scenario->seed,
                                    .predecessors = list_length(in, o->predecessors),
                                    .successors = list_length(in, o->successors),
                                    .fingers = o->fingers,
                                    .churn = churn,
                                    .repair_s = repair_s(o),
                                    .refresh_s = seconds(o->ping_interval),
                                    .ranks = net_ranks(net),
                                    .rank_of = rank_of,
                                    .context = net};
    int status = -1;
    if (churn && peer) {
        converged_churn_init(churn, in->scenario->churn ? &in->scenario->session : NULL);
        status = converged_plan_init(&p, peer, in->online_count, &rules);
    } else {
        free(peer);
    }
    if (status == 0) {
        converged_plan_forget_fingers(&p);
        status = put_up(net, in, &p);
        converged_plan_fini(&p);
    }
    free(churn);
    return status;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/converged.h"

#include <stdlib.h>

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

/* Puts up one registration, stored ago_s before time 0, with its replicas. */
static void seed_value(struct net *net, const struct converged_input *in, const struct converged_plan *p, peer_h owner,
                       double ago_s)
{
    const struct scenario *s = in->scenario;
    double left_s = s->register_lifetime_s - ago_s;
    if (ago_s < 0 || left_s < 1)
        return;
    uint8_t value[CONVERGED_VALUE_MAX];
    size_t len = in->registration(in->world, owner, value);
    struct id resource = net_user(net, owner);
    uint32_t place = converged_owner(p, resource);
    for (uint8_t replica = 0; replica <= REPLICAS && replica <= p->rules.successors && replica < p->count; replica++) {
        struct env *env;
        struct node *node = net_seed_node(net, p->peer[(place + replica) % p->count].peer, &env);
        node_seed_value(node, env, resource, owner, value, (uint16_t)len, s->epoch_ms - (uint64_t)(ago_s * 1e3),
                        (uint32_t)left_s, replica);
    }
}

struct absent {
    peer_h peer;
    sim_time ago;
};

static int by_peer(const void *a, const void *b)
{
    peer_h x = ((const struct absent *)a)->peer, y = ((const struct absent *)b)->peer;
    return (x > y) - (x < y);
}

/* Those who left are outlived by their registration. */
static int seed_values_of_absent(struct net *net, const struct converged_input *in, const struct converged_plan *p)
{
    const struct scenario *s = in->scenario;
    struct absent *absent = malloc((in->offline_count ? in->offline_count : 1) * sizeof *absent);
    if (!absent)
        return -1;
    uint32_t n = 0;
    for (uint32_t k = 0; k < in->offline_count; k++) {
        if (in->offline_for[k] >= SECONDS(s->register_lifetime_s))
            continue;
        sim_time ago = converged_left_registered_ago(s, in->offline[k], in->offline_for[k]);
        if (ago != TIME_NEVER)
            absent[n++] = (struct absent){in->offline[k], ago};
    }
    qsort(absent, n, sizeof *absent, by_peer);
    for (uint32_t k = 0; k < n; k++)
        seed_value(net, in, p, absent[k].peer, seconds(absent[k].ago));
    free(absent);
    return 0;
}

static int seed_values(struct net *net, const struct converged_input *in, const struct converged_plan *p)
{
    const struct scenario *s = in->scenario;
    if (!s->register_every || !s->register_lifetime_s)
        return 0;
    for (uint32_t x = 0; x < p->count; x++)
        seed_value(net, in, p, p->peer[x].peer, registered_ago_s(s, p->peer[x].peer, p->peer[x].age_s));
    return s->churn ? seed_values_of_absent(net, in, p) : 0;
}

/* ---- Nodes, links, fingers. ---- */

static int seed_nodes(struct net *net, const struct scenario *s, const struct converged_plan *p)
{
    uint16_t *links = calloc(p->count ? p->count : 1, sizeof *links);
    if (!links)
        return -1;
    for (uint64_t k = 0; k < p->edges; k++) {
        links[p->edge[k] >> 32]++;
        links[(uint32_t)p->edge[k]]++;
    }
    for (uint32_t x = 0; x < p->count; x++) {
        const struct converged_peer *peer = &p->peer[x];
        struct node_seed seed = {
            .joined_for = from_seconds(peer->age_s < AGE_MAX_S ? peer->age_s : AGE_MAX_S),
            .next_update = from_seconds(law_residual_quantile(&s->update_interval, draw(s, peer->peer, DRAW_UPDATE))),
            .next_ping = from_seconds(law_residual_quantile(&s->ping_interval, draw(s, peer->peer, DRAW_PING))),
            .links = links[x],
        };
        struct env *env;
        net_seed_begin(net, peer->peer, &seed, &env);
    }
    free(links);
    return 0;
}

static void seed_links(struct net *net, const struct converged_plan *p)
{
    for (uint64_t k = 0; k < p->edges; k++) {
        uint32_t a = (uint32_t)(p->edge[k] >> 32), b = (uint32_t)p->edge[k];
        struct seed_edge edge = converged_edge(p, a, b);
        net_seed_link(net, p->peer[a].peer, p->peer[b].peer, &edge);
    }
}

static void seed_fingers(struct net *net, const struct converged_plan *p)
{
    for (uint32_t x = 0; x < p->count; x++) {
        struct env *env;
        struct node *node = net_seed_node(net, p->peer[x].peer, &env);
        const uint32_t *finger = &p->finger[p->finger_first[x]];
        for (unsigned i = 1; i <= p->fingers[x]; i++)
            if (finger[i - 1] != PLACE_NONE)
                node_seed_finger(node, env, i, p->peer[finger[i - 1]].peer);
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

int converged_build(struct net *net, const struct converged_input *in)
{
    const struct overlay *o = &in->scenario->overlay;
    struct converged_churn *churn = malloc(sizeof *churn);
    struct converged_peer *peer = peers_of(net, in);
    struct converged_plan p;
    struct converged_rules rules = {.seed = in->scenario->seed,
                                    .predecessors = o->predecessors,
                                    .successors = o->successors,
                                    .fingers = o->fingers,
                                    .churn = churn,
                                    .repair_s = repair_s(o),
                                    .refresh_s = seconds(o->ping_interval)};
    int status = -1;
    if (churn && peer) {
        converged_churn_init(churn, in->scenario->churn ? &in->scenario->session : NULL);
        status = converged_plan_init(&p, peer, in->online_count, &rules);
    } else {
        free(peer);
    }
    if (status == 0) {
        status = seed_nodes(net, in->scenario, &p);
        if (status == 0) {
            seed_links(net, &p);
            seed_fingers(net, &p);
            status = seed_values(net, in, &p);
        }
        for (uint32_t x = 0; status == 0 && x < p.count; x++)
            net_seed_end(net, p.peer[x].peer);
        converged_plan_fini(&p);
    }
    free(churn);
    return status;
}

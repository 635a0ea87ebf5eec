/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time 0: who is online, who is not, and the overlay itself when it is to stand already. */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "sim/kernel/random.h"
#include "sim/world/assembly.h"
#include "sim/world/converged.h"
#include "sim/world/lives.h"
#include "sim/world/observer.h"
#include "sim/world/workload.h"

#define ATTACH_WITHIN SECONDS(60) /* of a converged start: clients that are online at time 0, none in mid-life */

/* Whoever is not there, and has no look-ups of a trace to skip, sleeps until it comes. */
static void let_sleep(struct world *w, peer_h self, sim_time comes)
{
    if (workload_next_call(w, self) == TIME_NEVER)
        net_act_at(w->net, kernel_part_of(w->kernel, self), self, comes);
    else
        identity_own(w, self)->next_churn = comes;
}

/* ---- start: join ---- */

/* Who is gone before its turn to start has missed this session. */
static void plan_start(struct world *w, peer_h self, struct churn_start start, sim_time at)
{
    if (!start.online) {
        let_sleep(w, self, start.left);
        return;
    }
    struct identity *id = identity_own(w, self);
    if (at < start.left) {
        life_set(id, LIFE_EXPECTED);
        id->next_churn = at;
    } else {
        id->cycle = 1;
        id->next_churn = churn_return(&w->churn, self, 1, start.left);
    }
}

static void plan_first_start(struct world *w, peer_h self)
{
    plan_start(w, self, churn_at_start(&w->churn, self), churn_stagger(&w->churn, w->scenario, self));
}

static void begin_joining(struct world *w)
{
    for (uint32_t i = w->first; i < w->end; i++)
        plan_first_start(w, i);
    lives_start_first(w);
    for (uint32_t i = w->first > 1 ? w->first : 1; i < w->end; i++)
        if (node_is_seated(w->node[i]))
            net_act_at(w->net, kernel_part_of(w->kernel, i), i, identity_of(w, i)->next_churn);
}

/* ---- start: converged ---- */

struct census {
    peer_h *online, *offline; /* offline: whose last registration may still stand */
    sim_time *online_for, *offline_for;
    uint32_t online_count, offline_count;
};

#define CENSUS_BLOCK ((size_t)1 << 20) /* entries that are on their way at a time */

/* Each rank has put n of its own at the beginning of an array with room for all; afterwards those of all stand there, by rank. Returns how many. */
static uint32_t census_join(struct world *w, void *array, size_t size, uint32_t n)
{
    unsigned count = ranks_count(w->ranks), self = ranks_self(w->ranks);
    uint64_t own = n, *first = calloc(count + 1, sizeof *first), most = 0;
    uint8_t *at = array;
    if (!first)
        kernel_exhausted("a census of %u ranks", count);
    const struct blob *in = ranks_gather(w->ranks, &own, sizeof own);
    for (unsigned r = 0; r < count; r++) {
        uint64_t theirs;
        memcpy(&theirs, in[r].bytes, sizeof theirs);
        first[r + 1] = first[r] + theirs;
        most = theirs > most ? theirs : most;
    }
    memmove(at + first[self] * size, at, n * size);
    for (uint64_t done = 0; done < most; done += CENSUS_BLOCK) {
        uint64_t left = own > done ? own - done : 0;
        in = ranks_gather(w->ranks, at + (first[self] + (left ? done : 0)) * size, (left < CENSUS_BLOCK ? left : CENSUS_BLOCK) * size);
        for (unsigned r = 0; r < count; r++)
            if (r != self && in[r].size)
                memcpy(at + (first[r] + done) * size, in[r].bytes, in[r].size);
    }
    uint32_t all = (uint32_t)first[count];
    free(first);
    return all;
}

/* Of who lives here, and then of all: what it takes to draw when somebody came would else be done by each rank for everybody. */
static int census_take(struct world *w, struct census *c)
{
    size_t n = w->identities;
    sim_time outlived = w->scenario->register_every ? SECONDS(w->scenario->register_lifetime_s) : 0; /* of others nothing is left */
    *c = (struct census){malloc(n * sizeof(peer_h)),
                         malloc(n * sizeof(peer_h)),
                         malloc(n * sizeof(sim_time)),
                         malloc(n * sizeof(sim_time)),
                         0,
                         0};
    if (!c->online || !c->offline || !c->online_for || !c->offline_for) {
        if (w->ranks)
            kernel_exhausted("a census of %u identities", w->identities); /* the others come to a meeting about it */
        return -1;
    }
    for (uint32_t i = w->first; i < w->end; i++) {
        struct churn_start start = churn_at_start(&w->churn, i);
        if (start.online && identity_is_client(w, i)) {
            plan_start(w, i, start, 1 + random_below(w->scenario->seed, i, STREAM_CLIENT, 1, time_min(ATTACH_WITHIN, w->scenario->warmup / 2 + 1)));
        } else if (start.online) {
            identity_own(w, i)->next_churn = start.left;
            c->online[c->online_count] = i;
            c->online_for[c->online_count++] = start.left == TIME_NEVER ? TIME_NEVER : start.age;
        } else {
            let_sleep(w, i, start.left);
            if (start.age < outlived) {
                c->offline[c->offline_count] = churn_former_identity(&w->churn, i);
                c->offline_for[c->offline_count++] = start.age;
            }
        }
    }
    if (!w->ranks)
        return 0;
    (void)census_join(w, c->online_for, sizeof *c->online_for, c->online_count);
    (void)census_join(w, c->offline_for, sizeof *c->offline_for, c->offline_count);
    c->online_count = census_join(w, c->online, sizeof *c->online, c->online_count);
    c->offline_count = census_join(w, c->offline, sizeof *c->offline, c->offline_count);
    return 0;
}

static void census_free(struct census *c)
{
    free(c->online);
    free(c->offline);
    free(c->online_for);
    free(c->offline_for);
}

static size_t write_registration(void *world, peer_h peer, uint8_t value[CONVERGED_VALUE_MAX])
{
    return workload_registration(world, peer, value);
}

/* A registration that was made `ago` before time 0 counts until its lifetime is over. */
static void seed_registration(struct world *w, peer_h self, sim_time ago)
{
    sim_time lifetime = SECONDS(w->scenario->register_lifetime_s);
    if (!w->scenario->register_every || ago >= lifetime)
        return;
    if (world_holds(w, self))
        identity_own(w, self)->registered_until = lifetime - ago;
    if (w->registered_until)
        w->registered_until[self] = lifetime - ago;
}

static void seed_lives(struct world *w, const struct census *c)
{
    for (uint32_t k = 0; k < c->online_count; k++) {
        peer_h self = c->online[k];
        sim_time ago = w->scenario->register_every ? converged_registered_ago(w->scenario, self, c->online_for[k]) : 0;
        if (world_holds(w, self))
            workload_seeded(w, lives_seed(w, self), self, ago);
        if (ago)
            seed_registration(w, self, ago);
    }
    for (uint32_t k = 0; k < c->offline_count && w->scenario->register_every; k++) {
        sim_time ago = converged_left_registered_ago(w->scenario, c->offline[k], c->offline_for[k]);
        if (ago != TIME_NEVER)
            seed_registration(w, c->offline[k], ago);
    }
    for (uint32_t i = w->first; i < w->end; i++)
        if (node_is_seated(w->node[i]))
            net_act_at(w->net, kernel_part_of(w->kernel, i), i,
                       lives_next(w, world_books(w, kernel_part_of(w->kernel, i)), i));
}

static int begin_converged(struct world *w)
{
    struct census c;
    int status = census_take(w, &c);
    if (status == 0) {
        status = w->kind->build(w->net, &(struct converged_input){.scenario = w->scenario,
                                                                   .online_count = c.online_count,
                                                                   .online = c.online,
                                                                   .online_for = c.online_for,
                                                                   .offline_count = c.offline_count,
                                                                   .offline = c.offline,
                                                                   .offline_for = c.offline_for,
                                                                   .world = w,
                                                                   .registration = write_registration});
        if (status == 0)
            seed_lives(w, &c);
    }
    census_free(&c);
    malloc_trim(0); /* the plan was large */
    return status;
}

int lives_begin(struct world *w)
{
    if (w->scenario->start == START_CONVERGED)
        return begin_converged(w);
    begin_joining(w);
    return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/chord2003/test/chord_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/fact.h"
#include "sim/kernel/random.h"

#define RIG_SEED 7u

struct chord_rig *chord_rig_new(uint32_t identities)
{
    static const struct actor_group group = {.actor = &chord2003_actor};
    struct chord_rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->config = (struct chord2003_config){
        .stabilize = SECONDS(30), .fix_fingers = SECONDS(30), .successors = 4, .timeout = MILLIS(500)};
    r->overlay = (struct overlay){.name = "chord.example",
                                  .reliability_timer = SECONDS(3),
                                  .crypto = CRYPTO_NONE,
                                  .bootstrap_count = 2,
                                  .bootstrap = {0, 1},
                                  .bootstrap_retry = SECONDS(10),
                                  .limits = {.links = 8, .block_bytes = 1 << 20},
                                  .actor_config = &r->config};
    r->latency = (struct latency){
        .model = LATENCY_CONSTANT, .seed = RIG_SEED, .delay = MILLIS(20), .min_delay = MILLIS(1)};
    r->net_config = (struct net_config){.seed = RIG_SEED,
                                        .groups = &group,
                                        .ngroups = 1,
                                        .identities = identities,
                                        .overlay = &r->overlay,
                                        .latency = &r->latency,
                                        .engine = KERNEL_WINDOWS,
                                        .partitions = 1,
                                        .window = MILLIS(1),
                                        .check_every_event = true};
    return r;
}

static void rig_fact(void *rig, struct part *part, peer_h self, sim_time now, uint16_t what, uint64_t a, uint64_t b)
{
    struct chord_rig *r = rig;
    (void)part, (void)self, (void)now;
    r->joined += what == FACT_JOINED;
    r->left += what == FACT_LEFT;
    r->failed += what == FACT_REQUEST_FAILED;
    r->dead_hops += what == FACT_DEAD_HOP;
    r->dropped += what == FACT_DROPPED;
    if (what == FACT_REQUEST_ANSWERED) {
        r->answered++;
        r->owner[a] = FACT_ANSWER_PEER(b);
        assert_true(FACT_ANSWER_HOPS(b) < RIG_HOPS);
        r->hops[FACT_ANSWER_HOPS(b)]++;
    }
}

struct rank {
    struct id id;
    uint32_t peer;
};

static int by_id(const void *a, const void *b)
{
    return id_compare(((const struct rank *)a)->id, ((const struct rank *)b)->id);
}

void chord_rig_open(struct chord_rig *r, uint32_t requests_max)
{
    const struct net_hooks hooks = {.world = r, .fact = rig_fact};
    uint32_t n = r->net_config.identities;
    struct rank *all = malloc(n * sizeof *all);
    assert_int_equal(net_open(&r->net, &r->net_config, &hooks), 0);
    r->order = malloc(n * sizeof *r->order);
    r->owner = malloc((requests_max + 1) * sizeof *r->owner);
    assert_true(all && r->order && r->owner);
    for (uint32_t i = 0; i <= requests_max; i++)
        r->owner[i] = PEER_NONE;
    for (uint32_t i = 0; i < n; i++)
        all[i] = (struct rank){net_id(r->net, i), i};
    qsort(all, n, sizeof *all, by_id);
    for (uint32_t i = 0; i < n; i++)
        r->order[i] = all[i].peer;
    free(all);
}

void chord_rig_close(struct chord_rig *r)
{
    net_close(r->net);
    free(r->order);
    free(r->owner);
    free(r);
}

void chord_rig_run(struct chord_rig *r, sim_time until)
{
    assert_int_equal(kernel_run(net_kernel(r->net), until), 0);
}

sim_time chord_rig_now(struct chord_rig *r)
{
    return kernel_now(net_kernel(r->net));
}

static struct part *part_of(struct chord_rig *r, peer_h peer)
{
    return kernel_part_of(net_kernel(r->net), peer);
}

void chord_rig_start(struct chord_rig *r, peer_h peer, bool first)
{
    net_start(r->net, part_of(r, peer), peer, chord_rig_now(r), &(struct node_opts){.first = first});
}

void chord_rig_crash(struct chord_rig *r, peer_h peer)
{
    net_stop(r->net, part_of(r, peer), peer, chord_rig_now(r));
}

void chord_rig_leave(struct chord_rig *r, peer_h peer)
{
    net_request(r->net, part_of(r, peer), peer, chord_rig_now(r), &(struct request){.op = REQUEST_LEAVE});
    net_stop(r->net, part_of(r, peer), peer, chord_rig_now(r));
}

uint32_t chord_rig_look_up(struct chord_rig *r, peer_h asker, struct id key)
{
    uint32_t tag = r->tags++;
    net_request(r->net, part_of(r, asker), asker, chord_rig_now(r),
                &(struct request){.op = REQUEST_FETCH, .tag = tag, .resource = key});
    return tag;
}

struct id chord_rig_key(uint64_t number)
{
    return (struct id){random_u64(RIG_SEED, 0, STREAM_TEST, 2 * number),
                       random_u64(RIG_SEED, 0, STREAM_TEST, 2 * number + 1)};
}

/* ---- the truth ---- */

/* The k-th online identity counted from place `at` of the order on. */
static peer_h online_from(struct chord_rig *r, uint32_t at, unsigned k)
{
    uint32_t n = r->net_config.identities;
    for (uint32_t i = 0; i < n; i++) {
        peer_h peer = r->order[(at + i) % n];
        if (net_online(r->net, peer) && k-- == 0)
            return peer;
    }
    return PEER_NONE;
}

peer_h chord_rig_owner(struct chord_rig *r, struct id key)
{
    uint32_t low = 0, high = r->net_config.identities;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (id_compare(net_id(r->net, r->order[middle]), key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return online_from(r, low, 0);
}

static bool is_wrong(struct chord_rig *r, uint32_t at, unsigned online, bool whole_lists)
{
    struct env *env;
    struct node_view view;
    const struct node *node = net_node(r->net, r->order[at], &env);
    unsigned wanted = online - 1 < r->config.successors ? online - 1 : r->config.successors;
    chord2003_look(node, env, &view);
    if (view.state != NODE_JOINED)
        return true;
    if (online == 1)
        return view.successors || view.predecessors;
    if (view.predecessor[0] != online_from(r, at, online - 1) || (whole_lists && view.successors != wanted))
        return true;
    for (unsigned k = 0; k < (whole_lists ? wanted : 1); k++)
        if (k >= view.successors || view.successor[k] != online_from(r, at + 1, k))
            return true;
    return false;
}

unsigned chord_rig_wrong(struct chord_rig *r, bool whole_lists)
{
    unsigned wrong = 0, online = 0;
    for (uint32_t i = 0; i < r->net_config.identities; i++)
        online += net_online(r->net, i);
    for (uint32_t i = 0; i < r->net_config.identities; i++)
        wrong += net_online(r->net, r->order[i]) && is_wrong(r, i, online, whole_lists);
    return wrong;
}

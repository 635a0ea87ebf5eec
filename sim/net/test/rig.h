/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A network of fake nodes for the tests of sim/net: constant delay unless changed, a log of all facts of a run with one partition. */
#ifndef SIM_NET_TEST_RIG_H
#define SIM_NET_TEST_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sim/net/net.h"
#include "sim/net/test/fake_node.h"

#define LOG_MAX 65536u

struct entry {
    sim_time at;
    peer_h node, peer;
    chan_h chan;
    uint16_t what;
    uint64_t b;
};

struct rig {
    struct script script;
    struct latency latency;
    struct net_config config;
    struct net *net;
    struct entry *log; /* NULL: not kept */
    unsigned entries;
    sim_time (*act)(struct rig *, struct part *, peer_h, sim_time);
    peer_h stop_on_data; /* this node stops inside the fact of its next datagram */
};

static inline void rig_fact(void *world, struct part *part, peer_h node, sim_time now, uint16_t what, uint64_t a,
                            uint64_t b)
{
    struct rig *r = world;
    if (r->log) {
        assert_true(r->entries < LOG_MAX);
        r->log[r->entries++] = (struct entry){now, node, (peer_h)a, (chan_h)(a >> 32), what, b};
    }
    if (what == FAKE_DATA && node == r->stop_on_data) {
        r->stop_on_data = PEER_NONE;
        net_stop(r->net, part, node, now);
    }
}

static inline sim_time rig_act(void *world, struct part *part, peer_h node, sim_time now)
{
    struct rig *r = world;
    return r->act(r, part, node, now);
}

/* Defaults: 16 identities, 50 ms one way, no loss, no CPU cost, keepalives off. Change before rig_open. */
static inline struct rig *rig_new(void)
{
    struct rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->script = (struct script){.overlay = {.name = "overlay.example",
                                            .keepalive_interval = 0,
                                            .silent_after = 0,
                                            .certificate_bytes = 816,
                                            .signature_bytes = 256,
                                            .crypto = CRYPTO_MODELLED,
                                            .limits = {.links = 1024, .block_bytes = 1 << 20}},
                                .size = 20,
                                .true_size = 300};
    r->latency = (struct latency){.model = LATENCY_CONSTANT, .seed = 1, .delay = MILLIS(50), .min_delay = MILLIS(1)};
    r->config = (struct net_config){.seed = 1,
                                    .groups = &fake_group,
                                    .ngroups = 1,
                                    .identities = 16,
                                    .overlay = &r->script.overlay,
                                    .latency = &r->latency,
                                    .epoch_ms = UINT64_C(1255910400000), /* certificates are valid */
                                    .engine = KERNEL_HEAP,
                                    .partitions = 1,
                                    .window = MILLIS(1),
                                    .check_every_event = true};
    r->log = malloc(LOG_MAX * sizeof *r->log);
    r->stop_on_data = PEER_NONE;
    return r;
}

static inline void rig_open(struct rig *r)
{
    struct net_hooks hooks = {.world = r, .fact = rig_fact, .act = r->act ? rig_act : NULL};
    assert_int_equal(net_open(&r->net, &r->config, &hooks), 0);
}

static inline void rig_close(struct rig *r)
{
    net_close(r->net);
    free(r->log);
    free(r);
}

static inline void rig_run(struct rig *r, sim_time until)
{
    assert_int_equal(kernel_run(net_kernel(r->net), until), 0);
}

static inline struct part *rig_part(struct rig *r, peer_h node)
{
    return kernel_part_of(net_kernel(r->net), node);
}

static inline void rig_start(struct rig *r, peer_h node)
{
    net_start(r->net, rig_part(r, node), node, kernel_now(net_kernel(r->net)), &(struct node_opts){0});
}

static inline void rig_stop(struct rig *r, peer_h node)
{
    net_stop(r->net, rig_part(r, node), node, kernel_now(net_kernel(r->net)));
}

/* tag: peer to open to, or channel. */
static inline void rig_order(struct rig *r, peer_h node, enum fake_order order, uint32_t tag, unsigned count)
{
    struct request q = {.op = (enum request_op)order, .tag = tag, .lifetime_s = count};
    net_request(r->net, rig_part(r, node), node, kernel_now(net_kernel(r->net)), &q);
}

/* The n-th fact of this kind at this node, counted from 0; NULL if there are fewer. */
static inline const struct entry *rig_find(const struct rig *r, peer_h node, enum fake_fact what, unsigned n)
{
    for (unsigned k = 0; k < r->entries; k++)
        if (r->log[k].node == node && r->log[k].what == what && n-- == 0)
            return &r->log[k];
    return NULL;
}

static inline unsigned rig_count(const struct rig *r, peer_h node, enum fake_fact what)
{
    unsigned n = 0;
    while (rig_find(r, node, what, n))
        n++;
    return n;
}

static inline struct net_counts rig_counts(const struct rig *r)
{
    struct net_counts c;
    net_count(r->net, &c);
    return c;
}

#endif

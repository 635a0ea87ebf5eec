/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A random model in the manner of PHOLD for the tests: every node hashes all that it sees, in order, with all arguments, and from that hash alone draws what it
 * does next: post to others and within its site, set its own wake-up or that of a neighbour, earlier, later, in the past, never. Two runs that differ
 * in one event anywhere differ ever after. */
#ifndef SIM_KERNEL_TEST_MODEL_H
#define SIM_KERNEL_TEST_MODEL_H

#include "sim/kernel/kernel.h"

struct model_config {
    uint32_t nodes, site_nodes; /* nodes of a site; 1 = every node its own */
    sim_time window;            /* smallest delay between sites of the model, whatever window the kernel is given */
    sim_time grain;             /* times are multiples of this: large = many ties */
    uint32_t seed;
    bool hot;                   /* a quarter of all datagrams goes to node 0 */
};

struct model_result {
    uint64_t fingerprint, trace, datagrams, wakes;
    size_t memory_max, memory_end;
};

struct model;

struct model *model_new(const struct model_config *);
void model_free(struct model *);
struct kernel *model_open(struct model *, enum kernel_engine, unsigned partitions, bool threads, sim_time window);
void model_seed(struct model *, struct kernel *, unsigned datagrams_per_node);
/* Hash of one node's trace, and of all. */
uint64_t model_trace(const struct model *, uint32_t node);
uint64_t model_trace_all(const struct model *);
/* The whole story: seeds, runs to `until` in `cuts` pieces of odd lengths with posts and re-arming between them. */
struct model_result model_story(const struct model_config *, enum kernel_engine, unsigned partitions, bool threads, sim_time window, sim_time until,
                                unsigned cuts);

#endif

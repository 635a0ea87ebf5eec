/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/kernel/test/model.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/hash.h"
#include "sim/kernel/fetch.h"
#include "sim/kernel/part.h"

struct actor {
    uint64_t trace;
    sim_time last, due;
    uint32_t seq;
    int32_t surplus; /* datagrams received less datagrams sent: keeps the number in flight steady */
};

struct model {
    struct model_config c;
    struct actor *actor;
    uint32_t *site;
};

static uint64_t next(uint64_t *x)
{
    *x += UINT64_C(0x9e3779b97f4a7c15);
    return hash64_mix(*x, 77);
}

static sim_time aligned(const struct model *m, sim_time at)
{
    return (at + m->c.grain - 1) / m->c.grain * m->c.grain;
}

static uint32_t pick_neighbour(const struct model *m, uint32_t node, uint64_t draw)
{
    uint32_t first = node / m->c.site_nodes * m->c.site_nodes;
    uint32_t end = first + m->c.site_nodes < m->c.nodes ? first + m->c.site_nodes : m->c.nodes;
    return first + (uint32_t)(draw % (end - first));
}

static void post_one(struct model *m, struct part *p, uint32_t node, sim_time now, uint64_t *x)
{
    struct actor *a = &m->actor[node];
    uint64_t kind = next(x) % 8;
    bool near = kind < 3;
    struct event e = {.src = node, .seq = a->seq++, .chan = (uint32_t)next(x), .class = (uint8_t)(next(x) % 10), .flags = (uint8_t)(next(x) % 16)};
    e.dst = near ? pick_neighbour(m, node, next(x)) : m->c.hot && next(x) % 4 == 0 ? 0 : (uint32_t)(next(x) % m->c.nodes);
    bool inside = e.dst / m->c.site_nodes == node / m->c.site_nodes;
    sim_time least = inside ? 1 : m->c.window;
    sim_time spread = kind == 7 ? 3000 * m->c.window : inside ? m->c.window * 2 : 40 * m->c.window;
    e.at = aligned(m, now + least + (next(x) % 5 == 0 ? 0 : next(x) % spread));
    uint8_t bytes[EVENT_BYTES_MAX];
    e.len = (uint16_t)(next(x) % 8 == 0 ? next(x) % (EVENT_BYTES_MAX + 1) : next(x) % 200);
    e.true_len = (uint16_t)(e.len + next(x) % 1000);
    memset(bytes, (int)(next(x) & 255), e.len);
    for (unsigned i = 0; i < e.len; i += 37)
        bytes[i] = (uint8_t)next(x);
    kernel_post(p, &e, bytes);
}

static sim_time pick_due(const struct model *m, sim_time now, sim_time old, uint64_t *x)
{
    switch (next(x) % 12) {
    case 0: return TIME_NEVER;
    case 1: return now;
    case 2: return now / 2;
    case 3: return now + 1;
    case 4: return aligned(m, now + next(x) % m->c.window);
    case 5: return aligned(m, now + next(x) % (3 * m->c.window));
    case 6: return aligned(m, now + next(x) % (1500 * m->c.window));
    case 7: return now + next(x) % (2000000 * m->c.window);
    default: return old > now ? old : aligned(m, now + 1 + next(x) % (60 * m->c.window));
    }
}

static sim_time act(struct model *m, struct part *p, uint32_t node, sim_time now, bool received)
{
    struct actor *a = &m->actor[node];
    uint64_t x = a->trace;
    a->surplus += received;
    unsigned sends = a->surplus > 3 ? 2 : a->surplus < -3 ? 0 : (unsigned)(next(&x) % 3);
    for (unsigned i = 0; i < sends; i++)
        post_one(m, p, node, now, &x);
    a->surplus -= (int32_t)sends;
    if (m->c.site_nodes > 1 && next(&x) % 4 == 0) {
        uint32_t other = pick_neighbour(m, node, next(&x));
        if (other != node) {
            m->actor[other].due = pick_due(m, now, m->actor[other].due, &x);
            kernel_wake_at(p, other, m->actor[other].due);
        }
    }
    return a->due = pick_due(m, now, a->due, &x);
}

static void see(struct actor *a, sim_time now, uint64_t x, uint64_t y)
{
    assert(now >= a->last);
    a->last = now;
    a->trace = hash64_mix(hash64_mix(hash64_mix(a->trace, now), x), y);
}

static sim_time deliver(void *host, struct part *p, const struct event *e, const uint8_t *bytes, bool *count)
{
    struct model *m = host;
    struct actor *a = &m->actor[e->dst];
    uint32_t first, end;
    part_range(p, &first, &end);
    assert(e->dst >= first && e->dst < end && *count);
    see(a, e->at, (uint64_t)e->src << 32 | e->seq, (uint64_t)e->chan << 32 | (uint64_t)e->len << 16 | e->true_len);
    a->trace = hash64_mix(a->trace, (uint64_t)e->class << 8 | e->flags);
    a->trace = hash64(a->trace, bytes, e->len);
    *count = e->class != 9;
    return act(m, p, e->dst, e->at, true);
}

static sim_time wake(void *host, struct part *p, uint32_t node, sim_time now)
{
    struct model *m = host;
    see(&m->actor[node], now, UINT64_MAX, 0);
    return act(m, p, node, now, false);
}

static void touch(void *host, uint32_t node, const struct event *e, const uint8_t *bytes)
{
    struct model *m = host;
    assert(node < m->c.nodes && (e != NULL) == (bytes != NULL));
    assert(!e || e->dst == node);
    fetch_line(&m->actor[node]);
}

static void approach(void *host, uint32_t node, enum approach step)
{
    struct model *m = host;
    assert(node < m->c.nodes);
    if (step == APPROACH_CLOSE)
        fetch_line(&m->actor[node]);
}

struct model *model_new(const struct model_config *c)
{
    struct model *m = calloc(1, sizeof *m);
    assert(m);
    m->c = *c;
    m->actor = calloc(c->nodes, sizeof *m->actor);
    m->site = calloc(c->nodes, sizeof *m->site);
    assert(m->actor && m->site);
    for (uint32_t i = 0; i < c->nodes; i++) {
        m->site[i] = 5 * (i / c->site_nodes);
        m->actor[i].trace = hash64_mix(c->seed, i);
        m->actor[i].due = TIME_NEVER;
    }
    return m;
}

void model_free(struct model *m)
{
    free(m->actor);
    free(m->site);
    free(m);
}

struct kernel *model_open(struct model *m, enum kernel_engine engine, unsigned partitions, bool threads, sim_time window)
{
    const struct kernel_config config = {.engine = engine, .partitions = partitions, .threads = threads ? KERNEL_THREADS_ALWAYS : KERNEL_THREADS_NEVER, .nodes = m->c.nodes,
                                         .site = m->c.site_nodes > 1 ? m->site : NULL, .window = window};
    const struct kernel_hooks hooks = {.host = m, .deliver = deliver, .wake = wake, .approach = m->c.seed % 3 ? approach : NULL,
                                       .touch = m->c.seed % 2 ? touch : NULL};
    struct kernel *k;
    int status = kernel_open(&k, &config, &hooks);
    assert(status == 0);
    (void)status;
    return k;
}

void model_seed(struct model *m, struct kernel *k, unsigned datagrams_per_node)
{
    sim_time now = kernel_now(k);
    for (uint32_t i = 0; i < m->c.nodes; i++) {
        uint64_t x = hash64_mix(m->actor[i].trace, now);
        for (unsigned n = 0; n < datagrams_per_node; n++)
            post_one(m, kernel_part_of(k, i), i, now, &x);
        if (next(&x) % 2) {
            m->actor[i].due = pick_due(m, now, m->actor[i].due, &x);
            kernel_wake_at(kernel_part_of(k, i), i, m->actor[i].due);
        }
    }
}

uint64_t model_trace(const struct model *m, uint32_t node)
{
    return m->actor[node].trace;
}

uint64_t model_trace_all(const struct model *m)
{
    uint64_t h = 0;
    for (uint32_t i = 0; i < m->c.nodes; i++)
        h = hash64_mix(h, m->actor[i].trace);
    return h;
}

struct model_result model_story(const struct model_config *c, enum kernel_engine engine, unsigned partitions, bool threads, sim_time window, sim_time until,
                                unsigned cuts)
{
    struct model *m = model_new(c);
    struct kernel *k = model_open(m, engine, partitions, threads, window);
    struct model_result r = {0};
    model_seed(m, k, 2);
    for (unsigned i = 1; i <= cuts; i++) {
        sim_time at = i == cuts ? until : until / cuts * i + i * 7919 % (until / cuts);
        int status = kernel_run(k, at);
        assert(status == 0 && kernel_now(k) == at);
        (void)status;
        if (kernel_memory(k) > r.memory_max)
            r.memory_max = kernel_memory(k);
        if (i < cuts && i % 3 == 0)
            model_seed(m, k, 0);
    }
    struct kernel_counts counts;
    kernel_count(k, &counts);
    assert(counts.events == counts.datagrams + counts.wakes);
    r.fingerprint = kernel_fingerprint(k);
    r.trace = model_trace_all(m);
    r.datagrams = counts.datagrams;
    r.wakes = counts.wakes;
    r.memory_end = kernel_memory(k);
    kernel_close(k);
    model_free(m);
    return r;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/faults.h"

#include <stdlib.h>
#include <string.h>

#include "sim/kernel/random.h"
#include "sim/net/region.h"
#include "sim/net/trouble.h"
#include "sim/scenario/read.h"
#include "sim/world/assembly.h"
#include "sim/world/lives.h"
#include "sim/world/recording.h"
#include "sim/world/spread.h"
#include "sim/world/workload.h"

/* Counters of STREAM_FAULT: the number of the fault, above it what for. */
enum fault_draw { DRAW_TOUCHED = 0, DRAW_MOMENT = 1 << 8, DRAW_DELAY = 2 << 8 };

enum stage { AHEAD, ON, OVER };

struct faults {
    enum stage stage[FAULTS_MAX];
    uint64_t touched[FAULTS_MAX];
    unsigned cut[FAULTS_MAX];
    uint64_t *map[FAULTS_MAX]; /* whom a fault that lasts touches, while it lasts */
    unsigned floods;           /* that are on */
    size_t map_bytes;
    struct overlay overlay[2][NET_DOCUMENTS_MAX], idle[2][NET_DOCUMENTS_MAX]; /* by document; two versions of each: the one in force never changes */
    unsigned version, documents; /* beside the one of the start */
};

void faults_plan(struct world *w)
{
    for (unsigned i = 0; i < w->scenario->faults; i++) {
        sim_time end = fault_end(&w->scenario->fault[i]);
        w->fault_at[i] = w->measure_from + w->scenario->fault[i].at;
        w->fault_until[i] = end == TIME_NEVER ? end : w->measure_from + end;
    }
}

static void set_overlay(struct world *);
static void name_bad_nodes(const struct world *, struct overlay *);

int faults_open(struct world *w)
{
    w->faults = calloc(1, sizeof *w->faults);
    if (!w->faults)
        return -1;
    w->faults->map_bytes = (w->identities / 64 + 1) * sizeof(uint64_t);
    name_bad_nodes(w, &w->overlay);
    return 0;
}

void faults_close(struct world *w)
{
    for (unsigned i = 0; w->faults && i < FAULTS_MAX; i++)
        free(w->faults->map[i]);
    free(w->faults);
}

uint64_t faults_touched(const struct world *w, unsigned fault)
{
    return w->faults->touched[fault];
}

/* ---- who ---- */

static double draw(const struct world *w, unsigned fault, peer_h peer, enum fault_draw what)
{
    return random_unit(w->scenario->seed, peer, STREAM_FAULT, (uint64_t)what + fault);
}

sim_time faults_delay(const struct world *w, unsigned fault, peer_h peer)
{
    uint64_t counter = (uint64_t)identity_of(w, peer)->cycle << 16 | (DRAW_DELAY + fault);
    return law_draw(&w->scenario->fault[fault].delay, random_unit(w->scenario->seed, peer, STREAM_FAULT, counter));
}

/* A new map of those whom the fault chooses, online or not. */
static uint64_t *choose(const struct world *w, unsigned fault)
{
    const struct fault *f = &w->scenario->fault[fault];
    uint64_t *map = calloc(1, w->faults->map_bytes);
    bool *inside = calloc(w->latency.places + 1, sizeof *inside);
    if (!map || !inside)
        out_of_memory();
    for (unsigned p = 0; f->region[0] && p < w->latency.places; p++)
        inside[p] = region_covers(f->region, &w->latency, (uint16_t)p);
    for (uint32_t i = 0; i < w->identities; i++) {
        bool chosen = draw(w, fault, i, DRAW_TOUCHED) < f->share;
        if (chosen && f->region[0])
            chosen = inside[net_place(w->net, i)];
        map[i / 64] |= (uint64_t)chosen << i % 64;
    }
    free(inside);
    return map;
}

static bool marked(const uint64_t *map, peer_h peer)
{
    return map[peer / 64] >> peer % 64 & 1;
}

static uint64_t count_online(const struct world *w, const uint64_t *map)
{
    uint64_t n = 0;
    for (uint32_t i = w->first; i < w->end; i++)
        n += identity_of(w, i)->flags & LIFE_ONLINE && (!map || marked(map, i));
    ranks_sum(w->ranks, &n, 1);
    return n;
}

static struct session *session_at(struct world *w, peer_h peer)
{
    return session_of(world_books(w, kernel_part_of(w->kernel, peer)), identity_of(w, peer));
}

/* ---- faults of nodes, at once ---- */

static bool strike(struct world *w, unsigned fault, peer_h peer)
{
    const struct fault *f = &w->scenario->fault[fault];
    const struct identity *id = identity_of(w, peer);
    bool present = (id->flags & (LIFE_ONLINE | LIFE_LEAVING)) == LIFE_ONLINE;
    switch (f->kind) {
    case FAULT_KILL:
        if (!(id->flags & LIFE_ONLINE))
            return false;
        lives_kill(w, peer, w->now, f->delay.kind == LAW_NEVER ? 0 : time_add(w->now, faults_delay(w, fault, peer)),
                   f->mode == KILL_PROCESS);
        return true;
    case FAULT_RESTART:
        if (!(id->flags & LIFE_KILLED) || id->flags & LIFE_ONLINE)
            return false;
        lives_bring_back(w, peer, time_add(w->now, faults_delay(w, fault, peer)));
        return true;
    case FAULT_REBOOT:
        if (present)
            lives_reboot(w, peer, w->now + 1 + (sim_time)(draw(w, fault, peer, DRAW_MOMENT) * (double)f->within), fault);
        return present;
    case FAULT_LEAVE:
        if (present && id->flags & LIFE_JOINED) {
            lives_send_off(w, peer, w->now);
            return true;
        }
        return false;
    case FAULT_NONE:
    case FAULT_PARTITION:
    case FAULT_NETWORK:
    case FAULT_SLOW:
    case FAULT_IDLE:
    case FAULT_SET:
    case FAULT_CONFIGURE:
    case FAULT_FLOOD:
    case FAULT_KINDS: break;
    }
    return false;
}

/* ---- what follows from all faults that are on ---- */

static bool is_on(const struct world *w, unsigned i, enum fault_kind kind)
{
    return w->faults->stage[i] == ON && w->scenario->fault[i].kind == kind;
}

void faults_weather(struct world *w)
{
    double loss = w->scenario->loss, latency = 1;
    sim_time slower = 0;
    for (unsigned i = 0; i < w->scenario->faults; i++) {
        const struct fault *f = &w->scenario->fault[i];
        if (!is_on(w, i, FAULT_NETWORK))
            continue;
        latency *= f->latency;
        slower += f->slower;
        loss = f->loss == NETWORK_UNCHANGED ? loss : f->loss; /* the latest one */
    }
    net_weather(w->net, loss, latency, slower);
}

static void set_speeds(struct world *w)
{
    for (uint32_t peer = w->first; peer < w->end; peer++) {
        double factor = 1;
        for (unsigned i = 0; i < w->scenario->faults; i++)
            if (is_on(w, i, FAULT_SLOW) && marked(w->faults->map[i], peer))
                factor *= w->scenario->fault[i].factor;
        net_slow(w->net, peer, factor);
    }
}


/* Which Node-IDs the bad-node elements name: attackers first, then whoever comes behind the bootstrap nodes. */
static void name_bad_nodes(const struct world *w, struct overlay *o)
{
    const struct hostile_config *hostile = &w->scenario->hostile;
    unsigned named = 0;
    for (unsigned pass = hostile->share > 0 ? 0 : 1; pass < 2; pass++)
        for (uint32_t peer = w->scenario->bootstrap_nodes; peer < w->identities && named < o->bad_nodes; peer++)
            if ((hostile->share > 0 && hostile_is(hostile, peer)) == (pass == 0))
                o->bad_node[named++] = net_id(w->net, peer);
    o->bad_nodes = (uint8_t)named;
}

/* What document d says: the scenario's configuration with the first d changes, each with a sequence of its own (6.3.2.1: 0 follows 65534). */
static struct overlay configured(const struct world *w, unsigned d)
{
    struct overlay o = w->overlay;
    o.sequence = (uint16_t)((w->overlay.sequence + d) % 65535u);
    for (unsigned i = 0; i < w->scenario->faults && d > 0; i++) {
        if (w->scenario->fault[i].kind != FAULT_CONFIGURE)
            continue;
        fault_set_overlay(&w->scenario->fault[i], &o);
        d--;
    }
    name_bad_nodes(w, &o);
    return o;
}

/* One more configuration, and before it the one that everybody has. */
static void publish_next(struct world *w)
{
    struct faults *f = w->faults;
    struct overlay o;
    if (f->documents == 0) {
        o = configured(w, 0);
        net_publish(w->net, &o);
    }
    f->documents++;
    o = configured(w, f->documents);
    net_publish(w->net, &o);
}

/* A configuration is published, and the chosen have it. */
static void configure(struct world *w, unsigned i)
{
    struct faults *f = w->faults;
    publish_next(w);
    set_overlay(w);
    spread_begin(w, i);
    for (uint32_t peer = w->first; peer < w->end; peer++)
        if (marked(f->map[i], peer))
            spread_chosen(w, i, peer);
}

/* The configurations, with the sets that are on; and for idle nodes the same without upkeep. */
static void set_overlay(struct world *w)
{
    struct faults *f = w->faults;
    uint64_t *map = NULL;
    f->version ^= 1;
    struct overlay *all = f->overlay[f->version], *idle = f->idle[f->version];
    for (unsigned d = 0; d <= f->documents; d++) {
        all[d] = configured(w, d);
        for (unsigned i = 0; i < w->scenario->faults; i++)
            if (is_on(w, i, FAULT_SET))
                fault_set_overlay(&w->scenario->fault[i], &all[d]);
        name_bad_nodes(w, &all[d]);
        idle[d] = all[d];
        idle[d].idle = true;
        idle[d].reactive = false;
        idle[d].partition_check = 0;
    }
    for (unsigned i = 0; i < w->scenario->faults; i++) {
        if (!is_on(w, i, FAULT_IDLE))
            continue;
        if (!map && !(map = calloc(1, f->map_bytes)))
            out_of_memory();
        for (size_t k = 0; k < f->map_bytes / sizeof *map; k++)
            map[k] |= f->map[i][k];
    }
    net_configure(w->net, all, idle, map);
    free(map);
}

double faults_flood_rate(const struct world *w, peer_h peer)
{
    double rate = 0;
    for (unsigned i = 0; w->faults->floods && i < w->scenario->faults; i++)
        if (is_on(w, i, FAULT_FLOOD) && marked(w->faults->map[i], peer))
            rate += 1e9 / (double)w->scenario->fault[i].every;
    return rate;
}

static void replan_lookups(struct world *w, const uint64_t *map)
{
    for (uint32_t i = w->first; i < w->end; i++) {
        if (!marked(map, i) || !(identity_of(w, i)->flags & LIFE_JOINED))
            continue;
        struct part *part = kernel_part_of(w->kernel, i);
        workload_replan(w, session_at(w, i), i, w->now);
        net_act_at(w->net, part, i, lives_next(w, world_books(w, part), i));
    }
}

/* ---- the timeline ---- */

/* A fault that lasts has begun or ended. */
static void turn(struct world *w, unsigned i)
{
    struct faults *f = w->faults;
    bool begins = f->stage[i] == ON;
    switch (w->scenario->fault[i].kind) {
    case FAULT_PARTITION:
        if (begins)
            f->cut[i] = net_cut(w->net, f->map[i]);
        else
            net_uncut(w->net, f->cut[i]);
        break;
    case FAULT_NETWORK: faults_weather(w); break;
    case FAULT_SLOW: set_speeds(w); break;
    case FAULT_IDLE:
    case FAULT_SET: set_overlay(w); break;
    case FAULT_FLOOD:
        f->floods = begins ? f->floods + 1 : f->floods - 1;
        replan_lookups(w, f->map[i]);
        break;
    case FAULT_NONE:
    case FAULT_KILL:
    case FAULT_RESTART:
    case FAULT_REBOOT:
    case FAULT_LEAVE:
    case FAULT_CONFIGURE:
    case FAULT_KINDS: break;
    }
}

/* Nobody is chosen. */
static bool is_of_everybody(enum fault_kind kind)
{
    return kind == FAULT_NETWORK || kind == FAULT_SET;
}

static void begin(struct world *w, unsigned i)
{
    struct faults *f = w->faults;
    enum fault_kind kind = w->scenario->fault[i].kind;
    bool at_once = kind == FAULT_KILL || kind == FAULT_RESTART || kind == FAULT_REBOOT || kind == FAULT_LEAVE;
    f->stage[i] = ON;
    if (!is_of_everybody(kind))
        f->map[i] = choose(w, i);
    if (kind == FAULT_CONFIGURE) {
        f->touched[i] = count_online(w, f->map[i]);
        configure(w, i);
        return;
    }
    if (!at_once) {
        f->touched[i] = count_online(w, f->map[i]);
        turn(w, i);
        return;
    }
    for (uint32_t peer = w->first; peer < w->end; peer++)
        f->touched[i] += marked(f->map[i], peer) && strike(w, i, peer);
    ranks_sum(w->ranks, &f->touched[i], 1);
}

static void end(struct world *w, unsigned i)
{
    w->faults->stage[i] = OVER;
    turn(w, i);
    free(w->faults->map[i]);
    w->faults->map[i] = NULL;
}

/* "fault" as it strikes, "fault over" at the end of one that lasts; the text is the fault as the scenario writes it. */
static void record_fault(struct world *w, const char *kind, unsigned i)
{
    char text[FAULT_TEXT_MAX];
    fault_print(&w->scenario->fault[i], text, sizeof text);
    recording_event(w, kind, text);
}

void faults_due(struct world *w)
{
    for (unsigned i = 0; i < w->scenario->faults; i++)
        if (w->faults->stage[i] == ON && w->fault_until[i] <= w->now) {
            end(w, i);
            record_fault(w, "fault over", i);
        }
    for (unsigned i = 0; i < w->scenario->faults; i++) {
        if (w->faults->stage[i] != AHEAD || w->fault_at[i] > w->now)
            continue;
        begin(w, i);
        record_fault(w, "fault", i);
        if (w->fault_until[i] <= w->now)
            end(w, i);
    }
}

/* ---- for a checkpoint ---- */

void faults_put(const struct world *w, struct stream *s)
{
    const struct faults *f = w->faults;
    unsigned begun = 0;
    while (begun < w->scenario->faults && f->stage[begun] != AHEAD) /* they are in the order of time */
        begun++;
    stream_put_u32(s, begun);
    for (unsigned i = 0; i < begun; i++) {
        stream_put_u32(s, (uint32_t)f->stage[i]);
        stream_put_u32(s, f->cut[i]);
        stream_put_u64(s, f->touched[i]);
    }
}

void faults_get(struct world *w, struct stream_reader *r)
{
    struct faults *f = w->faults;
    uint32_t begun = stream_get_u32(r);
    for (uint32_t i = 0; i < begun && !r->bad; i++) {
        uint32_t stage = stream_get_u32(r);
        if (i >= w->scenario->faults || (stage != ON && stage != OVER)) {
            r->bad = true;
            return;
        }
        f->stage[i] = (enum stage)stage;
        f->cut[i] = stream_get_u32(r);
        f->touched[i] = stream_get_u64(r);
    }
}

void faults_again(struct world *w)
{
    struct faults *f = w->faults;
    bool slow = false, overlay = false;
    for (unsigned i = 0; i < w->scenario->faults && f->stage[i] != AHEAD; i++) {
        enum fault_kind kind = w->scenario->fault[i].kind;
        if (f->stage[i] == ON && !is_of_everybody(kind))
            f->map[i] = choose(w, i);
        f->floods += is_on(w, i, FAULT_FLOOD);
        slow |= kind == FAULT_SLOW;
        overlay |= kind == FAULT_SET || kind == FAULT_IDLE || kind == FAULT_CONFIGURE;
        if (kind == FAULT_CONFIGURE)
            publish_next(w);
    }
    if (slow)
        set_speeds(w);
    if (overlay)
        set_overlay(w);
}

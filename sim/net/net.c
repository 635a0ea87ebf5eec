/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/net/net.h"

#include <assert.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/crypto/credentials.h"
#include "sim/kernel/budget.h"
#include "sim/kernel/fetch.h"
#include "sim/net/host.h"
#include "sim/rank/slice.h"

#define STATUS_BROKEN    (-70)
#define KEY_SIGN         UINT64_C(0x7369676e61747572)
#define KEY_PHASE        UINT64_C(0x6b65657070686173)
#define LINE             64u

/* ---- calls into a node ---- */

static void session_close(struct host *, peer_h, sim_time now);

void call_begin(struct host *h, peer_h peer, sim_time now)
{
    const struct online *o = identity_of(h, peer)->online;
    assert(h->calling == PEER_NONE && o);
    h->calling = peer;
    h->stopping = false;
    h->env.now = now;
    h->env.unix_ms = h->net->config.epoch_ms + now / MILLIS(1);
    h->env.self = peer;
    h->env.work = o->work;
    h->env.cpu_ns = 0;
    h->busy_until = o->cpu_free > now ? o->cpu_free : now;
}

static void check_node(struct host *h, const struct online *o)
{
    struct env env = h->env;
    const struct actor *a = actor_of(h->net, env.self);
    const char *broken = a->check ? a->check(o->block, &env) : NULL;
    if (!broken && a->bytes(o->block) > o->bytes)
        broken = "the node uses more than its block";
    if (!broken && o->node_due < env.now)
        broken = "the next wake-up lies in the past";
    if (!broken)
        return;
    fprintf(stderr, "reloadsim: seed %llu, node %u, at %llu.%09llu s: %s\n", (unsigned long long)h->net->config.seed,
            (unsigned)env.self, (unsigned long long)(env.now / SECONDS(1)), (unsigned long long)(env.now % SECONDS(1)),
            broken);
    kernel_stop(h->net->kernel, STATUS_BROKEN);
}

void call_end(struct host *h)
{
    peer_h peer = h->calling;
    struct online *o = identity_of(h, peer)->online;
    if (h->env.cpu_ns)
        o->cpu_free = call_departure(h);
    h->calling = PEER_NONE;
    if (h->stopping)
        session_close(h, peer, h->env.now);
    else if (h->net->config.check_every_event)
        check_node(h, o);
}

void call_channel(struct host *h, struct online *o, chan_h slot, enum chan_event event, const struct chan_info *info)
{
    o->node_due = actor_of(h->net, h->env.self)->channel(o->block, &h->env, slot, event, info);
}

/* ---- sessions ---- */

struct online *session_open(struct host *h, peer_h peer)
{
    kernel_seat(h->part, peer);
    struct identity *id = identity_of(h, peer);
    assert(!id->online);
    size_t bytes = actor_of(h->net, peer)->bytes_initial();
    id->online = slab_get(&h->slab, sizeof *id->online);
    *id->online = (struct online){.block = slab_get(&h->slab, bytes),
                                  .node_due = TIME_NEVER,
                                  .channel_due = TIME_NEVER,
                                  .watch_due = TIME_NEVER,
                                  .bytes = (uint32_t)bytes};
    channel_table_open(id->online);
    id->incarnation++;
    id->refuses = false;
    h->counts.online++;
    h->counts.node_bytes += bytes;
    return id->online;
}

static void session_free(struct host *h, peer_h peer)
{
    struct identity *id = identity_of(h, peer);
    struct online *o = id->online;
    handshake_forget_all(h, o);
    h->counts.online--;
    h->counts.node_bytes -= (uint64_t)o->bytes + o->table->work_bytes;
    slab_put(&h->slab, o->block, o->bytes);
    if (o->work)
        slab_put(&h->slab, o->work, o->table->work_bytes);
    channel_table_close(h, o);
    slab_put(&h->slab, o, sizeof *o);
    id->online = NULL;
}

static void session_close(struct host *h, peer_h peer, sim_time now)
{
    keepalive_end_all(h, identity_of(h, peer)->online, peer, now);
    session_free(h, peer);
}

sim_time host_due(const struct identity *id)
{
    const struct online *o = id->online;
    return o ? time_min(id->act_at, time_min(o->node_due, o->channel_due)) : id->act_at;
}

static void arm(struct host *h, peer_h peer)
{
    kernel_wake_at(h->part, peer, host_due(identity_of(h, peer)));
}

void net_start(struct net *n, struct part *part, peer_h peer, sim_time now, const struct node_opts *opts)
{
    struct host *h = host_at(n, part);
    struct online *o = session_open(h, peer);
    call_begin(h, peer, now);
    o->node_due = actor_of(n, peer)->start(o->block, &h->env, opts);
    call_end(h);
    arm(h, peer);
}

void net_stop(struct net *n, struct part *part, peer_h peer, sim_time now)
{
    struct host *h = host_at(n, part);
    assert(net_online(n, peer));
    if (h->calling == peer) {
        h->stopping = true;
        return;
    }
    session_close(h, peer, now);
    arm(h, peer);
}

void net_request(struct net *n, struct part *part, peer_h peer, sim_time now, const struct request *request)
{
    struct host *h = host_at(n, part);
    struct online *o = identity_of(h, peer)->online;
    call_begin(h, peer, now);
    o->node_due = actor_of(n, peer)->request(o->block, &h->env, request);
    call_end(h);
    arm(h, peer);
}

void net_act_at(struct net *n, struct part *part, peer_h peer, sim_time at)
{
    struct host *h = host_at(n, part);
    if (!node_is_seated(n->node[peer])) { /* there is nothing else to wake it for */
        kernel_wake_at(part, peer, at);
        return;
    }
    identity_of(h, peer)->act_at = at;
    arm(h, peer);
}

/* ---- what the kernel calls ---- */

/* Whether the queue in front of the CPU is full. Keepalives do not pass it. */
static bool is_behind(const struct net *n, const struct online *o, sim_time now)
{
    return n->config.cpu_backlog && o->cpu_free > time_add(now, n->config.cpu_backlog);
}

/* Nobody is there, or never was (NULL). Keepalives are accounted for by their sender. */
static void offline(struct host *h, struct identity *id, const struct event *e, const uint8_t *bytes, bool count)
{
    if (!count)
        return;
    wire_nobody(h, e, bytes);
    if (id && id->refuses && e->flags != KIND_REFUSED)
        trouble_refuse(h, id, e);
}

static sim_time on_deliver(void *net, struct part *part, const struct event *e, const uint8_t *bytes, bool *count)
{
    const struct net *n = net;
    struct host *h = host_at(n, part);
    struct identity *id = identity_known(n, e->dst);
    h->now = e->at;
    struct event through;
    if (n->line) {
        if (access_down(h, e, bytes)) {
            *count = false;
            return id ? host_due(id) : kernel_due(n->kernel, e->dst);
        }
        through = *e;
        through.chan &= ~ACCESS_PASSED;
        e = &through;
    }
    *count = e->flags != KIND_KEEPALIVE && e->flags != KIND_NOTE && !event_is_uncounted_refusal(e);
    h->counts.in_flight -= *count; /* put there by the sender's partition: only the sum over all has a meaning */
    if (!id || !id->online)
        offline(h, id, e, bytes, *count);
    else if (e->flags == KIND_REFUSED) /* the kernel's, not the node's: no queue */
        trouble_refused(h, id, e);
    else if (*count && is_behind(n, id->online, e->at))
        h->counts.dropped++;
    else if (e->flags == KIND_DATA)
        wire_data(h, id, e, bytes);
    else if (e->flags == KIND_KEEPALIVE)
        keepalive_receive(h, id, e);
    else if (e->flags == KIND_NOTE)
        keepalive_receive_note(h, id, e, bytes);
    else if (e->flags == KIND_PLAIN)
        wire_plain(h, id, e, bytes);
    else if (e->flags == KIND_CLOSE)
        channel_receive_close(h, id, e);
    else
        handshake_receive(h, id, e, bytes);
    return id ? host_due(id) : kernel_due(n->kernel, e->dst);
}

/* The world's turn. What it does may give a sleeper its seat. */
static sim_time act(struct host *h, peer_h peer, sim_time now)
{
    struct net *n = h->net;
    h->counts.wakes++;
    sim_time next = n->hooks.act(n->hooks.world, h->part, peer, now);
    struct identity *id = identity_known(n, peer);
    if (!id)
        return next;
    id->act_at = time_min(id->act_at, next);
    return host_due(id);
}

static sim_time on_wake(void *net, struct part *part, uint32_t node, sim_time now)
{
    struct net *n = net;
    struct host *h = host_at(n, part);
    struct identity *id = identity_known(n, node);
    sim_time due;
    h->now = now;
    h->waking = true;
    if (id && id->online && id->online->channel_due <= now)
        channel_wake(h, id, node, now);
    if (id && id->online && id->online->node_due <= now) {
        struct online *o = id->online;
        call_begin(h, node, now);
        h->counts.wakes++;
        o->node_due = actor_of(n, node)->wake(o->block, &h->env);
        call_end(h);
    }
    if (!id) {
        due = act(h, node, now);
    } else if (id->act_at <= now) {
        id->act_at = TIME_NEVER;
        due = act(h, node, now);
    } else {
        due = host_due(id);
    }
    h->waking = false;
    return due;
}

static void on_seat(void *net, struct part *part, uint32_t node, uint32_t seat, sim_time due)
{
    const struct net *n = net;
    struct host *h = host_at(n, part);
    reserve_use(&h->identities, (seat + (size_t)1) * sizeof *h->identity);
    h->identity[seat] = (struct identity){.act_at = due};
    if (n->hooks.seat)
        n->hooks.seat(n->hooks.world, part, node, seat, due);
}

/* Identity, session, the head of its block: each is found through the one before. */
static void on_approach(void *net, uint32_t node, enum approach step)
{
    const struct identity *id = identity_known(net, node);
    if (step == APPROACH_FAR) {
        fetch_line(id);
        if (((const struct net *)net)->line)
            access_approach(net, node);
    } else if (!id) {
        return;
    } else if (step == APPROACH_NEAR) {
        fetch_line(id->online);
    } else if (id->online) {
        const char *block = (const char *)id->online->block, *work = id->online->work;
        for (unsigned k = 0; k < 4; k++)
            fetch_line(block + k * LINE);
        if (work) {
            fetch_line(work);
            fetch_line(work + LINE);
        }
    }
}

/* One line of the table of channels, or two where a channel lies across, is needed for any datagram, the node's own choice for one of RELOAD. */
static void on_touch(void *net, uint32_t node, const struct event *e, const uint8_t *bytes)
{
    const struct net *n = net;
    const struct online *o = online_of(n, node);
    uint16_t line[8];
    if (!o)
        return;
    const struct channel *c = o->table->slot + (e && e->flags == KIND_DATA ? tag_slot(e->chan) : 0);
    fetch_line(c);
    fetch_line((const char *)(c + 1) - 1);
    if (e && e->flags == KIND_PLAIN && n->where) /* an answer goes to its place */
        fetch_line(&n->where[e->src]);
    if (e && e->class == TRAFFIC_KEEPALIVE)
        return;
    const char *block = (const char *)o->block;
    bool says = e && (e->flags == KIND_DATA || e->flags == KIND_PLAIN);
    unsigned lines = says ? actor_of(n, node)->touch(o->block, bytes, e->len, line, 8) : 0;
    for (unsigned k = 0; k < lines; k++)
        fetch_line(block + (size_t)line[k] * LINE);
}

/* ---- life ---- */

static struct location *location_cache(void)
{
    struct location *l = malloc(LOCATION_CACHE * sizeof *l);
    for (uint32_t k = 0; l && k < LOCATION_CACHE; k++)
        l[k].device = UINT32_MAX;
    return l;
}

static struct host *host_open(struct net *n, struct part *part)
{
    struct host *h = aligned_alloc(LINE, (sizeof *h + LINE - 1) / LINE * LINE);
    if (!h)
        return NULL;
    memset(h, 0, sizeof *h);
    h->net = n;
    h->part = part;
    h->calling = PEER_NONE;
    h->env = h->look = (struct env){.port = &host_port, .host = h};
    if (!n->where && !(h->location = location_cache())) {
        free(h);
        return NULL;
    }
    slab_init(&h->slab);
    handles_open(&h->handles, n->config.seed, n->config.identities, n->own.id ? &n->own : NULL);
    crypto_open(h);
    uint32_t first, end;
    part_range(part, &first, &end);
    reserve_open(&h->identities, (end - first) * sizeof *h->identity);
    h->identity = (struct identity *)(void *)h->identities.at;
    return h;
}

static void host_close(struct host *h)
{
    uint32_t first, end;
    if (!h)
        return;
    part_range(h->part, &first, &end);
    for (uint32_t peer = first; peer < end; peer++)
        if (online_of(h->net, peer))
            session_free(h, peer);
    reserve_close(&h->identities);
    crypto_close(h);
    handles_close(&h->handles);
    for (unsigned k = 0; k < h->areas; k++)
        handles_close(&h->area[k].handles);
    free(h->area);
    free(h->location);
    slab_fini(&h->slab);
    free(h);
}

/* Where everybody is who lives here, if that is asked for often. */
static int open_places(struct net *n)
{
    bool kept = false;
    for (unsigned g = 0; g < n->config.ngroups; g++)
        kept |= n->config.groups[g].actor->connectionless;
    if (!kept)
        return 0;
    n->where = slice_open(sizeof *n->where, n->config.identities, n->first, n->end);
    for (uint32_t k = n->first; n->where && k < n->end; k++) {
        struct location where = latency_locate(n->config.latency, device_of(n, k));
        n->where[k] = (struct whereabouts){where.place, {(uint16_t)where.access_us, (uint16_t)(where.access_us >> 16)}};
    }
    return n->where ? 0 : -ENOMEM;
}

static int open_hosts(struct net *n)
{
    n->part = calloc(kernel_partitions(n->kernel), sizeof *n->part);
    for (unsigned k = n->here; n->part && k < n->here_end; k++)
        if (!(n->part[k] = host_open(n, kernel_part(n->kernel, k))))
            return -ENOMEM;
    return n->part ? 0 : -ENOMEM;
}

static int fill(struct net *n)
{
    const struct net_config *c = &n->config;
    struct kernel_hooks hooks = {.host = n, .deliver = on_deliver, .wake = on_wake, .seat = on_seat, .approach = on_approach, .touch = on_touch};
    struct kernel_config kernel = {.engine = c->engine,
                                   .partitions = c->partitions ? c->partitions : 1,
                                   .ranks = c->ranks,
                                   .threads = c->threads,
                                   .nodes = c->identities,
                                   .window = c->window};
    uint32_t *site = NULL;
    if (c->ids_per_device > 1) {
        if (!(site = malloc(c->identities * sizeof *site)))
            return -ENOMEM;
        for (uint32_t k = 0; k < c->identities; k++)
            site[k] = device_of(n, k);
    }
    kernel.site = site;
    int status = kernel_open(&n->kernel, &kernel, &hooks);
    free(site);
    if (status)
        return status;
    n->node = kernel_nodes(n->kernel);
    kernel_nodes_here(n->kernel, &n->first, &n->end);
    kernel_parts_here(n->kernel, &n->here, &n->here_end);
    if (open_places(n) || access_open(n))
        return -ENOMEM;
    return open_hosts(n);
}

/* A shard is a site: it shares no device with others. */
static bool groups_are_sound(const struct net_config *c)
{
    if (c->ngroups == 0 || c->groups[0].first != 0 || c->groups[0].shards != 0)
        return false;
    for (unsigned g = 1; g < c->ngroups; g++) {
        const struct actor_group *a = &c->groups[g];
        if (a->shards ? a->shards > c->identities / 2 || c->ids_per_device > 1 || a->first != 0 : c->groups[g - 1].shards != 0 || a->first <= c->groups[g - 1].first)
            return false;
    }
    return true;
}

int net_open(struct net **out, const struct net_config *c, const struct net_hooks *hooks)
{
    *out = NULL;
    if (c->identities == 0 || !groups_are_sound(c) || c->identities > HANDLE_FOREIGN || c->window > c->latency->min_delay ||
        strlen(c->overlay->name) > NET_OVERLAY_NAME_MAX)
        return -EINVAL;
    struct net *n = calloc(1, sizeof *n);
    if (!n)
        return -ENOMEM;
    n->config = *c;
    n->hooks = *hooks;
    n->sign_key = hash64_mix(KEY_SIGN, c->seed);
    n->phase_key = hash64_mix(KEY_PHASE, c->seed);
    n->keepalive_key = random_key_of(c->seed, STREAM_KEEPALIVE);
    n->keepalives_one_by_one = c->keepalives_one_by_one || c->weather_delays || c->latency->model == LATENCY_EXPONENTIAL ||
                               c->latency->jitter.kind != LAW_NEVER || c->access.up_bps || c->access.down_bps;
    n->jitter_mean = latency_jitter_mean(c->latency);
    n->overlay = c->overlay;
    n->weather[0] = (struct weather){.loss = c->loss, .loss_32 = (uint32_t)(c->loss * 4294967295.0 + 0.5), .latency = 1};
    n->weathers = 1;
    handshake_sizes(n);
    int status = authority_begin(n);
    if (!status)
        status = fill(n);
    if (status) {
        net_close(n);
        return status;
    }
    *out = n;
    return 0;
}

void net_close(struct net *n)
{
    if (!n)
        return;
    for (unsigned k = n->here; n->part && k < n->here_end; k++)
        host_close(n->part[k]);
    kernel_close(n->kernel);
    trouble_free(n);
    access_close(n);
    own_ids_close(&n->own);
    authority_close(n->authority);
    free(n->part);
    if (n->where)
        slice_close(n->where, sizeof *n->where, n->config.identities, n->first, n->end);
    free(n);
}

/* ---- looking from outside ---- */

struct kernel *net_kernel(struct net *n)
{
    return n->kernel;
}

struct ranks *net_ranks(const struct net *n)
{
    return n->config.ranks;
}

unsigned net_rank_of(const struct net *n, peer_h peer)
{
    return n->config.ranks ? part_index(kernel_part_of(n->kernel, peer)) : 0;
}

void net_here(const struct net *n, uint32_t *first, uint32_t *end)
{
    *first = n->first;
    *end = n->end;
}

bool net_online(const struct net *n, peer_h peer)
{
    return online_of(n, peer) != NULL;
}

const struct node *net_node(const struct net *n, peer_h peer, struct env **env)
{
    const struct online *o = online_of(n, peer);
    struct host *h = host_of(n, peer);
    if (!o)
        return NULL;
    h->look.self = peer;
    h->look.work = o->work;
    h->look.now = h->now > kernel_now(n->kernel) ? h->now : kernel_now(n->kernel);
    h->look.unix_ms = n->config.epoch_ms + h->look.now / MILLIS(1);
    h->look.cpu_ns = 0;
    *env = &h->look;
    return o->block;
}

/* Computed, so that it is the same in each partition; foreign ids are a partition's own and not told here. */
struct id net_id(const struct net *n, peer_h peer)
{
    return peer < n->config.identities ? handles_id(&n->part[n->here]->handles, peer) : ID_WILDCARD;
}

peer_h net_peer(const struct net *n, struct id id)
{
    return handles_identity(&n->part[n->here]->handles, id);
}

size_t net_user_name(const struct net *n, peer_h peer, char out[64])
{
    return (size_t)snprintf(out, 64, "u%010u@%s", (unsigned)device_of(n, peer), n->config.overlay->name);
}

/* Not through the partition's digest and cache: this may be called for anybody from anywhere. */
struct id net_user(const struct net *n, peer_h peer)
{
    char name[64];
    uint8_t digest[SHA_DIGEST_LENGTH];
    if (EVP_Digest(name, net_user_name(n, peer, name), digest, NULL, n->part[n->here]->sha1, NULL) != 1)
        kernel_exhausted("the digest of a name");
    return id_load(digest);
}

uint16_t net_place(const struct net *n, peer_h peer)
{
    return location_of(n, peer).place;
}

static sim_time leg(const struct net *n, peer_h from, peer_h to)
{
    const struct latency *l = n->config.latency;
    sim_time t = weather_delay(&n->weather[n->weathers - 1], wire_one_way_usual(n, from, to));
    return t < l->min_delay ? l->min_delay : t;
}

sim_time net_rtt(const struct net *n, peer_h a, peer_h b)
{
    return leg(n, a, b) + leg(n, b, a);
}

static void sweep(void *net, struct part *part)
{
    struct host *h = host_at(net, part);
    uint32_t first, end;
    part_range(part, &first, &end);
    for (uint32_t peer = first; peer < end; peer++)
        if (online_of(h->net, peer))
            keepalive_sweep(h, online_of(h->net, peer), peer, kernel_now(h->net->kernel));
}

void net_count(const struct net *n, struct net_counts *out)
{
    *out = (struct net_counts){0};
    kernel_each_part(n->kernel, sweep, n->part[n->here]->net);
    for (unsigned k = n->here; k < n->here_end; k++) {
        /* All members are 64-bit words. */
        const uint64_t *from = (const uint64_t *)(const void *)&n->part[k]->counts;
        uint64_t *to = (uint64_t *)(void *)out;
        for (size_t i = 0; i < sizeof *out / sizeof *to; i++)
            to[i] += from[i];
    }
    uint64_t keepalives = out->class_count[TRAFFIC_KEEPALIVE];
    out->keepalives_dead = out->keepalives_sent - out->keepalives_lost - out->keepalives_dropped - keepalives;
    out->events = out->delivered + keepalives + out->wakes;
}

size_t net_memory(const struct net *n)
{
    size_t bytes = sizeof *n + (n->where ? (n->end - n->first) * sizeof *n->where : 0) + access_memory(n) + kernel_memory(n->kernel);
    for (unsigned k = n->here; k < n->here_end; k++)
        bytes += sizeof *n->part[k] + (n->where ? 0 : LOCATION_CACHE * sizeof(struct location)) + part_seats(n->part[k]->part) * sizeof(struct identity) + n->part[k]->slab.held + SCRATCH_BYTES + USER_CACHE * sizeof(struct user_entry);
    return bytes;
}

const struct budget *net_budgets(bool connectionless, unsigned *count)
{
    static const struct budget rows[] = {
        BUDGET(struct identity, 32, PER_LIVED, "network: identity"),
        BUDGET(struct online, 64, PER_ONLINE, "network: session"),
        BUDGET(struct table, 24, PER_ONLINE, "network: head of the channels"),
        BUDGET(struct channel, 12, PER_LINK, "network: channel"),
        {"network: handshake", HANDSHAKE_BYTES, PER_JOINING},
        BUDGET(struct host, 4224, PER_PARTITION, "network: host"),
        {"network: room for signatures, user names, locations", SCRATCH_BYTES + USER_CACHE * sizeof(struct user_entry) + LOCATION_CACHE * sizeof(struct location), PER_PARTITION},
        BUDGET(struct whereabouts, 6, PER_IDENTITY, "network: location"), /* the last one */
    };
    *count = sizeof rows / sizeof *rows - !connectionless;
    return rows;
}

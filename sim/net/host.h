/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to sim/net: what the virtual host keeps of each identity, each node and each channel, and how its files meet.
 *
 * What lives how long: of an identity nothing, or where actors are connectionless its location; struct identity from the moment that something happens to it; struct online, the node's block and its table of channels for one session; struct handshake for one
 * handshake. The last three come from the slab of the partition that owns the identity. A handler touches only its own identity and partition;
 * of other identities it reads or works out the location, which never changes. */
#ifndef SIM_NET_HOST_H
#define SIM_NET_HOST_H

#include <assert.h>

#include "proto/base/hash.h"
#include "sim/checkpoint/stream.h"
#include "sim/kernel/random.h"
#include "sim/kernel/reserve.h"
#include "sim/net/handles.h"
#include "sim/net/net.h"
#include "sim/net/slab.h"
#include "sim/net/trouble.h"

/* What a datagram is, in event.flags. 1 to 6 are the flights of a handshake (RFC 6347 4.2.4). */
enum kind {
    KIND_DATA,      /* an application record with a frame of RELOAD */
    KIND_HELLO,     /* ClientHello */
    KIND_VERIFY,    /* HelloVerifyRequest */
    KIND_COOKIE,    /* ClientHello with the cookie */
    KIND_SERVER,    /* ServerHello, Certificate, ServerKeyExchange, CertificateRequest, ServerHelloDone */
    KIND_CLIENT,    /* Certificate, ClientKeyExchange, CertificateVerify, ChangeCipherSpec, Finished */
    KIND_FINISHED,  /* ChangeCipherSpec, Finished */
    KIND_CLOSE,     /* the alert close_notify */
    KIND_KEEPALIVE, /* STUN Binding Indication */
    KIND_NOTE,      /* none: from host to host, when keepalives begin and end (keepalive.c) */
    KIND_PLAIN,     /* an actor's own datagram outside any channel */
    KIND_REFUSED    /* ICMP port unreachable (trouble.c) */
};

/* event.chan of what is sent outside channels, which no tag is; and the bit that is added to any when it has come through the receiver's access line. */
#define CHAN_PLAIN    (UINT32_MAX >> 1)
#define ACCESS_PASSED (UINT32_C(1) << 31)

/* Bytes around a frame of RELOAD: record header 13, explicit nonce 8, tag 16 (RFC 5288, RFC 6347 4.1), then UDP 8 and IPv4 20. */
#define DTLS_RECORD_BYTES 37u
#define UDP_IP_BYTES      28u

/* ---- a channel: one secured association with another node, as one side sees it ---- */

/* CHANNEL_FRESH is up too, and its silence has not been looked for since something happened to it (keepalive.c). */
enum channel_state { CHANNEL_FREE, CHANNEL_SHAKING, CHANNEL_UP, CHANNEL_FRESH };

/* A tag names a channel at its host: slot in the low bits, whether this end accepted it, and above them a generation, so that what was sent to the slot's
 * former owner is told apart. Generations are counted by who opens: the two ends of a channel share one and differ in the bit, and so either knows the
 * other's tag but for the slot. Every datagram carries the tag of the receiver's channel (event.chan). */
#define SLOT_BITS       13u
#define SLOT_NONE       ((UINT32_C(1) << SLOT_BITS) - 1) /* the other end is not known yet */
#define TAG_SERVER      (UINT32_C(1) << SLOT_BITS)
#define GENERATION_BITS 9u
#define TAG_BITS        (SLOT_BITS + 1 + GENERATION_BITS)
#define TAG_MASK        ((UINT32_C(1) << TAG_BITS) - 1)
#define CHANNELS_MAX    8190u

static inline uint32_t tag_make(uint32_t generation, bool server, uint32_t slot)
{
    return (generation << (SLOT_BITS + 1) | (server ? TAG_SERVER : 0) | slot) & TAG_MASK;
}

static inline uint32_t tag_slot(uint32_t tag)
{
    return tag & SLOT_NONE;
}

/* Delays in 16 bits: 4 of exponent and 12 of mantissa behind a hidden bit (as in proto/base/small.h), so within 0.0123 % or half a unit. All that knows
 * a channel's delay knows it so rounded: both ends, and whoever works out what one of them does. */
#define ONE_WAY_UNIT_NS  125u
#define ONE_WAY_MANTISSA 12u
#define ONE_WAY_NONE     UINT16_MAX
#define ONE_WAY_DRAWN    UINT32_MAX /* the model draws for each datagram, or the delay does not fit: 4.29 s and more */

static inline uint32_t one_way_get(uint32_t x)
{
    uint32_t hidden = UINT32_C(1) << ONE_WAY_MANTISSA, exponent = x >> ONE_WAY_MANTISSA, rest = x & (hidden - 1);
    return (exponent ? (hidden | rest) << (exponent - 1) : rest) * ONE_WAY_UNIT_NS;
}

/* Rounded to the nearest; ONE_WAY_NONE: too long. */
static inline uint16_t one_way_put(sim_time ns)
{
    if (ns >= ONE_WAY_DRAWN - ONE_WAY_DRAWN / 4096)
        return ONE_WAY_NONE;
    uint32_t bits = 32 - (uint32_t)__builtin_clz((uint32_t)ns / ONE_WAY_UNIT_NS | 1), shift = bits > ONE_WAY_MANTISSA + 1 ? bits - ONE_WAY_MANTISSA - 1 : 0;
    uint32_t step = ONE_WAY_UNIT_NS << shift, rounded = ((uint32_t)ns + step / 2) / step; /* its hidden bit counts the exponent up by one, and so does a carry */
    return (uint16_t)((shift << ONE_WAY_MANTISSA) + rounded);
}

#define SCHEDULE_BITS 3

struct channel {
    uint32_t addr;                      /* of the other side */
    uint32_t remote : TAG_BITS,         /* tag of the other side's channel */
        schedule : SCHEDULE_BITS,       /* keepalives of this side */
        peer_schedule : SCHEDULE_BITS,  /* and of the other */
        state : 2, silent : 1;
    uint16_t one_way;                   /* delay to it before clamping; ONE_WAY_NONE: drawn, or too long */
    uint16_t heard;                     /* when something was last received, if that is watched: in units of the schedule, rounded up, modulo 2^16 (keepalive.c) */
};
_Static_assert(sizeof(struct channel) == 12, "byte budget of a channel: with 30 to 50 links a node it is the largest part of the host's memory");

static inline bool channel_is_up(const struct channel *c)
{
    return c->state >= CHANNEL_UP;
}

/* This end accepted it. */
static inline bool channel_is_server(const struct channel *c)
{
    return !(c->remote & TAG_SERVER);
}

static inline bool channel_knows_remote(const struct channel *c)
{
    return tag_slot(c->remote) != SLOT_NONE;
}

static inline uint32_t channel_one_way(const struct channel *c)
{
    return c->one_way == ONE_WAY_NONE ? ONE_WAY_DRAWN : one_way_get(c->one_way);
}

/* Keepalive settings in use in a partition, by the index that a channel holds; 0 = off. */
#define SCHEDULES (1u << SCHEDULE_BITS)
struct schedule {
    sim_time interval, silent_after;
};

/* ---- a node ---- */

struct handshake;
#define HANDSHAKE_BYTES 64u /* budget of one */

/* Slots of channels, behind what is seldom needed. A session without channels and work has none of its own, but looks at an empty one. */
struct table {
    sim_time swept_at; /* keepalives before this time are counted */
    struct handshake *shaking;
    uint32_t work_bytes;
    uint32_t quiet_s; /* no silence is complete on channels that are not fresh before this second of the run */
    struct channel slot[];
};

struct online {
    struct node *block;
    void *work; /* the node's second block */
    struct table *table;
    sim_time node_due; /* next node_wake */
    sim_time
        channel_due; /* nothing is due on any channel before: the earlier of watch_due and the timers of handshakes */
    sim_time watch_due; /* no silence is complete before, and no keepalive to send one by one */
    sim_time cpu_free;
    uint32_t bytes;       /* of the block, as the node asked for; those of its work are in the table */
    uint16_t slots, used; /* slots of the table; one past the highest taken one */
};
_Static_assert(sizeof(struct online) == 64, "one line a node");

/* One for each identity with a seat (kernel.h), by seat: who is online, was online, or got a datagram. */
struct identity {
    sim_time act_at;
    struct online *online; /* NULL: offline */
    uint32_t seq;          /* datagrams sent in all sessions: keys their draws and their order */
    uint32_t incarnation;  /* sessions begun */
    uint16_t generation;   /* of the channel opened last, counted through all sessions; seeded ones are 0 */
    bool refuses;          /* offline, but its host answers that nobody listens */
};
_Static_assert(sizeof(struct identity) == 32, "byte budget of an identity that has lived");

/* One for each identity, where actors are connectionless: there are 4.7 for each node online. */
struct whereabouts {
    uint16_t place, access_us[2]; /* low half first */
};
_Static_assert(sizeof(struct whereabouts) == 6, "byte budget of an identity that sleeps");

/* ---- a partition ---- */

struct credentials;

/* Identities from `first` on, up to the next area, whose foreign handles are numbered by this table. */
struct area {
    peer_h first;
    struct handles handles;
};

/* The locations that a partition needed last, direct-mapped by device: those of the nodes that shake hands are asked for a few times. */
#define LOCATION_CACHE 4096u

#define USER_CACHE 1024u
struct user_entry {
    peer_h peer;
    struct id id;
};

#define SCRATCH_BYTES ((size_t)64 << 10)
#define SEND_BYTES    2048u

struct host {
    struct net *net;
    struct part *part;
    struct env env;      /* of the call in progress */
    peer_h calling;      /* the node inside a handler; PEER_NONE: none */
    bool stopping;       /* net_stop was called inside it */
    sim_time now;        /* of the event that its part runs; behind kernel_now between runs */
    bool waking;         /* it is a wake-up: the keepalives of this time have left */
    sim_time busy_until; /* of its CPU, by earlier calls; never below now */
    uint32_t notes;      /* that keepalives begin or end, sent so far (keepalive.c) */
    struct env look;     /* lent to those who look from outside */
    struct slab slab;
    struct identity *identity; /* by seat */
    struct reserve identities;
    struct net_counts counts;
    struct schedule schedule[SCHEDULES];
    struct handles handles;
    struct area *area;       /* of a run that goes on: whose foreign handles come from other partitions (moment.c); ascending */
    unsigned areas;          /* 0: all of them are those of `handles` */
    void *digest;            /* EVP_MD_CTX */
    void *sha1, *sha256;     /* EVP_MD: to fetch one costs three times a short hash */
    struct credentials *credentials; /* NULL: modelled */
    uint8_t verdict[NET_DOCUMENTS_MAX]; /* on documents that were read here */
    struct user_entry *user; /* USER_CACHE entries, direct-mapped */
    struct location *location; /* LOCATION_CACHE entries; NULL: all are kept, in net.where */
    uint8_t *scratch;        /* SCRATCH_BYTES: signature inputs in one piece */
    uint8_t send[SEND_BYTES];
};

/* What the network is like from a time on. */
struct weather {
    sim_time from;
    double loss;
    uint32_t loss_32; /* in units of 2^-32, for keepalives */
    double latency;   /* times the usual delays */
    sim_time slower;  /* added to them */
};

static inline sim_time weather_delay(const struct weather *w, sim_time delay)
{
    return w->latency == 1 && !w->slower ? delay : (sim_time)((double)delay * w->latency) + w->slower;
}

/* Between whom nothing passes for a time. */
struct cut {
    sim_time from, to;
    uint64_t *side;
};

struct line;
struct authority;
struct publications;
struct published_kinds;

struct net {
    struct net_config config;
    struct net_hooks hooks;
    struct kernel *kernel;
    uint32_t first, end;       /* the identities that live here */
    const node_word *node;     /* of the kernel: who of them has a seat */
    struct whereabouts *where; /* of each of them (slice.h); NULL: worked out, no actor is connectionless */
    struct line *line; /* of each device; NULL: none queues */
    bool keepalives_one_by_one;
    unsigned here, here_end; /* partitions that run here */
    struct host **part;      /* one of each of these; NULL: of another rank */
    uint64_t sign_key, phase_key;
    struct random_key keepalive_key;
    struct authority *authority; /* of true certificates; NULL: modelled */
    struct own_ids own;          /* where certificates are self-signed */
    sim_time jitter_mean;
    struct weather weather[NET_CHANGES_MAX]; /* by time; the last one is in force */
    unsigned weathers;
    struct cut cut[NET_CHANGES_MAX];
    unsigned cuts;
    float *cpu_factor;                           /* NULL: all as usual */
    const struct overlay *overlay, *overlay_some; /* in force, and for those marked in some */
    uint64_t *some;
    struct publications *publications;           /* NULL: none */
    uint8_t *held;                               /* number of each identity's */
    struct published_kinds *kinds;               /* NULL: none */
    uint16_t flight_bytes[KIND_CLOSE]; /* UDP payload of each flight, in one piece */
};

static inline struct host *host_at(const struct net *n, const struct part *part)
{
    return n->part[part_index(part)];
}

static inline struct host *host_of(const struct net *n, peer_h peer)
{
    return host_at(n, kernel_part_of(n->kernel, peer));
}

static inline const struct actor *actor_of(const struct net *n, peer_h peer)
{
    const struct actor_group *groups = n->config.groups;
    unsigned g = n->config.ngroups - 1;
    while (g > 0 && (groups[g].shards ? !actor_is_shard(n->config.identities, groups[g].shards, peer) : peer < groups[g].first))
        g--;
    return groups[g].actor;
}

/* Whether it lives here. */
static inline bool net_holds(const struct net *n, peer_h peer)
{
    return peer - n->first < n->end - n->first;
}

/* An identity of this host's partition that has a seat. */
static inline struct identity *identity_of(const struct host *h, peer_h peer)
{
    assert(net_holds(h->net, peer));
    return &h->identity[node_seat(h->net->node[peer])];
}

/* Of any partition that is here; NULL: a sleeper, to which nothing has happened yet. */
static inline struct identity *identity_known(const struct net *n, peer_h peer)
{
    assert(net_holds(n, peer));
    node_word w = n->node[peer];
    return node_is_seated(w) ? &n->part[node_part(w)]->identity[node_seat(w)] : NULL;
}

static inline struct online *online_of(const struct net *n, peer_h peer)
{
    const struct identity *id = identity_known(n, peer);
    return id ? id->online : NULL;
}

/* By which this identity's foreign ids and addresses are numbered. */
static inline struct handles *handles_of(struct host *h, peer_h self)
{
    unsigned k = h->areas;
    while (k > 0 && h->area[k - 1].first > self)
        k--;
    return k > 0 ? &h->area[k - 1].handles : &h->handles;
}

/* The device that an identity belongs to: one user, one place. */
static inline uint32_t device_of(const struct net *n, peer_h peer)
{
    uint32_t singles = n->config.single_ids, ids = n->config.ids_per_device;
    return ids <= 1 || peer < singles ? peer : singles + (peer - singles) / ids;
}

/* Of the sides of one cut: a bit for each identity. */
static inline size_t cut_bytes(const struct net *n)
{
    return (n->config.identities / 64 + 1) * sizeof(uint64_t);
}

/* ---- net.c: calls into a node ---- */

/* Everything that happens to an online node stands between begin and end: its CPU is charged, its invariants are checked and a stop asked for inside takes
 * effect at the end. `id` is offline afterwards if it was stopped. */
void call_begin(struct host *, peer_h, sim_time now);
void call_end(struct host *);
/* When what the node sends now leaves: after all work of its CPU so far. */
static inline sim_time call_departure(const struct host *h)
{
    return h->busy_until + h->env.cpu_ns;
}
void call_channel(struct host *, struct online *, chan_h, enum chan_event, const struct chan_info *);
/* Formats an empty session; the caller starts or seeds the node. */
struct online *session_open(struct host *, peer_h);
/* When the kernel shall wake this identity. */
sim_time host_due(const struct identity *);

/* ---- wire.c: datagrams ---- */

extern const struct port host_port;
/* Sends e (at, src and seq are filled in) with this one-way delay before clamping, or one drawn for it. */
void wire_post(struct host *, struct event *e, const uint8_t *bytes, uint32_t one_way_ns);
/* Delay without draws, rounded as channels keep it; ONE_WAY_DRAWN. */
uint32_t wire_one_way(struct host *, peer_h from, peer_h to);
/* The same in any case: the mean of what is drawn, jitter too. Before clamping and without queues. */
sim_time wire_one_way_usual(const struct net *, peer_h from, peer_h to);
/* Of any identity: kept of those that live here, or worked out. */
static inline struct location location_of(const struct net *n, peer_h peer)
{
    if (!n->where || !net_holds(n, peer))
        return latency_locate(n->config.latency, device_of(n, peer));
    const struct whereabouts *w = &n->where[peer];
    return (struct location){w->place, w->access_us[0] | (uint32_t)w->access_us[1] << 16, device_of(n, peer)};
}
/* The same from a handler. */
static inline struct location location_near(struct host *h, peer_h peer)
{
    if (!h->location)
        return location_of(h->net, peer);
    uint32_t device = device_of(h->net, peer);
    struct location *known = &h->location[device % LOCATION_CACHE];
    if (known->device != device)
        *known = latency_locate(h->net->config.latency, device);
    return *known;
}
/* Bytes of a datagram on the wire, from IP upwards. */
static inline uint32_t wire_bytes(const struct event *e)
{
    return e->true_len + UDP_IP_BYTES + (e->flags == KIND_DATA ? DTLS_RECORD_BYTES : 0);
}
/* The refusal of a keepalive that was never sent as such (trouble.c): no datagram of the books. */
static inline bool event_is_uncounted_refusal(const struct event *e)
{
    return e->flags == KIND_REFUSED && e->class == TRAFFIC_KEEPALIVE;
}
void wire_count_delivered(struct host *, const struct event *);
/* It arrives where nobody is, or its channel is not there. */
void wire_nobody(struct host *, const struct event *, const uint8_t *);
void wire_plain(struct host *, struct identity *, const struct event *, const uint8_t *bytes);
void wire_data(struct host *, struct identity *, const struct event *, const uint8_t *bytes);
void wire_send(struct env *, chan_h, addr_h to, size_t len, size_t true_len, enum traffic);

/* ---- access.c: queues before the access lines ---- */

int access_open(struct net *);
void access_close(struct net *);
size_t access_memory(const struct net *);
void access_approach(const struct net *, peer_h);
/* When what the node hands over at this time has left its uplink; TIME_NEVER: the queue is full. */
sim_time access_up(struct host *, peer_h, sim_time at, uint32_t bytes);
/* Whether the downlink of the receiver keeps this datagram for now, or for ever. */
bool access_down(struct host *, const struct event *, const uint8_t *bytes);
/* The line of a device, with the first of its identities. */
void access_put(const struct net *, peer_h, struct stream *);
void access_get(struct net *, peer_h, struct stream_reader *);

/* ---- channel.c ---- */

static inline uint32_t channel_tag(const struct channel *c, chan_h slot)
{
    return ((c->remote ^ TAG_SERVER) & ~SLOT_NONE) | slot;
}

/* The channel that a datagram from this address means by this tag; NULL if it is gone. */
static inline struct channel *channel_find(const struct online *o, uint32_t tag, addr_h from)
{
    uint32_t slot = tag_slot(tag);
    if (slot >= o->used)
        return NULL;
    struct channel *c = &o->table->slot[slot];
    return c->state != CHANNEL_FREE && c->addr == from && channel_tag(c, slot) == tag ? c : NULL;
}

/* Takes the lowest free slot for a channel to the one with this tag; CHAN_NONE when none is left. */
chan_h channel_take(struct host *, struct identity *, addr_h, uint32_t remote);
void channel_drop(struct online *, chan_h);
void channel_close(struct host *, struct online *, chan_h);
void channel_receive_close(struct host *, struct identity *, const struct event *);
/* All that is due on channels. */
void channel_wake(struct host *, struct identity *, peer_h, sim_time now);
int channel_do(struct env *, enum chan_op, struct chan_args *);
void channel_table_open(struct online *);
/* Room for so many channels beyond the used ones, or as many as there can be. */
void channel_table_reserve(struct host *, struct online *, unsigned more);
void channel_table_close(struct host *, struct online *);

/* ---- keepalive.c ---- */

void keepalive_up(struct host *, struct online *, chan_h, peer_h self, sim_time now);
/* Something arrived on a channel that is up. */
void keepalive_hear(struct host *, struct online *, struct channel *, sim_time now);
int keepalive_set(struct host *, struct online *, chan_h, peer_h self, const struct schedule *, sim_time now);
void keepalive_end(struct host *, struct online *, chan_h, peer_h self, sim_time now);
void keepalive_end_all(struct host *, struct online *, peer_h self, sim_time now);
/* The other side sends since ever, as of now. */
void keepalive_assume_peer(struct host *, struct channel *, sim_time interval);
void keepalive_sweep(struct host *, struct online *, peer_h self, sim_time to);
void keepalive_receive(struct host *, struct identity *, const struct event *);
void keepalive_receive_note(struct host *, struct identity *, const struct event *, const uint8_t *bytes);
/* Sends those that are due, where they are sent one by one; before anything else that the wake-up does. */
void keepalive_send_due(struct host *, const struct online *, peer_h self, sim_time now);
void keepalive_wake(struct host *, struct identity *, peer_h self, sim_time now);
/* The index of these settings in the partition; 0: there is no room for more. */
unsigned keepalive_schedule(struct host *, const struct schedule *);
/* What will be heard on the channels of this node has changed: looks for silences again. */
void keepalive_watch(struct host *, peer_h self, sim_time now);
/* A node that was built in mid-life looks at its channels at a time of its own for the first time. */
void keepalive_spread(struct host *, peer_h self, sim_time now);
/* When the next keepalive of the other side that is not lost arrives, if it sends as we do, and the delay back to it; TIME_NEVER: none for long. */
sim_time keepalive_next_arrival(struct host *, const struct channel *, peer_h self, sim_time now, sim_time *back);

/* ---- trouble.c ---- */

/* Whether it is worth to ask trouble_parts at all. */
static inline bool trouble_may_part(const struct net *n)
{
    return n->cuts > 0 || n->config.broken_pairs > 0;
}
/* Two nodes stood on different sides at that time, or the way between their devices is broken. */
bool trouble_parts(const struct net *, peer_h, peer_h, sim_time);
const struct weather *trouble_weather(const struct net *, sim_time);
/* Work of the calling node's CPU. */
void trouble_cpu(struct env *, uint32_t ns);
void trouble_refuse(struct host *, struct identity *, const struct event *);
void trouble_refused(struct host *, struct identity *, const struct event *);
void trouble_free(struct net *);

/* ---- handshake.c ---- */

void handshake_sizes(struct net *);
int handshake_open(struct host *, struct identity *, addr_h, bool unasked, chan_h *);
void handshake_receive(struct host *, struct identity *, const struct event *, const uint8_t *bytes);
/* Runs the timers of the handshakes of this node that are due, and says when the next is. */
sim_time handshake_wake(struct host *, struct identity *, peer_h, sim_time now);
void handshake_forget(struct host *, struct online *, chan_h);
void handshake_forget_all(struct host *, struct online *);
/* Those of a session, for a checkpoint. */
void handshake_put(const struct online *, struct stream *);
bool handshake_get(struct host *, struct online *, struct stream_reader *);
size_t handshake_bytes(void);

/* ---- configure.c ---- */

struct piece configure_document(struct env *);
int configure_read(struct env *, struct piece, uint16_t *sequence);
void configure_adopt(struct env *, struct piece);
void configure_free(struct net *);

/* ---- kinds.c ---- */

const struct value_kind *kinds_at(struct env *, unsigned place);
struct piece kinds_block(struct env *, unsigned place);
int kinds_adopt(struct env *, struct piece);
void kinds_free(struct net *);

/* ---- crypto.c ---- */

/* A SecurityBlock over these bytes in true form, by an identity; its length. And 0 when a block is one by the owner of this Node-ID, ERR_SIGNATURE or
 * another error otherwise. */
size_t crypto_block(struct host *, peer_h signer, const uint8_t *b, size_t len, uint8_t *out, size_t cap);
int crypto_block_check(struct env *, struct id signer, const uint8_t *b, size_t len, const uint8_t *block, size_t block_len);

/* Keys of the whole run. 0 or a negative errno. */
int authority_begin(struct net *);
void crypto_open(struct host *);
void crypto_close(struct host *);
void crypto_hash(struct env *, enum hash_alg, const struct piece *, unsigned pieces, uint8_t *out);
int crypto_sign(struct env *, const struct piece *, unsigned pieces, struct signature *);
int crypto_verify(struct env *, const struct piece *, unsigned pieces, const struct signature *);
struct piece crypto_certificate(struct env *, peer_h);
peer_h crypto_certified(struct env *, struct piece der, unsigned index);
struct id crypto_user_of(struct env *, peer_h);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/test/recorder.h"

#include <assert.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/error.h"
#include "proto/base/hash.h"

#define PORT         6084
#define NET_16       UINT32_C(0x10000000)
#define FOREIGN_ADDR UINT32_C(0x80000000)
#define SEND_CAP_MAX 65535u
#define KEY_IDS      UINT64_C(0x69647320)
#define KEY_RANDOM   UINT64_C(0x72616e64)
#define KEY_SIGN     UINT64_C(0x7369676e)
#define POISON       0xdb

static struct recorder *recorder_of(const struct env *env)
{
    return env->host;
}

/* Appends one element of `size` bytes to a growing array and returns its place. */
static void *grown(void *array, unsigned used, unsigned *cap, size_t size)
{
    if (used < *cap)
        return array;
    *cap = *cap ? 2 * *cap : 64;
    array = realloc(array, *cap * size);
    assert(array);
    return array;
}

/* ---- the port ---- */

static bool port_work(struct env *env, size_t bytes)
{
    struct recorder *r = recorder_of(env);
    if (bytes > 0 && (r->refuse_room || bytes > r->overlay->limits.block_bytes))
        return false;
    uint8_t *block = bytes ? malloc(bytes) : NULL;
    size_t kept = bytes < r->work_bytes ? bytes : r->work_bytes;
    if (kept)
        memcpy(block, env->work, kept);
    if (r->work_bytes)
        memset(env->work, POISON, r->work_bytes);
    free(env->work);
    env->work = block;
    r->work_bytes = bytes;
    return true;
}

static struct node *port_room(struct env *env, size_t bytes)
{
    struct recorder *r = recorder_of(env);
    if (r->refuse_room || bytes > r->overlay->limits.block_bytes)
        return NULL;
    uint8_t *old = (uint8_t *)r->node, *block = malloc(bytes);
    assert(block);
    memset(block, POISON, bytes);
    memcpy(block, old, bytes < r->block_bytes ? bytes : r->block_bytes);
    memset(old, POISON, r->block_bytes);
    free(old);
    r->node = (struct node *)block;
    r->block_bytes = bytes;
    return r->node;
}

static uint8_t *port_send_begin(struct env *env, size_t cap)
{
    struct recorder *r = recorder_of(env);
    if (cap > SEND_CAP_MAX)
        return NULL;
    /* A fresh buffer of the exact size each time: writing past cap is caught. */
    free(r->out);
    r->out = malloc(cap ? cap : 1);
    r->out_cap = cap;
    assert(r->out);
    return r->out;
}

static void port_send(struct env *env, chan_h chan, addr_h to, size_t len, size_t true_len, enum traffic traffic)
{
    struct recorder *r = recorder_of(env);
    assert(r->out && len <= r->out_cap);
    assert(true_len >= len && true_len <= UINT16_MAX && traffic < TRAFFIC_CLASSES);
    assert(len == 0 || (chan < RECORDER_CHANNELS_MAX && r->channel[chan] == RECORDER_UP));
    if (len > 0) {
        r->sent = grown(r->sent, r->sents, &r->sents_cap, sizeof *r->sent);
        struct recorded_datagram *d = &r->sent[r->sents++];
        *d = (struct recorded_datagram){env->now + env->cpu_ns, chan,       to, traffic, (uint16_t)len,
                                        (uint16_t)true_len,     malloc(len)};
        assert(d->b);
        memcpy(d->b, r->out, len);
    }
    free(r->out);
    r->out = NULL;
}

static chan_h lowest_free(const struct recorder *r)
{
    for (chan_h k = 0; k < RECORDER_CHANNELS_MAX; k++)
        if (r->channel[k] == RECORDER_FREE)
            return k;
    return CHAN_NONE;
}

static int channel_do(struct recorder *r, enum chan_op op, struct chan_args *args)
{
    if (op == CHAN_OPEN) {
        args->chan = r->refuse_channels ? CHAN_NONE : lowest_free(r);
        if (args->chan == CHAN_NONE)
            return ERR_NO_LINK;
        r->channel[args->chan] = RECORDER_OPENING;
        r->remote[args->chan] = args->addr;
        return 0;
    }
    if (args->chan >= RECORDER_CHANNELS_MAX || r->channel[args->chan] == RECORDER_FREE)
        return ERR_NO_LINK;
    if (op == CHAN_CLOSE)
        r->channel[args->chan] = RECORDER_FREE;
    else if (op == CHAN_REMOTE)
        args->addr = r->remote[args->chan];
    return 0;
}

static int port_channel(struct env *env, enum chan_op op, struct chan_args *args)
{
    struct recorder *r = recorder_of(env);
    int status = channel_do(r, op, args);
    r->op = grown(r->op, r->ops, &r->ops_cap, sizeof *r->op);
    r->op[r->ops++] = (struct recorded_op){env->now, op, *args};
    return status;
}

static peer_h port_peer_of(struct env *env, chan_h chan)
{
    assert(chan < RECORDER_CHANNELS_MAX);
    return recorder_of(env)->peer[chan];
}

static struct id port_id_of(struct env *env, peer_h peer)
{
    return recorder_id(recorder_of(env), peer);
}

static peer_h port_id_keep(struct env *env, struct id id)
{
    struct recorder *r = recorder_of(env);
    for (peer_h k = 0; k < r->ids; k++)
        if (id_equal(r->id[k], id))
            return k;
    if (r->ids == RECORDER_PEERS_MAX)
        return PEER_NONE;
    r->id[r->ids] = id;
    return r->ids++;
}

static void port_addr_of(struct env *env, addr_h addr, struct ip_port *out)
{
    struct recorder *r = recorder_of(env);
    if (addr == ADDR_NONE)
        addr = env->self;
    if (addr >= FOREIGN_ADDR) {
        assert(addr - FOREIGN_ADDR < r->foreigns);
        *out = r->foreign[addr - FOREIGN_ADDR];
        return;
    }
    *out = (struct ip_port){.port = PORT, .version = 4};
    store_be32(out->ip, NET_16 + addr);
}

static addr_h port_addr_keep(struct env *env, const struct ip_port *addr)
{
    struct recorder *r = recorder_of(env);
    uint32_t ip = load_be32(addr->ip);
    if (addr->version == 4 && addr->port == PORT && ip >= NET_16 && ip - NET_16 < RECORDER_PEERS_MAX)
        return ip - NET_16;
    for (unsigned k = 0; k < r->foreigns; k++) {
        const struct ip_port *f = &r->foreign[k];
        if (f->version == addr->version && f->port == addr->port &&
            memcmp(f->ip, addr->ip, addr->version == 4 ? 4 : 16) == 0)
            return FOREIGN_ADDR + k;
    }
    if (r->foreigns == RECORDER_ADDRS_FOREIGN)
        return ADDR_NONE;
    r->foreign[r->foreigns] = *addr;
    return FOREIGN_ADDR + r->foreigns++;
}

static const struct overlay *port_overlay(struct env *env, uint16_t version)
{
    (void)version;
    return recorder_of(env)->overlay;
}

static void port_random(struct env *env, enum random_purpose purpose, uint64_t counter, void *out, size_t n)
{
    uint64_t h = hash64_mix(hash64_mix(KEY_RANDOM + purpose, env->self), counter);
    uint8_t *p = out;
    for (size_t k = 0; k < n; k++) {
        if (k % 8 == 0)
            h = hash64_mix(h, k + 1);
        p[k] = (uint8_t)(h >> (k % 8 * 8));
    }
}

static sim_time port_draw(struct env *env, uint16_t dist, uint64_t counter)
{
    const struct recorder *r = recorder_of(env);
    assert(dist > 0 && dist < 20);
    if (r->draw)
        return r->draw;
    uint64_t mean = SECONDS(1) << dist; /* uniform from half to one and a half */
    return mean / 2 + hash64_mix(env->self * UINT64_C(0x10000) + dist, counter) % mean;
}

static void port_found(struct env *env, uint32_t tag, const struct found *x)
{
    struct recorder *r = recorder_of(env);
    uint8_t *copy = malloc(x->value_len ? x->value_len : 1);
    assert(copy);
    if (x->value_len)
        memcpy(copy, x->value, x->value_len);
    r->found = grown(r->found, r->founds, &r->founds_cap, sizeof *r->found);
    r->found[r->founds] = (struct recorded_found){tag, *x};
    r->found[r->founds++].found.value = copy;
}

/* The concatenation of the pieces, malloc'ed, so that the way of cutting cannot show. */
static uint8_t *joined(const struct piece *piece, unsigned pieces, size_t *len)
{
    *len = 0;
    for (unsigned k = 0; k < pieces; k++)
        *len += piece[k].len;
    uint8_t *all = malloc(*len ? *len : 1), *p = all;
    assert(all);
    for (unsigned k = 0; k < pieces; p += piece[k++].len)
        if (piece[k].len)
            memcpy(p, piece[k].b, piece[k].len);
    return all;
}

static void port_hash(struct env *env, enum hash_alg alg, const struct piece *piece, unsigned pieces, uint8_t *out)
{
    size_t len;
    (void)env;
    uint8_t *all = joined(piece, pieces, &len);
    if (alg == HASH_SHA1)
        SHA1(all, len, out);
    else
        SHA256(all, len, out);
    free(all);
}

static uint64_t token_of(peer_h signer, const struct piece *piece, unsigned pieces)
{
    size_t len;
    uint8_t *all = joined(piece, pieces, &len);
    uint64_t token = hash64(hash64_mix(KEY_SIGN, signer), all, len);
    free(all);
    return token;
}

static int port_sign(struct env *env, const struct piece *piece, unsigned pieces, struct signature *out)
{
    struct recorder *r = recorder_of(env);
    env->cpu_ns += r->sign_ns;
    recorder_sign(r, env->self, piece, pieces, out);
    return 0;
}

static int port_verify(struct env *env, const struct piece *piece, unsigned pieces, const struct signature *s)
{
    struct recorder *r = recorder_of(env);
    env->cpu_ns += r->verify_ns;
    if (r->crypto)
        return r->crypto->verify(r->crypto_arg, piece, pieces, s);
    if (s->signer >= r->ids || s->hash != 4 || s->sig != 1 || s->identity_type != IDENTITY_CERT_HASH)
        return ERR_SIGNATURE;
    return s->token == token_of(s->signer, piece, pieces) ? 0 : ERR_SIGNATURE;
}

static struct piece port_certificate(struct env *env, peer_h peer)
{
    return recorder_certificate(recorder_of(env), peer);
}

static peer_h port_certified(struct env *env, struct piece der, unsigned index)
{
    struct recorder *r = recorder_of(env);
    return r->crypto ? r->crypto->certified(r->crypto_arg, der, index, env->unix_ms) : PEER_NONE;
}

static struct piece port_document(struct env *env)
{
    const struct recorder *r = recorder_of(env);
    return (struct piece){r->document, r->document_len};
}

static int port_document_read(struct env *env, struct piece document, uint16_t *sequence)
{
    const uint8_t *b = document.b;
    (void)env;
    if (document.len < 4 || document.len > sizeof recorder_of(env)->document || b[0] != 'C')
        return ERR_VALUE;
    *sequence = load_be16(b + 1);
    return b[3] == 'G' ? 0 : ERR_SIGNATURE;
}

static void port_configure(struct env *env, struct piece document)
{
    recorder_configure(recorder_of(env), document.b, document.len);
}

static const struct value_kind *port_kind(struct env *env, unsigned place)
{
    const struct recorder *r = recorder_of(env);
    return place < r->kinds ? &r->kind[place] : NULL;
}

static struct piece port_kind_block(struct env *env, unsigned place)
{
    const struct recorder *r = recorder_of(env);
    return (struct piece){r->kind_block[place], sizeof r->kind_block[place]};
}

static int port_kind_adopt(struct env *env, struct piece block)
{
    return recorder_kind(recorder_of(env), block.b, block.len);
}

static struct id port_user_of(struct env *env, peer_h peer)
{
    const struct recorder *r = recorder_of(env);
    char name[96];
    uint8_t digest[SHA_DIGEST_LENGTH];
    int len = snprintf(name, sizeof name, "u%010u@%.80s", (unsigned)peer, r->overlay->name);
    SHA1((const uint8_t *)name, (size_t)len, digest);
    return id_load(digest);
}

static void port_fact(struct env *env, uint16_t what, uint64_t a, uint64_t b)
{
    struct recorder *r = recorder_of(env);
    assert(what > FACT_NONE && what < FACT_COUNT);
    r->fact = grown(r->fact, r->facts, &r->facts_cap, sizeof *r->fact);
    r->fact[r->facts++] = (struct recorded_fact){env->now, what, a, b};
}

static const struct port recorder_port = {
    .room = port_room,
    .work = port_work,
    .send_begin = port_send_begin,
    .send = port_send,
    .channel = port_channel,
    .peer_of = port_peer_of,
    .id_of = port_id_of,
    .id_keep = port_id_keep,
    .addr_of = port_addr_of,
    .addr_keep = port_addr_keep,
    .overlay = port_overlay,
    .random = port_random,
    .draw = port_draw,
    .hash = port_hash,
    .sign = port_sign,
    .verify = port_verify,
    .certificate = port_certificate,
    .certified = port_certified,
    .document = port_document,
    .document_read = port_document_read,
    .configure = port_configure,
    .kind = port_kind,
    .kind_block = port_kind_block,
    .kind_adopt = port_kind_adopt,
    .user_of = port_user_of,
    .found = port_found,
    .fact = port_fact,
};

/* ---- life ---- */

struct recorder *recorder_open(const struct overlay *overlay, peer_h self)
{
    struct recorder *r = calloc(1, sizeof *r);
    assert(r && self < RECORDER_PEERS);
    r->overlay = overlay;
    r->due = TIME_NEVER;
    r->ids = RECORDER_PEERS;
    for (peer_h k = 0; k < RECORDER_PEERS; k++)
        r->id[k] = (struct id){hash64_mix(KEY_IDS, 2 * k), hash64_mix(KEY_IDS, 2 * k + 1)};
    r->env = (struct env){.port = &recorder_port, .host = r, .self = self, .unix_ms = RECORDER_UNIX_MS};
    r->block_bytes = node_bytes_initial();
    r->node = malloc(r->block_bytes);
    assert(r->node);
    memset(r->node, POISON, r->block_bytes);
    return r;
}

void recorder_forget(struct recorder *r)
{
    for (unsigned k = 0; k < r->sents; k++)
        free(r->sent[k].b);
    for (unsigned k = 0; k < r->founds; k++) {
        union {
            const uint8_t *in;
            uint8_t *out;
        } copy = {.in = r->found[k].found.value};
        free(copy.out);
    }
    r->sents = r->ops = r->facts = r->founds = 0;
}

void recorder_close(struct recorder *r)
{
    recorder_forget(r);
    free(r->sent);
    free(r->op);
    free(r->fact);
    free(r->found);
    free(r->out);
    free(r->node);
    free(r->env.work);
    free(r);
}

/* ---- calls into the node ---- */

void recorder_set_now(struct recorder *r, sim_time now)
{
    assert(now >= r->env.now);
    r->env.now = now;
    r->env.unix_ms = RECORDER_UNIX_MS + now / MILLIS(1);
}

static void before(struct recorder *r)
{
    r->env.cpu_ns = 0;
}

static void after(struct recorder *r, sim_time due)
{
    const char *broken = node_check(r->node, &r->env);
    if (!broken && due < r->env.now)
        broken = "the next wake-up lies in the past";
    if (!broken && node_bytes(r->node) > r->block_bytes)
        broken = "the node uses more than its block";
    if (broken) {
        fprintf(stderr, "recorder: %s, at %llu ns\n", broken, (unsigned long long)r->env.now);
        abort();
    }
    r->due = due;
}

void recorder_start(struct recorder *r, const struct node_opts *opts)
{
    before(r);
    after(r, node_start(r->node, &r->env, opts));
}

void recorder_seed(struct recorder *r, const struct node_seed *seed)
{
    before(r);
    r->due = node_seed(r->node, &r->env, seed);
}

void recorder_seed_end(struct recorder *r)
{
    after(r, node_seed_end(r->node, &r->env));
}

void recorder_receive(struct recorder *r, chan_h chan, addr_h from, const void *b, size_t len, size_t true_len)
{
    assert(len <= UINT16_MAX && true_len <= UINT16_MAX);
    /* A copy of the exact size, gone after the call: reading past it or later is caught. */
    uint8_t *copy = malloc(len ? len : 1);
    assert(copy);
    if (len)
        memcpy(copy, b, len);
    before(r);
    after(r, node_receive(r->node, &r->env, chan, from, (struct dgram){copy, (uint16_t)len, (uint16_t)true_len}));
    free(copy);
}

void recorder_request(struct recorder *r, const struct request *request)
{
    before(r);
    after(r, node_request(r->node, &r->env, request));
}

void recorder_run(struct recorder *r, sim_time until)
{
    while (r->due <= until) {
        recorder_set_now(r, r->due > r->env.now ? r->due : r->env.now);
        before(r);
        after(r, node_wake(r->node, &r->env));
        if (r->due == r->env.now) {
            fprintf(stderr, "recorder: after a wake-up the node is due at once, at %llu ns\n",
                    (unsigned long long)r->env.now);
            abort();
        }
    }
    recorder_set_now(r, until);
}

/* ---- channels ---- */

static void report(struct recorder *r, chan_h chan, enum chan_event event, peer_h peer, sim_time rtt)
{
    struct chan_info info = {peer, peer == PEER_NONE ? ADDR_NONE : peer, rtt};
    if (peer != PEER_NONE)
        r->remote[chan] = r->peer[chan] = peer;
    before(r);
    after(r, node_channel(r->node, &r->env, chan, event, &info));
}

chan_h recorder_accept(struct recorder *r, peer_h peer, sim_time rtt)
{
    chan_h chan = recorder_seed_channel(r, peer);
    report(r, chan, CHAN_ACCEPT, peer, rtt);
    return chan;
}

chan_h recorder_seed_channel(struct recorder *r, peer_h peer)
{
    chan_h chan = lowest_free(r);
    assert(chan != CHAN_NONE);
    r->channel[chan] = RECORDER_UP;
    r->remote[chan] = ADDR_NONE;
    r->peer[chan] = peer;
    return chan;
}

void recorder_up(struct recorder *r, chan_h chan, peer_h peer, sim_time rtt)
{
    assert(chan < RECORDER_CHANNELS_MAX && r->channel[chan] == RECORDER_OPENING);
    r->channel[chan] = RECORDER_UP;
    report(r, chan, CHAN_UP, peer, rtt);
}

void recorder_down(struct recorder *r, chan_h chan)
{
    assert(chan < RECORDER_CHANNELS_MAX && r->channel[chan] != RECORDER_FREE);
    r->channel[chan] = RECORDER_FREE;
    report(r, chan, CHAN_DOWN, PEER_NONE, 0);
}

void recorder_silent(struct recorder *r, chan_h chan)
{
    assert(chan < RECORDER_CHANNELS_MAX && r->channel[chan] == RECORDER_UP);
    report(r, chan, CHAN_SILENT, PEER_NONE, 0);
}

/* ---- peers, signatures, looking back ---- */

peer_h recorder_peer(struct recorder *r, struct id id)
{
    return port_id_keep(&r->env, id);
}

struct id recorder_id(const struct recorder *r, peer_h peer)
{
    assert(peer < r->ids);
    return r->id[peer];
}

void recorder_sign(struct recorder *r, peer_h signer, const struct piece *piece, unsigned pieces, struct signature *out)
{
    if (r->crypto) {
        r->crypto->sign(r->crypto_arg, signer, piece, pieces, out);
        return;
    }
    *out = (struct signature){.signer = signer,
                              .token = token_of(signer, piece, pieces),
                              .hash = 4,
                              .sig = 1,
                              .identity_type = IDENTITY_CERT_HASH,
                              .identity_hash_alg = HASH_SHA256};
}

void recorder_configure(struct recorder *r, const void *document, size_t len)
{
    assert(len >= 4 && len <= sizeof r->document);
    memcpy(r->document, document, len);
    r->document_len = (unsigned)len;
    r->configured = *r->overlay;
    r->configured.sequence = load_be16(r->document + 1);
    r->overlay = &r->configured;
}

void recorder_kind_block(const struct value_kind *k, bool good, uint8_t block[RECORDER_KIND_BLOCK])
{
    block[0] = 'K';
    block[1] = good ? 'G' : 'B';
    store_be32(block + 2, k->id);
    block[6] = (uint8_t)k->model;
    block[7] = (uint8_t)k->access;
    store_be16(block + 8, k->max_count);
    store_be16(block + 10, k->max_size);
    block[12] = k->max_node_multiple;
}

int recorder_kind(struct recorder *r, const uint8_t *b, size_t len)
{
    if (len != RECORDER_KIND_BLOCK || b[0] != 'K' || b[6] > MODEL_DICTIONARY || b[7] > ACCESS_NODE_ID_MATCH)
        return ERR_VALUE;
    if (b[1] != 'G')
        return ERR_SIGNATURE;
    struct value_kind k = {.id = load_be32(b + 2), .model = (enum data_model)b[6], .access = (enum access_policy)b[7], .max_count = load_be16(b + 8),
                           .max_size = load_be16(b + 10), .max_node_multiple = b[12]};
    unsigned place = 0;
    while (place < r->kinds && r->kind[place].id != k.id)
        place++;
    if (place < r->kinds)
        return kind_equal(&r->kind[place], &k) ? 0 : ERR_FORBIDDEN;
    int err = kind_judge(&k);
    if (err || r->kinds == KINDS_ADDED_MAX)
        return err ? err : ERR_TOO_LARGE;
    r->kind[place] = k;
    memcpy(r->kind_block[place], b, len);
    r->kinds++;
    return 0;
}

struct piece recorder_certificate(struct recorder *r, peer_h peer)
{
    return r->crypto ? r->crypto->certificate(r->crypto_arg, peer) : (struct piece){NULL, 0};
}

const struct recorded_fact *recorder_last_fact(const struct recorder *r, enum fact what)
{
    for (unsigned k = r->facts; k-- > 0;)
        if (r->fact[k].what == what)
            return &r->fact[k];
    return NULL;
}

unsigned recorder_count_facts(const struct recorder *r, enum fact what)
{
    unsigned n = 0;
    for (unsigned k = 0; k < r->facts; k++)
        n += r->fact[k].what == what;
    return n;
}

unsigned recorder_count_ops(const struct recorder *r, enum chan_op what)
{
    unsigned n = 0;
    for (unsigned k = 0; k < r->ops; k++)
        n += r->op[k].op == what;
    return n;
}

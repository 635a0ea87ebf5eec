/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a life: datagrams from peers, passing time, requests, at one node on a host that is nothing but this file. What decodes must encode to itself;
 * what the node sends must decode; its invariants must hold after each step; it must not ask to be woken in the past.
 *
 * Input: steps of two bytes (what, argument), modulo 8: 0..2 = a datagram of `argument` bytes, which follow, from peer what + 1, whose transaction is
 * replaced by the last one that the node sent there when byte 4 is odd, since no input would guess it; 3..5 = time; 6, 7 = a request. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/overlay.h"
#include "sim/chord2003/chord2003.h"
#include "sim/chord2003/message.h"
#include "sim/net/handles.h"

int LLVMFuzzerTestOneInput(const uint8_t *b, size_t len);

enum { PEERS = 64, STEPS_MAX = 200 };

struct host {
    struct node *block;
    size_t bytes, work_bytes;
    uint8_t out[2048];
    uint32_t asked[PEERS]; /* the last transaction that the node sent to each peer */
};

static void must(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

/* A block that always moves, so that a pointer kept across the call is found out. */
static void *moved(void *old, size_t from, size_t to)
{
    void *fresh = to ? malloc(to) : NULL;
    must(!to || fresh != NULL, "no memory");
    if (fresh && old)
        memcpy(fresh, old, from < to ? from : to);
    free(old);
    return fresh;
}

static struct node *fuzz_room(struct env *env, size_t bytes)
{
    struct host *h = env->host;
    h->block = moved(h->block, h->bytes, bytes);
    h->bytes = bytes;
    return h->block;
}

static bool fuzz_work(struct env *env, size_t bytes)
{
    struct host *h = env->host;
    if (bytes > 2048) /* over its limit */
        return false;
    env->work = moved(env->work, h->work_bytes, bytes);
    h->work_bytes = bytes;
    return true;
}

static uint8_t *fuzz_send_begin(struct env *env, size_t cap)
{
    struct host *h = env->host;
    must(cap <= sizeof h->out, "asks for too large a datagram");
    return h->out;
}

static void fuzz_send(struct env *env, chan_h chan, addr_h to, size_t len, size_t true_len, enum traffic class)
{
    struct host *h = env->host;
    struct chord2003_message m;
    must(chan == CHAN_NONE && len == true_len && class < TRAFFIC_HANDSHAKE, "sends nonsense");
    must(chord2003_decode(&m, h->out, len) == 0, "sends what is no message");
    must(to < HANDLE_FOREIGN && to != env->self, "sends to itself or to nobody");
    if (to < PEERS)
        h->asked[to] = m.transaction;
}

static struct id fuzz_id_of(struct env *env, peer_h peer)
{
    (void)env;
    return (struct id){(uint64_t)peer * 0x9e3779b97f4a7c15u + 1, peer};
}

static void fuzz_addr_of(struct env *env, addr_h addr, struct ip_port *out)
{
    (void)env;
    *out = (struct ip_port){.port = 1, .version = 4};
    store_be32(out->ip, addr);
}

static addr_h fuzz_addr_keep(struct env *env, const struct ip_port *a)
{
    (void)env;
    return load_be32(a->ip) % (2 * PEERS) < PEERS ? load_be32(a->ip) % PEERS : ADDR_NONE;
}

static const struct chord2003_config config = {
    .stabilize = SECONDS(1), .fix_fingers = SECONDS(1), .successors = 3, .timeout = MILLIS(500)};
static const struct overlay overlay = {.reliability_timer = SECONDS(3),
                                       .bootstrap_count = 2,
                                       .bootstrap = {1, 2},
                                       .bootstrap_retry = SECONDS(2),
                                       .actor_config = &config};

static const struct overlay *fuzz_overlay(struct env *env, uint16_t version)
{
    (void)env, (void)version;
    return &overlay;
}

static void fuzz_random(struct env *env, enum random_purpose purpose, uint64_t counter, void *out, size_t n)
{
    (void)env, (void)purpose;
    memset(out, (int)(counter * 37), n);
}

static void fuzz_fact(struct env *env, uint16_t what, uint64_t a, uint64_t b)
{
    (void)env, (void)what, (void)a, (void)b;
}

static const struct port port = {.room = fuzz_room,
                                 .work = fuzz_work,
                                 .send_begin = fuzz_send_begin,
                                 .send = fuzz_send,
                                 .id_of = fuzz_id_of,
                                 .addr_of = fuzz_addr_of,
                                 .addr_keep = fuzz_addr_keep,
                                 .overlay = fuzz_overlay,
                                 .random = fuzz_random,
                                 .fact = fuzz_fact};

static void round_trip(const uint8_t *b, size_t len)
{
    uint8_t out[CHORD_MESSAGE_MAX];
    struct chord2003_message m;
    if (chord2003_decode(&m, b, len))
        return;
    const struct id *key = m.type == CHORD_FIND ? &m.key : NULL;
    struct chord2003_writer w = chord2003_begin(out, m.type, m.flags, m.transaction, key);
    for (unsigned i = 0; i < m.nodes; i++) {
        struct ip_port a = chord2003_node(&m, i);
        chord2003_put_node(&w, &a);
    }
    must(chord2003_len(&w) == len && memcmp(out, b, len) == 0, "a message does not encode to itself");
}

static sim_time datagram(struct host *h, struct env *env, addr_h from, const uint8_t *b, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1); /* its exact size: a read past it shows */
    must(copy != NULL, "no memory");
    memcpy(copy, b, len);
    if (len >= CHORD_HEADER_BYTES && copy[4] & 1)
        store_be32(copy + 4, h->asked[from]);
    const struct dgram d = {copy, (uint16_t)len, (uint16_t)len};
    sim_time due = chord2003_actor.receive(h->block, env, CHAN_NONE, from, d);
    free(copy);
    return due;
}

static sim_time step(struct host *h, struct env *env, const uint8_t **b, const uint8_t *end, sim_time due)
{
    uint8_t what = *(*b)++, argument = *b < end ? *(*b)++ : 0;
    if (what % 8 < 3) {
        size_t len = argument < end - *b ? argument : (size_t)(end - *b);
        const uint8_t *bytes = *b;
        *b += len;
        return datagram(h, env, what % 8 + 1u, bytes, len);
    }
    if (what % 8 < 6) {
        sim_time later = time_add(env->now, MILLIS(10) * argument);
        env->now = due < later ? due : later;
        return chord2003_actor.wake(h->block, env);
    }
    const struct request r = {
        .op = what == 0xff ? REQUEST_LEAVE : REQUEST_FETCH, .tag = argument, .resource = {(uint64_t)argument << 56, 0}};
    return chord2003_actor.request(h->block, env, &r);
}

int LLVMFuzzerTestOneInput(const uint8_t *b, size_t len)
{
    const uint8_t *end = len ? b + len : b;
    struct host h = {.bytes = chord2003_actor.bytes_initial()};
    struct env env = {.port = &port, .host = &h, .now = 1, .self = 0};
    round_trip(b, len);
    h.block = malloc(h.bytes);
    must(h.block != NULL, "no memory");
    sim_time due = chord2003_actor.start(h.block, &env, &(struct node_opts){.first = len && b[0] & 1});
    for (unsigned steps = 0; b < end && steps < STEPS_MAX; steps++) {
        due = step(&h, &env, &b, end, due);
        const char *broken = chord2003_actor.check(h.block, &env);
        must(broken == NULL, broken);
        must(due >= env.now && chord2003_actor.bytes(h.block) <= h.bytes, "wakes in the past, or outgrew its block");
    }
    free(h.block);
    free(env.work);
    return 0;
}

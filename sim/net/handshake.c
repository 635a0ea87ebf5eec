/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The handshake of a channel: DTLS 1.2 (RFC 6347) with certificates on both sides (RFC 6940 6.6), TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, modelled: flights of
 * true size and number that get lost and are sent again; the secrets are left out.
 *
 *   client                                              server
 *     1  ClientHello                  ----------------->          keeps nothing
 *        <----------------------------  HelloVerifyRequest  2
 *     3  ClientHello with the cookie  ----------------->          its state begins; signs
 *        <------------------  ServerHello .. ServerHelloDone  4
 *     5  Certificate .. Finished      ----------------->          verifies: UP, as ACCEPT
 *        <------------------  ChangeCipherSpec, Finished  6
 *    UP
 *
 * Sizes of the handshake messages; each stands in a record of its own with 13 + 12 bytes of headers. C = certificate 816, S = signature 256:
 *
 *   ClientHello          75  version 2, random 32, session 1, cookie 1, suites 2 + 2, compression 2, extensions 2 + 31: groups 8, point formats 6,
 *                            signature algorithms 8, renegotiation 5, extended master secret 4; with the cookie 32 more
 *   HelloVerifyRequest   35  version 2, cookie 1 + 32
 *   ServerHello          55  version 2, random 32, session 1, suite 2, compression 1, extensions 2 + 15
 *   Certificate       6 + C  one certificate; the enrollment server's own is known
 *   ServerKeyExchange  73 + S  curve 3, point 1 + 65, algorithm 2, length 2
 *   CertificateRequest    8  types 1 + 1, algorithms 2 + 2, authorities 2
 *   ServerHelloDone       0
 *   ClientKeyExchange    66  point 1 + 65
 *   CertificateVerify  4 + S  algorithm 2, length 2
 *   ChangeCipherSpec     14  a record of one byte
 *   Finished             61  12 + 12 in an encrypted record of 37
 *
 *   flights 1 to 6: 100, 60, 132, 267 + C + S = 1339, 226 + C + S = 1298, 75. All fit one datagram of 1500 bytes; larger certificates make DTLS
 *   fragments, 25 bytes of headers more for each further datagram.
 *
 * A flight without answer is sent again after 1 s, then doubled; the timer starts from 1 s again only after an exchange without loss (4.2.4.1). 15 s after its
 * first flight - the end of the fourth wait, and the lifetime of a RELOAD request (RFC 6940 6.2.1: 5 x 3 s), which nobody outlives - a handshake is
 * given up: the client's node sees DOWN, the server's never knew. */
#include <assert.h>
#include <string.h>

#include "proto/base/error.h"
#include "sim/kernel/random.h"
#include "sim/net/host.h"

#define FIRST_WAIT    SECONDS(1)
#define GIVE_UP       SECONDS(15)
#define PATH_BYTES    1500u
#define HEADERS_BYTES 25u /* record 13, handshake 12 */
#define PARTS_MAX     32u
#define NOTE_BYTES    14u

struct handshake {
    struct handshake *next;
    sim_time due, give_up;
    sim_time sent_at; /* our last flight */
    sim_time rtt;     /* least of the round trips measured; 0 = none */
    sim_time wait;
    uint32_t got; /* parts of the awaited flight */
    uint32_t cookie;
    uint16_t slot;
    uint8_t flight; /* the one we sent last */
    uint8_t tries;  /* how often */
    bool unasked;   /* the server does not expect it; told only where some keep such out */
};

_Static_assert(sizeof(struct handshake) <= HANDSHAKE_BYTES, "byte budget of a handshake");

/* What travels at hand in a handshake datagram: who speaks, and which part of the flight this is. */
struct note {
    uint32_t client, server; /* tags; that of the server without its slot while unknown */
    uint32_t cookie;
    uint8_t part, parts;
};
#define NOTE_UNASKED 0x80u /* in the part of a client's first flights */

void handshake_sizes(struct net *n)
{
    uint32_t c = n->config.overlay->certificate_bytes, s = n->config.overlay->signature_bytes, each = HEADERS_BYTES;
    uint32_t hello = each + 75, certificate = each + 6 + c, finished = 14 + 61;
    uint32_t server = (each + 55) + certificate + (each + 73 + s) + (each + 8) + each;
    uint32_t client = certificate + (each + 66) + (each + 4 + s) + finished;
    uint32_t bytes[KIND_CLOSE] = {0, hello, each + 35, hello + 32, server, client, finished};
    for (unsigned k = 0; k < KIND_CLOSE; k++) {
        assert(bytes[k] <= UINT16_MAX);
        n->flight_bytes[k] = (uint16_t)bytes[k];
    }
}

/* ---- sending ---- */

static unsigned parts_of(uint32_t bytes)
{
    unsigned parts = 1;
    while (bytes + (parts - 1) * HEADERS_BYTES > parts * (PATH_BYTES - UDP_IP_BYTES))
        parts++;
    assert(parts <= PARTS_MAX);
    return parts;
}

static void note_put(uint8_t b[NOTE_BYTES], const struct note *n)
{
    store_be32(b, n->client);
    store_be32(b + 4, n->server);
    store_be32(b + 8, n->cookie);
    b[12] = n->part;
    b[13] = n->parts;
}

/* Sends a whole flight; to: the receiver's tag, without its slot while it has none. */
static void flight_send(struct host *h, enum kind flight, addr_h addr, uint32_t to, uint32_t one_way_ns,
                        struct note note)
{
    uint32_t bytes = h->net->flight_bytes[flight];
    unsigned parts = parts_of(bytes);
    bytes += (parts - 1) * HEADERS_BYTES;
    note.parts = (uint8_t)parts;
    for (unsigned k = 0; k < parts; k++) {
        uint8_t b[NOTE_BYTES];
        note_put(b, &note);
        b[12] = (uint8_t)(note.part | k);
        struct event e = {.dst = addr,
                          .chan = to,
                          .len = NOTE_BYTES,
                          .true_len = (uint16_t)(bytes / parts + (k < bytes % parts)),
                          .class = TRAFFIC_HANDSHAKE,
                          .flags = (uint8_t)flight};
        wire_post(h, &e, b, one_way_ns);
    }
}

/* Sends the flight of this state (again). */
static void handshake_send(struct host *h, struct online *o, struct handshake *s)
{
    const struct channel *c = &o->table->slot[s->slot];
    uint32_t own = channel_tag(c, s->slot);
    bool server = channel_is_server(c);
    struct note note = {
        .client = server ? c->remote : own, .server = server ? own : c->remote, .cookie = s->cookie,
        .part = s->unasked && s->flight <= KIND_COOKIE ? NOTE_UNASKED : 0};
    flight_send(h, s->flight, c->addr, c->remote, channel_one_way(c), note);
    s->tries = s->tries < UINT8_MAX ? s->tries + 1 : s->tries;
    s->sent_at = call_departure(h);
    s->due = time_min(s->sent_at + s->wait, s->give_up);
    o->channel_due = time_min(o->channel_due, s->due);
}

/* The awaited flight is complete: takes the round trip if it is unambiguous (Karn's rule), and goes on to our next flight. */
static void handshake_next(struct host *h, struct online *o, struct handshake *s, enum kind flight)
{
    if (s->tries == 1 && h->env.now > s->sent_at) {
        sim_time rtt = h->env.now - s->sent_at;
        s->rtt = s->rtt ? time_min(s->rtt, rtt) : rtt;
        s->wait = FIRST_WAIT;
    }
    s->flight = (uint8_t)flight;
    s->tries = 0;
    s->got = 0;
    if (flight != KIND_FINISHED)
        handshake_send(h, o, s);
}

static struct handshake *handshake_new(struct host *h, struct online *o, chan_h slot, enum kind flight, uint32_t cookie)
{
    struct handshake *s = slab_get(&h->slab, sizeof *s);
    *s = (struct handshake){.next = o->table->shaking,
                            .give_up = h->env.now + GIVE_UP,
                            .wait = FIRST_WAIT,
                            .cookie = cookie,
                            .slot = (uint16_t)slot,
                            .flight = (uint8_t)flight};
    o->table->shaking = s;
    return s;
}

int handshake_open(struct host *h, struct identity *id, addr_h addr, bool unasked, chan_h *slot)
{
    *slot = channel_take(h, id, addr, tag_make(++id->generation, true, SLOT_NONE));
    if (*slot == CHAN_NONE)
        return ERR_NO_ROOM;
    struct handshake *s = handshake_new(h, id->online, *slot, KIND_HELLO, 0);
    s->unasked = unasked && h->net->config.closed > 0;
    handshake_send(h, id->online, s);
    return 0;
}

/* ---- ending ---- */

void handshake_forget(struct host *h, struct online *o, chan_h slot)
{
    struct handshake **p = &o->table->shaking;
    while (*p && (*p)->slot != slot)
        p = &(*p)->next;
    assert(*p);
    struct handshake *s = *p;
    *p = s->next;
    slab_put(&h->slab, s, sizeof *s);
}

void handshake_forget_all(struct host *h, struct online *o)
{
    while (o->table->shaking)
        handshake_forget(h, o, o->table->shaking->slot);
}

static void handshake_up(struct host *h, struct online *o, struct handshake *s, enum chan_event event)
{
    chan_h slot = s->slot;
    struct channel *c = &o->table->slot[slot];
    struct chan_info info = {c->addr, c->addr, s->rtt};
    keepalive_up(h, o, slot, h->env.self, h->env.now);
    handshake_forget(h, o, slot);
    h->counts.handshakes += event == CHAN_UP;
    call_channel(h, o, slot, event, &info);
}

static void handshake_fail(struct host *h, struct online *o, const struct handshake *s)
{
    chan_h slot = s->slot;
    bool server = channel_is_server(&o->table->slot[slot]);
    struct chan_info info = {PEER_NONE, o->table->slot[slot].addr, 0};
    handshake_forget(h, o, slot);
    channel_drop(o, slot);
    if (server)
        return;
    h->counts.handshakes_failed++;
    call_channel(h, o, slot, CHAN_DOWN, &info);
}

/* ---- receiving; each within a call ---- */

static struct handshake *handshake_at(const struct online *o, chan_h slot)
{
    struct handshake *s = o->table->shaking;
    while (s && s->slot != slot)
        s = s->next;
    return s;
}

static bool complete(struct handshake *s, const struct note *n)
{
    s->got |= UINT32_C(1) << n->part;
    return s->got == (n->parts == PARTS_MAX ? UINT32_MAX : (UINT32_C(1) << n->parts) - 1);
}

static void crypto_cost(struct host *h, unsigned signs, unsigned verifies)
{
    if (h->net->config.overlay->crypto != CRYPTO_NONE)
        trouble_cpu(&h->env, signs * h->net->config.sign_ns + verifies * h->net->config.verify_ns);
}

/* The channel that the client with this tag opened to us, however far it is; CHAN_NONE if there is none. */
static chan_h server_channel(const struct online *o, addr_h client, uint32_t tag)
{
    for (chan_h slot = 0; slot < o->used; slot++) {
        const struct channel *c = &o->table->slot[slot];
        if (c->state != CHANNEL_FREE && c->addr == client && c->remote == tag)
            return slot;
    }
    return CHAN_NONE;
}

/* Flights 1 and 3 at the server. The cookie names our session, as a real one is keyed by a secret of the process: it is void after a restart. */
static void receive_hello(struct host *h, struct identity *id, const struct event *e, const struct note *n)
{
    struct online *o = id->online;
    if (e->flags == KIND_HELLO || n->cookie != id->incarnation) {
        struct note reply = {.client = n->client, .server = e->chan, .cookie = id->incarnation};
        flight_send(h, KIND_VERIFY, e->src, n->client, wire_one_way(h, e->dst, e->src), reply);
        return;
    }
    chan_h slot = server_channel(o, e->src, n->client);
    if (slot != CHAN_NONE) {
        struct handshake *s = handshake_at(o, slot);
        if (s) /* our flight was lost */
            handshake_send(h, o, s);
        return;
    }
    slot = channel_take(h, id, e->src, n->client);
    if (slot == CHAN_NONE)
        return;
    crypto_cost(h, 1, 0);
    handshake_send(h, o, handshake_new(h, o, slot, KIND_SERVER, n->cookie));
}

/* Flights 2, 4 and 6 at the client. What belongs to an earlier flight is a repetition: 2 says nothing new, 4 says that our 5 was lost. */
static void receive_at_client(struct host *h, struct online *o, const struct event *e, const struct note *n,
                              struct handshake *s)
{
    struct channel *c = &o->table->slot[s->slot];
    if (e->flags == KIND_VERIFY && (s->flight == KIND_HELLO || (s->flight == KIND_COOKIE && n->cookie != s->cookie))) {
        s->cookie = n->cookie;
        handshake_next(h, o, s, KIND_COOKIE);
    } else if (e->flags == KIND_SERVER && s->flight == KIND_COOKIE && complete(s, n)) {
        c->remote = n->server & TAG_MASK;
        crypto_cost(h, 1, 2); /* CertificateVerify; the server's certificate and its key exchange */
        handshake_next(h, o, s, KIND_CLIENT);
    } else if (e->flags == KIND_SERVER && s->flight == KIND_CLIENT && n->part == 0) {
        handshake_send(h, o, s);
    } else if (e->flags == KIND_FINISHED && s->flight == KIND_CLIENT && complete(s, n)) {
        handshake_next(h, o, s, KIND_FINISHED);
        handshake_up(h, o, s, CHAN_UP);
    }
}

/* Flight 5 at the server. */
static void receive_at_server(struct host *h, struct online *o, const struct event *e, const struct note *n,
                              struct handshake *s)
{
    const struct channel *c = &o->table->slot[tag_slot(e->chan)];
    struct note reply = {.client = c->remote, .server = e->chan};
    if (e->flags != KIND_CLIENT)
        return;
    if (!s) { /* we are up and our last flight was lost: 4.2.4 has us send it again */
        if (n->part == 0)
            flight_send(h, KIND_FINISHED, c->addr, c->remote, channel_one_way(c), reply);
        return;
    }
    if (!complete(s, n))
        return;
    crypto_cost(h, 0, 2); /* the client's certificate and CertificateVerify */
    flight_send(h, KIND_FINISHED, c->addr, c->remote, channel_one_way(c), reply);
    handshake_next(h, o, s, KIND_FINISHED);
    handshake_up(h, o, s, CHAN_ACCEPT);
}

/* A NAT or a firewall keeps out what the device has not been told of. */
static bool closed(const struct net *n, peer_h peer)
{
    uint32_t device = device_of(n, peer);
    return device >= n->config.single_ids && random_unit(n->config.seed, device, STREAM_CLOSED, 0) < n->config.closed;
}

void handshake_receive(struct host *h, struct identity *id, const struct event *e, const uint8_t *bytes)
{
    struct online *o = id->online;
    struct note n = {load_be32(bytes), load_be32(bytes + 4), load_be32(bytes + 8), bytes[12], bytes[13]};
    bool hello = e->flags == KIND_HELLO || e->flags == KIND_COOKIE;
    const struct channel *c = hello ? NULL : channel_find(o, e->chan, e->src);
    if ((!hello && !c) || (hello && (n.part & NOTE_UNASKED) && closed(h->net, e->dst))) {
        h->counts.dead++;
        return;
    }
    wire_count_delivered(h, e);
    call_begin(h, e->dst, e->at);
    if (hello) {
        receive_hello(h, id, e, &n);
    } else {
        struct handshake *s = c->state == CHANNEL_SHAKING ? handshake_at(o, tag_slot(e->chan)) : NULL;
        if (channel_is_server(c))
            receive_at_server(h, o, e, &n, s);
        else if (s)
            receive_at_client(h, o, e, &n, s);
    }
    call_end(h);
}

/* ---- timers ---- */

static struct handshake *handshake_due(const struct online *o, sim_time now)
{
    struct handshake *s = o->table->shaking;
    while (s && s->due > now)
        s = s->next;
    return s;
}

sim_time handshake_wake(struct host *h, struct identity *id, peer_h self, sim_time now)
{
    struct online *o = id->online;
    struct handshake *s;
    while (id->online == o && (s = handshake_due(o, now))) {
        call_begin(h, self, now);
        h->counts.wakes++;
        if (now >= s->give_up) {
            handshake_fail(h, o, s);
        } else {
            s->wait *= 2;
            handshake_send(h, o, s);
        }
        call_end(h);
    }
    sim_time due = TIME_NEVER;
    if (id->online == o)
        for (s = o->table->shaking; s; s = s->next)
            due = time_min(due, s->due);
    return due;
}

/* ---- for a checkpoint ---- */

void handshake_put(const struct online *o, struct stream *s)
{
    uint32_t n = 0;
    for (const struct handshake *h = o->table->shaking; h; h = h->next)
        n++;
    stream_put_u32(s, n);
    for (const struct handshake *h = o->table->shaking; h; h = h->next) {
        struct handshake copy = *h;
        copy.next = NULL;
        STREAM_PUT(s, copy);
    }
}

/* In the order in which they stood. */
bool handshake_get(struct host *h, struct online *o, struct stream_reader *r)
{
    struct handshake **end = &o->table->shaking;
    for (uint32_t n = stream_get_u32(r); n > 0 && !r->bad; n--) {
        struct handshake *s = slab_get(&h->slab, sizeof *s);
        STREAM_GET(r, *s);
        s->next = NULL;
        *end = s;
        end = &s->next;
    }
    return !r->bad;
}

size_t handshake_bytes(void)
{
    return sizeof(struct handshake);
}

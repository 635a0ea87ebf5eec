/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The attacks. Each is a message that an honest peer would not send, made with the codecs of proto/wire and signed with the attacker's own key; then what is
 * wrong with it. It leaves over the attacker's link to its victim, once: nobody repeats it when it is lost. */
#include "sim/hostile/attack.h"

#include <assert.h>
#include <string.h>

#include "sim/kernel/random.h"

#define SEQUENCE_BITS   20u    /* of proto's links: an honest frame has nothing above */
#define MESSAGE_MAX     6000u
#define DATAGRAM_MAX    2047u  /* port.h */
#define REPLAY_AFTER    SECONDS(30)
#define INVENTED_MAX    1024u  /* victims of forged Updates are among the first so many identities: each partition remembers 4,096 invented ids at most */
#define LIST_MAX        (DESTINATION_NODE_BYTES * 30u)

/* An attacker at work. */
struct work {
    const struct node *node;
    struct env *env;
    const struct overlay *o;
    const struct hostile_config *h;
    struct hostile_state *s;
    enum attack attack;
    peer_h victim;
    chan_h chan;
    uint64_t draws;
};

/* A message to be: zeroed fields take what an honest one has. */
struct letter {
    uint16_t code;
    struct span body;
    uint32_t body_more;      /* true bytes of it beyond those */
    struct span destination; /* empty: the victim alone */
    struct span via;
    uint32_t overlay_flip, fragment, certificates;
    int ttl;                 /* 0: initial-ttl; TTL_ZERO: 0 */
    bool sign_as_victim;
};
#define TTL_ZERO (-1)

struct message_bytes {
    uint32_t len, true_len;
    uint8_t b[MESSAGE_MAX];
};

static uint64_t draw(struct work *w)
{
    return random_u64(w->h->seed, w->env->self, STREAM_HOSTILE, (w->env->now << 8) + 256 + w->draws++ % 256);
}

static struct id id_of(const struct work *w, peer_h peer)
{
    return w->env->port->id_of(w->env, peer);
}

/* ---- marks ---- */

static uint32_t mark_of(uint64_t seed, uint32_t low)
{
    return (uint32_t)random_u64(seed, low, STREAM_HOSTILE, 1);
}

static uint64_t marked_tid(struct work *w)
{
    uint32_t low = (uint32_t)w->attack << 27 | (uint32_t)(draw(w) >> 37);
    return (uint64_t)mark_of(w->h->seed, low) << 32 | low;
}

enum attack attack_of(const struct dgram *d, uint64_t seed, bool *further)
{
    *further = false;
    if (d->len < FRAME_DATA_BYTES || d->b[0] != FRAME_DATA)
        return ATTACKS;
    uint32_t above = load_be32(d->b + 1) >> SEQUENCE_BITS;
    if (above != 0)
        return above <= ATTACKS ? (enum attack)(above - 1) : ATTACKS;
    if (d->len < FRAME_DATA_BYTES + HEADER_FIXED_BYTES)
        return ATTACKS;
    uint64_t tid = load_be64(d->b + FRAME_DATA_BYTES + 20);
    *further = true;
    return (uint32_t)tid >> 27 < ATTACKS && mark_of(seed, (uint32_t)tid) == tid >> 32 ? (enum attack)((uint32_t)tid >> 27) : ATTACKS;
}

static void remember(struct work *w, uint64_t tid)
{
    unsigned k = w->s->sents++ % REMEMBERED;
    w->s->sent[k].tid = tid;
    w->s->sent[k].attack = (uint8_t)w->attack;
}

/* ---- making and sending ---- */

static void frame_send(struct work *w, const uint8_t *message, uint32_t len, uint32_t true_len, uint16_t code)
{
    size_t cap = FRAME_DATA_BYTES + (size_t)len;
    assert(cap <= DATAGRAM_MAX);
    uint8_t *out = w->env->port->send_begin(w->env, cap);
    struct writer x = writer_on(out, cap, false);
    frame_put_data(&x, ((uint32_t)w->attack + 1) << SEQUENCE_BITS | (uint32_t)(draw(w) >> 44), true_len);
    put_bytes(&x, message, len);
    assert(x.err == 0);
    w->env->port->fact(w->env, HOSTILE_SENT, w->attack, 0);
    w->env->port->send(w->env, w->chan, ADDR_NONE, cap, FRAME_DATA_BYTES + (size_t)true_len, message_traffic(code));
}

static struct header letter_header(struct work *w, const struct letter *l, uint64_t tid, uint8_t own[DESTINATION_NODE_BYTES])
{
    struct writer x = writer_on(own, DESTINATION_NODE_BYTES, false);
    destination_put_node(&x, id_of(w, w->victim));
    return (struct header){.overlay = w->o->hash ^ l->overlay_flip, .config_sequence = w->o->sequence, .version = RELO_VERSION,
                           .ttl = l->ttl == TTL_ZERO ? 0 : l->ttl ? (uint8_t)l->ttl : w->o->initial_ttl,
                           .fragment = l->fragment ? l->fragment : FRAGMENT_WHOLE, .transaction = tid, .via = l->via,
                           .destination = l->destination.len ? l->destination : (struct span){own, DESTINATION_NODE_BYTES}};
}

static uint64_t compose(struct work *w, const struct letter *l, struct message_bytes *m)
{
    uint8_t payload[MESSAGE_MAX], fixed[12], own[DESTINATION_NODE_BYTES];
    struct writer p = writer_on(payload, sizeof payload, true), x = writer_on(fixed, sizeof fixed, false), out = writer_on(m->b, sizeof m->b, false);
    uint64_t tid = marked_tid(w);
    struct mark mark = contents_begin(&p, l->code);
    put_bytes(&p, l->body.b, l->body.len);
    p.extra += l->body_more;
    contents_end(&p, mark, NULL, 0);
    put_u32(&x, w->o->hash);
    put_u64(&x, tid);
    struct piece piece[2] = {{fixed, sizeof fixed}, {payload, writer_len(&p)}};
    struct security s = {.certificates = l->certificates ? l->certificates : 1};
    int err = w->env->port->sign(w->env, piece, 2, &s.signature);
    assert(err == 0);
    (void)err;
    for (unsigned k = 0; k < s.certificates; k++)
        s.certificate[k].owner = w->env->self;
    if (l->sign_as_victim)
        s.certificate[0].owner = s.signature.signer = w->victim;
    security_put(&p, &s);
    struct header h = letter_header(w, l, tid, own);
    h.length = m->true_len = header_bytes(&h) + writer_true(&p);
    header_put(&out, &h);
    put_bytes(&out, payload, writer_len(&p));
    assert(p.err == 0 && out.err == 0);
    m->len = writer_len(&out);
    return tid;
}

struct parts {
    struct work *w;
    uint16_t code;
};

static int part_send(void *arg, const uint8_t *part, size_t len, uint32_t true_len)
{
    const struct parts *p = arg;
    frame_send(p->w, part, (uint32_t)len, true_len, p->code);
    return 0;
}

/* As an honest peer would: in fragments where it does not fit. */
static void message_send(struct work *w, const struct message_bytes *m, uint16_t code)
{
    uint8_t part[DATAGRAM_MAX];
    uint32_t limit = w->o->link_mtu - FRAME_DATA_BYTES;
    struct parts p = {w, code};
    if (m->true_len <= limit)
        frame_send(w, m->b, m->len, m->true_len, code);
    else
        fragment_split(m->b, m->len, limit - 32, part, sizeof part, part_send, &p);
}

static void letter_send(struct work *w, const struct letter *l)
{
    struct message_bytes m;
    uint64_t tid = compose(w, l, &m);
    remember(w, tid);
    message_send(w, &m, l->code);
}

static const uint8_t ping_body[2] = {0, 0};
#define PING .code = PING_REQ, .body = {ping_body, sizeof ping_body}

/* ---- victims ---- */

/* The k-th link that is routed through, from a place drawn; PEER_NONE if there is none. */
static peer_h link_pick(struct work *w, unsigned k, chan_h *chan)
{
    unsigned n = 0;
    peer_h peer = PEER_NONE;
    bool routed;
    for (unsigned i = 0; node_link_at(w->node, w->env, i, &peer, chan, &routed); i++)
        n += routed;
    if (n == 0)
        return PEER_NONE;
    for (unsigned i = 0, want = (unsigned)((draw(w) + k) % n); node_link_at(w->node, w->env, i, &peer, chan, &routed); i++)
        if (routed && want-- == 0)
            return peer;
    return PEER_NONE;
}

static bool victim_pick(struct work *w)
{
    w->victim = link_pick(w, 0, &w->chan);
    return w->victim != PEER_NONE;
}

/* Another peer that we know. */
static peer_h other_pick(struct work *w)
{
    chan_h chan;
    for (unsigned k = 0; k < 8; k++) {
        peer_h peer = link_pick(w, k, &chan);
        if (peer != PEER_NONE && peer != w->victim)
            return peer;
    }
    return PEER_NONE;
}

/* ---- the attacks ---- */

static void truncated(struct work *w)
{
    struct message_bytes m;
    compose(w, &(struct letter){PING}, &m);
    m.len = (uint32_t)(draw(w) % m.len);
    frame_send(w, m.b, m.len, m.len, PING_REQ);
}

/* So many certificates that the message is above max-message-size, in one datagram; where that is not enough, an offset beyond it. */
static void oversized(struct work *w)
{
    struct message_bytes m;
    struct letter l = {PING, .certificates = CERTIFICATES_MAX};
    if (w->o->max_message_size > CERTIFICATES_MAX * 800u)
        l.fragment = FRAGMENT_HIGH | FRAGMENT_LAST | w->o->max_message_size;
    remember(w, compose(w, &l, &m));
    frame_send(w, m.b, m.len, m.true_len, PING_REQ);
}

static void lying_length(struct work *w)
{
    static const int lie[] = {-1, 1, 18, -18, 300, 0x7fff};
    struct message_bytes m;
    compose(w, &(struct letter){PING}, &m);
    int by = lie[draw(w) % 6];
    unsigned field = (unsigned)(draw(w) % 4);
    if (field == 0)
        store_be32(m.b + 16, load_be32(m.b + 16) + (uint32_t)by);
    else
        store_be16(m.b + 30 + 2 * field, (uint16_t)(load_be16(m.b + 30 + 2 * field) + by));
    frame_send(w, m.b, m.len, m.true_len, PING_REQ);
}

/* A list that goes back and forth between two peers. */
static struct span list_put(uint8_t b[LIST_MAX], struct id a, struct id z, unsigned entries)
{
    struct writer x = writer_on(b, LIST_MAX, false);
    for (unsigned k = 0; k < entries; k++)
        destination_put_node(&x, k % 2 ? z : a);
    return (struct span){b, writer_len(&x)};
}

static void looping_via(struct work *w)
{
    uint8_t list[LIST_MAX];
    letter_send(w, &(struct letter){PING, .via = list_put(list, id_of(w, w->env->self), id_of(w, w->victim), 19)});
}

static void looping_destination(struct work *w)
{
    uint8_t list[LIST_MAX];
    peer_h other = other_pick(w);
    if (other != PEER_NONE)
        letter_send(w, &(struct letter){PING, .destination = list_put(list, id_of(w, other), id_of(w, w->victim), 20)});
}

static void wrong_overlay(struct work *w)
{
    letter_send(w, &(struct letter){PING, .overlay_flip = (uint32_t)(draw(w) >> 33) | 1});
}

static void wrong_signer(struct work *w)
{
    letter_send(w, &(struct letter){PING, .sign_as_victim = true});
}

/* What the signature covers is as it was; the via list and ttl, which it does not cover, are ours, so that the answer comes to us. */
static void replayed(struct work *w)
{
    struct message_bytes m;
    struct header h;
    struct hostile_state *s = w->s;
    struct reader r = reader_on(s->heard, s->heard_len, false);
    if (s->heard_at == TIME_NEVER || w->env->now < s->heard_at + REPLAY_AFTER || header_read(&r, &h))
        return;
    uint16_t code = message_peek_code(s->heard, s->heard_len, s->heard_len != s->heard_true);
    struct writer x = writer_on(m.b, sizeof m.b, false);
    uint32_t before = header_bytes(&h);
    h.via = (struct span){NULL, 0};
    h.ttl = w->o->initial_ttl;
    h.length = m.true_len = h.length - before + header_bytes(&h);
    header_put(&x, &h);
    put_bytes(&x, r.p, reader_left(&r));
    assert(x.err == 0);
    m.len = writer_len(&x);
    s->heard_at = TIME_NEVER;
    remember(w, h.transaction);
    message_send(w, &m, code);
}

static void bad_ttl(struct work *w)
{
    uint8_t list[LIST_MAX];
    peer_h other = other_pick(w);
    struct writer x = writer_on(list, sizeof list, false);
    if (other == PEER_NONE)
        return;
    destination_put_node(&x, id_of(w, other));
    int above = w->o->initial_ttl < 255 ? w->o->initial_ttl + 1 + (int)(draw(w) % (255u - w->o->initial_ttl)) : TTL_ZERO;
    letter_send(w, &(struct letter){PING, .destination = {list, writer_len(&x)}, .ttl = draw(w) % 2 ? above : TTL_ZERO});
}

static void fragment_send(struct work *w, uint64_t tid, uint32_t offset, uint32_t bytes, bool last)
{
    uint8_t b[1200], own[DESTINATION_NODE_BYTES];
    struct writer x = writer_on(b, sizeof b, false);
    struct header h = letter_header(w, &(struct letter){.fragment = FRAGMENT_HIGH | (last ? FRAGMENT_LAST : 0) | offset}, tid, own);
    h.length = header_bytes(&h) + bytes;
    header_put(&x, &h);
    for (uint32_t k = 0; k < bytes; k++)
        put_u8(&x, (uint8_t)(offset + k));
    frame_send(w, b, writer_len(&x), h.length, PING_REQ);
}

/* Two that overlap and a second end behind the first, or a beginning that nothing follows. */
static void fragments(struct work *w)
{
    uint64_t tid = marked_tid(w);
    remember(w, tid);
    fragment_send(w, tid, 0, 600, false);
    if (draw(w) % 2)
        return;
    fragment_send(w, tid, 300, 600, true);
    fragment_send(w, tid, 1200, 600, true);
}

/* Four peers that nobody is, as near to the victim as can be. */
static void forged_update(struct work *w)
{
    uint8_t body[256], before[2 * ID_BYTES], behind[2 * ID_BYTES];
    struct writer b = writer_on(body, sizeof body, false), p = writer_on(before, sizeof before, false), n = writer_on(behind, sizeof behind, false);
    struct id at = id_of(w, w->victim);
    for (unsigned k = 0; w->victim >= INVENTED_MAX && k < 8; k++)
        victim_pick(w);
    if (w->victim >= INVENTED_MAX)
        return;
    at = id_of(w, w->victim);
    for (uint64_t k = 1; k <= 2; k++) {
        put_id(&p, id_add(at, (struct id){UINT64_MAX, (uint64_t)0 - k}));
        put_id(&n, id_add(at, (struct id){0, k}));
    }
    update_req_put(&b, &(struct update_req){.uptime_s = 1000, .type = UPDATE_NEIGHBORS, .predecessors = {before, writer_len(&p)},
                                            .successors = {behind, writer_len(&n)}});
    letter_send(w, &(struct letter){.code = UPDATE_REQ, .body = {body, writer_len(&b)}});
}

static void forged_leave(struct work *w)
{
    uint8_t body[256], data[64];
    peer_h other = other_pick(w);
    struct writer b = writer_on(body, sizeof body, false), x = writer_on(data, sizeof data, false);
    if (other == PEER_NONE)
        return;
    chord_leave_put(&x, &(struct chord_leave_data){.type = LEAVE_FROM_SUCC});
    leave_req_put(&b, &(struct leave_req){.peer = id_of(w, other), .data = {data, writer_len(&x)}});
    letter_send(w, &(struct letter){.code = LEAVE_REQ, .body = {body, writer_len(&b)}});
}

/* A registration, signed: at the attacker's own place or at the victim's user's. */
static void store(struct work *w, struct id resource, uint16_t value_bytes)
{
    uint8_t body[3000], value[2000] = {0}, key[ID_BYTES], head[ID_BYTES + 12], covered[2200], list[DESTINATION_RESOURCE_BYTES];
    struct writer b = writer_on(body, sizeof body, true), h = writer_on(head, sizeof head, false), v = writer_on(covered, sizeof covered, false),
                  d = writer_on(list, sizeof list, false);
    id_store(key, id_of(w, w->env->self));
    struct stored_data data = {.storage_time_ms = w->env->unix_ms, .lifetime_s = 86400, .model = MODEL_DICTIONARY, .key = {key, ID_BYTES},
                               .value = {.exists = true, .value = {value, value_bytes}}};
    put_id(&h, resource);
    put_u32(&h, KIND_SIP_REGISTRATION);
    put_u64(&h, data.storage_time_ms);
    stored_value_put(&v, &data);
    struct piece piece[2] = {{head, writer_len(&h)}, {covered, writer_len(&v)}};
    int err = w->env->port->sign(w->env, piece, 2, &data.signature);
    assert(err == 0 && v.err == 0 && h.err == 0);
    (void)err;
    struct mark all = store_req_open(&b, resource, 0), one = kind_data_open(&b, KIND_SIP_REGISTRATION, 0);
    stored_data_put(&b, &data);
    kind_data_close(&b, one);
    put_close(&b, 4, all);
    assert(b.err == 0);
    destination_put_resource(&d, resource);
    letter_send(w, &(struct letter){.code = STORE_REQ, .body = {body, writer_len(&b)}, .body_more = b.extra, .destination = {list, writer_len(&d)}});
}

static void store_flood(struct work *w)
{
    if (draw(w) % 2)
        store(w, w->env->port->user_of(w->env, w->env->self), 1001 + (uint16_t)(draw(w) % 500));
    else
        store(w, w->env->port->user_of(w->env, w->victim), 60);
}

static void source_route(struct work *w)
{
    uint8_t list[LIST_MAX];
    peer_h seen[4];
    unsigned n = 0;
    struct writer x = writer_on(list, sizeof list, false);
    destination_put_node(&x, id_of(w, w->victim));
    for (unsigned tries = 0; tries < 8 && n < 4; tries++) {
        peer_h peer = other_pick(w);
        bool again = peer == PEER_NONE;
        for (unsigned k = 0; k < n; k++)
            again |= seen[k] == peer;
        if (again)
            continue;
        seen[n++] = peer;
        destination_put_node(&x, id_of(w, peer));
    }
    destination_put_resource(&x, (struct id){draw(w), draw(w)});
    letter_send(w, &(struct letter){PING, .destination = {list, writer_len(&x)}});
}

void attack_send(const struct node *n, struct env *env, const struct hostile_config *h, struct hostile_state *s)
{
    static void (*const make[ATTACKS])(struct work *) = {
        [ATTACK_TRUNCATED] = truncated, [ATTACK_OVERSIZED] = oversized, [ATTACK_LENGTH] = lying_length, [ATTACK_VIA] = looping_via,
        [ATTACK_DESTINATION] = looping_destination, [ATTACK_OVERLAY] = wrong_overlay, [ATTACK_SIGNER] = wrong_signer,
        [ATTACK_REPLAY] = replayed, [ATTACK_TTL] = bad_ttl, [ATTACK_FRAGMENT] = fragments, [ATTACK_UPDATE] = forged_update,
        [ATTACK_LEAVE] = forged_leave, [ATTACK_STORE] = store_flood, [ATTACK_ROUTE] = source_route};
    struct work w = {.node = n, .env = env, .o = env->port->overlay(env, 0), .h = h, .s = s};
    struct node_view v;
    node_look(n, env, &v);
    if (v.state != NODE_JOINED)
        return;
    unsigned k = 0, selected = (unsigned)__builtin_popcount(h->attacks), skip = (unsigned)((s->attacks++ + env->self) % selected);
    while (!(h->attacks >> k & 1) || skip-- > 0)
        k++;
    w.attack = (enum attack)k;
    if (victim_pick(&w))
        make[k](&w);
}

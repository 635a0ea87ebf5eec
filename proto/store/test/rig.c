/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/store/test/rig.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire/frame.h"

static void open_links(struct rig *g, unsigned neighbours)
{
    recorder_seed(g->r, &(struct node_seed){.joined_for = SECONDS(100), .next_update = SECONDS(1000000), .next_ping = SECONDS(1000000)});
    for (peer_h p = 1; p <= g->peers; p++) {
        g->chan[p] = recorder_seed_channel(g->r, p);
        node_seed_link(g->r->node, &g->r->env,
                       &(struct seed_link){.chan = g->chan[p], .peer = p, .addr = p, .ready = neighbours > 0, .predecessor = neighbours > 0, .successor = neighbours > 0});
    }
    recorder_seed_end(g->r);
    recorder_forget(g->r);
}

struct rig *rig_open_with(unsigned neighbours, uint32_t stored_bytes, uint32_t max_message_size)
{
    struct rig *g = calloc(1, sizeof *g);
    assert(g && neighbours <= RIG_PEERS);
    g->config = overlay_defaults();
    g->config.link_mtu = 10000;
    g->config.reactive = false;
    g->config.limits.queue_messages = 1000;
    if (stored_bytes)
        g->config.limits.stored_bytes = stored_bytes;
    if (max_message_size)
        g->config.max_message_size = max_message_size;
    g->peers = neighbours ? neighbours : 1;
    g->r = recorder_open(&g->config, RIG_SELF);
    open_links(g, neighbours);
    return g;
}

struct rig *rig_open(unsigned neighbours)
{
    return rig_open_with(neighbours, 0, 0);
}

void rig_close(struct rig *g)
{
    recorder_close(g->r);
    free(g->seen);
    free(g);
}

static peer_h peer_of(const struct rig *g, chan_h chan)
{
    for (peer_h p = 1; p <= g->peers; p++)
        if (g->chan[p] == chan)
            return p;
    return PEER_NONE;
}

static void acknowledge(struct rig *g, chan_h chan, uint32_t sequence)
{
    uint8_t ack[FRAME_ACK_BYTES];
    struct writer w = writer_on(ack, sizeof ack, false);
    frame_put_ack(&w, sequence, 0);
    recorder_receive(g->r, chan, peer_of(g, chan), ack, sizeof ack, sizeof ack);
}

/* The list moves when it grows; spans point into it, so messages are read again. */
static void collect(struct rig *g, chan_h chan, const struct frame *f)
{
    if (g->seens == g->seens_cap) {
        g->seens_cap = g->seens_cap ? 2 * g->seens_cap : 64;
        g->seen = realloc(g->seen, g->seens_cap * sizeof *g->seen);
        assert(g->seen);
        for (unsigned k = 0; k < g->seens; k++)
            message_read(g->seen[k].b, g->seen[k].len, true, &g->seen[k].m);
    }
    struct rig_seen *s = &g->seen[g->seens++];
    assert(f->message.len <= sizeof s->b);
    memcpy(s->b, f->message.b, f->message.len);
    s->to = peer_of(g, chan);
    s->len = f->message.len;
    s->true_len = f->message_true;
    int err = message_read(s->b, f->message.len, true, &s->m);
    assert(err == 0 && s->m.header.length == f->message_true);
    (void)err;
}

void rig_pump(struct rig *g)
{
    for (;;) {
        if (g->sent == g->r->sents) {
            recorder_run(g->r, g->r->env.now + MILLIS(11)); /* the gap after an ACK */
            if (g->sent == g->r->sents)
                return;
        }
        struct frame f;
        struct recorded_datagram d = g->r->sent[g->sent++];
        int err = frame_read(d.b, d.len, d.true_len, &f);
        assert(err == 0);
        (void)err;
        if (f.type == FRAME_ACK)
            continue;
        collect(g, d.chan, &f);
        acknowledge(g, d.chan, f.sequence);
    }
}

void rig_run(struct rig *g, sim_time until)
{
    while (g->r->env.now < until) {
        sim_time step = g->r->due < until ? g->r->due : until;
        recorder_run(g->r, step > g->r->env.now ? step : g->r->env.now);
        rig_pump(g);
    }
}

const struct rig_seen *rig_nth(const struct rig *g, uint16_t code, peer_h to, unsigned n)
{
    for (unsigned k = 0; k < g->seens; k++)
        if (g->seen[k].m.code == code && (to == PEER_NONE || g->seen[k].to == to) && n-- == 0)
            return &g->seen[k];
    return NULL;
}

unsigned rig_count(const struct rig *g, uint16_t code, peer_h to)
{
    unsigned n = 0;
    while (rig_nth(g, code, to, n))
        n++;
    return n;
}

void rig_forget(struct rig *g)
{
    g->seens = 0;
    g->sent = 0;
    g->last = NULL;
    recorder_forget(g->r);
}

struct id rig_user(struct rig *g, peer_h p)
{
    return g->r->env.port->user_of(&g->r->env, p);
}

struct id rig_node(struct rig *g, peer_h p, uint8_t i)
{
    uint8_t name[ID_BYTES + 1], digest[20];
    id_store(name, recorder_id(g->r, p));
    name[ID_BYTES] = i;
    g->r->env.port->hash(&g->r->env, HASH_SHA1, &(struct piece){name, ID_BYTES + (i > 0)}, 1, digest);
    return id_load(digest);
}

bool rig_owns(struct rig *g, struct id resource)
{
    struct node_view v;
    node_look(g->r->node, &g->r->env, &v);
    return v.predecessors == 0 || id_in_range(recorder_id(g->r, v.predecessor[0]), resource, recorder_id(g->r, RIG_SELF));
}

peer_h rig_owned(struct rig *g, peer_h from, bool owned)
{
    while (rig_owns(g, rig_user(g, from)) != owned)
        from++;
    assert(from < RECORDER_PEERS);
    return from;
}

/* ---- requests ---- */

/* Contents are complete; the message goes in on the link of `via`. */
static void send_in(struct rig *g, peer_h from, peer_h via, uint64_t tid, struct span destination, struct writer *w)
{
    uint8_t fixed[12], out[16384];
    struct writer x = writer_on(fixed, sizeof fixed, false), o = writer_on(out, sizeof out, false);
    put_u32(&x, g->config.hash);
    put_u64(&x, tid);
    struct piece piece[2] = {{fixed, sizeof fixed}, {w->start, writer_len(w)}};
    struct signature signature;
    recorder_sign(g->r, from, piece, 2, &signature);
    struct mark bucket = put_open(w, 2);
    for (unsigned k = 0; k <= g->owners; k++) {
        peer_h owner = k == 0 ? from : g->owner[k - 1];
        struct piece der = recorder_certificate(g->r, owner);
        certificate_put(w, &(struct certificate){.owner = owner, .der = {der.b, (uint32_t)der.len}});
    }
    put_close(w, 2, bucket);
    signature_put(w, &signature);
    g->owners = 0;
    assert(w->err == 0);
    struct header h = {.overlay = g->config.hash, .config_sequence = g->config.sequence, .version = RELO_VERSION, .ttl = 100,
                       .fragment = FRAGMENT_WHOLE, .transaction = tid, .destination = destination, .max_response = g->max_response};
    h.length = header_bytes(&h) + writer_true(w);
    frame_put_data(&o, g->sequence[via]++, h.length);
    header_put(&o, &h);
    put_bytes(&o, w->start, writer_len(w));
    assert(o.err == 0);
    recorder_receive(g->r, g->chan[via], via, out, writer_len(&o), FRAME_DATA_BYTES + h.length);
}

static uint16_t outcome(struct rig *g, uint64_t tid)
{
    struct error_body e;
    rig_pump(g);
    g->last = NULL;
    for (unsigned k = 0; k < g->seens; k++)
        if (g->seen[k].m.header.transaction == tid && !message_is_request(g->seen[k].m.code))
            g->last = &g->seen[k].m;
    if (!g->last)
        return UINT16_MAX;
    if (g->last->code != MESSAGE_ERROR)
        return 0;
    int err = error_read(g->last->body, &e);
    assert(err == 0);
    (void)err;
    return e.code;
}

static uint16_t request(struct rig *g, peer_h from, peer_h via, bool to_resource, struct id to, struct writer *w)
{
    uint8_t list[DESTINATION_RESOURCE_BYTES + DESTINATION_NODE_BYTES];
    struct writer l = writer_on(list, sizeof list, false);
    if (to_resource)
        destination_put_resource(&l, to);
    else
        destination_put_node(&l, to);
    uint64_t tid = 1000 + ++g->tid;
    send_in(g, from, via ? via : 1, tid, (struct span){list, writer_len(&l)}, w);
    return outcome(g, tid);
}

static uint16_t request_body(struct rig *g, peer_h from, peer_h via, uint16_t code, bool to_resource, struct id to, const void *body, size_t len,
                             uint32_t extra)
{
    uint8_t b[16384];
    struct writer w = writer_on(b, sizeof b, g->config.crypto != CRYPTO_OPENSSL);
    struct mark mark = contents_begin(&w, code);
    put_bytes(&w, body, len);
    w.extra += extra;
    contents_end(&w, mark, NULL, 0);
    return request(g, from, via, to_resource, to, &w);
}

uint16_t rig_request(struct rig *g, peer_h from, peer_h via, uint16_t code, bool to_resource, struct id to, const void *body, size_t len)
{
    return request_body(g, from, via, code, to_resource, to, body, len, 0);
}

uint16_t rig_folded(struct rig *g, peer_h from, peer_h via, uint16_t code, struct id to, const void *body, size_t len, uint32_t extra)
{
    return request_body(g, from, via, code, false, to, body, len, extra);
}

static void owner_add(struct rig *g, peer_h owner)
{
    for (unsigned k = 0; k < g->owners; k++)
        if (g->owner[k] == owner)
            return;
    if (g->owners < sizeof g->owner / sizeof g->owner[0])
        g->owner[g->owners++] = owner;
}

enum data_model rig_model(const struct rig *g, uint32_t kind)
{
    for (unsigned k = 0; k < g->r->kinds; k++)
        if (g->r->kind[k].id == kind)
            return g->r->kind[k].model;
    return kind_model(kind);
}

void rig_item_put(struct rig *g, struct writer *w, struct id resource, const struct rig_item *i)
{
    uint8_t key[ID_BYTES], head[ID_BYTES + 12], value[4096], flipped[SIGNATURE_VALUE_BYTES];
    id_store(key, i->key ? *i->key : recorder_id(g->r, i->signer));
    enum data_model model = rig_model(g, i->kind);
    struct stored_data d = {.storage_time_ms = i->storage_ms, .lifetime_s = i->lifetime_s, .model = model, .index = 0,
                            .key = {key, model == MODEL_DICTIONARY ? ID_BYTES : 0},
                            .value = {.exists = i->value && !i->absent,
                                      .value = {(const uint8_t *)i->value, !i->value ? 0 : i->value_len ? i->value_len : (uint32_t)strlen(i->value)}}};
    struct writer h = writer_on(head, sizeof head, false), v = writer_on(value, sizeof value, false);
    put_id(&h, resource);
    put_u32(&h, i->kind);
    put_u64(&h, i->storage_ms);
    stored_value_put(&v, &d);
    struct piece piece[2] = {{head, sizeof head}, {value, writer_len(&v)}};
    recorder_sign(g->r, i->signer, piece, 2, &d.signature);
    if (i->anonymous)
        d.signature = (struct signature){.signer = PEER_NONE, .identity_type = IDENTITY_NONE};
    else if (!i->uncertified)
        owner_add(g, i->signer);
    d.signature.token ^= i->flipped;
    if (i->flipped && d.signature.value.len) {
        memcpy(flipped, d.signature.value.b, sizeof flipped);
        flipped[100] ^= 1;
        d.signature.value.b = flipped;
    }
    d.index = i->index;
    stored_data_put(w, &d);
}

uint16_t rig_store(struct rig *g, const struct rig_store *q)
{
    uint8_t b[16384];
    struct writer w = writer_on(b, sizeof b, g->config.crypto != CRYPTO_OPENSSL);
    struct mark mark = contents_begin(&w, STORE_REQ), all = store_req_open(&w, q->resource, q->replica), one = {0, 0};
    for (unsigned k = 0; k < q->items; k++) {
        bool another = k == 0 || q->item[k].kind != q->item[k - 1].kind;
        if (another && k > 0)
            kind_data_close(&w, one);
        if (another)
            one = kind_data_open(&w, q->item[k].kind, q->item[k].generation);
        rig_item_put(g, &w, q->resource, &q->item[k]);
    }
    if (q->items > 0)
        kind_data_close(&w, one);
    put_close(&w, 4, all);
    contents_end(&w, mark, NULL, 0);
    bool to_resource = q->replica == 0 && !q->to_node;
    return request(g, q->from, q->via, to_resource, to_resource ? q->resource : recorder_id(g->r, RIG_SELF), &w);
}

void rig_answer(struct rig *g, const struct rig_seen *to, uint16_t code, const void *body, size_t len, size_t true_len)
{
    uint8_t b[16384], list[DESTINATION_NODE_BYTES];
    struct writer w = writer_on(b, sizeof b, g->config.crypto != CRYPTO_OPENSSL), l = writer_on(list, sizeof list, false);
    destination_put_node(&l, recorder_id(g->r, RIG_SELF));
    struct mark mark = contents_begin(&w, code);
    put_bytes(&w, body, len);
    w.extra += (uint32_t)(true_len - len);
    contents_end(&w, mark, NULL, 0);
    send_in(g, to->to, to->to, to->m.header.transaction, (struct span){list, writer_len(&l)}, &w);
    rig_pump(g);
}

void rig_answer_error(struct rig *g, const struct rig_seen *to, uint16_t error)
{
    uint8_t body[4];
    store_be16(body, error);
    store_be16(body + 2, 0);
    rig_answer(g, to, MESSAGE_ERROR, body, sizeof body, sizeof body);
}

size_t rig_specifier(uint8_t *out, size_t cap, struct id resource, uint32_t kind, uint64_t generation, const void *model, size_t len)
{
    struct writer w = writer_on(out, cap, false);
    struct mark mark = fetch_req_open(&w, resource);
    specifier_put(&w, &(struct specifier){.kind = kind, .generation = generation, .model_specifier = {model, (uint32_t)len}});
    put_close(&w, 2, mark);
    assert(w.err == 0);
    return writer_len(&w);
}

unsigned rig_values(const struct rig *g, struct stored_data out[], unsigned max, uint64_t *generation)
{
    struct reader r = g->last->body;
    struct kind_data k;
    uint32_t end;
    unsigned n = 0;
    int err = fetch_ans_begin(&r, &end);
    assert(err == 0 && g->last->code == FETCH_ANS);
    err = kind_data_next(&r, &k);
    assert(err == 0);
    while (r.true_pos < k.values_end && n < max) {
        err = stored_data_read(&r, k.kind, &out[n++]);
        assert(err == 0);
    }
    if (generation)
        *generation = k.generation;
    (void)err;
    return n;
}

unsigned rig_registrations(struct rig *g, peer_h user, struct stored_data out[], unsigned max, uint64_t *generation)
{
    static const uint8_t all_keys[2] = {0};
    uint8_t body[64];
    size_t len = rig_specifier(body, sizeof body, rig_user(g, user), KIND_SIP_REGISTRATION, 0, all_keys, sizeof all_keys);
    uint16_t error = rig_request(g, 3, 1, FETCH_REQ, true, rig_user(g, user), body, len);
    assert(error == 0);
    (void)error;
    return rig_values(g, out, max, generation);
}

unsigned rig_held(const struct rig *g)
{
    struct node_view v;
    node_look(g->r->node, &g->r->env, &v);
    return v.values;
}

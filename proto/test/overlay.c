/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/test/overlay.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/hash.h"

#define NODES_MAX 200u
#define SILENT_AFTER SECONDS(30)

enum happening { HAPPEN_DATAGRAM, HAPPEN_ACCEPT, HAPPEN_UP, HAPPEN_DOWN, HAPPEN_SILENT };

struct event {
    sim_time at;
    uint64_t order;
    enum happening what;
    peer_h to, from;
    chan_h chan, other;
    unsigned to_life, from_life;
    uint16_t len, true_len;
    uint8_t *b;
};

struct far_end {
    peer_h peer;
    chan_h chan;
    unsigned life;
    bool open;
};

struct member {
    struct recorder *r;
    unsigned life;
    unsigned facts[FACT_COUNT], updates[UPDATE_CAUSES];
    struct {
        uint32_t tag;
        unsigned values;
        bool used;
    } answer[8];
    unsigned answers;
    bool hostile;
    bool closed;
    struct {
        uint16_t len, true_len;
        uint8_t b[2048];
    } heard[8]; /* of a hostile one: what it may replay */
    unsigned hears;
    struct far_end far[RECORDER_CHANNELS_MAX];
};

struct overlay_net {
    const struct overlay *overlay;
    sim_time now, delay;
    double loss;
    unsigned nodes;
    struct member *member;
    struct event *event;
    unsigned events, cap;
    uint64_t order, datagrams;
    bool cut[NODES_MAX][NODES_MAX]; /* both ways */
};

static bool before(const struct event *a, const struct event *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void schedule(struct overlay_net *o, struct event e)
{
    if (o->events == o->cap) {
        o->cap = o->cap ? 2 * o->cap : 1024;
        o->event = realloc(o->event, o->cap * sizeof *o->event);
        assert(o->event);
    }
    e.order = o->order++;
    unsigned k = o->events++;
    while (k > 0 && before(&e, &o->event[(k - 1) / 2])) {
        o->event[k] = o->event[(k - 1) / 2];
        k = (k - 1) / 2;
    }
    o->event[k] = e;
}

static struct event take(struct overlay_net *o)
{
    struct event first = o->event[0], last = o->event[--o->events];
    unsigned k = 0;
    for (;;) {
        unsigned child = 2 * k + 1;
        if (child >= o->events)
            break;
        if (child + 1 < o->events && before(&o->event[child + 1], &o->event[child]))
            child++;
        if (!before(&o->event[child], &last))
            break;
        o->event[k] = o->event[child];
        k = child;
    }
    o->event[k] = last;
    return first;
}

static void op_follow(struct overlay_net *o, peer_h self, const struct recorded_op *op)
{
    struct member *m = &o->member[self];
    struct far_end *far = &m->far[op->args.chan];
    if (op->op == CHAN_OPEN && op->args.chan != CHAN_NONE) {
        *far = (struct far_end){.peer = op->args.addr, .chan = CHAN_NONE, .life = o->member[op->args.addr].life};
        if (op->args.unasked && o->member[op->args.addr].closed) {
            schedule(o, (struct event){.at = op->at + SECONDS(15), .what = HAPPEN_DOWN, .to = self, .from = op->args.addr, .chan = op->args.chan, .to_life = m->life});
            return;
        }
        schedule(o, (struct event){.at = op->at + 3 * o->delay, .what = HAPPEN_ACCEPT, .to = op->args.addr, .from = self, .other = op->args.chan,
                                   .to_life = far->life, .from_life = m->life});
    } else if (op->op == CHAN_CLOSE) {
        if (far->open)
            schedule(o, (struct event){.at = op->at + o->delay, .what = HAPPEN_DOWN, .to = far->peer, .from = self, .chan = far->chan,
                                       .to_life = far->life, .from_life = m->life, .other = op->args.chan});
        far->open = false;
    }
}

static void post(struct overlay_net *o, peer_h self, const struct recorded_datagram *d, const uint8_t *b, uint16_t len, uint16_t true_len, sim_time later)
{
    const struct far_end *far = &o->member[self].far[d->chan];
    uint8_t *copy = malloc(len);
    assert(copy);
    memcpy(copy, b, len);
    schedule(o, (struct event){.at = d->at + o->delay + later, .what = HAPPEN_DATAGRAM, .to = far->peer, .from = self, .chan = far->chan,
                               .to_life = far->life, .len = len, .true_len = true_len, .b = copy, .other = d->chan});
}

/* What a hostile host makes of a datagram. */
static void spoil(struct overlay_net *o, peer_h self, const struct recorded_datagram *d)
{
    struct member *m = &o->member[self];
    uint64_t draw = hash64_mix(0xe1711, o->order++), more = hash64_mix(draw, 1);
    unsigned kind = (unsigned)(draw % 10);
    uint8_t b[2048];
    assert(d->len <= sizeof b);
    memcpy(b, d->b, d->len);
    if (kind == 0)
        return;
    if (kind <= 2)
        b[more % d->len] = (uint8_t)(more >> 32);
    post(o, self, d, b, d->len, d->true_len, 0);
    for (sim_time k = 1; kind == 3 && k < 3; k++)
        post(o, self, d, b, d->len, d->true_len, k * MILLIS(7));
    if (kind == 4 && m->hears > 0) {
        unsigned k = (unsigned)(more % (m->hears < 8 ? m->hears : 8));
        post(o, self, d, m->heard[k].b, m->heard[k].len, m->heard[k].true_len, MILLIS(1));
    }
}

static void hear(struct member *m, const struct event *e)
{
    unsigned k = m->hears++ % 8;
    if (e->len > sizeof m->heard[k].b)
        return;
    m->heard[k].len = e->len;
    m->heard[k].true_len = e->true_len;
    memcpy(m->heard[k].b, e->b, e->len);
}

static void sent_follow(struct overlay_net *o, peer_h self, const struct recorded_datagram *d)
{
    const struct far_end *far = &o->member[self].far[d->chan];
    o->datagrams++;
    if (!far->open || (double)(hash64_mix(0x10557, o->order++) >> 11) * 0x1p-53 < o->loss)
        return;
    if (o->member[self].hostile)
        spoil(o, self, d);
    else
        post(o, self, d, d->b, d->len, d->true_len, 0);
}

static void fact_follow(struct member *m, const struct recorded_fact *f)
{
    m->facts[f->what]++;
    if (f->what == FACT_UPDATE_SENT)
        m->updates[f->a]++;
    if (f->what != FACT_REQUEST_ANSWERED)
        return;
    unsigned k = m->answers++ % 8;
    m->answer[k].tag = (uint32_t)f->a;
    m->answer[k].values = FACT_ANSWER_VALUES(f->b);
    m->answer[k].used = true;
}

/* Turns what a node did during a call into events. */
static void follow(struct overlay_net *o, peer_h self)
{
    struct member *m = &o->member[self];
    unsigned ops = m->r->ops, sents = m->r->sents;
    for (unsigned k = 0; k < sents; k++)
        sent_follow(o, self, &m->r->sent[k]);
    for (unsigned k = 0; k < ops; k++)
        op_follow(o, self, &m->r->op[k]);
    for (unsigned k = 0; k < m->r->facts; k++)
        fact_follow(m, &m->r->fact[k]);
    recorder_forget(m->r);
}

static bool pair_open(struct overlay_net *o, peer_h a, chan_h x, peer_h b, chan_h y)
{
    const struct far_end *f = &o->member[a].far[x];
    return o->member[a].r && f->open && f->peer == b && f->chan == y;
}

static void happen(struct overlay_net *o, const struct event *e)
{
    struct member *m = &o->member[e->to];
    bool alive = m->r && m->life == e->to_life, cut = o->cut[e->to][e->from];
    if (alive)
        recorder_set_now(m->r, e->at);
    switch (e->what) {
    case HAPPEN_DATAGRAM:
        if (m->hostile)
            hear(m, e);
        if (alive && !cut && pair_open(o, e->to, e->chan, e->from, e->other))
            recorder_receive(m->r, e->chan, e->from, e->b, e->len, e->true_len);
        break;
    case HAPPEN_ACCEPT: {
        struct member *from = &o->member[e->from];
        if (!alive || cut || !from->r || from->life != e->from_life) {
            schedule(o, (struct event){.at = e->at + SECONDS(15), .what = HAPPEN_DOWN, .to = e->from, .from = e->to, .chan = e->other, .to_life = e->from_life});
            break;
        }
        chan_h mine = recorder_accept(m->r, e->from, 2 * o->delay);
        m->far[mine] = (struct far_end){.peer = e->from, .chan = e->other, .life = e->from_life, .open = true};
        schedule(o, (struct event){.at = e->at + o->delay, .what = HAPPEN_UP, .to = e->from, .from = e->to, .chan = e->other, .other = mine,
                                   .to_life = e->from_life, .from_life = e->to_life});
        break;
    }
    case HAPPEN_UP:
        if (alive && !cut && m->r->channel[e->chan] == RECORDER_OPENING) {
            m->far[e->chan] = (struct far_end){.peer = e->from, .chan = e->other, .life = e->from_life, .open = true};
            recorder_up(m->r, e->chan, e->from, 2 * o->delay);
        }
        break;
    case HAPPEN_DOWN:
        if (alive && (!cut || !m->far[e->chan].open) && m->r->channel[e->chan] != RECORDER_FREE && m->far[e->chan].peer == e->from) {
            m->far[e->chan].open = false;
            recorder_down(m->r, e->chan);
        }
        break;
    case HAPPEN_SILENT:
        if (alive && m->far[e->chan].open && m->far[e->chan].peer == e->from)
            recorder_silent(m->r, e->chan);
        break;
    }
    free(e->b);
    if (m->r && alive)
        follow(o, e->to);
}

static peer_h next_due(const struct overlay_net *o, sim_time *due)
{
    peer_h best = PEER_NONE;
    *due = TIME_NEVER;
    for (peer_h p = 0; p < o->nodes; p++)
        if (o->member[p].r && o->member[p].r->due < *due) {
            *due = o->member[p].r->due;
            best = p;
        }
    return best;
}

void overlay_run(struct overlay_net *o, sim_time until)
{
    for (;;) {
        sim_time due;
        peer_h p = next_due(o, &due);
        if (o->events > 0 && o->event[0].at <= due) {
            if (o->event[0].at > until)
                break;
            struct event e = take(o);
            o->now = e.at;
            happen(o, &e);
        } else {
            if (due > until || p == PEER_NONE)
                break;
            o->now = due > o->now ? due : o->now;
            recorder_run(o->member[p].r, o->now);
            follow(o, p);
        }
    }
    o->now = until;
}

struct overlay_net *overlay_open(const struct overlay *overlay, unsigned nodes, sim_time delay, double loss)
{
    assert(nodes <= NODES_MAX);
    struct overlay_net *o = calloc(1, sizeof *o);
    assert(o);
    *o = (struct overlay_net){.overlay = overlay, .delay = delay, .loss = loss, .nodes = nodes, .member = calloc(nodes, sizeof *o->member)};
    assert(o->member);
    return o;
}

void overlay_close(struct overlay_net *o)
{
    for (peer_h p = 0; p < o->nodes; p++)
        if (o->member[p].r)
            recorder_close(o->member[p].r);
    for (unsigned k = 0; k < o->events; k++)
        free(o->event[k].b);
    free(o->event);
    free(o->member);
    free(o);
}

void overlay_start(struct overlay_net *o, peer_h p, const struct node_opts *opts)
{
    struct member *m = &o->member[p];
    assert(!m->r);
    m->r = recorder_open(o->overlay, p);
    m->life++;
    memset(m->far, 0, sizeof m->far);
    memset(m->facts, 0, sizeof m->facts);
    recorder_set_now(m->r, o->now);
    recorder_start(m->r, opts);
    follow(o, p);
}

void overlay_kill(struct overlay_net *o, peer_h p)
{
    struct member *m = &o->member[p];
    for (chan_h c = 0; c < RECORDER_CHANNELS_MAX; c++)
        if (m->far[c].open)
            schedule(o, (struct event){.at = o->now + SILENT_AFTER, .what = HAPPEN_SILENT, .to = m->far[c].peer, .from = p, .chan = m->far[c].chan,
                                       .to_life = m->far[c].life});
    recorder_close(m->r);
    m->r = NULL;
}

void overlay_cut(struct overlay_net *o, peer_h a, peer_h b, bool cut)
{
    o->cut[a][b] = o->cut[b][a] = cut;
    for (unsigned side = 0; cut && side < 2; side++) {
        peer_h self = side ? b : a, other = side ? a : b;
        const struct member *m = &o->member[self];
        for (chan_h c = 0; m->r && c < RECORDER_CHANNELS_MAX; c++)
            if (m->far[c].open && m->far[c].peer == other)
                schedule(o, (struct event){.at = o->now + SILENT_AFTER, .what = HAPPEN_SILENT, .to = self, .from = other, .chan = c, .to_life = m->life});
    }
}

void overlay_shut(struct overlay_net *o, peer_h p)
{
    o->member[p].closed = true;
}

void overlay_turn(struct overlay_net *o, peer_h p)
{
    o->member[p].hostile = true;
}

void overlay_request(struct overlay_net *o, peer_h p, const struct request *q)
{
    recorder_set_now(o->member[p].r, o->now);
    recorder_request(o->member[p].r, q);
    follow(o, p);
}

bool overlay_answers(const struct overlay_net *o, peer_h p, uint32_t tag, unsigned *values)
{
    for (unsigned k = 0; k < 8; k++)
        if (o->member[p].answer[k].used && o->member[p].answer[k].tag == tag) {
            *values = o->member[p].answer[k].values;
            return true;
        }
    return false;
}

unsigned overlay_facts(const struct overlay_net *o, peer_h p, enum fact what)
{
    return o->member[p].facts[what];
}

void overlay_updates(const struct overlay_net *o, unsigned sent[UPDATE_CAUSES])
{
    memset(sent, 0, UPDATE_CAUSES * sizeof *sent);
    for (unsigned p = 0; p < o->nodes; p++)
        for (unsigned k = 0; k < UPDATE_CAUSES; k++)
            sent[k] += o->member[p].updates[k];
}

sim_time overlay_now(const struct overlay_net *o)
{
    return o->now;
}

struct recorder *overlay_node(struct overlay_net *o, peer_h p)
{
    return o->member[p].r;
}

uint64_t overlay_datagrams(const struct overlay_net *o)
{
    return o->datagrams;
}

/* ---- the right ring ---- */

struct ranked {
    struct id id;
    peer_h peer;
};

static int by_id(const void *a, const void *b)
{
    return id_compare(((const struct ranked *)a)->id, ((const struct ranked *)b)->id);
}

static bool neighbours_right(const struct node_view *v, const struct ranked *ring, unsigned n, unsigned at, const struct overlay *o)
{
    unsigned p = n - 1 < o->predecessors ? n - 1 : o->predecessors, s = n - 1 < o->successors ? n - 1 : o->successors;
    if (v->predecessors != p || v->successors != s)
        return false;
    for (unsigned k = 0; k < p; k++)
        if (v->predecessor[k] != ring[(at + n - 1 - k) % n].peer)
            return false;
    for (unsigned k = 0; k < s; k++)
        if (v->successor[k] != ring[(at + 1 + k) % n].peer)
            return false;
    return true;
}

unsigned overlay_right(struct overlay_net *o, unsigned *joined)
{
    struct ranked ring[NODES_MAX];
    struct node_view v;
    unsigned n = 0, right = 0;
    for (peer_h p = 0; p < o->nodes; p++) {
        struct recorder *r = o->member[p].r;
        if (!r)
            continue;
        node_look(r->node, &r->env, &v);
        if (v.state == NODE_JOINED)
            ring[n++] = (struct ranked){recorder_id(r, p), p};
    }
    qsort(ring, n, sizeof *ring, by_id);
    for (unsigned k = 0; k < n; k++) {
        struct recorder *r = o->member[ring[k].peer].r;
        node_look(r->node, &r->env, &v);
        right += neighbours_right(&v, ring, n, k, o->overlay);
    }
    *joined = n;
    return right;
}

struct overlay overlay_defaults(void)
{
    return (struct overlay){
        .name = "overlay.example.org", .hash = 0x9aa32b8d, .sequence = 22, .initial_ttl = 100, .max_message_size = 5000,
        .reliability_timer = SECONDS(3), .update_interval = SECONDS(600), .ping_interval = SECONDS(3600), .reactive = true,
        .clients_permitted = true, .predecessors = 3, .successors = 3, .rto = RTO_RFC6298, .rto_static = MILLIS(500), .suspect_after = 3,
        .keepalive_interval = SECONDS(15), .silent_after = SECONDS(30), .link_mtu = 1435, .bootstrap_count = 1, .bootstrap = {0},
        .bootstrap_retry = SECONDS(10), .hold_down = SECONDS(30), .crypto = CRYPTO_MODELLED, .certificate_bytes = 816, .signature_bytes = 256,
        .limits = {.links = 1024, .transactions = 256, .queue_messages = 32, .queue_bytes = 262144, .reassembly_bytes = 1u << 19,
                   .stored_bytes = 1u << 20, .block_bytes = 4u << 20}};
}

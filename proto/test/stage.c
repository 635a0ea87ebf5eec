/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/test/stage.h"

#include <assert.h>

void stage_open(struct stage *s, unsigned links)
{
    assert(links + 1 < STAGE_LINKS);
    s->config.rto = RTO_STATIC;
    s->config.reactive = false;
    s->links = links;
    s->acked = 0;
    s->r = recorder_open(&s->config, 0);
    recorder_seed(s->r, &(struct node_seed){.joined_for = SECONDS(100), .next_update = SECONDS(1000), .next_ping = SECONDS(1000)});
    for (unsigned k = 1; k <= links; k++) {
        s->chan[k] = recorder_seed_channel(s->r, k);
        s->sequence[k] = 0;
        node_seed_link(s->r->node, &s->r->env, &(struct seed_link){.chan = s->chan[k], .peer = k, .addr = k, .ready = true});
    }
    recorder_seed_end(s->r);
    stage_forget(s);
}

void stage_close(struct stage *s)
{
    recorder_close(s->r);
}

void stage_forget(struct stage *s)
{
    recorder_forget(s->r);
    s->acked = 0;
}

static void ack_all(struct stage *s)
{
    for (; s->acked < s->r->sents; s->acked++) {
        const struct recorded_datagram *d = &s->r->sent[s->acked];
        struct frame f;
        uint8_t b[FRAME_ACK_BYTES];
        struct writer w = writer_on(b, sizeof b, false);
        if (frame_read(d->b, d->len, d->true_len, &f) || f.type != FRAME_DATA || s->r->channel[d->chan] != RECORDER_UP)
            continue;
        frame_put_ack(&w, f.sequence, 0);
        recorder_receive(s->r, d->chan, ADDR_NONE, b, sizeof b, sizeof b);
    }
}

void stage_run(struct stage *s, sim_time until)
{
    ack_all(s);
    while (s->r->due <= until) {
        recorder_run(s->r, s->r->due > s->r->env.now ? s->r->due : s->r->env.now);
        ack_all(s);
    }
    recorder_run(s->r, until);
}

static struct span destination_of(const struct letter *l, uint8_t *list, size_t cap)
{
    struct writer w = writer_on(list, cap, false);
    if (l->destination.len)
        return l->destination;
    if (l->to_resource)
        destination_put_resource(&w, l->to);
    else
        destination_put_node(&w, l->to);
    return (struct span){list, writer_len(&w)};
}

size_t stage_write(const struct stage *s, const struct letter *l, uint16_t code, const uint8_t *body, uint32_t body_len, uint8_t *out, size_t cap,
                   uint32_t *true_len)
{
    uint8_t payload[STAGE_BYTES_MAX], fixed[12], list[DESTINATION_RESOURCE_BYTES];
    struct writer w = writer_on(payload, sizeof payload, s->config.crypto != CRYPTO_OPENSSL), x = writer_on(fixed, sizeof fixed, false), o = writer_on(out, cap, false);
    struct mark mark = contents_begin(&w, code);
    put_bytes(&w, body, body_len);
    contents_end(&w, mark, l->extension, l->extension ? 1 : 0);
    put_u32(&x, s->config.hash);
    put_u64(&x, l->tid);
    struct piece piece[2] = {{fixed, sizeof fixed}, {payload, writer_len(&w)}};
    struct security security = {.certificates = 1};
    struct piece der = recorder_certificate(s->r, l->signer);
    security.certificate[0] = (struct certificate){.owner = l->signer, .der = {der.b, (uint32_t)der.len}};
    recorder_sign(s->r, l->signer, piece, 2, &security.signature);
    security_put(&w, &security);
    struct header h = {.overlay = s->config.hash, .config_sequence = s->config.sequence, .version = RELO_VERSION, .ttl = l->ttl ? l->ttl : 50,
                       .fragment = l->fragment ? l->fragment : FRAGMENT_WHOLE, .transaction = l->tid, .max_response = l->max_response, .via = l->via,
                       .destination = destination_of(l, list, sizeof list), .options = l->options};
    h.length = header_bytes(&h) + writer_true(&w);
    header_put(&o, &h);
    put_bytes(&o, payload, writer_len(&w));
    assert(o.err == 0 && w.err == 0);
    *true_len = h.length;
    return writer_len(&o);
}

void stage_arrive(struct stage *s, unsigned link, const uint8_t *message, size_t len, size_t true_len)
{
    static uint8_t out[FRAME_DATA_BYTES + STAGE_BYTES_MAX + 4096];
    struct writer o = writer_on(out, sizeof out, false);
    frame_put_data(&o, s->sequence[link]++, (uint32_t)true_len);
    put_bytes(&o, message, len);
    assert(o.err == 0);
    recorder_receive(s->r, s->chan[link], link, out, writer_len(&o), FRAME_DATA_BYTES + true_len);
}

void stage_deliver(struct stage *s, unsigned link, const struct letter *l, uint16_t code, const uint8_t *body, uint32_t body_len)
{
    static uint8_t out[STAGE_BYTES_MAX + 4096];
    uint32_t true_len;
    size_t len = stage_write(s, l, code, body, body_len, out, sizeof out, &true_len);
    stage_arrive(s, link, out, len, true_len);
}

void stage_ping(struct stage *s, unsigned link, const struct letter *l)
{
    stage_deliver(s, link, l, PING_REQ, (const uint8_t[]){0, 0}, 2);
}

void stage_attach(struct stage *s, unsigned link, const struct letter *l, bool send_update)
{
    uint8_t body[128], list[64];
    struct writer w = writer_on(body, sizeof body, false), x = writer_on(list, sizeof list, false);
    struct ip_port at = {.ip = {16, 0, 0, (uint8_t)l->signer}, .port = 6084, .version = 4};
    candidate_put(&x, &(struct candidate){.addr = {.type = 1, .addr = at}, .overlay_link = LINK_DTLS_UDP_SR_NO_ICE,
                                          .foundation = {(const uint8_t *)"1", 1}, .type = CANDIDATE_HOST});
    attach_put(&w, &(struct attach){.role = {(const uint8_t *)"passive", 7}, .candidates = {list, writer_len(&x)}, .send_update = send_update});
    stage_deliver(s, link, l, ATTACH_REQ, body, writer_len(&w));
}

static struct span ids_of(const struct stage *s, uint8_t *b, size_t cap, const peer_h *peer, unsigned n)
{
    struct writer w = writer_on(b, cap, false);
    for (unsigned k = 0; k < n; k++)
        put_id(&w, recorder_id(s->r, peer[k]));
    return (struct span){b, writer_len(&w)};
}

void stage_update(struct stage *s, unsigned link, const struct letter *l, const peer_h *predecessor, unsigned p, const peer_h *successor, unsigned n)
{
    uint8_t body[4096], before[1024], after[1024];
    struct writer w = writer_on(body, sizeof body, false);
    update_req_put(&w, &(struct update_req){.uptime_s = 1000, .type = UPDATE_NEIGHBORS, .predecessors = ids_of(s, before, sizeof before, predecessor, p),
                                            .successors = ids_of(s, after, sizeof after, successor, n)});
    stage_deliver(s, link, l, UPDATE_REQ, body, writer_len(&w));
}

unsigned stage_sent(const struct stage *s, uint16_t code, struct sent *last)
{
    unsigned n = 0;
    for (unsigned k = 0; k < s->r->sents; k++) {
        const struct recorded_datagram *d = &s->r->sent[k];
        struct frame f;
        struct message m;
        if (frame_read(d->b, d->len, d->true_len, &f) || f.type != FRAME_DATA || message_read(f.message.b, f.message.len, true, &m) || m.code != code)
            continue;
        n++;
        if (last)
            *last = (struct sent){.chan = d->chan, .message = m, .true_len = f.message_true};
    }
    return n;
}

peer_h stage_destination(const struct stage *s, const struct header *h, unsigned entry)
{
    struct reader r = reader_on(h->destination.b, h->destination.len, false);
    struct destination d = {0};
    for (unsigned k = 0; k <= entry; k++)
        if (destination_read(&r, &d))
            return PEER_NONE;
    return d.type == DESTINATION_NODE ? recorder_peer(s->r, d.id) : PEER_NONE;
}

unsigned stage_dropped(const struct stage *s, int reason)
{
    unsigned n = 0;
    for (unsigned k = 0; k < s->r->facts; k++)
        n += s->r->fact[k].what == FACT_DROPPED && s->r->fact[k].a == (uint64_t)(int64_t)reason;
    return n;
}

uint16_t stage_error(const struct sent *sent)
{
    struct error_body e;
    return error_read(sent->message.body, &e) ? 0 : e.code;
}

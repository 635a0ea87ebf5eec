/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/reload/ping.h"

#include "proto/chord/chord.h"
#include "proto/chord/tuning.h"
#include "proto/reload/diagnostic.h"
#include "proto/store/store.h"

void ping_request(struct call *c, const struct origin *from, const struct message *m)
{
    struct ping_ans a = {.time_ms = c->env->unix_ms};
    uint8_t diagnostics[DIAGNOSTIC_BYTES];
    bool asked = false;
    uint16_t error = m->extensions.len ? diagnostic_extension(c, from, m, diagnostics, &asked) : 0;
    if (error) {
        answer_error(c, from, error, NULL, 0);
        return;
    }
    c->env->port->random(c->env, RANDOM_PING, c->n->draws++, &a.response_id, sizeof a.response_id);
    struct draft d;
    draft_begin(c, &d, PING_ANS);
    d.extended = asked;
    d.extension = (struct extension){.type = EXTENSION_DIAGNOSTIC_PING, .contents = {diagnostics, asked ? DIAGNOSTIC_BYTES : 0}};
    ping_ans_put(&d.w, &a);
    answer_send(c, from, &d, false);
}

int ping_send(struct call *c, enum purpose purpose, uint32_t aux, peer_h peer, const struct route *route, bool bound)
{
    struct draft d;
    draft_begin(c, &d, PING_REQ);
    ping_req_put(&d.w, &(struct ping_req){.padding = {NULL, 0}});
    return request_send(c, &d, route, &(struct errand){.purpose = purpose, .aux = aux, .peer = peer, .bound = bound});
}

static void probe_put(struct call *c, struct writer *w, uint8_t type)
{
    uint8_t b[4];
    struct writer v = writer_on(b, sizeof b, false);
    if (type == PROBE_RESPONSIBLE_SET)
        put_u32(&v, chord_responsible_ppb(c));
    else if (type == PROBE_NUM_RESOURCES)
        put_u32(&v, store_resources(c));
    else if (type == PROBE_UPTIME)
        put_u32(&v, (uint32_t)((c->env->now - c->n->started) / SECONDS(1)));
    else
        return;
    probe_info_put(w, &(struct probe_info){.type = type, .value = {b, sizeof b}});
}

void probe_request(struct call *c, const struct origin *from, const struct message *m)
{
    struct probe_req q;
    uint8_t list[256 * 6];
    struct writer w = writer_on(list, sizeof list, false);
    if (probe_req_read(m->body, &q)) {
        answer_error(c, from, ERROR_INVALID_MESSAGE, NULL, 0);
        return;
    }
    for (uint32_t i = 0; i < q.types.len; i++)
        probe_put(c, &w, q.types.b[i]);
    tuning_sample(c, m);
    struct draft d;
    draft_begin(c, &d, PROBE_ANS);
    d.extended = tuning_extension(c, &d.extension, d.extension_contents);
    probe_ans_put(&d.w, &(struct probe_ans){.infos = {list, writer_len(&w)}});
    answer_send(c, from, &d, false);
}

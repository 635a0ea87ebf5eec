/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/reload/diagnostic.h"

#include "proto/reload/topology.h"
#include "proto/reload/transaction.h"

#define EXPIRES_IN_MS UINT64_C(600000) /* 5.1, 5.2: between 1 and 600 s */

static uint16_t diagnostics_check(const struct call *c, const struct diagnostics_req *q)
{
    if (q->expiration_ms <= c->env->unix_ms)
        return ERROR_MESSAGE_EXPIRED;
    if (q->expiration_ms - c->env->unix_ms > EXPIRES_IN_MS) /* such a request could be replayed for ever */
        return ERROR_INVALID_MESSAGE;
    return q->flags || q->extensions.len ? ERROR_FORBIDDEN : 0;
}

static struct diagnostics_ans diagnostics_of(const struct call *c, const struct origin *from, const struct diagnostics_req *q)
{
    return (struct diagnostics_ans){.expiration_ms = c->env->unix_ms + EXPIRES_IN_MS, .initiated_ms = q->initiated_ms, .received_ms = c->env->unix_ms,
                                    .hop_counter = from->ttl};
}

void path_track_request(struct call *c, const struct origin *from, const struct message *m)
{
    struct path_track_req q;
    uint16_t error = path_track_req_read(m->body, &q) ? ERROR_INVALID_MESSAGE : diagnostics_check(c, &q.request);
    struct id next = {0, 0};
    if (!error)
        error = topology_next_peer(c, &q.destination, &next);
    if (error) {
        answer_error(c, from, error, NULL, 0);
        return;
    }
    struct draft d;
    draft_begin(c, &d, PATH_TRACK_ANS);
    path_track_ans_put(&d.w, &(struct path_track_ans){.next_hop = {.type = DESTINATION_NODE, .id = next}, .response = diagnostics_of(c, from, &q.request)});
    answer_send(c, from, &d, false);
}

uint16_t diagnostic_extension(struct call *c, const struct origin *from, const struct message *m, uint8_t b[DIAGNOSTIC_BYTES], bool *there)
{
    struct reader each = reader_on(m->extensions.b, m->extensions.len, false);
    struct extension x;
    struct diagnostics_req q;
    *there = false;
    while (reader_left(&each) > 0 && extension_read(&each, &x) == 0) {
        if (x.type != EXTENSION_DIAGNOSTIC_PING)
            continue;
        *there = true;
        if (diagnostics_req_read(reader_on(x.contents.b, x.contents.len, false), &q))
            return ERROR_INVALID_MESSAGE;
        uint16_t error = diagnostics_check(c, &q);
        if (error)
            return error;
        struct diagnostics_ans a = diagnostics_of(c, from, &q);
        struct writer w = writer_on(b, DIAGNOSTIC_BYTES, false);
        diagnostics_ans_put(&w, &a);
        assert(w.err == 0 && writer_len(&w) == DIAGNOSTIC_BYTES);
        return 0;
    }
    return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What builds and keeps the ring: Join, Leave, Update, RouteQuery (RFC 6940 6.4.2, 10.7, 10.8, 10.9) and ConfigUpdate (6.5.4). */
#include "proto/wire/body.h"

int join_req_read(struct reader r, struct join_req *x)
{
    x->peer = get_id(&r);
    x->data = get_vector(&r, 2);
    return body_done(&r);
}

void join_req_put(struct writer *w, const struct join_req *x)
{
    put_id(w, x->peer);
    put_vector_span(w, 2, x->data);
}

int join_ans_read(struct reader r, struct join_ans *x)
{
    x->data = get_vector(&r, 2);
    return body_done(&r);
}

void join_ans_put(struct writer *w, const struct join_ans *x)
{
    put_vector_span(w, 2, x->data);
}

int leave_req_read(struct reader r, struct leave_req *x)
{
    x->peer = get_id(&r);
    x->data = get_vector(&r, 2);
    return body_done(&r);
}

void leave_req_put(struct writer *w, const struct leave_req *x)
{
    put_id(w, x->peer);
    put_vector_span(w, 2, x->data);
}

int chord_leave_read(struct span data, struct chord_leave_data *x)
{
    struct reader r = reader_on(data.b, data.len, false);

    x->type = get_u8(&r);
    if (x->type != LEAVE_FROM_SUCC && x->type != LEAVE_FROM_PRED)
        reader_fail(&r, ERR_UNKNOWN);
    x->peers = get_ids(&r, 2);
    return body_done(&r);
}

void chord_leave_put(struct writer *w, const struct chord_leave_data *x)
{
    put_u8(w, x->type);
    put_vector_span(w, 2, x->peers);
}

int update_req_read(struct reader r, struct update_req *x)
{
    static const struct span none = {NULL, 0};

    x->uptime_s = get_u32(&r);
    x->type = get_u8(&r);
    x->predecessors = x->successors = x->fingers = none;
    switch (x->type) {
    case UPDATE_PEER_READY:
        break;
    case UPDATE_NEIGHBORS:
        x->predecessors = get_ids(&r, 2);
        x->successors = get_ids(&r, 2);
        break;
    case UPDATE_FULL:
        x->predecessors = get_ids(&r, 2);
        x->successors = get_ids(&r, 2);
        x->fingers = get_ids(&r, 2);
        break;
    default:
        reader_fail(&r, ERR_UNKNOWN);
        break;
    }
    return body_done(&r);
}

void update_req_put(struct writer *w, const struct update_req *x)
{
    put_u32(w, x->uptime_s);
    put_u8(w, x->type);
    if (x->type == UPDATE_PEER_READY)
        return;
    put_vector_span(w, 2, x->predecessors);
    put_vector_span(w, 2, x->successors);
    if (x->type == UPDATE_FULL)
        put_vector_span(w, 2, x->fingers);
}

int route_query_req_read(struct reader r, struct route_query_req *x)
{
    x->send_update = get_bool(&r);
    destination_read(&r, &x->destination);
    x->data = get_vector(&r, 2);
    return body_done(&r);
}

void route_query_req_put(struct writer *w, const struct route_query_req *x)
{
    put_u8(w, x->send_update);
    destination_put(w, &x->destination);
    put_vector_span(w, 2, x->data);
}

int route_query_ans_read(struct reader r, struct route_query_ans *x)
{
    x->next_peer = get_id(&r);
    return body_done(&r);
}

void route_query_ans_put(struct writer *w, const struct route_query_ans *x)
{
    put_id(w, x->next_peer);
}

static void kind_descriptions_check(struct reader *r, struct span list)
{
    struct reader each = reader_on(list.b, list.len, false);
    while (reader_left(&each))
        get_vector(&each, 2);
    if (each.err)
        reader_fail(r, each.err);
}

/* The type's own length encloses a vector with a length of its own; an unknown type is skipped by the former and kept raw. */
int config_update_req_read(struct reader r, struct config_update_req *x)
{
    uint32_t length;

    x->type = get_u8(&r);
    length = get_u32(&r);
    if (x->type != CONFIG_UPDATE_CONFIG && x->type != CONFIG_UPDATE_KIND) {
        x->data = get_bytes(&r, length);
        return body_done(&r);
    }
    x->data = get_vector(&r, 3);
    if (!r.err && length != x->data.len + 3)
        reader_fail(&r, ERR_LENGTH);
    if (x->type == CONFIG_UPDATE_KIND)
        kind_descriptions_check(&r, x->data);
    return body_done(&r);
}

void config_update_req_put(struct writer *w, const struct config_update_req *x)
{
    put_u8(w, x->type);
    if (x->type != CONFIG_UPDATE_CONFIG && x->type != CONFIG_UPDATE_KIND) {
        put_vector_span(w, 4, x->data);
        return;
    }
    put_u32(w, x->data.len + 3);
    put_vector_span(w, 3, x->data);
}

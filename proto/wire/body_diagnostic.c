/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Diagnostics (RFC 7851): what is asked and told (5.1, 5.2), in a PathTrack (4.3.1) or in an extension of a Ping (4.2). */
#include "proto/wire/body.h"

/* ext_length says how long the list is, and the list says so again. */
static struct span get_list(struct reader *r, unsigned width)
{
    uint32_t length = get_u32(r);
    struct span list = get_vector(r, 4);
    if (!r->err && length != list.len)
        reader_fail(r, ERR_LENGTH);
    struct reader each = reader_on(list.b, list.len, false);
    while (reader_left(&each)) {
        get_u16(&each); /* kind */
        get_vector(&each, width);
    }
    if (each.err)
        reader_fail(r, each.err);
    return list;
}

static void put_list(struct writer *w, struct span list)
{
    put_u32(w, list.len);
    put_vector_span(w, 4, list);
}

static void diagnostics_req_get(struct reader *r, struct diagnostics_req *x)
{
    x->expiration_ms = get_u64(r);
    x->initiated_ms = get_u64(r);
    x->flags = get_u64(r);
    x->extensions = get_list(r, 4);
}

static void diagnostics_ans_get(struct reader *r, struct diagnostics_ans *x)
{
    x->expiration_ms = get_u64(r);
    x->initiated_ms = get_u64(r);
    x->received_ms = get_u64(r);
    x->hop_counter = get_u8(r);
    x->infos = get_list(r, 2);
}

int diagnostics_req_read(struct reader r, struct diagnostics_req *x)
{
    diagnostics_req_get(&r, x);
    return body_done(&r);
}

void diagnostics_req_put(struct writer *w, const struct diagnostics_req *x)
{
    put_u64(w, x->expiration_ms);
    put_u64(w, x->initiated_ms);
    put_u64(w, x->flags);
    put_list(w, x->extensions);
}

int diagnostics_ans_read(struct reader r, struct diagnostics_ans *x)
{
    diagnostics_ans_get(&r, x);
    return body_done(&r);
}

void diagnostics_ans_put(struct writer *w, const struct diagnostics_ans *x)
{
    put_u64(w, x->expiration_ms);
    put_u64(w, x->initiated_ms);
    put_u64(w, x->received_ms);
    put_u8(w, x->hop_counter);
    put_list(w, x->infos);
}

int path_track_req_read(struct reader r, struct path_track_req *x)
{
    destination_read(&r, &x->destination);
    diagnostics_req_get(&r, &x->request);
    return body_done(&r);
}

void path_track_req_put(struct writer *w, const struct path_track_req *x)
{
    destination_put(w, &x->destination);
    diagnostics_req_put(w, &x->request);
}

int path_track_ans_read(struct reader r, struct path_track_ans *x)
{
    destination_read(&r, &x->next_hop);
    diagnostics_ans_get(&r, &x->response);
    return body_done(&r);
}

void path_track_ans_put(struct writer *w, const struct path_track_ans *x)
{
    destination_put(w, &x->next_hop);
    diagnostics_ans_put(w, &x->response);
}

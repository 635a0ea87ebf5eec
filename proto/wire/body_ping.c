/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ping (RFC 6940 6.5.3), Probe (6.4.2.5) and the error body (6.3.3.1). */
#include "proto/wire/body.h"

int ping_req_read(struct reader r, struct ping_req *x)
{
    x->padding = get_vector(&r, 2);
    return body_done(&r);
}

void ping_req_put(struct writer *w, const struct ping_req *x)
{
    put_vector_span(w, 2, x->padding);
}

int ping_ans_read(struct reader r, struct ping_ans *x)
{
    x->response_id = get_u64(&r);
    x->time_ms = get_u64(&r);
    return body_done(&r);
}

void ping_ans_put(struct writer *w, const struct ping_ans *x)
{
    put_u64(w, x->response_id);
    put_u64(w, x->time_ms);
}

int probe_req_read(struct reader r, struct probe_req *x)
{
    x->types = get_vector(&r, 1);
    return body_done(&r);
}

void probe_req_put(struct writer *w, const struct probe_req *x)
{
    put_vector_span(w, 1, x->types);
}

int probe_ans_read(struct reader r, struct probe_ans *x)
{
    x->infos = get_vector(&r, 2);
    return body_done(&r);
}

void probe_ans_put(struct writer *w, const struct probe_ans *x)
{
    put_vector_span(w, 2, x->infos);
}

int probe_info_read(struct reader *r, struct probe_info *x)
{
    x->type = get_u8(r);
    x->value = get_vector(r, 1);
    /* responsible_ppb, num_resources and uptime are uint32; other types are skipped by their length. */
    if (!r->err && x->type >= PROBE_RESPONSIBLE_SET && x->type <= PROBE_UPTIME && x->value.len != 4)
        reader_fail(r, ERR_LENGTH);
    return r->err;
}

void probe_info_put(struct writer *w, const struct probe_info *x)
{
    put_u8(w, x->type);
    put_vector_span(w, 1, x->value);
}

int probe_ans_check(struct reader r)
{
    struct probe_ans x;
    struct probe_info info;
    struct reader list;
    int err = probe_ans_read(r, &x);

    if (err)
        return err;
    list = reader_on(x.infos.b, x.infos.len, false);
    while (reader_left(&list))
        probe_info_read(&list, &info);
    return list.err;
}

int error_read(struct reader r, struct error_body *x)
{
    x->code = get_u16(&r);
    x->info = get_vector(&r, 2);
    return body_done(&r);
}

void error_put(struct writer *w, const struct error_body *x)
{
    put_u16(w, x->code);
    put_vector_span(w, 2, x->info);
}

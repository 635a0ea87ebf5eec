/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/wire/rewrite.h"

#include "proto/wire/body.h"
#include "proto/wire/frame.h"

static struct reader reader_of(struct span s)
{
    return reader_on(s.b, s.len, false);
}

/* Lists of the header are written into the vector of the header by their own writers, so its length fields come from the entries. */

static void destinations(struct writer *w, struct span list)
{
    struct reader r = reader_of(list);
    struct destination d;

    while (reader_left(&r) && !destination_read(&r, &d))
        destination_put(w, &d);
    if (r.err)
        writer_fail(w, r.err);
}

static void options(struct writer *w, struct span list)
{
    struct reader r = reader_of(list);
    struct forwarding_option o;

    while (reader_left(&r) && !option_read(&r, &o))
        option_put(w, &o);
    if (r.err)
        writer_fail(w, r.err);
}

static void header(struct writer *w, const struct header *h)
{
    struct header fixed = *h;
    uint32_t at = writer_len(w), via, destination;
    uint8_t *lengths;

    fixed.via = fixed.destination = fixed.options = (struct span){NULL, 0};
    header_put(w, &fixed);
    destinations(w, h->via);
    via = writer_len(w);
    destinations(w, h->destination);
    destination = writer_len(w);
    options(w, h->options);
    if (w->err)
        return;
    lengths = w->start + at + HEADER_FIXED_BYTES - 6;
    store_be16(lengths, (uint16_t)(via - at - HEADER_FIXED_BYTES));
    store_be16(lengths + 2, (uint16_t)(destination - via));
    store_be16(lengths + 4, (uint16_t)(writer_len(w) - destination));
}

/* ---- bodies: each reads the whole body r and writes it ---- */

/* For bodies without inner structure: read, then write. */
#define PLAIN_BODY(name)                                       \
    static int name##_body(struct writer *w, struct reader r)  \
    {                                                          \
        struct name x;                                         \
        int err = name##_read(r, &x);                          \
        if (!err)                                              \
            name##_put(w, &x);                                 \
        return err;                                            \
    }

PLAIN_BODY(ping_req)
PLAIN_BODY(ping_ans)
PLAIN_BODY(probe_req)
PLAIN_BODY(join_req)
PLAIN_BODY(join_ans)
PLAIN_BODY(update_req)
PLAIN_BODY(route_query_req)
PLAIN_BODY(route_query_ans)
PLAIN_BODY(find_req)
PLAIN_BODY(path_track_req)
PLAIN_BODY(path_track_ans)

static int leave_req_body(struct writer *w, struct reader r)
{
    struct leave_req x;
    struct chord_leave_data chord;
    struct mark m;
    int err = leave_req_read(r, &x);

    if (err)
        return err;
    if (chord_leave_read(x.data, &chord)) { /* empty, or of another topology plug-in */
        leave_req_put(w, &x);
        return 0;
    }
    put_id(w, x.peer);
    m = put_open(w, 2);
    chord_leave_put(w, &chord);
    put_close(w, 2, m);
    return 0;
}

static int probe_ans_body(struct writer *w, struct reader r)
{
    struct probe_ans x;
    struct probe_info info;
    struct reader each;
    struct mark m;
    int err = probe_ans_read(r, &x);

    if (err)
        return err;
    m = put_open(w, 2);
    for (each = reader_of(x.infos); reader_left(&each) && !probe_info_read(&each, &info);)
        probe_info_put(w, &info);
    put_close(w, 2, m);
    return each.err;
}

static int candidates(struct writer *w, struct span list)
{
    struct reader r = reader_of(list);
    struct candidate c;
    struct mark m = put_open(w, 2);

    while (reader_left(&r) && !candidate_read(&r, &c))
        candidate_put(w, &c);
    put_close(w, 2, m);
    return r.err;
}

static int attach_body(struct writer *w, struct reader r)
{
    struct attach x;
    int err = attach_read(r, &x);

    if (err)
        return err;
    put_vector_span(w, 1, x.ufrag);
    put_vector_span(w, 1, x.password);
    put_vector_span(w, 1, x.role);
    err = candidates(w, x.candidates);
    put_u8(w, x.send_update);
    return err;
}

static int app_attach_body(struct writer *w, struct reader r)
{
    struct attach x;
    int err = app_attach_read(r, &x);

    if (err)
        return err;
    put_vector_span(w, 1, x.ufrag);
    put_vector_span(w, 1, x.password);
    put_u16(w, x.application);
    put_vector_span(w, 1, x.role);
    return candidates(w, x.candidates);
}

static int config_update_req_body(struct writer *w, struct reader r)
{
    struct config_update_req x;
    struct reader each;
    struct mark length, kinds;
    int err = config_update_req_read(r, &x);

    if (err || x.type != CONFIG_UPDATE_KIND) {
        if (!err)
            config_update_req_put(w, &x);
        return err;
    }
    put_u8(w, x.type);
    length = put_open(w, 4);
    kinds = put_open(w, 3);
    for (each = reader_of(x.data); reader_left(&each);)
        put_vector_span(w, 2, get_vector(&each, 2));
    put_close(w, 3, kinds);
    put_close(w, 4, length);
    return each.err;
}

/* error_info is a structure for one code (RFC 6940 7.4.1.3): a StoreAns. Unknown_Kind holds KindIds, which have no inner lengths. */
static int error_body(struct writer *w, struct reader r)
{
    struct error_body x;
    int err = error_read(r, &x);
    if (!err)
        error_put(w, &x);
    return err;
}

static void store_kinds(struct writer *w, struct reader *r, uint32_t end)
{
    struct kind_data k;
    struct stored_data d;

    while (r->true_pos < end && !kind_data_next(r, &k)) {
        struct mark m = kind_data_open(w, k.kind, k.generation);
        while (r->true_pos < k.values_end && !stored_data_read(r, k.kind, &d))
            stored_data_put(w, &d);
        kind_data_close(w, m);
    }
}

static int store_req_body(struct writer *w, struct reader r)
{
    struct store_req x;
    struct mark m;

    if (store_req_begin(&r, &x))
        return r.err;
    put_vector_span(w, 1, x.resource);
    put_u8(w, x.replica);
    m = put_open(w, 4);
    store_kinds(w, &r, x.end);
    put_close(w, 4, m);
    return body_done(&r);
}

static int fetch_ans_body(struct writer *w, struct reader r)
{
    uint32_t end;
    struct mark m;

    if (fetch_ans_begin(&r, &end))
        return r.err;
    m = fetch_ans_open(w);
    store_kinds(w, &r, end);
    put_close(w, 4, m);
    return body_done(&r);
}

static int store_ans_body(struct writer *w, struct reader r)
{
    struct list_body x;
    struct store_response response;
    struct reader each;
    struct mark m;
    int err = store_ans_read(r, &x);

    if (err)
        return err;
    m = store_ans_open(w);
    for (each = reader_of(x.items); reader_left(&each) && !store_response_read(&each, &response);)
        store_response_put(w, &response);
    put_close(w, 2, m);
    return each.err;
}

static void model_specifier(struct writer *w, const struct specifier *s)
{
    struct span keys;
    struct reader each;
    struct mark specifier, list;

    if (kind_model(s->kind) != MODEL_DICTIONARY || dictionary_keys_read(s->model_specifier, &keys)) {
        specifier_put(w, s);
        return;
    }
    put_u32(w, s->kind);
    put_u64(w, s->generation);
    specifier = put_open(w, 2);
    list = put_open(w, 2);
    for (each = reader_of(keys); reader_left(&each);)
        put_vector_span(w, 2, get_vector(&each, 2));
    put_close(w, 2, list);
    put_close(w, 2, specifier);
}

static int fetch_req_body(struct writer *w, struct reader r)
{
    struct fetch_req x;
    struct specifier s;
    struct reader each;
    struct mark m;
    int err = fetch_req_read(r, &x);

    if (err)
        return err;
    put_vector_span(w, 1, x.resource);
    m = put_open(w, 2);
    for (each = reader_of(x.specifiers); reader_left(&each) && !specifier_read(&each, &s);)
        model_specifier(w, &s);
    put_close(w, 2, m);
    return each.err;
}

static int stat_ans_body(struct writer *w, struct reader r)
{
    uint32_t end;
    struct kind_data k;
    struct metadata d;
    struct mark all;

    if (fetch_ans_begin(&r, &end))
        return r.err;
    all = fetch_ans_open(w);
    while (r.true_pos < end && !kind_data_next(&r, &k)) {
        struct mark m = kind_data_open(w, k.kind, k.generation);
        while (r.true_pos < k.values_end && !metadata_read(&r, kind_model(k.kind), &d))
            metadata_put(w, &d);
        kind_data_close(w, m);
    }
    put_close(w, 4, all);
    return body_done(&r);
}

static int find_ans_body(struct writer *w, struct reader r)
{
    struct list_body x;
    struct find_result result;
    struct reader each;
    struct mark m;
    int err = find_ans_read(r, &x);

    if (err)
        return err;
    m = find_ans_open(w);
    for (each = reader_of(x.items); reader_left(&each) && !find_result_read(&each, &result);)
        find_result_put(w, &result);
    put_close(w, 2, m);
    return each.err;
}

/* Empty bodies, and those that we keep opaque. */
static int opaque_body(struct writer *w, struct reader r)
{
    put_bytes(w, r.p, reader_left(&r));
    return r.err;
}

static int body(struct writer *w, uint16_t code, struct reader r)
{
    switch ((enum message_code)code) {
    case PROBE_REQ: return probe_req_body(w, r);
    case PROBE_ANS: return probe_ans_body(w, r);
    case ATTACH_REQ: case ATTACH_ANS: return attach_body(w, r);
    case STORE_REQ: return store_req_body(w, r);
    case STORE_ANS: return store_ans_body(w, r);
    case FETCH_REQ: case STAT_REQ: return fetch_req_body(w, r);
    case FETCH_ANS: return fetch_ans_body(w, r);
    case FIND_REQ: return find_req_body(w, r);
    case FIND_ANS: return find_ans_body(w, r);
    case JOIN_REQ: return join_req_body(w, r);
    case JOIN_ANS: return join_ans_body(w, r);
    case LEAVE_REQ: return leave_req_body(w, r);
    case UPDATE_REQ: return update_req_body(w, r);
    case ROUTE_QUERY_REQ: return route_query_req_body(w, r);
    case ROUTE_QUERY_ANS: return route_query_ans_body(w, r);
    case PING_REQ: return ping_req_body(w, r);
    case PING_ANS: return ping_ans_body(w, r);
    case STAT_ANS: return stat_ans_body(w, r);
    case APP_ATTACH_REQ: case APP_ATTACH_ANS: return app_attach_body(w, r);
    case CONFIG_UPDATE_REQ: return config_update_req_body(w, r);
    case MESSAGE_ERROR: return error_body(w, r);
    case PATH_TRACK_REQ: return path_track_req_body(w, r);
    case PATH_TRACK_ANS: return path_track_ans_body(w, r);
    case LEAVE_ANS: case UPDATE_ANS: case CONFIG_UPDATE_ANS:
    case EXP_A_REQ: case EXP_A_ANS: case EXP_B_REQ: case EXP_B_ANS:
        break;
    }
    return opaque_body(w, r);
}

int rewrite_message(struct writer *w, const struct message *m)
{
    struct reader each = reader_of(m->extensions);
    struct extension x;
    struct mark mark;
    int err;

    header(w, &m->header);
    mark = contents_begin(w, m->code);
    err = body(w, m->code, m->body);
    put_close(w, 4, mark);
    mark = put_open(w, 4);
    while (reader_left(&each) && !extension_read(&each, &x))
        extension_put(w, &x);
    put_close(w, 4, mark);
    security_put(w, &m->security);
    return err ? err : each.err ? each.err : w->err;
}

int rewrite_fragment(struct writer *w, const struct header *h, struct reader payload)
{
    header(w, h);
    put_bytes(w, payload.p, reader_left(&payload));
    return w->err;
}

int rewrite_frame(struct writer *w, const uint8_t *b, size_t len)
{
    struct frame f;
    struct header h;
    struct message m;
    struct reader r;
    int err = frame_read(b, len, len, &f);

    if (err)
        return err;
    if (f.type == FRAME_ACK) {
        frame_put_ack(w, f.sequence, f.received);
        return w->err;
    }
    frame_put_data(w, f.sequence, f.message_true);
    r = reader_on(f.message.b, f.message.len, false);
    if (header_read(&r, &h))
        return r.err;
    if (h.length != f.message.len)
        return ERR_LENGTH;
    if (!header_is_whole(&h))
        return rewrite_fragment(w, &h, r);
    err = message_read(f.message.b, f.message.len, false, &m);
    return err ? err : rewrite_message(w, &m);
}

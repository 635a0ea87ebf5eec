/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking for stored values: Fetch and Stat requests, the answer to Stat, Find (RFC 6940 7.4.2 to 7.4.4). */
#include "proto/wire/body.h"

enum { KIND_ID_BYTES = 4 };

/* StoredDataSpecifier by the Kind's data model: nothing, array ranges, or dictionary keys. */
static inline int model_specifier_check(uint32_t kind, struct span s)
{
    struct span list;

    switch (kind_model(kind)) {
    case MODEL_SINGLE:
        return s.len ? ERR_LENGTH : 0;
    case MODEL_ARRAY:
        return array_ranges_read(s, &list);
    case MODEL_DICTIONARY:
        if (s.len == 2 && load_be16(s.b) == 0) /* all keys: what nearly every Fetch asks for */
            return 0;
        return dictionary_keys_read(s, &list);
    case MODEL_UNKNOWN:
        break;
    }
    return 0;
}

int dictionary_keys_read(struct span model_specifier, struct span *keys)
{
    struct reader r = reader_on(model_specifier.b, model_specifier.len, false), each;

    *keys = get_vector(&r, 2);
    each = reader_on(keys->b, keys->len, false);
    while (reader_left(&each))
        get_vector(&each, 2);
    if (each.err)
        reader_fail(&r, each.err);
    return body_done(&r);
}

int array_ranges_read(struct span model_specifier, struct span *ranges)
{
    struct reader r = reader_on(model_specifier.b, model_specifier.len, false);

    *ranges = get_entries(&r, 2, ARRAY_RANGE_BYTES);
    return body_done(&r);
}

struct array_range array_range_at(struct span ranges, uint32_t i)
{
    const uint8_t *b = ranges.b + (size_t)i * ARRAY_RANGE_BYTES;
    return (struct array_range){load_be32(b), load_be32(b + 4)};
}

static inline void specifier_get(struct reader *r, struct specifier *x)
{
    int err;

    x->kind = get_u32(r);
    x->generation = get_u64(r);
    x->model_specifier = get_vector(r, 2);
    err = r->err ? r->err : model_specifier_check(x->kind, x->model_specifier);
    if (err)
        reader_fail(r, err);
}

int specifier_read(struct reader *r, struct specifier *x)
{
    specifier_get(r, x);
    return r->err;
}

void specifier_put(struct writer *w, const struct specifier *x)
{
    put_u32(w, x->kind);
    put_u64(w, x->generation);
    put_vector_span(w, 2, x->model_specifier);
}

int fetch_req_read(struct reader r, struct fetch_req *x)
{
    struct reader each;
    struct specifier s;

    x->resource = get_vector(&r, 1);
    x->specifiers = get_vector(&r, 2);
    each = reader_on(x->specifiers.b, x->specifiers.len, false);
    while (reader_left(&each))
        specifier_get(&each, &s);
    return each.err ? each.err : body_done(&r);
}

struct mark fetch_req_open(struct writer *w, struct id resource)
{
    put_u8(w, ID_BYTES);
    put_id(w, resource);
    return put_open(w, 2);
}

/* StoredMetaData: its first length stands for StoredData.length, the one inside MetaData for the length of the value (RFC 6940 7.4.3.2
 * uses value_length for both; see README). */
int metadata_read(struct reader *r, enum data_model model, struct metadata *m)
{
    uint32_t end;

    *m = (struct metadata){.model = model};
    end = vector_begin(r, 4);
    m->value_length = end - r->true_pos;
    m->storage_time_ms = get_u64(r);
    m->lifetime_s = get_u32(r);
    if (model == MODEL_UNKNOWN) {
        if (r->true_pos > end)
            reader_fail(r, ERR_LENGTH);
        m->raw = get_bytes(r, end - r->true_pos);
        return r->err;
    }
    if (model == MODEL_ARRAY)
        m->index = get_u32(r);
    else if (model == MODEL_DICTIONARY)
        m->key = get_vector(r, 2);
    m->exists = get_bool(r);
    m->data_length = get_u32(r);
    m->hash_algorithm = get_u8(r);
    m->hash = get_vector(r, 1);
    vector_end(r, end);
    return r->err;
}

void metadata_put(struct writer *w, const struct metadata *m)
{
    struct mark mark = put_open(w, 4);

    put_u64(w, m->storage_time_ms);
    put_u32(w, m->lifetime_s);
    if (m->model == MODEL_UNKNOWN) {
        put_span(w, m->raw);
    } else {
        if (m->model == MODEL_ARRAY)
            put_u32(w, m->index);
        else if (m->model == MODEL_DICTIONARY)
            put_vector_span(w, 2, m->key);
        put_u8(w, m->exists);
        put_u32(w, m->data_length);
        put_u8(w, m->hash_algorithm);
        put_vector_span(w, 1, m->hash);
    }
    put_close(w, 4, mark);
}

int stat_ans_check(struct reader r)
{
    uint32_t end;
    struct kind_data k;
    struct metadata m;

    fetch_ans_begin(&r, &end);
    while (r.true_pos < end) {
        kind_data_next(&r, &k);
        while (r.true_pos < k.values_end)
            metadata_read(&r, kind_model(k.kind), &m);
        vector_end(&r, k.values_end);
    }
    vector_end(&r, end);
    return body_done(&r);
}

int find_req_read(struct reader r, struct find_req *x)
{
    x->resource = get_vector(&r, 1);
    x->kinds = get_entries(&r, 1, KIND_ID_BYTES);
    return body_done(&r);
}

void find_req_put(struct writer *w, const struct find_req *x)
{
    put_vector_span(w, 1, x->resource);
    put_vector_span(w, 1, x->kinds);
}

int find_ans_read(struct reader r, struct list_body *x)
{
    x->items = get_vector(&r, 2);
    return body_done(&r);
}

struct mark find_ans_open(struct writer *w)
{
    return put_open(w, 2);
}

int find_result_read(struct reader *r, struct find_result *x)
{
    x->kind = get_u32(r);
    x->closest = get_vector(r, 1);
    return r->err;
}

void find_result_put(struct writer *w, const struct find_result *x)
{
    put_u32(w, x->kind);
    put_vector_span(w, 1, x->closest);
}

int find_ans_check(struct reader r)
{
    struct list_body x;
    struct find_result result;
    struct reader list;
    int err = find_ans_read(r, &x);

    if (err)
        return err;
    list = reader_on(x.items.b, x.items.len, false);
    while (reader_left(&list))
        find_result_read(&list, &result);
    return list.err;
}

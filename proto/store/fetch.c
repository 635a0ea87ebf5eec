/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fetch and Stat (RFC 6940 7.4.2, 7.4.3): the same choice of values, shown whole or as metadata. What was asked for by name and is not here appears
 * as a value that does not exist, signed by nobody (7.4.2.2). */
#include "proto/store/store.h"

#include <string.h>

/* One answer under way. */
struct showing {
    struct call *c;
    struct draft *d;
    struct id resource;
    bool meta;
};

static void metadata_show(struct call *c, struct writer *w, const struct stored_data *s)
{
    uint8_t digest[32], len[4];
    uint32_t bytes = data_value_true(&s->value);
    store_be32(len, bytes);
    struct piece piece[2] = {{len, sizeof len}, {s->value.value.b, s->value.value.len}};
    c->env->port->hash(c->env, HASH_SHA256, piece, 2, digest);
    metadata_put(w, &(struct metadata){.storage_time_ms = s->storage_time_ms, .lifetime_s = s->lifetime_s, .model = s->model, .index = s->index,
                                       .key = s->key, .exists = s->value.exists, .data_length = bytes, .hash_algorithm = HASH_SHA256,
                                       .hash = {digest, sizeof digest}});
}

static void show(const struct showing *x, const struct stored_data *s)
{
    if (x->d->w.err)
        return; /* too long already: a refusal must not cost a thousand digests */
    if (x->meta) {
        metadata_show(x->c, &x->d->w, s);
        return;
    }
    stored_data_put(&x->d->w, s);
    if (s->signature.signer != PEER_NONE)
        draft_owner(x->c, x->d, s->signature.signer);
}

static void show_value(const struct showing *x, uint32_t at)
{
    struct value_room room;
    struct stored_data s;
    value_to_stored(x->c, value_at(x->c, at), &room, &s);
    show(x, &s);
}

static void show_absent(const struct showing *x, enum data_model model, uint32_t index, struct span key)
{
    show(x, &(struct stored_data){.model = model, .index = index, .key = key, .signature = {.signer = PEER_NONE, .identity_type = IDENTITY_NONE}});
}

static bool of_kind(const struct showing *x, uint32_t at, unsigned kind)
{
    return value_is(x->c, at, x->resource) && value_at(x->c, at)->kind == kind;
}

static void show_single(const struct showing *x, unsigned kind)
{
    uint32_t at = value_first_of(x->c, x->resource, kind);
    if (of_kind(x, at, kind))
        show_value(x, at);
    else
        show_absent(x, MODEL_SINGLE, 0, (struct span){NULL, 0});
}

/* Elements of a range: no index at or beyond max_count can ever be stored, so none is shown. */
static void show_range(const struct showing *x, unsigned kind, struct array_range range, uint32_t length)
{
    uint32_t first = range.first == ARRAY_LAST ? length - 1 : range.first, last = range.last == ARRAY_LAST ? length - 1 : range.last;
    uint32_t at = value_first_of(x->c, x->resource, kind);
    if (length == 0 && range.last == ARRAY_LAST)
        return;
    for (uint32_t i = first; i <= last && i < kind_at(x->c, kind)->max_count; i++) {
        while (of_kind(x, at, kind) && value_index(value_at(x->c, at)) < i)
            at = value_next(x->c, at);
        if (of_kind(x, at, kind) && value_index(value_at(x->c, at)) == i)
            show_value(x, at);
        else
            show_absent(x, MODEL_ARRAY, i, (struct span){NULL, 0});
    }
}

static bool ranges_valid(struct span ranges)
{
    uint32_t n = ranges.len / ARRAY_RANGE_BYTES;
    for (uint32_t i = 0; i < n; i++) {
        struct array_range a = array_range_at(ranges, i);
        if (a.first > a.last)
            return false;
        for (uint32_t k = 0; k < i; k++) {
            struct array_range b = array_range_at(ranges, k);
            if (a.first <= b.last && b.first <= a.last)
                return false;
        }
    }
    return true;
}

static bool show_array(const struct showing *x, unsigned kind, struct span specifier)
{
    struct span ranges;
    uint32_t length = 0;
    if (array_ranges_read(specifier, &ranges) || !ranges_valid(ranges))
        return false;
    for (uint32_t at = value_first_of(x->c, x->resource, kind); of_kind(x, at, kind); at = value_next(x->c, at))
        length = value_index(value_at(x->c, at)) + 1;
    for (uint32_t i = 0; i < ranges.len / ARRAY_RANGE_BYTES; i++)
        show_range(x, kind, array_range_at(ranges, i), length);
    return true;
}

static void show_key(const struct showing *x, unsigned kind, struct span key)
{
    for (uint32_t at = value_first_of(x->c, x->resource, kind); of_kind(x, at, kind); at = value_next(x->c, at))
        if (key.len == ID_BYTES && id_equal(id_load(key.b), x->c->env->port->id_of(x->c->env, value_at(x->c, at)->owner))) {
            show_value(x, at);
            return;
        }
    show_absent(x, MODEL_DICTIONARY, 0, key);
}

static bool show_dictionary(const struct showing *x, unsigned kind, struct span specifier)
{
    struct span keys;
    if (dictionary_keys_read(specifier, &keys))
        return false;
    if (keys.len == 0) /* all of them */
        for (uint32_t at = value_first_of(x->c, x->resource, kind); of_kind(x, at, kind); at = value_next(x->c, at))
            show_value(x, at);
    struct reader r = reader_on(keys.b, keys.len, false);
    while (reader_left(&r) > 0 && x->d->w.err == 0)
        show_key(x, kind, get_vector(&r, 2));
    return true;
}

static bool show_kind(const struct showing *x, unsigned kind, const struct specifier *s)
{
    uint64_t held = value_generation(x->c, x->resource, kind);
    struct mark mark = kind_data_open(&x->d->w, s->kind, held);
    bool valid = true;
    if (s->generation != 0 && s->generation == held) {
        kind_data_close(&x->d->w, mark); /* the asker has it all */
        return true;
    }
    switch (kind_at(x->c, kind)->model) {
    case MODEL_SINGLE:
        valid = s->model_specifier.len == 0; /* of registered Kinds the reader has seen to it */
        show_single(x, kind);
        break;
    case MODEL_ARRAY:
        valid = show_array(x, kind, s->model_specifier);
        break;
    case MODEL_DICTIONARY:
        valid = show_dictionary(x, kind, s->model_specifier);
        break;
    case MODEL_UNKNOWN:
        break;
    }
    kind_data_close(&x->d->w, mark);
    return valid;
}

static unsigned unknown_kinds(const struct call *c, const struct fetch_req *q, uint32_t unknown[UNKNOWN_KINDS_MAX])
{
    unsigned n = 0;
    struct specifier s;
    struct reader r = reader_on(q->specifiers.b, q->specifiers.len, false);
    while (reader_left(&r) > 0 && specifier_read(&r, &s) == 0)
        if (kind_find(c, s.kind) == KIND_UNKNOWN && n < UNKNOWN_KINDS_MAX)
            unknown[n++] = s.kind;
    return n;
}

static bool show_all(struct showing *x, const struct fetch_req *q)
{
    struct specifier s;
    struct reader r = reader_on(q->specifiers.b, q->specifiers.len, false);
    struct mark all = fetch_ans_open(&x->d->w);
    while (reader_left(&r) > 0)
        if (specifier_read(&r, &s) || !show_kind(x, kind_find(x->c, s.kind), &s))
            return false;
    put_close(&x->d->w, 4, all);
    return true;
}

static void values_answer(struct call *c, const struct origin *from, const struct message *m, bool meta)
{
    struct fetch_req q;
    struct draft d;
    uint32_t unknown[UNKNOWN_KINDS_MAX];
    value_expire(c);
    if (fetch_req_read(m->body, &q) || q.resource.len != ID_BYTES) {
        answer_error(c, from, ERROR_INVALID_MESSAGE, NULL, 0);
        return;
    }
    unsigned unknowns = unknown_kinds(c, &q, unknown);
    if (unknowns > 0) {
        store_unknown_kinds(c, from, unknown, unknowns);
        return;
    }
    struct showing x = {.c = c, .d = &d, .resource = id_load(q.resource.b), .meta = meta};
    draft_begin(c, &d, meta ? STAT_ANS : FETCH_ANS);
    if (show_all(&x, &q))
        answer_send(c, from, &d, false);
    else
        answer_error(c, from, ERROR_INVALID_MESSAGE, NULL, 0);
}

void fetch_request(struct call *c, const struct origin *from, const struct message *m)
{
    values_answer(c, from, m, false);
}

void stat_request(struct call *c, const struct origin *from, const struct message *m)
{
    values_answer(c, from, m, true);
}

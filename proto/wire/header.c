/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/wire/header.h"

/* RFC 6940 6.3.2.2: with the top bit set an entry is a 16-bit compressed id, else type, length, value. */
static int destination_value(struct reader *r, uint8_t length, struct destination *d)
{
    switch (d->type) {
    case DESTINATION_NODE:
        if (length != ID_BYTES)
            reader_fail(r, ERR_LENGTH);
        d->id = get_id(r);
        break;
    case DESTINATION_RESOURCE:
    case DESTINATION_OPAQUE:
        d->bytes = get_vector(r, 1);
        if (!r->err && d->bytes.len + 1u != length)
            reader_fail(r, ERR_LENGTH);
        if (d->type == DESTINATION_RESOURCE && d->bytes.len == ID_BYTES)
            d->id = id_load(d->bytes.b);
        break;
    case 0:
        reader_fail(r, ERR_VALUE);
        break;
    default:
        d->bytes = get_bytes(r, length);
        break;
    }
    d->wire_bytes = (uint16_t)(2 + length);
    return r->err;
}

int destination_read(struct reader *r, struct destination *d)
{
    uint8_t type;

    d->id = (struct id){0, 0};
    d->bytes = (struct span){NULL, 0};
    if (reader_left(r) && *r->p & 0x80) {
        d->type = DESTINATION_COMPRESSED;
        d->bytes = get_bytes(r, 2);
        d->wire_bytes = 2;
        return r->err;
    }
    type = get_u8(r);
    d->type = type;
    return destination_value(r, get_u8(r), d);
}

void destination_put(struct writer *w, const struct destination *d)
{
    switch (d->type) {
    case DESTINATION_NODE:
        destination_put_node(w, d->id);
        break;
    case DESTINATION_COMPRESSED:
        if (d->bytes.len != 2 || !(d->bytes.b[0] & 0x80))
            writer_fail(w, ERR_VALUE);
        put_span(w, d->bytes);
        break;
    case DESTINATION_RESOURCE:
    case DESTINATION_OPAQUE:
        put_u8(w, d->type);
        put_length(w, 1, (size_t)d->bytes.len + 1);
        put_vector(w, 1, d->bytes.b, d->bytes.len);
        break;
    default:
        put_u8(w, d->type);
        put_vector(w, 1, d->bytes.b, d->bytes.len);
        break;
    }
}

void destination_put_node(struct writer *w, struct id id)
{
    uint8_t *b = writer_take(w, DESTINATION_NODE_BYTES);
    if (b) {
        b[0] = DESTINATION_NODE;
        b[1] = ID_BYTES;
        id_store(b + 2, id);
    }
}

void destination_put_resource(struct writer *w, struct id id)
{
    uint8_t *b = writer_take(w, DESTINATION_RESOURCE_BYTES);
    if (b) {
        b[0] = DESTINATION_RESOURCE;
        b[1] = ID_BYTES + 1;
        b[2] = ID_BYTES;
        id_store(b + 3, id);
    }
}

int option_read(struct reader *r, struct forwarding_option *o)
{
    o->type = get_u8(r);
    o->flags = get_u8(r);
    o->value = get_vector(r, 2);
    return r->err;
}

void option_put(struct writer *w, const struct forwarding_option *o)
{
    put_u8(w, o->type);
    put_u8(w, o->flags);
    put_vector(w, 2, o->value.b, o->value.len);
}

/* Lists are node entries nearly always: step over those without decoding them. */
static int destinations_check(struct span list)
{
    struct reader r = reader_on(list.b, list.len, false);
    struct destination d;

    while (reader_left(&r) >= DESTINATION_NODE_BYTES && r.p[0] == DESTINATION_NODE && r.p[1] == ID_BYTES)
        r.p += DESTINATION_NODE_BYTES;
    while (reader_left(&r))
        destination_read(&r, &d);
    return r.err;
}

static int options_check(struct span list)
{
    struct reader r = reader_on(list.b, list.len, false);
    struct forwarding_option o;

    while (reader_left(&r))
        option_read(&r, &o);
    return r.err;
}

static int fixed_check(const struct header *h, const uint8_t *b)
{
    if (load_be32(b) != RELO_TOKEN)
        return ERR_TOKEN;
    if (h->version != RELO_VERSION)
        return ERR_VERSION;
    if (!(h->fragment & FRAGMENT_HIGH)) /* RFC 6940 6.7: SHOULD discard */
        return ERR_FRAGMENT;
    return 0;
}

static int lists_check(const struct header *h)
{
    int err = destinations_check(h->via);
    if (!err)
        err = destinations_check(h->destination);
    if (!err && h->options.len)
        err = options_check(h->options);
    return err ? err : h->length < header_bytes(h) ? ERR_LENGTH : 0;
}

int header_read(struct reader *r, struct header *h)
{
    const uint8_t *b = reader_take(r, HEADER_FIXED_BYTES), *lists;
    uint32_t via, destination, options;
    int err;

    if (!b)
        return r->err;
    h->overlay = load_be32(b + 4);
    h->config_sequence = load_be16(b + 8);
    h->version = b[10];
    h->ttl = b[11];
    h->fragment = load_be32(b + 12);
    h->length = load_be32(b + 16);
    h->transaction = load_be64(b + 20);
    h->max_response = load_be32(b + 28);
    via = load_be16(b + 32);
    destination = load_be16(b + 34);
    options = load_be16(b + 36);
    err = fixed_check(h, b);
    if (err) {
        reader_fail(r, err);
        return r->err;
    }
    lists = reader_take(r, (size_t)via + destination + options);
    if (!lists)
        return r->err;
    h->via = (struct span){lists, via};
    h->destination = (struct span){lists + via, destination};
    h->options = (struct span){lists + via + destination, options};
    err = lists_check(h);
    if (err)
        reader_fail(r, err);
    return r->err;
}

static void fixed_put(uint8_t *b, const struct header *h, uint32_t via, uint32_t destination)
{
    store_be32(b, RELO_TOKEN);
    store_be32(b + 4, h->overlay);
    store_be16(b + 8, h->config_sequence);
    b[10] = h->version;
    b[11] = h->ttl;
    store_be32(b + 12, h->fragment);
    store_be32(b + 16, h->length);
    store_be64(b + 20, h->transaction);
    store_be32(b + 28, h->max_response);
    store_be16(b + 32, (uint16_t)via);
    store_be16(b + 34, (uint16_t)destination);
    store_be16(b + 36, (uint16_t)h->options.len);
}

void header_put(struct writer *w, const struct header *h)
{
    uint8_t *b;

    if (h->via.len > UINT16_MAX || h->destination.len > UINT16_MAX || h->options.len > UINT16_MAX)
        writer_fail(w, ERR_TOO_LARGE);
    b = writer_take(w, HEADER_FIXED_BYTES);
    if (!b)
        return;
    fixed_put(b, h, h->via.len, h->destination.len);
    put_span(w, h->via);
    put_span(w, h->destination);
    put_span(w, h->options);
}

void header_put_forward(struct writer *w, const struct header *h, const struct id *previous, uint32_t pop)
{
    uint32_t via = h->via.len + (previous ? DESTINATION_NODE_BYTES : 0);
    struct header out = *h;
    uint8_t *b;

    if (pop > h->destination.len || h->ttl == 0)
        writer_fail(w, ERR_VALUE);
    if (via > UINT16_MAX)
        writer_fail(w, ERR_TOO_LARGE);
    b = writer_take(w, HEADER_FIXED_BYTES);
    if (!b)
        return;
    out.ttl--;
    out.length += via - h->via.len - pop;
    fixed_put(b, &out, via, h->destination.len - pop);
    put_span(w, h->via);
    if (previous)
        destination_put_node(w, *previous);
    put_bytes(w, h->destination.b + pop, h->destination.len - pop);
    put_span(w, h->options);
}

void header_patch_fragment(uint8_t *message, uint32_t fragment, uint32_t length)
{
    store_be32(message + 12, fragment);
    store_be32(message + 16, length);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses (RFC 6940 6.3.1.1), Attach (6.5.1) and AppAttach (6.5.2). */
#include "proto/wire/body.h"

enum { ADDRESS_IPV4 = 1, ADDRESS_IPV6 = 2, IPV4_BYTES = 4, IPV6_BYTES = 16, PORT_BYTES = 2 };

/* An unknown type is skipped by its length and kept as it came. */
int address_read(struct reader *r, struct address_port *a)
{
    uint8_t length;
    size_t ip;

    *a = (struct address_port){.type = get_u8(r)};
    length = get_u8(r);
    if (a->type == 0)
        reader_fail(r, ERR_VALUE);
    if (a->type != ADDRESS_IPV4 && a->type != ADDRESS_IPV6) {
        a->unknown = get_bytes(r, length);
        return r->err;
    }
    ip = a->type == ADDRESS_IPV4 ? IPV4_BYTES : IPV6_BYTES;
    if (length != ip + PORT_BYTES)
        reader_fail(r, ERR_LENGTH);
    const uint8_t *b = reader_take(r, ip);
    if (b)
        memcpy(a->addr.ip, b, ip);
    a->addr.port = get_u16(r);
    a->addr.version = a->type == ADDRESS_IPV4 ? 4 : 6;
    return r->err;
}

void address_put(struct writer *w, const struct address_port *a)
{
    size_t ip = a->type == ADDRESS_IPV4 ? IPV4_BYTES : IPV6_BYTES;

    put_u8(w, a->type);
    if (a->type != ADDRESS_IPV4 && a->type != ADDRESS_IPV6) {
        put_vector_span(w, 1, a->unknown);
        return;
    }
    put_u8(w, (uint8_t)(ip + PORT_BYTES));
    put_bytes(w, a->addr.ip, ip);
    put_u16(w, a->addr.port);
}

struct address_port address_of(const struct ip_port *addr)
{
    return (struct address_port){.type = addr->version == 6 ? ADDRESS_IPV6 : ADDRESS_IPV4, .addr = *addr};
}

static void ice_extensions_check(struct reader *r, struct span list)
{
    struct reader e = reader_on(list.b, list.len, false);
    while (reader_left(&e)) {
        get_vector(&e, 2); /* name */
        get_vector(&e, 2); /* value */
    }
    if (e.err)
        reader_fail(r, e.err);
}

int candidate_read(struct reader *r, struct candidate *c)
{
    address_read(r, &c->addr);
    c->overlay_link = get_u8(r);
    c->foundation = get_vector(r, 1);
    c->priority = get_u32(r);
    c->type = get_u8(r);
    c->related = (struct address_port){0};
    switch (c->type) {
    case CANDIDATE_HOST:
        break;
    case CANDIDATE_SRFLX:
    case CANDIDATE_RELAY:
        address_read(r, &c->related);
        break;
    default: /* 3 is reserved: peer reflexive candidates are never sent */
        reader_fail(r, ERR_UNKNOWN);
        break;
    }
    c->extensions = get_vector(r, 2);
    ice_extensions_check(r, c->extensions);
    return r->err;
}

void candidate_put(struct writer *w, const struct candidate *c)
{
    address_put(w, &c->addr);
    put_u8(w, c->overlay_link);
    put_vector_span(w, 1, c->foundation);
    put_u32(w, c->priority);
    put_u8(w, c->type);
    if (c->type != CANDIDATE_HOST)
        address_put(w, &c->related);
    put_vector_span(w, 2, c->extensions);
}

static void candidates_read(struct reader *r, struct span *list)
{
    struct candidate c;
    struct reader each;

    *list = get_vector(r, 2);
    each = reader_on(list->b, list->len, false);
    while (reader_left(&each))
        candidate_read(&each, &c);
    if (each.err)
        reader_fail(r, each.err);
}

int attach_read(struct reader r, struct attach *x)
{
    x->ufrag = get_vector(&r, 1);
    x->password = get_vector(&r, 1);
    x->role = get_vector(&r, 1);
    x->application = 0;
    candidates_read(&r, &x->candidates);
    x->send_update = get_bool(&r);
    return body_done(&r);
}

void attach_put(struct writer *w, const struct attach *x)
{
    put_vector_span(w, 1, x->ufrag);
    put_vector_span(w, 1, x->password);
    put_vector_span(w, 1, x->role);
    put_vector_span(w, 2, x->candidates);
    put_u8(w, x->send_update);
}

int app_attach_read(struct reader r, struct attach *x)
{
    x->ufrag = get_vector(&r, 1);
    x->password = get_vector(&r, 1);
    x->application = get_u16(&r); /* between password and role, unlike what Attach has */
    x->role = get_vector(&r, 1);
    candidates_read(&r, &x->candidates);
    x->send_update = false;
    return body_done(&r);
}

void app_attach_put(struct writer *w, const struct attach *x)
{
    put_vector_span(w, 1, x->ufrag);
    put_vector_span(w, 1, x->password);
    put_u16(w, x->application);
    put_vector_span(w, 1, x->role);
    put_vector_span(w, 2, x->candidates);
}

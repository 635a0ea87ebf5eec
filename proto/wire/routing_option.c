/* SPDX-License-Identifier: GPL-2.0-or-later */
/* extensive_routing_mode, the value of a forwarding option (RFC 7263 5.2.2, RFC 7264 5.2.1). */
#include "proto/wire/body.h"

int extensive_routing_read(struct span value, struct extensive_routing *x)
{
    struct reader r = reader_on(value.b, value.len, false), each;
    struct destination d;

    x->mode = get_u8(&r);
    x->transport = get_u8(&r);
    address_read(&r, &x->addr);
    x->destinations = get_vector(&r, 1);
    each = reader_on(x->destinations.b, x->destinations.len, false);
    while (reader_left(&each))
        destination_read(&each, &d);
    if (each.err)
        reader_fail(&r, each.err);
    return body_done(&r);
}

void extensive_routing_put(struct writer *w, const struct extensive_routing *x)
{
    put_u8(w, x->mode);
    put_u8(w, x->transport);
    address_put(w, &x->addr);
    put_vector_span(w, 1, x->destinations);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The value of Kind SIP-REGISTRATION, RFC 7904 3.2. */
#include "proto/wire/body.h"

/* destination_list<3..2^16-1> */
#define DESTINATION_LIST_BYTES_MIN 3

static void destinations_check(struct reader *r, struct span list)
{
    struct reader each = reader_on(list.b, list.len, false);
    struct destination d;

    if (list.len < DESTINATION_LIST_BYTES_MIN)
        reader_fail(r, ERR_LENGTH);
    while (reader_left(&each))
        destination_read(&each, &d);
    if (each.err)
        reader_fail(r, each.err);
}

int sip_registration_read(struct span value, struct sip_registration *x)
{
    struct reader r = reader_on(value.b, value.len, false);
    uint16_t length;

    *x = (struct sip_registration){.type = get_u8(&r)};
    length = get_u16(&r);
    if (!r.err && length != reader_left(&r))
        reader_fail(&r, ERR_LENGTH);
    switch (x->type) {
    case SIP_REGISTRATION_URI:
        x->uri = get_vector(&r, 2);
        break;
    case SIP_REGISTRATION_ROUTE:
        x->contact_prefs = get_vector(&r, 2);
        x->destinations = get_vector(&r, 2);
        destinations_check(&r, x->destinations);
        break;
    default:
        reader_fail(&r, ERR_UNKNOWN);
        break;
    }
    return body_done(&r);
}

void sip_registration_put(struct writer *w, const struct sip_registration *x)
{
    struct mark m;

    put_u8(w, x->type);
    m = put_open(w, 2);
    if (x->type == SIP_REGISTRATION_URI) {
        put_vector_span(w, 2, x->uri);
    } else {
        put_vector_span(w, 2, x->contact_prefs);
        put_vector_span(w, 2, x->destinations);
    }
    put_close(w, 2, m);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a stored value keeps. A peer holds several, so what follows is left out: the Resource-ID where the Kind's access control makes it the hash of the
 * owner's name, the owner's Node-ID where the value ends in it, the upper bits of numbers. Whoever stores decides what a value is and owns to, so each is
 * left out only after what would be read back was compared with what came; else it is kept whole. */
#include "proto/store/store.h"

#include <string.h>

#include "proto/store/access.h"

#define TAIL_BYTES   (IDENTITY_BYTES + SIGNATURE_VALUE_BYTES)
#define DUE_BITS     54u
#define STORED_BITS  42u

static uint32_t bytes_of(unsigned flags, uint32_t len)
{
    uint32_t bytes = (uint32_t)offsetof(struct value, kept) + len;
    bytes += flags & VALUE_WIDE ? VALUE_WIDER : 0;
    bytes += flags & VALUE_PLACED ? ID_BYTES : 0;
    bytes -= flags & VALUE_OWNER_ENDS ? ID_BYTES : 0;
    bytes += flags & VALUE_SIGNED ? TAIL_BYTES : 0;
    return (bytes + 3u) & ~3u;
}

/* ---- reading ---- */

static struct value_wide wide_of(const struct value *v)
{
    struct value_wide w;
    memcpy(&w, v->kept, sizeof w);
    return w;
}

sim_time value_due(const struct value *v)
{
    return v->flags & VALUE_WIDE ? wide_of(v).due : (uint64_t)v->due_high << 32 | v->due_low;
}

uint64_t value_stored_ms(const struct value *v)
{
    return v->flags & VALUE_WIDE ? wide_of(v).stored_ms : (uint64_t)v->stored_high << 32 | v->stored_low;
}

uint64_t value_token(const struct value *v)
{
    return (uint64_t)v->token[1] << 32 | v->token[0];
}

uint64_t value_counter(const struct value *v)
{
    return v->flags & VALUE_WIDE ? wide_of(v).generation : v->generation;
}

uint32_t value_index(const struct value *v)
{
    return v->flags & VALUE_WIDE ? wide_of(v).index : 0;
}

static uint32_t len_of(const struct value *v)
{
    return v->flags & VALUE_WIDE ? wide_of(v).len : v->len;
}

uint32_t value_size(const struct value *v)
{
    return bytes_of(v->flags, len_of(v));
}

static uint32_t place_at(unsigned flags)
{
    return flags & VALUE_WIDE ? VALUE_WIDER : 0;
}

static uint32_t bytes_at(unsigned flags)
{
    return place_at(flags) + (flags & VALUE_PLACED ? ID_BYTES : 0);
}

/* Where values of this Kind and owner belong, if they all belong to one place. */
static bool place_follows(const struct call *c, unsigned kind, peer_h owner, struct id *resource)
{
    switch (kind_at(c, kind)->access) {
    case ACCESS_USER_MATCH:
    case ACCESS_USER_NODE_MATCH:
        *resource = c->env->port->user_of(c->env, owner);
        return true;
    case ACCESS_NODE_MATCH:
        *resource = access_node_resource(c, c->env->port->id_of(c->env, owner), 0);
        return true;
    case ACCESS_NODE_MULTIPLE:
    case ACCESS_NODE_ID_MATCH:
        break;
    }
    return false;
}

struct id value_resource(const struct call *c, const struct value *v)
{
    struct id resource = {0, 0};
    if (v->flags & VALUE_PLACED)
        return id_load(v->kept + place_at(v->flags));
    bool follows = place_follows(c, v->kind, v->owner, &resource);
    assert(follows);
    (void)follows;
    return resource;
}

bool value_lies_at(const struct call *c, const struct value *v, struct id resource)
{
    return v->tag == (uint16_t)resource.lo && id_equal(value_resource(c, v), resource);
}

struct span value_bytes(const struct call *c, const struct value *v, uint8_t room[UINT8_MAX])
{
    const uint8_t *kept = v->kept + bytes_at(v->flags);
    uint32_t len = len_of(v);
    if (!(v->flags & VALUE_OWNER_ENDS))
        return (struct span){kept, len};
    memcpy(room, kept, len - ID_BYTES);
    id_store(room + len - ID_BYTES, c->env->port->id_of(c->env, v->owner));
    return (struct span){room, len};
}

const uint8_t *value_signature(const struct value *v)
{
    return v->kept + bytes_at(v->flags) + len_of(v) - (v->flags & VALUE_OWNER_ENDS ? ID_BYTES : 0);
}

/* ---- writing ---- */

static bool ends_in(const uint8_t *value, uint32_t len, struct id owner)
{
    return len >= ID_BYTES && len <= UINT8_MAX && id_equal(id_load(value + len - ID_BYTES), owner);
}

static unsigned flags_of(const struct call *c, const struct entry *e)
{
    const struct stored_data *d = e->data;
    struct span value = d->value.value;
    peer_h owner = d->signature.signer;
    struct id follows;
    unsigned flags = c->o->crypto == CRYPTO_OPENSSL ? VALUE_SIGNED : 0; /* a true signature cannot be made again */
    flags |= d->value.exists ? VALUE_EXISTS : 0;
    flags |= d->value.certificate ? VALUE_CERTIFICATE : 0;
    flags |= ends_in(value.b, value.len, c->env->port->id_of(c->env, owner)) ? VALUE_OWNER_ENDS : 0;
    flags |= place_follows(c, e->kind, owner, &follows) && id_equal(follows, e->resource) ? 0 : VALUE_PLACED;
    if (e->due >> DUE_BITS || d->storage_time_ms >> STORED_BITS || e->generation > UINT16_MAX || d->index > 0 || value.len > UINT8_MAX)
        flags |= VALUE_WIDE;
    return flags;
}

uint32_t value_needs(const struct call *c, const struct entry *e)
{
    return bytes_of(flags_of(c, e), e->data->value.value.len);
}

uint32_t value_size_of(struct id owner, const uint8_t *value, uint32_t len)
{
    return bytes_of((ends_in(value, len, owner) ? VALUE_OWNER_ENDS : 0) | (len > UINT8_MAX ? VALUE_WIDE : 0), len);
}

static void numbers_write(struct value *v, const struct value_wide *w)
{
    if (v->flags & VALUE_WIDE) {
        memcpy(v->kept, w, sizeof *w);
        return;
    }
    v->due_low = (uint32_t)w->due;
    v->due_high = (uint32_t)(w->due >> 32) & ((1u << (DUE_BITS - 32)) - 1);
    v->stored_low = (uint32_t)w->stored_ms;
    v->stored_high = (uint32_t)(w->stored_ms >> 32) & ((1u << (STORED_BITS - 32)) - 1);
    v->generation = (uint16_t)w->generation;
    v->len = (uint8_t)w->len;
}

void value_write(const struct call *c, struct value *v, const struct entry *e)
{
    const struct stored_data *d = e->data;
    struct span value = d->value.value;
    v->owner = d->signature.signer;
    v->token[0] = (uint32_t)d->signature.token;
    v->token[1] = (uint32_t)(d->signature.token >> 32);
    v->tag = (uint16_t)e->resource.lo;
    v->flags = (uint8_t)flags_of(c, e);
    v->kind = e->kind & 63u;
    v->have = e->have & 3u;
    v->replica = e->replica;
    numbers_write(v, &(struct value_wide){e->due, d->storage_time_ms, e->generation, d->index, value.len});
    if (v->flags & VALUE_PLACED)
        id_store(v->kept + place_at(v->flags), e->resource);
    uint32_t kept = value.len - (v->flags & VALUE_OWNER_ENDS ? ID_BYTES : 0);
    if (kept > 0)
        memcpy(v->kept + bytes_at(v->flags), value.b, kept);
    if (v->flags & VALUE_SIGNED) {
        uint8_t *tail = v->kept + bytes_at(v->flags) + kept;
        memcpy(tail, d->signature.identity.b, IDENTITY_BYTES);
        memcpy(tail + IDENTITY_BYTES, d->signature.value.b, SIGNATURE_VALUE_BYTES);
    }
}

/* ---- changing numbers ---- */

static bool numbers_set(struct call *c, uint32_t at, sim_time due, uint64_t generation)
{
    const struct value *v = value_at(c, at);
    struct value_wide w = {due, value_stored_ms(v), generation, value_index(v), len_of(v)};
    if (!(v->flags & VALUE_WIDE) && (due >> DUE_BITS || generation > UINT16_MAX)) {
        if (!value_room(c, VALUE_WIDER) || !section_insert(c, SECTION_STORE, at + (uint32_t)offsetof(struct value, kept), VALUE_WIDER))
            return false;
        value_at(c, at)->flags |= VALUE_WIDE;
    }
    numbers_write(value_at(c, at), &w);
    return true;
}

bool value_due_set(struct call *c, uint32_t at, sim_time due)
{
    return numbers_set(c, at, due, value_counter(value_at(c, at)));
}

bool value_counter_set(struct call *c, uint32_t at, uint64_t generation)
{
    return numbers_set(c, at, value_due(value_at(c, at)), generation);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/net/handles.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/hash.h"
#include "sim/kernel/kernel.h"
#include "sim/kernel/random.h"

#define SLOTS (2u * HANDLES_MAX)

void handles_open(struct handles *h, uint64_t seed, uint32_t identities, const struct own_ids *own)
{
    *h = (struct handles){.seed = seed, .permutation = permutation_key_of(seed), .identities = identities, .own = own};
}

void handles_close(struct handles *h)
{
    free(h->id);
    free(h->addr);
    free(h->id_slot);
    free(h->addr_slot);
}

static void *table(size_t count, size_t size)
{
    void *p = calloc(count, size);
    if (!p)
        kernel_exhausted("the table of foreign handles");
    return p;
}

static struct id identity_id(const struct handles *h, peer_h peer)
{
    struct id128 y = permute128(h->permutation, (struct id128){0, peer});
    return (struct id){y.hi, y.lo};
}

struct id handles_id(const struct handles *h, peer_h peer)
{
    if (peer < h->identities)
        return h->own ? h->own->id[peer] : identity_id(h, peer);
    uint32_t k = peer - HANDLE_FOREIGN;
    return peer >= HANDLE_FOREIGN && k < h->ids ? h->id[k] : ID_WILDCARD;
}

/* ---- ids that follow from keys ---- */

static uint32_t own_slot(const struct own_ids *o, struct id id)
{
    uint32_t s = (uint32_t)id.lo & o->mask; /* a digest is as random as a hash of it */
    while (o->slot[s] && !id_equal(o->id[o->slot[s] - 1], id))
        s = (s + 1) & o->mask;
    return s;
}

bool own_ids_open(struct own_ids *o, uint32_t identities, struct id (*of)(void *arg, peer_h), void *arg)
{
    uint32_t slots = 4;
    while (slots / 2 < identities && slots < UINT32_C(1) << 31)
        slots *= 2;
    *o = (struct own_ids){malloc(identities * sizeof *o->id), calloc(slots, sizeof *o->slot), slots - 1};
    if (!o->id || !o->slot)
        return false;
    for (uint32_t k = 0; k < identities; k++) {
        o->id[k] = of(arg, k);
        uint32_t s = own_slot(o, o->id[k]);
        if (!o->slot[s])
            o->slot[s] = k + 1;
    }
    return true;
}

void own_ids_close(struct own_ids *o)
{
    free(o->id);
    free(o->slot);
}

static peer_h own_identity(const struct own_ids *o, struct id id)
{
    uint32_t s = own_slot(o, id);
    return o->slot[s] ? o->slot[s] - 1 : PEER_NONE;
}

peer_h handles_identity(const struct handles *h, struct id id)
{
    if (h->own)
        return own_identity(h->own, id);
    struct id128 x = unpermute128(h->permutation, (struct id128){id.hi, id.lo});
    return x.hi == 0 && x.lo < h->identities ? (peer_h)x.lo : PEER_NONE;
}

peer_h handles_id_keep(struct handles *h, struct id id)
{
    peer_h peer = handles_identity(h, id);
    if (peer != PEER_NONE)
        return peer;
    if (!h->id) {
        h->id = table(HANDLES_MAX, sizeof *h->id);
        h->id_slot = table(SLOTS, sizeof *h->id_slot);
    }
    uint32_t s = (uint32_t)(hash64_mix(hash64_mix(h->seed, id.hi), id.lo) % SLOTS);
    for (; h->id_slot[s]; s = (s + 1) % SLOTS)
        if (id_equal(h->id[h->id_slot[s] - 1], id))
            return HANDLE_FOREIGN + h->id_slot[s] - 1;
    if (h->ids == HANDLES_MAX)
        return PEER_NONE;
    h->id[h->ids++] = id;
    h->id_slot[s] = (uint16_t)h->ids;
    return HANDLE_FOREIGN + h->ids - 1;
}

void handles_addr(const struct handles *h, addr_h addr, struct ip_port *out)
{
    memset(out, 0, sizeof *out);
    out->version = 4;
    if (addr < h->identities) {
        store_be32(out->ip, ADDRESS_FIRST + addr);
        out->port = RELOAD_PORT;
    } else if (addr >= HANDLE_FOREIGN && addr - HANDLE_FOREIGN < h->addrs) {
        *out = h->addr[addr - HANDLE_FOREIGN];
    }
}

/* The same address with all bytes that mean nothing cleared, so that it compares as one value. */
static struct ip_port plain(const struct ip_port *a)
{
    struct ip_port p;
    memset(&p, 0, sizeof p);
    memcpy(p.ip, a->ip, a->version == 4 ? 4 : 16);
    p.port = a->port;
    p.version = a->version;
    return p;
}

static bool same(const struct ip_port *a, const struct ip_port *b)
{
    return a->port == b->port && a->version == b->version && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

addr_h handles_addr_keep(struct handles *h, const struct ip_port *addr)
{
    uint32_t number = load_be32(addr->ip) - ADDRESS_FIRST;
    if (addr->version == 4 && addr->port == RELOAD_PORT && number < h->identities)
        return number;
    struct ip_port a = plain(addr);
    if (!h->addr) {
        h->addr = table(HANDLES_MAX, sizeof *h->addr);
        h->addr_slot = table(SLOTS, sizeof *h->addr_slot);
    }
    uint32_t s = (uint32_t)(hash64(hash64_mix(h->seed, (uint64_t)a.port << 8 | a.version), a.ip, sizeof a.ip) % SLOTS);
    for (; h->addr_slot[s]; s = (s + 1) % SLOTS)
        if (same(&h->addr[h->addr_slot[s] - 1], &a))
            return HANDLE_FOREIGN + h->addr_slot[s] - 1;
    if (h->addrs == HANDLES_MAX)
        return ADDR_NONE;
    h->addr[h->addrs++] = a;
    h->addr_slot[s] = (uint16_t)h->addrs;
    return HANDLE_FOREIGN + h->addrs - 1;
}

void handles_put(const struct handles *h, struct stream *s)
{
    stream_put_u32(s, h->ids);
    stream_put(s, h->id, h->ids * sizeof *h->id);
    stream_put_u32(s, h->addrs);
    stream_put(s, h->addr, h->addrs * sizeof *h->addr);
}

/* Into an empty table, which numbers them as they come. */
bool handles_get(struct handles *h, struct stream_reader *r)
{
    uint32_t n = stream_get_u32(r);
    for (uint32_t k = 0; k < n && !r->bad; k++) {
        struct id id;
        STREAM_GET(r, id);
        if (handles_id_keep(h, id) != HANDLE_FOREIGN + k)
            r->bad = true;
    }
    n = stream_get_u32(r);
    for (uint32_t k = 0; k < n && !r->bad; k++) {
        struct ip_port addr;
        STREAM_GET(r, addr);
        if (handles_addr_keep(h, &addr) != HANDLE_FOREIGN + k)
            r->bad = true;
    }
    return !r->bad;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: what a stored value keeps costs what store.h says, and what is read is what was put, whatever a peer chooses: bytes that end in its Node-ID or nearly,
 * numbers at the ends of their ranges, places that do not follow from the owner, true signatures; numbers that grow later, to the edge of the room; places that
 * differ though their tags are one. Leaves open: whether such values are let in (test_access.c, test_store.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/store/store.h"
#include "proto/store/test/rig.h"

#define SIP   KIND_SIP_REGISTRATION
#define A     10u
#define LARGE UINT64_C(0x10000) /* the first counter that a narrow value has no room for */

static uint32_t below(uint64_t *x, uint32_t n)
{
    *x ^= *x << 13, *x ^= *x >> 7, *x ^= *x << 17;
    return (uint32_t)(*x >> 33) % n;
}

static struct call call_of(struct rig *g)
{
    return (struct call){.n = g->r->node, .env = &g->r->env, .o = &g->config};
}

static uint32_t stored_bytes(struct rig *g)
{
    struct node_view v;
    node_look(g->r->node, &g->r->env, &v);
    return v.stored_bytes;
}

/* ---- what it costs ---- */

static uint16_t registration(struct rig *g, peer_h from, peer_h p, uint8_t replica, uint64_t generation, uint64_t storage_ms, uint32_t lifetime_s, uint8_t value[42])
{
    memset(value, 'v', 26);
    id_store(value + 26, recorder_id(g->r, p));
    struct rig_store q = {.from = from, .resource = rig_user(g, p), .replica = replica, .items = 1,
                          .item = {{.kind = SIP, .generation = generation, .signer = p, .storage_ms = storage_ms, .lifetime_s = lifetime_s,
                                    .value = (const char *)value, .value_len = 42}}};
    return rig_store(g, &q);
}

static void a_registration_takes_sixty_bytes(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    struct stored_data d[2];
    uint8_t value[42];
    for (peer_h p = 10; p < 110; p++) {
        assert_int_equal(registration(g, p, p, 0, 0, RECORDER_UNIX_MS + p, 3600, value), 0);
        rig_forget(g);
    }
    assert_int_equal(rig_held(g), 100);
    assert_int_equal(stored_bytes(g), 100 * 60);
    assert_int_equal(node_value_bytes(recorder_id(g->r, 109), value, sizeof value), 60);
    assert_int_equal(node_value_bytes(recorder_id(g->r, 108), value, sizeof value), 76); /* another's Node-ID */
    assert_int_equal(rig_registrations(g, 109, d, 2, NULL), 1);
    assert_int_equal(d[0].storage_time_ms, RECORDER_UNIX_MS + 109);
    assert_int_equal(d[0].lifetime_s, 3599); /* some of it has passed */
    assert_int_equal(d[0].value.value.len, sizeof value);
    assert_memory_equal(d[0].value.value.b, value, sizeof value);
    rig_close(g);
}

/* ---- what comes back ---- */

#define MODELS 40u
#define BYTES  1100u

struct model {
    struct id resource;
    uint64_t due, stored_ms, generation, token;
    peer_h owner;
    uint32_t index, len;
    uint8_t kind, replica, have;
    bool exists, certificate, live, is_true;
    uint8_t value[BYTES], tail[IDENTITY_BYTES + SIGNATURE_VALUE_BYTES];
};

static uint64_t number(uint64_t *x, unsigned bits)
{
    static const uint64_t some[] = {0, 1, 1000, UINT16_MAX, LARGE, UINT32_MAX, UINT64_C(1) << 32, UINT64_MAX};
    uint64_t edge = UINT64_C(1) << bits;
    switch (below(x, 5)) {
    case 0: return some[below(x, sizeof some / sizeof some[0])];
    case 1: return edge - 1;
    case 2: return edge;
    case 3: return edge + *x % edge;
    default: return *x % edge;
    }
}

/* Not over yet. */
static uint64_t due_of(struct rig *g, uint64_t *x)
{
    uint64_t due = number(x, 54), now = g->r->env.now;
    return due > now ? due : now + 1;
}

/* Slot k has a place of its own: nothing that is put there replaces what lies in another slot. */
static void model_choose(struct rig *g, struct model *m, unsigned k, uint64_t *x)
{
    static const uint32_t lens[] = {0, 1, 15, 16, 17, 42, 254, 255, 256, 271, 272, 1000};
    struct call c = call_of(g);
    *m = (struct model){.owner = A + k, .due = due_of(g, x), .stored_ms = number(x, 42), .token = *x * 3, .replica = (uint8_t)below(x, 256),
                        .have = (uint8_t)below(x, 4), .exists = below(x, 4) > 0, .live = true, .is_true = g->config.crypto == CRYPTO_OPENSSL};
    static const uint32_t kind[] = {SIP, KIND_CERTIFICATE_BY_USER, KIND_CERTIFICATE_BY_NODE, KIND_TURN_SERVICE, KIND_REDIR};
    m->kind = (uint8_t)kind_find(&c, kind[k % 5]);
    switch (kind[k % 5]) {
    case SIP: m->resource = k % 4 ? rig_user(g, m->owner) : rig_user(g, 9); break; /* one place for many */
    case KIND_CERTIFICATE_BY_USER: m->resource = rig_user(g, 9 + k % 2), m->index = k; break;
    case KIND_CERTIFICATE_BY_NODE: m->resource = rig_node(g, m->owner, 0); break;
    case KIND_TURN_SERVICE: m->resource = rig_node(g, m->owner, (uint8_t)(1 + k % 3)); break;
    default: m->resource = rig_user(g, 200 + k % 3); break;
    }
    m->len = m->exists ? lens[below(x, sizeof lens / sizeof lens[0])] : 0;
    for (uint32_t i = 0; i < m->len; i++)
        m->value[i] = (uint8_t)below(x, 256);
    for (uint32_t i = 0; i < sizeof m->tail; i++)
        m->tail[i] = (uint8_t)below(x, 256);
    if (m->len >= ID_BYTES && below(x, 3)) {
        id_store(m->value + m->len - ID_BYTES, recorder_id(g->r, m->owner));
        m->value[m->len - 1 - below(x, ID_BYTES)] ^= below(x, 2) ? 1 : 0; /* or nearly */
    }
    m->certificate = m->len > 0 && below(x, 8) == 0;
}

static void model_put(struct rig *g, struct model *all, unsigned k)
{
    struct model *m = &all[k];
    struct call c = call_of(g);
    struct stored_data d = {.storage_time_ms = m->stored_ms, .model = kind_at(&c, m->kind)->model, .index = m->index,
                            .value = {.exists = m->exists, .certificate = m->certificate, .value = {m->value, m->len}},
                            .signature = {.signer = m->owner, .token = m->token, .identity = {m->tail, IDENTITY_BYTES},
                                          .value = {m->tail + IDENTITY_BYTES, SIGNATURE_VALUE_BYTES}}};
    struct entry e = value_entry(&c, m->resource, m->kind, &d);
    e.due = m->due, e.generation = m->generation, e.replica = m->replica, e.have = m->have;
    uint32_t at = value_find(&c, m->resource, m->kind, m->owner, m->index), used = section_used(&c, SECTION_STORE);
    uint32_t old = at < used ? value_size(value_at(&c, at)) : 0, needs = value_needs(&c, &e);
    assert_true(value_put(&c, &e));
    assert_int_equal(section_used(&c, SECTION_STORE), used - old + needs);
}

static void model_compare(struct rig *g, const struct model *m)
{
    struct call c = call_of(g);
    struct value_room room;
    struct stored_data d;
    uint32_t at = value_find(&c, m->resource, m->kind, m->owner, m->index);
    assert_int_equal(at < section_used(&c, SECTION_STORE), m->live);
    if (!m->live)
        return;
    const struct value *v = value_at(&c, at);
    value_to_stored(&c, v, &room, &d);
    assert_true(id_equal(value_resource(&c, v), m->resource));
    assert_true(value_due(v) == m->due && d.storage_time_ms == m->stored_ms && value_counter(v) == m->generation && d.signature.token == m->token);
    assert_true(v->owner == m->owner && d.signature.signer == m->owner && d.index == m->index && v->kind == m->kind && v->replica == m->replica && v->have == m->have);
    assert_true(d.value.exists == m->exists && d.value.certificate == m->certificate && d.value.value.len == m->len);
    assert_int_equal(memcmp(d.value.value.b, m->value, m->len), 0);
    assert_int_equal(d.signature.value.len, m->is_true ? SIGNATURE_VALUE_BYTES : 0);
    if (m->is_true) {
        assert_memory_equal(d.signature.identity.b, m->tail, IDENTITY_BYTES);
        assert_memory_equal(d.signature.value.b, m->tail + IDENTITY_BYTES, SIGNATURE_VALUE_BYTES);
    }
}

static void generation_choose(struct rig *g, struct model *all, unsigned k, uint64_t *x)
{
    struct call c = call_of(g);
    uint64_t generation = number(x, 16);
    uint32_t used = section_used(&c, SECTION_STORE), more = value_generation_needs(&c, all[k].resource, all[k].kind, generation);
    assert_true(value_generation_set(&c, all[k].resource, all[k].kind, generation));
    assert_int_equal(section_used(&c, SECTION_STORE), used + more);
    for (unsigned i = 0; i < MODELS; i++)
        if (all[i].kind == all[k].kind && id_equal(all[i].resource, all[k].resource))
            all[i].generation = generation;
}

static void due_choose(struct rig *g, struct model *m, uint64_t *x)
{
    struct call c = call_of(g);
    m->due = due_of(g, x);
    assert_true(value_due_set(&c, value_find(&c, m->resource, m->kind, m->owner, m->index), m->due));
}

static void remove_one(struct rig *g, struct model *m)
{
    struct call c = call_of(g);
    value_remove(&c, value_find(&c, m->resource, m->kind, m->owner, m->index));
    m->live = false;
}

/* Any values in any order: each is what was put there last. */
static void what_is_read_is_what_was_put(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    static struct model all[MODELS];
    uint64_t x = 88172645463325252u;
    memset(all, 0, sizeof all);
    for (unsigned round = 0; round < 4000; round++) {
        unsigned k = below(&x, MODELS);
        g->config.crypto = below(&x, 4) ? CRYPTO_MODELLED : CRYPTO_OPENSSL;
        if (!all[k].live || below(&x, 3) == 0) {
            model_choose(g, &all[k], k, &x);
            model_put(g, all, k);
            generation_choose(g, all, k, &x);
        } else if (below(&x, 3) == 0) {
            remove_one(g, &all[k]);
        } else if (below(&x, 2)) {
            due_choose(g, &all[k], &x);
        } else {
            generation_choose(g, all, k, &x);
        }
        for (unsigned i = 0; i < MODELS; i++)
            if (all[i].live || round % 16 == 0)
                model_compare(g, &all[i]);
        if (round % 16 == 0)
            assert_null(node_check(g->r->node, &g->r->env));
    }
    rig_close(g);
}

/* Two places with one tag: each value lies at its own. */
static void one_tag_is_not_one_place(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    static struct id place[RECORDER_PEERS * 20];
    unsigned n = 0, twins = 0;
    for (peer_h p = A; p < RECORDER_PEERS; p++)
        for (uint8_t i = 1; i <= 20; i++)
            place[n++] = rig_node(g, p, i);
    for (unsigned a = 0; a < n && twins < 20; a++)
        for (unsigned b = 0; b < a && twins < 20; b++) {
            if ((uint16_t)place[a].lo != (uint16_t)place[b].lo)
                continue;
            unsigned one[2] = {a, b};
            for (unsigned k = 0; k < 2; k++) {
                peer_h p = A + one[k] / 20;
                struct rig_store q = {.from = p, .resource = place[one[k]], .items = 1,
                                      .item = {{.kind = KIND_TURN_SERVICE, .signer = p, .storage_ms = 5, .lifetime_s = 600}}}; /* removed: a value all the same */
                struct stored_data d[2];
                uint8_t body[64];
                assert_int_equal(rig_store(g, &q), 0);
                size_t len = rig_specifier(body, sizeof body, place[one[k]], KIND_TURN_SERVICE, 0, NULL, 0);
                assert_int_equal(rig_request(g, 3, 1, FETCH_REQ, true, place[one[k]], body, len), 0);
                assert_int_equal(rig_values(g, d, 2, NULL), 1);
                assert_int_equal(d[0].signature.signer, p);
                rig_forget(g);
            }
            struct call c = call_of(g);
            assert_int_equal(store_resources(&c), 2 * ++twins);
        }
    assert_int_equal(twins, 20);
    rig_close(g);
}

/* ---- numbers that grow ---- */

/* A copy with a counter from the end of its range widens what lies there already; the owner counts on from it. */
static void a_large_counter_reaches_all_values_of_its_kind(void **state)
{
    (void)state;
    static const uint64_t some[] = {UINT16_MAX, LARGE, UINT64_MAX - 1, UINT64_MAX};
    struct rig *g = rig_open(0);
    uint8_t value[42];
    struct stored_data d[2];
    uint64_t generation;
    uint32_t narrow = 0;
    for (unsigned k = 0; k < 4; k++) {
        assert_int_equal(registration(g, 1, A, 1, some[k], 5 + 2 * k, 600, value), 0);
        assert_int_equal(rig_registrations(g, A, d, 2, &generation), 1);
        assert_true(generation == some[k]);
        narrow = k ? narrow : stored_bytes(g);
        assert_int_equal(stored_bytes(g), narrow + (k ? VALUE_WIDER : 0));
        assert_int_equal(registration(g, A, A, 0, some[k], 6 + 2 * k, 600, value), 0);
        assert_int_equal(rig_registrations(g, A, d, 2, &generation), 1);
        assert_true(generation == (some[k] < UINT64_MAX ? some[k] + 1 : some[k])); /* 0 would stand for nothing stored */
        assert_memory_equal(d[0].value.value.b, value, sizeof value);
        assert_int_equal(d[0].storage_time_ms, 6 + 2 * k);
        assert_int_equal(registration(g, 1, A, 1, 7, 7 + 2 * k, 600, value), 0); /* it may fall too: copies are taken over unchecked */
    }
    rig_close(g);
}

/* The same value for longer: the new end may need more room. */
static void a_renewed_value_may_become_wide(void **state)
{
    (void)state;
    struct rig *g = rig_open(0);
    uint8_t value[42];
    struct stored_data d[2];
    assert_int_equal(registration(g, A, A, 0, 0, 5, 600, value), 0);
    assert_int_equal(stored_bytes(g), 60);
    assert_int_equal(registration(g, A, A, 0, 0, 5, UINT32_MAX, value), 0);
    assert_int_equal(stored_bytes(g), 60 + VALUE_WIDER);
    assert_int_equal(rig_registrations(g, A, d, 2, NULL), 1);
    assert_in_range(d[0].lifetime_s, UINT32_MAX - 2, UINT32_MAX);
    assert_memory_equal(d[0].value.value.b, value, sizeof value);
    assert_int_equal(registration(g, A, A, 0, 0, 5, 600, value), 0); /* not shortened */
    assert_int_equal(rig_registrations(g, A, d, 2, NULL), 1);
    assert_in_range(d[0].lifetime_s, UINT32_MAX - 3, UINT32_MAX);
    rig_close(g);
}

/* Where the room for wide numbers is missing the Store is refused, and all is as it was. */
static void what_would_grow_over_the_limit_is_refused(void **state)
{
    (void)state;
    enum { ROOM = 4 * 60 };
    struct rig *g = rig_open_with(0, ROOM, 0);
    uint8_t value[42];
    struct stored_data d[2];
    uint64_t generation;
    for (peer_h p = A; p < A + 4; p++)
        assert_int_equal(registration(g, p, p, 0, 0, 5, 600, value), 0);
    assert_int_equal(stored_bytes(g), ROOM);
    assert_int_equal(registration(g, A + 4, A + 4, 0, 0, 5, 600, value), ERROR_DATA_TOO_LARGE);
    assert_int_equal(registration(g, 1, A, 1, UINT64_MAX, 6, 600, value), ERROR_DATA_TOO_LARGE);
    assert_int_equal(registration(g, A, A, 0, 0, 5, UINT32_MAX, value), ERROR_DATA_TOO_LARGE);
    assert_int_equal(registration(g, A, A, 0, 0, UINT64_MAX, 600, value), ERROR_DATA_TOO_LARGE);
    assert_int_equal(stored_bytes(g), ROOM);
    assert_int_equal(rig_held(g), 4);
    assert_int_equal(rig_registrations(g, A, d, 2, &generation), 1);
    assert_true(generation == 1);
    assert_int_equal(d[0].storage_time_ms, 5);
    assert_in_range(d[0].lifetime_s, 590, 600);
    assert_int_equal(registration(g, 1, A, 1, UINT16_MAX, 6, 600, value), 0); /* what is as long as before is not */
    assert_int_equal(stored_bytes(g), ROOM);
    rig_close(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_registration_takes_sixty_bytes),
        cmocka_unit_test(what_is_read_is_what_was_put),
        cmocka_unit_test(one_tag_is_not_one_place),
        cmocka_unit_test(a_large_counter_reaches_all_values_of_its_kind),
        cmocka_unit_test(a_renewed_value_may_become_wide),
        cmocka_unit_test(what_would_grow_over_the_limit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

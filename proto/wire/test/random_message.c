/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/wire/test/random_message.h"

#include <assert.h>

#include "proto/base/hash.h"

struct message_source message_source_of(uint64_t seed)
{
    return (struct message_source){.state = hash64_mix(seed, 0x5eed)};
}

uint64_t source_word(struct message_source *s)
{
    s->state += UINT64_C(0x9e3779b97f4a7c15);
    return hash64_mix(s->state, s->state >> 32);
}

uint32_t source_below(struct message_source *s, uint32_t n)
{
    return (uint32_t)((source_word(s) >> 32) * n >> 32);
}

static bool chance(struct message_source *s, uint32_t one_in)
{
    return source_below(s, one_in) == 0;
}

/* Mostly short, sometimes empty, seldom up to max. */
/* As chance, but never in sober messages. */
static bool oddity(struct message_source *s, uint32_t one_in)
{
    return !s->sober && chance(s, one_in);
}

static uint32_t length_upto(struct message_source *s, uint32_t max)
{
    uint32_t usual = max < 24 ? max : 24;
    return chance(s, 8) ? 0 : chance(s, 50) ? source_below(s, max + 1) : source_below(s, usual + 1);
}

/* Writes n random bytes: the writer's own space serves as the source, so that no scratch is needed. */
static void put_noise(struct message_source *s, struct writer *w, uint32_t n)
{
    uint8_t *b = writer_take(w, n);
    assert(b);
    for (uint32_t i = 0; i < n; i += 8) {
        uint64_t x = source_word(s);
        memcpy(b + i, &x, n - i < 8 ? n - i : 8);
    }
}

static void put_noise_vector(struct message_source *s, struct writer *w, unsigned width, uint32_t max)
{
    uint32_t n = length_upto(s, max);
    put_length(w, width, n);
    put_noise(s, w, n);
}

static struct id noise_id(struct message_source *s)
{
    return (struct id){source_word(s), source_word(s)};
}

/* Spans for structures: bytes of a pool that is filled anew for each message. */
struct pool {
    uint8_t b[512];
};

static struct span pool_span(struct message_source *s, const struct pool *p, uint32_t max)
{
    uint32_t n = length_upto(s, max < sizeof p->b ? max : sizeof p->b);
    return (struct span){p->b + source_below(s, (uint32_t)sizeof p->b - n + 1), n};
}

static struct span pool_exact(struct message_source *s, const struct pool *p, uint32_t n)
{
    return (struct span){p->b + source_below(s, (uint32_t)sizeof p->b - n + 1), n};
}

static void put_destination(struct message_source *s, struct writer *w, const struct pool *p)
{
    uint8_t compressed[2] = {(uint8_t)(0x80 | source_below(s, 128)), (uint8_t)source_below(s, 256)};
    struct destination d = {.id = noise_id(s)};

    switch (s->sober ? 5 : source_below(s, 12)) {
    case 0:
        d.type = DESTINATION_COMPRESSED;
        d.bytes = (struct span){compressed, 2};
        break;
    case 1:
        d.type = DESTINATION_OPAQUE;
        d.bytes = pool_span(s, p, 254);
        break;
    case 2:
        d.type = DESTINATION_RESOURCE;
        d.bytes = pool_span(s, p, 254);
        break;
    case 3:
        d.type = (uint8_t)(4 + source_below(s, 124));
        d.bytes = pool_span(s, p, 255);
        break;
    case 4:
        destination_put_resource(w, d.id);
        return;
    default:
        d.type = DESTINATION_NODE;
        break;
    }
    destination_put(w, &d);
}

/* Returns the bytes that it wrote. */
static uint32_t put_destinations(struct message_source *s, struct writer *w, const struct pool *p, uint32_t max)
{
    uint32_t at = writer_len(w);
    for (uint32_t n = source_below(s, max + 1); n > 0; n--)
        put_destination(s, w, p);
    return writer_len(w) - at;
}

static void put_header(struct message_source *s, struct writer *w, const struct pool *p)
{
    struct header h = {.overlay = (uint32_t)source_word(s), .config_sequence = (uint16_t)source_word(s), .version = RELO_VERSION,
                       .ttl = (uint8_t)source_word(s), .fragment = FRAGMENT_WHOLE, .transaction = source_word(s),
                       .max_response = chance(s, 2) ? 0 : (uint32_t)source_word(s)};
    uint32_t via, destination, options;

    header_put(w, &h);
    via = put_destinations(s, w, p, 10);
    destination = put_destinations(s, w, p, 4);
    options = writer_len(w);
    for (uint32_t n = oddity(s, 4) ? source_below(s, 4) : 0; n > 0; n--) {
        struct forwarding_option o = {(uint8_t)source_word(s), (uint8_t)source_below(s, 16), pool_span(s, p, 300)};
        option_put(w, &o);
    }
    options = writer_len(w) - options;
    store_be16(w->start + 32, (uint16_t)via);
    store_be16(w->start + 34, (uint16_t)destination);
    store_be16(w->start + 36, (uint16_t)options);
}

static void signature_random(struct message_source *s, const struct pool *p, struct signature *x)
{
    *x = (struct signature){.signer = source_below(s, 1u << 31), .token = source_word(s), .hash = 4, .sig = 1,
                            .identity_type = (uint8_t)(1 + source_below(s, 2)), .identity_hash_alg = 4,
                            .identity = pool_exact(s, p, 32), .value = pool_exact(s, p, SIGNATURE_VALUE_BYTES)};
    switch (s->sober ? 2 : source_below(s, 12)) {
    case 0: /* synthesized value, RFC 6940 7.4.2.2 */
        *x = (struct signature){.signer = PEER_NONE, .identity_type = IDENTITY_NONE};
        break;
    case 1: /* of a kind that we do not know; true form even in a folded message */
        *x = (struct signature){.signer = PEER_NONE, .hash = 6, .sig = 3, .identity_type = (uint8_t)(4 + source_below(s, 250)),
                                .identity_raw = pool_span(s, p, 400), .value = pool_span(s, p, 400)};
        break;
    default:
        break;
    }
}

static void put_security(struct message_source *s, struct writer *w, const struct pool *p)
{
    struct security x = {.certificates = chance(s, 4) ? source_below(s, 5) : 1};
    for (unsigned i = 0; i < x.certificates; i++)
        x.certificate[i] = (struct certificate){.owner = oddity(s, 8) ? PEER_NONE : source_below(s, 1u << 31), .der = pool_span(s, p, 500)};
    signature_random(s, p, &x.signature);
    security_put(w, &x);
}

static void put_address(struct message_source *s, struct writer *w, const struct pool *p)
{
    struct address_port a = {.type = (uint8_t)(1 + source_below(s, 2))};
    memcpy(a.addr.ip, p->b, sizeof a.addr.ip);
    a.addr.port = (uint16_t)source_word(s);
    if (oddity(s, 10)) {
        a.type = (uint8_t)(3 + source_below(s, 250));
        a.unknown = pool_span(s, p, 255);
    }
    address_put(w, &a);
}

static void put_candidate(struct message_source *s, struct writer *w, const struct pool *p)
{
    static const uint8_t types[] = {CANDIDATE_HOST, CANDIDATE_SRFLX, CANDIDATE_RELAY};
    uint8_t type = types[source_below(s, 3)];
    struct mark m;

    put_address(s, w, p);
    put_u8(w, s->sober ? LINK_DTLS_UDP_SR_NO_ICE : (uint8_t)source_word(s));
    put_noise_vector(s, w, 1, 255);
    put_u32(w, (uint32_t)source_word(s));
    put_u8(w, type);
    if (type != CANDIDATE_HOST)
        put_address(s, w, p);
    m = put_open(w, 2);
    for (uint32_t n = oddity(s, 4) ? source_below(s, 3) : 0; n > 0; n--) {
        put_noise_vector(s, w, 2, 40);
        put_noise_vector(s, w, 2, 40);
    }
    put_close(w, 2, m);
}

static void put_attach(struct message_source *s, struct writer *w, const struct pool *p, bool application)
{
    struct mark m;

    put_noise_vector(s, w, 1, 255);
    put_noise_vector(s, w, 1, 255);
    if (application)
        put_u16(w, (uint16_t)source_word(s));
    put_noise_vector(s, w, 1, 10);
    m = put_open(w, 2);
    for (uint32_t n = source_below(s, 5); n > 0; n--)
        put_candidate(s, w, p);
    put_close(w, 2, m);
    if (!application)
        put_u8(w, (uint8_t)source_below(s, 2));
}

static void put_ids(struct message_source *s, struct writer *w, uint32_t max)
{
    struct mark m = put_open(w, 2);
    for (uint32_t n = source_below(s, max + 1); n > 0; n--)
        put_id(w, noise_id(s));
    put_close(w, 2, m);
}

static void put_update(struct message_source *s, struct writer *w)
{
    uint8_t type = (uint8_t)(1 + source_below(s, 3));
    put_u32(w, (uint32_t)source_word(s));
    put_u8(w, type);
    if (type != UPDATE_PEER_READY) {
        put_ids(s, w, 4);
        put_ids(s, w, 4);
    }
    if (type == UPDATE_FULL)
        put_ids(s, w, 20);
}

static void put_leave(struct message_source *s, struct writer *w)
{
    struct mark m;

    put_id(w, noise_id(s));
    m = put_open(w, 2);
    if (oddity(s, 4)) {
        put_noise(s, w, source_below(s, 20));
    } else {
        put_u8(w, (uint8_t)(1 + source_below(s, 2)));
        put_ids(s, w, 4);
    }
    put_close(w, 2, m);
}

static void put_config_update(struct message_source *s, struct writer *w)
{
    uint8_t type = (uint8_t)(1 + source_below(s, s->sober ? 2 : 3));
    struct mark length, data;

    put_u8(w, type);
    if (type > CONFIG_UPDATE_KIND) {
        put_noise_vector(s, w, 4, 300);
        return;
    }
    length = put_open(w, 4);
    data = put_open(w, 3);
    if (type == CONFIG_UPDATE_CONFIG)
        put_noise(s, w, length_upto(s, 4000));
    else
        for (uint32_t n = source_below(s, 4); n > 0; n--)
            put_noise_vector(s, w, 2, 500);
    put_close(w, 3, data);
    put_close(w, 4, length);
}

static uint32_t noise_kind(struct message_source *s)
{
    static const uint32_t kinds[] = {KIND_SIP_REGISTRATION, KIND_SIP_REGISTRATION, KIND_TURN_SERVICE, KIND_CERTIFICATE_BY_NODE,
                                     KIND_CERTIFICATE_BY_USER, KIND_REDIR, 0xf0000001};
    return kinds[s->sober ? 0 : source_below(s, sizeof kinds / sizeof *kinds)];
}

/* A registration, or for other Kinds noise. */
static struct span value_of(struct message_source *s, const struct pool *p, uint8_t b[128])
{
    struct writer w = writer_on(b, 128, false);
    uint8_t node[DESTINATION_NODE_BYTES];
    struct writer list = writer_on(node, sizeof node, false);
    struct sip_registration x = {.type = SIP_REGISTRATION_ROUTE, .contact_prefs = {(const uint8_t *)"(sip.schemes=SIPS)", 18},
                                 .destinations = {node, sizeof node}};

    if (!s->sober)
        return pool_span(s, p, 500);
    destination_put_node(&list, noise_id(s));
    sip_registration_put(&w, &x);
    return (struct span){b, writer_len(&w)};
}

static void put_stored_data(struct message_source *s, struct writer *w, const struct pool *p, uint32_t kind)
{
    uint8_t value[128];
    struct stored_data d = {.storage_time_ms = source_word(s), .lifetime_s = (uint32_t)source_word(s), .model = kind_model(kind),
                            .index = (uint32_t)source_word(s), .key = s->sober ? pool_exact(s, p, ID_BYTES) : pool_span(s, p, 300),
                            .value = {.exists = s->sober || chance(s, 2), .value = value_of(s, p, value)}, .raw = pool_span(s, p, 500)};
    uint8_t token[CERTIFICATE_TOKEN_BYTES] = {TOKEN_DER, 0, 0, (uint8_t)source_word(s), (uint8_t)source_word(s)};
    if (w->fold && (kind == KIND_CERTIFICATE_BY_NODE || kind == KIND_CERTIFICATE_BY_USER) && chance(s, 2))
        d.value = (struct data_value){.exists = true, .certificate = true, .value = {token, sizeof token}};
    signature_random(s, p, &d.signature);
    if (d.model == MODEL_UNKNOWN && d.signature.signer == PEER_NONE && d.raw.len >= SIGNATURE_TRUE_BYTES && d.raw.b[d.raw.len - SIGNATURE_TRUE_BYTES] == TOKEN_SIGNATURE)
        d.raw.len = SIGNATURE_TRUE_BYTES - 1; /* a writer refuses to fold what would be taken for a token */
    stored_data_put(w, &d);
}

static void put_metadata(struct message_source *s, struct writer *w, const struct pool *p, uint32_t kind)
{
    struct metadata d = {.storage_time_ms = source_word(s), .lifetime_s = (uint32_t)source_word(s), .model = kind_model(kind),
                         .index = (uint32_t)source_word(s), .key = s->sober ? pool_exact(s, p, ID_BYTES) : pool_span(s, p, 300), .exists = chance(s, 2),
                         .data_length = (uint32_t)source_word(s), .hash_algorithm = 4, .hash = pool_span(s, p, 255),
                         .raw = pool_span(s, p, 500)};
    metadata_put(w, &d);
}

static void put_kinds(struct message_source *s, struct writer *w, const struct pool *p,
                      void (*put_value)(struct message_source *, struct writer *, const struct pool *, uint32_t kind))
{
    struct mark all = put_open(w, 4);
    for (uint32_t n = source_below(s, 4); n > 0; n--) {
        uint32_t kind = noise_kind(s);
        struct mark m = kind_data_open(w, kind, source_word(s));
        for (uint32_t values = source_below(s, 4); values > 0; values--)
            put_value(s, w, p, kind);
        kind_data_close(w, m);
    }
    put_close(w, 4, all);
}

static void put_specifier(struct message_source *s, struct writer *w)
{
    uint32_t kind = noise_kind(s);
    struct mark specifier, list;

    put_u32(w, kind);
    put_u64(w, source_word(s));
    specifier = put_open(w, 2);
    switch (kind_model(kind)) {
    case MODEL_SINGLE:
        break;
    case MODEL_UNKNOWN:
        put_noise(s, w, length_upto(s, 100));
        break;
    case MODEL_ARRAY:
        list = put_open(w, 2);
        put_noise(s, w, 8 * source_below(s, 4));
        put_close(w, 2, list);
        break;
    case MODEL_DICTIONARY:
        list = put_open(w, 2);
        for (uint32_t n = s->sober ? 0 : source_below(s, 4); n > 0; n--) /* sober: all keys; Wireshark 4.0 misreads others */
            put_noise_vector(s, w, 2, 100);
        put_close(w, 2, list);
        break;
    }
    put_close(w, 2, specifier);
}

static void put_resource(struct message_source *s, struct writer *w)
{
    if (!s->sober) {
        put_noise_vector(s, w, 1, 255);
        return;
    }
    put_u8(w, ID_BYTES);
    put_id(w, noise_id(s));
}

static void put_fetch_req(struct message_source *s, struct writer *w)
{
    struct mark m;
    put_resource(s, w);
    m = put_open(w, 2);
    for (uint32_t n = source_below(s, 4); n > 0; n--)
        put_specifier(s, w);
    put_close(w, 2, m);
}

static void put_store_ans(struct message_source *s, struct writer *w)
{
    struct mark m = put_open(w, 2);
    for (uint32_t n = source_below(s, 4); n > 0; n--) {
        put_u32(w, noise_kind(s));
        put_u64(w, source_word(s));
        put_ids(s, w, 3);
    }
    put_close(w, 2, m);
}

static void put_find_ans(struct message_source *s, struct writer *w)
{
    struct mark m = put_open(w, 2);
    for (uint32_t n = source_below(s, 4); n > 0; n--) {
        put_u32(w, noise_kind(s));
        put_resource(s, w);
    }
    put_close(w, 2, m);
}

static void put_probe_ans(struct message_source *s, struct writer *w)
{
    struct mark m = put_open(w, 2);
    for (uint32_t n = source_below(s, 5); n > 0; n--) {
        uint8_t type = (uint8_t)(1 + source_below(s, s->sober ? 3 : 5));
        put_u8(w, type);
        if (type <= PROBE_UPTIME) {
            put_u8(w, 4);
            put_u32(w, (uint32_t)source_word(s));
        } else {
            put_noise_vector(s, w, 1, 255);
        }
    }
    put_close(w, 2, m);
}

/* error_info is words but for two codes, RFC 6940 6.3.3.1. */
static void put_error(struct message_source *s, struct writer *w)
{
    uint16_t code = (uint16_t)(s->sober ? ERROR_FORBIDDEN + source_below(s, 19) : source_below(s, 30));
    struct mark m;

    put_u16(w, code);
    if (!s->sober) {
        put_noise_vector(s, w, 2, 300);
        return;
    }
    m = put_open(w, 2);
    if (code == ERROR_GENERATION_COUNTER_TOO_LOW)
        put_store_ans(s, w);
    else if (code == ERROR_UNKNOWN_KIND)
        put_vector(w, 1, "\xf0\0\0\1", 4);
    else
        put_bytes(w, "in words", 8);
    put_close(w, 2, m);
}

/* RFC 7851 5.1, 5.2: the list's length stands twice. */
static void put_diagnostics(struct message_source *s, struct writer *w, bool answer)
{
    uint8_t b[512];
    struct writer list = writer_on(b, sizeof b, false);
    put_noise(s, w, answer ? 25 : 24);
    for (uint32_t n = source_below(s, 4); n > 0; n--) {
        put_u16(&list, (uint16_t)source_word(s));
        put_noise_vector(s, &list, answer ? 2 : 4, 100);
    }
    put_u32(w, writer_len(&list));
    put_vector(w, 4, b, writer_len(&list));
}

static void put_body(struct message_source *s, struct writer *w, const struct pool *p, uint16_t code)
{
    switch ((enum message_code)code) {
    case PING_REQ: put_noise_vector(s, w, 2, 3000); return;
    case PING_ANS: put_noise(s, w, 16); return;
    case PROBE_REQ: put_noise_vector(s, w, 1, 255); return;
    case PROBE_ANS: put_probe_ans(s, w); return;
    case ATTACH_REQ: case ATTACH_ANS: put_attach(s, w, p, false); return;
    case APP_ATTACH_REQ: case APP_ATTACH_ANS: put_attach(s, w, p, true); return;
    case JOIN_REQ: put_id(w, noise_id(s)); put_noise_vector(s, w, 2, 500); return;
    case JOIN_ANS: put_noise_vector(s, w, 2, 500); return;
    case LEAVE_REQ: put_leave(s, w); return;
    case UPDATE_REQ: put_update(s, w); return;
    case ROUTE_QUERY_REQ:
        put_u8(w, (uint8_t)source_below(s, 2));
        put_destination(s, w, p);
        put_noise_vector(s, w, 2, 100);
        return;
    case ROUTE_QUERY_ANS: put_id(w, noise_id(s)); return;
    case CONFIG_UPDATE_REQ: put_config_update(s, w); return;
    case STORE_REQ:
        put_resource(s, w);
        put_u8(w, (uint8_t)source_below(s, 3));
        put_kinds(s, w, p, put_stored_data);
        return;
    case FETCH_ANS: put_kinds(s, w, p, put_stored_data); return;
    case STAT_ANS: put_kinds(s, w, p, put_metadata); return;
    case STORE_ANS: put_store_ans(s, w); return;
    case FETCH_REQ: case STAT_REQ: put_fetch_req(s, w); return;
    case FIND_REQ: {
        uint32_t kinds = source_below(s, 5);
        put_resource(s, w);
        put_u8(w, (uint8_t)(4 * kinds));
        put_noise(s, w, 4 * kinds);
        return;
    }
    case FIND_ANS: put_find_ans(s, w); return;
    case MESSAGE_ERROR: put_error(s, w); return;
    case LEAVE_ANS: case UPDATE_ANS: case CONFIG_UPDATE_ANS: return;
    case PATH_TRACK_REQ: case PATH_TRACK_ANS:
        put_destination(s, w, p);
        put_diagnostics(s, w, code == PATH_TRACK_ANS);
        return;
    case EXP_A_REQ: case EXP_A_ANS: case EXP_B_REQ: case EXP_B_ANS: break;
    }
    put_noise(s, w, length_upto(s, 1000));
}

uint16_t random_message_code(struct message_source *s)
{
    static const uint16_t others[] = {MESSAGE_ERROR, MESSAGE_ERROR, 0, 5, 0x7fff, 0x9000};
    uint32_t x = source_below(s, PATH_TRACK_ANS + 6u);
    if (s->sober && (x >= PATH_TRACK_ANS + 2u || (x < PATH_TRACK_ANS && !message_name((uint16_t)(x + 1)))))
        return PING_REQ;
    return x < PATH_TRACK_ANS ? (uint16_t)(x + 1) : others[x - PATH_TRACK_ANS];
}

static void put_extensions(struct message_source *s, struct writer *w)
{
    struct mark m = put_open(w, 4);
    for (uint32_t n = oddity(s, 4) ? source_below(s, 4) : 0; n > 0; n--) {
        put_u16(w, (uint16_t)source_below(s, 6));
        put_u8(w, (uint8_t)source_below(s, 2));
        put_noise_vector(s, w, 4, 300);
    }
    put_close(w, 4, m);
}

void random_message_make(struct message_source *s, uint16_t code, bool folded, struct random_message *m)
{
    struct writer w = writer_on(m->b, sizeof m->b, folded);
    struct pool p;
    struct writer fill = writer_on(p.b, sizeof p.b, false);
    struct mark body;

    put_noise(s, &fill, sizeof p.b);
    put_header(s, &w, &p);
    put_u16(&w, code);
    body = put_open(&w, 4);
    put_body(s, &w, &p, code);
    put_close(&w, 4, body);
    put_extensions(s, &w);
    put_security(s, &w, &p);
    assert(w.err == 0);
    m->len = writer_len(&w);
    m->true_len = writer_true(&w);
    header_patch_fragment(m->b, FRAGMENT_WHOLE, m->true_len);
}

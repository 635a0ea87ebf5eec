/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nanoseconds of one operation on typical messages, true and folded: reading the header, reading the whole message, encoding it, rewriting
 * it as a forwarder does, and hashing its contents as a modelled signature does. One line a result; the least of several runs. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "proto/base/hash.h"
#include "proto/wire/message.h"

enum { BYTES_MAX = 8192, ITERATIONS = 100000, RUNS = 7, VIA_ENTRIES = 4 };

struct sample {
    const char *name;
    uint16_t code;
    void (*put)(struct writer *);
};

struct work {
    const struct sample *sample;
    uint8_t b[BYTES_MAX], out[BYTES_MAX];
    size_t len;
    bool fold;
    volatile uint64_t sink; /* keeps the compiler from dropping the work */
};

static const uint8_t zeros[CERTIFICATE_DER_BYTES];

static struct signature typical_signature(void)
{
    return (struct signature){.signer = 77, .token = 5, .hash = 4, .sig = 1, .identity_type = IDENTITY_CERT_HASH, .identity_hash_alg = 4,
                              .identity = {zeros, 32}, .value = {zeros, SIGNATURE_VALUE_BYTES}};
}

static void put_ping(struct writer *w)
{
    ping_req_put(w, &(struct ping_req){{NULL, 0}});
}

static void put_update(struct writer *w)
{
    struct span three = {zeros, 3 * ID_BYTES};
    update_req_put(w, &(struct update_req){.uptime_s = 1000, .type = UPDATE_NEIGHBORS, .predecessors = three, .successors = three});
}

static void put_fetch(struct writer *w)
{
    struct mark m = fetch_req_open(w, (struct id){1, 2});
    specifier_put(w, &(struct specifier){KIND_SIP_REGISTRATION, 0, {zeros, 2}});
    put_close(w, 2, m);
}

static void put_values(struct writer *w)
{
    struct mark k = kind_data_open(w, KIND_SIP_REGISTRATION, 1);
    struct stored_data d = {.storage_time_ms = 1, .lifetime_s = 3600, .model = MODEL_DICTIONARY, .key = {zeros, 16},
                            .value = {.exists = true, .value = {zeros, 43}}, .signature = typical_signature()};
    stored_data_put(w, &d);
    kind_data_close(w, k);
}

static void put_fetch_ans(struct writer *w)
{
    struct mark m = fetch_ans_open(w);
    put_values(w);
    put_close(w, 4, m);
}

static void put_store(struct writer *w)
{
    struct mark m = store_req_open(w, (struct id){1, 2}, 0);
    put_values(w);
    put_close(w, 4, m);
}

static const struct sample samples[] = {
    {"PingReq", PING_REQ, put_ping},       {"UpdateReq", UPDATE_REQ, put_update}, {"FetchReq", FETCH_REQ, put_fetch},
    {"FetchAns", FETCH_ANS, put_fetch_ans}, {"StoreReq", STORE_REQ, put_store},
};

static size_t encode(struct work *k, uint8_t *out)
{
    struct writer w = writer_on(out, BYTES_MAX, k->fold);
    uint8_t lists[(VIA_ENTRIES + 1) * DESTINATION_NODE_BYTES];
    struct writer list = writer_on(lists, sizeof lists, false);
    struct header h = {.overlay = 1, .version = RELO_VERSION, .ttl = 90, .fragment = FRAGMENT_WHOLE, .transaction = 7,
                       .via = {lists, VIA_ENTRIES * DESTINATION_NODE_BYTES},
                       .destination = {lists + VIA_ENTRIES * DESTINATION_NODE_BYTES, DESTINATION_NODE_BYTES}};
    struct security s;
    struct mark m;

    for (uint64_t i = 0; i <= VIA_ENTRIES; i++)
        destination_put_node(&list, (struct id){i, i});
    header_put(&w, &h);
    m = contents_begin(&w, k->sample->code);
    k->sample->put(&w);
    contents_end(&w, m, NULL, 0);
    s.certificates = 1;
    s.certificate[0] = (struct certificate){.owner = 77, .der = {zeros, CERTIFICATE_DER_BYTES}};
    s.signature = typical_signature();
    security_put(&w, &s);
    header_patch_fragment(out, FRAGMENT_WHOLE, writer_true(&w));
    return w.err ? 0 : writer_len(&w);
}

static void do_header(struct work *k)
{
    struct reader r = reader_on(k->b, k->len, k->fold);
    struct header h;
    header_read(&r, &h);
    k->sink += h.transaction;
}

static void do_decode(struct work *k)
{
    struct message m;
    message_read(k->b, k->len, k->fold, &m);
    k->sink += m.contents_true;
}

static void do_encode(struct work *k)
{
    k->sink += encode(k, k->out);
}

static void do_forward(struct work *k)
{
    struct reader r = reader_on(k->b, k->len, k->fold);
    struct writer w = writer_on(k->out, BYTES_MAX, k->fold);
    struct id previous = {3, 4};
    struct header h;

    header_read(&r, &h);
    header_put_forward(&w, &h, &previous, 0);
    put_bytes(&w, r.p, reader_left(&r));
    k->sink += writer_len(&w);
}

static void do_hash(struct work *k)
{
    k->sink += hash64(k->sink, k->b, k->len);
}

static double least_ns(struct work *k, void (*what)(struct work *))
{
    double least = 1e18;
    for (int run = 0; run < RUNS; run++) {
        clock_t start = clock();
        double took;
        for (int i = 0; i < ITERATIONS; i++)
            what(k);
        took = (double)(clock() - start) * (1e9 / CLOCKS_PER_SEC) / ITERATIONS;
        least = took < least ? took : least;
    }
    return least;
}

int main(void)
{
    static const struct {
        const char *name;
        void (*what)(struct work *);
    } operations[] = {{"header", do_header}, {"decode", do_decode}, {"encode", do_encode}, {"forward", do_forward}, {"hash", do_hash}};
    static struct work k;

    for (int fold = 1; fold >= 0; fold--)
        for (unsigned i = 0; i < sizeof samples / sizeof *samples; i++) {
            k.sample = &samples[i];
            k.fold = fold;
            k.len = encode(&k, k.b);
            for (unsigned o = 0; o < sizeof operations / sizeof *operations; o++)
                printf("wire.%s.%s.%s %.1f ns\n", operations[o].name, k.sample->name, fold ? "folded" : "true", least_ns(&k, operations[o].what));
        }
    return k.len ? 0 : 1;
}

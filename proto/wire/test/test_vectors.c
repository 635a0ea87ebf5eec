/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: bytes that were worked out by hand or by an independent encoder and that Wireshark reads, and the sizes of typical messages, which
 * every bandwidth figure rests on. Leaves open: what holds for all messages alike (test_roundtrip.c). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "proto/wire/frame.h"
#include "proto/wire/message.h"
#include "proto/wire/rewrite.h"

static uint8_t wire[4096], expected[4096];

/* Hexadecimal digits, spaces ignored. */
static size_t hex(const char *text, uint8_t *out)
{
    size_t n = 0;
    unsigned value;

    for (; *text; text += 2) {
        while (*text == ' ')
            text++;
        assert_int_equal(sscanf(text, "%2x", &value), 1);
        out[n++] = (uint8_t)value;
    }
    return n;
}

static void assert_wire(const struct writer *w, const char *text)
{
    size_t n = hex(text, expected);
    assert_int_equal(w->err, 0);
    assert_int_equal(writer_len(w), n);
    assert_memory_equal(w->start, expected, n);
}

static const uint8_t certificate_der[] = {0x30, 0x03, 0x02, 0x01, 0x05};
static const char certificate_sha256[] = "417c7763c4e320a6b747b3cb0c6d22f93741b29a32b48594b8eb4c144fe6d729";

static struct signature rsa_signature(const uint8_t hash[32], const uint8_t value[256])
{
    return (struct signature){.signer = PEER_NONE, .hash = 4, .sig = 1, .identity_type = IDENTITY_CERT_HASH, .identity_hash_alg = 4,
                              .identity = {hash, 32}, .value = {value, 256}};
}

static void a_framed_ping_has_the_bytes_of_the_worked_example(void **state)
{
    static const struct id node = {0x2222222222222222, 0x2222222222222222};
    uint8_t destination[DESTINATION_NODE_BYTES], sha256[32], value[256];
    struct writer w = writer_on(wire, sizeof wire, false), list = writer_on(destination, sizeof destination, false);
    struct header h = {.overlay = 0x9aa32b8d, .config_sequence = 0x16, .version = RELO_VERSION, .ttl = 100, .fragment = FRAGMENT_WHOLE,
                       .length = 0x177, .transaction = 0x0123456789abcdef, .destination = {destination, sizeof destination}};
    struct security security = {.certificates = 1, .certificate = {{.owner = PEER_NONE, .der = {certificate_der, 5}}}};
    struct ping_req ping = {{NULL, 0}};
    struct mark m;
    char text[2000];

    (void)state;
    hex(certificate_sha256, sha256);
    memset(value, 0xab, sizeof value);
    destination_put_node(&list, node);
    frame_put_data(&w, 0, h.length);
    header_put(&w, &h);
    m = contents_begin(&w, PING_REQ);
    ping_req_put(&w, &ping);
    contents_end(&w, m, NULL, 0);
    security.signature = rsa_signature(sha256, value);
    security_put(&w, &security);

    snprintf(text, sizeof text, "80 00000000 000177"
                                "d2454c4f 9aa32b8d 0016 0a 64 c0000000 00000177 0123456789abcdef 00000000 0000 0012 0000"
                                "0110 22222222222222222222222222222222"
                                "0017 00000002 0000 00000000"
                                "0008 00 0005 3003020105"
                                "0401 01 0022 04 20 %s 0100",
             certificate_sha256);
    for (int i = 0; i < 256; i++)
        strcat(text, "ab");
    assert_wire(&w, text);
    struct writer again = writer_on(expected, sizeof expected, false);
    assert_int_equal(rewrite_frame(&again, wire, writer_len(&w)), 0);
    assert_memory_equal(expected, wire, 0x177 + FRAME_DATA_BYTES);
}

static void a_wildcard_fetch_of_a_dictionary_has_the_bytes_of_the_worked_example(void **state)
{
    struct id resource = {0x6df379fb05075b13, 0xada5f9d9ae9fbaa0};
    struct specifier all = {KIND_SIP_REGISTRATION, 0, {(const uint8_t *)"\0\0", 2}};
    struct writer w = writer_on(wire, sizeof wire, false);
    struct mark m = fetch_req_open(&w, resource);
    struct fetch_req x;
    struct specifier s;
    struct span keys;

    (void)state;
    specifier_put(&w, &all);
    put_close(&w, 2, m);
    assert_wire(&w, "10 6df379fb05075b13ada5f9d9ae9fbaa0 0010 00000001 0000000000000000 0002 0000");
    assert_int_equal(fetch_req_read(reader_on(wire, writer_len(&w), false), &x), 0);
    struct reader each = reader_on(x.specifiers.b, x.specifiers.len, false);
    assert_int_equal(specifier_read(&each, &s), 0);
    assert_int_equal(dictionary_keys_read(s.model_specifier, &keys), 0);
    assert_int_equal(keys.len, 0);
}

static void small_structures_have_the_bytes_of_the_rfc(void **state)
{
    struct writer w = writer_on(wire, sizeof wire, false);
    struct ip_port ip = {{192, 0, 2, 1}, 6084, 4};
    struct address_port address = address_of(&ip);

    (void)state;
    address_put(&w, &address);
    assert_wire(&w, "01 06 c0000201 17c4");
    w = writer_on(wire, sizeof wire, false);
    ip.version = 6;
    address = address_of(&ip);
    address_put(&w, &address);
    assert_wire(&w, "02 12 c0000201 000000000000000000000000 17c4");
    w = writer_on(wire, sizeof wire, false);
    put_vector(&w, 1, "FOO", 3);
    assert_wire(&w, "03 464f4f");
    w = writer_on(wire, sizeof wire, false);
    destination_put_resource(&w, (struct id){1, 2});
    assert_wire(&w, "02 11 10 0000000000000001 0000000000000002");
    w = writer_on(wire, sizeof wire, false);
    frame_put_ack(&w, 7, 0x41);
    assert_wire(&w, "81 00000007 00000041");
    w = writer_on(wire, sizeof wire, false);
    identity_put(&w, &(struct signature){.identity_type = IDENTITY_NONE});
    assert_wire(&w, "03 0000");
}

static void a_registration_with_one_node_has_the_bytes_of_rfc_7904(void **state)
{
    struct writer w = writer_on(wire, sizeof wire, false);
    uint8_t node[18];
    struct writer list = writer_on(node, sizeof node, false);
    struct sip_registration x = {.type = SIP_REGISTRATION_ROUTE, .contact_prefs = {(const uint8_t *)"(a)", 3}, .destinations = {node, 18}}, y;

    (void)state;
    destination_put_node(&list, (struct id){3, 4});
    sip_registration_put(&w, &x);
    assert_wire(&w, "02 0019 0003 286129 0012 0110 0000000000000003 0000000000000004");
    assert_int_equal(sip_registration_read((struct span){wire, writer_len(&w)}, &y), 0);
    assert_int_equal(y.destinations.len, 18);
    w = writer_on(wire, sizeof wire, false);
    x = (struct sip_registration){.type = SIP_REGISTRATION_URI, .uri = {(const uint8_t *)"a@b", 3}};
    sip_registration_put(&w, &x);
    assert_wire(&w, "01 0005 0003 614062");
    /* destination_list<3..2^16-1> */
    hex("02 0006 0000 0002 8001", wire);
    assert_int_equal(sip_registration_read((struct span){wire, 9}, &y), ERR_LENGTH);
}

static void leaves_and_updates_have_the_bytes_of_rfc_6940(void **state)
{
    uint8_t ids[32] = {[15] = 1, [31] = 2};
    struct writer w = writer_on(wire, sizeof wire, false);

    (void)state;
    chord_leave_put(&w, &(struct chord_leave_data){LEAVE_FROM_SUCC, {ids, 16}});
    assert_wire(&w, "01 0010 00000000000000000000000000000001");
    w = writer_on(wire, sizeof wire, false);
    update_req_put(&w, &(struct update_req){.uptime_s = 258, .type = UPDATE_PEER_READY});
    assert_wire(&w, "00000102 01");
    w = writer_on(wire, sizeof wire, false);
    update_req_put(&w, &(struct update_req){.uptime_s = 1, .type = UPDATE_NEIGHBORS, .predecessors = {ids, 16}, .successors = {ids + 16, 16}});
    assert_wire(&w, "00000001 02 0010 00000000000000000000000000000001 0010 00000000000000000000000000000002");
    w = writer_on(wire, sizeof wire, false);
    update_req_put(&w, &(struct update_req){.uptime_s = 1, .type = UPDATE_FULL, .fingers = {ids, 32}});
    assert_wire(&w, "00000001 03 0000 0000 0020 00000000000000000000000000000001 00000000000000000000000000000002");
}

/* ---- sizes: header 38, node destination 18, contents 10, security block 1118 ---- */

static const uint8_t zeros[CERTIFICATE_DER_BYTES];

static struct mark message_begin(struct writer *w, bool fold, uint16_t code)
{
    struct header h = {.version = RELO_VERSION, .ttl = 100, .fragment = FRAGMENT_WHOLE};
    *w = writer_on(wire, sizeof wire, fold);
    header_put(w, &h);
    destination_put_node(w, (struct id){1, 1});
    return contents_begin(w, code);
}

static struct signature modelled(void)
{
    struct signature s = rsa_signature(zeros, zeros);
    s.signer = 77; /* written as a token where the writer folds */
    return s;
}

static uint32_t message_end(struct writer *w, struct mark m)
{
    struct security s = {.certificates = 1, .certificate = {{.owner = 77, .der = {zeros, CERTIFICATE_DER_BYTES}}}, .signature = modelled()};
    contents_end(w, m, NULL, 0);
    security_put(w, &s);
    assert_int_equal(w->err, 0);
    return writer_true(w);
}

static void put_ids(struct writer *w, struct update_req *x)
{
    x->predecessors = (struct span){zeros, 48};
    update_req_put(w, x);
}

static void put_registration(struct writer *w)
{
    struct stored_data d = {.model = MODEL_DICTIONARY, .key = {zeros, 16}, .value = {.exists = true, .value = {wire + 3000, 0}}, .signature = modelled()};
    struct sip_registration r = {.type = SIP_REGISTRATION_ROUTE, .contact_prefs = {(const uint8_t *)"(sip.schemes=SIPS)", 18},
                                 .destinations = {(const uint8_t *)"\1\20abcdefghijklmnop", 18}};
    struct writer value = writer_on(wire + 3000, 200, false);

    sip_registration_put(&value, &r);
    d.value.value.len = writer_len(&value);
    stored_data_put(w, &d);
}

static void put_candidate(struct writer *w, uint8_t type)
{
    struct ip_port ip = {.version = 4};
    struct candidate c = {.addr = address_of(&ip), .overlay_link = LINK_DTLS_UDP_SR, .foundation = {zeros, 1}, .type = type, .related = address_of(&ip)};
    candidate_put(w, &c);
}

static void typical_messages_have_the_sizes_that_bandwidth_rests_on(void **state)
{
    struct update_req update = {.type = UPDATE_NEIGHBORS};
    uint8_t candidates[100];
    struct writer w, list = writer_on(candidates, sizeof candidates, false);
    struct attach attach = {.ufrag = {zeros, 4}, .password = {zeros, 24}, .role = {(const uint8_t *)"passive", 7}};
    struct mark m, k, d;

    (void)state;
    put_candidate(&list, CANDIDATE_HOST);
    put_candidate(&list, CANDIDATE_SRFLX);
    put_candidate(&list, CANDIDATE_RELAY);
    attach.candidates = (struct span){candidates, writer_len(&list)};
    for (int fold = 0; fold < 2; fold++) {
        m = message_begin(&w, fold, PING_REQ);
        ping_req_put(&w, &(struct ping_req){{NULL, 0}});
        assert_int_equal(message_end(&w, m), 1186);
        assert_int_equal(writer_len(&w), fold ? 1186 - (819 - 5) - (297 - 13) : 1186);

        m = message_begin(&w, fold, ATTACH_REQ);
        attach_put(&w, &attach);
        assert_int_equal(message_end(&w, m), 1295);

        m = message_begin(&w, fold, UPDATE_REQ);
        put_ids(&w, &update);
        assert_int_equal(message_end(&w, m), 1241);

        m = message_begin(&w, fold, STORE_REQ);
        k = store_req_open(&w, (struct id){1, 1}, 0);
        d = kind_data_open(&w, KIND_SIP_REGISTRATION, 0);
        put_registration(&w);
        kind_data_close(&w, d);
        put_close(&w, 4, k);
        assert_int_equal(message_end(&w, m), 1601);

        m = message_begin(&w, fold, FETCH_ANS); /* to one destination, the signer's certificate only */
        k = fetch_ans_open(&w);
        d = kind_data_open(&w, KIND_SIP_REGISTRATION, 1);
        put_registration(&w);
        kind_data_close(&w, d);
        put_close(&w, 4, k);
        assert_int_equal(message_end(&w, m), 38 + 18 + 10 + 4 + 16 + 16 + 18 + 5 + 43 + 297 + 1118);
    }
}

static void codes_and_errors_have_their_names(void **state)
{
    (void)state;
    assert_string_equal(message_name(0x17), "PingReq");
    assert_string_equal(message_name(0x0a), "FetchAns");
    assert_string_equal(message_name(0x28), "PathTrackAns");
    assert_string_equal(message_name(0xffff), "Error");
    assert_null(message_name(0x05));
    assert_null(message_name(0x1b));
    assert_null(message_name(0x29));
    assert_string_equal(reload_error_name(2), "Forbidden");
    assert_string_equal(reload_error_name(0x0a), "TTL_Exceeded");
    assert_string_equal(reload_error_name(0x14), "Invalid_Message");
    assert_string_equal(reload_error_name(0x1a), "TTL_Hops_Exceeded");
    assert_null(reload_error_name(1));
    assert_null(reload_error_name(0x1b));
    assert_true(message_is_request(PING_REQ) && !message_is_request(PING_ANS) && !message_is_request(MESSAGE_ERROR));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_framed_ping_has_the_bytes_of_the_worked_example),
        cmocka_unit_test(a_wildcard_fetch_of_a_dictionary_has_the_bytes_of_the_worked_example),
        cmocka_unit_test(small_structures_have_the_bytes_of_the_rfc),
        cmocka_unit_test(a_registration_with_one_node_has_the_bytes_of_rfc_7904),
        cmocka_unit_test(leaves_and_updates_have_the_bytes_of_rfc_6940),
        cmocka_unit_test(typical_messages_have_the_sizes_that_bandwidth_rests_on),
        cmocka_unit_test(codes_and_errors_have_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

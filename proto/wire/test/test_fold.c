/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: the modelled certificate is X.509 to an independent parser, carries Node-ID and user and has one length for all; unfolding gives
 * exactly the true length that the simulator counted, a message that decodes to the same fields, and fragments whose slices together are the
 * unfolded whole. Leaves open: what Wireshark makes of it (the capture gate). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/hash.h"
#include "proto/wire/fold.h"
#include "proto/wire/frame.h"
#include "proto/wire/rewrite.h"
#include "proto/wire/test/random_message.h"

static struct id node_of(void *arg, peer_h peer)
{
    (void)arg;
    return (struct id){hash64_mix(1, peer), hash64_mix(2, peer)};
}

static size_t user_of(void *arg, peer_h peer, char out[64])
{
    size_t len = *(const size_t *)arg;
    char name[64];

    if (len)
        memset(out, 'u', len);
    else
        len = (size_t)snprintf(name, sizeof name, "user%u@overlay.example.org", peer), memcpy(out, name, len);
    return len;
}

static void sha256(void *arg, const void *b, size_t len, uint8_t out[32])
{
    (void)arg;
    SHA256(b, len, out);
}

static size_t user_len;
static const struct fold_names names = {&user_len, node_of, user_of, "overlay.example.org", sha256, NULL};

static void assert_certificate(peer_h peer, const char *user)
{
    uint8_t der[CERTIFICATE_DER_BYTES];
    const uint8_t *p = der;
    struct id node = node_of(NULL, peer);
    char uri[128];
    X509 *x;
    GENERAL_NAMES *alternatives;
    int critical = 0;

    assert_int_equal(fold_certificate(&names, peer, der), 0);
    x = d2i_X509(NULL, &p, sizeof der);
    assert_non_null(x);
    assert_ptr_equal(p, der + sizeof der);
    assert_int_equal(X509_get_version(x), 2);
    assert_int_equal(X509_NAME_entry_count(X509_get_subject_name(x)), 0);
    assert_int_equal(X509_NAME_entry_count(X509_get_issuer_name(x)), 1);
    assert_non_null(X509_get0_pubkey(x));
    assert_int_equal(EVP_PKEY_get_bits(X509_get0_pubkey(x)), 2048);
    alternatives = X509_get_ext_d2i(x, NID_subject_alt_name, &critical, NULL);
    assert_non_null(alternatives);
    assert_int_equal(critical, 1);
    assert_int_equal(sk_GENERAL_NAME_num(alternatives), 2);
    snprintf(uri, sizeof uri, "reload://0110%016llx%016llx@overlay.example.org/", (unsigned long long)node.hi, (unsigned long long)node.lo);
    GENERAL_NAME *g = sk_GENERAL_NAME_value(alternatives, 0);
    assert_int_equal(g->type, GEN_URI);
    assert_int_equal(ASN1_STRING_length(g->d.ia5), strlen(uri));
    assert_memory_equal(ASN1_STRING_get0_data(g->d.ia5), uri, strlen(uri));
    g = sk_GENERAL_NAME_value(alternatives, 1);
    assert_int_equal(g->type, GEN_EMAIL);
    assert_int_equal(ASN1_STRING_length(g->d.ia5), strlen(user));
    assert_memory_equal(ASN1_STRING_get0_data(g->d.ia5), user, strlen(user));
    /* What we decoded must be what we wrote: DER has one encoding. */
    unsigned char *again = NULL;
    assert_int_equal(i2d_re_X509_tbs(x, &again), CERTIFICATE_DER_BYTES - 4 - 15 - 5 - 256);
    assert_memory_equal(again, der + 4, CERTIFICATE_DER_BYTES - 4 - 15 - 5 - 256);
    OPENSSL_free(again);
    GENERAL_NAMES_free(alternatives);
    X509_free(x);
}

static void the_modelled_certificate_is_x509_with_node_and_user(void **state)
{
    (void)state;
    user_len = 0;
    assert_certificate(0, "user0@overlay.example.org");
    assert_certificate(1234567, "user1234567@overlay.example.org");
    assert_certificate(2147483647, "user2147483647@overlay.example.org");
}

static void every_user_name_gives_a_certificate_of_one_length(void **state)
{
    char user[64] = "";

    (void)state;
    for (user_len = 1; user_len <= 63; user_len++) {
        user[user_len - 1] = 'u';
        assert_certificate(7, user);
    }
    user_len = 0;
}

static void long_overlay_names_cost_the_end_of_the_user_name_only(void **state)
{
    struct fold_names longer = names;
    uint8_t der[CERTIFICATE_DER_BYTES];

    (void)state;
    user_len = 63;
    for (size_t len = 0; len <= 200; len++) {
        char overlay[201] = "";
        const uint8_t *p = der;
        memset(overlay, 'o', len);
        longer.overlay_name = overlay;
        assert_int_equal(fold_certificate(&longer, 7, der), 0);
        X509 *x = d2i_X509(NULL, &p, sizeof der);
        assert_non_null(x);
        X509_free(x);
    }
    user_len = 0;
}

/* ---- unfolding ---- */

static struct random_message message;
static uint8_t frame[RANDOM_MESSAGE_BYTES_MAX + FRAME_DATA_BYTES], out[RANDOM_MESSAGE_BYTES_MAX + FRAME_DATA_BYTES], whole[RANDOM_MESSAGE_BYTES_MAX];

static uint32_t frame_of(const uint8_t *m, size_t len, uint32_t true_len)
{
    struct writer w = writer_on(frame, sizeof frame, true);
    frame_put_data(&w, 9, true_len);
    put_bytes(&w, m, len);
    assert_int_equal(w.err, 0);
    return writer_len(&w);
}

static void assert_same_fields(const struct message *folded, const struct message *true_form)
{
    assert_int_equal(folded->code, true_form->code);
    assert_int_equal(folded->body_true, true_form->body_true);
    assert_int_equal(folded->contents_true, true_form->contents_true);
    assert_int_equal(folded->header.length, true_form->header.length);
    assert_int_equal(folded->extensions.len, true_form->extensions.len);
    assert_int_equal(folded->security.certificates, true_form->security.certificates);
    for (unsigned i = 0; i < folded->security.certificates; i++)
        if (folded->security.certificate[i].owner != PEER_NONE)
            assert_int_equal(true_form->security.certificate[i].der.len, CERTIFICATE_DER_BYTES);
    assert_int_equal(folded->security.signature.hash, true_form->security.signature.hash);
    assert_int_equal(folded->security.signature.identity_type, true_form->security.signature.identity_type);
}

static void unfolding_gives_the_true_length_and_a_message_of_the_same_fields(void **state)
{
    struct message_source s = message_source_of(21);
    struct message folded, true_form;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        random_message_make(&s, random_message_code(&s), true, &message);
        uint32_t len = frame_of(message.b, message.len, message.true_len);
        long n = fold_unfold_frame(&names, frame, len, message.true_len + FRAME_DATA_BYTES, out, sizeof out);
        assert_int_equal(n, message.true_len + FRAME_DATA_BYTES);
        assert_memory_equal(out, frame, FRAME_DATA_BYTES);
        assert_int_equal(message_read(message.b, message.len, true, &folded), 0);
        int err = message_read(out + FRAME_DATA_BYTES, (size_t)n - FRAME_DATA_BYTES, false, &true_form);
        if (err)
            fail_msg("message %d: %s", i, error_text(err));
        assert_same_fields(&folded, &true_form);
    }
}

static void true_messages_and_acks_pass_unchanged(void **state)
{
    struct message_source s = message_source_of(22);
    struct writer w = writer_on(frame, sizeof frame, false);

    (void)state;
    frame_put_ack(&w, 3, 4);
    assert_int_equal(fold_unfold_frame(&names, frame, 9, 9, out, sizeof out), 9);
    assert_memory_equal(out, frame, 9);
    for (int i = 0; i < 5000; i++) {
        random_message_make(&s, random_message_code(&s), false, &message);
        uint32_t len = frame_of(message.b, message.len, message.len);
        assert_int_equal(fold_unfold_frame(&names, frame, len, len, out, sizeof out), len);
        assert_memory_equal(out, frame, len);
    }
}

struct slices {
    uint32_t covered, parts;
};

static int unfold_part(void *arg, const uint8_t *part, size_t len, uint32_t true_len)
{
    struct slices *x = arg;
    struct header h;
    uint32_t n = frame_of(part, len, true_len), head;
    struct reader r = reader_on(out + FRAME_DATA_BYTES, true_len, false);

    assert_int_equal(fold_unfold_frame(&names, frame, n, true_len + FRAME_DATA_BYTES, out, sizeof out), true_len + FRAME_DATA_BYTES);
    assert_int_equal(header_read(&r, &h), 0);
    assert_int_equal(h.length, true_len);
    assert_int_equal(FRAGMENT_OFFSET(h.fragment), x->covered);
    head = header_bytes(&h);
    assert_memory_equal(out + FRAME_DATA_BYTES + head, whole + head + x->covered, true_len - head);
    x->covered += true_len - head;
    x->parts++;
    return 0;
}

static void slices_of_unfolded_fragments_are_the_unfolded_whole(void **state)
{
    struct message_source s = message_source_of(23);
    static uint8_t scratch[RANDOM_MESSAGE_BYTES_MAX];
    unsigned fragmented = 0;

    (void)state;
    for (int i = 0; i < 4000; i++) {
        struct slices x = {0, 0};
        struct header h;
        random_message_make(&s, random_message_code(&s), true, &message);
        assert_int_equal(fold_unfold_message(&names, message.b, message.len, message.true_len, whole, sizeof whole), message.true_len);
        struct reader r = reader_on(message.b, message.len, true);
        header_read(&r, &h);
        uint32_t limit = header_bytes(&h) + 300 + source_below(&s, 700);
        assert_true(fragment_split(message.b, message.len, limit, scratch, sizeof scratch, unfold_part, &x) > 0);
        assert_int_equal(x.covered, message.true_len - header_bytes(&h));
        fragmented += x.parts > 1;
    }
    assert_true(fragmented > 1500);
}

static void signatures_of_one_signer_name_its_certificate(void **state)
{
    struct message m;
    uint8_t hash[32];
    struct message_source s = message_source_of(24);
    unsigned seen = 0;

    (void)state;
    for (int i = 0; i < 500; i++) {
        random_message_make(&s, PING_REQ, true, &message);
        assert_int_equal(message_read(message.b, message.len, true, &m), 0);
        peer_h signer = m.security.signature.signer;
        uint64_t token = m.security.signature.token;
        if (signer == PEER_NONE)
            continue;
        long n = fold_unfold_message(&names, message.b, message.len, message.true_len, out, sizeof out);
        uint8_t der[CERTIFICATE_DER_BYTES];
        assert_int_equal(message_read(out, (size_t)n, false, &m), 0);
        assert_int_equal(fold_certificate(&names, signer, der), 0);
        SHA256(der, sizeof der, hash);
        assert_int_equal(m.security.signature.identity_type, IDENTITY_CERT_HASH);
        assert_memory_equal(m.security.signature.identity.b, hash, 32);
        assert_true(load_be64(m.security.signature.value.b) == token);
        assert_int_equal(m.security.signature.value.len, SIGNATURE_VALUE_BYTES);
        seen++;
    }
    assert_true(seen > 300);
}

/* The first stored value that is a certificate; false when the message has none. */
static bool stored_certificate(const struct message *m, bool folded, struct stored_data *d)
{
    struct reader r = m->body;
    struct kind_data k;
    uint32_t end;

    fetch_ans_begin(&r, &end);
    while (r.true_pos < end && !kind_data_next(&r, &k))
        while (r.true_pos < k.values_end && !stored_data_read(&r, k.kind, d))
            if (folded ? d->value.certificate : d->value.value.len == CERTIFICATE_DER_BYTES)
                return true;
    return false;
}

static void a_stored_certificate_unfolds_to_its_der(void **state)
{
    struct message_source s = message_source_of(26);
    struct message m;
    struct stored_data d;
    unsigned seen = 0;

    (void)state;
    for (int i = 0; i < 2000; i++) {
        uint8_t der[CERTIFICATE_DER_BYTES];
        random_message_make(&s, FETCH_ANS, true, &message);
        assert_int_equal(message_read(message.b, message.len, true, &m), 0);
        if (!stored_certificate(&m, true, &d))
            continue;
        assert_int_equal(data_value_true(&d.value), CERTIFICATE_DER_BYTES);
        assert_int_equal(d.value.value.len, CERTIFICATE_TOKEN_BYTES);
        assert_int_equal(fold_certificate(&names, load_be32(d.value.value.b + 1), der), 0);
        long n = fold_unfold_message(&names, message.b, message.len, message.true_len, out, sizeof out);
        assert_int_equal(message_read(out, (size_t)n, false, &m), 0);
        assert_true(stored_certificate(&m, false, &d));
        assert_memory_equal(d.value.value.b, der, sizeof der);
        seen++;
    }
    assert_true(seen > 100);
}

static void what_does_not_fit_is_refused(void **state)
{
    struct message_source s = message_source_of(25);
    uint32_t len;

    (void)state;
    do
        random_message_make(&s, PING_REQ, true, &message);
    while (message.len == message.true_len);
    len = frame_of(message.b, message.len, message.true_len);
    assert_int_equal(fold_unfold_frame(&names, frame, len, message.true_len + 8, out, message.true_len + 7), ERR_TOO_LARGE);
    assert_int_equal(fold_unfold_frame(&names, frame, len, message.true_len + 9, out, sizeof out), ERR_LENGTH);
    assert_true(fold_unfold_frame(&names, frame, len - 1, message.true_len + 8, out, sizeof out) < 0);
    assert_true(fold_unfold_frame(&names, frame, 5, 5, out, sizeof out) < 0);
    header_patch_fragment(frame + 8, FRAGMENT_HIGH, message.true_len); /* not last, yet covers all */
    assert_true(fold_unfold_frame(&names, frame, len, message.true_len + 8, out, sizeof out) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_modelled_certificate_is_x509_with_node_and_user),
        cmocka_unit_test(every_user_name_gives_a_certificate_of_one_length),
        cmocka_unit_test(long_overlay_names_cost_the_end_of_the_user_name_only),
        cmocka_unit_test(unfolding_gives_the_true_length_and_a_message_of_the_same_fields),
        cmocka_unit_test(true_messages_and_acks_pass_unchanged),
        cmocka_unit_test(slices_of_unfolded_fragments_are_the_unfolded_whole),
        cmocka_unit_test(signatures_of_one_signer_name_its_certificate),
        cmocka_unit_test(a_stored_certificate_unfolds_to_its_der),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

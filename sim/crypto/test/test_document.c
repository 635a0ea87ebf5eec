/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: what document_begin and document_end write is well-formed, is read back with the same parameters, and its blob is the bytes of the element;
 * the example of RFC 6940 11.1, cut to one overlay, is read; documents with two configurations, none, without signature, with a DOCTYPE, with values out of
 * range or with a mandatory extension are refused. So are kind-blocks: what is written is read, the example of the RFC too, alone and in a document; others
 * are refused. Leaves open: signatures (sim/net/test/test_configure.c, test_kinds.c). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "proto/base/error.h"
#include "proto/test/overlay.h"
#include "sim/crypto/document.h"

static const struct id signer = {UINT64_C(0x0123456789abcdef), 42};

static size_t written(const struct overlay *o, char text[DOCUMENT_MAX])
{
    static const uint8_t block[] = {1, 2, 3, 4, 5};
    size_t blob, len = document_begin(o, signer, text, DOCUMENT_MAX, &blob);
    assert_true(len > 0);
    assert_memory_equal(text + blob, "<configuration ", 15);
    len = document_end(text, len, DOCUMENT_MAX, block, sizeof block);
    assert_true(len > 0);
    return len;
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 3; k++) {
        struct overlay o = overlay_defaults();
        struct document d;
        char text[DOCUMENT_MAX];
        o.sequence = (uint16_t)(k * 32767);
        o.name = k == 1 ? "a<b>&\"c'" : o.name;
        o.update_interval = SECONDS(30 + k);
        o.ping_interval = SECONDS(7200);
        o.reactive = k & 1;
        o.clients_permitted = k == 2;
        o.initial_ttl = (uint8_t)(60 + k);
        o.reliability_timer = MILLIS(250);
        o.max_message_size = 4096 + k;
        o.self_signed = k == 0 ? 0 : k == 1 ? HASH_SHA1 : HASH_SHA256;
        o.bootstrap_count = 16;
        o.bad_nodes = (uint8_t)(k * 7);
        for (unsigned i = 0; i < o.bad_nodes; i++)
            o.bad_node[i] = (struct id){i, ~UINT64_C(0) - i};
        size_t len = written(&o, text);
        assert_int_equal(document_parse((const uint8_t *)text, len, &d), 0);
        assert_string_equal(d.name, o.name);
        assert_int_equal(d.overlay.sequence, o.sequence);
        assert_int_equal(d.overlay.update_interval, o.update_interval);
        assert_int_equal(d.overlay.ping_interval, o.ping_interval);
        assert_int_equal(d.overlay.reactive, o.reactive);
        assert_int_equal(d.overlay.clients_permitted, o.clients_permitted);
        assert_int_equal(d.overlay.initial_ttl, o.initial_ttl);
        assert_int_equal(d.overlay.reliability_timer, o.reliability_timer);
        assert_int_equal(d.overlay.max_message_size, o.max_message_size);
        assert_int_equal(d.overlay.self_signed, o.self_signed);
        assert_int_equal(d.overlay.bad_nodes, o.bad_nodes);
        assert_memory_equal(d.overlay.bad_node, o.bad_node, o.bad_nodes * sizeof o.bad_node[0]);
        assert_int_equal(d.kind_signers, 1);
        assert_true(id_equal(d.kind_signer[0], signer));
        assert_int_equal(d.signers, 1);
        assert_true(id_equal(d.signer[0], signer));
        assert_memory_equal(d.blob, "<configuration ", 15);
        assert_memory_equal(d.blob + d.blob_len - 16, "</configuration>", 16);
        assert_int_equal(d.block_len, 5);
        assert_memory_equal(d.block, "\1\2\3\4\5", 5);
        for (size_t cut = 0; cut < len - 2; cut += 7)
            assert_int_equal(document_parse((const uint8_t *)text, cut, &d), ERR_VALUE);
    }
}

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<overlay xmlns=\"urn:ietf:params:xml:ns:p2p:config-base\" " \
             "xmlns:ext=\"urn:ietf:params:xml:ns:p2p:config-ext1\" xmlns:chord=\"urn:ietf:params:xml:ns:p2p:config-chord\">"
#define OPEN "<configuration instance-name=\"overlay.example.org\" sequence=\"22\" expiration=\"2002-10-10T07:00:00Z\" ext:ext-example=\"stuff\" >"
#define SHUT "</configuration>"
#define SIGN "<signature> VGhpcyBpcyBub3QgcmlnaHQhCg== </signature></overlay>"

static int parse(const char *text, struct document *d)
{
    return document_parse((const uint8_t *)text, strlen(text), d);
}

static void the_example_of_the_rfc_is_read(void **state)
{
    (void)state;
    struct document d;
    assert_int_equal(parse(HEAD OPEN "<topology-plugin> CHORD-RELOAD </topology-plugin><node-id-length>16</node-id-length><root-cert> YmFkIGNlcnQK </root-cert>"
                           "<enrollment-server>https://example.org</enrollment-server><self-signed-permitted digest=\"sha1\">false</self-signed-permitted>"
                           "<bootstrap-node address=\"192.0.0.1\" port=\"6084\" /><turn-density> 20 </turn-density><clients-permitted> false </clients-permitted>"
                           "<no-ice> false </no-ice><chord:chord-update-interval>\n 400</chord:chord-update-interval><chord:chord-ping-interval>30</chord:chord-ping-interval>"
                           "<chord:chord-reactive> true </chord:chord-reactive><shared-secret> password </shared-secret><max-message-size>4096</max-message-size>"
                           "<initial-ttl> 30 </initial-ttl><overlay-reliability-timer> 3000 </overlay-reliability-timer>"
                           "<ext:example-extension> foo </ext:example-extension><required-kinds><kind-block><kind name=\"SIP-REGISTRATION\">"
                           "<data-model>SINGLE</data-model></kind></kind-block></required-kinds>" SHUT SIGN, &d), 0);
    assert_string_equal(d.name, "overlay.example.org");
    assert_int_equal(d.overlay.sequence, 22);
    assert_int_equal(d.overlay.update_interval, SECONDS(400));
    assert_int_equal(d.overlay.initial_ttl, 30);
    assert_false(d.overlay.clients_permitted);
    assert_int_equal(d.overlay.self_signed, 0);
    assert_int_equal(d.block_len, 19);
    assert_int_equal(parse(HEAD OPEN SHUT SIGN, &d), 0); /* the defaults of 11.1 */
    assert_int_equal(d.overlay.max_message_size, 5000);
    assert_int_equal(d.overlay.ping_interval, SECONDS(3600));
    assert_true(d.overlay.reactive);
}

static void others_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "", "<overlay/>", HEAD SIGN, HEAD OPEN SHUT "</overlay>", HEAD OPEN SHUT OPEN SHUT SIGN, HEAD OPEN SIGN,
        HEAD "<!-- " OPEN SHUT " -->" SIGN, HEAD OPEN SHUT "<!-- " SHUT " -->" SIGN, HEAD OPEN SHUT "<configuration/>" SIGN,
        HEAD OPEN SHUT "<signature>!!!!</signature></overlay>", HEAD OPEN SHUT "<signature></signature></overlay>",
        "<!DOCTYPE overlay [<!ENTITY x \"y\">]>" HEAD OPEN SHUT SIGN,
        HEAD "<configuration instance-name=\"x\" sequence=\"65535\">" SHUT SIGN, HEAD "<configuration instance-name=\"x\">" SHUT SIGN,
        HEAD "<configuration instance-name=\"x\" sequence=\"-1\">" SHUT SIGN,
        HEAD OPEN "<initial-ttl>256</initial-ttl>" SHUT SIGN, HEAD OPEN "<overlay-reliability-timer>199</overlay-reliability-timer>" SHUT SIGN,
        HEAD OPEN "<node-id-length>20</node-id-length>" SHUT SIGN, HEAD OPEN "<topology-plugin>PASTRY</topology-plugin>" SHUT SIGN,
        HEAD OPEN "<chord:chord-reactive>perhaps</chord:chord-reactive>" SHUT SIGN, HEAD OPEN "<configuration-signer>12</configuration-signer>" SHUT SIGN,
        HEAD OPEN "<mandatory-extension>urn:ietf:params:xml:ns:p2p:config-ext1</mandatory-extension>" SHUT SIGN,
        HEAD OPEN "<self-signed-permitted>true</self-signed-permitted>" SHUT SIGN,
        HEAD OPEN "<self-signed-permitted digest=\"md5\">true</self-signed-permitted>" SHUT SIGN,
    };
    for (unsigned k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        struct document d;
        if (parse(wrong[k], &d) != ERR_VALUE)
            fail_msg("accepted: %s", wrong[k]);
    }
}

/* ---- kind-blocks ---- */

#define ALL   "<data-model>ARRAY</data-model><access-control>NODE-MULTIPLE</access-control><max-node-multiple>3</max-node-multiple><max-count>22</max-count><max-size>4</max-size>"
#define PLAIN "<data-model> SINGLE </data-model><access-control>USER-MATCH</access-control><max-count>1</max-count><max-size>\n100</max-size>"
#define SIG   "<kind-signature>\n VGhpcyBpcyBub3QgcmlnaHQhCg== </kind-signature>"

static int parse_block(const char *text, struct kind_block *b)
{
    return kind_block_parse((const uint8_t *)text, strlen(text), b);
}

static void kind_blocks_are_read_back(void **state)
{
    (void)state;
    struct kind_block b;
    for (unsigned k = 0; k < 6; k++) {
        const struct value_kind kind = {.id = 0xf0000001 + k, .model = (enum data_model)(1 + k % 3), .access = (enum access_policy)(k % 5), .max_count = (uint16_t)(k + 1),
                                        .max_size = 65535, .max_node_multiple = k % 5 == ACCESS_NODE_MULTIPLE ? 255 : 0};
        char text[KIND_BLOCK_MAX];
        size_t blob, len = kind_block_begin(&kind, text, sizeof text, &blob);
        len = kind_block_end(text, len, sizeof text, (const uint8_t[]){9, 8, 7}, 3);
        assert_true(len > 0);
        assert_int_equal(kind_block_parse((const uint8_t *)text, len, &b), 0);
        assert_int_equal(b.kind.id, kind.id);
        assert_int_equal(b.kind.model, kind.model);
        assert_int_equal(b.kind.access, kind.access);
        assert_int_equal(b.kind.max_count, kind.max_count);
        assert_int_equal(b.kind.max_size, kind.max_size);
        assert_int_equal(b.kind.max_node_multiple, kind.max_node_multiple);
        assert_ptr_equal(b.blob, text + blob);
        assert_memory_equal(b.blob + b.blob_len - 7, "</kind>", 7);
        assert_int_equal(b.block_len, 3);
        assert_memory_equal(b.block, "\11\10\7", 3);
        for (size_t cut = 0; cut < len; cut += 5)
            assert_int_equal(kind_block_parse((const uint8_t *)text, cut, &b), ERR_VALUE);
    }
    assert_int_equal(parse_block("<kind-block>\n<kind id=\"2000\">" ALL "<ext:example-kind-extension> 1 </ext:example-kind-extension></kind>" SIG "</kind-block>", &b), 0);
    assert_int_equal(b.kind.id, 2000); /* the example of 11.1; whether such a number is allowed is not asked here */
    assert_int_equal(b.kind.max_count, 22);
    assert_int_equal(parse_block("<kind-block xmlns=\"urn:ietf:params:xml:ns:p2p:config-base\"><kind name=\"SIP-REGISTRATION\">" PLAIN "</kind>" SIG "</kind-block>", &b), 0);
    assert_int_equal(b.kind.id, 1);
    struct document d;
    assert_int_equal(parse(HEAD OPEN "<required-kinds><kind-block><kind name=\"SIP-REGISTRATION\">" PLAIN "</kind>" SIG "</kind-block>\n<kind-block><kind id=\"2000\">" ALL
                           "<ext:example-kind-extension> 1 </ext:example-kind-extension></kind>" SIG "</kind-block></required-kinds>" SHUT SIGN, &d), 0);
    assert_int_equal(d.kinds, 2);
    assert_int_equal(kind_block_parse(d.kind[0], d.kind_len[0], &b), 0);
    assert_int_equal(b.kind.id, 1);
    assert_int_equal(kind_block_parse(d.kind[1], d.kind_len[1], &b), 0);
    assert_int_equal(b.kind.id, 2000);
    assert_int_equal(parse(HEAD OPEN "<required-kinds><!-- <kind-block> --><kind-block><kind id=\"1\">" PLAIN "</kind></kind-block></required-kinds>" SHUT SIGN, &d), ERR_VALUE);
    assert_int_equal(parse(HEAD OPEN "<required-kinds><other/></required-kinds>" SHUT SIGN, &d), ERR_VALUE);
}

static void other_blocks_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "", "<kind-block/>", "<kind-block>" SIG "</kind-block>", "<kind-block><kind id=\"9\">" PLAIN "</kind></kind-block>",
        "<kind-block><kind id=\"9\" name=\"SIP-REGISTRATION\">" PLAIN "</kind>" SIG "</kind-block>", "<kind-block><kind>" PLAIN "</kind>" SIG "</kind-block>",
        "<kind-block><kind name=\"NOBODY-KNOWS\">" PLAIN "</kind>" SIG "</kind-block>", "<kind-block><kind id=\"4294967296\">" PLAIN "</kind>" SIG "</kind-block>",
        "<kind-block><kind id=\"9\">" PLAIN "</kind><kind id=\"8\">" PLAIN "</kind>" SIG "</kind-block>",
        "<kind-block><!-- <kind id=\"8\">" PLAIN "</kind> --><kind id=\"9\">" PLAIN "</kind>" SIG "</kind-block>",
        "<kind-block><kind id=\"9\">" PLAIN "</kind>" SIG SIG "</kind-block>", "<kind-block><kind id=\"9\">" PLAIN "<max-size>5</max-size></kind>" SIG "</kind-block>",
        "<kind-block><kind id=\"9\">" PLAIN "<max-node-multiple>5</max-node-multiple></kind>" SIG "</kind-block>",
        "<kind-block><kind id=\"9\"><data-model>TREE</data-model><access-control>USER-MATCH</access-control><max-count>1</max-count><max-size>1</max-size></kind>" SIG "</kind-block>",
        "<kind-block><kind id=\"9\"><data-model>SINGLE</data-model><access-control>NODE-MULTIPLE</access-control><max-count>1</max-count><max-size>1</max-size></kind>" SIG "</kind-block>",
        "<kind-block><kind id=\"9\"><data-model>SINGLE</data-model><access-control>ANY</access-control><max-count>1</max-count><max-size>1</max-size></kind>" SIG "</kind-block>",
        "<kind-block><kind id=\"9\"><data-model>SINGLE</data-model><access-control>USER-MATCH</access-control><max-count>65536</max-count><max-size>1</max-size></kind>" SIG "</kind-block>",
        "<kind-block><kind id=\"9\">" PLAIN "</kind><kind-signature>?</kind-signature></kind-block>",
        "<kind-block xmlns=\"urn:other\"><kind id=\"9\">" PLAIN "</kind>" SIG "</kind-block>",
        "<!DOCTYPE x [<!ENTITY y \"z\">]><kind-block><kind id=\"9\">" PLAIN "</kind>" SIG "</kind-block>",
    };
    for (unsigned k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        struct kind_block b;
        if (parse_block(wrong[k], &b) != ERR_VALUE)
            fail_msg("accepted: %s", wrong[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(the_example_of_the_rfc_is_read),
        cmocka_unit_test(others_are_refused),
        cmocka_unit_test(kind_blocks_are_read_back),
        cmocka_unit_test(other_blocks_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

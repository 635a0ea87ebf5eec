/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: reloadsim decode finds RELOAD in captures whatever the link layer, prints it, puts fragments together, and --roundtrip says yes to what our
 * encoder wrote and no, with packet and reason, to one changed byte; usage errors say how to mend them; garbage and torn files end in order.
 * Leaves open: layout of the lines beyond their parts. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <getopt.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/base/hash.h"
#include "proto/wire/fold.h"
#include "proto/wire/frame.h"
#include "proto/wire/test/random_message.h"
#include "sim/cli/cli.h"
#include "sim/record/pcapng.h"

enum { DATAGRAM_BYTES_MAX = 65536, LIMIT = 1200, IP_UDP_BYTES = 28, MESSAGES = 400 };

static char path[] = "/tmp/test_decode_XXXXXX", output[] = "/tmp/test_decode_out_XXXXXX";
static char text[1 << 22];

/* ---- a capture of random messages, folded and unfolded as the simulator does it ---- */

struct sample {
    struct pcapng *file;
    uint64_t now_ns;
    uint32_t sequence;
    uint16_t port;
    unsigned frames, fragments;
    bool bare;
};

static struct id node_of(void *arg, peer_h peer)
{
    (void)arg;
    return (struct id){hash64_mix(1, peer), hash64_mix(2, peer)};
}

static size_t user_of(void *arg, peer_h peer, char out[64])
{
    char name[64];
    size_t len = (size_t)snprintf(name, sizeof name, "user%u@overlay.example.org", peer);
    (void)arg;
    memcpy(out, name, len);
    return len;
}

static void sha256(void *arg, const void *b, size_t len, uint8_t out[32])
{
    (void)arg;
    SHA256(b, len, out);
}

static const struct fold_names names = {NULL, node_of, user_of, "overlay.example.org", sha256, NULL};

static void put_packet(struct sample *s, const uint8_t *payload, size_t len)
{
    static uint8_t b[DATAGRAM_BYTES_MAX + IP_UDP_BYTES];
    struct writer w = writer_on(b, sizeof b, false);

    put_u16(&w, 0x4500);
    put_u16(&w, (uint16_t)(len + IP_UDP_BYTES));
    put_u32(&w, 0x00004000);
    put_u32(&w, 0x40110000);
    put_u32(&w, 0x0a000001);
    put_u32(&w, 0x0a000002);
    put_u16(&w, s->port);
    put_u16(&w, s->port);
    put_u16(&w, (uint16_t)(len + 8));
    put_u16(&w, 0);
    put_bytes(&w, payload, len);
    assert_int_equal(w.err, 0);
    s->now_ns += 1000001;
    pcapng_packet(s->file, 0, UINT64_C(1255910400000000000) + s->now_ns, false, b, writer_len(&w), s->frames % 5 ? "" : "hop 1");
}

static int put_part(void *arg, const uint8_t *part, size_t len, uint32_t true_len)
{
    static uint8_t folded[DATAGRAM_BYTES_MAX], out[DATAGRAM_BYTES_MAX];
    struct sample *s = arg;
    struct writer w = writer_on(folded, sizeof folded, true);
    long n;

    frame_put_data(&w, s->sequence++, true_len);
    put_bytes(&w, part, len);
    n = fold_unfold_frame(&names, folded, writer_len(&w), true_len + FRAME_DATA_BYTES, out, sizeof out);
    assert_int_equal(n, true_len + FRAME_DATA_BYTES);
    s->frames++;
    if (s->bare)
        put_packet(s, out + FRAME_DATA_BYTES, true_len);
    else
        put_packet(s, out, (size_t)n);
    return 0;
}

static void sample_make(struct message_source source, uint16_t port, bool bare)
{
    static struct random_message m;
    static uint8_t scratch[DATAGRAM_BYTES_MAX];
    struct sample s = {.file = pcapng_open(path), .port = port, .bare = bare};

    assert_non_null(s.file);
    pcapng_section(s.file, "test_decode", "");
    pcapng_interface(s.file, PCAPNG_RAW_IP, "n0");
    for (int i = 0; i < MESSAGES; i++) {
        uint8_t ack[FRAME_ACK_BYTES];
        struct writer w = writer_on(ack, sizeof ack, false);
        random_message_make(&source, random_message_code(&source), true, &m);
        if (m.true_len > DATAGRAM_BYTES_MAX - 100)
            continue;
        int parts = fragment_split(m.b, m.len, LIMIT, scratch, sizeof scratch, put_part, &s);
        assert_true(parts >= 1);
        s.fragments += parts > 1 ? (unsigned)parts : 0;
        frame_put_ack(&w, s.sequence - 1, 0xff);
        put_packet(&s, ack, sizeof ack);
    }
    if (!source.sober)
        put_packet(&s, (const uint8_t *)"\0\1\0\0 a STUN message", 20);
    assert_true(s.fragments > 100);
    assert_int_equal(pcapng_close(s.file), 0);
}

static void sample_write(uint64_t seed, uint16_t port, bool bare)
{
    sample_make(message_source_of(seed), port, bare);
}

/* ---- running the command ---- */

/* Runs decode with these arguments; its output and complaints are in text. */
static int run(const char *a, const char *b, const char *c)
{
    char command[] = "decode", *argv[] = {command, (char *)(uintptr_t)a, (char *)(uintptr_t)b, (char *)(uintptr_t)c, NULL};
    int argc = c ? 4 : b ? 3 : a ? 2 : 1, status, out = dup(1), err = dup(2);
    int file = open(output, O_RDWR | O_TRUNC);
    ssize_t n;

    fflush(stdout);
    fflush(stderr);
    dup2(file, 1);
    dup2(file, 2);
    optind = 0;
    status = decode_main(argc, argv);
    fflush(stdout);
    fflush(stderr);
    dup2(out, 1);
    dup2(err, 2);
    close(out);
    close(err);
    n = pread(file, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = 0;
    close(file);
    return status;
}

static size_t lines(const char *with)
{
    size_t n = 0;
    for (const char *p = text; (p = strstr(p, with)); p += strlen(with))
        n++;
    return n;
}

static void what_we_encode_round_trips(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        sample_write(seed, seed & 1 ? 6084 : 40000, seed & 2);
        int status = run("--roundtrip", path, NULL);
        if (status)
            fail_msg("%s", text);
        assert_non_null(strstr(text, "encode to themselves"));
    }
}

static void each_message_has_a_line_and_fragments_complete(void **state)
{
    (void)state;
    sample_write(5, 6084, false);
    assert_int_equal(run(path, NULL, NULL), 0);
    assert_true(lines("\n") > MESSAGES);
    assert_int_equal(lines(" ack "), MESSAGES);
    assert_true(lines("completes FetchAns of") > 3);
    assert_true(lines("StoreReq ") > 3);
    assert_true(lines("# hop 1") > 10);
    assert_int_equal(lines("not decode"), 0);
    assert_int_equal(run(path, "-v", NULL), 0);
    assert_true(lines("storage_time:") > 10);
    assert_true(lines("@overlay.example.org/\"") > 50);
    assert_int_equal(lines("security:"), MESSAGES);
}

/* A reader of JSON's grammar, no more: every line must be one value. */
static const char *json_value(const char *p);

static const char *json_string(const char *p)
{
    for (p++; *p != '"'; p++) {
        assert_true((unsigned char)*p >= 0x20);
        if (*p == '\\') {
            p++;
            assert_non_null(strchr("\"\\/bfnrtu", *p));
        }
    }
    return p + 1;
}

static const char *json_group(const char *p, bool object)
{
    if (p[1] == (object ? '}' : ']'))
        return p + 2;
    do {
        p++;
        while (*p == ' ')
            p++;
        if (object) {
            assert_int_equal(*p, '"');
            p = json_string(p);
            assert_int_equal(*p++, ':');
        }
        p = json_value(p);
    } while (*p == ',');
    assert_int_equal(*p, object ? '}' : ']');
    return p + 1;
}

static const char *json_value(const char *p)
{
    while (*p == ' ')
        p++;
    if (*p == '{' || *p == '[')
        return json_group(p, *p == '{');
    if (*p == '"')
        return json_string(p);
    size_t n = strspn(p, "truefalsn0123456789.-+eE");
    assert_true(n > 0);
    return p + n;
}

static void json_is_one_object_a_line(void **state)
{
    (void)state;
    sample_write(6, 6084, false);
    assert_int_equal(run("--json", path, NULL), 0);
    size_t n = 0;
    for (const char *p = text; *p; n++) {
        assert_int_equal(*p, '{');
        p = json_value(p);
        assert_int_equal(*p++, '\n');
    }
    assert_true(n > MESSAGES);
    assert_true(lines("\"name\": \"UpdateReq\"") > 2);
    assert_int_equal(run("--json", "--roundtrip", path), 0);
    assert_int_equal(*json_value(text), '\n');
}

static long file_size(void)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    long n = ftell(f);
    fclose(f);
    return n;
}

static void file_byte(long at, uint8_t flip)
{
    FILE *f = fopen(path, "r+b");
    fseek(f, at, SEEK_SET);
    int c = fgetc(f);
    fseek(f, at, SEEK_SET);
    fputc(c ^ flip, f);
    fclose(f);
}

static void one_wrong_byte_is_found_and_named(void **state)
{
    char *word;

    (void)state;
    sample_write(7, 6084, false);
    /* The version of the first message's header: section block, interface block, packet head, IP and UDP, frame, ten bytes. */
    assert_int_equal(run("--json", path, NULL), 0);
    FILE *f = fopen(path, "rb");
    static uint8_t b[4096];
    size_t n = fread(b, 1, sizeof b, f), at = 0;
    fclose(f);
    while (at + 4 < n && memcmp(b + at, "\xd2\x45\x4c\x4f", 4) != 0)
        at++;
    file_byte((long)at + 10, 1);
    assert_int_equal(run("--roundtrip", path, NULL), CLI_DIFFERS);
    word = strstr(text, "packet 1 ");
    assert_non_null(word);
    assert_non_null(strstr(text, "forwarding header: RELOAD version other than 1.0"));
    assert_int_equal(run(path, NULL, NULL), 0);
    assert_non_null(strstr(text, "does not decode"));
}

static void any_damage_ends_in_order(void **state)
{
    struct message_source s = message_source_of(9);

    (void)state;
    for (int i = 0; i < 90; i++) {
        if (i % 15 == 0)
            sample_write(100 + (uint64_t)i, 6084, i & 1);
        long n = file_size();
        if (i % 3 == 0)
            assert_int_equal(truncate(path, (long)source_below(&s, (uint32_t)n)), 0);
        else
            for (int k = 0; k < 20; k++)
                file_byte((long)source_below(&s, (uint32_t)(i % 3 == 1 ? n : 400)), (uint8_t)(1 + source_below(&s, 255)));
        int status = run(i & 1 ? "--json" : "-v", path, NULL);
        assert_true(status == CLI_DONE || status == CLI_USAGE || status == CLI_INCOMPLETE);
        status = run("--roundtrip", path, NULL);
        assert_true(status >= 0 && status <= CLI_INCOMPLETE);
        if (i % 3 == 0)
            sample_write(200 + (uint64_t)i, 6084, false);
    }
}

static void a_torn_capture_is_printed_as_far_as_it_goes(void **state)
{
    (void)state;
    sample_write(8, 6084, false);
    assert_int_equal(truncate(path, file_size() / 2 + 1), 0);
    assert_int_equal(run(path, NULL, NULL), CLI_INCOMPLETE);
    assert_true(lines("\n") > MESSAGES / 3);
    assert_non_null(strstr(text, "the file ends inside packet"));
}

static void wrong_use_says_how_to_mend_it(void **state)
{
    (void)state;
    assert_int_equal(run(NULL, NULL, NULL), CLI_USAGE);
    assert_non_null(strstr(text, "name a capture"));
    assert_int_equal(run("a", "b", NULL), CLI_USAGE);
    assert_int_equal(run("--port=0", path, NULL), CLI_USAGE);
    assert_int_equal(run("--transaction=xyz", path, NULL), CLI_USAGE);
    assert_int_equal(run("--rountrip", path, NULL), CLI_USAGE);
    assert_non_null(strstr(text, "--roundtrip"));
    assert_int_equal(run("/nonexistent/capture", NULL, NULL), CLI_USAGE);
    assert_non_null(strstr(text, "/nonexistent/capture: No such file"));
    FILE *f = fopen(path, "wb");
    fputs("not a capture at all", f);
    fclose(f);
    assert_int_equal(run(path, NULL, NULL), CLI_USAGE);
    assert_non_null(strstr(text, "neither a pcap nor a pcapng file"));
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    unlink(output);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_we_encode_round_trips),
        cmocka_unit_test(each_message_has_a_line_and_fragments_complete),
        cmocka_unit_test(json_is_one_object_a_line),
        cmocka_unit_test(one_wrong_byte_is_found_and_named),
        cmocka_unit_test(any_damage_ends_in_order),
        cmocka_unit_test(a_torn_capture_is_printed_as_far_as_it_goes),
        cmocka_unit_test(wrong_use_says_how_to_mend_it),
    };
    close(mkstemp(path));
    close(mkstemp(output));
    if (argc > 2 && strcmp(argv[1], "--write") == 0) { /* for test_decode_gate.sh: messages as we send them */
        struct message_source sober = message_source_of(1);
        sober.sober = true;
        sample_make(sober, 6084, false);
        return rename(path, argv[2]) ? 1 : 0;
    }
    return cmocka_run_group_tests(tests, NULL, teardown);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins what a capture holds: both directions of the chosen nodes and nothing else, what became of datagrams that did not arrive, the true bytes of folded
 * messages, and the same file however the datagrams were spread over partitions. tshark objects to nothing in it. Leaves open what nodes send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/wire/frame.h"
#include "proto/wire/message.h"
#include "sim/record/capture.h"

#define OVERLAY_HASH 0x01020304

/* The two questions that a capture asks the network. */
struct id net_id(const struct net *net, peer_h peer)
{
    (void)net;
    return (struct id){UINT64_C(0x1111111111111111) * (peer + UINT64_C(1)), peer};
}

void net_modulus(const struct net *n, peer_h peer, uint8_t out[256])
{
    (void)n;
    memset(out, (int)peer, 256);
}

size_t net_user_name(const struct net *net, peer_h peer, char out[64])
{
    (void)net;
    return (size_t)snprintf(out, 64, "u%010u@capture.example", peer);
}

/* A folded Ping of `from`, framed; returns its length and sets the true one. */
static size_t put_ping(uint8_t *b, size_t cap, peer_h from, uint64_t tid, uint32_t sequence, uint16_t *true_len)
{
    uint8_t list[DESTINATION_NODE_BYTES];
    struct writer destination = writer_on(list, sizeof list, false);
    destination_put_node(&destination, net_id(NULL, 9));
    struct writer w = writer_on(b + FRAME_DATA_BYTES, cap - FRAME_DATA_BYTES, true);
    struct header h = {.overlay = OVERLAY_HASH,
                       .version = RELO_VERSION,
                       .ttl = 98,
                       .fragment = FRAGMENT_WHOLE,
                       .transaction = tid,
                       .max_response = 5000,
                       .destination = {list, sizeof list}};
    header_put(&w, &h);
    struct mark mark = contents_begin(&w, PING_REQ);
    ping_req_put(&w, &(struct ping_req){{NULL, 0}});
    contents_end(&w, mark, NULL, 0);
    struct security s = {
        .certificates = 1, .certificate = {{.owner = from}}, .signature = {.signer = from, .token = 77 + tid}};
    security_put(&w, &s);
    assert_int_equal(w.err, 0);
    for (unsigned i = 0; i < 4; i++)
        b[FRAME_DATA_BYTES + 16 + i] = (uint8_t)(writer_true(&w) >> (24 - 8 * i));
    struct writer f = writer_on(b, FRAME_DATA_BYTES, false);
    frame_put_data(&f, sequence, writer_true(&w));
    *true_len = (uint16_t)(writer_true(&w) + FRAME_DATA_BYTES);
    return writer_len(&w) + FRAME_DATA_BYTES;
}

/* A datagram that leaves, and then arrives 40 ms later, finds nobody, is lost (DATAGRAM_LOST) or still under way (DATAGRAM_SENT). */
static void send_ping(struct capture *c, unsigned partition, peer_h from, peer_h to, uint32_t seq, sim_time sent,
                      enum datagram_step fate)
{
    uint8_t b[512];
    struct event e = {.at = sent + MILLIS(40), .dst = to, .src = from, .seq = seq, .class = TRAFFIC_PING};
    e.len = (uint16_t)put_ping(b, sizeof b, from, 1000 + seq, seq, &e.true_len);
    capture_add(c, partition, &e, b, sent, fate == DATAGRAM_LOST ? DATAGRAM_LOST : DATAGRAM_SENT);
    if (fate == DATAGRAM_ARRIVED || fate == DATAGRAM_NOBODY)
        capture_add(c, partition, &e, b, e.at, fate);
}

static struct capture *capture_that(unsigned partitions, uint64_t bytes_max, bool malformed)
{
    static const struct overlay overlay = {.name = "capture.example", .initial_ttl = 100};
    static const peer_h node[] = {30, 20};
    struct capture *c;
    const struct capture_config config = {.overlay = &overlay,
                                          .epoch_ms = UINT64_C(1255910400000),
                                          .identities = 100,
                                          .node = node,
                                          .nodes = 2,
                                          .partitions = partitions,
                                          .bytes_max = bytes_max,
                                          .scenario = "test",
                                          .seed = 5,
                                          .program = "test",
                                          .malformed = malformed};
    assert_int_equal(capture_open(&c, &config), 0);
    return c;
}

static struct capture *capture_of(unsigned partitions, uint64_t bytes_max)
{
    return capture_that(partitions, bytes_max, false);
}

/* Traffic of nodes 20 and 30 among others; spread over partitions in two orders. */
static void some_traffic(struct capture *c, unsigned partitions, bool backwards)
{
    for (uint32_t i = 0; i < 40; i++) {
        uint32_t k = backwards ? 39 - i : i;
        peer_h from = k % 4 == 0 ? 20 : k % 4 == 1 ? 30 : 40 + k, to = k % 4 == 2 ? 20 : k % 8 == 0 ? 30 : 60;
        send_ping(c, k % partitions, from, to, k, MILLIS(100) * (k / 3), k % 10 == 7 || k == 16   ? DATAGRAM_LOST
                                                                                   : k % 10 == 8 ? DATAGRAM_NOBODY
                                                                                                 : DATAGRAM_ARRIVED);
    }
}

static char *file_of(struct capture *c, const char *name, uint64_t *packets, char path[64], size_t *len)
{
    snprintf(path, 64, "/tmp/test_capture.%ld.%s.pcapng", (long)getpid(), name);
    assert_int_equal(capture_write(c, path, packets), 0);
    capture_close(c);
    FILE *f = fopen(path, "rb");
    char *bytes = malloc(1 << 20);
    *len = fread(bytes, 1, 1 << 20, f);
    fclose(f);
    return bytes;
}

static void only_chosen_nodes_are_captured(void **state)
{
    (void)state;
    struct capture *c = capture_of(1, UINT64_MAX);
    char path[64];
    size_t len;
    uint64_t packets;
    send_ping(c, 0, 1, 2, 1, 10, DATAGRAM_ARRIVED);   /* nobody asked for it */
    send_ping(c, 0, 20, 2, 2, 20, DATAGRAM_ARRIVED);  /* sent */
    send_ping(c, 0, 1, 20, 3, 30, DATAGRAM_ARRIVED);  /* received */
    send_ping(c, 0, 20, 30, 4, 40, DATAGRAM_ARRIVED); /* both ends */
    send_ping(c, 0, 20, 30, 5, 50, DATAGRAM_LOST);  /* lost: at the sender only */
    send_ping(c, 0, 1, 30, 6, 60, DATAGRAM_LOST);   /* lost before it arrived */
    send_ping(c, 0, 20, 30, 7, 70, DATAGRAM_NOBODY); /* found nobody: at the sender only */
    send_ping(c, 0, 1, 30, 8, 80, DATAGRAM_NOBODY);
    send_ping(c, 0, 20, 30, 9, 90, DATAGRAM_SENT); /* under way at the end */
    char *bytes = file_of(c, "chosen", &packets, path, &len);
    assert_int_equal(packets, 7);
    assert_non_null(memmem(bytes, len, "00000000000003ef, hop 3; nobody there", 37));
    assert_non_null(memmem(bytes, len, "lost on the way", 15));
    assert_non_null(memmem(bytes, len, "PingReq, transaction 00000000000003ea, hop 3", 44));
    unlink(path);
    free(bytes);
}

static void partitions_and_their_order_do_not_show(void **state)
{
    (void)state;
    char path[64], *first = NULL;
    size_t first_len = 0, len;
    for (unsigned k = 0; k < 4; k++) {
        unsigned partitions = k == 0 ? 1 : k;
        struct capture *c = capture_of(partitions, UINT64_MAX);
        some_traffic(c, partitions, k & 1);
        char *bytes = file_of(c, "partitions", NULL, path, &len);
        if (first) {
            assert_int_equal(len, first_len);
            assert_memory_equal(bytes, first, len);
            free(bytes);
        } else {
            first = bytes;
            first_len = len;
        }
    }
    unlink(path);
    free(first);
}

static void a_full_capture_stops_at_an_instant(void **state)
{
    (void)state;
    struct capture *c = capture_of(1, 250);
    char path[64], *bytes;
    size_t len;
    uint64_t packets;
    send_ping(c, 0, 20, 2, 1, 10, DATAGRAM_ARRIVED);
    capture_instant(c, 100, capture_bytes(c));
    assert_true(capture_full_at(c) == TIME_NEVER);
    send_ping(c, 0, 20, 2, 2, 110, DATAGRAM_ARRIVED);
    capture_instant(c, 200, capture_bytes(c));
    send_ping(c, 0, 20, 2, 3, 210, DATAGRAM_ARRIVED);
    assert_int_equal(capture_full_at(c), 200);
    bytes = file_of(c, "full", &packets, path, &len);
    assert_int_equal(packets, 2);
    assert_non_null(memmem(bytes, len, "cut off at 0.000 s", 18));
    free(bytes);
    unlink(path);
}

/* A datagram that has no true form: a mistake of the simulator, and then no file, or an attacker's, and then it stands there as it is, with a comment. */
static int write_with_nonsense(bool malformed, char path[64], uint64_t *packets)
{
    struct capture *c = capture_that(1, UINT64_MAX, malformed);
    const uint8_t wrong[4] = {FRAME_DATA};
    const struct event e = {.at = 10, .dst = 2, .src = 20, .class = TRAFFIC_PING, .len = sizeof wrong, .true_len = 500};
    snprintf(path, 64, "/tmp/test_capture.%ld.wrong.pcapng", (long)getpid());
    send_ping(c, 0, 20, 2, 1, 1, DATAGRAM_ARRIVED);
    capture_add(c, 0, &e, wrong, 5, DATAGRAM_SENT);
    int status = capture_write(c, path, packets);
    capture_close(c);
    return status;
}

static void a_capture_that_cannot_be_whole_is_no_file(void **state)
{
    (void)state;
    char path[64];
    assert_int_equal(write_with_nonsense(false, path, NULL), -1);
    assert_int_equal(access(path, F_OK), -1);
}

static void what_attackers_send_is_kept_as_it_is(void **state)
{
    (void)state;
    char path[64], bytes[4096];
    uint64_t packets;
    assert_int_equal(write_with_nonsense(true, path, &packets), 0);
    assert_int_equal(packets, 2);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t len = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    unlink(path);
    assert_non_null(memmem(bytes, len, "malformed, in the simulator's form; 500 bytes on the wire", 57));
}

/* Lines that tshark prints for a filter; "" when there are none. */
static void tshark(const char *path, const char *rest, char out[4096])
{
    char command[512];
    snprintf(command, sizeof command, "/usr/bin/tshark -r %s -d udp.port==6084,reload-framing %s 2>/dev/null", path,
             rest);
    FILE *p = popen(command, "r");
    assert_non_null(p);
    out[fread(out, 1, 4095, p)] = '\0';
    pclose(p);
}

static void tshark_objects_to_nothing(void **state)
{
    (void)state;
    char path[64], out[4096];
    size_t len;
    if (access("/usr/bin/tshark", X_OK) != 0)
        skip();
    struct capture *c = capture_of(1, UINT64_MAX);
    some_traffic(c, 1, false);
    free(file_of(c, "tshark", NULL, path, &len));
    tshark(path,
           "-o ip.check_checksum:TRUE -o udp.check_checksum:TRUE -Y '_ws.malformed || _ws.expert.severity==8388608 || "
           "ip.checksum.status==0 || "
           "udp.checksum.status==0'",
           out);
    assert_string_equal(out, "");
    tshark(
        path,
        "-c 1 -T fields -e frame.time_epoch -e frame.interface_name -e ip.src -e reload.message.code -e frame.comment",
        out);
    assert_string_equal(out,
                        "1255910400.000000000\tnode 20\t16.0.0.20\t23\tPingReq, transaction 00000000000003e8, hop 3\n");
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_chosen_nodes_are_captured),
        cmocka_unit_test(partitions_and_their_order_do_not_show),
        cmocka_unit_test(a_full_capture_stops_at_an_instant),
        cmocka_unit_test(a_capture_that_cannot_be_whole_is_no_file),
        cmocka_unit_test(what_attackers_send_is_kept_as_it_is),
        cmocka_unit_test(tshark_objects_to_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

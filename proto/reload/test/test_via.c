/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: what a forwarder does to a Via List by its choice (RFC 6940 6.1.2), and that the answer finds the previous hop again; compressed ids of links that
 * are gone lead nowhere; what is remembered is bounded and forgotten, not before the reliability timer; opaque ids of others come back as they came.
 * Leaves open: whole overlays (proto/test/test_routing.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "proto/test/stage.h"

#define TID 77u

/* A Ping by 20 that peer 1 hands to us, for peer 3. */
static void ping_through(struct stage *s, uint64_t tid, struct span via, struct span options)
{
    stage_ping(s, 1, &(struct letter){.signer = 20, .tid = tid, .to = recorder_id(s->r, 3), .via = via, .options = options});
}

/* Its answer by 3, with this destination list, comes over the link to 3. */
static void answer_back(struct stage *s, uint64_t tid, struct span destination)
{
    uint8_t body[16] = {0};
    stage_deliver(s, 3, &(struct letter){.signer = 3, .tid = tid, .destination = destination}, PING_ANS, body, sizeof body);
}

static struct span nodes_of(struct stage *s, uint8_t *b, size_t cap, const peer_h *peer, unsigned n)
{
    struct writer w = writer_on(b, cap, false);
    for (unsigned k = 0; k < n; k++)
        destination_put_node(&w, recorder_id(s->r, peer[k]));
    assert_int_equal(w.err, 0);
    return (struct span){b, writer_len(&w)};
}

static struct span joined(uint8_t *b, struct span x, struct span y)
{
    memcpy(b, x.b, x.len);
    memcpy(b + x.len, y.b, y.len);
    return (struct span){b, x.len + y.len};
}

static void a_full_list_names_the_previous_hop(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    struct sent sent;
    uint8_t b[64], c[64];
    stage_open(&s, 4);
    ping_through(&s, TID, nodes_of(&s, b, sizeof b, (peer_h[]){20}, 1), (struct span){NULL, 0});
    assert_int_equal(stage_sent(&s, PING_REQ, &sent), 1);
    struct span expected = nodes_of(&s, c, sizeof c, (peer_h[]){20, 1}, 2);
    assert_int_equal(sent.message.header.via.len, expected.len);
    assert_memory_equal(sent.message.header.via.b, expected.b, expected.len);
    stage_close(&s);
}

static void a_compressed_id_leads_back_to_its_link(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    struct sent sent;
    uint8_t b[64], c[64], d[64], e[128];
    s.config.via = VIA_COMPRESSED;
    stage_open(&s, 4);
    struct span before = nodes_of(&s, b, sizeof b, (peer_h[]){20}, 1), self = nodes_of(&s, c, sizeof c, (peer_h[]){0}, 1);
    ping_through(&s, TID, before, (struct span){NULL, 0});
    assert_int_equal(stage_sent(&s, PING_REQ, &sent), 1);
    struct span via = sent.message.header.via;
    assert_int_equal(via.len, before.len + 2);
    assert_memory_equal(via.b, before.b, before.len);
    assert_true(via.b[before.len] & 0x80);
    memcpy(d, via.b + before.len, 2); /* the sent message goes with stage_forget */
    memcpy(d + 2, before.b, before.len);
    stage_run(&s, MILLIS(50));
    stage_forget(&s);
    answer_back(&s, TID, joined(e, self, (struct span){d, 2 + before.len}));
    assert_int_equal(stage_sent(&s, PING_ANS, &sent), 1);
    assert_int_equal(sent.chan, s.chan[1]);
    assert_int_equal(stage_destination(&s, &sent.message.header, 0), 1);
    assert_int_equal(stage_destination(&s, &sent.message.header, 1), 20);
    stage_close(&s);
}

/* A wrong mark, a link that never was, one that is gone, one that is another's now. */
static void a_compressed_id_of_no_link_is_dropped(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    struct sent sent;
    uint8_t c[64], e[128], id[2];
    s.config.via = VIA_COMPRESSED;
    stage_open(&s, 4);
    struct span self = nodes_of(&s, c, sizeof c, (peer_h[]){0}, 1);
    ping_through(&s, TID, (struct span){NULL, 0}, (struct span){NULL, 0});
    assert_int_equal(stage_sent(&s, PING_REQ, &sent), 1);
    assert_int_equal(sent.message.header.via.len, 2);
    memcpy(id, sent.message.header.via.b, 2);
    const uint8_t wrong[][2] = {{id[0], id[1] ^ 1}, {id[0], id[1] ^ 4}, {0xff, 0xff}, {0x84, 0}};
    for (unsigned k = 0; k < 4; k++)
        answer_back(&s, TID, joined(e, self, (struct span){wrong[k], 2}));
    assert_int_equal(stage_dropped(&s, DROP_UNKNOWN_DESTINATION), 4);
    recorder_down(s.r, s.chan[1]);
    answer_back(&s, TID, joined(e, self, (struct span){id, 2}));
    assert_int_equal(stage_dropped(&s, DROP_UNKNOWN_DESTINATION), 5);
    unsigned foreign = 0;
    for (peer_h p = 30; p < 46; p++) { /* the lowest number is given again */
        chan_h chan = recorder_accept(s.r, p, MILLIS(80));
        assert_int_equal(chan, s.chan[1]);
        unsigned before = stage_dropped(&s, DROP_UNKNOWN_DESTINATION);
        answer_back(&s, TID, joined(e, self, (struct span){id, 2}));
        foreign += stage_dropped(&s, DROP_UNKNOWN_DESTINATION) == before;
        recorder_down(s.r, chan);
    }
    assert_in_range(foreign, 0, 6); /* one in eight has the same mark by chance */
    stage_close(&s);
}

static void what_is_remembered_leads_back(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    struct sent sent;
    uint8_t b[64], c[64], e[128];
    s.config.via = VIA_STATE;
    stage_open(&s, 4);
    struct span before = nodes_of(&s, b, sizeof b, (peer_h[]){20}, 1), self = nodes_of(&s, c, sizeof c, (peer_h[]){0}, 1);
    ping_through(&s, TID, before, (struct span){NULL, 0});
    ping_through(&s, TID + 1, (struct span){NULL, 0}, (struct span){NULL, 0});
    assert_int_equal(stage_sent(&s, PING_REQ, &sent), 1); /* stop and wait */
    assert_int_equal(sent.message.header.via.len, before.len);
    stage_run(&s, MILLIS(50));
    assert_int_equal(stage_sent(&s, PING_REQ, &sent), 2);
    assert_int_equal(sent.message.header.via.len, 0);
    stage_forget(&s);
    answer_back(&s, TID, joined(e, self, before)); /* 20 stands before us in a list of somebody who does keep one */
    assert_int_equal(stage_sent(&s, PING_ANS, &sent), 1);
    assert_int_equal(sent.chan, s.chan[1]);
    assert_int_equal(stage_destination(&s, &sent.message.header, 0), 1);
    assert_int_equal(stage_destination(&s, &sent.message.header, 1), 20);
    stage_run(&s, MILLIS(100));
    stage_forget(&s);
    answer_back(&s, TID + 1, self); /* nobody else did */
    assert_int_equal(stage_sent(&s, PING_ANS, &sent), 1);
    assert_int_equal(sent.message.header.destination.len, DESTINATION_NODE_BYTES);
    assert_int_equal(stage_destination(&s, &sent.message.header, 0), 1);
    stage_close(&s);
}

/* 6.1.2: kept for the reliability timer at the least, and not for ever. */
static void what_is_remembered_is_forgotten(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    uint8_t c[64];
    s.config.via = VIA_STATE;
    stage_open(&s, 4);
    struct span self = nodes_of(&s, c, sizeof c, (peer_h[]){0}, 1);
    for (unsigned k = 0; k < 12; k++) {
        sim_time start = SECONDS(20) * k + MILLIS(700) * k;
        stage_run(&s, start);
        ping_through(&s, TID + k, (struct span){NULL, 0}, (struct span){NULL, 0});
        stage_run(&s, start + s.config.reliability_timer);
        stage_forget(&s);
        answer_back(&s, TID + k, self);
        assert_int_equal(stage_sent(&s, PING_ANS, NULL), 1);
        stage_run(&s, start + SECONDS(9));
        stage_forget(&s);
        answer_back(&s, TID + k, self); /* now it seems to be for us */
        assert_int_equal(stage_sent(&s, PING_ANS, NULL), 0);
        assert_int_equal(recorder_count_facts(s.r, FACT_LATE_ANSWER), 1);
    }
    assert_int_equal(s.r->work_bytes, 0); /* nothing is left of it */
    stage_close(&s);
}

static void a_flood_is_remembered_within_bounds(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    uint8_t c[64];
    s.config.via = VIA_STATE;
    stage_open(&s, 4);
    size_t most = 0;
    for (unsigned k = 0; k < 3000; k++) {
        ping_through(&s, TID + k, (struct span){NULL, 0}, (struct span){NULL, 0});
        most = s.r->work_bytes > most ? s.r->work_bytes : most;
    }
    assert_in_range(most, 1, 60000); /* 256 memories of 32 bytes, 32 frames */
    /* The latest are kept. */
    stage_run(&s, MILLIS(1));
    stage_forget(&s);
    answer_back(&s, TID + 2999, nodes_of(&s, c, sizeof c, (peer_h[]){0}, 1));
    assert_int_equal(stage_sent(&s, PING_ANS, NULL), 1);
    stage_close(&s);
}

static void a_link_that_is_gone_is_no_way_back(void **state)
{
    (void)state;
    struct stage s = {.config = overlay_defaults()};
    uint8_t c[64];
    s.config.via = VIA_STATE;
    stage_open(&s, 4);
    ping_through(&s, TID, (struct span){NULL, 0}, (struct span){NULL, 0});
    recorder_down(s.r, s.chan[1]);
    answer_back(&s, TID, nodes_of(&s, c, sizeof c, (peer_h[]){0}, 1));
    assert_int_equal(stage_dropped(&s, DROP_NO_ROUTE), 1);
    assert_int_equal(stage_sent(&s, PING_ANS, NULL), 0);
    stage_close(&s);
}

/* RFC 7263 5.2.1. */
static void no_state_is_kept_when_a_request_says_so(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 3; k++) {
        struct stage s = {.config = overlay_defaults()};
        struct sent sent;
        uint8_t o[32];
        struct writer w = writer_on(o, sizeof o, false);
        s.config.via = (enum via_keeping)k;
        stage_open(&s, 4);
        option_put(&w, &(struct forwarding_option){.type = 9, .flags = OPTION_IGNORE_STATE_KEEPING});
        ping_through(&s, TID, (struct span){NULL, 0}, (struct span){o, writer_len(&w)});
        assert_int_equal(stage_sent(&s, PING_REQ, &sent), 1);
        assert_int_equal(sent.message.header.via.len, DESTINATION_NODE_BYTES);
        stage_close(&s);
    }
}

/* 6.1.3: who answers need not know what opaque ids mean; two nodes may have made the same. */
static void opaque_ids_of_others_come_back_as_they_came(void **state)
{
    (void)state;
    static const uint8_t via[] = {0x81, 2, DESTINATION_OPAQUE, 3, 2, 7, 7, 0x81, 2};
    static const uint8_t back[] = {0x81, 2, DESTINATION_OPAQUE, 3, 2, 7, 7, 0x81, 2};
    struct stage s = {.config = overlay_defaults()};
    struct sent sent;
    uint8_t b[64], e[128];
    stage_open(&s, 4);
    stage_ping(&s, 1, &(struct letter){.signer = 20, .tid = TID, .to = recorder_id(s.r, 0), .via = {via, sizeof via}});
    assert_int_equal(stage_sent(&s, PING_ANS, &sent), 1);
    struct span to = sent.message.header.destination;
    assert_int_equal(to.len, DESTINATION_NODE_BYTES + sizeof back);
    assert_int_equal(stage_destination(&s, &sent.message.header, 0), 1);
    assert_memory_equal(to.b + DESTINATION_NODE_BYTES, back, sizeof back);
    /* Such a list passes through us: no entry of it is taken for a repetition. */
    struct span next = nodes_of(&s, b, sizeof b, (peer_h[]){2}, 1);
    stage_run(&s, MILLIS(50));
    stage_forget(&s);
    answer_back(&s, TID, joined(e, next, (struct span){back, sizeof back}));
    assert_int_equal(stage_sent(&s, PING_ANS, &sent), 1);
    assert_int_equal(sent.chan, s.chan[2]);
    stage_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_list_names_the_previous_hop),
        cmocka_unit_test(a_compressed_id_leads_back_to_its_link),
        cmocka_unit_test(a_compressed_id_of_no_link_is_dropped),
        cmocka_unit_test(what_is_remembered_leads_back),
        cmocka_unit_test(what_is_remembered_is_forgotten),
        cmocka_unit_test(a_flood_is_remembered_within_bounds),
        cmocka_unit_test(a_link_that_is_gone_is_no_way_back),
        cmocka_unit_test(no_state_is_kept_when_a_request_says_so),
        cmocka_unit_test(opaque_ids_of_others_come_back_as_they_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

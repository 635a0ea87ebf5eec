/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: what each key of a scenario becomes in struct scenario; defaults; presets and what overrides them; --set; that the resolved file loads back to
 * the same struct and is written the same again; the population. Leaves open: messages for wrong scenarios (test_wrong.c), numbers (test_quantity.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/scenario/preset.h"
#include "sim/scenario/scenario.h"
#include "sim/scenario/schema.h"
#include "sim/scenario/value.h"

static const char sample[] =
    "reloadsim: 1                      # format version\n"
    "name: sample\n"
    "seed: 7\n"
    "epoch: 2009-10-19                 # wall date of time 0\n"
    "overlay:\n"
    "  protocol: reload\n"
    "  peers: 10 k                     # mean online\n"
    "  start: converged\n"
    "  bootstrap: {nodes: 8, cache: 10, retry: 10 s, partition_check: 10 min}\n"
    "  chord: {predecessors: 3, successors: 3, fingers: auto, finger_search: ping}\n"
    "  link: {type: dtls-udp-sr-no-ice, rto: rfc6298, keepalive: {interval: 15 s, silent_after: 30 s}, suspect_after: "
    "3 retransmissions}\n"
    "  routing: recursive\n"
    "  config: {chord-update-interval: 600 s, chord-ping-interval: 3600 s, chord-reactive: true, "
    "overlay-reliability-timer: 3 s, initial-ttl: 100}\n"
    "  crypto: {mode: modelled, sign: 282 us, verify: 16 us}\n"
    "network: {model: coordinates, data: cities.csv, min_delay: 1 ms, access: {law: {exponential: {mean: 10 ms}}, "
    "floor: 2 ms}, loss: 0.5 %}\n"
    "churn: {session: {weibull: {shape: 0.615, scale: 169.5 min}}, offline: {weibull: {shape: 0.476, scale: 413.7 "
    "min}}, graceful: 30 %, rejoin: same-id}\n"
    "workload:\n"
    "  register: {every: 50 min, lifetime: 60 min}\n"
    "  lookup: {every: 60 s, target: online, popularity: {zipf: 0.8}}\n"
    "phases: {warmup: 5 min, measure: 15 min}\n"
    "faults: [{at: 8 min, kill: {share: 20 %, mode: host}}]\n"
    "record: {interval: 10 s, capture: {nodes: 3}}\n"
    "check: [{ring_valid: {within: 5 min}}, {lookup.success: \"> 99 %\", except: 10 min after faults}]\n";

static const char least[] = "reloadsim: 1\noverlay: {peers: 100}\n";

static void load_sets(struct scenario *s, const char *text, const char *const *sets, unsigned nsets)
{
    char error[1024];
    if (scenario_parse(s, "test.yaml", text, strlen(text), sets, nsets, error, sizeof error))
        fail_msg("%s", error);
}

static void load(struct scenario *s, const char *text)
{
    load_sets(s, text, NULL, 0);
}

/* The resolved file as a string, to be freed. */
static char *resolved(const struct scenario *s)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    scenario_print(s, out);
    fclose(out);
    return text;
}

static void assert_same(struct scenario *a, struct scenario *b)
{
    a->overlay.name = b->overlay.name = NULL; /* into each struct itself */
    assert_memory_equal(a, b, sizeof *a);
}

static void round_trip(const char *text)
{
    struct scenario *s = calloc(2, sizeof *s);
    load(&s[0], text);
    char *once = resolved(&s[0]);
    load(&s[1], once);
    char *twice = resolved(&s[1]);
    assert_string_equal(once, twice);
    assert_same(&s[0], &s[1]);
    free(once);
    free(twice);
    free(s);
}

static void the_sample_of_the_grammar_becomes_the_struct(void **state)
{
    (void)state;
    struct scenario s;
    load(&s, sample);
    assert_string_equal(s.name, "sample");
    assert_int_equal(s.seed, 7);
    assert_int_equal(s.epoch_ms, 1255910400000);
    assert_int_equal(s.peers, 10000);
    assert_int_equal(s.start, START_CONVERGED);
    assert_int_equal(s.bootstrap_nodes, 8);
    assert_int_equal(s.bootstrap_cache, 10);
    assert_int_equal(s.sign_ns, 282000);
    assert_int_equal(s.verify_ns, 16000);
    assert_int_equal(s.latency, LATENCY_COORDINATES);
    assert_string_equal(s.data, "cities.csv");
    assert_int_equal(access(s.data_path, R_OK), 0);
    assert_int_equal(s.min_delay, MILLIS(1));
    assert_int_equal(s.access.kind, LAW_EXPONENTIAL);
    assert_true(s.access.a == 0.01);
    assert_int_equal(s.access_floor, MILLIS(2));
    assert_true(s.loss == 0.005);
    assert_true(s.churn && s.session.kind == LAW_WEIBULL && s.session.a == 10170 && s.session.b == 0.615);
    assert_true(s.offline.kind == LAW_WEIBULL && s.offline.a == 24822 && s.offline.b == 0.476);
    assert_true(s.graceful == 0.3 && s.rejoin_same_id);
    assert_int_equal(s.register_every, MINUTES(50));
    assert_int_equal(s.register_lifetime_s, 3600);
    assert_int_equal(s.lookup_every, SECONDS(60));
    assert_int_equal(s.target, TARGET_ONLINE);
    assert_true(s.zipf == 0.8);
    assert_int_equal(s.warmup, MINUTES(5));
    assert_int_equal(s.measure, MINUTES(15));
    assert_int_equal(s.faults, 1);
    assert_int_equal(s.fault[0].at, MINUTES(8));
    assert_true(s.fault[0].kind == FAULT_KILL && s.fault[0].share == 0.2 && s.fault[0].mode == KILL_HOST);
    assert_int_equal(s.record_interval, SECONDS(10));
    assert_int_equal(s.capture_nodes, 3);
    assert_int_equal(s.checks, 2);
    assert_true(s.check[0].ring_valid && s.check[0].within == MINUTES(5));
    assert_string_equal(s.check[1].metric, "lookup.success");
    assert_true(s.check[1].compare == COMPARE_GREATER && s.check[1].bound == 0.99 && s.check[1].except == MINUTES(10));
}

static void the_configuration_of_the_overlay_is_complete(void **state)
{
    (void)state;
    struct scenario s;
    load(&s, sample);
    const struct overlay *o = &s.overlay;
    assert_string_equal(o->name, "reloadsim.example");
    assert_ptr_equal(o->name, s.overlay_name);
    assert_int_equal(o->hash, 0x4c293753); /* printf reloadsim.example | sha1sum: the last four bytes */
    assert_int_equal(o->sequence, 1);
    assert_int_equal(o->initial_ttl, 100);
    assert_int_equal(o->max_message_size, 5000);
    assert_int_equal(o->reliability_timer, SECONDS(3));
    assert_int_equal(o->update_interval, SECONDS(600));
    assert_int_equal(o->ping_interval, SECONDS(3600));
    assert_int_equal(o->update_law, 0);
    assert_int_equal(o->ping_law, 0);
    assert_true(o->reactive && o->clients_permitted);
    assert_int_equal(o->predecessors, 3);
    assert_int_equal(o->successors, 3);
    assert_int_equal(o->fingers, 0);
    assert_int_equal(o->finger_search, FINGER_SEARCH_PING);
    assert_int_equal(o->rto, RTO_RFC6298);
    assert_int_equal(o->rto_static, MILLIS(500));
    assert_int_equal(o->suspect_after, 3);
    assert_int_equal(o->keepalive_interval, SECONDS(15));
    assert_int_equal(o->silent_after, SECONDS(30));
    assert_int_equal(o->link_mtu, 1435);
    assert_int_equal(o->bootstrap_count, 8);
    for (uint32_t i = 0; i < 8; i++)
        assert_int_equal(o->bootstrap[i], i);
    assert_int_equal(o->bootstrap_retry, SECONDS(10));
    assert_int_equal(o->partition_check, MINUTES(10));
    assert_int_equal(o->hold_down, SECONDS(30));
    assert_int_equal(o->crypto, CRYPTO_MODELLED);
    assert_int_equal(o->certificate_bytes, 816);
    assert_int_equal(o->signature_bytes, 256);
    assert_int_equal(o->limits.links, 4096);
    assert_int_equal(o->limits.transactions, 256);
    assert_int_equal(o->limits.queue_messages, 32);
    assert_int_equal(o->limits.queue_bytes, 256 << 10);
    assert_int_equal(o->limits.reassembly_bytes, 512 << 10);
    assert_int_equal(o->limits.stored_bytes, 1 << 20);
    assert_int_equal(o->limits.block_bytes, 4 << 20);
}

/* A file's name is any bytes; the scenario's name is text, in results and in the resolved file. */
static void a_name_from_any_file_is_text(void **state)
{
    (void)state;
    static const struct {
        const char *path, *name;
    } files[] = {{"a/b\xfcse.yaml", "b_se"},
                 {"a/caf\xc3\xa9 \xc3.yaml", "caf\xc3\xa9 _"},
                 {"tab\there\xe2\x80\xa8.yaml", "tab_here_"},
                 {"a2345678901234567890123456789012345678901234567890123456789012\xc3\xa9.yaml",
                  "a2345678901234567890123456789012345678901234567890123456789012"}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct scenario s, back;
        char error[1024];
        assert_int_equal(scenario_parse(&s, files[i].path, least, strlen(least), NULL, 0, error, sizeof error), 0);
        assert_string_equal(s.name, files[i].name);
        char *text = resolved(&s);
        load(&back, text);
        assert_string_equal(back.name, files[i].name);
        free(text);
    }
}

static void what_is_not_written_has_its_default_or_is_off(void **state)
{
    (void)state;
    struct scenario s;
    load(&s, least);
    assert_string_equal(s.name, "test");
    assert_int_equal(s.seed, 1);
    assert_int_equal(s.start, START_CONVERGED);
    assert_int_equal(s.latency, LATENCY_COORDINATES);
    assert_true(s.loss == 0);
    assert_int_equal(s.access.kind, LAW_NEVER);
    assert_false(s.churn);
    assert_int_equal(s.register_every, 0);
    assert_int_equal(s.lookup_every, 0);
    assert_int_equal(s.capture_nodes, 0);
    assert_int_equal(s.faults, 0);
    assert_int_equal(s.checks, 0);
    assert_int_equal(s.warmup, MINUTES(5));
    assert_int_equal(s.record_interval, SECONDS(10));
    assert_int_equal(s.overlay.limits.links, 4096);
    assert_int_equal(scenario_population(&s), 100);
}

static void words_stand_for_their_numbers(void **state)
{
    (void)state;
    struct scenario s;
    load(&s, "reloadsim: 1\n"
             "overlay:\n"
             "  peers: 20\n"
             "  start: join\n"
             "  bootstrap: {partition_check: off}\n"
             "  chord: {fingers: 128}\n"
             "  link: {rto: 250 ms, keepalive: off, suspect_after: 1 retransmission}\n"
             "network: {model: exponential, mean: 40 ms}\n"
             "record: {capture: {nodes: all}}\n");
    assert_int_equal(s.start, START_JOIN);
    assert_int_equal(s.overlay.partition_check, 0);
    assert_int_equal(s.overlay.fingers, 128);
    assert_int_equal(s.overlay.rto, RTO_STATIC);
    assert_int_equal(s.overlay.rto_static, MILLIS(250));
    assert_int_equal(s.overlay.keepalive_interval, 0);
    assert_int_equal(s.overlay.silent_after, 0);
    assert_int_equal(s.overlay.suspect_after, 1);
    assert_int_equal(s.latency, LATENCY_EXPONENTIAL);
    assert_int_equal(s.delay, MILLIS(40));
    assert_int_equal(s.capture_nodes, CAPTURE_ALL);
}

static void a_network_says_what_queues_and_what_jitters(void **state)
{
    (void)state;
    static const char matrix[] = "reloadsim: 1\noverlay: {peers: 20}\nnetwork: {model: matrix, jitter: {law: {exponential: {mean: 2 ms}}}, access: "
                                 "{floor: 3 ms, up: 256 kbit/s, down: 2 Mbit/s, queue: 32 KiB, wait: 80 ms}}\n";
    static const char broken[] = "reloadsim: 1\noverlay: {peers: 20}\nnetwork: {pair_error: 0.095, access: {down: 1 Gbit/s}}\n";
    struct scenario s;
    load(&s, matrix);
    assert_int_equal(s.latency, LATENCY_MATRIX);
    assert_string_equal(s.data, "planetlab490.csv.gz");
    assert_int_equal(access(s.data_path, R_OK), 0);
    assert_int_equal(s.jitter.kind, LAW_EXPONENTIAL);
    assert_true(s.jitter.a == 0.002);
    assert_int_equal(s.access.kind, LAW_NEVER);
    assert_int_equal(s.access_floor, MILLIS(3));
    assert_int_equal(s.access_up, 256000);
    assert_int_equal(s.access_down, 2000000);
    assert_int_equal(s.access_queue, 32768);
    assert_int_equal(s.access_wait, MILLIS(80));
    round_trip(matrix);
    load(&s, broken);
    assert_true(s.pair_error == 0.095);
    assert_string_equal(s.data, "cities.csv");
    assert_int_equal(s.access_up, 0);
    assert_int_equal(s.access_down, 1000000000);
    assert_int_equal(s.access_queue, 65536);
    round_trip(broken);
    load(&s, least);
    assert_int_equal(s.access_up | s.access_down | s.access_queue | s.jitter.kind, 0);
    assert_true(s.pair_error == 0);
}

static void intervals_drawn_from_a_law_have_a_number_and_a_mean(void **state)
{
    (void)state;
    struct scenario s;
    load(&s, "reloadsim: 1\n"
             "overlay:\n"
             "  peers: 20\n"
             "  config: {chord-update-interval: {uniform: {from: 300 s, to: 900 s}}, chord-ping-interval: "
             "{exponential: {mean: 1 h}}}\n");
    assert_int_equal(s.overlay.update_law, 1);
    assert_int_equal(s.overlay.ping_law, 2);
    assert_int_equal(s.overlay.update_interval, SECONDS(600));
    assert_int_equal(s.overlay.ping_interval, SECONDS(3600));
    assert_int_equal(s.update_interval.kind, LAW_UNIFORM);
    assert_true(s.update_interval.a == 300 && s.update_interval.b == 900);
}

static void every_law_has_its_form(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        struct law law;
    } forms[] = {
        {"90 s", {LAW_FIXED, 90, 0}},
        {"{fixed: 2 min}", {LAW_FIXED, 120, 0}},
        {"{uniform: {from: 1 min, to: 3 min}}", {LAW_UNIFORM, 60, 180}},
        {"{exponential: {mean: 1 h}}", {LAW_EXPONENTIAL, 3600, 0}},
        {"{weibull: {shape: 0.5, scale: 5000 s}}", {LAW_WEIBULL, 5000, 0.5}},
        {"{lognormal: {median: 40 min, sigma: 1.5}}", {LAW_LOGNORMAL, 2400, 1.5}},
        {"{pareto: {shape: 1.5, min: 30 s}}", {LAW_PARETO, 30, 1.5}},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        char text[256];
        struct scenario s;
        snprintf(text, sizeof text, "reloadsim: 1\noverlay: {peers: 50}\nchurn: {session: %s, offline: 1 h}\n",
                 forms[i].text);
        load(&s, text);
        assert_int_equal(s.session.kind, forms[i].law.kind);
        assert_true(s.session.a == forms[i].law.a && s.session.b == forms[i].law.b);
        round_trip(text);
    }
}

static void a_preset_names_laws_and_keys_beside_it_override_it(void **state)
{
    (void)state;
    struct scenario s, written_out;
    load(&s, "reloadsim: 1\noverlay: {peers: 10 k}\nchurn: {preset: kad-steiner}\n");
    load(&written_out, sample);
    assert_string_equal(s.churn_preset, "kad-steiner");
    assert_memory_equal(&s.session, &written_out.session, sizeof s.session);
    assert_memory_equal(&s.offline, &written_out.offline, sizeof s.offline);
    assert_true(s.graceful == written_out.graceful && s.rejoin_same_id == written_out.rejoin_same_id);
    load(&s, "reloadsim: 1\noverlay: {peers: 10 k}\nchurn: {session: 2 h, graceful: 0 %, preset: exp1h}\n");
    assert_true(s.session.kind == LAW_FIXED && s.session.a == 7200);
    assert_true(s.offline.kind == LAW_EXPONENTIAL && s.offline.a == 3600);
    assert_true(s.graceful == 0);
    for (size_t i = 0; i < churn_presets_count; i++) {
        char text[160];
        snprintf(text, sizeof text, "reloadsim: 1\noverlay: {peers: 100}\nchurn: {preset: %s, offline: 1 h}\n",
                 churn_presets[i].name);
        round_trip(text);
    }
}

static void the_population_follows_from_the_laws(void **state)
{
    (void)state;
    struct scenario s;
    load(&s, "reloadsim: 1\noverlay: {peers: 1 k}\nchurn: {preset: exp1h}\n");
    assert_int_equal(scenario_population(&s), 8 + 2 * 992); /* bootstrap peers are always online */
    load(&s, sample);
    assert_in_range(scenario_population(&s), 46700, 46900); /* Kad: 4.7 identities for one online */
    load(&s, "reloadsim: 1\noverlay: {peers: 4, bootstrap: {nodes: 4}}\nchurn: {preset: exp1h}\n");
    assert_int_equal(scenario_population(&s), 4);
}

static void a_set_changes_adds_and_replaces_in_order(void **state)
{
    (void)state;
    static const char *const sets[] = {
        "overlay.peers=2k",
        "overlay.peers=3 k",
        "seed=42",
        "faults[0].at=3 min",
        "churn=none",
        "churn.preset=kad",
        "churn.graceful=5%",
        "record.capture=none",
        "network={model: constant, delay: 30 ms}",
        "faults[1]={at: 1 min, kill: {share: 1 %}}",
        "workload.lookup.popularity=uniform",
    };
    struct scenario s;
    load_sets(&s, sample, sets, sizeof sets / sizeof sets[0]);
    assert_int_equal(s.peers, 3000);
    assert_int_equal(s.seed, 42);
    assert_true(s.churn && s.session.a == 5000 && s.graceful == 0.05);
    assert_int_equal(s.capture_nodes, 0);
    assert_int_equal(s.latency, LATENCY_CONSTANT);
    assert_int_equal(s.delay, MILLIS(30));
    assert_true(s.zipf == 0);
    assert_int_equal(s.faults, 2); /* sorted by time */
    assert_int_equal(s.fault[0].at, MINUTES(1));
    assert_int_equal(s.fault[1].at, MINUTES(3));
}

static void a_set_can_add_what_the_file_lacks(void **state)
{
    (void)state;
    static const char *const sets[] = {"workload.lookup.every=30 s", "check=[{join.success: '> 90 %'}]",
                                       "overlay.config.initial-ttl=30"};
    struct scenario s;
    load_sets(&s, least, sets, 3);
    assert_int_equal(s.lookup_every, SECONDS(30));
    assert_int_equal(s.checks, 1);
    assert_int_equal(s.overlay.initial_ttl, 30);
}

static void the_resolved_file_is_the_same_scenario(void **state)
{
    (void)state;
    round_trip(sample);
    round_trip(least);
    round_trip(
        "reloadsim: 1\n"
        "name: \"it's: a # name\"\n"
        "seed: 9223372036854775807\n"
        "epoch: 2026-02-28T23:59:59Z\n"
        "overlay: {peers: 1500, name: a.b, link: {rto: 12345678 ns, keepalive: off, mtu: 600 B}, crypto: {sign: 0 s, "
        "verify: 1 ns}}\n"
        "network: {model: exponential, mean: 33.3 ms, min_delay: 0.3 ms, loss: 12.3456789 %, jitter: {law: {pareto: {min: 3 ms, shape: 1.5}}}, access: {up: 33600 bit/s, queue: 3 kB}}\n"
        "churn: {session: {lognormal: {median: 0.1 h, sigma: 0.3333333333333333}}, offline: {pareto: {shape: 1.1, min: "
        "1.7 min}}, graceful: 33.3 %}\n"
        "workload: {register: {every: 1 d, lifetime: 3601 s}, lookup: {every: 0.7 s, target: any, popularity: {zipf: "
        "1.23456789012345678}}}\n"
        "phases: {warmup: 0 s, measure: 3650 d}\n"
        "faults: [{at: 9 min, kill: {share: 0.07 %}}, {at: 1.5 us, kill: {share: 100 %}}]\n"
        "record: {capture: {nodes: all}}\n"
        "check: [{lookup.latency_s.p95: \"<= 2500 ms\"}, {lookup.hops.mean: '< 7.77'}, {lookup.count: '>= 10 k', "
        "except: 90 s after faults}]\n");
}

static const char eventful[] =
    "reloadsim: 1\n"
    "overlay: {peers: 100}\n"
    "churn: {preset: skype-client, rejoin: new-id, daily: {amplitude: 25 %, peak: 6.5 h}}\n"
    "workload: {lookup: {every: 10 ms, per: network}}\n"
    "faults:\n"
    "  - {at: 1 min, kill: {share: 30 %, mode: process, restart: {uniform: {from: 10 s, to: 60 s}}}}\n"
    "  - {at: 2 min, for: 40 s, partition: {share: 50 %}, region: 'North America'}\n"
    "  - {at: 3 min, for: 60 s, network: {latency: 300 %, slower: 10 ms, loss: 5 %}}\n"
    "  - {at: 4 min, network: {latency: 50 %}}\n"
    "  - {at: 5 min, reboot: {share: 40 %}}\n"
    "  - {at: 6 min, leave: {share: 50 %}, region: '25W-45E, 35N-72N'}\n"
    "  - {at: 7 min, for: 1 min, slow: {share: 50 %, factor: 2.5}}\n"
    "  - {at: 8 min, idle: {}}\n"
    "  - {at: 9 min, set: {overlay.config.chord-update-interval: 20 s}}\n"
    "  - {at: 10 min, for: 1 s, set: {overlay.link.suspect_after: 1 retransmission}}\n"
    "  - {at: 11 min, for: 20 s, flood: {every: 1 s}}\n"
    "  - {at: 12 min, restart: {}}\n";

static void every_fault_has_its_form(void **state)
{
    (void)state;
    struct scenario s;
    load(&s, eventful);
    round_trip(eventful);
    static const enum fault_kind kinds[] = {FAULT_KILL,  FAULT_PARTITION, FAULT_NETWORK, FAULT_NETWORK,
                                            FAULT_REBOOT, FAULT_LEAVE,    FAULT_SLOW,    FAULT_IDLE,
                                            FAULT_SET,   FAULT_SET,       FAULT_FLOOD,   FAULT_RESTART};
    assert_int_equal(s.faults, 12);
    for (unsigned i = 0; i < 12; i++)
        assert_int_equal(s.fault[i].kind, kinds[i]);
    const struct fault *f = s.fault;
    assert_true(f[0].mode == KILL_PROCESS && f[0].delay.kind == LAW_UNIFORM && f[0].delay.b == 60);
    assert_true(f[1].share == 0.5 && f[1].lasts == SECONDS(40) && strcmp(f[1].region, "North America") == 0);
    assert_true(f[2].latency == 3 && f[2].slower == MILLIS(10) && f[2].loss == 0.05);
    assert_true(f[3].latency == 0.5 && f[3].loss == NETWORK_UNCHANGED && f[3].lasts == 0);
    assert_true(f[4].within == MINUTES(30) && f[4].delay.kind == LAW_FIXED && f[4].delay.a == 180);
    assert_true(f[6].factor == 2.5 && f[7].share == 1 && f[10].every == SECONDS(1) && f[11].share == 1);
    assert_true(fault_end(&f[0]) == MINUTES(1) && fault_end(&f[1]) == SECONDS(160) && fault_end(&f[3]) == TIME_NEVER &&
                fault_end(&f[4]) == MINUTES(35));
    assert_int_equal(scenario_lookup_gap(&s), SECONDS(1)); /* a hundred peers */
    assert_true(s.daily_amplitude == 0.25 && s.daily_peak == MINUTES(390) && s.session.kind == LAW_LOGNORMAL);
}

static void a_set_changes_one_field_of_the_overlay(void **state)
{
    (void)state;
    static const char *const values[] = {
        "overlay.config.chord-update-interval: 20 s", "overlay.config.chord-ping-interval: 2 min",
        "overlay.config.chord-reactive: false",       "overlay.config.overlay-reliability-timer: 1 s",
        "overlay.config.initial-ttl: 7",              "overlay.chord.predecessors: 5",
        "overlay.chord.successors: 6",                "overlay.link.suspect_after: 2 retransmissions",
        "overlay.bootstrap.retry: 3 s",               "overlay.bootstrap.partition_check: off"};
    struct overlay sum;
    struct scenario s;
    for (unsigned i = 0; i < 10; i++) {
        char text[256];
        snprintf(text, sizeof text, "reloadsim: 1\noverlay: {peers: 9, bootstrap: {nodes: 2}, config: {chord-update-interval: "
                                    "{exponential: {mean: 9 min}}}}\nfaults: [{at: 0 s, set: {%s}}]\n", values[i]);
        round_trip(text);
        load(&s, text);
        if (i == 0)
            sum = s.overlay;
        struct overlay one = s.overlay;
        fault_set_overlay(&s.fault[0], &one);
        assert_true(memcmp(&one, &s.overlay, sizeof one) != 0);
        fault_set_overlay(&s.fault[0], &sum);
    }
    assert_true(sum.update_interval == SECONDS(20) && sum.update_law == 0 && sum.ping_interval == SECONDS(120));
    assert_true(!sum.reactive && sum.reliability_timer == SECONDS(1) && sum.initial_ttl == 7 && sum.predecessors == 5);
    assert_true(sum.successors == 6 && sum.suspect_after == 2 && sum.bootstrap_retry == SECONDS(3) && sum.partition_check == 0);
    assert_int_equal(sum.keepalive_interval, SECONDS(15)); /* and nothing else */
}

static void sources_of_churn_have_their_populations(void **state)
{
    (void)state;
    struct scenario s;
    char path[64], text[256];
    load(&s, "reloadsim: 1\noverlay: {peers: 1 k}\nchurn: {poisson: {every: 2 s}}\n");
    assert_true(s.session.kind == LAW_EXPONENTIAL && s.session.a == 1992 - 8 && s.offline.kind == LAW_NEVER);
    assert_in_range(scenario_population(&s), 1000 + 607 + 6 * 24, 1000 + 607 + 6 * 25 + 17); /* 1,215 s */
    round_trip("reloadsim: 1\noverlay: {peers: 1 k}\nchurn: {poisson: {every: 2 s}}\n");
    load(&s, "reloadsim: 1\noverlay: {peers: 1 k}\nchurn: {preset: exp1h, rejoin: new-id}\n");
    assert_int_equal(scenario_ids_per_device(&s), 2);
    assert_int_equal(scenario_population(&s), 8 + 2 * 2 * 992);
    snprintf(path, sizeof path, "/tmp/reloadsim-scenario.%ld.csv", (long)getpid());
    FILE *f = fopen(path, "w");
    fputs("node,up_s,down_s,time_s,asker,target\n1,0,10,1,4,1\n4,5,35,1,1,4\n", f);
    fclose(f);
    snprintf(text, sizeof text,
             "reloadsim: 1\noverlay: {peers: 9}\nchurn: {trace: {data: %s, from: 2 s}}\nworkload: {trace: {data: %s}}\n",
             path, path);
    round_trip(text);
    load(&s, text);
    assert_int_equal(s.trace_nodes, 2);
    assert_int_equal(scenario_population(&s), 10);
    assert_true(s.trace_from == SECONDS(2) && s.session.kind == LAW_EXPONENTIAL && s.session.a == 20);
    unlink(path);
}

/* What a share or time was written as does not matter, only that printing it reads back to the same bits. */
static void shares_of_all_sizes_survive_the_round_trip(void **state)
{
    (void)state;
    struct scenario s, back;
    for (unsigned i = 1; i < 2000; i += 7) {
        char text[160];
        snprintf(text, sizeof text,
                 "reloadsim: 1\noverlay: {peers: 9, bootstrap: {nodes: 1}}\nnetwork: {loss: %u.%03u %%}\n",
                 i * 37 % 100, i * 7919 % 1000);
        load(&s, text);
        char *written = resolved(&s);
        load(&back, written);
        free(written);
        assert_true(s.loss == back.loss);
    }
}

static void data_is_found_beside_the_scenario_first(void **state)
{
    (void)state;
    char folder[] = "/tmp/reloadsim-test-XXXXXX", path[64], data[64], error[512], out[80], full[4096];
    struct scenario s, back;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/mine.yaml", folder);
    snprintf(data, sizeof data, "%s/cities.csv", folder);
    snprintf(out, sizeof out, "%s/out", folder);
    FILE *f = fopen(path, "w");
    fputs(least, f);
    fclose(f);
    assert_int_equal(scenario_load(&s, path, NULL, 0, error, sizeof error), 0);
    assert_non_null(strstr(s.data_path, "topologies/cities.csv"));
    f = fopen(data, "w");
    fputs("x\n", f);
    fclose(f);
    assert_int_equal(scenario_load(&s, path, NULL, 0, error, sizeof error), 0);
    assert_string_equal(s.data_path, data);
    assert_string_equal(s.name, "mine");
    assert_int_equal(mkdir(out, 0777), 0);
    snprintf(out, sizeof out, "%s/out/scenario.resolved.yaml", folder);
    assert_int_equal(scenario_write(&s, out), 0);
    if (scenario_load(&back, out, NULL, 0, error, sizeof error)) /* elsewhere: the data file is named in full */
        fail_msg("%s", error);
    assert_non_null(realpath(data, full));
    assert_string_equal(back.data_path, full);
    assert_string_equal(back.name, "mine");
    unlink(out);
    unlink(data);
    unlink(path);
    snprintf(out, sizeof out, "%s/out", folder);
    rmdir(out);
    rmdir(folder);
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
    (void)state;
    struct scenario s;
    char error[256];
    assert_int_equal(scenario_load(&s, "/nonexistent/x.yaml", NULL, 0, error, sizeof error), -1);
    assert_string_equal(error, "/nonexistent/x.yaml: No such file or directory");
    assert_int_equal(scenario_load(&s, "/tmp", NULL, 0, error, sizeof error), -1);
    assert_string_equal(error, "/tmp: Is a directory");
    assert_int_equal(scenario_write(&s, "/nonexistent/x.yaml"), -1);
}

/* Rows that nobody could use: a default or example that its own row refuses, a row without help, a path twice. */
static void every_row_of_the_schema_is_sound(void **state)
{
    (void)state;
    char text[VALUE_TEXT_MAX];
    for (size_t i = 0; i < schema_count; i++) {
        const struct key *key = &schema[i];
        assert_ptr_equal(schema_find(key->path), key);
        assert_true(key->help && strlen(key->help) > 8 && key->help[strlen(key->help) - 1] == '.');
        assert_true(key->type == KEY_MAP || key->fallback || key->example);
        assert_true(strlen(key->path) < PATH_MAX_BYTES);
        schema_type_text(key, text, sizeof text);
        assert_true(text[0] != 0);
        for (const struct word *w = key->words; w && w->name; w++)
            assert_true(w->name[0] != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sample_of_the_grammar_becomes_the_struct),
        cmocka_unit_test(the_configuration_of_the_overlay_is_complete),
        cmocka_unit_test(a_name_from_any_file_is_text),
        cmocka_unit_test(what_is_not_written_has_its_default_or_is_off),
        cmocka_unit_test(a_network_says_what_queues_and_what_jitters),
        cmocka_unit_test(words_stand_for_their_numbers),
        cmocka_unit_test(intervals_drawn_from_a_law_have_a_number_and_a_mean),
        cmocka_unit_test(every_law_has_its_form),
        cmocka_unit_test(a_preset_names_laws_and_keys_beside_it_override_it),
        cmocka_unit_test(the_population_follows_from_the_laws),
        cmocka_unit_test(a_set_changes_adds_and_replaces_in_order),
        cmocka_unit_test(a_set_can_add_what_the_file_lacks),
        cmocka_unit_test(the_resolved_file_is_the_same_scenario),
        cmocka_unit_test(every_fault_has_its_form),
        cmocka_unit_test(a_set_changes_one_field_of_the_overlay),
        cmocka_unit_test(sources_of_churn_have_their_populations),
        cmocka_unit_test(shares_of_all_sizes_survive_the_round_trip),
        cmocka_unit_test(data_is_found_beside_the_scenario_first),
        cmocka_unit_test(a_file_that_cannot_be_read_is_named),
        cmocka_unit_test(every_row_of_the_schema_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

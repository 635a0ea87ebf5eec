/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: the whole message for each kind of wrong scenario, with file, line and column; that the line is shown below it with the caret at that column;
 * the same for --set; hostile bytes; limits. Leaves open: what random bytes do (the fuzzer), right scenarios (test_scenario.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/scenario/scenario.h"

#define V "reloadsim: 1\n"
#define H V "overlay: {peers: 100}\n"

/* error: what follows the name of the file. */
static const struct wrong {
    const char *text, *error;
} wrong[] = {
    /* YAML itself. */
    {"", ": empty: a scenario begins with \"reloadsim: 1\""},
    {"# only a comment\n", ": empty: a scenario begins with \"reloadsim: 1\""},
    {"- reloadsim\n", ":1:1: a scenario is a mapping of keys to values, not a list"},
    {"reloadsim\n", ":1:1: a scenario is a mapping of keys to values, not a single value"},
    {V "overlay: {peers: 100\n",
     ":3:1: not YAML: did not find expected ',' or '}' (while parsing a flow mapping that begins on line 2)"},
    {V "overlay: {peers: 100]\n", ":2:21: not YAML: did not find expected ',' or '}' (while parsing a flow mapping)"},
    {V "overlay:\n  peers: 100\n start: join\n",
     ":4:2: not YAML: did not find expected key (while parsing a block mapping that begins on line 1)"},
    {V "overlay:\n\tpeers: 100\n", ":3:1: a tab in the indentation: YAML wants spaces"},
    {V "overlay:\n  \tpeers: 100\n", ":3:3: a tab in the indentation: YAML wants spaces"},
    {V "name: \"abc\n",
     ":3:1: not YAML: found unexpected end of stream (while scanning a quoted scalar that begins on line 2)"},
    {V "name: a: b\n", ":2:8: not YAML: mapping values are not allowed in this context"},
    {V "overlay: &a {peers: 100}\n", ":2:10: anchors (&a) are not used in scenarios: write the value out"},
    {V "name: &a x\n", ":2:7: anchors (&a) are not used in scenarios: write the value out"},
    {V "overlay: *a\n", ":2:10: aliases (*name) are not used in scenarios: write the value out"},
    {V "*a : 3\n", ":2:1: aliases (*name) are not used in scenarios: write the value out"},
    {V "overlay: {peers: !!int 100}\n",
     ":2:18: tags (!...) are not used in scenarios: the key decides what its value is"},
    {V "overlay:\n  <<: {peers: 100}\n", ":3:3: merge keys (<<) are not used in scenarios: write the values out"},
    {V "? {a: b}\n: c\n", ":2:3: a key is a word, not a mapping or list"},
    {H "---\nreloadsim: 1\n", ":3:1: a second document: one file holds one scenario"},
    {H "...\nx: 1\n", ":4:1: not YAML: did not find expected <document start>"},
    {V "name: \"a\\nb\"\n", ":2:7: a value is one line of text: this one holds a line break or control character"},
    {V "name: |\n  two\n  lines\n",
     ":2:7: a value is one line of text: this one holds a line break or control character"},
    {V "x: [[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]\n", ":2:19: nested more than 16 levels deep"},
    {V "name: \"\\0\"\n", ":2:7: a value is one line of text: this one holds a line break or control character"},
    /* Keys. */
    {V, ":1:1: overlay.peers is missing: add peers: 10 k"},
    {"overlay: {peers: 10}\n", ":1:1: reloadsim is missing: add reloadsim: 1"},
    {"reloadsim: 2\noverlay: {peers: 100}\n", ":1:12: reloadsim must be 1"},
    {V "overlay: {}\n", ":2:10: overlay.peers is missing: add peers: 10 k"},
    {V "overlay:\n", ":2:1: overlay has no value: its keys are missing"},
    {V "overlay: 100\n", ":2:10: overlay is a mapping of keys to values, not a single value: as in overlay: {peers: 10 k}"},
    {V "overlay: [100]\n", ":2:10: overlay is a mapping of keys to values, not a list: as in overlay: {peers: 10 k}"},
    {H "peers: 10\n", ":3:1: unknown key \"peers\": did you mean overlay.peers?"},
    {H "overlays: 10\n", ":3:1: unknown key \"overlays\": did you mean overlay?"},
    {H "frobnicate: 10\n", ":3:1: unknown key \"frobnicate\" in a scenario: it has reloadsim, name, seed, epoch, overlay, network, churn, workload, phases, faults, record, checkpoint, check"},
    {V "overlay:\n  peers: 100\n  bootstrap: {node: 3}\n",
     ":4:15: unknown key \"node\" in overlay.bootstrap: did you mean nodes?"},
    {V "overlay: {peers: 100, link: {keep-alive: off}}\n",
     ":2:30: unknown key \"keep-alive\" in overlay.link: did you mean keepalive?"},
    {V "overlay: {peers: 100, peers: 200}\n", ":2:23: duplicate key \"peers\": first on line 2"},
    {H "seed: 1\nname: x\nseed: 2\n", ":5:1: duplicate key \"seed\": first on line 3"},
    {V "overlay: {peers: 100, config: {initial_ttl: 50}}\n",
     ":2:32: unknown key \"initial_ttl\" in overlay.config: did you mean initial-ttl?"},
    /* Numbers and their units. */
    {V "overlay: {peers: ten}\n", ":2:18: overlay.peers is a count, not \"ten\""},
    {V "overlay: {peers: 10x}\n",
     ":2:18: overlay.peers is a count; \"x\" is no unit for it, the units are k, M, G or none"},
    {V "overlay: {peers: 10 K}\n", ":2:18: overlay.peers has the unit \"K\": did you mean k?"},
    {V "overlay: {peers: -5}\n", ":2:18: overlay.peers must not be negative"},
    {V "overlay: {peers: 0}\n", ":2:18: overlay.peers must be 1 to 100 M"},
    {V "overlay: {peers: 1.5}\n", ":2:18: overlay.peers must be a whole number"},
    {V "overlay: {peers: 200 M}\n", ":2:18: overlay.peers must be 1 to 100 M"},
    {V "overlay: {peers: 99999999999999999999999}\n", ":2:18: overlay.peers must be 1 to 100 M"},
    {V "overlay: {peers: .nan}\n", ":2:18: overlay.peers is a count, not \".nan\""},
    {V "overlay: {peers: nan}\n", ":2:18: overlay.peers is a count, not \"nan\""},
    {V "overlay: {peers: 1e400}\n", ":2:18: overlay.peers must be 1 to 100 M"},
    {V "overlay: {peers: 0x10}\n",
     ":2:18: overlay.peers is a count; \"x10\" is no unit for it, the units are k, M, G or none"},
    {V "overlay: {peers: \"\"}\n", ":2:18: overlay.peers is a count, not \"\""},
    {V "overlay: {peers: [1]}\n", ":2:18: overlay.peers is a count, not a list"},
    {V "overlay:\n  peers:\n  start: join\n", ":3:9: overlay.peers has no value"},
    {V "overlay: {peers: 100, bootstrap: {retry: 10}}\n", ":2:42: overlay.bootstrap.retry has no unit: write \"10 s\""},
    {V "overlay: {peers: 100, bootstrap: {retry: 10 m}}\n",
     ":2:42: overlay.bootstrap.retry has the unit \"m\": did you mean min or ms?"},
    {V "overlay: {peers: 100, bootstrap: {retry: 10 sec}}\n",
     ":2:42: overlay.bootstrap.retry has the unit \"sec\": did you mean s?"},
    {V "overlay: {peers: 100, bootstrap: {retry: 10 parsecs}}\n",
     ":2:42: overlay.bootstrap.retry is a time; \"parsecs\" is no unit for it, the units are ns, us, ms, s, min, h, d"},
    {V "overlay: {peers: 100, bootstrap: {retry: 0}}\n", ":2:42: overlay.bootstrap.retry has no unit: write \"0 s\""},
    {V "overlay: {peers: 100, bootstrap: {retry: -10 s}}\n", ":2:42: overlay.bootstrap.retry must not be negative"},
    {V "overlay: {peers: 100, bootstrap: {retry: soon}}\n",
     ":2:42: overlay.bootstrap.retry is a time with its unit, as in 10 s, not \"soon\""},
    {V "overlay: {peers: 100, bootstrap: {retry: 9999999 d}}\n",
     ":2:42: overlay.bootstrap.retry must be 100 ms to 1 d"},
    {V "overlay: {peers: 100, bootstrap: {partition_check: of}}\n",
     ":2:52: overlay.bootstrap.partition_check is \"of\": did you mean off?"},
    {V "overlay: {peers: 100, chord: {successors: 3 k}}\n",
     ":2:43: overlay.chord.successors is a plain number without unit: write 3"},
    {V "overlay: {peers: 100, chord: {successors: 65}}\n", ":2:43: overlay.chord.successors must be 1 to 64"},
    {V "overlay: {peers: 100, chord: {fingers: automatic}}\n",
     ":2:40: overlay.chord.fingers is auto | a number, not \"automatic\""},
    {V "overlay: {peers: 100, link: {suspect_after: 3}}\n",
     ":2:45: overlay.link.suspect_after has no unit: write \"3 retransmissions\""},
    {V "overlay: {peers: 100, link: {mtu: 1435}}\n", ":2:35: overlay.link.mtu has no unit: write \"1435 B\""},
    {V "overlay: {peers: 100, link: {mtu: 9 KB}}\n",
     ":2:35: overlay.link.mtu has the unit \"KB\": did you mean kB or KiB?"},
    {V "overlay: {peers: 100, config: {chord-reactive: yes}}\n",
     ":2:48: overlay.config.chord-reactive is true or false, not \"yes\""},
    {H "network: {loss: 0.5}\n", ":3:17: network.loss has no unit: write \"0.5 %\" or \"50 %\""},
    {H "network: {loss: 101 %}\n", ":3:17: network.loss must be 0 % to 100 %"},
    {H "network: {loss: 5 percent}\n", ":3:17: network.loss has the unit \"percent\": did you mean %?"},
    {H "seed: -1\n", ":3:7: seed must not be negative"},
    {H "seed: 1.5\n", ":3:7: seed must be a whole number"},
    {H "seed: 18446744073709551616\n", ":3:7: seed must be 0 to 9223372036854775808"},
    {H "epoch: 19.10.2009\n", ":3:8: epoch is a date as 2009-10-19 or 2009-10-19T06:00:00Z, not \"19.10.2009\""},
    {H "epoch: 2009-02-30\n", ":3:8: epoch is a date as 2009-10-19 or 2009-10-19T06:00:00Z, not \"2009-02-30\""},
    {H "name: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n",
     ":3:7: name is longer than 63 bytes"},
    {H "workload: {register: {every: 50 min, lifetime: 1.5 s}}\n",
     ":3:48: workload.register.lifetime must be a whole number of seconds"},
    {V "overlay: {peers: 100, name: a.name.of.fifty.two.characters.is.one.too.many.for.i}\n",
     ":2:29: overlay.name is longer than 51 bytes: user names, u0123456789@ and it, have 63 at most"},
    /* Words. */
    {V "overlay: {peers: 100, start: joined}\n", ":2:30: overlay.start is \"joined\": did you mean join?"},
    {V "overlay: {peers: 100, start: magic}\n", ":2:30: overlay.start is converged | join, not \"magic\""},
    /* Keys that mean nothing to the protocol, wherever they stand. */
    {V "overlay: {peers: 100, protocol: chord2003, link: {mtu: 1000 B}}\n",
     ":2:44: overlay.link is a key of protocol reload and means nothing to chord2003: leave it out"},
    {"record: {capture: {nodes: 3}}\n" V "overlay: {peers: 100, protocol: chord2003}\n",
     ":1:10: record.capture is a key of protocol reload and means nothing to chord2003: leave it out"},
    {V "workload: {register: {every: 50 min}}\noverlay: {protocol: chord2003, peers: 100}\n",
     ":2:12: workload.register is a key of protocol reload and means nothing to chord2003: leave it out"},
    {V "overlay: {peers: 100, protocol: chord2003}\nfaults: [{at: 0 s, for: 3 s, idle: {share: 5 %}}]\n",
     ":3:10: a fault of the kind idle acts on RELOAD peers: chord2003 has nothing that it could change"},
    {V "overlay: {peers: 100, protocol: chord2003}\nworkload: {trace: {data: x.csv}}\n",
     ":3:19: chord2003 stores nothing: look-ups of a trace would find nobody"},
    {V "overlay: {peers: 100, chord2003: {successors: 3}}\n",
     ":2:23: overlay.chord2003 is a key of protocol chord2003 and means nothing to reload: leave it out"},
    {V "overlay: {peers: 100, protocol: chord2003, bootstrap: {partition_check: 1 min}}\n",
     ":2:56: overlay.bootstrap.partition_check is a key of protocol reload and means nothing to chord2003: leave it out"},
    {V "overlay: {peers: 100, protocol: chord2003}\nworkload: {lookup: {every: 60 s}}\n",
     ":3:20: chord2003 stores nothing: look-ups are of random ids only, write target: random"},
    {V "overlay: {peers: 100, protocol: chord2003}\nworkload: {lookup: {every: 60 s, target: online}}\n",
     ":3:42: chord2003 stores nothing: look-ups are of random ids only, write target: random"},
    {V "overlay: {peers: 100, protocol: chord2003, chord2003: {successors: 65}}\n",
     ":2:68: overlay.chord2003.successors must be 1 to 64"},
    {V "overlay: {peers: 100, protocol: chord}\n",
     ":2:33: overlay.protocol is reload | chord2003, not \"chord\""},
    {V "overlay: {peers: 100, routing: spiral}\n",
     ":2:32: overlay.routing is recursive | iterative | direct-response | relay-peer, not \"spiral\""},
    {V "overlay: {peers: 100, clients: 20 %, config: {clients-permitted: false}}\n",
     ":2:32: overlay.clients: overlay.config.clients-permitted is false"},
    {V "overlay: {peers: 100, protocol: chord2003, clients: 20 %}\n",
     ":2:44: overlay.clients is a key of protocol reload and means nothing to chord2003: leave it out"},
    {V "overlay: {peers: 100, link: {type: tls-tcp-fh-no-ice}}\n",
     ":2:36: not in this version: overlay.link.type: tls-tcp-fh-no-ice (TLS over TCP)"},
    {V "overlay: {peers: 200k, crypto: {mode: openssl}}\n",
     ":2:39: overlay.crypto.mode: openssl is for small overlays: at most 100000 identities, and this population has 200000"},
    {V "overlay: {peers: 100, crypto: {mode: none}}\n",
     ":2:38: overlay.crypto.mode: none is for overlays without enrollment: set overlay.config.self-signed-permitted: sha1 (or sha256)"},
    /* What does not fit together. */
    {H "network: {model: constant, data: cities.csv}\n", ":3:28: network.data is no key of model constant"},
    {H "network: {delay: 50 ms}\n", ":3:11: network.delay is no key of model coordinates"},
    {H "network: {model: constant, delay: 0.5 ms}\n",
     ":3:35: the network's delay is below network.min_delay: all of it would be clamped"},
    {H "network: {access: 10 ms}\n",
     ":3:19: network.access is none or a mapping, as in access: {law: {exponential: {mean: 10 ms}}, floor: 2 ms, up: 256 "
     "kbit/s, down: 2 Mbit/s}"},
    {H "network: {access: {queue: 64 KiB}}\n",
     ":3:19: network.access changes nothing: give law, floor, up or down"},
    {H "network: {model: constant, access: {up: unlimited}}\n",
     ":3:36: network.access changes nothing: give up or down"},
    {H "network: {model: constant, access: {law: 5 ms}}\n", ":3:37: network.access.law is no key of model constant"},
    {H "network: {model: exponential, access: {floor: 5 ms}}\n",
     ":3:40: network.access.floor is no key of model exponential"},
    {H "network: {access: {up: 256}}\n", ":3:24: network.access.up has no unit: write \"256 kbit/s\""},
    {H "network: {access: {up: 1 kbit/s}}\n", ":3:24: network.access.up must be 8 kbit/s to 1000 Gbit/s"},
    {H "network: {access: {down: fast}}\n", ":3:26: network.access.down is unlimited | a bit rate, not \"fast\""},
    {H "network: {access: {down: 2 Mbit/s, queue: 100 B}}\n",
     ":3:43: network.access.queue must be 1500 B to 1 GiB"},
    {H "network: {jitter: 3 ms}\n",
     ":3:19: network.jitter is none or a mapping, as in jitter: {law: {exponential: {mean: 2 ms}}}"},
    {H "network: {jitter: {}}\n", ":3:19: network.jitter.law is missing: add law: {exponential: {mean: 2 ms}}"},
    {H "network: {jitter: {law: 11 s}}\n", ":3:25: network.jitter.law must be 1 us to 10 s"},
    {H "network: {pair_error: 0.6}\n", ":3:23: network.pair_error must be 0 to 0.5"},
    {H "network: {pair_error: 5 %}\n", ":3:23: network.pair_error is a plain number without unit: write 5"},
    {H "network: {model: matrix, pair_error: 0.1}\n", ":3:26: network.pair_error is no key of model matrix"},
    {H "network: {model: matrix, delay: 5 ms}\n", ":3:26: network.delay is no key of model matrix"},
    {H "network: {model: matrix}\nfaults: [{at: 1 s, region: Africa, kill: {share: 1 %}}]\n",
     ":4:28: faults[0].region needs places: network.model: coordinates"},
    {V "overlay: {peers: 5}\n", ":2:10: overlay.bootstrap.nodes is 8, more than the 5 peers of the overlay: lower it, "
                                "as in bootstrap: {nodes: 5}"},
    {V "overlay: {peers: 100, link: {keepalive: {interval: 1 min}}}\n",
     ":2:41: overlay.link.keepalive.silent_after must be at least the interval"},
    {V "overlay: {peers: 100, hostile: {share: 5 %, kinds: \"ttl, forged\"}}\n",
     ":2:52: overlay.hostile.kinds: \"forged\" is no kind of attack: all, none, or names as `reloadsim explain overlay.hostile.kinds` has them"},
    {V "overlay: {peers: 100, hostile: {every: 5 s}}\n", ":2:32: overlay.hostile.share is missing: add share: 5 %"},
    {V "overlay: {peers: 100, name: ''}\n", ":2:29: overlay.name must not be empty"},
    {H "churn: kad-steiner\n", ":3:8: churn is none or a mapping, as in churn: {preset: kad-steiner}"},
    {H "churn: {preset: kad-stiener}\n", ":3:17: unknown preset \"kad-stiener\": did you mean kad-steiner?"},
    {H "churn: {preset: gnutella}\n", ":3:17: unknown preset \"gnutella\": `reloadsim explain presets` lists them"},
    {H "churn: {session: 1 h}\n",
     ":3:8: churn.offline is missing: add offline: {weibull: {shape: 0.476, scale: 413.7 min}}"},
    {H "churn: {preset: bt-flatout}\n",
     ":3:8: churn.offline is missing: add offline: {weibull: {shape: 0.476, scale: 413.7 min}}"},
    {H "churn: {session: {pareto: {shape: 1, min: 1 min}}, offline: 1 h}\n",
     ":3:18: churn.session has no finite mean: no stationary state exists"},
    {V "overlay: {peers: 100 M}\nchurn: {session: 1 min, offline: 1 d}\n",
     ":2:18: 100 M peers online need a population of more than 2^31 with this churn"},
    {H "churn: {session: {weibul: {shape: 1, scale: 1 h}}, offline: 1 h}\n",
     ":3:19: unknown law \"weibul\" for churn.session: did you mean weibull?"},
    {H "churn: {session: {gamma: {shape: 1, scale: 1 h}}, offline: 1 h}\n",
     ":3:19: unknown law \"gamma\" for churn.session: there are fixed, uniform, exponential, weibull, lognormal, "
     "pareto"},
    {H "churn: {session: {weibull: {shape: 1, scale: 60}}, offline: 1 h}\n",
     ":3:46: churn.session.weibull.scale has no unit: write \"60 s\""},
    {H "churn: {session: {weibull: {scale: 1 h}}, offline: 1 h}\n", ":3:28: churn.session.weibull.shape is missing"},
    {H "churn: {session: {weibull: {shape: 1, scale: 1 h, k: 2}}, offline: 1 h}\n",
     ":3:51: weibull has the parameters scale and shape, not \"k\""},
    {H "churn: {session: {weibull: {shape: 0, scale: 1 h}}, offline: 1 h}\n",
     ":3:36: churn.session.weibull.shape must be 0.1 to 100"},
    {H "churn: {session: {weibull: {shape: 1 h, scale: 1 h}}, offline: 1 h}\n",
     ":3:36: churn.session.weibull.shape is a plain number without unit: write 1"},
    {H "churn: {session: {exponential: 1 h}, offline: 1 h}\n",
     ":3:32: churn.session.exponential needs its parameters: write {mean: ...}"},
    {H "churn: {session: {exponential: {median: 1 h}}, offline: 1 h}\n",
     ":3:33: exponential has the parameter mean, not \"median\""},
    {H "churn: {session: {uniform: {from: 2 h, to: 1 h}}, offline: 1 h}\n",
     ":3:28: churn.session.uniform: from must be below to"},
    {H "churn: {session: {fixed: 1 h, exponential: {mean: 1 h}}, offline: 1 h}\n",
     ":3:18: churn.session is a time or one law, as in 600 s or {exponential: {mean: 600 s}}"},
    {H "churn: {session: [1 h], offline: 1 h}\n",
     ":3:18: churn.session is a time or one law, as in 600 s or {exponential: {mean: 600 s}}"},
    {H "churn: {session: {uniform: {from: 0 s, to: 1 h}}, offline: 1 h}\n",
     ":3:18: churn.session: times of its law must be in 1 s to 3650 d"},
    {H "churn: {session: 0.5 s, offline: 1 h}\n", ":3:18: churn.session must be 1 s to 3650 d"},
    {H "workload: {lookup: {target: online}}\n", ":3:20: workload.lookup.every is missing: add every: 60 s"},
    {H "workload: {lookup: {every: 60 s, popularity: zipf}}\n",
     ":3:46: workload.lookup.popularity is uniform or a mapping, as in popularity: {zipf: 0.8}"},
    {H "faults: {at: 8 min}\n", ":3:9: faults is a list, as in [{at: 8 min, kill: {share: 20 %}}]"},
    {H "faults: [8 min]\n", ":3:10: faults[0] is a mapping of keys to values, not a single value"},
    {H "faults: [{at: 8 min}]\n", ":3:10: faults[0] does nothing: name a fault, as in kill: {share: 20 %}"},
    {H "faults:\n  - {at: 8 min, kill: {share: 20 %}}\n  - {at: 20 min, kill: {share: 20 %}}\n",
     ":5:10: faults[1].at is after the end of measure (15 min)"},
    {H "faults:\n  - {at: 8 min, kill: {share: 20 %}, who: all}\n", ":4:38: unknown key \"who\" in faults[0]: it has at, for, region, kill, restart, reboot, leave, partition, network, slow, idle, set, configure, flood"},
    {H "faults: [{at: 1 s, kill: {share: 1 %}, leave: {share: 1 %}}]\n",
     ":3:40: faults[0] is one fault: begin another item of the list for leave"},
    {H "faults: [{at: 1 s, kil: {share: 1 %}}]\n", ":3:20: unknown key \"kil\" in faults[0]: did you mean kill?"},
    {H "faults: [{at: 1 s, kill: {mode: host}}]\n", ":3:26: faults[0].kill.share is missing: add share: 20 %"},
    {H "faults: [{at: 1 s, kill: {share: 20}}]\n",
     ":3:34: faults[0].kill.share has no unit: write \"20 %\""},
    {H "faults: [{at: 1 s, for: 5 min, kill: {share: 1 %}}]\n", ":3:20: faults[0].for: a kill is over at once"},
    {H "faults: [{at: 1 s, for: 0 s, idle: {}}]\n", ":3:25: faults[0].for must be 1 ms to 3650 d"},
    {H "faults: [{at: 1 s, for: forever, idle: {}}]\n", ":3:25: faults[0].for is end | a time, not \"forever\""},
    {H "faults: [{at: 1 s, region: Asia, network: {loss: 1 %}}]\n",
     ":3:20: faults[0].region: network concerns the whole overlay"},
    {H "faults: [{at: 1 s, region: Atlantis, kill: {share: 1 %}}]\n",
     ":3:28: faults[0].region: no place of cities.csv lies in \"Atlantis\""},
    {H "faults: [{at: 1 s, region: 10E-12, kill: {share: 1 %}}]\n",
     ":3:28: faults[0].region: no place of cities.csv lies in \"10E-12\""},
    {H "network: {model: constant}\nfaults: [{at: 1 s, region: Africa, kill: {share: 1 %}}]\n",
     ":4:28: faults[0].region needs places: network.model: coordinates"},
    {H "faults: [{at: 1 s, partition: {}}]\n",
     ":3:10: faults[0] parts nobody: give a share below 100 %, or a region"},
    {H "faults: [{at: 1 s, network: {}}]\n", ":3:10: faults[0] changes nothing: give latency, slower or loss"},
    {H "faults: [{at: 1 s, network: {loss: same}}]\n",
     ":3:36: faults[0].network.loss is unchanged | a share, not \"same\""},
    {H "faults: [{at: 1 s, network: {latency: 3}}]\n",
     ":3:39: faults[0].network.latency has no unit: write \"3 %\""},
    {H "faults: [{at: 1 s, slow: {share: 1 %}}]\n", ":3:26: faults[0].slow.factor is missing: add factor: 50"},
    {H "faults: [{at: 1 s, slow: {share: 1 %, factor: 0}}]\n", ":3:47: faults[0].slow.factor must be 0.001 to 1000"},
    {H "faults: [{at: 1 s, reboot: {within: 1 min}}]\n", ":3:28: faults[0].reboot.share is missing: add share: 30 %"},
    {H "faults: [{at: 1 s, reboot: {share: 1 %, delay: 5}}]\n",
     ":3:48: faults[0].reboot.delay has no unit: write \"5 s\""},
    {H "faults: [{at: 1 s, restart: yes}]\n",
     ":3:29: faults[0].restart is a mapping of keys to values, not a single value: as in restart: {share: 100 %}"},
    {H "faults: [{at: 1 s, flood: {}}]\n", ":3:27: faults[0].flood.every is missing: add every: 1 s"},
    {H "faults: [{at: 1 s, kill: 20 %}]\n",
     ":3:26: faults[0].kill is a mapping of keys to values, not a single value: as in kill: {share: 20 %}"},
    {H "phases: {transition: 10 min}\n", ":3:10: unknown key \"transition\" in phases: it has warmup, measure"},
    {H "faults: [{at: 1 s, leave: {share: 120 %}}]\n", ":3:35: faults[0].leave.share must be 0 % to 100 %"},
    {H "faults: [{at: 1 s, set: 5 s}]\n",
     ":3:25: faults[0].set is one key and its value, as in {overlay.config.chord-update-interval: 60 s}"},
    {H "faults: [{at: 1 s, set: {overlay.peers: 5}}]\n",
     ":3:26: faults[0].set: \"overlay.peers\" cannot change while the overlay runs"},
    {H "faults: [{at: 1 s, set: {overlay.config.chord-reactiv: true}}]\n",
     ":3:26: faults[0].set: unknown key \"overlay.config.chord-reactiv\": did you mean overlay.config.chord-reactive?"},
    {H "faults: [{at: 1 s, set: {overlay.config.chord-update-interval: {exponential: {mean: 60 s}}}}]\n",
     ":3:64: overlay.config.chord-update-interval can be set to a plain time only"},
    {H "faults: [{at: 1 s, set: {overlay.config.initial-ttl: 0}}]\n",
     ":3:54: overlay.config.initial-ttl must be 1 to 255"},
    {H "churn: {poisson: {every: 1 s}, session: 1 h}\n",
     ":3:41: churn.session has no part in churn.poisson: leave one of them out"},
    {H "churn: {poisson: {every: 1 s}, rejoin: new-id}\n",
     ":3:40: churn.rejoin has no part in churn.poisson: leave one of them out"},
    {H "churn: {preset: kad, poisson: {every: 1 s}}\n",
     ":3:17: churn.preset has no part in churn.poisson: leave one of them out"},
    {H "churn: {poisson: {every: 1 s}, daily: {amplitude: 10 %}}\n",
     ":3:39: churn.daily has no part in churn.poisson: leave one of them out"},
    {H "churn: {poisson: {}}\n", ":3:18: churn.poisson.every is missing: add every: 10 s"},
    {H "churn: {poisson: 10 s}\n", ":3:18: churn.poisson is none or a mapping, as in poisson: {every: 10 s}"},
    {H "churn: {daily: {amplitude: 10 %}}\n",
     ":3:8: churn.session is missing: add session: {weibull: {shape: 0.615, scale: 169.5 min}}"},
    {H "churn: {preset: kad, daily: {peak: 12 h}}\n", ":3:29: churn.daily.amplitude is missing: add amplitude: 60 %"},
    {H "churn: {preset: kad, daily: {amplitude: 50 %, peak: 25 h}}\n", ":3:53: churn.daily.peak must be 0 s to 1 d"},
    {H "workload: {lookup: {every: 1 s, per: nodes}}\n", ":3:38: workload.lookup.per is \"nodes\": did you mean node?"},
    {H "workload: {trace: calls.csv}\n", ":3:19: workload.trace is none or a mapping, as in trace: {data: calls.csv}"},
    {H "phases: {warmup: 0 s, measure: 5 s}\n", ":1:1: record.interval is longer than the whole run"},
    {H "checkpoint: {every: 1.5 s}\n", ":3:21: checkpoint.every is a whole number of seconds"},
    {H "check: [{lookup.sucess: \"> 99 %\"}]\n",
     ":3:10: unknown figure \"lookup.sucess\" in check[0]: did you mean lookup.success?"},
    {H "check: [{magic: \"> 99 %\"}]\n",
     ":3:10: unknown figure \"magic\" in check[0]: `reloadsim explain metrics` lists them"},
    {H "check: [{lookup.success: 99 %}]\n",
     ":3:26: check[0].lookup.success is a bound, as in \"> 99 %\", not \"99 %\""},
    {H "check: [{lookup.success: \"> 99\"}]\n", ":3:26: check[0].lookup.success has no unit: write \"99 %\""},
    {H "check: [{lookup.latency_s.p95: \"< 2\"}]\n", ":3:32: check[0].lookup.latency_s.p95 has no unit: write \"2 s\""},
    {H "check: [{lookup.hops.mean: \"< 7 s\"}]\n",
     ":3:28: check[0].lookup.hops.mean is a plain number without unit: write 7"},
    {H "check: [{lookup.success: \"> 99 %\", except: 10 min}]\n",
     ":3:44: check[0].except is a time after faults, as in 10 min after faults"},
    {H "check: [{lookup.success: \"> 99 %\", except: 10 after faults}]\n",
     ":3:44: check[0].except has no unit: write \"10 s\""},
    {H "check: [{lookup.success: \"> 99 %\", join.success: \"> 9 %\"}]\n",
     ":3:36: check[0] checks one thing: begin another item of the list for join.success"},
    {H "check: [{ring_valid: true}]\n", ":3:22: check[0].ring_valid is a mapping, as in {within: 5 min}"},
    {H "check: [{ring_valid: {whithin: 5 min}}]\n",
     ":3:23: unknown key \"whithin\" in check[0].ring_valid: it has within"},
    {H "check: [{after_faults.lookup.success: \"> 9 %\", except: 10 min after faults}]\n",
     ":3:9: check[0]: after_faults.lookup.success is split by the first fault already: except has no part in it"},
    {H "check: [{except: 10 min after faults}]\n",
     ":3:9: check[0] checks nothing: name ring_valid or a figure, as in lookup.success: \"> 99 %\""},
    {H "check: [ring_valid]\n", ":3:9: check[0] is a mapping, as in {ring_valid: {within: 5 min}}"},
    {H "check: none\n", ":3:8: check is a list, as in [{ring_valid: {within: 5 min}}]"},
};

/* set: applied to H; error: what follows "--set " and the set itself. */
static const struct wrong_set {
    const char *set, *error;
} wrong_sets[] = {
    {"overlay.peers=2x", ": overlay.peers is a count; \"x\" is no unit for it, the units are k, M, G or none"},
    {"overlay.peers", ": write KEY=VALUE, for example --set overlay.peers=2k"},
    {"=3", ": write KEY=VALUE, for example --set overlay.peers=2k"},
    {"overlay.peer=3", ": unknown key \"peer\" in overlay: did you mean peers?"},
    {"overlay.peers=", ": no value behind the ="},
    {"overlay..peers=3", ": not a key: keys are words joined by points, list items are [0], [1] ..."},
    {"faults[3].at=1 min", ": there is no \"[3]\" to set here"},
    {"overlay[0]=1", ": there is no \"[0]\" to set here"},
    {"overlay.peers={a",
     ": not YAML: did not find expected ',' or '}' (while parsing a flow mapping that begins on line 1)"},
    {"network.model=constant2", ": network.model is \"constant2\": did you mean constant?"},
    {"faults[x].at=1 s", ": not a key: keys are words joined by points, list items are [0], [1] ..."},
    {"phases.warmup=5", ": phases.warmup has no unit: write \"5 s\""},
    {"overlay.bootstrap.nodes=16 k", ": overlay.bootstrap.nodes must be 1 to 16"},
};

static char error[2048];

/* Parses what must be wrong. */
static const char *refusal(const char *text, size_t len, const char *const *sets, unsigned nsets)
{
    struct scenario s;
    memset(error, 'x', sizeof error);
    if (scenario_parse(&s, "wrong.yaml", text, len, sets, nsets, error, sizeof error) != -1)
        fail_msg("accepted: %s %s", text, nsets ? sets[0] : "");
    assert_true(strnlen(error, sizeof error) < sizeof error);
    return error;
}

/* The first line of a message is what + expected. */
static void assert_first_line(const char *what, const char *expected)
{
    char line[1024], whole[1024];
    snprintf(line, sizeof line, "%.*s", (int)strcspn(error, "\n"), error);
    snprintf(whole, sizeof whole, "%s%s", what, expected);
    assert_string_equal(line, whole);
}

/* Below the message of "wrong.yaml:LINE:COL:" stand that line of text and a caret under that column. */
static void assert_excerpt(const char *text)
{
    unsigned line, column;
    char expected[1024];
    if (sscanf(error, "wrong.yaml:%u:%u:", &line, &column) != 2)
        return;
    for (unsigned n = 1; n < line; n++)
        text += strcspn(text, "\n") + 1;
    snprintf(expected, sizeof expected, "\n    %.*s\n    %*s", (int)strcspn(text, "\n"), text, (int)column, "^");
    for (char *tab = strchr(expected, '\t'); tab; tab = strchr(tab, '\t'))
        *tab = ' ';
    assert_string_equal(strchr(error, '\n'), expected);
}

static void every_mistake_is_named_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        refusal(wrong[i].text, strlen(wrong[i].text), NULL, 0);
        assert_first_line("wrong.yaml", wrong[i].error);
        assert_excerpt(wrong[i].text);
    }
}

static void every_wrong_set_is_named_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong_sets / sizeof wrong_sets[0]; i++) {
        char start[128];
        refusal(H, strlen(H), &wrong_sets[i].set, 1);
        snprintf(start, sizeof start, "--set %s", wrong_sets[i].set);
        assert_first_line(start, wrong_sets[i].error);
    }
}

static void a_set_is_shown_with_a_caret_at_its_value(void **state)
{
    (void)state;
    const char *const set = "overlay.peers=2x";
    assert_string_equal(
        refusal(H, strlen(H), &set, 1),
        "--set overlay.peers=2x: overlay.peers is a count; \"x\" is no unit for it, the units are k, M, G or none\n"
        "    overlay.peers=2x\n"
        "                  ^");
}

static void a_missing_data_file_says_where_it_was_looked_for(void **state)
{
    (void)state;
    refusal(H "network: {data: nowhere.csv}\n", strlen(H) + 29, NULL, 0);
    assert_non_null(strstr(error, "wrong.yaml:3:17: network.data: no file \"nowhere.csv\"; looked in ., topologies, "));
}

/* What is wrong inside a trace is told with its own line. */
static void traces_are_read_with_the_scenario(void **state)
{
    (void)state;
    char path[64], text[512], expected[256];
    refusal(H "churn: {trace: {data: nowhere.csv}}\n", strlen(H) + 36, NULL, 0);
    assert_non_null(strstr(error, "wrong.yaml:3:23: churn.trace.data: no file \"nowhere.csv\"; looked in ., workloads"));
    snprintf(path, sizeof path, "/tmp/reloadsim-wrong.%ld.csv", (long)getpid());
    FILE *f = fopen(path, "w");
    fputs("node,up_s,down_s,time_s,asker,target\n1,5,4,1,1,100\n", f);
    fclose(f);
    snprintf(text, sizeof text, H "churn: {trace: {data: %s}}\n", path);
    snprintf(expected, sizeof expected, ":3:23: churn.trace.data: %s:2: down_s is not after up_s", path);
    refusal(text, strlen(text), NULL, 0);
    assert_first_line("wrong.yaml", expected);
    snprintf(text, sizeof text, H "workload: {trace: {data: %s}}\n", path);
    snprintf(expected, sizeof expected, ":3:26: workload.trace.data: %s:2: there is no peer 100", path);
    refusal(text, strlen(text), NULL, 0); /* peers are 0 to 99 */
    assert_first_line("wrong.yaml", expected);
    snprintf(text, sizeof text, H "churn: {preset: kad, rejoin: new-id}\nworkload: {trace: {data: %s}}\n", path);
    refusal(text, strlen(text), NULL, 0);
    assert_first_line("wrong.yaml", ":4:19: workload.trace names peers that churn.rejoin: new-id gives other identities: "
                                    "leave one out");
    unlink(path);
}

static void bytes_that_are_no_text_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len;
        const char *error;
    } bytes[] = {
#define BYTES(t, e) {t, sizeof t - 1, e}
        BYTES("reloadsim: 1\nname: a\0b\n", ":2:8: NUL byte: a scenario is a text file"),
        BYTES("reloadsim: 1\nname: \xff\n", ":2:7: not UTF-8: a scenario is text in UTF-8"),
        BYTES("reloadsim: 1\nname: \xc3\xa9\xc3\n", ":2:8: not UTF-8: a scenario is text in UTF-8"),
        BYTES("reloadsim: 1\nname: \xc0\x80\n", ":2:7: not UTF-8: a scenario is text in UTF-8"),
        BYTES("reloadsim: 1\nname: \xed\xa0\x80\n", ":2:7: not UTF-8: a scenario is text in UTF-8"),
        BYTES("reloadsim: 1\nname: \xf4\x90\x80\x80\n", ":2:7: not UTF-8: a scenario is text in UTF-8"),
        BYTES("reloadsim: 1\nname: \xe2\x82", ":2:7: not UTF-8: a scenario is text in UTF-8"),
        BYTES("reloadsim: 1\nname: a\x1b[31m\n", ":2:8: control character"),
        BYTES("reloadsim: 1\nname: a\xc2\x9b\n", ":2:8: control character"),
        BYTES("reloadsim: 1\nname: a\xe2\x80\xa8"
              "b\n",
              ":2:8: unusual line separator: end lines with a line feed"),
        BYTES("reloadsim: 1\nname: a\xef\xbb\xbf\n", ":2:8: byte order mark or non-character"),
        BYTES("\xff\xfe"
              "r\0e\0",
              ":1:1: not UTF-8: a scenario is text in UTF-8"),
        BYTES("reloadsim: 1\r\nnames: 2\r\n", ":2:1: unknown key \"names\": did you mean name?"),
        BYTES("reloadsim: 1\rnames: 2\r", ":1:13: a carriage return without line feed: end lines with a line feed"),
        BYTES("\xef\xbb\xbfreloadsim: 1\nnames: 2\n", ":2:1: unknown key \"names\": did you mean name?"),
        BYTES("reloadsim: 1\nname: \xe4\xba\xba # \xe4\xba\xba\noverlay: {peers: 100, start: \xe4\xba\xba}\n",
              ":3:30: overlay.start is converged | join, not \"\xe4\xba\xba\""),
    };
    for (size_t i = 0; i < sizeof bytes / sizeof bytes[0]; i++) {
        refusal(bytes[i].text, bytes[i].len, NULL, 0);
        assert_first_line("wrong.yaml", bytes[i].error);
        for (const char *p = error; *p; p++)
            assert_true((unsigned char)*p >= 0x20 || *p == '\n'); /* nothing reaches the terminal that could steer it */
    }
}

/* A text made of one repeated part. */
static char *repeated(const char *start, const char *part, size_t times, const char *end)
{
    size_t n = strlen(part), at = strlen(start);
    char *text = malloc(at + n * times + strlen(end) + 1);
    memcpy(text, start, at);
    for (size_t i = 0; i < times; i++, at += n)
        memcpy(text + at, part, n);
    memcpy(text + at, end, strlen(end) + 1);
    return text;
}

static void what_is_too_large_or_too_much_is_refused(void **state)
{
    (void)state;
    char *text = repeated(V "# ", "x", 1u << 20, "\n");
    refusal(text, strlen(text), NULL, 0);
    assert_string_equal(error, "wrong.yaml: larger than 1024 KiB");
    free(text);
    text = repeated(V "name: [", "1, ", 20001, "]\n");
    refusal(text, strlen(text), NULL, 0);
    assert_non_null(strstr(error, "wrong.yaml:2:59999: more than 20000 values"));
    free(text);
    text = repeated(H "faults: [", "{at: 1 s, kill: {share: 1 %}}, ", 65, "]\n");
    refusal(text, strlen(text), NULL, 0);
    assert_non_null(strstr(error, ": more than 64 faults"));
    free(text);
    text = repeated(H "check: [", "{ring_valid: {}}, ", 65, "]\n");
    refusal(text, strlen(text), NULL, 0);
    assert_non_null(strstr(error, ": more than 64 checks"));
    free(text);
    text = repeated(V, "[", 100000, "");
    refusal(text, strlen(text), NULL, 0);
    free(text);
}

static void a_long_line_is_cut_around_the_caret(void **state)
{
    (void)state;
    char *text = repeated(V "overlay: {peers: 100, ", "                    ", 20, "start: joined}\n");
    refusal(text, strlen(text), NULL, 0);
    assert_first_line("wrong.yaml", ":2:430: overlay.start is \"joined\": did you mean join?");
    const char *line = strchr(error, '\n') + 1, *caret = strchr(line, '\n') + 1;
    assert_true(strlen(caret) < 100);
    assert_memory_equal(line + strlen(caret) - 1, "joined", 6);
    free(text);
}

static void a_small_buffer_gets_a_cut_message(void **state)
{
    (void)state;
    struct scenario s;
    for (size_t cap = 0; cap < 200; cap++) {
        char *small = malloc(cap + 1);
        small[cap] = 'G';
        assert_int_equal(scenario_parse(&s, "x.yaml", "a: b", 4, NULL, 0, small, cap), -1);
        assert_true(cap == 0 || strnlen(small, cap) < cap);
        assert_int_equal(small[cap], 'G');
        free(small);
    }
}

static void names_and_sets_have_limits(void **state)
{
    (void)state;
    const char *sets[300];
    struct scenario s;
    char *name = repeated("", "d/", 200, "x.yaml");
    for (unsigned i = 0; i < 300; i++)
        sets[i] = "seed=1";
    refusal(H, strlen(H), sets, 300);
    assert_string_equal(error, "wrong.yaml: more than 256 --set");
    assert_int_equal(scenario_parse(&s, name, H, strlen(H), NULL, 0, error, sizeof error), -1);
    assert_non_null(strstr(error, ": path longer than 255 bytes"));
    free(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mistake_is_named_with_its_place),
        cmocka_unit_test(every_wrong_set_is_named_with_its_place),
        cmocka_unit_test(a_set_is_shown_with_a_caret_at_its_value),
        cmocka_unit_test(a_missing_data_file_says_where_it_was_looked_for),
        cmocka_unit_test(traces_are_read_with_the_scenario),
        cmocka_unit_test(bytes_that_are_no_text_are_refused),
        cmocka_unit_test(what_is_too_large_or_too_much_is_refused),
        cmocka_unit_test(a_long_line_is_cut_around_the_caret),
        cmocka_unit_test(a_small_buffer_gets_a_cut_message),
        cmocka_unit_test(names_and_sets_have_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/scenario/schema.h"

#include <stdio.h>
#include <string.h>

#include "sim/scenario/nearest.h"
#include "sim/scenario/scenario.h"

#define AT(member)       .offset = offsetof(struct scenario, member), .size = sizeof(((struct scenario *)0)->member)
#define AT_FAULT(member) .offset = offsetof(struct fault, member), .size = sizeof(((struct fault *)0)->member)
#define FOR_RELOAD       .protocols = 1u << PROTOCOL_RELOAD
#define FOR_CHORD2003    .protocols = 1u << PROTOCOL_CHORD2003
#define WITH_PLACES      .models = 1u << LATENCY_COORDINATES | 1u << LATENCY_MATRIX
#define DAY              86400.0
#define YEARS            (3650 * DAY) /* longest time that a key takes */
#define MIB              1048576.0

static const struct word protocols[] = {{"reload", PROTOCOL_RELOAD, NULL}, {"chord2003", PROTOCOL_CHORD2003, NULL}, {0}};
static const struct word starts[] = {{"converged", START_CONVERGED, NULL}, {"join", START_JOIN, NULL}, {0}};
static const struct word autos[] = {{"auto", 0, NULL}, {0}};
static const struct word searches[] = {{"ping", FINGER_SEARCH_PING, NULL},
                                       {"learn", FINGER_SEARCH_LEARN, NULL},
                                       {0}};
static const struct word link_types[] = {{"dtls-udp-sr-no-ice", 0, NULL},
                                         {"dtls-udp-sr", 0, "DTLS over UDP with ICE"},
                                         {"tls-tcp-fh-no-ice", 0, "TLS over TCP"},
                                         {"tls-tcp-fh", 0, "TLS over TCP with ICE"},
                                         {0}};
static const struct word rtos[] = {{"rfc6298", 0, NULL}, {0}};
static const struct word offs[] = {{"off", 0, NULL}, {0}};
static const struct word routings[] = {
    {"recursive", ROUTING_RECURSIVE, NULL}, {"iterative", ROUTING_ITERATIVE, NULL},
    {"direct-response", ROUTING_DIRECT, NULL}, {"relay-peer", ROUTING_RELAY, NULL}, {0}};
static const struct word client_places[] = {{"responsible", CLIENTS_AT_THEIR_PEER, NULL}, {"any", CLIENTS_ANYWHERE, NULL}, {0}};
static const struct word ways_back[] = {{"via-list", VIA_FULL, NULL}, {"compressed", VIA_COMPRESSED, NULL}, {"state", VIA_STATE, NULL}, {0}};
static const struct word cryptos[] = {{"modelled", CRYPTO_MODELLED, NULL},
                                      {"openssl", CRYPTO_OPENSSL, NULL},
                                      {"none", CRYPTO_NONE, NULL},
                                      {0}};
static const struct word digests[] = {{"false", 0, NULL}, {"sha1", HASH_SHA1, NULL}, {"sha256", HASH_SHA256, NULL}, {0}};
static const struct word models[] = {{"coordinates", LATENCY_COORDINATES, NULL},
                                     {"constant", LATENCY_CONSTANT, NULL},
                                     {"exponential", LATENCY_EXPONENTIAL, NULL},
                                     {"matrix", LATENCY_MATRIX, NULL},
                                     {0}};
static const struct word rejoins[] = {{"same-id", 1, NULL}, {"new-id", 0, NULL}, {0}};
static const struct word targets[] = {{"online", TARGET_ONLINE, NULL},
                                      {"registered", TARGET_REGISTERED, NULL},
                                      {"any", TARGET_ANY, NULL},
                                      {"random", TARGET_RANDOM, NULL},
                                      {0}};
static const struct word kills[] = {
    {"host", KILL_HOST, NULL}, {"process", KILL_PROCESS, NULL}, {0}};
static const struct word pers[] = {{"node", PER_NODE, NULL}, {"network", PER_NETWORK, NULL}, {0}};
static const struct word ends[] = {{"end", 0, NULL}, {0}};
static const struct word unchanged[] = {{"unchanged", UINT64_C(0xbff0000000000000), NULL}, {0}}; /* NETWORK_UNCHANGED */
static const struct word unlimited[] = {{"unlimited", 0, NULL}, {0}};
static const struct word alls[] = {{"all", CAPTURE_ALL, NULL}, {0}};

const struct key schema[] = {
    {"reloadsim", KEY_QUANTITY, .min = 1, .max = 1, .example = "1", .help = "Version of this file format."},
    {"name", KEY_TEXT, .fallback = "", AT(name), .example = "quickstart",
     .running = true, .help = "Name of the scenario in results. Default: the file's name without .yaml."},
    {"seed", KEY_QUANTITY, .max = 9223372036854775808.0, .fallback = "1", AT(seed),
     .help =
         "Seed of all random numbers. The same scenario with the same seed gives the same results, on any machine."},
    {"epoch", KEY_DATE, .fallback = "2009-10-19", AT(epoch_ms), .example = "2009-10-19T06:00:00Z",
     .help = "Wall date (UTC) of simulated time 0: storage times, Ping answers, captures."},

    {"overlay", KEY_MAP, .help = "The overlay: its size, how it starts, its protocol and configuration."},
    {"overlay.protocol", KEY_WORD, .words = protocols, .fallback = "reload", AT(protocol),
     .help = "Protocol that the peers speak: RELOAD (RFC 6940), or the classic Chord of Stoica et al. 2003, to check the "
             "simulator and to compare it with others. Keys that mean nothing to the protocol are refused."},
    {"overlay.name", KEY_TEXT, .fallback = "reloadsim.example", AT(overlay_name),
     .help = "Name of the overlay instance, at most 51 bytes; its hash is in each message (RFC 6940 6.3.2)."},
    {"overlay.peers", KEY_QUANTITY, UNIT_COUNT, 1, 1e8, AT(peers), .example = "10 k",
     .help = "Mean number of peers online. With churn the population is larger; `check` prints it."},
    {"overlay.start", KEY_WORD, .words = starts, .fallback = "converged", AT(start),
     .help = "converged: the overlay starts in the stationary state under the scenario's churn. join: every peer joins "
             "by the protocol."},
    {"overlay.bootstrap", KEY_MAP, .help = "How peers find the overlay."},
    {"overlay.bootstrap.nodes", KEY_QUANTITY, UNIT_COUNT, 1, 16, .fallback = "8", AT(bootstrap_nodes),
     .help = "Bootstrap peers that the configuration names: online from the start, never churning. At most as many as "
             "there are peers."},
    {"overlay.bootstrap.cache", KEY_QUANTITY, UNIT_COUNT, 0, 10, .fallback = "10", AT(bootstrap_cache),
     .running = true, .help = "Addresses of peers of the last session that a peer keeps and tries first."},
    {"overlay.bootstrap.retry", KEY_QUANTITY, UNIT_TIME, 0.1, DAY, .fallback = "10 s", AT(overlay.bootstrap_retry),
     .running = true, .help = "Wait before trying again after an attempt to join failed."},
    {"overlay.bootstrap.partition_check", KEY_QUANTITY, UNIT_TIME, 1, YEARS, FOR_RELOAD, .words = offs, .fallback = "10 min",
     AT(overlay.partition_check),
     .running = true, .help = "How often a peer looks through a bootstrap peer whether the overlay has split (RFC 6940 10.7.4.4)."},
    {"overlay.clients", KEY_REAL, UNIT_SHARE, FOR_RELOAD, .min = 0, .max = 0.95, .fallback = "0 %", AT(clients), .example = "20 %",
     .help = "Share of the devices that are clients (RFC 6940 4.2): each attaches to the peer responsible for its Node-ID, registers and looks up, and "
             "neither routes nor stores. overlay.peers counts them too; bootstrap peers are none. With start: converged they attach in the first minute."},
    {"overlay.client_peer", KEY_WORD, FOR_RELOAD, .words = client_places, .fallback = "responsible", AT(overlay.client_place),
     .help = "Which peer a client attaches to (RFC 6940 4.2.1): the one responsible for its Node-ID, so that its id leads to it; or any, the one that it enters "
             "the overlay by, without an Attach: who wants to reach it has to know that peer."},
    {"overlay.chord", KEY_MAP, FOR_RELOAD, .help = "Tables of CHORD-RELOAD (RFC 6940 10)."},
    {"overlay.chord.predecessors", KEY_QUANTITY, .min = 1, .max = 64, .fallback = "3", AT(overlay.predecessors),
     .running = true, .help = "Predecessors in the neighbour table. RFC 6940 10.7 wants 3; 1 reproduces textbook path lengths."},
    {"overlay.chord.successors", KEY_QUANTITY, .min = 1, .max = 64, .fallback = "3", AT(overlay.successors),
     .running = true, .help = "Successors in the neighbour table; replicas stand on the first two."},
    {"overlay.chord.fingers", KEY_QUANTITY, .min = 1, .max = 128, .words = autos, .fallback = "auto",
     AT(overlay.fingers),
     .help = "Entries of the finger table. auto: at least 16, and deep enough to reach the last successor (RFC 6940 "
             "10.7.4.3)."},
    {"overlay.chord.finger_search", KEY_WORD, .words = searches, .fallback = "ping", AT(overlay.finger_search),
     .help = "How better fingers are found (RFC 6940 10.7.4.2): ping sends Pings towards finger ranges; learn "
             "attaches to peers that received Updates have named."},
    {"overlay.chord.self_tuning", KEY_BOOL, .fallback = "false", AT(overlay.self_tuning),
     .help = "Self-tuning by RFC 7363: peers estimate size and churn of the overlay and share what they find; table sizes "
             "and the stabilization interval, 15 s at the least, follow from it, and recovery is periodic whatever "
             "chord-reactive says. predecessors and successors are least sizes then; fingers and the two intervals are not "
             "looked at."},
    {"overlay.chord2003", KEY_MAP, FOR_CHORD2003, .help = "The classic Chord (Stoica et al. 2003)."},
    {"overlay.chord2003.stabilize", KEY_LAW, UNIT_TIME, 0.1, YEARS, .fallback = "30 s", AT(stabilize),
     .example = "{uniform: {from: 15 s, to: 45 s}}",
     .help = "Time between rounds of stabilisation: successor and predecessor."},
    {"overlay.chord2003.fix_fingers", KEY_LAW, UNIT_TIME, 0.1, YEARS, .fallback = "30 s", AT(fix_fingers),
     .example = "{uniform: {from: 15 s, to: 45 s}}",
     .help = "Time between refreshes of one finger, in turn."},
    {"overlay.chord2003.successors", KEY_QUANTITY, .min = 1, .max = CHORD2003_SUCCESSORS_MAX, .fallback = "8",
     AT(chord2003.successors), .help = "Length of the successor list. 1 reproduces the paper's path lengths on a ring without churn."},
    {"overlay.chord2003.timeout", KEY_QUANTITY, UNIT_TIME, 0.01, 60, .fallback = "500 ms", AT(chord2003.timeout),
     .help = "A peer that has not answered after this time is taken for dead."},
    {"overlay.link", KEY_MAP, FOR_RELOAD, .help = "Links between peers (RFC 6940 6.6)."},
    {"overlay.link.type", KEY_WORD, .words = link_types, .fallback = "dtls-udp-sr-no-ice",
     .help = "Overlay link protocol: DTLS over UDP with simple reliability, without ICE."},
    {"overlay.link.rto", KEY_QUANTITY, UNIT_TIME, 0.01, 60, .words = rtos, .fallback = "rfc6298",
     AT(overlay.rto_static), .example = "500 ms",
     .help =
         "Retransmission timer of a link: measured as in RFC 6298, or a fixed time (RFC 6940 6.6.3.1 allows 500 ms)."},
    {"overlay.link.keepalive", KEY_MAP, .absent = "off", AT(overlay.keepalive_interval),
     .help = "Keepalives on each link, as in RFC 7363 6.3.1. off is RFC 6940 to the letter: a dead neighbour is "
             "noticed only when something is sent to it."},
    {"overlay.link.keepalive.interval", KEY_QUANTITY, UNIT_TIME, 0.1, DAY, .words = offs, .fallback = "15 s",
     AT(overlay.keepalive_interval), .help = "Time between keepalives on a link."},
    {"overlay.link.keepalive.silent_after", KEY_QUANTITY, UNIT_TIME, 0.1, DAY, .fallback = "30 s",
     AT(overlay.silent_after), .help = "A link on which nothing arrived for so long is pinged. At least the interval."},
    {"overlay.link.suspect_after", KEY_QUANTITY, UNIT_RETRANSMISSIONS, 1, 4, .fallback = "3 retransmissions",
     AT(overlay.suspect_after),
     .running = true, .help = "Retransmissions of a frame after which its link is suspect and avoided (RFC 6940 6.6.3.1)."},
    {"overlay.link.mtu", KEY_QUANTITY, UNIT_BYTES, 576, 1435, .fallback = "1435 B", AT(overlay.link_mtu),
     .help = "Bytes of RELOAD framing that fit a datagram: 1500 of Ethernet less 28 of IPv4 and UDP and 37 of a DTLS "
             "1.2 record (AES-128-GCM)."},
    {"overlay.routing", KEY_WORD, FOR_RELOAD, .words = routings, .fallback = "recursive", AT(overlay.routing),
     .help = "How requests of users travel. recursive: from peer to peer, the answer back the same way (RFC 6940 6.2). iterative: the asker sends a "
             "RouteQuery to each peer on the way, an Attach and a handshake before it where there is no link, and the request itself to the last one "
             "(6.4.2.4). direct-response: as recursive, but the answer comes straight to the asker, over a link that is opened for it if there is none "
             "(RFC 7263); relay-peer: by way of a bootstrap peer that the asker keeps a link to (RFC 7264); after 3 s without answer the request is sent again "
             "for a symmetric one. What peers send on their own account is recursive always."},
    {"overlay.way_back", KEY_WORD, FOR_RELOAD, .words = ways_back, .fallback = "via-list", AT(overlay.via),
     .help = "How a peer that forwards a request remembers where its answer goes (RFC 6940 6.1.2, 6.1.3): in the message, as the Node-ID of the "
             "previous hop, 18 bytes a hop; likewise, as a compressed id of 2 bytes; or as state of its own, for 3 s at the least."},
    {"overlay.config", KEY_MAP, FOR_RELOAD,
     .help = "Elements of the overlay's configuration document, under the names of RFC 6940 section 11."},
    {"overlay.config.sequence", KEY_QUANTITY, .min = 0, .max = 65534, .fallback = "1", AT(overlay.sequence),
     .help = "Sequence number of the configuration."},
    {"overlay.config.chord-update-interval", KEY_LAW, UNIT_TIME, 1, YEARS, .fallback = "600 s", AT(update_interval),
     .example = "{uniform: {from: 300 s, to: 900 s}}",
     .running = true, .help = "Time between periodic Updates to all neighbours (RFC 6940 10.7.4.1)."},
    {"overlay.config.chord-ping-interval", KEY_LAW, UNIT_TIME, 1, YEARS, .fallback = "3600 s", AT(ping_interval),
     .running = true, .help = "Time between searches for better fingers (RFC 6940 10.7.4.2)."},
    {"overlay.config.chord-reactive", KEY_BOOL, .fallback = "true", AT(overlay.reactive),
     .running = true, .help = "Whether a change of the neighbour table is told to the neighbours at once."},
    {"overlay.config.overlay-reliability-timer", KEY_QUANTITY, UNIT_TIME, 0.2, 600, .fallback = "3 s",
     AT(overlay.reliability_timer),
     .running = true, .help = "A request without answer is sent again after this time, five times in all (RFC 6940 6.2.1)."},
    {"overlay.config.initial-ttl", KEY_QUANTITY, .min = 1, .max = 255, .fallback = "100", AT(overlay.initial_ttl),
     .running = true, .help = "Links that a message may cross (RFC 6940 6.3.2)."},
    {"overlay.config.max-message-size", KEY_QUANTITY, UNIT_BYTES, 4096, 65536, .fallback = "5000 B",
     AT(overlay.max_message_size), .help = "Largest message before it is cut into fragments."},
    {"overlay.config.clients-permitted", KEY_BOOL, .fallback = "true", AT(overlay.clients_permitted),
     .help = "Whether nodes may attach without joining (RFC 6940 4.2)."},
    {"overlay.config.bad-nodes", KEY_QUANTITY, .min = 0, .max = BAD_NODES_MAX, .fallback = "0", AT(overlay.bad_nodes),
     .help = "Node-IDs that the configuration revokes (RFC 6940 11.1): certificates with them are not valid, so nobody keeps a link to "
             "these peers or takes their word. Attackers first (overlay.hostile), then others by number; bootstrap peers never."},
    {"overlay.config.self-signed-permitted", KEY_WORD, .words = digests, .fallback = "false", AT(overlay.self_signed),
     .help = "An overlay without an enrollment server (RFC 6940 11.3.1): each peer signs its own certificate, and its "
             "Node-ID is this digest of its public key. false: an enrollment server signs, and Node-IDs are random."},
    {"overlay.store_certificates", KEY_BOOL, FOR_RELOAD, .fallback = "false", AT(overlay.store_certificates),
     .help = "Whether each peer stores its certificate under its Node-ID and its user name (RFC 6940 8), for a day, and "
             "again after half of it. Off by default: every message carries the certificates that it needs, so nobody "
             "fetches them, and each peer would hold six values more."},
    {"overlay.crypto", KEY_MAP, FOR_RELOAD, .help = "Certificates and signatures."},
    {"overlay.crypto.mode", KEY_WORD, .words = cryptos, .fallback = "modelled", AT(overlay.crypto),
     .help = "modelled: every message carries certificates and signatures of true size, checked by a keyed hash; the "
             "CPU pays the costs below. openssl: true keys, X.509 certificates and RSA signatures, for small overlays "
             "(100,000 identities at most, 1,000 self-signed ones): the same run to the last "
             "count, at a hundred times the computing time. none: no enrollment, for overlays with "
             "overlay.config.self-signed-permitted; as modelled, but the CPU pays nothing, whatever sign and verify say."},
    {"overlay.crypto.sign", KEY_QUANTITY, UNIT_TIME, 0, 4, .fallback = "282 us", AT(sign_ns),
     .running = true, .help = "CPU time of one signature (RSA-2048)."},
    {"overlay.crypto.verify", KEY_QUANTITY, UNIT_TIME, 0, 4, .fallback = "16 us", AT(verify_ns),
     .running = true, .help = "CPU time of checking one signature."},
    {"overlay.limits", KEY_MAP, FOR_RELOAD,
     .help = "What one peer keeps at most; more is counted and dropped, or answered as the RFC says."},
    {"overlay.limits.links", KEY_QUANTITY, UNIT_COUNT, 8, 8191, .fallback = "4096", AT(overlay.limits.links),
     .help = "Open links."},
    {"overlay.limits.transactions", KEY_QUANTITY, UNIT_COUNT, 8, 65535, .fallback = "256",
     AT(overlay.limits.transactions), .help = "Requests that wait for their answer."},
    {"overlay.limits.queue_messages", KEY_QUANTITY, UNIT_COUNT, 1, 65535, .fallback = "32",
     AT(overlay.limits.queue_messages), .help = "Frames that wait on one link."},
    {"overlay.limits.queue", KEY_QUANTITY, UNIT_BYTES, 8192, 64 * MIB, .fallback = "256 KiB",
     AT(overlay.limits.queue_bytes), .help = "Frames kept on all links together."},
    {"overlay.limits.reassembly", KEY_QUANTITY, UNIT_BYTES, 8192, 64 * MIB, .fallback = "512 KiB",
     AT(overlay.limits.reassembly_bytes), .help = "Fragments that wait for the rest of their message: enough for an Update from each of 128 neighbours."},
    {"overlay.limits.stored", KEY_QUANTITY, UNIT_BYTES, 4096, 256 * MIB, .fallback = "1 MiB",
     AT(overlay.limits.stored_bytes), .help = "Stored values with their signatures."},
    {"overlay.limits.block", KEY_QUANTITY, UNIT_BYTES, 65536, 1024 * MIB, .fallback = "4 MiB",
     AT(overlay.limits.block_bytes), .help = "All memory of one peer."},

    {"overlay.hostile", KEY_MAP, FOR_RELOAD, .absent = "none", .fallback = "none", AT(hostile.share),
     .example = "{share: 5 %, every: 10 s, kinds: \"truncated, forged-leave\"}",
     .help = "Attackers among the peers: insiders with certificates, links and a place in the ring that besides send what no honest peer would "
             "(sim/hostile/README.md). hostile.* of summary.json tells what became of it, honest.* what the others lost."},
    {"overlay.hostile.share", KEY_REAL, UNIT_SHARE, 0.0001, 0.9, AT(hostile.share), .example = "5 %",
     .help = "Share of the peers that attack, a draw of each; bootstrap peers do not."},
    {"overlay.hostile.every", KEY_QUANTITY, UNIT_TIME, 0.01, DAY, .fallback = "10 s", AT(hostile.every),
     .help = "Time between two attacks of one attacker while it is in the ring."},
    {"overlay.hostile.kinds", KEY_TEXT, .fallback = "all", AT(hostile_kinds), .example = "\"truncated, forged-leave\"",
     .help = "all, none (the same peers behave: the run to compare with), or names with commas between, which an attacker "
             "takes in turn: truncated, oversized, lying-length, looping-via, looping-destination, wrong-overlay, wrong-signer, replayed, ttl, "
             "fragments, forged-update, forged-leave, store-flood, source-route."},

    {"network", KEY_MAP, .help = "Latency and loss between peers."},
    {"network.model", KEY_WORD, .words = models, .fallback = "coordinates", AT(latency), .early = true,
     .help = "Where latency comes from: coordinates (places of a data file), matrix (measured round trips between "
             "places), constant, exponential (drawn for each datagram)."},
    {"network.data", KEY_TEXT, .fallback = "cities.csv", AT(data), WITH_PLACES,
     .help = "Data file with places (topologies/README.md). Looked for beside the scenario, in topologies/ of the "
             "source tree, in the installed data folder. Default of model matrix: planetlab490.csv.gz."},
    {"network.delay", KEY_QUANTITY, UNIT_TIME, 1e-6, 60, .fallback = "50 ms", AT(delay),
     .models = 1u << LATENCY_CONSTANT, .help = "One-way delay between any two peers."},
    {"network.mean", KEY_QUANTITY, UNIT_TIME, 1e-6, 60, .fallback = "50 ms", AT(delay),
     .models = 1u << LATENCY_EXPONENTIAL, .help = "Mean one-way delay of a datagram."},
    {"network.min_delay", KEY_QUANTITY, UNIT_TIME, 1e-6, 1, .fallback = "1 ms", AT(min_delay),
     .help = "Least one-way delay between two hosts: shorter ones are raised to it, and the share of those is "
             "reported. A larger value runs faster."},
    {"network.pair_error", KEY_REAL, UNIT_NONE, 0, 0.5, .fallback = "0", AT(pair_error), .models = 1u << LATENCY_COORDINATES,
     .example = "0.095",
     .help = "Round trips between two peers times a lognormal factor of median 1 and this sigma, always the same for "
             "the same two: coordinates have no detours, the Internet has. 0.095 gives cities.csv, 0.07 planetlab490_coords.csv the share of broken triangles that was measured, 5.8 % and 5.7 %."},
    {"network.closed", KEY_REAL, UNIT_SHARE, 0, 1, .fallback = "0 %", AT(closed), .example = "60 %",
     .help = "Share of peers that let in no channel unless an Attach has announced it, as a NAT or a firewall does; bootstrap peers are open. Others "
             "cannot send them an answer straight (overlay.routing: direct-response). A model of reachability alone, without addresses and ports of a NAT: "
             "who joins by an address that it remembers is let in."},
    {"network.jitter", KEY_MAP, .absent = "none", .fallback = "none", AT(jitter.kind),
     .example = "{law: {exponential: {mean: 2 ms}}}",
     .help = "Delay on top, drawn for each datagram, so that they may overtake each other. Keepalives are then sent one "
             "by one, which takes longer to simulate."},
    {"network.jitter.law", KEY_LAW, UNIT_TIME, 1e-6, 10, AT(jitter), .example = "{exponential: {mean: 2 ms}}",
     .help = "Law of it; a draw of more than 60 s counts as 60 s."},
    {"network.access", KEY_MAP, .absent = "none", .fallback = "none", .offset = offsetof(struct scenario, access),
     .size = offsetof(struct scenario, access_queue) - offsetof(struct scenario, access),
     .example = "{law: {exponential: {mean: 10 ms}}, floor: 2 ms, up: 256 kbit/s, down: 2 Mbit/s}",
     .help = "A peer's access link: its delay, one way, added on each side; and its rates."},
    {"network.access.law", KEY_LAW, UNIT_TIME, 1e-6, 10, .fallback = "", AT(access), WITH_PLACES,
     .example = "{exponential: {mean: 10 ms}}", .help = "Law from which each peer draws its access delay once."},
    {"network.access.floor", KEY_QUANTITY, UNIT_TIME, 0, 10, .fallback = "0 s", AT(access_floor), WITH_PLACES,
     .help = "Added to each draw."},
    {"network.access.up", KEY_QUANTITY, UNIT_RATE, 8000, 1e12, .words = unlimited, .fallback = "unlimited", AT(access_up),
     .example = "256 kbit/s",
     .help = "Rate of the uplink: datagrams leave one after the other, with all bytes from IP upwards, and wait for each "
             "other. Keepalives are then sent one by one, which takes longer to simulate."},
    {"network.access.down", KEY_QUANTITY, UNIT_RATE, 8000, 1e12, .words = unlimited, .fallback = "unlimited",
     .example = "2 Mbit/s", AT(access_down), .help = "Rate of the downlink, likewise."},
    {"network.access.queue", KEY_QUANTITY, UNIT_BYTES, 1500, 1024 * MIB, .fallback = "64 KiB", AT(access_queue),
     .help = "Bytes that may wait before each of them, the datagram on its way included. What finds no room is dropped: "
             "datagrams.uplink_dropped_share, datagrams.downlink_dropped_share."},
    {"network.access.wait", KEY_QUANTITY, UNIT_TIME, 0.001, 3600, .words = unlimited, .fallback = "unlimited", AT(access_wait),
     .example = "200 ms", .help = "The same limit as a time: what would wait longer is dropped."},
    {"network.loss", KEY_REAL, UNIT_SHARE, 0, 1, .fallback = "0 %", AT(loss), .example = "0.5 %",
     .running = true, .help = "Share of datagrams lost on the way."},
    {"network.broken_pairs", KEY_REAL, UNIT_SHARE, 0, 1, .fallback = "0 %", AT(broken_pairs), .example = "5 %",
     .help = "Share of the pairs of devices between which nothing ever arrives, either way, as routes and filters make it: each of the two talks to others. "
             "Drawn by the pair. Start: converged knows nothing of it, so links between two such peers fail in the first minute; give it a warm-up."},
    {"network.cpu_backlog", KEY_QUANTITY, UNIT_TIME, 0.001, 3600, .fallback = "2 s", AT(cpu_backlog),
     .running = true, .help = "Work that may wait for a peer's CPU (signatures): what arrives while it is further behind is dropped."},

    {"churn", KEY_MAP, .absent = "none", .fallback = "none", AT(churn), .example = "{preset: kad-steiner}",
     .help = "How peers come and go. none: all peers stay online."},
    {"churn.preset", KEY_PRESET, .fallback = "", AT(churn_preset), .early = true, .example = "kad-steiner",
     .help = "Published laws by name (`reloadsim explain presets`). Keys beside it override it."},
    {"churn.session", KEY_LAW, UNIT_TIME, 1, YEARS, AT(session),
     .example = "{weibull: {shape: 0.615, scale: 169.5 min}}", .help = "Time that a peer stays online."},
    {"churn.offline", KEY_LAW, UNIT_TIME, 1, YEARS, AT(offline),
     .example = "{weibull: {shape: 0.476, scale: 413.7 min}}", .help = "Time until it comes back."},
    {"churn.graceful", KEY_REAL, UNIT_SHARE, 0, 1, .fallback = "30 %", AT(graceful),
     .running = true, .help = "Share of departures that say goodbye (Leave, RFC 6940 10.7.6); the others vanish."},
    {"churn.rejoin", KEY_WORD, .words = rejoins, .fallback = "same-id", AT(rejoin_same_id),
     .help = "Whether a peer that comes back has the same Node-ID. new-id: the same user with a fresh certificate, "
             "Node-ID and address; what it stored under the old one expires."},
    {"churn.daily", KEY_MAP, .absent = "none", .fallback = "none", AT(daily_amplitude),
     .example = "{amplitude: 60 %, peak: 19 h}",
     .help = "Daily cycle: how often peers come depends on the local time of their place's longitude. Without places "
             "all live at longitude 0."},
    {"churn.daily.amplitude", KEY_REAL, UNIT_SHARE, 0.001, 1, AT(daily_amplitude), .example = "60 %",
     .help = "The rate at which peers come goes up and down by this share, as a cosine. The number online follows, "
             "less and later the longer sessions last."},
    {"churn.daily.peak", KEY_QUANTITY, UNIT_TIME, 0, DAY, .fallback = "12 h", AT(daily_peak), .example = "19 h",
     .help = "Local time of day at which most peers come."},
    {"churn.poisson", KEY_MAP, .absent = "none", .fallback = "none", AT(poisson_every), .example = "{every: 10 s}",
     .help = "Instead of laws: peers that were never there before come in a Poisson stream, and each peer online leaves "
             "for good after an exponential time, so that overlay.peers are online in the mean (Stoica et al. 2003)."},
    {"churn.poisson.every", KEY_QUANTITY, UNIT_TIME, 1e-3, YEARS, AT(poisson_every), .example = "10 s",
     .help = "Mean time between two arrivals in the whole overlay, and between two departures."},
    {"churn.trace", KEY_MAP, .absent = "none", .fallback = "none", AT(trace_data), .example = "{data: sessions.csv.gz}",
     .help = "Instead of laws: sessions of each peer from a file. Bootstrap peers are not in it and always online."},
    {"churn.trace.data", KEY_TEXT, UNIT_NONE, AT(trace_data), .example = "sessions.csv.gz",
     .help = "CSV file with sessions (workloads/README.md). Looked for beside the scenario, in workloads/ of the source "
             "tree, in the installed data folder."},
    {"churn.trace.from", KEY_QUANTITY, UNIT_TIME, 0, YEARS, .fallback = "0 s", AT(trace_from), .example = "3 d",
     .help = "Time in the trace that is time 0 of the run."},

    {"workload", KEY_MAP, .help = "What the users of the peers do."},
    {"workload.register", KEY_MAP, FOR_RELOAD, .absent = "none", .fallback = "none", AT(register_every),
     .example = "{every: 50 min, lifetime: 60 min}",
     .help = "Each peer stores its SIP registration (RFC 7904) when it has joined, and again at intervals."},
    {"workload.register.every", KEY_QUANTITY, UNIT_TIME, 1, YEARS, AT(register_every), .example = "50 min",
     .running = true, .help = "Time between registrations of a peer."},
    {"workload.register.lifetime", KEY_QUANTITY, UNIT_TIME, 1, YEARS, .fallback = "60 min", AT(register_lifetime_s),
     .scale = UINT64_C(1000000000),
     .running = true, .help = "Lifetime of a registration, in whole seconds. Shorter than `every` leaves gaps."},
    {"workload.lookup", KEY_MAP, .absent = "none", .fallback = "none", AT(lookup_every),
     .example = "{every: 60 s, target: online}", .help = "Each peer looks up the registrations of others."},
    {"workload.lookup.every", KEY_QUANTITY, UNIT_TIME, 0.01, YEARS, AT(lookup_every), .example = "60 s",
     .running = true, .help = "Mean time between look-ups; the gaps are exponential."},
    {"workload.lookup.per", KEY_WORD, .words = pers, .fallback = "node", AT(lookup_per),
     .running = true, .help = "node: each peer online looks up that often. network: overlay.peers online do together; each thins the "
             "stream by its own draws, so that the rate follows the number online."},
    {"workload.lookup.target", KEY_WORD, .words = targets, .fallback = "online", AT(target),
     .running = true, .help = "Whom to look up: a peer that is online, one that has a registration stored, any of the population, or a "
             "random id that nobody has."},
    {"workload.lookup.popularity", KEY_MAP, FOR_RELOAD, .absent = "uniform", .fallback = "uniform", AT(zipf),
     .example = "{zipf: 0.8}", .help = "How much more often some are looked up than others."},
    {"workload.lookup.popularity.zipf", KEY_REAL, .min = 0.01, .max = 5, AT(zipf), .example = "0.8",
     .running = true, .help = "Exponent of a Zipf law."},

    {"workload.trace", KEY_MAP, .absent = "none", .fallback = "none", AT(calls_data), .example = "{data: calls.csv}",
     .help = "Look-ups from a file, besides those of workload.lookup."},
    {"workload.trace.data", KEY_TEXT, UNIT_NONE, AT(calls_data), .example = "calls.csv",
     .help = "CSV file with time, asker and target (workloads/README.md). An asker that has not joined by then does not "
             "look up: lookup.skipped."},

    {"phases", KEY_MAP,
     .help = "Simulated time. Results come from measure; look-ups started in it may finish in a short drain after it."},
    {"phases.warmup", KEY_QUANTITY, UNIT_TIME, 0, YEARS, .fallback = "5 min", AT(warmup),
     .running = true, .help = "Simulated before anything is measured."},
    {"phases.measure", KEY_QUANTITY, UNIT_TIME, 1, YEARS, .fallback = "15 min", AT(measure),
     .running = true, .help = "Simulated and measured."},

    {"faults", KEY_FAULTS, .fallback = "[]", .example = "[{at: 8 min, kill: {share: 20 %, mode: host}}]",
     .help = "What goes wrong, and when. At most 64."},
    {"faults[].at", KEY_QUANTITY, UNIT_TIME, 0, YEARS, AT_FAULT(at), .example = "8 min",
     .help = "Time from the start of measure."},
    {"faults[].for", KEY_QUANTITY, UNIT_TIME, 1e-3, YEARS, .words = ends, .fallback = "end", AT_FAULT(lasts),
     .example = "5 min", .help = "How long a partition, network, slow, idle, set or flood lasts. end: to the end of the "
                                 "run. What it changed is then as before."},
    {"faults[].region", KEY_TEXT, .fallback = "", AT_FAULT(region), .example = "Eurasia",
     .help = "Only peers there: part of the column `where` of network.data, as a country or continent (Germany, North "
             "America), or degrees, as 25W-45E, 35N-72N. Default: everywhere."},
    {"faults[].kill", KEY_MAP, .fallback = "", .example = "{share: 20 %, mode: host}", .help = "Peers that die at once."},
    {"faults[].kill.share", KEY_REAL, UNIT_SHARE, 0, 1, AT_FAULT(share), .example = "20 %",
     .help = "Share of the peers online, bootstrap peers included."},
    {"faults[].kill.mode", KEY_WORD, .words = kills, .fallback = "host", AT_FAULT(mode),
     .help = "host: the whole host is gone, silently. process: the host lives and refuses what still arrives (ICMP port "
             "unreachable), which closes the sender's channel."},
    {"faults[].kill.restart", KEY_LAW, UNIT_TIME, 0.001, YEARS, .fallback = "", AT_FAULT(delay),
     .example = "{lognormal: {median: 3 min, sigma: 0.5}}",
     .help = "Time until each is back. Default: as churn says; with churn: none they stay dead."},
    {"faults[].restart", KEY_MAP, .fallback = "", .example = "{delay: 30 s}",
     .help = "Peers that a kill took and that are still away start again."},
    {"faults[].restart.share", KEY_REAL, UNIT_SHARE, 0, 1, .fallback = "100 %", AT_FAULT(share),
     .help = "Share of them."},
    {"faults[].restart.delay", KEY_LAW, UNIT_TIME, 0.001, YEARS, .fallback = "1 s", AT_FAULT(delay),
     .example = "{lognormal: {median: 3 min, sigma: 0.5}}", .help = "Time until each is up."},
    {"faults[].reboot", KEY_MAP, .fallback = "", .example = "{share: 30 %, within: 30 min}",
     .help = "A wave of reboots, as after an update of an operating system: peers online go down without a word, each at "
             "a random moment of a window, and come back after a start-up delay."},
    {"faults[].reboot.share", KEY_REAL, UNIT_SHARE, 0, 1, AT_FAULT(share), .example = "30 %",
     .help = "Share of the peers online at the beginning."},
    {"faults[].reboot.within", KEY_QUANTITY, UNIT_TIME, 0.001, YEARS, .fallback = "30 min", AT_FAULT(within),
     .help = "Length of the window."},
    {"faults[].reboot.delay", KEY_LAW, UNIT_TIME, 0.001, YEARS, .fallback = "3 min", AT_FAULT(delay),
     .example = "{lognormal: {median: 3 min, sigma: 0.4}}",
     .help = "Time from going down to being up again."},
    {"faults[].leave", KEY_MAP, .fallback = "", .example = "{share: 30 %}",
     .help = "Peers that leave at once with good-bye, and return as churn says, or not."},
    {"faults[].leave.share", KEY_REAL, UNIT_SHARE, 0, 1, AT_FAULT(share), .example = "30 %",
     .help = "Share of the peers that have joined, bootstrap peers included."},
    {"faults[].partition", KEY_MAP, .fallback = "", .example = "{share: 50 %}",
     .help = "The network falls into two sides: what is sent from one to the other is lost, until `for` is over. Peers "
             "that come meanwhile have their side too."},
    {"faults[].partition.share", KEY_REAL, UNIT_SHARE, 0, 1, .fallback = "100 %", AT_FAULT(share), .example = "50 %",
     .help = "Share of the peers (of the region) that are cut off from all others."},
    {"faults[].network", KEY_MAP, .fallback = "", .example = "{latency: 300 %, loss: 5 %}",
     .help = "The whole network changes. If delays change, all keepalives of the run are sent one by one, which takes longer to simulate."},
    {"faults[].network.latency", KEY_REAL, UNIT_SHARE, 0, 1000, .fallback = "100 %", AT_FAULT(latency),
     .help = "Delays, of the usual ones."},
    {"faults[].network.slower", KEY_QUANTITY, UNIT_TIME, 0, 60, .fallback = "0 s", AT_FAULT(slower),
     .help = "Added to each delay, one way."},
    {"faults[].network.loss", KEY_REAL, UNIT_SHARE, 0, 1, .words = unchanged, .fallback = "unchanged", AT_FAULT(loss),
     .example = "5 %", .help = "Share of datagrams lost on the way."},
    {"faults[].slow", KEY_MAP, .fallback = "", .example = "{share: 10 %, factor: 50}",
     .help = "Peers whose CPU is slower: signing and checking (overlay.crypto) take longer."},
    {"faults[].slow.share", KEY_REAL, UNIT_SHARE, 0, 1, AT_FAULT(share), .example = "10 %", .help = "Share of the peers."},
    {"faults[].slow.factor", KEY_REAL, .min = 0.001, .max = 1000, AT_FAULT(factor), .example = "50",
     .help = "CPU time, of the usual one."},
    {"faults[].idle", KEY_MAP, .fallback = "", .example = "{share: 100 %}",
     .help = "Peers stop to maintain the overlay: no Updates but those that a join or leave demands, no search for "
             "fingers, no look for partitions. Links still fail by their own signs."},
    {"faults[].idle.share", KEY_REAL, UNIT_SHARE, 0, 1, .fallback = "100 %", AT_FAULT(share),
     .help = "Share of the peers."},
    {"faults[].set", KEY_SET, .fallback = "", AT_FAULT(key), .example = "{overlay.config.chord-update-interval: 60 s}",
     .help = "Another value of one key of the overlay, for all peers; each uses it from its next action on. Keys: "
             "overlay.config.chord-update-interval, chord-ping-interval, chord-reactive, overlay-reliability-timer, "
             "initial-ttl; overlay.chord.predecessors, successors; overlay.link.suspect_after; "
             "overlay.bootstrap.retry, partition_check."},
    {"faults[].configure", KEY_MAP, .fallback = "", .example = "{share: 1 %, set: {overlay.config.chord-update-interval: 60 s}}",
     .help = "A new configuration document with the next sequence number and another value of one key (RFC 6940 6.5.4, 11.1). Some peers have it at "
             "once, signed by the first bootstrap peer; the others get it by ConfigUpdate from whoever has it and meets them. It stays, and devices keep it "
             "over their sessions. The results tell how it spread: config.newest over time, fault.N.spread. Unlike `set`, which "
             "everybody knows at once and no sequence number tells of."},
    {"faults[].configure.share", KEY_REAL, UNIT_SHARE, 0, 1, AT_FAULT(share), .example = "1 %", .help = "Share of the peers that have it at once."},
    {"faults[].configure.set", KEY_SET, AT_FAULT(key), .example = "{overlay.config.chord-update-interval: 60 s}",
     .help = "The key and its value: overlay.config.chord-update-interval, chord-ping-interval, chord-reactive, overlay-reliability-timer, "
             "initial-ttl. Intervals in whole seconds and the timer in milliseconds, as documents have them."},
    {"faults[].flood", KEY_MAP, .fallback = "", .example = "{share: 50 %, every: 1 s}",
     .help = "Peers look up more often, whom workload.lookup.target says."},
    {"faults[].flood.share", KEY_REAL, UNIT_SHARE, 0, 1, .fallback = "100 %", AT_FAULT(share),
     .help = "Share of the peers."},
    {"faults[].flood.every", KEY_QUANTITY, UNIT_TIME, 0.001, YEARS, AT_FAULT(every), .example = "1 s",
     .help = "Mean time between these look-ups of one peer, besides its others."},

    {"record", KEY_MAP, .help = "What is written down."},
    {"record.interval", KEY_QUANTITY, UNIT_TIME, 0.1, YEARS, .fallback = "10 s", AT(record_interval),
     .help = "Time between rows of the time series, and between samples of the overlay's state."},
    {"record.nodes", KEY_BOOL, .fallback = "false", AT(record_nodes),
     .running = true, .help = "Whether results.h5 tells of each identity at the end of the measured phase (group /nodes)."},
    {"record.ring", KEY_MAP, .absent = "none", .fallback = "none", AT(ring_nodes), .example = "{nodes: 64, every: 10 s}",
     .help = "Snapshots of the ring: how a fixed sample of identities stands on it, through the warm-up and the measured "
             "phase (group /ring in results.h5, animated in report.html)."},
    {"record.ring.nodes", KEY_QUANTITY, UNIT_COUNT, 1, 1024, .fallback = "64", AT(ring_nodes),
     .help = "Identities in the sample, drawn from the whole population, whether online or not."},
    {"record.ring.every", KEY_QUANTITY, UNIT_TIME, 0.1, YEARS, .fallback = "10 s", AT(ring_every),
     .help = "Time between snapshots."},
    {"record.capture", KEY_MAP, FOR_RELOAD, .absent = "none", .fallback = "none", AT(capture_nodes), .example = "{nodes: 3}",
     .help = "Packets as capture.pcapng, decrypted, for Wireshark and `reloadsim decode`."},
    {"record.capture.nodes", KEY_QUANTITY, UNIT_COUNT, 0, 1e8, .words = alls, AT(capture_nodes), .example = "3",
     .help = "Peers whose datagrams are captured: the first so many."},

    {"checkpoint", KEY_MAP, .absent = "none", .fallback = "none", AT(checkpoint_every), .example = "{every: 30 min}",
     .help = "Checkpoints of the whole run, in its folder of results (-o): `reloadsim resume DIR` goes on from the last one, on any number of "
             "partitions or ranks, and ends as the unbroken run. SIGUSR2 asks for one too, whatever stands here."},
    {"checkpoint.every", KEY_QUANTITY, UNIT_TIME, 1, YEARS, AT(checkpoint_every), .example = "30 min",
     .running = true, .help = "Simulated time between them, in whole seconds. The last one is kept."},

    {"check", KEY_CHECKS, .fallback = "[]",
     .example = "[{ring_valid: {within: 5 min}}, {lookup.success: \"> 99 %\", except: 10 min after faults}]",
     .help = "What must hold; the exit status is 1 when something does not. At most 64. `reloadsim explain metrics` "
             "lists what can be compared."},
    {"check[].ring_valid", KEY_MAP, .example = "{within: 5 min}",
     .help =
         "All peers form one correct ring, at each sample later than this after the start of measure and each fault."},
    {"check[].ring_valid.within", KEY_QUANTITY, UNIT_TIME, 0, YEARS, .fallback = "5 min",
     .help = "Time that the overlay has for it."},
    {"check[].METRIC", KEY_TEXT, .example = "\"> 99 %\"",
     .help = "A figure of summary.json, for example lookup.success, and its bound: >, >=, < or <= and a value with its "
             "unit."},
    {"check[].except", KEY_TEXT, .fallback = "0 s after faults", .example = "10 min after faults",
     .help = "Time after each fault that the figure leaves out."},
};
const size_t schema_count = sizeof schema / sizeof schema[0];

const struct law_form law_forms[] = {
    {"fixed", LAW_FIXED, {{"", UNIT_TIME, 0, 1e10}, {0}}, "always the same; a plain time means this too"},
    {"uniform", LAW_UNIFORM, {{"from", UNIT_TIME, 0, 1e10}, {"to", UNIT_TIME, 0, 1e10}}, "between two times"},
    {"exponential", LAW_EXPONENTIAL, {{"mean", UNIT_TIME, 1e-9, 1e10}, {0}}, "without memory"},
    {"weibull",
     LAW_WEIBULL,
     {{"scale", UNIT_TIME, 1e-9, 1e10}, {"shape", UNIT_NONE, 0.1, 100}},
     "shape below 1: who stayed long will stay longer"},
    {"lognormal",
     LAW_LOGNORMAL,
     {{"median", UNIT_TIME, 1e-9, 1e10}, {"sigma", UNIT_NONE, 0.001, 10}},
     "logarithm is normal with standard deviation sigma"},
    {"pareto",
     LAW_PARETO,
     {{"min", UNIT_TIME, 1e-9, 1e10}, {"shape", UNIT_NONE, 0.1, 100}},
     "power tail; no mean if shape is 1 or less"},
};
const size_t law_forms_count = sizeof law_forms / sizeof law_forms[0];

const struct key *schema_find(const char *path)
{
    for (size_t i = 0; i < schema_count; i++)
        if (strcmp(schema[i].path, path) == 0)
            return &schema[i];
    return NULL;
}

const char *schema_child_name(const struct key *key, const char *group)
{
    size_t n = strlen(group);
    const char *name = key->path;
    if (n > 0) {
        if (strncmp(name, group, n) != 0 || name[n] != '.')
            return NULL;
        name += n + 1;
    }
    return strpbrk(name, ".[") ? NULL : name;
}

static const char *last_name(const char *path)
{
    const char *point = strrchr(path, '.');
    return point ? point + 1 : path;
}

const char *schema_suggest(const char *group, const char *name)
{
    struct nearest near;
    nearest_begin(&near, name);
    for (size_t i = 0; i < schema_count; i++) {
        const char *child = schema_child_name(&schema[i], group);
        if (child)
            nearest_offer(&near, child);
    }
    for (size_t i = 0; i < schema_count && !near.best; i++)
        if (strcmp(last_name(schema[i].path), name) == 0)
            near.best = schema[i].path;
    return near.best;
}

static size_t bound_text(const struct key *key, double bound, char *out, size_t cap)
{
    if (key->type == KEY_REAL)
        return quantity_print_real(key->unit, bound, out, cap);
    return quantity_print_whole(key->unit, (uint64_t)(key->unit == UNIT_TIME ? bound * 1e9 + 0.5 : bound), out, cap);
}

const char *schema_range_text(const struct key *key, char *out, size_t cap)
{
    char from[48], to[48];
    out[0] = 0;
    if ((key->type == KEY_QUANTITY || key->type == KEY_REAL || key->type == KEY_LAW) && key->max > 0) {
        bound_text(key, key->min, from, sizeof from);
        bound_text(key, key->max, to, sizeof to);
        snprintf(out, cap, strcmp(from, to) ? "%s to %s" : "%s", from, to);
    }
    return out;
}

/* Words of a key joined by " | ", those of this version only. */
static size_t words_text(const struct word *words, char *out, size_t cap)
{
    size_t len = 0;
    for (; words && words->name && len < cap; words++)
        if (!words->refuse)
            len += (size_t)snprintf(out + len, cap - len, "%s%s", len ? " | " : "", words->name);
    return len < cap ? len : cap - 1;
}

const char *schema_type_text(const struct key *key, char *out, size_t cap)
{
    static const char *const names[] = {[KEY_MAP] = "a mapping",
                                        [KEY_QUANTITY] = "",
                                        [KEY_REAL] = "",
                                        [KEY_WORD] = "",
                                        [KEY_BOOL] = "true | false",
                                        [KEY_TEXT] = "a text",
                                        [KEY_LAW] = "a time or a law",
                                        [KEY_DATE] = "a date",
                                        [KEY_PRESET] = "a preset",
                                        [KEY_FAULTS] = "a list of faults",
                                        [KEY_SET] = "a key and its value",
                                        [KEY_CHECKS] = "a list of checks"};
    size_t len = words_text(key->words, out, cap);
    if (key->type == KEY_QUANTITY || key->type == KEY_REAL)
        snprintf(out + len, cap - len, "%s%s", len ? " | " : "", unit_class_name(key->unit));
    else if (key->type != KEY_WORD)
        snprintf(out + len, cap - len, "%s%s%s", key->absent ? key->absent : "", key->absent ? " | " : "",
                 names[key->type]);
    return out;
}

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""fixture.py FILE [key=value]...: a results.h5 (format 1) of a run that never was, for the tests of the analysis.

Keys: seed, success (before the fault), fault (seconds into the measured phase, 0 = none), warmup, measure, interval (seconds), excess (latency that
dies away over `decay` seconds from time 0), complete, peers, delay (added to each latency), full (messages that met a full queue), keyed (changes the scenario), ring (identities in /ring, 0 = none) and every (seconds between its snapshots), fixed (1: strings of fixed length).
It is written with h5py, so that the C reader is judged against another library than the one that wrote it for the simulator."""
import hashlib
import math
import os
import random
import sys

import h5py
import numpy as np

o = dict(seed=1, success=0.995, fault=480, warmup=300, measure=900, interval=10, excess=0, decay=100, complete=1, peers=1000, delay=0, keyed=15, fixed=0,
         clamped=0, full=25, gap=0, ring=0, every=20)
path = sys.argv[1]
for word in sys.argv[2:]:
    key, value = word.split("=")
    assert key in o, key
    o[key] = float(value)

rng = random.Random(int(o["seed"]))
n = int((o["warmup"] + o["measure"]) / o["interval"]) + 2  # two of the drain
t = [(i + 1) * o["interval"] for i in range(n)]
rows = []
noise = 0.0
fault_at = o["warmup"] + o["fault"] if o["fault"] else math.inf
CLASSES = dict(lookup=16, store=1, update=8, attach=1.8, join_leave=0.3, ping=1.1, other=0.02, ack=27, handshake=1.7, keepalive=72)
SIZES = dict(lookup=1340, store=1200, update=1290, attach=1300, join_leave=1200, ping=1280, other=1280, ack=74, handshake=500, keepalive=56)
latencies, hops_all = [], []
for now in t:
    noise = 0.4 * noise + rng.gauss(0, 0.015)
    r = {}
    since = now - fault_at
    dead = 0.2 * math.exp(-since / 90) if since > 0 else 0
    online = o["peers"] * (1 - (0.2 * math.exp(-since / 900) if since > 0 else 0)) * (1 + 0.01 * math.sin(now / 200)) + rng.gauss(0, 2)
    r["nodes_online"] = round(online)
    lookups = 0 if o["gap"] and abs(now - o["gap"]) < 25 else round(rng.gauss(online * o["interval"] / 60, math.sqrt(online * o["interval"] / 60) + 0.1))
    lookups = max(lookups, 0)
    failing = min(1.0, (1 - o["success"]) + 0.6 * dead)
    failed = sum(rng.random() < failing for _ in range(lookups))
    timeout = failed // 2
    lost = (failed - timeout) // 2 if since > 0 else 0
    r.update({"lookups": lookups, "lookup.correct": lookups - failed, "lookup.stale": failed - timeout - lost, "lookup.lost": lost, "lookup.absent": 0,
              "lookup.wrong_owner": 0, "lookup.timeout": timeout, "lookup.error": 0, "lookup.abandoned": 0, "lookup.expected": lookups,
              "lookup.expected_correct": lookups - failed})
    scale = 1 + noise + 3 * dead + o["excess"] * math.exp(-now / o["decay"])
    sample = sorted(o["delay"] + 0.1 + rng.lognormvariate(0.4, 0.35) * scale for _ in range(lookups))
    hops = [max(0, min(12, round(rng.gauss(5.1, 1.3)))) for _ in range(lookups)]
    if o["warmup"] < now <= o["warmup"] + o["measure"]:
        latencies += sample
        hops_all += hops
    q = lambda p: sample[min(len(sample) - 1, int(p * len(sample)))] if sample else math.nan
    r.update({"lookup.latency_s.mean": sum(sample) / len(sample) if sample else math.nan, "lookup.latency_s.p50": q(.5), "lookup.latency_s.p95": q(.95),
              "lookup.latency_s.p99": q(.99), "lookup.hops.mean": sum(hops) / len(hops) if hops else math.nan,
              "lookup.dead_hops.mean": 0.02 + dead if lookups else math.nan})
    r["joins"] = round(abs(rng.gauss(online / 2000 * o["interval"], 1)))
    r["joins_failed"] = int(rng.random() < 0.05)
    r["leaves"] = round(abs(rng.gauss(online / 6000 * o["interval"], 1)))
    r["crashes"] = round(abs(rng.gauss(online / 2600 * o["interval"], 1))) + (round(0.2 * o["peers"]) if 0 < since <= o["interval"] else 0)
    r["registrations"] = round(abs(rng.gauss(online / 3000 * o["interval"], 1)))
    r["registrations.success"] = r["registrations"]
    for c, per_min in CLASSES.items():
        x = max(0, round(online * o["interval"] / 60 * per_min * (1 + rng.gauss(0, 0.03)) * (1 + (2 * dead if c in ("update", "ping") else 0))))
        r["datagrams." + c] = x
        r["messages." + c] = x if c not in ("ack", "handshake", "keepalive") else 0
        r["bytes." + c] = x * SIZES[c]
    r["datagrams"] = sum(r["datagrams." + c] for c in CLASSES)
    r["messages"] = sum(r["messages." + c] for c in CLASSES)
    r["message_bytes"] = sum(r["bytes." + c] for c in CLASSES if r["messages." + c])
    r["events"] = 2 * r["datagrams"]
    r["e2e.resent"] = round(lookups * (0.02 + dead))
    r["e2e.spurious"] = r["e2e.resent"] // 5
    sampled = o["warmup"] < now <= o["warmup"] + o["measure"]
    ring = lambda base, share: max(0, base * (1 + rng.gauss(0, 0.2)) + share * dead) if sampled else math.nan
    r["ring.wrong_successor"] = ring(0.002, 0.3)
    r["ring.dead_successor"] = ring(0.0015, 0.9)
    r["ring.unreachable_values"] = ring(0.0, 0.3)
    r["ring.under_replicated"] = ring(0.01, 1.2)
    r["links.mean"] = 18 + rng.gauss(0, 0.05) - 8 * dead if sampled else math.nan
    r["finger.valid_share"] = 0.98 - dead + rng.gauss(0, 0.002) if sampled else math.nan
    r["links.failed"] = round(2 + 500 * dead)
    r["detect.latency_s.p50"] = 29 + rng.gauss(0, 1)
    rows.append(r)

inside = [r for r, now in zip(rows, t) if o["warmup"] < now <= o["warmup"] + o["measure"]]
total = lambda name: sum(r[name] for r in inside)
mean = lambda name: sum(r[name] for r in inside) / len(inside)
latencies.sort()
node_s = mean("nodes_online") * o["measure"]
scalars = {
    "sim_s": (o["measure"], "s"), "events": (total("events"), ""), "datagrams": (total("datagrams"), ""), "messages": (total("messages"), ""),
    "message_bytes": (total("message_bytes"), "bytes"), "nodes_online_mean": (mean("nodes_online"), ""), "population": (o["peers"] * 4.7, ""),
    "lookup.count": (total("lookups"), ""), "lookup.success": (total("lookup.expected_correct") / max(1, total("lookup.expected")), "share"),
    "lookup.latency_s.mean": (sum(latencies) / max(1, len(latencies)), "s"), "lookup.stretch.mean": (9.5, ""),
    "lookup.hops.mean": (sum(hops_all) / max(1, len(hops_all)), "links"), "lookup.hops.p99": (8, "links"),
    "lookup.dead_hops.mean": (mean("lookup.dead_hops.mean"), ""), "registration.count": (total("registrations"), ""), "registration.success": (1, "share"),
    "registration.latency_s.mean": (1.78, "s"), "registration.latency_s.p50": (1.69, "s"), "registration.latency_s.p95": (2.7, "s"),
    "registration.latency_s.p99": (4.7, "s"), "registration.messages_per_node_s": (total("messages.store") / node_s, "1/s"),
    "maintenance.bytes_per_node_s": (sum(total("bytes." + c) for c in ("update", "attach", "join_leave", "ping", "handshake", "keepalive")) / node_s, "bytes/s"),
    "throughput.messages_per_s": (total("messages") / o["measure"], "1/s"), "join.count": (total("joins"), ""), "join.success": (0.97, "share"),
    "join.latency_s.p50": (5.3, "s"), "join.latency_s.p99": (83, "s"), "leave.count": (total("leaves"), ""), "crash.count": (total("crashes"), ""),
    "links.mean": (mean("links.mean"), ""), "links.p99": (35, ""), "finger.valid_share": (mean("finger.valid_share"), "share"),
    "detect.latency_s.p50": (29.5, "s"), "e2e.resent": (total("e2e.resent"), ""), "e2e.spurious_share": (0.2, "share"),
    "delay.clamped_share": (o["clamped"], "share"), "datagrams.lost_share": (0.005, "share"), "after_faults.lookup.success": (math.nan, "share"),
    "messages.dropped.queue_full": (o["full"], ""),
}
for p in (50, 95, 99):
    scalars["lookup.latency_s.p%d" % p] = (latencies[int(p / 100 * len(latencies))] if latencies else math.nan, "s")
for k in ("correct", "stale", "lost", "absent", "wrong_owner", "timeout", "error"):
    scalars["lookup.outcome." + k] = (total("lookup." + k) / max(1, total("lookups")), "share")
for k in ("wrong_successor", "dead_successor", "unreachable_values", "under_replicated"):
    scalars["ring." + k] = (mean("ring." + k), "share")

GAUGE = ("nodes_online", "links.mean", "finger.valid_share", "detect.latency_s.p50")
REAL = lambda name: ".mean" in name or ".p" in name and "latency" in name or name.startswith("ring.") or name == "finger.valid_share"
config = "# A resolved scenario.\nreloadsim: 1\nname: fixture\nseed: %d\noverlay:\n  peers: %d\n  link:\n    keepalive: {interval: %g s, silent_after: 30 s}\n" \
    "phases:\n  warmup: %g s\n  measure: %g s\n" % (o["seed"], o["peers"], o["keyed"], o["warmup"], o["measure"])
config += "faults:\n  - {at: %g s, kill: {share: 20 %%, mode: host}}\n" % o["fault"] if o["fault"] else "faults: []\n"


def log_bins(values, low=1e-3, steps=32):
    """log-linear bins, `steps` to a factor of two"""
    edges = [low * 2 ** (i / steps) for i in range(20 * steps)]
    count, edges = np.histogram(np.maximum(values, low), bins=edges)
    keep = count > 0
    return edges[:-1][keep], edges[1:][keep], count[keep]


def column(group, name, values, kind, unit="", description=""):
    d = group.create_dataset(name, data=values, chunks=True, shuffle=True, compression="gzip")
    if unit is not None:
        d.attrs["unit"], d.attrs["description"] = unit, description
    if kind:
        d.attrs["kind"] = kind


def text(values):
    return np.array([v.encode() for v in values], dtype="S") if o["fixed"] else np.array(values, dtype=h5py.string_dtype())


f = h5py.File(path + ".part", "w")
m = f.create_group("meta")
m.attrs.update({"format": 1, "reloadsim": "0.1.0", "revision": "0123456789ab", "scenario": "fixture", "seed": np.uint64(o["seed"]),
                "fingerprint": hashlib.sha256(repr(rows).encode()).hexdigest()[:16],
                "complete": int(o["complete"]), "sim_s": o["measure"], "warmup_s": o["warmup"], "measure_s": o["measure"], "epoch": "2009-10-19"})
w = m.create_group("wall")
w.attrs.update({"ranks": 1, "wall_s": 0.4 + o["seed"] / 100, "cpu_s": 0.38, "peak_rss_bytes": 18423808, "host": "example", "started": "2026-11-25T01:00:00Z"})
f.create_dataset("config/scenario", data=config, dtype=h5py.string_dtype())
for key, (value, unit) in scalars.items():
    column(f.require_group("scalars"), key, np.array([float(value)]), None, unit, "what " + key + " means")
g = f.create_group("timeseries")
g.attrs["measure_from_s"] = o["warmup"]
column(g, "time_s", np.array(t, dtype=float), None, "s", "end of the interval")
for name in rows[0]:
    values = [r[name] for r in rows]
    real = REAL(name)
    column(g, name, np.array(values, dtype=float if real else np.uint64), "gauge" if name in GAUGE or real else "count",
           "s" if "latency_s" in name else "share" if name.startswith("ring.") else "bytes" if name.startswith("bytes.") else "", "series " + name)
for name, values, unit in (("lookup.latency_s", latencies, "s"), ("registration.latency_s", [rng.lognormvariate(0.5, 0.3) for _ in range(200)], "s"),
                           ("join.latency_s", [rng.lognormvariate(1.7, 0.9) for _ in range(80)], "s"),
                           ("node.ring_share", [random.Random(k).expovariate(1) for k in range(3000)], ""),
                           ("node.messages_per_s", [random.Random(k).lognormvariate(0, 0.4) for k in range(900)], "1/s"),
                           ("detect.latency_s", [rng.uniform(15, 45) for _ in range(400)], "s")):
    h = f.create_group("histograms/" + name)
    h.attrs["unit"], h.attrs["description"] = unit, "distribution of " + name
    for part, x in zip(("lower", "upper", "count"), log_bins(values)):
        column(h, part, np.array(x, dtype=np.uint64 if part == "count" else float), None)
for name, values in (("lookup.hops", hops_all), ("links", [max(3, round(rng.gauss(18, 5))) for _ in range(4000)])):
    h = f.create_group("histograms/" + name)
    h.attrs["unit"], h.attrs["description"] = "links", "distribution of " + name
    for v in ("lower", "upper", "count"):
        kinds = sorted(set(values))
        column(h, v, np.array([values.count(k) for k in kinds], dtype=np.uint64) if v == "count" else np.array([k + (v == "upper") for k in kinds], dtype=float),
               None)
if o["ring"]:
    n, number = int(o["ring"]), random.Random(7)
    who = sorted(number.sample(range(47000000), n))  # more digits than a float of six has
    where = [number.random() for _ in who]
    table = []
    for s in range(int((o["warmup"] + o["measure"]) / o["every"]) + 1):
        for k in range(n):
            state = number.choices(range(5), (4, 1, 12, 1, 1))[0]
            alone = state < 2
            table.append((s * o["every"], who[k], where[k], state, math.nan if alone else who[(k + 1) % n], math.nan if alone else 0.002 * (k + 1),
                          0 if state == 0 else 10 + k))
    for i, (name, kind) in enumerate((("time_s", float), ("identity", np.uint64), ("position", float), ("state", np.uint64), ("successor", float),
                                      ("distance", float), ("links", np.uint64))):
        column(f.require_group("ring"), name, np.array([row[i] for row in table], dtype=kind), None)
events = [(0, "phase", "warm-up"), (o["warmup"], "phase", "measure")]
if o["fault"]:
    events.append((fault_at, "fault", "kill 20 % <host> & more"))
events.append((o["warmup"] + o["measure"], "phase", "drain"))
e = f.create_group("events")
column(e, "time_s", np.array([x[0] for x in events], dtype=float), None)
for i, part in ((1, "kind"), (2, "text")):
    e.create_dataset(part, data=text([x[i] for x in events]))
f.close()
os.rename(path + ".part", path)

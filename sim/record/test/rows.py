# SPDX-License-Identifier: GPL-2.0-or-later
"""rows.py prefix WHOLE DIR...: the time series of each DIR are the first rows of those of WHOLE, bit for bit, and its events the first events.
rows.py same WHOLE DIR...: all of results.h5 but /meta/wall is the same.
rows.py segments DIR: prints how many whole rows results.segments holds, found by a reader of its own after the format in sim/record/segments.h.
rows.py ring DIR: /ring has the columns of README.md and snapshots each 7 s from 0 to the end of the measured phase, of the same 20 identities.
rows.py layout DIR: results.h5 has the shape that sim/record/README.md promises."""

import os
import struct
import sys
import zlib

import h5py
import numpy

CLASSES = ["lookup", "store", "update", "attach", "join_leave", "ping", "other", "ack", "handshake", "keepalive"]
METRICS = ["nodes_online", "joins", "joins_failed", "leaves", "crashes", "lookups", "lookup.correct", "lookup.stale", "lookup.lost",
           "lookup.absent", "lookup.wrong_owner", "lookup.timeout", "lookup.error", "lookup.expected", "lookup.latency_s.mean",
           "lookup.latency_s.p50", "lookup.latency_s.p95", "lookup.latency_s.p99", "lookup.hops.mean", "lookup.dead_hops.mean",
           "registrations", "registrations.success", "events", "datagrams", "messages", "fragments", "message_bytes", "e2e.resent", "e2e.spurious",
           "ring.wrong_successor", "ring.dead_successor", "ring.unreachable_values", "ring.under_replicated", "links.mean",
           "finger.valid_share", "links.failed", "detect.latency_s.p50"] + [
               "%s.%s" % (what, c) for what in ("datagrams", "messages", "bytes") for c in CLASSES]
HISTOGRAMS = ["lookup.latency_s", "lookup.hops", "registration.latency_s", "join.latency_s", "links", "detect.latency_s",
              "node.messages_per_s", "node.values", "node.ring_share"]
RING = {"time_s": "f", "identity": "u", "position": "f", "state": "u", "successor": "f", "distance": "f", "links": "u"}
META = {"format": numpy.int32, "reloadsim": str, "revision": str, "scenario": str, "seed": numpy.uint64, "fingerprint": str,
        "complete": numpy.int32, "sim_s": numpy.float64, "warmup_s": numpy.float64, "measure_s": numpy.float64, "epoch": str}


def results(folder):
    return h5py.File(os.path.join(folder, "results.h5"), "r")


def bits(values):
    return values.tobytes() if values.dtype.kind != "O" else b"\0".join(values)


def prefix(whole, folders):
    """0 rows are a prefix too, but not for all: at least one must have some."""
    rows = 0
    with results(whole) as w:
        for folder in folders:
            with results(folder) as f:
                assert f["meta"].attrs["complete"] == 0, folder
                for group in ("timeseries", "events"):
                    assert set(f[group]) == set(w[group]), folder
                    for name, d in f[group].items():
                        n = len(f[group]["time_s"])
                        assert len(d) == n <= len(w[group][name]), (folder, name)
                        assert bits(d[:]) == bits(w[group][name][:n]), (folder, name)
                rows += len(f["timeseries/time_s"])
    assert rows > 0


def flat(file):
    """Everything as text: path, attributes, values; the machine left out."""
    out = {}

    def visit(path, thing):
        if path.startswith("meta/wall"):
            return
        for key, value in thing.attrs.items():
            out[path + "@" + key] = repr(value)
        if isinstance(thing, h5py.Dataset):
            out[path] = bits(thing[:])
    file.visititems(visit)
    return out


def same(whole, folders):
    with results(whole) as w:
        wanted = flat(w)
    assert len(wanted) > 300
    for folder in folders:
        with results(folder) as f:
            got = flat(f)
        assert set(wanted) == set(got), folder
        for key, value in wanted.items():
            assert got[key] == value, (folder, key)


def segments(folder):
    rows = number = 0
    with open(os.path.join(folder, "results.segments"), "rb") as file:
        data = file.read()
    at = 16
    assert len(data) < 16 or data[:16] == b"reloadsim seg 1\n"
    while at + 24 <= len(data):
        mark, n, kind, size, packed, crc = struct.unpack_from("<4s5I", data, at)
        body = data[at + 24:at + 24 + packed]
        if mark != b"SEG\n" or n != number or len(body) < packed or zlib.crc32(body, zlib.crc32(data[at:at + 20])) != crc:
            break
        assert len(zlib.decompress(body)) == size
        rows += kind == 2
        number += 1
        at += 24 + packed
    print(rows)


def check_column(d, kinds):
    assert d.ndim == 1 and d.chunks and d.shuffle and d.compression == "gzip", d.name
    assert d.dtype.kind in kinds, (d.name, d.dtype)
    assert h5py.check_string_dtype(d.dtype) or d.dtype.itemsize == 8, d.name


def layout(folder):
    with results(folder) as f:
        assert set(f) == {"meta", "config", "scalars", "timeseries", "histograms", "events"}
        for key, kind in META.items():
            assert isinstance(f["meta"].attrs[key], kind), key
        assert len(f["meta"].attrs["fingerprint"]) == 16 and len(f["meta"].attrs) == len(META)
        for key in ("ranks", "wall_s", "cpu_s", "start_cpu_s", "peak_rss_bytes", "host", "cpu_model", "started"):
            assert key in f["meta/wall"].attrs, key
        assert f["config/scenario"].shape == (1,) and f["config/scenario"][0].startswith(b"# A resolved scenario")
        rows = len(f["timeseries/time_s"])
        check_column(f["timeseries/time_s"], "f")
        assert isinstance(f["timeseries"].attrs["measure_from_s"], numpy.float64)
        for name in METRICS:
            assert name in f["timeseries"], name
        for name, d in f["timeseries"].items():
            check_column(d, "uf")
            assert len(d) == rows and isinstance(d.attrs["unit"], str) and d.attrs["description"], name
            assert name == "time_s" or d.attrs["kind"] in ("count", "gauge"), name
            assert name == "time_s" or d.attrs["kind"] == "gauge" or d.dtype.kind == "u", name
        assert set(f["histograms"]) == set(HISTOGRAMS)
        for name, g in f["histograms"].items():
            assert set(g) == {"lower", "upper", "count"} and g.attrs["description"] and isinstance(g.attrs["unit"], str), name
            check_column(g["lower"], "f")
            check_column(g["upper"], "f")
            check_column(g["count"], "u")
            lower, upper, step = g["lower"][:], g["upper"][:], g.attrs["step"]
            assert ((upper - lower) / step > 0.99).all() and (abs(lower / step - numpy.round(lower / step)) < 1e-3).all(), name
        for name, d in f["scalars"].items():
            check_column(d, "f")
            assert d.shape == (1,) and d.attrs["description"] and isinstance(d.attrs["unit"], str), name
        assert set(f["events"]) == {"time_s", "kind", "text"}
        check_column(f["events/time_s"], "f")
        check_column(f["events/kind"], "O")
        check_column(f["events/text"], "O")


def ring(folder):
    with results(folder) as f:
        assert set(f["ring"]) == set(RING)
        for name, kind in RING.items():
            check_column(f["ring"][name], kind)
            assert isinstance(f["ring"][name].attrs["unit"], str) and f["ring"][name].attrs["description"], name
        time, identity = f["ring/time_s"][:].reshape(-1, 20), f["ring/identity"][:].reshape(-1, 20)
        assert (time == 7.0 * numpy.arange(len(time))[:, None]).all() and len(time) == 245 // 7 + 1
        assert (identity == identity[0]).all() and len(set(identity[0])) == 20
        assert set(f["ring/state"][:]) <= set(range(5)) and len(set(f["ring/state"][:])) > 2


def main():
    what, folders = sys.argv[1], sys.argv[2:]
    if what in ("prefix", "same"):
        globals()[what](folders[0], folders[1:])
    else:
        globals()[what](folders[0])


main()

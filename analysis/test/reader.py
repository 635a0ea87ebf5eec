# SPDX-License-Identifier: GPL-2.0-or-later
"""reader.py WHOLE CUT EMPTY: tests of analysis/reloadsim.py; see test_reader.sh. A line "ok - ..." or "not ok - ..." a test."""

import json
import math
import os
import sys
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import reloadsim  # noqa: E402  pylint: disable=wrong-import-position,import-error

WHOLE, CUT, EMPTY = sys.argv[1:4]
OUTCOMES = ["correct", "stale", "lost", "absent", "wrong_owner", "timeout", "error", "abandoned"]


def summary_is_the_file(run):
    with open(os.path.join(WHOLE, "summary.json"), encoding="utf-8") as file:
        wanted = json.load(file)
    assert list(wanted) == list(run.summary)
    for key, value in wanted.items():
        got = run.summary[key]
        assert math.isnan(got) if value is None else got == value, key
    assert run.complete and run.summary["complete"] == 1


def scalars_are_the_summary(run):
    for key, value in run.scalars.items():
        wanted = run.summary[key]
        assert (math.isnan(value) and math.isnan(wanted)) or abs(value - wanted) <= 1e-8 * abs(wanted), key
        assert run.description(key), key
    for key in run.summary:
        told_by_summary_alone = key.startswith('fault.')
        assert told_by_summary_alone or key in run.scalars or key in run.wall or key in run.meta, key


def rows_end_at_intervals_and_borders(run):
    assert list(run.timeseries.index) == [10, 20, 25, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120]
    assert list(run.measured.index) == [30, 40, 50, 60, 70, 80, 90, 100, 110, 120]
    assert run.measure_from_s == 25


def rows_add_up_to_the_summary(run):
    rows = run.measured.sum()
    for key in ["events", "datagrams", "messages", "message_bytes"]:
        assert rows[key] == run.summary[key] > 0, key
    for name in [c for c in run.timeseries if c.startswith("datagrams.")]:
        kind = name.split(".")[1]
        assert rows[name] == run.summary["datagrams.by_class." + kind], name
        assert rows["messages." + kind] == run.summary["messages.by_class." + kind], name
        assert rows["bytes." + kind] == run.summary["datagram_bytes.by_class." + kind], name
    assert rows["leaves"] == run.summary["leave.count"] and rows["crashes"] == run.summary["crash.count"] > 0
    assert rows["e2e.resent"] == run.summary["e2e.resent"]
    for row in run.timeseries.itertuples(index=False):
        row = dict(zip(run.timeseries.columns, row))
        assert row["lookups"] == sum(row["lookup." + o] for o in OUTCOMES)
        assert math.isnan(row["lookup.latency_s.p50"]) or row["lookup.latency_s.p50"] > 0
    assert abs(rows["lookups"] - run.summary["lookup.count"]) < 30  # those under way at the borders


def samples_are_of_the_measured_phase(run):
    assert run.timeseries["ring.wrong_successor"][:25].isna().all()
    measured = run.measured["ring.wrong_successor"]
    assert measured.notna().all() and abs(measured.mean() - run.summary["ring.wrong_successor"]) < 1e-8
    assert run.kind("links.mean") == "gauge" and run.kind("lookups") == "count" and run.unit("lookup.latency_s.p95") == "s"


def the_kill_shows(run):
    online = run.timeseries["nodes_online"]
    assert online[70] < online[60]
    kinds = list(run.events["kind"])
    assert kinds == ["phase", "phase", "fault", "phase", "phase"], kinds
    assert run.events["time_s"][2] == 65 and "20 %" in run.events["text"][2]


def histograms_are_of_the_measured_phase(run):
    assert set(run.histograms) == {"lookup.latency_s", "lookup.hops", "registration.latency_s", "join.latency_s", "links", "detect.latency_s",
                                   "node.messages_per_s", "node.values", "node.ring_share"}
    hops = run.histogram("lookup.hops")
    assert (hops["upper"] > hops["lower"]).all() and (hops["count"] > 0).all()
    mean = (hops["lower"] * hops["count"]).sum() / hops["count"].sum()
    assert abs(mean - run.summary["lookup.hops.mean"]) < 1e-6
    assert run.quantile("lookup.hops", 0.99) == run.summary["lookup.hops.p99"]
    for name, key in [("join.latency_s", "join.latency_s.p50"), ("detect.latency_s", "detect.latency_s.p50")]:
        assert abs(run.quantile(name, 0.5) - run.summary[key]) < 1e-6, name


def config_and_nodes_are_there(run):
    with open(os.path.join(WHOLE, "scenario.resolved.yaml"), encoding="utf-8") as file:
        assert run.config == file.read()
    nodes = run.nodes
    assert len(nodes) == run.summary["population"] and nodes["online"].sum() == run.timeseries["nodes_online"].iloc[-1]
    assert (nodes["links"][nodes["joined"] == 1] > 0).all() and (nodes["links"][nodes["online"] == 0] == 0).all()
    assert len(set(zip(nodes["node_id_high"], nodes["node_id_low"]))) == len(nodes)


def load_of_nodes_is_told(run):
    share = run.histogram("node.ring_share")
    mean = (share["lower"] * share["count"]).sum() / share["count"].sum()
    assert 0.9 < mean < 1.1, mean
    assert share["lower"].iloc[0] < run.quantile("node.ring_share", 0.5) < 1
    rate = run.summary["messages"] / run.summary["nodes_online_mean"] / run.summary["sim_s"]
    assert rate / 2 < run.quantile("node.messages_per_s", 0.5) < 2 * rate


def ring_is_by_time_and_identity(run):
    ring = run.ring
    assert ring.index.names == ["time_s", "identity"] and list(ring.columns) == ["position", "state", "successor", "distance", "links"]
    times = list(ring.index.unique("time_s"))
    assert times == [20.0 * k for k in range(7)] and len(ring) == 7 * 16
    assert set(ring.loc[0.0]["state"]) <= {"offline", "joined"} and {"offline", "joined"} <= set(ring["state"])
    joined = ring[ring["state"] == "joined"]
    assert (joined["links"] > 0).all() and joined["successor"].notna().all()
    assert ring[ring["state"] == "offline"]["distance"].isna().all()


def an_interrupted_run_says_so(_):
    run = reloadsim.open(CUT)
    assert not run.complete and run.summary["complete"] == 0 and "incomplete" in repr(run)
    assert run.events["kind"].iloc[-1] == "interrupt" and run.events["time_s"].iloc[-1] == run.timeseries.index[-1]
    assert run.meta["sim_s"] == run.timeseries.index[-1] - 25
    assert run.measured["events"].sum() == run.summary["events"]
    assert run.nodes is not None and run.ring is not None


def what_is_not_there_is_told(_):
    try:
        reloadsim.open(EMPTY)
    except reloadsim.Unreadable as error:
        assert "results.h5 is not there" in str(error)
    else:
        raise AssertionError("an empty folder was opened")


def main():
    run, failed = reloadsim.open(WHOLE), 0
    for name, test in list(globals().items()):
        if not callable(test) or getattr(test, "__module__", "") != "__main__" or name == "main":
            continue
        try:
            test(run)
            print("ok - reader:", name.replace("_", " "))
        except Exception:  # pylint: disable=broad-except
            failed = 1
            print("not ok - reader:", name.replace("_", " "))
            traceback.print_exc(file=sys.stdout)
    sys.exit(failed)


main()

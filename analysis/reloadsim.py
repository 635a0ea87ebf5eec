# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads what `reloadsim run -o DIR` left. One file: copy it, or put its folder on PYTHONPATH. Needs h5py and pandas.

    import reloadsim
    run = reloadsim.open("out/quickstart")
    run.complete                      # False: the run was killed or interrupted; everything below covers what ran
    run.summary["lookup.success"]     # summary.json; what is unknown is NaN
    run.timeseries["lookups"]         # a DataFrame: a row each record.interval, its index the time in seconds
    run.measured["lookups"].sum()     # its rows of the measured phase
    run.unit("lookup.latency_s.p95"), run.description("links.mean")
    run.histogram("lookup.latency_s") # a DataFrame: lower, upper, count
    run.quantile("lookup.hops", 0.99)
    run.events                        # a DataFrame: time_s, kind, text
    run.config                        # the resolved scenario, YAML text
    run.nodes                         # a DataFrame, with record.nodes; else None
    run.ring                          # a DataFrame, with record.ring; else None: who stood how, by time and identity
    run.meta, run.wall                # what the run was, and on which machine

Everything is read when it is asked for, and then kept. `python3 reloadsim.py DIR` prints an overview.
"""

import builtins
import json
import math
import os
import sys

import h5py
import pandas

FORMAT = 1
RING_STATES = ["offline", "joining", "joined", "wrong successor", "dead successor"]

__all__ = ["open", "Run", "Unreadable"]


class Unreadable(Exception):
    """There are no results, or none that this version can read."""


def open(folder):  # pylint: disable=redefined-builtin
    """The results in this folder (or the results.h5 that is named)."""
    return Run(folder)


def _plain(value):
    """An HDF5 value as Python has it."""
    if isinstance(value, bytes):
        return value.decode("utf-8")
    return value.item() if hasattr(value, "item") else value


class Run:
    """Results of one run. Open it with reloadsim.open; close() or `with` gives the file back."""

    def __init__(self, folder):
        path = os.fspath(folder)
        self.folder = path if os.path.isdir(path) else os.path.dirname(path) or "."
        path = os.path.join(path, "results.h5") if os.path.isdir(path) else path
        if not os.path.exists(path):
            hint = ""
            if os.path.exists(os.path.join(self.folder, "results.segments")):
                hint = ": the run goes on, or it was killed; then `reloadsim report %s` finishes it" % self.folder
            raise Unreadable("%s is not there%s" % (path, hint))
        try:
            self.file = h5py.File(path, "r")
            self.meta = {key: _plain(value) for key, value in self.file["meta"].attrs.items()}
            self.wall = {key: _plain(value) for key, value in self.file["meta/wall"].attrs.items()}
        except (OSError, KeyError) as error:
            raise Unreadable("%s: %s" % (path, error)) from error
        if self.meta.get("format") != FORMAT:
            raise Unreadable("%s has format %s, and this reads %d" % (path, self.meta.get("format"), FORMAT))
        self._kept = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Closes results.h5. What was read stays."""
        self.file.close()

    def _keep(self, name, read):
        if name not in self._kept:
            self._kept[name] = read()
        return self._kept[name]

    # ---- the run ----

    @property
    def complete(self):
        """The run went to its end."""
        return self.meta["complete"] == 1

    @property
    def config(self):
        """The scenario with every key, as YAML."""
        return _plain(self.file["config/scenario"][0])

    # ---- figures ----

    @property
    def summary(self):
        """summary.json as a dict; null is NaN. Without the file, what results.h5 has of it."""
        return self._keep("summary", self._read_summary)

    def _read_summary(self):
        path = os.path.join(self.folder, "summary.json")
        if not os.path.exists(path):
            return {**self.scalars, **self.wall, "scenario": self.meta["scenario"], "fingerprint": self.meta["fingerprint"]}
        with builtins.open(path, encoding="utf-8") as file:
            return {key: math.nan if value is None else value for key, value in json.load(file).items()}

    @property
    def scalars(self):
        """The figures that do not depend on the machine, as results.h5 has them."""
        return self._keep("scalars", lambda: {key: float(d[0]) for key, d in self.file["scalars"].items()})

    # ---- time series ----

    @property
    def timeseries(self):
        """A row each record.interval, by the time at its end; a column a metric."""
        return self._keep("timeseries", self._read_timeseries)

    def _read_timeseries(self):
        group = self.file["timeseries"]
        index = pandas.Index(group["time_s"][:], name="time_s")
        return pandas.DataFrame({name: d[:] for name, d in group.items() if name != "time_s"}, index=index)

    @property
    def measure_from_s(self):
        """When the measured phase begins."""
        return float(self.file["timeseries"].attrs["measure_from_s"])

    @property
    def measured(self):
        """The rows of the measured phase."""
        return self.timeseries[self.timeseries.index > self.measure_from_s]

    # ---- names ----

    def _attribute(self, name, attribute):
        for group in ("timeseries", "scalars", "histograms"):
            if name in self.file[group]:
                return _plain(self.file[group][name].attrs.get(attribute, ""))
        raise KeyError(name)

    def unit(self, name):
        """Of a metric, a figure or a histogram; "" for plain numbers."""
        return self._attribute(name, "unit")

    def description(self, name):
        """What it counts, in a phrase."""
        return self._attribute(name, "description")

    def kind(self, name):
        """Of a metric of the time series: "count" in the interval, or "gauge"."""
        return _plain(self.file["timeseries"][name].attrs["kind"])

    # ---- histograms ----

    @property
    def histograms(self):
        """Their names."""
        return list(self.file["histograms"])

    def histogram(self, name):
        """Buckets of the measured phase that hold something: lower <= value < upper, count."""
        return self._keep(("histogram", name), lambda: self._read_histogram(name))

    def _read_histogram(self, name):
        group = self.file["histograms"][name]
        return pandas.DataFrame({column: group[column][:] for column in ("lower", "upper", "count")})

    def quantile(self, name, share):
        """The value that this share of a histogram does not exceed, to the width of a bucket; NaN when it is empty. Failures are in no bucket."""
        buckets = self.histogram(name)
        count = buckets["count"].astype(float)
        if count.sum() == 0:
            return math.nan
        reached = count.cumsum() >= share * count.sum()
        bucket = buckets[reached].iloc[0]
        one = _plain(self.file["histograms"][name].attrs.get("step", 1e-9 if self.unit(name) == "s" else 1.0))  # files of early versions have none
        return (bucket["lower"] + bucket["upper"] - one) / 2

    # ---- events, nodes ----

    @property
    def events(self):
        """Phases and faults as they happened."""
        return self._keep("events", self._read_events)

    def _read_events(self):
        group = self.file["events"]
        texts = {column: [_plain(v) for v in group[column][:]] for column in ("kind", "text")}
        return pandas.DataFrame({"time_s": group["time_s"][:], **texts})

    @property
    def nodes(self):
        """Each identity at the end of the measured phase, by its number; None without record.nodes."""
        if "nodes" not in self.file:
            return None
        return self._keep("nodes", self._read_nodes)

    def _read_nodes(self):
        group = self.file["nodes"]
        return pandas.DataFrame({name: d[:] for name, d in group.items()}).set_index("identity")

    @property
    def ring(self):
        """Snapshots of a sample of identities, by time and identity; state is a word of RING_STATES. None without record.ring."""
        if "ring" not in self.file:
            return None
        return self._keep("ring", self._read_ring)

    def _read_ring(self):
        columns = ("time_s", "identity", "position", "state", "successor", "distance", "links")
        table = pandas.DataFrame({name: self.file["ring"][name][:] for name in columns})
        table["state"] = pandas.Categorical.from_codes(table["state"].astype(int), RING_STATES)
        return table.set_index(["time_s", "identity"])

    def __repr__(self):
        mark = "" if self.complete else ", incomplete"
        return "<reloadsim run %s, seed %s%s: %d rows>" % (
            self.meta["scenario"], self.meta["seed"], mark, len(self.file["timeseries/time_s"]))


def _main(arguments):
    if len(arguments) != 2:
        print("usage: reloadsim.py DIR", file=sys.stderr)
        return 2
    try:
        with open(arguments[1]) as run:
            print(run)
            for key, value in run.summary.items():
                print("  %-42s %s" % (key, value))
            print(run.events.to_string(index=False))
            print(run.timeseries[["nodes_online", "lookups", "lookup.correct", "lookup.latency_s.p50", "messages"]])
    except Unreadable as error:
        print("reloadsim.py: %s" % error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv))

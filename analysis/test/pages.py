#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""pages.py WHAT ARGUMENT...: looks into what the analysis wrote, for test_report.sh and test_compare.sh. Ends with a complaint when it is not right."""
import html.parser
import json
import math
import re
import sys

import h5py

VOID = {"meta", "rect", "line", "circle", "br", "link", "img"}


class Page(html.parser.HTMLParser):
    """Tags must nest; what refers to elsewhere is collected."""

    def __init__(self):
        super().__init__()
        self.open, self.links, self.scripts, self.text, self.ids = [], [], [], [], []

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("src", "href", "data", "action", "poster"):
                self.links.append(value)
            if name == "id":
                self.ids.append(value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, "</%s> closes %s at %s" % (tag, self.open[-3:], self.getpos())
        self.open.pop()

    def handle_data(self, text):
        (self.scripts if self.open and self.open[-1] == "script" else self.text).append(text)


def read_page(path):
    page = Page()
    page.source = open(path, encoding="utf-8").read()
    page.feed(page.source)
    assert not page.open, page.open
    assert len(page.ids) == len(set(page.ids)), "an id is there twice"
    return page


def data_of(page):
    def refuse(word):
        raise ValueError(word + " is no JSON")
    return json.loads(page.scripts[0], parse_constant=refuse)


def offline(path):
    page = read_page(path)
    assert not [l for l in page.links if not re.fullmatch(r"rep-\d+/report\.html", l)], page.links
    for word in ("@import", "url(", "fetch(", "XMLHttpRequest", "import(", "WebSocket"):
        assert word not in page.source, word
    # The one address in it is the name of the SVG name space, which nobody fetches.
    assert set(re.findall(r"https?://[^\s\"'<)]*", page.source)) <= {"http://www.w3.org/2000/svg"}


def truth(path, results):
    """What the page draws is what the file holds: values, gaps, counts."""
    data, file = data_of(read_page(path)), h5py.File(results)
    assert data["ends"] == [float("%.9g" % t) for t in file["timeseries/time_s"]] and data["group"] == 1
    charts = {c["id"]: c for c in data["charts"]}
    for series, name in zip(charts["latency"]["series"], ("mean", "p50", "p95", "p99")):
        for drawn, held in zip(series["v"], file["timeseries/lookup.latency_s." + name][:]):
            assert (drawn is None) == math.isnan(held) and (drawn is None or abs(drawn - held) <= 1e-5 * held), (name, drawn, held)
    assert sum(v is None for v in charts["latency"]["series"][0]["v"]) > 0, "the fixture has a gap"
    drawn = sum(s["v"][5] for s in charts["outcomes"]["series"]) * 10
    assert abs(drawn - file["timeseries/lookups"][5]) < 1e-3, drawn
    bins = charts["latency_bins"]
    assert sum(bins["count"]) == int(file["histograms/lookup.latency_s/count"][:].sum())
    first = [v for v in charts["ring"]["series"][0]["v"]][:30]
    assert first == [None] * 30, "the ring is not sampled in the warm-up"
    assert data["faults"] and data["faults"][0]["at"] == 780


def ring(path, results, stride):
    """Each stride-th snapshot, the last one among them, digit for digit."""
    page = read_page(path)
    told, file = data_of(page)["ring"], h5py.File(results)["ring"]
    n = len(told["identity"])
    held = {name: d[:].reshape(-1, n) for name, d in file.items()}
    shown = list(range((len(held["state"]) - 1) % int(stride), len(held["state"]), int(stride)))
    assert "ring_sample" in page.ids and told["identity"] == [int(i) for i in held["identity"][0]] and shown[-1] == len(held["state"]) - 1
    assert [s["at"] for s in told["snapshots"]] == [held["time_s"][s][0] for s in shown] and len(shown) * n <= 50000
    for s, row in zip(told["snapshots"], shown):
        assert s["state"] == "".join(str(v) for v in held["state"][row])
        for name, column, near in (("next", "successor", 0), ("far", "distance", 1e-5), ("links", "links", 0)):
            for drawn, value in zip(s[name], held[column][row]):
                assert (drawn is None) == math.isnan(value) and (drawn is None or abs(drawn - value) <= near * value), (name, drawn, value)
    says(path, "%d identities" % n, ("" if int(stride) > 1 else "!") + "is shown")


def lawful(path):
    """Only shares of the ring have a law beside them; without snapshots there is no ring."""
    page = read_page(path)
    laws = {c["id"]: c["law"] for c in data_of(page)["charts"] if "law" in c}
    assert laws == {"keys_bins": "exponential"}, laws
    assert "ring" not in data_of(page) and "ring_sample" not in page.ids and "load_bins" in page.ids


def grouped(path):
    data = data_of(read_page(path))
    assert data["group"] > 1 and len(data["ends"]) <= 1200
    latency = [c for c in data["charts"] if c["id"] == "latency"][0]["series"][0]
    assert all(l <= v <= h for l, v, h in zip(latency["lo"], latency["v"], latency["hi"]) if v is not None)


def says(path, *words):
    text = "".join(read_page(path).text)
    for word in words:
        assert (word[1:] not in text) if word.startswith("!") else (word in text), word


def figures(path, results):
    """report --json: figures equal those of the file; intervals hold their estimate."""
    told, file = json.load(open(path)), h5py.File(results)
    assert set(told["figures"]) == set(file["scalars"])
    for key, f in told["figures"].items():
        held = file["scalars/" + key][0]
        assert f["measured"] is None if math.isnan(held) else abs(f["measured"] - held) <= 1e-8 * abs(held), key
        if f.get("lower") is not None:
            assert f["lower"] <= f["steady"] <= f["upper"], key
    success = told["figures"]["lookup.success"]
    right, all_ = (file["timeseries/lookup.expected" + x][30:78].sum() for x in ("_correct", ""))
    assert told["ended_by_fault"] and told["steady_from_s"] == 300 and told["steady_to_s"] == 780
    assert abs(success["steady"] - right / all_) < 1e-8 and success["method"] == "batch-means" and success["batches"] in (10, 20)


def compared(path, *checks):
    """Each check is an expression over c, the object of compare --json, and f, its rows by key."""
    c = json.load(open(path))
    f, s = {r["key"]: r for r in c["figures"]}, {r["key"]: r for r in c["steady"]}
    for check in checks:
        assert eval(check, {"c": c, "f": f, "s": s, "abs": abs, "len": len}), (check, c["equal"], c["scenario"], c["part"])


def replicated(path, *files):
    told = json.load(open(path))
    values = [h5py.File(f)["scalars/lookup.success"][0] for f in files]
    mean = sum(values) / len(values)
    sd = math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1))
    f = told["figures"]["lookup.success"]
    t = {3: 3.182446305, 4: 2.776445105}[len(values) - 1]
    assert abs(f["mean"] - mean) < 1e-8 and abs(f["sd"] - sd) < 1e-8 and abs(f["half"] - t * sd / math.sqrt(len(values))) < 1e-8, f
    assert f["n"] == len(values) and f["min"] == float("%.9g" % min(values)) and told["figures"]["after_faults.lookup.success"]["mean"] is None


globals()[sys.argv[1]](*sys.argv[2:])

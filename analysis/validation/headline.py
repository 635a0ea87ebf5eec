# SPDX-License-Identifier: GPL-2.0-or-later
"""headline.py OUT DATA: from the summaries that headline.sh left in OUT, the tables of headline.md on standard output, and what the picture plots in DATA.

Each figure is the mean over seeds with half the width of its 95 % interval (Student t); a single seed has none."""
import glob
import json
import math
import os
import re
import sys

T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
SESSIONS = (240, 60, 30, 15, 5)
ARMS = {"reactive": "reactive", "periodic": "periodic", "off": "reactive off"}


def interval(values):
    n, m = len(values), sum(values) / len(values)
    v = sum((x - m) ** 2 for x in values) / (n - 1) if n > 1 else 0
    return m, T[n - 2] * math.sqrt(v / n) if n > 1 else None


def cell(values, digits, factor=1):
    if not values:
        return "-"
    m, half = interval([v * factor for v in values])
    return f"{m:.{digits}f}" + ("" if half is None else f" ± {half:.{digits}f}")


def figures(runs):
    def per_peer(d, key):
        return d[key] / d["nodes_online_mean"] / d["sim_s"]

    keep = [d for d in runs if d["lookup.count"]]
    return (
        ([d["lookup.success"] for d in keep], 2, 100),
        ([d["lookup.latency_s.p50"] for d in keep], 2, 1),
        ([d["lookup.latency_s.p95"] for d in keep], 2, 1),
        ([per_peer(d, "messages.by_class.update") for d in keep], 2, 1),
        ([d["maintenance.bytes_per_node_s"] for d in keep], 0, 1),
        ([d["ring.wrong_successor"] for d in keep], 2, 100),
        ([d["ring.under_replicated"] for d in keep], 1, 100),
        ([d["finger.valid_share"] for d in keep], 1, 100),
    )


HEAD = ("mean session", "recovery", "success, %", "p50, s", "p95, s", "Updates, a peer and s", "maintenance, B/s and peer", "wrong successor, %", "under-replicated, %", "valid fingers, %", "seeds")


def table(out, data, label, title):
    rows = []
    for session in SESSIONS:
        for arm, word in ARMS.items():
            files = sorted(glob.glob(os.path.join(out, f"{label}-{session}-{arm}-*.json")))
            runs = [json.load(open(f)) for f in files if re.fullmatch(rf"{label}-{session}-{arm}-\d+\.json", os.path.basename(f))]
            if not runs:
                continue
            cells = figures(runs)
            rows.append([f"{session} min", word] + [cell(*c) for c in cells] + [str(len(runs))])
            m, half = interval([v * 100 for v in cells[0][0]])
            cost, _ = interval(cells[4][0])
            with open(os.path.join(data, f"{label}-{arm}"), "a") as f:
                print(60 / session, m, m - (half or 0), min(100, m + (half or 0)), cost, file=f)
    if rows:
        print(f"\n## {title}\n\n| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}")
        for r in rows:
            print(f"| {' | '.join(r)} |")


def main():
    out, data = sys.argv[1:]
    for size, title in (("100", "100 peers"), ("1k", "1,000 peers"), ("10k", "10,000 peers"), ("100k", "100,000 peers")):
        table(out, data, size, title)
    table(out, data, "thin", "1,000 peers behind thin lines: 128 kbit/s up, 1 Mbit/s down, 16 KiB of queue")


main()

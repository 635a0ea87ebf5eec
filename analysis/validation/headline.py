# SPDX-License-Identifier: GPL-2.0-or-later
"""headline.py OUT DATA: puts the runs that headline.sh left in OUT (report.json of each) into headline.csv, prints the tables of headline.md from that, and leaves what the
picture plots in DATA. Of a table's row the runs of OUT take the place of those of another revision; rows that OUT has no run of stay as they are.

Each figure is the mean over seeds with half the width of its 95 % interval (Student t); of a single seed it is the figure of the run with half the width of its interval by batch means."""
import csv
import glob
import json
import math
import os
import re
import sys

T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
SESSIONS = (240, 60, 30, 15, 5)
ARMS = {"reactive": "reactive", "periodic": "periodic", "off": "reactive off"}
# Heading, key, digits, factor.
COLUMNS = (
    ("success, %", "lookup.success", 2, 100),
    ("p50, s", "lookup.latency_s.p50", 2, 1),
    ("p95, s", "lookup.latency_s.p95", 2, 1),
    ("Updates, datagrams a peer and s", "datagrams.by_class.update", 2, 1),
    ("maintenance, B/s and peer", "maintenance.bytes_per_node_s", 0, 1),
    ("wrong successor, %", "ring.wrong_successor", 2, 100),
    ("under-replicated, %", "ring.under_replicated", 1, 100),
    ("valid fingers, %", "finger.valid_share", 1, 100),
)
LEAST = 0.01  # of the logarithmic axis, in %: what is less is drawn there
KEPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "headline.csv")
FIELDS = ["label", "session_min", "arm", "seed", "revision", "warmup_s", "measure_s"] + [
    name for _, key, _, _ in COLUMNS for name in (key, key + " half", key + " correlated")]


def line_of(name, run):
    """A line of headline.csv; half the width and whether batches are correlated: by batch means, empty where there are none."""
    label, session, arm, seed = name.split("-")
    line = {"label": label, "session_min": session, "arm": arm, "seed": seed, "revision": run["revision"], "warmup_s": f"{run['warmup_s']:g}", "measure_s": f"{run['measure_s']:g}"}
    figures = run["figures"]
    for _, key, _, _ in COLUMNS:
        f = figures[key]
        value = f["measured"]
        if key.startswith("datagrams."):
            value /= figures["nodes_online_mean"]["measured"] * figures["sim_s"]["measured"]
        told = f.get("batches") and f.get("lower") is not None
        line[key] = f"{value:.6g}"
        line[key + " half"] = f"{(f['upper'] - f['lower']) / 2:.3g}" if told else ""
        line[key + " correlated"] = "1" if told and f["correlated"] else ""
    return line


def gather(out):
    """All lines: those kept, and those of OUT."""
    lines = {}
    if os.path.exists(KEPT):
        with open(KEPT, newline="") as f:
            for line in csv.DictReader(f):
                lines[line["label"], line["session_min"], line["arm"], line["seed"]] = line
    for path in sorted(glob.glob(os.path.join(out, "*", "report.json"))):
        name = os.path.basename(os.path.dirname(path))
        if not re.fullmatch(r"(100|1k|10k|100k|thin)-\d+-(reactive|periodic|off)-\d+", name):
            continue
        with open(path) as f:
            run = json.load(f)
        if not run["complete"]:
            continue
        line = line_of(name, run)
        row = (line["label"], line["session_min"], line["arm"])
        for key in [k for k in lines if k[:3] == row and lines[k]["revision"] != line["revision"]]:
            del lines[key]
        lines[*row, line["seed"]] = line
    with open(KEPT, "w", newline="") as f:
        w = csv.DictWriter(f, FIELDS, lineterminator="\n")
        w.writeheader()
        w.writerows(lines[k] for k in sorted(lines, key=lambda k: (len(k[0]), k[0], -int(k[1]), k[2], int(k[3]))))
    return lines


def interval(runs, key):
    """Mean, half the width of its interval or None, whether batches are correlated."""
    values = [float(r[key]) for r in runs]
    n, m = len(values), sum(values) / len(values)
    if n > 1:
        return m, T[n - 2] * math.sqrt(sum((x - m) ** 2 for x in values) / (n - 1) / n), False
    half = runs[0][key + " half"]
    return m, float(half) if half else None, bool(runs[0][key + " correlated"])


def cell(runs, key, digits, factor):
    m, half, correlated = interval(runs, key)
    return f"{m * factor:.{digits}f}" + ("" if half is None else f" ± {half * factor:.{digits}f}") + ("~" if correlated else "")


def span(values):
    low, high = min(values) / 60, max(values) / 60
    return f"{low:g}" if low == high else f"{low:g}-{high:g}"


def table(lines, data, label, title, missing):
    rows, revisions = [], set()
    for session in SESSIONS:
        for arm, word in ARMS.items():
            runs = [lines[k] for k in sorted(lines) if k[:3] == (label, str(session), arm)]
            if not runs:
                if arm != "off":
                    missing.append(f"{title} with sessions of {session} min, {word}")
                continue
            revisions.update(r["revision"] for r in runs)
            phases = f"{span([float(r['warmup_s']) for r in runs])} + {span([float(r['measure_s']) for r in runs])}"
            rows.append([f"{session} min", word] + [cell(runs, *c[1:]) for c in COLUMNS] + [phases, str(len(runs))])
            m, half, _ = interval(runs, "lookup.success")
            with open(os.path.join(data, f"{label}-{arm}"), "a") as f:
                print(60 / session, *(max(LEAST, 100 * (1 - x)) for x in (m, m + (half or 0), m - (half or 0))), file=f)
    if rows:
        head = ["mean session", "recovery"] + [c[0] for c in COLUMNS] + ["phases, min", "seeds"]
        print(f"\n## {title}\n\nRevision {', '.join(sorted(revisions))}.\n\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
        for r in rows:
            print(f"| {' | '.join(r)} |")


def main():
    out, data = sys.argv[1:]
    missing = []
    lines = gather(out)
    if not lines:
        sys.exit(f"headline.py: no finished run in {out}, and none in {KEPT}")
    for size, title in (("100", "100 peers"), ("1k", "1,000 peers"), ("10k", "10,000 peers"), ("100k", "100,000 peers")):
        table(lines, data, size, title, missing)
    table(lines, data, "thin", "1,000 peers behind thin lines: 128 kbit/s up, 1 Mbit/s down, 16 KiB of queue", missing)
    if missing:
        print(f"\nNot run yet: {'; '.join(missing)}.")


main()

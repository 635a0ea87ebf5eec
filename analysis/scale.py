#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a run would take on more ranks and machines: reckoned from runs that were measured.

    analysis/scale.py ONE MANY [OVER] [--peers 100M --machines 16 --ranks-per-machine 2 ...]

ONE: results of a scenario on one rank. MANY: of the same on several ranks of one machine. OVER: of the same on ranks of several machines (scripts/measure-machines.sh makes them as one, here-2,
over-2-50). The model, its assumptions and what it says are in analysis/scale.md. All times are of one window:

    T = W + I + X
    W  work of a rank            w (1 + b (R - 1) / R), w = events of a rank and window x time an event of ONE; b from MANY: events that cross cost more
    I  waiting for the slowest   W s / sqrt(n) sqrt(2 ln R), s from MANY: how much windows of n events differ
    X  exchange                  a + c (R - 1) + bytes that leave a machine / bandwidth; a + c from MANY, or from OVER when there are several machines
"""
import argparse
import json
import math
import os
import re

FACTORS = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}


def number(text):
    parts = re.fullmatch(r"([0-9.]+) *([kMG]?)", text)
    if not parts:
        raise argparse.ArgumentTypeError(f"{text}: a number, perhaps with k, M or G")
    return float(parts[1]) * FACTORS[parts[2]]


def figures(folder):
    with open(os.path.join(folder, "summary.json"), encoding="utf-8") as f:
        return json.load(f)


def expected_most(ranks):
    """Of so many normal variables, how far the largest lies above the mean, in standard deviations."""
    return {1: 0.0, 2: 1 / math.sqrt(math.pi), 3: 0.846, 4: 1.029}.get(ranks) or math.sqrt(2 * math.log(ranks)) * (1 - 0.2 / math.log(ranks))


def coefficients(one, many, over, parts):
    """What the model needs, from three summaries; times in seconds."""
    ranks, windows = many["ranks"], many["ranks.windows"]
    measured = many["ranks.compute_s"] + many["ranks.wait_s"] + many["ranks.exchange_s"]
    # Events are counted in the measured phase, times are of warm-up too: the share is that of the datagrams and wake-ups of all phases.
    events = one["events"] * parts
    event_s = one["run_wall_s"] / events
    work_s = many["ranks.compute_s"] / windows
    alone_s = one["run_wall_s"] / windows / ranks
    per_rank = events / windows / ranks
    wait_s = many["ranks.wait_s"] / windows
    far = over or many
    return {
        "ranks": ranks,
        "event_s": event_s,
        "events_a_window": events / windows,
        "crossing": max(0.0, (work_s / alone_s - 1) * ranks / (ranks - 1)),
        "spread": wait_s / work_s * math.sqrt(per_rank) / expected_most(ranks),
        "message_s": far["ranks.exchange_s"] / far["ranks.windows"] / max(1, far["ranks"] - 1),
        "bytes_a_window": many["ranks.bytes"] / windows * ranks / (ranks - 1),
        "speed_up": one["run_wall_s"] / measured,
    }


def predict(c, scale, ranks, machines, bandwidth, growth):
    """Seconds of one window with so many times the peers; growth: how much dearer an event is where more memory is in use."""
    events = c["events_a_window"] * scale / ranks
    work = events * c["event_s"] * growth * (1 + c["crossing"] * (ranks - 1) / ranks)
    wait = work * c["spread"] / math.sqrt(events) * expected_most(ranks)
    leaving = c["bytes_a_window"] * scale / machines * (machines - 1) / machines
    exchange = c["message_s"] * (ranks - 1) + leaving / bandwidth if ranks > 1 else 0.0
    return {"events": events, "work": work, "wait": wait, "exchange": exchange, "all": work + wait + exchange}


def main():
    p = argparse.ArgumentParser(description="What a run would take on more ranks and machines, from runs that were measured. See analysis/scale.md.")
    p.add_argument("one"), p.add_argument("many"), p.add_argument("over", nargs="?")
    p.add_argument("--peers", type=number, default=1e8)
    p.add_argument("--measured-peers", type=number, help="of the runs; default: nodes_online_mean")
    p.add_argument("--warmup", type=number, default=0, help="warm-up of the runs, seconds")
    p.add_argument("--machines", type=int, default=16)
    p.add_argument("--ranks-per-machine", type=int, default=2)
    p.add_argument("--bandwidth", type=number, default=1.25e9, help="of a machine's link, bytes a second (1.25G = 10 Gbit/s)")
    p.add_argument("--growth", type=float, default=1.0, help="an event of a rank with that many peers, over one of ONE")
    p.add_argument("--bytes-per-peer", type=number, default=2000)
    a = p.parse_args()
    one, many = figures(a.one), figures(a.many)
    over = figures(a.over) if a.over else None
    if one["ranks"] != 1 or many["ranks"] < 2 or one["fingerprint"] != many["fingerprint"] or (over and over["fingerprint"] != one["fingerprint"]):
        p.error("ONE is a run on one rank, MANY and OVER are the same run on several")
    c = coefficients(one, many, over, (one["sim_s"] + a.warmup) / one["sim_s"])
    window_s = (one["sim_s"] + a.warmup) / many["ranks.windows"]
    print(f"measured, {c['ranks']} ranks: {1e9 * c['event_s']:.0f} ns an event; crossing +{100 * c['crossing']:.0f} %; spread {c['spread']:.2f}; "
          f"{1e6 * c['message_s']:.1f} us a message; {c['bytes_a_window'] / 1e3:.1f} kB a window; {c['speed_up']:.2f} times as fast as one rank")
    peers = a.measured_peers or one["nodes_online_mean"]
    ranks = a.machines * a.ranks_per_machine
    r = predict(c, a.peers / peers, ranks, a.machines, a.bandwidth, a.growth)
    print(f"{a.peers / 1e6:g} M peers on {a.machines} machines, {ranks} ranks: {r['events']:.0f} events a rank and window; us a window: work {1e6 * r['work']:.0f}, "
          f"wait {1e6 * r['wait']:.0f}, exchange {1e6 * r['exchange']:.0f}; {window_s / r['all']:.3f} times real time, efficiency {100 * r['work'] / r['all']:.0f} %; "
          f"{a.peers * a.bytes_per_peer / a.machines / 1e9:.1f} GB a machine")


if __name__ == "__main__":
    main()

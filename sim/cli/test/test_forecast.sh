#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Pins that the memory which `check` forecasts is within 15 % of what the run takes at most: small and large, with churn, a wave of failures, loss, joins,
# long tables, the classic Chord. Leaves open captures beyond some MB, other machines, sanitizers (which take several times as much), time.
. "$(dirname "$0")/../../../scripts/test-lib.sh"
program=$(readlink -f "${RELOADSIM:-build/reloadsim}")
short='phases={warmup: 20 s, measure: 40 s}'

near() { # scenario, --set KEY=VALUE...
    local forecast used
    forecast=$("$program" check --json "$@" | sed 's/.*"memory_bytes": \([0-9]*\).*/\1/') || return 1
    rm -rf "$work/run"
    "$program" run --quiet "$@" -o "$work/run" --set 'check=[]' >"$work/out" 2>"$work/err" || { cat "$work/err"; return 1; }
    used=$(sed -n 's/.*"peak_rss_bytes": \([0-9]*\).*/\1/p' "$work/run/summary.json")
    awk -v f="$forecast" -v u="$used" 'BEGIN { printf "forecast %.1f MB, used %.1f MB: %+.1f %%\n", f / 1e6, u / 1e6, 100 * (f / u - 1); exit !(f > 0 && u > 0 && f < 1.15 * u && f > 0.85 * u) }'
}
small() { near workloads/gallery/loss.yaml --set "$short"; }
churn() { near workloads/quickstart.yaml --set overlay.peers=10k --set 'faults=[]' --set "$short"; }
wave() { near workloads/quickstart.yaml --set overlay.peers=2k --set 'faults=[{at: 10 s, kill: {share: 20 %}}]' --set 'phases={warmup: 20 s, measure: 2 min}'; }
loss() { near workloads/gallery/loss.yaml --set overlay.peers=4k --set "network.loss=$1" --set 'phases={warmup: 20 s, measure: 80 s}'; }
tables() { near workloads/gallery/loss.yaml --set overlay.peers=4k --set "$short" --set 'overlay.chord={predecessors: 16, successors: 16}'; }
joins() { near workloads/join-64.yaml; }
classic() { near workloads/chord2003-static.yaml --set overlay.peers="$1" --set "$short"; }

check 'a small overlay takes the memory that was forecast' small
check '10,000 peers under churn' churn
check 'a fifth that dies' wave
check '2 % of loss' loss '2 %'
check '5 % of loss' loss '5 %'
check '16 neighbours a side' tables
check 'peers that join' joins
check 'a small classic Chord' classic 1k
check 'a large classic Chord' classic 50k
exit $status

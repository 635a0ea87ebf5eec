#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Pins the static path length, measured by real look-ups through the whole simulator, against the oracle of classic Chord: links to the owner, own keys
# counted as 0, within 0.05. Keys are random ids, so that the sample is of the ring and not of the few thousand ids that users happen to have.
# Leaves open churn. Without arguments: 4,096 peers; else PEERS LINKS_1+1 LINKS_3+3 (long_path_length.sh: 65,536).
set -u
cd "$(dirname "$0")/../../.." || exit 70
peers=${1:-4096} single=${2:-6.86} triple=${3:-6.69}
program=${RELOADSIM:-${BUILD:-build}/reloadsim}
out=$(mktemp -d) && trap 'rm -rf "$out"' EXIT
failed=0

# length NEIGHBOURS ORACLE
length() {
    "$program" run "workloads/static-$peers.yaml" -o "$out" --quiet --set "overlay.chord.predecessors=$1" --set "overlay.chord.successors=$1" \
        --set workload.lookup.target=random --set workload.register=none --set 'phases.measure=40 s' >"$out/log" 2>&1
    local status=$? links lookups
    links=$(sed -n 's/^ *"lookup.hops.mean": *\([0-9.]*\).*/\1/p' "$out/summary.json")
    lookups=$(sed -n 's/^ *"lookup.count": *\([0-9]*\).*/\1/p' "$out/summary.json")
    # The scenario's own checks are for registered keys and one neighbour on each side: status 1 is their verdict on others.
    if [ "$status" -le 1 ] && [ -n "$links" ] && awk -v l="$links" -v n="$lookups" -v o="$2" 'BEGIN { exit !(n > 10000 && l > o - 0.05 && l < o + 0.05) }'; then
        echo "ok - $peers peers, $1 + $1 neighbours: $links links, $2 expected"
    else
        echo "not ok - $peers peers, $1 + $1 neighbours: $links links in $lookups look-ups (status $status), $2 expected"
        cat "$out/log"
        failed=1
    fi
}

length 1 "$single"
length 3 "$triple"
exit "$failed"

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# results.h5 as h5py sees it. Pins: the layout that README.md promises; that all of it but /meta/wall is the same for both engines, a shorter window
# and several partitions.
# Leaves open what the figures say (analysis/test, sim/world/test).
. "$(dirname "$0")/../../../scripts/test-lib.sh"
export PYTHONDONTWRITEBYTECODE=1
program=$(readlink -f "${RELOADSIM:-build/reloadsim}")
python=${PYTHON:-/usr/bin/python3} # one that has h5py
rows=$(cd "$(dirname "$0")" && pwd)/rows.py
cat >"$work/small.yaml" <<'YAML'
reloadsim: 1
overlay: {peers: 60, start: join, bootstrap: {nodes: 3}}
network: {model: coordinates, data: cities.csv, access: {law: {exponential: {mean: 10 ms}}, floor: 2 ms}, loss: 2 %}
churn: {session: {exponential: {mean: 5 min}}, offline: {exponential: {mean: 5 min}}, graceful: 40 %}
workload: {register: {every: 2 min, lifetime: 3 min}, lookup: {every: 15 s, popularity: {zipf: 0.8}}}
phases: {warmup: 65 s, measure: 3 min}
faults: [{at: 62 s, kill: {share: 20 %, mode: host}}]
record: {interval: 10 s}
YAML
cp topologies/cities.csv "$work"
run() { "$program" run --quiet "$work/small.yaml" -o "$work/$1" "${@:2}"; }
ways() {
    run a && run b --engine heap && run c --partitions 3 && run d --partitions 2 --threads never --window 300us &&
        "$python" "$rows" same "$work/a" "$work/b" "$work/c" "$work/d"
}
nodes_are_the_same() {
    run n1 --set record.nodes=true && run n2 --set record.nodes=true --partitions 3 && "$python" "$rows" same "$work/n1" "$work/n2"
}
ring_is_there() {
    local watch=(--set record.ring.nodes=20 --set record.ring.every=7s)
    run r1 "${watch[@]}" && run r2 "${watch[@]}" --partitions 3 && run r3 "${watch[@]}" --engine heap && "$python" "$rows" same "$work/r1" "$work/r2" "$work/r3" &&
        "$python" "$rows" ring "$work/r1"
}
ring_moves_nothing() { grep fingerprint "$work/a/summary.json" >"$work/still" && cmp "$work/still" <(grep fingerprint "$work/r1/summary.json"); }
check 'engines, windows and partitions leave the same results.h5' ways
check 'the layout is what README.md promises' "$python" "$rows" layout "$work/a"
check 'nodes are the same on three partitions' nodes_are_the_same
check 'snapshots of the ring are the same on three partitions' ring_is_there
check 'snapshots move nothing' ring_moves_nothing
exit $status

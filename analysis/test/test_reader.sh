#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The Python reader on a run with a fault and nodes, and on one that was interrupted. Pins what the properties of a Run hold (reader.py says what).
# Leaves open the figures themselves, and R and Julia, which read the same columns.
set -u
export LC_ALL=C PYTHONDONTWRITEBYTECODE=1 # PYTHON: one that has h5py and pandas; the system's by default
program=$(readlink -f "${RELOADSIM:-build/reloadsim}")
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/small.yaml" <<'YAML'
reloadsim: 1
overlay: {peers: 40}
network: {model: constant, delay: 30 ms}
churn: {session: {exponential: {mean: 5 min}}, offline: {exponential: {mean: 5 min}}}
workload: {register: {every: 1 min, lifetime: 2 min}, lookup: {every: 10 s}}
phases: {warmup: 25 s, measure: 95 s}
faults: [{at: 40 s, kill: {share: 20 %, mode: host}}]
record: {interval: 10 s, nodes: true, ring: {nodes: 16, every: 20 s}}
YAML
"$program" run --quiet "$work/small.yaml" -o "$work/whole" || { echo "not ok - the run for the reader"; exit 1; }
"$program" run --quiet "$work/small.yaml" --set phases.measure=300d -o "$work/cut" 2>/dev/null &
pid=$!
for _ in $(seq 100); do # until it records
    [ -s "$work/cut/results.segments" ] && break
    sleep 0.1
done
sleep 0.5
kill -TERM $pid
wait $pid
[ $? -eq 130 ] || { echo "not ok - an interrupted run ends with status 130"; exit 1; }
"${PYTHON:-/usr/bin/python3}" "$here/reader.py" "$work/whole" "$work/cut" "$work"

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Pins: an overlay that was cut in halves, by share and by region, with bootstrap peers on either side (sixteen, so that neither has none), is one cycle again within three partition-check intervals after
# the cut has healed, and what was registered is found again; without checks it stays two; and a configuration that revokes all attackers leaves one ring of the others. Leaves
# open: values that differ between the halves, of which the newest wins (proto/test/test_partition.c).
. "$(dirname "$0")/../../../scripts/test-lib.sh"
cd "$(dirname "$0")/../../.." || exit 70
program=${RELOADSIM:-${BUILD:-build}/reloadsim}

cat >"$work/s.yaml" <<'YAML'
reloadsim: 1
name: halves
seed: 3
overlay: {peers: 80, bootstrap: {nodes: 16, partition_check: 60 s}, config: {chord-update-interval: 120 s}}
network: {model: coordinates}
workload: {register: {every: 100 s, lifetime: 150 s}, lookup: {every: 30 s, target: registered}}
phases: {warmup: 30 s, measure: 11 min}
faults: [{at: 10 s, for: 2 min, partition: {share: 50 %}}]
record: {interval: 5 s}
check: [{ring_valid: {within: 180 s}}, {ring.unreachable_values: "< 1 %", except: 300 s after faults}]
YAML

run() { # folder, status, arguments: simulates
    local dir=$work/$1 want=$2
    shift 2
    ends "$want" "$program" run "$work/s.yaml" -o "$dir" --quiet --progress=off "$@"
}
apart() { # the ring was broken while the cut lasted, or there was nothing to heal
    [ "$(sed -n 's/^ *"ring.wrong_successor": *\([0-9.]*\).*/\1/p' "$work/$1/summary.json" | awk '{ print ($1 > 0.01) }')" = 1 ]
}
check "halves by share heal within three checks" run share 0
check "they were apart" apart share
check "another seed heals too" run other 0 --set seed=4
check "without checks they stay two" run off 1 --set overlay.bootstrap.partition_check=off
check "and the check says so" told "ring_valid"
sed -i 's/partition: {share: 50 %}/region: Eurasia, partition: {}/' "$work/s.yaml"
check "halves by region heal within three checks" run region 0
check "they were apart too" apart region
check "and no others" run region-off 1 --set overlay.bootstrap.partition_check=off

sed -i 's/^faults:.*/faults: [{at: 30 s, configure: {share: 10 %, set: {overlay.config.bad-nodes: 7}}}]/; s/^check:.*/check: [{ring_valid: {within: 180 s}}]/' "$work/s.yaml"
sed -i 's/partition_check: 60 s}/partition_check: 60 s}, hostile: {share: 10 %, every: 2 s}/' "$work/s.yaml"
check "a configuration that revokes attackers leaves one ring" run revoked 0
check "its list is in the summary's spread" grep -q '"fault.0.spread.share": 1' "$work/revoked/summary.json"
exit $status

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Pins: a configuration that few peers get spreads to all by ConfigUpdate, over the wrap of the sequence number and among peers that come and go; summary, series
# and table tell how fast; with true signatures it spreads the same; the result is one on two partitions; the same change by `set` needs no message, and
# what is no element of a document is refused. Leaves open: what a wise change would be.
. "$(dirname "$0")/../../../scripts/test-lib.sh"
cd "$(dirname "$0")/../../.." || exit 70
program=${RELOADSIM:-${BUILD:-build}/reloadsim}
volatile=$(sed -n 's/.*"\([a-z0-9_.]*\)", VOLATILE.*/\1/p' sim/record/summary.h | sed 's/\./\\./g' | paste -sd '|')

cat >"$work/s.yaml" <<'YAML'
reloadsim: 1
name: configure
seed: 4
overlay: {peers: 24, start: join, bootstrap: {nodes: 2}, config: {sequence: 65534, chord-update-interval: 60 s, chord-ping-interval: 120 s}}
network: {model: constant, delay: 40 ms, loss: 0.5 %}
churn: {session: {exponential: {mean: 20 min}}, offline: {exponential: {mean: 10 min}}, graceful: 50 %}
workload: {register: {every: 4 min, lifetime: 8 min}, lookup: {every: 40 s, target: online}}
phases: {warmup: 2 min, measure: 3 min}
faults: [{at: 30 s, configure: {share: 10 %, set: {overlay.config.chord-update-interval: 30 s}}}, {at: 90 s, configure: {share: 10 %, set: {overlay.config.initial-ttl: 120}}}]
record: {interval: 10 s}
YAML

run() { # folder, arguments: simulates
    local dir=$work/$1
    shift
    ends 0 "$program" run "$work/s.yaml" -o "$dir" --progress=off "$@"
}
stable() { tr -d '\n' <"$1/summary.json" | sed 's/, *"/\n"/g; s/^{ *//; s/ *}$//' | grep -vE "^\"($volatile)\""; }
same() { diff <(stable "$work/$2" | grep -vE "$1") <(stable "$work/$3" | grep -vE "$1"); }
between() { # key, low, high: of the first run's summary
    local value
    value=$(sed -n "s/^ *\"$1\": *\([0-9.]*\),*$/\1/p" "$work/one/summary.json")
    echo "$1 is $value"
    awk -v v="$value" -v l="$2" -v h="$3" 'BEGIN { exit !(v != "" && v >= l && v <= h) }'
}
series() { # share of peers with the newest configuration: unknown, then little, then all
    "${PYTHON:-/usr/bin/python3}" - "$work/one/results.h5" <<'PY'
import sys
import h5py
f = h5py.File(sys.argv[1])
t, x = f["/timeseries/time_s"][:], f["/timeseries/config.newest"][:]
known = x[x == x]
assert x[0] != x[0] and len(known) > 5, x
assert known[-1] == 1 and known.min() < 1, x
PY
}

check "two configurations spread" run one
check "the table tells" told "configuration of 30 s: half of the peers after"
check "half of the peers have the first within a minute" between fault.0.spread.p50_s 0.05 60
check "99 % in two" between fault.0.spread.p99_s 0.05 120
check "all have the second at the end" between fault.1.spread.share 1 1
check "the series tells" series
check "the report draws it" grep -qF 'id="configuration"' "$work/one/report.html"
check "two partitions in threads" run parts --partitions 2 --threads always
check "the same result" same NOTHING one parts
check "with true signatures" run true --set overlay.crypto.mode=openssl
check "the same outcomes, counts and sizes" same '^"fingerprint"' one true
sed -i 's/configure: {share: 10 %, set: \([^}]*}\)}/set: \1/g' "$work/s.yaml"
check "by set, without messages" run set
check "which tells of no spread" eval '! grep -q spread "$work/set/summary.json"'
sed -i 's/set: {overlay.config.initial-ttl: 120}/configure: {share: 10 %, set: {overlay.chord.successors: 4}}/' "$work/s.yaml"
check "what no document says is refused" ends 2 "$program" check "$work/s.yaml"
check "and it says why" told "is no element of a configuration document"
exit $status

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Pins: true keys and signatures change nothing that a run counts. One scenario with joins, churn, a kill, loss, stored certificates and fragments under
# overlay.crypto.mode modelled and openssl has the same summary, but for what depends on the machine and the fingerprint, which hashes bytes;
# the same on two partitions in threads, fingerprint included; and captures of either decode. Leaves open: large overlays, for which openssl is not meant.
. "$(dirname "$0")/../../../scripts/test-lib.sh"
cd "$(dirname "$0")/../../.." || exit 70
program=${RELOADSIM:-${BUILD:-build}/reloadsim}
volatile=$(sed -n 's/.*"\([a-z0-9_.]*\)", VOLATILE.*/\1/p' sim/record/summary.h | sed 's/\./\\./g' | paste -sd '|')

cat >"$work/s.yaml" <<'YAML'
reloadsim: 1
name: secure
seed: 4
overlay: {peers: 24, start: join, bootstrap: {nodes: 2}, config: {chord-update-interval: 60 s, chord-ping-interval: 120 s}, store_certificates: true}
network: {model: constant, delay: 40 ms, loss: 0.5 %}
churn: {session: {exponential: {mean: 20 min}}, offline: {exponential: {mean: 10 min}}, graceful: 50 %}
workload: {register: {every: 4 min, lifetime: 8 min}, lookup: {every: 40 s, target: online}}
phases: {warmup: 3 min, measure: 3 min}
faults: [{at: 1 min, kill: {share: 10 %, mode: host}}]
record: {interval: 10 s, capture: {nodes: 2}}
YAML

run() { # folder, arguments: simulates
    local dir=$work/$1
    shift
    ends 0 "$program" run "$work/s.yaml" -o "$dir" --quiet --progress=off "$@"
}
stable() { tr -d '\n' <"$1/summary.json" | sed 's/, *"/\n"/g; s/^{ *//; s/ *}$//' | grep -vE "^\"($volatile)\""; }
same() { # what to leave out, two folders
    diff <(stable "$work/$2" | grep -vE "$1") <(stable "$work/$3" | grep -vE "$1")
}
counted() { # at least so many look-ups, so that equal means something
    [ "$(sed -n 's/^ *"lookup.count": *\([0-9]*\).*/\1/p' "$work/$1/summary.json")" -gt "$2" ]
}

check "modelled runs" run modelled
check "openssl runs" run openssl --set overlay.crypto.mode=openssl
check "something was looked up" counted openssl 60
check "the same outcomes, counts and sizes" same '^"fingerprint"' modelled openssl
check "two partitions in threads" run parts --set overlay.crypto.mode=openssl --partitions 2 --threads always
check "and the same fingerprint" same NOTHING openssl parts
check "what was captured encodes to itself" ends 0 "$program" decode --roundtrip "$work/openssl/capture.pcapng"
check "self-signed, modelled" run own --set overlay.config.self-signed-permitted=sha256 --set overlay.peers=12
check "self-signed, openssl" run own-true --set overlay.config.self-signed-permitted=sha256 --set overlay.peers=12 --set overlay.crypto.mode=openssl
check "mode none" run none --set overlay.config.self-signed-permitted=sha1 --set overlay.crypto.mode=none
check "and its captures encode to themselves" ends 0 "$program" decode --roundtrip "$work/none/capture.pcapng"
check "none needs self-signed-permitted" ends 2 "$program" check "$work/s.yaml" --set overlay.crypto.mode=none
check "and says so" told "set overlay.config.self-signed-permitted"
check "openssl is for small overlays" ends 2 "$program" check "$work/s.yaml" --set overlay.crypto.mode=openssl --set overlay.peers=100k
check "and says so" told "100000 identities"
check "a key each is for smaller ones" ends 2 "$program" check "$work/s.yaml" --set overlay.crypto.mode=openssl --set overlay.config.self-signed-permitted=sha1 --set overlay.peers=1000
check "certificates end in 2049" ends 2 "$program" check "$work/s.yaml" --set epoch=2050-01-01
check "and it says so" told "valid from 2000 to 2049"
exit $status

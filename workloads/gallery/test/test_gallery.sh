#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Pins that every scenario of the gallery loads, names itself after its file, has a section and a table in README.md with a picture that is there; and,
# of the effects that the text tells, those that are quick to show, with margins far below the measured ones: loss slows look-ups but does not fail them, and
# a good-bye leaves the ring whole, silence does not.
# Leaves open all other figures of the text, which figures.sh measures again.
. "$(dirname "$0")/../../../scripts/test-lib.sh"
program=$(readlink -f "${RELOADSIM:-build/reloadsim}")
gallery=$(cd "$(dirname "$0")/.." && pwd)

loads() { ends 0 "$program" check "$1" && told "$(basename "$1" .yaml), seed 1" out; }
shown() { # a case has its place in the text
    grep -q "^<!-- table $1 -->\$" "$gallery/README.md" && grep -qF "($1.yaml)" "$gallery/README.md" && grep -qF "($1.svg)" "$gallery/README.md" &&
        [ -s "$gallery/$1.svg" ] && [ "$(wc -c <"$gallery/$1.svg")" -lt 40960 ]
}
# run NAME SCENARIO [ARGUMENT]...
run() { "$program" run "$gallery/$2.yaml" -o "$work/$1" --quiet "${@:3}"; }
figure() { sed -n "s/^ *\"$2\": *\([-0-9.e]*\).*/\1/p" "$work/$1/summary.json"; }
holds() { awk "BEGIN { exit !($1) }" || { echo "not so: $1"; return 1; }; }

loss() {
    run clean loss --set overlay.peers=200 && run lossy loss --set overlay.peers=200 --set 'network.loss=5 %' || return 1
    holds "$(figure lossy lookup.latency_s.p95) > 1.15 * $(figure clean lookup.latency_s.p95)" && holds "$(figure lossy lookup.success) > 0.99"
}
departure() {
    run silent departure --set overlay.peers=200 &&
        run polite departure --set overlay.peers=200 --set 'faults=[{at: 4 min, leave: {share: 33 %}}]' || return 1
    holds "$(figure silent fault.0.ring.depth) > 0.1 + $(figure polite fault.0.ring.depth)"
}

for file in "$gallery"/*.yaml; do
    name=$(basename "$file" .yaml)
    check "$name loads" loads "$file"
    [ "$name" = length-chord2003 ] || check "$name has its section, table and picture" shown "$name"
done
check "5 % of loss slow look-ups and do not fail them" loss
check "good-byes keep the ring whole, silence tears it" departure
exit $status

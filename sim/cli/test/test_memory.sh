#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Pins: doctor --memory tells the byte budget of each struct and a total within 10 % of what runs of 2,000 and 10,000 peers use, of either protocol; check says the
# same; wrong use is met with a sentence. Leaves open: other scenarios, where storms and long runs make it rougher, and larger ones (make bench shows those).
. "$(dirname "$0")/../../../scripts/test-lib.sh"
program=$(readlink -f "${RELOADSIM:-build/reloadsim}")
cd "$(dirname "$0")/../../.." || exit 1

number() { grep -o "\"$1\": [0-9]*" "$2" | head -n 1 | sed 's/.* //'; } # key, file
close_to_used() { # scenario, peers
    local s=(--set "overlay.peers=$2" --set 'phases.measure=30 s') forecast used
    ends 0 "$program" doctor --memory "$1" "${s[@]}" --partitions 2 --json || return 1
    forecast=$(number total_bytes "$work/out")
    ends 0 "$program" run "$1" "${s[@]}" --partitions 2 --progress=off -o "$work/run" || return 1
    used=$(number peak_rss_bytes "$work/run/summary.json")
    echo "$1, $2 peers: $forecast bytes foretold, $used used"
    [ "$((10 * forecast))" -ge "$((9 * used))" ] && [ "$((10 * forecast))" -le "$((11 * used))" ]
}
budgets_are_told() {
    ends 0 "$program" doctor --memory bench/steady.yaml && told 'network: channel' && told 'RELOAD: link' && told 'identity that has lived' && told 'a peer online'
}
check_says_the_same() {
    local here
    ends 0 "$program" check bench/steady.yaml --json && here=$(number memory_bytes "$work/out") &&
        ends 0 "$program" doctor --memory bench/steady.yaml --json && [ "$here" = "$(number total_bytes "$work/out")" ]
}
wrong_use() {
    ends 2 "$program" doctor --set overlay.peers=5 && told 'belong to --memory' err && ends 2 "$program" doctor --memory nowhere.yaml &&
        ends 2 "$program" doctor --memory bench/steady.yaml --partitions 0 && told 'is 1 to' err
}

check 'budgets are told' budgets_are_told
check 'check says the same' check_says_the_same
check 'wrong use' wrong_use
check '2,000 RELOAD peers' close_to_used bench/steady.yaml 2k
check '10,000 RELOAD peers' close_to_used bench/steady.yaml 10k
check '2,000 peers of chord2003' close_to_used bench/chord2003.yaml 2k
check '10,000 peers of chord2003' close_to_used bench/chord2003.yaml 10k
exit $status

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Pins, through the whole simulator: path lengths on rings that stand still against an independent replication of Stoica et al. 2003; one row of the paper's
# Table III (churn) and of Table II (half of the nodes die at once); an overlay that joins by the protocol is one correct ring; look-ups come right again after a fifth of the peers have died.
# Leaves open the other sizes and rates (long_published.sh).
set -u
cd "$(dirname "$0")/../../.." || exit 70
. sim/chord2003/test/published.sh

for row in "1024 4 4.85" "4096 1 5.86"; do
    read -r peers seeds published <<<"$row"
    read -r path success _ <<<"$(static_path "$peers" "$seeds")"
    verdict "path length of $peers peers" "$published" "$path" "$(awk "BEGIN { print $published - 0.05 }")" "$(awk "BEGIN { print $published + 0.05 }")"
    verdict "right answers of $peers peers" 1 "$success" 1 1
done

read -r path timeouts wrong online <<<"$(churned 0.2 2)"
verdict "Table III, R = 0.2: path length" 3.81 "$path" 3.58 4.04
verdict "Table III, R = 0.2: time-outs a look-up" 0.23 "$timeouts" 0.161 0.2645
verdict "Table III, R = 0.2: wrong answers in 10,000" 5 "$wrong" 0 15
verdict "Table III, R = 0.2: peers online" 1000 "$online" 950 1050

read -r path timeouts lost <<<"$(struck 50 2)"
verdict "Table II, half has died: path length" 5.09 "$path" 4.78 5.40
verdict "Table II, half has died: time-outs a look-up" 5.10 "$timeouts" 3.3 5.9
verdict "Table II, half has died: look-ups without an end" 0 "$lost" 0 0.001

simulate workloads/chord2003.yaml --set overlay.start=join --set overlay.peers=300 --set churn=none --set workload.lookup.every="10 s" \
    --set 'phases={warmup: 15 min, measure: 5 min}' --set 'check=[{ring_valid: {within: 0 s}}, {ring.wrong_successor: "<= 0 %"}, {lookup.success: ">= 100 %"}]'
verdict "300 peers join: one correct ring (exit status)" 0 "$status" 0 0
verdict "300 peers join: wrong successors" 0 "$(figure ring.wrong_successor)" 0 0
verdict "300 peers join: right answers" 1 "$(figure lookup.success)" 1 1

simulate workloads/chord2003.yaml --set churn=none --set workload.lookup.every="10 s" --set overlay.chord2003.successors=16 \
    --set 'phases={warmup: 1 min, measure: 10 min}' --set 'faults=[{at: 1 min, kill: {share: 20 %}}]' \
    --set 'check=[{lookup.success: ">= 99.9 %", except: 3 min after faults}, {ring_valid: {within: 3 min}}]'
verdict "a fifth dies: right answers and one correct ring after three minutes (exit status)" 0 "$status" 0 0
exit $failed

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# headline.sh [SIZE...]: reactive against periodic recovery (RFC 6940 10.7.1, and what section 10 believes of it) for these numbers of peers, default 100 1k 10k
# 100k: runs what is missing of out/validation/headline (OUT), then makes headline.md and headline.svg from what is there. A run that exists is not
# made again, so that a change of the program calls for another folder. RUN=0 makes the page alone. All of it: 7 CPU hours, nearly all for 100k.
set -u
export LC_ALL=C
cd "$(dirname "$0")/../.." || exit 70
program=${RELOADSIM:-${BUILD:-build}/reloadsim} out=${OUT:-out/validation/headline} here=analysis/validation
mkdir -p "$out"
sizes=${*:-100 1k 10k 100k}
sessions="5 15 30 60 240"

# run LABEL PEERS SESSION ARM SEED [--set KEY=VALUE]...: leaves $out/LABEL-SEED.json
run() {
    local label=$1 peers=$2 session=$3 arm=$4 seed=$5 warmup=10 measure=10 set_=()
    shift 5
    [ ! -s "$out/$label-$seed.json" ] && [ "${RUN:-1}" = 1 ] || return 0
    case $arm in
    periodic) set_=(--set overlay.config.chord-reactive=false --set "overlay.config.chord-update-interval=60 s" --set "overlay.config.chord-ping-interval=120 s") ;;
    off) set_=(--set overlay.config.chord-reactive=false) warmup=60 ;;
    esac
    case $peers in
    100) measure=30 ;;
    1k) measure=20 ;;
    100k) warmup=5 measure=3 ;;
    esac
    "$program" run $here/headline.yaml --quiet -o "$out/run" --set "seed=$seed" --set "overlay.peers=${peers/k/ k}" "${set_[@]}" \
        --set "churn={session: {exponential: {mean: $session min}}, offline: {exponential: {mean: $session min}}}" \
        --set "phases={warmup: $warmup min, measure: $measure min}" "$@" >"$out/log" 2>&1 || { cat "$out/log" >&2; return 1; }
    mv "$out/run/summary.json" "$out/$label-$seed.json"
    rm -rf "$out/run"
}

thin="network.access={law: {exponential: {mean: 10 ms}}, floor: 2 ms, up: 128 kbit/s, down: 1 Mbit/s, queue: 16 KiB}"
for peers in $sizes; do
    case $peers in 100k) seeds="1 2 3" ;; 10k) seeds="1 2 3" ;; *) seeds="1 2 3 4 5" ;; esac
    for seed in $seeds; do
        for session in 240 60 30 15 5; do
            for arm in reactive periodic off; do
                case $arm-$peers in off-10k | off-100k) continue ;; esac
                run "$peers-$session-$arm" "$peers" "$session" $arm "$seed" || exit 1
            done
            case $peers in 1k) for arm in reactive periodic; do run "thin-$session-$arm" "$peers" "$session" $arm "$seed" --set "$thin" || exit 1; done ;; esac
        done
    done
done

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
    10k) warmup=5 measure=5 ;;
    100k) warmup=5 measure=3 ;;
    esac
    "$program" run $here/headline.yaml --quiet -o "$out/run-$$" --set "seed=$seed" --set "overlay.peers=${peers/k/ k}" "${set_[@]}" \
        --set "churn={session: {exponential: {mean: $session min}}, offline: {exponential: {mean: $session min}}}" \
        --set "phases={warmup: $warmup min, measure: $measure min}" "$@" >"$out/log-$$" 2>&1 || { cat "$out/log-$$" >&2; return 1; }
    mv "$out/run-$$/summary.json" "$out/$label-$seed.json"
    rm -rf "$out/run-$$"
}

thin="network.access={law: {exponential: {mean: 10 ms}}, floor: 2 ms, up: 128 kbit/s, down: 1 Mbit/s, queue: 16 KiB}"
for peers in $sizes; do
    case $peers in 100) seeds="1 2 3 4 5" ;; *) seeds="1 2 3" ;; esac
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

scratch=$(mktemp -d) && trap 'rm -rf "$scratch"' EXIT
{
    cat <<'TEXT'
# Reactive against periodic recovery

Made by `analysis/validation/headline.sh` (part of `make validate`); do not edit. RFC 6940 10.7.1 lets a peer tell its neighbours of each change at once (*reactive*) or at intervals only (*periodic*), and section 10 believes the
former unstable above about 1,000 peers under high churn, after Rhea et al. 2004; for CHORD-RELOAD nobody had shown it. Sessions and absences are exponential with the same mean (a churn rate of
one departure a peer and mean session), 30 % polite; latencies between cities, access lines of 12 ms in the mean, 0.5 % of loss; a look-up a minute and a registration each 10 minutes from each peer.

- *reactive*: the RFC's defaults, Updates each 600 s besides, a finger search each hour.
- *periodic*: no reactive Updates; Updates each 60 s, a finger search each 120 s: what somebody would set who means it.
- *reactive off*: the RFC's defaults with `chord-reactive` false and nothing else changed, after an hour of warm-up.

Warm-up and measured phase: 10 + 30 minutes with 100 peers, 10 + 20 with 1,000, 5 + 5 with 10,000, 5 + 3 with 100,000, from the converged start. Means over seeds with 95 % intervals.
TEXT
    /usr/bin/python3 $here/headline.py "$out" "$scratch" || exit 1
    echo
    echo "![success](headline.svg)"
    cat $here/headline-findings.md
} >"$scratch/page"
panel() { # LABEL TITLE
    printf 'set title "%s"\nplot ' "$2"
    local arm n=0 word
    for arm in reactive periodic off; do
        n=$((n + 1))
        [ -s "$scratch/$1-$arm" ] || continue
        word=${arm/off/reactive off}
        printf '"%s" using 1:2:3:4 with yerrorlines linetype %d title "%s", ' "$scratch/$1-$arm" $n "$word"
    done
    printf '1/0 notitle\n'
}
{
    cat <<GNUPLOT
set terminal svg size 900,560 font "sans-serif,12" background "#ffffff"
set output "$here/headline.svg"
set linetype 1 lc rgb "#1f5fa8" lw 2 pt 7
set linetype 2 lc rgb "#c8501e" lw 2 pt 5
set linetype 3 lc rgb "#3a8a3a" lw 2 pt 9
set grid lc rgb "#dddddd"
set border 3
set tics nomirror
set key bottom left
set logscale x
set xtics (0.25, 1, 2, 4, 12)
set xrange [0.2:15]
set yrange [0:100]
set xlabel "departures a peer and hour"
set ylabel "look-ups that succeed, %"
set multiplot layout 2,3
GNUPLOT
    for panel in "100:100 peers" "1k:1,000" "10k:10,000" "100k:100,000" "thin:1,000, thin lines"; do
        for arm in reactive periodic off; do [ ! -s "$scratch/${panel%%:*}-$arm" ] || { panel "${panel%%:*}" "${panel#*:}"; break; }; done
    done
} | gnuplot && cp "$scratch/page" $here/headline.md

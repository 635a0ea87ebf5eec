#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# headline.sh [SIZE...]: reactive against periodic recovery (RFC 6940 10.7.1, and what section 10 believes of it) for these numbers of peers, default 100 1k 10k
# 100k: makes the runs that are missing in out/validation/headline-REVISION (OUT), two at a time (JOBS), puts their figures into headline.csv, and makes headline.md and
# headline.svg from that. RUN=0 makes no run. A run that was stopped is made again from its beginning, one that went to its end is not, so this can be stopped and called
# again. CPU time on an idle machine: 100 and 1k a quarter of an hour, 10k half an hour, 100k one hour and a half. Rows of sizes that are not made again stay, with their revision.
set -u
export LC_ALL=C
cd "$(dirname "$0")/../.." || exit 70
program=${RELOADSIM:-${BUILD:-build}/reloadsim} here=analysis/validation
out=${OUT:-out/validation/headline-$(cat "${BUILD:-build}/revision" 2>/dev/null || echo unknown)}
report=$(dirname "$program")/reloadsim-report
export program out here report
mkdir -p "$out"

# one LABEL PEERS SESSION ARM SEED: leaves $out/LABEL-SESSION-ARM-SEED with results.h5 and report.json. LABEL is the size, or `thin`. Many peers average over themselves, so that they
# need fewer minutes; phases grow with the rate of churn where the first look-ups do not look like the later ones (headline-findings.md).
one() {
    local label=$1 peers=$2 session=$3 arm=$4 seed=$5 warmup=10 measure=10 every=30 set_=()
    local dir=$out/$label-$session-$arm-$seed
    [ ! -s "$dir/report.json" ] || return 0
    case $arm in
    periodic) set_=(--set overlay.config.chord-reactive=false --set "overlay.config.chord-update-interval=60 s" --set "overlay.config.chord-ping-interval=120 s") ;;
    off) set_=(--set overlay.config.chord-reactive=false) warmup=60 ;;
    esac
    case $label in thin) set_+=(--set "network.access={law: {exponential: {mean: 10 ms}}, floor: 2 ms, up: 128 kbit/s, down: 1 Mbit/s, queue: 16 KiB}") ;; esac
    case $peers-$session in
    100-*) measure=30 ;;
    10k-5) warmup=12 measure=3 every=5 ;;
    10k-15) warmup=5 measure=3 every=5 ;;
    10k-*) warmup=3 measure=3 every=5 ;;
    100k-5) warmup=8 measure=2 every=5 ;;
    100k-15) warmup=4 measure=2 every=5 ;;
    100k-*) warmup=2 measure=2 every=5 ;;
    esac
    rm -rf "$dir"
    "$program" run $here/headline.yaml --quiet --partitions 1 -o "$dir" --set "seed=$seed" --set "overlay.peers=${peers/k/ k}" "${set_[@]}" \
        --set "churn={session: {exponential: {mean: $session min}}, offline: {exponential: {mean: $session min}}}" \
        --set "phases={warmup: $warmup min, measure: $measure min}" --set "record.interval=$every s" >"$dir.log" 2>&1 || { cat "$dir.log" >&2; return 1; }
    rm -f "$dir.log" "$dir/report.html"
}
export -f one

for peers in ${*:-100 1k 10k 100k}; do
    case $peers in 100) seeds="1 2 3 4 5" ;; 100k) seeds=1 ;; *) seeds="1 2 3" ;; esac
    for seed in $seeds; do
        for session in 240 60 30 15 5; do
            for arm in reactive periodic off; do
                case $arm-$peers in off-10k | off-100k) continue ;; esac
                echo "$peers $peers $session $arm $seed"
                case $arm-$peers in *-1k) [ $arm = off ] || echo "thin $peers $session $arm $seed" ;; esac
            done
        done
    done
done | if [ "${RUN:-1}" = 1 ]; then xargs -r -L 1 -P "${JOBS:-2}" bash -c 'one "$@" || exit 255' headline || exit 1; fi
for dir in "$out"/*-*-*-*/; do
    [ ! -s "$dir/results.h5" ] || [ -s "$dir/report.json" ] || { "$report" "$dir" --json >"$dir/report.tmp" && mv "$dir/report.tmp" "$dir/report.json" && rm -f "$dir/report.html"; }
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

From the converged start. Mean over seeds with its 95 % interval (Student t); where there is one seed, the interval by batch means within the run (`../README.md`), with ~ where neighbouring batches
are still correlated, so that it is too short; quantiles have none there. Wrong successor and under-replicated: share of peers and of values, mean over samples.
TEXT
    /usr/bin/python3 $here/headline.py "$out" "$scratch" || exit 1
    echo
    echo "![look-ups that fail](headline.svg)"
    cat $here/headline-findings.md
} >"$scratch/page" || exit 1
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
set key bottom right
set logscale xy
set xtics (0.25, 1, 2, 4, 12)
set xrange [0.2:15]
set yrange [0.01:100]
set ytics (0.01, 0.1, 1, 10, 100)
set xlabel "departures a peer and hour"
set ylabel "look-ups that fail, %"
set multiplot layout 2,3
GNUPLOT
    for panel in "100:100 peers" "1k:1,000" "10k:10,000" "100k:100,000" "thin:1,000, thin lines"; do
        for arm in reactive periodic off; do [ ! -s "$scratch/${panel%%:*}-$arm" ] || { panel "${panel%%:*}" "${panel#*:}"; break; }; done
    done
} | gnuplot && cp "$scratch/page" $here/headline.md

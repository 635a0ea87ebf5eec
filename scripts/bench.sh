#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# bench.sh [PROGRAM...]: runs benchmark programs (x/bench/bench_*.c, one line "name value unit" a result), then the simulator with 1 k, 10 k, 100 k and
# 1 M peers (BENCH_PEERS="1k 10k" for fewer: 1 M peers take some 10 minutes and 5 GB; what does not fit the machine is left out with a word), and sets each figure beside the last accepted one of bench/accepted.txt. Machines differ, so nothing here fails;
# a figure that is worse than accepted by more than its tolerance is marked. ACCEPT=1 makes the figures of this run the accepted ones: lines of
# name, value, unit, tolerance in %, and whether "more" or "less" is better.
set -u
export LC_ALL=C
build=${BUILD:-build}
accepted=bench/accepted.txt
results=$build/bench.txt
: >"$results"

report() { # reads "name value unit" lines
    tee -a "$results" | awk -v accepted="$accepted" '
        BEGIN { while ((getline line < accepted) > 0) if (line !~ /^#/ && split(line, f, " ") >= 5) { value[f[1]] = f[2]; tolerance[f[1]] = f[4]; better[f[1]] = f[5] } }
        NF >= 2 {
            printf "%-44s %14s %-16s", $1, $2, $3
            if ($1 in value && value[$1] > 0) {
                off = 100 * ($2 / value[$1] - 1)
                worse = better[$1] == "less" ? off : -off
                printf " accepted %s (%+.1f %%, tolerance %s %%)%s", value[$1], off, tolerance[$1], (worse > tolerance[$1]) ? "  WORSE" : ""
            }
            print ""
            fflush()
        }'
}
key() { tr -d '\n' <"$1" | sed 's/, *"/\n"/g' | sed -n "s/^{* *\"$2\" *: *\([^},]*\).*/\1/p"; }

for program in "$@"; do "$program" | report; done
for peers in ${BENCH_PEERS:-1k 10k 100k 1M}; do
    out=$build/bench-$peers
    set_=(--set "overlay.peers=${peers%[kM]} ${peers: -1}")
    case $peers in 100k) set_+=(--set "phases.measure=60 s") ;; 1M) set_+=(--set "phases.measure=20 s") ;; esac
    "$build/reloadsim" run bench/steady.yaml "${set_[@]}" -o "$out" --progress=off >"$out.log" 2>&1 || { echo "bench.sh: $peers peers: exit status $?; see $out.log"; tail -n 3 "$out.log"; continue; }
    s=$out/summary.json
    awk -v p="$peers" -v cpu="$(key "$s" cpu_s)" -v warm=30 -v sim="$(key "$s" sim_s)" -v datagrams="$(key "$s" datagrams)" \
        -v keepalives="$(key "$s" datagrams.by_class.keepalive)" -v messages="$(key "$s" messages)" -v bytes="$(key "$s" bytes_per_node)" \
        -v events_rate="$(key "$s" events_per_cpu_s)" -v wall="$(key "$s" wall_s)" -v start="$(key "$s" start_cpu_s)" '
        BEGIN {
            # cpu_s covers warm-up and measured phase, counts the measured phase only.
            share = cpu * sim / (sim + warm)
            printf "steady.%s.datagrams_per_cpu_s %.0f 1/s\n", p, (datagrams - keepalives) / share
            printf "steady.%s.keepalives_per_cpu_s %.0f 1/s\n", p, keepalives / share
            printf "steady.%s.all_datagrams_per_cpu_s %.0f 1/s\n", p, datagrams / share
            printf "steady.%s.messages_per_cpu_s %.0f 1/s\n", p, messages / share
            printf "steady.%s.events_per_cpu_s %.0f 1/s\n", p, events_rate
            printf "steady.%s.bytes_per_node %.0f bytes\n", p, bytes
            printf "steady.%s.start_cpu_s %.2f s\n", p, start
            printf "steady.%s.wall_s %.2f s\n", p, wall
        }' | report
done
# The classic Chord, to compare with other simulators: every datagram is a message. They use one processor, so it does too: two parts that wait for each other at the end of each
# window are sooner done, and take more processor time.
for peers in ${BENCH_PEERS:-1k 10k 100k 1M}; do
    out=$build/bench-chord2003-$peers
    set_=(--set "overlay.peers=${peers%[kM]} ${peers: -1}")
    case $peers in 100k) set_+=(--set "phases.measure=30 s") ;; 1M) set_+=(--set "phases.warmup=10 s" --set "phases.measure=20 s") ;; esac
    "$build/reloadsim" run bench/chord2003.yaml "${set_[@]}" --partitions 1 -o "$out" --progress=off >"$out.log" 2>&1 || { echo "bench.sh: chord2003, $peers peers: exit status $?; see $out.log"; tail -n 3 "$out.log"; continue; }
    s=$out/summary.json
    for figure in datagrams_per_cpu_s:messages_per_cpu_s:1/s events_per_cpu_s:events_per_cpu_s:1/s bytes_per_node:bytes_per_node:bytes wall_s:wall_s:s; do
        IFS=: read -r from to unit <<<"$figure"
        echo "chord2003.$peers.$to $(key "$s" "$from") $unit"
    done | report
done
[ -z "${ACCEPT:-}" ] || {
    echo "# Accepted figures of make bench: name, value, unit, tolerance in %, what is better. ACCEPT=1 make bench writes them."
    echo "# $(uname -m), $(grep -m 1 'model name' /proc/cpuinfo | sed 's/.*: //'), $(nproc) processors; $(${CC:-gcc} --version | head -n 1); $(date +%Y-%m-%d)"
    awk '{ memory = $3 == "bytes"; print $1, $2, $3, memory ? 10 : 25, $3 == "1/s" ? "more" : "less" }' "$results"
} >"$accepted"

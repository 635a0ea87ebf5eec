#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# profiles.sh [OUT]: the profile table of bench/README.md: where the nanoseconds of a datagram go (profile.sh), chord2003 and RELOAD at 10 k and 1 M peers, with the machine's memory floor
# of the same run. Prints the section, or puts it between the marks of OUT (bench/README.md). On an idle machine; 5 GB, a quarter of an hour. FEW="1k 2k" takes those numbers instead.
set -eu
export LC_ALL=C
build=${BUILD:-build}
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
read -r few many <<<"${FEW:-10k 1M}"
load=$(cut -d ' ' -f 1 /proc/loadavg)
"$build/sim/kernel/bench/bench_memory" >"$work/floor"
one() { # NAME SCENARIO ARGUMENT...
    echo "profiles.sh: $1" >&2
    scripts/profile.sh "${@:2}" >"$work/$1"
}
one a bench/chord2003.yaml --set "overlay.peers=$few" --set phases.warmup=30s --set phases.measure=60s
one b bench/chord2003.yaml --set "overlay.peers=$many" --set phases.warmup=4s --set phases.measure=8s --set record.interval=4s
one c bench/steady.yaml --set "overlay.peers=$few" --set phases.warmup=20s --set phases.measure=60s
one d bench/steady.yaml --set "overlay.peers=$many" --set phases.warmup=2s --set phases.measure=6s --set record.interval=2s
row() { # TITLE PATTERN: ns of all lines that match, a column a run
    printf '| %s |' "$1"
    for run in a b c d; do awk -v p="$2" '$0 ~ p { for (i = 1; i < NF; i++) if ($(i + 1) == "ns") sum += $i } END { printf " %.0f |", sum }' "$work/$run"; done
    echo
}
{
    echo "Revision $(cat "$build/revision"), $(date +%Y-%m-%d), load $load, $(nproc) processors."
    echo
    echo "| ns a datagram | chord2003, $few | $many | RELOAD, $few | $many |"
    echo "|---|---|---|---|---|"
    row protocol 'ns  protocol '
    row 'codecs, hashes' 'ns  (codecs|hashes) '
    row 'events: queue, order, windows' 'ns  events: '
    row 'delay, loss, addresses' 'ns  delay, '
    row 'channels, keepalives' 'ns  channels, '
    row 'calls into the node, memory, signatures' 'ns  calls into '
    row 'draws and laws' 'ns  draws '
    row 'world, observer, figures' 'ns  world and '
    row libraries 'ns  libraries'
    row '**all**' ' all .*ns a datagram'
    echo
    echo "The floor of the same machine in the same run, ns a line of memory:"
    echo
    sed 's/^/    /' "$work/floor"
} >"$work/section"
[ $# = 1 ] || { cat "$work/section"; exit; }
awk -v section="$work/section" '
    /^<!-- profiles.sh -->/ { print; print ""; while ((getline line < section) > 0) print line; print ""; skip = 1; next }
    /^<!-- end -->/ { skip = 0 }
    !skip' "$1" >"$work/page"
cp "$work/page" "$1"

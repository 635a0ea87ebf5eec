#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# switch-off.sh [PEERS...]: what fetching ahead and huge pages bring, shown by leaving them out: bench/steady.yaml with so many peers (10k 100k) as it is, built without fetching ahead
# (make PREFETCH=off, in build/no-prefetch), and with huge pages refused to the process. A line each: nanoseconds of processor time a datagram, ROUNDS (3) times and the least; the runs take turns, so
# that another load meets all alike. Results must be equal. SCENARIO and further --set in SETS for others.
set -u
export LC_ALL=C
[ $# -gt 0 ] || set -- 10k 100k
make all >/dev/null && make BUILD=build/no-prefetch PREFETCH=off build/no-prefetch/reloadsim >/dev/null || exit 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
no_huge_pages() { # the kernel keeps this for what is started
    python3 -c 'import ctypes, os, sys
if ctypes.CDLL(None).prctl(41, 1, 0, 0, 0): sys.exit("PR_SET_THP_DISABLE is refused")
os.execv(sys.argv[1], sys.argv[1:])' "$@"
}
key() { sed -n "s/^ *\"$2\": *\"*\([-0-9a-f.e+]*\).*/\1/p" "$1/summary.json"; }
one() { # NAME WAY PROGRAM: prints ns a datagram
    local name=$1
    shift
    # shellcheck disable=SC2086 # SETS is a list of words
    "$@" run "${SCENARIO:-bench/steady.yaml}" --set "overlay.peers=$peers" --set phases.warmup=5s --set phases.measure=10s --set record.interval=5s ${SETS-} --partitions 1 \
        -o "$work/$name" --quiet --progress off >"$work/log" 2>&1 || { cat "$work/log"; exit 2; }
    awk -v rate="$(key "$work/$name" datagrams_per_cpu_s)" 'BEGIN { printf "%.0f\n", 1e9 / rate }' >>"$work/$name.ns"
}
for peers in "$@"; do
    rm -f "$work"/*.ns
    for _ in $(seq "${ROUNDS:-3}"); do
        one as-it-is build/reloadsim
        one no-prefetch build/no-prefetch/reloadsim
        one no-huge-pages no_huge_pages build/reloadsim
    done
    for name in as-it-is no-prefetch no-huge-pages; do
        printf '%-6s %-14s %5d ns a datagram  (%s)\n' "$peers" $name "$(sort -n "$work/$name.ns" | head -n 1)" "$(paste -sd' ' "$work/$name.ns")"
        [ "$(key "$work/$name" fingerprint)" = "$(key "$work/as-it-is" fingerprint)" ] || { echo "$peers $name: another fingerprint"; bad=1; }
    done
done
exit $bad

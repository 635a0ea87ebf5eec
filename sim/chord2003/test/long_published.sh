#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Everything of Stoica et al. 2003 that this simulator can be set beside: path lengths from 64 to 2^20 nodes and their distribution, keys a node, Table III at all
# rates. Prints a verdict a line and writes the figures to analysis/validation/chord2003.md (VALIDATION=FILE for another file). LEAST_PEERS and MOST_PEERS bound
# the sizes; 2^20 nodes need 1 GiB.
set -u
cd "$(dirname "$0")/../../.." || exit 70
. sim/chord2003/test/published.sh
page=${VALIDATION:-analysis/validation/chord2003.md}
table=$scratch/page

# row WHAT PUBLISHED OURS LEAST MOST: a verdict, and a line of the page.
row() {
    local word=holds
    verdict "$@" || word=**fails**
    echo "| $1 | $2 | $3 | $4 to $5 | $word |" >>"$table"
}
section() {
    printf '\n## %s\n\n%s\n\n| what | published | ours | accepted | verdict |\n|---|---|---|---|---|\n' "$1" "$2" >>"$table"
}
near() { awk -v x="$1" -v by="$2" 'BEGIN { printf "%.4g %.4g\n", x - by, x + by }'; }
within() { awk -v x="$1" -v low="$2" -v high="$3" 'BEGIN { printf "%.4g %.4g\n", x * low, x * high }'; }

cat >"$table" <<'TEXT'
# chord2003 beside Stoica et al., IEEE/ACM ToN 11(1), 2003

Made by `sim/chord2003/test/long_published.sh` (part of `make test-long`); do not edit. Runs are whole simulations: events, datagrams, churn, observer. Path
length is counted as in the paper: nodes that a query passes before the one that is responsible, which is `lookup.hops` less one.
TEXT

section "Path length on a ring that stands still (figure 10a)" \
    "One successor, random 128-bit identifiers. Published: about (1/2) log2 N; the column holds an independent replication, (1/2) log2 N - 0.14. Mean of 1 to 40 rings."
for line in "64 40 2.80" "256 20 3.84" "1024 8 4.85" "4096 4 5.86" "16384 2 6.86" "65536 1 7.86" "262144 1 8.85" "1048576 1 9.90"; do
    read -r peers seeds published <<<"$line"
    [ "$peers" -ge "${LEAST_PEERS:-0}" ] && [ "$peers" -le "${MOST_PEERS:-1048576}" ] || continue
    read -r path success most <<<"$(static_path "$peers" "$seeds")"
    row "N = $peers" "$published" "$path" $(near "$published" 0.05)
    [ "$peers" != 1048576 ] || row "N = $peers, 99th percentile" 15 "$most" 14 16
    [ "$success" = 1 ] || verdict "N = $peers: right answers" 1 "$success" 1 1
done
read -r path _ <<<"$(mean 4 "lookup.hops.mean" workloads/chord2003-static.yaml --set overlay.peers=1000 --set "overlay.chord2003.successors=20" | awk '{ printf "%.3f\n", $1 - 1 }')"
row "N = 1000, 20 successors" 3.76 "$path" $(near 3.76 0.05)

"${BUILD:-build}/sim/chord2003/test/test_path" >"$scratch/path" 2>&1 || failed=1
found() { sed -n "s/^$1 \([0-9.]*\).*/\1/p" "$scratch/path"; }
section "Distribution of the path length, N = 4,096 (figure 10b)" \
    "100,000 look-ups on one ring. Published column: the same replication."
n=0
for share in .003 .017 .057 .128 .207 .234 .191 .110 .042 .009; do
    n=$((n + 1))
    row "share of $n nodes" "$share" "$(found "path $n")" $(near "$share" 0.01)
done

section "Keys a node, 10,000 nodes (figures 8 and 9)" \
    "In multiples of the mean. Identifiers decide it alone: those of the simulator's identities, random keys, no messages. 500,000 keys, mean of 20 seeds; with virtual nodes 1,000,000 keys, 5 seeds."
row "99th percentile" 4.6 "$(found "keys p99")" $(within 4.6 0.95 1.05)
row "maximum" 9.1 "$(sed -n 's/^keys .* max \([0-9.]*\).*/\1/p' "$scratch/path")" 7 12
row "1 identifier a node: 1st percentile" 0 "$(found "virtual 1 p1")" 0 0.05
row "1 identifier a node: 99th percentile" 4.8 "$(sed -n 's/^virtual 1 .* p99 //p' "$scratch/path")" $(within 4.8 0.9 1.1)
row "20 identifiers a node: 1st percentile" 0.5 "$(found "virtual 20 p1")" $(within 0.5 0.9 1.1)
row "20 identifiers a node: 99th percentile" 1.6 "$(sed -n 's/^virtual 20 .* p99 //p' "$scratch/path")" $(within 1.6 0.9 1.1)

section "Under churn (Table III)" \
    "About 1,000 nodes, 20 successors, stabilisation every 15 to 45 s, exponential delays of 50 ms, time-out 500 ms, joins and polite leaves at R a second each, one look-up a second all together; 3,000 s of warm-up, 10,000 s, mean of 5 seeds. Wrong: look-ups of 10,000 that name another node than the one responsible at that moment."
for line in "0.05 3.90 0.05 0" "0.10 3.83 0.11 0" "0.15 3.84 0.16 2" "0.20 3.81 0.23 5" "0.25 3.83 0.30 6" "0.30 3.91 0.34 8" "0.35 3.94 0.42 16" "0.40 4.06 0.46 15"; do
    read -r rate path timeouts wrong <<<"$line"
    read -r our_path our_timeouts our_wrong online <<<"$(churned "$rate" 5)"
    row "R = $rate: path length" "$path" "$our_path" $(within "$path" 0.94 1.06)
    row "R = $rate: time-outs a look-up" "$timeouts" "$our_timeouts" $(within "$timeouts" 0.7 1.15)
    row "R = $rate: wrong in 10,000" "$wrong" "$our_wrong" 0 "$(awk -v w="$wrong" 'BEGIN { print w < 2 ? 5 : 3 * w }')"
    verdict "R = $rate: nodes online" 1000 "$online" 950 1050
done

section "A share of the nodes dies at once (Table II)" \
    "1,000 nodes, 20 successors, time-out 500 ms. Nobody stabilises from then on, so that a dead node is found only by asking it; the first 10,000 look-ups or so, mean of 10 seeds. As each node on the path is dead with probability p, p / (1 - p) time-outs a node are to be expected: 0.45 of the published path at 10 %, 5.1 at 50 %. Quoted from memory of the paper."
while read -r share path timeouts; do
    read -r our_path our_timeouts lost <<<"$(struck "$share" 10)"
    row "$share % died: path length" "$path" "$our_path" $(within "$path" 0.94 1.06)
    row "$share % died: time-outs a look-up" "$timeouts" "$our_timeouts" $(within "$timeouts" 0.65 1.15)
    verdict "$share % died: look-ups without an end" 0 "$lost" 0 0.001
done <<'LINES'
0 3.84 0.0
10 4.03 0.60
20 4.22 1.17
30 4.44 2.02
40 4.69 3.23
50 5.09 5.10
LINES

section "The same, after they have stabilised (figure 11 of the paper of 2001)" \
    "10,000 nodes, stabilisation every 15 to 45 s, look-ups from 10 to 15 minutes after the deaths. Published: besides the keys that died with their nodes no look-up fails. Keys are not stored here: a look-up is right when it names the living owner. Of 10,000 look-ups, one run a share."
for share in 10 20 50; do
    row "$share % died: not right" 0 "$(settled "$share")" 0 5
done

cat >>"$table" <<'TEXT'

Not set beside the paper: proximity (Table IV: this Chord takes the nearest identifier, whatever the distance in milliseconds). Keys a node with virtual nodes is arithmetic, since a
simulated peer has one identifier.
TEXT
cp "$table" "$page"
exit $failed

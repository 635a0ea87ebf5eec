#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# RELOAD beside chord2003 in the scenarios of the paper of 2003. Writes beside.md and beside.svg.
set -u
export LC_ALL=C
cd "$(dirname "$0")/../.." || exit 70
here=analysis/validation
. $here/page.sh

words <<'TEXT'
# RELOAD beside the classic Chord

Made by `analysis/validation/beside.sh` (part of `make validate`); do not edit. Same network, churn, look-ups and observer; what differs is the protocol, and nothing was tuned to make the differences small.

## Path length on a ring that stands still

Links that a look-up crosses, the one to the owner included. One ring a size.
TEXT
heads peers 'chord2003, 1 successor' 'RELOAD, 3 + 3 neighbours' difference
for peers in 64 256 1024 4096 16384; do
    [ "$peers" -le "${MOST_PEERS:-16384}" ] || continue
    every=$(awk -v n="$peers" 'BEGIN { n = n * 40 / 40000; print n < 0.2 ? 0.2 : n }')
    read -r chord <<<"$(mean 1 lookup.hops.mean workloads/chord2003-static.yaml --set "overlay.peers=$peers" --set overlay.bootstrap.nodes=4 --set "workload.lookup.every=$every s")"
    read -r reload <<<"$(mean 1 lookup.hops.mean $here/beside.yaml --set churn=none --set "overlay.peers=$peers" --set overlay.bootstrap.nodes=4 --set "workload.lookup.every=$(awk -v e="$every" 'BEGIN { print e < 5 ? 5 : e }') s" \
        --set overlay.link.keepalive=off --set "phases={warmup: 30 s, measure: $((peers > 1024 ? 40 : 300)) s}")"
    told "$peers" "$(printf %.3f "$chord")" "$(printf %.3f "$reload")" "$(awk -v a="$chord" -v b="$reload" 'BEGIN { printf "%+.3f", b - a }')"
    echo "$peers $chord $reload" >>"$data/path"
done
words <<'TEXT'

The nearest three successors and predecessors are links as well; what is saved is the last hops among neighbours, the same at any size. RELOAD's peers look up every 5 s at most: more would fill its stop-and-wait links, and
what then fails is the long ways.

![path lengths](beside.svg)

## Under churn (the scenario of Table III)

About 1,000 peers, joins and polite leaves at R a second each. RELOAD with an Update each 30 s and a finger search each 5 minutes. One seed, 30 minutes, a look-up of a random id from each peer each 100 s.
TEXT
heads R protocol 'path (links less one)' 'dead hops a look-up' 'wrong in 10,000' 'no answer in 10,000' 'latency p50, s' 'p99, s' 'datagrams a peer and s' 'of them acknowledgements' handshakes keepalives Updates
line() {
    awk -F'[":, ]+' -v r="$1" -v who="$2" '/^ *"/ { v[$2] = $3 } END {
        n = v["nodes_online_mean"] * v["sim_s"]
        printf "| %s | %s | %.2f | %.3f | %.1f | %.1f | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f |\n", r, who, v["lookup.hops.mean"] - 1, v["lookup.dead_hops.mean"],
            1e4 * v["lookup.outcome.wrong_owner"], 1e4 * (v["lookup.outcome.timeout"] + v["lookup.outcome.error"]), v["lookup.latency_s.p50"], v["lookup.latency_s.p99"], v["datagrams"] / n,
            v["datagrams.by_class.ack"] / n, v["datagrams.by_class.handshake"] / n, v["datagrams.by_class.keepalive"] / n, v["datagrams.by_class.update"] / n }' "$scratch/summary.json" >>"$table"
}
for rate in 0.05 0.20 0.40; do
    life="{exponential: {mean: $(awk -v r=$rate 'BEGIN { printf "%.0f", 1000 / r }') s}}"
    simulate workloads/chord2003.yaml --set "churn.session=$life" --set "churn.offline=$life" --set 'phases={warmup: 10 min, measure: 30 min}' --set workload.lookup.every="100 s" || exit 1
    line $rate chord2003
    simulate $here/beside.yaml --set "churn.session=$life" --set "churn.offline=$life" || exit 1
    line $rate RELOAD
    verdict "R = $rate: RELOAD answers (wrong or none, of all)" "-" "$(awk -F'[":, ]+' '/^ *"/ { v[$2] = $3 } END { print v["lookup.outcome.wrong_owner"] + v["lookup.outcome.timeout"] + v["lookup.outcome.error"] }' "$scratch/summary.json")" 0 0.02
done
words <<'TEXT'

**Why they differ**

- *Latency: who is asked, and the way back.* chord2003 asks each node of the path itself, and not the owner: path x 2 one-way delays of 50 ms. RELOAD hands the request on to the owner, and the answer comes back the same
  way (symmetric recursive routing): (path + 1) x 2. Its path is longer by nearly one, since it knows 3 successors and not 20. What finds its link busy waits for the acknowledgement before it and 10 ms more (6.6.3.1, stop and wait).
- *Acknowledgements* are half of RELOAD's datagrams besides keepalives: each message is answered once by the next hop, whatever comes back from the end.
- *Dead hops.* A classic node finds a dead finger by asking it: a time-out of 500 ms in a look-up. A RELOAD peer keeps a channel to each of its links, and silence, a Leave or a close_notify tells it before a look-up comes that way:
  that is what the keepalives buy, and they are most of the traffic.
- *Handshakes.* A classic node talks to an address at once. RELOAD needs an Attach through the overlay and six datagrams for each new link, so that a join costs hundreds of messages (`../load-model.md`) and takes seconds.
- *Updates.* Reactive ones tell all links of each change nearby (10.7.1), in proportion to churn; the periodic ones, like the classic stabilisation, do not depend on it.
- *The end.* A classic look-up tries the next finger until there is none left. RELOAD's is given up 15 s after it began (five transmissions, 6.2.1): a dead owner is no wrong answer there but none, and the tail of its latency
  stands at repetitions after 3 s.
TEXT
draw beside <<GNUPLOT
set logscale x 2
set xlabel "peers"
set ylabel "links to the owner"
plot "$data/path" using 1:2 with linespoints title "chord2003", "" using 1:3 with linespoints title "RELOAD", 0.5 * log(x) / log(2) + 0.86 title "1/2 log N + 0.86" dashtype 2
GNUPLOT
cp "$table" $here/beside.md
exit $failed

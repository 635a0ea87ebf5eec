# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by the tests that set the simulator beside what was published: runs, figures, verdicts.
program=${RELOADSIM:-${BUILD:-build}/reloadsim}
scratch=$(mktemp -d) && trap 'rm -rf "$scratch"' EXIT
failed=0

figure() { # key of the last run
    sed -n "s/^ *\"$1\": *\([-0-9.e]*\).*/\1/p" "$scratch/summary.json"
}

# simulate SCENARIO [ARGUMENT...]: leaves summary.json in $scratch and the exit status in $status; 1 is the verdict of the scenario's own checks.
simulate() {
    rm -f "$scratch/summary.json"
    "$program" run "$@" -o "$scratch" --quiet >"$scratch/log" 2>&1
    status=$?
    [ $status -le 1 ] && [ -s "$scratch/summary.json" ] || { cat "$scratch/log" >&2; return 1; }
}

# mean SEEDS KEYS SCENARIO [ARGUMENT...]: one run a seed; prints the means of the figures, in the order of the keys.
mean() {
    local seeds=$1 keys=$2 seed key
    shift 2
    for seed in $(seq 1 "$seeds"); do
        simulate "$@" --set "seed=$seed" || exit 1
        for key in $keys; do printf '%s ' "$(figure "$key")"; done
        echo
    done | awk '{ for (i = 1; i <= NF; i++) sum[i] += $i; n = NF } END { for (i = 1; i <= n; i++) printf "%.6g ", sum[i] / NR; print "" }'
}

# verdict WHAT PUBLISHED OURS LEAST MOST: a line for the test runner; false when it is outside.
verdict() {
    if awk -v x="$3" -v a="$4" -v b="$5" 'BEGIN { exit !(x != "" && x >= a && x <= b) }'; then
        echo "ok - $1: published $2, ours $3 ($4 to $5)"
    else
        echo "not ok - $1: published $2, ours ${3:-nothing} ($4 to $5)"
        failed=1
        return 1
    fi
}

# static_path PEERS SEEDS: mean path on a ring that stands still, the share of right answers, and the 99th percentile of the path. Path = links to the owner less one; on the way to the asker's
# own keys, one in PEERS, both are 0.
static_path() {
    local peers=$1 every
    every=$(awk -v n="$peers" 'BEGIN { n = n * 40 / 40000; print n < 0.05 ? 0.05 : n }')
    mean "$2" "lookup.hops.mean lookup.success lookup.hops.p99" workloads/chord2003-static.yaml --set "overlay.peers=$peers" \
        --set "overlay.bootstrap.nodes=4" --set "workload.lookup.every=$every s" | awk -v n="$peers" '{ printf "%.3f %s %g\n", $1 - 1 + 1 / n, $2, $3 - 1 }'
}

# churned RATE SEEDS: path, time-outs a look-up, wrong answers in 10,000, peers online, at this many joins and leaves a second each.
churned() {
    local life="{exponential: {mean: $(awk -v r="$1" 'BEGIN { printf "%.3f", 1000 / r }') s}}"
    mean "$2" "lookup.hops.mean lookup.dead_hops.mean lookup.success nodes_online_mean" workloads/chord2003.yaml \
        --set "churn.session=$life" --set "churn.offline=$life" |
        awk '{ printf "%.2f %.3f %.1f %.0f\n", $1 - 1, $2, (1 - $3) * 10000, $4 }'
}

# struck SHARE SEEDS: path and time-outs of the first look-ups after this share of 1,000 nodes has died at once, in %; nobody stabilises any more. And the share of the look-ups
# that found no end.
struck() {
    mean "$2" "lookup.hops.mean lookup.dead_hops.mean lookup.outcome.timeout" workloads/chord2003-static.yaml --set overlay.peers=1000 --set overlay.chord2003.successors=20 \
        --set overlay.chord2003.timeout="500 ms" --set "faults=[{at: 0 s, kill: {share: $1 %}}]" --set "check=[]" --set "phases={warmup: 0 s, measure: 60 s}" --set workload.lookup.every="6 s" |
        awk '{ printf "%.2f %.2f %g\n", $1 - 1, $2, $3 }'
}

# settled SHARE: look-ups of 10,000 that are not right, from ten minutes on after this share of 10,000 nodes has died at once, in %.
settled() {
    simulate workloads/chord2003.yaml --set overlay.peers=10000 --set churn=none --set workload.lookup.every="20 s" --set "faults=[{at: 0 s, kill: {share: $1 %}}]" \
        --set "phases={warmup: 10 s, measure: 15 min}" || exit 1
    /usr/bin/python3 sim/chord2003/test/late.py "$scratch/results.h5" 600
}

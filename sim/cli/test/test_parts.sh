#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Parts of reloadsim that are programs of their own, and replications. Pins: that parts are found beside the program and in ../libexec/reloadsim, and their
# status is handed through; that run i of --replications is, to the byte of its stable figures, the run of its seed alone; what is refused; that a failed
# check shows in the status, and that a signal ends all runs and keeps what they have. Leaves open: what the analysis makes of it (analysis/test).
. "$(dirname "$0")/../../../scripts/test-lib.sh"
program=$(readlink -f "${RELOADSIM:-build/reloadsim}")
top=$(cd "$(dirname "$0")/../../.." && pwd)
python=${PYTHON:-/usr/bin/python3}
cd "$top" || exit 1

runs() { ends "$1" "$program" "${@:2}"; } # wanted status, arguments
says() { told "$2" "$1"; } # which output, text
figures() { grep -vE '"(ranks?[.0-9a-z_]*|run_wall_s|wall_s|cpu_s|start_cpu_s|peak_rss_bytes|events_per_cpu_s|datagrams_per_cpu_s|bytes_per_node)"' "$1/summary.json"; }
cat >"$work/small.yaml" <<'YAML'
reloadsim: 1
seed: 5
overlay: {peers: 20}
network: {model: constant, delay: 30 ms}
workload: {register: {every: 1 min, lifetime: 2 min}, lookup: {every: 10 s}}
phases: {warmup: 10 s, measure: 30 s}
check: [{lookup.count: "> 10"}]
YAML

run_leaves_a_page_and_report_makes_it_again() {
    runs 0 run --quiet "$work/small.yaml" -o "$work/one" && [ -s "$work/one/report.html" ] && cp "$work/one/report.html" "$work/page" && runs 0 report "$work/one" --json &&
        says out '"lookup.success"' && cmp "$work/page" "$work/one/report.html" && runs 0 compare "$work/one" "$work/one"
}
compare_is_found() {
    for s in 1 2; do
        mkdir -p "$work/r$s" && "$python" analysis/test/fixture.py "$work/r$s/results.h5" seed=$s peers=20 measure=100 warmup=50 fault=0 || return 1
    done
    runs 0 compare "$work/r1" "$work/r1" && says out equal && runs 1 compare "$work/r1" "$work/r2" && runs 2 compare "$work/r1" && says err 'give two results' &&
        runs 0 compare --help && says out 'Status 0'
}
installed_parts_are_found() {
    mkdir -p "$work/usr/bin" "$work/usr/libexec/reloadsim" && cp "$program" "$work/usr/bin" && cp "$(dirname "$program")/reloadsim-compare" "$work/usr/libexec/reloadsim" &&
        "$work/usr/bin/reloadsim" compare "$work/r1" "$work/r1" >/dev/null
}
missing_part_is_told() {
    rm -r "$work/usr/libexec" && local got=0
    "$work/usr/bin/reloadsim" compare "$work/r1" "$work/r1" >"$work/out" 2>"$work/err" || got=$?
    [ "$got" -eq 4 ] && says err 'the part reloadsim-compare is missing'
}
summed_up() { [ -s "$1/replications.json" ] && [ -s "$1/report.html" ] && [ -s "$1/rep-01/report.html" ]; }
replications_are_the_runs_of_their_seeds() {
    runs 0 run "$work/small.yaml" --replications 3 --set seed=8 -o "$work/three" && says out '3 replications' && says err 'seeds 8 to 10' && says err '(3 of 3)' && [ ! -e "$work/three/rep-04" ] && summed_up "$work/three" || return 1
    for i in 1 2 3; do
        runs 0 run --quiet "$work/small.yaml" --set seed=$((7 + i)) --partitions 2 -o "$work/alone" && diff <(figures "$work/alone") <(figures "$work/three/rep-0$i") || return 1
    done
}
old_replications_are_not_counted_in() { runs 2 run --quiet "$work/small.yaml" --replications 2 -o "$work/three" && says err 'other replications of an earlier time'; }
wrong_usage() {
    runs 2 run "$work/small.yaml" --replications 3 && says err 'needs -o DIR' && runs 2 run - --replications 3 -o "$work/x" && says err 'give a file' &&
        runs 2 run "$work/small.yaml" --replications 0 -o "$work/x" && runs 2 run "$work/small.yaml" --replications many -o "$work/x" &&
        runs 2 run "$work/none.yaml" --replications 2 -o "$work/x" && [ ! -e "$work/x" ]
}
failed_check_shows() {
    runs 1 run --quiet "$work/small.yaml" --set 'check=[{lookup.count: "> 1 G"}]' --replications 2 -o "$work/failing" && [ -s "$work/failing/rep-02/summary.json" ] &&
        summed_up "$work/failing"
}
signal_ends_all() {
    local got=0
    "$program" run "$work/small.yaml" --set phases.measure=30d --replications 4 -o "$work/cut" >"$work/out" 2>"$work/err" &
    local pid=$!
    for _ in $(seq 100); do
        [ -e "$work/cut/rep-01/scenario.resolved.yaml" ] && break
        sleep 0.1
    done
    sleep 1.5
    kill -TERM $pid
    wait $pid || got=$?
    [ "$got" -eq 130 ] && says err interrupted && [ -s "$work/cut/rep-01/summary.json" ] && [ ! -e "$work/cut/rep-04" ] && [ ! -e "$work/cut/replications.json" ]
}

check 'a run leaves its page, and report makes the same' run_leaves_a_page_and_report_makes_it_again
check 'compare is found beside the program, and its status handed through' compare_is_found
check 'parts are found where make install puts them' installed_parts_are_found
check 'a missing part is told, status 4' missing_part_is_told
check 'a replication is the run of its seed' replications_are_the_runs_of_their_seeds
check 'replications of an earlier time are not counted in' old_replications_are_not_counted_in
check 'wrong usage of --replications is told' wrong_usage
check 'a failed check in a replication shows in the status' failed_check_shows
check 'a signal ends all replications and keeps what they have' signal_ends_all
exit $status

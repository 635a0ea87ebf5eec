#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# reloadsim report from outside. Pins: exit statuses and words for complete, interrupted, running and missing results; that the analysis program beside the
# executable, or in ../libexec/reloadsim, gets the arguments, and that its status counts. Leaves open killed runs (sim/record/test) and what that program makes.
. "$(dirname "$0")/../../../scripts/test-lib.sh"
mkdir -p "$work/bin" "$work/libexec/reloadsim"
cp "$(readlink -f "${RELOADSIM:-build/reloadsim}")" "$work/bin/reloadsim"
program=$work/bin/reloadsim
reports() { ends "$1" "$program" report "${@:2}"; } # wanted status, arguments
says() { told "$1" err; }
analysis() { printf '#!/bin/sh\nprintf "<%%s>" "$@"\nexit %s\n' "$2" >"$1/reloadsim-report" && chmod +x "$1/reloadsim-report"; }
cat >"$work/small.yaml" <<'YAML'
reloadsim: 1
overlay: {peers: 20}
network: {model: constant, delay: 30 ms}
workload: {register: {every: 1 min, lifetime: 2 min}, lookup: {every: 10 s}}
phases: {warmup: 10 s, measure: 30 s}
YAML

wrong_usage() { reports 2 && says 'which results' && reports 2 --json "$work/done" && says 'the folder comes first' && reports 2 "$work/nowhere" && says 'No such file' &&
    mkdir "$work/empty" && reports 2 "$work/empty" && says 'holds no results'; }
complete_is_status_0() {
    "$program" run --quiet "$work/small.yaml" -o "$work/done" && reports 0 "$work/done" && says 'no page is made: the analysis program reloadsim-report is neither'
}
running_is_left_alone() {
    "$program" run --quiet "$work/small.yaml" --set phases.measure=300d -o "$work/cut" 2>"$work/run" &
    pid=$!
    for _ in $(seq 100); do [ -s "$work/cut/results.segments" ] && break; sleep 0.1; done
    sleep 0.3
    reports 3 "$work/cut" && says 'goes on' && [ -e "$work/cut/results.segments" ] && [ ! -e "$work/cut/results.h5" ]
}
a_second_run_is_refused() {
    local got=0
    "$program" run --quiet "$work/small.yaml" -o "$work/cut" 2>"$work/err" || got=$?
    [ $got -eq 4 ] && says 'a run that goes on now writes it' && kill -0 $pid
}
interrupted_is_status_3() {
    local got=0
    kill -TERM $pid
    wait $pid || got=$?
    [ $got -eq 130 ] && [ -e "$work/cut/results.h5" ] && [ ! -e "$work/cut/results.segments" ] && grep -q '"complete": 0' "$work/cut/summary.json" &&
        reports 3 "$work/cut" && says 'incomplete: the run did not get to its end'
}
ctrl_c_keeps_results() { # a shell starts what it puts in the background with SIGINT ignored
    local got=0
    env --default-signal=INT "$program" run --quiet "$work/small.yaml" --set phases.measure=300d -o "$work/int" 2>"$work/run" &
    pid=$!
    for _ in $(seq 100); do [ -s "$work/int/results.segments" ] && break; sleep 0.1; done
    sleep 0.3
    kill -INT $pid
    wait $pid || got=$?
    [ $got -eq 130 ] && grep -q '"complete": 0' "$work/int/summary.json" && reports 3 "$work/int"
}
libexec_is_found() { analysis "$work/libexec/reloadsim" 0 && reports 0 "$work/done" --open && [ "$(cat "$work/out")" = "<$work/done><--open>" ] && reports 3 "$work/cut"; }
beside_comes_first() { analysis "$work/bin" 1 && reports 1 "$work/done" && reports 1 "$work/cut"; }
a_program_that_dies_is_told() { printf '#!/bin/sh\nkill -9 $$\n' >"$work/bin/reloadsim-report" && reports 70 "$work/done" && says 'ended by signal 9'; }

check 'wrong usage and folders without results are told, status 2' wrong_usage
check 'complete results are status 0, and a missing analysis program is told' complete_is_status_0
check 'a run that goes on is left alone, status 3' running_is_left_alone
check 'a second run into the folder of one that goes on is refused, status 4' a_second_run_is_refused
check 'an interrupted run is status 130, its report 3' interrupted_is_status_3
check 'Ctrl-C keeps what was measured, too' ctrl_c_keeps_results
check 'the analysis program of ../libexec gets all arguments' libexec_is_found
check 'one beside the program comes first, and its status counts' beside_comes_first
check 'an analysis program that dies is told' a_program_that_dies_is_told
exit $status

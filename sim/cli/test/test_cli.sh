#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The program from outside. Pins: exit statuses, what goes to standard output and what to standard error, files of a run, help and its examples, JSON
# that parses, that every scenario of workloads/ is right, that REFERENCE.md is up to date, that an interrupted run keeps its results.
# Leaves open: figures (sim/world), decode's output (sim/cli/decode.c has its own tests).
. "$(dirname "$0")/../../../scripts/test-lib.sh"
program=$(readlink -f "${RELOADSIM:-build/reloadsim}")
top=$(cd "$(dirname "$0")/../../.." && pwd)
cd "$top" || exit 1

runs() { ends "$1" "$program" "${@:2}"; } # wanted status, arguments
says() { told "$2" "$1"; } # which output, text
silent() { [ ! -s "$work/$1" ] || { echo "unexpected:"; cat "$work/$1"; return 1; }; }
is_json() { # a file; without python3 nothing is known and nothing claimed
    command -v python3 >/dev/null || return 0
    python3 -c 'import json, sys
for text in open(sys.argv[1]).read().strip().replace("}\n{", "}\0{").split("\0"): json.loads(text)' "$1"
}
cat >"$work/small.yaml" <<'YAML'
reloadsim: 1
overlay: {peers: 20}
network: {model: constant, delay: 30 ms}
workload: {register: {every: 1 min, lifetime: 2 min}, lookup: {every: 10 s}}
phases: {warmup: 10 s, measure: 30 s}
record: {capture: {nodes: 2}}
check: [{lookup.count: "> 10"}]
YAML

no_command() { runs 2 && silent out && says err 'reloadsim run workloads/quickstart.yaml'; }
unknown_command() { runs 2 chek && silent out && says err 'did you mean check?'; }
version() { runs 0 --version && silent err && grep -qE '^reloadsim [0-9]+\.[0-9]+\.[0-9]+$' "$work/out"; }
every_command_has_help() {
    runs 0 --help && silent err || return 1
    for c in $(sed -n '/^Commands/,/^$/s/^  \([a-z]*\) .*/\1/p' "$work/out"); do
        runs 0 "$c" --help && says out "reloadsim $c" && runs 0 help "$c" && silent err || return 1
    done
    runs 0 help status && says out '130  interrupted' && runs 2 help nonsense
}
wrong_usage() {
    runs 2 run && says err 'which scenario' && runs 2 run a b && runs 2 check && runs 2 check --jsn x && says err 'did you mean --json?' &&
        runs 2 run --engine stack x && says err 'windows | heap' && runs 2 run --partitions 0 x && runs 2 run --partitions -1 x &&
        runs 2 run --progress=loud x && runs 2 run -o && says err 'needs a value' && runs 2 run -x y && runs 2 check --json=3 x &&
        says err 'takes no value' && runs 2 explain a b && runs 2 doctor x && runs 2 completion fish && runs 2 run --window 5 "$work/small.yaml" &&
        says err 'has no unit' && runs 2 run --window 2ms "$work/small.yaml" && says err 'at most network.min_delay, 1 ms' && silent out
}
wrong_scenario() {
    printf 'reloadsim: 1\noverlay: {peer: 100}\n' >"$work/wrong.yaml"
    for c in run check; do
        runs 2 $c "$work/wrong.yaml" && silent out && says err "wrong.yaml:2:11: unknown key \"peer\" in overlay: did you mean peers?" || return 1
        runs 2 $c "$work/none.yaml" && says err 'none.yaml: No such file or directory' || return 1
    done
    printf 'x_ms,y_ms\n1,2\n3,x\n' >"$work/bad.csv"
    runs 2 check "$work/small.yaml" --set 'network={data: bad.csv}' && says err 'bad.csv:3:' &&
        runs 2 run "$work/small.yaml" --set overlay.peers=2x -o "$work/never" && says err '--set overlay.peers=2x: ' && [ ! -e "$work/never" ]
}
standard_input() { "$program" check - <"$work/small.yaml" >"$work/out" && says out '<stdin>: fine'; }
workloads_are_right() { runs 0 check workloads/*.yaml && runs 0 check --json workloads/*.yaml && is_json "$work/out"; }
check_tells() {
    runs 0 check workloads/quickstart.yaml && says out '10.0 k online of a population of 46.8 k' && silent err &&
        ! grep -q note "$work/out" && runs 0 check workloads/quickstart.yaml --set workload.register=none && says out 'note        nobody registers' &&
        runs 0 check workloads/quickstart.yaml --set overlay.peers=1M && says out '4.68 M'
}
resolved_is_the_same() {
    "$program" check --resolved workloads/quickstart.yaml >"$work/once.yaml" && "$program" check --resolved "$work/once.yaml" >"$work/twice.yaml" &&
        cmp "$work/once.yaml" "$work/twice.yaml"
}
explain_tells() {
    runs 0 explain && says out 'overlay.chord.fingers' && runs 0 explain overlay.chord.fingers && says out 'default  auto' && says out '1 to 128' &&
        runs 0 explain 'faults[0].kill.share' && says out 'faults: [{kill: {share: 20 %}}]' && runs 0 explain overlay.link && says out 'overlay.link.rto' &&
        runs 0 explain churn --json && is_json "$work/out" && runs 0 explain --json && is_json "$work/out" && runs 2 explain peers &&
        says err 'did you mean overlay.peers?' && for t in laws units presets metrics; do runs 0 explain $t || return 1; done
}
reference_is_up_to_date() { "$program" explain --markdown | diff -u workloads/REFERENCE.md - && echo 'make it again: reloadsim explain --markdown > workloads/REFERENCE.md'; }
doctor_tells() { runs 0 doctor && says out libyaml && says out cities.csv && runs 0 doctor --json && is_json "$work/out"; }
completion_is_bash() { "$program" completion bash >"$work/complete" && bash -n "$work/complete" &&
    bash -c "source $work/complete; COMP_WORDS=(reloadsim run --set overlay.pe) COMP_CWORD=3; compopt() { :; }; _reloadsim; [ \"\${COMPREPLY[*]}\" = overlay.peers= ]"; }
run_leaves_results() {
    runs 0 run "$work/small.yaml" -o "$work/a/b" && says err 'about' && says out 'passed' && is_json "$work/a/b/summary.json" &&
        [ -s "$work/a/b/capture.pcapng" ] && runs 0 check "$work/a/b/scenario.resolved.yaml"
}
resolved_runs_the_same() {
    runs 0 run --quiet "$work/a/b/scenario.resolved.yaml" -o "$work/again" && silent out && silent err &&
        [ "$(grep fingerprint "$work/a/b/summary.json")" = "$(grep fingerprint "$work/again/summary.json")" ]
}
how_to_run_does_not_matter() {
    for options in '--engine heap' '--partitions 3' '--partitions 2 --threads never --window 300us' '--partitions 2 --threads always'; do
        runs 0 run --quiet "$work/small.yaml" -o "$work/how" $options &&
            [ "$(grep fingerprint "$work/a/b/summary.json")" = "$(grep fingerprint "$work/how/summary.json")" ] || return 1
    done
}
failed_check_is_status_1() { runs 1 run --quiet "$work/small.yaml" --set 'check=[{lookup.count: "> 1 G"}]' && says err FAILED && silent out; }
json_progress_stays_alone() { runs 0 run --progress=json "$work/small.yaml" && is_json "$work/out" && says err passed; }
unwritable_folder_is_status_4() {
    touch "$work/file" && runs 4 run "$work/small.yaml" -o "$work/file/out" && says err "cannot write $work/file/out: Not a directory" &&
        mkdir -p "$work/taken/summary.json" && runs 4 run "$work/small.yaml" -o "$work/taken" && says err summary.json
}
too_large_is_status_4() { (ulimit -v 400000; runs 4 run "$work/small.yaml" --set overlay.peers=10M -o "$work/large") && says err 'of memory' && [ ! -e "$work/large" ]; }
full_disk_is_told() { [ ! -e /dev/full ] || { got=0; "$program" explain >/dev/full 2>"$work/err" || got=$?; [ "$got" -eq 4 ] && says err 'No space left'; }; }
# What only the world refuses (here a name too long for user names) is found out before the results of the last run go.
failed_start_keeps_results() {
    mkdir -p "$work/kept" && echo old >"$work/kept/summary.json" &&
        runs 2 run "$work/small.yaml" --set overlay.name="$(printf 'a%.0s' {1..58})" -o "$work/kept" && [ "$(cat "$work/kept/summary.json")" = old ] &&
        [ ! -e "$work/kept/scenario.resolved.yaml" ] && [ ! -e "$work/a/b/scenario.resolved.yaml.part" ]
}
interrupt_keeps_results() {
    # A shell that is not interactive starts what it puts in the background with SIGINT ignored; SIGTERM is treated alike.
    local got=0
    "$program" run "$work/small.yaml" --set phases.measure=30d --set record.capture=none -o "$work/cut" >"$work/out" 2>"$work/err" &
    local pid=$!
    sleep 1.5
    kill -TERM $pid
    wait $pid || got=$?
    [ "$got" -eq 130 ] && says err interrupted && says out 'not judged  lookup.count' && is_json "$work/cut/summary.json"
}

check 'without a command there is an overview and status 2' no_command
check 'an unknown command names the nearest' unknown_command
check 'the version is printed' version
check 'every command has help' every_command_has_help
check 'wrong usage is told and status 2' wrong_usage
check 'a wrong scenario is told with its place, status 2, nothing on standard output' wrong_scenario
check 'a scenario may come from standard input' standard_input
check 'every scenario of workloads/ is right' workloads_are_right
check 'check tells the population' check_tells
check 'a resolved scenario resolves to itself' resolved_is_the_same
check 'explain tells keys, groups, topics, JSON' explain_tells
check 'workloads/REFERENCE.md is what the program says' reference_is_up_to_date
check 'doctor tells what is here' doctor_tells
check 'completion is a script that completes keys' completion_is_bash
check 'a run leaves its results' run_leaves_results
check 'the resolved scenario runs the same' resolved_runs_the_same
check 'engine, window and partitions change nothing' how_to_run_does_not_matter
check 'a failed check is status 1' failed_check_is_status_1
check 'progress as JSON has standard output for itself' json_progress_stays_alone
check 'a folder that cannot be written is status 4' unwritable_folder_is_status_4
check 'a scenario that cannot fit is status 4 before anything is written' too_large_is_status_4
check 'a full disk is told' full_disk_is_told
check 'a start that fails keeps the results of the last run' failed_start_keeps_results
check 'an interrupted run keeps its results, status 130' interrupt_keeps_results
exit $status

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Pins `reloadsim run --ranks N` over Open MPI: the same results to the last figure, row and captured byte on 2 and 3 ranks as alone (more ranks than this machine may have
# cores); mpirun by hand; that the times of each rank add up; checks and their status; a rank that is killed, or stopped, ends all with status 3, is named, and leaves what report can read; an interrupt of any
# rank, or of the launcher, ends all with 130 and whole results; and without its parts the program says which package is missing.
# Leaves open: several machines; that worlds on ranks do not differ, which is tested at length without MPI (sim/world/test/test_ranks.c).
. "$(dirname "$0")/../../../scripts/test-lib.sh"
r=$(readlink -f "${RELOADSIM:-build/reloadsim}")
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 # MPI's own
own=(env OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
    OMPI_MCA_btl_vader_single_copy_mechanism=none mpirun.openmpi -q)

# --- without MPI --------------------------------------------------------------------------------------------------------------
mkdir "$work/bare"
cp "$r" "$work/bare/reloadsim"
without() { # the status is 4, and the package is named
    ends 4 "$work/bare/reloadsim" run workloads/det-1.yaml --ranks 2 && told libopenmpi-dev err && ends 0 "$work/bare/reloadsim" run workloads/det-1.yaml --ranks 1 --quiet
}
check "without its part for MPI it runs alone, and says what ranks need" without
listed() { "$work/bare/reloadsim" doctor >"$work/out" || true; told libopenmpi-dev out && told 'note     open mpi' out; }
check "doctor tells the same" listed

# --- misuse -------------------------------------------------------------------------------------------------------------------
check "no heap on ranks" ends 2 "$r" run workloads/det-1.yaml --ranks 2 --engine heap
check "no partitions on ranks" ends 2 "$r" run workloads/det-1.yaml --ranks 2 --partitions 2
check "no replications on ranks" ends 2 "$r" run workloads/det-1.yaml --ranks 2 --replications 2 -o "$work/x"
check "no standard input on ranks" ends 2 "$r" run - --ranks 2
check "no ranks at all" ends 2 "$r" run workloads/det-1.yaml --ranks 0
wrong() { ends 2 "$r" run workloads/det-1.yaml --ranks 2 --set overlay.peers=none && [ "$(grep -c 'overlay.peers' "$work/err")" -le 2 ]; }
check "a wrong scenario is told once" wrong

if ! [ -e "$(dirname "$r")/reloadsim-mpi.so" ] || ! command -v mpirun.openmpi >/dev/null; then
    echo "not ok - Open MPI is not here (scripts/need.sh test installs it)"
    exit 1
fi

# --- the same results ---------------------------------------------------------------------------------------------------------
for n in 1 6 8; do
    capture=(--set 'record.capture={nodes: 3}' --set record.nodes=true)
    [ $n != 8 ] || capture=(--set 'record.ring={nodes: 20, every: 5 s}')
    "$r" run workloads/det-$n.yaml -o "$work/alone-$n" --quiet "${capture[@]}" || status=1
    for ranks in $([ $n = 1 ] && echo 2 3 || echo $((n / 2 - 1))); do
        check "det-$n runs on $ranks ranks" ends 0 "$r" run workloads/det-$n.yaml --ranks $ranks -o "$work/ranks-$n" --quiet "${capture[@]}"
        check "det-$n gives the same results on $ranks ranks" "$r" compare "$work/alone-$n" "$work/ranks-$n"
        check "det-$n: nothing on standard error" test ! -s "$work/err"
        [ $n = 8 ] || check "det-$n: the same capture on $ranks ranks" cmp "$work/alone-$n/capture.pcapng" "$work/ranks-$n/capture.pcapng"
    done
done
check "mpirun by hand" ends 0 "${own[@]}" -n 2 "$r" run workloads/det-1.yaml -o "$work/hand" --quiet
check "mpirun by hand: the same figures" "$r" compare --quiet "$work/alone-1" "$work/hand"
figure() { sed -n "s/^ *\"$2\": *\([-0-9.e+]*\).*/\1/p" "$work/$1/summary.json"; }
times_add_up() { # work, waiting and exchange of each rank are the time of the run but for a per cent, and their means stand above them
    local whole rank
    whole=$(figure hand run_wall_s)
    for rank in 0 1; do
        awk -v all="$whole" -v a="$(figure hand rank.$rank.compute_s)" -v b="$(figure hand rank.$rank.wait_s)" -v c="$(figure hand rank.$rank.exchange_s)" \
            'BEGIN { sum = a + b + c; print "rank", sum, "of", all; exit !(a > 0 && b > 0 && c > 0 && all > 0 && sum > 0.99 * all - 0.01 && sum < 1.01 * all + 0.01) }' || return 1
    done
    [ "$(figure hand ranks.windows)" -gt 1000 ] && [ "$(figure hand ranks.bytes)" -gt 1000 ] && [ -z "$(figure hand rank.2.compute_s)" ] &&
        grep -q '"ranks.compute_s": null' "$work/alone-1/summary.json"
}
check "where the time of each rank went adds up" times_add_up
cat >"$work/doomed.yaml" <<'YAML'
reloadsim: 1
overlay: {peers: 20}
phases: {warmup: 5 s, measure: 20 s}
workload: {lookup: {every: 5 s, target: online}}
check: [{lookup.count: "> 1000000"}]
YAML
check "a check that fails is status 1" ends 1 "$r" run "$work/doomed.yaml" --ranks 2 --quiet
check "and is told once" told 'FAILED  lookup.count > 1e+06' err
unwritable() { : >"$work/file"; ends 4 "$r" run "$work/doomed.yaml" --ranks 2 --quiet -o "$work/file/folder"; }
check "no folder is status 4" unwritable

# --- a rank is lost, or interrupted -------------------------------------------------------------------------------------------
cat >"$work/long.yaml" <<'YAML'
reloadsim: 1
overlay: {peers: 500}
network: {model: constant, delay: 30 ms}
workload: {register: {every: 1 min, lifetime: 2 min}, lookup: {every: 1 s, target: online}}
phases: {warmup: 5 s, measure: 10 h}
record: {interval: 1 s}
YAML
rank_process() { # DIR RANK: its process, once it has recorded something
    local i pid
    for i in $(seq 300); do
        [ "$(stat -c %s "$1/results.segments" 2>/dev/null || echo 0)" -gt 6000 ] && break
        sleep 0.1
    done
    for pid in $(pgrep -f -- "-o $1 "); do
        tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -qx "OMPI_COMM_WORLD_RANK=$2" && echo "$pid" && return
    done
}
struck() { # SIGNAL RANK WANTED: strikes one rank of a run on three; it must end in time
    local dir=$work/$1-$2 launcher victim began got=0
    "$r" run "$work/long.yaml" --ranks 3 -o "$dir" --quiet --progress off >"$dir.out" 2>"$dir.err" &
    launcher=$!
    victim=$(rank_process "$dir" "$2")
    [ -n "$victim" ] || { echo "rank $2 is not there"; cat "$dir.err"; kill $launcher; return 1; }
    [ "$1" != LAUNCHER ] || victim=$launcher
    began=$(date +%s)
    kill -"${1/LAUNCHER/INT}" "$victim"
    wait $launcher || got=$?
    cat "$dir.err"
    [ $(($(date +%s) - began)) -le 30 ] || { echo "it took $(($(date +%s) - began)) s"; return 1; }
    [ $got -eq "$3" ] || { echo "status $got, not $3"; return 1; }
}
lost() { # SIGNAL RANK SENTENCE
    struck "$1" "$2" 3 || return 1
    local err=$work/$1-$2.err
    grep -qE "reloadsim: rank $2 on $(hostname) $3; the last window it came to is [0-9]+, at [0-9.]+ s" "$err" || { echo "the rank is not named"; return 1; }
    [ "$(grep -c 'reloadsim: rank' "$err")" -eq 1 ] || { echo "not told once"; return 1; }
    ends 3 "$r" report "$work/$1-$2" || return 1
    [ -s "$work/$1-$2/results.h5" ]
}
ended() { # SIGNAL RANK
    struck "$1" "$2" 130 || return 1
    grep -q '"complete": 0' "$work/$1-$2/summary.json" && [ -s "$work/$1-$2/results.h5" ] && [ ! -e "$work/$1-$2/results.segments" ]
}
check "rank 1 is killed" lost KILL 1 died
check "rank 0 is killed" lost KILL 0 died
check "rank 2 is stopped" lost STOP 2 "does not answer"
check "an interrupt of rank 1 ends all in order" ended INT 1
check "an interrupt of the launcher ends all in order" ended LAUNCHER 0
exit $status

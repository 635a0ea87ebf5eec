#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Pins runs across machines: mpirun with a hostfile over two network namespaces, with a cable of no delay and with one of 300 us, gives the same results to the last row as one
# rank alone; a rank on the other machine that is killed, or stopped, ends all within 30 s, its machine is named, and what was recorded is read. Where namespaces are
# not permitted it says so and passes. The status is 3, or what mpirun says of a process that was killed when it hears of it before the others do. Leaves open: machines of different make, and what a real network costs (scripts/measure-machines.sh).
. "$(dirname "$0")/../../../scripts/test-lib.sh"
. "$(dirname "$0")/../../../scripts/machines.sh"
r=$(readlink -f "${RELOADSIM:-build/reloadsim}")
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 # MPI's own
trap 'machines_down; rm -rf "$work"' EXIT

if ! why=$(machines_possible); then
    echo "ok - skipped: $why"
    exit 0
fi
cat >"$work/short.yaml" <<'YAML'
reloadsim: 1
seed: 6
overlay: {peers: 80}
network: {model: constant, delay: 40 ms, min_delay: 10 ms, loss: 1 %}
churn: {preset: kad-steiner}
workload: {register: {every: 10 s, lifetime: 20 s}, lookup: {every: 2 s, target: online}}
phases: {warmup: 5 s, measure: 8 s}
record: {interval: 4 s, nodes: true}
YAML
sed 's/measure: 8 s/measure: 10 h/; s/interval: 4 s/interval: 1 s/' "$work/short.yaml" >"$work/long.yaml"

equal() { # RANKS
    rm -rf "$work/far"
    machines_run "$1" "$r" run "$work/short.yaml" -o "$work/far" --quiet || return 1
    "$r" compare "$work/alone" "$work/far" || return 1
    grep -q "\"ranks\": $1," "$work/far/summary.json"
}
other_host() { # a rank was on the other machine: it speaks of itself there
    machines_run 2 sh -c 'echo "$OMPI_COMM_WORLD_RANK on $(hostname)"' | sort | paste -sd, | grep -qx '0 on machine1,1 on machine2'
}
rank_process() { # RANK: its process on the second machine, once rank 0 has recorded something
    local i pid
    for i in $(seq 600); do
        [ "$(stat -c %s "$work/lost/results.segments" 2>/dev/null || echo 0)" -gt 8000 ] && break
        sleep 0.1
    done
    for pid in $(ip netns pids "$machines_tag.2"); do
        [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = reloadsim ] && tr '\0' '\n' <"/proc/$pid/environ" | grep -qx "OMPI_COMM_WORLD_RANK=$1" && echo "$pid" && return
    done
}
lost() { # SIGNAL STATUSES SENTENCE: strikes rank 1 of two
    local run victim began took got=0
    rm -rf "$work/lost"
    machines_run 2 "$r" run "$work/long.yaml" -o "$work/lost" --quiet --progress off >"$work/lost.out" 2>"$work/lost.err" &
    run=$!
    victim=$(rank_process 1)
    [ -n "$victim" ] || { echo "rank 1 is not there"; cat "$work/lost.err"; return 1; }
    began=$(date +%s)
    kill -"$1" "$victim"
    wait $run || got=$?
    took=$(($(date +%s) - began))
    kill -KILL "$victim" 2>/dev/null
    cat "$work/lost.err"
    [ $took -le 30 ] || { echo "it took $took s"; return 1; }
    grep -qwE "$2" <<<$got || { echo "status $got, not $2"; return 1; }
    grep -qE "reloadsim: rank 1 on machine2 $3; the last window it came to is [0-9]+, at [0-9.]+ s" "$work/lost.err" || { echo "the rank is not named"; return 1; }
    ends 3 "$r" report "$work/lost" && [ -s "$work/lost/results.h5" ]
}

"$r" run "$work/short.yaml" -o "$work/alone" --quiet || status=1
machines_up "$work" || { echo "not ok - two namespaces"; exit 1; }
check "there are two machines" other_host
check "two machines give the results of one rank" equal 2
check "three ranks on two machines do" equal 3
check "a rank on the other machine is killed" lost KILL '3|137' died
check "a rank on the other machine is stopped" lost STOP 3 "does not answer"
machines_down
if [ ! -c /dev/net/tun ]; then
    echo "ok - skipped a slow cable: no /dev/net/tun"
    exit $status
fi
machines_up "$work" 300 || { echo "not ok - a slow cable"; exit 1; }
check "with a slow cable between them they do" equal 2
exit $status

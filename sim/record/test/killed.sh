#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# killed.sh INSTANTS: runs are killed (SIGKILL) at so many random instants; SEED replays. A line "ok - ..." or "not ok - ...".
# Each must leave every whole row that a reader of its own finds in the segments; report must finish it with status 3 (0 if it had ended), and what
# it makes must be the first rows of the run that was left alone, bit for bit. Some are killed again while report works, and reported again.
set -u
export LC_ALL=C PYTHONDONTWRITEBYTECODE=1
instants=${1:?usage: killed.sh INSTANTS}
program=$(readlink -f "${RELOADSIM:-build/reloadsim}")
python=${PYTHON:-/usr/bin/python3} # one that has h5py
rows=$(cd "$(dirname "$0")" && pwd)/rows.py
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
RANDOM=${SEED:=$$}
cat >"$work/small.yaml" <<'YAML'
reloadsim: 1
overlay: {peers: 100}
network: {model: constant, delay: 30 ms}
churn: {session: {exponential: {mean: 5 min}}, offline: {exponential: {mean: 5 min}}}
workload: {register: {every: 1 min, lifetime: 2 min}, lookup: {every: 10 s}}
phases: {warmup: 60 s, measure: 10 min}
faults: [{at: 60 s, kill: {share: 20 %, mode: host}}]
record: {interval: 1 s}
YAML
fail() { echo "not ok - killed at a random instant: $* (SEED=$SEED)"; cp -r "$work/$k" /tmp/killed.$$ 2>/dev/null; exit 1; }
now_ms() { echo $(($(date +%s%N) / 1000000)); }
began=$(now_ms)
"$program" run --quiet "$work/small.yaml" -o "$work/whole" || { echo "not ok - the run that is left alone"; exit 1; }
takes=$(($(now_ms) - began))
cut=() inside=0
for k in $(seq "$instants"); do
    dir=$work/$k
    "$program" run --quiet "$work/small.yaml" -o "$dir" 2>/dev/null &
    pid=$!
    sleep "$(printf '%d.%03d' $((RANDOM % (takes + 1) / 1000)) $((RANDOM % (takes + 1) % 1000)))"
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
    if [ ! -e "$dir/results.segments" ]; then # not begun, or ended
        got=0
        "$program" report "$dir" >/dev/null 2>"$work/err" || got=$?
        [ -e "$dir/results.h5" ] && wanted=0 || wanted=2
        [ $got -eq $wanted ] || fail "report ends with $got, not $wanted: $(cat "$work/err")"
        rm -rf "$dir"
        continue
    fi
    inside=$((inside + 1))
    whole=$("$python" "$rows" segments "$dir") || fail "the segments cannot be read"
    if [ $((k % 3)) -eq 0 ]; then # report is killed, too
        "$program" report "$dir" >/dev/null 2>/dev/null &
        pid=$!
        sleep "0.0$((RANDOM % 90 + 10))"
        kill -9 $pid 2>/dev/null
        wait $pid 2>/dev/null
    fi
    before=$([ -e "$dir/results.segments" ] && echo 1 || echo 0)
    got=0
    "$program" report "$dir" >/dev/null 2>"$work/err" || got=$?
    [ ! -e "$dir/results.segments" ] && [ -e "$dir/results.h5" ] && [ -e "$dir/summary.json" ] || fail "report leaves no results: $(cat "$work/err")"
    if [ $got -eq 0 ]; then # it was killed between its last segment and the end
        "$python" "$rows" same "$work/whole" "$dir" || fail "complete, and not the same"
    else
        [ $got -eq 3 ] || fail "report ends with $got: $(cat "$work/err")"
        grep -q incomplete "$work/err" && grep -q '"complete": 0' "$dir/summary.json" || fail "report does not say that it is incomplete"
        [ $before -eq 0 ] || grep -q "; $whole row" "$work/err" || fail "$whole whole rows, but: $(cat "$work/err")"
        cut+=("$dir")
    fi
done 2>/dev/null
[ ${#cut[@]} -gt 0 ] || { echo "not ok - no run was killed while it went on (SEED=$SEED)"; exit 1; }
"$python" "$rows" prefix "$work/whole" "${cut[@]}" || { echo "not ok - rows of killed runs differ from those of the whole run (SEED=$SEED)"; exit 1; }
echo "ok - $instants runs killed, $inside of them while they recorded: all whole rows are there, none is wrong (SEED=$SEED)"

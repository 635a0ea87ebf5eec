#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Checkpoints from outside. Pins: a run that was killed (SIGKILL) at a random moment, once or again while it was going on, ends as the unbroken one does once it is resumed, on other
# partitions or ranks, in everything but volatile keys; SIGUSR2 writes a checkpoint; a damaged, foreign or missing one is refused with a sentence and status 2, and results that stand there
# are left alone; --set changes what may change, in a folder of its own, and refuses the rest by the name of the key. Leaves open: what a checkpoint holds
# (sim/world/test/test_checkpoint.c), every bit of a file (sim/checkpoint/test/test_archive.c).
. "$(dirname "$0")/../../../scripts/test-lib.sh"
program=$(readlink -f "${RELOADSIM:-${BUILD:-build}/reloadsim}")
top=$(cd "$(dirname "$0")/../../.." && pwd)
cd "$top" || exit 1
python=${PYTHON:-/usr/bin/python3}
RANDOM=${SEED:-7}

runs() { ends "$1" "$program" "${@:2}"; } # wanted status, arguments
says() { told "$2" "$1"; }                # which output, text
cat >"$work/small.yaml" <<'YAML'
reloadsim: 1
overlay: {peers: 150}
network: {model: coordinates, loss: 1 %}
churn: {session: {exponential: {mean: 4 min}}, offline: {exponential: {mean: 2 min}}}
workload: {register: {every: 2 min, lifetime: 5 min}, lookup: {every: 10 s, target: registered}}
phases: {warmup: 1 min, measure: 6 min}
faults: [{at: 2 min, kill: {share: 20 %}}]
record: {interval: 5 s, nodes: true, ring: {nodes: 16, every: 4 s}, capture: {nodes: 2}}
check: [{lookup.count: "> 10"}]
YAML

# Everything but what depends on the machine; the scenario differs in its checkpoints.
facts() { grep -vE '"(ranks?[.0-9a-z_]*|run_wall_s|wall_s|cpu_s|start_cpu_s|peak_rss_bytes|events_per_cpu_s|datagrams_per_cpu_s|bytes_per_node)"' "$1/summary.json" | sed 's/,$//'; }
same() { # two folders of results
    diff <(facts "$1") <(facts "$2") && cmp "$1/capture.pcapng" "$2/capture.pcapng" || return 1
    "$python" - "$1/results.h5" "$2/results.h5" <<'PY'
import sys, h5py
def flat(path):
    out = {}
    def visit(name, item):
        if name.startswith("meta/wall") or name == "config/scenario": return
        for key, value in item.attrs.items(): out[name + "@" + key] = str(value)
        if isinstance(item, h5py.Dataset): out[name] = item[()].tobytes() if item.dtype.kind != "O" else str(item[()])
    with h5py.File(path) as f: f.visititems(visit)
    return out
a, b = (flat(p) for p in sys.argv[1:])
wrong = sorted(k for k in a.keys() | b.keys() if a.get(k) != b.get(k))
print("differ:", wrong[:10]) if wrong else None
sys.exit(bool(wrong) or len(a) < 100)
PY
}
unbroken() { [ -e "$work/whole/summary.json" ] || runs 0 run "$work/small.yaml" --quiet -o "$work/whole"; }

# Starts it in the background and kills it when so many checkpoints have been seen and a random time more has gone by; it may have come to its end.
kill_in_the_middle() { # folder, arguments
    local folder=$1 pid i before
    shift
    before=$(stat -c %i "$folder/checkpoint" 2>/dev/null)
    "$program" "$@" --quiet >"$work/out" 2>"$work/err" &
    pid=$!
    for ((i = 0; i < 2000; i++)); do
        [ "$(stat -c %i "$folder/checkpoint" 2>/dev/null)" = "$before" ] || break
        kill -0 $pid 2>/dev/null || break
        sleep 0.01
    done
    sleep "0.0$((RANDOM % 10))$((RANDOM % 10))"
    kill -KILL $pid 2>/dev/null
    wait $pid 2>/dev/null
    [ -e "$folder/checkpoint" ] || { echo "no checkpoint was left"; cat "$work/err"; return 1; }
}
killed_and_resumed() {
    unbroken || return 1
    for partitions in 1 3; do
        rm -rf "$work/broken"
        kill_in_the_middle "$work/broken" run "$work/small.yaml" --set "checkpoint.every=$((20 + RANDOM % 20)) s" -o "$work/broken" &&
            runs 0 resume "$work/broken" --partitions $partitions --quiet && same "$work/whole" "$work/broken" && [ ! -e "$work/broken/results.segments" ] || return 1
    done
}
killed_twice() {
    unbroken && rm -rf "$work/broken" &&
        kill_in_the_middle "$work/broken" run "$work/small.yaml" --set checkpoint.every=25s --partitions 2 -o "$work/broken" &&
        kill_in_the_middle "$work/broken" resume "$work/broken" --partitions 3 && runs 0 resume "$work/broken" --engine heap --quiet && same "$work/whole" "$work/broken"
}
resumed_on_ranks() {
    command -v mpirun.openmpi >/dev/null && [ -e "$(dirname "$program")/reloadsim-mpi.so" ] || return 0
    local short=(--set network.min_delay=50ms --set 'faults[0].at=20 s' --set 'phases={warmup: 10 s, measure: 50 s}') # each window is a meeting
    runs 0 run "$work/small.yaml" "${short[@]}" --quiet -o "$work/one" && runs 0 run "$work/small.yaml" "${short[@]}" --set checkpoint.every=40s --ranks 2 --quiet -o "$work/two" &&
        runs 0 resume "$work/two" --ranks 3 --quiet -o "$work/three" && same "$work/one" "$work/three"
}
ended_run_goes_on_again() { unbroken && runs 0 run "$work/small.yaml" --set checkpoint.every=2min --quiet -o "$work/ended" && runs 0 resume "$work/ended" --quiet && same "$work/whole" "$work/ended"; }
asked_by_signal() {
    local pid i
    rm -rf "$work/asked"
    "$program" run "$work/small.yaml" --set phases.measure=30d --set record.capture=none --quiet -o "$work/asked" >"$work/out" 2>"$work/err" &
    pid=$!
    for ((i = 0; i < 1000; i++)); do
        [ -e "$work/asked/results.segments" ] && sleep 0.3 && kill -USR2 $pid
        [ -e "$work/asked/checkpoint" ] && break
        kill -0 $pid || break
        sleep 0.05
    done
    kill -KILL $pid
    wait $pid 2>/dev/null
    [ -e "$work/asked/checkpoint" ] && says err 'reloadsim: checkpoint at' && runs 0 resume "$work/asked" --set phases.measure=31d --set 'phases.measure=1 h' -o "$work/asked-on" --quiet ||
        { runs 2 resume "$work/asked" --set 'phases.measure=1 h' -o "$work/asked-on" --quiet && says err 'phases.measure must end after the checkpoint'; }
}
damaged_is_refused() {
    local size
    runs 0 run "$work/small.yaml" --set checkpoint.every=2min --quiet -o "$work/bad" && cp "$work/bad/checkpoint" "$work/good" && cp "$work/bad/summary.json" "$work/kept.json" || return 1
    size=$(stat -c %s "$work/good")
    for _ in 1 2 3; do
        head -c $((RANDOM * 32768 % size)) "$work/good" >"$work/bad/checkpoint"
        runs 2 resume "$work/bad" --quiet && says err "bad/checkpoint: " || return 1
        cp "$work/good" "$work/bad/checkpoint"
        printf "\\$(printf %o $((RANDOM % 256)))" | dd of="$work/bad/checkpoint" bs=1 seek=$(((RANDOM * 32768 + RANDOM) % size)) conv=notrunc 2>/dev/null
        cmp -s "$work/good" "$work/bad/checkpoint" || { "$program" resume "$work/bad" --quiet >"$work/out" 2>"$work/err"; [ $? = 2 ] && says err "bad/checkpoint: the checkpoint is damaged"; } ||
            says err "bad/checkpoint: " || return 1
    done
    cmp "$work/kept.json" "$work/bad/summary.json"
}
other_files_are_refused() {
    mkdir -p "$work/none" && runs 2 resume "$work/none" && says err 'none/checkpoint: No such file' && cp "$work/small.yaml" "$work/none/checkpoint" &&
        runs 2 resume "$work/none" && says err 'this is no checkpoint' && runs 2 resume && says err 'which run' && runs 2 resume "$work/good" && says err 'no folder of results' &&
        runs 2 resume "$work/ended" --replications 3
}
data_that_changed_is_refused() {
    printf 'name,lat,lon,x_ms,y_ms,weight\n' >/dev/null
    cp topologies/cities.csv "$work/places.csv" && runs 0 run "$work/small.yaml" --set network.data=places.csv --set checkpoint.every=2min --quiet -o "$work/moved" &&
        sed -i '$d' "$work/places.csv" && runs 2 resume "$work/moved" --quiet && says err 'network.data is another file now'
}
what_cannot_change() {
    for set in seed=2 overlay.peers=151 overlay.chord.fingers=20 'network.model=constant' overlay.link.mtu=1000 'churn.session=1 h' record.interval=6s 'phases.warmup=2 min' \
        'faults=[{at: 1 min, kill: {share: 20 %}}]' 'faults[0].kill.share=10 %' 'check=[{lookup.success: "> 1 %", except: 7 min after faults}]' 'phases.measure=3 min'; do
        rm -rf "$work/never"
        runs 2 resume "$work/ended" --set "$set" -o "$work/never" --quiet && grep -qF -- "${set%%[=.[]*}" "$work/err" && [ ! -e "$work/never" ] || { cat "$work/err"; return 1; }
    done
    runs 2 resume "$work/ended" --set network.loss=2% && says err 'give it a folder with -o DIR'
}
# With what stands in the scenario already it is the same run; with something else, another one, and rows before the checkpoint are the same.
branches() {
    runs 0 run "$work/small.yaml" --set checkpoint.every=4min --quiet -o "$work/root" && runs 0 resume "$work/root" --set network.loss=1% --set name=small --quiet -o "$work/same" &&
        same "$work/whole" "$work/same" &&
        runs 0 resume "$work/root" --set network.loss=6% --set workload.lookup.every=2s --set workload.register.every=30s --set 'faults[1]={at: 200 s, kill: {share: 10 %}}' \
            --set overlay.config.chord-update-interval=30s --set 'phases.measure=7 min' --quiet -o "$work/branch" && [ -e "$work/root/checkpoint" ] || return 1
    grep -q '"fault.1.what"' "$work/branch/summary.json" || { echo "the new fault is not in the results"; return 1; }
    "$python" - "$work/whole/results.h5" "$work/branch/results.h5" <<'PY'
import sys, h5py
a, b = (h5py.File(p) for p in sys.argv[1:])
ta, tb = a["timeseries/time_s"][()], b["timeseries/time_s"][()]
n = sum(t <= 240 for t in ta)
late = lambda f, k: f["timeseries/" + k][()][n + 10:n + 30].sum()
assert tb[-1] == 480 and len(set(tb)) == len(tb), "rows"
for k in ("fingerprint", "lookup.correct", "datagrams"):
    assert (a["timeseries/" + k][()][:n] == b["timeseries/" + k][()][:n]).all(), k
assert late(b, "lookups") > 2 * late(a, "lookups"), "look-ups"
assert late(b, "registrations") > 1.5 * late(a, "registrations"), "registrations"
assert late(b, "e2e.resent") > 2 * late(a, "e2e.resent"), "loss"
PY
}

check 'a run that was killed goes on and ends as the unbroken one' killed_and_resumed
check 'killed twice, on other partitions and engines' killed_twice
check 'on other ranks' resumed_on_ranks
check 'a run that has ended may go on again from its last checkpoint' ended_run_goes_on_again
check 'SIGUSR2 asks for a checkpoint' asked_by_signal
check 'a damaged checkpoint is refused and results stay' damaged_is_refused
check 'what is no checkpoint is refused' other_files_are_refused
check 'a data file that has changed is refused' data_that_changed_is_refused
check 'what shapes the overlay cannot change' what_cannot_change
check 'with --set it becomes another run from there on' branches
exit $status

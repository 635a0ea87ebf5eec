#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# reloadsim-compare and reloadsim-replications from outside, on files that h5py wrote. Pins: statuses 0, 1, 2; scenario differences by key; the interval
# in which two runs part; that a true difference is called one and chance is not; pairing by seed; Holm's count; replications.json against h5py; runs
# that do not belong together are refused. Leaves open: the statistics (test_interval.c, test_batch.c), how the table looks.
. "$(dirname "$0")/../../scripts/test-lib.sh"
build=$(dirname "$(readlink -f "${RELOADSIM:-build/reloadsim}")")
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-/usr/bin/python3}

fixture() { mkdir -p "$work/$1" && "$python" "$here/fixture.py" "$work/$1/results.h5" peers=200 "${@:2}"; }
look() { "$python" "$here/pages.py" "$@"; }
runs() { ends "$1" "$build/reloadsim-$2" "${@:3}"; } # wanted status, program, arguments
json() { # two results, then checks
    "$build/reloadsim-compare" --json "$work/$1" "$work/$2" >"$work/json" && true
    look compared "$work/json" "${@:3}"
}

equal_is_status_0() {
    fixture a fault=0 && fixture again fault=0 && runs 0 compare "$work/a" "$work/again" && told 'equal: every figure' && ! told "event that differs" >/dev/null && runs 0 compare "$work/a/results.h5" "$work/again" &&
        json a again 'c["equal"]' 'not c["scenario"]' 'c["part"] is None' 'c["tests"] == 0'
}
machine_is_not_judged() { # the fixture's wall_s follows the seed; here only that differs
    cp -r "$work/a" "$work/slow" && "$python" -c 'import h5py, sys; h5py.File(sys.argv[1], "r+")["meta/wall"].attrs["wall_s"] = 99.0' "$work/slow/results.h5" &&
        runs 0 compare "$work/a" "$work/slow" && told 'not judged' && told wall_s
}
seeds_differ() {
    fixture other fault=0 seed=2 && runs 1 compare "$work/a" "$work/other" && told seed &&
        json a other 'not c["equal"]' '[x["key"] for x in c["scenario"]] == ["seed"]' 'c["part"]["interval"] == 0' 'not any(r["significant"] for r in c["steady"] + c["figures"])' \
            'f["lookup.success"]["method"] == "none" and f["lookup.success"]["lower"] is None' 'len(s) > 15'
}
keys_are_named() {
    fixture keyed fault=0 keyed=20 && runs 1 compare "$work/a" "$work/keyed" >/dev/null || runs 0 compare "$work/a" "$work/keyed"
    told overlay.link.keepalive.interval && json a keyed 'c["scenario"] == [{"key": "overlay.link.keepalive.interval", "a": "15 s", "b": "20 s"}]'
}
parting_is_found() { # the same random numbers until the fault at 400 s of the measured phase
    fixture hit fault=400 && runs 1 compare "$work/a" "$work/hit" && told 'part in interval 71, which ends at 11 min 50 s' && told 'The first event that differs' && told 'B  fault kill 20 % <host> & more, 11 min 40 s' &&
        json a hit 'c["part"]["until_s"] == 710' 'c["event"]["b"].startswith("fault kill")' 'c["event"]["a"].startswith("phase drain")' '"faults[0].at" in [x["key"] for x in c["scenario"]]'
}
true_differences_show() {
    fixture slow2 fault=0 delay=0.1 && json a slow2 's["lookup.latency_s.mean"]["significant"]' 'abs(s["lookup.latency_s.mean"]["difference"] - 0.1) < 1e-6' \
        's["lookup.latency_s.mean"]["method"] == "paired"' 'not s["lookup.hops.mean"]["significant"]'
}
other_intervals_are_independent() {
    fixture coarse fault=0 interval=20 delay=0.2 && runs 1 compare "$work/a" "$work/coarse" && told 'cannot be laid side by side' &&
        json a coarse 's["lookup.latency_s.mean"]["method"] == "independent"' 's["lookup.latency_s.mean"]["significant"]' 'not s["lookup.hops.mean"]["significant"]'
}
replications_are_summed_up() {
    for s in 1 2 3 4; do
        fixture "x/rep-0$s" seed=$s fault=0 measure=400 && fixture "y/rep-0$s" seed=$s fault=0 measure=400 success=0.98 && fixture "z/rep-0$s" seed=$((s + 10)) fault=0 measure=400 || return 1
    done
    runs 0 replications "$work/x" && told '4 replications' && told 'lookup.latency_s.p99' && look replicated "$work/x/replications.json" "$work"/x/rep-0*/results.h5 &&
        look offline "$work/x/report.html" && look offline "$work/x/rep-03/report.html" && look says "$work/x/report.html" 'fixture, 4 replications'
}
replications_are_compared() {
    runs 1 compare "$work/x" "$work/y" && told 'paired by seed' && runs 0 compare "$work/x" "$work/x" && runs 1 compare "$work/x" "$work/z" && told Welch &&
        json x y 'f["lookup.success"]["significant"]' 'f["lookup.success"]["method"] == "paired"' 'not f["lookup.hops.mean"]["significant"]' 'not c["scenario"]' &&
        json x z 'f["lookup.success"]["method"] == "independent"' 'not any(r["significant"] for r in c["figures"])'
}
what_does_not_belong_is_refused() {
    cp -r "$work/x" "$work/twice" && cp "$work/twice/rep-01/results.h5" "$work/twice/rep-02/results.h5" && runs 2 replications "$work/twice" && told 'the same run twice' &&
        cp -r "$work/x" "$work/mixed" && "$python" "$here/fixture.py" "$work/mixed/rep-02/results.h5" peers=200 seed=2 fault=0 measure=400 keyed=20 &&
        runs 2 replications "$work/mixed" && told 'keepalive.interval is 20 s, not 15 s' && runs 2 replications "$work/a" && told 'is one run'
}
incomplete_is_status_3() { "$python" "$here/fixture.py" "$work/z/rep-02/results.h5" peers=200 seed=12 fault=0 measure=400 complete=0 && runs 3 replications "$work/z" && told 'is incomplete'; }
wrong_usage() { runs 2 compare && runs 2 compare "$work/a" && runs 2 compare "$work/a" "$work/none" && told 'No such file' && runs 2 compare --jsn "$work/a" "$work/a"; }

check 'equal results are status 0' equal_is_status_0
check 'figures of the machine are never judged' machine_is_not_judged
check 'another seed is status 1 and no significant difference' seeds_differ
check 'a key of the scenario that differs is named' keys_are_named
check 'the interval in which two runs part is found' parting_is_found
check 'a true difference is found, and only that' true_differences_show
check 'runs of other intervals are compared as independent' other_intervals_are_independent
check 'replications are summed up' replications_are_summed_up
check 'replications are compared, by seed where they can be' replications_are_compared
check 'runs that do not belong together are refused' what_does_not_belong_is_refused
check 'an incomplete replication is status 3' incomplete_is_status_3
check 'wrong usage is status 2' wrong_usage
exit $status

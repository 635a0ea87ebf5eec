#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The disk fails. Pins: whichever of the first 100 calls of write, fsync, rename or open in the output folder fails (once, or from then on, or after
# half of the bytes), the run ends with status 4 and says why; a result of an earlier run is untouched or gone, never damaged; what was recorded
# is finished by report later, and equals the first rows of a run without failures. Also a real limit of the file size, a read-only folder and /dev/full.
# FULL=1 (long_faults.sh) lets each call fail in more ways. Leaves open failures of reading, and of memory.
set -u
export LC_ALL=C PYTHONDONTWRITEBYTECODE=1 ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0
program=$(readlink -f "${RELOADSIM:-build/reloadsim}")
python=${PYTHON:-/usr/bin/python3} # one that has h5py
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d) # in memory fsync costs nothing
trap 'rm -rf "$work"' EXIT
status=0
EIO=5 ENOSPC=28 EROFS=30 EDQUOT=122
cat >"$work/small.yaml" <<'YAML'
reloadsim: 1
overlay: {peers: 10}
network: {model: constant, delay: 30 ms}
workload: {register: {every: 1 min, lifetime: 2 min}, lookup: {every: 10 s}}
phases: {warmup: 10 s, measure: 100 s}
record: {interval: 1 s}
YAML
"${CC:-gcc}" -shared -fPIC -O1 -o "$work/failing.so" "$here/preload/failing.c" -ldl || { echo "not ok - the library that fails"; exit 1; }
run() { "$program" run --quiet "$work/small.yaml" -o "$@"; }
run "$work/whole" && run "$work/earlier" --set seed=2 || { echo "not ok - runs without failures"; exit 1; }

fail() { echo "not ok - $*"; status=1; }
# After a run in $dir that was made to fail: got, what; sorts the folder into complete or cut for the comparison of all.
complete=() cut=()
judge() {
    local what=$1 dir=$2 got=$3 reported=0
    [ "$got" -eq 4 ] || { fail "$what: status $got, not 4: $(cat "$work/err")"; return; }
    grep -qE 'cannot .*(error|space|Read-only|quota|large|denied|not permitted|No such)' "$work/err" || { fail "$what: says \"$(cat "$work/err")\""; return; }
    if [ -e "$dir/results.segments" ]; then
        "$program" report "$dir" >"$work/out" 2>&1 || reported=$?
        case $reported in
        0) complete+=("$dir") ;;
        3) cut+=("$dir") ;;
        *) fail "$what: report ends with $reported: $(cat "$work/out")" ;;
        esac
    elif [ -e "$dir/results.h5" ] && ! cmp -s "$dir/results.h5" "$work/earlier/results.h5"; then
        complete+=("$dir")
    elif [ -e "$dir/results.h5" ]; then
        cmp -s "$dir/summary.json" "$work/earlier/summary.json" || fail "$what: half of an earlier result is left"
    fi
    [ -z "$(find "$dir" -name '*.part')" ] || fail "$what: leaves $(find "$dir" -name '*.part')"
}
# Every call in turn, until one too late to happen.
each() { # call, errno, always or once
    local call=$1 errno=$2 how=$3 n dir got always=
    [ "$how" = once ] || always=FAIL_ALWAYS=1
    for n in $(seq 100); do
        dir=$work/$call.$errno.$how.$n
        cp -r "$work/earlier" "$dir"
        rm -f "$work/failed"
        got=0
        env FAIL_CALL=$call FAIL_AT=$n FAIL_ERRNO=$errno FAIL_FOLDER="$dir" FAIL_LOG="$work/failed" $always LD_PRELOAD="$work/failing.so" \
            "$program" run --quiet "$work/small.yaml" -o "$dir" >"$work/out" 2>"$work/err" || got=$?
        if [ ! -e "$work/failed" ]; then
            [ $got -eq 0 ] && complete+=("$dir") || fail "$call: nothing failed, status $got"
            break
        fi
        judge "$call number $n fails with $errno, $how" "$dir" $got
    done
    [ "$n" -gt 1 ] && echo "ok - $call fails with error $errno, $how, at each of $n calls" || fail "$call is never called"
}
each write $EIO once
each short $ENOSPC always
each fsync $EIO once
each rename $EIO once
each open $EROFS once
if [ -n "${FULL:-}" ]; then
    each write $ENOSPC always
    each fsync $EIO always
    each rename $EDQUOT always
    each open $EROFS always
fi

# The kernel itself refuses: files may not grow beyond some KiB, so a write stops short, the next fails. The signal that goes with it is ignored.
for kib in 1 4 8 16 32 64; do
    dir=$work/limit.$kib got=0
    mkdir "$dir"
    (trap '' XFSZ; ulimit -f $kib; exec "$program" run --quiet "$work/small.yaml" -o "$dir") >"$work/out" 2>"$work/err" || got=$?
    judge "files of $kib KiB at most" "$dir" $got
done
echo "ok - files that may not grow end the run with status 4"

if [ ${#complete[@]} -gt 0 ] && "$python" "$here/rows.py" same "$work/whole" "${complete[@]}"; then
    echo "ok - ${#complete[@]} runs that had got to their end are complete and the same"
else
    fail "a run that got to its end differs"
fi
if [ ${#cut[@]} -gt 0 ] && "$python" "$here/rows.py" prefix "$work/whole" "${cut[@]}"; then
    echo "ok - ${#cut[@]} runs that did not show right rows only"
else
    fail "a run that was cut short shows a wrong row"
fi

refused() { # name, folder, what it says
    local got=0
    "$program" run --quiet "$work/small.yaml" -o "$2" >"$work/out" 2>"$work/err" || got=$?
    [ $got -eq 4 ] && grep -qF "$3" "$work/err" && echo "ok - $1 is told, status 4" || fail "$1: status $got: $(cat "$work/err")"
}
refused 'a folder that nobody may write' /proc/self 'cannot write'
for name in results.segments.part scenario.resolved.yaml.part results.h5.part summary.json.part; do
    dir=$work/full.$name
    mkdir "$dir"
    ln -s /dev/full "$dir/$name"
    refused "a full disk under $name" "$dir" 'No space left'
done

# Only the last step failed: what report makes is what run would have made, the machine's figures included.
dir=$work/later got=0
mkdir "$dir"
FAIL_CALL=rename FAIL_AT=4 FAIL_FOLDER=$dir LD_PRELOAD=$work/failing.so "$program" run "$work/small.yaml" -o "$dir" >"$work/table" 2>"$work/err" || got=$?
wall=$(sed -n 's/.*time *\([0-9.]*\) s wall.*/\1/p' "$work/table")
if [ $got -eq 4 ] && "$program" report "$dir" 2>"$work/err" && sed -n 's/^ *"wall_s": \([0-9.e-]*\),*$/\1/p' "$dir/summary.json" | awk -v shown="${wall:-none}" '
    { digits = length(shown) - index(shown, "."); same = index(shown, ".") && sprintf("%.*f", digits, $1) == shown } END { exit !same }'; then
    echo "ok - report makes what run would have made"
else
    fail "report after a failure at the end: $(cat "$work/err")"
fi
exit $status

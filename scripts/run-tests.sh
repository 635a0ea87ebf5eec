#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests.sh PROGRAM...: runs test programs, JOBS (2) at a time, and adds up what they report. A program is a cmocka binary, or a script (or the
# replay of a fuzzer) that prints lines "ok - what" and "not ok - what". One that ends with another status than its lines say, or runs longer
# than TEST_SECONDS (300), counts as one more failure. Output of what failed is printed; all of it stays in $BUILD/test-logs.
# The last line is "N passed, N failed"; exit status 1 when something failed, or when nothing ran.
set -u
export LC_ALL=C BUILD=${BUILD:-build} TEST_SECONDS=${TEST_SECONDS:-300}
export RELOADSIM=${RELOADSIM:-$BUILD/reloadsim} LOGS=$BUILD/test-logs
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_string_checks=1} UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
rm -rf "$LOGS"
mkdir -p "$LOGS"

run_one() { # runs a program; leaves "passed failed" in a file, prints one line
    local program=$1 name=${1#"$BUILD"/} log passed failed status start end verdict=ok
    log=$LOGS/$(echo "$name" | tr / .).log
    start=$(date +%s%N)
    timeout -k 10 "$TEST_SECONDS" "./$program" >"$log" 2>&1 </dev/null
    status=$?
    end=$(date +%s%N)
    passed=$(grep -cE '^\[       OK \]|^ok - ' "$log")
    failed=$(grep -cE '^not ok - ' "$log")
    failed=$((failed + $(sed -n 's/^\[  FAILED  \] \([0-9][0-9]*\) test(s), listed below:.*/\1/p' "$log" | head -n 1 | grep . || echo 0)))
    [ "$status" != 124 ] || echo "run-tests.sh: stopped after $TEST_SECONDS seconds" >>"$log"
    # A group of cmocka that ends early prints its first line but not its last.
    [ "$(grep -cE '^\[==========\] Running' "$log")" -eq "$(grep -cE '^\[==========\] .* test\(s\) run' "$log")" ] || status=${status/#0/ended early}
    if [ $((passed + failed)) -eq 0 ] || { [ "$status" != 0 ] && [ "$failed" -eq 0 ]; }; then
        echo "run-tests.sh: exit status $status" >>"$log"
        failed=$((failed + 1))
    fi
    [ "$failed" -eq 0 ] || verdict=FAILED
    echo "$passed $failed" >"$log.count"
    printf '%-6s %4d passed %3d failed %6.1f s  %s\n' $verdict "$passed" "$failed" "$(((end - start) / 100000000))e-1" "$name"
}
export -f run_one

[ $# -gt 0 ] && printf '%s\0' "$@" | xargs -0 -n 1 -P "${JOBS:-2}" bash -c 'run_one "$1"' run_one

passed=0 failed=0 reported=0
for count in "$LOGS"/*.count; do
    [ -e "$count" ] || continue
    read -r p f <"$count"
    passed=$((passed + p)) failed=$((failed + f)) reported=$((reported + 1))
    [ "$f" -eq 0 ] || { printf '\n==== %s\n' "${count%.count}"; tail -n 60 "${count%.count}"; }
done
if [ "$reported" -ne $# ]; then # a job was killed before it could report
    echo "run-tests.sh: $(($# - reported)) of $# programs did not report"
    failed=$((failed + $# - reported))
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]

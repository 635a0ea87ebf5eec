#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fuzz.sh FUZZER...: runs each libFuzzer program for FUZZ_SECONDS (20) on its corpus (x/fuzz/corpus/NAME for build/fuzz/x/fuzz/fuzz_NAME). New inputs go to a
# folder beside the program, not into the tree; what crashes goes to crash-* there. Exit status 1 when a fuzzer found something.
set -u
export LC_ALL=C UBSAN_OPTIONS=print_stacktrace=1
seconds=${FUZZ_SECONDS:-20} bad=0
for fuzzer in "$@"; do
    source=${fuzzer#build/fuzz/}
    corpus=$(dirname "$source")/corpus/$(basename "$source" | sed 's/^fuzz_//')
    found=$fuzzer.found
    mkdir -p "$found"
    echo "== $source: $seconds s on $(find "$corpus" -type f | wc -l) inputs of $corpus"
    if "./$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$found/crash-" "$found" "$corpus" >"$fuzzer.log" 2>&1; then
        grep -E '^stat::(number_of_executed_units|average_exec_per_sec)' "$fuzzer.log"
    else
        tail -n 40 "$fuzzer.log"
        bad=1
    fi
done
exit $bad

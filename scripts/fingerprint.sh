#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fingerprint.sh OUT SCENARIOS RUNS: one scenario and seed has one result. Runs each scenario file several ways and compares the fingerprint and every
# key of summary.json that does not depend on the machine with those of the first way. SCENARIOS is a list of files; RUNS a list of
# BINARY:ENGINE:WINDOW:PARTITIONS[:THREADS], WINDOW being the whole smallest delay or a half of it ("1" or "2" for W/1, W/2), THREADS what
# --threads takes.
# Prints a line "ok - ..." or "not ok - ..." for each run after the first, with the keys that differ.
set -u
export LC_ALL=C
out=${1:?usage: fingerprint.sh OUT SCENARIOS RUNS} scenarios=$2 runs=$3
bad=0
volatile=$(sed -n 's/.*"\([a-z0-9_.]*\)", VOLATILE.*/\1/p' sim/record/summary.h | sed 's/\./\\./g' | paste -sd '|')
[ -n "$volatile" ] || { echo "not ok - no list of volatile keys in sim/record/summary.h"; exit 1; }

# The keys that must be equal, one a line.
stable() { tr -d '\n' <"$1" | sed 's/, *"/\n"/g; s/^{ *//; s/ *}$//' | grep -vE "^\"($volatile)\""; }

window_of() { # half of min_delay in ns, or all of it, from the resolved scenario
    sed -n 's/.*min_delay: *\([0-9.]*\) *\([mun]*s\).*/\1 \2/p' "$1" | head -n 1 |
        awk -v part="$2" '{ns["s"] = 1e9; ns["ms"] = 1e6; ns["us"] = 1e3; ns["ns"] = 1; printf "%d ns\n", $1 * ns[$2] / part}'
}

for scenario in $scenarios; do
    name=$(basename "$scenario" .yaml)
    reference=
    for run in $runs; do
        IFS=: read -r binary engine part partitions threads <<<"$run"
        dir=$out/$name/$(tr /: .. <<<"$run")
        mkdir -p "$dir"
        window=()
        [ -z "$reference" ] || window=(--window "$(window_of "$reference/scenario.resolved.yaml" "$part")")
        "$binary" run "$scenario" -o "$dir" --engine "$engine" "${window[@]}" --partitions "$partitions" --threads "${threads:-auto}" --progress=off >"$dir/log" 2>&1
        status=$?
        if [ $status -ne 0 ]; then
            echo "not ok - $name: $run: exit status $status: $(tail -n 1 "$dir/log")"
            bad=1
            continue
        fi
        stable "$dir/summary.json" >"$dir/stable"
        if [ -z "$reference" ]; then
            reference=$dir
            [ "$(wc -l <"$dir/stable")" -ge 20 ] || { echo "not ok - $name: summary.json has hardly a key"; bad=1; }
            grep -q '"fingerprint"' "$dir/stable" || { echo "not ok - $name: no fingerprint"; bad=1; }
        elif cmp -s "$reference/stable" "$dir/stable"; then
            echo "ok - $name: $run gives the same results"
        else
            echo "not ok - $name: $run differs from the first run:"
            diff "$reference/stable" "$dir/stable" | head -n 12
            bad=1
        fi
    done
done
exit $bad

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# reloadsim-report from outside, on files that h5py wrote. Pins: one page, offline, well-formed, with the values and gaps of the file, the same bytes each
# time; names from the file are escaped; warnings; --json; that gnuplot takes what --gnuplot writes; damaged and foreign files end with status 2 and
# a sentence, never with a crash. Leaves open: how the charts look (open one), the statistics (test_*.c).
. "$(dirname "$0")/../../scripts/test-lib.sh"
build=$(dirname "$(readlink -f "${RELOADSIM:-build/reloadsim}")")
report=$build/reloadsim-report
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-/usr/bin/python3}

fixture() { mkdir -p "$work/$1" && "$python" "$here/fixture.py" "$work/$1/results.h5" "${@:2}"; }
look() { "$python" "$here/pages.py" "$@"; }
reports() { ends "$1" "$report" "${@:2}"; } # wanted status, arguments

makes_a_page() { fixture a gap=400 && reports 0 "$work/a" && told 'report.html' && look offline "$work/a/report.html"; }
page_is_true() { look truth "$work/a/report.html" "$work/a/results.h5"; }
page_escapes() { look says "$work/a/report.html" 'kill 20 % <host> & more' && ! grep -q 'kill 20 % <host>' "$work/a/report.html"; }
page_is_the_same_again() { cp "$work/a/report.html" "$work/first" && reports 0 "$work/a" --quiet && cmp "$work/first" "$work/a/report.html" && [ ! -s "$work/out" ]; }
fixed_strings_too() { fixture fixed gap=400 fixed=1 && reports 0 "$work/fixed" && look says "$work/fixed/report.html" 'kill 20 % <host> & more'; }
long_runs_are_grouped() { fixture long interval=1 measure=1500 peers=40 fault=0 && reports 0 "$work/long" && look grouped "$work/long/report.html"; }
ring_is_shown() {
    fixture ring ring=20 && reports 0 "$work/ring" && look offline "$work/ring/report.html" && look ring "$work/ring/report.html" "$work/ring/results.h5" 1 &&
        fixture much ring=700 every=10 && reports 0 "$work/much" && look ring "$work/much/report.html" "$work/much/results.h5" 2
}
json_tells() { reports 0 "$work/a" --json && cp "$work/out" "$work/json" && look figures "$work/json" "$work/a/results.h5"; }
warns() {
    fixture cut complete=0 clamped=0.05 && reports 0 "$work/cut" && told 'warning: The run is incomplete' && told '5 % of all delays were raised' &&
        look says "$work/cut/report.html" 'The run is incomplete' &&
        fixture early excess=1 decay=150 warmup=100 fault=0 && reports 0 "$work/early" && told 'too short for lookup.latency_s.mean: it settles at' &&
        fixture crowded full=30000 && reports 0 "$work/crowded" && told 'note: 30000 messages found the queue of their link full' &&
        fixture settled fault=0 && reports 0 "$work/settled" && look says "$work/settled/report.html" '!The warm-up of' '!incomplete' '!found the queue'
}
gnuplot_takes_it() {
    reports 0 "$work/a" --gnuplot "$work/plots" && (cd "$work/plots" && gnuplot all.gp) >"$work/plot.log" 2>&1
    [ ! -s "$work/plot.log" ] || { cat "$work/plot.log"; return 1; }
    local scripts
    scripts=$(find "$work/plots" -name '*.gp' | wc -l)
    [ "$scripts" -gt 20 ] && [ "$(find "$work/plots" -name '*.pdf' -size +1k | wc -l)" -eq $((scripts - 1)) ] && grep -q NaN "$work/plots/latency.dat"
}
wrong_usage() {
    reports 2 && told 'which results' && reports 2 "$work/a" "$work/a" && reports 2 "$work/none" && told 'No such file' && reports 2 --nonsense "$work/a" &&
        mkdir -p "$work/empty" && reports 2 "$work/empty" && told 'holds neither results.h5' && reports 2 "$work/a/results.h5" && reports 2 "$work/a" --gnuplot
}
unwritable_is_told() { fixture full && mkdir "$work/full/report.html" && reports 4 "$work/full" && told 'cannot write report.html'; }
damage_is_told() {
    local what
    for what in ring-short ring-torn ring-strangers ring-state ring-lacks ring-runs-back no-meta later-format short-column text-column two-dimensions time-runs-back bad-bins scalar-of-two; do
        fixture bad ring=9 && "$python" "$here/damage.py" "$work/bad/results.h5" $what && reports 2 "$work/bad" && told "$work/bad/results.h5: " || { echo "damage: $what"; return 1; }
    done
    printf 'not HDF5 at all' >"$work/bad/results.h5" && reports 2 "$work/bad" && told 'not an HDF5 file'
}
what_is_missing_is_left_out() {
    for what in little nothing-recorded; do
        fixture less && "$python" "$here/damage.py" "$work/less/results.h5" $what && reports 0 "$work/less" && look offline "$work/less/report.html" || { echo "missing: $what"; return 1; }
    done
    look says "$work/less/report.html" 'no confidence intervals'
}
truncation_is_no_crash() { # at every length a clear end
    local size got n
    fixture whole && size=$(stat -c %s "$work/whole/results.h5") && mkdir -p "$work/torn"
    for n in $(seq 0 $((size / 23)) $((size - 1))) 8 100 511 2048; do
        head -c "$n" "$work/whole/results.h5" >"$work/torn/results.h5"
        got=0
        "$report" "$work/torn" >"$work/out" 2>"$work/err" || got=$?
        [ "$got" -eq 2 ] || { echo "$n of $size bytes: status $got"; cat "$work/err"; return 1; }
    done
}

check 'a page is made, and refers to nothing outside' makes_a_page
check 'the page holds the values and the gaps of the file' page_is_true
check 'names from the file are escaped' page_escapes
check 'the same results make the same page' page_is_the_same_again
check 'strings of fixed length are read like the others' fixed_strings_too
check 'long records are drawn in groups, with their range' long_runs_are_grouped
check 'shares of the ring stand beside their law, and a ring that was not recorded is not shown' look lawful "$work/a/report.html"
check 'the ring shows each snapshot, or each k-th of too many' ring_is_shown
check '--json tells figures and intervals' json_tells
check 'a run that must not be believed is told so' warns
check 'gnuplot makes a PDF of each chart without a word' gnuplot_takes_it
check 'wrong usage is status 2' wrong_usage
check 'a page that cannot be written is status 4' unwritable_is_told
check 'a damaged file is told, with its name and the part' damage_is_told
check 'what a file lacks is left out' what_is_missing_is_left_out
check 'a torn file never crashes the reader' truncation_is_no_crash
exit $status

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What test scripts share; they source it: . "$(dirname "$0")/../../../scripts/test-lib.sh" (from x/y/test). A script ends with: exit $status
#   $work           a folder of its own, gone at the end
#   check NAME COMMAND...   prints "ok - NAME", or "not ok - NAME" with what the command printed
#   ends WANTED PROGRAM...  runs it, leaves its output in $work/out and $work/err; succeeds when its exit status is WANTED
#   told TEXT [FILE...]     the text stands in one of these files of $work (out and err when none is named)
set -u
export LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck disable=SC2034 # the sourcing script reads it
status=0

check() {
    local name=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        echo "ok - $name"
    else
        echo "not ok - $name"
        sed 's/^/#   /' "$work/log" | tail -n 20
        status=1
    fi
}
ends() {
    local wanted=$1 got=0
    shift
    "$@" >"$work/out" 2>"$work/err" </dev/null || got=$?
    [ "$got" -eq "$wanted" ] || { echo "status $got, not $wanted: $*"; cat "$work/out" "$work/err"; return 1; }
}
told() {
    local text=$1 files=()
    shift
    for file in "${@:-out}"; do files+=("$work/$file"); done
    [ $# -gt 0 ] || files+=("$work/err")
    grep -qF -- "$text" "${files[@]}" || { echo "no \"$text\" in:"; cat "${files[@]}"; return 1; }
}

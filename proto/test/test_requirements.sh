#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Pins that the tables of requirements (proto/REQUIREMENTS.md, proto/store/README.md) are whole and true: each subsection of RFC 6940 6, 7 and 10 that says MUST, SHOULD or
# SHALL has a row; whatever test a row names exists and is run; whatever file it names exists. Leaves open whether the row says what the section says.
. "$(dirname "$0")/../../scripts/test-lib.sh"
cd "$(dirname "$0")/../.." || exit 70
pages=(proto/REQUIREMENTS.md proto/store/README.md)

# How often each subsection says so, counted in the published text: MUST, SHOULD, SHALL, with or without NOT.
counts='6.1:2 6.1.1:6 6.1.2:9 6.1.3:1 6.2:1 6.2.1:8 6.2.2:1 6.3:1 6.3.1.1:2 6.3.2:14 6.3.2.1:8 6.3.2.2:10 6.3.2.3:5 6.3.3:1 6.3.3.1:8 6.3.4:14 6.4.1:2 6.4.2.1:9 6.4.2.2:5 6.4.2.3:2
6.4.2.4.1:1 6.4.2.5.2:3 6.5.1:1 6.5.1.1:4 6.5.1.2:9 6.5.1.3:1 6.5.1.4:4 6.5.1.5:1 6.5.1.8:1 6.5.1.9:1 6.5.1.10.2:1 6.5.1.10.3:1 6.5.1.11:2 6.5.1.12:2 6.5.1.13:4 6.5.1.14:1 6.5.2.2:3
6.5.4:1 6.5.4.1:1 6.5.4.2:4 6.6:4 6.6.1:6 6.6.2:2 6.6.3:1 6.6.3.1:8 6.6.5:3 6.7:12 7:2 7.1:1 7.3:4 7.3.1:1 7.3.2:1 7.3.3:3 7.3.4:3 7.4.1.1:23 7.4.1.2:7 7.4.1.3:2 7.4.2.1:3 7.4.2.2:5 7.4.4.1:2
7.4.4.2:4 7.4.5:1 10.2:2 10.3:3 10.4:4 10.5:15 10.6:1 10.7:2 10.7.1:9 10.7.2:2 10.7.3:9 10.7.4.1:3 10.7.4.2:5 10.7.4.3:2 10.7.4.4:3 10.8:1 10.9:3'

rows() { sed -n 's/^| *\([0-9][0-9., ]*\).*/\1/p' "${pages[@]}" | tr ',' '\n' | awk '{print $1}' | sort -u; }
sections_are_there() {
    local missing=0
    for entry in $counts; do
        rows | grep -qxF "${entry%:*}" || { echo "no row for section ${entry%:*}, which says so ${entry#*:} times"; missing=1; }
    done
    return $missing
}
sums_are_told() { # of sections 6 and 10, and of 7
    local rest seven
    rest=$(printf '%s\n' $counts | grep -v '^7' | awk -F: '{n += $2} END {print n}')
    seven=$(printf '%s\n' $counts | grep '^7' | awk -F: '{n += $2} END {print n}')
    echo "$rest and $seven"
    grep -qF "$rest times in sections 6 and 10 and $seven times in section 7" proto/REQUIREMENTS.md
}
table_rows() { grep -hE '^\| *([0-9]|RFC)' "${pages[@]}"; }
tests_exist() { # words of three parts and more in backticks are names of tests
    local missing=0
    for what in $(table_rows | grep -oE '`[a-z0-9]+(_[a-z0-9]+){2,}`' | tr -d '`' | sort -u); do
        grep -rqE "cmocka_unit_test\($what\)" --include='test_*.c' proto sim && continue
        echo "no test is named $what"
        missing=1
    done
    return $missing
}
files_exist() { # paths in backticks, and the tests' files wherever they are named
    local missing=0 at
    for what in $(table_rows | grep -oE '`[a-z0-9_./]+\.(c|h|sh)`' | tr -d '`' | sort -u); do
        for at in proto proto/store .; do [ -f "$at/$what" ] && continue 2; done
        echo "no file is named $what"
        missing=1
    done
    for what in $(grep -hoE '[a-z0-9/]*test/(test|long)_[a-z0-9_]+(\.sh)?' "${pages[@]}" | sort -u); do
        for at in proto proto/store .; do [ -f "$at/$what" ] || [ -f "$at/$what.c" ] && continue 2; done
        echo "no test file is named $what"
        missing=1
    done
    return $missing
}

check "each section that demands something has a row" sections_are_there
check "the page tells how much is demanded" sums_are_told
check "there are enough names to look for" [ "$(table_rows | grep -oE '`[a-z0-9]+(_[a-z0-9]+){2,}`' | sort -u | wc -l)" -gt 100 ]
check "every test that a row names is run" tests_exist
check "every file that a row names is there" files_exist
exit $status

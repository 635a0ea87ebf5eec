#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# trace-import.sh avt|fta [FILE]: turns a trace of availability into the CSV that churn.trace reads (README.md beside this), on standard output.
#
#   avt   availability traces of P. B. Godfrey's repository: a line a node: name, number of up intervals, then start and end of each, in seconds
#   fta   event_trace.tab of the Failure Trace Archive: columns node_id, event_type (1 = available), event_start_time, event_stop_time, in seconds;
#         a line "#..." that names these columns gives their order, else they are the only four, in this order
#
# Times become relative to the least one. Nodes keep their number if it is one (fta), else they are numbered as they stand. Intervals that meet or
# overlap become one session. Made from descriptions of the formats: UNTESTED on the original data sets.
set -euo pipefail
export LC_ALL=C
format=${1:-} file=${2:--}
case $format in
avt) # shellcheck disable=SC2016
    program='NF && !/^#/ {
        if (NF < 2 || NF < 2 + 2 * $2) { printf "line %d: %d intervals announced, %d numbers found\n", NR, $2, NF - 2 >"/dev/stderr"; exit 1 }
        node++
        for (i = 0; i < $2; i++) printf "%d\t%.9f\t%.9f\n", node, $(3 + 2 * i), $(4 + 2 * i)
    }' ;;
fta) # shellcheck disable=SC2016
    program='BEGIN { n = 1; t = 2; a = 3; b = 4 }
    /^#/ {
        sub(/^#[ \t]*/, "")
        for (i = 1; i <= NF; i++) { if ($i == "node_id") n = i; if ($i == "event_type") t = i; if ($i == "event_start_time") a = i; if ($i == "event_stop_time") b = i }
        next
    }
    NF {
        if ($n !~ /^[0-9]+$/ || $b == "") { printf "line %d: no node_id and times where they should be\n", NR >"/dev/stderr"; exit 1 }
        if ($t == 1) printf "%d\t%.9f\t%.9f\n", $n, $a, $b
    }' ;;
*)
    sed -n '3,10s/^# \{0,1\}//p' "$0" >&2
    exit 2 ;;
esac

spans=$(mktemp)
trap 'rm -f "$spans"' EXIT
awk "$program" "$file" | sort -k1,1n -k2,2n >"$spans"
[ -s "$spans" ] || { echo "trace-import.sh: $file: no interval in which anybody is up" >&2; exit 1; }
zero=$(cut -f 2 "$spans" | sort -n | head -n 1)
echo "node,up_s,down_s"
awk -v zero="$zero" '
    function flush() { if (down > up) printf "%d,%.3f,%.3f\n", node, up - zero, down - zero }
    $1 == node && $2 <= down { if ($3 > down) down = $3; next }
    { if (NR > 1) flush(); node = $1; up = $2; down = $3 }
    END { flush() }' "$spans"

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# measure-machines.sh FOLDER SCENARIO [--set KEY=VALUE...]: what a window costs on ranks, on one machine and over a network. Runs the scenario on one rank, on 2 and 4 ranks here, and on 2 and 4 ranks
# over two network namespaces that serve as two machines (scripts/machines.sh), joined by a cable without delay and by cables that hold each packet for DELAYS us (50 200 1000).
# Prints a line a run: microseconds a window of compute, wait and exchange, means over ranks, and kilobytes that a rank gives; leaves results in FOLDER for analysis/scale.py. Results of all
# must be equal. On an idle machine: the namespaces share its processors, so that 4 ranks on two cores measure no speed, but what meetings cost more with more ranks. PLACES names a choice of runs.
set -u
export LC_ALL=C
[ $# -ge 2 ] || { sed -n 's/^# //p' "$0" | sed 1d; exit 2; }
. "$(dirname "$0")/machines.sh"
r=$(readlink -f "${BUILD:-build}/reloadsim")
folder=$1 scenario=$2
shift 2
mkdir -p "$folder"
folder=$(readlink -f "$folder")
trap machines_down EXIT
bad=0

figure() { sed -n "s/^ *\"$2\": *\([-0-9.e+]*\).*/\1/p" "$folder/$1/summary.json"; }
show() { # NAME RANKS
    local name=$1
    awk -v name="$name" -v ranks="$2" -v n="$(figure "$name" ranks.windows)" -v work="$(figure "$name" ranks.compute_s)" -v wait="$(figure "$name" ranks.wait_s)" \
        -v exchange="$(figure "$name" ranks.exchange_s)" -v bytes="$(figure "$name" ranks.bytes)" -v all="$(figure "$name" run_wall_s)" -v cpu="$(figure "$name" cpu_s)" 'BEGIN {
        if (n == 0) printf "%-14s %5d %10s %10s %10s %10s %10s %9.1f %9.1f\n", name, ranks, "-", "-", "-", "-", "-", all, cpu
        else printf "%-14s %5d %10d %10.1f %10.1f %10.1f %10.1f %9.1f %9.1f\n", name, ranks, n, 1e6 * work / n, 1e6 * wait / n, 1e6 * exchange / n, bytes / n / ranks / 1e3, all, cpu }'
    [ "$name" = one ] || "$r" compare --quiet "$folder/one" "$folder/$name" || { echo "$name: other results than one rank"; bad=1; }
}
run() { # NAME RANKS WAY...: the way starts the program
    local name=$1 ranks=$2
    shift 2
    case " ${PLACES-$name} " in *" $name "*) ;; *) return ;; esac
    rm -rf "${folder:?}/$name"
    if "$@" -o "$folder/$name" --quiet --progress off >"$folder/$name.log" 2>&1; then
        show "$name" "$ranks"
    else
        echo "$name: exit status $?"
        tail -n 3 "$folder/$name.log"
        bad=1
    fi
}
over() { # RANKS PROGRAM...
    machines_run "$@"
}

printf '%-14s %5s %10s %10s %10s %10s %10s %9s %9s\n' run ranks windows "compute us" "wait us" "exchange" "kB a rank" "wall s" "cpu s"
arguments=("$@")
run one 1 "$r" run "$scenario" "${arguments[@]}" --partitions 1
run here-2 2 "$r" run "$scenario" "${arguments[@]}" --ranks 2
run here-4 4 "$r" run "$scenario" "${arguments[@]}" --ranks 4
why=$(machines_possible) || { echo "no runs over a network: $why"; exit $bad; }
for delay in 0 ${DELAYS-50 200 1000}; do
    machines_up "$folder" "$delay" || exit 2
    run "over-2-$delay" 2 over 2 "$r" run "$scenario" "${arguments[@]}"
    [ "$delay" != 0 ] || run over-4-0 4 over 4 "$r" run "$scenario" "${arguments[@]}"
    machines_down
done
exit $bad

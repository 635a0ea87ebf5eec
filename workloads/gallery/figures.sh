#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# figures.sh [CASE...]: measures the cases of the gallery again (default: all), puts their tables into README.md and draws their pictures, CASE.svg, beside it.
# Needs gnuplot and a built reloadsim (RELOADSIM=build/reloadsim). Results stay in out/gallery (OUT); a sweep that is there is not run again, so that
# after a change of the program the folder must be removed first. All together some 25 minutes on one core; `length` wants 3 GB.
# LARGEST=131072 bounds the peers of `length` for RELOAD, LARGEST2003=1048576 for chord2003.
# shellcheck disable=SC2016,SC2043 # expressions for awk; lists of one that ask to be lengthened
set -eu
export LC_ALL=C
cd "$(dirname "$0")/../.."
program=${RELOADSIM:-build/reloadsim} out=${OUT:-out/gallery} here=workloads/gallery
mkdir -p "$out"

# sweep LABEL SCENARIO SEEDS [--set KEY=VALUE]...: replications, in $out/LABEL
sweep() {
    local folder=$out/$1 scenario=$2 seeds=$3
    shift 3
    [ -e "$folder/replications.json" ] && return
    "$program" run "$here/$scenario.yaml" -o "$folder" --quiet --replications "$seeds" "$@"
}
# figure LABEL KEY: "mean half lower upper n" of a figure over the seeds (Student t, 95 %), nothing when no run has it. From summary.json, because
# replications.json leaves out what each fault did; a run that never recovered has no time of recovery and does not count in its mean.
figure() {
    sed -n "s/^ *\"$2\": *\(-\{0,1\}[0-9][-+0-9.e]*\),\{0,1\}\$/\1/p" "$out/$1"/rep-*/summary.json | awk '
        BEGIN { split("12.706 4.303 3.182 2.776 2.571 2.447 2.365 2.306 2.262", t) }
        { s += $1; q += $1 * $1; n++ }
        END { if (!n) exit; m = s / n; v = n > 1 ? (q - n * m * m) / (n - 1) : 0; h = n > 1 ? t[n - 1] * sqrt((v > 0 ? v : 0) / n) : 0; print m, h, m - h, m + h, n }'
}
# cell LABEL KEY [FACTOR [DIGITS]]: "mean ± half" as a cell of a table; the unit is the table's
cell() {
    figure "$1" "$2" | awk -v f="${3:-1}" -v d="${4:-2}" '{ if ($5 > 1) printf "%.*f ± %.*f", d, $1 * f, d, $2 * f; else printf "%.*f", d, $1 * f; n++ } END { if (!n) printf "-" }'
}
# point LABEL KEY [FACTOR]: "mean lower upper" for gnuplot
point() { figure "$1" "$2" | awk -v f="${3:-1}" '{ print $1 * f, $3 * f, $4 * f; n++ } END { if (!n) print "NaN NaN NaN" }'; }
# never LABEL SERIES: in how many of the seeds this series did not recover from the first fault
never() { grep -l "\"fault.${3:-0}.unrecovered\": *\"[^\"]*$2" "$out/$1"/rep-*/summary.json | wc -l || true; }
# row CELL...: a row of the table of this case
row() { { printf '|'; printf ' %s |' "$@"; echo; } >>"$table"; }
head_row() { : >"$table"; row "$@"; printf '|%s\n' "$(printf -- '---|%.0s' "$@")" >>"$table"; }
# series LABEL CHART: file with the first seed's time series, as `reloadsim report --gnuplot` writes them
series() {
    [ -d "$out/$1/charts" ] || "$program" report "$out/$1/rep-01" --gnuplot "$out/$1/charts" --quiet
    echo "$out/$1/charts/$2.dat"
}
# draw: a script for gnuplot on standard input; the picture is CASE.svg
draw() {
    { cat <<GNUPLOT; cat; } | gnuplot
set terminal svg size 720,340 font "sans-serif,13" background "#ffffff"
set output "$here/$case.svg"
set linetype 1 lc rgb "#1f5fa8" lw 2 pt 7
set linetype 2 lc rgb "#c8501e" lw 2 pt 5
set linetype 3 lc rgb "#3a8a3a" lw 2 pt 9
set linetype 4 lc rgb "#7a4a9a" lw 2 pt 11
set grid lc rgb "#dddddd"
set key outside right top
set border 3
set tics nomirror
set bars 0.5
GNUPLOT
}

churn() {
    head_row 'mean session' 'Update every' 'success, %' 'p95, s' 'wrong successor, %' 'valid fingers, %' 'maintenance, B/s and peer'
    for session in 30; do
        : >"$data-$session"
        for every in 600 200 60 15; do
            sweep "churn/$session-$every" churn $((every > 15 ? 3 : 1)) --set "overlay.config.chord-update-interval=$every s" \
                --set "churn={session: {exponential: {mean: $session min}}, offline: {exponential: {mean: $session min}}}"
            l=churn/$session-$every
            row "$session min" "$every s" "$(cell $l lookup.success 100)" "$(cell $l lookup.latency_s.p95)" "$(cell $l ring.wrong_successor 100)" \
                "$(cell $l finger.valid_share 100 1)" "$(cell $l maintenance.bytes_per_node_s 1 0)"
            echo "$every $(point $l lookup.success 100)" >>"$data-$session"
        done
    done
    draw <<GNUPLOT
set logscale x
set xtics (15, 60, 200, 600)
set xrange [13:700]
set xlabel "Updates to the neighbours every ... s"
set ylabel "look-ups that succeed, %"
set yrange [*:100]
plot for [s in "30"] "$data-".s using 1:2:3:4 with yerrorlines title "sessions of ".s." min"
GNUPLOT
}

successors() {
    head_row 'successors' 'share killed, %' 'no living successor, expected, %' 'success, deepest fall, points' 'success after it, %' 'lost, %' 'ring back after, s' 'ring never back, of 3 seeds'
    for share in 50; do
        for r in 1 2 3 4 6 8; do
            l=successors/$share-$r
            sweep $l successors 3 --set overlay.chord.successors=$r --set overlay.chord.predecessors=$r --set "faults[0].kill.share=$share %"
            row $r $share "$(awk "BEGIN { printf \"%.2f\", 100 * ($share / 100) ^ $r }")" "$(cell $l fault.0.lookup.depth 100 1)" "$(cell $l after_faults.lookup.success 100 1)" \
                "$(cell $l after_faults.lookup.outcome.lost 100 1)" "$(cell $l fault.0.ring.recover_s 1 0)" "$(never $l ring)"
        done
    done
    draw <<GNUPLOT
set xlabel "simulated time, min (half of the peers vanish at 6 min)"
set ylabel "wrong first successors, %"
set xrange [5:13]
set yrange [0:*]
plot "$(series successors/50-1 ring)" using (\$1/60):3 with lines title "1 successor", "$(series successors/50-3 ring)" using (\$1/60):3 with lines title "3", \
     "$(series successors/50-8 ring)" using (\$1/60):3 with lines title "8"
GNUPLOT
}

recovery() {
    head_row peers 'mean session' recovery 'success, %' 'p95, s' 'wrong successor, %' 'under-replicated, %' 'Updates, datagrams/s and peer' 'maintenance, B/s and peer'
    for peers in 500 2000; do
        for session in 5 30; do
            [ $peers = 500 ] || [ $session = 30 ] || continue
            for reactive in true false; do
                l=recovery/$peers-$session-$reactive
                sweep $l recovery $((peers == 500 ? 3 : 1)) --set overlay.peers=$peers --set overlay.config.chord-reactive=$reactive \
                    --set "churn={session: {exponential: {mean: $session min}}, offline: {exponential: {mean: $session min}}}"
                [ $reactive = true ] && word=reactive || word='periodic, 120 s'
                row $peers "$session min" "$word" "$(cell $l lookup.success 100)" "$(cell $l lookup.latency_s.p95)" "$(cell $l ring.wrong_successor 100)" \
                    "$(cell $l ring.under_replicated 100 1)" "$(figure $l datagrams.by_class.update | awk -v n=$peers '{ printf "%.2f", $1 / 1200 / n }')" "$(cell $l maintenance.bytes_per_node_s 1 0)"
            done
        done
    done
    draw <<GNUPLOT
set xlabel "simulated time, min (500 peers, mean session 5 min)"
set ylabel "look-ups that are right, %"
set xrange [10:*]
set yrange [0:105]
plot "$(series recovery/500-5-true outcomes)" using (\$1/60):(100*\$3/(\$3+\$4+\$5+\$6+\$7+\$8+\$9)) with lines title "reactive", "$(series recovery/500-5-false outcomes)" using (\$1/60):(100*\$3/(\$3+\$4+\$5+\$6+\$7+\$8+\$9)) with lines title "periodic, 120 s"
GNUPLOT
}

loss() {
    head_row 'loss, %' 'success, %' 'p50, s' 'p95, s' 'p99, s' 'wrong successor, %' 'Updates, datagrams/s and peer' 'queue full, messages' 'maintenance, B/s and peer'
    : >"$data"
    case_row() { # LABEL WORD PEERS
        row "$2" "$(cell "$1" lookup.success 100)" "$(cell "$1" lookup.latency_s.p50)" "$(cell "$1" lookup.latency_s.p95)" "$(cell "$1" lookup.latency_s.p99)" \
            "$(cell "$1" ring.wrong_successor 100)" "$(figure "$1" datagrams.by_class.update | awk -v n="$3" '{ printf "%.2f", $1 / 900 / n }')" \
            "$(cell "$1" messages.dropped.queue_full 1 0)" "$(cell "$1" maintenance.bytes_per_node_s 1 0)"
    }
    for p in 0 0.5 1 2 5 10 15; do
        l=loss/$p
        sweep $l loss "$([ $p = 15 ] && echo 3 || echo 5)" --set "network.loss=$p %"
        case_row $l $p 500
        echo "$p $(point $l lookup.latency_s.p50) $(point $l lookup.latency_s.p95) $(point $l lookup.success 100)" >>"$data"
    done
    # What breaks it: one thing is taken away at a time.
    why() { # LABEL WORD [--set KEY=VALUE]...
        sweep "loss/$1" loss 3 --set overlay.peers=200 --set "network.loss=15 %" "${@:3}"
        case_row "loss/$1" "15, 200 peers$2" 200
    }
    why 15-small ''
    why 15-periodic ', chord-reactive: false' --set overlay.config.chord-reactive=false
    why 15-late ', suspect_after: 4' --set 'overlay.link.suspect_after=4 retransmissions'
    why 15-idle ', no look-ups' --set workload.lookup=none
    why 15-near ', 20 ms between any two' --set 'network={model: constant, delay: 20 ms, loss: 15 %}'
    draw <<GNUPLOT
set xlabel "datagrams lost, %"
set ylabel "latency of look-ups, s"
set y2label "look-ups that succeed, %"
set ytics nomirror
set y2tics
set border 11
set yrange [0:*]
set y2range [*:100]
plot "$data" using 1:2:3:4 with yerrorlines title "median", "$data" using 1:5:6:7 with yerrorlines title "95 %", \
     "$data" using 1:8:9:10 axes x1y2 with yerrorlines dt 2 title "success (right)"
GNUPLOT
}

split() {
    head_row 'cut off, %' 'for, s' 'success, deepest fall, points' 'success back after, s' 'never back, of 3 seeds' 'ring back after, s' 'ring never back, of 3 seeds'
    for share in 50; do
        for lasts in 3 10 30 120; do
            l=split/$share-$lasts
            sweep $l split 3 --set "faults[0].for=$lasts s" --set "faults[0].partition.share=$share %"
            row $share $lasts "$(cell $l fault.0.lookup.depth 100 1)" "$(cell $l fault.0.lookup.recover_s 1 0)" "$(never $l lookup)" \
                "$(cell $l fault.0.ring.recover_s 1 0)" "$(never $l ring)"
        done
    done
    draw <<GNUPLOT
set xlabel "simulated time, min (the cut begins at 4 min)"
set ylabel "look-ups that are right, %"
set yrange [0:105]
plot "$(series split/50-10 outcomes)" using (\$1/60):(100*\$3/(\$3+\$4+\$5+\$6+\$7+\$8+\$9)) with lines title "cut for 10 s", \
     "$(series split/50-30 outcomes)" using (\$1/60):(100*\$3/(\$3+\$4+\$5+\$6+\$7+\$8+\$9)) with lines title "30 s", "$(series split/50-120 outcomes)" using (\$1/60):(100*\$3/(\$3+\$4+\$5+\$6+\$7+\$8+\$9)) with lines title "2 min"
GNUPLOT
}

day() {
    head_row where 'least online / most' 'success, %' 'path, links' 'p95, s' 'maintenance, B/s and peer'
    sweep day/world day 1
    sweep day/zone day 1 --set 'network={model: constant}'
    for l in world zone; do
        awk '$1 !~ /#/ && $2 > 300 && $3 == $3 { if (!n++ || $3 < low) low = $3; if ($3 > high) high = $3 } END { printf "%.2f", low / high }' "$(series day/$l online)" >"$data-$l"
        [ $l = world ] && word='242 cities' || word='one longitude'
        row "$word" "$(cat "$data-$l")" "$(cell day/$l lookup.success 100)" "$(cell day/$l lookup.hops.mean)" "$(cell day/$l lookup.latency_s.p95)" "$(cell day/$l maintenance.bytes_per_node_s 1 0)"
    done
    draw <<GNUPLOT
set xlabel "simulated time, h (UTC)"
set ylabel "peers online"
set yrange [0:*]
set xtics 6
plot "$out/day/world/charts/online.dat" using (\$1/3600):3 with lines title "242 cities", "$out/day/zone/charts/online.dat" using (\$1/3600):3 with lines title "one longitude"
GNUPLOT
}

storm() {
    head_row 'back within' 'join p50, s' 'join p99, s' 'joins that succeed, %' 'success, deepest fall, points' 'ring back after, s' 'ring never back, of 3 seeds'
    : >"$data"
    for within in 1 60 300; do
        l=storm/$within
        [ $within = 1 ] && law='1 s' || law="{uniform: {from: 1 s, to: $within s}}"
        sweep $l storm 3 --set "faults[1].restart.delay=$law"
        row "$within s" "$(cell $l join.latency_s.p50 1 1)" "$(cell $l join.latency_s.p99 1 1)" "$(cell $l join.success 100)" "$(cell $l fault.1.lookup.depth 100 1)" \
            "$(cell $l fault.1.ring.recover_s 1 0)" "$(never $l ring 1)"
        series $l changes >"$data"
    done
    draw <<GNUPLOT
set xlabel "simulated time, min (they come from 12 min on)"
set ylabel "joins, cumulated"
set xrange [11:26]
set yrange [0:*]
plot for [s in "1 60 300"] "$out/storm/".s."/charts/changes.dat" using (\$1/60):(5*\$3) smooth cumulative title "within ".s." s"
GNUPLOT
}

departure() {
    head_row how 'share, %' 'success, deepest fall, points' 'success after it, %' 'lost, %' 'ring, deepest fall, points' 'ring back after, s'
    for share in 33; do
        for how in leave process host; do
            [ $how = leave ] && fault="leave: {share: $share %}" || fault="kill: {share: $share %, mode: $how}"
            l=departure/$share-$how
            sweep $l departure 3 --set "faults=[{at: 4 min, $fault}]"
            case $how in leave) word=good-bye ;; process) word=refused ;; host) word=silent ;; esac
            row "$word" $share "$(cell $l fault.0.lookup.depth 100 1)" "$(cell $l after_faults.lookup.success 100 1)" "$(cell $l after_faults.lookup.outcome.lost 100 1)" \
                "$(cell $l fault.0.ring.depth 100 1)" "$(cell $l fault.0.ring.recover_s 1 0)"
        done
    done
    draw <<GNUPLOT
set xlabel "simulated time, min (a third goes at 5 min)"
set ylabel "wrong first successors, %"
set xrange [4.5:7]
set yrange [0:*]
plot "$(series departure/33-leave ring)" using (\$1/60):3 with lines title "good-bye", "$(series departure/33-process ring)" using (\$1/60):3 with lines title "refused", \
     "$(series departure/33-host ring)" using (\$1/60):3 with lines title "silent"
GNUPLOT
}

retune() {
    sweep retune/run retune 3
    for rep in "$out"/retune/run/rep-*; do
        [ -d "$rep/charts" ] || "$program" report "$rep" --gnuplot "$rep/charts" --quiet
    done
    # during FROM TO CHART EXPRESSION: mean over this stretch of time, minutes of the run, as a cell over the seeds
    during() {
        for rep in "$out"/retune/run/rep-*; do
            awk -v from="$1" -v to="$2" "\$1 !~ /#/ && \$3 == \$3 && \$3 != \"NaN\" && \$1 >= 60 * from && \$2 <= 60 * to { s += $4; n++ } END { print s / n }" "$rep/charts/$3.dat"
        done | awk '{ s += $1; q += $1 * $1; n++ } END { m = s / n; printf "%.2f ± %.2f", m, 4.303 * sqrt((q - n * m * m) / (n - 1) / n) }'
    }
    head_row when 'wrong successor, %' 'look-ups right, %' 'Updates, B/s and peer'
    for stretch in 'before: 600 s|20|50' 'the first 5 min of 20 s|50|55' 'later, 20 s|60|110' 'the first 5 min after|110|115' 'later, 600 s again|120|140'; do
        IFS='|' read -r word from to <<<"$stretch"
        row "$word" "$(during "$from" "$to" ring '$3')" "$(during "$from" "$to" outcomes '100 * $3 / ($3 + $4 + $5 + $6 + $7 + $8 + $9)')" "$(during "$from" "$to" traffic_bytes '$5')"
    done
    draw <<GNUPLOT
set xlabel "simulated time, min (20 s from 50 min to 110 min, else 10 min)"
set ylabel "wrong first successors, %"
set y2label "Updates, B/s and peer"
set y2tics
set border 11
set yrange [0:*]
set y2range [0:*]
set xrange [20:*]
plot "$(series retune/run ring)" using (\$1/60):3 with lines title "wrong", "$(series retune/run traffic_bytes)" using (\$1/60):5 axes x1y2 with lines title "Updates (right)"
GNUPLOT
}

length() {
    head_row peers 'RELOAD, 3 + 3' 'RELOAD, 1 + 1' 'chord2003' '(1/2) log2 N + 0.86'
    : >"$data"
    for k in 8 10 12 14 16 17 20; do
        n=$((1 << k)) reload=- single=- classic=-
        if [ $n -le "${LARGEST:-1048576}" ]; then
            # About 25,000 look-ups each.
            every=$((n * 40 / 25000 + 1))
            sweep "length/reload-$n" length 1 --set overlay.peers=$n --set "workload.lookup.every=$every s"
            sweep "length/single-$n" length 1 --set overlay.peers=$n --set "workload.lookup.every=$every s" --set 'overlay.chord={predecessors: 1, successors: 1}'
            reload=$(cell "length/reload-$n" lookup.hops.mean) single=$(cell "length/single-$n" lookup.hops.mean)
        fi
        if [ $n -le "${LARGEST2003:-1048576}" ]; then
            sweep "length/classic-$n" length-chord2003 1 --set overlay.peers=$n --set "workload.lookup.every=$((n * 40 / 100000 + 1)) s"
            classic=$(cell "length/classic-$n" lookup.hops.mean)
        fi
        row $n "$reload" "$single" "$classic" "$(awk "BEGIN { printf \"%.2f\", $k / 2 + 0.86 }")"
        echo "$n $reload $single $classic" | sed 's/ -/ NaN/g' >>"$data"
    done
    draw <<GNUPLOT
set logscale x
set xlabel "peers"
set ylabel "links to the owner"
set yrange [0:*]
set key inside right bottom
set format x "10^{%T}"
plot "$data" using 1:2 with linespoints title "RELOAD, 3 neighbours a side", "$data" using 1:3 with points title "RELOAD, 1 a side", "$data" using 1:4 with points title "chord2003", \
     log(x)/log(2)/2 + 0.86 with lines dt 2 lc rgb "#888888" title "(1/2) log_2 N + 0.86"
GNUPLOT
}

for case in "${@:-all}"; do
    [ "$case" = all ] && { "$here/figures.sh" churn successors recovery loss split day storm departure retune length; exit; }
    declare -F "$case" >/dev/null || { echo "figures.sh: no case is called $case" >&2; exit 2; }
    table=$out/$case.md data=$out/$case.dat
    "$case"
    [ -e $here/README.md ] || { cat "$table"; continue; }
    awk -v case="$case" -v table="$table" '
        $0 == "<!-- table " case " -->" { print; print ""; while ((getline line < table) > 0) print line; print ""; skip = 1; next }
        $0 == "<!-- end -->" { skip = 0 }
        !skip' $here/README.md >"$out/README.md"
    cat "$out/README.md" >$here/README.md
done

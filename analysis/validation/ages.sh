#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Stationary ages of each churn preset, through the whole simulation: how long those have been online who are online at the end. Writes ages.md and ages.svg.
set -u
export LC_ALL=C
cd "$(dirname "$0")/../.." || exit 70
here=analysis/validation
. $here/page.sh

words <<'TEXT'
# How long those online have been there

Made by `analysis/validation/ages.sh` (part of `make validate`); do not edit. If sessions have the distribution F and mean m, the ages of those online at any moment have the
density (1 - F(a)) / m. 5,000 peers online at the end of a run of 12 hours (100 minutes for rhea-stress): almost all of them came during it, by the events of the simulation. The largest difference between
the two distribution functions, which a Kolmogorov-Smirnov test at 5 % accepts up to 0.019, is accepted up to 0.025. `sim/world/test/test_churn.c` (part of `make test`) pins the same at time 0.
TEXT
heads preset published ours accepted verdict
while read -r preset minutes extra law; do
    case $extra in offline) extra=", offline: {exponential: {mean: 2 h}}" ;; daily) extra=", daily: none" ;; *) extra="" ;; esac
    simulate workloads/chord2003.yaml --set overlay.peers=5000 --set overlay.bootstrap.nodes=1 --set record.nodes=true --set record.interval="10 min" --set workload={} --set overlay.chord2003.successors=4 \
        --set "overlay.chord2003.stabilize=1 d" --set "overlay.chord2003.fix_fingers=1 d" --set "churn={preset: $preset$extra}" --set "phases={warmup: 0 s, measure: $minutes min}" || exit 1
    # shellcheck disable=SC2086 # the law is several words
    /usr/bin/python3 $here/ages.py "$scratch/results.h5" $law >"$data/$preset.txt" || exit 1
    row "$preset: largest difference" 0 "$(sed -n 's/^distance //p' "$data/$preset.txt")" 0 0.025
    sed -n 's/^at //p' "$data/$preset.txt" >"$data/$preset.dat"
    [ "$preset" != kad ] || row "kad: older than five hours" 0.434 "$(awk '$1 == "five" { print $2 }' "$data/kad.txt")" 0.414 0.454
done <<'LAWS'
exp1h 720 - exponential 3600
kad 720 - weibull 0.5 5000
kad-steiner 720 - weibull 0.615 10170
bt-flatout 720 offline weibull 0.59 2514
bt-debian 720 offline weibull 0.38 2544
bt-redhat 720 offline weibull 0.34 1278
rhea-stress 100 - exponential 121.2
skype-client 720 daily lognormal 25200 0.5
skype-sn 720 - lognormal 19800 2
LAWS
words <<'TEXT'

![ages](ages.svg)

Lines: the law; points: counted. `skype-client` without its daily cycle, with which no moment is like another and the formula does not hold.
TEXT
draw ages <<GNUPLOT
set logscale x
set xlabel "age, min"
set ylabel "share of those online that are older"
set yrange [0:1]
plot for [p in "exp1h kad bt-redhat skype-sn"] "$data/".p.".dat" using (\$1/60):3 with lines notitle linetype (p eq "exp1h" ? 1 : p eq "kad" ? 2 : p eq "bt-redhat" ? 3 : 4), \
     for [p in "exp1h kad bt-redhat skype-sn"] "$data/".p.".dat" using (\$1/60):2 with points title p linetype (p eq "exp1h" ? 1 : p eq "kad" ? 2 : p eq "bt-redhat" ? 3 : 4)
GNUPLOT
cp "$table" $here/ages.md
exit $failed

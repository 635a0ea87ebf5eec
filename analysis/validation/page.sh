# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by the scripts of this folder, after `here=analysis/validation`: runs and figures of sim/chord2003/test/published.sh, pages and pictures.
. sim/chord2003/test/published.sh
table=$scratch/page

# row WHAT PUBLISHED OURS LEAST MOST: a verdict, and a line of the page.
row() {
    local word=holds
    verdict "$@" || word=**fails**
    echo "| $1 | $2 | $3 | $4 to $5 | $word |" >>"$table"
}
# told CELL...: a line of the page that judges nothing.
told() { { printf '|'; printf ' %s |' "$@"; echo; } >>"$table"; }
heads() { { printf '\n|'; printf ' %s |' "$@"; printf '\n|%s\n' "$(printf -- '---|%.0s' "$@")"; } >>"$table"; }
words() { cat >>"$table"; }
within() { awk -v x="$1" -v low="$2" -v high="$3" 'BEGIN { printf "%.4g %.4g\n", x * low, x * high }'; }
near() { awk -v x="$1" -v by="$2" 'BEGIN { printf "%.4g %.4g\n", x - by, x + by }'; }
# draw NAME: a script for gnuplot on standard input; the picture is NAME.svg. `data` is a folder for what it plots.
data=$scratch
draw() {
    { cat <<GNUPLOT; cat; } | gnuplot
set terminal svg size 720,340 font "sans-serif,13" background "#ffffff"
set output "$here/$1.svg"
set linetype 1 lc rgb "#1f5fa8" lw 2 pt 7
set linetype 2 lc rgb "#c8501e" lw 2 pt 5
set linetype 3 lc rgb "#3a8a3a" lw 2 pt 9
set linetype 4 lc rgb "#7a4a9a" lw 2 pt 11
set grid lc rgb "#dddddd"
set key outside right top
set border 3
set tics nomirror
GNUPLOT
}

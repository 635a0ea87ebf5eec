#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Pins analysis/scale.py: from figures that were made by the model it finds the coefficients again, and what it predicts for the same size is what was put in; more peers and ranks cost what the model says; runs
# that do not belong together are refused. Leaves open whether the model is right (analysis/scale.md).
. "$(dirname "$0")/../../scripts/test-lib.sh"
python=${PYTHON:-/usr/bin/python3}
run() { # NAME RANKS FINGERPRINT WALL COMPUTE WAIT EXCHANGE: 1,000 windows of 1 ms, 400,000 events, 20 kB a window
    mkdir -p "$work/$1"
    cat >"$work/$1/summary.json" <<JSON
{"ranks": $2, "fingerprint": "$3", "sim_s": 1, "events": 400000, "nodes_online_mean": 100000, "run_wall_s": $4, "ranks.compute_s": $5, "ranks.wait_s": $6, "ranks.exchange_s": $7,
 "ranks.windows": 1000, "ranks.bytes": 10000000}
JSON
}
run one 1 aa 0.4 null null null      # 1 us an event
run many 2 aa 0.28 0.22 0.02 0.04    # 10 % more an event, so 20 % more for one that crosses; 40 us a message
run over 4 aa 0.28 0.12 0.02 0.3     # 100 us a message
run other 2 bb 0.28 0.22 0.02 0.04
finds() {
    "$python" analysis/scale.py "$work/one" "$work/many" --peers 100k --machines 1 --ranks-per-machine 2 >"$work/out" || return 1
    told '1000 ns an event; crossing +20 %;' out && told '40.0 us a message; 20.0 kB a window; 1.43 times as fast' out && told '200 events a rank and window; us a window: work 220, wait 20, exchange 40; 3.571 times real time' out
}
check "it finds what was put in" finds
grows() { # ten times the peers on two machines of one rank: ten times the work, the wait by the root of that, and 50 kB leave each machine
    "$python" analysis/scale.py "$work/one" "$work/many" "$work/over" --peers 1M --machines 2 --ranks-per-machine 1 --bandwidth 1G >"$work/out" || return 1
    told 'work 2200, wait 63, exchange 150;' out && told '1.0 GB a machine' out
}
check "more peers cost more" grows
refused() { ends 2 "$python" analysis/scale.py "$work/one" "$work/other" && ends 2 "$python" analysis/scale.py "$work/many" "$work/many"; }
check "runs that do not belong together are refused" refused
exit $status

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Pins: one scenario has one result: {gcc, clang} x {-O0, -O3} x {heap, windows} x {W, W/2} x {1, 2, 3 partitions}. Leaves open: other CPUs.
set -u
runs=
for cc in gcc clang; do
    for o in O0 O3; do
        make -s all CC=$cc OPT=-$o BUILD=build/$cc-$o >/dev/null || { echo "not ok - $cc -$o does not build"; exit 1; }
        for engine in heap windows; do
            for part in 1 2; do
                for partitions in 1 2 3; do
                    runs+=" build/$cc-$o/reloadsim:$engine:$part:$partitions"
                done
            done
        done
    done
done
exec scripts/fingerprint.sh build/fingerprint-long "$(echo workloads/det-*.yaml)" "$runs"

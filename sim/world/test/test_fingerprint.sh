#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Pins: results do not depend on engine, window or partitions, in turn or in threads. Leaves open: compilers and -O levels, and the rest of the cross (long_fingerprint.sh).
set -u
r=${RELOADSIM:-build/reloadsim}
exec scripts/fingerprint.sh "${BUILD:-build}/fingerprint" "$(echo workloads/det-*.yaml)" "$r:heap:1:1 $r:windows:1:1 $r:windows:2:2 $r:windows:1:3 $r:windows:1:3:always"

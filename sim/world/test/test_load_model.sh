#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Pins at 1,000 peers: what a look-up, a registration, a refresh, a look for partitions, a keepalive, a join, a leave and a failure cost is what analysis/load-model.md
# derives, within a tenth. Leaves open other sizes (long_load_model.sh: 100,000), and what lost datagrams add.
set -u
export LC_ALL=C
cd "$(dirname "$0")/../../.." || exit 70
. sim/world/test/load_model.sh
compare 1000 10 1 20
exit $failed

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# As test_load_model.sh, at 100,000 peers: analysis/load-model.md holds there within a tenth too. Leaves open what lost datagrams add.
set -u
export LC_ALL=C
cd "$(dirname "$0")/../../.." || exit 70
. sim/world/test/load_model.sh
compare 100000 1 0.2 5
exit $failed

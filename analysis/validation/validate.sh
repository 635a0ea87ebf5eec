#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes every page and picture of this folder again, one after the other. SIZES="100 1k 10k 100k" are the overlays of headline.sh, MOST_PEERS=1048576 bounds the rings
# that stand still. Exit status 1 when a verdict is not what it was to be. What each page needs on one core: chord2003 4 minutes, ages 5, pvc 2, beside 5,
# headline hours.
set -u
cd "$(dirname "$0")/../.." || exit 70
failed=0
say() { echo "== $1"; }
say chord2003 && sim/chord2003/test/long_published.sh || failed=1
say ages && analysis/validation/ages.sh || failed=1
say pvc && analysis/validation/pvc.sh || failed=1
say beside && analysis/validation/beside.sh || failed=1
# shellcheck disable=SC2086 # a list of sizes
say headline && analysis/validation/headline.sh ${SIZES:-} || failed=1
exit $failed

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes every page and picture of this folder again, one after the other, and sets arithmetic beside count. SIZES="100 1k 10k 100k" are the overlays of headline.sh (default 100 and 1k;
# the rows of others stay as they are, with the revision that they tell of), MOST_PEERS=1048576 bounds the rings that stand still. Ends with a line for each page and status 1 when
# a verdict is not "holds". On two idle cores: chord2003 5 minutes, ages 4, pvc 2, beside 4, load 1, headline 10.
set -u
cd "$(dirname "$0")/../.." || exit 70
here=analysis/validation
results=$(mktemp -d) && trap 'rm -rf "$results"' EXIT
failed=0
page() { # NAME COMMAND...: its verdicts, and whether it went to its end
    local name=$1
    shift
    echo "== $name"
    "$@" | tee "$results/$name"
    [ "${PIPESTATUS[0]}" = 0 ] || { failed=1 && echo "$name" >>"$results/failed"; }
}
page chord2003 sim/chord2003/test/long_published.sh
page ages $here/ages.sh
page pvc $here/pvc.sh
page beside $here/beside.sh
page load sim/world/test/test_load_model.sh
# shellcheck disable=SC2086 # a list of sizes
page headline $here/headline.sh ${SIZES:-100 1k}
echo
for name in chord2003 ages pvc beside load headline; do
    ended="" && ! grep -qx "$name" "$results/failed" 2>/dev/null || ended=", FAILED"
    echo "$name: $(grep -c '^ok - ' "$results/$name") verdicts hold, $(grep -c '^not ok - ' "$results/$name") do not$ended"
done
exit $failed

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Pins: an independent decoder objects to nothing in the capture of 60 peers that join, churn and look up at 2 % loss, and our own decoder reads and
# rewrites each of its messages. Leaves open: messages that such an overlay never sends (proto/wire/test has them all).
set -u
r=${RELOADSIM:-build/reloadsim}
out=${BUILD:-build}/capture-gate
rm -rf "$out"
bad=0
check() { # name, command...: passes when the command succeeds
    local name=$1 log
    shift
    if log=$("$@" 2>&1); then echo "ok - $name"; else echo "not ok - $name"; printf '%s\n' "$log" | tail -n 20; bad=1; fi
}
# In seed 1 two peers answer copies of one request with different values, because its owner changes meanwhile; both answers come in fragments over one link.
# RFC 6940 6.7 names fragments by transaction only, and every decoder of a capture puts the halves of the two together.
check 'small-lossy.yaml runs' "$r" run workloads/small-lossy.yaml --set seed=3 -o "$out" --progress=off
[ -s "$out/capture.pcapng" ] || { echo "not ok - no capture"; exit 1; }
check 'tshark objects to nothing' scripts/pcap-gate "$out/capture.pcapng"
check 'decode --roundtrip rewrites every message as it was' "$r" decode "$out/capture.pcapng" --roundtrip
# The gate must be able to fail: a capture with one byte of a forwarding header changed.
messages=$(tshark -r "$out/capture.pcapng" -Y reload 2>/dev/null | wc -l)
kinds=$(tshark -r "$out/capture.pcapng" -Y 'reload.message.code' -T fields -e reload.message.code 2>/dev/null | tr ',' '\n' | sort -u | wc -l)
[ "$messages" -ge 1000 ] && [ "$kinds" -ge 12 ] && echo "ok - the capture has $messages messages with $kinds message codes" ||
    { echo "not ok - the capture has only $messages messages with $kinds message codes"; bad=1; }
exit $bad

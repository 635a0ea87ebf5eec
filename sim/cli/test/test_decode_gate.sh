#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Pins: tshark, which shares no code with us, objects to nothing in a capture that holds every message as we encode and unfold it: all codes,
# fragments, acks, certificates. Leaves open: what the simulated peers make of them (the gate on captures of runs).
set -u
export LC_ALL=C
build=${BUILD:-build}
file=$(mktemp --suffix=.pcapng)
trap 'rm -f "$file"' EXIT
"$build/sim/cli/test/test_decode" --write "$file" || { echo "not ok - writing the capture"; exit 1; }
objections=$(scripts/pcap-gate "$file" 2>&1)
[ $? -eq 0 ] && { echo "ok - tshark objects to none of our messages"; exit 0; }
printf 'not ok - tshark objects to none of our messages\n%s\n' "$objections"
exit 1

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# profile.sh SCENARIO [ARGUMENT...]: where the processor time of a run goes, by folder and file, without its start and its end: one line "where share ns-a-datagram".
# Samples the processor clock with perf, which needs no hardware counters; reads which function stands in which file from the objects in $BUILD.
set -eu
export LC_ALL=C
build=${BUILD:-build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
perf record -q -e cpu-clock:u -F 1000 -o "$work/samples" "$build/reloadsim" run "$@" -o "$work/run" --quiet
for object in $(find "$build/sim" "$build/proto" -name '*.o' -not -path '*/test/*' -not -path '*/bench/*' -not -path '*/fuzz/*'); do
    nm "$object" | awk -v o="${object#"$build"/}" '$2 ~ /^[tT]$/ { sub(/\.o$/, "", o); print $3, o }'
done >"$work/functions"
figure() { sed -n "s/^ *\"$1\": *\([-0-9.e]*\).*/\1/p" "$work/run/summary.json"; }
perf script -i "$work/samples" -F ip,sym 2>/dev/null | awk -v start="$(figure start_cpu_s)" -v cpu="$(figure cpu_s)" -v rate="$(figure datagrams_per_cpu_s)" '
    FNR == NR { file[$1] = $2; next }
    NF {
        n++
        if (n < start * 1000 || n > (start + cpu) * 1000) next # a sample a millisecond of processor time
        f = $2
        where = f in file ? file[f] : "libraries"
        if (where ~ /^sim\/kernel\/(random|real|law|special)/) where = "draws (sim/kernel/random, law)"
        else if (where ~ /^sim\/(kernel|rank)/) where = "events: queue, order, windows (sim/kernel)"
        else if (where ~ /^sim\/net\/(latency|wire|handles|access|trouble)/) where = "delay, loss, addresses (sim/net/wire, latency, handles)"
        else if (where ~ /^sim\/net\/(keepalive|channel|handshake)/) where = "channels, keepalives (sim/net/channel, keepalive)"
        else if (where ~ /^sim\/net/) where = "calls into the node, memory, hashes (sim/net)"
        else if (where ~ /^sim\/(world|record|cli)/) where = "world and figures (sim/world, sim/record)"
        else if (where ~ /^proto\/base/) where = "hashes (proto/base)"
        else if (where ~ /^proto\/wire/) where = "codecs (proto/wire)"
        else if (where ~ /^proto\//) where = "protocol (proto/reload, chord, store)"
        else if (where ~ /^sim\/chord2003/) where = "protocol (sim/chord2003)"
        count[where]++
        all++
    }
    END { for (w in count) printf "%5.1f %% %6.1f ns  %s\n", 100 * count[w] / all, count[w] / all * 1e9 / rate, w; printf "      all %6.1f ns a datagram\n", 1e9 / rate }' "$work/functions" - | sort -rn

# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by test_load_model.sh and long_load_model.sh: the arithmetic of analysis/load-model.md, and what the simulator counts.
program=${RELOADSIM:-${BUILD:-build}/reloadsim}
scratch=$(mktemp -d) && trap 'rm -rf "$scratch"' EXIT
failed=0

# model PEERS: lines "what frames" (messages, each fragment by itself) of load-model.md, for the parameters of load_model.yaml.
model() {
    awk -v N="$1" '
        function log2(x) { return log(x) / log(2) }
        function beyond(x) { return x < 0 ? 1 - beyond(-x) : exp(-0.717 * x - 0.416 * x * x) / 2 } # of the normal law, within 0.001
        # P(at least three peers in a stretch where x are expected): the entry begins beyond the third successor
        function three(x) { return 1 - exp(-x) * (1 + x + x * x / 2) }
        # how often a request of so many links is sent when its answer takes t s in the mean, with deviation s: once, and again each 3 s, five times in all
        function sends(t, s,   k, n) { n = 1; for (k = 1; k <= 4; k++) n += beyond((3 * k - t) / s); return n }
        BEGIN {
            d = 0.1; spread = 0.1 # s: mean one-way delay between cities, deviation of a round trip
            h = log2(N) / 2 + 0.68
            for (i = 1; i <= 40; i++) { x = N / 2 ^ i; f += three(x) * (1 - exp(-x)); begins += three(x) }
            L = 6 + 2 * f

            # look-up: mean over path lengths, which vary by sqrt(log2 N) / 2
            s = sqrt(log2(N)) / 2
            for (k = 1; k <= 40; k++) {
                p = beyond((k - 0.5 - h) / s) - beyond((k + 0.5 - h) / s)
                part = k > 10 ? 3 : 2 # fragments of an answer that names so many peers on its way, and its room in each
                n = sends(2 * d * k + 0.36 * (part - 1), spread * sqrt(k + 16))
                lookup += p * n * (k * (1 + part) + (k > 12 ? k - 12 : 0))
                register += p * n * (3 * k + (k > 11 ? k - 11 : 0))
            }
            print "lookup", lookup
            print "register", register + 2 * 3
            print "refresh", 6 * 2
            print "check", 2 * (1 + h)
            print "check.handshake", 7
            print "keepalive", L / 15

            # join
            for (i = 1; i <= 40; i++) {
                x = N / 2 ^ i; w = three(x)
                if (w < 0.001) break
                path = 1.6 + 0.86 * log2(x)
                if (path < 3) path = 3
                place += w
                # beyond 12 links the list of those passed makes two fragments: of the request on the links that are left, of the answer on all
                long = beyond(12.5 - path) * path + (path > 12 ? path - 12 : 0)
                first += w * (2 * path + long) * sends((2 + place) * (2 * d + 0.01) + 2 * d * path, spread * sqrt((2 + place) ^ 2 + path))
            }
            attach = 2 * (1 + h) + 5 * 4 + first
            update = 6 * 2 * L + 12 + 12 + 4 * f + 54
            print "join.attach", attach
            print "join.update", update
            print "join", attach + update + 2
            print "join.handshake", 6 * (7 + begins) + 6

            # a finger that is lost: a Ping into its range, an Attach to whom it found
            for (i = 2; i <= 40; i++) { x = N / 2 ^ i; w = three(x) * (1 - exp(-x)); if (w > 0.001) { ping += w * 2 * (log2(x) / 2 + 2.1); seek += w * 2 * (log2(x) / 2 + 1.1) } }
            seek *= (f - 2) / (f - 1)
            again = 4 * (f - 2)
            print "failure.ping", ping
            print "failure.attach", seek + 3.5 * 4
            print "failure.update", again + 5 * 6 * 2 + 20 + (1 + 6 * 0.52) * 2 * L
            print "failure", ping + seek + 3.5 * 4 + again + 5 * 6 * 2 + 20 + (1 + 6 * 0.52) * 2 * L
            print "failure.handshake", 6 * (f - 2 + 3.5)
            print "leave.ping", ping
            print "leave.attach", seek + 9 * 4
            print "leave.update", again + 5 * 6 * 2 + 7 * 2 * L
            print "leave", 12 + ping + seek + 9 * 4 + again + 5 * 6 * 2 + 7 * 2 * L
            print "leave.handshake", L + 6 * (f - 2 + 9)
            print "links", L
            print "path", h
        }'
}
expected() { awk -v k="$1" '$1 == k { print $2 }' "$scratch/model"; }

# counted FAULT SEEDS PEERS MINUTES: runs, the fault of each; leaves "key sum" of the figures in $scratch/sums.
counted() {
    local fault=$1 seeds=$2 peers=$3 minutes=$4 seed
    for seed in $(seq 1 "$seeds"); do
        "$program" run sim/world/test/load_model.yaml --quiet -o "$scratch/run" --set "seed=$seed" --set "overlay.peers=$peers" --set "phases.measure=$minutes min" \
            --set "faults=$fault" "${@:5}" >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; exit 70; }
        cat "$scratch/run/summary.json"
    done | awk -F'[" :,]+' 'NF >= 3 && $3 + 0 == $3 { s[$2] += $3 } END { s["frames"] = s["messages"] + s["fragments"]; for (k in s) print k, s[k] }' >"$scratch/sums"
}
sum() { awk -v k="$1" '$1 == k { print $2 }' "$scratch/sums"; }
each() { awk -v a="$(sum "$1")" -v n="$2" -v less="${3:-0}" 'BEGIN { print (n > 0) ? a / n - less : "nothing" }'; }

# agrees WHAT COUNTED KEY: within a tenth of what the model says.
agrees() {
    local model
    model=$(expected "$3")
    if awk -v x="$2" -v m="$model" 'BEGIN { exit !(x + 0 > 0 && x >= 0.9 * m && x <= 1.1 * m) }'; then
        awk -v w="$1" -v x="$2" -v m="$model" 'BEGIN { printf "ok - %s: model %.4g, counted %.4g (%+.1f %%)\n", w, m, x, 100 * (x / m - 1) }'
    else
        echo "not ok - $1: model $model, counted $2"
        failed=1
    fi
}

# compare PEERS SEEDS SHARE MINUTES: all that load-model.md derives, at this size. MINUTES of the quiet run.
compare() {
    local peers=$1 seeds=$2 share=$3 minutes=$4 count off=(--set overlay.bootstrap.partition_check=off --set "overlay.config.chord-update-interval=30 d" --set "overlay.config.chord-ping-interval=30 d" --set "workload={}")
    model "$peers" >"$scratch/model"
    counted '[]' 1 "$peers" "$minutes"
    local per=$(awk -v p="$peers" -v m="$minutes" 'BEGIN { print p * m * 60 }')
    agrees "$peers peers: frames a look-up" "$(each datagrams.by_class.lookup "$(sum lookup.count)")" lookup
    agrees "$peers peers: frames a registration" "$(each datagrams.by_class.store "$(sum registration.count)")" register
    agrees "$peers peers: frames a refresh" "$(each datagrams.by_class.update "$(awk -v p="$per" 'BEGIN { print p / 600 }')")" refresh
    agrees "$peers peers: frames a look for partitions" "$(each datagrams.by_class.ping "$(awk -v p="$per" 'BEGIN { print p / 600 }')")" check
    agrees "$peers peers: handshake datagrams a look for partitions" "$(each datagrams.by_class.handshake "$(awk -v p="$per" 'BEGIN { print p / 600 }')")" check.handshake
    agrees "$peers peers: keepalives a second" "$(each datagrams.by_class.keepalive "$per")" keepalive
    agrees "$peers peers: links" "$(sum links.mean)" links
    agrees "$peers peers: links to the owner" "$(sum lookup.hops.mean)" path

    counted "[{at: 10 s, leave: {share: $share %}}]" "$seeds" "$peers" 5 "${off[@]}"
    agrees "$peers peers: frames a leave" "$(each frames "$(sum fault.0.touched)")" leave
    agrees "$peers peers: handshake datagrams a leave" "$(each datagrams.by_class.handshake "$(sum fault.0.touched)")" leave.handshake

    counted "[{at: 10 s, kill: {share: $share %}}]" "$seeds" "$peers" 10 "${off[@]}"
    count=$(sum fault.0.touched)
    local failure handshake
    failure=$(each frames "$count")
    handshake=$(each datagrams.by_class.handshake "$count")
    agrees "$peers peers: frames a failure" "$failure" failure
    # What the same peers cost that come back after five minutes, less their failure: their joins.
    counted "[{at: 10 s, kill: {share: $share %, restart: 5 min}}]" "$seeds" "$peers" 10 "${off[@]}"
    agrees "$peers peers: frames a join" "$(each frames "$count" "$failure")" join
    agrees "$peers peers: handshake datagrams a join" "$(each datagrams.by_class.handshake "$count" "$handshake")" join.handshake
}

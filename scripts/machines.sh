#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two network namespaces that serve as two machines, each with a host name of its own, for runs under mpirun across machines. Scripts source it:
#   machines_possible            0, or 1 with the reason on standard output: it takes root's right to make namespaces, and iproute2
#   machines_up FOLDER [DELAY]   makes them, joined by a cable without delay, or by one that holds each packet for DELAY us (delay_link.c, compiled into FOLDER)
#   machines_run N PROGRAM...    mpirun -n N over both, ranks dealt in turn, from the first; stops with its exit status
#   machines_in 1|2 PROGRAM...   runs it on one of them
#   machines_down                ends what is left in them, and removes them
machines_tag=rs$$
machines_delay_link=
machines_found=$(grep -c ' /run/netns ' /proc/self/mountinfo) # ip mounts this folder and leaves it so

machines_possible() {
    local probe=${machines_tag}p
    command -v ip >/dev/null && command -v unshare >/dev/null || { echo "iproute2 or util-linux is not here"; return 1; }
    ip netns add "$probe" 2>/dev/null || { echo "network namespaces are not permitted here"; return 1; }
    if ! ip netns exec "$probe" unshare --uts hostname probe 2>/dev/null; then
        ip netns del "$probe"
        echo "host names of namespaces are not permitted here"
        return 1
    fi
    if ! ip link add "${machines_tag}x" type veth peer name "${machines_tag}y" 2>/dev/null; then
        ip netns del "$probe"
        echo "the kernel has no veth"
        return 1
    fi
    ip link del "${machines_tag}x"
    ip netns del "$probe"
}

machines_up() {
    local folder=$1 delay=${2:-0} n scripts
    scripts=$(dirname "${BASH_SOURCE[0]}")
    for n in 1 2; do
        ip netns add "$machines_tag.$n" && ip -n "$machines_tag.$n" link set lo up || return 1
    done
    if [ "$delay" = 0 ]; then
        ip -n "$machines_tag.1" link add cable type veth peer name cable netns "$machines_tag.2" || return 1
    else
        "${CC:-gcc}" -std=c17 -O2 -D_GNU_SOURCE -o "$folder/delay_link" "$scripts/delay_link.c" || return 1
        "$folder/delay_link" "$delay" "/run/netns/$machines_tag.1" "/run/netns/$machines_tag.2" cable &
        machines_delay_link=$!
        for n in $(seq 50); do # until both ends are there
            ip -n "$machines_tag.2" link show cable >/dev/null 2>&1 && break
            sleep 0.1
        done
    fi
    for n in 1 2; do
        ip -n "$machines_tag.$n" address add "10.77.0.$n/24" dev cable && ip -n "$machines_tag.$n" link set cable mtu 9000 up || return 1
    done
    printf '10.77.0.1 slots=128\n10.77.0.2 slots=128\n' >"$folder/hosts"
    # What mpirun calls to start something on another machine: AGENT HOST COMMAND...
    printf '#!/bin/sh\nn=${1##*.}\nshift\nexec ip netns exec %s.$n unshare --uts sh -c "hostname machine$n; $*"\n' "$machines_tag" >"$folder/agent"
    chmod +x "$folder/agent"
    machines_folder=$folder
}

machines_in() {
    local n=$1
    shift
    ip netns exec "$machines_tag.$n" unshare --uts sh -c "hostname machine$n"'; exec "$@"' sh "$@"
}

machines_run() {
    local count=$1
    shift
    machines_in 1 env OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none \
        OMPI_MCA_btl_vader_single_copy_mechanism=none OMPI_MCA_plm_rsh_agent="$machines_folder/agent" \
        mpirun.openmpi -q -n "$count" --map-by node --hostfile "$machines_folder/hosts" "$@" </dev/null
}

machines_down() {
    local n pids
    if [ -n "$machines_delay_link" ]; then
        kill "$machines_delay_link"
        wait "$machines_delay_link"
    fi 2>/dev/null
    machines_delay_link=
    for n in 1 2; do
        pids=$(ip netns pids "$machines_tag.$n" 2>/dev/null)
        # shellcheck disable=SC2086 # a list of numbers
        [ -z "$pids" ] || kill -9 $pids 2>/dev/null
    done
    for n in 1 2; do
        ip netns del "$machines_tag.$n" 2>/dev/null
    done
    [ "$machines_found" -gt 0 ] || [ -n "$(ls -A /run/netns 2>/dev/null)" ] || umount /run/netns 2>/dev/null
    return 0
}

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The protocol library stands alone: linked into one object it asks for memory and string functions, compiler helpers and __assert_fail only, and
# holds nothing that can change. This is what lets one archive serve the simulator, live sockets and other hosts.
set -u
export LC_ALL=C
build=${BUILD:-build}
whole=$build/libproto-whole.o
ld -r -o "$whole" --whole-archive "$build/libproto.a" || { echo "not ok - ld -r of libproto.a"; exit 1; }

bad=0
say() { # status of a check, its name, what it found
    if [ -z "$2" ]; then echo "ok - $1"; else printf 'not ok - %s\n%s\n' "$1" "$2"; bad=1; fi
}

allowed='mem(cpy|move|set|cmp|chr)|str(len|nlen|cmp|ncmp|chr|rchr)'
helpers='__assert_fail|_GLOBAL_OFFSET_TABLE_|__stack_chk_fail|__(u?(div|mod|divmod)|mul|popcount|clz|ctz|bswap|ashl|ashr|lshr)[sdt]i[234]'
sanitizer='__(asan|ubsan|lsan)_.*|__sanitizer_.*|_Unwind_Resume'
undefined=$(nm -u "$whole" | awk '{print $2}' | grep -vxE "$allowed|$helpers")
# A build under a sanitizer adds calls of its own; then only the rest is judged.
nm -u "$whole" | grep -q __asan_init && undefined=$(grep -vxE "$sanitizer" <<<"$undefined")
say "libproto.a calls nothing but memory and string functions" "$undefined"

mutable=$(objdump -h "$whole" | awk '$2 ~ /^\.(data|bss|tdata|tbss)/ && $2 !~ /^\.data\.rel\.ro/ && $3 !~ /^0+$/ {print $2, "holds 0x" $3, "bytes"}'
    objdump -t "$whole" | awk '$4 == "*COM*" || $5 == "*COM*" {print "common symbol", $NF}')
nm -u "$whole" | grep -q __asan_init && mutable=
say "libproto.a holds nothing that can change" "$mutable"
exit $bad

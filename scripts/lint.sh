#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lint.sh BUILD: the rules of the house that a machine can check, on the files that git knows (or would add) and the objects in BUILD.
# Prints each finding; exit status 1 when there is one. "note" lines do not fail. FORMAT=1 also asks clang-format.
set -u
export LC_ALL=C
build=${1:?usage: lint.sh BUILD}
bad=0

mapfile -t files < <(git ls-files --cached --others --exclude-standard | while read -r f; do [ -f "$f" ] && echo "$f"; done)
list() { printf '%s\n' "${files[@]}" | grep -E "$1"; }
finding() { # title, lines found (none = fine)
    [ -n "$2" ] || return 0
    printf '%s\n' "$1:"
    printf '%s\n' "$2" | sed 's/^/    /' | head -n 40
    bad=1
}
mapfile -t c_files < <(list '\.[ch]$')
mapfile -t proto_files < <(list '^proto/.*\.[ch]$' | grep -vE '/(test|fuzz|bench)/')
mapfile -t sim_files < <(list '^sim/.*\.[ch]$' | grep -vE '/(test|fuzz|bench)/')
mapfile -t analysis_files < <(list '^analysis/.*\.[ch]$' | grep -vE '/test/')

# --- layers -------------------------------------------------------------------------------------------------------------------
includes() { grep -nE '^ *# *include' "$@" /dev/null; }
finding 'proto/ includes something that is neither proto/ nor a header without effects' \
    "$(includes "${proto_files[@]}" | grep -vE 'include ("proto/|<(assert|limits|stdalign|stdarg|stdbool|stddef|stdint|inttypes|string)\.h>)')"
finding 'sim/ includes analysis/, or another file by a relative path' "$(includes "${sim_files[@]}" | grep -E 'include "' | grep -vE 'include "(proto|sim)/')"
finding 'analysis/ includes something of the simulator: it knows results files only' "$(includes $(list '^analysis/.*\.[ch]$') | grep -E 'include "' | grep -vE 'include "analysis/')"
finding 'a program of analysis/ is linked with the simulator or the protocol' "$(for m in $(list '^analysis/main_[^/]*\.c$'); do
    program=$build/reloadsim-$(basename "$m" .c | sed 's/^main_//')
    nm "$program" 2>/dev/null | grep -qE ' T (node_receive|world_run|kernel_run|scenario_load)$' && echo "$program"
    nm "$program" 2>/dev/null | grep -q ' T main$' || echo "$program is not there to be looked at"
done)"
mapfile -t kernel_files < <(list '^sim/(kernel|rank)/.*\.[ch]$' | grep -vE '/(test|bench)/')
[ ${#kernel_files[@]} -eq 0 ] || finding 'the kernel includes more than proto/base, itself and ranks' \
    "$(includes "${kernel_files[@]}" | grep -E 'include "' | grep -vE 'include "(proto/base|sim/kernel|sim/rank)/')"
finding 'a folder of sim/ reaches up: net does not know the world, nor the world the command line' "$(
    includes $(list '^sim/net/.*\.[ch]$' | grep -vE '/(test|bench)/') | grep -E 'include "sim/(world|record|scenario|cli)/'
    includes $(list '^sim/(world|record|scenario)/.*\.[ch]$' | grep -vE '/(test|bench|fuzz)/') | grep -E 'include "sim/cli/')"
finding 'a file does not include its own header first' "$(for f in $(list '^(proto|sim|analysis)/.*\.c$'); do
    own=${f%.c}.h
    [ ! -f "$own" ] || grep -m 1 '^#include' "$f" | grep -qF "\"$own\"" || echo "$f"
done)"

# --- headers stand alone ------------------------------------------------------------------------------------------------------
finding 'a header does not compile alone' "$(for h in $(list '\.h$'); do
    define=
    case $h in sim/* | analysis/*) define=-D_GNU_SOURCE ;; esac
    echo "#include \"$h\"" | gcc -std=c17 -Wall -Wextra -Werror -I. $define -fsyntax-only -x c - 2>&1 | grep -m 1 -E 'error' | sed "s|^|$h: |"
done)"

# --- calls that are banned ----------------------------------------------------------------------------------------------------
calls_of() { nm -A -u "$@" 2>/dev/null | awk '{sub(/@.*/, "", $NF); o = $1; sub(/:$/, "", o); print $NF, o}'; }
mapfile -t proto_objects < <(printf '%s\n' "${proto_files[@]}" | sed -n "s|\(.*\)\.c\$|$build/\1.o|p")
mapfile -t sim_objects < <(printf '%s\n' "${sim_files[@]}" | sed -n "s|\(.*\)\.c\$|$build/\1.o|p")
mapfile -t analysis_objects < <(printf '%s\n' "${analysis_files[@]}" | sed -n "s|\(.*\)\.c\$|$build/\1.o|p")
BUILD=$build scripts/check-proto.sh >/tmp/lint-proto.$$ 2>&1 || finding 'libproto.a does not stand alone' "$(grep -v '^ok' /tmp/lint-proto.$$)"
rm -f /tmp/lint-proto.$$
finding 'proto/ uses floating point' "$(grep -nwE 'float|double' "${proto_files[@]}" /dev/null | grep -vE ':[0-9]+: *(/\*|\*|//)' | grep -vE '/\*.*\b(float|double)\b.*\*/')"
mapfile -t chord_files < <(list '^sim/chord2003/.*\.[ch]$' | grep -vE '/(test|fuzz|bench)/')
mapfile -t chord_objects < <(printf '%s\n' "${chord_files[@]}" | sed -n "s|\(.*\)\.c\$|$build/\1.o|p")
[ ${#chord_files[@]} -eq 0 ] || {
    finding 'sim/chord2003 uses floating point' "$(grep -nwE 'float|double' "${chord_files[@]}" /dev/null | grep -vE '^[^:]*:[0-9]+: *(/\*|\*)')"
    finding 'sim/chord2003 asks for more than memory functions' "$(calls_of "${chord_objects[@]}" |
        grep -vE "^(mem(cpy|move|set|cmp)|__assert_fail|_GLOBAL_OFFSET_TABLE_|__stack_chk_fail|$(nm -j --defined-only "${chord_objects[@]}" 2>/dev/null | grep -E '^[a-z]' | sort -u | paste -sd '|')) ")"
}
unsafe='strcpy|strcat|sprintf|vsprintf|gets|strtok|tmpnam|mktemp|rand|srand|random|srandom|drand48|lrand48|atoi|atol|atoll|atof|alloca|system|popen|setlocale'
finding 'a prefetch that the compiler may leave out; fetch_line of sim/kernel/fetch.h stays' "$(grep -n "__builtin_prefetch" "${sim_files[@]}" "${proto_files[@]}" /dev/null | grep -v "^sim/kernel/fetch.h:")"
finding 'a call that cannot be used safely' "$(grep -nE "(^|[^a-z_A-Z0-9>.])($unsafe)\(" "${sim_files[@]}" "${proto_files[@]}" "${analysis_files[@]}" /dev/null)"
finding 'libm beyond what IEEE 754 makes exact (use sim/kernel/real.h)' "$(calls_of "${sim_objects[@]}" |
    grep -E '^(a?(sin|cos|tan)h?|atan2|exp|exp2|exp10|expm1|log|log2|log10|log1p|pow|cbrt|hypot|erfc?|[lt]gamma|fma)[fl]? ')"
finding 'a clock, the environment or a socket in kernel or network' "$(calls_of $(printf '%s\n' "${sim_objects[@]}" | grep -E '/sim/(kernel|net|rank)/') |
    grep -E '^(time|gettimeofday|clock|clock_gettime|getenv|secure_getenv|socket|getrandom|getpid) ')"

# --- nothing that can change outside main -------------------------------------------------------------------------------------
finding 'a variable outside main keeps its value between calls' "$(for o in "${proto_objects[@]}" "${sim_objects[@]}" "${analysis_objects[@]}"; do
    [ "$o" != "$build/sim/main.o" ] && [ -f "$o" ] || continue
    objdump -t "$o" | sed -nE '/^[0-9a-f]+ .....[dD]/d; s|^[0-9a-f]+ .{7} (\.[a-z.]*\|\*COM\*)[^ \t]*[ \t]+([0-9a-f]+) (.*)|\1 \2 \3|p' |
        awk -v o="$o" '$1 ~ /^\.(data|bss|tdata|tbss)|COM/ && $1 !~ /^\.data\.rel\.ro/ && $2 !~ /^0+$/ {print o ": " $3 " in " $1}'
done)"

# --- text ---------------------------------------------------------------------------------------------------------------------
mapfile -t text_files < <(list '\.([ch]|sh|yaml|md|1|csv|txt|py|js|css)$|^(Makefile|\.ci/run|scripts/[^/]*|\.editorconfig)$')
finding 'a file lacks its SPDX line' "$(for f in $(list '\.([ch]|sh|py|js|css)$|^(Makefile|\.ci/run|scripts/[^/]*)$'); do head -n 3 "$f" | grep -q 'SPDX-License-Identifier: GPL-2.0-or-later' || echo "$f"; done)"
finding 'unfinished work' "$(grep -nwE 'TO[D]O|FIX[M]E|X[X]X|H[A]CK' "${text_files[@]}" /dev/null)"
finding 'a path of the machine that this was written on' "$(grep -nE '(^|[^a-z.])/wor[k]/|/tmp/w[t]/' "${text_files[@]}" /dev/null)"
finding 'white space at the end of a line, or a tab in C' "$(grep -nE ' +$|'$'\r''$' $(list '\.([ch]|sh|md|yaml|py|js|css)$') /dev/null; grep -n $'\t' "${c_files[@]}" /dev/null)"
finding 'a script does not parse' "$(for f in $(list '\.sh$|^\.ci/run$|^scripts/[^./]*$'); do bash -n "$f" 2>&1; [ -x "$f" ] || echo "$f cannot be executed"; done)"
finding 'a folder has no README.md' "$(for d in $(list '^(proto|sim|analysis)/([^/]*/)?[^/]*\.c$|^(topologies|workloads)/' | xargs -n 1 dirname | sort -u | grep -vE '/(test|fuzz|bench)$'); do [ -f "$d/README.md" ] || echo "$d"; done)"
[ -z "${FORMAT:-}" ] || finding 'not laid out by .clang-format (make format)' "$(clang-format --dry-run "${c_files[@]}" 2>&1 | sed -n 's/^\([^:]*\):.*clang-format-violations.*/\1/p' | sort | uniq -c)"
for f in "${c_files[@]}"; do
    lines=$(wc -l <"$f")
    [ "$lines" -le 1000 ] || echo "note: $f has $lines lines: do two ideas live there?"
done

[ $bad -eq 0 ] && echo "lint: nothing found in ${#c_files[@]} C files"
exit $bad

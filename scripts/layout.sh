#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# layout.sh FILE...: a number for how these C sources lay memory out: their structs, enums and constants, without comments and blanks. A checkpoint holds memory
# as it lies, so it is for programs with the same number. What functions do is not in it.
set -eu
export LC_ALL=C
awk '
    { # comments go
        line = $0; out = ""
        while (line != "") {
            if (comment) {
                k = index(line, "*/")
                if (!k) { line = ""; break }
                line = substr(line, k + 2); comment = 0
            } else {
                k = index(line, "/*")
                if (!k) { out = out line; line = "" }
                else { out = out substr(line, 1, k - 1); line = substr(line, k + 2); comment = 1 }
            }
        }
    }
    FNR == 1 { inside = define = 0 }
    out ~ /^#define/ || define { gsub(/[ \t]/, "", out); print out; define = out ~ /\\$/; next }
    out ~ /^(typedef )?(struct|union|enum)[^()=;]*\{/ { inside = 1 }
    inside { closed = out ~ /^\}/ || out ~ /^[^ ].*\}/; gsub(/[ \t]/, "", out); if (out != "") print out; if (closed) inside = 0 }
' "$@" | cksum | awk '{ printf "%08x%08x\n", $1, $2 }'

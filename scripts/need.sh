#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# need.sh GROUP...: makes sure that what a group needs is on this machine. Groups: build test lint fuzz ranks.
# Says what is missing and why, then installs it with apt-get (as root, or by sudo when that asks for no password).
# Without apt-get it only lists what is missing. Exit status: 0 all there, 2 something is missing and could not be installed.
set -u
export LC_ALL=C DEBIAN_FRONTEND=noninteractive

# group | package | how to see that it is there | what for
table='
build|gcc|command:gcc|compiles the simulator
build|libc6-dev|header:stdio.h|C library headers
build|binutils|command:ar|makes libraries
build|libyaml-dev|header:yaml.h|reads scenarios
build|libssl-dev|header:openssl/sha.h|SHA-1 and SHA-256 as RELOAD wants them
build|libxml2-dev|libxml2|reads configuration documents
build|zlib1g-dev|header:zlib.h|compresses results, reads compressed data files
build|libhdf5-dev|hdf5|writes and reads results.h5
build|libgsl-dev|header:gsl/gsl_cdf.h|distributions behind confidence intervals
test|libcmocka-dev|cmocka|runs the unit tests
test|python3-h5py|python:h5py|reads results.h5, as users do
test|python3-pandas|python:pandas|tables of results in the Python reader
test|libopenmpi-dev|command:mpicc.openmpi|compiles what run --ranks needs
test|openmpi-bin|command:mpirun.openmpi|starts ranks
test|procps|command:pgrep|finds a rank, to kill it
test|iproute2|command:ip|network namespaces that serve as two machines
ranks|libopenmpi-dev|command:mpicc.openmpi|compiles what run --ranks needs
ranks|openmpi-bin|command:mpirun.openmpi|starts ranks
test|gnuplot-nox|command:gnuplot|draws what reports write for papers
test|tshark|command:tshark|an independent decoder that judges our captures
lint|clang|command:clang|second compiler: its warnings differ from those of gcc
fuzz|clang|command:clang|compiles the fuzzers
fuzz|libclang-rt-dev|libfuzzer|libFuzzer and the sanitizers of clang
'

compiles() { # language-independent probe: does this program compile with the given compiler and flags?
    local compiler=$1
    shift
    command -v "$compiler" >/dev/null && "$compiler" -x c - -o /dev/null "$@" >/dev/null 2>&1
}

is_there() {
    case $1 in
    command:*) command -v "${1#command:}" >/dev/null ;;
    header:*) echo "#include <${1#header:}>" | compiles "${CC:-gcc}" -fsyntax-only ;;
    python:*) "${PYTHON:-/usr/bin/python3}" -c "import ${1#python:}" 2>/dev/null ;;
    hdf5) echo '#include <hdf5.h>' | compiles "${CC:-gcc}" -fsyntax-only ${HDF5_CFLAGS:--I/usr/include/hdf5/serial} ;;
    libxml2) echo '#include <libxml/parser.h>' | compiles "${CC:-gcc}" -fsyntax-only -I/usr/include/libxml2 ;;
    cmocka) printf '#include <stdarg.h>\n#include <stddef.h>\n#include <stdint.h>\n#include <setjmp.h>\n#include <cmocka.h>\n' | compiles "${CC:-gcc}" -fsyntax-only ;;
    libfuzzer) echo 'int LLVMFuzzerTestOneInput(const char *b, unsigned long n) { return !b && n; }' | compiles clang -fsanitize=fuzzer,address,undefined ;;
    esac
}

missing=() reasons=()
for group in "$@"; do
    known=0
    while IFS='|' read -r in package probe reason; do
        [ "$in" = "$group" ] || continue
        known=1
        case " ${missing[*]-} " in *" $package "*) continue ;; esac
        is_there "$probe" || { missing+=("$package"); reasons+=("$package: $reason"); }
    done <<<"$table"
    [ $known = 1 ] || { echo "need.sh: no group is called $group" >&2; exit 2; }
done
[ ${#missing[@]} -gt 0 ] || exit 0

echo "Missing on this machine:"
printf '  %s\n' "${reasons[@]}"
if ! command -v apt-get >/dev/null; then
    echo "This machine has no apt-get. Install these (names of Debian packages) and try again." >&2
    exit 2
fi
as_root=()
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
        echo "Not root, and sudo would ask for a password. Please run: sudo apt-get install ${missing[*]}" >&2
        exit 2
    fi
    as_root=(sudo -n env DEBIAN_FRONTEND=noninteractive)
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() { "${as_root[@]}" apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@" >"$log" 2>&1; }
echo "Installing with apt-get: ${missing[*]}"
apt update || { tail -n 20 "$log" >&2; echo "need.sh: apt-get update failed; trying with the package lists at hand" >&2; }
if ! apt install --no-install-recommends "${missing[@]}"; then
    tail -n 30 "$log" >&2
    echo "need.sh: apt-get could not install: ${missing[*]}" >&2
    exit 2
fi
echo "Installed."

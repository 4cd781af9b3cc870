#!/bin/sh
# layout.sh PROGRAM EXPECTED: constants, sizes and offsets are what they were. With SSHRS_BLESS=1, declares the present ones.
set -eu
if [ "$(getconf LONG_BIT)" != 64 ]; then
    echo "skipped: the expected layout is a 64-bit machine's"
    exit 77
fi
if [ -n "${SSHRS_BLESS:-}" ]; then
    "$1" > "$2"
fi
"$1" | diff -u "$2" - || { echo "the ABI changed (+): if that is meant, run this with SSHRS_BLESS=1 and say so in CHANGELOG.md"; exit 1; }

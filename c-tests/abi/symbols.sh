#!/bin/sh
# symbols.sh LIBRARY MAP: the library exports exactly what the version script lists, each under its version.
set -eu
library=$1 map=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
sed -n 's/^ *\(ssh_[a-z0-9_]*\);$/\1@@SSHRS_0.1/p' "$map" | sort > "$dir/wanted"
nm -D --defined-only --with-symbol-versions "$library" | awk '$2 != "A" { print $3 }' | sort > "$dir/found"
[ -s "$dir/wanted" ] || { echo "no symbols in $map"; exit 1; }
if ! diff -u "$dir/wanted" "$dir/found"; then
    echo "exports (+) differ from $map (-)"
    exit 1
fi
readelf -d "$library" | grep -q 'SONAME.*\[libsshrs\.so\.0\]' || { echo "the SONAME is not libsshrs.so.0"; exit 1; }
echo "$(wc -l < "$dir/found") symbols, all versioned"

#!/usr/bin/env bash
# Builds the programs of the comparison into build/compare: clients and servers over our library, libssh and libssh2, the
# relay, the limit program. Installs the peers' packages where they are missing. A second run builds what changed only.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
scripts/install-deps.sh
if ! pkg-config --exists libssh2; then
    echo "build: installing libssh2-1-dev (a peer of the comparison)"
    as_root=
    [ "$(id -u)" = 0 ] || as_root=sudo
    $as_root apt-get install -y --no-install-recommends libssh2-1-dev >/dev/null
fi
cmake --preset release >/dev/null
cmake --build --preset release >/dev/null
benches/compare/build-own.sh

# role name flags...
compile() {
    local role=$1 name=$2
    shift 2
    local source=benches/compare/$role/$name.c program=build/compare/$role/$name
    mkdir -p "build/compare/$role"
    [ -n "$(find "$program" -newer "$source" -newer build/release/libsshrs.so.0 2>/dev/null)" ] ||
        ${CC:-cc} -O2 -Wall -Wextra -pthread -o "$program" "$source" "$@"
}
ours=(-Iinclude -Lbuild/release -Wl,-rpath,"$PWD/build/release" -lsshrs)
compile clients sshrs "${ours[@]}"
compile servers sshrs "${ours[@]}"
# shellcheck disable=SC2046
compile clients libssh $(pkg-config --cflags --libs libssh)
# shellcheck disable=SC2046
compile servers libssh $(pkg-config --cflags --libs libssh)
# shellcheck disable=SC2046
compile clients libssh2 $(pkg-config --cflags --libs libssh2)

#!/usr/bin/env bash
# Measures. What is compared runs in the same run.
#   scripts/bench.sh [bulk] [--mib N] [--rounds N] [--json]   bulk transfer of sshrs-ssh beside OpenSSH's ssh
#   scripts/bench.sh idle [CONNECTIONS]                       memory of an idle connection, server and client apart
#   scripts/bench.sh compare [--quick] [--rounds N] [--rows PATTERN] [--write]   us beside libssh, libssh2 and OpenSSH
#   scripts/bench.sh login [LOGINS]                           time to log in, without and with a hook that blocks
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ "${1:-}" = compare ]; then
    benches/compare/build.sh
    exec build/venv/bin/python benches/compare/run.py "${@:2}"
fi
what=bulk
case ${1:-} in bulk | idle | login) what=$1; shift ;; esac
[ "$what" != bulk ] || scripts/install-deps.sh
cmake --preset release >/dev/null
cmake --build --preset release
if [ "$what" = bulk ]; then
    exec scripts/with-sshd.sh python3 benches/bulk.py "$@" build/release/examples-c/sshrs-ssh
fi
exec build/release/server_bench "$what" "$@"

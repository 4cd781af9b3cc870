#!/usr/bin/env bash
# Measures bulk transfer of sshrs-ssh beside OpenSSH's ssh, on the same server in the same run.
#   scripts/bench.sh [--mib N] [--rounds N] [--json]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/install-deps.sh
cmake --preset release >/dev/null
cmake --build --preset release
exec scripts/with-sshd.sh python3 benches/bulk.py "$@" build/release/examples-c/sshrs-ssh

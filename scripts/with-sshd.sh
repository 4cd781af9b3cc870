#!/bin/sh
# Runs a command beside a throw-away OpenSSH server on 127.0.0.1; its address and keys are in SSHRS_TEST_* variables.
#   scripts/with-sshd.sh [-o Option=Value]... COMMAND [ARGUMENT]...
# tests/interop/peers/with_sshd.py lists the variables.
root=$(cd "$(dirname "$0")/.." && pwd) || exit 125
python=/usr/bin/python3
[ -x "$python" ] || python=python3
PYTHONPATH="$root/tests/interop${PYTHONPATH:+:$PYTHONPATH}" exec "$python" -m peers.with_sshd "$@"

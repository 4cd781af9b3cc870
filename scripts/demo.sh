#!/usr/bin/env bash
# The demo: starts an OpenSSH server on loopback with throw-away keys, and uses it with examples-c/sshrs-ssh: checks the
# host key, logs in by key, runs a command, streams 1 GiB, and tells what was negotiated, the exit status and the speed.
# Installs what is missing and builds first. SSHRS_DEMO_MIB sets another size.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
preset=${SSHRS_PRESET:-release}

if [ -z "${SSHRS_TEST_PORT:-}" ]; then
    scripts/install-deps.sh
    echo "demo: building (the first time takes some minutes)"
    mkdir -p build/logs
    if ! { cmake --preset "$preset" && cmake --build --preset "$preset"; } >build/logs/demo.log 2>&1; then
        tail -n 40 build/logs/demo.log >&2
        exit 1
    fi
    exec scripts/with-sshd.sh bash "$0"
fi

mib=${SSHRS_DEMO_MIB:-1024}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

client() {
    "build/$preset/examples-c/sshrs-ssh" -p "$SSHRS_TEST_PORT" -i "$SSHRS_TEST_KEY" \
        -o UserKnownHostsFile="$1" -o StrictHostKeyChecking=yes "${@:2}"
}
target=$SSHRS_TEST_USER@$SSHRS_TEST_HOST

echo
echo "== A server on $SSHRS_TEST_HOST, port $SSHRS_TEST_PORT. Its host key:"
ssh-keygen -lf "$SSHRS_TEST_HOSTKEY_PUB"

echo
echo "== With an empty known_hosts the client must refuse:"
: >"$work/empty"
status=0
client "$work/empty" "$target" true </dev/null || status=$?
echo "exit status $status"
[ "$status" = 255 ] || { echo "demo: an unknown host key was not refused" >&2; exit 1; }

echo
echo "== With the key in known_hosts: log in by key, run a command"
status=0
client "$SSHRS_TEST_KNOWN_HOSTS" -v "$target" 'echo "hello from $(id -un)"; exit 7' </dev/null 2>"$work/log" || status=$?
echo "exit status $status (the command ended with \`exit 7\`)"
[ "$status" = 7 ] || { cat "$work/log" >&2; exit 1; }

echo
echo "== What was negotiated"
negotiated=$(grep -E '(server version|kex|host key|cipher to .*|mac to .*|compression to .*|logged in)[: ]' "$work/log") || { cat "$work/log"; exit 1; }
printf '%s\n' "$negotiated"

echo
echo "== Streaming $mib MiB through the channel"
start=$(date +%s%N)
status=0
bytes=$(client "$SSHRS_TEST_KNOWN_HOSTS" "$target" "head -c $((mib * 1048576)) /dev/zero" </dev/null | wc -c) || status=$?
end=$(date +%s%N)
[ "$status" = 0 ] && [ "$bytes" = $((mib * 1048576)) ] || { echo "demo: exit status $status, $bytes bytes" >&2; exit 1; }
awk -v bytes="$bytes" -v ns=$((end - start)) \
    'BEGIN { printf "exit status 0, %d bytes in %.2f s: %.0f MB/s, connecting included\n", bytes, ns / 1e9, bytes / ns * 1e3 }'

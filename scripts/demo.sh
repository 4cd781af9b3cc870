#!/usr/bin/env bash
# The demo. First examples-c/sshrs-ssh, our client, with an OpenSSH server started on loopback with throw-away keys: checks
# the host key, logs in by key, runs a command, streams 1 GiB, and tells what was negotiated, the exit status and the speed.
# Then examples-c/sshrs-sshd, our server, with our client and with the system's `ssh`; the last lines are for trying it by
# hand. Installs what is missing and builds first. SSHRS_DEMO_MIB sets another size.
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
    "build/$preset/examples-c/sshrs-ssh" -F none -p "$SSHRS_TEST_PORT" -i "$SSHRS_TEST_KEY" \
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
negotiated=$(grep -E '^sshrs-ssh: (server version|kex|host key|cipher to .*|mac to .*|compression to .*|logged in)[: ]' "$work/log") || { cat "$work/log"; exit 1; }
printf '%s\n' "$negotiated"

# Streams from a server to our client, whose arguments are given.
stream() {
    local start end bytes status=0
    echo
    echo "== Streaming $mib MiB through the channel"
    start=$(date +%s%N)
    bytes=$("$@" "head -c $((mib * 1048576)) /dev/zero" </dev/null | wc -c) || status=$?
    end=$(date +%s%N)
    [ "$status" = 0 ] && [ "$bytes" = $((mib * 1048576)) ] || { echo "demo: exit status $status, $bytes bytes" >&2; exit 1; }
    awk -v bytes="$bytes" -v ns=$((end - start)) \
        'BEGIN { printf "exit status 0, %d bytes in %.2f s: %.0f MB/s, connecting included\n", bytes, ns / 1e9, bytes / ns * 1e3 }'
}
stream client "$SSHRS_TEST_KNOWN_HOSTS" "$target"

# ---- Our server -----------------------------------------------------------------------------------------------------

demo=build/demo
programs=build/$preset/examples-c
if [ ! -e "$demo/ready" ]; then
    mkdir -p "$demo"
    for name in host key; do
        rm -f "$demo/$name"
        ssh-keygen -q -t ed25519 -N '' -C "sshrs demo" -f "$demo/$name"
    done
    touch "$demo/ready"
fi
server=("$programs/sshrs-sshd" --user demo --host-key "$demo/host" --authorized-keys "$demo/key.pub")

"${server[@]}" -p 0 >"$work/address" &
server_pid=$!
trap 'kill "$server_pid" 2>/dev/null || true; rm -rf "$work"' EXIT
until grep -q '^listening on ' "$work/address"; do
    kill -0 "$server_pid" || { echo "demo: sshrs-sshd did not start" >&2; exit 1; }
    sleep 0.05
done
port=$(sed -n 's/^listening on .*://p' "$work/address")
for at in "$port" 2222; do echo "[127.0.0.1]:$at $(cut -d ' ' -f 1,2 "$demo/host.pub")"; done >"$demo/known_hosts"
options=(-o UserKnownHostsFile="$demo/known_hosts" -o StrictHostKeyChecking=yes -i "$demo/key")

echo
echo "== Now a server of ours, sshrs-sshd, on 127.0.0.1, port $port; our client runs a command there"
status=0
"$programs/sshrs-ssh" -p "$port" "${options[@]}" demo@127.0.0.1 'echo "hello from process $$"; exit 7' </dev/null || status=$?
echo "exit status $status (the command ended with \`exit 7\`)"
[ "$status" = 7 ] || exit 1
stream "$programs/sshrs-ssh" -p "$port" "${options[@]}" demo@127.0.0.1

echo
echo "== The same server, and $(ssh -V 2>&1 | cut -d , -f 1)"
status=0
ssh -F none -p "$port" "${options[@]}" -o IdentitiesOnly=yes -o BatchMode=yes demo@127.0.0.1 \
    'echo "hello to ssh, from process $$"; echo "an error" >&2; exit 7' </dev/null || status=$?
echo "exit status $status"
[ "$status" = 7 ] || exit 1

echo
status=0
kill "$server_pid"
wait "$server_pid" || status=$?
echo "== SIGTERM ended the server; its exit status is $status"
[ "$status" = 0 ] || exit 1

echo
echo "== To try it by hand, here:"
echo "    ${server[*]} -p 2222 &"
echo "    ssh -p 2222 ${options[*]} demo@127.0.0.1"

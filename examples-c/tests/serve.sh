#!/bin/sh
# README's server, with sshrs-ssh and the system's ssh.
#   serve.sh SERVE SSHRS-SSH
. "$(dirname "$0")/check.sh"
dir=$(mktemp -d) || exit 1
trap 'kill "$running" 2>/dev/null; rm -rf "$dir"' EXIT
for name in user other; do ssh-keygen -q -t ed25519 -N '' -f "$dir/$name"; done
# A port that is free now; another is tried if it is taken by then.
for port in $(seq 42201 42220); do
    "$1" "$port" "$dir/user.pub" 2>"$dir/log" &
    running=$!
    sleep 0.3
    kill -0 "$running" 2>/dev/null && break
done
own() { "$own_client" -F none -p "$port" -o "UserKnownHostsFile=$dir/known" -o GlobalKnownHostsFile=none -o StrictHostKeyChecking=accept-new -o BatchMode=yes "$@"; }
own_client=$2
check 0 'some words' own -i "$dir/user" any@127.0.0.1 some words
check 0 'again' own -i "$dir/user" any@127.0.0.1 again
check 255 'permission denied' own -i "$dir/other" any@127.0.0.1 true
if command -v ssh >/dev/null; then
    check 0 'from ssh' ssh -F none -p "$port" -o "UserKnownHostsFile=$dir/known" -o IdentitiesOnly=yes -o BatchMode=yes -i "$dir/user" any@127.0.0.1 from ssh
fi
check 255 'usage' "$1"
finish

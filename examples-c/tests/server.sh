#!/bin/sh
# sshrs-sshd with two clients: sshrs-ssh, and the system's ssh where there is one.
#   server.sh SSHRS-SSHD SSHRS-SSH
. "$(dirname "$0")/check.sh"
sshd=$1 own_client=$2
dir=$(mktemp -d) || exit 1
running=
stop() {
    [ -z "$running" ] && return
    kill -TERM "$running"
    wait "$running"
    stopped=$?
    running=
}
trap 'stop; rm -rf "$dir"' EXIT

for name in host user other; do ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$dir/$name"; done
cp "$dir/user.pub" "$dir/authorized"
echo secret >"$dir/password"
echo wrong >"$dir/wrong"
echo 'Keep out.' >"$dir/banner"

# start OPTION...: a server on a port of its own; sets $port.
start() {
    stop
    : >"$dir/out"
    "$sshd" -p 0 --user joe --host-key "$dir/host" "$@" >"$dir/out" 2>"$dir/log" &
    running=$!
    port=
    while [ -z "$port" ] && kill -0 "$running" 2>/dev/null; do
        port=$(sed -n 's/^listening on 127\.0\.0\.1:\([0-9]*\)$/\1/p' "$dir/out")
        [ -n "$port" ] || sleep 0.05
    done
    echo "[127.0.0.1]:$port $(cut -d' ' -f1,2 "$dir/host.pub")" >"$dir/known_hosts"
}

# with CLIENT OPTION... HOST COMMAND...: logs in by key, believing this server's key alone.
with() {
    client=$1
    shift
    "$client" -F none -p "$port" -o "UserKnownHostsFile=$dir/known_hosts" -o IdentitiesOnly=yes -o BatchMode=yes \
        -i "$dir/user" "$@"
}
own() {
    "$own_client" -F none -p "$port" -o "UserKnownHostsFile=$dir/known_hosts" -o GlobalKnownHostsFile=none -o BatchMode=yes "$@"
}
key() { own -i "$dir/user" "$@"; }
host=joe@127.0.0.1

# The command line.
check 0 'usage: sshrs-sshd' "$sshd" --help
check 255 'nobody could log in' "$sshd" -p 0
check 255 'unknown option' "$sshd" --frobnicate
check 255 'unknown option' "$sshd" -o NoSuchOption=1
check 255 'KexAlgorithms' "$sshd" -p 0 --password-file "$dir/password" -o KexAlgorithms=rot13
check 255 'No such file' "$sshd" -p 0 --trusted-user-ca "$dir/none"
check 255 'not known here' "$sshd" -p 0 --trusted-user-ca "$dir/user.pub" -o AuthorizedPrincipalsFile=%x
check 255 'given already' "$sshd" -p 0 --host-key "$dir/host" --host-key "$dir/other" --password-file "$dir/password"
check 255 'without its command' "$sshd" -p 0 --password-file "$dir/password" -o Subsystem=upper
echo >"$dir/empty"
check 255 'the password is empty' "$sshd" -p 0 --password-file "$dir/empty"
head -c 16384 /dev/zero | tr '\0' x >"$dir/long"
check 255 'too long' "$sshd" -p 0 --password-file "$dir/password" --banner "$dir/long"

# Commands, from both clients.
start --authorized-keys "$dir/authorized" --password-file "$dir/password" --banner "$dir/banner" -o 'AcceptEnv=EXAMPLE_*' \
    -o 'Subsystem=upper tr a-z A-Z'
commands() {
    check 0 'hello' "$@" "$host" echo hello
    check 7 '' "$@" "$host" exit 7
    same "stdout alone: $1" "$("$@" "$host" 'echo out; echo err >&2' 2>/dev/null)" out
    same "stderr: $1" "$("$@" "$host" 'echo out; echo err >&2' 2>&1 >/dev/null | grep -v 'Keep out')" err
    same "stdin and its end: $1" "$(printf 'some\ntext' | "$@" "$host" cat 2>/dev/null)" "$(printf 'some\ntext')"
    same "a shell without a terminal: $1" "$(echo 'echo $((6 * 7))' | "$@" "$host" 2>/dev/null)" 42
    same "a terminal: $1" "$("$@" -tt "$host" 'tty >/dev/null && stty size >/dev/null && echo yes' </dev/null 2>/dev/null | tr -d '\r')" yes
    same "the environment: $1" "$(EXAMPLE_A=b "$@" -o 'SendEnv=EXAMPLE_*' "$host" 'echo $EXAMPLE_A $USER' 2>/dev/null)" 'b joe'
    same "a subsystem: $1" "$(echo text | "$@" -s "$host" upper 2>/dev/null)" TEXT
    check 255 '' "$@" -s "$host" none
    check 0 'Keep out.' "$@" "$host" true
    # A child that stays behind keeps a terminal open, but not the session.
    check 0 'done' "$@" -tt "$host" 'sleep 30 & echo done'
}
commands key
if command -v ssh >/dev/null; then commands with ssh; fi
check 143 '' key "$host" 'kill -TERM $$'

# A client that goes takes its command along.
"$own_client" -F none -p "$port" -o "UserKnownHostsFile=$dir/known_hosts" -i "$dir/user" "$host" 'echo $$; exec sleep 60' >"$dir/pid" \
    2>/dev/null </dev/null &
client=$!
while [ ! -s "$dir/pid" ]; do sleep 0.05; done
kill -KILL "$client"
wait "$client" 2>/dev/null
tries=0
while kill -0 "$(cat "$dir/pid")" 2>/dev/null && [ $tries -lt 200 ]; do tries=$((tries + 1)) && sleep 0.05; done
same 'the command of a client that is gone ends' "$(kill -0 "$(cat "$dir/pid")" 2>/dev/null || echo ended)" ended

# Who may log in.
check 0 'fine' own -o PubkeyAuthentication=no --password-file "$dir/password" "$host" echo fine
check 255 'permission denied' own -o PubkeyAuthentication=no --password-file "$dir/wrong" "$host" true
check 255 'permission denied' own -i "$dir/other" "$host" true
check 255 'permission denied' own -i "$dir/user" ann@127.0.0.1 true
echo "restrict,command=\"echo forced \\\"\$SSH_ORIGINAL_COMMAND\\\"\" $(cat "$dir/other.pub")" >>"$dir/authorized"
check 0 'forced ls' own -i "$dir/other" "$host" ls
check 0 'refused the "pty-req"' own -i "$dir/other" -tt "$host" ls
check 255 'rohibited' own -i "$dir/other" -W "127.0.0.1:$port" "$host"
check 0 'SSH-2.0-' key -W "127.0.0.1:$port" "$host"
check 255 'refused' key -W 127.0.0.1:1 "$host"

stop
same 'SIGTERM ends it well' "$stopped" 0

start --authorized-keys "$dir/authorized" --password-file "$dir/password" --two-step --interactive
check 0 'fine' own -i "$dir/user" --password-file "$dir/password" "$host" echo fine
check 255 'permission denied' own -i "$dir/user" "$host" true
check 255 'permission denied' own -o PubkeyAuthentication=no --password-file "$dir/password" "$host" true

start --password-file "$dir/password" --echo --max-connections 1
password() { own --password-file "$dir/password" "$@"; }
same 'source' "$(password "$host" source 100000 | wc -c)" 100000
same 'sink' "$(head -c 100000 /dev/zero | password "$host" sink 100000)" 100000
same 'echo' "$(echo text | password "$host" anything)" text

# One connection at a time: the next gets in when the first is gone.
start --password-file "$dir/password" --echo --max-connections 1
mkfifo "$dir/pipe"
exec 9<>"$dir/pipe"
"$own_client" -F none -p "$port" -o "UserKnownHostsFile=$dir/known_hosts" --password-file "$dir/password" "$host" anything \
    <"$dir/pipe" >"$dir/first" 9>&- &
client=$!
echo first >&9
while [ ! -s "$dir/first" ]; do sleep 0.05; done
check 255 'negotiating' password "$host" anything
exec 9>&-
wait "$client"
tries=0
until password "$host" anything </dev/null 2>/dev/null || [ $tries -ge 200 ]; do tries=$((tries + 1)) && sleep 0.05; done
same 'the next gets in' "$([ $tries -lt 200 ] && echo yes)" yes

start --password-file "$dir/password" --no-exec
check 255 'refused' password "$host" true
finish

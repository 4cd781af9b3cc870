#!/bin/sh
# Forwarding through sshrs-sshd by sshrs-ssh: ports and Unix sockets both ways, a proxy, the agent; what it says where it cannot; a
# server that forwards nothing. tests/interop/test_forward_matrix.py has the same and more with OpenSSH at either end.
#   forward.sh SSHRS-SSHD SSHRS-SSH
. "$(dirname "$0")/check.sh"
sshd=$1 own_client=$2
for tool in ssh ssh-keygen ssh-agent ssh-add python3; do
    command -v "$tool" >/dev/null || { echo "skipped: $tool is not installed"; exit 77; }
done
dir=$(mktemp -d) || exit 1
pids=
trap 'kill $pids 2>/dev/null; wait; rm -rf "$dir"' EXIT
for name in host user; do ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$dir/$name"; done
host=joe@127.0.0.1

# start NAME OPTION...: a server on a port of its own; sets $port.
start() {
    name=$1
    shift
    "$sshd" -p 0 --user joe --host-key "$dir/host" --authorized-keys "$dir/user.pub" "$@" >"$dir/$name.out" 2>"$dir/$name.log" &
    pids="$pids $!"
    await 'the server' grep -q 'listening on' "$dir/$name.out"
    port=$(sed -n 's/^listening on 127\.0\.0\.1:\([0-9]*\)$/\1/p' "$dir/$name.out")
    echo "[127.0.0.1]:$port $(cut -d' ' -f1,2 "$dir/host.pub")" >>"$dir/known_hosts"
}

# await WHAT COMMAND...: until the command succeeds, five seconds at most.
await() {
    what=$1 tries=100
    shift
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || { same "waiting for $what" no yes; return 1; }
        sleep 0.05
    done
}

client() {
    ssh -F none -p "$port" -o "UserKnownHostsFile=$dir/known_hosts" -o IdentitiesOnly=yes -o BatchMode=yes \
        -o ExitOnForwardFailure=yes -i "$dir/user" "$@"
}

# Services: what connects gets its data back in capitals, once it has sent the end of it.
cat >"$dir/service.py" <<'PYTHON'
import os, socket, sys, threading
def serve(to):
    data = b""
    while part := to.recv(65536):
        data += part
    to.sendall(data.swapcase())
    to.close()
servers = [socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_UNIX)]
servers[1].bind(sys.argv[1])
servers[1].listen()
def run(server):
    while True:
        threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
for server in servers:
    threading.Thread(target=run, args=(server,), daemon=True).start()
print(servers[0].getsockname()[1], flush=True)
threading.Event().wait()
PYTHON
# talk PORT-OR-PATH [SOCKS-PORT [4a]]: sends stdin and its end, prints the answer.
cat >"$dir/talk.py" <<'PYTHON'
import socket, sys, threading
to = sys.argv[1]
def connect(to):
    if to.startswith("/"):
        s = socket.socket(socket.AF_UNIX)
        s.connect(to)
        return s
    return socket.create_connection(("127.0.0.1", int(to)), 5)
if len(sys.argv) > 3:
    s = connect(sys.argv[2])
    s.sendall(b"\4\1" + int(to).to_bytes(2, "big") + b"\0\0\0\1me\0localhost\0")
    assert s.recv(8)[:2] == b"\0\x5a"
elif len(sys.argv) > 2:
    s = connect(sys.argv[2])
    s.sendall(b"\5\1\0")
    assert s.recv(2) == b"\5\0"
    s.sendall(b"\5\1\0\1\x7f\0\0\1" + int(to).to_bytes(2, "big"))
    assert s.recv(10)[:2] == b"\5\0"
else:
    s = connect(to)
s.settimeout(10)
data = sys.stdin.buffer.read()
def send():
    try:
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # nobody there: the answer is empty
threading.Thread(target=send).start()
try:
    while part := s.recv(65536):
        sys.stdout.buffer.write(part)
except ConnectionResetError:
    pass
PYTHON
talk() { python3 "$dir/talk.py" "$@"; }

# Three ports nobody listens on.
set -- $(python3 -c 'import socket
servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*(s.getsockname()[1] for s in servers))')
tcp=$1 socks=$2 given=$3

python3 "$dir/service.py" "$dir/service" >"$dir/service.out" &
pids="$pids $!"
await 'the services' grep -q . "$dir/service.out"
service=$(cat "$dir/service.out")
start main -v
head -c 3000000 /dev/urandom >"$dir/data"
want=$(python3 -c 'import sys; sys.stdout.buffer.write(open(sys.argv[1], "rb").read().swapcase())' "$dir/data" | sha256sum)

# The agent.
eval "$(ssh-agent -s)" >/dev/null
pids="$pids $SSH_AGENT_PID"
ssh-add -q "$dir/user" 2>/dev/null

# All of it by one client at once.
cat >"$dir/own" <<OWN
#!/bin/sh
exec "$own_client" -F none -p $port -o "UserKnownHostsFile=$dir/known_hosts" -i "$dir/user" "\$@"
OWN
chmod +x "$dir/own"
"$dir/own" -N -o ExitOnForwardFailure=yes -L "$tcp:localhost:$service" -o "LocalForward=$dir/own-port localhost:$service" \
    -L "$dir/own-socket:$dir/service" -L "$dir/own-nowhere:127.0.0.1:1" -D "127.0.0.1:$socks" \
    -R "0:localhost:$service" -R "$dir/own-remote:$dir/service" -R "$given:127.0.0.1:1" $host >"$dir/own.log" 2>&1 &
own_pid=$!
pids="$pids $own_pid"
await 'what sshrs-ssh listens on' talk "$socks" </dev/null
same '3 MB through -L of sshrs-ssh' "$(talk "$tcp" <"$dir/data" | sha256sum)" "$want"
same 'from a socket to a port' "$(echo Text | talk "$dir/own-port")" tEXT
same '3 MB from a socket to a socket' "$(talk "$dir/own-socket" <"$dir/data" | sha256sum)" "$want"
same 'for its user alone' "$(stat -c %a "$dir/own-socket")" 600
same 'to a closed port' "$(echo x | talk "$dir/own-nowhere")" ''
check 0 "forwarding a connection to 127.0.0.1:1: " cat "$dir/own.log"
same '3 MB through -D of sshrs-ssh' "$(talk "$service" "$socks" <"$dir/data" | sha256sum)" "$want"
same 'SOCKS 4a' "$(echo Text | talk "$service" "$socks" 4a)" tEXT
check 1 'AssertionError' talk 1 "$socks"
chosen=$(sed -n "s/^Allocated port \([0-9]*\) for remote forward to localhost:$service\$/\1/p" "$dir/own.log")
same '3 MB through -R 0 of sshrs-ssh' "$(talk "$chosen" <"$dir/data" | sha256sum)" "$want"
same '-R of a socket' "$(echo Text | talk "$dir/own-remote")" tEXT
same '-R to a closed port' "$(echo x | talk "$given")" ''
check 0 "connecting to 127.0.0.1:1 for the server: Connection refused" cat "$dir/own.log"
check 255 "listening on localhost:$tcp: Address already in use" \
    "$dir/own" -o ExitOnForwardFailure=yes -L "$tcp:localhost:1" $host true
check 255 "listen on localhost:$chosen: " \
    "$dir/own" -o ExitOnForwardFailure=yes -R "$chosen:localhost:1" $host true
check 0 '' "$dir/own" -L "$tcp:localhost:1" $host true
check 0 'user (ED25519)' "$dir/own" -A $host 'ssh-add -l'
check 0 'none' "$dir/own" $host 'echo ${SSH_AUTH_SOCK:-none}'
kill "$own_pid"
await 'the end of the sockets' sh -c "! test -e '$dir/own-socket' && ! test -e '$dir/own-remote'"
check 1 'refused' talk "$chosen"
# A connection that is open does not keep the command's end waiting.
check 7 'tEXT' "$dir/own" -L "$dir/own-open:localhost:$service" $host "echo Text | python3 $dir/talk.py $dir/own-open
    python3 -c 'import socket, time
s = socket.socket(socket.AF_UNIX)
s.connect(\"$dir/own-open\")
time.sleep(20)' >/dev/null 2>&1 & sleep 0.5; exit 7"
same 'and leaves nothing' "$(ls "$dir/own-open" 2>&1 | grep -c 'No such')" 1

# Settings and restrictions.
start closed -o AllowTcpForwarding=no -o AllowStreamLocalForwarding=no -o AllowAgentForwarding=no
check 255 'prohibited' client -W "127.0.0.1:$service" $host
check 255 'remote port forwarding failed' client -R "0:localhost:$service" $host true
check 255 'remote port forwarding failed' client -R "$dir/remote:$dir/service" $host true
check 0 'none' client -A $host 'echo ${SSH_AUTH_SOCK:-none}'
finish

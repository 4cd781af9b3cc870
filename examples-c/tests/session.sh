#!/bin/sh
# sshrs-ssh against the server that with-sshd.sh started: exit statuses, streams, host keys, logins, rekeying.
#   session.sh PROGRAM
. "$(dirname "$0")/check.sh"
program=$1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cp "$SSHRS_TEST_KNOWN_HOSTS" "$dir/known_hosts"
port=$SSHRS_TEST_PORT

# with_known_hosts FILE ARGUMENT...: believes that file alone.
with_known_hosts() {
    file=$1
    shift
    "$program" -F none -p "$port" -l "$SSHRS_TEST_USER" -o GlobalKnownHostsFile=none -o "UserKnownHostsFile=$file" \
        -o BatchMode=yes "$@"
}

# Logs in by key.
ssh() { with_known_hosts "$dir/known_hosts" -i "$SSHRS_TEST_KEY" "$@"; }

# Logs in as the options say.
login() { with_known_hosts "$dir/known_hosts" "$@"; }
host=$SSHRS_TEST_HOST

# Exit status and signals.
check 0 'hello' ssh "$host" echo hello
check 7 '' ssh "$host" exit 7
check 143 '' ssh "$host" 'kill -TERM $$'
check 137 '' ssh "$host" 'kill -KILL $$'
check 0 '4096' ssh "$host" 'head -c 4096 /dev/zero | wc -c'

# Streams.
same 'stdout alone' "$(ssh "$host" 'echo out; echo err >&2' 2>/dev/null)" out
same 'stderr alone' "$(ssh "$host" 'echo out; echo err >&2' 2>&1 >/dev/null)" err
same 'stdin and its end' "$(printf 'some\ntext' | ssh "$host" cat)" "$(printf 'some\ntext')"
same 'shell without a terminal' "$(echo 'echo $((6 * 7))' | ssh "$host")" 42
same 'stderr floods while stdout is read' "$(ssh "$host" 'head -c 8000000 /dev/zero >&2; echo done' 2>/dev/null)" done
same 'a command that does not read its input' "$(head -c 10000000 /dev/zero | ssh "$host" echo early)" early
same 'no stdin at all' "$(ssh "$host" 'cat; echo end' <&-)" end
check 255 'writing to stdout' sh -c '"$@" >/dev/full' sh "$program" -F none -p "$port" -o "UserKnownHostsFile=$dir/known_hosts" \
    -i "$SSHRS_TEST_KEY" "$SSHRS_TEST_USER@$host" echo lost
head -c 20000000 /dev/urandom >"$dir/data"
want=$(sha256sum <"$dir/data")
for options in '-T' '-C' '-o RekeyLimit=1M'; do
    # shellcheck disable=SC2086
    same "20 MB there and back with $options" "$(ssh $options "$host" cat <"$dir/data" | sha256sum)" "$want"
    # shellcheck disable=SC2086
    same "20 MB up with $options" "$(ssh $options "$host" sha256sum <"$dir/data")" "$want"
done
check 0 'received 1000000 bytes' ssh -v "$host" 'head -c 1000000 /dev/zero'

# A terminal on the server, and the environment.
same 'a terminal with -tt' "$(ssh -tt "$host" 'test -t 0 && test -t 1 && echo yes' </dev/null | tr -d '\r')" yes
check 0 'EXAMPLE_A=one two' ssh -o 'SetEnv=EXAMPLE_A="one two"' "$host" env
EXAMPLE_B=three
export EXAMPLE_B
check 0 'EXAMPLE_B=three' ssh -o 'SendEnv=EXAMPLE_*' "$host" env
check 255 'starting the subsystem' ssh -s "$host" no-such-subsystem

# What was negotiated.
check 0 'kex: curve25519-sha256' ssh -v -o KexAlgorithms=curve25519-sha256 "$host" true
check 0 'cipher to server: aes128-ctr' ssh -v -o Ciphers=aes128-ctr -o MACs=hmac-sha2-512 "$host" true
check 0 'mac to client: hmac-sha2-512' ssh -v -o Ciphers=aes128-ctr -o MACs=hmac-sha2-512 "$host" true
check 0 'strict kex: yes' ssh -v "$host" true
check 0 'host key: ssh-ed25519' ssh -v -o HostKeyAlgorithms=ssh-ed25519 "$host" true
check 255 'the server offers' ssh -o Ciphers=3des-cbc "$host" true

# Host keys: unknown, new, changed.
trusting() { known=$1; shift; with_known_hosts "$known" -i "$SSHRS_TEST_KEY" "$@"; }
check 255 'is not known' trusting /dev/null "$host" true
check 0 'added the new key' trusting "$dir/new" -o StrictHostKeyChecking=accept-new "$host" true
check 0 '' trusting "$dir/new" "$host" true
check 0 'added' trusting "$dir/hashed" -o StrictHostKeyChecking=accept-new -o HashKnownHosts=yes "$host" true
check 0 '|1|' cat "$dir/hashed"
check 0 '' trusting "$dir/hashed" "$host" true
{ echo '# a comment'; echo "[$host]:$port $(cut -d' ' -f1,2 "$SSHRS_TEST_KEYDIR/ed25519.pub")"; } >"$dir/changed"
check 255 "$dir/changed line 2" trusting "$dir/changed" "$host" true
check 255 'it changed' trusting "$dir/changed" -o StrictHostKeyChecking=accept-new "$host" true
check 255 'it changed' trusting "$dir/changed" -o StrictHostKeyChecking=no "$host" true
sed 's/^/@revoked /' "$dir/new" >"$dir/revoked"
check 255 "is marked as revoked in $dir/revoked line 1" trusting "$dir/revoked" -o StrictHostKeyChecking=no "$host" true

# Logging in.
for key in ed25519 ecdsa256 ecdsa384 ecdsa521 rsa; do
    check 0 "logged in as $SSHRS_TEST_USER by publickey" login -v -i "$SSHRS_TEST_KEYDIR/$key" "$host" true
done
echo "$SSHRS_TEST_PASSPHRASE" >"$dir/passphrase"
echo wrong >"$dir/wrong"
check 0 'fine' login -i "$SSHRS_TEST_KEYDIR/encrypted" --passphrase-file "$dir/passphrase" "$host" echo fine
check 255 'passphrase' login -i "$SSHRS_TEST_KEYDIR/encrypted" --passphrase-file "$dir/wrong" "$host" true
check 255 'permission denied' login -i /dev/null "$host" true
check 255 'permission denied' login -i /dev/null --password-file "$dir/wrong" "$host" true
if [ -n "$SSHRS_TEST_PASSWORD" ]; then
    check 0 'fine' login -o PubkeyAuthentication=no --password-file "$SSHRS_TEST_PASSWORD_FILE" "$host" echo fine
fi

# Jump hosts and -W.
# The host itself on the way is refused, as by OpenSSH: by another name it is another host.
check 255 "over the host itself" ssh -J "$SSHRS_TEST_USER@$host:$port" "$host" echo through
check 0 "through" ssh -J "$SSHRS_TEST_USER@$host:$port" -o HostName=localhost -o "HostKeyAlias=[$host]:$port" other echo through
check 0 'SSH-2.0-' ssh -W "$host:$port" "$host"
check 255 'port 1 from the server' ssh -W "$host:1" "$host"
finish

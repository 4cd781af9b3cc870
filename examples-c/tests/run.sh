#!/bin/sh
# A host of an ssh_config, straight and through itself as a jump host, on the server that with-sshd.sh started.
#   run.sh PROGRAM
. "$(dirname "$0")/check.sh"
program=$1
config=$(mktemp)
trap 'rm -f "$config"' EXIT
cat >"$config" <<END
Host test behind
    HostName $SSHRS_TEST_HOST
    Port $SSHRS_TEST_PORT
    User $SSHRS_TEST_USER
    IdentityFile $SSHRS_TEST_KEY
    UserKnownHostsFile $SSHRS_TEST_KNOWN_HOSTS
Host behind
    ProxyJump test
END

check 0 'exit status: 3' "$program" test 'exit 3' "$config"
check 0 'hello' "$program" behind 'echo hello' "$config"
check 255 'run: ' "$program" nowhere.invalid true "$config"
echo 'Porter 22' >>"$config"
check 255 "$config:9: unknown option" "$program" test true "$config"
finish

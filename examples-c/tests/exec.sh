#!/bin/sh
# README's client, against the server that with-sshd.sh started.
#   exec.sh PROGRAM
. "$(dirname "$0")/check.sh"
exec_with() {
    known_hosts=$1
    shift
    "$program" "$SSHRS_TEST_HOST:$SSHRS_TEST_PORT" "$SSHRS_TEST_USER" "$SSHRS_TEST_KEY" "$known_hosts" "$@"
}
program=$1

check 0 'exit status: 3' exec_with "$SSHRS_TEST_KNOWN_HOSTS" 'echo hello; exit 3'
check 0 'hello' exec_with "$SSHRS_TEST_KNOWN_HOSTS" 'echo hello; exit 3'
check 255 'not known' exec_with /dev/null true
finish

#!/bin/sh
# The loop on one thread, against the server that with-sshd.sh started: 500 commands at once.
#   event_loop.sh PROGRAM
. "$(dirname "$0")/check.sh"
program=$1
loop_with() {
    known_hosts=$1
    shift
    "$program" "$SSHRS_TEST_HOST" "$SSHRS_TEST_PORT" "$SSHRS_TEST_USER" "$SSHRS_TEST_KEY" "$known_hosts" "$@"
}

check 0 '2 connections, 6 ok, 0 failed, 36 bytes' loop_with "$SSHRS_TEST_KNOWN_HOSTS" 'echo hello' 2 3
check 1 '1 connections, 0 ok, 2 failed, 2 bytes' loop_with "$SSHRS_TEST_KNOWN_HOSTS" 'printf x >&2; exit 3' 1 2
check 1 '2 connections, 0 ok, 6 failed, 0 bytes' loop_with /dev/null true 2 3
check 0 '20 connections, 500 ok, 0 failed, 50000000 bytes' loop_with "$SSHRS_TEST_KNOWN_HOSTS" 'head -c 100000 /dev/zero'
# One thread is all the program has: it knows no call that makes another.
if command -v nm >/dev/null && nm -u "$program" | grep -E ' (pthread_create|thrd_create|clone|clone3|fork)(@|$)'; then
    complain 'the program makes threads' nm -u "$program"
fi
finish

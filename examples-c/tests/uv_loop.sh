#!/bin/sh
# The connection inside libuv's loop, against the server that with-sshd.sh started.
#   uv_loop.sh PROGRAM
. "$(dirname "$0")/check.sh"
program=$1
uv_with() {
    known_hosts=$1
    shift
    "$program" "$SSHRS_TEST_HOST" "$SSHRS_TEST_PORT" "$SSHRS_TEST_USER" "$SSHRS_TEST_KEY" "$known_hosts" "$@"
}

check 0 'echo hello: exit status 0' uv_with "$SSHRS_TEST_KNOWN_HOSTS" 'echo hello' 'exit 3'
check 0 'exit 3: exit status 3' uv_with "$SSHRS_TEST_KNOWN_HOSTS" 'echo hello' 'exit 3'
check 1 'not known' uv_with /dev/null true
# Slow commands go side by side, and the timer goes on: 30 ticks at the least of 50.
check 0 'sleep 0.5: exit status 0' uv_with "$SSHRS_TEST_KNOWN_HOSTS" 'sleep 0.5' 'sleep 0.5' 'sleep 0.5'
ticks=$(printf '%s\n' "$output" | sed -n 's/ ticks of the timer.*//p')
[ "${ticks:-0}" -ge 30 ] || complain "only ${ticks:-no} ticks" "$program"
finish

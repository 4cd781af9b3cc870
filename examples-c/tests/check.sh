# Sourced by the tests: counts failures and says what was expected.
failures=0

# check STATUS TEXT COMMAND...: the command ends with that exit status and prints that text on stdout or stderr.
check() {
    want_status=$1 want_text=$2
    shift 2
    output=$("$@" 2>&1 </dev/null)
    status=$?
    if [ "$status" -ne "$want_status" ]; then
        complain "exit status $status, not $want_status" "$@"
        return
    fi
    case $output in
    *"$want_text"*) ;;
    *) complain "\"$want_text\" is not in the output" "$@" ;;
    esac
}

# same WHAT GOT WANTED
same() {
    [ "$2" = "$3" ] && return
    failures=$((failures + 1))
    printf 'FAILED: %s\n  got:    %s\n  wanted: %s\n' "$1" "$2" "$3"
}

complain() {
    failures=$((failures + 1))
    printf 'FAILED: %s\n  command: ' "$1"
    shift
    printf '%s ' "$@"
    printf '\n  output: %s\n' "$output"
}

finish() {
    [ "$failures" -eq 0 ] || echo "$failures failures"
    exit $((failures > 0))
}

#!/usr/bin/env bash
# THE test command: installs what is missing, builds, and runs every test of this repository.
#
#   scripts/test.sh               everything
#   scripts/test.sh --quick       without the stages that take minutes
#   scripts/test.sh STAGE...      only these (--list names them)
#
# It goes on after a failing stage, so that the count is whole. Each stage's output is in build/logs/STAGE.log. The very
# last line is `N passed, M failed, K skipped`; the exit status is 0 only if nothing failed.
#
# To add a stage: a function stage_NAME, and a line in STAGES with the way its log is counted:
#   one     the stage is one test: its exit status decides
#   cargo   the `test result:` lines of cargo test
#   ctest   a line per test of ctest
#   fuzz    a `== TARGET` line of scripts/fuzz.sh per target and run
#   pytest  pytest's last line
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# Nothing here reads standard input; a closed one (as in some CI) must not matter.
exec </dev/null

# name | how its log is counted | q: also with --quick | what it shows
STAGES='
fmt|one|q|the Rust code is formatted
clippy|one|q|no lint, warnings included
licences|one|q|every dependency has an allowed licence and a reason to be here
cargo|cargo|q|the Rust tests: units, two cores in memory, layering, header, vectors, fuzz corpora
build|one|q|the C library, the C tests and the examples compile without a warning
ctest|ctest|q|the C tests and examples, installed and in place
memcheck|ctest||the C tests under memcheck
tsan|one||thread stress under ThreadSanitizer with no report of ours
fuzz|fuzz||the corpora through every fuzz target under AddressSanitizer, then some seconds of new inputs each
interop|pytest||real peers, servers and clients: OpenSSH, Dropbear, AsyncSSH, paramiko, and peers that misbehave
'

LOGS=build/logs
# Which preset of CMakePresets.json is tested.
PRESET=${SSHRS_PRESET:-release}

stage_fmt() { cargo fmt --check; }
stage_clippy() { cargo clippy --quiet --locked --all-targets -- -D warnings; }
stage_licences() { build/venv/bin/python scripts/check-deps.py; }
stage_cargo() { cargo test --locked --no-fail-fast; }
stage_build() { cmake --preset "$PRESET" && cmake --build --preset "$PRESET"; }
stage_ctest() { ctest --preset "$PRESET" --no-tests=error --timeout 300; }
# The same binaries as in ctest: what is shipped is what is checked.
stage_memcheck() { ctest --preset valgrind -C Valgrind --no-tests=error --timeout 900; }
stage_tsan() { scripts/tsan.sh; }
# Long runs are for scripts/fuzz.sh by hand; this one shows that the targets build, run and do not fail at once.
stage_fuzz() { scripts/fuzz.sh replay && scripts/fuzz.sh all "${SSHRS_FUZZ_SECONDS:-5}"; }
# More processes than cores: many of these tests wait out a time limit.
stage_interop() {
    local programs=$PWD/build/$PRESET/examples-c
    SSHRS_SSH=${SSHRS_SSH:-$programs/sshrs-ssh} SSHRS_SSHD=${SSHRS_SSHD:-$programs/sshrs-sshd} SSHRS_NO_SKIP=1 \
        build/venv/bin/python -m pytest -n 4 --dist worksteal tests/interop
}

# ---- Counting: each prints "passed failed skipped" for a log ---------------------------------------------------------

count_one() { if [ "$2" = 0 ]; then echo 1 0 0; else echo 0 1 0; fi; }

count_cargo() {
    sed -n 's/^test result: .* \([0-9]*\) passed; \([0-9]*\) failed; \([0-9]*\) ignored;.*/\1 \2 \3/p' "$1" |
        awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }'
}

count_ctest() {
    awk '/^ *[0-9]+\/[0-9]+ Test +#/ { if (/\*\*\*Skipped/) s++; else if (/ Passed /) p++; else f++ }
         END { print p + 0, f + 0, s + 0 }' "$1"
}

# A failing target ends the run: all but the last one begun have passed.
count_fuzz() {
    local begun failed=0
    begun=$(grep -c '^== ' "$1")
    [ "$2" = 0 ] || failed=1
    [ "$begun" -ge "$failed" ] || begun=$failed
    echo $((begun - failed)) "$failed" 0
}

count_pytest() {
    grep -E '^(=+ )?[0-9]+ (passed|failed|skipped|error).* in [0-9.]+s' "$1" | tail -n 1 | tr ',=' '\n\n' |
        awk '$2 == "passed" { p = $1 } $2 == "failed" || $2 ~ /^error/ { f += $1 } $2 == "skipped" { s = $1 }
             END { print p + 0, f + 0, s + 0 }'
}

# ---- Running ---------------------------------------------------------------------------------------------------------

passed=0 failed=0 skipped=0

run_stage() {
    local name=$1 counting=$2 why=$3 log=$LOGS/$1.log status=0 p f s start=$SECONDS
    printf '%-10s %s\n' "$name" "$why"
    "stage_$name" >"$log" 2>&1 || status=$?
    read -r p f s < <("count_$counting" "$log" "$status")
    # A stage that failed before its tests ran (a compiler error) is one failure; so is one that tested nothing.
    if [ "$f" = 0 ] && { [ "$status" != 0 ] || [ $((p + s)) = 0 ]; }; then f=1; fi
    if [ "$f" != 0 ]; then
        tail -n "${SSHRS_LOG_LINES:-60}" "$log" | sed 's/^/    | /'
    fi
    printf '%-10s %d passed, %d failed, %d skipped in %d s (%s)\n' '' "$p" "$f" "$s" $((SECONDS - start)) "$log"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

list_stages() { sed -n 's/^\([a-z_]*\)|[a-z]*|\(q\{0,1\}\)|\(.*\)/\1\t\3/p' <<<"$STAGES"; }

quick= only=()
for argument in "$@"; do
    case $argument in
    --quick) quick=1 ;;
    --list) list_stages && exit 0 ;;
    --help | -h) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" && exit 0 ;;
    -*) printf 'test.sh: unknown option %s (--help)\n' "$argument" >&2 && exit 2 ;;
    *)
        list_stages | cut -f 1 | grep -qx -- "$argument" || { printf 'test.sh: no stage %s (--list)\n' "$argument" >&2; exit 2; }
        only+=("$argument")
        ;;
    esac
done

scripts/install-deps.sh || exit
mkdir -p "$LOGS"
while IFS='|' read -r name counting in_quick why; do
    [ -n "$name" ] || continue
    if [ ${#only[@]} -gt 0 ]; then
        [[ " ${only[*]} " == *" $name "* ]] || continue
    elif [ -n "$quick" ] && [ -z "$in_quick" ]; then
        continue
    fi
    # Stages get no standard input: they must not eat the table.
    run_stage "$name" "$counting" "$why" </dev/null
done <<<"$STAGES"

# Skips are told, each with its reason, so that nobody takes them for passes.
if [ "$skipped" != 0 ]; then
    echo "skipped:"
    grep -hE '^SKIPPED |\*\*\*Skipped|^test .* \.\.\. ignored' "$LOGS"/{cargo,ctest,memcheck,interop}.log 2>/dev/null | sed 's/^/    /'
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]

#!/usr/bin/env bash
# Builds the library, its dependencies and programs of c-tests with ThreadSanitizer: threads that share one client
# (test_thread_storm, against sshd), connections that come and go (server/test_server_storm), every call that waits, closed
# by another thread (test_every_wait), both ends pushing at once (server/test_server_both_ways), threads that share a
# readiness queue (server/test_server_ready_storm), and sshrs-sshd with its clients (examples-c/tests). Any report fails it.
# The Rust standard library comes ready made, without instrumentation: src/engine/lock.rs tells the sanitizer what locks
# order, and c-tests/tsan.supp lists, with reasons, what is left to mistake.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

host=$(rustc -vV | sed -n 's/^host: //p')
runtime=$(echo "$(rustc --print target-libdir)"/librustc-*_rt.tsan.a)
[ -f "$runtime" ] || { echo "this Rust toolchain has no ThreadSanitizer for $host" >&2; exit 1; }
target=${CARGO_TARGET_DIR:-target}
out=build/thread-storm
mkdir -p "$out"

# The sanitizer flag is unstable; the flag behind it says that std may lack it. --target keeps build scripts without.
RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer" \
    cargo rustc --quiet --locked --lib --crate-type staticlib --target "$host" -- --cfg sshrs_tsan

# The compiler instruments, Rust's runtime serves both languages: two runtimes in one process would see half each.
compile() { cc -g -O1 -fsanitize=thread -std=gnu99 -Wall -Wextra -Werror -Iinclude "$@"; }
link() { # PROGRAM OBJECT...
    cc -o "$@" "$target/$host/debug/libsshrs.a" \
        -Wl,--whole-archive "$runtime" -Wl,--no-whole-archive -lgcc_s -lutil -lrt -lpthread -lm -ldl
}
build() { # TEST PROGRAM
    compile -c "c-tests/$1.c" -o "$2.o"
    link "$2" "$2.o"
}
# sshrs-ssh and sshrs-sshd, whose sources lie in folders of their own.
build_example() {
    local source objects=()
    mkdir -p "$out/$1.o"
    for source in examples-c/common/*.c examples-c/"$1"/*.c; do
        objects+=("$out/$1.o/${source//\//-}.o")
        compile -Wno-maybe-uninitialized -D_XOPEN_SOURCE=700 -D_DEFAULT_SOURCE -Iexamples-c/common -c "$source" -o "${objects[-1]}"
    done
    link "$out/$1" "${objects[@]}"
}
build test_thread_storm "$out/storm"
build server/test_server_storm "$out/server-storm"
build test_every_wait "$out/every-wait"
build server/test_server_both_ways "$out/both-ways"
build server/test_server_ready_storm "$out/ready-storm"
build_example sshrs-ssh
build_example sshrs-sshd

export TSAN_OPTIONS="suppressions=$PWD/c-tests/tsan.supp exitcode=66 ${TSAN_OPTIONS:-}"
export SSHRS_TEST_SLOW=1
"$out/server-storm"
"$out/every-wait"
"$out/both-ways"
"$out/ready-storm"
scripts/with-sshd.sh -- "$out/storm"

# The tests of the programs keep what these say to themselves, so reports go to files.
rm -f "$out"/report.*
for test in server forward; do
    TSAN_OPTIONS="$TSAN_OPTIONS log_path=$PWD/$out/report" sh "examples-c/tests/$test.sh" "$out/sshrs-sshd" "$out/sshrs-ssh" || [ $? = 77 ]
done
! cat "$out"/report.* 2>/dev/null

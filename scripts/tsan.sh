#!/usr/bin/env bash
# Builds the library, its dependencies and programs of c-tests with ThreadSanitizer: threads that share one client
# (test_thread_storm, against sshd), connections that come and go (server/test_server_storm), every call that waits, closed
# by another thread (test_every_wait), both ends pushing at once (server/test_server_both_ways), and threads that share a
# readiness queue (server/test_server_ready_storm). Any report fails it.
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
build() {
    cc -g -O1 -fsanitize=thread -Wall -Wextra -Werror -Iinclude -c "c-tests/$1.c" -o "$2.o"
    cc -o "$2" "$2.o" "$target/$host/debug/libsshrs.a" \
        -Wl,--whole-archive "$runtime" -Wl,--no-whole-archive -lgcc_s -lutil -lrt -lpthread -lm -ldl
}
build test_thread_storm "$out/storm"
build server/test_server_storm "$out/server-storm"
build test_every_wait "$out/every-wait"
build server/test_server_both_ways "$out/both-ways"
build server/test_server_ready_storm "$out/ready-storm"

export TSAN_OPTIONS="suppressions=$PWD/c-tests/tsan.supp exitcode=66 ${TSAN_OPTIONS:-}"
export SSHRS_TEST_SLOW=1
"$out/server-storm"
"$out/every-wait"
"$out/both-ways"
"$out/ready-storm"
scripts/with-sshd.sh -- "$out/storm"

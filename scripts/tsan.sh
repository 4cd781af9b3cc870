#!/usr/bin/env bash
# Builds the library, its dependencies and c-tests/test_thread_storm.c with ThreadSanitizer and runs it against sshd.
# Any report fails it. The Rust standard library comes ready made, without instrumentation: src/engine/lock.rs tells the
# sanitizer what locks order, and c-tests/tsan.supp lists, with reasons, what is left to mistake.
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
cc -g -O1 -fsanitize=thread -Wall -Wextra -Werror -Iinclude -c c-tests/test_thread_storm.c -o "$out/storm.o"
cc -o "$out/storm" "$out/storm.o" "$target/$host/debug/libsshrs.a" \
    -Wl,--whole-archive "$runtime" -Wl,--no-whole-archive -lgcc_s -lutil -lrt -lpthread -lm -ldl

export TSAN_OPTIONS="suppressions=$PWD/c-tests/tsan.supp exitcode=66 ${TSAN_OPTIONS:-}"
scripts/with-sshd.sh -- "$out/storm"

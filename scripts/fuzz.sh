#!/usr/bin/env bash
# Fuzzing, without a nightly compiler.
#   scripts/fuzz.sh TARGET SECONDS [libFuzzer options]   one target
#   scripts/fuzz.sh all SECONDS                          each target in turn
#   scripts/fuzz.sh replay                               the corpus once through every target, with AddressSanitizer
#   scripts/fuzz.sh minimise [TARGET]                    folds what runs have found into fuzz/corpus
#   scripts/fuzz.sh seeds                                writes the first inputs anew
# New inputs go to build/fuzz/corpus, failures to build/fuzz/artifacts. fuzz/README.md says how to read a failure.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$root/build/fuzz
triple=$(rustc -vV | sed -n 's/^host: //p')
targets=$(sed -n 's|^path = "fuzz_targets/\(.*\)\.rs"$|\1|p' "$root/fuzz/Cargo.toml")

# The flags cargo-fuzz uses. RUSTC_BOOTSTRAP lets the pinned stable compiler take -Zsanitizer: the standard library
# itself stays uninstrumented, the library and everything below it is instrumented. A --target keeps the flags away
# from build scripts.
build() {
    local flags="--cfg fuzzing -Zsanitizer=address -Cpasses=sancov-module"
    flags+=" -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
    flags+=" -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"
    local bins=()
    for target in "$@"; do bins+=(--bin "$target"); done
    RUSTC_BOOTSTRAP=1 RUSTFLAGS="$flags" CARGO_TARGET_DIR="$work/target" \
        cargo build --quiet --release --target "$triple" --manifest-path "$root/fuzz/Cargo.toml" "${bins[@]}"
}

binary() { echo "$work/target/$triple/release/$1"; }

# -timeout: an input that takes this many seconds is a failure, too. -rss_limit_mb: so is one that takes this memory.
run() {
    local target=$1 seconds=$2
    shift 2
    mkdir -p "$work/corpus/$target" "$work/artifacts"
    "$(binary "$target")" "$work/corpus/$target" "$root/fuzz/corpus/$target" -max_total_time="$seconds" \
        -timeout=20 -rss_limit_mb=2048 -malloc_limit_mb=512 -max_len=4096 -print_final_stats=1 \
        -artifact_prefix="$work/artifacts/$target-" "$@"
}

minimise() {
    local target=$1 into
    into=$(mktemp -d)
    mkdir -p "$work/corpus/$target"
    "$(binary "$target")" -set_cover_merge=1 -max_len=4096 "$into" "$root/fuzz/corpus/$target" "$work/corpus/$target"
    rm -rf "$root/fuzz/corpus/$target"
    cp -r "$into" "$root/fuzz/corpus/$target"
    chmod 755 "$root/fuzz/corpus/$target"
    rm -rf "$into"
}

usage() { sed -n '2,8s/^# //p' "$0" >&2; exit 2; }

case ${1:-} in
    all)
        # shellcheck disable=SC2086 # one word a target
        build $targets
        for target in $targets; do
            echo "== $target, ${2:-60} s"
            run "$target" "${2:-60}" -verbosity=0
        done
        ;;
    replay)
        # shellcheck disable=SC2086
        build $targets
        for target in $targets; do
            echo "== $target"
            "$(binary "$target")" -runs=0 -verbosity=0 -timeout=20 -rss_limit_mb=2048 "$root/fuzz/corpus/$target"
        done
        ;;
    minimise)
        # shellcheck disable=SC2086
        build ${2:-$targets}
        for target in ${2:-$targets}; do minimise "$target"; done
        du -sh "$root/fuzz/corpus"
        ;;
    seeds) cargo test --manifest-path "$root/Cargo.toml" --lib --quiet -- --ignored fuzz_targets::seeds ;;
    "" | -*) usage ;;
    *)
        grep -qx "$1" <<<"$targets" || { echo "no target $1; there are:" $targets >&2; exit 2; }
        target=$1 seconds=${2:-60}
        shift $(($# < 2 ? $# : 2))
        build "$target"
        run "$target" "$seconds" "$@"
        ;;
esac

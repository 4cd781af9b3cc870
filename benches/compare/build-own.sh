#!/usr/bin/env bash
# Builds the relay and the limit program into build/compare. A second run is a no-op.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
out=build/compare
mkdir -p "$out"
[ "$out/relay" -nt benches/compare/relay.c ] ||
    ${CC:-cc} -O2 -Wall -Wextra -Wconversion -pthread -o "$out/relay" benches/compare/relay.c
cargo build -q --release --locked --manifest-path benches/compare/limit/Cargo.toml --target-dir "$out/limit-target"
ln -sf limit-target/release/limit "$out/limit"

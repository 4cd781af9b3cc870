#!/usr/bin/env bash
# The fast checks, for every commit: formatting, lints, layering and house rules, header, licences.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cargo fmt --check
cargo clippy --quiet --locked --all-targets -- -D warnings
cargo test --quiet --locked --test layering --test header
python3 scripts/check-deps.py
echo "check: all good"

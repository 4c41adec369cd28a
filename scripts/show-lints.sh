#!/bin/sh
# Shows that each lint that on-chain code is held to really fires: a throw-away crate breaks every one of them once,
# with the lint table of this workspace, and clippy must report them all. Record: audits/lints.md.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
crate=$(mktemp -d)
trap 'rm -rf "$crate"' EXIT
mkdir "$crate/src"
{
    printf '[workspace]\n\n[package]\nname = "show-lints"\nversion = "0.0.0"\nedition = "2021"\n\n[dependencies]\n'
    grep '^alloy-primitives = ' "$root/Cargo.toml"
    printf '\n'
    sed -n 's/^\[workspace\.lints\.\(.*\)\]/[lints.\1]/; /^\[lints\./,/^$/p' "$root/Cargo.toml"
} >"$crate/Cargo.toml"
cp "$root/Cargo.lock" "$crate/Cargo.lock"
cp "$root/rust-toolchain.toml" "$crate/"
cat >"$crate/src/lib.rs" <<'RUST'
//! Breaks every rule once.
use alloy_primitives::U256;

/// clippy::arithmetic_side_effects: wraps.
pub fn wraps(a: U256, b: U256) -> U256 {
    a + b
}
/// clippy::arithmetic_side_effects: panics or wraps.
pub fn overflows(a: u64, b: u64) -> u64 {
    a * b
}
/// clippy::unwrap_used.
pub fn unwraps(a: Option<u8>) -> u8 {
    a.unwrap()
}
/// clippy::expect_used.
pub fn expects(a: Option<u8>) -> u8 {
    a.expect("a value")
}
/// clippy::panic.
pub fn panics() {
    panic!("at all")
}
/// clippy::indexing_slicing.
pub fn indexes(a: &[u8], i: usize) -> u8 {
    a[i]
}
/// clippy::as_conversions.
pub fn cuts(a: u64) -> u8 {
    a as u8
}
/// clippy::todo.
pub fn later() {
    todo!()
}
/// clippy::unimplemented.
pub fn never() {
    unimplemented!()
}
/// clippy::unreachable.
pub fn nowhere() {
    unreachable!()
}
pub fn undocumented() {}
RUST
report=$(cd "$crate" && cargo clippy --quiet --message-format short 2>&1) && { echo "clippy accepted it all"; exit 1; }
printf '%s\n' "$report"
missing=0
expect() { # lines of src/lib.rs on which clippy must complain, with the lint
    if printf '%s\n' "$report" | grep -q "^src/lib.rs:$1:.*error"; then
        echo "fires: $2 (line $1)"
    else
        echo "SILENT: $2 (line $1)"
        missing=1
    fi
}
expect 6 "arithmetic_side_effects on U256"
expect 10 "arithmetic_side_effects on u64"
expect 14 unwrap_used
expect 18 expect_used
expect 22 panic
expect 26 indexing_slicing
expect 30 as_conversions
expect 34 todo
expect 38 unimplemented
expect 42 unreachable
expect 44 missing_docs
exit $missing

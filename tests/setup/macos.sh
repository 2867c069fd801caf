#!/bin/bash
# Compiles for macOS, on any machine, what a policy's author runs there: the program with all its commands,
# the SDK with its tests, and the policies that ship. What is not used there counts as an error, too.
#
# `cargo check` links nothing, so that neither Apple's linker nor its headers are needed. What some crates have
# of C is not compiled at all: `no-cc.sh` takes the compiler's place. That it links and runs is for the job
# `macos` of .github/workflows/ci.yml to show.
set -euo pipefail

# shellcheck source=tests/setup/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$(dirname "${BASH_SOURCE[0]}")/../.." # rust-toolchain.toml chooses the active toolchain

readonly target=aarch64-apple-darwin
libraries=("$(rustc --print sysroot)/lib/rustlib/$target/lib"/libstd-*.rlib)
[[ -e ${libraries[0]} ]] || rustup target add "$target" >&2 ||
    fail "no standard library for $target: run \`rustup target add $target\`"

check() {
    say "cargo check --target $target $*"
    CC_aarch64_apple_darwin=$PWD/tests/setup/no-cc.sh RUSTFLAGS="-D warnings" \
        "${CARGO:-cargo}" check --locked --target "$target" "$@"
}

check -p hotseat
check -p 'hotseat-policy*' --all-targets

#!/bin/bash
# Sees to it that policies can be built for wasm32-unknown-unknown, and says on standard output
# which toolchain does. What is there is taken first, then what can be brought:
#
#   1. the active toolchain, if it has the target;
#   2. Debian's toolchain beside it, which builds the target's standard library;
#   3. `rustup target add`, where rustup's server can be reached;
#   4. Debian's toolchain, installed by apt-get.
#
# rust-toolchain.toml names the target, so that rustup installs it by itself for whoever runs cargo
# alone. Where rustup's server cannot be reached, it would refuse to run any cargo at all, unless
# RUSTUP_AUTO_INSTALL is 0: so it is for what the Makefile runs, and here.
#
# The crate hotseat-component looks for the first two by the same signs, and depends on nothing
# that this script leaves behind but the toolchains themselves.
set -euo pipefail

readonly target=wasm32-unknown-unknown
readonly oldest_rust=95 # the minor version: rust-version in the workspace's Cargo.toml
# Where Debian's toolchain is; the test of this script names an empty folder.
readonly debian=${HOTSEAT_DEBIAN_PREFIX:-/usr}
export RUSTUP_AUTO_INSTALL=0
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root" # rust-toolchain.toml chooses the active toolchain

say() { echo "wasm-target: $*" >&2; }
fail() {
    say "error: $*"
    exit 1
}

# The active compiler's folder; empty if there is no compiler.
sysroot() { "${RUSTC:-rustc}" --print sysroot 2>/dev/null || true; }

# Has the active compiler the target's standard library?
active_has_target() {
    local libraries
    libraries=("$(sysroot)/lib/rustlib/$target/lib"/libstd-*.rlib)
    [[ -e ${libraries[0]} ]]
}

# rustup may wait long for a server that cannot be reached.
add_by_rustup() {
    command -v rustup >/dev/null || return 1
    say "trying rustup target add $target"
    RUSTUP_MAX_RETRIES=0 timeout 30 rustup target add "$target" >&2 && active_has_target
}

# The linker that fits Debian's compiler.
debian_linker() {
    "$debian/bin/rustc" -vV 2>/dev/null | sed -n 's/^LLVM version: \([0-9]*\).*/wasm-ld-\1/p'
}

debian_is_complete() {
    local minor linker
    minor=$("$debian/bin/rustc" -V 2>/dev/null | sed -n 's/^rustc 1\.\([0-9]*\)\..*/\1/p')
    linker=$(debian_linker)
    [[ -n $minor && $minor -ge $oldest_rust && -x $debian/bin/cargo &&
        -x $debian/bin/$linker && -e $debian/lib/rustlib/src/rust/library/std/Cargo.toml ]]
}

install_debian() {
    command -v apt-get >/dev/null ||
        fail "no toolchain for $target: run \`rustup target add $target\`"
    [[ $(id -u) == 0 ]] ||
        fail "no toolchain for $target: run \`rustup target add $target\`, or this script as root"
    export DEBIAN_FRONTEND=noninteractive
    # An older list may have a compiler that is too old, or name versions that are gone.
    apt-get update >&2 || say "apt-get update failed: going on with the lists that are there"
    say "installing Debian's toolchain"
    install rustc-web cargo-web rust-web-src
    # Its LLVM, and so the linker's package, changes as Debian updates the compiler.
    install "lld-$(debian_linker | sed 's/.*-//')"
    debian_is_complete ||
        fail "Debian's $(/usr/bin/rustc -V) does not do, Rust 1.$oldest_rust is wanted: is the" \
            "security archive in /etc/apt/sources.list?"
}

install() {
    apt-get install -y --no-install-recommends "$@" >&2 ||
        fail "apt-get could not install $*: see its messages above"
}

main() {
    if active_has_target; then
        echo "$target: in the active toolchain, $(sysroot)"
    elif ! debian_is_complete && add_by_rustup; then
        echo "$target: added by rustup to $(sysroot)"
    else
        debian_is_complete || install_debian
        ! command -v rustup >/dev/null ||
            say "without make, run cargo with RUSTUP_AUTO_INSTALL=0: rustup would look for the target at each call"
        echo "$target: by Debian's $("$debian/bin/rustc" -V), which builds its standard library"
    fi
}

main

#!/bin/bash
# Sees to it that policies can be built for wasm32-unknown-unknown, and says on standard output
# which toolchain does. Three ways, the first that works is taken:
#
#   1. the active toolchain has the target;
#   2. `rustup target add` fetches it, where rustup's server can be reached;
#   3. Debian's toolchain, installed beside the active one, builds the target's standard library.
#
# The crate hotseat-component looks for the first and the third by the same signs, and depends on
# nothing that this script leaves behind but the toolchains themselves.
set -euo pipefail

readonly target=wasm32-unknown-unknown
readonly oldest_rust=95 # the minor version: rust-version in the workspace's Cargo.toml
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${HOTSEAT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hotseat}/wasm-target
cd "$root" # rust-toolchain.toml chooses the active toolchain

say() { echo "wasm-target: $*" >&2; }
fail() {
    say "error: $*"
    exit 1
}

# The active compiler's folder; empty if there is no compiler.
sysroot() { "${RUSTC:-rustc}" --print sysroot 2>/dev/null || true; }

# Is the standard library for the target in this folder?
has_target() {
    local libraries=("$1/lib/rustlib/$target/lib"/libstd-*.rlib)
    [[ -n $1 && -e ${libraries[0]} ]]
}

# rustup may wait long for a server that cannot be reached, so that a failure counts for a day.
failed_today() {
    [[ -n $(find "$cache/rustup-failed" -mmin -1440 2>/dev/null) &&
        $(<"$cache/rustup-failed") == "$1" ]]
}

add_by_rustup() {
    command -v rustup >/dev/null || return 1
    if failed_today "$1"; then
        say "rustup could not add the target within the last day; rm -r $cache to try again"
        return 1
    fi
    say "trying rustup target add $target"
    if RUSTUP_MAX_RETRIES=0 timeout 30 rustup target add "$target" >&2 && has_target "$1"; then
        rm -f "$cache/rustup-failed"
        return 0
    fi
    mkdir -p "$cache"
    echo "$1" >"$cache/rustup-failed"
    return 1
}

# The linker that fits Debian's compiler.
debian_linker() {
    /usr/bin/rustc -vV 2>/dev/null | sed -n 's/^LLVM version: \([0-9]*\).*/wasm-ld-\1/p'
}

debian_is_complete() {
    local minor linker
    minor=$(/usr/bin/rustc -V 2>/dev/null | sed -n 's/^rustc 1\.\([0-9]*\)\..*/\1/p')
    linker=$(debian_linker)
    [[ -n $minor && $minor -ge $oldest_rust && -x /usr/bin/cargo && -x /usr/bin/$linker &&
        -e /usr/lib/rustlib/src/rust/library/std/Cargo.toml ]]
}

install_debian() {
    command -v apt-get >/dev/null ||
        fail "no toolchain for $target: run \`rustup target add $target\`"
    [[ $(id -u) == 0 ]] ||
        fail "no toolchain for $target: run \`rustup target add $target\`, or this script as root"
    export DEBIAN_FRONTEND=noninteractive
    apt-cache show rustc-web >/dev/null 2>&1 || apt-get update >&2
    say "installing Debian's toolchain"
    install rustc-web cargo-web rust-web-src
    # Its LLVM, and so the linker's package, changes as Debian updates the compiler.
    install "lld-$(debian_linker | sed 's/.*-//')"
    debian_is_complete ||
        fail "Debian's $(/usr/bin/rustc -V) does not do, Rust 1.$oldest_rust is wanted: is the" \
            "security archive in /etc/apt/sources.list?"
}

# Installs packages; a list that names versions which are gone is fetched anew.
install() {
    local apt=(apt-get install -y --no-install-recommends "$@")
    "${apt[@]}" >&2 || { apt-get update >&2 && "${apt[@]}" >&2; } ||
        fail "apt-get could not install $*: see its messages above"
}

main() {
    local active
    active=$(sysroot)
    if has_target "$active"; then
        echo "$target: in the active toolchain, $active"
    elif add_by_rustup "$active"; then
        echo "$target: added by rustup to $active"
    else
        debian_is_complete || install_debian
        echo "$target: by Debian's $(/usr/bin/rustc -V), which builds its standard library"
    fi
}

main

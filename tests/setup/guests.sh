#!/bin/bash
# Builds the election policies of tests/guests as components and prints where they are, one a line:
# guests.sh [NAME...], all of them without a name. Each is kept in the cache for as long as its
# source, the contract and the tools do not change, and needs no network then.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
readonly here root
# shellcheck source=tests/setup/lib.sh
source "$here/lib.sh"

readonly componentize_py=0.25.1 componentize_qjs=0.4.5 wasip2=wasm32-wasip2
# What Go's bindings are written for.
readonly oldest_go=1.25
readonly all=(python javascript go rust-wasip2)
readonly guests=$root/tests/guests
cache=${HOTSEAT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hotseat}/guests
readonly cache

# key TOOLS FILE...: changes with the tools' versions, the contract and what is in the files.
key() {
    local tools=$1
    shift
    { echo "$tools" && find "$@" "$root/wit" -type f -print0 | sort -z | xargs -0 cat; } |
        sha256sum | cut -c1-16
}

# A folder for one run, removed at the end.
work=$(mktemp -d)
readonly work
trap 'rm -rf "$work"' EXIT

# The interpreter is in the component, so that the one here only runs the tool.
key_python() { key "$componentize_py" "$guests/python"; }
build_python() {
    local tools=$cache/componentize-py-$componentize_py
    venv "$tools" "componentize-py==$componentize_py"
    cp "$guests/python/app.py" "$work"
    cd "$work"
    "$tools/bin/componentize-py" -d "$root/wit" -w election componentize app -o "$1"
}

key_javascript() { key "$componentize_qjs" "$guests/javascript"; }
build_javascript() {
    local tools=$cache/componentize-qjs-$componentize_qjs
    need npm npm
    [[ -e $tools/node_modules/componentize-qjs/cli.mjs ]] ||
        npm install --loglevel=error --no-audit --no-fund --no-save --prefix "$tools" \
            "componentize-qjs@$componentize_qjs"
    # Not by the program in its folder bin, which Debian's Node.js 18 takes for a script. The runtime
    # is the one that is not asynchronous: the contract's functions are not.
    node "$tools/node_modules/componentize-qjs/cli.mjs" --sync --wit "$root/wit" --world election \
        --js "$guests/javascript/policy.js" --output "$1"
}

key_go() {
    key "$(go_version_or_none)" "$guests/go" "$guests/componentize/src" \
        "$guests/componentize/Cargo.lock"
}
build_go() {
    local package=$work/go/export_hotseat_policy_policy
    at_least "$(go_version || echo 0)" "$oldest_go" ||
        fail "Go $oldest_go or later is needed, and there is $(go_version_or_none):" \
            "put its folder bin first in PATH"
    componentize go-bindings "$root/wit" "$work/go"
    mkdir "$package"
    cp "$guests/go/policy.go" "$package"
    cp "$guests/go/go.sum" "$work/go"
    cd "$work/go"
    # The bindings reach into Go's runtime, which its linker has to let them.
    GOTOOLCHAIN=local GOOS=wasip1 GOARCH=wasm go build -trimpath -buildmode=c-shared \
        -ldflags='-checklinkname=0 -s -w' -o "$work/go.wasm" .
    componentize wrap-go "$root/wit" "$work/go.wasm" "$1"
}

# The tool in tests/guests/componentize.
componentize() {
    # From within the checkout, whose file names the toolchain: rustup may have no default.
    (cd "$root" && cargo build --quiet --locked --manifest-path "$guests/componentize/Cargo.toml" \
        --target-dir "$cache/componentize")
    "$cache/componentize/debug/componentize" "$@"
}

key_rust-wasip2() {
    key "$(cd "$root" && rustc -V)" "$guests/rust-wasip2/src" "$guests/rust-wasip2/Cargo.toml" \
        "$guests/rust-wasip2/Cargo.lock" "$guests/componentize/src" "$root/guest/rust/src"
}
build_rust-wasip2() {
    local libraries target=$cache/rust-wasip2
    cd "$guests/rust-wasip2"
    libraries=$(rustc --print sysroot)/lib/rustlib/$wasip2
    if [[ -d $libraries ]] || { add_by_rustup && [[ -d $libraries ]]; }; then
        cargo build --quiet --locked --release --target "$wasip2" --target-dir "$target"
        cp "$target/$wasip2/release/wasip2_policy.wasm" "$1"
    else
        say "no toolchain for $wasip2: Debian's builds for wasm32-wasip1, to be adapted"
        rust_by_debian "$target"
        componentize adapt "$target/wasm32-wasip1/release/wasip2_policy.wasm" "$1"
    fi
}

# rustup may wait long for a server that cannot be reached.
add_by_rustup() {
    command -v rustup >/dev/null && RUSTUP_MAX_RETRIES=0 timeout 60 rustup target add "$wasip2"
}

# rust_by_debian FOLDER: builds the policy there, and Rust's standard library with it.
rust_by_debian() {
    local llvm package
    for package in rustc-web cargo-web rust-web-src wasi-libc; do
        dpkg -s "$package" >/dev/null 2>&1 || install_package "$package"
    done
    llvm=$(/usr/bin/rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
    need "wasm-ld-$llvm" "lld-$llvm"
    RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_WASM32_WASIP1_LINKER=wasm-ld-$llvm \
        RUSTFLAGS='-Clink-self-contained=no -L/usr/lib/wasm32-wasi' \
        /usr/bin/cargo build --quiet --locked --release -Zbuild-std=std,panic_abort \
        --target wasm32-wasip1 --target-dir "$1"
}

# The outer cargo's settings are for the outer build.
for name in "${!CARGO_@}" "${!RUST@}"; do
    case $name in
        CARGO_HOME | CARGO_HTTP_* | CARGO_NET_* | CARGO_REGISTR* | RUSTUP_*) ;;
        *) unset "$name" ;;
    esac
done

mkdir -p "$cache"
# One at a time: several tests may want the same.
exec 9>"$cache/.lock"
flock 9
for name in "${@:-${all[@]}}"; do
    [[ " ${all[*]} " == *" $name "* ]] || fail "$name: there are ${all[*]}"
    component=$cache/$name-$("key_$name").wasm
    if [[ ! -e $component ]]; then
        say "building the policy in $name"
        ("build_$name" "$work/$name.wasm") >&2
        mv "$work/$name.wasm" "$component"
    fi
    echo "$component"
done

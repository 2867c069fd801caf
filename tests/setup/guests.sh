#!/bin/bash
# Builds the election policies of tests/guests as components and prints where they are, one a line:
# guests.sh [NAME...], all of them without a name. Each is kept in the cache for as long as its
# source, the contract and the tools do not change, and needs no network then.
#
# guests.sh --tools LANGUAGE installs what `hotseat policy build` takes for one of python, javascript
# and c, and prints its folder. Without a name that is done for all, too.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
readonly here root
# shellcheck source=tests/setup/lib.sh
source "$here/lib.sh"

readonly wasip2=wasm32-wasip2
# What Go's bindings are written for.
readonly oldest_go=1.25
readonly all=(python javascript go rust-wasip2)
readonly with_tools=(python javascript c)
readonly guests=$root/tests/guests templates=$root/guest/templates
# The versions are those that the templates name.
componentize_py=$(sed -n 's/^componentize-py==//p' "$templates/python/requirements.txt")
componentize_qjs=$(sed -n 's/.*"componentize-qjs": "\(.*\)".*/\1/p' "$templates/javascript/package.json")
zig=$(sed -n 's/.*pip install ziglang==\([0-9.]*\).*/\1/p' "$templates/c/README.md")
readonly componentize_py componentize_qjs zig
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
tools_python() {
    local tools=$cache/componentize-py-$componentize_py
    venv "$tools" "componentize-py==$componentize_py" >&2
    echo "$tools"
}
build_python() {
    local tools
    tools=$(tools_python)
    cp "$guests/python/app.py" "$work"
    cd "$work"
    "$tools/bin/componentize-py" -d "$root/wit" -w election componentize app -o "$1"
}

key_javascript() { key "$componentize_qjs" "$guests/javascript"; }
tools_javascript() {
    local tools=$cache/componentize-qjs-$componentize_qjs
    need npm npm >&2
    [[ -e $tools/node_modules/componentize-qjs/cli.mjs ]] ||
        npm install --loglevel=error --no-audit --no-fund --no-save --prefix "$tools" \
            "componentize-qjs@$componentize_qjs" >&2
    echo "$tools"
}
build_javascript() {
    local tools
    tools=$(tools_javascript)
    # Not by the program in its folder bin, which Debian's Node.js 18 takes for a script. The runtime
    # is the one that is not asynchronous: the contract's functions are not.
    node "$tools/node_modules/componentize-qjs/cli.mjs" --sync --wit "$root/wit" --world election \
        --js "$guests/javascript/policy.js" --output "$1"
}

tools_c() {
    local tools=$cache/ziglang-$zig
    venv "$tools" "ziglang==$zig" >&2
    echo "$tools"
}

key_go() {
    key "$(go_version_or_none)" "$guests/go" "$templates/go" "$root/guest/component/src"
}
# The bindings are the template's.
build_go() {
    local package=$work/go/export_hotseat_policy_policy
    at_least "$(go_version || echo 0)" "$oldest_go" ||
        fail "Go $oldest_go or later is needed, and there is $(go_version_or_none):" \
            "put its folder bin first in PATH"
    cp -r "$templates/go" "$work/go"
    cp "$guests/go/policy.go" "$package"
    cd "$work/go"
    # The bindings reach into Go's runtime, which its linker has to let them.
    GOTOOLCHAIN=local GOOS=wasip1 GOARCH=wasm go build -trimpath -buildmode=c-shared \
        -ldflags='-checklinkname=0 -s -w' -o "$work/go.wasm" .
    wrap "$work/go.wasm" "$1" "$root/wit/policy.wit"
}

# The same code as in `hotseat policy build`.
wrap() {
    # From within the checkout, whose file names the toolchain: rustup may have no default.
    (cd "$root" && cargo build --quiet --locked -p hotseat-component --example wrap \
        --target-dir "$cache/component")
    "$cache/component/debug/examples/wrap" "$@"
}

key_rust-wasip2() {
    key "$(cd "$root" && rustc -V)" "$guests/rust-wasip2/src" "$guests/rust-wasip2/Cargo.toml" \
        "$guests/rust-wasip2/Cargo.lock" "$root/guest/component/src" "$root/guest/rust/src"
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
        wrap "$target/wasm32-wasip1/release/wasip2_policy.wasm" "$1"
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
if [[ ${1:-} == --tools ]]; then
    [[ " ${with_tools[*]} " == *" ${2:-} "* ]] || fail "--tools ${2:-}: there are ${with_tools[*]}"
    "tools_$2"
    exit
fi
if [[ $# == 0 ]]; then
    for name in "${with_tools[@]}"; do "tools_$name" >/dev/null; done
fi
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

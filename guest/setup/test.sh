#!/bin/bash
# Tests the ways to a toolchain for wasm32-unknown-unknown: what wasm-target.sh takes, and that
# Debian's toolchain then builds a policy.
#
#   Debian's way is taken for real, and installs Debian's toolchain if it is missing.
#   The active toolchain and rustup are stand-ins, but for one test whose server is not there: no
#   test may depend on rustup's server, and the machine's own toolchain stays as it is. A policy is built with the real active toolchain by
#   every other test that needs one, where it has the target.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly root target=wasm32-unknown-unknown
work=$(mktemp -d)
readonly work library=$work/sysroot/lib/rustlib/$target/lib/libstd-0123.rlib
trap 'rm -rf "$work"' EXIT
# Kept from run to run: the standard library takes Debian's compiler a minute.
readonly cache=${HOTSEAT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hotseat}/wasm-target
builder=${CARGO_TARGET_DIR:-$root/target}/debug/examples/build
# Nobody listens on the port for discarding.
readonly unreachable=(RUSTUP_DIST_SERVER=http://127.0.0.1:9 RUSTUP_MAX_RETRIES=0)
cd "$root"

fail() {
    echo "not ok: $*" >&2
    exit 1
}
ok() { echo "ok: $*"; }

# expect TEXT PART: fails unless the text has the part.
expect() {
    [[ $1 == *"$2"* ]] || fail "\`$1\` does not say \`$2\`"
}

# program NAME: a stand-in, whose text is read from standard input.
program() {
    mkdir -p "$work/bin"
    { echo '#!/bin/bash' && cat; } >"$work/bin/$1"
    chmod +x "$work/bin/$1"
}

# A compiler that only knows its folder, and a rustup that counts its calls and fails.
make_stand_ins() {
    program rustc <<<"[[ \$* == '--print sysroot' ]] && echo '$work/sysroot'"
    program rustup <<<"echo \"\$*\" >>'$work/rustup-calls'; exit 1"
}

rustup_succeeds() {
    program rustup <<PROGRAM
echo "\$*" >>'$work/rustup-calls'
mkdir -p '${library%/*}' && touch '$library'
PROGRAM
}

# wasm_target [NAME=VALUE...]: the script with the stand-ins.
wasm_target() { env "$@" PATH="$work/bin:$PATH" RUSTC="$work/bin/rustc" guest/setup/wasm-target.sh; }

# Fails unless rustup was called so many times since this was asked.
expect_rustup_calls() {
    local calls=0
    [[ ! -e $work/rustup-calls ]] || calls=$(wc -l <"$work/rustup-calls")
    rm -f "$work/rustup-calls"
    [[ $calls == "$1" ]] || fail "rustup was called $calls times, not $1"
}

test_rustup() {
    local said
    rustup_succeeds
    said=$(wasm_target HOTSEAT_DEBIAN_PREFIX="$work/empty")
    expect "$said" "$target: added by rustup to $work/sysroot"
    expect_rustup_calls 1
    ok "$said"
}

test_active() {
    local said
    said=$(wasm_target)
    expect "$said" "$target: in the active toolchain, $work/sysroot"
    expect_rustup_calls 0
    ok "$said"
}

# With nothing to be had, the script fails and says so. Nothing is installed here.
test_nothing() {
    local said
    make_stand_ins
    rm -r "$work/sysroot"
    program apt-get <<<"[[ \$1 != install ]]"
    said=$(wasm_target HOTSEAT_DEBIAN_PREFIX="$work/empty" 2>&1) &&
        fail "there is no toolchain, and yet: $said"
    rm "$work/bin/apt-get"
    expect "$said" "wasm-target: error: "
    expect_rustup_calls 1
    ok "${said##*error: }"
}

# Where a target of rust-toolchain.toml is missing and rustup's server cannot be reached, rustup
# refuses to run cargo. It must not under make. The target of this test is one that nobody installs.
test_unreachable_server() {
    local said folder=$work/needs-more
    command -v rustup >/dev/null || fail "rustup is missing: install Rust by rustup"
    mkdir -p "$folder"
    sed 's/^targets = .*/targets = ["msp430-none-elf"]/' rust-toolchain.toml >"$folder/rust-toolchain.toml"
    grep -q msp430 "$folder/rust-toolchain.toml" || fail "rust-toolchain.toml names no targets"
    said=$(cd "$folder" && env -u RUSTUP_TOOLCHAIN -u RUSTUP_AUTO_INSTALL "${unreachable[@]}" \
        RUSTUP_AUTO_INSTALL=1 cargo --version 2>&1) && fail "rustup did not look for the target: $said"
    expect "$said" "could not download"
    said=$(cd "$folder" && env -u RUSTUP_TOOLCHAIN -u RUSTUP_AUTO_INSTALL "${unreachable[@]}" \
        make --no-print-directory -f "$root/Makefile" --eval 'probe: ; @cargo --version' probe) ||
        fail "cargo did not run under make"
    ok "under make, $said without rustup's server"
}

# Whether Debian's toolchain was there before is the machine's affair: afterwards it is, so that
# the second call waits for no server.
test_debian() {
    local said
    said=$(wasm_target)
    expect "$said" "$target: by Debian's rustc 1."
    rm -f "$work/rustup-calls"
    expect "$(wasm_target)" "$said"
    expect_rustup_calls 0
    ok "$said"
    said=$(RUSTC=$work/bin/rustc "$builder" guest/standard "$work/standard.wasm" "$cache/debian")
    expect "$said" "built by Debian's toolchain"
    ok "$said"
}

cargo build --quiet -p hotseat-component --example build
test_unreachable_server
make_stand_ins
test_rustup
test_active
test_nothing
test_debian

#!/bin/bash
# Tests the three ways to a toolchain for wasm32-unknown-unknown, each as far as a policy built
# with it: what wasm-target.sh says, and what the crate hotseat-component then builds.
#
#   Debian's way is taken for real, and installs Debian's toolchain if it is missing.
#   The active toolchain is one that the test assembles: Debian's compiler with a folder of its
#   own, into which the standard library goes that the first way has built.
#   rustup's way uses a stand-in for rustup, which puts that library into the folder: no test may
#   depend on rustup's server, and what the script has to get right is what comes before and after.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly root target=wasm32-unknown-unknown
readonly host_libraries=/usr/lib/rustlib/x86_64-unknown-linux-gnu
work=$(mktemp -d)
readonly work
trap 'rm -rf "$work"' EXIT
# Kept from run to run: the standard library takes Debian's compiler a minute. What decides its bytes
# is in the folder's name, once Debian's compiler is there to be asked: cargo keeps a library of
# every profile and compiler side by side, and two of one name are one too many for a sysroot.
readonly cache=${HOTSEAT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hotseat}/wasm-target
guests=
builder=${CARGO_TARGET_DIR:-$root/target}/debug/examples/build
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

# The active toolchain of the test: a compiler whose folder has no target, until one is put there.
assemble_toolchain() {
    local host=$work/sysroot/lib/rustlib/x86_64-unknown-linux-gnu
    mkdir -p "$work/bin" "$host/bin"
    ln -s "$host_libraries/lib" "$host/lib"
    cat >"$work/bin/rustc" <<WRAPPER
#!/bin/bash
exec /usr/bin/rustc --sysroot "$work/sysroot" "\$@"
WRAPPER
    # A stand-in that counts its calls, and fails unless the test left something to install.
    cat >"$work/bin/rustup" <<STANDIN
#!/bin/bash
echo "\$*" >>"$work/rustup-calls"
[[ "\$*" == "target add $target" && -d "$work/std" ]] || exit 1
mkdir -p "$work/sysroot/lib/rustlib/$target"
cp -r "$work/std" "$work/sysroot/lib/rustlib/$target/lib"
STANDIN
    chmod +x "$work/bin/rustc" "$work/bin/rustup"
}

wasm_target() {
    PATH=$work/bin:$PATH RUSTC=$work/bin/rustc HOTSEAT_CACHE=$work/cache guest/setup/wasm-target.sh
}

rustup_calls() { if [[ -e $work/rustup-calls ]]; then wc -l <"$work/rustup-calls"; else echo 0; fi; }

# Chooses the folder of the guests, and drops those of other compilers and other profiles.
choose_guests() {
    local key
    key=$({ /usr/bin/rustc -vV && cat guest/component/src/cargo.rs &&
        echo "${CARGO_HOME:-$HOME/.cargo}"; } | sha256sum | cut -c1-16)
    guests=$cache/test-guests-$key
    mkdir -p "$cache"
    find "$cache" -maxdepth 1 -name 'test-guests*' ! -name "${guests##*/}" -exec rm -rf {} +
}

# build FOLDER: builds a policy with what is there, and anew: the marks of the policies' crates go
# first. Debian's way and the others have a folder each, since each would undo what the other built.
build() {
    rm -rf "$guests/$1/$target/release/.fingerprint"/hotseat-policy*
    PATH=$work/bin:$PATH RUSTC=$work/bin/rustc CARGO=/usr/bin/cargo \
        "$builder" guest/standard "$work/standard.wasm" "$guests/$1"
}

# Leaves in $work/std the standard library that Debian's way has built.
collect_std() {
    local library
    mkdir "$work/std"
    for library in "$guests/debian/$target/release/deps"/*.rlib; do
        case ${library##*/} in
            libhotseat_* | libwit_bindgen-*) ;;
            *) cp "$library" "$work/std" ;;
        esac
    done
    local core=("$work/std"/libcore-*.rlib)
    ((${#core[@]} == 1)) || fail "$guests has ${#core[@]} builds of the standard library"
}

# The linker that the target asks for by default, as rustup's toolchains bring it along.
add_linker() {
    local llvm
    llvm=$(/usr/bin/rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
    ln -s "/usr/lib/llvm-$llvm/bin/lld" \
        "$work/sysroot/lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld"
}

remove_target() { rm -rf "$work/sysroot/lib/rustlib/$target"; }

test_debian() {
    local said
    said=$(wasm_target)
    expect "$said" "$target: by Debian's rustc 1."
    ok "$said"
    [[ $(rustup_calls) == 1 ]] || fail "rustup was tried $(rustup_calls) times, not once"
    said=$(wasm_target 2>&1)
    expect "$said" "rustup could not add the target within the last day"
    [[ $(rustup_calls) == 1 ]] || fail "rustup was tried again within the day"
    touch -d '25 hours ago' "$work/cache/wasm-target/rustup-failed"
    wasm_target >/dev/null
    [[ $(rustup_calls) == 2 ]] || fail "rustup was not tried again after a day"
    ok "rustup's failure counts for a day"
    choose_guests
    said=$(build debian)
    expect "$said" "built by Debian's toolchain"
    ok "$said"
}

test_rustup() {
    local said
    rm -rf "$work/cache" # another day
    said=$(wasm_target)
    expect "$said" "$target: added by rustup to $work/sysroot"
    ok "$said"
    [[ ! -e $work/cache/wasm-target/rustup-failed ]] || fail "a success left the mark of a failure"
    said=$(build active)
    expect "$said" "built by the active toolchain"
    ok "$said"
}

test_active() {
    local said calls
    calls=$(rustup_calls)
    mkdir -p "$work/sysroot/lib/rustlib/$target"
    cp -r "$work/std" "$work/sysroot/lib/rustlib/$target/lib"
    said=$(wasm_target)
    expect "$said" "$target: in the active toolchain, $work/sysroot"
    [[ $(rustup_calls) == "$calls" ]] || fail "rustup was tried although the target is there"
    ok "$said"
    said=$(build active)
    expect "$said" "built by the active toolchain"
    ok "$said"
}

test_without_rustup() {
    local said
    rm -rf "$work/bin/rustup" "$work/cache"
    mkdir "$work/path"
    ln -s /usr/bin/* "$work/path" 2>/dev/null || true
    said=$(PATH=$work/path RUSTC=$work/bin/rustc HOTSEAT_CACHE=$work/cache \
        guest/setup/wasm-target.sh)
    expect "$said" "by Debian's"
    [[ ! -e $work/cache ]] || fail "a failure of rustup is remembered where there is no rustup"
    ok "without rustup, $said"
}

cargo build --quiet -p hotseat-component --example build
assemble_toolchain
test_debian
collect_std
add_linker
test_rustup
remove_target
test_active
remove_target
test_without_rustup

#!/usr/bin/env bash
# compile.sh amd64|arm64: builds the program for an image, one static file without the demonstration,
# and prints where it is. LINKING=dynamic builds it for a machine with glibc, without the demonstration
# too, and with what people have at their own machine: `policy new` and `build`, `hotseat ui`, and what
# shells want of it. The same commit gives the same bytes in whatever folder.
set -euo pipefail

# shellcheck source=deploy/image/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ $# == 1 ]] || fail "usage: compile.sh amd64|arm64"
target=$(rust_target "$1")
triple=$(gnu_triple "$1")
readonly target triple

# The C compiler links, and compiles what ring has in C.
foreign=
[[ $(dpkg --print-architecture) == "$1" ]] || foreign=yes
if ! command -v "$triple-gcc" >/dev/null || ! command -v readelf >/dev/null; then
    if [[ $foreign ]]; then
        install_package "gcc-${triple//_/-}"
        install_package "libc6-dev-$1-cross"
    else
        install_package build-essential
    fi
fi
command -v rustup >/dev/null || fail "rustup is missing: it has the standard library for $target"
cd "$root"
rustup target list --installed | grep -qx "$target" || rustup target add "$target" >&2

linking=${LINKING:-static}
home=${CARGO_HOME:-$HOME/.cargo}
build=$out/build
[[ $linking == static ]] || build+=-$linking
readonly linking home build
# A panic names its file and cranelift-codegen is generated in cargo's folder, so paths of this
# machine would get into the program. Of those that match, the last one counts.
flags=(
    "--remap-path-prefix=$home=/cargo"
    "--remap-path-prefix=$root=/hotseat"
    "--remap-path-prefix=$build=/target"
)
case $linking in
static)
    features=()
    # A static program finds no function by its name while it runs. getrandom would do without the system
    # call then and open /dev/urandom, which the compiler of policies, who may open nothing, cannot.
    flags=(-Ctarget-feature=+crt-static '--cfg=getrandom_backend="linux_getrandom"' "${flags[@]}")
    ;;
dynamic) features=(--features "$people") ;;
*) fail "LINKING: $linking is not known: static and dynamic are" ;;
esac
if [[ $foreign ]]; then
    glibc=$(glibc_for "$1")
    flags+=("-Clink-arg=-B$glibc" "-Lnative=$glibc")
fi
linker=$triple-gcc
if [[ $linking-$1 == static-arm64 ]]; then
    export HOTSEAT_LINKER=$linker
    linker=$root/deploy/image/static-pie.sh
    flags+=(-Clinker-flavor=gcc)
fi
# Pointers in constants are a bit each in the table of what is relocated at the start, and not 24 bytes.
# The linker for arm64 cannot, and a dynamic program would not start where glibc is older than 2.36.
relr=
[[ $linking-$1 != static-amd64 ]] || { relr=yes && flags+=(-Clink-arg=-Wl,-z,pack-relative-relocs); }
encoded=$(printf '\x1f%s' "${flags[@]}")
variable=${target^^}
variable=${variable//-/_}
# Neither flags nor profiles of this machine, nor components that were built before.
while IFS='=' read -r name _; do
    case $name in
    CARGO_BUILD_JOBS) ;;
    RUSTFLAGS | CARGO_BUILD_* | CARGO_PROFILE_* | RUSTC_*WRAPPER | HOTSEAT_PREBUILT_GUESTS) unset "$name" ;;
    esac
done < <(env)
export CARGO_INCREMENTAL=0 CARGO_TARGET_DIR=$build CARGO_ENCODED_RUSTFLAGS=${encoded:1}
export "CARGO_TARGET_${variable}_LINKER=$linker" "CC_${variable,,}=$triple-gcc"
export "CFLAGS_${variable,,}=-ffile-prefix-map=$home=/cargo -ffile-prefix-map=$root=/hotseat"
say "building for $target"
# What runs lies together (docs/decisions/0021-what-runs-lies-together.md). The linker is started in this
# folder: the path is part of what cargo names the crate by, so it is the same in whatever folder.
cargo rustc --release --locked -p hotseat --bin hotseat --no-default-features "${features[@]}" \
    --target "$target" -- -Clink-arg=-Wl,--script=host/hotseat/layout/functions.ld >&2

program=$build/$target/release/hotseat
if [[ $linking == static ]]; then
    ! readelf --program-headers "$program" | grep -q INTERP || fail "$program is not static"
fi
if [[ $relr ]]; then
    readelf --dynamic "$program" | grep -q RELR || fail "$program has a table of relocations that is not packed"
fi
readelf --file-header "$program" | grep -q 'Type: *DYN' || fail "$program has a fixed address"
for path in "$home" "$root"; do
    ! grep -qaF "$path" "$program" || fail "$program names $path of this machine"
done
echo "$program"

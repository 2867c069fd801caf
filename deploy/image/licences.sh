#!/usr/bin/env bash
# licences.sh amd64|arm64 FOLDER: puts into FOLDER the licence of Hotseat and those of all that is in
# the program for that platform, and beside it: crates, Rust's standard library, what the C compiler
# linked, certificates. Fails where a crate has a licence that deny.toml does not allow.
set -euo pipefail

# shellcheck source=deploy/image/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ $# == 2 ]] || fail "usage: licences.sh amd64|arm64 FOLDER"
target=$(rust_target "$1")
folder=$2
readonly target folder

need_cargo_tool cargo-about 0.9.3 --features cli
mkdir -p "$folder"
cp "$root/LICENSE" "$folder/hotseat.txt"

# What may be depended on is said once.
config=$(mktemp)
trap 'rm -f "$config"' EXIT
{
    sed -n '/^\[licenses\]/,/^\]/{/^\[licenses\]/d;s/^allow = /accepted = /;p}' "$root/deny.toml"
    echo 'ignore-build-dependencies = true'
    echo 'ignore-dev-dependencies = true'
    echo 'private = { ignore = true }'
} >"$config"
cd "$root"
# It reads the manifests of all crates, also of those that only other platforms compile.
cargo fetch --quiet --locked >&2
# crates CRATE TARGET FILE [ARGUMENT...]: the licences of what the crate in that folder is made of.
crates() {
    "$root/target/tools/cargo-about-0.9.3/bin/cargo-about" generate --fail --locked --offline \
        --manifest-path "$1/Cargo.toml" --no-default-features --target "$2" \
        --config "$config" --output-file "$folder/$3" "${@:4}" deploy/image/licences.hbs >&2
}
# The archives of a release have these texts too, and their program has more in it.
crates host/hotseat "$target" crates.txt --features "$people"
# The policies in the program are built for themselves, so that it does not depend on their crates. What
# the others are made of is in this one too.
crates guest/rules wasm32-unknown-unknown policies.txt

# copyright PACKAGE...: what Debian says of the first of them that is installed.
copyright() {
    local package
    for package; do
        [[ -e /usr/share/doc/$package/copyright ]] || continue
        cat "/usr/share/doc/$package/copyright"
        return
    done
    fail "no copyright of $1 in /usr/share/doc"
}
compiler=$("$(gnu_triple "$1")-gcc" -dumpversion)
copyright libc6-dev >"$folder/glibc.txt"
copyright "libgcc-$compiler-dev-$1-cross" "libgcc-$compiler-dev" >"$folder/libgcc.txt"
copyright ca-certificates >"$folder/ca-certificates.txt"
cp "$(rustc --print sysroot)/share/doc/rust/COPYRIGHT-library.html" \
    "$folder/rust-standard-library.html"

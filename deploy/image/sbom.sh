#!/usr/bin/env bash
# sbom.sh amd64|arm64 FILE: writes what the image for that platform is built from as CycloneDX, as
# scanners of images look for it: the program, and the policies in it and beside it.
set -euo pipefail

# shellcheck source=deploy/image/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ $# == 2 ]] || fail "usage: sbom.sh amd64|arm64 FILE"
target=$(rust_target "$1")
readonly target

need_cargo_tool cargo-cyclonedx 0.5.9
need python3 python3

# It writes beside each manifest of the workspace, and takes the features of all members together,
# those of the tests too. So it works on a copy, with one crate and what that depends on at a time.
copy=$(mktemp -d)
readonly copy
trap 'rm -rf "$copy"' EXIT
tar -C "$root" --exclude=./target --exclude=./.git -cf - . | tar -C "$copy" -xf -
sed -i '/^default-members = /d' "$copy/Cargo.toml"
lists=()
# list FOLDER TARGET FILE [ARGUMENT...]: what the crate in that folder is made of, in FILE beside its manifest.
list() {
    sed -i "s|^members = .*|members = [\"$1\"]|" "$copy/Cargo.toml"
    (
        cd "$copy"
        CARGO_NET_OFFLINE=true SOURCE_DATE_EPOCH=0 \
            "$root/target/tools/cargo-cyclonedx-0.5.9/bin/cargo-cyclonedx" cyclonedx --quiet \
            --manifest-path "$1/Cargo.toml" --no-build-deps --target "$2" --format json \
            --spec-version 1.5 "${@:4}" >&2
    )
    lists+=("$copy/made-${#lists[@]}.json")
    # Crates of the workspace are named by their folder, which is of this machine.
    sed "s|$copy|/hotseat|g" "$copy/$1/$3.cdx.json" >"${lists[-1]}"
}
list host/hotseat "$target" hotseat_bin --describe binaries --no-default-features
# Policies are built for themselves, and so is what answers WASI: the program does not depend on their crates.
for folder in guest/blindfold guest/rules "${shipped_policies[@]}"; do
    name=$(sed -n '/^\[package\]/,/^\[/s/^name = "\(.*\)"/\1/p' "$root/$folder/Cargo.toml")
    list "$folder" wasm32-unknown-unknown "$name" --describe crate
done
"$root/deploy/image/sbom.py" "$1" "$(glibc_version)" "$(gcc_version "$1")" \
    "$(dpkg-query --show --showformat '${Version}' ca-certificates)" "${lists[@]}" >"$2"

#!/usr/bin/env bash
# sbom.sh amd64|arm64 FILE: writes what the program for that platform is built from as CycloneDX, as
# scanners of images look for it.
set -euo pipefail

# shellcheck source=deploy/image/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ $# == 2 ]] || fail "usage: sbom.sh amd64|arm64 FILE"
target=$(rust_target "$1")
readonly target

need_cargo_tool cargo-cyclonedx 0.5.9

# It writes beside each manifest of the workspace, and takes the features of all members together,
# those of the tests too. So it works on a copy with the program and what that depends on alone.
copy=$(mktemp -d)
readonly copy
trap 'rm -rf "$copy"' EXIT
tar -C "$root" --exclude=./target --exclude=./.git -cf - . | tar -C "$copy" -xf -
sed -i 's/^members = .*/members = ["host\/hotseat"]/; /^default-members = /d' "$copy/Cargo.toml"
(
    cd "$copy"
    CARGO_NET_OFFLINE=true SOURCE_DATE_EPOCH=0 \
        "$root/target/tools/cargo-cyclonedx-0.5.9/bin/cargo-cyclonedx" cyclonedx --quiet \
        --manifest-path host/hotseat/Cargo.toml --describe binaries --no-default-features \
        --no-build-deps --target "$target" --format json --spec-version 1.5 >&2
)
# Crates of the workspace are named by their folder, which is of this machine.
sed "s|$copy|/hotseat|g" "$copy/host/hotseat/hotseat_bin.cdx.json" >"$2"

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
# Crates of the workspace are named by their folder, which is of this machine. What the C compiler
# linked is not a crate, and the first thing that a scanner should ask about.
sed "s|$copy|/hotseat|g" "$copy/host/hotseat/hotseat_bin.cdx.json" |
    python3 -c 'import json, sys
from urllib.parse import quote

architecture, glibc, gcc, certificates = sys.argv[1:]
bom = json.load(sys.stdin)
for name, version, licence in [
    ("glibc", glibc, "LGPL-2.1-or-later"),
    ("gcc-12", gcc, "GPL-3.0-or-later WITH GCC-exception-3.1"),
    ("ca-certificates", certificates, "MPL-2.0"),
]:
    purl = f"pkg:deb/debian/{name}@{quote(version)}?arch=source&distro=debian-12"
    bom["components"].append({
        "type": "library", "bom-ref": purl, "name": name, "version": version, "scope": "required",
        "licenses": [{"expression": licence}], "purl": purl,
    })
json.dump(bom, sys.stdout, indent=1)' "$1" "$(glibc_version)" "$(gcc_version "$1")" \
        "$(dpkg-query --show --showformat '${Version}' ca-certificates)" >"$2"

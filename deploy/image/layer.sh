#!/usr/bin/env bash
# layer.sh amd64|arm64 PROGRAM POLICIES FILE: packs all files of an image for that platform into one
# layer, FILE, which is not compressed. The same content gives the same bytes.
set -euo pipefail

# shellcheck source=deploy/image/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ $# == 4 ]] || fail "usage: layer.sh amd64|arm64 PROGRAM POLICIES FILE"
files=$(mktemp -d)
readonly files
trap 'rm -rf "$files"' EXIT

install -D -m 755 "$2" "$files/usr/bin/hotseat"
mkdir -p "$files/policies" "$files/etc/ssl/certs" "$files/usr/share/sbom"
cp "$3"/*.wasm "$files/policies"
# The component that asks them is in the program, as builtin:rules.
install -D -m 644 -t "$files/policies/rules" "$root"/examples/rules/*.yaml
# Not the bundle of this machine, which has every authority that its owner added.
[[ -d /usr/share/ca-certificates/mozilla ]] || install_package ca-certificates
cat /usr/share/ca-certificates/mozilla/*.crt >"$files/etc/ssl/certs/ca-certificates.crt"
"$root/deploy/image/licences.sh" "$1" "$files/licenses"
"$root/deploy/image/sbom.sh" "$1" "$files/usr/share/sbom/hotseat.cdx.json"

chmod -R u=rwX,go=rX "$files"
tar --sort=name --format=ustar --mtime=@0 --owner=0 --group=0 --numeric-owner \
    -C "$files" -cf "$4" etc licenses policies usr

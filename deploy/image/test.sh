#!/usr/bin/env bash
# test.sh: tests the image in target/image/layout on a machine with amd64: what is in it, and whether it
# runs when a registry had it in between. As root, for namespaces. PLATFORMS=amd64 leaves arm64 out.
set -euo pipefail

# shellcheck source=deploy/image/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ -e $out/layout/index.json ]] || fail "there is no $out/layout: run 'make image'"
need_crane
"$root/tests/setup/sources.sh"
need python3 python3
need zstd zstd
need buildah buildah
need qemu-aarch64-static qemu-user-static
skipped=()
[[ " ${platforms[*]} " == *" arm64 "* ]] || skipped=(--skip arm64::)
cd "$root"
HOTSEAT_IMAGE_PLATFORMS="${platforms[*]}" HOTSEAT_IMAGE_LAYOUT=$out/layout HOTSEAT_CRANE=$crane \
    cargo test --workspace --features hotseat-tests/image --test image -- "${skipped[@]}" "$@"

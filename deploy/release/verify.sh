#!/usr/bin/env bash
# verify.sh REPOSITORY PUBLIC-KEY: whether what is in the registry and in target/dist is what the owner
# of the key signed.
set -euo pipefail

# shellcheck source=deploy/release/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ $# == 2 ]] || fail "usage: verify.sh REGISTRY/NAME PUBLIC-KEY"
repository=$1
need_cosign
by_key=(--key "$2" --insecure-ignore-tlog=true)

"$cosign" verify "${by_key[@]}" "$repository:$version" >/dev/null
"$cosign" verify-attestation "${by_key[@]}" --type slsaprovenance1 \
    "$repository@$(index_digest)" >/dev/null
for platform in "${platforms[@]}"; do
    image=$repository@$(platform_digest "$platform")
    "$cosign" verify "${by_key[@]}" "$image" >/dev/null
    "$cosign" verify-attestation "${by_key[@]}" --type cyclonedx "$image" >/dev/null
done
"$cosign" verify-blob "${by_key[@]}" --bundle "$dist/SHA256SUMS.sigstore.json" "$dist/SHA256SUMS"
(cd "$dist" && sha256sum --quiet --check SHA256SUMS)
echo "ok: $repository:$version and $dist"

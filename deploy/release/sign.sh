#!/usr/bin/env bash
# sign.sh REPOSITORY KEY: signs by cosign's KEY what push.sh pushed, image and charts, and the checksums in
# target/dist, and attests what is in the image and where it comes from. $COSIGN_PASSWORD is the key's. The signature
# is the key's alone: no service of Sigstore is asked, and nothing is written into a public log.
set -euo pipefail

# shellcheck source=deploy/release/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ $# == 2 ]] || fail "usage: sign.sh REGISTRY/NAME KEY"
repository=$1
need_cosign
config=$(mktemp)
trap 'rm -f "$config"' EXIT
# Names no service.
echo '{"mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json"}' >"$config"
by_key=(--yes --key "$2" --signing-config "$config")

"$cosign" sign "${by_key[@]}" --recursive "$repository@$(index_digest)" >&2
"$cosign" attest "${by_key[@]}" --type slsaprovenance1 --predicate "$dist/provenance.json" \
    "$repository@$(index_digest)" >&2
for platform in "${platforms[@]}"; do
    "$cosign" attest "${by_key[@]}" --type cyclonedx \
        --predicate "$dist/hotseat-v$version-$platform.cdx.json" \
        "$repository@$(platform_digest "$platform")" >&2
done
# By digest: what was pushed here, whatever the tag names by now.
while read -r chart digest; do
    "$cosign" sign "${by_key[@]}" "$repository/charts/$chart@$digest" >&2
done <"$pushed_charts"
"$cosign" sign-blob "${by_key[@]}" --bundle "$dist/SHA256SUMS.sigstore.json" "$dist/SHA256SUMS" >&2

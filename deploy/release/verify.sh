#!/usr/bin/env bash
# verify.sh REPOSITORY PUBLIC-KEY: whether what is in the registry and in target/dist is what the owner
# of the key signed.
set -euo pipefail

# shellcheck source=deploy/release/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ $# == 2 ]] || fail "usage: verify.sh REGISTRY/NAME PUBLIC-KEY"
repository=$1
need_cosign
need_crane
by_key=(--key "$2" --insecure-ignore-tlog=true)

"$cosign" verify "${by_key[@]}" "$repository:$version" >/dev/null
"$cosign" verify-attestation "${by_key[@]}" --type slsaprovenance1 \
    "$repository@$(index_digest)" >/dev/null
for platform in "${platforms[@]}"; do
    image=$repository@$(platform_digest "$platform")
    "$cosign" verify "${by_key[@]}" "$image" >/dev/null
    "$cosign" verify-attestation "${by_key[@]}" --type cyclonedx "$image" >/dev/null
done
for chart in "$dist"/*.tgz; do
    name=$repository/charts/$(chart_name "$chart")
    digest=$("$crane" digest "$name:$version")
    "$cosign" verify "${by_key[@]}" "$name@$digest" >/dev/null
    # The chart is one layer, the file itself.
    packed=$("$crane" manifest "$name@$digest" |
        python3 -c 'import json, sys; print(*[layer["digest"] for layer in json.load(sys.stdin)["layers"]])')
    sum=$(sha256sum "$chart")
    [[ " $packed " == *" sha256:${sum%% *} "* ]] || fail "$name:$version is not ${chart##*/}"
done
"$cosign" verify-blob "${by_key[@]}" --bundle "$dist/SHA256SUMS.sigstore.json" "$dist/SHA256SUMS"
(cd "$dist" && sha256sum --quiet --check SHA256SUMS)
echo "ok: $repository:$version and $dist"

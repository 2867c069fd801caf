#!/usr/bin/env bash
# image.sh: builds the image for all platforms into target/image/layout, an OCI layout, without a
# container engine, and prints its digest and sizes. In the environment: IMAGE and VERSION name it,
# PLATFORMS="amd64 arm64" says for what. It is pushed by
# `crane push target/image/layout REGISTRY/NAME:TAG`.
set -euo pipefail

# shellcheck source=deploy/image/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

image=${IMAGE:-hotseat}
version=${VERSION:-$(workspace_version)}
readonly image version
labels=(
    "org.opencontainers.image.title=hotseat"
    "org.opencontainers.image.description=A leader-election sidecar for Kubernetes whose policy is a WebAssembly component"
    "org.opencontainers.image.version=$version"
    "org.opencontainers.image.licenses=Apache-2.0"
)
commit=$(revision)
[[ -z $commit ]] || labels+=("org.opencontainers.image.revision=$commit")
# Where the source is to be had, which whoever publishes the image knows.
[[ -z ${SOURCE:-} ]] || labels+=("org.opencontainers.image.source=$SOURCE")

need_crane
need python3 python3
need zstd zstd
mkdir -p "$out"
"$root/deploy/image/policies.sh" "$out/policies"
for platform in "${platforms[@]}"; do
    program=$("$root/deploy/image/compile.sh" "$platform")
    say "packing for $platform"
    "$root/deploy/image/layer.sh" "$platform" "$program" "$out/policies" "$out/$platform.tar"
    # By one thread and from a file, whose size it knows: the same bytes by the same version of zstd.
    zstd --quiet --force --ultra -22 --single-thread "$out/$platform.tar" -o "$out/$platform.tar.zst"
done

# crane makes images in a registry; this one lives for as long as the script.
log=$(mktemp)
"$crane" registry serve --address 127.0.0.1:0 >"$log" 2>&1 &
registry=$!
trap 'kill "$registry" 2>/dev/null; wait "$registry" 2>/dev/null || true; rm -f "$log"' EXIT
until port=$(sed -n 's/.*serving on port \([0-9]*\)$/\1/p' "$log") && [[ -n $port ]]; do
    kill -0 "$registry" 2>/dev/null || fail "crane's registry does not start: $(<"$log")"
    sleep 0.1
done
repository=127.0.0.1:$port/hotseat

# quiet COMMAND...: what it says on its way is shown only if it fails.
quiet() {
    "$@" 2>"$log.quiet" || fail "$(<"$log.quiet")"
    rm -f "$log.quiet"
}

label_flags=()
for label in "${labels[@]}"; do label_flags+=(--label "$label"); done
manifests=()
for platform in "${platforms[@]}"; do
    base=$(quiet "$crane" append --oci-empty-base --new_layer "$out/$platform.tar.zst" \
        --new_tag "$repository:$platform")
    # A nameserver that does not answer is left for the next one after a second instead of five:
    # docs/decisions/0010-what-the-image-is-made-of.md.
    made=$(quiet "$crane" mutate "$base" --set-platform "linux/$platform" --user 65532:65532 \
        --entrypoint /usr/bin/hotseat --exposed-ports 4040/tcp \
        --env PATH=/usr/bin --env "RES_OPTIONS=timeout:1 attempts:5" \
        "${label_flags[@]}" --tag "$repository:$platform")
    manifests+=(--manifest "$made")
done
quiet "$crane" index append "${manifests[@]}" --tag "$repository:$version" >/dev/null
digest=$(quiet "$crane" digest "$repository:$version")
rm -rf "$out/layout"
quiet "$crane" pull --format=oci "$repository:$version" "$out/layout"
echo "$digest" >"$out/digest"

echo "$image:$version@$digest"
for platform in "${platforms[@]}"; do
    # What is fetched for one platform: the manifest itself, and what it names.
    bytes=$(quiet "$crane" manifest --platform "linux/$platform" "$repository:$version" |
        python3 -c 'import json, sys
text = sys.stdin.read()
manifest = json.loads(text)
print(len(text) + manifest["config"]["size"] + sum(layer["size"] for layer in manifest["layers"]))')
    printf '%s %s: %d.%02d MiB compressed\n' "$image:$version" "linux/$platform" \
        $((bytes >> 20)) $(((bytes & 1048575) * 100 >> 20))
done

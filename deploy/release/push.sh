#!/usr/bin/env bash
# push.sh REPOSITORY: pushes what build.sh made: the image as REPOSITORY:VERSION, the charts into
# REPOSITORY/charts. Prints the image with its digest, and leaves those of the charts for sign.sh.
set -euo pipefail

# shellcheck source=deploy/release/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ $# == 1 ]] || fail "usage: push.sh REGISTRY/NAME"
need_crane
# Not by --index, which makes one more index around that of the platforms, with another digest.
"$crane" push "$out/layout" "$1:$version" >&2
pushed=$("$crane" digest "$1:$version")
[[ $pushed == "$(index_digest)" ]] || fail "$1:$version is $pushed, and $(index_digest) was built"
plain=()
[[ $1 != 127.0.0.1:* ]] || plain=(--plain-http)
: >"$pushed_charts"
for chart in "$dist"/*.tgz; do
    said=$(helm push "${plain[@]}" "$chart" "oci://$1/charts" 2>&1) || fail "$said"
    echo "$said" >&2
    digest=$(sed -n 's/^Digest: *\(sha256:[0-9a-f]*\)$/\1/p' <<<"$said")
    [[ -n $digest ]] || fail "helm does not say under which digest it pushed $chart: $said"
    echo "$(chart_name "$chart") $digest" >>"$pushed_charts"
done
echo "$1:$version@$(index_digest)"

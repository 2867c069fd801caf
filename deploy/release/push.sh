#!/usr/bin/env bash
# push.sh REPOSITORY: pushes what build.sh made: the image as REPOSITORY:VERSION, the charts into
# REPOSITORY/charts. Prints the image with its digest.
set -euo pipefail

# shellcheck source=deploy/release/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ $# == 1 ]] || fail "usage: push.sh REGISTRY/NAME"
need_crane
"$crane" push --index "$out/layout" "$1:$version" >&2
plain=()
[[ $1 != 127.0.0.1:* ]] || plain=(--plain-http)
for chart in "$dist"/*.tgz; do
    helm push "${plain[@]}" "$chart" "oci://$1/charts" >&2
done
echo "$1:$version@$(index_digest)"

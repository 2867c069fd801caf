#!/usr/bin/env bash
# Prints the folder that holds `etcdctl` and `etcdutl`, and builds both on the first call and whenever
# tests/apiserver names others, of whose module they are: most of what they are made of is compiled with the
# API server. Wants Go 1.26 or later, and the Go modules on the first call.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/setup/lib.sh
source "$here/lib.sh"
cache=${HOTSEAT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hotseat}/etcd-tools
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
key=$(cat "$here/etcd-tools.sh" "$here"/../apiserver/go.{mod,sum} | sha256sum | cut -c1-16)
folder=$cache/$key

# One at a time: several tests may want them.
exec 9>"$cache/.lock"
flock 9
if [[ ! -d $folder ]]; then
    has_go_for_newest || fail "Go $newest_go or later is needed, and there is $(go_version_or_none):" \
        "put its folder bin first in PATH"
    say "building etcdctl and etcdutl by Go modules: half a minute after the API server"
    rm -rf "$cache"/.build-*
    work=$(mktemp -d "$cache/.build-XXXXXX")
    trap 'rm -rf "$work"' EXIT
    cd "$here/../apiserver"
    CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-mod=readonly GOWORK=off \
        go build -p 2 -trimpath -ldflags '-s -w' -o "$work/out/" tool >&2
    mv -T "$work/out" "$folder"
fi
echo "$folder"

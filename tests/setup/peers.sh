#!/usr/bin/env bash
# Prints a program in Go, which it builds on the first call and whenever its source changes: that of
# tests/peers, candidates that are not Hotseat, or `peers.sh nethttp` that of tests/nethttp. Wants Go
# 1.22 or later (nethttp: 1.26), and the Go modules on the first call.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/setup/lib.sh
source "$here/lib.sh"
name=${1:-peers}
case $name in
    peers) oldest_go=1.22 program=peer ;;
    nethttp) oldest_go=$newest_go program=nethttp ;;
    *) fail "there is no program $name: name peers or nethttp" ;;
esac
cache=${HOTSEAT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hotseat}/peers
mkdir -p "$cache"

at_least "$(go_version || echo 0)" "$oldest_go" ||
    fail "Go $oldest_go or later is needed, and there is $(go_version_or_none):" \
        "put its folder bin first in PATH"
key=$({ go_version && cat "$here/../$name"/{go.*,*.go}; } | sha256sum | cut -c1-16)
program=$cache/$program-$key

# One at a time: several tests may want it.
exec 9>"$cache/.lock"
flock 9
if [[ ! -x $program ]]; then
    say "building tests/$name"
    cd "$here/../$name"
    CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-mod=readonly GOWORK=off \
        go build -p 2 -trimpath -o "$program.new" . >&2
    mv "$program.new" "$program"
fi
echo "$program"

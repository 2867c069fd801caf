#!/usr/bin/env bash
# Prints the program of tests/peers, candidates that are not Hotseat, and builds it on the first call
# and whenever its source changes. Wants Go 1.22 or later, and the Go modules on the first call.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/setup/lib.sh
source "$here/lib.sh"
readonly oldest_go=1.22
cache=${HOTSEAT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hotseat}/peers
mkdir -p "$cache"

at_least "$(go_version || echo 0)" "$oldest_go" ||
    fail "Go $oldest_go or later is needed, and there is $(go_version_or_none):" \
        "put its folder bin first in PATH"
key=$({ go_version && cat "$here"/../peers/{go.mod,go.sum,*.go}; } | sha256sum | cut -c1-16)
program=$cache/peer-$key

# One at a time: several tests may want it.
exec 9>"$cache/.lock"
flock 9
if [[ ! -x $program ]]; then
    say "building the candidates of tests/peers"
    cd "$here/../peers"
    CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-mod=readonly GOWORK=off \
        go build -p 2 -trimpath -o "$program.new" . >&2
    mv "$program.new" "$program"
fi
echo "$program"

#!/usr/bin/env bash
# Prints the folder that holds `helm`, `kubectl` and `kubeconform`, and builds them on the first call
# from the Go module in ../deploy-tools. Wants Go 1.26 or later.
#
# The folder is ${HOTSEAT_CACHE:-${XDG_CACHE_HOME:-~/.cache}/hotseat}/deploy-tools/<hash of what goes in>.
# Calls at the same time wait for one build. Only the folder goes to stdout.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
store=${HOTSEAT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hotseat}/deploy-tools
mkdir -p "$store"
store=$(cd "$store" && pwd)

# shellcheck source=tests/setup/lib.sh
source "$here/lib.sh"

# build OUT: the three programs into OUT.
build() {
    cd "$here/../deploy-tools"
    local release
    release=$(sed -n 's/^\tk8s.io\/kubernetes \(v[0-9.]*\).*$/\1/p' go.mod)
    [[ $release =~ ^v([0-9]+)\.([0-9]+)\.[0-9]+$ ]] || fail "tests/deploy-tools/go.mod: no release of k8s.io/kubernetes found"
    local stamp=k8s.io/component-base/version
    local flags="-s -w -X $stamp.gitVersion=$release -X $stamp.gitMajor=${BASH_REMATCH[1]} -X $stamp.gitMinor=${BASH_REMATCH[2]}"
    say "building helm, kubectl and kubeconform by Go modules: some minutes"
    CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-mod=readonly GOWORK=off \
        go build -p 2 -trimpath -ldflags "$flags" -o "$1/" tool
}

main() {
    local folder work
    folder=$store/$(cat "$here/deploy-tools.sh" "$here"/../deploy-tools/{go.mod,go.sum} | sha256sum | cut -c1-16)
    if [[ ! -d $folder ]]; then
        has_go_for_newest || fail "no Go $newest_go or later here ($(go_version_or_none)): install it, for helm, kubectl and kubeconform are built with it"
        exec 9>"$store/.lock"
        flock 9
        if [[ ! -d $folder ]]; then
            # What a killed build left. Nobody else uses it, for the lock is ours.
            rm -rf "$store"/.build-*
            work=$(mktemp -d "$store/.build-XXXXXX")
            # In a shell of its own, that it ends by its first error.
            (build "$work" 9>&- >&2)
            mv -T "$work" "$folder"
            chmod 755 "$folder"
            say "built: $folder"
        fi
        exec 9>&-
    fi
    echo "$folder"
}

main "$@"

#!/usr/bin/env bash
# Prints the folder that holds `kube-apiserver` and `etcd`, and builds both on the first call.
#
# Usage: tests/setup/apiserver.sh newest|oldest
#   newest  Kubernetes 1.36 from Go modules; wants Go 1.26 or later, else it becomes oldest
#   oldest  Kubernetes 1.20 from Debian 12's own packages; wants nothing installed
#
# The folder is ${HOTSEAT_CACHE:-${XDG_CACHE_HOME:-~/.cache}/hotseat}/apiserver/<kind>-<hash of what goes in>.
# Calls at the same time wait for one build. Only the folder goes to stdout.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
store=${HOTSEAT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hotseat}
mkdir -p "$store/apiserver"
store=$(cd "$store/apiserver" && pwd)

# shellcheck source=tests/setup/lib.sh
source "$here/lib.sh"

# Everything that decides what the binaries of a kind become.
inputs() {
    case $1 in
    newest) echo "$here"/build-newest.sh "$here"/../apiserver/{go.mod,go.sum,*/main.go} ;;
    oldest) echo "$here"/build-oldest.sh ;;
    esac
}

key() {
    local files
    files=$(inputs "$1")
    # shellcheck disable=SC2086  # the list is meant to be split
    echo "$1-$(cat $files | sha256sum | cut -c1-16)"
}

# build KIND: fills the cache for KIND, alone among all calls.
build() {
    local kind=$1 folder work
    folder=$store/$(key "$kind")
    exec 9>"$store/.$kind.lock"
    flock 9
    if [[ ! -d $folder ]]; then
        # What a killed build left. Nobody else uses it, for the lock is ours.
        rm -rf "$store/.$kind".build-*
        work=$(mktemp -d "$store/.$kind.build-XXXXXX")
        # shellcheck disable=SC2064  # $work is local
        trap "rm -rf '$work'" EXIT
        mkdir "$work/out"
        # A child of its own, so that its shell options and variables end with it.
        bash "$here/build-$kind.sh" "$work" "$work/out" 9>&- >&2
        mv -T "$work/out" "$folder"
        rm -rf "$work"
        say "$kind API server built: $folder"
    fi
    exec 9>&-
}

main() {
    local kind=${1:-}
    case $kind in
    newest | oldest) ;;
    *) fail "say newest or oldest: $0 newest|oldest, not '${kind}'" ;;
    esac
    # A folder in the cache needs no Go.
    if [[ $kind == newest && ! -d $store/$(key newest) ]] && ! has_go_for_newest; then
        say "no Go $newest_go or later here ($(go_version_or_none)): Kubernetes 1.20 from Debian instead of 1.36"
        kind=oldest
    fi
    [[ -d $store/$(key "$kind") ]] || build "$kind"
    echo "$store/$(key "$kind")"
}

main "$@"

#!/usr/bin/env bash
# Prints the folder that has the parts of a node, and builds them on the first call: Kubernetes' kubelet,
# controller manager, scheduler and proxy from the Go module in ../node, and containerd, runc, the CNI
# plugins and busybox from Debian's packages, unpacked and not installed. Wants Go 1.26 or later.
#
# The folder is ${HOTSEAT_CACHE:-${XDG_CACHE_HOME:-~/.cache}/hotseat}/node/<hash of what goes in>.
# Calls at the same time wait for one build. Only the folder goes to stdout.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
store=${HOTSEAT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hotseat}/node
mkdir -p "$store"
store=$(cd "$store" && pwd)

# shellcheck source=tests/setup/lib.sh
source "$here/lib.sh"

main() {
    local folder work key
    key=$(cat "$here"/{node-parts,build-node,build-node-debian}.sh "$here"/../node/{go.mod,go.sum,*/main.go} |
        sha256sum | cut -c1-16)
    folder=$store/$key
    if [[ ! -d $folder ]]; then
        has_go_for_newest ||
            fail "no Go $newest_go or later here ($(go_version_or_none)): install it, for Kubernetes is built with it"
        exec 9>"$store/.lock"
        flock 9
        if [[ ! -d $folder ]]; then
            # What a killed build left. Nobody else uses it, for the lock is ours.
            rm -rf "$store"/.build-*
            work=$(mktemp -d "$store/.build-XXXXXX")
            # shellcheck disable=SC2064  # $work is local
            trap "rm -rf '$work'" EXIT
            mkdir -p "$work/out/bin"
            # Children of their own, so that their options and variables end with them.
            bash "$here/build-node-debian.sh" "$work" "$work/out" 9>&- >&2
            bash "$here/build-node.sh" "$work/out/bin" 9>&- >&2
            mv -T "$work/out" "$folder"
            chmod 755 "$folder"
            rm -rf "$work"
            say "the parts of a node: $folder"
        fi
        exec 9>&-
    fi
    echo "$folder"
}

main "$@"

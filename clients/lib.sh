# shellcheck shell=bash
# What the scripts of this folder share: the folders, one for work that is removed in the end, and the tools.
# To be sourced.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034  # read by the scripts that source this
readonly root clients=$root/clients apps=$root/examples/apps packed=$root/clients/packed
work=$(mktemp -d)
readonly work
# Go makes its modules read-only.
trap 'chmod -R u+w "$work" && rm -rf "$work"' EXIT

# shellcheck source=tests/setup/lib.sh
source "$root/tests/setup/lib.sh"

tools=$("$root/tests/setup/clients.sh")
readonly tools

# path_of NAME: the command of that name in what tests/setup/clients.sh prints.
path_of() { sed -n "s/^$1 //p" <<<"$tools"; }

# tool NAME ARGUMENT...: runs it.
tool() {
    local command
    read -ra command <<<"$(path_of "$1")"
    "${command[@]}" "${@:2}"
}

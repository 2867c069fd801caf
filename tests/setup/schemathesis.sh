#!/usr/bin/env bash
# Prints the program `st` of schemathesis, which asks a server whatever its OpenAPI document allows and
# does not allow. Installed once, from PyPI, in a Python environment of its own in the cache.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/setup/lib.sh
source "$here/lib.sh"

readonly release=4.32.5
cache=${HOTSEAT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hotseat}/schemathesis
mkdir -p "$cache"

# One at a time: several tests may want it.
exec 9>"$cache/.lock"
flock 9
venv "$cache/$release" "schemathesis==$release" 9>&-
echo "$cache/$release/bin/st"

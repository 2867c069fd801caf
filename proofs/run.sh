#!/usr/bin/env bash
# Proves what README.md beside it says, by z3 from PyPI, which is installed once. It ends with status
# 1 and the parts that are not proved if there are any.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/setup/lib.sh
source "$here/../tests/setup/lib.sh"

readonly z3=5.4.1.0
tools=${HOTSEAT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hotseat}/z3-$z3
mkdir -p "${tools%/*}"
exec 9>"$tools.lock"
flock 9
venv "$tools" "z3-solver==$z3" 9>&-
flock --unlock 9
PYTHONDONTWRITEBYTECODE=1 exec "$tools/bin/python" "$here/prove.py"

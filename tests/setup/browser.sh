#!/usr/bin/env bash
# Prints the folder with what the tests of the page need beside Debian's Chromium: axe.min.js, which
# checks accessibility. Installs Chromium and a font where they are missing, and axe-core from npm on
# the first call.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/setup/lib.sh
source "$here/lib.sh"

readonly axe=4.14.1
store=${HOTSEAT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hotseat}/browser/axe-core-$axe
readonly store

need chromium chromium
# Without any font nothing is drawn.
[[ -d /usr/share/fonts/truetype/dejavu ]] || install_package fonts-dejavu-core

if [[ ! -e $store/axe.min.js ]]; then
    need npm npm
    mkdir -p "${store%/*}"
    # One at a time: several tests may want the same.
    exec 9>"${store%/*}/.lock"
    flock 9
    if [[ ! -e $store/axe.min.js ]]; then
        say "installing axe-core $axe"
        work=$(mktemp -d "${store%/*}/.build-XXXXXX")
        trap 'rm -rf "$work"' EXIT
        npm install --loglevel=error --no-audit --no-fund --no-save --prefix "$work" "axe-core@$axe" >&2
        mkdir -p "$store"
        cp "$work/node_modules/axe-core/LICENSE" "$store"
        # Last, and at once: whoever finds it finds the whole.
        cp "$work/node_modules/axe-core/axe.min.js" "$store/.axe.min.js"
        mv "$store/.axe.min.js" "$store/axe.min.js"
    fi
    exec 9>&-
fi
echo "$store"

#!/bin/bash
# Builds the election policy in tests/python as a component, its interpreter in it, and prints where
# it is. Kept in the cache for as long as the policy and the contract do not change.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly root version=0.25.1
key=$(cat "$root/tests/python/app.py" "$root/wit/policy.wit" | sha256sum | cut -c1-16)
cache=${HOTSEAT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hotseat}/python-policy
component=$cache/$key-$version.wasm
if [[ ! -e $component ]]; then
    python3 -c 'import venv, ensurepip' 2>/dev/null || {
        apt-get update -qq && apt-get install -y --no-install-recommends python3-venv
    } >&2
    mkdir -p "$cache"
    [[ -x $cache/venv/bin/componentize-py ]] || {
        python3 -m venv "$cache/venv"
        "$cache/venv/bin/pip" install -q "componentize-py==$version" >&2
    }
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    cp "$root/tests/python/app.py" "$work"
    (cd "$work" && "$cache/venv/bin/componentize-py" -d "$root/wit" -w election \
        componentize app -o policy.wasm) >&2
    mv "$work/policy.wasm" "$component"
fi
echo "$component"

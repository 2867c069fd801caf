#!/bin/bash
# Writes the bindings in guest/templates, for Go and C, anew from the contract:
#
#   bindings.sh            writes them
#   bindings.sh --check    fails if they are not what the contract gives
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly root templates=$root/guest/templates
readonly cache=${HOTSEAT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hotseat}/bindings

work=$(mktemp -d)
readonly work
trap 'rm -rf "$work"' EXIT

# From within the checkout, whose file names the toolchain: rustup may have no default.
cd "$root"
# Without what an outer cargo has set for its own build.
env -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS -u RUSTC_WRAPPER -u RUSTC_WORKSPACE_WRAPPER \
    cargo build --quiet --locked --manifest-path guest/setup/bindings/Cargo.toml \
    --target-dir "$cache"
for language in go c; do
    "$cache/debug/bindings" "$language" wit "$work/$language"
done
# The template names its own requirements, with their sums.
rm "$work/go/go.mod"

different=0
while IFS= read -r file; do
    cmp -s "$work/$file" "$templates/$file" && continue
    different=1
    echo "guest/templates/$file is not what the contract gives" >&2
    [[ ${1:-} == --check ]] || install -D -m 644 "$work/$file" "$templates/$file"
done < <(cd "$work" && find . -type f | sed 's,^\./,,' | sort)
if [[ ${1:-} == --check && $different != 0 ]]; then
    echo "run guest/setup/bindings.sh" >&2
    exit 1
fi

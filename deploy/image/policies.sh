#!/usr/bin/env bash
# policies.sh FOLDER: builds the policies that an image brings along as components into FOLDER.
set -euo pipefail

# shellcheck source=deploy/image/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ $# == 1 ]] || fail "usage: policies.sh FOLDER"
folder=$1
readonly folder
mkdir -p "$folder"
cd "$root"
make --no-print-directory -s wasm-target >&2
cargo build --quiet --locked -p hotseat-component --bin emit-guest >&2
# The builder is one of build scripts: it writes into OUT_DIR, and tells cargo what to watch.
made=$out/build/policies
mkdir -p "$made"
for manifest in "${shipped_policies[@]}"; do
    file=${manifest##*/}.wasm
    OUT_DIR=$made "${CARGO_TARGET_DIR:-target}/debug/emit-guest" "$manifest" "$file" >/dev/null
    cp "$made/$file" "$folder"
done

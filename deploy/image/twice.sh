#!/usr/bin/env bash
# twice.sh: builds the image of the commit that is checked out once more, in another folder and with
# another home of cargo, and compares its digest with that of target/image.
set -euo pipefail

# shellcheck source=deploy/image/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ -e $out/digest ]] || fail "there is no $out/digest: run 'make image'"
[[ $(revision) =~ ^[0-9a-f]+$ ]] || fail "the checkout has changes, which no other has: commit them"
copy=$(mktemp -d)
readonly copy
trap 'rm -rf "$copy"' EXIT
again=$copy/elsewhere/hotseat
git clone --quiet "$root" "$again"
# Tools and sources of crates are fetched once: what is asked is whether their place shows.
mkdir -p "$again/target" "$copy/home"
ln -s "$root/target/tools" "$again/target/tools"
ln -s "${CARGO_HOME:-$HOME/.cargo}/registry" "$copy/home/registry"
CARGO_HOME=$copy/home HOTSEAT_IMAGE_OUT=$again/target/image "$again/deploy/image/image.sh" >&2

first=$(<"$out/digest")
second=$(<"$again/target/image/digest")
if [[ $first != "$second" ]]; then
    for platform in "${platforms[@]}"; do
        cmp "$out/$platform.tar" "$again/target/image/$platform.tar" || true
    done
    fail "$first in $root, and $second in $again"
fi
echo "ok: $first, twice"

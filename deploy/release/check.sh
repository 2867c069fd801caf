#!/usr/bin/env bash
# check.sh TAG: fails unless the tag is the version of the workspace, CHANGELOG.md has a section for it,
# and there is a public key for who verifies it.
set -euo pipefail

# shellcheck source=deploy/release/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ $# == 1 ]] || fail "usage: check.sh TAG"
[[ $1 == "v$version" ]] || fail "the tag is $1 and Cargo.toml says $version"
grep -q "^## $version" "$root/CHANGELOG.md" || fail "CHANGELOG.md has no section for $version"
[[ -e $root/deploy/release/cosign.pub ]] ||
    fail "deploy/release/cosign.pub is missing: RELEASE.md says how the key is made"

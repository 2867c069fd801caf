#!/usr/bin/env bash
# manifest.sh URL: what krew installs `kubectl hotseat` from: the archives of a release, which lie in
# target/dist and are to be had under URL. URL has the release's tag in it.
set -euo pipefail

# shellcheck source=deploy/release/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../release/lib.sh"

[[ $# == 1 ]] || fail "usage: manifest.sh URL"
url=${1%/}

# One platform: its archive, with the program under the name by which kubectl finds it.
platform() {
    local arch=$1 folder archive sum
    folder=hotseat-v$version-$(rust_target "$arch")
    archive=$folder.tar.gz
    [[ -e $dist/$archive ]] || fail "there is no $archive in $dist: run deploy/release/build.sh first"
    sum=$(sha256sum "$dist/$archive")
    cat <<YAML
    - selector: {matchLabels: {os: linux, arch: $arch}}
      uri: $url/$archive
      sha256: ${sum%% *}
      files:
        - {from: $folder/hotseat, to: kubectl-hotseat}
        - {from: $folder/LICENSE, to: .}
      bin: kubectl-hotseat
YAML
}

cat <<YAML
apiVersion: krew.googlecontainertools.github.com/v1alpha2
kind: Plugin
metadata: {name: hotseat}
spec:
  version: v$version
  homepage: ${url%%/releases/*}
  shortDescription: See who leads, hand a leader's seat over, or have it stay
  description: |
    Asks about leader elections that Hotseat sidecars hold, and asks something of them, with the
    credentials of kubectl:

      kubectl hotseat status ELECTION
      kubectl hotseat transfer ELECTION --to POD
      kubectl hotseat pause ELECTION
      kubectl hotseat resume ELECTION
      kubectl hotseat lock show ELECTION
      kubectl hotseat ui -n NAMESPACE
  platforms:
YAML
for arch in "${platforms[@]}"; do
    platform "$arch"
done

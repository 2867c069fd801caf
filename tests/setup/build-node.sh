#!/usr/bin/env bash
# build-node.sh OUT: kubelet, kube-controller-manager, kube-scheduler and kube-proxy into OUT, from the
# Go module in ../node.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$1
# shellcheck source=tests/setup/lib.sh
source "$here/lib.sh"
cd "$here/../node"

release_in() { sed -n 's/^\tk8s.io\/kubernetes \(v[0-9.]*\)$/\1/p' "$1/go.mod"; }

release=$(release_in .)
[[ $release =~ ^v([0-9]+)\.([0-9]+)\.[0-9]+$ ]] || fail "tests/node/go.mod: no release of k8s.io/kubernetes found"
[[ $release == "$(release_in ../apiserver)" ]] ||
    fail "tests/node/go.mod has Kubernetes $release, and tests/apiserver/go.mod $(release_in ../apiserver): let them name one"
stamp=k8s.io/component-base/version
flags="-s -w -X $stamp.gitVersion=$release -X $stamp.gitMajor=${BASH_REMATCH[1]} -X $stamp.gitMinor=${BASH_REMATCH[2]}"

# As in build-newest.sh.
toolchain=local
if at_least "$(go_version)" 1.27; then
    toolchain=go1.26.8
fi

say "building the kubelet and three more of Kubernetes $release by Go modules: several minutes"
CGO_ENABLED=0 GOTOOLCHAIN=$toolchain GOFLAGS=-mod=readonly GOWORK=off \
    go build -p 2 -trimpath -ldflags "$flags" -o "$out/" ./...

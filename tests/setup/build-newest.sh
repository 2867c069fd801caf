#!/usr/bin/env bash
# build-newest.sh WORK OUT: kube-apiserver and etcd from the Go module in ../apiserver into OUT.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$2
# shellcheck source=tests/setup/lib.sh
source "$here/lib.sh"
cd "$here/../apiserver"

# A later Go builds a server whose /openapi/v2 answers 503, so the right one is fetched then.
toolchain=local
if at_least "$(go_version)" 1.27; then
    toolchain=go1.26.8
fi

release=$(sed -n 's/^\tk8s.io\/kubernetes \(v[0-9.]*\)$/\1/p' go.mod)
[[ $release =~ ^v([0-9]+)\.([0-9]+)\.[0-9]+$ ]] || fail "tests/apiserver/go.mod: no release of k8s.io/kubernetes found"
stamp=k8s.io/component-base/version
flags="-s -w -X $stamp.gitVersion=$release -X $stamp.gitMajor=${BASH_REMATCH[1]} -X $stamp.gitMinor=${BASH_REMATCH[2]}"

say "building Kubernetes $release and etcd by Go modules: several minutes"
CGO_ENABLED=0 GOTOOLCHAIN=$toolchain GOFLAGS=-mod=readonly GOWORK=off \
    go build -p 2 -trimpath -ldflags "$flags" -o "$out/" ./kube-apiserver ./etcd

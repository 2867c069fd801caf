#!/usr/bin/env bash
# build-oldest.sh WORK OUT: kube-apiserver and etcd into OUT from Debian 12's packages alone.
# kube-apiserver 1.20 is compiled with the Go of its time, unpacked in WORK and not installed;
# etcd 3.4 comes as Debian built it. WORK takes 2.5 GB for the time of the build.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$1
out=$2
# shellcheck source=tests/setup/lib.sh
source "$here/lib.sh"

# Debian lists no source packages by default. A configuration of our own adds them: /etc stays as
# it is, and so do the machine's package lists.
configure_apt() {
    local sources=$work/apt/sources
    mkdir -p "$sources" "$work/apt/lists/partial" "$work/apt/cache/archives/partial"
    if [[ -f /etc/apt/sources.list.d/debian.sources ]]; then
        sed 's/^Types:.*/Types: deb deb-src/' /etc/apt/sources.list.d/debian.sources >"$sources/debian.sources"
    elif grep -qs '^deb ' /etc/apt/sources.list; then
        sed -n 's/^deb \(.*\)/deb \1\ndeb-src \1/p' /etc/apt/sources.list >"$sources/debian.list"
    else
        fail "no Debian package source in /etc/apt: the oldest API server is built on Debian 12"
    fi
    apt_options=(
        -o "Dir::Etc::sourcelist=/dev/null"
        -o "Dir::Etc::sourceparts=$sources"
        -o "Dir::State::lists=$work/apt/lists"
        -o "Dir::Cache=$work/apt/cache"
        -o "APT::Sandbox::User=$(id -un)"
    )
    apt-get -qq "${apt_options[@]}" update
}

# Downloads without installing; apt checks each file against Debian's signed index.
fetch() {
    mkdir -p "$work/packages"
    cd "$work/packages"
    apt-get -qq "${apt_options[@]}" download golang-1.19-go golang-1.19-src etcd-server ||
        fail "golang-1.19 or etcd-server is not in this machine's package sources: use Debian 12"
    apt-get -qq "${apt_options[@]}" source --download-only kubernetes
    local package
    for package in *.deb; do
        dpkg-deb --extract "$package" "$work/root"
    done
    source_tree=$work/gopath/src/k8s.io/kubernetes
    mkdir -p "$(dirname "$source_tree")"
    dpkg-source --no-check --extract kubernetes_*.dsc "$source_tree" >"$work/dpkg-source.log"
    # Debian went back by one release without going back in numbers: 1.20.5+really1.20.2-1.1.
    local upstream
    upstream=$(sed -n 's/^Version: \(.*+really\)\?\([0-9.]*\).*/\2/p' kubernetes_*.dsc | head -n 1)
    [[ $upstream == 1.20.* ]] || fail "Debian's kubernetes is '$upstream' here, not 1.20: use Debian 12"
    release=v$upstream
}

# The vendored tree is complete only for the mode before modules.
use_old_go() {
    export GOROOT=$work/root/usr/lib/go-1.19 GOPATH=$work/gopath GOCACHE=$work/gocache
    export GO111MODULE=off GOFLAGS='' CGO_ENABLED=0 PATH=$work/root/usr/lib/go-1.19/bin:$PATH
    unset GOTOOLCHAIN GOWORK GOEXPERIMENT
}

# Debian's tarball lacks pkg/generated/openapi/zz_generated.openapi.go: the vendored generator
# writes it from every package that carries the marker.
generate_openapi() {
    local unwanted='_test\.go$|/testdata/|/zz_generated|^vendor/k8s\.io/(code-generator|sample-apiserver|kube-openapi|gengo)/'
    local packages
    packages=$(grep -Rl --include='*.go' -e '+k8s:openapi-gen=' pkg cmd plugin vendor/k8s.io |
        grep -Ev "$unwanted" | sed 's,/[^/]*$,,; s,^,k8s.io/kubernetes/,' | sort -u | paste -sd,)
    go build -p 2 -o "$work/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
    "$work/openapi-gen" --go-header-file hack/boilerplate/boilerplate.generatego.txt \
        --input-dirs "$packages" --output-package k8s.io/kubernetes/pkg/generated/openapi \
        --output-file-base zz_generated.openapi --report-filename /dev/null --output-base "$GOPATH/src"
}

compile() {
    local flags="-s -w" minor path
    minor=$(cut -d. -f2 <<<"$release")
    for path in component-base/version client-go/pkg/version; do
        path=k8s.io/kubernetes/vendor/k8s.io/$path
        flags+=" -X $path.gitVersion=$release -X $path.gitMajor=1 -X $path.gitMinor=$minor"
    done
    go build -p 2 -trimpath -ldflags "$flags" -o "$out/kube-apiserver" ./cmd/kube-apiserver
    cp "$work/root/usr/bin/etcd" "$out/etcd"
}

need dpkg-source dpkg-dev
configure_apt
say "fetching Kubernetes, etcd and Go 1.19 from Debian"
fetch
use_old_go
cd "$source_tree"
say "generating the OpenAPI definitions of Kubernetes $release"
generate_openapi
say "compiling Kubernetes $release: about 3 minutes"
compile

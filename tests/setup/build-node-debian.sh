#!/usr/bin/env bash
# build-node-debian.sh WORK OUT: containerd, runc, the CNI plugins and busybox into OUT/bin and OUT/cni,
# from Debian's packages, which are not installed. Debian 12 has no containerd 2, which the kubelet of
# 1.36 wants: that one package comes from Debian's unstable distribution.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$1
out=$2
# shellcheck source=tests/setup/lib.sh
source "$here/lib.sh"

# The address that apt has for Debian.
mirror() {
    # shellcheck disable=SC2016  # apt's own variables
    apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
        sed -n 's/^\(bookworm\|stable\) //p' | head -n 1
}

# A configuration of our own: /etc stays as it is, and so do the machine's package lists.
configure_apt() {
    local from keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    command -v apt-get >/dev/null || fail "apt-get is missing: the parts of a node come from Debian 12"
    from=$(mirror)
    if [[ -z $from && $(id -u) == 0 ]]; then
        apt-get update -qq
        from=$(mirror)
    fi
    [[ -n $from ]] || fail "apt has no source for Debian 12 (bookworm) here: run 'apt-get update', or use Debian 12"
    mkdir -p "$work/apt/sources" "$work/apt/lists/partial" "$work/apt/cache/archives/partial"
    local suite
    for suite in bookworm sid; do
        echo "deb [signed-by=$keyring] $from $suite main"
    done >"$work/apt/sources/debian.list"
    apt_options=(
        -o "Dir::Etc::sourcelist=/dev/null"
        -o "Dir::Etc::sourceparts=$work/apt/sources"
        -o "Dir::State::lists=$work/apt/lists"
        -o "Dir::Cache=$work/apt/cache"
        -o "APT::Sandbox::User=$(id -un)"
    )
    apt-get -qq "${apt_options[@]}" update
}

# apt checks each file against Debian's signed index.
fetch() {
    mkdir -p "$work/packages"
    cd "$work/packages"
    apt-get -qq "${apt_options[@]}" download containerd/sid runc/bookworm \
        containernetworking-plugins/bookworm busybox-static/bookworm
    local package
    for package in *.deb; do
        dpkg-deb --extract "$package" "$work/root"
    done
    ls "$work/packages" >"$out/debian-packages"
}

# It may be linked to a C library that is later than Debian 12's.
check() {
    local version
    version=$("$out/bin/containerd" --version) ||
        fail "Debian's containerd of today does not run here: $(tail -n 1 "$out/debian-packages")"
    [[ $version =~ \ v?([0-9]+)\.[0-9]+\. && ${BASH_REMATCH[1]} -ge 2 ]] ||
        fail "the kubelet wants containerd 2, and Debian's is '$version'"
    "$out/bin/runc" --version >/dev/null ||
        fail "Debian's runc does not run here: is libseccomp2 installed?"
}

say "fetching containerd, runc, CNI plugins and busybox from Debian"
configure_apt
fetch
cp "$work"/root/usr/bin/{containerd,containerd-shim-runc-v2,ctr} "$out/bin/"
cp "$work/root/usr/sbin/runc" "$work/root/bin/busybox" "$out/bin/"
cp -r "$work/root/usr/lib/cni" "$out/cni"
check

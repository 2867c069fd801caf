#!/usr/bin/env bash
# build.sh: builds all that is published into target/dist: archives with the program, the image, what
# is in it, charts, the SDK's crate, and checksums of them all. Of the same commit they are the same.
set -euo pipefail

# shellcheck source=deploy/release/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

rm -rf "$dist"
mkdir -p "$dist"
cd "$root"

# packed FOLDER FILE: what is in dist/FOLDER as an archive, without it.
packed() {
    tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=go-w -C "$dist" -cf - "$1" |
        gzip -n9 >"$2"
    rm -r "${dist:?}/$1"
}

# write_shell_files PROGRAM PLATFORM: completions and manual pages, by the program of the platform that this
# is; they are the same for all.
shell_files=$out/shell
write_shell_files() {
    [[ $(dpkg --print-architecture) == "$2" ]] || {
        [[ -d $shell_files/man ]] || fail "the program for $2 cannot write its manual pages here: name this platform first in PLATFORMS"
        return 0
    }
    mkdir -p "$shell_files/completions" "$shell_files/man"
    "$1" completions bash >"$shell_files/completions/hotseat.bash"
    "$1" completions zsh >"$shell_files/completions/_hotseat"
    "$1" completions fish >"$shell_files/completions/hotseat.fish"
    "$1" man "$shell_files/man"
}

rm -rf "$shell_files"
"$root/deploy/image/image.sh"
for platform in "${platforms[@]}"; do
    tar -xOf "$out/$platform.tar" usr/share/sbom/hotseat.cdx.json \
        >"$dist/hotseat-v$version-$platform.cdx.json"
    # Not the image's program: names are looked up here as the machine's nsswitch.conf says, which a
    # static program can only where glibc is the very same.
    program=$(LINKING=dynamic "$root/deploy/image/compile.sh" "$platform")
    folder=hotseat-v$version-$(rust_target "$platform")
    mkdir "$dist/$folder"
    cp "$program" README.md CHANGELOG.md LICENSE "$dist/$folder"
    write_shell_files "$program" "$platform"
    cp -r "$shell_files/completions" "$shell_files/man" "$dist/$folder"
    tar -xf "$out/$platform.tar" -C "$dist/$folder" licenses policies
    packed "$folder" "$dist/$folder.tar.gz"
done
cp -r "$out/layout" "$dist/hotseat-v$version-image"
packed "hotseat-v$version-image" "$dist/hotseat-v$version-image.tar.gz"

for chart in "$root"/deploy/chart/*/Chart.yaml; do
    [[ -e $chart ]] || fail "there is no chart in deploy/chart"
    helm package --version "$version" --app-version "$version" --destination "$dist" "${chart%/*}" >&2
done

cargo package --quiet --locked --allow-dirty --no-verify -p hotseat-policy >&2
cp "${CARGO_TARGET_DIR:-target}/package/hotseat-policy-$version.crate" "$dist"

# Under whose name it is published is the publisher's to say.
releases=${SOURCE:-https://github.com/OWNER/hotseat}/releases/download/v$version
"$root/deploy/krew/manifest.sh" "$releases" >"$dist/hotseat-krew-v$version.yaml"
"$root/deploy/release/provenance.sh" >"$dist/provenance.json"
sums=$(cd "$dist" && sha256sum -- *)
echo "$sums" >"$dist/SHA256SUMS"
say "in $dist:"
ls -l "$dist" >&2

#!/usr/bin/env bash
# Packs each client as its registry takes it, and uses what was packed in a small program in an empty folder
# (clients/packed). No registry is asked for anything: what is wanted beside the languages is fetched before, by
# tests/setup/clients.sh. Names the languages to pack; without any, all of them.
set -euo pipefail

# shellcheck source=clients/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
javac=$(path_of javac)
publish=$(path_of publish)
version=$(workspace_version)
readonly javac publish version

# holds LISTING NAME...: the listing of an archive has a line that ends with each name.
holds() {
    local listing=$1 name
    shift
    for name in "$@"; do
        grep -q -- "$name\$" <<<"$listing" || fail "$name is not in what was packed: $listing"
    done
}

# lacks LISTING PATTERN: nothing of the tests is in it.
lacks() { ! grep -E -- "$2" <<<"$1" >&2 || fail "that does not belong into what is packed"; }

# As `go get` gets it: from a proxy, which is a folder here.
pack_go() {
    local at=$work/proxy/hotseat.dev/client/@v tag=v$version prefix=hotseat.dev/client@v$version
    mkdir -p "$at" "$work/go"
    echo "{\"Version\": \"$tag\"}" >"$at/$tag.info"
    cp "$clients/go/go.mod" "$at/$tag.mod"
    python3 - "$clients/go" "$at/$tag.zip" "$prefix" <<'PYTHON'
import pathlib, sys, zipfile
folder, archive, prefix = sys.argv[1:]
with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
    for file in sorted(path for path in pathlib.Path(folder).rglob("*") if path.is_file()):
        packed.write(file, f"{prefix}/{file.relative_to(folder)}")
PYTHON
    cp "$packed/main.go" "$work/go"
    (
        cd "$work/go"
        export GOTOOLCHAIN=local GOWORK=off GOFLAGS=-mod=mod GOMODCACHE=$work/modules
        export GOPROXY=file://$work/proxy GONOSUMDB='*' GOVCS='*:off'
        go mod init use 2>/dev/null
        go get "hotseat.dev/client@$tag" 2>/dev/null
        go vet .
        go run .
    )
}

pack_java() {
    local main=$clients/java/src/main/java out=$work/java name=hotseat-client-$version
    mkdir -p "$out/classes/META-INF" "$out/use"
    check_pom
    find "$main" -name '*.java' -print0 | xargs -0 "$javac" --release 17 -d "$out/classes"
    cp "$clients/java/LICENSE" "$out/classes/META-INF"
    jar --create --file "$out/$name.jar" --module-version "$version" -C "$out/classes" .
    jar --create --file "$out/$name-sources.jar" -C "$main" . -C "$out/classes" META-INF/LICENSE
    find "$main" -name '*.java' -print0 | xargs -0 javadoc -quiet -protected -Xdoclint:all,-missing -Werror -d "$out/doc"
    jar --create --file "$out/$name-javadoc.jar" -C "$out/doc" .
    holds "$(jar --list --file "$out/$name.jar")" module-info.class META-INF/LICENSE client/Client.class
    lacks "$(jar --list --file "$out/$name.jar")" 'Test|Probe'
    holds "$(jar --list --file "$out/$name-sources.jar")" module-info.java client/Client.java META-INF/LICENSE
    holds "$(jar --list --file "$out/$name-javadoc.jar")" index.html client/Client.html
    "$javac" --release 17 -p "$out/$name.jar" --add-modules dev.hotseat.client -d "$out/use" "$packed/Use.java"
    java -p "$out/$name.jar" --add-modules dev.hotseat.client -cp "$out/use" Use
}

# What Maven Central demands of a pom: https://central.sonatype.org/publish/requirements/
check_pom() {
    python3 - "$clients/java/pom.xml" <<'PYTHON'
import sys, xml.etree.ElementTree
pom = xml.etree.ElementTree.parse(sys.argv[1]).getroot()
ns = "{http://maven.apache.org/POM/4.0.0}"
wanted = ["groupId", "artifactId", "version", "name", "description", "url", "licenses/license/name",
          "licenses/license/url", "developers/developer/name", "scm/connection", "scm/url"]
missing = [path for path in wanted
           if not (pom.findtext(ns + path.replace("/", "/" + ns)) or "").strip()]
if missing:
    sys.exit(f"pack: {sys.argv[1]}: Maven Central demands {', '.join(missing)}")
PYTHON
}

pack_node() {
    local out=$work/node
    mkdir -p "$out/use"
    # npm is loud, and its cache is nobody's.
    export npm_config_cache=$work/npm npm_config_offline=true npm_config_audit=false npm_config_fund=false
    (cd "$clients/node" && npm pack --silent --pack-destination "$out" >/dev/null)
    # What npm says of it is laid out otherwise by each version.
    local listing
    listing=$(tar -tzf "$out/hotseat-client-$version.tgz")
    holds "$listing" /LICENSE /README.md /package.json /src/index.js /types/index.d.ts
    lacks "$listing" /test/
    cp "$packed/use.mjs" "$out/use"
    (
        cd "$out/use"
        echo '{ "private": true }' >package.json
        npm install --silent "$out/hotseat-client-$version.tgz"
        tool tsc --noEmit --allowJs --checkJs --strict --module nodenext --target es2022 use.mjs
        node use.mjs
    )
}

pack_python() {
    local out=$work/python
    mkdir -p "$out"
    # Built elsewhere: setuptools leaves things beside the sources.
    cp -r "$clients/python" "$out/source"
    "$publish/bin/python" -m build --no-isolation --outdir "$out/dist" "$out/source" >"$work/log" 2>&1 ||
        fail "$(<"$work/log")"
    "$publish/bin/twine" --no-color check --strict "$out"/dist/* >&2
    holds "$(tar -tzf "$out"/dist/*.tar.gz)" LICENSE README.md pyproject.toml src/hotseat/py.typed
    holds "$(python3 -m zipfile --list "$out"/dist/*.whl | awk '{ print $1 }')" LICENSE hotseat/py.typed hotseat/testing.py
    lacks "$(python3 -m zipfile --list "$out"/dist/*.whl)" probe
    python3 -m venv "$out/use"
    "$out/use/bin/pip" install --quiet --no-index --no-deps --disable-pip-version-check "$out"/dist/*.whl
    (cd "$work" && "$out/use/bin/python" -I "$packed/use.py")
}

# Compiled by cargo from the archive alone, and then by a package that has it unpacked beside it.
pack_rust() {
    local out=$work/rust target=$work/rust/target
    mkdir -p "$out/use/src"
    # The toolchain is the one that the checkout names.
    cd "$root"
    export -n RUSTFLAGS CARGO_ENCODED_RUSTFLAGS
    cargo package --quiet --offline --locked --allow-dirty --target-dir "$target" -p hotseat-client
    holds "$(tar -tzf "$target/package/hotseat-client-$version.crate")" Cargo.toml LICENSE README.md src/lib.rs
    tar -xzf "$target/package/hotseat-client-$version.crate" -C "$out"
    cp "$packed/main.rs" "$out/use/src"
    cat >"$out/use/Cargo.toml" <<TOML
[package]
name = "use"
edition = "2024"

[dependencies]
hotseat-client = { path = "../hotseat-client-$version" }

[workspace]
TOML
    cargo run --quiet --offline --target-dir "$target" --manifest-path "$out/use/Cargo.toml"
}

for language in ${*:-go java node python rust}; do
    declare -F "pack_$language" >/dev/null || fail "$language: give go, java, node, python or rust, or nothing"
    say "$language"
    "pack_$language"
done

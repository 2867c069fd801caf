#!/usr/bin/env bash
# Sees to it that there is what the clients are built and checked with, builds the probes by which they
# are tested, and prints what there is, one a line: NAME COMMAND... Everything is kept in the cache.
#   go, java, node, python, rust: the probe of that client
#   example-go, example-java, ..: the application of examples/apps
#   java-tests: the own tests of the client for Java; javac, ruff, tsc: what checks them
#   publish: the folder of Python in which packages for Python are built and checked
# Wants Go 1.22 or later and, on the first call, Debian's packages, npm and PyPI.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
readonly here root
# shellcheck source=tests/setup/lib.sh
source "$here/lib.sh"
readonly clients=$root/clients apps=$root/examples/apps oldest_go=1.22 ruff=0.14.6 typescript=5.9.3 node_types=18.19.130
readonly build=1.6.1 setuptools=80.9.0 twine=7.0.0
cache=${HOTSEAT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hotseat}/clients
readonly cache

# kept NAME FOLDER.. -- COMMAND...: $kept is what the command makes of the sources in those folders, and
# gets the place as its last argument. It is made when they, or the tools, have changed.
kept() {
    local name=$1 folders=()
    while shift && [[ $1 != -- ]]; do folders+=("$1"); done
    shift
    kept=$cache/$name-$({ echo "$tools" && find "${folders[@]}" -type f -print0 | sort -z | xargs -0 cat; } |
        sha256sum | cut -c1-16)
    [[ -e $kept ]] || {
        say "building $name"
        rm -rf "$kept.new"
        "$@" "$kept.new" >&2
        rm -rf "$cache/$name"-????????????????
        mv "$kept.new" "$kept"
    }
}

# build_go FOLDER PACKAGE OUT
build_go() { (cd "$1" && CGO_ENABLED=0 GOTOOLCHAIN=local GOWORK=off go build -p 2 -trimpath -o "$3" "$2"); }

build_java() {
    find "$clients/java/src" "$apps/java" -name '*.java' -not -name module-info.java \
        -exec javac --release 17 -d "$1" {} +
}

# From within the checkout, whose file names the toolchain; with settings of its own, for the outer cargo's
# are for the outer build.
build_rust() {
    (
        cd "$root"
        env -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS cargo build --quiet --locked --target-dir "$cache/rust-target" \
            -p hotseat-client --example probe -p hotseat-example-worker --bin hotseat-example-worker
    )
    mkdir "$1"
    cp "$cache/rust-target/debug/examples/probe" "$cache/rust-target/debug/hotseat-example-worker" "$1"
}

install_typescript() {
    npm install --loglevel=error --no-audit --no-fund --no-save --prefix "$1" \
        "typescript@$typescript" "@types/node@$node_types" >&2
}

at_least "$(go_version || echo 0)" "$oldest_go" ||
    fail "Go $oldest_go or later is needed, and there is $(go_version_or_none):" \
        "put its folder bin first in PATH"
mkdir -p "$cache"
# One at a time: several tests may want the same.
exec 9>"$cache/.lock"
flock 9
need python3 python3
need node nodejs
need npm npm
need javac default-jdk-headless
venv "$cache/ruff-$ruff" "ruff==$ruff"
publish=$cache/publish-$build-$setuptools-$twine
venv "$publish" "build==$build" "setuptools==$setuptools" "twine==$twine"
typescript_folder=$cache/typescript-$typescript-$node_types
[[ -e $typescript_folder/node_modules/@types/node ]] || {
    say "installing TypeScript"
    install_typescript "$typescript_folder"
}
tools="$(go_version) $(javac -version 2>&1) $(cd "$root" && rustc -V)"

kept go "$clients/go" -- build_go "$clients/go" ./internal/probe
echo "go $kept"
kept example-go "$clients/go" "$apps/go" -- build_go "$apps/go" .
echo "example-go $kept"
kept java "$clients/java/src" "$apps/java" -- build_java
# Small and quick to start: the tests start many.
readonly java="$(command -v java) -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx64m -cp $kept"
echo "java $java dev.hotseat.client.Probe"
echo "example-java $java Worker"
echo "java-tests $java dev.hotseat.client.ClientTest"
kept rust "$clients/rust" "$apps/rust" -- build_rust
echo "rust $kept/probe"
echo "example-rust $kept/hotseat-example-worker"
echo "node $(command -v node) $clients/node/test/probe.js"
echo "example-node $(command -v node) $apps/node/server.js"
python=$(python3 -c 'import sys; print(sys.executable)')
echo "python $python $clients/python/tests/probe.py"
echo "example-python env PYTHONPATH=$clients/python/src $python $apps/python/worker.py"
echo "javac $(command -v javac)"
echo "publish $publish"
echo "ruff $cache/ruff-$ruff/bin/ruff"
echo "tsc $(command -v node) $typescript_folder/node_modules/typescript/bin/tsc --typeRoots $typescript_folder/node_modules/@types"

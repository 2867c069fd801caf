#!/usr/bin/env bash
# Checks the clients, each by what its language has: check.sh lint; check.sh test; check.sh pack, which packs
# each as its registry takes it and uses that; or check.sh types, which writes the types of the one for Node.js
# anew. The one for Rust is linted and tested with the workspace.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly root clients=$root/clients apps=$root/examples/apps
work=$(mktemp -d)
readonly work
trap 'rm -rf "$work"' EXIT

say() { echo "clients: $*" >&2; }
fail() {
    say "$*"
    exit 1
}

# tool NAME ARGUMENT...: what tests/setup/clients.sh names.
tools=$("$root/tests/setup/clients.sh")
readonly tools
tool() {
    local command
    read -ra command <<<"$(sed -n "s/^$1 //p" <<<"$tools")"
    shift
    "${command[@]}" "$@"
}

go_in() { (cd "$1" && shift && GOTOOLCHAIN=local GOWORK=off go "$@"); }

write_types() {
    (cd "$clients/node" && tool tsc -p . --noEmit false --declaration --emitDeclarationOnly \
        --stripInternal --outDir "$1")
}

lint() {
    local unformatted
    say "Go: gofmt, vet"
    unformatted=$(gofmt -l "$clients/go" "$clients/packed" "$apps/go")
    [[ -z $unformatted ]] || fail "not as gofmt has it: $unformatted"
    go_in "$clients/go" vet ./...
    go_in "$apps/go" vet ./...
    say "Java: every warning of javac"
    find "$clients/java/src/main" -name '*.java' -print0 |
        xargs -0 "$(sed -n 's/^javac //p' <<<"$tools")" --release 17 -Xlint:all -Xdoclint:all/protected -Werror -d "$work/main"
    find "$clients/java/src/test" "$apps/java" -name '*.java' -print0 |
        xargs -0 "$(sed -n 's/^javac //p' <<<"$tools")" --release 17 -Xlint:all -Werror -cp "$work/main" -d "$work/test"
    say "Python: ruff"
    tool ruff check --no-cache --config "$clients/python/pyproject.toml" "$clients/python" "$clients/packed" "$apps/python"
    say "Node.js: tsc --strict, and its types"
    (cd "$clients/node" && tool tsc -p .)
    write_types "$work/types"
    diff -r "$clients/node/types" "$work/types" >&2 || fail "clients/node/types is out of date: clients/check.sh types"
}

own_tests() {
    say "Go"
    go_in "$clients/go" test ./...
    say "Java"
    tool java-tests
    say "Node.js"
    (cd "$clients/node" && node --test test/client.test.js)
    say "Python"
    (cd "$clients/python" && PYTHONPATH=src PYTHONDONTWRITEBYTECODE=1 python3 -m unittest discover -q -s tests)
}

case ${1-} in
    lint) lint ;;
    test) own_tests ;;
    pack) "$clients/pack.sh" "${@:2}" ;;
    types) rm -rf "$clients/node/types" && write_types "$clients/node/types" ;;
    *) fail "give lint, test, pack or types" ;;
esac

#!/usr/bin/env bash
# Checks the clients, each by what its language has: check.sh lint; check.sh test; check.sh pack, which packs
# each as its registry takes it and uses that; check.sh lines, which counts their lines of code; or check.sh
# types, which writes the types of the one for Node.js anew. The one for Rust is linted and tested with the
# workspace.
set -euo pipefail

# shellcheck source=clients/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

go_in() { (cd "$1" && shift && GOTOOLCHAIN=local GOWORK=off go "$@"); }

write_types() {
    (cd "$clients/node" && tool tsc -p . --noEmit false --declaration --emitDeclarationOnly \
        --stripInternal --outDir "$1")
}

# count FILE...: the lines of code, without blank ones, comments, documentation, and tests that stand behind the
# code, as in Rust.
count() {
    awk '
        FNR == 1 { ends = ""; tests = 0 }
        { sub(/^[ \t]+/, "") }
        ends != "" { if (index($0, ends)) ends = ""; next }
        /^#\[cfg\(test\)\]/ { tests = 1 }
        tests || $0 == "" || /^\/\// || /^#($|[^![])/ { next }
        /^\/\*/ || /^"""/ {
            ends = /^"/ ? "\"\"\"" : "*/"
            if (index(substr($0, 4), ends)) ends = ""
            next
        }
        { lines++ }
        END { print lines + 0 }' "$@"
}

# within LANGUAGE MOST FOLDER SUFFIX TESTING: the client in that folder has no more lines of code than that; the
# sidecar for the tests of its users, whose file or folder begins with TESTING, is counted too.
within() {
    local language=$1 most=$2 client fake
    local fakes="$3*/$5*" probes="$3*/probe/*" lines
    mapfile -t fake < <(find "$3" -name "*.$4" -path "$fakes")
    mapfile -t client < <(find "$3" -name "*.$4" -not -path "$fakes" -not -name "*_test.$4" -not -path "$probes")
    lines=$(count "${client[@]}")
    say "$language: $lines lines of code, and $(count "${fake[@]}") of the sidecar for tests"
    ((lines <= most)) || fail "the client for $language has more than $most lines of code: see docs/clients.md"
}

# docs/clients.md says why some may have more than the 400 that are the aim.
lines() {
    within Go 400 "$clients/go" go hotseattest
    within Java 570 "$clients/java/src/main" java testing
    within Node.js 400 "$clients/node/src" js testing
    within Python 400 "$clients/python/src" py testing
    within Rust 590 "$clients/rust/src" rs testing
}

lint() {
    local unformatted
    lines
    say "Go: gofmt, vet"
    unformatted=$(gofmt -l "$clients/go" "$clients/packed" "$apps/go")
    [[ -z $unformatted ]] || fail "not as gofmt has it: $unformatted"
    go_in "$clients/go" vet ./...
    go_in "$apps/go" vet ./...
    say "Java: every warning of javac"
    find "$clients/java/src/main" -name '*.java' -print0 |
        xargs -0 "$(path_of javac)" --release 17 -Xlint:all -Xdoclint:all/protected -Werror -d "$work/main"
    find "$clients/java/src/test" "$apps/java" -name '*.java' -print0 |
        xargs -0 "$(path_of javac)" --release 17 -Xlint:all -Werror -cp "$work/main" -d "$work/test"
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
    lines) lines ;;
    pack) "$clients/pack.sh" "${@:2}" ;;
    types) rm -rf "$clients/node/types" && write_types "$clients/node/types" ;;
    *) fail "give lint, test, pack, lines or types" ;;
esac

#!/usr/bin/env bash
# Records which functions a leader and a standby run, and writes functions.ld, by which the linker
# puts them side by side: the kernel maps 64 KiB around each page of code that is touched, so what
# is used has to lie together for the rest to stay out of memory.
#
# Usage, as root on Debian 12 for x86-64: host/hotseat/layout/record.sh [PROGRAM]
#   It traces PROGRAM, or a release build that it makes, with its symbols, under qemu-user against a
#   real API server: four minutes beside the build.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
checkout=$(cd "$here/../../.." && pwd)
readonly here checkout order=$here/functions.ld
# shellcheck source=tests/setup/lib.sh
source "$checkout/tests/setup/lib.sh"

# What the start needs is over after the first, the program's own trimming of memory included.
readonly ready_s=300 start_s=35 steady_s=60 strangers=8192
program=${1:-$checkout/target/function-order/hotseat}
work=$(mktemp -d)
tracer=
cluster=(cargo run -q -p hotseat-tests --bin hotseat-cluster --)
other=

end() {
    [[ -z $tracer ]] || kill -KILL "$tracer" 2>/dev/null || true
    [[ -z $other ]] || kill -TERM "$other" 2>/dev/null || true
    rm -rf "$work"
    cd "$checkout"
    "${cluster[@]}" down >&2 || true
}
trap end EXIT

# With symbols, in a place of its own: what `make build` gives stays as it is.
build() {
    cd "$checkout"
    say "building with symbols"
    cargo rustc --release -p hotseat --bin hotseat -- -C strip=none >&2
    mkdir -p "$(dirname "$program")"
    mv target/release/hotseat "$program"
}

# trace NAME ID ROLE: runs a candidate for start and steady time, and asks it as applications and
# Prometheus do; its functions, each once with 0 for the start and 1 for later, go to $work/NAME.
trace() {
    local pipe=$work/$1.pipe log=$work/$1.log address path second
    mkfifo "$pipe"
    # The last field of a line is the function in which a block of code is that ran.
    gawk '/^LATER$/ { later = 1 }
        /^Trace/ && !((later, $NF) in seen) { seen[later, $NF] = 1; print later + 0, $NF }' \
        <"$pipe" >"$work/$1" &
    # Open all the time, so that the end of one writer is not the end of all.
    exec 7>"$pipe"
    qemu-x86_64-static -d exec,nochain -D "$pipe" "$program" --election function-order \
        --id "$2" --http 127.0.0.1:0 >"$log" 2>&1 7>&- &
    tracer=$!
    for ((second = 0; second < ready_s; second++)); do
        ! grep -q "$3" "$log" || break
        sleep 1
    done
    grep -q "$3" "$log" || fail "$2 is not ready after $ready_s s: $(tail -n 3 "$log")"
    sleep "$start_s"
    printf '\nLATER\n' >&7
    address=$(sed -n 's/.*listening address=//p' "$log" | head -n 1)
    for ((second = 0; second < steady_s; second += 5)); do
        for path in / /leader /v1/leader /healthz /readyz /metrics; do
            curl --silent --max-time 10 --output /dev/null "http://$address$path"
        done
        sleep 5
    done
    kill -TERM "$tracer"
    wait "$tracer" || fail "$2 ended badly: $(tail -n 3 "$log")"
    tracer=
    exec 7>&-
}

# patterns PHASE: of the functions that ran in it, by their first call. A hash that changes with each
# build, and what the optimizer appends, match anything. So a name stands for all functions of one
# generic, and one of which little ran would bring much that did not: it stays where it is when the
# others are more than $strangers bytes for each that ran.
patterns() {
    nm --print-size --defined-only "$program" |
        cat - "$work/leader" "$work/standby" |
        gawk --non-decimal-data -v phase="$1" -v strangers="$strangers" '
            function pattern(name) {
                sub(/\.llvm\.[0-9]+$/, "", name)
                if (name ~ /^_ZN.*17h[0-9a-f]+E$/) sub(/[0-9a-f]+E$/, "*", name)
                return name
            }
            NF == 4 { size[$4] = ("0x" $2) + 0; whole[pattern($4)] += size[$4]; next }
            NF == 2 && $1 == phase && $2 in size && !($2 in seen) {
                seen[$2] = 1
                name = pattern($2)
                if (!(name in ran)) order[++count] = name
                ran[name] += size[$2]
                functions[name]++
            }
            END {
                for (i = 1; i <= count; i++) {
                    name = order[i]
                    if (name ~ /^[A-Za-z_][A-Za-z0-9_.$]*\*?$/ &&
                        whole[name] - ran[name] <= strangers * functions[name])
                        print "    *(.text." name ")"
                }
            }'
}

write() {
    patterns 1 >"$work/often"
    patterns 0 | grep -vxFf "$work/often" >"$work/start"
    {
        echo '/* Made by record.sh. What runs for as long as the sidecar does, then what its start'
        echo '   and its end run, each in the order of its first call; all other code follows. A name'
        echo '   that no function has any more does nothing. */'
        echo 'SECTIONS {'
        echo '  .text.often : {'
        cat "$work/often"
        echo '  }'
        echo '  .text.start : {'
        cat "$work/start"
        echo '  }'
        echo '} INSERT BEFORE .text;'
    } >"$order"
    say "$(wc -l <"$work/often") names run often, $(wc -l <"$work/start") at the start and the end"
}

[[ $(uname -m) == x86_64 ]] || fail "it traces a program for x86-64"
need qemu-x86_64-static qemu-user-static
need curl curl
need nm binutils
need gawk gawk
"$checkout/tests/setup/apiserver.sh" newest >/dev/null
[[ $# == 1 ]] || build
eval "$("${cluster[@]}" up)"
export KUBECONFIG
say "tracing a leader"
trace leader function-order-a 'became leader'
say "tracing a standby"
"$program" --election function-order --id function-order-b --http 127.0.0.1:0 >"$work/other" 2>&1 &
other=$!
sleep 5
trace standby function-order-c 'the leader changed'
kill -TERM "$other"
wait "$other"
other=
write

#!/bin/bash
# author-hour.sh [LANGUAGE...]: how many commands and seconds it takes from `hotseat policy new` to a policy that decides in
# the three candidates of `hotseat demo`, in a folder outside of any checkout. A line of a table for each language.
#
# HOTSEAT_BIN names the program; without it, it is looked for in PATH. The language's tools are installed by the command that
# its folder names, from the registries that this machine uses, and count too.
set -euo pipefail

hotseat=${HOTSEAT_BIN:-hotseat}
port=${HOTSEAT_PORT:-24140}
readonly hotseat port
# Longer than the slowest component takes to compile in three candidates.
readonly patience=600

work=$(mktemp -d)
demo=
finish() {
    [[ -z $demo ]] || kill "$demo" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT
trap 'echo "author-hour.sh: ${language:-}: a command failed: see above" >&2' ERR

now() { date +%s.%N; }
since() { awk -v from="$1" -v to="$(now)" 'BEGIN { printf "%.1f", to - from }'; }

# step NAME COMMAND...: runs it, and takes down its time.
step() {
    local name=$1 begun
    shift
    begun=$(now)
    "$@" >>"$work/log" 2>&1 || { cat "$work/log" >&2; return 1; }
    commands=$((commands + 1))
    told+="$name $(since "$begun") s, "
}

# Until each candidate says that a policy decides.
decides() {
    local waited=0 candidate
    for candidate in 0 1 2; do
        until curl -s "127.0.0.1:$((port + candidate))/v1/policy" | grep -q '"active":{'; do
            kill -0 "$demo" 2>/dev/null || return 1
            sleep 0.2
            waited=$((waited + 1))
            ((waited < patience * 5)) || return 1
        done
    done
}

echo '| language | commands | seconds | of them |'
echo '|---|---|---|---|'
for language in "${@:-rules rust python c javascript go}"; do
    for language in $language; do
        commands=0 told='' begun=$(now)
        : >"$work/log"
        cd "$work"
        step new "$hotseat" policy new "$language" --lang "$language"
        cd "$language"
        case $language in
            python) step tools sh -c 'python3 -m venv .venv && .venv/bin/pip install -q -r requirements.txt' ;;
            c)
                zig=$(sed -n 's/.*pip install \(ziglang==[0-9.]*\).*/\1/p' README.md)
                step tools sh -c "python3 -m venv .venv && .venv/bin/pip install -q $zig"
                ;;
            javascript) step tools npm install --no-audit --no-fund ;;
        esac
        policy=policy.wasm settings=settings.yaml
        if [[ $language == rules ]]; then
            policy=builtin:rules settings=rules.yaml
        else
            step build "$hotseat" policy build
        fi
        step run "$hotseat" policy run "$policy" scenes.yaml --settings "@$settings"
        step check "$hotseat" policy check "$policy" --settings "@$settings"
        at=$(now)
        "$hotseat" demo --policy "$policy" --settings "@$settings" --port "$port" --for "${patience}s" --output json \
            >>"$work/log" 2>&1 &
        demo=$!
        decides || { cat "$work/log" >&2; exit 1; }
        commands=$((commands + 1))
        told+="decides $(since "$at") s"
        echo "| $language | $commands | $(since "$begun") | $told |"
        kill "$demo"
        wait "$demo" || true
        demo=
    done
done

#!/usr/bin/env bash
# Runs cargo's tests, as `make test` does: the suites that only compute beside those that start
# servers, sidecars and applications, and wait for them for a third of their time. What computes gets
# what the others leave of the processors, so that it delays nobody's heartbeat; its output comes last.
#
# Usage: tests/suites.sh
#   CARGO is the cargo to run, HOTSEAT_BIN the program that the suites start.
set -euo pipefail

cargo=${CARGO:-cargo}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly cargo here
# shellcheck source=tests/setup/lib.sh
source "$here/setup/lib.sh"
# They start no process and open no socket.
readonly computing=(hotseat-core hotseat-explorer hotseat-knockouts)

# What runs below whatever else wants a processor; Linux has a policy for that.
last=(nice -n 19)
if chrt --idle 0 true 2>/dev/null; then last=(chrt --idle 0); fi
output=$(mktemp)
beside=
end() {
    local status=$?
    trap - EXIT INT TERM HUP
    [[ -z $beside ]] || kill -- "-$beside" 2>/dev/null || true
    rm -f "$output"
    exit "$status"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# All are built at once: by themselves some would be built again, with fewer features of what they depend on.
"$cargo" test --workspace --no-run
say "${computing[*]}: beside the others"
# A process group of its own, to be ended as a whole.
set -m
"${last[@]}" "$cargo" test --no-fail-fast "${computing[@]/#/--package=}" >"$output" 2>&1 &
beside=$!
set +m
status=0
"$cargo" test --workspace "${computing[@]/#/--exclude=}" --no-fail-fast || status=$?
say "waiting for ${computing[*]}"
computed=0
wait "$beside" || computed=$?
beside=
cat "$output"
((computed == 0)) || say "${computing[*]}: failed, see above"
exit $((status ? status : computed))

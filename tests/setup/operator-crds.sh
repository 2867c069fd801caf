#!/usr/bin/env bash
# Prints the folder that holds the definitions of PodMonitor and PrometheusRule, which are in the Go module of
# Prometheus Operator; fetched once. Wants Go 1.26 or later. Nothing of it is built.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/setup/lib.sh
source "$here/lib.sh"

readonly release=v0.85.0 module=github.com/prometheus-operator/prometheus-operator
readonly kinds=(podmonitors prometheusrules)
cache=${HOTSEAT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hotseat}/operator-crds
mkdir -p "$cache"

# One at a time: several tests may want it.
exec 9>"$cache/.lock"
flock 9
if [[ ! -d $cache/$release ]]; then
    has_go_for_newest || fail "no Go $newest_go or later here ($(go_version_or_none)): install it, for it fetches Prometheus Operator's definitions"
    say "fetching the definitions of Prometheus Operator"
    work=$(mktemp -d "$cache/.fetch-XXXXXX")
    trap 'rm -rf "$work"' EXIT
    # Outside of every module of ours.
    folder=$(cd "$work" && GOTOOLCHAIN=local GOWORK=off GOFLAGS=-mod=mod \
        go mod download -json "$module@$release" 9>&- | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
    [[ -d $folder ]] || fail "$module $release cannot be fetched by 'go mod download'"
    mkdir "$work/out"
    for kind in "${kinds[@]}"; do
        cp "$folder/example/prometheus-operator-crd/monitoring.coreos.com_$kind.yaml" "$work/out/$kind.yaml"
    done
    chmod -R u+w "$work/out"
    mv -T "$work/out" "$cache/$release"
fi
echo "$cache/$release"

#!/usr/bin/env bash
# dry-run.sh: a release that nobody sees: each step of the workflow that needs nothing from outside, with
# a registry on loopback and a key that is thrown away. Then a changed file, another chart and another key are refused.
set -euo pipefail

# shellcheck source=deploy/release/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

here=$root/deploy/release
work=$(mktemp -d)
registry=
end() {
    [[ -z $registry ]] || { kill "$registry" && wait "$registry"; } 2>/dev/null || true
    rm -rf "$work"
}
trap end EXIT

need_cosign
need_crane
"$here/build.sh"

# Who has an archive and nothing else makes a policy of it, looks at elections and has completions.
folder=hotseat-v$version-$(rust_target "$(dpkg --print-architecture)")
tar -xzf "$dist/$folder.tar.gz" -C "$work"
program=$work/$folder/hotseat
[[ $("$program" --version) == "hotseat $version" ]] || fail "$folder is $("$program" --version)"
(
    cd "$work"
    "$program" policy new calm --lang rules && cd calm &&
        "$program" policy run builtin:rules scenes.yaml --settings @rules.yaml
) >&2 || fail "the program in $folder makes no policy"
"$program" ui --help >/dev/null || fail "the program in $folder has no 'hotseat ui'"
cmp <("$program" completions bash) "$work/$folder/completions/hotseat.bash" || fail "$folder has other completions"

"$crane" registry serve --address 127.0.0.1:0 >"$work/registry.log" 2>&1 &
registry=$!
until port=$(sed -n 's/.*serving on port \([0-9]*\)$/\1/p' "$work/registry.log") && [[ -n $port ]]; do
    kill -0 "$registry" 2>/dev/null || fail "crane's registry does not start: $(<"$work/registry.log")"
    sleep 0.1
done
repository=127.0.0.1:$port/team/hotseat

export COSIGN_PASSWORD=thrown-away
"$cosign" generate-key-pair --output-key-prefix "$work/ours" >&2
"$cosign" generate-key-pair --output-key-prefix "$work/other" >&2
"$here/push.sh" "$repository"
"$here/sign.sh" "$repository" "$work/ours.key"
"$here/verify.sh" "$repository" "$work/ours.pub"

if "$here/verify.sh" "$repository" "$work/other.pub" >"$work/said" 2>&1; then
    fail "another key is taken for ours"
fi
# Somebody else's chart under the tag of ours.
chart=$dist/hotseat-$version.tgz
helm package --version "$version" --app-version changed --destination "$work" "$root/deploy/chart/hotseat" >&2
helm push --plain-http "$work/${chart##*/}" "oci://$repository/charts" >&2
if "$here/verify.sh" "$repository" "$work/ours.pub" >"$work/said" 2>&1; then
    fail "another chart is taken for ours"
fi
helm push --plain-http "$chart" "oci://$repository/charts" >&2
"$here/verify.sh" "$repository" "$work/ours.pub"
changed=$dist/hotseat-policy-$version.crate
cp "$changed" "$work/kept"
echo >>"$changed"
if "$here/verify.sh" "$repository" "$work/ours.pub" >"$work/said" 2>&1; then
    fail "a changed file is taken for ours"
fi
grep -q "$(basename "$changed"): FAILED" "$work/said" || fail "not for the changed file: $(<"$work/said")"
cp "$work/kept" "$changed"
echo "ok: a release of $version, built, pushed, signed and verified"

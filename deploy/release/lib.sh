# shellcheck shell=bash
# What the scripts beside it share. To be sourced.

# shellcheck source=deploy/image/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../image/lib.sh"

# Where everything that is published goes.
# shellcheck disable=SC2034  # read by the scripts that source this
dist=${HOTSEAT_DIST:-$root/target/dist}

version=$(workspace_version)

# cosign ARGUMENT...: from the Go module, in a folder of its version.
readonly cosign_version=3.1.3
readonly cosign=$root/target/tools/cosign-$cosign_version/cosign
need_cosign() {
    [[ -x $cosign ]] && return
    say "installing cosign $cosign_version: some minutes"
    GOBIN=${cosign%/*} GOFLAGS='' go install "github.com/sigstore/cosign/v3/cmd/cosign@v$cosign_version" >&2 ||
        fail "cosign $cosign_version cannot be installed by 'go install'"
}

# helm's path.
helm() {
    local folder
    folder=$("$root/tests/setup/deploy-tools.sh") || exit 1
    "$folder/helm" "$@"
}

# The charts that push.sh pushed, a line each: name and digest.
# shellcheck disable=SC2034  # as above
readonly pushed_charts=$out/charts

# chart_name FILE: what a chart in target/dist is called.
chart_name() {
    local file=${1##*/}
    echo "${file%"-$version.tgz"}"
}

# The digest of the index in the layout of the image, and that of a platform in it.
index_digest() { cat "$out/digest"; }
platform_digest() {
    python3 - "$out/layout" "$1" <<'PYTHON'
import json, pathlib, sys

layout, platform = pathlib.Path(sys.argv[1]), sys.argv[2]
index = json.loads((layout / "index.json").read_text())["manifests"][0]["digest"]
images = json.loads((layout / "blobs" / index.replace(":", "/")).read_text())["manifests"]
print(*[i["digest"] for i in images if i["platform"]["architecture"] == platform])
PYTHON
}

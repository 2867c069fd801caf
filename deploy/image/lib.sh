# shellcheck shell=bash
# What the scripts beside it share. To be sourced.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/setup/lib.sh
source "$root/tests/setup/lib.sh"

# Where everything that is built goes; the index of all platforms is in $out/layout.
# shellcheck disable=SC2034  # read by the scripts that source this
out=${HOTSEAT_IMAGE_OUT:-$root/target/image}

# The platforms of an image, by the names that registries have for them.
# shellcheck disable=SC2034  # as above
read -r -a platforms <<<"${PLATFORMS:-amd64 arm64}"

# The features of the program in a release's archives, beside those of the image's.
# shellcheck disable=SC2034  # as above
readonly people=author,shell,ui

# The folders of the policies that an image brings along as files.
# shellcheck disable=SC2034  # as above
readonly shipped_policies=(guest/standard examples/policies/{app-heartbeat,rotate,steady})

# For a platform: the target by the name of rustc, and what Debian's compiler for it begins with.
rust_target() {
    case $1 in
    amd64) echo x86_64-unknown-linux-gnu ;;
    arm64) echo aarch64-unknown-linux-gnu ;;
    *) fail "PLATFORMS: $1 is not known: amd64 and arm64 are" ;;
    esac
}

gnu_triple() {
    case $1 in
    amd64) echo x86_64-linux-gnu ;;
    arm64) echo aarch64-linux-gnu ;;
    esac
}

# The commit, for who finds an image and looks for its source; none in an unpacked archive.
revision() {
    local commit
    commit=$(git -C "$root" rev-parse HEAD 2>/dev/null) || return 0
    [[ -z $(git -C "$root" status --porcelain --untracked-files=no) ]] || commit+=-changed
    echo "$commit"
}

# The version of Debian's glibc here, which goes into the program for each platform.
glibc_version() { dpkg-query --show --showformat '${Version}' libc6-dev; }

# That of the package with what GCC adds to a program for amd64 or arm64.
gcc_version() {
    local library owner
    library=$("$(gnu_triple "$1")-gcc" -print-libgcc-file-name)
    owner=$(dpkg-query --search "$library")
    dpkg-query --show --showformat '${Version}' "${owner%%:*}"
}

# glibc_for amd64|arm64: prints the folder with Debian's own static glibc for a foreign platform, of the
# version that is installed here. The one in the package for cross compiling is as old as the release of
# Debian, without any fix. apt keeps its lists apart, so that this machine gets no foreign packages.
glibc_for() {
    local version folder apart
    version=$(glibc_version)
    folder=$root/target/tools/glibc-$1-$version
    if [[ ! -e $folder/.complete ]]; then
        say "fetching glibc $version for $1"
        rm -rf "$folder"
        mkdir -p "$folder"/{lists,cache/archives}/partial
        apart=(
            -qq -o "Dir::State::lists=$folder/lists" -o "Dir::Cache=$folder/cache"
            -o "APT::Architectures::=$(dpkg --print-architecture)" -o "APT::Architectures::=$1"
            -o APT::Sandbox::User=root -o Acquire::Languages=none
        )
        (
            cd "$folder" && apt-get "${apart[@]}" update &&
                apt-get "${apart[@]}" download "libc6-dev:$1=$version" &&
                dpkg-deb --extract libc6-dev_*.deb . && rm -r lists cache libc6-dev_*.deb
        ) >&2 || fail "Debian has no libc6-dev $version for $1 (any more): upgrade libc6-dev here"
        touch "$folder/.complete"
    fi
    echo "$folder/usr/lib/$(gnu_triple "$1")"
}

# crane ARGUMENT...: from the Go module, in a folder of its version.
readonly crane_version=0.22.1
readonly crane=$root/target/tools/crane-$crane_version/crane
need_crane() {
    [[ -x $crane ]] && return
    has_go_for_newest || fail "Go $newest_go or later is needed, and there is $(go_version_or_none):" \
        "put its folder bin first in PATH"
    say "installing crane $crane_version"
    GOBIN=${crane%/*} GOFLAGS='' go install "github.com/google/go-containerregistry/cmd/crane@v$crane_version" >&2 ||
        fail "crane $crane_version cannot be installed by 'go install'"
}

# need_cargo_tool NAME VERSION [OPTION...]: a tool of cargo in a folder of its version, optimized: without
# that cargo-about compares texts for more than seven minutes. Without a feature that its program needs,
# `cargo install` installs nothing, and says that all is well.
need_cargo_tool() {
    local name=$1 version=$2
    local program=$root/target/tools/$name-$version/bin/$name
    shift 2
    [[ -x $program ]] && return
    say "installing $name $version"
    (cd "$root" && CARGO_TARGET_DIR=$root/target/tools/build cargo install --quiet --locked \
        --root "target/tools/$name-$version" "$@" "$name@$version") >&2
    [[ -x $program ]] || fail "$name $version cannot be installed by 'cargo install'"
}

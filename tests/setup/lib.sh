# shellcheck shell=bash
# Shared by the scripts beside it and by those of proofs, clients and deploy. To be sourced.

# The Go that Kubernetes 1.36 names in its go.mod.
# shellcheck disable=SC2034  # read by the scripts that source this
newest_go=1.26

say() { echo "${0##*/}: [${SECONDS}s] $*" >&2; }

fail() {
    echo "${0##*/}: $*" >&2
    exit 1
}

# The version of the installed Go itself, as 1.26.8, whatever a go.mod asks for.
go_version() {
    local version
    version=$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null) || return 1
    version=${version#go}
    echo "${version%% *}"
}

go_version_or_none() { go_version || echo "no Go at all"; }

# at_least A B: version A is B or later.
at_least() { [[ $(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1) == "$2" ]]; }

has_go_for_newest() {
    local version
    version=$(go_version) && at_least "$version" "$newest_go"
}

# The version of the workspace, whose folder is $root.
workspace_version() {
    # shellcheck disable=SC2154  # set by the scripts that source this
    sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$root/Cargo.toml"
}

# need COMMAND PACKAGE: installs PACKAGE by apt where COMMAND is missing.
need() {
    command -v "$1" >/dev/null || install_package "$2"
}

# install_package PACKAGE: by apt.
install_package() {
    [[ $(id -u) == 0 ]] || fail "$1 is missing: install it with 'apt-get install $1'"
    say "installing $1"
    apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$1" >&2 ||
        fail "$1 is missing and 'apt-get install $1' failed"
}

# venv FOLDER PACKAGE..: a Python environment with packages from PyPI, made once.
venv() {
    need python3 python3
    python3 -c 'import venv, ensurepip' 2>/dev/null || install_package python3-venv
    [[ -e $1/.complete ]] || {
        say "installing ${*:2}"
        python3 -m venv --clear "$1"
        "$1/bin/pip" install -q "${@:2}" >&2
        touch "$1/.complete"
    }
}

#!/usr/bin/env bash
# fresh-root.sh ROOT CHECKOUT [COMMAND...]: makes a Debian 12 in the empty folder ROOT and runs the
# command there, in a clone of CHECKOUT: by default README's two, one after the other. Called by fresh.sh, in namespaces that end with it; nothing here
# removes anything.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here root=$1 checkout=$2 suite=bookworm rust=1.95.0
readonly home=$root/root
# What README asks for beside Debian's smallest system, the toolchains apart.
readonly packages=ca-certificates,make
# shellcheck source=tests/setup/lib.sh
source "$here/lib.sh"

# The step under way, while there is one.
current=
trap '[[ -z $current ]] || say "failed: $current"' EXIT

# step WORDS COMMAND...: runs a step and says how long it took. Not `COMMAND || ..`, by which bash
# would go on after a failure inside.
step() {
    local begin=$SECONDS
    current=$1
    shift
    say "begins: $current"
    "$@"
    say "done in $((SECONDS - begin)) s: $current"
    current=
}

# inside COMMAND...: runs it in the new root, with an environment of its own. What runs in the
# background ignores ctrl-c, which is not for the tests to inherit.
inside() {
    env --default-signal chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 TERM=dumb \
        PATH=/root/.cargo/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        "${environment[@]}" "$@"
}

# The address that apt has for Debian 12 itself.
mirror() {
    # shellcheck disable=SC2016  # apt's own variables
    apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
        sed -n "s/^$suite //p" | head -n 1
}

install_debian() {
    local from log=${root%/*}/debootstrap.log
    from=$(mirror)
    if [[ -z $from ]]; then
        apt-get update -qq
        from=$(mirror)
    fi
    [[ -n $from ]] || fail "apt has no source for $suite here: use Debian 12"
    debootstrap --variant=minbase --include="$packages" "$suite" "$root" "$from" >"$log" ||
        { tail -n 20 "$log" && return 1; }
}

# Copies to the same place in the new root, where it is here and a file.
carry() {
    local file
    for file in "$@"; do
        [[ -f $file ]] || continue
        mkdir -p "$root${file%/*}"
        cp --dereference "$file" "$root$file"
    done
}

# How this machine reaches Debian's packages: sources, their keys, and what concerns fetching.
carry_apt() {
    local file key
    rm -f "$root/etc/apt/sources.list"
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
        grep -qsE "(^|[[:space:]])$suite(-updates|-security)?([[:space:]]|\$)" "$file" || continue
        carry "$file"
        while read -r key; do
            carry "$key"
        done < <(grep -oiE '/[^] ]+\.(gpg|asc|pgp)' "$file")
    done
    while read -r file; do
        carry "$file"
    done < <(grep -lsE '^ *Acquire' /etc/apt/apt.conf /etc/apt/apt.conf.d/*)
}

# Whom this machine trusts.
carry_certificates() {
    carry /usr/local/share/ca-certificates/*.crt
    inside update-ca-certificates >/dev/null
    carry /etc/ssl/certs/ca-certificates.crt
}

# Where the environment says how to reach a registry: names of proxies, indexes and certificates.
# Files that it names come along. Only the names are printed: a proxy's address may have a password.
carry_environment() {
    local name pattern
    pattern='^((https?|all|no)_proxy|.*_(cafile|cainfo|ca_bundle|ca_certs|cert|cert_file|cert_dir)'
    pattern+='|pip_(index_url|extra_index_url|trusted_host|timeout|default_timeout|retries)'
    pattern+='|npm_config_(registry|cafile|https?_proxy|proxy|strict_ssl)'
    pattern+='|cargo_(http|net|registry|registries|source)_.*|rustup_(dist_server|update_root)'
    pattern+='|go(proxy|noproxy|sumdb|nosumdb|private|insecure))$'
    for name in $(compgen -e); do
        [[ ${name,,} =~ $pattern && ${name,,} != *token* ]] || continue
        environment+=("$name=${!name}")
        carry "${!name}"
        echo "  environment: $name"
    done
    for name in GOPROXY GONOPROXY GOSUMDB GONOSUMDB GOPRIVATE GOINSECURE; do
        environment+=("$name=$(go env "$name")")
    done
}

# The same of the configuration files of cargo, pip and npm, and nothing else of them.
carry_clients() {
    local file key value
    for file in "${CARGO_HOME:-$HOME/.cargo}"/config{,.toml}; do
        [[ -f $file ]] || continue
        awk '/^\[/ { kept = $0 ~ /^\[(source|registr|http|net)/ } kept' "$file" >"$home/.cargo/config.toml"
    done
    if command -v pip3 >/dev/null; then
        { echo "[global]" && pip3 config list | sed -n "s/^global\.\(.*\)='\(.*\)'\$/\1 = \2/p"; } >"$root/etc/pip.conf"
    fi
    if command -v npm >/dev/null; then
        for key in registry cafile proxy https-proxy noproxy strict-ssl; do
            value=$(npm config get "$key")
            [[ -z $value || $value == null ]] || echo "$key=$value"
        done >"$home/.npmrc"
    fi
}

carry_configuration() {
    carry /etc/hosts /etc/resolv.conf
    carry_apt
    carry_certificates
    carry_environment
    carry_clients
}

# Rust 1.95 as rustup installs it: the target that the toolchain of this machine may have in
# addition is removed again, since the commands have to see to it.
copy_rust() {
    local from host target
    from=$(realpath "$(rustup run "$rust" rustc --print sysroot)")
    host=$(rustup run "$rust" rustc -vV | sed -n 's/^host: //p')
    mkdir -p "$home/.cargo/bin" "$home/.rustup/toolchains/$rust-$host"
    cp -a "$(dirname "$(command -v rustup)")"/{rustup,cargo,rustc,rustdoc,rustfmt,cargo-fmt,cargo-clippy,clippy-driver} "$home/.cargo/bin"
    tar -C "$from" --exclude=./share/doc -c . | tar -C "$home/.rustup/toolchains/$rust-$host" -x
    inside rustup set auto-self-update disable >/dev/null 2>&1
    for target in $(inside rustup target list --installed --toolchain "$rust"); do
        [[ $target == "$host" ]] || inside rustup target remove "$target" --toolchain "$rust"
    done
    echo "  Rust: $(inside rustc "+$rust" -V), copied from $from"
}

copy_go() {
    local from
    from=$(GOTOOLCHAIN=local go env GOROOT)
    has_go_for_newest || fail "Go $newest_go or later is wanted, and there is $(go_version_or_none)"
    mkdir -p "$root/usr/local"
    cp -a --dereference "$from" "$root/usr/local/go"
    echo "  Go: $(inside go env GOVERSION), copied from $from"
}

copy_toolchains() {
    copy_rust
    copy_go
    echo "  C, Node and Python: none, the commands install Debian's"
}

# What the kernel gives, and devices that are not this machine's but for the harmless ones.
mount_kernel() {
    # A machine's root is a mount of its own, and `unshare --mount` relies on that.
    mount --bind "$root" "$root"
    local device
    mount -t proc proc "$root/proc"
    mount --rbind --make-rslave /sys "$root/sys"
    mount -t tmpfs -o mode=755,nosuid dev "$root/dev"
    mkdir "$root/dev/pts" "$root/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
    mount -t tmpfs -o mode=1777,nosuid shm "$root/dev/shm"
    for device in null zero full random urandom tty; do
        touch "$root/dev/$device"
        mount --bind "/dev/$device" "$root/dev/$device"
    done
    ln -s pts/ptmx "$root/dev/ptmx"
    ln -s /proc/self/fd "$root/dev/fd"
    ln -s /proc/self/fd/0 "$root/dev/stdin"
    ln -s /proc/self/fd/1 "$root/dev/stdout"
    ln -s /proc/self/fd/2 "$root/dev/stderr"
}

clone() {
    local commit
    commit=$(git -C "$checkout" rev-parse HEAD)
    git clone --quiet --no-hardlinks "$checkout" "$home/hotseat"
    git -C "$home/hotseat" checkout --quiet --detach "$commit"
    echo "  commit: $(git -C "$home/hotseat" log -1 --format='%h %s')"
    [[ -z $(git -C "$checkout" status --porcelain) ]] ||
        echo "  the checkout has changes that are not committed: they are not in it"
}

# typed COMMAND...: as a person types it in the checkout.
typed() { inside sh -c 'cd /root/hotseat && exec "$@"' sh "$@"; }

say_what_came() {
    # shellcheck disable=SC2016  # for the shell inside
    inside sh -c 'for p in cc python3 node npm /usr/bin/rustc; do
        command -v $p >/dev/null && echo "  $p: $($p --version | head -n 1)"; done
        echo "  packages that the commands named:" $(apt-mark showmanual)
        du -sh /root/.cargo/registry /root/.cache /root/hotseat/target /root/go 2>/dev/null || true'
}

environment=()
say "$(nproc) cores, Linux $(uname -r), $(date -u +%FT%TZ)"
step "Debian 12 with $packages, by debootstrap" install_debian
step "proc, sys and dev" mount_kernel
step "this machine's way to the package registries" carry_configuration
step "the toolchains that README asks for" copy_toolchains
step "a clone of the checkout" clone
say "Debian $(<"$root/etc/debian_version"), $(inside sh -c 'dpkg-query -f . -W | wc -c') packages; home: $(inside ls -A /root | tr '\n' ' ')"
if (($# > 2)); then
    step "${*:3}" typed "${@:3}"
else
    step 'make demo DEMO="--for 29s"' typed make demo DEMO="--for 29s"
    step "make test" typed make test
fi
say_what_came

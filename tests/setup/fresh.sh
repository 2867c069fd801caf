#!/usr/bin/env bash
# Runs README's two commands on a machine that has nothing but what README asks for: a new Debian 12
# in a folder, with the toolchains of this machine, no caches, and a clone of this checkout's HEAD.
#
# Usage, as root on Debian 12: tests/setup/fresh.sh [COMMAND...]
#   With a command it runs that in the checkout there instead, such as a script that was changed.
#   HOTSEAT_FRESH_KEEP=1 leaves the folder when a command failed, to look at.
#   RUSTUP_DIST_SERVER=http://127.0.0.1:9 shows how it goes where rustup's server is not reached.
#
# It takes an hour of two cores and 25 GB. Everything runs in namespaces for mounts and processes
# of its own, so that both are gone with it, however it ends; the network is this machine's, ports
# 4040 to 4042 included. The log is also in the cache's fresh/log.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
checkout=$(cd "$here/../.." && pwd)
folder=${HOTSEAT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hotseat}/fresh
readonly here checkout folder root=$folder/root wanted_gb=25
# shellcheck source=tests/setup/lib.sh
source "$here/lib.sh"

# The process of `unshare`, while there is one.
namespace=

# Ends all processes in the namespace, by ending its first one, and waits until they are gone.
end_namespace() {
    [[ -n $namespace ]] || return 0
    pkill -KILL -P "$namespace" || true
    wait "$namespace" || true
    namespace=
}

# Its mounts were in the namespace, and are gone with it. A folder that is still a mount's place
# after all is left alone.
remove_root() {
    [[ -e $root ]] || return 0
    if grep -qF " $root" /proc/self/mountinfo; then
        fail "something is mounted below $root: look at it, and unmount it"
    fi
    rm -rf --one-file-system "$root"
}

end() {
    local status=$?
    trap - EXIT INT TERM HUP
    end_namespace
    if ((status != 0)) && [[ -n ${HOTSEAT_FRESH_KEEP:-} ]]; then
        say "left: $root"
    else
        remove_root
    fi
    # Whoever reads this may have gone away, and tee with it.
    if ((status == 0)); then
        say "ok: what was run works on a fresh machine" || true
    else
        say "not ok: status $status" || true
    fi
    # The last line is in the log when this has ended.
    exec >&- 2>&-
    wait "$log" || true
    exit "$status"
}

check_machine() {
    local gb
    [[ $(id -u) == 0 ]] || fail "run it as root: it makes a root folder with devices of its own"
    need debootstrap debootstrap
    need git git
    need pkill procps
    mkdir -p "$folder"
    exec 9>"$folder/.lock"
    flock --nonblock 9 || fail "another run is under way in $folder"
    remove_root # of a run that was killed
    gb=$(($(stat -f -c '%a * %S' "$folder") / 1024 ** 3))
    ((gb >= wanted_gb)) || fail "$folder has room for $gb GB, and $wanted_gb are wanted"
}

main() {
    local status=0
    check_machine
    trap end EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'exit 129' HUP
    mkdir "$root"
    # In the background, since a trap waits for what runs in the foreground. The lock is ours alone.
    setpriv --pdeathsig KILL \
        unshare --mount --pid --ipc --uts --fork --kill-child --propagation private \
        "$here/fresh-root.sh" "$root" "$checkout" "$@" </dev/null 9>&- &
    namespace=$!
    wait "$namespace" || status=$?
    namespace=
    return "$status"
}

mkdir -p "$folder"
# Whoever reads the log may go away, ctrl-c or not: what was made is removed all the same.
trap '' PIPE
# For all of the script, so that what the trap says at its end is in the log too.
exec > >(tee --ignore-interrupts "$folder/log") 2>&1
log=$!
main "$@"

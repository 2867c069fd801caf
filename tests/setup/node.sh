#!/usr/bin/env bash
# A whole Kubernetes of one node on this machine, with the image of `make image` on it: etcd, API server,
# controller manager, scheduler, kubelet, kube-proxy and containerd, in namespaces of their own.
#
# Usage, as root:
#   tests/setup/node.sh run COMMAND...   brings it up, runs the command in its namespaces, and ends it
#   tests/setup/node.sh up               leaves it running, and says how to use it
#   tests/setup/node.sh in COMMAND...    runs a command in the namespaces of one that runs
#   tests/setup/node.sh down             ends it
#
# A command has KUBECONFIG, HOTSEAT_NODE (the folder with the logs), and kubectl, helm and ctr in its
# PATH. It reaches pods and Services by their addresses, and nothing outside. Nothing is installed on the
# machine but openssl, iptables, Python and Node.js; at the end all processes, mounts, networks and control groups
# are gone.
# HOTSEAT_IMAGE_LAYOUT names another layout of an image than target/image/layout.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
store=${HOTSEAT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hotseat}/node
mkdir -p "$store"
store=$(cd "$store" && pwd)
readonly here store run=$store/run address=10.200.0.1
layout=$(realpath -m "${HOTSEAT_IMAGE_LAYOUT:-$root/target/image/layout}")
# shellcheck source=deploy/image/lib.sh
source "$root/deploy/image/lib.sh"

check_machine() {
    [[ $(id -u) == 0 ]] || fail "run it as root: a node mounts, and has networks and control groups"
    [[ $(uname -m) == x86_64 ]] || fail "it is tried on x86-64 only, and this is $(uname -m)"
    unshare --mount --pid --ipc --uts --net --fork --mount-proc true ||
        fail "this kernel gives no namespaces of one's own: in a container, run it with --privileged"
    grep -qw overlay /proc/filesystems || modprobe overlay 2>/dev/null ||
        fail "this kernel has no overlay file system, in which containers have their files"
    local probe=$store/.overlay
    mkdir -p "$probe"/{a,b,work,all}
    unshare --mount mount -t overlay probe -o "lowerdir=$probe/a,upperdir=$probe/b,workdir=$probe/work" "$probe/all" ||
        fail "nothing can be overlaid in $store: set HOTSEAT_CACHE to a folder on ext4 or xfs"
    rm -rf "$probe"
    local groups
    groups=$(hierarchies)
    [[ -n $groups ]] || fail "no control groups are mounted in /sys/fs/cgroup, or they are read-only"
}

# The folders in which a control group is made: one for each hierarchy of cgroup v1, or the only one.
hierarchies() {
    local folder
    if [[ -e /sys/fs/cgroup/cgroup.controllers ]]; then
        grep -qw memory /sys/fs/cgroup/cgroup.controllers && [[ -w /sys/fs/cgroup ]] && echo /sys/fs/cgroup
        return 0
    fi
    for folder in /sys/fs/cgroup/*/; do
        folder=${folder%/}
        [[ ! -L $folder && -w $folder && -e $folder/cgroup.procs ]] && echo "$folder"
    done
    [[ -e /sys/fs/cgroup/memory/cgroup.procs ]]
}

# The first process of the node's namespaces, by its id here; none if no node runs.
first_process() {
    local holder began
    [[ -e $run/holder ]] && read -r holder began <"$run/holder" || return 1
    [[ $(began "$holder") == "$began" ]] || return 1
    cut -d' ' -f1 "/proc/$holder/task/$holder/children"
}

# When a process began, in ticks of the kernel: an id may be another's later.
began() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

make_images() {
    local images=$run/images busybox=$parts/bin/busybox applet links=()
    mkdir -p "$images"
    [[ -e $layout/index.json ]] || fail "there is no image in $layout: run 'make image'"
    "$here/node-image.py" "$images/hotseat.tar" "docker.io/library/hotseat:$(workspace_version)" "$layout"
    for applet in sh sleep cat echo wget nc hostname ip env ps kill httpd date id ls mkdir touch grep sed; do
        links+=("@busybox:bin/$applet")
    done
    "$here/node-image.py" "$images/pause.tar" docker.io/hotseat/pause:1 65532:65532 \
        '{"Entrypoint": ["/bin/sleep", "2147483647"]}' "$busybox:bin/busybox" @busybox:bin/sleep
    # What stands for an application: it ends as soon as it is asked to.
    "$here/node-image.py" "$images/shop.tar" docker.io/example/shop:1 65532:65532 \
        '{"Entrypoint": ["/bin/sh", "-c", "trap exit TERM; while :; do sleep 3600 & wait; done"]}' \
        "$busybox:bin/busybox" "${links[@]}"
    # By the name that the chart's application has.
    "$here/node-image.py" "$images/busybox.tar" docker.io/library/busybox:1.36 "" '{}' \
        "$busybox:bin/busybox" "${links[@]}"
    make_node_image "$images/nodejs.tar"
    # To compare with: a candidate by client-go.
    "$here/node-image.py" "$images/peer.tar" docker.io/example/peer:1 65532:65532 \
        '{"Entrypoint": ["/bin/peer"]}' "$("$here/peers.sh"):bin/peer"
}

# An image of this machine's Node.js and the libraries that it loads.
make_node_image() {
    local program library files=()
    need node nodejs
    program=$(realpath "$(command -v node)")
    while read -r library; do
        files+=("$(realpath "$library"):${library#/}")
    done < <(ldd "$program" | grep -oE '/[^ ]+' | sort -u)
    "$here/node-image.py" "$1" docker.io/example/nodejs:1 65532:65532 '{"Entrypoint": ["/bin/node"]}' \
        "$program:bin/node" "${files[@]}"
}

up() {
    check_machine
    exec 9>"$store/.run.lock"
    flock --nonblock 9 || fail "a node runs already: end it by 'tests/setup/node.sh down'"
    # From here on there is something to end.
    trap end EXIT
    clean # after one that was killed
    need openssl openssl
    need iptables iptables
    need python3 python3
    local apiserver holder
    apiserver=$("$here/apiserver.sh" newest)
    [[ ${apiserver##*/} == newest-* ]] || fail "a node wants Kubernetes 1.36: install Go $newest_go or later"
    parts=$("$here/node-parts.sh")
    tools=$("$here/deploy-tools.sh")
    need_crane
    rm -rf "$run/log"
    mkdir -p "$run/log"
    printf '%s\n' "$parts" "$tools" "$layout" >"$run/folders"
    make_images
    "$here/node-keys.sh" "$run/keys" "$address"
    make_control_groups
    # The lock goes along, and is free when all of them have ended.
    setsid unshare --mount --pid --ipc --uts --net --fork --kill-child --mount-proc --propagation private \
        "$here/node-inside.sh" "$run" "$parts" "$apiserver" "$tools/kubectl" </dev/null >"$run/log/node" 2>&1 &
    holder=$!
    echo "$holder $(began "$holder")" >"$run/holder"
    until [[ -e $run/ready ]]; do
        kill -0 "$holder" 2>/dev/null || {
            cat "$run/log/node" >&2
            fail "no node: what was last said is above, and all logs are in $run/log"
        }
        sleep 0.1
    done
    sed 's/^/  /' "$run/log/node" >&2
    exec 9>&-
}

make_control_groups() {
    local group=hotseat-node-$$ folder
    echo "$group" >"$run/cgroup"
    while read -r folder; do
        mkdir "$folder/$group"
    done < <(hierarchies)
}

# Ends everything by ending the first process of the namespaces, and waits until all are gone.
end() {
    local first
    if first=$(first_process) && [[ -n $first ]]; then
        kill -KILL "$first"
    fi
    exec 9>"$store/.run.lock"
    flock --timeout 60 9 || fail "processes of the node are left: their lock is $store/.run.lock"
    clean
    exec 9>&-
}

# Takes away what a node leaves but for its logs; none runs any more.
clean() {
    local group folder
    [[ -e $run ]] || return 0
    if [[ -e $run/cgroup ]]; then
        group=$(<"$run/cgroup")
        while read -r folder; do
            [[ ! -e $folder/$group ]] || find "$folder/$group" -depth -type d -exec rmdir {} +
        done < <(hierarchies)
    fi
    find "$run" -mindepth 1 -maxdepth 1 -not -name log -exec rm -rf --one-file-system {} +
}

# inside COMMAND...: as a command of a person who stands on the node.
inside() {
    local first folders
    first=$(first_process) || true
    [[ -n $first ]] || fail "no node runs: 'tests/setup/node.sh up' brings one up"
    mapfile -t folders <"$run/folders"
    # shellcheck disable=SC2016  # for the shell inside
    nsenter --target "$first" --mount --pid --ipc --uts --net -- env KUBECONFIG="$run/keys/admin.kubeconfig" \
        HOTSEAT_NODE="$run" PATH="${folders[1]}:${folders[0]}/bin:$PATH" CONTAINERD_ADDRESS=/run/containerd/containerd.sock \
        CONTAINERD_NAMESPACE=k8s.io HOTSEAT_IMAGE_LAYOUT="${folders[2]}" HOTSEAT_CRANE="$crane" sh -c 'cd "$0" && exec "$@"' "$PWD" "$@"
}

main() {
    local command=${1:-} status=0
    (($# == 0)) || shift
    case $command in
    up)
        up
        trap - EXIT
        say "a node runs: tests/setup/node.sh in kubectl get pods -A"
        ;;
    down)
        if [[ -n $(first_process || true) ]]; then
            end
            say "the node has ended"
        else
            end
            say "no node runs"
        fi
        ;;
    in) inside "$@" ;;
    run)
        (($# > 0)) || fail "say what to run: $0 run COMMAND..."
        trap 'exit 130' INT
        trap 'exit 143' TERM
        trap 'exit 129' HUP
        up
        inside "$@" || status=$?
        [[ ! -e $run/log/figures ]] ||
            { printf '| figure | measured | bar | |\n|---|---|---|---|\n' && cat "$run/log/figures"; }
        return "$status"
        ;;
    *) fail "usage: $0 run COMMAND... | up | in COMMAND... | down" ;;
    esac
}

parts=
tools=
main "$@"

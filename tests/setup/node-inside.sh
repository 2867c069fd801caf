#!/usr/bin/env bash
# node-inside.sh RUN PARTS APISERVER KUBECTL: a whole Kubernetes of one node, in the namespaces for
# mounts, processes, network and more that node.sh has made. This is their first process, so all of it
# ends with this one. Writes RUN/ready when pods can be run; else ends with the reason on stderr.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here run=$1 parts=$2 apiserver=$3 kubectl=$4
# Of the bridge that stands for the node's network card, and of its pods and Services.
readonly address=10.200.0.1 pods=10.244.0.0/16 pods_here=10.244.0.0/24 services=10.96.0.0/16
readonly keys=$run/keys log=$run/log socket=/run/containerd/containerd.sock
# Everything has to have come up in this time, in seconds: the machine may be busy.
readonly patience=240
# shellcheck source=tests/setup/lib.sh
source "$here/lib.sh"

declare -A started=()

# start NAME COMMAND...: in the background, with its output in a file of that name.
start() {
    local name=$1
    shift
    "$@" </dev/null >"$log/$name" 2>&1 &
    started[$name]=$!
}

# await WORDS COMMAND...: until it succeeds. Who has ended meanwhile is named, with its last words.
await() {
    local words=$1 name until=$((SECONDS + patience))
    shift
    until "$@" >"$log/.await" 2>&1; do
        for name in "${!started[@]}"; do
            kill -0 "${started[$name]}" 2>/dev/null ||
                fail "$name has ended before there was $words: $(tail -n 3 "$log/$name")"
        done
        ((SECONDS < until)) ||
            fail "no $words within $patience s: $(tail -n 3 "$log/.await"); see the logs in $log"
        sleep 0.1
    done
    say "$words"
}

# What all programs here would share with the machine is made of our own.
separate() {
    mount --make-rshared /
    mount -t tmpfs -o mode=755,nosuid,nodev run /run
    local folder
    for folder in /var/lib/cni /var/log /var/lib/kubelet /usr/libexec/kubernetes; do
        mkdir -p "$folder"
        mount -t tmpfs -o mode=755,nosuid shadow "$folder"
    done
    mkdir -p /run/containerd /run/netns
    ip link set lo up
    # A bridge, since not every kernel has a dummy device.
    ip link add node0 type bridge || fail "this kernel makes no network bridge: load its module 'bridge'"
    ip address add "$address/24" dev node0
    ip link set node0 up
    # The API server, and others, ask for the address of the default route.
    ip route add default dev node0
    echo 1 >/proc/sys/net/ipv4/ip_forward
}

start_api() {
    start etcd "$apiserver/etcd" --name node --data-dir "$run/etcd" --unsafe-no-fsync \
        --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
        --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 \
        --initial-cluster node=http://127.0.0.1:2380
    cat >"$run/audit.yaml" <<YAML
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, namespaces: [kube-node-lease]}
- {level: Metadata, resources: [{group: coordination.k8s.io}]}
- {level: None}
YAML
    start apiserver "$apiserver/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 \
        --bind-address="$address" --advertise-address="$address" --secure-port=6443 \
        --tls-cert-file="$keys/apiserver.crt" --tls-private-key-file="$keys/apiserver.key" \
        --client-ca-file="$keys/ca.crt" --authorization-mode=Node,RBAC --allow-privileged=true \
        --endpoint-reconciler-type=lease --service-cluster-ip-range="$services" \
        --service-account-issuer=https://kubernetes.default.svc.cluster.local \
        --service-account-key-file="$keys/tokens.pub" --service-account-signing-key-file="$keys/tokens.key" \
        --kubelet-client-certificate="$keys/kubelet-client.crt" --kubelet-client-key="$keys/kubelet-client.key" \
        --kubelet-preferred-address-types=InternalIP \
        --audit-policy-file="$run/audit.yaml" --audit-log-path="$log/audit"
    await "an API server" ask get --raw /readyz
}

# ask ARGUMENT...: kubectl as the administrator.
ask() { "$kubectl" --kubeconfig="$keys/admin.kubeconfig" --request-timeout=5s "$@"; }

start_controllers() {
    start controllers "$parts/bin/kube-controller-manager" --kubeconfig="$keys/controllers.kubeconfig" \
        --authentication-kubeconfig="$keys/controllers.kubeconfig" \
        --authorization-kubeconfig="$keys/controllers.kubeconfig" \
        --service-account-private-key-file="$keys/tokens.key" --root-ca-file="$keys/ca.crt" \
        --use-service-account-credentials=true --leader-elect=false --bind-address=127.0.0.1 \
        --allocate-node-cidrs=true --cluster-cidr="$pods" --service-cluster-ip-range="$services"
    start scheduler "$parts/bin/kube-scheduler" --kubeconfig="$keys/scheduler.kubeconfig" \
        --authentication-kubeconfig="$keys/scheduler.kubeconfig" \
        --authorization-kubeconfig="$keys/scheduler.kubeconfig" --leader-elect=false --bind-address=127.0.0.1
}

start_containerd() {
    mkdir -p "$run/cni"
    cat >"$run/cni/10-bridge.conflist" <<JSON
{"cniVersion": "0.4.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "/run/cni", "ranges": [[{"subnet": "$pods_here"}]],
            "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
JSON
    # Not every machine lets us lower an OOM score, as where it is a container itself.
    cat >"$run/containerd.toml" <<TOML
version = 3
root = "$run/containerd"
state = "/run/containerd/state"
[grpc]
  address = "$socket"
[plugins.'io.containerd.internal.v1.opt']
  path = "/run/containerd/opt"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "docker.io/hotseat/pause:1"
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ["$parts/cni"]
  conf_dir = "$run/cni"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  SystemdCgroup = false
TOML
    start containerd "$parts/bin/containerd" --config "$run/containerd.toml"
    await "containerd" "$parts/bin/ctr" --address "$socket" version
    local image
    for image in "$run"/images/*.tar; do
        import "$image"
    done
}

# import FILE: an image as an OCI layout in a tar file, which names it.
import() {
    "$parts/bin/ctr" --address "$socket" --namespace k8s.io images import --local \
        --platform "linux/$(dpkg --print-architecture)" "$1" >"$log/import" 2>&1 ||
        fail "containerd does not take the image $1: $(tail -n 3 "$log/import")"
}

start_kubelet() {
    : >"$run/resolv.conf"
    cat >"$run/kubelet.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $keys/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: $keys/kubelet.crt
tlsPrivateKeyFile: $keys/kubelet.key
address: $address
containerRuntimeEndpoint: unix://$socket
# The containers' groups are in one of our own, for which no systemd answers.
cgroupDriver: cgroupfs
cgroupRoot: /$(<"$run/cgroup")
failCgroupV1: false
failSwapOn: false
resolvConf: $run/resolv.conf
volumePluginDir: $run/plugins
# The disk is the machine's, however full it is; images that nobody uses are still wanted.
evictionHard: {memory.available: 50Mi, nodefs.available: 1%, imagefs.available: 1%}
imageGCHighThresholdPercent: 100
# Else an image that came from a registry once is fetched anew by each of its other names.
imagePullCredentialsVerificationPolicy: NeverVerify
nodeStatusUpdateFrequency: 2s
syncFrequency: 5s
YAML
    start kubelet "$parts/bin/kubelet" --config="$run/kubelet.yaml" --kubeconfig="$keys/kubelet.kubeconfig" \
        --hostname-override=node1 --node-ip="$address" --root-dir=/var/lib/kubelet --cert-dir=/run/kubelet --v=2
    # Zeros, since limits of connections are the machine's and not to be touched.
    start proxy "$parts/bin/kube-proxy" --kubeconfig="$keys/proxy.kubeconfig" --hostname-override=node1 \
        --proxy-mode=iptables --cluster-cidr="$pods" --bind-address="$address" --conntrack-max-per-core=0 \
        --conntrack-tcp-timeout-established=0s --conntrack-tcp-timeout-close-wait=0s
    await "a node" ask wait --for=condition=Ready node/node1 --timeout=1s
    await "the account of pods" ask get serviceaccount default
}

export PATH=$parts/bin:/usr/sbin:/usr/bin:/sbin:/bin
# What the programs here would take for a proxy on the way to the API server.
unset "${!http_proxy@}" "${!https_proxy@}" "${!HTTP_PROXY@}" "${!HTTPS_PROXY@}" KUBECONFIG
mkdir -p "$log"
separate
start_api
start_controllers
start_containerd
start_kubelet
date +%s.%N >"$run/ready"
# As the first process of its namespace bash waits for all that have lost their parents. It ends, and
# everything with it, when a part of the node ends.
wait -n -p ended "${started[@]}" || true
for name in "${!started[@]}"; do
    [[ ${started[$name]} != "$ended" ]] || fail "$name has ended: $(tail -n 3 "$log/$name")"
done

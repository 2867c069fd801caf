#!/usr/bin/env bash
# node-keys.sh FOLDER ADDRESS: writes the keys and certificates of a node's cluster into FOLDER, and a
# kubeconfig for each of those who speak to the API server at ADDRESS. All are for this one cluster.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$1
address=$2
# shellcheck source=tests/setup/lib.sh
source "$here/lib.sh"
need openssl openssl
mkdir -p "$folder"
chmod 700 "$folder"
cd "$folder"

key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }

# issue NAME SUBJECT EXTENSIONS: Kubernetes reads the user from CN, and groups from O.
issue() {
    key "$1"
    openssl req -new -key "$1.key" -subj "$2" |
        openssl x509 -req -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 -sha256 -out "$1.crt" \
            -extfile <(printf 'keyUsage=digitalSignature\n%b' "$3") 2>/dev/null
}

# kubeconfig NAME: with that certificate, in a file of its own.
kubeconfig() {
    cat >"$1.kubeconfig" <<YAML
apiVersion: v1
kind: Config
clusters: [{name: node, cluster: {server: "https://$address:6443", certificate-authority: $folder/ca.crt}}]
users: [{name: $1, user: {client-certificate: $folder/$1.crt, client-key: $folder/$1.key}}]
contexts: [{name: node, context: {cluster: node, user: $1}}]
current-context: node
YAML
}

key ca
openssl req -x509 -new -key ca.key -sha256 -days 3650 -subj /CN=hotseat-node -out ca.crt \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,digitalSignature
names="DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,IP:127.0.0.1,IP:10.96.0.1,IP:$address"
both='extendedKeyUsage=serverAuth,clientAuth\n'
client='extendedKeyUsage=clientAuth\n'
issue apiserver /CN=kube-apiserver "subjectAltName=$names\n$both"
issue kubelet-client /O=system:masters/CN=kubelet-client "$client"
issue admin /O=system:masters/CN=admin "$client"
issue controllers /CN=system:kube-controller-manager "$client"
issue scheduler /CN=system:kube-scheduler "$client"
issue proxy /CN=system:kube-proxy "$client"
issue kubelet /O=system:nodes/CN=system:node:node1 "subjectAltName=DNS:node1,IP:$address\n$both"
for name in admin controllers scheduler proxy kubelet; do
    kubeconfig "$name"
done
key tokens
openssl ec -in tokens.key -pubout -out tokens.pub 2>/dev/null

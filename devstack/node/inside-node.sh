#!/usr/bin/env bash
# What runs in the mount and PID namespace of a node: containerd and kubelet. Mounts of the machine stay as they are; when this process
# ends, every shim, container and mount of the node is gone with it. The variables are from start-node.ts.
set -euo pipefail
mount --make-rprivate /

# kubelet wants these values and would set them for the whole machine; it writes nothing where it finds them, as it does in these files.
mkdir -p "$NODE_FOLDER/sysctl"
while read -r name value; do
  echo "$value" >"$NODE_FOLDER/sysctl/${name//\//.}"
  mount --bind "$NODE_FOLDER/sysctl/${name//\//.}" "/proc/sys/$name"
done <<'VALUES'
vm/overcommit_memory 1
vm/panic_on_oom 0
kernel/panic 10
kernel/panic_on_oops 1
kernel/keys/root_maxkeys 1000000
kernel/keys/root_maxbytes 25000000
VALUES

# kubelet, containerd and its shims have fixed places below these folders. In here they are the node's own, so that several nodes can
# run, and nothing is left on the machine.
for folder in /run /var/lib /var/log; do mount -t tmpfs -o mode=755 tmpfs $folder; done
bound() { mkdir -p "$1" "$2" && mount --bind "$1" "$2"; }
bound "$NODE_FOLDER/kubelet" /var/lib/kubelet
bound "$NODE_FOLDER/podlogs" /var/log/pods
mount --make-rshared / # mounts of pods reach the containers that ask for it

"$CONTAINERD" --config "$NODE_FOLDER/containerd.toml" --log-level info >>"$NODE_FOLDER/containerd.log" 2>&1 &
containerd=$!
ctr() { "$CTR" --address /run/containerd/containerd.sock --namespace k8s.io "$@"; }
for _ in $(seq 600); do ctr version >/dev/null 2>&1 && break; sleep 0.1; done
for image in $NODE_IMAGES; do ctr images import "$image"; done

"$KUBELET" --config="$NODE_FOLDER/kubelet.yaml" --kubeconfig="$NODE_FOLDER/kubeconfig" --hostname-override="$NODE_NAME" \
  --node-ip="$NODE_ADDRESS" --root-dir=/var/lib/kubelet --cert-dir="$NODE_FOLDER/pki/kubelet" >>"$NODE_FOLDER/kubelet.log" 2>&1 &
kubelet=$!
echo "containerd $containerd, kubelet $kubelet"
wait -n "$containerd" "$kubelet" || echo "one of them ended: $?"

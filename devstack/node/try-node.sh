#!/usr/bin/env bash
# Does once what a node does to its machine, in namespaces as its own. FOLDER is an empty folder where the files of a node might be, NAME a
# name that no node has. The first thing that is refused ends it; what it was stands on the standard output, why on the other one.
set -euo pipefail
folder=$1 name=$2
undo() { ip link del "$name" 2>/dev/null; rmdir "/sys/fs/cgroup/cpuset/$name" 2>/dev/null; }
trap undo EXIT

echo 'mounts of its own'
mount --make-rprivate /
# As in a node, where nothing of the machine's can be seen there: its own folder has to be elsewhere.
for hidden in /run /var/lib /var/log; do mount -t tmpfs tmpfs $hidden; done
cd "$folder"
echo 'settings of the kernel'
echo 1 >setting
mount --bind setting /proc/sys/vm/overcommit_memory
echo 'layers of images'
mkdir lower upper work merged
mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged
echo 'a bridge for the network of pods'
ip link add "$name" type bridge
echo 'groups for processors and memory'
mkdir "/sys/fs/cgroup/cpuset/$name"
